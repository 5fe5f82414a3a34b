/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a model's decisions use its scores: the same clips again with the scores replaced, or
 * without the windows that they single out.
 */
#ifndef MW_RUN_EVALUATE_SWAPS_H
#define MW_RUN_EVALUATE_SWAPS_H

#include "run/score_data.h"
#include "score/eval.h"

typedef struct mw_swap_request {
    const mw_feature_bank *bank;
    const mw_bank_condition *condition; /* the one to ask about */
    size_t limit;                       /* of clips; 0: all */
    size_t n_clips;                     /* of the evaluation: labelled ones, in order */
    size_t n_draws;                     /* of the swaps that are drawn */
    uint64_t seed;
    int n_threads;
    int (*stop)(void *user);
    void *user;
} mw_swap_request;

/* Ask one model (whose network takes a score per window) and put the answers at (method, seed,
 * condition) of the evaluation: on clean clips windows are taken away, elsewhere scores are
 * replaced. */
mw_status mw_evaluate_swaps(mw_eval *e, size_t method, size_t seed, size_t condition,
                            mw_model *model, const mw_swap_request *r, mw_error *err);

/* Whether a model's network takes a score per window. */
int mw_takes_scores(const mw_model *model);

#endif
