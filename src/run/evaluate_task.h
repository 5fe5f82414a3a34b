/* SPDX-License-Identifier: Apache-2.0
 *
 * What an evaluation is about: the task of the methods that are compared, and what knowing nothing
 * says in it.
 */
#ifndef MW_RUN_EVALUATE_TASK_H
#define MW_RUN_EVALUATE_TASK_H

#include "run/score_methods.h"
#include "score/eval.h"

/* n_out: outputs of a network, of multiclass the number of classes. constant [n_values]: the median
 * label, the most frequent class, per label the more frequent answer of n_train training clips; 0
 * without any. */
typedef struct mw_evaluate_task {
    mw_net_task task;
    int n_out;
    size_t n_values, n_train;
    double constant[MW_EVAL_MAX_VALUES];
} mw_evaluate_task;

/* Values of option "task": 0 auto, then the tasks that can be evaluated. */
extern const char *const mw_evaluate_task_names[];

/* The task of the trained methods, all of which must have the same (networks of reliability alone
 * predict nothing and go with any); without them the one that is asked for, auto: regression.
 * MW_ERR_MISMATCH "other_task"; MW_ERR_FORMAT "no_labels", "too_large" (classes). */
mw_status mw_evaluate_task_find(mw_evaluate_task *t, int asked, const mw_methods *trained,
                                const mw_labels *labels, mw_error *err);
/* Fill constant and n_train. */
mw_status mw_evaluate_task_constant(mw_evaluate_task *t, const mw_labels *labels, mw_error *err);
/* What the constant is, for the end of the report. */
const char *mw_evaluate_task_note(const mw_evaluate_task *t);

#endif
