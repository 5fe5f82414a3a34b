/* SPDX-License-Identifier: Apache-2.0
 *
 * What a prediction is in each task, how wrong it is, and the figures of a cell. Errors are means
 * over clips in every task, so that blocks, intervals and skill know nothing of tasks.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fmath.h"
#include "base/mem.h"
#include "score/eval_int.h"

#define THRESHOLD 0.5 /* of a label's probability */

static int has_labels(mw_net_task task)
{
    return task == MW_TASK_MULTILABEL || task == MW_TASK_REGRESSION_MULTILABEL;
}

/* Place of the first label; 1 where a number stands before them. */
static size_t first_label(mw_net_task task)
{
    return task != MW_TASK_MULTILABEL;
}

size_t mw_eval_n_values(mw_net_task task)
{
    if (task == MW_TASK_RELIABILITY) return 0;
    return has_labels(task) ? first_label(task) + MW_N_EMOTIONS : 1;
}

static double probability(double logit)
{
    const double e = mw_exp_below(-fabs(logit));

    return logit >= 0 ? 1 / (1 + e) : e / (1 + e);
}

static int argmax(const float *x, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

void mw_eval_read(double *p, mw_net_task task, const float *out, int n_out)
{
    const size_t n = mw_eval_n_values(task);
    int finite = 1;

    for (size_t k = 0; k < n; k++)
        p[k] = has_labels(task) && k >= first_label(task) ? probability((double)out[k])
                                                          : (double)out[k];
    if (task == MW_TASK_MULTICLASS) p[0] = argmax(out, n_out);
    for (int k = 0; k < n_out; k++)
        finite &= isfinite(out[k]) != 0;
    for (size_t k = 0; k < n && !finite; k++)
        p[k] = NAN;
}

/* ---- errors ---- */

/* Held within 1; keeps NaN. */
static double held(double x)
{
    return x < -1 ? -1 : x > 1 ? 1 : x;
}

void mw_eval_weigh_labels(mw_eval *e)
{
    const size_t first = first_label(e->s.task), values = e->n_values;
    double n_defined = 0;

    for (size_t k = 0; k < MW_N_EMOTIONS && has_labels(e->s.task); k++) {
        double n[2] = { 0, 0 };

        for (size_t i = 0; i < e->s.n_clips; i++)
            n[e->s.y[i * values + first + k] > 0]++;
        if (!(n[0] > 0 && n[1] > 0)) continue; /* no weighted accuracy */
        for (int c = 0; c < 2; c++)
            e->label_weight[k][c] = (double)e->s.n_clips / (2 * n[c]);
        n_defined++;
    }
    for (size_t k = 0; k < MW_N_EMOTIONS && n_defined > 0; k++)
        for (int c = 0; c < 2; c++)
            e->label_weight[k][c] /= n_defined;
    e->n_labels = (size_t)n_defined;
}

/* A miss weighs as much as its answer is rare: the mean over clips is the mean over labels of 1 -
 * weighted accuracy. */
static double label_error(const mw_eval *e, const double *p, const float *y)
{
    double sum = 0;

    if (!e->n_labels || !isfinite(p[0])) return NAN;
    for (int k = 0; k < MW_N_EMOTIONS; k++) {
        const int is = y[k] > 0, said = p[k] >= THRESHOLD;

        if (is != said) sum += e->label_weight[k][is];
    }
    return sum;
}

double mw_eval_error(const mw_eval *e, const double *p, const float *y)
{
    switch (e->s.task) {
    case MW_TASK_MULTICLASS:
        return isfinite(p[0]) ? p[0] < (double)y[0] || p[0] > (double)y[0] : NAN;
    case MW_TASK_MULTILABEL:
        return label_error(e, p, y);
    default:
        return e->s.sims ? fabs(held(p[0]) - held((double)y[0])) : fabs(p[0] - (double)y[0]);
    }
}

int mw_eval_differs(mw_net_task task, const double *p, const double *q)
{
    if (task == MW_TASK_MULTICLASS) return p[0] < q[0] || p[0] > q[0];
    if (task != MW_TASK_MULTILABEL) return (p[0] < 0) != (q[0] < 0);
    for (int k = 0; k < MW_N_EMOTIONS; k++)
        if ((p[k] >= THRESHOLD) != (q[k] >= THRESHOLD)) return 1;
    return 0;
}

static const mw_eval_headline headlines[] = {
    [MW_TASK_REGRESSION] = { "mae", "Mean absolute error", "mean absolute error", "" },
    [MW_TASK_MULTICLASS] = { "error_rate", "Error rate", "error rate",
                             "The share of clips that are put into another class than theirs. " },
    [MW_TASK_MULTILABEL] = { "label_error", "Label error", "label error",
                             "The mean over emotions of 1 - weighted accuracy. " },
    [MW_TASK_REGRESSION_MULTILABEL] = { "mae", "Mean absolute error", "mean absolute error", "" },
};

const mw_eval_headline *mw_eval_headline_of(const mw_eval *e)
{
    return &headlines[e->s.task];
}

/* ---- figures ---- */

static const char *const mosi_names[] = { "mae",       "corr",    "acc7",      "acc5",   "acc3",
                                          "acc2_has0", "f1_has0", "acc2_non0", "f1_non0" };
static const char *const sims_names[] = { "mae", "corr", "acc2", "f1", "acc3", "acc5" };
static const char *const class_names[] = { "accuracy", "weighted_f1", "macro_f1", "uar" };
static const char *const label_names[MW_EVAL_LABEL_FIGURES] = { "weighted_accuracy", "weighted_f1",
                                                                "auroc" };

#define N_OF(names) (sizeof names / sizeof *names)

/* Figures of the number before the labels, or of the class. */
static const char *const *number_names(const mw_eval *e, size_t *n)
{
    if (e->s.task == MW_TASK_MULTILABEL) {
        *n = 0;
        return NULL;
    }
    *n = e->s.task == MW_TASK_MULTICLASS ? N_OF(class_names)
         : e->s.sims                     ? N_OF(sims_names)
                                         : N_OF(mosi_names);
    return e->s.task == MW_TASK_MULTICLASS ? class_names : e->s.sims ? sims_names : mosi_names;
}

size_t mw_eval_first_label_figure(const mw_eval *e)
{
    size_t n;

    number_names(e, &n);
    return n;
}

size_t mw_eval_n_figures(const mw_eval *e)
{
    return mw_eval_first_label_figure(e) +
           (has_labels(e->s.task) ? MW_EVAL_LABEL_FIGURES * (1 + MW_N_EMOTIONS) : 0);
}

void mw_eval_figure_name(char name[MW_EVAL_FIGURE_NAME], const mw_eval *e, size_t f)
{
    size_t n;
    const char *const *names = number_names(e, &n);
    const size_t k = f < n ? 0 : (f - n) / MW_EVAL_LABEL_FIGURES;

    if (f < n)
        snprintf(name, MW_EVAL_FIGURE_NAME, "%s", names[f]);
    else
        snprintf(name, MW_EVAL_FIGURE_NAME, "%s%s%s", k ? mw_emotion_name[k - 1] : "", k ? "_" : "",
                 label_names[(f - n) % MW_EVAL_LABEL_FIGURES]);
}

/* Predictions and labels of a cell's clips that have a prediction. */
typedef struct cell {
    double *p; /* [n][values] */
    const float **y;
    size_t n, values;
    void *scratch; /* [n] of the largest type that figures need, twice */
} cell;

static void cell_clear(cell *c)
{
    mw_free(c->p);
    mw_free(c->y);
    mw_free(c->scratch);
}

static mw_status cell_gather(cell *c, const mw_eval *e, size_t method, size_t seed,
                             size_t condition)
{
    *c = (cell){ .values = e->n_values };
    c->p = mw_calloc(e->s.n_clips, c->values * sizeof *c->p);
    c->y = mw_calloc(e->s.n_clips, sizeof *c->y);
    c->scratch = mw_calloc(e->s.n_clips, 2 * sizeof(double));
    if (!c->p || !c->y || !c->scratch) return MW_ERR_NOMEM;
    for (size_t i = 0; i < e->s.n_clips; i++) {
        const double *p = mw_eval_said(e, method, seed, condition, i);

        if (!isfinite(p[0])) continue;
        memcpy(c->p + c->n * c->values, p, c->values * sizeof *p);
        c->y[c->n++] = e->s.y + i * c->values;
    }
    return MW_OK;
}

static void number_figures(double *v, const mw_eval *e, const cell *c)
{
    float *p = c->scratch, *y = p + c->n;

    for (size_t i = 0; i < c->n; i++) {
        p[i] = (float)c->p[i * c->values];
        y[i] = c->y[i][0];
    }
    if (e->s.sims) {
        mw_sims_metrics m;

        mw_metrics_sims(&m, p, y, c->n);
        memcpy(v, (const double[]){ m.mae, m.corr, m.acc2, m.f1, m.acc3, m.acc5 },
               sizeof(double[N_OF(sims_names)]));
    } else {
        mw_regression_metrics m;

        mw_metrics_regression(&m, p, y, c->n);
        memcpy(v,
               (const double[]){ m.mae, m.corr, m.acc7, m.acc5, m.acc3, m.acc2_has0, m.f1_has0,
                                 m.acc2_non0, m.f1_non0 },
               sizeof(double[N_OF(mosi_names)]));
    }
}

static mw_status class_figures(double *v, const mw_eval *e, const cell *c)
{
    int *p = c->scratch, *y = p + c->n;
    mw_class_metrics m;
    mw_status st;

    for (size_t i = 0; i < c->n; i++) {
        p[i] = (int)c->p[i];
        y[i] = (int)c->y[i][0];
    }
    st = mw_metrics_classes(&m, p, y, c->n, e->s.n_classes, NULL);
    if (st == MW_OK)
        memcpy(v, (const double[]){ m.accuracy, m.weighted_f1, m.macro_f1, m.recall },
               sizeof(double[N_OF(class_names)]));
    return st;
}

/* v [1 + MW_N_EMOTIONS][MW_EVAL_LABEL_FIGURES]: means over the labels that have them, then each. */
static mw_status label_figures(double *v, const mw_eval *e, const cell *c)
{
    const size_t first = first_label(e->s.task);
    double n[MW_EVAL_LABEL_FIGURES] = { 0 }, sum[MW_EVAL_LABEL_FIGURES] = { 0 };
    double *p = c->scratch;
    uint8_t *y = (uint8_t *)(p + c->n);

    for (size_t k = 0; k < MW_N_EMOTIONS; k++) {
        double *at = v + (1 + k) * MW_EVAL_LABEL_FIGURES;
        mw_label_metrics m;

        for (size_t i = 0; i < c->n; i++) {
            p[i] = c->p[i * c->values + first + k];
            y[i] = c->y[i][first + k] > 0;
        }
        if (mw_metrics_label(&m, p, y, c->n, THRESHOLD, NULL) != MW_OK) return MW_ERR_NOMEM;
        memcpy(at, (const double[]){ m.weighted_accuracy, m.weighted_f1, m.auroc },
               sizeof(double[MW_EVAL_LABEL_FIGURES]));
        for (int f = 0; f < MW_EVAL_LABEL_FIGURES; f++)
            if (isfinite(at[f])) {
                sum[f] += at[f];
                n[f]++;
            }
    }
    for (int f = 0; f < MW_EVAL_LABEL_FIGURES; f++)
        v[f] = n[f] > 0 ? sum[f] / n[f] : NAN;
    return MW_OK;
}

mw_status mw_eval_figures(double v[MW_EVAL_MAX_FIGURES], size_t *n, const mw_eval *e, size_t method,
                          size_t seed, size_t condition)
{
    cell c;
    mw_status st = cell_gather(&c, e, method, seed, condition);

    *n = c.n;
    if (st == MW_OK && e->s.task == MW_TASK_MULTICLASS)
        st = class_figures(v, e, &c);
    else if (st == MW_OK && e->s.task != MW_TASK_MULTILABEL)
        number_figures(v, e, &c);
    if (st == MW_OK && has_labels(e->s.task))
        st = label_figures(v + mw_eval_first_label_figure(e), e, &c);
    cell_clear(&c);
    return st;
}
