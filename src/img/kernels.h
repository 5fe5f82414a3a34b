/* SPDX-License-Identifier: Apache-2.0
 *
 * Row kernels of the visual corruptions, one function pointer each, at every CPU level. The _c
 * versions are the definition; the others give the same bits. Used by noise.c, blur.c and yuv.c.
 */
#ifndef MW_IMG_KERNELS_H
#define MW_IMG_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* Coefficients of the two colour conversions; yuv.c holds their values and the formulas. */
typedef struct mw_yuv_to_rgb {
    int16_t y_off, cy, crv, cgu, cgv, cbu;
} mw_yuv_to_rgb;

typedef struct mw_rgb_to_yuv {
    int16_t yr, yg, yb, ur, ug, ub, vr, vg, vb;
    int32_t y_add, u_add, v_add; /* offset and rounding, before the shift */
    mw_yuv_to_rgb back;
} mw_rgb_to_yuv;

/* Static. */
const mw_yuv_to_rgb *mw_yuv_to_rgb_coefficients(int full_range);
const mw_rgb_to_yuv *mw_rgb_to_yuv_coefficients(int full_range);

/* row [n] in place: trunc(255 min(max(row / 255 + sigma z, 0), 1) + round_add) in f64, z [n]. */
typedef void mw_noise_row_fn(uint8_t *row, const float *z, size_t n, double sigma,
                             double round_add);

/* out [n]: acc = tap[0] row[r][x], then for i = 1..r: acc += tap[i] (row[r-i][x] + row[r+i][x]) in
 * f32, the pair's sum as an integer. row [2r+1] pointers to n bytes each, tap [r+1]. */
typedef void mw_blur_vert_fn(float *out, const uint8_t *const *row, const float *tap, int r,
                             size_t n);

/* dst [n], the same sum over in[x -+ 3i] in f32 (RGB, so neighbours are 3 apart), rounded half to
 * even, at most 255. in must be readable from in[-3r] to in[n - 1 + 3r]; not negative. */
typedef void mw_blur_horiz_fn(uint8_t *dst, const float *in, const float *tap, int r, size_t n);

/* rgb [w * 3] from y [w] and u, v [ceil(w/2)]. */
typedef void mw_yuv_to_rgb_fn(uint8_t *rgb, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                              size_t w, const mw_yuv_to_rgb *c);

/* Two rows y0, y1 [w] and one row u, v [ceil(w/2)] from rgb0, rgb1 [w * 3]. For a single last row
 * pass it twice. */
typedef void mw_rgb_to_yuv_fn(uint8_t *y0, uint8_t *y1, uint8_t *u, uint8_t *v, const uint8_t *rgb0,
                              const uint8_t *rgb1, size_t w, const mw_rgb_to_yuv *c);

typedef struct mw_img_kernels {
    mw_noise_row_fn *noise_row;
    mw_blur_vert_fn *blur_vert;
    mw_blur_horiz_fn *blur_horiz;
    mw_yuv_to_rgb_fn *yuv_to_rgb;
    mw_rgb_to_yuv_fn *rgb_to_yuv;
} mw_img_kernels;

/* The kernels of a level that this machine has; mw_img_kernels_at(mw_cpu()) for ordinary use.
 * Static, immutable. */
const mw_img_kernels *mw_img_kernels_at(mw_cpu_level level);

mw_noise_row_fn mw_noise_row_c, mw_noise_row_avx2, mw_noise_row_avx512;
mw_blur_vert_fn mw_blur_vert_c, mw_blur_vert_avx2, mw_blur_vert_avx512;
mw_blur_horiz_fn mw_blur_horiz_c, mw_blur_horiz_avx2, mw_blur_horiz_avx512;
mw_yuv_to_rgb_fn mw_yuv_to_rgb_c, mw_yuv_to_rgb_avx2;
mw_rgb_to_yuv_fn mw_rgb_to_yuv_c, mw_rgb_to_yuv_avx2;

#endif
