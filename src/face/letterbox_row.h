/* SPDX-License-Identifier: Apache-2.0
 *
 * Inner loop of the letterbox at each CPU level; equal bits.
 */
#ifndef MW_FACE_LETTERBOX_ROW_H
#define MW_FACE_LETTERBOX_ROW_H

#include <stddef.h>
#include <stdint.h>

/* n RGB pixels: taps x and x + 1 of the rows p and q, x = x32 >> 5, weights from the low five bits
 * of x32 and from ay. All taps lie inside the rows; the AVX2 version reads 8 bytes from 3 x on. */
void mw_letterbox_row_c(uint8_t *out, const uint8_t *p, const uint8_t *q, const int32_t *x32,
                        size_t n, unsigned ay);
void mw_letterbox_row_avx2(uint8_t *out, const uint8_t *p, const uint8_t *q, const int32_t *x32,
                           size_t n, unsigned ay);

#endif
