/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "nn/planar.h"

#define V                   __m256
#define LANES               8
#define LOAD(p)             _mm256_loadu_ps(p)
#define STORE(p, v)         _mm256_storeu_ps(p, v)
#define SET1(x)             _mm256_set1_ps(x)
#define ADD(a, b)           _mm256_add_ps(a, b)
#define MAX(a, b)           _mm256_max_ps(a, b)
#define FMA(a, b, c)        _mm256_fmadd_ps(a, b, c)
#define ZERO                _mm256_setzero_ps()
#define STORE_SOME(p, v, n) _mm256_maskstore_ps(p, first_lanes(n), v)
#define SPLIT(a, b, even, odd)                                                                     \
    do {                                                                                           \
        const __m256 a_ = (a), b_ = (b);                                                           \
                                                                                                   \
        even = in_order(_mm256_shuffle_ps(a_, b_, 0x88));                                          \
        odd = in_order(_mm256_shuffle_ps(a_, b_, 0xdd));                                           \
    } while (0)
#define MUL(a, b)           _mm256_mul_ps(a, b)
#define M                   __m256i
#define LANES_FROM_TO(a, b) lanes_from_to(a, b)
#define LOAD_MASK(p, m)     _mm256_maskload_ps(p, m)
#define STEM_VECTORS        1
#define MERGE(even, odd, a, b)                                                                     \
    do {                                                                                           \
        const __m256 l_ = _mm256_unpacklo_ps(even, odd), h_ = _mm256_unpackhi_ps(even, odd);       \
                                                                                                   \
        a = _mm256_permute2f128_ps(l_, h_, 0x20);                                                  \
        b = _mm256_permute2f128_ps(l_, h_, 0x31);                                                  \
    } while (0)
#define DENSE_VECTORS 2

static inline __m256i first_lanes(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Quarters 0 2 1 3, undoing the halves that shuffle_ps works in. */
static inline __m256 in_order(__m256 v)
{
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v), 0xd8));
}

static inline __m256i lanes_from_to(int a, int b)
{
    return _mm256_andnot_si256(first_lanes(a), first_lanes(b));
}

#include "nn/x86/planar_lanes.inc.h"

const mw_planar_kernels mw_planar_avx2 = { sparse_lanes, dense_lanes,    depthwise_lanes,
                                           stem_lanes,   max_pool_lanes, stem_input_lanes,
                                           resize_lanes, add_lanes };
