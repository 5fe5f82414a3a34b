/* SPDX-License-Identifier: Apache-2.0
 *
 * The planar kernels in plain C: what the vector versions must equal bit for bit.
 */
#include "nn/planar.h"

#include <math.h>

#include "base/cpu.h"

static float finish(float v, int relu)
{
    return relu && !(v > 0) ? 0 : v;
}

static float weight_at(const mw_pointwise *w, int o, int c)
{
    return w->dense[((size_t)(o / 4) * (size_t)w->ic + (size_t)c) * 4 + (size_t)(o % 4)];
}

static void pointwise_c(const mw_pointwise *w, const float *x, size_t x_pitch,
                        const float *residual, int n_residual, float *y, size_t pitch, size_t n)
{
    for (int o = 0; o < w->oc; o++)
        for (size_t p = 0; p < n; p++) {
            float sum = w->bias[o];

            if (w->dense)
                for (int c = 0; c < w->ic; c++)
                    sum = fmaf(weight_at(w, o, c), x[(size_t)c * x_pitch + p], sum);
            else
                for (uint32_t k = w->start[o]; k < w->start[o + 1]; k++)
                    sum = fmaf(w->value[k], x[w->channel[k] * x_pitch + p], sum);
            if (o < n_residual) sum += residual[(size_t)o * pitch + p];
            y[(size_t)o * pitch + p] = finish(sum, w->relu);
        }
}

/* Sample of a plane, 0 outside. */
static float at(const mw_window *w, const float *plane, int y, int x)
{
    return y < 0 || x < 0 || y >= w->ih || x >= w->iw
               ? 0
               : plane[(size_t)y * (size_t)w->iw + (size_t)x];
}

static void depthwise_c(const mw_window *w, const float *x, float *y, size_t pitch, int oy,
                        int n_rows)
{
    const size_t in = mw_planar_pitch(w->ih, w->iw);

    for (int c = 0; c < w->oc; c++)
        for (int r = 0; r < n_rows; r++)
            for (int ox = 0; ox < w->ow; ox++) {
                float sum = w->bias[c];

                for (int k = 0; k < 9; k++)
                    sum = fmaf(w->weights[9 * c + k],
                               at(w, x + (size_t)c * in, (oy + r) * w->stride + k / 3 - w->pad_top,
                                  ox * w->stride + k % 3 - w->pad_left),
                               sum);
                y[(size_t)c * pitch + (size_t)r * (size_t)w->ow + (size_t)ox] =
                    finish(sum, w->relu);
            }
}

static float stem_weight(const mw_window *w, int o, int ky, int c, int kx)
{
    const size_t tap = ((size_t)ky * (size_t)w->ic + (size_t)c) * (size_t)w->k + (size_t)kx;
    const size_t n = (size_t)w->k * (size_t)w->k * (size_t)w->ic;

    return w->weights[((size_t)(o / 8) * n + tap) * 8 + (size_t)(o % 8)];
}

static void stem_input_c(const mw_window *w, const uint8_t *bytes, float scale, float offset,
                         float *split)
{
    const size_t row = mw_stem_row(w);

    for (int y = 0; y < w->ih; y++)
        for (int x = 0; x < w->iw; x++)
            for (int c = 0; c < w->ic; c++) {
                float *to = split + (size_t)c * mw_stem_plane(w) + (size_t)(y + w->k) * row;

                to[mw_stem_column(x, row)] = (float)*bytes++ * scale + offset;
            }
}

static void stem_c(const mw_window *w, const float *x, float *y)
{
    const size_t out = mw_planar_pitch(w->oh, w->ow), row = mw_stem_row(w);

    for (int o = 0; o < w->oc; o++)
        for (int oy = 0; oy < w->oh; oy++)
            for (int ox = 0; ox < w->ow; ox++) {
                float sum = w->bias[o];

                for (int ky = 0; ky < w->k; ky++)
                    for (int c = 0; c < w->ic; c++)
                        for (int kx = 0; kx < w->k; kx++)
                            sum = fmaf(stem_weight(w, o, ky, c, kx),
                                       x[(size_t)c * mw_stem_plane(w) +
                                         (size_t)(2 * oy + ky + w->k - w->pad_top) * row +
                                         (size_t)mw_stem_column(2 * ox + kx - w->pad_left, row)],
                                       sum);
                y[(size_t)o * out + (size_t)oy * (size_t)w->ow + (size_t)ox] = finish(sum, w->relu);
            }
}

/* 2 x 2 windows that lie inside. */
static void max_pool_c(const mw_window *w, const float *x, float *y)
{
    const size_t in = mw_planar_pitch(w->ih, w->iw), out = mw_planar_pitch(w->oh, w->ow);

    for (int c = 0; c < w->oc; c++)
        for (int oy = 0; oy < w->oh; oy++)
            for (int ox = 0; ox < w->ow; ox++) {
                const float *p =
                    x + (size_t)c * in + (size_t)(2 * oy) * (size_t)w->iw + (size_t)(2 * ox);
                const float *q = p + w->iw;
                const float a = p[0] > q[0] ? p[0] : q[0], b = p[1] > q[1] ? p[1] : q[1];

                y[(size_t)c * out + (size_t)oy * (size_t)w->ow + (size_t)ox] = a > b ? a : b;
            }
}

static float mixed(float near, float other)
{
    return fmaf(near, 0.75f, other * 0.25f);
}

static void resize_c(const mw_window *w, const float *x, const float *residual, float *y,
                     float *scratch)
{
    const size_t in = mw_planar_pitch(w->ih, w->iw), out = mw_planar_pitch(2 * w->ih, 2 * w->iw);

    for (int c = 0; c < w->oc; c++)
        for (int oy = 0; oy < 2 * w->ih; oy++) {
            const float *near = x + (size_t)c * in + (size_t)(oy / 2) * (size_t)w->iw;
            const float *other = near + (ptrdiff_t)mw_planar_other(oy, w->ih) * w->iw;
            const size_t at_row = (size_t)c * out + (size_t)oy * 2 * (size_t)w->iw;

            for (int i = 0; i < w->iw; i++)
                scratch[i] = mixed(near[i], other[i]);
            for (int i = 0; i < 2 * w->iw; i++) {
                const float a = scratch[i / 2], b = scratch[i / 2 + mw_planar_other(i, w->iw)];
                float v = fmaf(b, 0.25f, a * 0.75f);

                if (residual) v += residual[at_row + (size_t)i];
                y[at_row + (size_t)i] = finish(v, w->relu);
            }
        }
}

static void add_c(const float *a, const float *b, float *y, size_t n, int relu)
{
    for (size_t i = 0; i < n; i++)
        y[i] = finish(a[i] + b[i], relu);
}

const mw_planar_kernels mw_planar_c = { pointwise_c, pointwise_c,  depthwise_c, stem_c,
                                        max_pool_c,  stem_input_c, resize_c,    add_c };

mw_planar_kernels mw_planar_kernels_get(void)
{
#if defined(__x86_64__)
    if (mw_cpu() >= MW_CPU_AVX512) return mw_planar_avx512;
    if (mw_cpu() >= MW_CPU_AVX2) return mw_planar_avx2;
#endif
    return mw_planar_c;
}
