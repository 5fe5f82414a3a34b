/* SPDX-License-Identifier: Apache-2.0
 *
 * As normal_avx2.c with twice the width; a three-operand xor is one instruction here.
 */
#include "base/normal.h"

#include <immintrin.h>
#include <string.h>

#define N_BLOCKS  16 /* per step, as two independent groups of eight */
#define N_SAMPLES (N_BLOCKS * MW_NORMAL_PER_BLOCK)
#define XOR3      0x96

typedef struct round_keys {
    __m512i k0[10], k1[10];
} round_keys;

static void make_keys(round_keys *k, uint64_t stream)
{
    uint32_t k0 = (uint32_t)stream, k1 = (uint32_t)(stream >> 32);

    for (int i = 0; i < 10; i++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        k->k0[i] = _mm512_set1_epi64(k0);
        k->k1[i] = _mm512_set1_epi64(k1);
    }
}

static inline void philox_round(__m512i c[4], __m512i k0, __m512i k1)
{
    const __m512i p0 = _mm512_mul_epu32(c[0], _mm512_set1_epi64(0xD2511F53));
    const __m512i p1 = _mm512_mul_epu32(c[2], _mm512_set1_epi64(0xCD9E8D57));

    c[0] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c[1], k0, XOR3);
    c[1] = p1;
    c[2] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c[3], k1, XOR3);
    c[3] = p0;
}

/* Two blocks, 32 bytes, are sixteen deviates in order. */
static inline void store_pair(float *z, __m256i words, const float *magnitude)
{
    const __m512i h = _mm512_cvtepu16_epi32(words);
    const __m512i i = _mm512_and_si512(h, _mm512_set1_epi32(0x7fff));
    const __m512i sign = _mm512_slli_epi32(_mm512_srli_epi32(h, 15), 31);

    _mm512_storeu_ps(
        z, _mm512_xor_ps(_mm512_i32gather_ps(i, magnitude, 4), _mm512_castsi512_ps(sign)));
}

/* Eight blocks, in 64-bit lanes of c, to 64 deviates. */
static inline void store_blocks(float *z, const __m512i c[4], const float *magnitude)
{
    const __m512i w01 = _mm512_mask_blend_epi32(0xAAAA, c[0], _mm512_slli_epi64(c[1], 32));
    const __m512i w23 = _mm512_mask_blend_epi32(0xAAAA, c[2], _mm512_slli_epi64(c[3], 32));
    const __m512i even = _mm512_unpacklo_epi64(w01, w23), odd = _mm512_unpackhi_epi64(w01, w23);
    const __m512i b0123 =
        _mm512_permutex2var_epi64(even, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), odd);
    const __m512i b4567 =
        _mm512_permutex2var_epi64(even, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), odd);

    store_pair(z, _mm512_castsi512_si256(b0123), magnitude);
    store_pair(z + 16, _mm512_extracti64x4_epi64(b0123, 1), magnitude);
    store_pair(z + 32, _mm512_castsi512_si256(b4567), magnitude);
    store_pair(z + 48, _mm512_extracti64x4_epi64(b4567, 1), magnitude);
}

static inline void step(float *z, uint32_t first, const uint32_t ctr[4], const round_keys *k,
                        const float *magnitude)
{
    __m512i a[4] = {
        _mm512_add_epi64(_mm512_set1_epi64(first), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7)),
        _mm512_set1_epi64(ctr[1]), _mm512_set1_epi64(ctr[2]), _mm512_set1_epi64(ctr[3])
    };
    __m512i b[4] = { _mm512_add_epi64(a[0], _mm512_set1_epi64(8)), a[1], a[2], a[3] };

    for (int i = 0; i < 10; i++) {
        philox_round(a, k->k0[i], k->k1[i]);
        philox_round(b, k->k0[i], k->k1[i]);
    }
    store_blocks(z, a, magnitude);
    store_blocks(z + N_SAMPLES / 2, b, magnitude);
}

void mw_normal_fill_avx512(float *z, size_t n, uint64_t stream, const uint32_t ctr[4],
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
