/* SPDX-License-Identifier: Apache-2.0
 *
 * corrupt audio: one read of a clip, one drawing of noise (unless asked for per condition), one WAV
 * per ratio.
 */
#include "run/corrupt_audio.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "dsp/level.h"
#include "media/sound.h"
#include "run/setup.h"
#include "run/sidecar.h"
#include "run/track.h"

#define COMMAND      "corrupt audio"
#define MAX_ATTEMPTS 16

#define O(field) offsetof(mw_sound_options, field)

/* clang-format off */
const mw_opt mw_sound_options_table[] = {
    { "noise-dir", MW_OPT_TEXT, O(noise_dir), "", .unit = NULL,
      .help = "folder of noise recordings, by category: speech/, music/, anything else is noise", .flags = MW_OPT_RUNTIME },
    { "snr", MW_OPT_DOUBLES, O(snr), "-5,0,5,10,15", -60, 60, "dB",
      .help = "signal-to-noise ratios, one output folder each", .flags = MW_OPT_RUNTIME },
    { "channel", MW_OPT_INT, O(channel), "-1", -1, 63, .help = "channel of the input to take; -1: mean of all" },
    { "max-seconds", MW_OPT_DOUBLE, O(max_s), "21600", 1, 86400, "s", .help = "refuse longer clips",
      .flags = MW_OPT_RUNTIME },
    { 0 },
};
/* clang-format on */

mw_corrupt_audio_options *mw_corrupt_audio_options_new(int preset, mw_error *err)
{
    mw_corrupt_audio_options *o = mw_calloc(1, sizeof *o);
    mw_opt_group groups[MW_MAX_GROUPS];
    mw_status st = MW_OK;
    size_t n;

    if (!o) {
        mw_fail_nomem(err);
        return NULL;
    }
    o->preset = preset;
    n = mw_corrupt_audio_options_groups(o, groups);
    for (size_t i = 0; st == MW_OK && i < n; i++)
        st = mw_opt_defaults(groups[i].table, groups[i].values, preset, err);
    if (st != MW_OK) mw_corrupt_audio_options_free(&o);
    return o;
}

void mw_corrupt_audio_options_free(mw_corrupt_audio_options **o)
{
    mw_opt_group groups[MW_MAX_GROUPS];
    size_t n;

    if (!*o) return;
    n = mw_corrupt_audio_options_groups(*o, groups);
    for (size_t i = 0; i < n; i++)
        mw_opt_clear(groups[i].table, groups[i].values);
    mw_free(*o);
    *o = NULL;
}

size_t mw_corrupt_audio_options_groups(mw_corrupt_audio_options *o,
                                       mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ mw_sound_options_table, &o->sound };
    groups[2] = (mw_opt_group){ mw_additive_options_table, &o->additive };
    return 3;
}

mw_status mw_clean_sound(mw_audio *out, const char *path, const mw_sound_options *o, mw_error *err)
{
    const mw_sound_want want = { .rate_hz = MW_AUDIO_RATE_HZ,
                                 .channel = (int)o->channel,
                                 .max_s = o->max_s };

    return mw_sound_load(out, path, &want, err);
}

mw_status mw_decided_noise(float **z, const mw_additive_options *o, const mw_additive_decision *d,
                           int64_t n, mw_bank *bank, mw_error *err)
{
    float *scratch = NULL;
    mw_status st;

    *z = mw_calloc_aligned((size_t)n, sizeof **z);
    if (*z && d->kind == MW_NOISE_BABBLE) scratch = mw_calloc_aligned((size_t)n, sizeof *scratch);
    if (!*z || (d->kind == MW_NOISE_BABBLE && !scratch))
        st = mw_fail_nomem(err);
    else
        st = mw_additive_noise(o, d, MW_AUDIO_RATE_HZ, mw_bank_read, bank, *z, scratch, n, err);
    mw_free(scratch);
    if (st != MW_OK) {
        mw_free(*z);
        *z = NULL;
    }
    return st;
}

/* ---- one job ---- */

/* One signal-to-noise ratio with its output folder. */
typedef struct condition {
    double snr_db;
    char text[MW_F64_TEXT]; /* "-5" */
    const char *root;
    char config_sha256[65];
} condition;

typedef struct audio_job {
    const mw_corrupt_audio_options *o;
    mw_bank *bank;
    condition conditions[MW_MAX_ROOTS];
    size_t n_conditions;
} audio_job;

/* A clip while it is worked on. */
typedef struct clip_work {
    const audio_job *aj;
    mw_job *job;
    const mw_clip *clip;
    mw_clip_key key;
    char source_sha256[65];
    int64_t source_bytes;
    mw_audio clean;
    float *mix;
    int16_t *pcm;
    double *speech_power, *noise_power; /* per track frame */
    /* drawn and prepared noise */
    mw_additive_decision decision;
    float *noise;
    void *state;
    mw_asset *assets;
} clip_work;

static const mw_op *additive(void)
{
    return &mw_op_audio_additive;
}

static void drop_noise(clip_work *w)
{
    if (w->state) additive()->audio->close(w->state);
    w->state = NULL;
    mw_free(w->noise);
    w->noise = NULL;
    mw_free(w->assets);
    w->assets = NULL;
    mw_opt_clear(additive()->info.drawn, &w->decision);
}

/* Draw once and prepare; MW_ERR_SILENT (silent_noise) asks for another attempt. */
static mw_status try_noise(clip_work *w, const char *condition_text, unsigned attempt,
                           mw_error *err)
{
    const mw_additive_options *o = &w->aj->o->additive;
    const mw_bank *bank = w->aj->bank;
    const mw_draw_info info = { .n = (int64_t)w->clean.n,
                                .rate_hz = MW_AUDIO_RATE_HZ,
                                .files = bank->files,
                                .n_files = bank->n };
    mw_status st = additive()->draw(o, &info, &w->key, condition_text, attempt, &w->decision, err);

    if (st == MW_OK) st = mw_decided_noise(&w->noise, o, &w->decision, info.n, w->aj->bank, err);
    if (st == MW_OK)
        st = additive()->audio->open(&w->state, o, &w->decision, w->clean.x, w->noise, info.n,
                                     MW_AUDIO_RATE_HZ, err);
    return st;
}

static mw_status list_assets(clip_work *w, mw_error *err)
{
    static const char *const category[] = { "speech", "music", "noise" };
    const mw_additive_decision *d = &w->decision;

    w->assets = mw_calloc(d->files.n, sizeof *w->assets);
    if (!w->assets) return mw_fail_nomem(err);
    for (size_t i = 0; i < d->files.n; i++) {
        const mw_noise_file *f = mw_bank_find(w->aj->bank, d->files.v[i]);
        const int64_t n = (int64_t)w->clean.n;
        mw_status st;

        w->assets[i] =
            (mw_asset){ .role = "noise",
                        .category = category[f->category],
                        .path = f->path,
                        .offset_samples = d->offset_samples.v[i],
                        .loops = f->n >= n ? 1 : (d->offset_samples.v[i] + n + f->n - 1) / f->n };
        st = mw_bank_sha256(w->aj->bank, f->path, w->assets[i].sha256, err);
        if (st != MW_OK) return st;
    }
    return MW_OK;
}

/* Noise for the clip (or for one condition of it): other draws follow while the one made is silent.
 * A recording that fails when read is passed over like a silent one. */
static mw_status prepare_noise(clip_work *w, const char *condition_text, mw_error *err)
{
    mw_status st = MW_ERR_SILENT;

    for (unsigned attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        mw_error own;

        drop_noise(w);
        st = try_noise(w, condition_text, attempt, &own);
        if (st == MW_OK) break;
        if (err) *err = own;
        /* what another draw cannot mend */
        if (st == MW_ERR_NOMEM || !strcmp(own.reason, "silent_input") ||
            !strcmp(own.reason, "no_noise"))
            return st;
    }
    if (st != MW_OK) return st;
    mw_track_power(w->noise_power, w->noise, (int64_t)w->clean.n, MW_AUDIO_RATE_HZ);
    return list_assets(w, err);
}

static mw_status load_clip(clip_work *w, mw_error *err)
{
    const size_t n_frames_max = (size_t)1 << 32;
    size_t n_frames;
    mw_status st = mw_clean_sound(&w->clean, w->clip->path, &w->aj->o->sound, err);

    if (st != MW_OK) return st;
    if (!(sqrt(mw_energy(w->clean.x, w->clean.n) / (double)w->clean.n) > MW_SILENT_RMS))
        return mw_fail(err, MW_ERR_SILENT, "silent_input",
                       "'%s' is silent: no signal-to-noise ratio is defined for it", w->clip->path);
    n_frames = mw_track_n_frames((int64_t)w->clean.n, MW_AUDIO_RATE_HZ);
    if (n_frames > n_frames_max) return mw_fail_nomem(err);
    w->mix = mw_calloc_aligned(w->clean.n, sizeof *w->mix);
    w->pcm = mw_calloc_aligned(w->clean.n, sizeof *w->pcm);
    w->speech_power = mw_calloc(n_frames, sizeof *w->speech_power);
    w->noise_power = mw_calloc(n_frames, sizeof *w->noise_power);
    if (!w->mix || !w->pcm || !w->speech_power || !w->noise_power) return mw_fail_nomem(err);
    mw_track_power(w->speech_power, w->clean.x, (int64_t)w->clean.n, MW_AUDIO_RATE_HZ);
    return MW_OK;
}

static void clear_clip(clip_work *w)
{
    drop_noise(w);
    mw_audio_clear(&w->clean);
    mw_free(w->mix);
    mw_free(w->pcm);
    mw_free(w->speech_power);
    mw_free(w->noise_power);
}

/* Names of the three files of one output, relative to its root and with it. */
typedef struct output_names {
    char *wav_rel, *track_rel, *wav, *track, *sidecar;
} output_names;

static mw_status name_outputs(output_names *o, const char *root, const char *stem, mw_error *err)
{
    o->wav_rel = mw_format("%s.wav", stem);
    o->track_rel = mw_format("%s" MW_TRACK_SUFFIX, stem);
    o->wav = o->wav_rel ? mw_path_join(root, o->wav_rel) : NULL;
    o->track = o->track_rel ? mw_path_join(root, o->track_rel) : NULL;
    o->sidecar = mw_format("%s/%s" MW_SIDECAR_SUFFIX, root, stem);
    return o->wav && o->track && o->sidecar ? MW_OK : mw_fail_nomem(err);
}

static void clear_names(output_names *o)
{
    mw_free(o->wav_rel);
    mw_free(o->track_rel);
    mw_free(o->wav);
    mw_free(o->track);
    mw_free(o->sidecar);
}

static mw_status write_track(clip_work *w, const output_names *names, const mw_segments *segments,
                             const mw_additive_result *r, char sha256[65], mw_error *err)
{
    mw_npz z = { 0 };
    mw_status st =
        mw_track_audio(&z, segments, w->speech_power, w->noise_power, r->peak_scale,
                       r->noise_gain * r->peak_scale, (int64_t)w->clean.n, MW_AUDIO_RATE_HZ, err);

    if (st == MW_OK) {
        mw_sha256_hex(sha256, z.bytes.data, z.bytes.n);
        st = mw_file_store(names->track, z.bytes.data, z.bytes.n, err);
    }
    mw_npz_clear(&z);
    return st;
}

static mw_status write_wav(clip_work *w, const output_names *names, mw_media *out, mw_error *err)
{
    mw_str bytes = { 0 };
    mw_status st = mw_wav_put(&bytes, w->mix, w->clean.n, MW_AUDIO_RATE_HZ, w->pcm, err);

    if (st == MW_OK) {
        *out = (mw_media){ .path = names->wav_rel,
                           .bytes = (int64_t)bytes.n,
                           .codec = "pcm_s16le",
                           .rate_hz = MW_AUDIO_RATE_HZ,
                           .channels = 1,
                           .samples = (int64_t)w->clean.n };
        mw_sha256_hex(out->sha256, bytes.data, bytes.n);
        st = mw_file_store(names->wav, bytes.data, bytes.n, err);
    }
    mw_str_clear(&bytes);
    return st;
}

static mw_status write_sidecar(clip_work *w, const condition *c, const output_names *names,
                               const mw_segments *segments, const mw_additive_result *result,
                               const mw_media *output, const char *track_sha256, mw_error *err)
{
    mw_corrupt_audio_options *o = (mw_corrupt_audio_options *)(uintptr_t)w->aj->o;
    const mw_opt_group group = { mw_sound_options_table, &o->sound };
    const mw_stage stage = { .op = additive(),
                             .options = &o->additive,
                             .decision = &w->decision,
                             .result = result,
                             .assets = w->assets,
                             .n_assets = w->decision.files.n,
                             .segments = segments };
    mw_media source = { .path = w->clip->rel,
                        .bytes = w->source_bytes,
                        .rate_hz = w->clean.source_rate_hz,
                        .channels = w->clean.source_channels,
                        .samples = w->clean.source_n };
    mw_sidecar s = { .id = w->clip->id,
                     .compat = o->preset,
                     .seed = o->run.seed,
                     .key = w->key,
                     .command = COMMAND,
                     .job_options = &group,
                     .n_job_options = 1,
                     .source_audio = &source,
                     .output_audio = output,
                     .end_s = (double)w->clean.n / MW_AUDIO_RATE_HZ,
                     .clock_audio = output,
                     .stages = &stage,
                     .n_stages = 1,
                     .track_path = names->track_rel };
    mw_str text = { 0 };
    mw_status st;

    memcpy(source.sha256, w->source_sha256, sizeof source.sha256);
    memcpy(source.codec, w->clean.codec, sizeof source.codec);
    memcpy(s.config_sha256, c->config_sha256, sizeof s.config_sha256);
    memcpy(s.track_sha256, track_sha256, sizeof s.track_sha256);
    mw_sidecar_write(&text, &s);
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_file_store(names->sidecar, text.data, text.n, err);
    mw_str_clear(&text);
    return st;
}

/* Damage at one ratio and write; the sidecar comes last, so that its presence says that all is
 * there. */
static mw_status write_condition(clip_work *w, const condition *c, const output_names *names,
                                 mw_error *err)
{
    char track_sha256[65];
    mw_additive_result result;
    mw_segments segments = { 0 };
    mw_media output;
    mw_status st;

    w->decision.snr_db = c->snr_db;
    st = additive()->audio->apply(w->state, c->snr_db, w->mix, &result, err);
    if (st == MW_OK)
        st = additive()->audio->segments(&w->aj->o->additive, &w->decision, &result,
                                         (int64_t)w->clean.n, &segments, err);
    if (st == MW_OK) st = mw_make_parents(names->sidecar, err);
    if (st != MW_OK) goto done;
    /* an old sidecar must not describe new files, should the run end here */
    unlink(names->sidecar);
    st = write_wav(w, names, &output, err);
    if (st == MW_OK) st = write_track(w, names, &segments, &result, track_sha256, err);
    if (st == MW_OK)
        st = write_sidecar(w, c, names, &segments, &result, &output, track_sha256, err);
    if (st != MW_OK) {
        unlink(names->wav);
        unlink(names->track);
    }
done:
    mw_free(segments.v);
    return st;
}

static mw_status tell_drawn(clip_work *w, const condition *c, mw_error *err)
{
    mw_str pretty = { 0 }, line = { 0 };
    mw_json j = mw_json_begin(&pretty);
    mw_status st;

    w->decision.snr_db = c->snr_db;
    mw_json_open(&j, '{');
    mw_json_put_text(&j, "id", w->clip->id);
    mw_json_put_text(&j, "name", additive()->info.name);
    mw_json_key(&j, "drawn");
    mw_json_struct(&j, additive()->info.drawn, &w->decision, 0);
    mw_json_close(&j, '}');
    mw_json_compact(&line, pretty.data ? pretty.data : "", pretty.n);
    line.failed |= pretty.failed;
    st = mw_str_ok(&line, err);
    if (st == MW_OK) mw_job_tell(w->job, MW_EVENT_DRAWN, w->clip->id, line.data);
    mw_str_clear(&pretty);
    mw_str_clear(&line);
    return st;
}

static mw_status work_condition(clip_work *w, const condition *c, const output_names *names,
                                mw_error *err)
{
    const int per_condition = w->aj->o->additive.noise_per == MW_NOISE_PER_CONDITION;
    mw_status st = MW_OK;

    if (!w->clean.x) st = load_clip(w, err);
    if (st == MW_OK && (!w->state || per_condition))
        st = prepare_noise(w, per_condition ? c->text : "", err);
    if (st != MW_OK) return st;
    if (w->aj->o->run.dry_run) return tell_drawn(w, c, err);
    return write_condition(w, c, names, err);
}

/* An mw_asset_check: a noise file that was exchanged makes the outputs that used it stale. */
static int asset_is_same(void *user, const char *path, const char *sha256)
{
    char found[65];

    return mw_bank_sha256(user, path, found, NULL) == MW_OK && !strcmp(found, sha256);
}

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *r)
{
    const audio_job *aj = user;
    clip_work w = {
        .aj = aj, .job = job, .clip = clip, .key = mw_clip_key_make(aj->o->run.seed, clip->id)
    };
    mw_status st = mw_sha256_file(w.source_sha256, &w.source_bytes, clip->path, &r->error);

    (void)worker;
    r->outcome = MW_SKIPPED;
    for (size_t i = 0; st == MW_OK && i < aj->n_conditions; i++) {
        const condition *c = &aj->conditions[i];
        output_names names = { 0 };

        if (mw_job_stopping(job)) {
            st = mw_fail(&r->error, MW_ERR_INTERRUPTED, "interrupted", "stopped");
            break;
        }
        st = name_outputs(&names, c->root, clip->stem, &r->error);
        if (st == MW_OK && (aj->o->run.overwrite || aj->o->run.dry_run ||
                            !mw_sidecar_is_current(names.sidecar, c->root, c->config_sha256,
                                                   w.source_sha256, asset_is_same, aj->bank))) {
            st = work_condition(&w, c, &names, &r->error);
            r->outcome = MW_DONE;
            r->n_outputs += st == MW_OK && !aj->o->run.dry_run;
        }
        clear_names(&names);
    }
    if (st != MW_OK)
        r->outcome = MW_FAILED;
    else if (w.clean.rate_hz)
        r->media_s = (double)w.clean.n / w.clean.rate_hz;
    clear_clip(&w);
}

/* ---- setting up ---- */

static mw_status set_conditions(audio_job *aj, mw_roots *roots, mw_error *err)
{
    mw_corrupt_audio_options *o = (mw_corrupt_audio_options *)(uintptr_t)aj->o;
    const mw_opt_group group = { mw_sound_options_table, &o->sound };
    const mw_op *op = additive();
    const void *op_options = &o->additive;
    size_t n_out = strlen(o->run.out);

    while (n_out > 1 && o->run.out[n_out - 1] == '/')
        n_out--;
    for (size_t i = 0; i < o->sound.snr.n; i++) {
        condition *c = &aj->conditions[i];
        char *extra;
        mw_status st;

        mw_f64_text(c->text, o->sound.snr.v[i]);
        st = mw_roots_add(roots, mw_format("%.*s_%s", (int)n_out, o->run.out, c->text), err);
        if (st != MW_OK) return st;
        c->snr_db = o->sound.snr.v[i];
        c->root = roots->path[i];
        extra = mw_format("snr %s, noise %s", c->text, aj->bank->listing_sha256);
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

/* No clip can succeed without a kind of noise that can be drawn: say so before work starts. */
static mw_status check_noise(const audio_job *aj, mw_error *err)
{
    const mw_draw_info info = { .n = MW_AUDIO_RATE_HZ,
                                .rate_hz = MW_AUDIO_RATE_HZ,
                                .files = aj->bank->files,
                                .n_files = aj->bank->n };
    const mw_clip_key key = mw_clip_key_make(0, "");
    mw_additive_decision d;
    mw_status st = additive()->draw(&aj->o->additive, &info, &key, "", 0, &d, err);

    if (st == MW_OK) {
        mw_opt_clear(additive()->info.drawn, &d);
        return MW_OK;
    }
    if (st == MW_ERR_FORMAT && !*aj->o->sound.noise_dir)
        return mw_fail(err, MW_ERR_FORMAT, "no_noise",
                       "no noise: give --noise-dir FOLDER, or generated noise (for instance "
                       "--weight-white 1)");
    if (st == MW_ERR_FORMAT)
        mw_error_prefix(err, "noise folder '%s' (%zu usable files, %zu unusable)",
                        aj->o->sound.noise_dir, aj->bank->n, aj->bank->n_rejects);
    return st;
}

static void tell_rejects(mw_job *job, const mw_bank *bank)
{
    for (size_t i = 0; i < bank->n_rejects; i++) {
        char *text = mw_format("noise file passed over (%s): %s", bank->rejects[i].error.reason,
                               bank->rejects[i].error.message);

        if (text) mw_job_tell(job, MW_EVENT_NOTE, NULL, text);
        mw_free(text);
    }
}

mw_status mw_corrupt_audio(const mw_corrupt_audio_options *o, const mw_run_hooks *hooks,
                           mw_summary *summary, mw_error *err)
{
    audio_job aj = { .o = o };
    mw_job job = { .work = work_on_clip, .user = &aj };
    mw_roots roots = { 0 };
    mw_walk walk = { 0 };
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = check_options(o, err);
    if (st == MW_OK)
        st = mw_bank_open(&aj.bank, o->sound.noise_dir, MW_AUDIO_RATE_HZ, mw_run_threads(&o->run),
                          err);
    if (st == MW_OK) st = check_noise(&aj, err);
    if (st == MW_OK) st = set_conditions(&aj, &roots, err);
    if (st == MW_OK)
        st = mw_job_setup(&job, &walk, &o->run, MW_WALK_SOUND | MW_WALK_VIDEO, &roots, hooks,
                          summary, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_roots_open(&roots, err);
    if (st != MW_OK) goto done;
    summary->n_noise_files = aj.bank->n;
    summary->n_noise_rejected = aj.bank->n_rejects;
    tell_rejects(&job, aj.bank);
    st = mw_job_run(&job, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_job_finish(&job, &o->run, &roots, err);
done:
    mw_job_clear(&job);
    mw_walk_clear(&walk);
    mw_roots_close(&roots);
    mw_bank_close(&aj.bank);
    return st;
}
