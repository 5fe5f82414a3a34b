/* SPDX-License-Identifier: Apache-2.0
 *
 * replay: from a sidecar's recorded options and decisions to the same bytes, without a generator.
 * The sidecar is somebody else's file: every value goes through its options table, and paths may
 * not leave their folders.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "media/sound.h"
#include "run/corrupt_audio.h"
#include "run/corrupt_av.h"
#include "run/sidecar.h"

#define MAX_FILES 64 /* talkers in babble */

typedef struct replay {
    const char *sidecar, *in, *noise_dir, *occlusion_img, *occlusion_mask, *out;
    json_t *doc;
    char *source, *output; /* paths */
    const char *expected_sha256;
    char made_sha256[65];
    size_t first_visual; /* stages before it are of sound */
} replay;

static mw_status broken(const replay *r, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_json", "'%s': %s", r->sidecar, what);
}

static const char *text_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* The media object of a kind below "source" or "output", with a path that stays inside. */
static mw_status media_at(const replay *r, const char *where, const char *kind,
                          const json_t **media, mw_error *err)
{
    const char *path;

    *media = json_object_get(json_object_get(r->doc, where), kind);
    path = text_at(*media, "path");
    if (!path || !text_at(*media, "sha256"))
        return broken(r, "no path and hash of source or output", err);
    if (!mw_path_is_inside(path)) return broken(r, "a path that leaves its folder", err);
    return MW_OK;
}

static mw_status check_sha256(const char *path, const char *expected, mw_error *err)
{
    char found[65];
    mw_status st = mw_sha256_file(found, NULL, path, err);

    if (st == MW_OK && strcmp(found, expected))
        st = mw_fail(err, MW_ERR_MISMATCH, "different",
                     "'%s' is not the file that was used: its SHA-256 is %s, recorded is %s", path,
                     found, expected);
    return st;
}

static int same_file(const char *a, const char *b)
{
    struct stat p, q;

    return !stat(a, &p) && !stat(b, &q) && p.st_dev == q.st_dev && p.st_ino == q.st_ino;
}

/* Neither the source nor the output that the sidecar stands beside may be replaced. */
static mw_status check_target(const replay *r, mw_error *err)
{
    const char *base = mw_path_base(r->sidecar);
    char *beside =
        mw_format("%.*s%s", (int)(base - r->sidecar), r->sidecar, mw_path_base(r->output));
    mw_status st = MW_OK;

    if (!beside)
        st = mw_fail_nomem(err);
    else if (same_file(r->output, r->source) || same_file(r->output, beside))
        st = mw_fail(err, MW_ERR_RANGE, "bad_option",
                     "option 'out': '%s' is there already; give another folder", r->output);
    mw_free(beside);
    return st;
}

/* Paths of source and output; the source's contents. */
static mw_status locate(replay *r, const char *kind, mw_error *err)
{
    const json_t *source, *output;
    mw_status st = media_at(r, "source", kind, &source, err);

    if (st == MW_OK) st = media_at(r, "output", kind, &output, err);
    if (st != MW_OK) return st;
    r->source = mw_path_join(r->in, text_at(source, "path"));
    r->output = mw_path_join(r->out, text_at(output, "path"));
    if (!r->source || !r->output) return mw_fail_nomem(err);
    r->expected_sha256 = text_at(output, "sha256");
    st = check_sha256(r->source, text_at(source, "sha256"), err);
    if (st == MW_OK) st = check_target(r, err);
    if (st == MW_OK) st = mw_make_parents(r->output, err);
    return st;
}

/* The i-th stage: a known operation of the version that is built in, with its options and decision.
 */
static mw_status read_stage(const replay *r, size_t i, const mw_op **op, void **options,
                            void **decision, mw_error *err)
{
    const json_t *stage = json_array_get(json_object_get(r->doc, "stages"), i);
    const char *name = text_at(stage, "name");
    mw_status st;

    *options = *decision = NULL;
    *op = name ? mw_op_by_name(name) : NULL;
    if (!*op) return broken(r, "a stage of an operation that is not known", err);
    if (json_integer_value(json_object_get(stage, "version")) != (*op)->info.version)
        return mw_fail(err, MW_ERR_FORMAT, "other_version",
                       "'%s': %s of version %lld; this merwild has version %d", r->sidecar, name,
                       (long long)json_integer_value(json_object_get(stage, "version")),
                       (*op)->info.version);
    *options = mw_calloc(1, (*op)->options_size);
    *decision = mw_calloc(1, (*op)->decision_size);
    if (!*options || !*decision)
        st = mw_fail_nomem(err);
    else
        st = mw_json_read_struct(json_object_get(stage, "params"), (*op)->info.options, *options,
                                 MW_OPT_RUNTIME, err);
    if (st == MW_OK)
        st = mw_json_read_struct(json_object_get(stage, "drawn"), (*op)->info.drawn, *decision,
                                 MW_OPT_RUNTIME, err);
    if (st != MW_OK && st != MW_ERR_NOMEM) mw_error_prefix(err, "'%s', stage %zu", r->sidecar, i);
    return st;
}

static void free_stage(const mw_op *op, void *options, void *decision)
{
    if (op && options) mw_opt_clear(op->info.options, options);
    if (op && decision) mw_opt_clear(op->info.drawn, decision);
    mw_free(options);
    mw_free(decision);
}

/* ---- sound ---- */

static mw_status check_assets(const replay *r, mw_error *err)
{
    const json_t *assets =
        json_object_get(json_array_get(json_object_get(r->doc, "stages"), 0), "assets");
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < json_array_size(assets); i++) {
        const json_t *a = json_array_get(assets, i);
        const char *rel = text_at(a, "path"), *sha256 = text_at(a, "sha256");
        char *path;

        if (!rel || !sha256 || !mw_path_is_inside(rel))
            return broken(r, "an asset without usable path and hash", err);
        path = mw_path_join(r->noise_dir, rel);
        st = path ? check_sha256(path, sha256, err) : mw_fail_nomem(err);
        mw_free(path);
    }
    return st;
}

/* What was drawn names recordings too; each must be one of the assets, whose paths and contents
 * were checked. */
static mw_status check_files(const replay *r, const mw_additive_decision *d, mw_error *err)
{
    const json_t *assets =
        json_object_get(json_array_get(json_object_get(r->doc, "stages"), 0), "assets");

    if (d->files.n != json_array_size(assets) || d->files.n > MAX_FILES)
        return broken(r, "another number of files than of assets", err);
    for (size_t i = 0; i < d->files.n; i++)
        if (strcmp(d->files.v[i], text_at(json_array_get(assets, i), "path")))
            return broken(r, "a file drawn that is not among the assets", err);
    return MW_OK;
}

static mw_status store_wav(replay *r, const float *x, size_t n, mw_error *err)
{
    int16_t *pcm = mw_calloc_aligned(n, sizeof *pcm);
    mw_str bytes = { 0 };
    mw_status st = pcm ? mw_wav_put(&bytes, x, n, MW_AUDIO_RATE_HZ, pcm, err) : mw_fail_nomem(err);

    if (st == MW_OK) {
        mw_sha256_hex(r->made_sha256, bytes.data, bytes.n);
        st = mw_file_store(r->output, bytes.data, bytes.n, err);
    }
    mw_str_clear(&bytes);
    mw_free(pcm);
    return st;
}

/* y [clean->n]: the clean sound with the noise of a decision. */
static mw_status mix(const replay *r, const mw_op *op, const mw_additive_options *options,
                     const mw_additive_decision *decision, const mw_audio *clean, float *y,
                     mw_error *err)
{
    mw_additive_result result;
    mw_bank *bank = NULL;
    float *noise = NULL;
    void *state = NULL;
    mw_status st =
        mw_bank_open_listed(&bank, r->noise_dir, &decision->files, MW_AUDIO_RATE_HZ, err);

    if (st == MW_OK) st = mw_decided_noise(&noise, options, decision, (int64_t)clean->n, bank, err);
    if (st == MW_OK)
        st = op->audio->open(&state, options, decision, clean->x, noise, (int64_t)clean->n,
                             MW_AUDIO_RATE_HZ, err);
    if (st == MW_OK) st = op->audio->apply(state, decision->snr_db, y, &result, err);
    if (state) op->audio->close(state);
    mw_bank_close(&bank);
    mw_free(noise);
    return st;
}

/* The first stage on the source's sound; y [clean->n] (mw_free) and clean are the caller's. */
static mw_status remake_sound(replay *r, const json_t *job_options, mw_audio *clean, float **y,
                              mw_error *err)
{
    void *options = NULL, *decision = NULL;
    const mw_op *op = NULL;
    mw_sound_options sound = { 0 };
    mw_status st =
        mw_json_read_struct(job_options, mw_sound_options_table, &sound, MW_OPT_RUNTIME, err);

    if (st == MW_OK) st = read_stage(r, 0, &op, &options, &decision, err);
    if (st == MW_OK && op != &mw_op_audio_additive) st = broken(r, "not a stage of sound", err);
    if (st == MW_OK) st = check_assets(r, err);
    if (st == MW_OK) st = check_files(r, decision, err);
    if (st == MW_OK) st = mw_clean_sound(clean, r->source, NULL, &sound, err);
    if (st == MW_OK) {
        *y = mw_calloc_aligned(clean->n, sizeof **y);
        st = *y ? mix(r, op, options, decision, clean, *y, err) : mw_fail_nomem(err);
    }
    mw_opt_clear(mw_sound_options_table, &sound);
    free_stage(op, options, decision);
    return st;
}

static mw_status replay_audio(replay *r, const json_t *job_options, mw_error *err)
{
    mw_audio clean = { 0 };
    float *y = NULL;
    mw_status st = locate(r, "audio", err);

    if (st == MW_OK) st = remake_sound(r, job_options, &clean, &y, err);
    if (st == MW_OK) st = store_wav(r, y, clean.n, err);
    mw_free(y);
    mw_audio_clear(&clean);
    return st;
}

/* ---- picture ---- */

/* The damaged picture into path. */
static mw_status run_video(const replay *r, mw_visual_clip *c, const mw_picture_options *picture,
                           const char *path, mw_error *err)
{
    const json_t *clock = json_object_get(json_object_get(r->doc, "clock"), "video");
    const int64_t n = json_integer_value(json_object_get(clock, "frames"));
    int64_t n_found;

    return mw_visual_clip_run(c, r->source, path, picture, n, &n_found, NULL, err);
}

/* Give a finished part file its name, and note its hash. */
static mw_status commit(replay *r, const char *part, mw_error *err)
{
    const mw_status st = mw_sha256_file(r->made_sha256, NULL, part, err);

    if (st == MW_OK) return mw_part_commit(part, r->output, err);
    unlink(part);
    return st;
}

/* The occluder of a stage, from the files whose hashes the sidecar records. */
static mw_status load_occluder(const replay *r, size_t i, mw_visual_stage *s, mw_error *err)
{
    const json_t *assets =
        json_object_get(json_array_get(json_object_get(r->doc, "stages"), i), "assets");
    mw_occluder_bank *bank = NULL;
    mw_occluder occluder;
    mw_status st;

    if (!s->op->visual->occluder) return MW_OK;
    s->op->visual->occluder(s->decision, &occluder);
    if (!mw_path_is_inside(occluder.image) || (occluder.mask && !mw_path_is_inside(occluder.mask)))
        return broken(r, "an occluder that leaves its folder", err);
    st = mw_occluder_bank_bare(&bank, r->occlusion_img, r->occlusion_mask, err);
    for (size_t k = 0; st == MW_OK && k < json_array_size(assets); k++) {
        const json_t *a = json_array_get(assets, k);
        const char *role = text_at(a, "role"), *sha256 = text_at(a, "sha256");
        const int mask = role && !strcmp(role, "occluder_mask");
        char *path;

        if (!role || !sha256) st = broken(r, "an asset without role and hash", err);
        if (st != MW_OK || !strcmp(role, "faces"))
            continue; /* places are recorded; the track is not needed */
        path = mw_occluder_file(bank, &occluder, mask);
        st = path ? check_sha256(path, sha256, err)
                  : broken(r, "its occluders need --occlusion-img and --occlusion-mask", err);
        mw_free(path);
    }
    if (st == MW_OK) st = mw_occluder_load(&s->patch, bank, &occluder, err);
    mw_occluder_bank_close(&bank);
    return st;
}

/* All visual stages on the source's picture, into path. */
static mw_status remake_picture(const replay *r, const json_t *job_options, mw_visual_clip *c,
                                const char *path, mw_error *err)
{
    const size_t n_all = json_array_size(json_object_get(r->doc, "stages")),
                 n_stages = n_all > r->first_visual ? n_all - r->first_visual : 0;
    void *options[MW_MAX_VISUAL_STAGES] = { NULL };
    mw_picture_options picture = { 0 };
    mw_status st =
        mw_json_read_struct(job_options, mw_picture_options_table, &picture, MW_OPT_RUNTIME, err);

    if (st == MW_OK && n_stages > MW_MAX_VISUAL_STAGES) st = broken(r, "too many stages", err);
    for (size_t i = 0; st == MW_OK && i < n_stages; i++) {
        mw_visual_stage *s = &c->stages[i];

        st = read_stage(r, r->first_visual + i, &s->op, &options[i], &s->decision, err);
        s->options = options[i];
        if (st == MW_OK && s->op->info.modality != MW_VISUAL)
            st = broken(r, "not a stage of picture", err);
        if (st == MW_OK) st = load_occluder(r, r->first_visual + i, s, err);
        if (st == MW_OK) {
            c->n_stages++;
        } else {
            free_stage(s->op, NULL, s->decision);
            mw_patch_clear(&s->patch);
        }
    }
    if (st == MW_OK) st = run_video(r, c, &picture, path, err);
    for (size_t i = 0; i < MW_MAX_VISUAL_STAGES; i++)
        if (options[i]) free_stage(c->stages[i].op, options[i], NULL);
    mw_opt_clear(mw_picture_options_table, &picture);
    return st;
}

static mw_status replay_video(replay *r, const json_t *job_options, mw_error *err)
{
    mw_visual_clip c = { .n_stages = 0 };
    char *part = NULL;
    mw_status st = locate(r, "video", err);

    if (st == MW_OK) {
        part = mw_part_path(r->output);
        st = part ? remake_picture(r, job_options, &c, part, err) : mw_fail_nomem(err);
        if (st == MW_OK) st = commit(r, part, err);
    }
    mw_visual_clip_clear(&c);
    mw_free(part);
    return st;
}

/* ---- both ---- */

/* A clip whose noise had nowhere to sound has no stage of sound: its sound is the clean one. */
static mw_status replay_sound_of_av(replay *r, const json_t *options, mw_audio *clean, float **y,
                                    mw_error *err)
{
    mw_sound_options sound = { 0 };
    mw_status st;

    if (r->first_visual) return remake_sound(r, options, clean, y, err);
    st = mw_json_read_struct(options, mw_sound_options_table, &sound, MW_OPT_RUNTIME, err);
    if (st == MW_OK) st = mw_clean_sound(clean, r->source, NULL, &sound, err);
    if (st == MW_OK) {
        *y = clean->x;
        clean->x = NULL;
    }
    mw_opt_clear(mw_sound_options_table, &sound);
    return st;
}

static mw_status replay_av(replay *r, const json_t *options, mw_error *err)
{
    const json_t *first = json_array_get(json_object_get(r->doc, "stages"), 0);
    const char *name = text_at(first, "name");
    char *part = NULL, *picture = NULL;
    mw_visual_clip c = { .n_stages = 0 };
    mw_audio clean = { 0 };
    float *y = NULL;
    mw_status st = locate(r, "video", err);

    r->first_visual = name && !strcmp(name, mw_op_audio_additive.info.name);
    if (st == MW_OK) {
        part = mw_part_path(r->output);
        picture = mw_format("%s.picture" MW_PART_SUFFIX, r->output);
        if (!part || !picture) st = mw_fail_nomem(err);
    }
    if (st == MW_OK)
        st = replay_sound_of_av(r, json_array_get(options, MW_AV_GROUP_SOUND), &clean, &y, err);
    if (st == MW_OK)
        st = remake_picture(r, json_array_get(options, MW_AV_GROUP_PICTURE), &c, picture, err);
    if (st == MW_OK) st = mw_av_join(part, picture, c.container, y, clean.n, clean.start_s, err);
    if (st == MW_OK) st = commit(r, part, err);
    if (picture) unlink(picture);
    mw_visual_clip_clear(&c);
    mw_audio_clear(&clean);
    mw_free(y);
    mw_free(part);
    mw_free(picture);
    return st;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

mw_status mw_replay(const char *sidecar, const mw_replay_folders *from, const char *out,
                    char **path, mw_error *err)
{
    replay r = { .sidecar = sidecar,
                 .in = from->in,
                 .noise_dir = or_empty(from->noise_dir),
                 .occlusion_img = or_empty(from->occlusion_img),
                 .occlusion_mask = or_empty(from->occlusion_mask),
                 .out = out };
    const char *command;
    const json_t *run, *options;
    mw_status st = mw_json_load(&r.doc, sidecar, MW_SIDECAR_MAX_BYTES, err);

    *path = NULL;
    if (st != MW_OK) return st;
    run = json_object_get(r.doc, "run");
    command = text_at(run, "command");
    options = json_object_get(run, "options");
    if (command && !strcmp(command, "corrupt audio"))
        st = replay_audio(&r, json_array_get(options, 0), err);
    else if (command && !strcmp(command, "corrupt video"))
        st = replay_video(&r, json_array_get(options, 0), err);
    else if (command && !strcmp(command, MW_AV_COMMAND))
        st = replay_av(&r, options, err);
    else
        st = broken(&r, "no command that can be made again", err);
    if (st == MW_OK && strcmp(r.made_sha256, r.expected_sha256))
        st = mw_fail(
            err, MW_ERR_MISMATCH, "different",
            "'%s' was made with SHA-256 %s; the sidecar records %s (made with: %s; here: %s)",
            r.output, r.made_sha256, r.expected_sha256,
            text_at(json_object_get(r.doc, "tool"), "build")
                ? text_at(json_object_get(r.doc, "tool"), "build")
                : "?",
            mw_build_text());
    if (st == MW_OK) {
        *path = r.output;
        r.output = NULL;
    }
    mw_free(r.source);
    mw_free(r.output);
    json_decref(r.doc);
    return st;
}
