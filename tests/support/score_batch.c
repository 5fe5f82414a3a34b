/* SPDX-License-Identifier: Apache-2.0 */
#include "support/score_batch.h"

#include <string.h>

#include "support/support.h"

static void *need(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);

    assert_non_null(p);
    return p;
}

static void lend(score_batch *s)
{
    for (int m = 0; m < MW_NET_MAX_MODALITIES; m++) {
        s->b.x[m] = s->x[m];
        s->b.mask[m] = s->mask[m];
        s->b.tau[m] = s->tau[m];
        s->b.rel[m] = s->rel[m];
        s->b.rel_weight[m] = s->rel_weight[m];
        s->b.score[m] = s->score[m];
    }
    s->b.y = s->y;
    s->b.y_weight = s->y_weight;
}

static void make_modality(score_batch *s, const mw_net_config *c, int m, mw_rng *r, int given)
{
    const size_t tokens = (size_t)s->b.n_tokens[m], n = s->b.n * tokens;
    const size_t values = (size_t)mw_net_token_values(c, m);

    s->x[m] = need(n * values, sizeof(float));
    s->mask[m] = need(n, 1);
    s->tau[m] = need(n, sizeof(float));
    s->rel[m] = need(n, sizeof(float));
    s->rel_weight[m] = need(n, sizeof(float));
    if (given) s->score[m] = need(n, sizeof(float));
    for (size_t i = 0; i < n * values; i++)
        s->x[m][i] = (float)mw_rng_uniform(r, -2, 2);
    for (size_t i = 0; i < s->b.n; i++) {
        size_t length = 1 + mw_rng_below(r, tokens);

        if (i == 0) length = tokens;
        if (i == 1 && m == c->n_modalities - 1 && m > 0) length = 0;
        if (i == 2 && m == 0) length = 1;
        for (size_t k = 0; k < tokens; k++) {
            const size_t at = i * tokens + k;

            s->mask[m][at] = k < length && (k == 0 || mw_rng_below(r, 6) > 0);
            s->tau[m][at] = 25.0f * (float)k * 0.05f * (float)(m + 1);
            s->rel[m][at] = (float)mw_rng_unit(r);
            s->rel_weight[m][at] = mw_rng_below(r, 5) > 0 ? 1.0f : 0.0f;
            if (given) s->score[m][at] = (float)mw_rng_unit(r);
        }
    }
}

score_batch score_batch_make(const mw_net_config *c, size_t n, const int *n_tokens, uint64_t seed,
                             int given)
{
    score_batch s = { .b = { .n = n } };
    mw_rng r = mw_rng_from_key(seed);

    for (int m = 0; m < c->n_modalities; m++) {
        s.b.n_tokens[m] = n_tokens[m];
        make_modality(&s, c, m, &r, given);
    }
    s.y = need(n * (size_t)c->n_out, sizeof(float));
    s.y_weight = need(n, sizeof(float));
    for (size_t i = 0; i < n * (size_t)c->n_out; i++) {
        const int value = c->task == MW_TASK_REGRESSION ||
                          (c->task == MW_TASK_REGRESSION_MULTILABEL && i % (size_t)c->n_out == 0);

        if (c->task == MW_TASK_MULTICLASS)
            s.y[i] = (float)mw_rng_below(&r, (uint64_t)c->n_out);
        else
            s.y[i] = value ? (float)mw_rng_uniform(&r, -3, 3) : (float)mw_rng_below(&r, 2);
    }
    for (size_t i = 0; i < n; i++)
        s.y_weight[i] = i % 4 == 3 ? 0.0f : 1.0f;
    lend(&s);
    return s;
}

void score_batch_free(score_batch *s)
{
    for (int m = 0; m < MW_NET_MAX_MODALITIES; m++) {
        free(s->x[m]);
        free(s->mask[m]);
        free(s->tau[m]);
        free(s->rel[m]);
        free(s->rel_weight[m]);
        free(s->score[m]);
    }
    free(s->y);
    free(s->y_weight);
    memset(s, 0, sizeof *s);
}

static float *part_of(const float *from, size_t first, size_t n, size_t tokens, size_t values,
                      size_t extra)
{
    const size_t wide = tokens + extra;
    float *to;

    if (!from) return NULL;
    to = need(n * wide * values, sizeof *to);
    for (size_t i = 0; i < n; i++) {
        memcpy(to + i * wide * values, from + (first + i) * tokens * values,
               tokens * values * sizeof *to);
        for (size_t k = tokens * values; k < wide * values; k++)
            to[i * wide * values + k] = 0.7f;
    }
    return to;
}

score_batch score_batch_part(const mw_net_config *c, const score_batch *from, size_t first,
                             size_t n, int extra)
{
    score_batch s = { .b = { .n = n } };
    const size_t n_y = c->task == MW_TASK_MULTICLASS ? 1 : (size_t)c->n_out;

    for (int m = 0; m < c->n_modalities; m++) {
        const size_t tokens = (size_t)from->b.n_tokens[m], e = (size_t)extra, wide = tokens + e;

        s.b.n_tokens[m] = (int)wide;
        s.x[m] = part_of(from->x[m], first, n, tokens, (size_t)mw_net_token_values(c, m), e);
        s.tau[m] = part_of(from->tau[m], first, n, tokens, 1, e);
        s.rel[m] = part_of(from->rel[m], first, n, tokens, 1, e);
        s.rel_weight[m] = part_of(from->rel_weight[m], first, n, tokens, 1, e);
        s.score[m] = part_of(from->score[m], first, n, tokens, 1, e);
        s.mask[m] = need(n * wide, 1);
        for (size_t i = 0; i < n; i++)
            memcpy(s.mask[m] + i * wide, from->mask[m] + (first + i) * tokens, tokens);
    }
    s.y = need(n * n_y, sizeof(float));
    s.y_weight = need(n, sizeof(float));
    memcpy(s.y, from->y + first * n_y, n * n_y * sizeof(float));
    memcpy(s.y_weight, from->y_weight + first, n * sizeof(float));
    lend(&s);
    return s;
}

mw_net_config score_config_small(mw_net_kind kind, const char *modalities)
{
    mw_net_config c;

    mw_net_config_default(&c);
    c.kind = kind;
    c.n_modalities = (int)strlen(modalities);
    for (int m = 0; m < c.n_modalities; m++) {
        c.modality[m] = modalities[m];
        c.columns[m] = 3 + m;
        c.window[m] = modalities[m] == 't' ? 1 : 5;
    }
    if (kind == MW_NET_RELIABILITY) c.task = MW_TASK_RELIABILITY;
    c.width = 8;
    c.heads = 2;
    c.hidden = 12;
    c.kernel = 3;
    c.dropout = 0;
    return c;
}
