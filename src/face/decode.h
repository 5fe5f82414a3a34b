/* SPDX-License-Identifier: Apache-2.0
 *
 * What the detectors' outputs mean: anchors, boxes, weighted non-maximum suppression. All in
 * float32, in the order of MediaPipe's calculators.
 */
#ifndef MW_FACE_DECODE_H
#define MW_FACE_DECODE_H

#include <stddef.h>

#include "merwild/status.h"

#define MW_FACE_MAX_ANCHORS 2304
#define MW_FACE_VALUES      16 /* regressors per anchor */

/* Relative to the tensor. */
typedef struct mw_detection {
    float score, x, y, w, h;
    float key[6][2];
    int anchor;   /* that it came from; of the best one after merging */
    int n_merged; /* detections merged into it, 0 before merging */
} mw_detection;

typedef struct mw_anchors {
    int n, side;
    float (*centre)[2]; /* [n] x, y */
} mw_anchors;

/* Anchors of the 128 or 192 pixel detector. */
mw_status mw_anchors_make(mw_anchors *a, int side, mw_error *err);
void mw_anchors_clear(mw_anchors *a);

/* regressors [n][16], logits [n] -> out [at most n]; the number kept, in anchor order. */
size_t mw_decode_faces(const mw_anchors *a, const float *regressors, const float *logits,
                       float threshold, mw_detection *out);

/* Weighted non-maximum suppression of n detections (reordered by score) into out [at most n]; the
 * number left. used: n bytes of scratch. */
size_t mw_merge_faces(mw_detection *in, size_t n, mw_detection *out, unsigned char *used);

#endif
