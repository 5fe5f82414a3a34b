/* SPDX-License-Identifier: Apache-2.0
 *
 * The sidecar "<output stem>.prov.json", schema merwild.prov/1: what was asked for, drawn, done and
 * measured for one output. docs/sidecar.md describes it.
 */
#ifndef MW_RUN_SIDECAR_H
#define MW_RUN_SIDECAR_H

#include "base/json.h"
#include "base/rng.h"
#include "corrupt/op.h"

#define MW_SIDECAR_SUFFIX    ".prov.json"
#define MW_SIDECAR_MAX_BYTES ((size_t)64 << 20)

/* A media file; path is relative. Numbers of 0 are left out. */
typedef struct mw_media {
    const char *path;
    char sha256[65];
    int64_t bytes;
    char codec[32];
    int width, height, fps_num, fps_den;
    int64_t frames;
    int rate_hz, channels;
    int64_t samples;
} mw_media;

typedef struct mw_asset {
    const char *role, *category, *path;
    char sha256[65];
    int64_t offset_samples, loops; /* -1: left out */
} mw_asset;

typedef struct mw_stage {
    const mw_op *op;
    const void *options, *decision;
    const void *result; /* NULL: nothing measured */
    const mw_asset *assets;
    size_t n_assets;
    const mw_segments *segments;
} mw_stage;

typedef struct mw_sidecar {
    const char *id;
    int compat; /* --preset reference */
    uint64_t seed;
    mw_clip_key key;
    char config_sha256[65];
    const char *command; /* "corrupt audio" */
    const mw_opt_group
        *job_options; /* with those of the job, runtime ones left out; n_job_options groups */
    size_t n_job_options;
    const mw_media *source_video, *source_audio, *output_video, *output_audio;
    double end_s;
    const mw_media *clock_video,
        *clock_audio; /* whose fps, frames, rate and samples are the clock */
    const double
        *frame_times_s;   /* [frames + 1] start of each frame and end of the last; NULL: i / fps */
    double audio_start_s; /* of the first sample, where there is a picture too: seconds after the
                             first frame */
    const mw_stage *stages;
    size_t n_stages;
    const mw_media *features; /* feature files */
    size_t n_features;
    void (*describe)(mw_json *j, const void *user); /* further keys at the top level; NULL: none */
    const void *describe_user;
    const char *track_path; /* NULL: no track */
    char track_sha256[65];
} mw_sidecar;

/* An object of the "not_applied" list: an operation that was asked for and had nothing to do. */
void mw_sidecar_not_applied(mw_json *j, const mw_op *op, const char *reason);

/* The fields "name" and "drawn" of an operation, as a dry run tells them. */
void mw_put_drawn(mw_json *j, const mw_op *op, const void *decision);

/* Pretty JSON into s. */
void mw_sidecar_write(mw_str *s, const mw_sidecar *c);

/* The "config" of a job as compact JSON: operations with versions and complete options, and what
 * else decides about results. Its SHA-256 is the fingerprint that resuming compares. MW_ERR_NOMEM.
 */
mw_status mw_config_sha256(char hex[65], const char *command, const mw_opt_group *groups,
                           size_t n_groups, uint64_t seed, const mw_op *const *ops,
                           const void *const *op_options, size_t n_ops, const char *extra,
                           mw_error *err);

/* Libraries that take part, with their versions: "libavcodec 59.37.100, ...". Static text. */
const char *mw_build_text(void);

/* Whether a file that took part still has the recorded contents; user as given. */
typedef int (*mw_asset_check)(void *user, const char *path, const char *sha256);

/* 1 when the sidecar at path has this fingerprint and source hash, its output files exist with the
 * recorded sizes, and check (may be NULL) agrees to every asset. Output paths are relative to root.
 */
int mw_sidecar_is_current(const char *path, const char *root, const char *config_sha256,
                          const char *source_sha256, mw_asset_check check, void *user);

#endif
