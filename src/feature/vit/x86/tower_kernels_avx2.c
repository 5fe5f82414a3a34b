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

#include "feature/vit/tower_kernels_lanes.inc.h"

const mw_vit_kernels mw_vit_kernels_avx2 = { norm_lanes, narrow_lanes, attend_lanes, quantise_lanes, finish_lanes };
