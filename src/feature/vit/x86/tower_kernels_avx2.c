/* SPDX-License-Identifier: Apache-2.0 */
#define MW_VL 8
#include "feature/vit/tower_kernels.h"

#include <immintrin.h>
#include <math.h>

#include "dsp/lanes.h"

static inline mw_vf vf_fma(mw_vf a, mw_vf b, mw_vf c)
{
    return (mw_vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

static inline mw_vf vf_max(mw_vf a, mw_vf b)
{
    return (mw_vf)_mm256_max_ps((__m256)a, (__m256)b);
}

static inline mw_vf vf_min(mw_vf a, mw_vf b)
{
    return (mw_vf)_mm256_min_ps((__m256)a, (__m256)b);
}

static inline void vf_low_bytes(uint8_t *p, mw_vf v)
{
    const __m256i first = _mm256_set1_epi32(0x0c080400);
    const __m256i b = _mm256_shuffle_epi8((__m256i)v, first);
    const __m128i eight =
        _mm_unpacklo_epi32(_mm256_castsi256_si128(b), _mm256_extracti128_si256(b, 1));

    memcpy(p, &eight, 8);
}

#include "feature/vit/tower_kernels_lanes.inc.h"

const mw_vit_kernels mw_vit_kernels_avx2 = { norm_lanes, narrow_lanes, attend_lanes, quantise_lanes,
                                             finish_lanes };
