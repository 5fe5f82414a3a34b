/* SPDX-License-Identifier: Apache-2.0
 *
 * Reliability targets that also ask whether a modality alone leads to the right answer.
 */
#ifndef MW_RUN_SCORE_TARGETS_H
#define MW_RUN_SCORE_TARGETS_H

#include "run/score_data.h"

#define MW_TARGET_FOLDS  3
#define MW_TARGET_EPOCHS 10

/* Multiply the reliability of every token of the split by exp(-|y_m - y| / tau): y_m the prediction
 * of a unimodal network trained on the other folds, tau the median of |y_m - y|. Folds are made of
 * whole groups of clips (speakers, videos), so that no prediction is of a clip, or of a person,
 * that its network saw. net: the options of the network that will learn from the targets;
 * regression only (MW_ERR_RANGE). */
mw_status mw_align_targets(mw_score_split *split, const mw_net_options *net, uint64_t seed,
                           int n_threads, int (*stop)(void *user), void *user, mw_error *err);

#endif
