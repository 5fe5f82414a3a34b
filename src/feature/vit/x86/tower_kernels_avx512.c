/* SPDX-License-Identifier: Apache-2.0 */
#define MW_VL 16
#include "feature/vit/tower_kernels.h"

#include <immintrin.h>
#include <math.h>

#include "dsp/lanes.h"

static inline mw_vf vf_fma(mw_vf a, mw_vf b, mw_vf c)
{
    return (mw_vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

static inline mw_vf vf_max(mw_vf a, mw_vf b)
{
    return (mw_vf)_mm512_max_ps((__m512)a, (__m512)b);
}

static inline mw_vf vf_min(mw_vf a, mw_vf b)
{
    return (mw_vf)_mm512_min_ps((__m512)a, (__m512)b);
}

static inline void vf_low_bytes(uint8_t *p, mw_vf v)
{
    const __m128i b = _mm512_cvtepi32_epi8((__m512i)v);

    memcpy(p, &b, sizeof b);
}

#include "feature/vit/tower_kernels_lanes.inc.h"

const mw_vit_kernels mw_vit_kernels_avx512 = { norm_lanes, narrow_lanes, attend_lanes,
                                               quantise_lanes, finish_lanes };
