/* SPDX-License-Identifier: Apache-2.0
 *
 * The faces of a video: decoded, detected, one policy applied, gaps filled.
 */
#ifndef MW_RUN_FACE_PASS_H
#define MW_RUN_FACE_PASS_H

#include "data/track.h"
#include "face/detector.h"
#include "face/track_select.h"
#include "merwild/options.h"
#include "run/job.h"

typedef struct mw_face_options {
    int model;          /* mw_face_model */
    double threshold;   /* 0: the model's own */
    int policy;         /* mw_face_policy */
    int64_t fill_limit; /* frames; -1: no limit, 0: gaps stay */
    char *models;       /* folder or file; "": the usual places */
} mw_face_options;

extern const mw_opt mw_face_options_table[];

/* One network for all workers, one detector for each. */
typedef struct mw_face_pool {
    mw_face_net *net;
    mw_face_detector **detectors; /* [n] */
    int n;
} mw_face_pool;

/* Load the model and make n detectors. MW_ERR_IO (no_model), MW_ERR_MISMATCH (wrong_model). */
mw_status mw_face_pool_open(mw_face_pool *p, const mw_face_options *o, int n, mw_error *err);
void mw_face_pool_close(mw_face_pool *p);

/* Faces of all frames of the video at path, in the policy's choice, gaps filled; facts are noted in
 * the track. Frame times count from the first. stop may be NULL. */
mw_status mw_face_pass(mw_track *out, const char *path, mw_face_detector *d,
                       const mw_face_options *o, mw_job *stop, mw_error *err);

/* The track of a clip below a folder of tracks: <stem>.csv of merwild faces, else the landmark
 * pickle <stem>.pkl of the reference, whose frames are put at fps. *rel (mw_free) is its path below
 * the folder, sha256 [65] that of the file. MW_ERR_IO "no_track"; as mw_track_read and
 * mw_pickle_read_track. On failure *out is empty and *rel NULL. */
mw_status mw_face_track_read(mw_track *out, char **rel, char *sha256, const char *folder,
                             const char *stem, double fps, mw_error *err);

/* Apply policy and filling to a track that was read from a file. aspect: frame width over height.
 */
mw_status mw_face_finish(mw_track *t, const mw_face_options *o, double aspect, mw_error *err);

#endif
