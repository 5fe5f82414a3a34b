/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "img/augment_kernel.h"

/* Eight samples; the four 64-bit quarters of the packed bytes hold them twice. */
static void store8(uint8_t *out, __m256 sum)
{
    const __m256i v = _mm256_cvtps_epi32(sum);
    const __m128i w = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

    _mm_storel_epi64((__m128i *)(void *)out, _mm_packus_epi16(w, w));
}

void mw_aug_filter_row_avx2(uint8_t *out, const float *const *row, const float *tap, int size,
                            size_t step, size_t n)
{
    size_t k = 0;

    for (; k + 8 <= n; k += 8) {
        __m256 sum = _mm256_setzero_ps();

        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++) {
                const float t = tap[i * size + j];

                if (t != 0)
                    sum = _mm256_fmadd_ps(_mm256_loadu_ps(row[i] + k + step * (size_t)j),
                                          _mm256_set1_ps(t), sum);
            }
        store8(out + k, sum);
    }
    if (k < n) {
        const float *rest[8];

        for (int i = 0; i < size; i++)
            rest[i] = row[i] + k;
        mw_aug_filter_row_c(out + k, rest, tap, size, step, n - k);
    }
}
