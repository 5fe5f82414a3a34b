/* SPDX-License-Identifier: Apache-2.0
 *
 * Similarity transforms (turn, one scale, shift), and a grey square cut out of a picture through
 * one.
 *
 * Numbers: fixed order, the same bits at every CPU level.
 */
#ifndef MW_IMG_SIMILARITY_H
#define MW_IMG_SIMILARITY_H

#include <stddef.h>

#include "data/frame.h"

/* (x, y) goes to (a x - b y + tx, b x + a y + ty). */
typedef struct mw_similarity {
    double a, b, tx, ty;
} mw_similarity;

/* The one that brings the points from [n][2] nearest to the points to [n][2], in the sense of
 * least squares. Scale 0 when all points from or all points to coincide. n > 0. */
mw_similarity mw_similarity_fit(const double *from, const double *to, size_t n);

/* Pixels of the picture per unit. */
double mw_similarity_scale(const mw_similarity *s);

/* out [side][side]: brightness in 0..255 (BT.601 as mw_gray, not rounded) of an RGB24 frame at the
 * points s(x + 1/2, y + 1/2) for x, y = from, from + 1 ...; pixel (i, j) of the frame covers the
 * square from there to (i + 1, j + 1). Bilinear between pixel centres; where one step of out covers
 * more than a pixel, the mean over a grid of up to 8 x 8 points of the step, so that fine texture
 * is not aliased. Pixels outside the frame are those of its edge. s must be finite and map the
 * square to coordinates below 2^30. */
void mw_similarity_grey(float *out, int side, int from, const mw_frame *rgb,
                        const mw_similarity *s);

#endif
