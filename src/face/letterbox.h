/* SPDX-License-Identifier: Apache-2.0
 *
 * Picture to detector tensor: the whole frame centred in a square, the rest black, sampled as
 * OpenCV's 8-bit bilinear warpPerspective does with pixel-index corners, which is what MediaPipe's
 * CPU path runs. Numbers: exact.
 */
#ifndef MW_FACE_LETTERBOX_H
#define MW_FACE_LETTERBOX_H

#include "data/frame.h"

/* Table of one frame size; zero-initialise, made by mw_letterbox_prepare, freed by
 * mw_letterbox_clear. */
typedef struct mw_letterbox {
    int width, height; /* of the frame */
    int side;          /* of the tensor */
    /* The square in frame pixels, and the projection back: x_frame = x_tensor * scale + shift, all
     * relative. */
    float scale_x, shift_x, scale_y, shift_y;
    /* Source of tensor pixel (i, j): sub-pixel position in 1/32, [side * side], column and row. */
    int32_t *x32, *y32;
    int separable; /* columns depend on i only, rows on j only */
} mw_letterbox;

/* Make the tables unless they are there already. MW_ERR_NOMEM. */
mw_status mw_letterbox_prepare(mw_letterbox *l, int width, int height, int side, mw_error *err);
void mw_letterbox_clear(mw_letterbox *l);

/* 8-bit tensor [side][side][3] from an RGB24 frame of the prepared size. */
void mw_letterbox_bytes(const mw_letterbox *l, const mw_frame *rgb, uint8_t *out);

#endif
