/* SPDX-License-Identifier: Apache-2.0 */
#include "run/score_targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fmath.h"
#include "base/mem.h"

/* Fold of every clip: its group's. Groups go to folds in turn, in order of first appearance. */
static mw_status make_folds(int *fold, const mw_score_split *s, mw_error *err)
{
    const char **groups = mw_calloc(s->set.n, sizeof *groups);
    size_t n_groups = 0;

    if (!groups) return mw_fail_nomem(err);
    for (size_t i = 0; i < s->set.n; i++) {
        size_t g = 0;

        while (g < n_groups && strcmp(groups[g], s->labels[i]->group))
            g++;
        if (g == n_groups) groups[n_groups++] = s->labels[i]->group;
        fold[i] = (int)(g % MW_TARGET_FOLDS);
    }
    mw_free(groups);
    if (n_groups < MW_TARGET_FOLDS)
        return mw_fail(
            err, MW_ERR_FORMAT, "no_clips",
            "correctness targets need training clips of at least %d groups, here are %zu",
            MW_TARGET_FOLDS, n_groups);
    return MW_OK;
}

/* The split seen through one modality: clips of (in 0: not of) a fold. */
typedef struct view {
    mw_sample_set set;
    const mw_tokens **tokens; /* behind all samples */
    size_t *clip;             /* [set.n] number in the split */
} view;

static void view_clear(view *v)
{
    mw_free(v->set.v);
    mw_free(v->tokens);
    mw_free(v->clip);
    *v = (view){ .tokens = NULL };
}

static mw_status view_make(view *v, const mw_score_split *s, const int *fold, int which, int in,
                           size_t m, size_t per, mw_error *err)
{
    const size_t n_conditions = s->set.n_conditions;

    *v = (view){ .set = { .n_conditions = n_conditions, .n_tokens = { s->set.n_tokens[m] } } };
    v->set.v = mw_calloc(s->set.n, sizeof *v->set.v);
    v->tokens = mw_calloc(s->set.n * n_conditions, sizeof *v->tokens);
    v->clip = mw_calloc(s->set.n, sizeof *v->clip);
    if (!v->set.v || !v->tokens || !v->clip) {
        view_clear(v);
        return mw_fail_nomem(err);
    }
    for (size_t i = 0; i < s->set.n; i++) {
        const mw_sample *from = &s->set.v[i];
        mw_sample *to = &v->set.v[v->set.n];

        if ((fold[i] == which) != in) continue;
        *to = (mw_sample){ .tokens = v->tokens + v->set.n * n_conditions,
                           .y = from->y,
                           .has_y = from->has_y };
        for (size_t c = 0; c < n_conditions; c++)
            to->tokens[c] = from->tokens[c * per + m];
        v->clip[v->set.n++] = i;
    }
    return MW_OK;
}

/* error [clip][condition][modality] of the clips of view v; NAN where there is no prediction. */
static mw_status predict(double *error, mw_net *net, const view *v, size_t m, size_t per,
                         int n_threads, mw_error *err)
{
    const size_t n = v->set.n_conditions;
    float *y = mw_calloc(n, sizeof *y);
    mw_batch b = { 0 };
    mw_status st = y ? mw_batch_create(&b, mw_net_config_of(net), n, v->set.n_tokens, err)
                     : mw_fail_nomem(err);

    for (size_t i = 0; st == MW_OK && i < v->set.n; i++) {
        const mw_sample *s = &v->set.v[i];
        mw_net_output out = { .y = y };

        mw_batch_begin(&b, n, 0);
        for (size_t c = 0; c < n; c++)
            mw_batch_put(&b, c, s->tokens + c, NULL, NULL);
        st = mw_net_predict(net, &b.b, n_threads, &out, NULL, err);
        for (size_t c = 0; c < n; c++)
            error[(v->clip[i] * n + c) * per + m] =
                s->has_y && s->tokens[c] ? fabs((double)y[c] - (double)s->y[0]) : NAN;
    }
    mw_batch_clear(&b);
    mw_free(y);
    return st;
}

static mw_status unimodal(double *error, const mw_score_split *s, const mw_net_config *all,
                          const int *fold, int which, size_t m, uint64_t seed, int n_threads,
                          int (*stop)(void *), void *user, mw_error *err)
{
    const mw_trainer_options o = { .epochs = MW_TARGET_EPOCHS,
                                   .batch = 32,
                                   .patience = MW_TARGET_EPOCHS,
                                   .rate = 1e-3,
                                   .decay = 0.01,
                                   .coefficient_rate = 1,
                                   .clip_norm = 1,
                                   .warmup_steps = 50,
                                   .p_clean = 0.3,
                                   .seed = (int64_t)(seed & 0x7fffffff) };
    mw_net_config c = *all;
    view rest = { .tokens = NULL }, held = { .tokens = NULL };
    mw_trainer *t = NULL;
    mw_net *net = NULL;
    mw_train_epoch report;
    mw_status st = view_make(&rest, s, fold, which, 0, m, (size_t)all->n_modalities, err);

    c.kind = MW_NET_NOSCORE;
    c.n_modalities = 1;
    c.modality[0] = all->modality[m];
    c.columns[0] = all->columns[m];
    c.window[0] = all->window[m];
    if (st == MW_OK) st = view_make(&held, s, fold, which, 1, m, (size_t)all->n_modalities, err);
    if (st == MW_OK) st = mw_net_create(&net, &c, seed + m, err);
    /* the other folds also stand where validation clips would: the last epoch is taken, and nothing
     * of the held-out fold decides anything */
    if (st == MW_OK) st = mw_trainer_create(&t, net, &rest.set, &rest.set, &o, 0, n_threads, err);
    while (st == MW_OK && mw_trainer_epochs(t) < MW_TARGET_EPOCHS)
        st = mw_trainer_epoch(t, &report, stop, user, err);
    if (st == MW_OK) st = predict(error, net, &held, m, (size_t)all->n_modalities, n_threads, err);
    mw_trainer_destroy(&t);
    mw_net_destroy(&net);
    view_clear(&held);
    view_clear(&rest);
    return st;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static mw_status median_error(double *tau, const double *error, size_t n, mw_error *err)
{
    double *sorted = mw_calloc(n, sizeof *sorted);
    size_t k = 0;

    if (!sorted) return mw_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        if (isfinite(error[i])) sorted[k++] = error[i];
    qsort(sorted, k, sizeof *sorted, by_value);
    *tau = k && sorted[k / 2] > 1e-6 ? sorted[k / 2] : 1e-6;
    mw_free(sorted);
    return MW_OK;
}

/* Several conditions may share the tokens of a variant: each is changed once. */
static void apply(mw_score_split *s, const double *error, double tau, size_t per)
{
    const size_t n = s->set.n_conditions;

    for (size_t i = 0; i < s->set.n; i++)
        for (size_t c = 0; c < n; c++)
            for (size_t m = 0; m < per; m++) {
                const mw_tokens *t = s->set.v[i].tokens[c * per + m];
                const double e = error[(i * n + c) * per + m];
                int seen = !t || !isfinite(e);

                for (size_t before = 0; !seen && before < c; before++)
                    seen = s->set.v[i].tokens[before * per + m] == t;
                for (int k = 0; !seen && k < t->n; k++)
                    t->rel[k] *= (float)mw_exp(-e / tau);
            }
}

mw_status mw_align_targets(mw_score_split *split, const mw_net_options *net, uint64_t seed,
                           int n_threads, int (*stop)(void *user), void *user, mw_error *err)
{
    mw_net_config c;
    mw_status st = mw_net_config_from(&c, net, err);
    const size_t per = strlen(net->modalities), n = split->set.n * split->set.n_conditions * per;
    double *error = mw_calloc(n, sizeof *error), tau = 1;
    int *fold = mw_calloc(split->set.n, sizeof *fold);

    if (st == MW_OK && (!error || !fold)) st = mw_fail_nomem(err);
    if (st == MW_OK && c.task != MW_TASK_REGRESSION)
        st = mw_fail(err, MW_ERR_RANGE, "bad_option",
                     "option 'targets': correctness goes with task regression");
    if (st == MW_OK) st = make_folds(fold, split, err);
    for (int f = 0; st == MW_OK && f < MW_TARGET_FOLDS; f++)
        for (size_t m = 0; st == MW_OK && m < per; m++)
            st = unimodal(error, split, &c, fold, f, m, seed, n_threads, stop, user, err);
    if (st == MW_OK) st = median_error(&tau, error, n, err);
    if (st == MW_OK) apply(split, error, tau, per);
    mw_free(fold);
    mw_free(error);
    return st;
}
