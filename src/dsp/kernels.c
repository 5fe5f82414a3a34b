/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/kernels.h"

static const mw_dsp_kernels plain = { mw_mix_c, mw_divide_c, mw_pcm16_c, mw_energy_c,
                                      mw_energy2_c };

#if defined(__x86_64__)
static const mw_dsp_kernels avx2 = { mw_mix_avx2, mw_divide_avx2, mw_pcm16_avx2, mw_energy_c,
                                     mw_energy2_c };
static const mw_dsp_kernels avx512 = { mw_mix_avx512, mw_divide_avx512, mw_pcm16_avx512,
                                       mw_energy_avx512, mw_energy2_avx512 };
#endif

const mw_dsp_kernels *mw_dsp_kernels_at(mw_cpu_level level)
{
#if defined(__x86_64__)
    if (level == MW_CPU_AVX512) return &avx512;
    if (level == MW_CPU_AVX2) return &avx2;
#endif
    (void)level;
    return &plain;
}
