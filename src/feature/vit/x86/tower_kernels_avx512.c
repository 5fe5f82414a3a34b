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

#include "feature/vit/tower_kernels_lanes.inc.h"

const mw_vit_kernels mw_vit_kernels_avx512 = { norm_lanes, narrow_lanes, attend_lanes, quantise_lanes, finish_lanes };
