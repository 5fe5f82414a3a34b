/* SPDX-License-Identifier: Apache-2.0
 *
 * What an operation consists of. draw() makes every random choice and returns plain data (a struct
 * with an options table, so that it can be written to a sidecar and read back); the rest is a pure
 * function of options, decision and input. Replay needs no generator. To add one:
 * docs/adding-an-operation.md.
 */
#ifndef MW_CORRUPT_OP_H
#define MW_CORRUPT_OP_H

#include "base/rng.h"
#include "data/frame.h"
#include "data/track.h"
#include "img/patch.h"
#include "merwild/ops.h"

/* A damaged stretch, half-open [i0, i1): samples of the output rate, or frames. */
typedef struct mw_severity {
    const char *name; /* with its unit: "snr_db", "noise_var" */
    double value;
} mw_severity;

typedef struct mw_segment {
    int64_t i0, i1;
    const char *type; /* "noise.speech", "blur.gaussian": static text */
    mw_severity severity[4];
    size_t n_severities;
} mw_segment;

typedef struct mw_segments {
    mw_segment *v;
    size_t n, cap;
} mw_segments;

/* Append; -1 when memory ran out. Free v with mw_free. */
int mw_segments_add(mw_segments *list, mw_segment segment);

/* A noise recording that draw() may choose from. */
typedef struct mw_noise_file {
    const char *path; /* relative to the noise folder, '/' between parts */
    int category;     /* MW_NOISE_SPEECH, _MUSIC or _NOISE */
    int64_t n;        /* length in samples after conversion to the working rate */
} mw_noise_file;

/* An occluder that draw() may choose from. Paths are relative to the occluder folders, '/' between
 * parts. */
typedef struct mw_occluder {
    const char *image;
    const char *mask; /* NULL: the whole picture */
    int kind;         /* MW_OCCLUDER_HAND, _OBJECT or _TEXTURE */
} mw_occluder;

/* What draw() may know of the clip. Audio: n samples at rate_hz, and the noise files, sorted by
 * path. Visual: the frames the schedule gave to this operation, as stretches. */
typedef struct mw_draw_info {
    int64_t n;
    int rate_hz;
    const mw_noise_file *files;
    size_t n_files;
    const int64_t *start_frames, *n_frames;
    size_t n_stretches;
    int width, height;            /* of the frames */
    const mw_track *faces;        /* at most one face per frame; NULL: not looked for */
    const mw_occluder *occluders; /* sorted */
    size_t n_occluders;
} mw_draw_info;

typedef struct mw_audio_op {
    /* x [n] clean speech, kept by reference until close; z [n] the chosen noise as read, changed in
     * place (gaps). */
    mw_status (*open)(void **state, const void *options, const void *decision, const float *x,
                      float *z, int64_t n, int rate_hz, mw_error *err);
    /* y [n] the damaged sound at snr_db; fills the result struct. */
    mw_status (*apply)(void *state, double snr_db, float *y, void *result, mw_error *err);
    /* q [n] the same as 16-bit samples by mw_pcm16. */
    mw_status (*apply16)(void *state, double snr_db, int16_t *q, void *result, mw_error *err);
    void (*close)(void *state);
    /* Damaged stretches in order of time. */
    mw_status (*segments)(const void *options, const void *decision, const void *result, int64_t n,
                          mw_segments *out, mw_error *err);
} mw_audio_op;

/* What a visual operation works with beside its decision. patch: the occluder of the decision, cut
 * out and not yet augmented; NULL for operations without one. Borrowed until close. */
typedef struct mw_visual_input {
    int width, height;
    const mw_patch *patch;
} mw_visual_input;

/* The decision struct begins with mw_stretches (corrupt/visual/stretches.h): the frames it damages.
 */
typedef struct mw_visual_op {
    mw_status (*open)(void **state, const void *options, const void *decision,
                      const mw_visual_input *in, mw_error *err);
    /* dst: frame t, which lies in stretch k of the decision, damaged; src and dst are RGB24 of one
     * size and do not overlap. */
    void (*apply)(void *state, size_t k, int64_t t, const mw_frame *src, mw_frame *dst);
    /* Share of the face box and of the frame that frame t hides; face NULL: no box known (cover[0]
     * is then NAN). NULL for operations that hide nothing. */
    void (*cover)(void *state, size_t k, int64_t t, const mw_box *face, double cover[2]);
    void (*close)(void *state);
    mw_status (*segments)(const void *options, const void *decision, mw_segments *out,
                          mw_error *err);
    /* The occluder of a decision: image and mask as in mw_occluder. NULL for operations without
     * one. */
    void (*occluder)(const void *decision, mw_occluder *out);
} mw_visual_op;

/* What is measured of a visual operation, by the job: over all damaged frames, RGB. */
typedef struct mw_visual_result {
    int64_t n_frames;
    double psnr_db; /* damaged against decoded; infinite (null in JSON) when nothing changed */
} mw_visual_result;

extern const mw_opt mw_visual_result_table[];

typedef struct mw_op {
    mw_op_info info;
    size_t options_size, decision_size, result_size;
    /* attempt counts from 0: when a choice proves unusable (silent noise), draw is called again
     * with the next. */
    mw_status (*draw)(const void *options, const mw_draw_info *info, const mw_clip_key *key,
                      const char *condition, unsigned attempt, void *decision, mw_error *err);
    const mw_audio_op *audio;
    const mw_visual_op *visual;
} mw_op;

const mw_op *mw_op_by_name(const char *name);
const mw_op *mw_op_at(size_t i);

#define MW_OP(area, name) extern const mw_op mw_op_##area##_##name;
#include "corrupt/ops.def"
#undef MW_OP

#endif
