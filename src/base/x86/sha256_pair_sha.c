/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4, section 6.2.2) with the SHA instructions, of two streams in turn: each round
 * waits for the one before it, so that a single stream leaves half of the unit idle.
 */
#include "base/hash.h"

#include <immintrin.h>

#define TARGET __attribute__((target("sha")))

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* A stream between two steps. The instructions want the eight words of the hash as A B E F and
 * C D G H, the first of them highest. */
typedef struct stream {
    __m128i abef, cdgh;
    __m128i w[4]; /* message schedule: the last 16 words, word 4 i + k in lane k of w[i mod 4] */
} stream;

static inline TARGET void load(stream *s, const uint32_t h[8])
{
    const __m128i abcd = _mm_loadu_si128((const __m128i *)(const void *)h);
    const __m128i efgh = _mm_loadu_si128((const __m128i *)(const void *)(h + 4));
    const __m128i ab_cd = _mm_shuffle_epi32(abcd, 0xb1), ef_gh = _mm_shuffle_epi32(efgh, 0x1b);

    s->abef = _mm_alignr_epi8(ab_cd, ef_gh, 8);
    s->cdgh = _mm_blend_epi16(ef_gh, ab_cd, 0xf0);
}

static inline TARGET void store(uint32_t h[8], const stream *s)
{
    const __m128i feba = _mm_shuffle_epi32(s->abef, 0x1b), dchg = _mm_shuffle_epi32(s->cdgh, 0xb1);

    _mm_storeu_si128((__m128i *)(void *)h, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static inline TARGET void load_words(stream *s, const uint8_t *block)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

    for (int i = 0; i < 4; i++)
        s->w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)),
                                   big_endian);
}

/* Rounds 4 i to 4 i + 3, and the parts of the schedule that their words allow. */
static inline TARGET void four_rounds(stream *s, int i)
{
    const __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(round_constant + 4 * i));
    const __m128i wk = _mm_add_epi32(s->w[i & 3], k);

    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, wk);
    if (i >= 3 && i < 15) {
        __m128i *next = &s->w[(i + 1) & 3];
        const __m128i w_minus_7 = _mm_alignr_epi8(s->w[i & 3], s->w[(i + 3) & 3], 4);

        *next = _mm_sha256msg2_epu32(_mm_add_epi32(*next, w_minus_7), s->w[i & 3]);
    }
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(wk, 0x0e));
    if (i >= 1 && i < 13) s->w[(i + 3) & 3] = _mm_sha256msg1_epu32(s->w[(i + 3) & 3], s->w[i & 3]);
}

TARGET void mw_sha256_pair_sha(uint32_t state_a[8], const void *a, uint32_t state_b[8],
                               const void *b, size_t n_blocks)
{
    const uint8_t *block_a = a, *block_b = b;
    stream x, y;

    load(&x, state_a);
    load(&y, state_b);
    for (size_t n = 0; n < n_blocks; n++, block_a += 64, block_b += 64) {
        const stream x0 = x, y0 = y;

        load_words(&x, block_a);
        load_words(&y, block_b);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            four_rounds(&x, i);
            four_rounds(&y, i);
        }
        x.abef = _mm_add_epi32(x.abef, x0.abef);
        x.cdgh = _mm_add_epi32(x.cdgh, x0.cdgh);
        y.abef = _mm_add_epi32(y.abef, y0.abef);
        y.cdgh = _mm_add_epi32(y.cdgh, y0.cdgh);
    }
    store(state_a, &x);
    store(state_b, &y);
}
