/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounding box of the largest outer contour of a mask: what OpenCV gives with findContours
 * (external), contourArea and boundingRect, without tracing. Numbers: exact.
 */
#ifndef MW_IMG_CONTOUR_H
#define MW_IMG_CONTOUR_H

#include "img/lanczos.h"
#include "merwild/status.h"

typedef struct mw_box {
    int x, y, w, h;
} mw_box;

/* mask: one channel, foreground != 0. area (may be NULL) receives the polygon's area through pixel
 * centres, and is 0 for shapes one pixel wide. Allocates about 5 bytes per pixel while it runs:
 * once per occluder, never per frame. MW_ERR_FORMAT "empty_mask", MW_ERR_NOMEM. */
mw_status mw_contour_largest(mw_box *box, double *area, const mw_pixels *mask, mw_error *err);

#endif
