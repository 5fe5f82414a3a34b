/* SPDX-License-Identifier: Apache-2.0
 *
 * Training scoring models on a feature bank, and scoring clips with them.
 */
#ifndef MERWILD_TRAIN_H
#define MERWILD_TRAIN_H

#include "merwild/corrupt.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mw_train_options mw_train_options;

/* Options of "train"; as for the corruption jobs (corrupt.h). */
MW_API mw_train_options *mw_train_options_new(int preset, mw_error *err);
MW_API void mw_train_options_free(mw_train_options **o);
MW_API size_t mw_train_options_groups(mw_train_options *o, mw_opt_group groups[MW_MAX_GROUPS]);

/* Train one model per seed on the bank "in": OUT/seed_N/model.safetensors, config.json, log.jsonl.
 * A killed run goes on from its last epoch and ends in the same bytes; a finished one is passed by.
 * The summary counts models. MW_ERR_RANGE, MW_ERR_IO (no_model: the scorer), MW_ERR_FORMAT,
 * MW_ERR_MISMATCH (other_run: the folder holds a run with other options), MW_ERR_INTERRUPTED.
 * Numbers: the same machine gives the same bytes for any number of threads. */
MW_API mw_status mw_train(const mw_train_options *o, const mw_run_hooks *hooks, mw_summary *summary,
                          mw_error *err);

typedef struct mw_score_options mw_score_options;

/* Options of "score". */
MW_API mw_score_options *mw_score_options_new(int preset, mw_error *err);
MW_API void mw_score_options_free(mw_score_options **o);
MW_API size_t mw_score_options_groups(mw_score_options *o, mw_opt_group groups[MW_MAX_GROUPS]);

/* Run a trained model over the clips of the bank "in": OUT/<clip>.<a|v|t>.scores.<npy|csv>, a line
 * per window with t_start_s, score, relevance (attention over its largest) and pooling attention,
 * and OUT/predictions.csv. Several conditions go to sub-folders of their names. Errors as mw_train;
 * clips that fail are counted. */
MW_API mw_status mw_score(const mw_score_options *o, const mw_run_hooks *hooks, mw_summary *summary,
                          mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
