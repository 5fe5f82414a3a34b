/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_patch: a picture with a mask, made ready once and laid over many frames.
 */
#ifndef MW_IMG_PATCH_H
#define MW_IMG_PATCH_H

#include "img/contour.h"
#include "img/lanczos.h"

/* rgb [height][width][3], mask [height][width], both without padding between rows. */
typedef struct mw_patch {
    int width, height;
    uint8_t *rgb, *mask;
} mw_patch;

/* Zeroed patch; sides in [1, 16384]. */
mw_status mw_patch_alloc(mw_patch *p, int width, int height, mw_error *err);
void mw_patch_clear(mw_patch *p);

mw_pixels mw_patch_rgb(const mw_patch *p);
mw_pixels mw_patch_mask(const mw_patch *p);

/* OpenCV's BGR2GRAY on n pixels; order_bgr 0 for R G B samples. Numbers: exact. */
void mw_gray(uint8_t *gray, const uint8_t *pixels, size_t n, int order_bgr);

/* Picture and mask (any size; stretched to the picture) to a patch: black where the mask is 0, then
 * cropped to the mask's largest contour. MW_ERR_FORMAT "empty_mask", MW_ERR_NOMEM. */
mw_status mw_patch_cut_out(mw_patch *out, const mw_pixels *rgb, const mw_pixels *mask,
                           mw_error *err);

/* A whole picture as a patch: mask 255 everywhere. */
mw_status mw_patch_whole(mw_patch *out, const mw_pixels *rgb, mw_error *err);

/* Another size, Lanczos. */
mw_status mw_patch_resize(mw_patch *out, const mw_patch *in, int width, int height, mw_error *err);

#endif
