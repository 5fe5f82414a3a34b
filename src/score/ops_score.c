/* SPDX-License-Identifier: Apache-2.0
 *
 * The score and its uses on tokens, weighted sums of unimodal results, the low-rank product.
 */
#include "score/tape.h"

#include <string.h>

/* ---- score ---- */

static void score_forward(mw_tape *t, mw_op *op)
{
    const uint8_t *mask = mw_slice_mask(t->slice, op->modality);

    for (size_t i = 0; i < op->out->rows; i++)
        op->out->v[i] = mask[i] ? mw_real_sigmoid(op->in[0]->v[i]) : 0;
}

/* Where the mask is 0 the score is 0, and so is its slope. */
static void score_backward(mw_tape *t, mw_op *op)
{
    const mw_real *s = op->out->v;
    mw_real *g = mw_node_gradient(op->in[0]);

    (void)t;
    for (size_t i = 0; i < op->out->rows; i++)
        g[i] += op->out->g[i] * s[i] * (1 - s[i]);
}

mw_node *mw_op_score(mw_tape *t, mw_node *x, int modality)
{
    mw_op *op = mw_tape_op(t, x->rows, 1);

    op->forward = score_forward;
    op->backward = score_backward;
    op->in[0] = x;
    op->modality = modality;
    return op->out;
}

static void given_forward(mw_tape *t, mw_op *op)
{
    const mw_slice *s = t->slice;
    const float *given = mw_slice_tokens_of(s, s->batch->score[op->modality], op->modality);
    const uint8_t *mask = mw_slice_mask(s, op->modality);
    const size_t n = op->out->cols;

    op->flag = given != NULL;
    for (size_t i = 0; i < op->out->rows; i++) {
        for (size_t j = 0; j < n; j++) {
            const mw_real v = given ? (mw_real)given[i] : op->in[0] ? op->in[0]->v[i * n + j] : 1;

            op->out->v[i * n + j] = mask[i] ? v : 0;
        }
    }
}

static void given_backward(mw_tape *t, mw_op *op)
{
    const uint8_t *mask = mw_slice_mask(t->slice, op->modality);
    const size_t n = op->out->cols;
    mw_real *g;

    if (op->flag || !op->in[0]) return;
    g = mw_node_gradient(op->in[0]);
    for (size_t i = 0; i < op->out->rows; i++)
        if (mask[i]) mw_rows()->axpy(g + i * n, 1, op->out->g + i * n, n);
}

mw_node *mw_op_given(mw_tape *t, mw_node *own, size_t tokens, int modality)
{
    mw_op *op = mw_tape_op(t, (size_t)t->n * tokens, own ? own->cols : 1);

    op->forward = given_forward;
    op->backward = given_backward;
    op->in[0] = own;
    op->modality = modality;
    return op->out;
}

/* ---- emphasis ---- */

/* Design trap: after a layer normalisation a factor c > 0 on a whole row is invisible, LN(c x) =
 * LN(x). Emphasis by a scalar score therefore reaches the output only through residual paths and
 * the vectors added behind it; the score per channel of AV-RelScore does not suffer from that. */
static void emphasis_forward(mw_tape *t, mw_op *op)
{
    const mw_node *h = op->in[0], *s = op->in[1];
    const mw_real gamma = op->in[2] ? op->in[2]->v[0] : 1;
    const size_t d = h->cols;

    (void)t;
    for (size_t i = 0; i < h->rows; i++) {
        const mw_real *row = h->v + i * d;
        mw_real *y = op->out->v + i * d;

        if (s->cols == 1) {
            const mw_real factor = 1 + gamma * s->v[i];

            for (size_t j = 0; j < d; j++)
                y[j] = factor * row[j];
        } else {
            for (size_t j = 0; j < d; j++)
                y[j] = (1 + gamma * s->v[i * d + j]) * row[j];
        }
    }
}

static void emphasis_backward(mw_tape *t, mw_op *op)
{
    mw_node *h = op->in[0], *s = op->in[1], *gamma = op->in[2];
    const mw_real c = gamma ? gamma->v[0] : 1;
    mw_real *gh = mw_node_gradient(h), *gs = mw_node_gradient(s);
    mw_real *gc = gamma ? mw_node_gradient(gamma) : NULL;
    const size_t d = h->cols;

    (void)t;
    for (size_t i = 0; i < h->rows; i++) {
        const mw_real *g = op->out->g + i * d, *row = h->v + i * d;

        if (s->cols == 1) {
            const mw_real dot = mw_rows()->dot(g, row, d);

            mw_rows()->axpy(gh + i * d, 1 + c * s->v[i], g, d);
            gs[i] += c * dot;
            if (gc) gc[0] += s->v[i] * dot;
            continue;
        }
        for (size_t j = 0; j < d; j++) {
            gh[i * d + j] += (1 + c * s->v[i * d + j]) * g[j];
            gs[i * d + j] += c * g[j] * row[j];
            if (gc) gc[0] += s->v[i * d + j] * g[j] * row[j];
        }
    }
}

mw_node *mw_op_emphasis(mw_tape *t, mw_node *h, mw_node *s, mw_node *gamma)
{
    mw_op *op = mw_tape_op(t, h->rows, h->cols);

    op->forward = emphasis_forward;
    op->backward = emphasis_backward;
    op->in[0] = h;
    op->in[1] = s;
    op->in[2] = gamma;
    return op->out;
}

/* ---- replacement ---- */

static void replace_forward(mw_tape *t, mw_op *op)
{
    const mw_node *h = op->in[0], *s = op->in[1];
    const size_t d = h->cols;
    const mw_real *missing = op->in[2]->v + (size_t)op->modality * d;
    const uint8_t *mask = mw_slice_mask(t->slice, op->modality);

    memset(op->out->v, 0, h->rows * d * sizeof(mw_real));
    for (size_t i = 0; i < h->rows; i++) {
        if (!mask[i]) continue;
        mw_rows()->axpy(op->out->v + i * d, s->v[i], h->v + i * d, d);
        mw_rows()->axpy(op->out->v + i * d, 1 - s->v[i], missing, d);
    }
}

static void replace_backward(mw_tape *t, mw_op *op)
{
    mw_node *h = op->in[0], *s = op->in[1];
    const size_t d = h->cols, first = (size_t)op->modality * d;
    const mw_real *missing = op->in[2]->v + first;
    const uint8_t *mask = mw_slice_mask(t->slice, op->modality);
    mw_real *gh = mw_node_gradient(h), *gs = mw_node_gradient(s);
    mw_real *gm = mw_node_gradient(op->in[2]) + first;

    for (size_t i = 0; i < h->rows; i++) {
        const mw_real *g = op->out->g + i * d;

        if (!mask[i]) continue;
        mw_rows()->axpy(gh + i * d, s->v[i], g, d);
        mw_rows()->axpy(gm, 1 - s->v[i], g, d);
        gs[i] += mw_rows()->dot(g, h->v + i * d, d) - mw_rows()->dot(g, missing, d);
    }
}

mw_node *mw_op_replace(mw_tape *t, mw_node *h, mw_node *s, mw_node *missing, int modality)
{
    mw_op *op = mw_tape_op(t, h->rows, h->cols);

    op->forward = replace_forward;
    op->backward = replace_backward;
    op->in[0] = h;
    op->in[1] = s;
    op->in[2] = missing;
    op->modality = modality;
    return op->out;
}

/* ---- weighted sum of unimodal results ---- */

/* Shares of clip i: softmax of w over the modalities that it has, 0 elsewhere. */
static void late_shares(const mw_tape *t, const mw_op *op, int i, mw_real a[MW_NET_MAX_MODALITIES])
{
    mw_real logit[MW_NET_MAX_MODALITIES];
    size_t n = 0;

    for (int m = 0; m < op->n_in; m++)
        if (mw_slice_has(t->slice, m, i)) logit[n++] = op->in[op->n_in]->v[m];
    if (n) mw_rows()->softmax(logit, n, 1, NULL, 0);
    n = 0;
    for (int m = 0; m < op->n_in; m++)
        a[m] = mw_slice_has(t->slice, m, i) ? logit[n++] : 0;
}

static void late_forward(mw_tape *t, mw_op *op)
{
    const size_t n = op->out->cols;

    memset(op->out->v, 0, op->out->rows * n * sizeof(mw_real));
    for (int i = 0; i < t->n; i++) {
        mw_real a[MW_NET_MAX_MODALITIES];

        late_shares(t, op, i, a);
        for (int m = 0; m < op->n_in; m++)
            mw_rows()->axpy(op->out->v + (size_t)i * n, a[m], op->in[m]->v + (size_t)i * n, n);
    }
}

static void late_backward(mw_tape *t, mw_op *op)
{
    const size_t n = op->out->cols;
    mw_real *gw = mw_node_gradient(op->in[op->n_in]);

    for (int i = 0; i < t->n; i++) {
        const mw_real *g = op->out->g + (size_t)i * n;
        mw_real a[MW_NET_MAX_MODALITIES], da[MW_NET_MAX_MODALITIES], mean = 0;

        late_shares(t, op, i, a);
        for (int m = 0; m < op->n_in; m++) {
            mw_rows()->axpy(mw_node_gradient(op->in[m]) + (size_t)i * n, a[m], g, n);
            da[m] = mw_rows()->dot(g, op->in[m]->v + (size_t)i * n, n);
            mean += a[m] * da[m];
        }
        for (int m = 0; m < op->n_in; m++)
            gw[m] += a[m] * (da[m] - mean);
    }
}

mw_node *mw_op_late(mw_tape *t, mw_node *const *y, mw_node *w, int n)
{
    mw_op *op = mw_tape_op(t, y[0]->rows, y[0]->cols);

    op->forward = late_forward;
    op->backward = late_backward;
    for (int m = 0; m < n; m++)
        op->in[m] = y[m];
    op->in[n] = w;
    op->n_in = n;
    return op->out;
}

/* ---- low-rank product ---- */

/* in: z per modality, factors per modality, weights, bias. size: rank, d. saved: the modalities'
 * parts [m][clip][rank][o]. */
static mw_real *part(const mw_op *op, int m, int i)
{
    const size_t n = op->size[0] * op->out->cols;

    return op->saved + ((size_t)m * op->out->rows + (size_t)i) * n;
}

static void low_rank_forward(mw_tape *t, mw_op *op)
{
    const size_t rank = op->size[0], d = op->size[1], o = op->out->cols;
    const mw_node *w = op->in[2 * op->n_in], *b = op->in[2 * op->n_in + 1];

    for (int i = 0; i < t->n; i++) {
        mw_real *y = op->out->v + (size_t)i * o;

        memcpy(y, b->v, o * sizeof *y);
        for (int m = 0; m < op->n_in; m++) {
            const mw_real *z = op->in[m]->v + (size_t)i * d, *f = op->in[op->n_in + m]->v;
            mw_real *p = part(op, m, i);

            for (size_t r = 0; r < rank; r++, f += (d + 1) * o, p += o) {
                memcpy(p, f + d * o, o * sizeof *p);
                for (size_t j = 0; j < d; j++)
                    mw_rows()->axpy(p, z[j], f + j * o, o);
            }
        }
        for (size_t k = 0; k < rank * o; k++) {
            mw_real all = w->v[k / o];

            for (int m = 0; m < op->n_in; m++)
                all *= part(op, m, i)[k];
            y[k % o] += all;
        }
    }
}

static void low_rank_clip_back(mw_op *op, int i)
{
    const size_t rank = op->size[0], d = op->size[1], o = op->out->cols;
    mw_node *w = op->in[2 * op->n_in];
    const mw_real *g = op->out->g + (size_t)i * o;
    mw_real *gw = mw_node_gradient(w);

    for (size_t k = 0; k < rank * o; k++) {
        mw_real all = 1;

        for (int m = 0; m < op->n_in; m++)
            all *= part(op, m, i)[k];
        gw[k / o] += g[k % o] * all;
        for (int m = 0; m < op->n_in; m++) {
            mw_node *z = op->in[m], *f = op->in[op->n_in + m];
            mw_real *gz = mw_node_gradient(z) + (size_t)i * d, *gf = mw_node_gradient(f);
            const size_t first = k / o * (d + 1) * o + k % o;
            mw_real q = g[k % o] * w->v[k / o];

            for (int other = 0; other < op->n_in; other++)
                if (other != m) q *= part(op, other, i)[k];
            for (size_t j = 0; j < d; j++) {
                gz[j] += q * f->v[first + j * o];
                gf[first + j * o] += q * z->v[(size_t)i * d + j];
            }
            gf[first + d * o] += q;
        }
    }
}

static void low_rank_backward(mw_tape *t, mw_op *op)
{
    mw_real *gb = mw_node_gradient(op->in[2 * op->n_in + 1]);

    for (int i = 0; i < t->n; i++) {
        mw_rows()->axpy(gb, 1, op->out->g + (size_t)i * op->out->cols, op->out->cols);
        low_rank_clip_back(op, i);
    }
}

mw_node *mw_op_low_rank(mw_tape *t, mw_node *const *z, mw_node *const *factor, int n, mw_node *w,
                        mw_node *b)
{
    const size_t rank = w->cols;
    mw_op *op = mw_tape_op(t, z[0]->rows, b->cols);

    op->forward = low_rank_forward;
    op->backward = low_rank_backward;
    for (int m = 0; m < n; m++) {
        op->in[m] = z[m];
        op->in[n + m] = factor[m];
    }
    op->in[2 * n] = w;
    op->in[2 * n + 1] = b;
    op->n_in = n;
    op->size[0] = rank;
    op->size[1] = z[0]->cols;
    op->saved = mw_tape_alloc(t, (size_t)n * z[0]->rows * rank * b->cols, sizeof(mw_real));
    return op->out;
}
