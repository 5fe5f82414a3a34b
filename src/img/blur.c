/* SPDX-License-Identifier: Apache-2.0 */
#include "img/blur.h"

#include <math.h>
#include <string.h>

#include "base/fmath.h"
#include "base/error.h"
#include "base/mem.h"
#include "img/kernels.h"

#define R_MAX ((MW_BLUR_KERNEL_MAX - 1) / 2)

/* Floats before the first sample: room for the mirrored border, and a whole cache line. */
#define LEAD ((3 * R_MAX + 15) / 16 * 16)

/* Samples that the plain horizontal pass sums at a time. */
#define RUN 64

struct mw_blur {
    int max_width, r;
    float tap[R_MAX + 1]; /* [r + 1], centre first */
    float *line;          /* [LEAD + 3 max_width + LEAD]: one row between the two passes */
};

void mw_blur_vert_c(float *out, const uint8_t *const *row, const float *tap, int r, size_t n)
{
    for (size_t x = 0; x < n; x++)
        out[x] = tap[0] * (float)row[r][x];
    for (int i = 1; i <= r; i++) {
        const uint8_t *above = row[r - i], *below = row[r + i];
        const float g = tap[i];

        for (size_t x = 0; x < n; x++)
            out[x] += g * (float)(above[x] + below[x]);
    }
}

/* A few samples at a time, so that a compiler can keep the sums in vector registers. */
static void horiz_run(uint8_t *dst, const float *in, const float *tap, int r, size_t n)
{
    float acc[RUN];

    for (size_t x = 0; x < n; x++)
        acc[x] = tap[0] * in[x];
    for (int i = 1; i <= r; i++) {
        const float *left = in - 3 * i, *right = in + 3 * i;

        for (size_t x = 0; x < n; x++)
            acc[x] += tap[i] * (left[x] + right[x]);
    }
    for (size_t x = 0; x < n; x++) {
        /* 2^23 added leaves no bit for a fraction: rounds half to even */
        const float rounded = (acc[x] + 0x1p23f) - 0x1p23f;

        dst[x] = (uint8_t)(int)(rounded < 255.0f ? rounded : 255.0f);
    }
}

void mw_blur_horiz_c(uint8_t *dst, const float *in, const float *tap, int r, size_t n)
{
    for (size_t x = 0; x < n; x += RUN)
        horiz_run(dst + x, in + x, tap, r, n - x < RUN ? n - x : RUN);
}

/* Summed in f64 and rounded once. mw_exp of fmath.h instead of exp: a libm that differs in the last
 * bit could turn a rounding to f32, and then a rounding of a sample. */
static void make_taps(mw_blur *b, double sigma)
{
    double g[R_MAX + 1], sum = 0;

    for (int i = b->r; i >= 0; i--) {
        const double x = i / sigma, power = -0.5 * x * x;

        g[i] = power > -700 ? mw_exp(power) : 0;
        sum += i ? 2 * g[i] : g[i];
    }
    for (int i = 0; i <= b->r; i++)
        b->tap[i] = (float)(g[i] / sum);
}

mw_status mw_blur_open(mw_blur **out, int max_width, int kernel, double sigma_px, mw_error *err)
{
    mw_blur *b;

    *out = NULL;
    if (kernel < MW_BLUR_KERNEL_MIN || kernel > MW_BLUR_KERNEL_MAX || kernel % 2 == 0)
        return mw_fail(err, MW_ERR_RANGE, "out_of_range",
                       "blur kernel %d must be odd and in %d..%d", kernel, MW_BLUR_KERNEL_MIN,
                       MW_BLUR_KERNEL_MAX);
    if (!(sigma_px > 0) || !isfinite(sigma_px))
        return mw_fail(err, MW_ERR_RANGE, "out_of_range", "blur sigma %g px must be above 0",
                       sigma_px);
    if (max_width < 1 || max_width > MW_FRAME_MAX_SIDE)
        return mw_fail(err, MW_ERR_RANGE, "bad_size", "blur of width %d; must be in 1..%d",
                       max_width, MW_FRAME_MAX_SIDE);
    b = mw_calloc(1, sizeof *b);
    if (!b) return mw_fail_nomem(err);
    b->max_width = max_width;
    b->r = (kernel - 1) / 2;
    make_taps(b, sigma_px);
    b->line = mw_calloc_aligned(2 * LEAD + 3 * (size_t)max_width, sizeof *b->line);
    if (!b->line) {
        mw_blur_close(&b);
        return mw_fail_nomem(err);
    }
    *out = b;
    return MW_OK;
}

/* Mirror index i into 0 .. n-1 without repeating the edges: period 2 (n - 1). */
static int mirror(int i, int n)
{
    const int period = 2 * (n - 1);

    if (i >= 0 && i < n) return i;
    if (n == 1) return 0;
    i %= period;
    if (i < 0) i += period;
    return i < n ? i : period - i;
}

/* Fill r pixels on both sides of line [3 width]. */
static void mirror_ends(float *line, int width, int r)
{
    for (int i = 1; i <= r; i++) {
        memcpy(line - 3 * i, line + 3 * (ptrdiff_t)mirror(-i, width), 3 * sizeof *line);
        memcpy(line + 3 * (ptrdiff_t)(width - 1 + i),
               line + 3 * (ptrdiff_t)mirror(width - 1 + i, width), 3 * sizeof *line);
    }
}

mw_status mw_blur_apply(mw_blur *b, const mw_frame *src, mw_frame *dst)
{
    const mw_img_kernels *k = mw_img_kernels_at(mw_cpu());
    const int w = src->width, h = src->height;
    const uint8_t *row[2 * R_MAX + 1];
    float *line = b->line + LEAD;

    if (src->format != MW_PIX_RGB24 || dst->format != MW_PIX_RGB24 || dst->width != w ||
        dst->height != h || w > b->max_width)
        return MW_ERR_ARG;
    for (int y = 0; y < h; y++) {
        for (int i = -b->r; i <= b->r; i++)
            row[b->r + i] = src->plane[0] + mirror(y + i, h) * src->stride[0];
        k->blur_vert(line, row, b->tap, b->r, 3 * (size_t)w);
        mirror_ends(line, w, b->r);
        k->blur_horiz(dst->plane[0] + y * dst->stride[0], line, b->tap, b->r, 3 * (size_t)w);
    }
    return MW_OK;
}

void mw_blur_close(mw_blur **b)
{
    if (!*b) return;
    mw_free((*b)->line);
    mw_free(*b);
    *b = NULL;
}
