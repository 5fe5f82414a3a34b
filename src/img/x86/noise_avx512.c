/* SPDX-License-Identifier: Apache-2.0 */
#include "img/kernels.h"

#include <immintrin.h>

typedef struct params {
    __m512d sigma, add;
} params;

/* Eight samples to eight integers in 0..255. */
static inline __m256i eight(__m128i bytes, const float *z, const params *p)
{
    const __m512d v = _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(bytes));
    const __m512d x = _mm512_mul_pd(v, _mm512_set1_pd(1.0 / 255.0));
    __m512d y = _mm512_add_pd(x, _mm512_mul_pd(p->sigma, _mm512_cvtps_pd(_mm256_loadu_ps(z))));

    y = _mm512_min_pd(_mm512_max_pd(y, _mm512_setzero_pd()), _mm512_set1_pd(1.0));
    y = _mm512_add_pd(_mm512_mul_pd(y, _mm512_set1_pd(255.0)), p->add);
    return _mm512_cvttpd_epi32(y);
}

void mw_noise_row_avx512(uint8_t *row, const float *z, size_t n, double sigma, double round_add)
{
    const params p = { _mm512_set1_pd(sigma), _mm512_set1_pd(round_add) };
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(row + i));
        const __m256i a = eight(v, z + i, &p);
        const __m256i b = eight(_mm_srli_si128(v, 8), z + i + 8, &p);

        _mm_storeu_si128((__m128i *)(void *)(row + i),
                         _mm512_cvtepi32_epi8(_mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1)));
    }
    mw_noise_row_c(row + i, z + i, n - i, sigma, round_add);
}
