/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of a plan on the planar kernels (planar.h): weights packed once, sparse where most are
 * zero. Knows the operators of the face detectors; other models stay with oneDNN.
 */
#ifndef MW_NN_GRAPH_PLANAR_H
#define MW_NN_GRAPH_PLANAR_H

#include "nn/graph_plan.h"

typedef struct mw_planar_graph mw_planar_graph;

/* The plan (made with planar 1) is borrowed. MW_ERR_FORMAT "unsupported" names the operator. */
mw_status mw_planar_compile(mw_planar_graph **out, const mw_plan *plan, mw_error *err);
void mw_planar_destroy(mw_planar_graph **g);

/* Floats of scratch, zeroed once, that a run of the graph needs beside the arena. */
size_t mw_planar_scratch(const mw_planar_graph *g);

/* Bytes [h][w][c] as (float)byte * scale + offset into the stem's rows; then all steps. */
void mw_planar_input(const mw_planar_graph *g, float *scratch, const uint8_t *bytes, float scale,
                     float offset);
void mw_planar_execute(const mw_planar_graph *g, float *arena, float *scratch);

/* A tensor as [h][w][c], whichever way it is stored. */
void mw_planar_copy(const mw_planar_graph *g, const float *arena, int tensor, float *out);

#endif
