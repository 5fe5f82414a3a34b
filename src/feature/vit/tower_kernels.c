/* SPDX-License-Identifier: Apache-2.0 */
#define MW_VL 4
#include "feature/vit/tower_kernels.h"

#include <math.h>

#include "dsp/lanes.h"

static inline mw_vf vf_fma(mw_vf a, mw_vf b, mw_vf c)
{
    for (int l = 0; l < MW_VL; l++)
        c[l] = fmaf(a[l], b[l], c[l]);
    return c;
}

static inline mw_vf vf_max(mw_vf a, mw_vf b)
{
    return vf_pick(a > b, a, b);
}

static inline mw_vf vf_min(mw_vf a, mw_vf b)
{
    return vf_pick(a < b, a, b);
}

static inline void vf_low_bytes(uint8_t *p, mw_vf v)
{
    for (int l = 0; l < MW_VL; l++)
        p[l] = (uint8_t)((mw_vfi)v)[l];
}

#include "feature/vit/tower_kernels_lanes.inc.h"

const mw_vit_kernels mw_vit_kernels_c = { norm_lanes, narrow_lanes, attend_lanes, quantise_lanes,
                                          finish_lanes };

const mw_vit_kernels *mw_vit_kernels_at(mw_cpu_level level)
{
#if defined(__x86_64__)
    if (level == MW_CPU_AVX512) return &mw_vit_kernels_avx512;
    if (level == MW_CPU_AVX2) return &mw_vit_kernels_avx2;
#endif
    (void)level;
    return &mw_vit_kernels_c;
}
