/* SPDX-License-Identifier: Apache-2.0
 *
 * The face job: videos in, face tracks out.
 */
#ifndef MERWILD_FACES_H
#define MERWILD_FACES_H

#include "merwild/corrupt.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mw_faces_options mw_faces_options;

/* Options of "faces"; as for the corruption jobs (corrupt.h). */
MW_API mw_faces_options *mw_faces_options_new(int preset, mw_error *err);
MW_API void mw_faces_options_free(mw_faces_options **o);
MW_API size_t mw_faces_options_groups(mw_faces_options *o, mw_opt_group groups[MW_MAX_GROUPS]);

/* Detect faces in every frame of every video below in: OUT/<relative path>.csv (boxes, scores, key
 * points, validity) or .pkl (the layout of MER-in-the-Wild), a .prov.json beside each. Pictures are
 * read as OpenCV reads them and detected as MediaPipe's CPU path does. MW_ERR_IO (no_model) before
 * work starts when the model file is missing; other errors as mw_corrupt_audio. A clip without any
 * face is done, not failed: its track says so. */
MW_API mw_status mw_faces(const mw_faces_options *o, const mw_run_hooks *hooks, mw_summary *summary,
                          mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
