/* SPDX-License-Identifier: Apache-2.0 */
#include "run/evaluate_swaps.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

int mw_takes_scores(const mw_model *model)
{
    const mw_net_kind k = mw_net_config_of(model->net)->kind;

    return k == MW_NET_SCORE || k == MW_NET_GIVEN || k == MW_NET_PRODUCT;
}

/* All clips in one batch, with their own scores. */
typedef struct swaps {
    mw_eval *e;
    size_t method, seed, condition;
    mw_model *model;
    const mw_swap_request *r;
    mw_score_split split;
    mw_batch batch;
    size_t n, per; /* clips; modalities */
    float *y;
    float *own[MW_NET_MAX_MODALITIES];
} swaps;

static size_t tokens_of(const swaps *s, size_t clip, size_t m)
{
    const mw_tokens *t = s->split.set.v[clip].tokens[s->per + m];

    return t ? (size_t)t->n : 0;
}

static float *place(const swaps *s, size_t clip, size_t m)
{
    return s->batch.score[m] + clip * (size_t)s->batch.b.n_tokens[m];
}

static float *own(const swaps *s, size_t clip, size_t m)
{
    return s->own[m] + clip * (size_t)s->batch.b.n_tokens[m];
}

/* Mean absolute error with the scores as they stand in the batch. */
static mw_status ask(swaps *s, double *mae, mw_error *err)
{
    mw_net_output out = { .y = s->y };
    double sum = 0;
    size_t n = 0;
    mw_status st;

    if (s->r->stop && s->r->stop(s->r->user))
        return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
    st = mw_net_predict(s->model->net, &s->batch.b, s->r->n_threads, &out, NULL, err);
    for (size_t i = 0; st == MW_OK && i < s->n; i++)
        if (s->split.set.v[i].has_y) {
            sum += fabs((double)s->y[i * (size_t)s->batch.n_out] - (double)s->split.set.v[i].y[0]);
            n++;
        }
    *mae = n ? sum / (double)n : NAN;
    return st;
}

static mw_status ask_and_add(swaps *s, mw_eval_swap swap, mw_error *err)
{
    double mae;
    mw_status st = ask(s, &mae, err);

    return st == MW_OK ? mw_eval_swapped(s->e, s->method, s->seed, s->condition, swap, mae, err)
                       : st;
}

/* Scores of clip from for clip to, stretched to its number of windows. */
static void take_from(swaps *s, size_t to, size_t from)
{
    for (size_t m = 0; m < s->per; m++) {
        const size_t n = tokens_of(s, to, m), k = tokens_of(s, from, m);

        for (size_t i = 0; k && i < n; i++)
            place(s, to, m)[i] = own(s, from, m)[i * k / n];
    }
}

/* Thirds of the clips by length; another clip of the same third takes each one's place. */
static size_t third_of(const swaps *s, size_t clip)
{
    const size_t n = tokens_of(s, clip, 0);
    size_t shorter = 0;

    for (size_t i = 0; i < s->n; i++)
        shorter += tokens_of(s, i, 0) < n;
    return 3 * shorter / s->n;
}

static mw_status swap_clips(swaps *s, const size_t *third, size_t *order, mw_rng *rng,
                            mw_error *err)
{
    for (size_t t = 0; t < 3; t++) {
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++)
            if (third[i] == t) order[n++] = i;
        for (size_t i = n; i > 1; i--) {
            const size_t j = (size_t)mw_rng_below(rng, i), keep = order[i - 1];

            order[i - 1] = order[j];
            order[j] = keep;
        }
        /* in a ring, so that none keeps its own */
        for (size_t i = 0; i < n; i++)
            take_from(s, order[i], order[(i + 1) % n]);
    }
    return ask_and_add(s, MW_SWAP_CLIPS, err);
}

static mw_status swap_time(swaps *s, mw_rng *rng, mw_error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const double by = mw_rng_uniform(rng, 0.25, 0.75);

        for (size_t m = 0; m < s->per; m++) {
            const size_t n = tokens_of(s, i, m), shift = (size_t)(by * (double)n);

            for (size_t k = 0; k < n; k++)
                place(s, i, m)[k] = own(s, i, m)[(k + shift) % n];
        }
    }
    return ask_and_add(s, MW_SWAP_TIME, err);
}

static double mean_own(const swaps *s, size_t m, int truth)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < tokens_of(s, i, m); k++) {
            const mw_tokens *t = s->split.set.v[i].tokens[s->per + m];

            if (!t->mask[k]) continue;
            sum += (double)(truth ? t->rel[k] : own(s, i, m)[k]);
            n++;
        }
    return n ? sum / (double)n : 1;
}

static mw_status swap_rest(swaps *s, mw_error *err)
{
    mw_status st = MW_OK;

    for (int swap = MW_SWAP_CONSTANT; st == MW_OK && swap < MW_N_SWAPS; swap++) {
        for (size_t m = 0; m < s->per; m++) {
            const double mean = mean_own(s, m, 0), truth = mean_own(s, m, 1);

            for (size_t i = 0; i < s->n; i++)
                for (size_t k = 0; k < tokens_of(s, i, m); k++) {
                    const mw_tokens *t = s->split.set.v[i].tokens[s->per + m];
                    const double scaled =
                        truth > 0 ? (double)t->rel[k] * mean / truth : (double)t->rel[k];

                    place(s, i, m)[k] = swap == MW_SWAP_CONSTANT ? (float)mean
                                        : swap == MW_SWAP_INVERT ? 1 - own(s, i, m)[k]
                                                                 : (float)fmin(1, scaled);
                }
        }
        st = ask_and_add(s, (mw_eval_swap)swap, err);
    }
    return st;
}

static mw_status run(swaps *s, mw_error *err)
{
    const mw_clip_key key = mw_clip_key_make(s->r->seed, "swaps");
    size_t *third = mw_calloc(s->n, sizeof *third), *order = mw_calloc(s->n, sizeof *order);
    mw_rng rng = mw_rng_make(&key, "evaluate", "swaps");
    double natural;
    mw_status st = third && order ? ask(s, &natural, err) : mw_fail_nomem(err);

    if (st == MW_OK) mw_eval_natural(s->e, s->method, s->seed, s->condition, natural);
    for (size_t i = 0; st == MW_OK && i < s->n; i++)
        third[i] = third_of(s, i);
    for (size_t k = 0; st == MW_OK && k < s->r->n_draws; k++)
        st = swap_clips(s, third, order, &rng, err);
    for (size_t k = 0; st == MW_OK && k < s->r->n_draws; k++)
        st = swap_time(s, &rng, err);
    if (st == MW_OK) st = swap_rest(s, err);
    mw_free(third);
    mw_free(order);
    return st;
}

/* Fill the batch, and find the scores that the network uses by itself. */
static mw_status prepare(swaps *s, mw_error *err)
{
    const mw_net_config *c = mw_net_config_of(s->model->net);
    mw_net_output out = { .y = NULL };
    mw_status st = mw_batch_create(&s->batch, c, s->n, s->split.set.n_tokens, err);

    s->y = mw_calloc(s->n, (size_t)c->n_out * sizeof *s->y);
    if (st == MW_OK && !s->y) st = mw_fail_nomem(err);
    for (size_t m = 0; st == MW_OK && m < s->per; m++) {
        s->own[m] = mw_calloc(s->n, (size_t)s->batch.b.n_tokens[m] * sizeof(float));
        out.score[m] = s->own[m];
        if (!s->own[m]) st = mw_fail_nomem(err);
    }
    if (st != MW_OK) return st;
    mw_batch_begin(&s->batch, s->n, s->model->scorer != NULL);
    for (size_t i = 0; i < s->n; i++) {
        const mw_sample *v = &s->split.set.v[i];

        mw_batch_put(&s->batch, i, v->tokens + s->per,
                     v->scores ? (const float *const *)(v->scores + s->per) : NULL, NULL);
    }
    st = mw_net_predict(s->model->net, &s->batch.b, s->r->n_threads, &out, NULL, err);
    mw_batch_begin(&s->batch, s->n, 1);
    for (size_t m = 0; st == MW_OK && m < s->per; m++)
        memcpy(s->batch.score[m], s->own[m], s->n * (size_t)s->batch.b.n_tokens[m] * sizeof(float));
    return st;
}

mw_status mw_evaluate_swaps(mw_eval *e, size_t method, size_t seed, size_t condition,
                            mw_model *model, const mw_swap_request *r, mw_error *err)
{
    const mw_net_config *c = mw_net_config_of(model->net);
    const mw_split_request q = { .bank = r->bank,
                                 .split = MW_TEST,
                                 .conditions = r->conditions,
                                 .n_conditions = 2,
                                 .limit = r->limit,
                                 .task = c->task,
                                 .n_out = c->n_out,
                                 .stop = r->stop,
                                 .user = r->user };
    swaps s = { .e = e,
                .method = method,
                .seed = seed,
                .condition = condition,
                .model = model,
                .r = r,
                .per = (size_t)c->n_modalities };
    mw_status st =
        mw_score_split_load(&s.split, &q, &model->prep, model->scorer, 0, r->n_threads, err);

    s.n = s.split.set.n;
    if (st == MW_OK && s.n) st = prepare(&s, err);
    if (st == MW_OK && s.n) st = run(&s, err);
    for (int m = 0; m < MW_NET_MAX_MODALITIES; m++)
        mw_free(s.own[m]);
    mw_free(s.y);
    mw_batch_clear(&s.batch);
    mw_score_split_clear(&s.split);
    return st;
}
