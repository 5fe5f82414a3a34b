/* SPDX-License-Identifier: Apache-2.0
 *
 * As blur_avx2.c with twice the width.
 */
#include "img/kernels.h"

#include <immintrin.h>

#define STEP 64

static inline __m512i load(const uint8_t *p)
{
    return _mm512_loadu_si512((const void *)p);
}

/* acc[0..3] += g * the 64 integers of lo and hi (16 bits each, low halves first in each lane). */
static inline void multiply_add(__m512 acc[4], __m512i lo, __m512i hi, __m512 g)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i v[4] = { _mm512_unpacklo_epi16(lo, zero), _mm512_unpackhi_epi16(lo, zero),
                           _mm512_unpacklo_epi16(hi, zero), _mm512_unpackhi_epi16(hi, zero) };

    for (int j = 0; j < 4; j++)
        acc[j] = _mm512_add_ps(acc[j], _mm512_mul_ps(g, _mm512_cvtepi32_ps(v[j])));
}

/* Lane l of acc[j] holds samples 16 l + 4 j .. 16 l + 4 j + 3: a 4 x 4 transpose of lanes. */
static inline void store_in_order(float *out, const __m512 acc[4])
{
    const __m512 a = _mm512_shuffle_f32x4(acc[0], acc[1], 0x44);
    const __m512 b = _mm512_shuffle_f32x4(acc[0], acc[1], 0xEE);
    const __m512 c = _mm512_shuffle_f32x4(acc[2], acc[3], 0x44);
    const __m512 d = _mm512_shuffle_f32x4(acc[2], acc[3], 0xEE);

    _mm512_storeu_ps(out, _mm512_shuffle_f32x4(a, c, 0x88));
    _mm512_storeu_ps(out + 16, _mm512_shuffle_f32x4(a, c, 0xDD));
    _mm512_storeu_ps(out + 32, _mm512_shuffle_f32x4(b, d, 0x88));
    _mm512_storeu_ps(out + 48, _mm512_shuffle_f32x4(b, d, 0xDD));
}

static inline void vert_step(float *out, const uint8_t *const *row, const float *tap, int r,
                             size_t x)
{
    const __m512i one = _mm512_set1_epi8(1), zero = _mm512_setzero_si512();
    const __m512i centre = load(row[r] + x);
    /* -0 is the neutral start: the first addition leaves the product as it is */
    __m512 acc[4] = { _mm512_set1_ps(-0.0f), _mm512_set1_ps(-0.0f), _mm512_set1_ps(-0.0f),
                      _mm512_set1_ps(-0.0f) };

    multiply_add(acc, _mm512_unpacklo_epi8(centre, zero), _mm512_unpackhi_epi8(centre, zero),
                 _mm512_set1_ps(tap[0]));
    for (int i = 1; i <= r; i++) {
        const __m512i a = load(row[r - i] + x), b = load(row[r + i] + x);

        multiply_add(acc, _mm512_maddubs_epi16(_mm512_unpacklo_epi8(a, b), one),
                     _mm512_maddubs_epi16(_mm512_unpackhi_epi8(a, b), one), _mm512_set1_ps(tap[i]));
    }
    store_in_order(out + x, acc);
}

void mw_blur_vert_avx512(float *out, const uint8_t *const *row, const float *tap, int r, size_t n)
{
    if (n < STEP) {
        mw_blur_vert_c(out, row, tap, r, n);
        return;
    }
    for (size_t x = 0; x + STEP <= n; x += STEP)
        vert_step(out, row, tap, r, x);
    if (n % STEP) vert_step(out, row, tap, r, n - STEP);
}

static inline void horiz_step(uint8_t *dst, const float *in, const float *tap, int r)
{
    __m512 acc[4];

    for (int j = 0; j < 4; j++)
        acc[j] = _mm512_mul_ps(_mm512_set1_ps(tap[0]), _mm512_loadu_ps(in + 16 * j));
    for (int i = 1; i <= r; i++) {
        const __m512 g = _mm512_set1_ps(tap[i]);

        for (int j = 0; j < 4; j++) {
            const __m512 sum = _mm512_add_ps(_mm512_loadu_ps(in + 16 * j - 3 * i),
                                             _mm512_loadu_ps(in + 16 * j + 3 * i));

            acc[j] = _mm512_add_ps(acc[j], _mm512_mul_ps(g, sum));
        }
    }
    for (int j = 0; j < 4; j++)
        _mm_storeu_si128((__m128i *)(void *)(dst + 16 * j),
                         _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(acc[j])));
}

void mw_blur_horiz_avx512(uint8_t *dst, const float *in, const float *tap, int r, size_t n)
{
    if (n < STEP) {
        mw_blur_horiz_c(dst, in, tap, r, n);
        return;
    }
    for (size_t x = 0; x + STEP <= n; x += STEP)
        horiz_step(dst + x, in + x, tap, r);
    if (n % STEP) horiz_step(dst + n - STEP, in + n - STEP, tap, r);
}
