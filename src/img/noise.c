/* SPDX-License-Identifier: Apache-2.0 */
#include "img/noise.h"

#include <math.h>

#include "base/normal.h"
#include "img/kernels.h"

/* Deviates made at a time: they stay in the first-level cache between generator and kernel. */
#define CHUNK 1536

void mw_noise_row_c(uint8_t *row, const float *z, size_t n, double sigma, double round_add)
{
    for (size_t i = 0; i < n; i++) {
        double y = row[i] * (1.0 / 255.0) + sigma * z[i];

        y = y > 0.0 ? y : 0.0;
        y = y < 1.0 ? y : 1.0;
        row[i] = (uint8_t)(int)(y * 255.0 + round_add);
    }
}

mw_status mw_img_noise_rgb(mw_frame *f, int64_t t, uint64_t stream, double sigma,
                           mw_noise_rounding rounding)
{
    mw_noise_row_fn *noise_row = mw_img_kernels_at(mw_cpu())->noise_row;
    const double round_add = rounding == MW_NOISE_NEAREST ? 0.5 : 0.0;
    const size_t n = (size_t)f->width * 3;
    float z[CHUNK];

    if (f->format != MW_PIX_RGB24 || !isfinite(sigma) || sigma < 0) return MW_ERR_ARG;
    for (int y = 0; y < f->height; y++) {
        uint8_t *row = f->plane[0] + y * f->stride[0];

        for (size_t i = 0; i < n; i += CHUNK) {
            const size_t m = n - i < CHUNK ? n - i : CHUNK;
            const uint32_t ctr[4] = { (uint32_t)(i / MW_NORMAL_PER_BLOCK), (uint32_t)y, (uint32_t)t,
                                      (uint32_t)((uint64_t)t >> 32) };

            mw_normal_fill(z, m, stream, ctr);
            noise_row(row + i, z, m, sigma, round_add);
        }
    }
    return MW_OK;
}
