/* SPDX-License-Identifier: Apache-2.0
 *
 * Resampling of a matrix along its rows by a rational factor, as scipy.signal.resample_poly(x, up,
 * down, axis=0) does with its defaults (Kaiser window, beta 5; zeros outside):
 *
 *     y[m] = sum over k of x[k] h(m D - k U),   U = up / gcd, D = down / gcd, H = 10 max(U, D)
 *
 * One accumulator per output, k ascending, separate multiplication and addition: in single
 * precision the bits are SciPy's, at every CPU level (fixed order).
 */
#ifndef MW_DSP_RESAMPLE_POLY_H
#define MW_DSP_RESAMPLE_POLY_H

#include <stddef.h>

#include "merwild/status.h"

/* Filters already designed, by (U, D, kind); the least recently used of MW_POLY_CACHE is dropped.
 * One per thread. */
#define MW_POLY_CACHE 16
typedef struct mw_poly mw_poly;

mw_poly *mw_poly_create(void); /* NULL when memory is short */
void mw_poly_destroy(mw_poly **p);

/* Rows that n rows become: ceil(n U / D). */
size_t mw_poly_n_out(size_t n, size_t up, size_t down);

/* Largest accepted up and down after division by their gcd. */
#define MW_POLY_MAX_RATE (1u << 22)

/* x [n][columns] -> y [mw_poly_n_out][columns]; they must not overlap. half_taps: the filter is
 * rounded to 16-bit floats, as SciPy does for 16-bit input (x is that input, widened).
 *
 * MW_ERR_RANGE: up or down 0 or too large; MW_ERR_NOMEM. */
mw_status mw_poly_run_f32(mw_poly *p, const float *x, size_t n, size_t columns, size_t up,
                          size_t down, int half_taps, float *y, mw_error *err);

/* The same in double; agrees with SciPy to 1e-12 of the largest value. */
mw_status mw_poly_run_f64(mw_poly *p, const double *x, size_t n, size_t columns, size_t up,
                          size_t down, double *y, mw_error *err);

/* Output rows made by one call of a kernel. */
#define MW_POLY_OUTS 4

/* y [MW_POLY_OUTS][columns]: y[j] = sum over i < n[j] of x[first[j] + i] tap[j][i], i ascending.
 * first and first + n do not descend. */
typedef struct mw_poly_rows {
    const float *x;
    float *y;
    size_t columns, first[MW_POLY_OUTS], n[MW_POLY_OUTS];
    const float *tap[MW_POLY_OUTS];
} mw_poly_rows;

/* Kernels by level, for the tests; the C one is the definition.
 * taps: h(0 .. n - 1) before normalisation, i.e. sinc(t / rate) I0(5 sqrt(1 - (t / (10 rate))^2)).
 */
typedef struct mw_poly_kernels {
    void (*taps)(double *h, size_t n, size_t rate);
    void (*rows)(const mw_poly_rows *r);
} mw_poly_kernels;
extern const mw_poly_kernels mw_poly_kernels_c, mw_poly_kernels_avx2, mw_poly_kernels_avx512;

#endif
