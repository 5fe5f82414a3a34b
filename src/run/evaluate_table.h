/* SPDX-License-Identifier: Apache-2.0
 *
 * Predictions as a table: clip_id, condition, seed, method, p, p0 to p5. Other people's models come
 * in by it.
 */
#ifndef MW_RUN_EVALUATE_TABLE_H
#define MW_RUN_EVALUATE_TABLE_H

#include <stdint.h>

#include "run/evaluate_task.h"

typedef struct mw_said {
    char *clip, *condition, *method;
    int64_t seed;
    double p[MW_EVAL_MAX_VALUES];
} mw_said;

typedef struct mw_said_table {
    mw_said *v;
    size_t n, cap;
} mw_said_table;

/* Column of value k of a prediction: "p", or "p0" to "p5" for a label. */
const char *mw_said_column(const mw_evaluate_task *task, size_t k);

/* Read a CSV; where a column other than clip_id and those of the task's values is missing, "clean",
 * 1 and "predictions" take its place. mw_said_clear, also on failure. MW_ERR_IO; MW_ERR_FORMAT
 * "bad_csv". */
mw_status mw_said_read(mw_said_table *t, const char *path, const mw_evaluate_task *task,
                       mw_error *err);
void mw_said_clear(mw_said_table *t);

#endif
