/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses. Each adds its share of the mean over the whole batch to the slice's sums, and keeps the
 * gradient of its input from the way forward.
 */
#include "score/tape.h"

#include <math.h>

#include "base/fmath.h"

/* saved: gradient of the input, weight included; value: weight. */
static void loss_backward(mw_tape *t, mw_op *op)
{
    (void)t;
    mw_rows()->axpy(mw_node_gradient(op->in[0]), 1, op->saved, op->in[0]->rows * op->in[0]->cols);
}

/* Absolute error, or Huber's with delta; *g its slope. */
static double error_loss(double e, double delta, double *g)
{
    const double a = fabs(e);

    if (delta > 0 && a <= delta) {
        *g = e;
        return 0.5 * e * e;
    }
    *g = (e > 0) - (e < 0);
    if (delta > 0) {
        *g *= delta;
        return delta * (a - 0.5 * delta);
    }
    return a;
}

/* Cross-entropy of a logit with target in [0, 1]; positive: weight of the part of target 1. */
static double logit_loss(double z, double target, double positive, double *g)
{
    /* -log sigmoid(z), -log(1 - sigmoid(z)) */
    const double tail = mw_log1pexp(z), yes = tail + (z < 0 ? -z : 0), no = tail + (z > 0 ? z : 0);
    const double e = mw_exp_below(-fabs(z)), p = z >= 0 ? 1 / (1 + e) : e / (1 + e);

    *g = positive * target * (p - 1) + (1 - target) * p;
    return positive * target * yes + (1 - target) * no;
}

static double class_loss(const mw_real *z, int n, int class, double scale, mw_real *g)
{
    double top = (double)z[0], sum = 0;

    for (int j = 1; j < n; j++)
        if ((double)z[j] > top) top = (double)z[j];
    for (int j = 0; j < n; j++)
        sum += mw_exp_below((double)z[j] - top);
    for (int j = 0; j < n; j++) {
        const double p = mw_exp_below((double)z[j] - top) / sum;

        g[j] = (mw_real)(scale * (p - (j == class)));
    }
    return scale * ((isnan(sum) ? sum : mw_log(sum)) + top - (double)z[class]);
}

/* Loss of one clip times scale; g [n_out] its gradient. */
static double clip_loss(const mw_net_config *c, const mw_real *z, const float *y, double scale,
                        mw_real *g)
{
    const int n = c->n_out;
    double sum = 0;
    int first = n; /* outputs before this one are values, the others logits */

    if (c->task == MW_TASK_MULTICLASS) return class_loss(z, n, (int)y[0], scale, g);
    if (c->task == MW_TASK_MULTILABEL) first = 0;
    if (c->task == MW_TASK_REGRESSION_MULTILABEL) first = 1;
    for (int j = 0; j < n; j++) {
        const double share = scale / (j < first ? first : n - first);
        double slope, loss;

        if (j < first)
            loss = error_loss((double)z[j] - (double)y[j], c->huber_delta, &slope);
        else
            loss = logit_loss((double)z[j], (double)y[j],
                              c->positive_weights ? c->positive_weights[j] : 1, &slope);
        sum += share * loss;
        g[j] = (mw_real)(share * slope);
    }
    return sum;
}

/* 1 over the modalities of clip i when it has this one, else 0. */
static double uni_share(const mw_tape *t, int modality, int i)
{
    int n = 0;

    if (!mw_slice_has(t->slice, modality, i)) return 0;
    for (int m = 0; m < t->config->n_modalities; m++)
        n += mw_slice_has(t->slice, m, i);
    return 1.0 / n;
}

static void task_forward(mw_tape *t, mw_op *op)
{
    mw_slice *s = t->slice;
    const size_t n = op->in[0]->cols;
    /* labels: one number per clip when they are classes */
    const size_t n_y = t->config->task == MW_TASK_MULTICLASS ? 1 : n;
    double *sum = op->modality < 0 ? &s->loss.task : &s->loss.uni;

    for (int i = 0; i < t->n; i++) {
        const size_t clip = s->first + (size_t)i;
        const double w = !s->batch->y ? 0 : s->batch->y_weight ? s->batch->y_weight[clip] : 1;
        double scale = w * s->label_share;
        mw_real *g = op->saved + (size_t)i * n;

        if (op->modality >= 0) scale *= uni_share(t, op->modality, i);
        for (size_t j = 0; j < n; j++)
            g[j] = 0;
        if (!(scale > 0)) continue;
        *sum +=
            clip_loss(t->config, op->in[0]->v + (size_t)i * n, s->batch->y + clip * n_y, scale, g);
        for (size_t j = 0; j < n; j++)
            g[j] *= (mw_real)op->value;
    }
}

static mw_op *loss_op(mw_tape *t, mw_node *x, int modality, double weight)
{
    mw_op *op = mw_tape_op(t, 0, 0);

    op->backward = loss_backward;
    op->in[0] = x;
    op->modality = modality;
    op->value = weight;
    op->saved = mw_tape_alloc(t, x->rows * x->cols, sizeof(mw_real));
    return op;
}

void mw_op_task_loss(mw_tape *t, mw_node *y, int modality, double weight)
{
    loss_op(t, y, modality, weight)->forward = task_forward;
}

static void rel_forward(mw_tape *t, mw_op *op)
{
    const mw_slice *s = t->slice;
    const int m = op->modality;
    const uint8_t *mask = mw_slice_mask(s, m);
    const float *target = mw_slice_tokens_of(s, s->batch->rel[m], m);
    const float *weight = mw_slice_tokens_of(s, s->batch->rel_weight[m], m);

    for (size_t i = 0; i < op->in[0]->rows; i++) {
        const double w = !target || !mask[i] ? 0 : weight ? weight[i] : 1;
        double slope;

        op->saved[i] = 0;
        if (!(w > 0)) continue;
        t->slice->loss.rel +=
            w * s->rel_share[m] * logit_loss((double)op->in[0]->v[i], target[i], 1, &slope);
        op->saved[i] = (mw_real)(w * s->rel_share[m] * op->value * slope);
    }
}

void mw_op_rel_loss(mw_tape *t, mw_node *logit, int modality, double weight)
{
    loss_op(t, logit, modality, weight)->forward = rel_forward;
}
