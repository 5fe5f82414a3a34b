/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "nn/planar.h"

#define V                   __m512
#define LANES               16
#define LOAD(p)             _mm512_loadu_ps(p)
#define STORE(p, v)         _mm512_storeu_ps(p, v)
#define SET1(x)             _mm512_set1_ps(x)
#define ADD(a, b)           _mm512_add_ps(a, b)
#define MAX(a, b)           _mm512_max_ps(a, b)
#define FMA(a, b, c)        _mm512_fmadd_ps(a, b, c)
#define ZERO                _mm512_setzero_ps()
#define STORE_SOME(p, v, n) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (n)) - 1), v)
#define SPLIT(a, b, even, odd)                                                                     \
    do {                                                                                           \
        const __m512 a_ = (a), b_ = (b);                                                           \
                                                                                                   \
        even = _mm512_permutex2var_ps(a_, even_lanes(), b_);                                       \
        odd = _mm512_permutex2var_ps(a_, odd_lanes(), b_);                                         \
    } while (0)
#define MUL(a, b)           _mm512_mul_ps(a, b)
#define M                   __mmask16
#define LANES_FROM_TO(a, b) lanes_from_to(a, b)
#define LOAD_MASK(p, m)     _mm512_maskz_loadu_ps(m, p)
#define STEM_VECTORS        2
#define MERGE(even, odd, a, b)                                                                     \
    do {                                                                                           \
        a = _mm512_permutex2var_ps(even, low_pairs(), odd);                                        \
        b = _mm512_permutex2var_ps(even, high_pairs(), odd);                                       \
    } while (0)
#define DENSE_VECTORS 4

static inline __m512i even_lanes(void)
{
    return _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}

static inline __m512i odd_lanes(void)
{
    return _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

static inline __m512i low_pairs(void)
{
    return _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

static inline __m512i high_pairs(void)
{
    return _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/* Lanes a <= i < b; a may reach LANES or beyond, b may be 0. */
static inline __mmask16 lanes_from_to(int a, int b)
{
    return a >= b ? 0 : (__mmask16)(((1u << b) - 1) & ~((1u << a) - 1));
}

#include "nn/x86/planar_lanes.inc.h"

const mw_planar_kernels mw_planar_avx512 = { sparse_lanes, dense_lanes,    depthwise_lanes,
                                             stem_lanes,   max_pool_lanes, stem_input_lanes,
                                             resize_lanes, add_lanes };
