/* SPDX-License-Identifier: Apache-2.0
 *
 * From a parsed model to the steps a runner carries out: RELU and ADD folded into the convolution
 * that made their operand, spatial PAD folded into the convolution that reads it, RESHAPE turned
 * into a second name for a buffer; and a place in one arena for every tensor that remains.
 */
#ifndef MW_NN_GRAPH_PLAN_H
#define MW_NN_GRAPH_PLAN_H

#include "nn/tflite.h"

/* Floats of one arena at most: 256 MiB. */
#define MW_PLAN_MAX_ARENA ((size_t)1 << 26)

/* op        the operator (kernel, stride, weights); borrowed from the model
 * in, out   tensors after folding; residual the tensor added before the activation, or -1
 * relu      activation after everything else
 * pad       zeros around the map: top, left, bottom, right
 * first     with planes: the depthwise convolution whose output only this 1x1 convolution reads,
 *           or NULL; in and pad are then its own, first_relu its activation */
typedef struct mw_step {
    const mw_tfl_op *op, *first;
    int in, out, residual, relu, first_relu;
    int pad[4];
} mw_step;

/* root[i]    tensor whose buffer tensor i uses (itself unless reshaped), or -1 when it was folded
 *            away or is a constant
 * offset[i]  floats from the start of the arena, multiples of 16; SIZE_MAX for tensors without
 * place */
typedef struct mw_plan {
    const mw_tflite *model;
    int planar;
    mw_step *step;
    size_t n_steps;
    int *root;
    size_t *offset;
    size_t arena; /* floats */
} mw_plan;

/* fold 0 keeps one step per operator; keep 1 gives every tensor a place of its own, so that all can
 * be looked at after a run. The model is borrowed. MW_ERR_FORMAT when the arena would be too large,
 * MW_ERR_NOMEM. On failure the plan is empty. */
mw_status mw_plan_make(mw_plan *p, const mw_tflite *m, int fold, int keep, int planar,
                       mw_error *err);

/* Floats that tensor t takes in the arena. */
size_t mw_plan_floats(const mw_plan *p, int t);

void mw_plan_clear(mw_plan *p);

#endif
