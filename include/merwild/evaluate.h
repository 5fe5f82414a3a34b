/* SPDX-License-Identifier: Apache-2.0
 *
 * Evaluating scoring models, and predictions of anybody's models.
 */
#ifndef MERWILD_EVALUATE_H
#define MERWILD_EVALUATE_H

#include "merwild/corrupt.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mw_evaluate_options mw_evaluate_options;

/* Options of "evaluate"; as for the corruption jobs (corrupt.h). */
MW_API mw_evaluate_options *mw_evaluate_options_new(int preset, mw_error *err);
MW_API void mw_evaluate_options_free(mw_evaluate_options **o);
MW_API size_t mw_evaluate_options_groups(mw_evaluate_options *o,
                                         mw_opt_group groups[MW_MAX_GROUPS]);

/* Run the trained methods below "models" over the test clips of the bank "in" under every
 * condition, or take the predictions of a CSV (clip_id, condition, seed, p - of labels p0 to p5 -
 * and optionally method), or both, all of one task; write OUT/report.md, report.csv, results.json
 * and curves (docs/evaluation.md). The summary counts clips. MW_ERR_MISMATCH (seen_in_training,
 * other_seeds, other_task), MW_ERR_IO, MW_ERR_FORMAT, MW_ERR_RANGE, MW_ERR_INTERRUPTED. */
MW_API mw_status mw_evaluate(const mw_evaluate_options *o, const mw_run_hooks *hooks,
                             mw_summary *summary, mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
