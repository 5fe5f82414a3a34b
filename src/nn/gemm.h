/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix product for the shapes of small networks: some hundred rows, widths from 16 to 1536. The
 * operands are read where they lie: a column step on the left side makes transposes and overlapping
 * views (a convolution over rows: a_row = channels, k = taps channels) out of the same call.
 *
 * Numbers: fixed order. Every element of c starts at 0 or at its old value and adds its k products
 * in ascending order by fused multiply-add; equal bits at every CPU level, and the same for a row
 * whatever other rows are computed with it.
 */
#ifndef MW_NN_GEMM_H
#define MW_NN_GEMM_H

#include <stddef.h>

#include "base/cpu.h"

/* c[i][j] (+)= sum over k of a[i a_row + k a_col] b[k ldb + j], i < m, j < n; element (i, j) of c
 * lies at i ldc + j. add: to what is there. a_row and a_col are free (rows of a may overlap); ldb
 * and ldc are at least n; c overlaps neither a nor b. */
typedef struct mw_gemm_shape {
    size_t m, n, k, a_row, a_col, ldb, ldc;
    int add;
} mw_gemm_shape;

typedef void mw_gemm_fn(const mw_gemm_shape *s, const float *a, const float *b, float *c);

/* Runs on the calling thread, without memory of its own. */
void mw_gemm(const mw_gemm_shape *s, const float *a, const float *b, float *c);

/* For tests: the implementation of a level, which this machine must have. */
mw_gemm_fn *mw_gemm_fn_at(mw_cpu_level level);
mw_gemm_fn mw_gemm_c, mw_gemm_avx2, mw_gemm_avx512;

#endif
