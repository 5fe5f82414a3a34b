/* SPDX-License-Identifier: Apache-2.0
 *
 * Every operator of a plan in plain C: the definition that the oneDNN primitives are tested
 * against, and what carries out the copies in between. Numbers: fixed order (taps row by row,
 * channels ascending, one accumulator that starts at the bias).
 */
#ifndef MW_NN_GRAPH_OPS_H
#define MW_NN_GRAPH_OPS_H

#include "nn/graph_plan.h"

/* Carry out one step on the arena [plan->arena]. */
void mw_plan_step_plain(const mw_plan *p, const mw_step *s, float *arena);

#endif
