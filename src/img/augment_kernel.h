/* SPDX-License-Identifier: Apache-2.0
 *
 * Inner loop of the augmentation blur at each CPU level; equal bits.
 */
#ifndef MW_IMG_AUGMENT_KERNEL_H
#define MW_IMG_AUGMENT_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* out[k] = clip8(rint(sum over taps of row[i][k + step * j] * tap[i * size + j])), taps row by row,
 * each a fused multiply-add in float, zero taps skipped. row [size] float rows of n + step * (size
 * - 1) samples. */
void mw_aug_filter_row_c(uint8_t *out, const float *const *row, const float *tap, int size,
                         size_t step, size_t n);
void mw_aug_filter_row_avx2(uint8_t *out, const float *const *row, const float *tap, int size,
                            size_t step, size_t n);

#endif
