/* SPDX-License-Identifier: Apache-2.0
 *
 * Linear maps and convolutions over tokens. Everything is a call of the matrix product: transposed
 * weights are made once per call, a convolution reads rows of a padded copy as an overlapping view
 * ([tokens][taps in] with a step of in), so that all taps are one product.
 */
#include "score/tape.h"

#include <string.h>

static void fill_rows(mw_real *y, const mw_real *row, size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(y + i * cols, row, cols * sizeof *y);
}

/* ---- linear ---- */

/* size: in, out. scratch: weights transposed. */
static void linear_forward(mw_tape *t, mw_op *op)
{
    const mw_node *x = op->in[0], *w = op->in[1], *b = op->in[2];
    const size_t in = x->cols, out = w->rows;
    const mw_gemm_shape s = {
        .m = x->rows, .n = out, .k = in, .a_row = in, .a_col = 1, .ldb = out, .ldc = out, .add = 1
    };

    (void)t;
    mw_rows()->transpose(op->scratch, out, w->v, in, out, in);
    fill_rows(op->out->v, b->v, x->rows, out);
    mw_product(&s, x->v, op->scratch, op->out->v);
}

static void linear_backward(mw_tape *t, mw_op *op)
{
    mw_node *x = op->in[0], *w = op->in[1];
    const mw_real *g = op->out->g;
    const size_t in = x->cols, out = w->rows;
    int add;
    mw_gemm_shape s = {
        .m = out, .n = in, .k = x->rows, .a_row = 1, .a_col = out, .ldb = in, .ldc = in
    };
    mw_real *gw = mw_node_gradient_or(w, &add);

    (void)t;
    s.add = add;
    mw_product(&s, g, x->v, gw);
    mw_rows()->col_sums(mw_node_gradient(op->in[2]), g, x->rows, out);
    if (!x->g) return;
    s = (mw_gemm_shape){
        .m = x->rows, .n = in, .k = out, .a_row = out, .a_col = 1, .ldb = in, .ldc = in
    };
    mw_real *gx = mw_node_gradient_or(x, &s.add);
    mw_product(&s, g, w->v, gx);
}

mw_node *mw_op_linear(mw_tape *t, mw_node *x, mw_node *w, mw_node *b)
{
    mw_op *op = mw_tape_op(t, x->rows, w->rows);

    op->forward = linear_forward;
    op->backward = linear_backward;
    op->in[0] = x;
    op->in[1] = w;
    op->in[2] = b;
    op->scratch = mw_tape_alloc(t, w->rows * w->cols, sizeof(mw_real));
    return op->out;
}

/* ---- convolution ---- */

/* saved: x of each clip between (taps - 1) / 2 zero rows on both sides; scratch: the same for one
 * clip's gradient, then the weights turned for the way back, [taps out][in]. size: tokens, taps,
 * padded rows. */
static void pad_clip(mw_real *to, const mw_real *from, size_t tokens, size_t cols, size_t taps)
{
    const size_t margin = taps / 2 * cols;

    memset(to, 0, margin * sizeof *to);
    memcpy(to + margin, from, tokens * cols * sizeof *to);
    memset(to + margin + tokens * cols, 0, margin * sizeof *to);
}

static void conv_forward(mw_tape *t, mw_op *op)
{
    const mw_node *x = op->in[0], *w = op->in[1], *b = op->in[2];
    const size_t in = x->cols, out = w->cols, tokens = op->size[0], taps = op->size[1];
    const mw_gemm_shape s = { .m = tokens,
                              .n = out,
                              .k = taps * in,
                              .a_row = in,
                              .a_col = 1,
                              .ldb = out,
                              .ldc = out,
                              .add = 1 };

    fill_rows(op->out->v, b->v, x->rows, out);
    for (int i = 0; i < t->n; i++) {
        mw_real *padded = op->saved + (size_t)i * op->size[2] * in;

        pad_clip(padded, x->v + (size_t)i * tokens * in, tokens, in, taps);
        mw_product(&s, padded, w->v, op->out->v + (size_t)i * tokens * out);
    }
}

/* Tap k reads token t + k - taps / 2; so on the way back tap taps - 1 - k does. */
static void turn_weights(mw_real *to, const mw_real *w, size_t taps, size_t in, size_t out)
{
    for (size_t k = 0; k < taps; k++)
        mw_rows()->transpose(to + (taps - 1 - k) * out * in, in, w + k * in * out, out, in, out);
}

static void conv_backward(mw_tape *t, mw_op *op)
{
    mw_node *x = op->in[0], *w = op->in[1];
    const mw_real *g = op->out->g;
    const size_t in = x->cols, out = w->cols, tokens = op->size[0], taps = op->size[1];
    mw_real *turned = op->scratch + op->size[2] * out;
    mw_gemm_shape of_w = {
        .m = taps * in, .n = out, .k = tokens, .a_row = 1, .a_col = in, .ldb = out, .ldc = out
    };
    mw_gemm_shape of_x = {
        .m = tokens, .n = in, .k = taps * out, .a_row = out, .a_col = 1, .ldb = in, .ldc = in
    };
    mw_real *gw = mw_node_gradient_or(w, &of_w.add), *gx = NULL;

    mw_rows()->col_sums(mw_node_gradient(op->in[2]), g, x->rows, out);
    if (x->g) {
        gx = mw_node_gradient_or(x, &of_x.add);
        turn_weights(turned, w->v, taps, in, out);
    }
    for (int i = 0; i < t->n; i++) {
        const mw_real *gi = g + (size_t)i * tokens * out;

        mw_product(&of_w, op->saved + (size_t)i * op->size[2] * in, gi, gw);
        of_w.add = 1;
        if (!gx) continue;
        pad_clip(op->scratch, gi, tokens, out, taps);
        mw_product(&of_x, op->scratch, turned, gx + (size_t)i * tokens * in);
    }
}

mw_node *mw_op_conv(mw_tape *t, mw_node *x, mw_node *w, mw_node *b, int taps)
{
    const size_t out = w->cols, tokens = x->rows / (size_t)t->n;
    const size_t padded = tokens + (size_t)taps - 1;
    mw_op *op = mw_tape_op(t, x->rows, out);

    op->forward = conv_forward;
    op->backward = conv_backward;
    op->in[0] = x;
    op->in[1] = w;
    op->in[2] = b;
    op->size[0] = tokens;
    op->size[1] = (size_t)taps;
    op->size[2] = padded;
    op->saved = mw_tape_alloc(t, (size_t)t->n * padded * x->cols, sizeof(mw_real));
    op->scratch = mw_tape_alloc(t, padded * out + (size_t)taps * x->cols * out, sizeof(mw_real));
    return op->out;
}
