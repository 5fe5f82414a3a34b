/* SPDX-License-Identifier: Apache-2.0 */
#include "score/samples.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define MIN_STD 1e-6

void mw_prep_clear(mw_prep *p)
{
    for (int i = 0; i < MW_NET_MAX_MODALITIES; i++) {
        mw_free(p->m[i].mean);
        mw_free(p->m[i].std);
    }
    *p = (mw_prep){ 0 };
}

mw_status mw_prep_copy(mw_prep *to, const mw_prep *from, mw_error *err)
{
    *to = *from;
    for (int i = 0; i < MW_NET_MAX_MODALITIES; i++)
        to->m[i].mean = to->m[i].std = NULL;
    for (int i = 0; i < from->n_modalities; i++) {
        const size_t n = (size_t)from->m[i].columns;

        to->m[i].mean = mw_calloc(n, sizeof(float));
        to->m[i].std = mw_calloc(n, sizeof(float));
        if (!to->m[i].mean || !to->m[i].std) {
            mw_prep_clear(to);
            return mw_fail_nomem(err);
        }
        memcpy(to->m[i].mean, from->m[i].mean, n * sizeof(float));
        memcpy(to->m[i].std, from->m[i].std, n * sizeof(float));
    }
    return MW_OK;
}

static mw_status check_columns(size_t want, const mw_bank_modality *m, mw_error *err)
{
    if (m->columns == want) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "columns_differ",
                   "modality %c has %zu columns, the model or the other clips %zu", m->letter,
                   m->columns, want);
}

/* Factor that brings a row to length 1; 1 for rows that stay as they are. */
static double row_scale(const float *x, size_t n, int l2)
{
    double sum = 0;

    if (!l2) return 1;
    for (size_t c = 0; c < n; c++)
        if (isfinite(x[c])) sum += (double)x[c] * x[c];
    return sum > 0 ? 1 / sqrt(sum) : 1;
}

mw_status mw_prep_add(mw_prep_sums *s, const mw_prep_modality *p, const mw_bank_modality *m,
                      const mw_bank_variant *v, double weight, mw_error *err)
{
    mw_status st;

    if (!s->sum) {
        s->columns = (int)m->columns;
        s->sum = mw_calloc(m->columns, sizeof *s->sum);
        s->square = mw_calloc(m->columns, sizeof *s->square);
        if (!s->sum || !s->square) return mw_fail_nomem(err);
    }
    st = check_columns((size_t)s->columns, m, err);
    if (st != MW_OK) return st;
    for (size_t i = 0; i < m->rows; i++) {
        const float *x = v->x + i * m->columns;
        double scale;

        if (!v->valid[i]) continue;
        scale = row_scale(x, m->columns, p->l2);
        for (size_t c = 0; c < m->columns; c++) {
            const double z = isfinite(x[c]) ? x[c] * scale : 0;

            s->n_not_finite += !isfinite(x[c]);
            s->sum[c] += weight * z;
            s->square[c] += weight * z * z;
        }
        s->weight += weight;
    }
    return MW_OK;
}

void mw_prep_sums_clear(mw_prep_sums *s)
{
    mw_free(s->sum);
    mw_free(s->square);
    *s = (mw_prep_sums){ 0 };
}

mw_status mw_prep_finish(mw_prep_modality *p, mw_prep_sums *s, mw_error *err)
{
    mw_status st = MW_OK;

    if (!(s->weight > 0)) {
        mw_prep_sums_clear(s);
        return mw_fail(err, MW_ERR_FORMAT, "no_rows",
                       "no training clip has a valid row of modality %c", p->letter);
    }
    p->columns = s->columns;
    p->mean = mw_calloc((size_t)s->columns, sizeof(float));
    p->std = mw_calloc((size_t)s->columns, sizeof(float));
    if (!p->mean || !p->std) st = mw_fail_nomem(err);
    for (int c = 0; st == MW_OK && c < s->columns; c++) {
        const double mean = s->sum[c] / s->weight;
        const double var = s->square[c] / s->weight - mean * mean;

        p->mean[c] = (float)mean;
        p->std[c] = (float)(var > MIN_STD * MIN_STD ? sqrt(var) : MIN_STD);
    }
    mw_prep_sums_clear(s);
    return st;
}

/* ---- tokens ---- */

void mw_tokens_clear(mw_tokens *t)
{
    mw_free(t->x); /* holds all arrays */
    *t = (mw_tokens){ 0 };
}

static mw_status tokens_alloc(mw_tokens *t, int n, int values, mw_error *err)
{
    const size_t floats = (size_t)n * (size_t)(values + 3);

    /* one block: floats, then the bytes of the mask */
    *t = (mw_tokens){ .n = n, .values = values };
    t->x = mw_calloc(floats + ((size_t)n + 3) / 4, sizeof(float));
    if (!t->x) return mw_fail_nomem(err);
    t->tau = t->x + (size_t)n * (size_t)values;
    t->rel = t->tau + n;
    t->rel_weight = t->rel + n;
    t->mask = (uint8_t *)(t->rel_weight + n);
    return MW_OK;
}

static float standardise(float x, double scale, float mean, float std)
{
    const float z = ((isfinite(x) ? (float)(x * scale) : 0.0f) - mean) / std;

    return z > MW_PREP_CLIP ? MW_PREP_CLIP : z < -MW_PREP_CLIP ? -MW_PREP_CLIP : z;
}

/* Mean and deviation over the valid rows [i0, i1); sums [2 columns] is scratch. Number of valid
 * rows. */
static int window_statistics(float *mean, float *deviation, double *sums, const mw_prep_modality *p,
                             const mw_bank_variant *v, size_t i0, size_t i1)
{
    const size_t columns = (size_t)p->columns;
    double *square = sums + columns;
    int n = 0;

    memset(sums, 0, 2 * columns * sizeof *sums);
    for (size_t i = i0; i < i1; i++) {
        const float *x = v->x + i * columns;
        double scale;

        if (!v->valid[i]) continue;
        scale = row_scale(x, columns, p->l2);
        for (size_t c = 0; c < columns; c++) {
            const double z = (double)standardise(x[c], scale, p->mean[c], p->std[c]);

            sums[c] += z;
            square[c] += z * z;
        }
        n++;
    }
    for (size_t c = 0; n && c < columns; c++) {
        const double m = sums[c] / n, var = square[c] / n - m * m;

        mean[c] = (float)m;
        if (deviation) deviation[c] = (float)sqrt((var > 0 ? var : 0) + 1e-6);
    }
    return n;
}

/* Third part of each token: its mean less that of the clip's valid windows. */
static void centre(mw_tokens *t, double *sums, int columns)
{
    const int at = t->values - columns;
    int n = 0;

    memset(sums, 0, (size_t)columns * sizeof *sums);
    for (int i = 0; i < t->n; i++) {
        if (!t->mask[i]) continue;
        for (int c = 0; c < columns; c++)
            sums[c] += (double)t->x[(size_t)i * (size_t)t->values + (size_t)c];
        n++;
    }
    for (int i = 0; i < t->n; i++) {
        float *x = t->x + (size_t)i * (size_t)t->values;

        if (!t->mask[i]) continue;
        for (int c = 0; c < columns; c++)
            x[at + c] = (float)((double)x[c] - sums[c] / n);
    }
}

/* Mean reliability of each window, and windows near an edge marked as not to be counted. */
static void reliability(mw_tokens *t, const mw_bank_modality *m, const mw_bank_variant *v,
                        size_t window)
{
    float last = -1; /* reliability of the last row that has one */

    for (int k = 0; k < t->n; k++) {
        double sum = 0;
        int n = 0;

        for (size_t i = (size_t)k * window; i < m->rows && i < ((size_t)k + 1) * window; i++)
            if (v->valid[i] && isfinite(v->rel[i])) {
                sum += (double)v->rel[i];
                n++;
            }
        t->rel[k] = n ? (float)(sum / n) : 0.0f;
        t->rel_weight[k] = n ? 1.0f : 0.0f;
    }
    for (size_t i = 0; i < m->rows; i++) {
        const int k = (int)(i / window);

        if (!v->valid[i] || !isfinite(v->rel[i])) continue;
        if (last >= 0 && fabsf(v->rel[i] - last) > MW_EDGE)
            for (int j = k - 1; j <= k + 1; j++)
                if (j >= 0 && j < t->n) t->rel_weight[j] = 0.0f;
        last = v->rel[i];
    }
}

static void place(mw_tokens *t, const mw_bank_modality *m, size_t window)
{
    const double step_s = m->rows > 1 ? (m->t[m->rows - 1] - m->t[0]) / (double)(m->rows - 1) : 0;

    for (int k = 0; k < t->n; k++) {
        const size_t i0 = (size_t)k * window;
        const size_t i1 = i0 + window < m->rows ? i0 + window : m->rows;

        t->tau[k] = m->letter == 't' || !(step_s > 0)
                        ? (float)(100 * (k + 0.5) / t->n)
                        : (float)(25 * 0.5 * (m->t[i0] + m->t[i1 - 1] + step_s));
    }
}

mw_status mw_tokens_make(mw_tokens *out, const mw_prep_modality *p, const mw_bank_modality *m,
                         const mw_bank_variant *v, mw_error *err)
{
    const int columns = p->columns, parts = p->window > 1 ? 3 : 2;
    const size_t window = (size_t)p->window, n = (m->rows + window - 1) / window;
    double *sums;
    mw_status st = check_columns((size_t)columns, m, err);

    *out = (mw_tokens){ 0 };
    if (st != MW_OK) return st;
    sums = mw_calloc((size_t)columns, 2 * sizeof *sums);
    st = sums ? tokens_alloc(out, (int)n, parts * columns, err) : mw_fail_nomem(err);
    for (size_t k = 0; st == MW_OK && k < n; k++) {
        float *x = out->x + k * (size_t)out->values;
        const size_t end = (k + 1) * window < m->rows ? (k + 1) * window : m->rows;

        out->mask[k] =
            window_statistics(x, parts == 3 ? x + columns : NULL, sums, p, v, k * window, end) > 0;
    }
    if (st == MW_OK) {
        centre(out, sums, columns);
        reliability(out, m, v, window);
        place(out, m, window);
    }
    mw_free(sums);
    return st;
}

/* ---- batches ---- */

void mw_batch_clear(mw_batch *b)
{
    for (int m = 0; m < MW_NET_MAX_MODALITIES; m++) {
        mw_free(b->x[m]);
        mw_free(b->tau[m]);
        mw_free(b->rel[m]);
        mw_free(b->rel_weight[m]);
        mw_free(b->score[m]);
        mw_free(b->mask[m]);
    }
    mw_free(b->y);
    mw_free(b->y_weight);
    *b = (mw_batch){ 0 };
}

mw_status mw_batch_create(mw_batch *b, const mw_net_config *c, size_t cap, const int *n_tokens,
                          mw_error *err)
{
    int failed = 0;

    *b = (mw_batch){ .n_modalities = c->n_modalities,
                     .n_out = c->n_out,
                     .n_y = c->task == MW_TASK_MULTICLASS ? 1 : c->n_out,
                     .cap = cap };
    for (int m = 0; m < c->n_modalities; m++) {
        const size_t tokens = cap * (size_t)n_tokens[m];

        b->values[m] = mw_net_token_values(c, m);
        b->b.n_tokens[m] = n_tokens[m];
        b->x[m] = mw_calloc_aligned(tokens, (size_t)b->values[m] * sizeof(float));
        b->tau[m] = mw_calloc(tokens, sizeof(float));
        b->rel[m] = mw_calloc(tokens, sizeof(float));
        b->rel_weight[m] = mw_calloc(tokens, sizeof(float));
        b->score[m] = mw_calloc(tokens, sizeof(float));
        b->mask[m] = mw_calloc(tokens, 1);
        failed |= !b->x[m] || !b->tau[m] || !b->rel[m] || !b->rel_weight[m] || !b->score[m] ||
                  !b->mask[m];
    }
    b->y = mw_calloc(cap, (size_t)b->n_y * sizeof(float));
    b->y_weight = mw_calloc(cap, sizeof(float));
    if (!failed && b->y && b->y_weight) return MW_OK;
    mw_batch_clear(b);
    return mw_fail_nomem(err);
}

void mw_batch_begin(mw_batch *b, size_t n, int with_scores)
{
    b->b.n = n;
    for (int m = 0; m < b->n_modalities; m++) {
        b->b.x[m] = b->x[m];
        b->b.tau[m] = b->tau[m];
        b->b.rel[m] = b->rel[m];
        b->b.rel_weight[m] = b->rel_weight[m];
        b->b.mask[m] = b->mask[m];
        b->b.score[m] = with_scores ? b->score[m] : NULL;
    }
    b->b.y = b->y;
    b->b.y_weight = b->y_weight;
}

static void put_modality(mw_batch *b, size_t i, int m, const mw_tokens *t, const float *score)
{
    const size_t room = (size_t)b->b.n_tokens[m], values = (size_t)b->values[m], at = i * room;
    const size_t n = t ? (size_t)t->n : 0;

    if (n) {
        memcpy(b->x[m] + at * values, t->x, n * values * sizeof(float));
        memcpy(b->tau[m] + at, t->tau, n * sizeof(float));
        memcpy(b->rel[m] + at, t->rel, n * sizeof(float));
        memcpy(b->rel_weight[m] + at, t->rel_weight, n * sizeof(float));
        memcpy(b->mask[m] + at, t->mask, n);
    }
    for (size_t k = 0; k < n; k++)
        b->score[m][at + k] = score ? score[k] : 1.0f;
    memset(b->x[m] + (at + n) * values, 0, (room - n) * values * sizeof(float));
    memset(b->tau[m] + at + n, 0, (room - n) * sizeof(float));
    memset(b->rel[m] + at + n, 0, (room - n) * sizeof(float));
    memset(b->rel_weight[m] + at + n, 0, (room - n) * sizeof(float));
    memset(b->score[m] + at + n, 0, (room - n) * sizeof(float));
    memset(b->mask[m] + at + n, 0, room - n);
}

void mw_batch_put(mw_batch *b, size_t i, const mw_tokens *const *tokens, const float *const *scores,
                  const float *y)
{
    for (int m = 0; m < b->n_modalities; m++)
        put_modality(b, i, m, tokens[m], scores ? scores[m] : NULL);
    b->y_weight[i] = y ? 1.0f : 0.0f;
    for (int k = 0; k < b->n_y; k++)
        b->y[i * (size_t)b->n_y + (size_t)k] = y ? y[k] : 0.0f;
}

void mw_batch_mask(mw_batch *b, size_t i, int m, size_t token)
{
    const size_t values = (size_t)b->values[m], k = i * (size_t)b->b.n_tokens[m] + token;

    b->mask[m][k] = 0;
    b->rel_weight[m][k] = 0.0f;
    memset(b->x[m] + k * values, 0, values * sizeof(float));
}

void mw_batch_drop(mw_batch *b, size_t i, int m, double probability, mw_rng *rng)
{
    const size_t room = (size_t)b->b.n_tokens[m];

    for (size_t token = 0; token < room; token++) {
        const size_t k = i * room + token;

        if (!b->mask[m][k] || mw_rng_unit(rng) >= probability) continue;
        b->score[m][k] = 0.0f;
        if (!b->b.score[m]) mw_batch_mask(b, i, m, token);
    }
}
