/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "nn/gemm.h"

#define V                   __m256
#define LANES               8
#define LOAD(p)             _mm256_loadu_ps(p)
#define STORE(p, v)         _mm256_storeu_ps(p, v)
#define SET1(x)             _mm256_set1_ps(x)
#define FMA(a, b, c)        _mm256_fmadd_ps(a, b, c)
#define ZERO                _mm256_setzero_ps()
#define M                   __m256i
#define FIRST(n)            first_lanes(n)
#define LOAD_MASK(p, m)     _mm256_maskload_ps(p, m)
#define STORE_MASK(p, m, v) _mm256_maskstore_ps(p, m, v)
#define WIDE                2
#define WIDE_ROWS           6
#define NARROW_ROWS         12

static inline __m256i first_lanes(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

#include "nn/x86/gemm_lanes.inc.h"

void mw_gemm_avx2(const mw_gemm_shape *s, const float *a, const float *b, float *c)
{
    gemm_lanes(s, a, b, c);
}
