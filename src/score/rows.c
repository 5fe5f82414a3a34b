/* SPDX-License-Identifier: Apache-2.0 */
#define ROWS_NAME mw_rows_c
#include "score/rows_lanes.inc.h"

const mw_row_kernels *mw_rows_at(mw_cpu_level level)
{
#if defined(__x86_64__) && !defined(MW_REAL_DOUBLE)
    if (level == MW_CPU_AVX512) return &mw_rows_avx512;
    if (level == MW_CPU_AVX2) return &mw_rows_avx2;
#endif
    (void)level;
    return &mw_rows_c;
}

#ifdef MW_REAL_DOUBLE
void mw_product(const mw_gemm_shape *s, const mw_real *a, const mw_real *b, mw_real *c)
{
    for (size_t i = 0; i < s->m; i++) {
        mw_real *row = c + i * s->ldc;

        for (size_t j = 0; j < s->n && !s->add; j++)
            row[j] = 0;
        for (size_t k = 0; k < s->k; k++) {
            const mw_real left = a[i * s->a_row + k * s->a_col];

            for (size_t j = 0; j < s->n; j++)
                row[j] += left * b[k * s->ldb + j];
        }
    }
}
#else
void mw_product(const mw_gemm_shape *s, const mw_real *a, const mw_real *b, mw_real *c)
{
    mw_gemm(s, a, b, c);
}
#endif

mw_real mw_real_sigmoid(mw_real x)
{
    const double e = mw_exp_below(-fabs((double)x));

    return (mw_real)(x >= 0 ? 1 / (1 + e) : e / (1 + e));
}

mw_real mw_real_log(mw_real x)
{
    return isnan((double)x) ? x : (mw_real)mw_log((double)x);
}

double mw_log1pexp(double x)
{
    const double e = mw_exp_below(-fabs(x));

    /* log(1 + e) loses e below 1e-16 only: absolute error, which is what a loss needs */
    return isnan(x) ? x : mw_log(1 + e);
}
