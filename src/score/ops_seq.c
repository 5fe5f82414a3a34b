/* SPDX-License-Identifier: Apache-2.0
 *
 * From modalities to one sequence of valid tokens, and back to one vector per clip. Only valid
 * tokens are taken over, so that neither padding nor missing tokens cost anything later or change a
 * bit.
 */
#include "score/tape.h"

#include <string.h>

#include "base/fmath.h"

static mw_sequence *sequence_new(mw_tape *t, size_t capacity, const int *modality, int n)
{
    const size_t clips = (size_t)t->n;
    mw_sequence *s = mw_tape_alloc(t, 1, sizeof *s);

    /* a stand-in that is never read: the tape has failed */
    static mw_sequence none;
    if (!s) return &none;
    s->capacity = capacity;
    s->n_modalities = n;
    for (int m = 0; m < n; m++)
        s->modality_of[m] = modality[m];
    s->count = mw_tape_alloc(t, clips, sizeof *s->count);
    for (int m = 0; m <= n; m++)
        s->start[m] = mw_tape_alloc(t, clips, sizeof *s->start[m]);
    s->token = mw_tape_alloc(t, clips * capacity, sizeof *s->token);
    s->modality = mw_tape_alloc(t, clips * capacity, sizeof *s->modality);
    return s;
}

/* Which tokens are valid, in the order of modalities. */
static void sequence_fill(const mw_slice *s, mw_sequence *q)
{
    for (int i = 0; i < s->n; i++) {
        int n = 0;

        for (int m = 0; m < q->n_modalities; m++) {
            const int tokens = mw_slice_tokens(s, q->modality_of[m]);
            const uint8_t *mask = mw_slice_mask(s, q->modality_of[m]) + (size_t)i * (size_t)tokens;

            q->start[m][i] = n;
            for (int k = 0; k < tokens; k++) {
                if (!mask[k]) continue;
                q->token[(size_t)i * q->capacity + (size_t)n] = k;
                q->modality[(size_t)i * q->capacity + (size_t)n] = m;
                n++;
            }
        }
        q->start[q->n_modalities][i] = n;
        q->count[i] = n;
    }
}

/* Row of an input that place j of clip i came from. */
static size_t source_row(const mw_op *op, const mw_slice *s, int i, int j, int *m)
{
    const size_t at = (size_t)i * op->seq->capacity + (size_t)j;

    *m = op->seq->modality[at];
    return (size_t)i * (size_t)mw_slice_tokens(s, op->seq->modality_of[*m]) +
           (size_t)op->seq->token[at];
}

/* ---- gather ---- */

/* sin and cos of tau / 10000^(2 j / d) at columns 2 j and 2 j + 1. */
static void add_position(mw_real *row, double tau, const mw_real *factor, size_t d)
{
    for (size_t j = 0; j + 1 < d; j += 2) {
        double sin_x, cos_x;

        mw_sincos(tau * (double)factor[j / 2], &sin_x, &cos_x);
        row[j] += (mw_real)sin_x;
        row[j + 1] += (mw_real)cos_x;
    }
}

/* 10000^(-2 j / d) */
static mw_real *position_factors(mw_tape *t, size_t d)
{
    mw_real *f = mw_tape_alloc(t, d / 2 + 1, sizeof *f);

    for (size_t j = 0; j < d / 2 && f; j++)
        f[j] = (mw_real)mw_pow(10000.0, -2.0 * (double)j / (double)d);
    return f;
}

static void gather_forward(mw_tape *t, mw_op *op)
{
    const mw_slice *s = t->slice;
    const mw_node *embed = op->in[op->n_in];
    const size_t d = op->out->cols, capacity = op->seq->capacity;

    sequence_fill(s, op->seq);
    for (int i = 0; i < t->n; i++) {
        const int n = op->seq->count[i];
        mw_real *row = op->out->v + (size_t)i * capacity * d;

        for (int j = 0; j < n; j++, row += d) {
            int m;
            const size_t from = source_row(op, s, i, j, &m);
            const int modality = op->seq->modality_of[m];

            memcpy(row, op->in[m]->v + from * d, d * sizeof *row);
            if (!embed) continue;
            mw_rows()->axpy(row, 1, embed->v + (size_t)modality * d, d);
            add_position(row, mw_slice_tokens_of(s, s->batch->tau[modality], modality)[from],
                         op->scratch, d);
        }
        memset(row, 0, (capacity - (size_t)n) * d * sizeof *row);
    }
}

static void gather_backward(mw_tape *t, mw_op *op)
{
    const mw_node *embed = op->in[op->n_in];
    const size_t d = op->out->cols, capacity = op->seq->capacity;
    mw_real *gx[MW_NET_MAX_MODALITIES];
    mw_real *ge = embed ? mw_node_gradient(op->in[op->n_in]) : NULL;

    for (int m = 0; m < op->n_in; m++)
        gx[m] = mw_node_gradient(op->in[m]);
    for (int i = 0; i < t->n; i++) {
        const mw_real *row = op->out->g + (size_t)i * capacity * d;

        for (int j = 0; j < op->seq->count[i]; j++, row += d) {
            int m;
            const size_t to = source_row(op, t->slice, i, j, &m);

            mw_rows()->axpy(gx[m] + to * d, 1, row, d);
            if (ge) mw_rows()->axpy(ge + (size_t)op->seq->modality_of[m] * d, 1, row, d);
        }
    }
}

mw_node *mw_op_gather(mw_tape *t, mw_node *const *x, const int *modality, int n, mw_node *embed,
                      mw_sequence **seq)
{
    const size_t d = x[0]->cols;
    size_t capacity = 0;
    mw_op *op;

    for (int m = 0; m < n; m++)
        capacity += x[m]->rows / (size_t)t->n;
    op = mw_tape_op(t, (size_t)t->n * capacity, d);
    op->forward = gather_forward;
    op->backward = gather_backward;
    for (int m = 0; m < n; m++)
        op->in[m] = x[m];
    op->n_in = n;
    op->in[n] = embed;
    op->seq = *seq = sequence_new(t, capacity, modality, n);
    op->scratch = position_factors(t, d);
    return op->out;
}

static void position_forward(mw_tape *t, mw_op *op)
{
    const mw_slice *s = t->slice;
    const size_t d = op->out->cols, capacity = op->seq->capacity;

    memcpy(op->out->v, op->in[0]->v, op->out->rows * d * sizeof(mw_real));
    for (int i = 0; i < t->n; i++) {
        for (int j = 0; j < op->seq->count[i]; j++) {
            int m;
            const size_t from = source_row(op, s, i, j, &m);
            const int modality = op->seq->modality_of[m];

            add_position(op->out->v + ((size_t)i * capacity + (size_t)j) * d,
                         mw_slice_tokens_of(s, s->batch->tau[modality], modality)[from],
                         op->scratch, d);
        }
    }
}

static void position_backward(mw_tape *t, mw_op *op)
{
    (void)t;
    mw_rows()->axpy(mw_node_gradient(op->in[0]), 1, op->out->g, op->out->rows * op->out->cols);
}

mw_node *mw_op_position(mw_tape *t, mw_node *x, mw_sequence *seq)
{
    mw_op *op = mw_tape_op(t, x->rows, x->cols);

    op->forward = position_forward;
    op->backward = position_backward;
    op->in[0] = x;
    op->seq = seq;
    op->scratch = position_factors(t, x->cols);
    return op->out;
}

static void log_forward(mw_tape *t, mw_op *op)
{
    for (int i = 0; i < t->n; i++) {
        mw_real *v = op->out->v + (size_t)i * op->seq->capacity;

        for (int j = 0; j < op->seq->count[i]; j++) {
            int m;
            const size_t from = source_row(op, t->slice, i, j, &m);

            v[j] = mw_real_log(op->in[m]->v[from] + (mw_real)1e-3);
        }
    }
}

static void log_backward(mw_tape *t, mw_op *op)
{
    mw_real *gx[MW_NET_MAX_MODALITIES];

    for (int m = 0; m < op->n_in; m++)
        gx[m] = mw_node_gradient(op->in[m]);
    for (int i = 0; i < t->n; i++) {
        const mw_real *g = op->out->g + (size_t)i * op->seq->capacity;

        for (int j = 0; j < op->seq->count[i]; j++) {
            int m;
            const size_t to = source_row(op, t->slice, i, j, &m);

            gx[m][to] += g[j] / (op->in[m]->v[to] + (mw_real)1e-3);
        }
    }
}

mw_node *mw_op_gather_log(mw_tape *t, mw_node *const *score, mw_sequence *seq)
{
    mw_op *op = mw_tape_op(t, (size_t)t->n * seq->capacity, 1);

    op->forward = log_forward;
    op->backward = log_backward;
    op->seq = seq;
    op->n_in = seq->n_modalities;
    for (int m = 0; m < op->n_in; m++)
        op->in[m] = score[m];
    return op->out;
}

/* ---- align ---- */

/* saved_: which token of modality m stands beside place j of clip i, -1 for none; lies in keys,
 * whose "token" holds it for [m][n][capacity]. */
static int nearest(const float *tau, const uint8_t *mask, int n, float at)
{
    int best = -1;
    float distance = 0;

    for (int k = 0; k < n; k++) {
        const float d = tau[k] > at ? tau[k] - at : at - tau[k];

        if (!mask[k] || (best >= 0 && d >= distance)) continue;
        best = k;
        distance = d;
    }
    return best;
}

static int *align_row(const mw_op *op, const mw_tape *t, int m, int i)
{
    return op->keys->token + ((size_t)m * (size_t)t->n + (size_t)i) * op->seq->capacity;
}

/* The places of clip i are the valid tokens of the first modality that has any. */
static void align_clip(const mw_tape *t, mw_op *op, int i)
{
    const mw_slice *s = t->slice;
    mw_sequence *q = op->seq;
    int lead = 0, n = 0;

    while (lead < op->n_in - 1 && !mw_slice_has(s, lead, i))
        lead++;
    for (int k = 0; k < mw_slice_tokens(s, lead); k++) {
        const size_t at = (size_t)i * (size_t)mw_slice_tokens(s, lead) + (size_t)k;

        if (!mw_slice_mask(s, lead)[at]) continue;
        q->token[(size_t)i * q->capacity + (size_t)n] = k;
        q->modality[(size_t)i * q->capacity + (size_t)n] = lead;
        for (int m = 0; m < op->n_in; m++) {
            const int tokens = mw_slice_tokens(s, m);
            const size_t row = (size_t)i * (size_t)tokens;
            const float tau = mw_slice_tokens_of(s, s->batch->tau[lead], lead)[at];

            align_row(op, t, m, i)[n] =
                m == lead ? k
                          : nearest(mw_slice_tokens_of(s, s->batch->tau[m], m) + row,
                                    mw_slice_mask(s, m) + row, tokens, tau);
        }
        n++;
    }
    q->count[i] = n;
}

static void align_forward(mw_tape *t, mw_op *op)
{
    const size_t d = op->in[0]->cols, capacity = op->seq->capacity;

    memset(op->out->v, 0, op->out->rows * op->out->cols * sizeof(mw_real));
    for (int i = 0; i < t->n; i++) {
        align_clip(t, op, i);
        for (int m = 0; m < op->n_in; m++) {
            const int *from = align_row(op, t, m, i);
            const size_t rows = (size_t)i * (size_t)mw_slice_tokens(t->slice, m);

            for (int j = 0; j < op->seq->count[i]; j++) {
                if (from[j] < 0) continue;
                memcpy(op->out->v + ((size_t)i * capacity + (size_t)j) * op->out->cols +
                           (size_t)m * d,
                       op->in[m]->v + (rows + (size_t)from[j]) * d, d * sizeof(mw_real));
            }
        }
    }
}

static void align_backward(mw_tape *t, mw_op *op)
{
    const size_t d = op->in[0]->cols, capacity = op->seq->capacity;

    for (int m = 0; m < op->n_in; m++) {
        mw_real *g = mw_node_gradient(op->in[m]);

        for (int i = 0; i < t->n; i++) {
            const int *to = align_row(op, t, m, i);
            const size_t rows = (size_t)i * (size_t)mw_slice_tokens(t->slice, m);

            for (int j = 0; j < op->seq->count[i]; j++) {
                if (to[j] < 0) continue;
                mw_rows()->axpy(g + (rows + (size_t)to[j]) * d, 1,
                                op->out->g + ((size_t)i * capacity + (size_t)j) * op->out->cols +
                                    (size_t)m * d,
                                d);
            }
        }
    }
}

mw_node *mw_op_align(mw_tape *t, mw_node *const *x, int n, mw_sequence **seq)
{
    const int all[] = { 0, 1, 2 };
    size_t capacity = 0;
    mw_op *op;

    for (int m = 0; m < n; m++)
        if (x[m]->rows / (size_t)t->n > capacity) capacity = x[m]->rows / (size_t)t->n;
    op = mw_tape_op(t, (size_t)t->n * capacity, (size_t)n * x[0]->cols);
    op->forward = align_forward;
    op->backward = align_backward;
    for (int m = 0; m < n; m++)
        op->in[m] = x[m];
    op->n_in = n;
    op->seq = *seq = sequence_new(t, capacity, all, n);
    op->keys = sequence_new(t, capacity * (size_t)n, all, n);
    return op->out;
}

/* ---- where ---- */

static void where_forward(mw_tape *t, mw_op *op)
{
    const size_t n = op->out->rows / (size_t)t->n * op->out->cols;

    for (int i = 0; i < t->n; i++) {
        if (op->seq->count[i])
            memcpy(op->out->v + (size_t)i * n, op->in[0]->v + (size_t)i * n, n * sizeof(mw_real));
        else
            memset(op->out->v + (size_t)i * n, 0, n * sizeof(mw_real));
    }
}

static void where_backward(mw_tape *t, mw_op *op)
{
    const size_t n = op->out->rows / (size_t)t->n * op->out->cols;
    mw_real *g = mw_node_gradient(op->in[0]);

    for (int i = 0; i < t->n; i++)
        if (op->seq->count[i]) mw_rows()->axpy(g + (size_t)i * n, 1, op->out->g + (size_t)i * n, n);
}

mw_node *mw_op_where(mw_tape *t, mw_node *x, mw_sequence *seq)
{
    mw_op *op = mw_tape_op(t, x->rows, x->cols);

    op->forward = where_forward;
    op->backward = where_backward;
    op->in[0] = x;
    op->seq = seq;
    return op->out;
}

/* ---- one vector per clip ---- */

/* Tokens of the m-th modality of seq in clip i, m -1: all. */
static int range(const mw_sequence *q, int m, int i, int *from)
{
    *from = m < 0 ? 0 : q->start[m][i];
    return (m < 0 ? q->count[i] : q->start[m + 1][i]) - *from;
}

/* in: x, w, b, logs, eta. saved: weights [n][capacity], then scratch of the same for one clip. */
static void pool_forward(mw_tape *t, mw_op *op)
{
    const mw_node *x = op->in[0], *w = op->in[1], *b = op->in[2], *logs = op->in[3];
    const size_t d = x->cols, capacity = op->seq->capacity;

    memset(op->out->v, 0, op->out->rows * d * sizeof(mw_real));
    for (int i = 0; i < t->n; i++) {
        int from;
        const int n = range(op->seq, op->index, i, &from);
        const size_t first = (size_t)i * capacity + (size_t)from;
        mw_real *a = op->saved + (size_t)i * capacity;

        if (!n) continue;
        for (int j = 0; j < n; j++)
            a[j] = mw_rows()->dot(x->v + (first + (size_t)j) * d, w->v, d) + b->v[0];
        mw_rows()->softmax(a, (size_t)n, 1, logs ? logs->v + first : NULL,
                           logs ? op->in[4]->v[0] : 0);
        for (int j = 0; j < n; j++)
            mw_rows()->axpy(op->out->v + (size_t)i * d, a[j], x->v + (first + (size_t)j) * d, d);
    }
}

static void pool_backward(mw_tape *t, mw_op *op)
{
    mw_node *x = op->in[0], *w = op->in[1], *logs = op->in[3];
    const size_t d = x->cols, capacity = op->seq->capacity;
    mw_real *gx = mw_node_gradient(x), *gw = mw_node_gradient(w), *gb = mw_node_gradient(op->in[2]);
    mw_real *gl = logs ? mw_node_gradient(logs) : NULL;
    mw_real *ge = logs ? mw_node_gradient(op->in[4]) : NULL;

    for (int i = 0; i < t->n; i++) {
        const mw_real *g = op->out->g + (size_t)i * d;
        const mw_real *a = op->saved + (size_t)i * capacity;
        mw_real *dl = op->scratch;
        int from;
        const int n = range(op->seq, op->index, i, &from);
        const size_t first = (size_t)i * capacity + (size_t)from;

        for (int j = 0; j < n; j++)
            dl[j] = mw_rows()->dot(g, x->v + (first + (size_t)j) * d, d);
        if (n) mw_rows()->softmax_back(dl, a, (size_t)n, 1, NULL);
        for (int j = 0; j < n; j++) {
            const size_t row = first + (size_t)j;

            mw_rows()->axpy(gx + row * d, a[j], g, d);
            mw_rows()->axpy(gx + row * d, dl[j], w->v, d);
            mw_rows()->axpy(gw, dl[j], x->v + row * d, d);
            gb[0] += dl[j];
            if (!logs) continue;
            gl[row] += op->in[4]->v[0] * dl[j];
            ge[0] += dl[j] * logs->v[row];
        }
    }
}

mw_node *mw_op_pool(mw_tape *t, mw_node *const in[5], mw_sequence *seq, int m, mw_real **weights)
{
    mw_op *op = mw_tape_op(t, (size_t)t->n, in[0]->cols);

    op->forward = pool_forward;
    op->backward = pool_backward;
    for (int i = 0; i < 5; i++)
        op->in[i] = in[i];
    op->seq = seq;
    op->index = m;
    op->saved = *weights = mw_tape_alloc(t, (size_t)t->n * seq->capacity, sizeof(mw_real));
    op->scratch = mw_tape_alloc(t, seq->capacity, sizeof(mw_real));
    return op->out;
}

static void mean_forward(mw_tape *t, mw_op *op)
{
    const size_t d = op->out->cols;

    memset(op->out->v, 0, op->out->rows * d * sizeof(mw_real));
    for (int i = 0; i < t->n; i++) {
        int from;
        const int n = range(op->seq, op->index, i, &from);
        mw_real *z = op->out->v + (size_t)i * d;

        for (int j = 0; j < n; j++)
            mw_rows()->axpy(z, 1 / (mw_real)n,
                            op->in[0]->v + ((size_t)i * op->seq->capacity + (size_t)(from + j)) * d,
                            d);
    }
}

static void mean_backward(mw_tape *t, mw_op *op)
{
    const size_t d = op->out->cols;
    mw_real *gx = mw_node_gradient(op->in[0]);

    for (int i = 0; i < t->n; i++) {
        int from;
        const int n = range(op->seq, op->index, i, &from);

        for (int j = 0; j < n; j++)
            mw_rows()->axpy(gx + ((size_t)i * op->seq->capacity + (size_t)(from + j)) * d,
                            1 / (mw_real)n, op->out->g + (size_t)i * d, d);
    }
}

mw_node *mw_op_mean(mw_tape *t, mw_node *x, mw_sequence *seq, int m)
{
    mw_op *op = mw_tape_op(t, (size_t)t->n, x->cols);

    op->forward = mean_forward;
    op->backward = mean_backward;
    op->in[0] = x;
    op->seq = seq;
    op->index = m;
    return op->out;
}
