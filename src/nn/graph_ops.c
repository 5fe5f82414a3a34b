/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps are [height][width][channels]; batch is 1 throughout.
 */
#include "nn/graph_ops.h"

#include <string.h>

/* One step with its buffers: x [ih][iw][ic] -> y [oh][ow][oc], r the residual or NULL. */
typedef struct maps {
    const mw_step *s;
    const mw_tfl_tensor *in, *out;
    const float *x, *r;
    float *y;
    int ih, iw, ic, oh, ow, oc;
} maps;

static float finish(const maps *m, float v, size_t at)
{
    if (m->r) v += m->r[at];
    return m->s->relu && !(v > 0) ? 0 : v;
}

static void conv(const maps *m, const mw_tfl_tensor *w, const float *bias)
{
    const int kh = w->dim[1], kw = w->dim[2];

    for (int oy = 0; oy < m->oh; oy++)
        for (int ox = 0; ox < m->ow; ox++)
            for (int o = 0; o < m->oc; o++) {
                const size_t at = ((size_t)oy * m->ow + ox) * m->oc + o;
                float sum = bias[o];

                for (int ky = 0; ky < kh; ky++)
                    for (int kx = 0; kx < kw; kx++) {
                        const int iy = oy * m->s->op->stride_h + ky - m->s->pad[0];
                        const int ix = ox * m->s->op->stride_w + kx - m->s->pad[1];
                        const float *x, *f;

                        if (iy < 0 || ix < 0 || iy >= m->ih || ix >= m->iw) continue;
                        x = m->x + ((size_t)iy * m->iw + ix) * m->ic;
                        f = w->f32 + (((size_t)o * kh + ky) * kw + kx) * m->ic;
                        for (int c = 0; c < m->ic; c++)
                            sum += x[c] * f[c];
                    }
                m->y[at] = finish(m, sum, at);
            }
}

static void depthwise(const maps *m, const mw_tfl_tensor *w, const float *bias)
{
    const int kh = w->dim[1], kw = w->dim[2];

    for (int oy = 0; oy < m->oh; oy++)
        for (int ox = 0; ox < m->ow; ox++)
            for (int c = 0; c < m->oc; c++) {
                const size_t at = ((size_t)oy * m->ow + ox) * m->oc + c;
                float sum = bias[c];

                for (int ky = 0; ky < kh; ky++)
                    for (int kx = 0; kx < kw; kx++) {
                        const int iy = oy * m->s->op->stride_h + ky - m->s->pad[0];
                        const int ix = ox * m->s->op->stride_w + kx - m->s->pad[1];

                        if (iy < 0 || ix < 0 || iy >= m->ih || ix >= m->iw) continue;
                        sum += m->x[((size_t)iy * m->iw + ix) * m->ic + c] *
                               w->f32[((size_t)ky * kw + kx) * m->ic + c];
                    }
                m->y[at] = finish(m, sum, at);
            }
}

static void max_pool(const maps *m)
{
    const mw_tfl_op *op = m->s->op;

    for (int oy = 0; oy < m->oh; oy++)
        for (int ox = 0; ox < m->ow; ox++)
            for (int c = 0; c < m->oc; c++) {
                float best = -3.402823466e38f;

                for (int ky = 0; ky < op->kernel_h; ky++)
                    for (int kx = 0; kx < op->kernel_w; kx++) {
                        const int iy = oy * op->stride_h + ky - m->s->pad[0];
                        const int ix = ox * op->stride_w + kx - m->s->pad[1];
                        float v;

                        if (iy < 0 || ix < 0 || iy >= m->ih || ix >= m->iw) continue;
                        v = m->x[((size_t)iy * m->iw + ix) * m->ic + c];
                        if (v > best) best = v;
                    }
                m->y[((size_t)oy * m->ow + ox) * m->oc + c] = best;
            }
}

/* Neighbours and weight of the second one for output o of a doubled axis of n samples: half-pixel
 * centres, clamped to the edge. */
static float doubled(int o, int n, int *a, int *b)
{
    const float s = ((float)o + 0.5f) * 0.5f - 0.5f;

    *a = s < 0 ? 0 : (int)s;
    *b = o & 1 ? (*a + 1 < n ? *a + 1 : n - 1) : (s < 0 ? 0 : *a + 1 < n ? *a + 1 : n - 1);
    return s < 0 ? 0 : s - (float)*a;
}

static void resize(const maps *m)
{
    for (int oy = 0; oy < m->oh; oy++)
        for (int ox = 0; ox < m->ow; ox++) {
            int y0, y1, x0, x1;
            const float fy = doubled(oy, m->ih, &y0, &y1), fx = doubled(ox, m->iw, &x0, &x1);
            const float *p00 = m->x + ((size_t)y0 * m->iw + x0) * m->ic;
            const float *p01 = m->x + ((size_t)y0 * m->iw + x1) * m->ic;
            const float *p10 = m->x + ((size_t)y1 * m->iw + x0) * m->ic;
            const float *p11 = m->x + ((size_t)y1 * m->iw + x1) * m->ic;
            float *y = m->y + ((size_t)oy * m->ow + ox) * m->oc;

            for (int c = 0; c < m->oc; c++) {
                const float top = p00[c] * (1 - fx) + p01[c] * fx;
                const float low = p10[c] * (1 - fx) + p11[c] * fx;

                y[c] = top * (1 - fy) + low * fy;
            }
        }
}

static void pad(const maps *m, const int32_t *amount)
{
    memset(m->y, 0, m->out->n * sizeof *m->y);
    for (int y = 0; y < m->ih; y++)
        for (int x = 0; x < m->iw; x++)
            memcpy(m->y + ((size_t)(y + amount[2]) * m->ow + x + amount[4]) * m->oc + amount[6],
                   m->x + ((size_t)y * m->iw + x) * m->ic, (size_t)m->ic * sizeof *m->y);
}

static void depth_to_space(const maps *m)
{
    const int b = m->s->op->block;

    for (int y = 0; y < m->oh; y++)
        for (int x = 0; x < m->ow; x++) {
            const float *from = m->x + ((size_t)(y / b) * m->iw + x / b) * m->ic;

            memcpy(m->y + ((size_t)y * m->ow + x) * m->oc, from + (y % b * b + x % b) * m->oc,
                   (size_t)m->oc * sizeof *m->y);
        }
}

static void concat(const mw_plan *p, const mw_step *s, float *arena)
{
    float *y = arena + p->offset[s->out];

    for (int i = 0; i < s->op->n_in; i++) {
        const int t = s->op->in[i];
        const size_t n = p->model->tensor[t].n;

        memcpy(y, arena + p->offset[p->root[t]], n * sizeof *y);
        y += n;
    }
}

static void each(const maps *m, const float *slope)
{
    for (size_t i = 0; i < m->out->n; i++) {
        const float v = m->x[i];

        if (m->s->op->code == MW_TFL_RELU)
            m->y[i] = v > 0 ? v : 0;
        else if (slope)
            m->y[i] = v >= 0 ? v : slope[i % (size_t)m->ic] * v;
        else
            m->y[i] = finish(m, v, i);
    }
}

static maps maps_of(const mw_plan *p, const mw_step *s, float *arena)
{
    const mw_tfl_tensor *in = &p->model->tensor[s->in], *out = &p->model->tensor[s->out];
    maps m = { .s = s, .in = in, .out = out };

    m.x = arena + p->offset[s->in];
    m.y = arena + p->offset[s->out];
    if (s->residual >= 0) m.r = arena + p->offset[s->residual];
    if (in->n_dims == 4) {
        m.ih = in->dim[1];
        m.iw = in->dim[2];
        m.ic = in->dim[3];
    }
    if (out->n_dims == 4) {
        m.oh = out->dim[1];
        m.ow = out->dim[2];
        m.oc = out->dim[3];
    }
    return m;
}

void mw_plan_step_plain(const mw_plan *p, const mw_step *s, float *arena)
{
    const mw_tfl_tensor *t = p->model->tensor;
    const mw_tfl_op *op = s->op;
    const maps m = maps_of(p, s, arena);

    switch (op->code) {
    case MW_TFL_CONV:
        conv(&m, &t[op->in[1]], t[op->in[2]].f32);
        break;
    case MW_TFL_DEPTHWISE:
        depthwise(&m, &t[op->in[1]], t[op->in[2]].f32);
        break;
    case MW_TFL_MAX_POOL:
        max_pool(&m);
        break;
    case MW_TFL_RESIZE_BILINEAR:
        resize(&m);
        break;
    case MW_TFL_PAD:
        pad(&m, t[op->in[1]].i32);
        break;
    case MW_TFL_DEPTH_TO_SPACE:
        depth_to_space(&m);
        break;
    case MW_TFL_CONCAT:
        concat(p, s, arena);
        break;
    case MW_TFL_RESHAPE:
        memcpy(m.y, m.x, m.out->n * sizeof *m.y);
        break;
    default:
        each(&m, op->code == MW_TFL_PRELU ? t[op->in[1]].f32 : NULL);
    }
}
