/* SPDX-License-Identifier: Apache-2.0
 *
 * Layer normalisation with what always follows it (ReLU, mask) in one pass, and batch
 * normalisation.
 */
#include "score/tape.h"

#include <math.h>
#include <string.h>

static mw_norm_rows norm_rows(const mw_tape *t, const mw_op *op)
{
    return (mw_norm_rows){ .rows = op->out->rows,
                           .n = op->out->cols,
                           .relu = op->flag,
                           .mask = op->modality >= 0 ? mw_slice_mask(t->slice, op->modality) : NULL,
                           .x = op->in[0]->v,
                           .weight = op->in[1]->v,
                           .bias = op->in[2]->v,
                           .y = op->out->v,
                           .stat = op->saved };
}

static void norm_forward(mw_tape *t, mw_op *op)
{
    const mw_norm_rows r = norm_rows(t, op);

    mw_rows()->norm(&r);
}

static void norm_backward(mw_tape *t, mw_op *op)
{
    const mw_norm_rows r = norm_rows(t, op);
    mw_norm_back_rows b = { .g = op->out->g,
                            .gw = mw_node_gradient(op->in[1]),
                            .gb = mw_node_gradient(op->in[2]) };

    if (op->in[0]->g) b.gx = mw_node_gradient_or(op->in[0], &b.add);
    mw_rows()->norm_back(&r, &b);
}

mw_node *mw_op_norm(mw_tape *t, mw_node *x, mw_node *w, mw_node *b, int relu, int modality)
{
    mw_op *op = mw_tape_op(t, x->rows, x->cols);

    op->forward = norm_forward;
    op->backward = norm_backward;
    op->in[0] = x;
    op->in[1] = w;
    op->in[2] = b;
    op->flag = relu;
    op->modality = modality;
    op->saved = mw_tape_alloc(t, 2 * x->rows, sizeof(mw_real));
    return op->out;
}

/* ---- batch normalisation ---- */

/* in: x, weight, bias, running mean, running variance. saved: mean, 1 / deviation, two rows of
 * sums; index: valid rows. */
static void batch_statistics(mw_tape *t, mw_op *op)
{
    const size_t n = op->out->cols;
    const uint8_t *mask = mw_slice_mask(t->slice, op->modality);
    const mw_real *x = op->in[0]->v;
    mw_real *mean = op->saved, *scale = op->saved + n;
    mw_real *slot_mean = op->in[3]->g, *slot_var = op->in[4]->g;
    int valid = 0;

    memset(op->saved, 0, 2 * n * sizeof *mean);
    for (size_t i = 0; i < op->out->rows; i++) {
        if (!mask[i]) continue;
        valid++;
        mw_rows()->axpy(mean, 1, x + i * n, n);
    }
    for (size_t j = 0; j < n && valid; j++)
        mean[j] /= (mw_real)valid;
    for (size_t i = 0; i < op->out->rows; i++)
        for (size_t j = 0; j < n && mask[i]; j++)
            scale[j] += (x[i * n + j] - mean[j]) * (x[i * n + j] - mean[j]);
    op->index = valid;
    for (size_t j = 0; j < n; j++) {
        /* a slice without valid rows, or with one, leaves the running variance alone */
        slot_mean[j] = valid > 1 ? mean[j] : op->in[3]->v[j];
        slot_var[j] = valid > 1 ? scale[j] / (mw_real)(valid - 1) : op->in[4]->v[j];
        scale[j] = 1 / (mw_real)sqrt((valid ? scale[j] / (mw_real)valid : 0) + (mw_real)1e-5);
    }
}

static void batch_norm_forward(mw_tape *t, mw_op *op)
{
    const size_t n = op->out->cols;
    const uint8_t *mask = mw_slice_mask(t->slice, op->modality);
    const mw_real *x = op->in[0]->v, *w = op->in[1]->v, *b = op->in[2]->v;
    mw_real *mean = op->saved, *scale = op->saved + n, *y = op->out->v;

    if (t->slice->training) {
        batch_statistics(t, op);
    } else {
        for (size_t j = 0; j < n; j++) {
            mean[j] = op->in[3]->v[j];
            scale[j] = 1 / (mw_real)sqrt(op->in[4]->v[j] + (mw_real)1e-5);
        }
    }
    for (size_t i = 0; i < op->out->rows; i++) {
        for (size_t j = 0; j < n; j++) {
            const size_t k = i * n + j;
            const mw_real v = (x[k] - mean[j]) * scale[j] * w[j] + b[j];

            if (!mask[i])
                y[k] = 0;
            else
                y[k] = op->flag == MW_SQUASH_SIGMOID ? mw_real_sigmoid(v) : v > 0 ? v : 0;
        }
    }
}

static mw_real squash_slope(const mw_op *op, size_t k)
{
    const mw_real y = op->out->v[k];

    return op->flag == MW_SQUASH_SIGMOID ? y * (1 - y) : y > 0 ? 1 : 0;
}

static void batch_norm_backward(mw_tape *t, mw_op *op)
{
    const size_t n = op->out->cols;
    const uint8_t *mask = mw_slice_mask(t->slice, op->modality);
    const mw_real *x = op->in[0]->v, *w = op->in[1]->v, *mean = op->saved, *scale = op->saved + n;
    mw_real *sum = op->saved + 2 * n, *sum_u = sum + n, *gx = mw_node_gradient(op->in[0]);
    mw_real share = 0;

    memset(sum, 0, 2 * n * sizeof *sum);
    for (size_t i = 0; i < op->out->rows; i++) {
        for (size_t j = 0; j < n && mask[i]; j++) {
            const mw_real g = op->out->g[i * n + j] * squash_slope(op, i * n + j);

            sum[j] += g;
            sum_u[j] += g * (x[i * n + j] - mean[j]) * scale[j];
        }
    }
    mw_rows()->axpy(mw_node_gradient(op->in[2]), 1, sum, n);
    mw_rows()->axpy(mw_node_gradient(op->in[1]), 1, sum_u, n);
    /* running statistics are constants */
    if (t->slice->training && op->index) share = 1 / (mw_real)op->index;
    for (size_t i = 0; i < op->out->rows; i++) {
        for (size_t j = 0; j < n && mask[i]; j++) {
            const mw_real g = op->out->g[i * n + j] * squash_slope(op, i * n + j);
            const mw_real u = (x[i * n + j] - mean[j]) * scale[j];

            gx[i * n + j] += w[j] * scale[j] * (g - (sum[j] + u * sum_u[j]) * share);
        }
    }
}

mw_node *mw_op_batch_norm(mw_tape *t, mw_node *x, mw_node *const p[4], mw_squash squash,
                          int modality)
{
    mw_op *op = mw_tape_op(t, x->rows, x->cols);

    op->forward = batch_norm_forward;
    op->backward = batch_norm_backward;
    op->in[0] = x;
    for (int i = 0; i < 4; i++)
        op->in[1 + i] = p[i];
    op->flag = (int)squash;
    op->modality = modality;
    op->saved = mw_tape_alloc(t, 4 * x->cols, sizeof(mw_real));
    return op->out;
}
