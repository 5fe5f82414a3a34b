/* SPDX-License-Identifier: Apache-2.0
 *
 * One clip of the job "features visual": its options, and the work.
 */
#ifndef MW_RUN_FEATURES_VISUAL_CLIP_H
#define MW_RUN_FEATURES_VISUAL_CLIP_H

#include "feature/align.h"
#include "media/video_reader.h"
#include "run/face_pass.h"
#include "run/features_out.h"
#include "run/visual_pass.h"

#define MW_FEATURES_VISUAL "features visual"

/* Raised whenever rows change for equal options. */
#define MW_FEATURES_VISUAL_VERSION 1

enum { MW_EMBED_FACES, MW_EMBED_FRAMES };

/* policy: as mw_face_policy without "all"; face is what the face code is told. */
typedef struct mw_visual_feature_options {
    int encoder, precision, embed, policy, native, format;
    char *weights, *faces_dir;
    int64_t length, pad_below, batch, nn_threads;
    mw_face_options face;
} mw_visual_feature_options;

extern const mw_opt mw_visual_feature_table[];
extern const char *const mw_visual_precisions[]; /* order of mw_vit_precision; NULL at the end */

/* The policy that the options mean. */
mw_face_policy mw_visual_feature_policy(const mw_visual_feature_options *o);

/* Whether the faces of a clip must be known before its rows are made: the longest track, filled
 * gaps. */
int mw_visual_feature_looks_ahead(const mw_visual_feature_options *o);

/* A clip on its way. The first part is the job's. */
typedef struct mw_visual_features {
    const mw_visual_feature_options *o;
    const mw_run_options *run;
    int preset;
    const char *root, *weights_sha256; /* NULL: no weights */
    const mw_clip *clip;
    mw_job *job;
    mw_poly *poly;
    const mw_encoder *encoder;
    mw_face_detector *detector; /* NULL: faces are given, or not needed */
    mw_visual_pass *pass;
    char config_sha256[65]; /* of the job; with the track's hash where faces are given */
    char source_sha256[65];
    int64_t source_bytes;
    char *rel, *path, *sidecar; /* of the output */

    mw_video_info info;
    mw_track given; /* faces from a file, or found ahead */
    char *given_rel, given_sha256[65];
    mw_matrix m;    /* what will be written */
    double *source; /* [m.rows] frame that each row of m stands for */
    mw_align_rule rule;
    size_t n_frames, n_faces; /* of the clip; with a face */
    double end_s;
} mw_visual_features;

/* Read the clip's face track, where a folder of them is given, and put its hash into the
 * fingerprint. MW_ERR_IO "no_track" ... */
mw_status mw_visual_features_prepare(mw_visual_features *w, mw_error *err);

/* Decode and encode; bring to length. Fills the second part of w. */
mw_status mw_visual_features_make(mw_visual_features *w, mw_error *err);

/* Write output and sidecar. */
mw_status mw_visual_features_write(mw_visual_features *w, mw_error *err);

void mw_visual_features_clear(mw_visual_features *w);

#endif
