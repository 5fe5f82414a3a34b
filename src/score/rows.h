/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of the networks on rows of numbers: everything that is not a matrix product.
 *
 * Numbers: fixed order. Sums along a row are sixteen partial sums (element j goes to sum j mod 16),
 * then halves; sums over rows go down each column; exp, erf and log are own series. Equal bits at
 * every CPU level. In the double build exp, erf and log are those of libm.
 */
#ifndef MW_SCORE_ROWS_H
#define MW_SCORE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "nn/gemm.h"
#include "score/real.h"

/* Softmax over x [n], in place: exp(scale x + weight bias - maximum) over its sum. bias [n], NULL:
 * none. */
typedef void mw_softmax_fn(mw_real *x, size_t n, mw_real scale, const mw_real *bias,
                           mw_real weight);

/* g [n] of probabilities a [n] becomes that of the logits: a (g - sum a g); added to sum [n] unless
 * NULL; then times scale. */
typedef void mw_softmax_back_fn(mw_real *g, const mw_real *a, size_t n, mw_real scale,
                                mw_real *sum);

/* y = weight (x - mean) / sqrt(var + 1e-5) + bias per row of x [rows][n]; relu: negative values
 * become 0; rows with mask 0 (NULL: none) become 0. stat [rows][2]: mean, 1 / deviation. */
typedef struct mw_norm_rows {
    size_t rows, n;
    int relu;
    const uint8_t *mask;
    const mw_real *x, *weight, *bias;
    mw_real *y, *stat;
} mw_norm_rows;
typedef void mw_norm_fn(const mw_norm_rows *r);

/* Adds to gw [n] and gb [n]; gx is added to when add is set, else written. */
typedef struct mw_norm_back_rows {
    const mw_real *g;
    mw_real *gx, *gw, *gb;
    int add;
} mw_norm_back_rows;
typedef void mw_norm_back_fn(const mw_norm_rows *r, const mw_norm_back_rows *b);

/* y [n] = x Phi(x), and gx (+)= g (Phi(x) + x phi(x)). */
typedef void mw_gelu_fn(mw_real *y, const mw_real *x, size_t n);
typedef void mw_gelu_back_fn(mw_real *gx, const mw_real *g, const mw_real *x, size_t n, int add);

/* y [n] += a x. */
typedef void mw_axpy_fn(mw_real *y, mw_real a, const mw_real *x, size_t n);
/* y [n] (+)= x m, element by element. */
typedef void mw_product_fn(mw_real *y, const mw_real *x, const mw_real *m, size_t n, int add);
/* sum [n] += the rows of x [rows][n], in order. */
typedef void mw_col_sums_fn(mw_real *sum, const mw_real *x, size_t rows, size_t n);
/* The same 16 partial sums as above. */
typedef mw_real mw_dot_fn(const mw_real *x, const mw_real *y, size_t n);
/* y [n][m] = transpose of x [m][n] whose rows are ldx apart; rows of y are ldy apart. */
typedef void mw_transpose_fn(mw_real *y, size_t ldy, const mw_real *x, size_t ldx, size_t m,
                             size_t n);

/* One AdamW step on n values. rate_1: rate / (1 - beta1^t); root_2: sqrt(1 - beta2^t). */
typedef struct mw_adamw_step {
    mw_real scale, keep, rate_1, root_2;
} mw_adamw_step;
typedef void mw_adamw_fn(mw_real *p, const mw_real *g, mw_real *m, mw_real *v, size_t n,
                         const mw_adamw_step *s);

typedef struct mw_row_kernels {
    mw_softmax_fn *softmax;
    mw_softmax_back_fn *softmax_back;
    mw_norm_fn *norm;
    mw_norm_back_fn *norm_back;
    mw_gelu_fn *gelu;
    mw_gelu_back_fn *gelu_back;
    mw_axpy_fn *axpy;
    mw_product_fn *product;
    mw_col_sums_fn *col_sums;
    mw_dot_fn *dot;
    mw_transpose_fn *transpose;
    mw_adamw_fn *adamw;
} mw_row_kernels;

extern const mw_row_kernels mw_rows_c, mw_rows_avx2, mw_rows_avx512;
const mw_row_kernels *mw_rows_at(mw_cpu_level level);

/* Those of the level in use, and the matrix product of nn/gemm.h (plain loops in double). */
static inline const mw_row_kernels *mw_rows(void)
{
    return mw_rows_at(mw_cpu());
}

void mw_product(const mw_gemm_shape *s, const mw_real *a, const mw_real *b, mw_real *c);

mw_real mw_real_sigmoid(mw_real x);
mw_real mw_real_log(mw_real x);
/* log(1 + e^-|x|) */
double mw_log1pexp(double x);

#endif
