/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of "corrupt video" that replay shares: decode, damage what the stages say, encode,
 * measure.
 */
#ifndef MW_RUN_CORRUPT_VIDEO_H
#define MW_RUN_CORRUPT_VIDEO_H

#include "corrupt/op.h"
#include "corrupt/visual/blur.h"
#include "corrupt/visual/noise.h"
#include "media/video_reader.h"
#include "merwild/corrupt.h"
#include "run/job.h"
#include "run/sidecar.h"

typedef struct mw_picture_options {
    int mode;
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
    mw_noise_options noise;
    mw_blur_options blur;
    int preset;
};

extern const mw_opt mw_picture_options_table[];

/* One operation over some stretches of a clip; owns its decision. */
typedef struct mw_visual_stage {
    const mw_op *op;
    const void *options; /* borrowed */
    void *decision;
    mw_visual_result result;
    mw_segments segments;
} mw_visual_stage;

#define MW_MAX_VISUAL_STAGES 8

/* A whole clip on its way. */
typedef struct mw_visual_clip {
    mw_visual_stage stages[MW_MAX_VISUAL_STAGES];
    size_t n_stages;
    mw_video_info info;
    double *times_s; /* [n_frames + 1] */
    size_t n_frames;
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

/* Name of the output, relative to the output folder: stem and the suffix of the container that will
 * be written. On the heap. */
mw_status mw_visual_output_name(char **rel, const char *in_path, const char *stem,
                                const mw_picture_options *o, mw_error *err);

#endif
