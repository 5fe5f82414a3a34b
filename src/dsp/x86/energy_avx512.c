/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_energy with AVX-512: one lane per running sum. Two arrays at a time hide the adder's latency.
 */
#include <immintrin.h>

#include "dsp/kernels.h"

static inline __m512d add_squares(__m512d sum, __m256 x)
{
    const __m512d v = _mm512_cvtps_pd(x);

    return _mm512_add_pd(sum, _mm512_mul_pd(v, v));
}

/* ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)) */
static inline double total(__m512d s)
{
    const __m256d half = _mm256_add_pd(_mm512_castpd512_pd256(s), _mm512_extractf64x4_pd(s, 1));
    const __m128d quarter =
        _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd(half, 1));

    return _mm_cvtsd_f64(quarter) + _mm_cvtsd_f64(_mm_unpackhi_pd(quarter, quarter));
}

static inline __mmask8 first(size_t n)
{
    return (__mmask8)((1u << n) - 1);
}

/* Lanes past the end add 0, which changes no sum of squares. */
double mw_energy_avx512(const float *x, size_t n)
{
    __m512d s = _mm512_setzero_pd();
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        s = add_squares(s, _mm256_loadu_ps(x + i));
    if (i < n) s = add_squares(s, _mm256_maskz_loadu_ps(first(n - i), x + i));
    return total(s);
}

void mw_energy2_avx512(double sum[2], const float *x, const float *z, size_t n)
{
    __m512d s = _mm512_setzero_pd(), t = s;
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        s = add_squares(s, _mm256_loadu_ps(x + i));
        t = add_squares(t, _mm256_loadu_ps(z + i));
    }
    if (i < n) {
        s = add_squares(s, _mm256_maskz_loadu_ps(first(n - i), x + i));
        t = add_squares(t, _mm256_maskz_loadu_ps(first(n - i), z + i));
    }
    sum[0] = total(s);
    sum[1] = total(t);
}
