/* SPDX-License-Identifier: Apache-2.0
 *
 * Multi-head attention over the valid tokens of each clip. Keys and values are turned once per clip
 * and head, so that all six products run along rows; rows of weights are padded to whole vectors.
 */
#include "score/tape.h"

#include <string.h>

#include "base/fmath.h"

/* in: q, k, v, logs, beta; index: element of beta; flag: heads.
 * size: query rows, key rows, pitch of weights, width of a head.
 * saved: weights [clip][head][query][pitch]. scratch: turned keys or values [width][pitch],
 * gradient of the weights [query][pitch], sums [pitch]. value: 1 / sqrt(width of a head). */
enum { ROUND = 16 };

static int n_queries(const mw_op *op, int i)
{
    return op->seq ? op->seq->count[i] : (int)op->size[0];
}

static mw_real *weights_of(const mw_op *op, int i, int head)
{
    return op->saved + ((size_t)i * (size_t)op->flag + (size_t)head) * op->size[0] * op->size[2];
}

/* Keys or values of a head, turned, zeros up to a multiple of ROUND. Returns that multiple. */
static size_t turn(const mw_op *op, const mw_real *x, size_t n)
{
    const size_t d = op->out->cols, pitch = op->size[2], width = op->size[3];
    const size_t whole = (n + ROUND - 1) / ROUND * ROUND;

    for (size_t j = 0; j < width; j++)
        memset(op->scratch + j * pitch + n, 0, (whole - n) * sizeof(mw_real));
    mw_rows()->transpose(op->scratch, pitch, x, d, n, width);
    return whole;
}

static void head_forward(mw_tape *t, mw_op *op, int i, int head)
{
    const size_t d = op->out->cols, pitch = op->size[2], width = op->size[3];
    const size_t n_q = (size_t)n_queries(op, i), n_k = (size_t)op->keys->count[i];
    const size_t q0 = (size_t)i * op->size[0], k0 = (size_t)i * op->size[1];
    const size_t column = (size_t)head * width;
    const mw_node *logs = op->in[3];
    mw_real *a = weights_of(op, i, head);
    mw_gemm_shape s = { .m = n_q, .k = width, .a_row = d, .a_col = 1, .ldb = pitch, .ldc = pitch };

    (void)t;
    s.n = turn(op, op->in[1]->v + k0 * d + column, n_k);
    mw_product(&s, op->in[0]->v + q0 * d + column, op->scratch, a);
    for (size_t r = 0; r < n_q; r++) {
        mw_real *row = a + r * pitch;

        mw_rows()->softmax(row, n_k, (mw_real)op->value, logs ? logs->v + k0 : NULL,
                           logs ? op->in[4]->v[op->index] : 0);
        memset(row + n_k, 0, (s.n - n_k) * sizeof *row);
    }
    s = (mw_gemm_shape){
        .m = n_q, .n = width, .k = n_k, .a_row = pitch, .a_col = 1, .ldb = d, .ldc = d
    };
    mw_product(&s, a, op->in[2]->v + k0 * d + column, op->out->v + q0 * d + column);
}

static void attention_forward(mw_tape *t, mw_op *op)
{
    const size_t d = op->out->cols, rows = op->size[0];

    for (int i = 0; i < t->n; i++) {
        const size_t n_q = (size_t)n_queries(op, i);
        mw_real *out = op->out->v + (size_t)i * rows * d;

        if (!op->keys->count[i]) {
            memset(out, 0, rows * d * sizeof *out);
            continue;
        }
        for (int h = 0; h < op->flag; h++)
            head_forward(t, op, i, h);
        memset(out + n_q * d, 0, (rows - n_q) * d * sizeof *out);
    }
}

typedef struct gradients {
    mw_real *q, *k, *v, *logs, *beta;
} gradients;

/* dA into scratch, then dl in its place; sums over queries of dl for the score. */
static mw_real *logits_back(mw_op *op, int i, int head, const gradients *to)
{
    const size_t d = op->out->cols, pitch = op->size[2], width = op->size[3];
    const size_t n_q = (size_t)n_queries(op, i), n_k = (size_t)op->keys->count[i];
    const size_t q0 = (size_t)i * op->size[0], k0 = (size_t)i * op->size[1];
    const mw_real *a = weights_of(op, i, head);
    mw_real *da = op->scratch + width * pitch, *sum = da + op->size[0] * pitch;
    mw_gemm_shape s = { .m = n_q, .k = width, .a_row = d, .a_col = 1, .ldb = pitch, .ldc = pitch };

    s.n = turn(op, op->in[2]->v + k0 * d + (size_t)head * width, n_k);
    mw_product(&s, op->out->g + q0 * d + (size_t)head * width, op->scratch, da);
    memset(sum, 0, n_k * sizeof *sum);
    for (size_t r = 0; r < n_q; r++)
        mw_rows()->softmax_back(da + r * pitch, a + r * pitch, n_k, (mw_real)op->value,
                                to->logs ? sum : NULL);
    if (to->logs) {
        const mw_real *logs = op->in[3]->v + k0;

        mw_rows()->axpy(to->logs + k0, op->in[4]->v[op->index], sum, n_k);
        to->beta[op->index] += mw_rows()->dot(sum, logs, n_k);
    }
    return da;
}

static void head_backward(mw_op *op, int i, int head, const gradients *to)
{
    const size_t d = op->out->cols, pitch = op->size[2], width = op->size[3];
    const size_t n_q = (size_t)n_queries(op, i), n_k = (size_t)op->keys->count[i];
    const size_t q0 = (size_t)i * op->size[0] * d + (size_t)head * width;
    const size_t k0 = (size_t)i * op->size[1] * d + (size_t)head * width;
    const mw_real *dl = logits_back(op, i, head, to);
    mw_gemm_shape s = {
        .m = n_k, .n = width, .k = n_q, .a_row = 1, .a_col = pitch, .ldb = d, .ldc = d, .add = 1
    };

    mw_product(&s, weights_of(op, i, head), op->out->g + q0, to->v + k0);
    mw_product(&s, dl, op->in[0]->v + q0, to->k + k0);
    s = (mw_gemm_shape){
        .m = n_q, .n = width, .k = n_k, .a_row = pitch, .a_col = 1, .ldb = d, .ldc = d, .add = 1
    };
    mw_product(&s, dl, op->in[1]->v + k0, to->q + q0);
}

static void attention_backward(mw_tape *t, mw_op *op)
{
    const gradients to = { mw_node_gradient(op->in[0]), mw_node_gradient(op->in[1]),
                           mw_node_gradient(op->in[2]),
                           op->in[3] ? mw_node_gradient(op->in[3]) : NULL,
                           op->in[3] ? mw_node_gradient(op->in[4]) : NULL };

    for (int i = 0; i < t->n; i++)
        for (int h = 0; h < op->flag && op->keys->count[i]; h++)
            head_backward(op, i, h, &to);
}

mw_node *mw_op_attention(mw_tape *t, const mw_attention *a)
{
    const size_t clips = (size_t)t->n, d = a->q->cols, width = d / (size_t)a->heads;
    const size_t rows = a->q->rows / clips, keys = a->k->rows / clips;
    /* an odd number of cache lines: rows do not compete for the same place in the cache */
    const size_t pitch = ((keys + ROUND - 1) / ROUND | 1) * ROUND;
    mw_op *op = mw_tape_op(t, a->q->rows, d);

    op->forward = attention_forward;
    op->backward = attention_backward;
    op->in[0] = a->q;
    op->in[1] = a->k;
    op->in[2] = a->v;
    op->in[3] = a->logs;
    op->in[4] = a->beta;
    op->index = a->index;
    op->flag = a->heads;
    op->seq = a->queries;
    op->keys = a->keys;
    op->size[0] = rows;
    op->size[1] = keys;
    op->size[2] = pitch;
    op->size[3] = width;
    op->value = 1 / sqrt((double)width);
    op->saved = mw_tape_alloc(t, clips * (size_t)a->heads * rows * pitch, sizeof(mw_real));
    op->scratch = mw_tape_alloc(t, (width + rows + 1) * pitch, sizeof(mw_real));
    return op->out;
}
