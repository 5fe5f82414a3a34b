/* SPDX-License-Identifier: Apache-2.0 */
#define MW_VL 4
#include "feature/lld/kernels.h"

#include "base/cpu.h"

#include "feature/lld/kernels_lanes.inc.h"

const lld_kernels lld_kernels_c = KERNEL_TABLE;

const lld_kernels *lld_kernels_pick(void)
{
#if defined(__x86_64__)
    if (mw_cpu() == MW_CPU_AVX512) return &lld_kernels_avx512;
    if (mw_cpu() == MW_CPU_AVX2) return &lld_kernels_avx2;
#endif
    return &lld_kernels_c;
}
