/* SPDX-License-Identifier: Apache-2.0
 *
 * Philox words are held one per 64-bit lane, in its low half: a multiplication leaves its low word
 * where the next round wants it, and rubbish in the high half is never looked at.
 */
#include "base/normal.h"

#include <immintrin.h>
#include <string.h>

#define N_BLOCKS  8 /* per step, as two independent groups of four */
#define N_SAMPLES (N_BLOCKS * MW_NORMAL_PER_BLOCK)

typedef struct round_keys {
    __m256i k0[10], k1[10];
} round_keys;

static void make_keys(round_keys *k, uint64_t stream)
{
    uint32_t k0 = (uint32_t)stream, k1 = (uint32_t)(stream >> 32);

    for (int i = 0; i < 10; i++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        k->k0[i] = _mm256_set1_epi64x(k0);
        k->k1[i] = _mm256_set1_epi64x(k1);
    }
}

static inline void philox_round(__m256i c[4], __m256i k0, __m256i k1)
{
    const __m256i p0 = _mm256_mul_epu32(c[0], _mm256_set1_epi64x(0xD2511F53));
    const __m256i p1 = _mm256_mul_epu32(c[2], _mm256_set1_epi64x(0xCD9E8D57));

    c[0] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p1, 32), c[1]), k0);
    c[1] = p1;
    c[2] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p0, 32), c[3]), k1);
    c[3] = p0;
}

/* One block's 16 bytes are eight deviates in order. */
static inline void store_block(float *z, __m128i words, const float *magnitude)
{
    const __m256i h = _mm256_cvtepu16_epi32(words);
    const __m256i i = _mm256_and_si256(h, _mm256_set1_epi32(0x7fff));
    const __m256i sign = _mm256_slli_epi32(_mm256_srli_epi32(h, 15), 31);

    _mm256_storeu_ps(
        z, _mm256_xor_ps(_mm256_i32gather_ps(magnitude, i, 4), _mm256_castsi256_ps(sign)));
}

/* Four blocks, in 64-bit lanes of c, to 32 deviates. */
static inline void store_blocks(float *z, const __m256i c[4], const float *magnitude)
{
    const __m256i w01 = _mm256_blend_epi32(c[0], _mm256_slli_epi64(c[1], 32), 0xAA);
    const __m256i w23 = _mm256_blend_epi32(c[2], _mm256_slli_epi64(c[3], 32), 0xAA);
    const __m256i b02 = _mm256_unpacklo_epi64(w01, w23), b13 = _mm256_unpackhi_epi64(w01, w23);

    store_block(z, _mm256_castsi256_si128(b02), magnitude);
    store_block(z + 8, _mm256_castsi256_si128(b13), magnitude);
    store_block(z + 16, _mm256_extracti128_si256(b02, 1), magnitude);
    store_block(z + 24, _mm256_extracti128_si256(b13, 1), magnitude);
}

static inline void step(float *z, uint32_t first, const uint32_t ctr[4], const round_keys *k,
                        const float *magnitude)
{
    __m256i a[4] = { _mm256_add_epi64(_mm256_set1_epi64x(first), _mm256_setr_epi64x(0, 1, 2, 3)),
                     _mm256_set1_epi64x(ctr[1]), _mm256_set1_epi64x(ctr[2]),
                     _mm256_set1_epi64x(ctr[3]) };
    __m256i b[4] = { _mm256_add_epi64(a[0], _mm256_set1_epi64x(4)), a[1], a[2], a[3] };

    for (int i = 0; i < 10; i++) {
        philox_round(a, k->k0[i], k->k1[i]);
        philox_round(b, k->k0[i], k->k1[i]);
    }
    store_blocks(z, a, magnitude);
    store_blocks(z + N_SAMPLES / 2, b, magnitude);
}

void mw_normal_fill_avx2(float *z, size_t n, uint64_t stream, const uint32_t ctr[4],
                         const float *magnitude)
{
    uint32_t first = ctr[0];
    float rest[N_SAMPLES];
    round_keys k;

    make_keys(&k, stream);
    for (; n >= N_SAMPLES; n -= N_SAMPLES, z += N_SAMPLES, first += N_BLOCKS)
        step(z, first, ctr, &k, magnitude);
    if (n) {
        step(rest, first, ctr, &k, magnitude);
        memcpy(z, rest, n * sizeof *z);
    }
}
