/* SPDX-License-Identifier: Apache-2.0 */
#include "run/sound_clip.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "dsp/level.h"
#include "media/sound.h"

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

static const mw_op *additive(void)
{
    return &mw_op_audio_additive;
}

mw_status mw_clean_sound(mw_audio *out, const char *path, const mw_kept *source,
                         const mw_sound_options *o, mw_error *err)
{
    const mw_sound_want want = { .rate_hz = MW_AUDIO_RATE_HZ,
                                 .channel = (int)o->channel,
                                 .max_s = o->max_s,
                                 .bytes = source && source->n ? source->data : NULL,
                                 .n_bytes = source ? source->n : 0 };

    return mw_sound_load_again(out, path, &want, err);
}

/* At least n elements in an array whose old contents are not needed; 0 on success. */
static int make_room(void *p, size_t *cap, size_t n, size_t size)
{
    void *old, *q;

    if (n <= *cap) return 0;
    memcpy(&old, p, sizeof old);
    mw_free(old);
    q = mw_alloc_aligned(n, size);
    memcpy(p, &q, sizeof q);
    *cap = q ? n : 0;
    return q ? 0 : -1;
}

static mw_status fill_noise(float *z, const mw_additive_options *o, const mw_additive_decision *d,
                            int64_t n, mw_bank *bank, mw_error *err)
{
    float *scratch = NULL;
    mw_status st;

    if (d->kind == MW_NOISE_BABBLE) {
        scratch = mw_alloc_aligned((size_t)n, sizeof *scratch);
        if (!scratch) return mw_fail_nomem(err);
    }
    st = mw_additive_noise(o, d, MW_AUDIO_RATE_HZ, mw_bank_read, bank, z, scratch, n, err);
    mw_free(scratch);
    return st;
}

mw_status mw_decided_noise(float **z, const mw_additive_options *o, const mw_additive_decision *d,
                           int64_t n, mw_bank *bank, mw_error *err)
{
    mw_status st;

    *z = mw_alloc_aligned((size_t)n, sizeof **z);
    st = *z ? fill_noise(*z, o, d, n, bank, err) : mw_fail_nomem(err);
    if (st != MW_OK) {
        mw_free(*z);
        *z = NULL;
    }
    return st;
}

static void drop_noise(mw_sound_clip *s)
{
    if (s->state) additive()->audio->close(s->state);
    s->state = NULL;
    mw_free(s->assets);
    s->assets = NULL;
    s->n_assets = 0;
    mw_opt_clear(additive()->info.drawn, &s->decision);
}

static mw_status copy_ints(mw_ints *to, const mw_ints *from, mw_error *err)
{
    int64_t *v = mw_calloc(from->n, sizeof *v);

    if (!v) return mw_fail_nomem(err);
    if (from->n) memcpy(v, from->v, from->n * sizeof *v);
    mw_free(to->v);
    *to = (mw_ints){ v, from->n };
    return MW_OK;
}

/* Draw once and prepare; MW_ERR_SILENT (silent_noise) asks for another attempt. */
static mw_status try_noise(mw_sound_clip *s, const char *condition, unsigned attempt, mw_error *err)
{
    const mw_additive_options *o = s->maker->additive;
    mw_bank *bank = s->maker->bank;
    const mw_draw_info info = { .n = (int64_t)s->clean.n,
                                .rate_hz = MW_AUDIO_RATE_HZ,
                                .files = bank->files,
                                .n_files = bank->n };
    mw_additive_decision *d = &s->decision;
    mw_status st = additive()->draw(o, &info, &s->key, condition, attempt, d, err);

    if (st == MW_OK && s->gap_start) {
        st = copy_ints(&d->gap_start_samples, s->gap_start, err);
        if (st == MW_OK) st = copy_ints(&d->gap_length_samples, s->gap_length, err);
    }
    if (st == MW_OK) st = fill_noise(s->noise, o, d, info.n, bank, err);
    if (st == MW_OK)
        st = additive()->audio->open(&s->state, o, d, s->clean.x, s->noise, info.n,
                                     MW_AUDIO_RATE_HZ, err);
    if (st == MW_ERR_SILENT && d->kind != MW_NOISE_BABBLE && d->files.n &&
        !strcmp(err->reason, "silent_noise"))
        mw_error_prefix(err, "'%s' from sample %lld on", d->files.v[0],
                        (long long)d->offset_samples.v[0]);
    return st;
}

static mw_status list_assets(mw_sound_clip *s, mw_error *err)
{
    static const char *const category[] = { "speech", "music", "noise" };
    const mw_additive_decision *d = &s->decision;

    s->assets = mw_calloc(d->files.n, sizeof *s->assets);
    if (!s->assets) return mw_fail_nomem(err);
    for (size_t i = 0; i < d->files.n; i++) {
        const mw_noise_file *f = mw_bank_find(s->maker->bank, d->files.v[i]);
        mw_status st;

        s->assets[i] = (mw_asset){ .role = "noise",
                                   .category = category[f->category],
                                   .path = f->path,
                                   .offset_samples = d->offset_samples.v[i],
                                   .loops = mw_bank_loops(s->maker->bank, f, d->offset_samples.v[i],
                                                          s->maker->additive->crossfade_s,
                                                          (int64_t)s->clean.n) };
        st = mw_bank_sha256(s->maker->bank, f->path, s->assets[i].sha256, err);
        if (st != MW_OK) return st;
    }
    s->n_assets = d->files.n;
    return MW_OK;
}

mw_status mw_sound_clip_draw(mw_sound_clip *s, const char *condition, mw_error *err)
{
    mw_status st = MW_ERR_SILENT;

    for (unsigned attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        mw_error own;

        drop_noise(s);
        st = try_noise(s, condition, attempt, &own);
        if (st == MW_OK) break;
        if (err) *err = own;
        /* what another draw cannot mend */
        if (st == MW_ERR_NOMEM || !strcmp(own.reason, "silent_input") ||
            !strcmp(own.reason, "no_noise"))
            return st;
    }
    if (st != MW_OK) return st;
    mw_track_power(s->noise_power, s->noise, (int64_t)s->clean.n, MW_AUDIO_RATE_HZ);
    return list_assets(s, err);
}

mw_status mw_sound_clip_load(mw_sound_clip *s, const char *path, mw_error *err)
{
    const size_t n_frames_max = (size_t)1 << 32;
    size_t n_frames;
    mw_status st;

    s->loaded = 0;
    st = mw_clean_sound(&s->clean, path, s->source, s->maker->sound, err);

    if (st != MW_OK) return st;
    if (!(sqrt(mw_energy(s->clean.x, s->clean.n) / (double)s->clean.n) > MW_SILENT_RMS))
        return mw_fail(err, MW_ERR_SILENT, "silent_input",
                       "'%s' is silent: no signal-to-noise ratio is defined for it", path);
    n_frames = mw_track_n_frames((int64_t)s->clean.n, MW_AUDIO_RATE_HZ);
    if (n_frames > n_frames_max) return mw_fail_nomem(err);
    if (make_room(&s->noise, &s->noise_cap, s->clean.n, sizeof *s->noise) ||
        make_room(&s->speech_power, &s->speech_cap, n_frames, sizeof *s->speech_power) ||
        make_room(&s->noise_power, &s->power_cap, n_frames, sizeof *s->noise_power))
        return mw_fail_nomem(err);
    mw_track_power(s->speech_power, s->clean.x, (int64_t)s->clean.n, MW_AUDIO_RATE_HZ);
    s->loaded = 1;
    return MW_OK;
}

void mw_sound_mixed_clear(mw_sound_mixed *m)
{
    mw_free(m->segments.v);
    *m = (mw_sound_mixed){ 0 };
}

/* Into y, or into q where that is given. */
static mw_status mix_to(mw_sound_clip *s, double snr_db, float *y, int16_t *q, mw_sound_mixed *m,
                        mw_error *err)
{
    const mw_audio_op *op = additive()->audio;
    mw_status st;

    mw_sound_mixed_clear(m);
    m->snr_db = s->decision.snr_db = snr_db;
    st = q ? op->apply16(s->state, snr_db, q, &m->result, err)
           : op->apply(s->state, snr_db, y, &m->result, err);
    if (st == MW_OK)
        st = op->segments(s->maker->additive, &s->decision, &m->result, (int64_t)s->clean.n,
                          &m->segments, err);
    return st;
}

mw_status mw_sound_clip_mix(mw_sound_clip *s, double snr_db, mw_error *err)
{
    if (make_room(&s->mix, &s->mix_cap, s->clean.n, sizeof *s->mix)) return mw_fail_nomem(err);
    return mix_to(s, snr_db, s->mix, NULL, &s->mixed, err);
}

mw_status mw_sound_clip_mix16(mw_sound_clip *s, double snr_db, int16_t *q, mw_sound_mixed *m,
                              mw_error *err)
{
    return mix_to(s, snr_db, NULL, q, m, err);
}

mw_status mw_sound_clip_leave(mw_sound_clip *s, mw_error *err)
{
    if (make_room(&s->mix, &s->mix_cap, s->clean.n, sizeof *s->mix)) return mw_fail_nomem(err);
    memcpy(s->mix, s->clean.x, s->clean.n * sizeof *s->mix);
    mw_sound_mixed_clear(&s->mixed);
    memset(s->noise_power, 0,
           mw_track_n_frames((int64_t)s->clean.n, MW_AUDIO_RATE_HZ) * sizeof *s->noise_power);
    return MW_OK;
}

void mw_sound_clip_reset(mw_sound_clip *s, const mw_sound_maker *maker, mw_clip_key key)
{
    drop_noise(s);
    mw_sound_mixed_clear(&s->mixed);
    s->clean = (mw_audio){ .x = s->clean.x, .cap = s->clean.cap };
    s->loaded = 0;
    s->maker = maker;
    s->key = key;
}

void mw_sound_clip_clear(mw_sound_clip *s)
{
    drop_noise(s);
    mw_audio_clear(&s->clean);
    mw_free(s->mix);
    mw_free(s->noise);
    mw_free(s->speech_power);
    mw_free(s->noise_power);
    mw_sound_mixed_clear(&s->mixed);
    *s = (mw_sound_clip){ 0 };
}

mw_track_audio_in mw_sound_clip_track(const mw_sound_clip *s, const mw_sound_mixed *m,
                                      double start_s)
{
    const double scale = s->state ? m->result.peak_scale : 1;

    return (mw_track_audio_in){ .segments = &m->segments,
                                .speech = s->speech_power,
                                .noise = s->noise_power,
                                .speech_gain = scale,
                                .noise_gain = m->result.noise_gain * scale,
                                .n = (int64_t)s->clean.n,
                                .rate_hz = MW_AUDIO_RATE_HZ,
                                .start_s = start_s };
}

mw_stage mw_sound_clip_stage(mw_sound_clip *s, const mw_sound_mixed *m)
{
    s->decision.snr_db = m->snr_db;
    return (mw_stage){ .op = additive(),
                       .options = s->maker->additive,
                       .decision = &s->decision,
                       .result = &m->result,
                       .assets = s->assets,
                       .n_assets = s->n_assets,
                       .segments = &m->segments };
}

mw_status mw_sound_maker_check(const mw_sound_maker *m, mw_error *err)
{
    const mw_draw_info info = { .n = MW_AUDIO_RATE_HZ,
                                .rate_hz = MW_AUDIO_RATE_HZ,
                                .files = m->bank->files,
                                .n_files = m->bank->n };
    const mw_clip_key key = mw_clip_key_make(0, "");
    mw_additive_decision d;
    mw_status st = additive()->draw(m->additive, &info, &key, "", 0, &d, err);

    if (st == MW_OK) {
        mw_opt_clear(additive()->info.drawn, &d);
        return MW_OK;
    }
    if (st != MW_ERR_FORMAT) return st;
    if (!*m->sound->noise_dir)
        return mw_fail(err, MW_ERR_FORMAT, "no_noise",
                       "no noise: give --noise-dir FOLDER, or generated noise (for instance "
                       "--weight-white 1%s)",
                       m->additive->select == MW_SELECT_FILE ? " --noise-select category" : "");
    if (m->bank->n_rejects)
        mw_error_prefix(err, "the first is passed over (%s): %s", m->bank->rejects[0].error.reason,
                        m->bank->rejects[0].error.message);
    mw_error_prefix(err, "noise folder '%s' (%zu usable files, %zu unusable)", m->sound->noise_dir,
                    m->bank->n, m->bank->n_rejects);
    return st;
}

void mw_sound_maker_tell(const mw_sound_maker *m, mw_job *job)
{
    for (size_t i = 0; i < m->bank->n_rejects; i++) {
        const mw_bank_reject *r = &m->bank->rejects[i];
        char *text =
            mw_format("noise file passed over (%s): %s", r->error.reason, r->error.message);

        if (text) mw_job_tell(job, MW_EVENT_NOTE, NULL, text);
        mw_free(text);
    }
}

char *mw_snr_folder(const char *out, double snr_db, char *text)
{
    size_t n = strlen(out);

    while (n > 1 && out[n - 1] == '/')
        n--;
    mw_f64_text(text, snr_db + 0.0); /* -0 is 0 */
    return mw_format("%.*s_%s", (int)n, out, text);
}
