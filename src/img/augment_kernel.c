/* SPDX-License-Identifier: Apache-2.0 */
#include "img/augment_kernel.h"

#include <math.h>

void mw_aug_filter_row_c(uint8_t *out, const float *const *row, const float *tap, int size,
                         size_t step, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        float sum = 0;

        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++) {
                const float t = tap[i * size + j];

                if (t != 0) sum = fmaf(row[i][k + step * (size_t)j], t, sum);
            }
        sum = rintf(sum);
        out[k] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
    }
}
