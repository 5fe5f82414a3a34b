/* SPDX-License-Identifier: Apache-2.0
 *
 * Laying a patch over a frame, and how much of a box it covers.
 */
#ifndef MW_IMG_BLEND_H
#define MW_IMG_BLEND_H

#include "data/frame.h"
#include "img/patch.h"

/* out = trunc(m/255 * patch + (1 - m/255) * frame) in double, as numpy computes it in the
 * reference; round 1 rounds to nearest instead, without the reference's half level of darkening.
 * The patch's upper left corner goes to (x, y) of an RGB24 frame; what lies outside is cut off.
 * Numbers: exact. */
void mw_blend_patch(const mw_frame *rgb, const mw_patch *p, int x, int y, int round);

/* Share of the box (pixels, may reach outside the frame, where it does not count) under the patch
 * at (x, y), each pixel weighted by mask / 255; 0 for a box without area inside the frame. */
double mw_blend_covered(const mw_patch *p, int x, int y, mw_box box, int frame_width,
                        int frame_height);

#endif
