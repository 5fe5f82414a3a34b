/* SPDX-License-Identifier: Apache-2.0
 *
 * Between 8-bit YUV 4:2:0 and RGB, BT.601, by the integer rule that OpenCV's VideoCapture gets from
 * FFmpeg's scaler, and its best inverse.
 */
#ifndef MW_IMG_YUV_H
#define MW_IMG_YUV_H

#include "data/frame.h"

/* Fill rgb (RGB24) from yuv (YUV420P) of the same size; odd sides are fine. Chroma is repeated over
 * its 2 x 2 samples. Limited range:
 *
 *     Y' = 8 (Y - 16) 9539 >> 16
 *     r = Y' + (8 (V - 128) 13075 >> 16)                     each clipped to 0..255; >> is floor
 *     g = Y' + (8 (U - 128) (-3209) >> 16) + (8 (V - 128) (-6660) >> 16)
 *     b = Y' + (8 (U - 128) 16525 >> 16)
 *
 * Full range (yuv->full_range): Y' = Y, coefficients 11485, -2819, -5850, 14516. The floors make
 * pictures 0.5 to 1.1 levels darker than real arithmetic; kept, as that is the picture on which the
 * reference works, and mw_img_rgb_to_yuv420 makes up for it. Colour tags other than the range are
 * ignored, as there. pts is copied.
 *
 * MW_ERR_ARG for other formats or sizes that differ. Threads: safe on distinct rgb.
 * Numbers: exact. Source: libswscale 6.7; tests/golden/data/yuv420_bgr. */
mw_status mw_img_yuv420_to_rgb(const mw_frame *yuv, mw_frame *rgb);

/* Fill yuv (YUV420P, its full_range read) from rgb (RGB24) of the same size; the inverse of
 * mw_img_yuv420_to_rgb with as little bias as 8 bits allow.
 *
 * Chroma: BT.601 of the mean of 2 x 2 pixels (the last column or row twice on odd sides), with a
 * rounding that offsets the floors' mean effect. Luma: BT.601 of the pixel less what the chroma
 * terms of the rule above leave behind for this U and V, which is 0 .. -1.6 levels; rounded so that
 * the luma of a picture that came from YUV comes back exactly where no clipping and no chroma error
 * interfered. Grey levels, black (16) and white (235) are exact.
 *
 * pts is copied. MW_ERR_ARG as above. Threads: safe on distinct yuv. Numbers: exact. */
mw_status mw_img_rgb_to_yuv420(const mw_frame *rgb, mw_frame *yuv);

#endif
