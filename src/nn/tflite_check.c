/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/tflite_check.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* Largest window, stride and padding; far above what the models use. */
enum { MAX_WINDOW = 64 };

void mw_tfl_window(int n, int k, int stride, int same, int *before, int *out)
{
    int total = 0;

    if (same) {
        *out = (n + stride - 1) / stride;
        total = (*out - 1) * stride + k - n;
        if (total < 0) total = 0;
    } else {
        *out = n < k ? 0 : (n - k) / stride + 1;
    }
    *before = total / 2;
}

static const mw_tfl_tensor *tensor(const mw_tflite *m, int i)
{
    return &m->tensor[i];
}

static int is_map(const mw_tfl_tensor *t)
{
    return t->n_dims == 4 && t->dim[0] == 1;
}

static int same_shape(const mw_tfl_tensor *a, const mw_tfl_tensor *b)
{
    return a->n_dims == b->n_dims && !memcmp(a->dim, b->dim, sizeof a->dim[0] * (size_t)a->n_dims);
}

static int window_fits(const mw_tfl_op *op, const mw_tfl_tensor *x, const mw_tfl_tensor *y, int kh,
                       int kw)
{
    int before, h, w;

    if (op->stride_w < 1 || op->stride_h < 1 || op->stride_w > MAX_WINDOW ||
        op->stride_h > MAX_WINDOW || kh < 1 || kw < 1 || kh > MAX_WINDOW || kw > MAX_WINDOW)
        return 0;
    mw_tfl_window(x->dim[1], kh, op->stride_h, op->same_padding, &before, &h);
    mw_tfl_window(x->dim[2], kw, op->stride_w, op->same_padding, &before, &w);
    return y->dim[1] == h && y->dim[2] == w;
}

static int conv_fits(const mw_tflite *m, const mw_tfl_op *op)
{
    const int depthwise = op->code == MW_TFL_DEPTHWISE;
    const mw_tfl_tensor *x, *w, *b, *y = tensor(m, op->out);

    if (op->n_in != 3 || op->in[1] < 0 || op->in[2] < 0) return 0;
    x = tensor(m, op->in[0]);
    w = tensor(m, op->in[1]);
    b = tensor(m, op->in[2]);
    if (!is_map(x) || !is_map(y) || w->n_dims != 4 || !w->f32 || !b->f32) return 0;
    if (op->dilation_w != 1 || op->dilation_h != 1 || op->multiplier != 1) return 0;
    if (depthwise && (w->dim[0] != 1 || w->dim[3] != x->dim[3] || y->dim[3] != x->dim[3])) return 0;
    if (!depthwise && (w->dim[3] != x->dim[3] || y->dim[3] != w->dim[0])) return 0;
    return b->n == (size_t)y->dim[3] && window_fits(op, x, y, w->dim[1], w->dim[2]);
}

static int pool_fits(const mw_tflite *m, const mw_tfl_op *op)
{
    const mw_tfl_tensor *x = tensor(m, op->in[0]), *y = tensor(m, op->out);

    return op->n_in == 1 && is_map(x) && is_map(y) && x->dim[3] == y->dim[3] && !op->relu &&
           window_fits(op, x, y, op->kernel_h, op->kernel_w);
}

static int is_activation(const mw_tfl_tensor *t)
{
    return !t->f32 && !t->i32 && t->type == MW_TFL_F32;
}

static int add_fits(const mw_tflite *m, const mw_tfl_op *op)
{
    return op->n_in == 2 && op->in[1] >= 0 && is_activation(tensor(m, op->in[1])) &&
           same_shape(tensor(m, op->in[0]), tensor(m, op->out)) &&
           same_shape(tensor(m, op->in[1]), tensor(m, op->out));
}

static int prelu_fits(const mw_tflite *m, const mw_tfl_op *op)
{
    const mw_tfl_tensor *x = tensor(m, op->in[0]);

    return op->n_in == 2 && op->in[1] >= 0 && is_map(x) && same_shape(x, tensor(m, op->out)) &&
           tensor(m, op->in[1])->f32 && tensor(m, op->in[1])->n == (size_t)x->dim[3];
}

static int pad_fits(const mw_tflite *m, const mw_tfl_op *op)
{
    const mw_tfl_tensor *x = tensor(m, op->in[0]), *y = tensor(m, op->out), *amount;

    if (op->n_in != 2 || op->in[1] < 0 || !is_map(x) || !is_map(y)) return 0;
    amount = tensor(m, op->in[1]);
    if (!amount->i32 || amount->n != 8 || amount->i32[0] || amount->i32[1]) return 0;
    for (int d = 1; d < 4; d++) {
        const int32_t before = amount->i32[2 * d], after = amount->i32[2 * d + 1];

        if (before < 0 || after < 0 || before > 4096 || after > 4096) return 0;
        if (y->dim[d] != x->dim[d] + before + after) return 0;
    }
    return 1;
}

static int concat_fits(const mw_tflite *m, const mw_tfl_op *op)
{
    const mw_tfl_tensor *y = tensor(m, op->out);
    long rows = 0;

    /* Rows appended: [1, n, c] on axis 1. */
    if (op->axis != 1 || y->n_dims != 3 || y->dim[0] != 1 || op->relu) return 0;
    for (int i = 0; i < op->n_in; i++) {
        const mw_tfl_tensor *x = op->in[i] < 0 ? y : tensor(m, op->in[i]);

        if (op->in[i] < 0 || !is_activation(x) || x->n_dims != 3 || x->dim[0] != 1 ||
            x->dim[2] != y->dim[2])
            return 0;
        rows += x->dim[1];
    }
    return rows == y->dim[1];
}

static int resize_fits(const mw_tflite *m, const mw_tfl_op *op)
{
    const mw_tfl_tensor *x = tensor(m, op->in[0]), *y = tensor(m, op->out);

    return is_map(x) && is_map(y) && !op->align_corners && op->half_pixel &&
           x->dim[3] == y->dim[3] && y->dim[1] == 2 * x->dim[1] && y->dim[2] == 2 * x->dim[2];
}

static int space_fits(const mw_tflite *m, const mw_tfl_op *op)
{
    const mw_tfl_tensor *x = tensor(m, op->in[0]), *y = tensor(m, op->out);
    const int b = op->block;

    return op->n_in == 1 && is_map(x) && is_map(y) && b >= 1 && b <= 8 &&
           y->dim[1] == x->dim[1] * b && y->dim[2] == x->dim[2] * b &&
           x->dim[3] == y->dim[3] * b * b;
}

/* 1 fits, 0 does not, -1 unknown operator */
static int fits(const mw_tflite *m, const mw_tfl_op *op)
{
    switch (op->code) {
    case MW_TFL_CONV:
    case MW_TFL_DEPTHWISE:
        return conv_fits(m, op);
    case MW_TFL_MAX_POOL:
        return pool_fits(m, op);
    case MW_TFL_ADD:
        return add_fits(m, op);
    case MW_TFL_PRELU:
        return prelu_fits(m, op);
    case MW_TFL_PAD:
        return pad_fits(m, op);
    case MW_TFL_CONCAT:
        return concat_fits(m, op);
    case MW_TFL_RESIZE_BILINEAR:
        return resize_fits(m, op);
    case MW_TFL_DEPTH_TO_SPACE:
        return space_fits(m, op);
    case MW_TFL_RELU:
        return op->n_in == 1 && same_shape(tensor(m, op->in[0]), tensor(m, op->out));
    case MW_TFL_RESHAPE:
        return tensor(m, op->in[0])->n == tensor(m, op->out)->n;
    default:
        return -1;
    }
}

static mw_status check_op(const mw_tflite *m, const mw_tfl_op *op, uint8_t *written,
                          const char *name, mw_error *err)
{
    int ok = op->out >= 0 && (size_t)op->out < m->n_tensors && op->in[0] >= 0, fit;

    for (int i = 0; ok && i < op->n_in; i++) {
        if (op->in[i] < -1 || op->in[i] >= (int)m->n_tensors) ok = 0;
        /* Whatever is not a constant must have been written. */
        else if (op->in[i] >= 0 && is_activation(tensor(m, op->in[i])) && !written[op->in[i]])
            ok = 0;
    }
    /* The first input is always data; RESHAPE and RESIZE carry their size as a second input. */
    if (ok && (!is_activation(tensor(m, op->in[0])) || !is_activation(tensor(m, op->out)) ||
               written[op->out]))
        ok = 0;
    fit = ok ? fits(m, op) : 0;
    if (fit == 1) {
        written[op->out] = 1;
        return MW_OK;
    }
    return mw_fail(err, MW_ERR_FORMAT, fit < 0 ? "unsupported" : "bad_model",
                   "'%s' is not a usable TFLite file: operator %d at position %d %s", name,
                   (int)op->code, op->position,
                   fit < 0 ? "is not supported" : "does not fit its tensors");
}

static mw_status check_ends(const mw_tflite *m, const uint8_t *written, const char *name,
                            mw_error *err)
{
    int ok = 1;

    for (size_t i = 0; i < m->n_outputs; i++)
        ok &= m->output[i] >= 0 && (size_t)m->output[i] < m->n_tensors && written[m->output[i]];
    if (ok) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_model",
                   "'%s' is not a usable TFLite file: no such output", name);
}

mw_status mw_tflite_check(const mw_tflite *m, const char *name, mw_error *err)
{
    uint8_t *written;
    mw_status st = MW_OK;

    if (m->input < 0 || (size_t)m->input >= m->n_tensors || !is_activation(&m->tensor[m->input]) ||
        !is_map(&m->tensor[m->input]))
        return mw_fail(err, MW_ERR_FORMAT, "bad_model",
                       "'%s' is not a usable TFLite file: no such input", name);
    written = mw_calloc(m->n_tensors, 1);
    if (!written) return mw_fail_nomem(err);
    written[m->input] = 1;
    for (size_t i = 0; i < m->n_ops && st == MW_OK; i++)
        st = check_op(m, &m->op[i], written, name, err);
    if (st == MW_OK) st = check_ends(m, written, name, err);
    mw_free(written);
    return st;
}
