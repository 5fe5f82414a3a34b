/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/gemm.h"

#include <math.h>

/* The definition; slow. */
void mw_gemm_c(const mw_gemm_shape *s, const float *a, const float *b, float *c)
{
    for (size_t i = 0; i < s->m; i++) {
        for (size_t j = 0; j < s->n; j++) {
            float sum = s->add ? c[i * s->ldc + j] : 0.0f;

            for (size_t k = 0; k < s->k; k++)
                sum = fmaf(a[i * s->a_row + k * s->a_col], b[k * s->ldb + j], sum);
            c[i * s->ldc + j] = sum;
        }
    }
}

mw_gemm_fn *mw_gemm_fn_at(mw_cpu_level level)
{
#if defined(__x86_64__)
    if (level == MW_CPU_AVX512) return mw_gemm_avx512;
    if (level == MW_CPU_AVX2) return mw_gemm_avx2;
#endif
    (void)level;
    return mw_gemm_c;
}

void mw_gemm(const mw_gemm_shape *s, const float *a, const float *b, float *c)
{
    mw_gemm_fn_at(mw_cpu())(s, a, b, c);
}
