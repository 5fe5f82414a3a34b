/* SPDX-License-Identifier: Apache-2.0
 *
 * albumentations 1.3.0 with scikit-image below 0.21 (shear without the 1/cos of later versions) and
 * OpenCV's fixed-point warps up to 4.10. No libm function decides a bit here.
 */
#include "img/augment.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/fmath.h"
#include "base/mem.h"
#include "img/augment_kernel.h"
#include "img/jpeg_roundtrip.h"

/* ---- draws ---- */

static mw_aug_blur draw_blur(mw_rng *r)
{
    mw_aug_blur b = { .size = 3 + 2 * (int)mw_rng_below(r, 3) };

    b.sigma_x = mw_rng_uniform(r, 0.2, 1);
    b.sigma_y = mw_rng_uniform(r, 0.2, 1);
    b.angle = mw_rng_uniform(r, -90, 90) * (MW_PI / 180);
    b.beta = mw_rng_unit(r) < 0.5 ? mw_rng_uniform(r, 0.5, 1) : mw_rng_uniform(r, 1, 8);
    for (int i = 0; i < b.size * b.size; i++)
        b.noise[i] = mw_rng_uniform(r, 0.9, 1.1);
    return b;
}

mw_augment mw_augment_draw(mw_rng *r)
{
    mw_augment a = { 0 };

    if (mw_rng_unit(r) < 0.5) a.blur = draw_blur(r);
    if (mw_rng_unit(r) < 0.5) a.jpeg_quality = (int)mw_rng_int(r, 70, 100);
    if (mw_rng_unit(r) < 0.7) {
        a.affine.on = 1;
        a.affine.shear_x = mw_rng_uniform(r, -8, 8);
        a.affine.shear_y = mw_rng_uniform(r, -8, 8);
        a.affine.scale_x = mw_rng_uniform(r, 0.8, 1.2);
        a.affine.scale_y = mw_rng_uniform(r, 0.8, 1.2);
        a.affine.rotate = mw_rng_uniform(r, -15, 15);
    }
    if (mw_rng_unit(r) < 0.5) {
        a.tone.on = 1;
        a.tone.contrast = 1 + mw_rng_uniform(r, -0.1, 0.1);
        a.tone.brightness = mw_rng_uniform(r, -0.1, 0.1);
    }
    return a;
}

/* ---- blur ---- */

/* exp(-q^beta / 2); 0 where that is far below the smallest float. */
static double falloff(double q, double beta)
{
    double power;

    if (!(q > 0)) return 1;
    if (beta * mw_log(q) > 20) return 0;
    power = -0.5 * mw_pow(q, beta);
    return power < -700 ? 0 : mw_exp(power);
}

/* numpy's order of summation for fewer than 128 values. */
static double numpy_sum(const double *v, int n)
{
    double r[8], sum;
    int i = 8;

    for (int k = 0; k < 8; k++)
        r[k] = v[k];
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            r[k] += v[i + k];
    sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; i++)
        sum += v[i];
    return sum;
}

/* tap [size * size]; the quadratic form is the inverse of the rotated covariance. */
static void blur_taps(const mw_aug_blur *b, float *tap)
{
    const double a = 1.0 / (b->sigma_x * b->sigma_x), d = 1.0 / (b->sigma_y * b->sigma_y);
    double v[MW_BLUR_MAX * MW_BLUR_MAX], s, c, xx, yy, xy;
    const int n = b->size * b->size, half = b->size / 2;
    float sum;

    mw_sincos(b->angle, &s, &c);
    xx = c * c * a + s * s * d;
    yy = s * s * a + c * c * d;
    xy = c * s * (a - d);
    for (int i = 0; i < n; i++) {
        const double x = i % b->size - half, y = i / b->size - half;

        v[i] = falloff(xx * x * x + 2 * xy * x * y + yy * y * y, b->beta) * b->noise[i];
    }
    sum = (float)numpy_sum(v, n);
    for (int i = 0; i < n; i++)
        tap[i] = (float)v[i] / sum;
}

/* Index mirrored without repeating the edge. */
static int mirror(int i, int n)
{
    if (n == 1) return 0;
    while (i < 0 || i >= n)
        i = i < 0 ? -i : 2 * n - 2 - i;
    return i;
}

/* One picture row as floats with half mirrored pixels on both sides. */
static void load_row(const uint8_t *rgb, int width, int half, float *out)
{
    for (int x = -half; x < width + half; x++) {
        const uint8_t *p = rgb + 3 * (ptrdiff_t)mirror(x, width);

        for (int c = 0; c < 3; c++)
            *out++ = p[c];
    }
}

mw_status mw_aug_blur_apply(mw_patch *p, const mw_aug_blur *b, mw_error *err)
{
    const int half = b->size / 2;
    const size_t n = 3 * (size_t)p->width, padded = n + 6 * (size_t)half;
    float tap[MW_BLUR_MAX * MW_BLUR_MAX], *rows;
    uint8_t *out;

    if (b->size != 3 && b->size != 5 && b->size != 7)
        return mw_fail(err, MW_ERR_RANGE, "bad_blur", "blur of size %d; must be 3, 5 or 7",
                       b->size);
    blur_taps(b, tap);
    out = mw_calloc_aligned(n, (size_t)p->height);
    rows = mw_calloc_aligned(padded, (size_t)p->height * sizeof *rows);
    if (!out || !rows) {
        mw_free(out);
        mw_free(rows);
        return mw_fail_nomem(err);
    }
    for (int y = 0; y < p->height; y++)
        load_row(p->rgb + (size_t)y * n, p->width, half, rows + (size_t)y * padded);
    for (int y = 0; y < p->height; y++) {
        const float *row[MW_BLUR_MAX];

        for (int i = 0; i < b->size; i++)
            row[i] = rows + (size_t)mirror(y + i - half, p->height) * padded;
#if defined(__x86_64__)
        if (mw_cpu() >= MW_CPU_AVX2) {
            mw_aug_filter_row_avx2(out + (size_t)y * n, row, tap, b->size, 3, n);
            continue;
        }
#endif
        mw_aug_filter_row_c(out + (size_t)y * n, row, tap, b->size, 3, n);
    }
    mw_free(rows);
    mw_free(p->rgb);
    p->rgb = out;
    return MW_OK;
}

/* ---- affine ---- */

typedef struct matrix {
    double m[3][3];
} matrix;

static matrix product(matrix a, matrix b)
{
    matrix p = { { { 0 } } };

    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                p.m[i][j] += a.m[i][k] * b.m[k][j];
    return p;
}

static matrix linear(double a, double b, double c, double d)
{
    return (matrix){ { { a, b, 0 }, { c, d, 0 }, { 0, 0, 1 } } };
}

static matrix shift(double x, double y)
{
    return (matrix){ { { 1, 0, x }, { 0, 1, y }, { 0, 0, 1 } } };
}

static matrix rotation(double angle)
{
    double s, c;

    mw_sincos(angle, &s, &c);
    return linear(c, -s, s, c);
}

/* Source to destination pixel centres, around the picture's centre, before fitting. */
static matrix affine_matrix(const mw_aug_affine *a, int width, int height)
{
    const double rad = MW_PI / 180, rot = a->rotate * rad, shx = a->shear_x * rad;
    const double cx = width / 2.0 - 0.5, cy = height / 2.0 - 0.5;
    double sin_y, cos_y, sin_r, cos_r, sin_rx, cos_rx;
    matrix m;

    mw_sincos(a->shear_y * rad, &sin_y, &cos_y);
    mw_sincos(rot, &sin_r, &cos_r);
    mw_sincos(rot + shx, &sin_rx, &cos_rx);
    m = product(shift(cx, cy), linear(a->scale_x * cos_r, -a->scale_y * sin_rx, a->scale_x * sin_r,
                                      a->scale_y * cos_rx));
    m = product(m, rotation(MW_PI / 2));
    m = product(m, linear(1, -sin_y, 0, cos_y));
    m = product(m, rotation(-MW_PI / 2));
    return product(m, shift(-cx, -cy));
}

/* Translate so that the mapped corners start at 0; the size that holds them. */
static matrix fit(matrix m, int width, int height, double size[2])
{
    const double corner[4][2] = {
        { 0, 0 }, { 0, height - 1.0 }, { width - 1.0, height - 1.0 }, { width - 1.0, 0 }
    };
    double lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };

    for (int k = 0; k < 4; k++)
        for (int d = 0; d < 2; d++) {
            const double v = m.m[d][0] * corner[k][0] + m.m[d][1] * corner[k][1] + m.m[d][2];

            lo[d] = fmin(lo[d], v);
            hi[d] = fmax(hi[d], v);
        }
    for (int d = 0; d < 2; d++)
        size[d] = ceil(hi[d] - lo[d] + 1);
    return product(shift(-lo[0], -lo[1]), m);
}

/* numpy.allclose(m, identity). */
static int is_identity(const matrix *m)
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            if (!(fabs(m->m[i][j] - (i == j)) <= 1e-8 + (i == j ? 1e-5 : 0))) return 0;
    return 1;
}

/* Inverse map in 1/1024 pixels: parts that depend on the column, [width][2], and the row. */
typedef struct inverse_map {
    double a11, a12, a21, a22, b1, b2;
    int64_t *column;
} inverse_map;

static inverse_map invert(const matrix *m)
{
    const double det = m->m[0][0] * m->m[1][1] - m->m[0][1] * m->m[1][0];
    const double d = det != 0 ? 1.0 / det : 0.0;
    inverse_map v = { .a11 = m->m[1][1] * d, .a12 = -m->m[0][1] * d };

    v.a21 = -m->m[1][0] * d;
    v.a22 = m->m[0][0] * d;
    v.b1 = -v.a11 * m->m[0][2] - v.a12 * m->m[1][2];
    v.b2 = -v.a21 * m->m[0][2] - v.a22 * m->m[1][2];
    return v;
}

static int inside(const mw_patch *p, int64_t x, int64_t y)
{
    return x >= 0 && y >= 0 && x < p->width && y < p->height;
}

/* Bilinear on a 1/32 grid, taps outside count 0. X, Y in 1/1024 with 16 added. */
static void sample_rgb(const mw_patch *p, int64_t X, int64_t Y, uint8_t out[3])
{
    const int64_t x = X >> 10, y = Y >> 10;
    const int fx = (int)(X >> 5 & 31), fy = (int)(Y >> 5 & 31);
    const int w[4] = { (32 - fy) * (32 - fx), (32 - fy) * fx, fy * (32 - fx), fy * fx };
    int sum[3] = { 0 };

    for (int k = 0; k < 4; k++) {
        const int64_t px = x + (k & 1), py = y + (k >> 1);
        const uint8_t *s;

        if (!inside(p, px, py)) continue;
        s = p->rgb + 3 * (py * p->width + px);
        for (int c = 0; c < 3; c++)
            sum[c] += s[c] * w[k];
    }
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)((sum[c] * 32 + (1 << 14)) >> 15);
}

static void warp(mw_patch *out, const mw_patch *in, const inverse_map *v)
{
    for (int y = 0; y < out->height; y++) {
        const int64_t X0 = (int64_t)rint((v->a12 * y + v->b1) * 1024);
        const int64_t Y0 = (int64_t)rint((v->a22 * y + v->b2) * 1024);

        for (int x = 0; x < out->width; x++) {
            const int64_t X = X0 + v->column[2 * x], Y = Y0 + v->column[2 * x + 1];
            const int64_t nx = (X + 512) >> 10, ny = (Y + 512) >> 10;
            const size_t at = (size_t)y * (size_t)out->width + (size_t)x;

            sample_rgb(in, X + 16, Y + 16, out->rgb + 3 * at);
            if (inside(in, nx, ny)) out->mask[at] = in->mask[ny * in->width + nx];
        }
    }
}

mw_status mw_aug_affine_apply(mw_patch *p, const mw_aug_affine *a, mw_error *err)
{
    double size[2];
    const matrix m = fit(affine_matrix(a, p->width, p->height), p->width, p->height, size);
    inverse_map v = invert(&m);
    mw_patch out;
    mw_status st;

    if (is_identity(&m)) return MW_OK;
    if (!(size[0] >= 1 && size[1] >= 1 && size[0] <= 1e6 && size[1] <= 1e6))
        return mw_fail(err, MW_ERR_RANGE, "bad_size", "an affine map to %g x %g pixels", size[0],
                       size[1]);
    st = mw_patch_alloc(&out, (int)size[0], (int)size[1], err);
    if (st != MW_OK) return st;
    v.column = mw_calloc((size_t)out.width * 2, sizeof *v.column);
    if (!v.column) {
        mw_patch_clear(&out);
        return mw_fail_nomem(err);
    }
    for (int x = 0; x < out.width; x++) {
        v.column[2 * x] = (int64_t)rint(v.a11 * x * 1024);
        v.column[2 * x + 1] = (int64_t)rint(v.a21 * x * 1024);
    }
    warp(&out, p, &v);
    mw_free(v.column);
    mw_patch_clear(p);
    *p = out;
    return MW_OK;
}

/* ---- tone ---- */

void mw_aug_tone_apply(mw_patch *p, const mw_aug_tone *t)
{
    const size_t n = 3 * (size_t)p->width * (size_t)p->height;
    uint8_t lut[256];

    for (int i = 0; i < 256; i++) {
        float v = (float)i;

        if (t->contrast != 1) v *= (float)t->contrast;
        if (t->brightness != 0) v += (float)(t->brightness * 255);
        lut[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
    for (size_t i = 0; i < n; i++)
        p->rgb[i] = lut[p->rgb[i]];
}

/* ---- the chain ---- */

mw_status mw_augment_apply(mw_patch *p, const mw_augment *a, mw_error *err)
{
    mw_status st = MW_OK;

    if (a->blur.size) st = mw_aug_blur_apply(p, &a->blur, err);
    if (st == MW_OK && a->jpeg_quality) {
        const mw_pixels rgb = mw_patch_rgb(p);

        st = mw_jpeg_roundtrip(&rgb, a->jpeg_quality, 0, err);
    }
    if (st == MW_OK && a->affine.on) st = mw_aug_affine_apply(p, &a->affine, err);
    if (st == MW_OK && a->tone.on) mw_aug_tone_apply(p, &a->tone);
    return st;
}
