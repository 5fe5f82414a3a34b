/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "nn/gemm.h"

#define V                   __m512
#define LANES               16
#define LOAD(p)             _mm512_loadu_ps(p)
#define STORE(p, v)         _mm512_storeu_ps(p, v)
#define SET1(x)             _mm512_set1_ps(x)
#define FMA(a, b, c)        _mm512_fmadd_ps(a, b, c)
#define ZERO                _mm512_setzero_ps()
#define M                   __mmask16
#define FIRST(n)            (__mmask16)((1u << (n)) - 1)
#define LOAD_MASK(p, m)     _mm512_maskz_loadu_ps(m, p)
#define STORE_MASK(p, m, v) _mm512_mask_storeu_ps(p, m, v)
#define WIDE                4
#define WIDE_ROWS           6
#define NARROW_ROWS         12

#include "nn/x86/gemm_lanes.inc.h"

void mw_gemm_avx512(const mw_gemm_shape *s, const float *a, const float *b, float *c)
{
    gemm_lanes(s, a, b, c);
}
