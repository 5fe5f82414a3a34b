/* SPDX-License-Identifier: Apache-2.0 */
#include "run/evaluate_task.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* As many as a network can have outputs. */
#define MAX_CLASSES 1000

const char *const mw_evaluate_task_names[] = {
    "auto", "regression", "multiclass", "multilabel", "regression+multilabel", NULL,
}; /* auto, then the order of mw_net_task */

/* ---- which ---- */

static const mw_net_config *config_of(const mw_methods *m, size_t method, size_t seed)
{
    return mw_net_config_of(m->v[method].models[seed]->net);
}

/* The first method that predicts, and where it stands; NULL when there is none. */
static const mw_net_config *first_of(const mw_methods *m, size_t *at)
{
    for (*at = 0; *at < m->n; (*at)++)
        if (config_of(m, *at, 0)->task != MW_TASK_RELIABILITY) return config_of(m, *at, 0);
    return NULL;
}

static mw_status check_equal(const mw_methods *m, size_t first, mw_error *err)
{
    const mw_net_config *a = config_of(m, first, 0);

    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < m->v[i].n_seeds; k++) {
            const mw_net_config *b = config_of(m, i, k);

            if (b->task == MW_TASK_RELIABILITY || (b->task == a->task && b->n_out == a->n_out))
                continue;
            return mw_fail(
                err, MW_ERR_MISMATCH, "other_task",
                "method '%s' was trained for %s with %d outputs, method '%s' for %s with "
                "%d; one evaluation compares methods of one task",
                m->v[first].name, mw_net_task_names[a->task], a->n_out, m->v[i].name,
                mw_net_task_names[b->task], b->n_out);
        }
    return MW_OK;
}

/* Classes are numbered from 0 to the largest that any label has. */
static mw_status count_classes(int *n, const mw_labels *labels, mw_error *err)
{
    *n = 0;
    for (size_t i = 0; i < labels->n; i++)
        if (labels->v[i].label_class >= *n) *n = labels->v[i].label_class + 1;
    if (!*n) return mw_fail(err, MW_ERR_FORMAT, "no_labels", "the labels hold no classes");
    if (*n > MAX_CLASSES)
        return mw_fail(err, MW_ERR_FORMAT, "too_large", "class %d of a label, allowed [0, %d]",
                       *n - 1, MAX_CLASSES - 1);
    return MW_OK;
}

mw_status mw_evaluate_task_find(mw_evaluate_task *t, int asked, const mw_methods *trained,
                                const mw_labels *labels, mw_error *err)
{
    size_t first;
    const mw_net_config *c = first_of(trained, &first);
    mw_status st = c ? check_equal(trained, first, err) : MW_OK;

    t->task = c ? c->task : asked ? (mw_net_task)(asked - 1) : MW_TASK_REGRESSION;
    t->n_values = mw_eval_n_values(t->task);
    t->n_out = c ? c->n_out : (int)t->n_values;
    if (st == MW_OK && c && asked && t->task != (mw_net_task)(asked - 1))
        st = mw_fail(err, MW_ERR_MISMATCH, "other_task",
                     "option 'task' is %s, but method '%s' was trained for %s",
                     mw_evaluate_task_names[asked], trained->v[first].name,
                     mw_net_task_names[t->task]);
    if (st == MW_OK && !c && t->task == MW_TASK_MULTICLASS)
        st = count_classes(&t->n_out, labels, err);
    if (st == MW_OK &&
        (t->task == MW_TASK_MULTICLASS ? t->n_out < 1 : t->n_out != (int)t->n_values))
        st = mw_fail(err, MW_ERR_MISMATCH, "other_task",
                     "method '%s' has %d outputs, task %s has %zu", trained->v[first].name,
                     t->n_out, mw_net_task_names[t->task], t->n_values);
    return st;
}

/* ---- what knowing nothing says ---- */

/* The most frequent of the whole numbers x [n] in [0, n_classes), the lowest of equals. */
static mw_status most_frequent(double *out, const double *x, size_t n, int n_classes, mw_error *err)
{
    size_t *count = mw_calloc((size_t)n_classes, sizeof *count);
    int best = 0;

    if (!count) return mw_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        count[(int)x[i]]++;
    for (int k = 1; k < n_classes; k++)
        if (count[k] > count[best]) best = k;
    *out = best;
    mw_free(count);
    return MW_OK;
}

static int is_number(const mw_evaluate_task *t, size_t value)
{
    return !value && (t->task == MW_TASK_REGRESSION || t->task == MW_TASK_REGRESSION_MULTILABEL);
}

/* Value k of the training clips' labels, n_train of them. */
static mw_status gather(double *x, mw_evaluate_task *t, size_t k, const mw_labels *labels,
                        mw_error *err)
{
    float *y = mw_calloc((size_t)t->n_out, sizeof *y);

    t->n_train = 0;
    if (!y) return mw_fail_nomem(err);
    for (size_t i = 0; i < labels->n; i++)
        if (labels->v[i].split == MW_TRAIN && mw_label_values(y, &labels->v[i], t->task, t->n_out))
            x[t->n_train++] = is_number(t, k) ? labels->v[i].y : (double)y[k];
    mw_free(y);
    return MW_OK;
}

mw_status mw_evaluate_task_constant(mw_evaluate_task *t, const mw_labels *labels, mw_error *err)
{
    double *x = mw_calloc(labels->n, sizeof *x);
    mw_status st = x ? MW_OK : mw_fail_nomem(err);

    for (size_t k = 0; st == MW_OK && k < t->n_values; k++) {
        st = gather(x, t, k, labels, err);
        t->constant[k] = 0;
        if (st != MW_OK || !t->n_train) continue;
        if (is_number(t, k))
            t->constant[k] = mw_quantile_sort(x, t->n_train, 0.5);
        else
            st = most_frequent(&t->constant[k], x, t->n_train,
                               t->task == MW_TASK_MULTICLASS ? t->n_out : 2, err);
    }
    mw_free(x);
    return st;
}

const char *mw_evaluate_task_note(const mw_evaluate_task *t)
{
    if (!t->n_train) return "0: no clip of split train has a label in this table";
    switch (t->task) {
    case MW_TASK_MULTICLASS:
        return "the most frequent class of the training labels";
    case MW_TASK_MULTILABEL:
        return "per emotion the more frequent answer of the training labels";
    case MW_TASK_REGRESSION_MULTILABEL:
        return "the median training label, and per emotion the more frequent answer";
    default:
        return "the median training label";
    }
}
