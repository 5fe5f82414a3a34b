/* SPDX-License-Identifier: Apache-2.0
 *
 * Resizing as Pillow's BICUBIC does it on 8-bit samples: Keys' cubic with a = -1/2, widened by the
 * scale when the picture shrinks (antialiasing), weights in 1/2^22; rows first, stored as bytes,
 * then columns. Edges: taps outside are left out and the others weighted up. Numbers: exact.
 * Source: Keys 1981; Pillow 9.4 and 13.0 as oracles, tests/golden/data/vit.
 */
#ifndef MW_IMG_BICUBIC_H
#define MW_IMG_BICUBIC_H

#include "img/lanczos.h"
#include "merwild/status.h"

/* Only columns [left, left + width) and rows [top, top + height) of the resized picture dst_w x
 * dst_h are made. All in pixels, sides >= 1, the window inside. */
typedef struct mw_bicubic_size {
    int src_w, src_h, dst_w, dst_h;
    int left, top, width, height;
} mw_bicubic_size;

/* Weights and working rows for one pair of sizes; one caller. */
typedef struct mw_bicubic mw_bicubic;

/* *out is the caller's (mw_bicubic_close), NULL on failure. MW_ERR_NOMEM. */
mw_status mw_bicubic_open(mw_bicubic **out, const mw_bicubic_size *size, mw_error *err);
void mw_bicubic_close(mw_bicubic **b);

/* src [src_h][src_w][3] -> dst [height][width][3], no overlap. A direction whose size stays the
 * same is copied. */
void mw_bicubic_run(mw_bicubic *b, const mw_pixels *dst, const mw_pixels *src);

#endif
