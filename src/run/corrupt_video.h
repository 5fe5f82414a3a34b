/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of "corrupt video" that replay shares: decode, damage what the stages say, encode,
 * measure.
 */
#ifndef MW_RUN_CORRUPT_VIDEO_H
#define MW_RUN_CORRUPT_VIDEO_H

#include "corrupt/op.h"
#include "corrupt/schedule.h"
#include "corrupt/visual/blur.h"
#include "corrupt/visual/noise.h"
#include "corrupt/visual/occlusion.h"
#include "media/video_reader.h"
#include "media/video_writer.h"
#include "merwild/corrupt.h"
#include "run/face_pass.h"
#include "run/job.h"
#include "run/occluders.h"
#include "run/sidecar.h"
#include "run/track.h"

enum { MW_MODE_NOISE, MW_MODE_OCCLUSION, MW_MODE_RANDOM, MW_MODE_BOTH };
enum { MW_NO_FACE_FAIL, MW_NO_FACE_KEEP };

typedef struct mw_picture_options {
    int mode;                   /* MW_MODE_* */
    char *image_dir, *mask_dir; /* occluders; "": the drawn shapes */
    char *faces_dir;            /* face tracks; "": detect */
    int no_face;                /* MW_NO_FACE_*: a clip to be occluded that has no face */
    char *schedule;
    double fraction; /* share of the frames */
    int reference_step;
    double weight_noise, weight_blur;
    int codec, effort;
    int64_t qp;
    int drop_audio;
    mw_doubles fps; /* empty: keep; one number: constant */
} mw_picture_options;

struct mw_corrupt_video_options {
    mw_run_options run;
    mw_picture_options picture;
    mw_face_options face;
    mw_noise_options noise;
    mw_blur_options blur;
    mw_occlusion_options occlusion;
    int preset;
};

extern const mw_opt mw_picture_options_table[];

/* One operation over some stretches of a clip; owns its decision. */
typedef struct mw_visual_stage {
    const mw_op *op;
    const void *options; /* borrowed */
    void *decision;
    mw_patch patch;     /* the occluder, where there is one */
    mw_asset assets[3]; /* its files, and the face track it was placed by */
    size_t n_assets;
    mw_visual_result result;
    mw_segments segments;
} mw_visual_stage;

#define MW_MAX_VISUAL_STAGES 8

/* A whole clip on its way. */
typedef struct mw_visual_clip {
    mw_visual_stage stages[MW_MAX_VISUAL_STAGES];
    size_t n_stages;
    mw_video_info info;
    mw_video_container container; /* of the output */
    double start_s;               /* of the first frame on the file's clock */
    double *times_s;              /* [n_frames + 1] */
    float *cov_face, *cov_frame; /* [n_frames] hidden shares; cov_face NAN where no face is known */
    size_t n_frames;
    mw_track faces;              /* of all frames; empty when not looked for */
    mw_asset faces_asset;        /* the file it came from; path NULL: detected */
    char *faces_rel;             /* behind faces_asset.path */
    const char *detector_sha256; /* when faces were detected here; else NULL. Static text */
    int no_face;                 /* occlusion was asked for and there was no face to put it on */
    const mw_op *too_short[3];   /* asked for, with no frame to be damaged; NULL ends the list */
    int no_span;                 /* noise was to sound with the damage, of which there is none */
    int64_t n_copied, n_dropped; /* other streams */
} mw_visual_clip;

void mw_visual_clip_clear(mw_visual_clip *c);

/* Decode in_path, damage the frames of the stages, write to part_path (removed on failure). Fills
 * info, times_s, n_frames and the stages' results. stop: the job to ask, NULL: never. n_expected:
 * frames that the decisions were drawn for; *n_found tells how many there were when they differ
 * (MW_ERR_MISMATCH). */
mw_status mw_visual_clip_run(mw_visual_clip *c, const char *in_path, const char *part_path,
                             const mw_picture_options *o, int64_t n_expected, int64_t *n_found,
                             mw_job *stop, mw_error *err);

/* Only the frame times, of a clip that has none yet and whose info is set. */
mw_status mw_visual_times(mw_visual_clip *c, const char *in_path, mw_job *stop, mw_error *err);

/* What the video is, and the name of its output relative to the output folder: stem and the suffix
 * of the container that will be written. On the heap. */
mw_status mw_visual_probe(mw_video_info *info, char **rel, const char *in_path, const char *stem,
                          const mw_picture_options *o, mw_error *err);

/* What planning needs for all clips of a job. */
typedef struct mw_visual_planner {
    const mw_corrupt_video_options *o;
    mw_schedule schedule;
    mw_occluder_bank *occluders; /* NULL: no mode needs them */
    mw_face_pool pool;           /* no detectors: no mode needs them */
} mw_visual_planner;

/* Check the options, open occluders and face model where the mode needs them. n_workers: detectors.
 */
mw_status mw_visual_planner_open(mw_visual_planner *p, const mw_corrupt_video_options *o,
                                 int n_workers, mw_error *err);
void mw_visual_planner_close(mw_visual_planner *p);

/* Draw what becomes of the clip at path: its stages with decisions, segments and occluders. *n:
 * frames it is thought to have; corrected when finding the faces shows another number. c->info is
 * set by the caller, c->faces is kept from an earlier plan. MW_ERR_FORMAT: no_face, faces_mismatch,
 * no_occluder ... */
mw_status mw_visual_plan(mw_visual_clip *c, const mw_visual_planner *p, const mw_clip_key *key,
                         const mw_clip *clip, int worker, int64_t *n, mw_job *stop, mw_error *err);

/* Plan and run a clip: its picture into part. Some files decode to another number of frames than
 * they hold packets: those are planned and run again with the number found, so that the plan always
 * refers to real frames. */
mw_status mw_visual_make(mw_visual_clip *c, const mw_visual_planner *p, const mw_clip_key *key,
                         const mw_clip *clip, int worker, const char *part,
                         const mw_picture_options *o, mw_job *job, mw_error *err);

/* What tracks and sidecars say of it. stages, lists [c->n_stages] are filled and borrow from c.
 * mw_visual_describe: a mw_sidecar.describe whose user is the clip: where the face boxes came from,
 * and what was asked for and could not be applied. */
mw_media mw_visual_media(const mw_visual_clip *c, const char *path, const char *codec);
void mw_visual_stages(const mw_visual_clip *c, mw_stage *stages);
mw_track_video_in mw_visual_track(const mw_visual_clip *c, const mw_segments **lists);
void mw_visual_describe(mw_json *j, const void *user);

/* Name of the codec to be written. Static text. */
const char *mw_picture_codec(const mw_picture_options *o);

/* Whether an occluder or face track still has the recorded contents. */
int mw_visual_asset_is_same(const mw_picture_options *o, const char *path, const char *sha256);

/* Drop the stages of a plan; faces and info stay. */
void mw_visual_plan_clear(mw_visual_clip *c);

#endif
