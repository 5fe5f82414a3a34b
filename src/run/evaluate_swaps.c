/* SPDX-License-Identifier: Apache-2.0 */
#include "run/evaluate_swaps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

int mw_takes_scores(const mw_model *model)
{
    const mw_net_kind k = mw_net_config_of(model->net)->kind;

    return k == MW_NET_SCORE || k == MW_NET_GIVEN || k == MW_NET_PRODUCT;
}

/* Clips of the alike swap stand in so many bins of equal mean score. */
#define N_BINS 5
/* Draws of the windows that are taken away at random. */
#define N_DELETE_DRAWS 10

/* All clips in one batch, with their own scores. */
typedef struct swaps {
    mw_eval *e;
    size_t method, seed, condition;
    mw_model *model;
    const mw_swap_request *r;
    mw_score_split split;
    mw_batch batch;
    size_t n, per; /* clips; modalities */
    size_t first;  /* of a sample's tokens, the condition's */
    float *y, *natural;
    float *own[MW_NET_MAX_MODALITIES], *pool[MW_NET_MAX_MODALITIES], *uni[MW_NET_MAX_MODALITIES];
} swaps;

static const mw_tokens *tokens(const swaps *s, size_t clip, size_t m)
{
    return s->split.set.v[clip].tokens[s->first + m];
}

static size_t tokens_of(const swaps *s, size_t clip, size_t m)
{
    const mw_tokens *t = tokens(s, clip, m);

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

/* A clip's outputs y as values of a prediction. */
static void read_values(double *p, const swaps *s, size_t clip, const float *y)
{
    mw_eval_read(p, mw_net_config_of(s->model->net)->task, y + clip * (size_t)s->batch.n_out,
                 s->batch.n_out);
}

static double error_of(const swaps *s, size_t clip, const float *y)
{
    const mw_sample *v = &s->split.set.v[clip];
    double p[MW_EVAL_MAX_VALUES];

    if (!v->has_y) return NAN;
    read_values(p, s, clip, y);
    return mw_eval_error(s->e, p, v->y);
}

/* What the network says of the batch as it stands, into y. */
static mw_status predict(swaps *s, mw_error *err)
{
    mw_net_output out = { .y = s->y };

    if (s->r->stop && s->r->stop(s->r->user))
        return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
    return mw_net_predict(s->model->net, &s->batch.b, s->r->n_threads, &out, NULL, err);
}

/* The answer to the scores as they stand in the batch. */
static mw_status ask(swaps *s, mw_eval_swap swap, mw_error *err)
{
    const mw_net_task task = mw_net_config_of(s->model->net)->task;
    mw_eval_answer a = { 0, 0, 0 };
    size_t n = 0;
    mw_status st = predict(s, err);

    if (st != MW_OK) return st;
    for (size_t i = 0; i < s->n; i++) {
        double is[MW_EVAL_MAX_VALUES], was[MW_EVAL_MAX_VALUES];
        const double error = error_of(s, i, s->y);

        if (!isfinite(error)) continue;
        read_values(is, s, i, s->y);
        read_values(was, s, i, s->natural);
        a.error += error;
        a.moved += fabs(is[0] - was[0]);
        a.flips += mw_eval_differs(task, is, was);
        n++;
    }
    if (!n) return MW_OK;
    a.error /= (double)n;
    a.moved /= (double)n;
    a.flips /= (double)n;
    return mw_eval_swapped(s->e, s->method, s->seed, s->condition, swap, &a, err);
}

/* ---- scores of other clips ---- */

/* Scores of modality m of clip from for clip to, stretched to its number of windows. */
static void take_from(swaps *s, size_t to, size_t from, size_t m)
{
    const size_t n = tokens_of(s, to, m), k = tokens_of(s, from, m);

    for (size_t i = 0; k && i < n; i++)
        place(s, to, m)[i] = own(s, from, m)[i * k / n];
}

/* Third of the clips, by length. */
static size_t third_of(const swaps *s, size_t clip)
{
    const size_t n = tokens_of(s, clip, 0);
    size_t shorter = 0;

    for (size_t i = 0; i < s->n; i++)
        shorter += tokens_of(s, i, 0) < n;
    return 3 * shorter / s->n;
}

static double mean_of(const swaps *s, size_t clip)
{
    double sum = 0;
    size_t n = 0;

    for (size_t m = 0; m < s->per; m++)
        for (size_t k = 0; k < tokens_of(s, clip, m); k++)
            if (tokens(s, clip, m)->mask[k]) {
                sum += (double)own(s, clip, m)[k];
                n++;
            }
    return n ? sum / (double)n : 1;
}

/* Bin of the clips, by mean score. */
static size_t bin_of(const swaps *s, size_t clip, const double *mean)
{
    size_t lower = 0;

    for (size_t i = 0; i < s->n; i++)
        lower += mean[i] < mean[clip] || (!(mean[i] > mean[clip]) && i < clip);
    return N_BINS * lower / s->n;
}

/* Which clips exchange their scores: those of the same group. order: room for all clips. */
typedef struct exchange {
    mw_eval_swap swap;
    size_t *group, n_groups;
    size_t *order;
} exchange;

static void draw_order(size_t *order, size_t n, mw_rng *rng)
{
    for (size_t i = n; i > 1; i--) {
        const size_t j = (size_t)mw_rng_below(rng, i), keep = order[i - 1];

        order[i - 1] = order[j];
        order[j] = keep;
    }
}

static mw_status swap_clips(swaps *s, const exchange *x, mw_rng *rng, mw_error *err)
{
    for (size_t g = 0; g < x->n_groups; g++) {
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++)
            if (x->group[i] == g) x->order[n++] = i;
        for (size_t m = 0; m < s->per; m++) {
            if (!m || x->swap == MW_SWAP_APART) draw_order(x->order, n, rng);
            /* in a ring, so that none keeps its own */
            for (size_t i = 0; i < n; i++)
                take_from(s, x->order[i], x->order[(i + 1) % n], m);
        }
    }
    return ask(s, x->swap, err);
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
    return ask(s, MW_SWAP_TIME, err);
}

static mw_status swap_drawn(swaps *s, mw_error *err)
{
    static const mw_eval_swap swap[] = { MW_SWAP_CLIPS, MW_SWAP_APART, MW_SWAP_ALIKE };
    const mw_clip_key key = mw_clip_key_make(s->r->seed, "swaps");
    size_t *third = mw_calloc(s->n, sizeof *third), *bin = mw_calloc(s->n, sizeof *bin);
    size_t *order = mw_calloc(s->n, sizeof *order);
    double *mean = mw_calloc(s->n, sizeof *mean);
    mw_rng rng = mw_rng_make(&key, "evaluate", "swaps");
    mw_status st = third && bin && order && mean ? MW_OK : mw_fail_nomem(err);

    for (size_t i = 0; st == MW_OK && i < s->n; i++) {
        third[i] = third_of(s, i);
        mean[i] = mean_of(s, i);
    }
    for (size_t i = 0; st == MW_OK && i < s->n; i++)
        bin[i] = bin_of(s, i, mean);
    for (size_t q = 0; q < sizeof swap / sizeof *swap; q++) {
        const int alike = swap[q] == MW_SWAP_ALIKE;
        const exchange x = { swap[q], alike ? bin : third, alike ? N_BINS : 3, order };

        for (size_t k = 0; st == MW_OK && k < s->r->n_draws; k++)
            st = swap_clips(s, &x, &rng, err);
    }
    for (size_t k = 0; st == MW_OK && k < s->r->n_draws; k++)
        st = swap_time(s, &rng, err);
    mw_free(third);
    mw_free(bin);
    mw_free(order);
    mw_free(mean);
    return st;
}

/* ---- scores that are made up ---- */

static double mean_over_clips(const swaps *s, size_t m, int truth)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < tokens_of(s, i, m); k++) {
            const mw_tokens *t = tokens(s, i, m);

            if (!t->mask[k]) continue;
            sum += (double)(truth ? t->rel[k] : own(s, i, m)[k]);
            n++;
        }
    return n ? sum / (double)n : 1;
}

static mw_status swap_made(swaps *s, mw_error *err)
{
    mw_status st = MW_OK;

    for (int swap = MW_SWAP_CONSTANT; st == MW_OK && swap < MW_N_SWAPS; swap++) {
        for (size_t m = 0; m < s->per; m++) {
            const double mean = mean_over_clips(s, m, 0), truth = mean_over_clips(s, m, 1);

            for (size_t i = 0; i < s->n; i++)
                for (size_t k = 0; k < tokens_of(s, i, m); k++) {
                    const double was = (double)tokens(s, i, m)->rel[k];
                    const double scaled = truth > 0 ? was * mean / truth : was;

                    place(s, i, m)[k] = swap == MW_SWAP_CONSTANT ? (float)mean
                                        : swap == MW_SWAP_INVERT ? 1 - own(s, i, m)[k]
                                                                 : (float)fmin(1, scaled);
                }
        }
        st = ask(s, (mw_eval_swap)swap, err);
    }
    return st;
}

/* Per clip the better of the unimodal heads. */
static double best_head(const swaps *s)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        double best = NAN;

        for (size_t m = 0; m < s->per; m++)
            if (tokens_of(s, i, m)) best = fmin(best, error_of(s, i, s->uni[m]));
        if (!isfinite(best)) continue;
        sum += best;
        n++;
    }
    return n ? sum / (double)n : NAN;
}

static mw_status run_swaps(swaps *s, mw_error *err)
{
    double sum = 0;
    size_t n = 0;
    mw_status st;

    for (size_t i = 0; i < s->n; i++) {
        const double error = error_of(s, i, s->natural);

        if (!isfinite(error)) continue;
        sum += error;
        n++;
    }
    if (!n) return MW_OK;
    mw_eval_natural(s->e, s->method, s->seed, s->condition, sum / (double)n, best_head(s));
    st = swap_drawn(s, err);
    return st == MW_OK ? swap_made(s, err) : st;
}

/* ---- windows taken away ---- */

typedef struct ranked {
    float value;
    size_t token;
} ranked;

static int by_value(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->value < y->value || x->value > y->value) return x->value < y->value ? -1 : 1;
    return (x->token > y->token) - (x->token < y->token);
}

/* The batch as it was, less a share of each modality's windows. room: for a clip's windows. */
static void take_windows(swaps *s, int by, int which, ranked *room, mw_rng *rng)
{
    for (size_t i = 0; i < s->n; i++) {
        const float *scores[MW_NET_MAX_MODALITIES] = { NULL };

        for (size_t m = 0; m < s->per; m++)
            scores[m] = own(s, i, m);
        mw_batch_put(&s->batch, i, s->split.set.v[i].tokens + s->first, scores, NULL);
        for (size_t m = 0; m < s->per; m++) {
            const float *value = by == MW_DELETE_BY_SCORE
                                     ? own(s, i, m)
                                     : s->pool[m] + i * (size_t)s->batch.b.n_tokens[m];
            size_t n = 0, n_gone;

            for (size_t k = 0; k < tokens_of(s, i, m); k++)
                if (tokens(s, i, m)->mask[k]) room[n++] = (ranked){ value[k], k };
            n_gone = (size_t)(MW_DELETE_SHARE * (double)n + 0.5);
            qsort(room, n, sizeof *room, by_value);
            for (size_t k = 0; k < n_gone; k++) {
                size_t at = which == MW_DELETE_TOP ? n - 1 - k : k;

                if (which == MW_DELETE_RANDOM) {
                    const size_t j = k + (size_t)mw_rng_below(rng, n - k);
                    const ranked keep = room[k];

                    room[k] = room[j];
                    room[j] = keep;
                    at = k;
                }
                mw_batch_mask(&s->batch, i, (int)m, room[at].token);
            }
        }
    }
}

static mw_status delete_windows(swaps *s, int by, int which, ranked *room, double *error,
                                mw_rng *rng, mw_error *err)
{
    const int draws = which == MW_DELETE_RANDOM ? N_DELETE_DRAWS : 1;
    size_t clip = 0; /* of the evaluation, which has those with a label */
    mw_status st = MW_OK;

    memset(error, 0, s->n * sizeof *error);
    for (int k = 0; st == MW_OK && k < draws; k++) {
        take_windows(s, by, which, room, rng);
        st = predict(s, err);
        for (size_t i = 0; st == MW_OK && i < s->n; i++)
            error[i] += error_of(s, i, s->y) / draws;
    }
    for (size_t i = 0; st == MW_OK && i < s->n && clip < s->r->n_clips; i++)
        if (s->split.set.v[i].has_y)
            st = mw_eval_deleted(s->e, s->method, s->seed, clip++, by, which, error[i], err);
    return st;
}

static mw_status run_deletions(swaps *s, mw_error *err)
{
    const mw_clip_key key = mw_clip_key_make(s->r->seed, "deletions");
    mw_rng rng = mw_rng_make(&key, "evaluate", "deletions");
    size_t most = 1;
    ranked *room;
    double *error = mw_calloc(s->n, sizeof *error);
    mw_status st;

    for (size_t m = 0; m < s->per; m++)
        if ((size_t)s->batch.b.n_tokens[m] > most) most = (size_t)s->batch.b.n_tokens[m];
    room = mw_calloc(most, sizeof *room);
    st = room && error ? MW_OK : mw_fail_nomem(err);
    for (int by = 0; by < MW_N_DELETE_BY; by++)
        for (int which = 0; st == MW_OK && which < MW_N_DELETES; which++)
            st = delete_windows(s, by, which, room, error, &rng, err);
    mw_free(room);
    mw_free(error);
    return st;
}

/* ---- one model ---- */

static mw_status alloc(swaps *s, const mw_net_config *c, mw_error *err)
{
    int failed = 0;
    mw_status st = mw_batch_create(&s->batch, c, s->n, s->split.set.n_tokens, err);

    if (st != MW_OK) return st;
    s->y = mw_calloc(s->n, (size_t)c->n_out * sizeof *s->y);
    s->natural = mw_calloc(s->n, (size_t)c->n_out * sizeof *s->natural);
    for (size_t m = 0; m < s->per; m++) {
        const size_t room = (size_t)s->batch.b.n_tokens[m];

        s->own[m] = mw_calloc(s->n, room * sizeof(float));
        s->pool[m] = mw_calloc(s->n, room * sizeof(float));
        s->uni[m] = mw_calloc(s->n, (size_t)c->n_out * sizeof(float));
        failed |= !s->own[m] || !s->pool[m] || !s->uni[m];
    }
    return failed || !s->y || !s->natural ? mw_fail_nomem(err) : MW_OK;
}

/* Fill the batch, and find the scores that the network uses by itself. */
static mw_status prepare(swaps *s, mw_error *err)
{
    const mw_net_config *c = mw_net_config_of(s->model->net);
    mw_net_output out = { .y = NULL };
    mw_status st = alloc(s, c, err);

    if (st != MW_OK) return st;
    out.y = s->natural;
    for (size_t m = 0; m < s->per; m++) {
        out.score[m] = s->own[m];
        out.pool[m] = s->pool[m];
        out.uni[m] = s->uni[m];
    }
    mw_batch_begin(&s->batch, s->n, s->model->scorer != NULL);
    for (size_t i = 0; i < s->n; i++) {
        const mw_sample *v = &s->split.set.v[i];

        mw_batch_put(&s->batch, i, v->tokens + s->first,
                     v->scores ? (const float *const *)(v->scores + s->first) : NULL, NULL);
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
    static const mw_bank_condition clean = { .id = "clean", .block = "clean", .level = NAN };
    const mw_net_config *c = mw_net_config_of(model->net);
    const int deletions = !strcmp(r->condition->block, "clean");
    const mw_bank_condition **conditions = mw_calloc(2, sizeof *conditions);
    const mw_split_request q = { .bank = r->bank,
                                 .split = MW_TEST,
                                 .conditions = conditions,
                                 .n_conditions = deletions ? 1 : 2,
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
                .per = (size_t)c->n_modalities,
                .first = deletions ? 0 : (size_t)c->n_modalities };
    mw_status st;

    if (!conditions) return mw_fail_nomem(err);
    conditions[0] = &clean;
    conditions[1] = r->condition;
    st = mw_score_split_load(&s.split, &q, &model->prep, model->scorer, 0, r->n_threads, err);
    s.n = s.split.set.n;
    if (st == MW_OK && s.n) st = prepare(&s, err);
    if (st == MW_OK && s.n) st = deletions ? run_deletions(&s, err) : run_swaps(&s, err);
    for (int m = 0; m < MW_NET_MAX_MODALITIES; m++) {
        mw_free(s.own[m]);
        mw_free(s.pool[m]);
        mw_free(s.uni[m]);
    }
    mw_free(s.y);
    mw_free(s.natural);
    mw_batch_clear(&s.batch);
    mw_score_split_clear(&s.split);
    return st;
}
