/* SPDX-License-Identifier: Apache-2.0 */
#include "img/kernels.h"

static const mw_img_kernels plain = { mw_noise_row_c, mw_blur_vert_c, mw_blur_horiz_c,
                                      mw_yuv_to_rgb_c, mw_rgb_to_yuv_c };

#if defined(__x86_64__)
static const mw_img_kernels avx2 = { mw_noise_row_avx2, mw_blur_vert_avx2, mw_blur_horiz_avx2,
                                     mw_yuv_to_rgb_avx2, mw_rgb_to_yuv_avx2 };

/* The AVX2 colour conversions take under a tenth of a decoder's time: no wider version. */
static const mw_img_kernels avx512 = { mw_noise_row_avx512, mw_blur_vert_avx512,
                                       mw_blur_horiz_avx512, mw_yuv_to_rgb_avx2,
                                       mw_rgb_to_yuv_avx2 };
#endif

const mw_img_kernels *mw_img_kernels_at(mw_cpu_level level)
{
#if defined(__x86_64__)
    if (level == MW_CPU_AVX512) return &avx512;
    if (level == MW_CPU_AVX2) return &avx2;
#endif
    (void)level;
    return &plain;
}
