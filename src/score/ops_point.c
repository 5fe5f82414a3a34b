/* SPDX-License-Identifier: Apache-2.0
 *
 * Input, element by element operations, dropout, normalisation.
 */
#include "score/tape.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

/* ---- input ---- */

static void input_forward(mw_tape *t, mw_op *op)
{
    const mw_slice *s = t->slice;
    const size_t per_clip = op->size[0] * op->size[1];
    const float *x = s->batch->x[op->modality] + s->first * per_clip;

#ifdef MW_REAL_DOUBLE
    for (size_t i = 0; i < (size_t)s->n * per_clip; i++)
        op->saved[i] = x[i];
    op->out->v = op->saved;
#else
    /* read only from here on: without a gradient nothing writes to it */
    union {
        const float *in;
        float *out;
    } borrowed = { .in = x };

    op->out->v = borrowed.out;
#endif
}

mw_node *mw_op_input(mw_tape *t, int modality, size_t tokens, size_t values)
{
    mw_op *op = mw_tape_op(t, 0, 0);

    op->forward = input_forward;
    op->modality = modality;
    op->size[0] = tokens;
    op->size[1] = values;
    op->out->rows = (size_t)t->n * tokens;
    op->out->cols = values;
#ifdef MW_REAL_DOUBLE
    op->saved = mw_tape_alloc(t, op->out->rows * values, sizeof(mw_real));
#endif
    return op->out;
}

/* ---- one input, one output ---- */

static mw_node *unary(mw_tape *t, mw_node *x, void (*forward)(mw_tape *, mw_op *),
                      void (*backward)(mw_tape *, mw_op *))
{
    mw_op *op = mw_tape_op(t, x->rows, x->cols);

    op->forward = forward;
    op->backward = backward;
    op->in[0] = x;
    return op->out;
}

static size_t n_of(const mw_node *x)
{
    return x->rows * x->cols;
}

static void relu_forward(mw_tape *t, mw_op *op)
{
    const mw_real *x = op->in[0]->v;

    (void)t;
    for (size_t i = 0; i < n_of(op->out); i++)
        op->out->v[i] = x[i] > 0 ? x[i] : 0;
}

static void relu_backward(mw_tape *t, mw_op *op)
{
    mw_real *g = mw_node_gradient(op->in[0]);

    (void)t;
    for (size_t i = 0; i < n_of(op->out); i++)
        g[i] += op->out->v[i] > 0 ? op->out->g[i] : 0;
}

mw_node *mw_op_relu(mw_tape *t, mw_node *x)
{
    return unary(t, x, relu_forward, relu_backward);
}

static void gelu_forward(mw_tape *t, mw_op *op)
{
    (void)t;
    mw_rows()->gelu(op->out->v, op->in[0]->v, n_of(op->out));
}

static void gelu_backward(mw_tape *t, mw_op *op)
{
    int add;
    mw_real *g = mw_node_gradient_or(op->in[0], &add);

    (void)t;
    mw_rows()->gelu_back(g, op->out->g, op->in[0]->v, n_of(op->out), add);
}

mw_node *mw_op_gelu(mw_tape *t, mw_node *x)
{
    return unary(t, x, gelu_forward, gelu_backward);
}

static void scale_forward(mw_tape *t, mw_op *op)
{
    (void)t;
    memset(op->out->v, 0, n_of(op->out) * sizeof(mw_real));
    mw_rows()->axpy(op->out->v, (mw_real)op->value, op->in[0]->v, n_of(op->out));
}

static void scale_backward(mw_tape *t, mw_op *op)
{
    (void)t;
    mw_rows()->axpy(mw_node_gradient(op->in[0]), (mw_real)op->value, op->out->g, n_of(op->out));
}

mw_node *mw_op_scale(mw_tape *t, mw_node *x, double by)
{
    mw_node *y = unary(t, x, scale_forward, scale_backward);

    if (t->n_ops) t->ops[t->n_ops - 1].value = by;
    return y;
}

/* ---- two inputs ---- */

static mw_node *binary(mw_tape *t, mw_node *x, mw_node *y, void (*forward)(mw_tape *, mw_op *),
                       void (*backward)(mw_tape *, mw_op *))
{
    mw_op *op = mw_tape_op(t, x->rows, x->cols);

    op->forward = forward;
    op->backward = backward;
    op->in[0] = x;
    op->in[1] = y;
    return op->out;
}

static void add_forward(mw_tape *t, mw_op *op)
{
    (void)t;
    memcpy(op->out->v, op->in[0]->v, n_of(op->out) * sizeof(mw_real));
    mw_rows()->axpy(op->out->v, 1, op->in[1]->v, n_of(op->out));
}

static void send(mw_node *to, const mw_node *from)
{
    int add;
    mw_real *g = mw_node_gradient_or(to, &add);

    if (add)
        mw_rows()->axpy(g, 1, from->g, n_of(from));
    else
        memcpy(g, from->g, n_of(from) * sizeof *g);
}

static void add_backward(mw_tape *t, mw_op *op)
{
    (void)t;
    send(op->in[0], op->out);
    send(op->in[1], op->out);
}

mw_node *mw_op_add(mw_tape *t, mw_node *x, mw_node *y)
{
    return binary(t, x, y, add_forward, add_backward);
}

static void times_forward(mw_tape *t, mw_op *op)
{
    (void)t;
    mw_rows()->product(op->out->v, op->in[0]->v, op->in[1]->v, n_of(op->out), 0);
}

static void times_backward(mw_tape *t, mw_op *op)
{
    (void)t;
    for (int i = 0; i < 2; i++) {
        int add;
        mw_real *g = mw_node_gradient_or(op->in[i], &add);

        mw_rows()->product(g, op->out->g, op->in[1 - i]->v, n_of(op->out), add);
    }
}

mw_node *mw_op_times(mw_tape *t, mw_node *x, mw_node *y)
{
    return binary(t, x, y, times_forward, times_backward);
}

/* ---- side by side ---- */

static void beside_forward(mw_tape *t, mw_op *op)
{
    const size_t cols = op->out->cols;
    size_t at = 0;

    (void)t;
    for (int k = 0; k < op->n_in; k++) {
        const mw_node *x = op->in[k];

        for (size_t i = 0; i < x->rows; i++)
            memcpy(op->out->v + i * cols + at, x->v + i * x->cols, x->cols * sizeof(mw_real));
        at += x->cols;
    }
}

static void beside_backward(mw_tape *t, mw_op *op)
{
    const size_t cols = op->out->cols;
    size_t at = 0;

    (void)t;
    for (int k = 0; k < op->n_in; k++) {
        mw_node *x = op->in[k];
        mw_real *g = mw_node_gradient(x);

        for (size_t i = 0; i < x->rows; i++)
            mw_rows()->axpy(g + i * x->cols, 1, op->out->g + i * cols + at, x->cols);
        at += x->cols;
    }
}

mw_node *mw_op_beside(mw_tape *t, mw_node *const *x, int n)
{
    size_t cols = 0;
    mw_op *op;

    for (int k = 0; k < n; k++)
        cols += x[k]->cols;
    op = mw_tape_op(t, x[0]->rows, cols);
    op->forward = beside_forward;
    op->backward = beside_backward;
    op->n_in = n;
    for (int k = 0; k < n; k++)
        op->in[k] = x[k];
    return op->out;
}

/* ---- dropout ---- */

/* Factors 0 or 1 / (1 - p) of one clip. Eight 16-bit numbers come from each Philox block of the
 * network's seed and the counter (block, clip of the batch, operation, step): the same for any
 * number of threads, and p is a multiple of 2^-16. */
static void dropout_factors(mw_real *f, size_t n, const uint32_t key[2], const uint32_t ctr[4],
                            double p)
{
    const uint32_t limit = (uint32_t)(p * 65536 + 0.5);
    const mw_real keep = (mw_real)(65536.0 / (65536.0 - limit));
    uint32_t c[4] = { 0, ctr[1], ctr[2], ctr[3] };

    for (size_t i = 0; i < n; i += 8, c[0]++) {
        uint32_t out[4];

        mw_philox4x32(out, c, key);
        for (size_t k = 0; k < 8 && i + k < n; k++)
            f[i + k] = (out[k / 2] >> (k & 1 ? 16 : 0) & 0xffff) < limit ? 0 : keep;
    }
}

/* saved: the factors */
static void dropout_forward(mw_tape *t, mw_op *op)
{
    const mw_slice *s = t->slice;
    const uint64_t seed = s->seed ^ UINT64_C(0x9e3779b97f4a7c15) ^ (s->step >> 32 << 16);
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    const size_t per_clip = n_of(op->out) / (size_t)t->n;

    if (!s->training) {
        memcpy(op->out->v, op->in[0]->v, n_of(op->out) * sizeof(mw_real));
        return;
    }
    for (int i = 0; i < t->n; i++) {
        const uint32_t ctr[4] = { 0, (uint32_t)(s->first + (size_t)i), (uint32_t)op->index,
                                  (uint32_t)s->step };

        dropout_factors(op->saved + (size_t)i * per_clip, per_clip, key, ctr, op->value);
    }
    mw_rows()->product(op->out->v, op->in[0]->v, op->saved, n_of(op->out), 0);
}

static void dropout_backward(mw_tape *t, mw_op *op)
{
    int add;
    mw_real *g;

    if (!t->slice->training) {
        send(op->in[0], op->out);
        return;
    }
    g = mw_node_gradient_or(op->in[0], &add);
    mw_rows()->product(g, op->out->g, op->saved, n_of(op->out), add);
}

mw_node *mw_op_dropout(mw_tape *t, mw_node *x, double p)
{
    mw_op *op;

    if (!(p > 0)) return x;
    op = mw_tape_op(t, x->rows, x->cols);
    op->forward = dropout_forward;
    op->backward = dropout_backward;
    op->in[0] = x;
    op->value = p;
    op->index = t->n_dropouts++;
    op->saved = mw_tape_alloc(t, x->rows * x->cols, sizeof(mw_real));
    return op->out;
}
