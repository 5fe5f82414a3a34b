/* SPDX-License-Identifier: Apache-2.0
 *
 * mix.c with AVX-512. Multiplication and addition stay apart (no FMA), as in C.
 */
#include <immintrin.h>

#include "dsp/kernels.h"

float mw_mix_avx512(float *y, const float *x, const float *z, float gain, size_t n)
{
    const __m512 g = _mm512_set1_ps(gain);
    __m512 peak0 = _mm512_setzero_ps(), peak1 = peak0;
    float most, rest;
    size_t i = 0;

    for (; i + 32 <= n; i += 32) {
        const __m512 a =
            _mm512_add_ps(_mm512_loadu_ps(x + i), _mm512_mul_ps(_mm512_loadu_ps(z + i), g));
        const __m512 b = _mm512_add_ps(_mm512_loadu_ps(x + i + 16),
                                       _mm512_mul_ps(_mm512_loadu_ps(z + i + 16), g));

        _mm512_storeu_ps(y + i, a);
        _mm512_storeu_ps(y + i + 16, b);
        /* where the first operand is NaN, the second is taken */
        peak0 = _mm512_max_ps(_mm512_abs_ps(a), peak0);
        peak1 = _mm512_max_ps(_mm512_abs_ps(b), peak1);
    }
    most = _mm512_reduce_max_ps(_mm512_max_ps(peak0, peak1));
    rest = mw_mix_c(y + i, x + i, z + i, gain, n - i);
    return rest > most ? rest : most;
}

void mw_divide_avx512(float *x, float divisor, size_t n)
{
    const __m512 d = _mm512_set1_ps(divisor);
    size_t i = 0;

    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(x + i, _mm512_div_ps(_mm512_loadu_ps(x + i), d));
    mw_divide_c(x + i, divisor, n - i);
}

/* The conversion gives INT32_MIN for all that does not fit, NaN included; only the upper end needs
 * mending. */
void mw_pcm16_avx512(int16_t *q, const float *x, size_t n)
{
    const __m512 scale = _mm512_set1_ps(2147483648.0f);
    const __m512i top = _mm512_set1_epi32(INT32_MAX);
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        const __m512 v = _mm512_mul_ps(_mm512_loadu_ps(x + i), scale);
        const __mmask16 above = _mm512_cmp_ps_mask(v, scale, _CMP_GE_OQ);
        const __m512i all = _mm512_mask_mov_epi32(_mm512_cvtps_epi32(v), above, top);

        _mm256_storeu_si256((__m256i *)(void *)(q + i),
                            _mm512_cvtepi32_epi16(_mm512_srai_epi32(all, 16)));
    }
    mw_pcm16_c(q + i, x + i, n - i);
}
