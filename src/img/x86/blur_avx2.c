/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of at least one step end with a step that overlaps the one before; shorter rows take the C
 * version.
 */
#include "img/kernels.h"

#include <immintrin.h>

#define V_STEP 32
#define H_STEP 32

static inline __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* acc[0..3] += g * the 32 integers of lo and hi (16 bits each, low halves first in each lane). */
static inline void multiply_add(__m256 acc[4], __m256i lo, __m256i hi, __m256 g)
{
    const __m256i zero = _mm256_setzero_si256();
    const __m256i v[4] = { _mm256_unpacklo_epi16(lo, zero), _mm256_unpackhi_epi16(lo, zero),
                           _mm256_unpacklo_epi16(hi, zero), _mm256_unpackhi_epi16(hi, zero) };

    for (int j = 0; j < 4; j++)
        acc[j] = _mm256_add_ps(acc[j], _mm256_mul_ps(g, _mm256_cvtepi32_ps(v[j])));
}

/* acc[j] holds samples 4 j .. 4 j + 3 in its low lane and 16 more in its high lane. */
static inline void store_in_order(float *out, const __m256 acc[4])
{
    _mm256_storeu_ps(out, _mm256_permute2f128_ps(acc[0], acc[1], 0x20));
    _mm256_storeu_ps(out + 8, _mm256_permute2f128_ps(acc[2], acc[3], 0x20));
    _mm256_storeu_ps(out + 16, _mm256_permute2f128_ps(acc[0], acc[1], 0x31));
    _mm256_storeu_ps(out + 24, _mm256_permute2f128_ps(acc[2], acc[3], 0x31));
}

static inline void vert_step(float *out, const uint8_t *const *row, const float *tap, int r,
                             size_t x)
{
    const __m256i one = _mm256_set1_epi8(1), zero = _mm256_setzero_si256();
    const __m256i centre = load(row[r] + x);
    /* -0 is the neutral start: the first addition leaves the product as it is */
    __m256 acc[4] = { _mm256_set1_ps(-0.0f), _mm256_set1_ps(-0.0f), _mm256_set1_ps(-0.0f),
                      _mm256_set1_ps(-0.0f) };

    multiply_add(acc, _mm256_unpacklo_epi8(centre, zero), _mm256_unpackhi_epi8(centre, zero),
                 _mm256_set1_ps(tap[0]));
    for (int i = 1; i <= r; i++) {
        const __m256i a = load(row[r - i] + x), b = load(row[r + i] + x);

        multiply_add(acc, _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), one),
                     _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), one), _mm256_set1_ps(tap[i]));
    }
    store_in_order(out + x, acc);
}

void mw_blur_vert_avx2(float *out, const uint8_t *const *row, const float *tap, int r, size_t n)
{
    if (n < V_STEP) {
        mw_blur_vert_c(out, row, tap, r, n);
        return;
    }
    for (size_t x = 0; x + V_STEP <= n; x += V_STEP)
        vert_step(out, row, tap, r, x);
    if (n % V_STEP) vert_step(out, row, tap, r, n - V_STEP);
}

static inline void horiz_step(uint8_t *dst, const float *in, const float *tap, int r)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256 acc[4];
    __m256i v[4], words[2];

    for (int j = 0; j < 4; j++)
        acc[j] = _mm256_mul_ps(_mm256_set1_ps(tap[0]), _mm256_loadu_ps(in + 8 * j));
    for (int i = 1; i <= r; i++) {
        const __m256 g = _mm256_set1_ps(tap[i]);

        for (int j = 0; j < 4; j++) {
            const __m256 sum = _mm256_add_ps(_mm256_loadu_ps(in + 8 * j - 3 * i),
                                             _mm256_loadu_ps(in + 8 * j + 3 * i));

            acc[j] = _mm256_add_ps(acc[j], _mm256_mul_ps(g, sum));
        }
    }
    for (int j = 0; j < 4; j++)
        v[j] = _mm256_cvtps_epi32(acc[j]);
    words[0] = _mm256_packs_epi32(v[0], v[1]);
    words[1] = _mm256_packs_epi32(v[2], v[3]);
    _mm256_storeu_si256(
        (__m256i *)(void *)dst,
        _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words[0], words[1]), order));
}

void mw_blur_horiz_avx2(uint8_t *dst, const float *in, const float *tap, int r, size_t n)
{
    if (n < H_STEP) {
        mw_blur_horiz_c(dst, in, tap, r, n);
        return;
    }
    for (size_t x = 0; x + H_STEP <= n; x += H_STEP)
        horiz_step(dst + x, in + x, tap, r);
    if (n % H_STEP) horiz_step(dst + n - H_STEP, in + n - H_STEP, tap, r);
}
