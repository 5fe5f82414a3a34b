/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "face/letterbox_row.h"

/* Two pixels from eight bytes each, as R R' G G' B B' - - in both halves. */
static inline __m128i two_pixels(const uint8_t *p, ptrdiff_t a, ptrdiff_t b)
{
    const __m128i order = _mm_setr_epi8(0, 3, 1, 4, 2, 5, -1, -1, 8, 11, 9, 12, 10, 13, -1, -1);
    const __m128i lo = _mm_loadl_epi64((const __m128i *)(const void *)(p + a));
    const __m128i hi = _mm_loadl_epi64((const __m128i *)(const void *)(p + b));

    return _mm_shuffle_epi8(_mm_unpacklo_epi64(lo, hi), order);
}

/* Weights 32 - ax, ax of two columns, four times each. */
static inline __m128i column_weights(int32_t a, int32_t b)
{
    const int ax = a & 31, bx = b & 31;

    return _mm_unpacklo_epi64(_mm_set1_epi16((short)(ax << 8 | (32 - ax))),
                              _mm_set1_epi16((short)(bx << 8 | (32 - bx))));
}

void mw_letterbox_row_avx2(uint8_t *out, const uint8_t *p, const uint8_t *q, const int32_t *x32,
                           size_t n, unsigned ay)
{
    const __m128i rows = _mm_set1_epi32((int)(ay << 16 | (32 - ay))), half = _mm_set1_epi32(512);
    const __m128i pack = _mm_setr_epi8(0, 4, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    size_t i = 0;

    /* Each store writes one byte beyond its pixel, so the last pixels go the plain way. */
    for (; i + 4 <= n; i += 2) {
        const ptrdiff_t a = 3 * (ptrdiff_t)(x32[i] >> 5), b = 3 * (ptrdiff_t)(x32[i + 1] >> 5);
        const __m128i w = column_weights(x32[i], x32[i + 1]);
        const __m128i hp = _mm_maddubs_epi16(two_pixels(p, a, b), w);
        const __m128i hq = _mm_maddubs_epi16(two_pixels(q, a, b), w);
        const __m128i s = _mm_madd_epi16(_mm_unpacklo_epi16(hp, hq), rows);
        const __m128i t = _mm_madd_epi16(_mm_unpackhi_epi16(hp, hq), rows);
        const __m128i u = _mm_shuffle_epi8(_mm_srli_epi32(_mm_add_epi32(s, half), 10), pack);
        const __m128i v = _mm_shuffle_epi8(_mm_srli_epi32(_mm_add_epi32(t, half), 10), pack);

        _mm_storeu_si32(out + 3 * i, u);
        _mm_storeu_si32(out + 3 * i + 3, v);
    }
    mw_letterbox_row_c(out + 3 * i, p, q, x32 + i, n - i, ay);
}
