/* SPDX-License-Identifier: Apache-2.0 */
#include "img/kernels.h"

#include <immintrin.h>

typedef struct params {
    __m256d sigma, add;
} params;

/* Four samples to four integers in 0..255. */
static inline __m128i four(__m128i v, __m128 z, const params *p)
{
    const __m256d x = _mm256_mul_pd(_mm256_cvtepi32_pd(v), _mm256_set1_pd(1.0 / 255.0));
    __m256d y = _mm256_add_pd(x, _mm256_mul_pd(p->sigma, _mm256_cvtps_pd(z)));

    y = _mm256_min_pd(_mm256_max_pd(y, _mm256_setzero_pd()), _mm256_set1_pd(1.0));
    y = _mm256_add_pd(_mm256_mul_pd(y, _mm256_set1_pd(255.0)), p->add);
    return _mm256_cvttpd_epi32(y);
}

static inline __m128i eight(__m128i bytes, const float *z, const params *p)
{
    const __m128i lo = four(_mm_cvtepu8_epi32(bytes), _mm_loadu_ps(z), p);
    const __m128i hi = four(_mm_cvtepu8_epi32(_mm_srli_si128(bytes, 4)), _mm_loadu_ps(z + 4), p);

    return _mm_packs_epi32(lo, hi);
}

void mw_noise_row_avx2(uint8_t *row, const float *z, size_t n, double sigma, double round_add)
{
    const params p = { _mm256_set1_pd(sigma), _mm256_set1_pd(round_add) };
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(row + i));
        const __m128i a = eight(v, z + i, &p);
        const __m128i b = eight(_mm_srli_si128(v, 8), z + i + 8, &p);

        _mm_storeu_si128((__m128i *)(void *)(row + i), _mm_packus_epi16(a, b));
    }
    mw_noise_row_c(row + i, z + i, n - i, sigma, round_add);
}
