/* SPDX-License-Identifier: Apache-2.0
 *
 * Gaussian blur of RGB pictures.
 */
#ifndef MW_IMG_BLUR_H
#define MW_IMG_BLUR_H

#include "data/frame.h"

#define MW_BLUR_KERNEL_MIN 3
#define MW_BLUR_KERNEL_MAX 63

typedef struct mw_blur mw_blur;

/* Prepare blurs of pictures up to max_width pixels wide.
 *
 * kernel    taps per direction, odd, in [3, 63]
 * sigma_px  standard deviation in pixels, finite, > 0
 *
 * MW_ERR_RANGE (kernel, sigma_px, max_width), MW_ERR_NOMEM; *out is then NULL. Free with
 * mw_blur_close. */
mw_status mw_blur_open(mw_blur **out, int max_width, int kernel, double sigma_px, mw_error *err);

/* dst = src blurred; both RGB24 of one size, not overlapping. Each channel by itself, with taps
 *
 *     g(x) = exp(-x^2 / (2 sigma^2)) / sum,  x = -r..r,  r = (kernel - 1) / 2,  rounded to f32
 *
 * down the columns first, then along the rows, without rounding between; f32 sums in a fixed order
 * (img/kernels.h), half to even. Outside the picture the samples are mirrored without repeating the
 * edge (row -1 is row 1), over and over where the picture is smaller than r, so that any size
 * works.
 *
 * MW_ERR_ARG for other formats, sizes that differ, or a width above max_width. Allocates nothing.
 * Threads: one mw_blur per thread. Numbers: fixed order.
 * Source: torchvision 0.14 transforms.GaussianBlur, which sums in two dimensions: differs by one
 * level in up to 0.1 % of samples; tests/golden/data/gaussian_blur. */
mw_status mw_blur_apply(mw_blur *b, const mw_frame *src, mw_frame *dst);

/* Free and set *b to NULL; accepts NULL in *b. */
void mw_blur_close(mw_blur **b);

#endif
