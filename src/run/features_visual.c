/* SPDX-License-Identifier: Apache-2.0
 *
 * features visual: find the face in every frame, encode it, bring to a fixed number of rows, write.
 * Options and the job; features_visual_clip.h does one clip.
 */
#include "merwild/features.h"

#include <stdio.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/clip_weights.h"
#include "run/features_visual_clip.h"
#include "run/setup.h"

static const char *const encoder_names[] = { "clip", "hog", "landmarks",
                                             NULL }; /* order of mw_encoder_kind */
const char *const mw_visual_precisions[] = { "f32", "bf16", "int8",
                                             NULL }; /* order of mw_vit_precision */
static const char *const embed_names[] = { "faces", "frames", NULL };
static const char *const model_names[] = { "short", "full", "full-dense",
                                           NULL }; /* order of mw_face_model */
static const char *const policy_names[] = { "largest", "central", "longest-track",
                                            "first",   "single",  NULL };

struct mw_features_visual_options {
    mw_run_options run;
    mw_visual_feature_options v;
    int preset;
};

#define O(field) offsetof(mw_visual_feature_options, field)

/* clang-format off */
const mw_opt mw_visual_feature_table[] = {
    { "encoder", MW_OPT_ENUM, O(encoder), "clip", .choices = encoder_names,
      .help = "clip (ViT-B/32, 512 columns, needs --weights), hog (228) or landmarks (29), which need no download" },
    { "weights", MW_OPT_TEXT, O(weights), "", .flags = MW_OPT_RUNTIME,
      .help = "CLIP's weights: model.safetensors or ViT-B-32.pt; empty: looked for in the models folder" },
    { "precision", MW_OPT_ENUM, O(precision), "f32", .choices = mw_visual_precisions, .help = "clip: f32; bf16 or int8 where the processor has them" },
    { "embed", MW_OPT_ENUM, O(embed), "faces", .choices = embed_names, .help = "the face of each frame, or the whole frame (clip alone)" },
    { "faces", MW_OPT_TEXT, O(faces_dir), "", .flags = MW_OPT_RUNTIME,
      .help = "folder of face tracks (merwild faces, or landmark pickles of the reference); empty: detect" },
    { "model", MW_OPT_ENUM, O(face.model), "short", .choices = model_names,
      .help = "MediaPipe's face detector: short (within 2 m, the reference's for features), full, full-dense" },
    { "threshold", MW_OPT_DOUBLE, O(face.threshold), "0", 0, 1, .help = "smallest score that counts; 0: the model's own" },
    { "face", MW_OPT_ENUM, O(policy), "largest", .choices = policy_names, .reference = "first", .aliases = "multi-face",
      .help = "which face of several is meant; first: the detector's best; single: frames with several count as without" },
    { "fill-limit", MW_OPT_INT, O(face.fill_limit), "0", -1, 1e9, "frames",
      .help = "longest gap between faces in which the box is interpolated; -1: any, 0: none" },
    { "models", MW_OPT_TEXT, O(face.models), "", .flags = MW_OPT_RUNTIME,
      .help = "folder of the model files; otherwise $MERWILD_MODELS or the user's data folder" },
    { "native", MW_OPT_BOOL, O(native), "no", .help = "a row for every frame, marked not valid where there is no face" },
    { "length", MW_OPT_INT, O(length), "500", 1, 1e6, "rows",
      .help = "fixed number of rows; frames without a face are left out, the others resampled" },
    { "pad-below", MW_OPT_INT, O(pad_below), "30", 0, 1e6, "rows", .help = "fewer rows are not resampled but filled up with zeros; 0: always resampled" },
    { "format", MW_OPT_ENUM, O(format), "npy", .choices = mw_features_formats, .reference = "pkl",
      .help = "npy, pkl (loads in every Python 3), npz (with times, source frames, names, validity, truth), csv" },
    { "batch", MW_OPT_INT, O(batch), "16", 1, 1024, .help = "clip: faces encoded together" },
    { "nn-threads", MW_OPT_INT, O(nn_threads), "1", 1, 256, .flags = MW_OPT_RUNTIME,
      .help = "clip: threads for each of the --jobs workers" },
    { 0 },
};
/* clang-format on */

mw_face_policy mw_visual_feature_policy(const mw_visual_feature_options *o)
{
    return (mw_face_policy)mw_face_policy_by_name(policy_names[o->policy]);
}

int mw_visual_feature_looks_ahead(const mw_visual_feature_options *o)
{
    return o->face.fill_limit || mw_visual_feature_policy(o) == MW_FACES_LONGEST_TRACK;
}

size_t mw_features_visual_options_groups(mw_features_visual_options *o,
                                         mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ mw_visual_feature_table, &o->v };
    return 2;
}

MW_JOB_OPTIONS(features_visual, o->preset = preset)

/* What one thread works with. */
typedef struct worker {
    mw_poly *poly;
    mw_encoder_worker *encoder;
    mw_visual_pass *pass;
} worker;

typedef struct features_job {
    const mw_features_visual_options *o;
    mw_encoder *encoder;
    mw_face_pool faces; /* no detectors: not needed */
    worker *workers;
    int n_workers;
    const char *root;
    char *weights; /* path; NULL: the encoder has none */
    char weights_sha256[65], config_sha256[65];
} features_job;

static mw_status work(mw_visual_features *w, mw_clip_result *r)
{
    const mw_run_options *run = w->run;
    mw_status st = mw_visual_features_prepare(w, &r->error);

    r->outcome = MW_SKIPPED;
    if (st != MW_OK) return st;
    if (!run->dry_run && !run->overwrite &&
        mw_sidecar_is_current(w->sidecar, w->root, w->config_sha256, w->source_sha256, NULL, NULL))
        return MW_OK;
    r->outcome = MW_DONE;
    st = mw_visual_features_make(w, &r->error);
    if (st == MW_OK && !run->dry_run) st = mw_visual_features_write(w, &r->error);
    if (st != MW_OK) return st;
    r->n_outputs = !run->dry_run;
    r->media_s = w->end_s;
    return MW_OK;
}

static void work_on_clip(void *user, mw_job *job, int i, const mw_clip *clip, mw_clip_result *r)
{
    const features_job *fj = user;
    mw_visual_features w = { .o = &fj->o->v,
                             .run = &fj->o->run,
                             .preset = fj->o->preset,
                             .root = fj->root,
                             .weights_sha256 = fj->weights ? fj->weights_sha256 : NULL,
                             .clip = clip,
                             .job = job,
                             .poly = fj->workers[i].poly,
                             .encoder = fj->encoder,
                             .detector = fj->faces.detectors ? fj->faces.detectors[i] : NULL,
                             .pass = fj->workers[i].pass };
    mw_status st = mw_sha256_file(w.source_sha256, &w.source_bytes, clip->path, &r->error);

    snprintf(w.config_sha256, sizeof w.config_sha256, "%s", fj->config_sha256);
    w.rel = mw_format("%s.%s", clip->stem, mw_features_formats[fj->o->v.format]);
    w.path = w.rel ? mw_path_join(fj->root, w.rel) : NULL;
    w.sidecar = mw_format("%s/%s" MW_SIDECAR_SUFFIX, fj->root, clip->stem);
    if (st == MW_OK && (!w.path || !w.sidecar)) st = mw_fail_nomem(&r->error);
    if (st == MW_OK) st = work(&w, r);
    if (st != MW_OK) r->outcome = MW_FAILED;
    mw_visual_features_clear(&w);
}

/* ---- the job ---- */

static mw_status check_options(const mw_features_visual_options *o, mw_error *err)
{
    const int clip = o->v.encoder == MW_ENCODER_CLIP;

    if (!*o->run.in)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'in': an input file or folder is needed");
    if (!*o->run.out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    if (!clip && o->v.embed == MW_EMBED_FRAMES)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'embed': whole frames are for encoder clip; %s describes faces",
                       encoder_names[o->v.encoder]);
    if (!clip && (o->v.precision != MW_VIT_F32 || *o->v.weights))
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'precision' and 'weights' are for encoder clip");
    if (!o->v.native && o->v.pad_below > o->v.length)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'pad-below': %lld is above 'length' (%lld)",
                       (long long)o->v.pad_below, (long long)o->v.length);
    return MW_OK;
}

static mw_status open_encoder(features_job *fj, mw_error *err)
{
    const mw_visual_feature_options *v = &fj->o->v;
    mw_encoder_config config = { .kind = (mw_encoder_kind)v->encoder,
                                 .precision = (mw_vit_precision)v->precision,
                                 .batch = (size_t)v->batch,
                                 .threads = (int)v->nn_threads };
    mw_status st = MW_OK;

    if (v->encoder == MW_ENCODER_CLIP)
        st =
            mw_clip_weights_find(&fj->weights, fj->weights_sha256, v->weights, v->face.models, err);
    config.weights = fj->weights;
    return st == MW_OK ? mw_encoder_open(&fj->encoder, &config, err) : st;
}

static mw_status open_workers(features_job *fj, mw_error *err)
{
    const mw_visual_feature_options *v = &fj->o->v;
    mw_status st = MW_OK;

    fj->n_workers = mw_run_threads(&fj->o->run);
    fj->workers = mw_calloc((size_t)fj->n_workers, sizeof *fj->workers);
    if (!fj->workers) return mw_fail_nomem(err);
    if (v->embed == MW_EMBED_FACES && !*v->faces_dir)
        st = mw_face_pool_open(&fj->faces, &v->face, fj->n_workers, err);
    for (int i = 0; st == MW_OK && i < fj->n_workers; i++) {
        worker *w = &fj->workers[i];
        mw_visual_pass_config c = { .encoder = fj->encoder,
                                    .whole_frames = v->embed == MW_EMBED_FRAMES };

        /* tracks hold the chosen face alone */
        c.policy = MW_FACES_FIRST;
        if (fj->faces.detectors && !mw_visual_feature_looks_ahead(v)) {
            c.detector = fj->faces.detectors[i];
            c.policy = mw_visual_feature_policy(v);
        }
        w->poly = mw_poly_create();
        if (!w->poly) return mw_fail_nomem(err);
        st = mw_encoder_worker_create(&w->encoder, fj->encoder, err);
        c.worker = w->encoder;
        if (st == MW_OK) st = mw_visual_pass_create(&w->pass, &c, err);
    }
    return st;
}

static mw_status set_up(features_job *fj, mw_roots *roots, mw_error *err)
{
    const mw_features_visual_options *o = fj->o;
    /* a group only reads its values here */
    const mw_opt_group group = { mw_visual_feature_table, (void *)(uintptr_t)&o->v };
    char extra[256];
    mw_status st = check_options(o, err);

    if (st == MW_OK) st = open_encoder(fj, err);
    if (st == MW_OK) st = open_workers(fj, err);
    if (st != MW_OK) return st;
    snprintf(extra, sizeof extra, "features visual %d, detector %s, weights %s",
             MW_FEATURES_VISUAL_VERSION,
             fj->faces.detectors ? mw_face_model_info[o->v.face.model].sha256 : "none",
             fj->weights ? fj->weights_sha256 : "none");
    st = mw_config_sha256(fj->config_sha256, MW_FEATURES_VISUAL, &group, 1, 0, NULL, NULL, 0, extra,
                          err);
    if (st == MW_OK) st = mw_roots_add(roots, mw_strdup(o->run.out), err);
    if (st == MW_OK) fj->root = roots->path[0];
    return st;
}

static void close_job(features_job *fj)
{
    for (int i = 0; fj->workers && i < fj->n_workers; i++) {
        mw_visual_pass_destroy(&fj->workers[i].pass);
        mw_encoder_worker_destroy(&fj->workers[i].encoder);
        mw_poly_destroy(&fj->workers[i].poly);
    }
    mw_free(fj->workers);
    mw_face_pool_close(&fj->faces);
    mw_encoder_close(&fj->encoder);
    mw_free(fj->weights);
}

mw_status mw_features_visual(const mw_features_visual_options *o, const mw_run_hooks *hooks,
                             mw_summary *summary, mw_error *err)
{
    features_job fj = { .o = o };
    mw_job job = { .work = work_on_clip, .user = &fj };
    mw_roots roots = { 0 };
    mw_walk walk = { 0 };
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = set_up(&fj, &roots, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_roots_open(&roots, err);
    if (st == MW_OK)
        st = mw_job_setup(&job, &walk, &o->run, MW_WALK_VIDEO | MW_WALK_OUTPUTS, &roots, hooks,
                          summary, err);
    if (st == MW_OK) st = mw_job_run(&job, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_job_finish(&job, &o->run, &roots, err);
    mw_job_clear(&job);
    close_job(&fj);
    mw_walk_clear(&walk);
    mw_roots_close(&roots);
    return st;
}
