/* SPDX-License-Identifier: Apache-2.0
 *
 * From the frames of one clip to rows of numbers: find the face, encode it, keep the frame's place.
 * Frames are pushed, so that they may come from a file or from a chain of operations in memory.
 */
#ifndef MW_RUN_VISUAL_PASS_H
#define MW_RUN_VISUAL_PASS_H

#include "data/matrix.h"
#include "face/detector.h"
#include "face/track_select.h"
#include "feature/encoder.h"
#include "run/job.h"

/* encoder, worker  what the rows are made with
 * detector         finds the faces; NULL: they come with the frames
 * policy           which face of several: largest, central, first or single. The longest track
 *                  needs all frames of a clip, so it is found before (mw_face_pass) and its faces
 *                  are given
 * whole_frames     no faces at all: each frame is encoded as it is (clip alone)
 *
 * All is borrowed and must outlive the pass; worker and detector are used by one pass at a time. */
typedef struct mw_visual_pass_config {
    const mw_encoder *encoder;
    mw_encoder_worker *worker;
    mw_face_detector *detector;
    mw_face_policy policy;
    int whole_frames;
} mw_visual_pass_config;

typedef struct mw_visual_pass mw_visual_pass;

/* MW_ERR_RANGE "bad_option" for policies that are not one frame's. *out is the caller's. */
mw_status mw_visual_pass_create(mw_visual_pass **out, const mw_visual_pass_config *config,
                                mw_error *err);
void mw_visual_pass_destroy(mw_visual_pass **p);

/* The next frame, RGB24, at time_s; the frame may change after the call. given [n_given]: its
 * faces, used when there is no detector. Frames of any size; time_s does not descend. After an
 * error only destroying is allowed. */
mw_status mw_visual_pass_push(mw_visual_pass *p, const mw_frame *rgb, double time_s,
                              const mw_face *given, size_t n_given, mw_error *err);

/* Rows of all frames, one each: t the times of the frames, valid 1 where a face was encoded, 0
 * (and x zero) where there was none, or none of it within the frame. faces (may be NULL): the face
 * that was encoded in each frame. Both are the caller's. The pass is empty afterwards and may take
 * the frames of another clip. */
mw_status mw_visual_pass_finish(mw_visual_pass *p, mw_matrix *out, mw_track *faces, mw_error *err);

/* A whole video file through the pass: pictures as they are stored (a turn that the container asks
 * for is not made, as in mw_face_pass), converted as OpenCV's VideoCapture does; times from the
 * first frame. faces: NULL, or given faces of all frames; MW_ERR_FORMAT "faces_mismatch" when it
 * has another number of frames. stop may be NULL. MW_ERR_FORMAT "no_frames". */
mw_status mw_visual_pass_file(mw_visual_pass *p, const char *path, const mw_track *faces,
                              mw_job *stop, mw_error *err);

#endif
