/* SPDX-License-Identifier: Apache-2.0
 *
 * features bank: every clip, clean and damaged in known ways, described: what scoring models are
 * trained and tested on. bank_plan.h says what is made of a clip, bank_media.h makes it; here are
 * the options, the job, and the files.
 */
#include "merwild/features.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/bank_media.h"
#include "run/clip_weights.h"
#include "run/face_pass.h"
#include "run/setup.h"
#include "run/sidecar.h"

#define COMMAND "features bank"

/* Raised whenever features or truth change for equal options. */
#define BANK_VERSION 1

static const char *const encoder_names[] = { "clip", "hog", "landmarks",
                                             NULL }; /* order of mw_encoder_kind */
static const char *const model_names[] = { "short", "full", "full-dense", NULL };

typedef struct bank_options {
    char *labels, *noise_dir, *image_dir, *mask_dir, *weights, *models;
    int encoder, model, drop_undetected;
    mw_range talkers;
    double max_s;
} bank_options;

struct mw_features_bank_options {
    mw_run_options run;
    mw_bank_plan_options plan;
    bank_options b;
};

#define O(field) offsetof(bank_options, field)

/* clang-format off */
static const mw_opt bank_table[] = {
    { "labels", MW_OPT_TEXT, O(labels), "", .help = "label.csv; empty: in the input folder, or in the one above it", .flags = MW_OPT_RUNTIME },
    { "noise-dir", MW_OPT_TEXT, O(noise_dir), "", .help = "folder of noise recordings: speech/, music/, anything else is environment", .flags = MW_OPT_RUNTIME },
    { "talkers", MW_OPT_RANGE, O(talkers), "3-7", 2, 64, .help = "number of talkers in babble" },
    { "occlusion-img", MW_OPT_TEXT, O(image_dir), "", .help = "folder of occluder pictures; empty: drawn shapes", .flags = MW_OPT_RUNTIME },
    { "occlusion-mask", MW_OPT_TEXT, O(mask_dir), "", .help = "folder of their masks", .flags = MW_OPT_RUNTIME },
    { "encoder", MW_OPT_ENUM, O(encoder), "hog", .choices = encoder_names, .help = "of the face in each frame" },
    { "weights", MW_OPT_TEXT, O(weights), "", .help = "CLIP's weights; empty: looked for in the models folder", .flags = MW_OPT_RUNTIME },
    { "model", MW_OPT_ENUM, O(model), "short", .choices = model_names, .help = "MediaPipe's face detector" },
    { "models", MW_OPT_TEXT, O(models), "", .help = "folder of the model files; otherwise $MERWILD_MODELS or the user's data folder", .flags = MW_OPT_RUNTIME },
    { "drop-undetected", MW_OPT_BOOL, O(drop_undetected), "no",
      .help = "frames without a face are not valid, instead of rows of zeros with reliability 0" },
    { "max-seconds", MW_OPT_DOUBLE, O(max_s), "21600", 1, 86400, "s", .help = "refuse longer clips", .flags = MW_OPT_RUNTIME },
    { 0 },
};
/* clang-format on */

size_t mw_features_bank_options_groups(mw_features_bank_options *o,
                                       mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ mw_bank_plan_table, &o->plan };
    groups[2] = (mw_opt_group){ bank_table, &o->b };
    return 3;
}

MW_JOB_OPTIONS(features_bank, (void)preset)

/* What one thread works with. */
typedef struct worker {
    mw_lld *lld;
    mw_encoder_worker *encoder;
} worker;

typedef struct bank_job {
    const mw_features_bank_options *o;
    const char *root;
    char config_sha256[65], weights_sha256[65];
    mw_bank_plan plan;
    mw_labels labels;
    mw_sound_options sound;
    mw_bank *noise;
    mw_occluder_bank *occluders;
    mw_face_pool faces;
    mw_encoder *encoder;
    worker *workers;
    int n_workers;
} bank_job;

/* ---- one clip ---- */

typedef struct bank_clip {
    bank_job *bj;
    const mw_clip *clip;
    mw_job *job;
    mw_clip_key key;
    mw_bank_part sound, picture;
    char *rel, *path, *sidecar;
    char source_sha256[65];
    int64_t source_bytes;
    double end_s;
} bank_clip;

static mw_status find_split(mw_split *split, const bank_clip *c, mw_error *err)
{
    const mw_label *label;

    *split = MW_NO_SPLIT;
    if (c->bj->o->plan.plan != MW_PLAN_AUTO) return MW_OK;
    label = mw_labels_find(&c->bj->labels, c->clip->stem);
    if (!label)
        return mw_fail(err, MW_ERR_FORMAT, "no_label",
                       "'%s' is not in label.csv, which says what variants a clip gets",
                       c->clip->rel);
    *split = label->split;
    return MW_OK;
}

static mw_status make_sound(bank_clip *c, mw_split split, int worker_number, mw_error *err)
{
    const bank_job *bj = c->bj;
    const mw_bank_sound s = { .sound = &bj->sound,
                              .noise = bj->noise,
                              .lld = bj->workers[worker_number].lld,
                              .talkers_min = bj->o->b.talkers.lo,
                              .talkers_max = bj->o->b.talkers.hi };
    mw_bank_spec *specs;
    size_t n;
    mw_status st = mw_bank_plan_specs(&bj->plan, split, 'a', &c->key, &specs, &n, err);

    if (st != MW_OK) return st;
    return mw_bank_sound_make(&c->sound, &s, c->clip->path, &c->key, specs, n, c->job, err);
}

static mw_status make_picture(bank_clip *c, mw_split split, int worker_number, mw_error *err)
{
    const bank_job *bj = c->bj;
    const mw_visual_pass_config config = { .encoder = bj->encoder,
                                           .worker = bj->workers[worker_number].encoder,
                                           .detector = bj->faces.detectors[worker_number],
                                           .policy = MW_FACES_LARGEST };
    mw_bank_picture s = { .occluders = bj->occluders, .drop_undetected = bj->o->b.drop_undetected };
    mw_bank_spec *specs;
    size_t n;
    mw_status st = mw_bank_plan_specs(&bj->plan, split, 'v', &c->key, &specs, &n, err);

    if (st != MW_OK) return st;
    st = mw_visual_pass_create(&s.pass, &config, err);
    if (st == MW_OK)
        st = mw_bank_picture_make(&c->picture, &s, c->clip->path, &c->key, specs, n, c->job, err);
    else
        mw_free(specs);
    mw_visual_pass_destroy(&s.pass);
    return st;
}

static void describe_part(mw_json *j, const mw_bank_part *p)
{
    for (size_t i = 0; i < p->m.n_variants; i++) {
        const mw_bank_deed *d = &p->deeds[i];
        const mw_bank_spec *s = i ? &p->specs[i - 1] : NULL;
        const char letter[2] = { p->m.letter, 0 };

        mw_json_open(j, '{');
        mw_json_put_text(j, "modality", letter);
        mw_json_put_text(j, "name", p->m.variants[i].name);
        mw_json_put_text(j, "type", p->m.variants[i].type);
        mw_json_put_f64(j, "level", p->m.variants[i].level);
        mw_json_key(j, "stretches");
        mw_json_open(j, '[');
        for (int k = 0; s && k < s->n_stretches; k++) {
            mw_json_f64(j, s->from[k]);
            mw_json_f64(j, s->to[k]);
        }
        mw_json_close(j, ']');
        if (d->op) {
            mw_json_put_text(j, "op", d->op->info.name);
            mw_json_put_i64(j, "op_version", d->op->info.version);
            mw_json_key(j, "params");
            mw_json_struct(j, d->op->info.options, d->options, MW_OPT_RUNTIME);
            mw_json_key(j, "drawn");
            mw_json_struct(j, d->op->info.drawn, d->decision, 0);
        }
        mw_json_close(j, '}');
    }
}

static void describe(mw_json *j, const void *user)
{
    const bank_clip *c = user;

    mw_json_key(j, "bank");
    mw_json_open(j, '{');
    mw_json_put_i64(j, "version", BANK_VERSION);
    mw_json_put_text(j, "encoder", mw_encoder_name((mw_encoder_kind)c->bj->o->b.encoder));
    if (*c->bj->weights_sha256) mw_json_put_text(j, "weights_sha256", c->bj->weights_sha256);
    mw_json_put_text(j, "detector_sha256", mw_face_model_info[c->bj->o->b.model].sha256);
    mw_json_put_i64(j, "rows_audio", (int64_t)c->sound.m.rows);
    mw_json_put_i64(j, "rows_video", (int64_t)c->picture.m.rows);
    mw_json_key(j, "variants");
    mw_json_open(j, '[');
    describe_part(j, &c->sound);
    describe_part(j, &c->picture);
    mw_json_close(j, ']');
    mw_json_close(j, '}');
}

static mw_status write_sidecar(bank_clip *c, const mw_media *output, mw_error *err)
{
    const mw_features_bank_options *o = c->bj->o;
    /* groups only read their values here */
    const mw_opt_group groups[] = { { mw_bank_plan_table, (void *)(uintptr_t)&o->plan },
                                    { bank_table, (void *)(uintptr_t)&o->b } };
    mw_media source = { .path = c->clip->rel, .bytes = c->source_bytes };
    mw_sidecar s = { .id = c->clip->id,
                     .seed = o->run.seed,
                     .key = c->key,
                     .command = COMMAND,
                     .job_options = groups,
                     .n_job_options = 2,
                     .source_video = &source,
                     .end_s = c->end_s,
                     .features = output,
                     .n_features = 1,
                     .describe = describe,
                     .describe_user = c };
    mw_str text = { 0 };
    mw_status st;

    memcpy(source.sha256, c->source_sha256, sizeof source.sha256);
    memcpy(s.config_sha256, c->bj->config_sha256, sizeof s.config_sha256);
    mw_sidecar_write(&text, &s);
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_file_store(c->sidecar, text.data, text.n, err);
    mw_str_clear(&text);
    return st;
}

/* An old sidecar goes before the new file appears: it must not describe it. */
static mw_status store(bank_clip *c, mw_error *err)
{
    const mw_bank_clip clip = { .m = { c->sound.m, c->picture.m } };
    mw_media output = { .path = c->rel };
    mw_status st = mw_make_parents(c->path, err);

    if (st != MW_OK) return st;
    unlink(c->sidecar);
    st = mw_bank_clip_write(c->path, &clip, output.sha256, &output.bytes, err);
    return st == MW_OK ? write_sidecar(c, &output, err) : st;
}

static mw_status work(bank_clip *c, int worker_number, mw_clip_result *r)
{
    const mw_run_options *run = &c->bj->o->run;
    mw_split split;
    mw_status st;

    r->outcome = MW_SKIPPED;
    if (!run->dry_run && !run->overwrite &&
        mw_sidecar_is_current(c->sidecar, c->bj->root, c->bj->config_sha256, c->source_sha256, NULL,
                              NULL))
        return MW_OK;
    r->outcome = MW_DONE;
    c->key = mw_clip_key_make(run->seed, c->clip->id);
    st = find_split(&split, c, &r->error);
    if (st == MW_OK) st = make_sound(c, split, worker_number, &r->error);
    if (st == MW_OK) st = make_picture(c, split, worker_number, &r->error);
    if (st != MW_OK) return st;
    c->end_s = c->sound.m.rows ? c->sound.m.t[c->sound.m.rows - 1] + 0.01 : 0;
    if (!run->dry_run) st = store(c, &r->error);
    r->n_outputs = (size_t)!run->dry_run;
    r->media_s = c->end_s;
    return st;
}

static void work_on_clip(void *user, mw_job *job, int worker_number, const mw_clip *clip,
                         mw_clip_result *r)
{
    bank_job *bj = user;
    bank_clip c = { .bj = bj, .clip = clip, .job = job };
    mw_status st = mw_sha256_file(c.source_sha256, &c.source_bytes, clip->path, &r->error);

    c.rel = mw_format("%s" MW_BANK_SUFFIX, clip->stem);
    c.path = c.rel ? mw_path_join(bj->root, c.rel) : NULL;
    c.sidecar = mw_format("%s/%s" MW_SIDECAR_SUFFIX, bj->root, clip->stem);
    if (st == MW_OK && (!c.path || !c.sidecar)) st = mw_fail_nomem(&r->error);
    if (st == MW_OK) st = work(&c, worker_number, r);
    if (st != MW_OK) r->outcome = MW_FAILED;
    mw_bank_part_clear(&c.sound);
    mw_bank_part_clear(&c.picture);
    mw_free(c.rel);
    mw_free(c.path);
    mw_free(c.sidecar);
}

/* ---- the job ---- */

/* label.csv given, in the input folder, or above it. */
static mw_status read_labels(bank_job *bj, mw_error *err)
{
    const char *in = bj->o->run.in, *given = bj->o->b.labels;
    char *path = *given ? mw_strdup(given) : mw_path_join(in, "label.csv");
    mw_status st;

    if (path && !*given && mw_file_size(path) < 0) {
        mw_free(path);
        path = mw_path_join(in, "../label.csv");
    }
    st = path ? MW_OK : mw_fail_nomem(err);
    if (st == MW_OK && mw_file_size(path) < 0 && bj->o->plan.plan == MW_PLAN_AUTO)
        st = mw_fail(err, MW_ERR_IO, "no_labels",
                     "no label.csv in '%s' or above it: give --labels FILE, or another --plan than "
                     "auto",
                     in);
    if (st == MW_OK && mw_file_size(path) >= 0) st = mw_labels_read(&bj->labels, path, err);
    mw_free(path);
    return st;
}

static int needs_noise_files(const bank_job *bj)
{
    return bj->o->plan.plan != MW_PLAN_CLEAN;
}

/* Every kind that may be drawn must have a recording. */
static mw_status check_noise(const bank_job *bj, mw_error *err)
{
    static const char *const folder[3] = { "speech", "music", "noise" };
    size_t n[3] = { 0 };

    for (size_t i = 0; i < bj->noise->n; i++)
        n[bj->noise->files[i].category]++;
    for (int k = 0; needs_noise_files(bj) && k < 3; k++)
        if (!n[k])
            return mw_fail(err, MW_ERR_FORMAT, "no_noise",
                           "no usable recording in '%s/%s', which the bank needs (merwild synth "
                           "--noise makes some)",
                           *bj->o->b.noise_dir ? bj->o->b.noise_dir : "(no --noise-dir)",
                           folder[k]);
    return MW_OK;
}

static mw_status open_workers(bank_job *bj, mw_error *err)
{
    const mw_lld_opts lld = { .rate_hz = MW_AUDIO_RATE_HZ, .sets = MW_LLD_BOTH };
    mw_status st = MW_OK;

    bj->workers = mw_calloc((size_t)bj->n_workers, sizeof *bj->workers);
    if (!bj->workers) return mw_fail_nomem(err);
    for (int i = 0; st == MW_OK && i < bj->n_workers; i++) {
        st = mw_lld_open(&bj->workers[i].lld, &lld, err);
        if (st == MW_OK) st = mw_encoder_worker_create(&bj->workers[i].encoder, bj->encoder, err);
    }
    return st;
}

static mw_status open_encoder(bank_job *bj, mw_error *err)
{
    const bank_options *b = &bj->o->b;
    mw_encoder_config config = { .kind = (mw_encoder_kind)b->encoder, .batch = 16, .threads = 1 };
    char *weights = NULL;
    mw_status st = MW_OK;

    if (config.kind == MW_ENCODER_CLIP)
        st = mw_clip_weights_find(&weights, bj->weights_sha256, b->weights, b->models, err);
    config.weights = weights;
    if (st == MW_OK) st = mw_encoder_open(&bj->encoder, &config, err);
    mw_free(weights);
    return st;
}

static mw_status fingerprint(bank_job *bj, mw_error *err)
{
    const mw_features_bank_options *o = bj->o;
    const mw_opt_group groups[] = { { mw_bank_plan_table, (void *)(uintptr_t)&o->plan },
                                    { bank_table, (void *)(uintptr_t)&o->b } };
    const mw_op *const ops[] = { &mw_op_audio_additive, &mw_op_visual_noise, &mw_op_visual_blur,
                                 &mw_op_visual_occlusion };
    char extra[512];

    snprintf(extra, sizeof extra, "bank %d %d %d %d %d %s %s %s %s", BANK_VERSION,
             ops[0]->info.version, ops[1]->info.version, ops[2]->info.version, ops[3]->info.version,
             bj->noise->listing_sha256, bj->occluders->listing_sha256, bj->weights_sha256,
             mw_face_model_info[o->b.model].sha256);
    return mw_config_sha256(bj->config_sha256, COMMAND, groups, 2, o->run.seed, NULL, NULL, 0,
                            extra, err);
}

static mw_status set_up(bank_job *bj, mw_roots *roots, mw_error *err)
{
    const mw_features_bank_options *o = bj->o;
    const mw_face_options face = { .model = o->b.model, .models = o->b.models };
    mw_status st = MW_OK;

    if (!*o->run.in || !*o->run.out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "options 'in' and 'out' are needed");
    if (!*o->b.image_dir != !*o->b.mask_dir)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'occlusion-img' and 'occlusion-mask' go together");
    bj->n_workers = mw_run_threads(&o->run);
    bj->sound =
        (mw_sound_options){ .noise_dir = o->b.noise_dir, .channel = -1, .max_s = o->b.max_s };
    st = mw_bank_plan_make(&bj->plan, &o->plan, err);
    if (st == MW_OK) st = read_labels(bj, err);
    if (st == MW_OK)
        st = mw_bank_open(&bj->noise, o->b.noise_dir, MW_AUDIO_RATE_HZ, bj->n_workers, err);
    if (st == MW_OK) st = check_noise(bj, err);
    if (st == MW_OK) st = mw_occluder_bank_open(&bj->occluders, o->b.image_dir, o->b.mask_dir, err);
    if (st == MW_OK) st = mw_face_pool_open(&bj->faces, &face, bj->n_workers, err);
    if (st == MW_OK) st = open_encoder(bj, err);
    if (st == MW_OK) st = open_workers(bj, err);
    if (st == MW_OK) st = fingerprint(bj, err);
    if (st == MW_OK) st = mw_roots_add(roots, mw_strdup(o->run.out), err);
    if (st == MW_OK) bj->root = roots->path[0];
    return st;
}

static void tear_down(bank_job *bj)
{
    for (int i = 0; bj->workers && i < bj->n_workers; i++) {
        mw_encoder_worker_destroy(&bj->workers[i].encoder);
        mw_lld_close(&bj->workers[i].lld);
    }
    mw_free(bj->workers);
    mw_encoder_close(&bj->encoder);
    mw_face_pool_close(&bj->faces);
    mw_occluder_bank_close(&bj->occluders);
    mw_bank_close(&bj->noise);
    mw_labels_clear(&bj->labels);
}

/* A row without a label for a clip that no table lists. */
static mw_status add_unlabelled(mw_labels *l, const char *stem, mw_error *err)
{
    const char *base = mw_path_base(stem);
    const size_t folder = base > stem ? (size_t)(base - stem) - 1 : 0;
    mw_label *row = mw_labels_add(l, err);

    if (!row) return MW_ERR_NOMEM;
    row->clip = mw_strdup(stem);
    row->video_id = mw_strndup(stem, folder);
    row->clip_id = mw_strdup(base);
    row->group = mw_strdup(row->video_id && folder ? row->video_id : stem);
    return row->clip && row->video_id && row->clip_id && row->group ? MW_OK : mw_fail_nomem(err);
}

/* Labels of the clips that are in the bank; a bank made without a table lists them all the same, so
 * that they can be scored. */
static mw_status write_labels(const bank_job *bj, const mw_job *job, mw_error *err)
{
    mw_labels kept = { NULL, 0, 0 }, unlabelled = { NULL, 0, 0 };
    char *path = mw_path_join(bj->root, "label.csv");
    mw_status st = path ? MW_OK : mw_fail_nomem(err);

    for (size_t i = 0; st == MW_OK && i < job->n; i++) {
        const char *stem = job->walk->clips[i].stem;
        const mw_label *l;

        if (!job->results[i].ended || job->results[i].outcome == MW_FAILED) continue;
        l = mw_labels_find(&bj->labels, stem);
        if (!l) {
            st = add_unlabelled(&unlabelled, stem, err);
            if (st != MW_OK) break;
            l = &unlabelled.v[unlabelled.n - 1];
        }
        if (mw_grow(&kept.v, &kept.cap, kept.n + 1, sizeof *kept.v))
            st = mw_fail_nomem(err);
        else
            kept.v[kept.n++] = *l; /* texts stay with bj->labels and unlabelled */
    }
    if (st == MW_OK && kept.n) st = mw_labels_write(&kept, path, err);
    mw_labels_clear(&unlabelled);
    mw_free(kept.v);
    mw_free(path);
    return st;
}

static mw_status write_index(const bank_job *bj, mw_error *err)
{
    mw_bank_index index = { .modalities = "av" };
    char *path = mw_path_join(bj->root, "bank.json");
    mw_str about = { 0 };
    mw_json j = mw_json_begin(&about);
    mw_status st =
        path ? mw_bank_plan_conditions(&bj->plan, &index.conditions, &index.n_conditions, err)
             : mw_fail_nomem(err);

    mw_json_open(&j, '{');
    mw_json_put_text(&j, "command", COMMAND);
    mw_json_put_text(&j, "config_sha256", bj->config_sha256);
    mw_json_put_text(&j, "encoder", mw_encoder_name((mw_encoder_kind)bj->o->b.encoder));
    if (*bj->weights_sha256) mw_json_put_text(&j, "weights_sha256", bj->weights_sha256);
    mw_json_put_text(&j, "descriptors", "eGeMAPSv02 25 + ComParE_2016 65");
    mw_json_put_text(&j, "heldout", bj->o->plan.heldout);
    mw_json_put_text(&j, "noise_listing_sha256", bj->noise->listing_sha256);
    mw_json_close(&j, '}');
    if (st == MW_OK) st = mw_str_ok(&about, err);
    index.about = about.data;
    if (st == MW_OK) st = mw_bank_index_write(path, &index, err);
    mw_free(index.conditions);
    mw_str_clear(&about);
    mw_free(path);
    return st;
}

mw_status mw_features_bank(const mw_features_bank_options *o, const mw_run_hooks *hooks,
                           mw_summary *summary, mw_error *err)
{
    bank_job bj = { .o = o };
    mw_job job = { .work = work_on_clip, .user = &bj };
    mw_roots roots = { 0 };
    mw_walk walk = { 0 };
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = set_up(&bj, &roots, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_roots_open(&roots, err);
    if (st == MW_OK)
        st = mw_job_setup(&job, &walk, &o->run, MW_WALK_VIDEO, &roots, hooks, summary, err);
    if (st == MW_OK) st = mw_job_run(&job, err);
    if (st == MW_OK && !o->run.dry_run) st = write_labels(&bj, &job, err);
    if (st == MW_OK && !o->run.dry_run) st = write_index(&bj, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_job_finish(&job, &o->run, &roots, err);
    mw_job_clear(&job);
    mw_walk_clear(&walk);
    mw_roots_close(&roots);
    tear_down(&bj);
    return st;
}
