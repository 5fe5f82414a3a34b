/* SPDX-License-Identifier: Apache-2.0
 *
 * Encoder "hog": histograms of gradient orientations (Dalal and Triggs, CVPR 2005) of the face,
 * turned upright and brought to one size.
 *
 * The patch is 80 x 80, 5 x 5 cells of 16 pixels. Right eye, left eye and mouth go to (24, 24),
 * (56, 24), (40, 56), the centres of three cells, by the similarity nearest to that; so a cell is
 * half the distance between the eyes wide and sees the same part of every face. Without key points
 * the box goes to the patch, centre to centre, area to area.
 *
 * 9 orientations of 20 degrees, unsigned (the first centred at 10 degrees). A pixel votes with its
 * gradient's magnitude for the two nearest orientations and for the nearest cells in x and in y,
 * with linear shares; beyond the outermost centres for the outermost cell alone. Blocks of 2 x 2
 * cells are normalised (length, with a floor of a mean gradient of one level; values above 0.2 cut;
 * brought back to the length before the cut), and each cell is the mean over the blocks that hold
 * it (up to four), which keeps 225 columns where the blocks one by one would make 576: few enough
 * for small sets of clips. Then the brightness of the patch, its deviation, and its sharpness,
 * which normalisation hides and which tell darkness, noise and blur.
 */
#ifndef MW_FEATURE_HOG_H
#define MW_FEATURE_HOG_H

#include "data/frame.h"
#include "data/track.h"
#include "img/similarity.h"

enum {
    MW_HOG_SIDE = 80,
    MW_HOG_CELL = 16,
    MW_HOG_CELLS = MW_HOG_SIDE / MW_HOG_CELL, /* per side */
    MW_HOG_BINS = 9,
    MW_HOG_MARGIN = MW_HOG_SIDE + 2, /* patch with one pixel more on each side */
    MW_HOG_BRIGHTNESS = MW_HOG_CELLS * MW_HOG_CELLS * MW_HOG_BINS, /* mean / 255 */
    MW_HOG_CONTRAST,                                               /* standard deviation / 255 */
    MW_HOG_SHARPNESS, /* log(1 + variance of the Laplacian), levels */
    MW_HOG_COLUMNS
};

/* From the patch to the frame of width x height pixels. face: of positive finite size. */
mw_similarity mw_hog_place(const mw_face *face, int width, int height);

/* Columns of a patch [82][82] that begins at (-1, -1). Cell (r, c), orientation o is column
 * (5 r + c) 9 + o. Numbers: fixed order, the same bits everywhere. */
void mw_hog(float row[MW_HOG_COLUMNS], const float patch[MW_HOG_MARGIN * MW_HOG_MARGIN]);

#endif
