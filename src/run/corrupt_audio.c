/* SPDX-License-Identifier: Apache-2.0
 *
 * corrupt audio: one read of a clip, one drawing of noise (unless asked for per condition), one WAV
 * per ratio.
 */
#include "run/corrupt_audio.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "media/sound.h"
#include "run/setup.h"

#define COMMAND "corrupt audio"

MW_JOB_OPTIONS(corrupt_audio, o->preset = preset)

size_t mw_corrupt_audio_options_groups(mw_corrupt_audio_options *o,
                                       mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ mw_sound_options_table, &o->sound };
    groups[2] = (mw_opt_group){ mw_additive_options_table, &o->additive };
    return 3;
}

/* ---- one job ---- */

/* One signal-to-noise ratio with its output folder. */
typedef struct condition {
    double snr_db;
    char text[MW_F64_TEXT]; /* "-5" */
    const char *root;
    char config_sha256[65];
} condition;

/* Source files up to this size are read once, for their hash and for their sound, and outputs up to
 * this size wait for each other to be hashed together. */
#define MOST_KEPT ((size_t)1 << 24)

typedef struct audio_job {
    const mw_corrupt_audio_options *o;
    struct bench *benches; /* [threads] */
    mw_sound_maker maker;
    condition conditions[MW_MAX_ROOTS];
    size_t n_conditions;
} audio_job;

/* Names of the three files of one output, relative to its root and with it. */
typedef struct output_names {
    char *wav_rel, *track_rel, *sidecar_rel, *wav, *track, *sidecar;
} output_names;

/* What one condition of a clip writes. The buffers stay from clip to clip. */
typedef struct output {
    const condition *c;
    output_names names;
    int16_t *wav; /* [n_wav] the file, header first */
    size_t n_wav;
    mw_npz track;
    mw_sound_mixed mixed;
} output;

/* Outputs and source are hashed two at a time, which is faster. */
#define N_TOGETHER 2

/* What a worker keeps from clip to clip. */
typedef struct bench {
    mw_kept source;
    mw_sound_clip s;
    output outputs[N_TOGETHER];
} bench;

/* A clip while it is worked on. */
typedef struct clip_work {
    const audio_job *aj;
    mw_job *job;
    const mw_clip *clip;
    mw_clip_key key;
    const mw_kept *source;  /* the file; empty where it is too large */
    char source_sha256[65]; /* "": not yet computed */
    int64_t source_bytes;
    mw_sound_clip *s;
    int draw_anew;   /* noise for each condition */
    output *outputs; /* [N_TOGETHER] */
    size_t n_made;   /* of these, made and not yet written */
} clip_work;

static mw_status name_outputs(output_names *o, const char *root, const char *stem, mw_error *err)
{
    o->wav_rel = mw_format("%s.wav", stem);
    o->track_rel = mw_format("%s" MW_TRACK_SUFFIX, stem);
    o->wav = o->wav_rel ? mw_path_join(root, o->wav_rel) : NULL;
    o->track = o->track_rel ? mw_path_join(root, o->track_rel) : NULL;
    o->sidecar_rel = mw_format("%s" MW_SIDECAR_SUFFIX, stem);
    o->sidecar = o->sidecar_rel ? mw_path_join(root, o->sidecar_rel) : NULL;
    return o->wav && o->track && o->sidecar ? MW_OK : mw_fail_nomem(err);
}

static void clear_names(output_names *o)
{
    mw_free(o->wav_rel);
    mw_free(o->track_rel);
    mw_free(o->sidecar_rel);
    mw_free(o->wav);
    mw_free(o->track);
    mw_free(o->sidecar);
    *o = (output_names){ NULL };
}

static size_t wav_bytes(const clip_work *w)
{
    return MW_WAV_HEAD_BYTES + 2 * w->s->clean.n;
}

/* All of an output but its sidecar, in memory. */
static mw_status make_output(clip_work *w, output *o, mw_error *err)
{
    mw_track_audio_in in;
    mw_status st;

    if (mw_grow(&o->wav, &o->n_wav, wav_bytes(w) / 2, sizeof *o->wav)) return mw_fail_nomem(err);
    st = mw_wav_start(o->wav, w->s->clean.n, MW_AUDIO_RATE_HZ, err);
    if (st == MW_OK)
        st =
            mw_sound_clip_mix16(w->s, o->c->snr_db, o->wav + MW_WAV_HEAD_BYTES / 2, &o->mixed, err);
    if (st != MW_OK) return st;
    in = mw_sound_clip_track(w->s, &o->mixed, 0);
    return mw_track_make(&o->track, &in, NULL, err);
}

static mw_status write_sidecar(clip_work *w, const output *out, const char *wav_sha256,
                               const char *track_sha256, mw_error *err)
{
    mw_corrupt_audio_options *o = (mw_corrupt_audio_options *)(uintptr_t)w->aj->o;
    const mw_opt_group group = { mw_sound_options_table, &o->sound };
    const mw_stage stage = mw_sound_clip_stage(w->s, &out->mixed);
    mw_media wav = { .path = out->names.wav_rel,
                     .bytes = (int64_t)wav_bytes(w),
                     .codec = "pcm_s16le",
                     .rate_hz = MW_AUDIO_RATE_HZ,
                     .channels = 1,
                     .samples = (int64_t)w->s->clean.n };
    mw_media source = { .path = w->clip->rel,
                        .bytes = w->source_bytes,
                        .rate_hz = w->s->clean.source_rate_hz,
                        .channels = w->s->clean.source_channels,
                        .samples = w->s->clean.source_n };
    mw_sidecar s = { .id = w->clip->id,
                     .compat = o->preset,
                     .seed = o->run.seed,
                     .key = w->key,
                     .command = COMMAND,
                     .job_options = &group,
                     .n_job_options = 1,
                     .source_audio = &source,
                     .output_audio = &wav,
                     .end_s = (double)w->s->clean.n / MW_AUDIO_RATE_HZ,
                     .clock_audio = &wav,
                     .stages = &stage,
                     .n_stages = 1,
                     .track_path = out->names.track_rel };
    mw_str text = { 0 };
    mw_status st;

    memcpy(source.sha256, w->source_sha256, sizeof source.sha256);
    memcpy(source.codec, w->s->clean.codec, sizeof source.codec);
    memcpy(wav.sha256, wav_sha256, sizeof wav.sha256);
    memcpy(s.config_sha256, out->c->config_sha256, sizeof s.config_sha256);
    memcpy(s.track_sha256, track_sha256, sizeof s.track_sha256);
    mw_sidecar_write(&text, &s);
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_file_store(out->names.sidecar, text.data, text.n, err);
    if (st == MW_OK)
        mw_job_note(w->job, &s, out->c->root, out->names.sidecar_rel, text.data, text.n);
    mw_str_clear(&text);
    return st;
}

/* The sidecar comes last, so that its presence says that all is there. */
static mw_status write_output(clip_work *w, output *o, const char *wav_sha256,
                              const char *track_sha256, mw_error *err)
{
    mw_status st = mw_make_parents(o->names.sidecar, err);

    if (st != MW_OK) return st;
    /* an old sidecar must not describe new files, should the run end here */
    unlink(o->names.sidecar);
    st = mw_file_store(o->names.wav, o->wav, wav_bytes(w), err);
    if (st == MW_OK) st = mw_file_store(o->names.track, o->track.bytes.data, o->track.bytes.n, err);
    if (st == MW_OK) st = write_sidecar(w, o, wav_sha256, track_sha256, err);
    if (st != MW_OK) {
        unlink(o->names.wav);
        unlink(o->names.track);
    }
    return st;
}

static void drop_output(output *o)
{
    clear_names(&o->names);
    mw_npz_clear(&o->track);
    mw_sound_mixed_clear(&o->mixed);
}

/* Of the outputs that are made, and of the source with the first of them. */
static void hash_outputs(clip_work *w, char wav_sha256[][65], char track_sha256[][65])
{
    const output *o = w->outputs;
    const size_t n = wav_bytes(w);

    if (w->n_made == N_TOGETHER) {
        mw_sha256_hex_pair(wav_sha256[0], o[0].wav, n, wav_sha256[1], o[1].wav, n);
        mw_sha256_hex_pair(track_sha256[0], o[0].track.bytes.data, o[0].track.bytes.n,
                           track_sha256[1], o[1].track.bytes.data, o[1].track.bytes.n);
        return;
    }
    if (!*w->source_sha256)
        mw_sha256_hex_pair(w->source_sha256, w->source->data, w->source->n, wav_sha256[0], o->wav,
                           n);
    else
        mw_sha256_hex(wav_sha256[0], o->wav, n);
    mw_sha256_hex(track_sha256[0], o->track.bytes.data, o->track.bytes.n);
}

/* Write what is made; of two that fail, the first one's error. */
static mw_status write_outputs(clip_work *w, mw_clip_result *r, mw_error *err)
{
    char wav_sha256[N_TOGETHER][65], track_sha256[N_TOGETHER][65];
    output *o = w->outputs;
    mw_status st = MW_OK;

    if (w->n_made) hash_outputs(w, wav_sha256, track_sha256);
    for (size_t i = 0; i < w->n_made; i++) {
        mw_error own;
        const mw_status one = write_output(w, &o[i], wav_sha256[i], track_sha256[i], &own);

        r->n_outputs += one == MW_OK;
        if (one != MW_OK && st == MW_OK) {
            *err = own;
            st = one;
        }
        drop_output(&o[i]);
    }
    w->n_made = 0;
    return st;
}

static mw_status tell_drawn(clip_work *w, const condition *c, mw_error *err)
{
    mw_str json = { 0 };
    mw_json j = mw_json_begin(&json);

    w->s->decision.snr_db = c->snr_db;
    mw_json_open(&j, '{');
    mw_json_put_text(&j, "id", w->clip->id);
    mw_put_drawn(&j, &mw_op_audio_additive, &w->s->decision);
    mw_json_close(&j, '}');
    return mw_job_tell_drawn(w->job, w->clip->id, &json, err);
}

/* An mw_asset_check: a noise file that was exchanged makes the outputs that used it stale. */
static int asset_is_same(void *user, const char *path, const char *sha256)
{
    char found[65];

    return mw_bank_sha256(user, path, found, NULL) == MW_OK && !strcmp(found, sha256);
}

static int is_current(clip_work *w, const output *o)
{
    const mw_run_options *run = &w->aj->o->run;

    if (run->overwrite || run->dry_run || access(o->names.sidecar, F_OK)) return 0;
    if (!*w->source_sha256) mw_sha256_hex(w->source_sha256, w->source->data, w->source->n);
    return mw_sidecar_is_current(o->names.sidecar, o->c->root, o->c->config_sha256,
                                 w->source_sha256, asset_is_same, w->aj->maker.bank);
}

/* Load, draw and make what an output needs, as far as the ones before it have not. */
static mw_status work_on_output(clip_work *w, output *o, mw_error *err)
{
    mw_status st = MW_OK;

    if (!w->s->loaded) st = mw_sound_clip_load(w->s, w->clip->path, err);
    if (st == MW_OK && (!w->s->state || w->draw_anew))
        st = mw_sound_clip_draw(w->s, w->draw_anew ? o->c->text : "", err);
    if (st != MW_OK) return st;
    if (w->aj->o->run.dry_run) return tell_drawn(w, o->c, err);
    st = make_output(w, o, err);
    w->n_made += st == MW_OK;
    return st;
}

/* Whether the outputs made can wait for another. The source is hashed with the first one, and a
 * sidecar tells of the noise drawn last. */
static int may_wait(const clip_work *w)
{
    return w->n_made < N_TOGETHER && *w->source_sha256 && !w->draw_anew &&
           wav_bytes(w) <= MOST_KEPT;
}

static mw_status work_on_conditions(clip_work *w, mw_clip_result *r)
{
    mw_status st = MW_OK, written;
    mw_error late;

    for (size_t i = 0; st == MW_OK && i < w->aj->n_conditions; i++) {
        const size_t n_made = w->n_made;
        output *o = &w->outputs[n_made];

        if (mw_job_stopping(w->job)) {
            st = mw_fail(&r->error, MW_ERR_INTERRUPTED, "interrupted", "stopped");
            break;
        }
        o->c = &w->aj->conditions[i];
        st = name_outputs(&o->names, o->c->root, w->clip->stem, &r->error);
        if (st == MW_OK && !is_current(w, o)) {
            r->outcome = MW_DONE;
            st = work_on_output(w, o, &r->error);
        }
        if (w->n_made == n_made) drop_output(o);
        if (st == MW_OK && w->n_made && !may_wait(w)) st = write_outputs(w, r, &r->error);
    }
    /* one that was made is kept, whatever became of the next */
    written = write_outputs(w, r, st == MW_OK ? &r->error : &late);
    return st != MW_OK ? st : written;
}

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *r)
{
    const audio_job *aj = user;
    bench *b = &aj->benches[worker];
    clip_work w = { .aj = aj,
                    .job = job,
                    .clip = clip,
                    .key = mw_clip_key_make(aj->o->run.seed, clip->id),
                    .s = &b->s,
                    .draw_anew = aj->o->additive.noise_per == MW_NOISE_PER_CONDITION,
                    .outputs = b->outputs };
    mw_status st = mw_file_keep(&b->source, MOST_KEPT, clip->path, &r->error);

    w.source = &b->source;
    w.source_bytes = (int64_t)b->source.n;
    if (st == MW_OK && !b->source.n)
        st = mw_sha256_file(w.source_sha256, &w.source_bytes, clip->path, &r->error);
    mw_sound_clip_reset(w.s, &aj->maker, w.key);
    w.s->source = &b->source;
    r->outcome = MW_SKIPPED;
    if (st == MW_OK) st = work_on_conditions(&w, r);
    if (st != MW_OK)
        r->outcome = MW_FAILED;
    else if (w.s->clean.rate_hz)
        r->media_s = (double)w.s->clean.n / w.s->clean.rate_hz;
}

/* ---- setting up ---- */

static void close_benches(bench *b, int n)
{
    for (int i = 0; b && i < n; i++) {
        mw_free(b[i].source.data);
        for (int k = 0; k < N_TOGETHER; k++)
            mw_free(b[i].outputs[k].wav);
        mw_sound_clip_clear(&b[i].s);
    }
    mw_free(b);
}

static mw_status set_conditions(audio_job *aj, mw_roots *roots, mw_error *err)
{
    mw_corrupt_audio_options *o = (mw_corrupt_audio_options *)(uintptr_t)aj->o;
    const mw_opt_group group = { mw_sound_options_table, &o->sound };
    const mw_op *op = &mw_op_audio_additive;
    const void *op_options = &o->additive;

    for (size_t i = 0; i < o->sound.snr.n; i++) {
        condition *c = &aj->conditions[i];
        char *extra;
        mw_status st;

        st = mw_roots_add(roots, mw_snr_folder(o->run.out, o->sound.snr.v[i], c->text), err);
        if (st != MW_OK) return st;
        c->snr_db = o->sound.snr.v[i];
        c->root = roots->path[i];
        extra = mw_format("snr %s, noise %s", c->text, aj->maker.bank->listing_sha256);
        if (!extra) return mw_fail_nomem(err);
        st = mw_config_sha256(c->config_sha256, COMMAND, &group, 1, o->run.seed, &op, &op_options,
                              1, extra, err);
        mw_free(extra);
        if (st != MW_OK) return st;
        aj->n_conditions++;
    }
    return MW_OK;
}

static mw_status check_options(const mw_corrupt_audio_options *o, mw_error *err)
{
    if (!*o->run.in)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'in': an input file or folder is needed");
    if (!*o->run.out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    if (!o->sound.snr.n)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'snr': at least one ratio is needed");
    return MW_OK;
}

mw_status mw_corrupt_audio(const mw_corrupt_audio_options *o, const mw_run_hooks *hooks,
                           mw_summary *summary, mw_error *err)
{
    const int n_threads = mw_run_threads(&o->run);
    audio_job aj = { .o = o, .maker = { .sound = &o->sound, .additive = &o->additive } };
    mw_job job = { .work = work_on_clip, .user = &aj };
    mw_roots roots = { 0 };
    mw_walk walk = { 0 };
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = check_options(o, err);
    if (st == MW_OK) {
        aj.benches = mw_calloc((size_t)n_threads, sizeof *aj.benches);
        if (!aj.benches) st = mw_fail_nomem(err);
    }
    if (st == MW_OK)
        st = mw_bank_open(&aj.maker.bank, o->sound.noise_dir, MW_AUDIO_RATE_HZ, n_threads, err);
    if (st == MW_OK) st = mw_sound_maker_check(&aj.maker, err);
    if (st == MW_OK) st = set_conditions(&aj, &roots, err);
    if (st == MW_OK)
        st = mw_job_setup(&job, &walk, &o->run, MW_WALK_SOUND | MW_WALK_VIDEO, &roots, hooks,
                          summary, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_roots_open(&roots, err);
    if (st != MW_OK) goto done;
    summary->n_noise_files = aj.maker.bank->n;
    summary->n_noise_rejected = aj.maker.bank->n_rejects;
    mw_sound_maker_tell(&aj.maker, &job);
    st = mw_job_run(&job, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_job_finish(&job, &o->run, &roots, err);
done:
    mw_job_clear(&job);
    mw_walk_clear(&walk);
    mw_roots_close(&roots);
    mw_bank_close(&aj.maker.bank);
    close_benches(aj.benches, n_threads);
    return st;
}
