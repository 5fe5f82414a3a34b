/* SPDX-License-Identifier: Apache-2.0
 *
 * mix.c with AVX2. Multiplication and addition stay apart (no FMA), as in C.
 */
#include <immintrin.h>

#include "dsp/kernels.h"

static inline __m256 magnitude(__m256 v)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v);
}

/* The larger; where v is NaN, peak. */
static inline __m256 larger(__m256 v, __m256 peak)
{
    return _mm256_max_ps(v, peak);
}

static float largest_lane(__m256 v)
{
    float lane[8], most;

    _mm256_storeu_ps(lane, v);
    most = lane[0];
    for (int k = 1; k < 8; k++)
        most = lane[k] > most ? lane[k] : most;
    return most;
}

float mw_mix_avx2(float *y, const float *x, const float *z, float gain, size_t n)
{
    const __m256 g = _mm256_set1_ps(gain);
    __m256 peak0 = _mm256_setzero_ps(), peak1 = peak0;
    float most, rest;
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        const __m256 a =
            _mm256_add_ps(_mm256_loadu_ps(x + i), _mm256_mul_ps(_mm256_loadu_ps(z + i), g));
        const __m256 b =
            _mm256_add_ps(_mm256_loadu_ps(x + i + 8), _mm256_mul_ps(_mm256_loadu_ps(z + i + 8), g));

        _mm256_storeu_ps(y + i, a);
        _mm256_storeu_ps(y + i + 8, b);
        peak0 = larger(magnitude(a), peak0);
        peak1 = larger(magnitude(b), peak1);
    }
    most = largest_lane(larger(peak0, peak1));
    rest = mw_mix_c(y + i, x + i, z + i, gain, n - i);
    return rest > most ? rest : most;
}

void mw_divide_avx2(float *x, float divisor, size_t n)
{
    const __m256 d = _mm256_set1_ps(divisor);
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(x + i, _mm256_div_ps(_mm256_loadu_ps(x + i), d));
    mw_divide_c(x + i, divisor, n - i);
}

/* The conversion gives INT32_MIN for all that does not fit, NaN included; only the upper end needs
 * mending. */
static inline __m256i upper_half(const float *x)
{
    const __m256 scale = _mm256_set1_ps(2147483648.0f);
    const __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x), scale);
    const __m256i above = _mm256_castps_si256(_mm256_cmp_ps(v, scale, _CMP_GE_OQ));
    const __m256i q = _mm256_cvtps_epi32(v);

    /* 0x80000000 xor all ones = 0x7fffffff */
    return _mm256_srai_epi32(_mm256_xor_si256(q, above), 16);
}

void mw_pcm16_avx2(int16_t *q, const float *x, size_t n)
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        const __m256i packed = _mm256_packs_epi32(upper_half(x + i), upper_half(x + i + 8));

        _mm256_storeu_si256((__m256i *)(void *)(q + i), _mm256_permute4x64_epi64(packed, 0xd8));
    }
    mw_pcm16_c(q + i, x + i, n - i);
}
