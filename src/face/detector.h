/* SPDX-License-Identifier: Apache-2.0
 *
 * MediaPipe's BlazeFace detectors, CPU path: letterbox, network, anchors, decoding, weighted
 * non-maximum suppression, projection back to the frame. Nothing is kept from frame to frame.
 *
 * Numbers: fixed order on processors with fused multiply-add, the same bits at every CPU level;
 * elsewhere tolerance (oneDNN). Coordinates and scores within 1e-5 of MediaPipe's (relative units).
 */
#ifndef MW_FACE_DETECTOR_H
#define MW_FACE_DETECTOR_H

#include "data/frame.h"
#include "data/track.h"
#include "face/models.h"

/* The network of a model: loaded, checked and packed once per process, shared by threads, read
 * only. */
typedef struct mw_face_net mw_face_net;

/* Working buffers of one thread. */
typedef struct mw_face_detector mw_face_detector;

/* explicit_path as for mw_face_model_load. *out is the caller's (mw_face_net_destroy). */
mw_status mw_face_net_load(mw_face_net **out, mw_face_model model, const char *explicit_path,
                           mw_error *err);
void mw_face_net_destroy(mw_face_net **net);

/* The net is borrowed and must outlive the detector. threshold: smallest score that counts, in
 * (0, 1]; 0 takes the model's own. MW_ERR_RANGE. */
mw_status mw_face_detector_create(mw_face_detector **out, const mw_face_net *net, double threshold,
                                  mw_error *err);
void mw_face_detector_destroy(mw_face_detector **d);

double mw_face_detector_threshold(const mw_face_detector *d);

/* Faces of one RGB24 frame of any size, best score first, with six key points each. *faces points
 * into the detector and is valid until the next call. Boxes are not clipped to the frame. */
mw_status mw_face_detect(mw_face_detector *d, const mw_frame *rgb, const mw_face **faces, size_t *n,
                         mw_error *err);

#endif
