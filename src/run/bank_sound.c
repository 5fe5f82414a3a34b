/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "run/bank_media.h"

#define HOP_S 0.01

double mw_reliability_of_snr(double snr_db)
{
    const double g = (snr_db + 5) / 20;

    return g < 0 ? 0 : g > 1 ? 1 : g;
}

double mw_sound_reliability(double c, double reliability_there)
{
    return 1 - c * (1 - reliability_there);
}

void mw_bank_part_clear(mw_bank_part *p)
{
    for (size_t i = 0; i < p->m.n_variants; i++) {
        mw_free(p->m.variants[i].x);
        mw_free(p->m.variants[i].valid);
        mw_free(p->m.variants[i].rel);
        if (p->deeds && p->deeds[i].op) {
            mw_opt_clear(p->deeds[i].op->info.options, p->deeds[i].options);
            mw_opt_clear(p->deeds[i].op->info.drawn, p->deeds[i].decision);
        }
        if (p->deeds) {
            mw_free(p->deeds[i].options);
            mw_free(p->deeds[i].decision);
        }
    }
    mw_free(p->m.variants);
    mw_free(p->m.t);
    mw_free((void *)(uintptr_t)p->m.names);
    mw_free(p->deeds);
    mw_free(p->specs);
    *p = (mw_bank_part){ .deeds = NULL };
}

/* All rows of a sound. *x [rows][columns], the caller's. */
static mw_status describe(float **x, size_t *rows, mw_lld *lld, const float *sound, size_t n,
                          mw_error *err)
{
    const size_t columns = mw_lld_n_columns(lld);
    mw_status st;

    *x = NULL;
    mw_lld_reset(lld);
    st = mw_lld_feed(lld, sound, n, err);
    if (st == MW_OK) st = mw_lld_finish(lld, err);
    if (st != MW_OK) return st;
    *rows = mw_lld_n_ready(lld);
    if (!*rows)
        return mw_fail(err, MW_ERR_FORMAT, "too_short", "%zu samples: less than one frame of 60 ms",
                       n);
    *x = mw_calloc(*rows, columns * sizeof **x);
    if (!*x) return mw_fail_nomem(err);
    mw_lld_rows(lld, *x, *rows);
    return MW_OK;
}

static int64_t sample_of(double share, size_t n)
{
    return (int64_t)(share * (double)n + 0.5);
}

/* Share of samples [i0, i1) inside the stretches of s. */
static double damaged_share(const mw_bank_spec *s, size_t n, int64_t i0, int64_t i1)
{
    int64_t inside = 0;

    if (i1 > (int64_t)n) i1 = (int64_t)n;
    for (int k = 0; k < s->n_stretches; k++) {
        const int64_t a = sample_of(s->from[k], n), b = sample_of(s->to[k], n);
        const int64_t lo = a > i0 ? a : i0, hi = b < i1 ? b : i1;

        if (hi > lo) inside += hi - lo;
    }
    return i1 > i0 ? (double)inside / (double)(i1 - i0) : 0;
}

static void fill_truth(mw_bank_variant *v, const mw_bank_modality *m, const mw_bank_spec *s,
                       size_t n)
{
    const double there = s->harm == MW_HARM_NONE   ? 1
                         : s->harm == MW_HARM_MUTE ? 0
                                                   : mw_reliability_of_snr(s->level);

    for (size_t i = 0; i < m->rows; i++) {
        const int64_t i0 = (int64_t)(m->t[i] * MW_AUDIO_RATE_HZ + 0.5);
        const double c = s->harm == MW_HARM_NONE
                             ? 0
                             : damaged_share(s, n, i0, i0 + (int64_t)(HOP_S * MW_AUDIO_RATE_HZ));

        v->valid[i] = 1;
        v->rel[i] = (float)mw_sound_reliability(c, there);
    }
}

/* The parts of the clip where no noise sounds: what lies between the stretches. */
static mw_status gaps_of(mw_ints *start, mw_ints *length, const mw_bank_spec *s, size_t n,
                         mw_error *err)
{
    const size_t most = MW_PLAN_MAX_STRETCHES + 1;
    int64_t at = 0;

    *start = (mw_ints){ mw_calloc(most, sizeof(int64_t)), 0 };
    *length = (mw_ints){ mw_calloc(most, sizeof(int64_t)), 0 };
    if (!start->v || !length->v) return mw_fail_nomem(err);
    for (int k = 0; k <= s->n_stretches; k++) {
        const int64_t next = k < s->n_stretches ? sample_of(s->from[k], n) : (int64_t)n;

        if (next > at) {
            start->v[start->n++] = at;
            length->v[length->n++] = next - at;
        }
        if (k < s->n_stretches) at = sample_of(s->to[k], n);
    }
    return MW_OK;
}

static const int noise_kind[MW_N_HARMS] = { [MW_HARM_BABBLE] = MW_NOISE_BABBLE,
                                            [MW_HARM_MUSIC] = MW_NOISE_MUSIC,
                                            [MW_HARM_ENVIRONMENT] = MW_NOISE_NOISE,
                                            [MW_HARM_WHITE] = MW_NOISE_WHITE };

/* Options of audio.additive for one kind of noise that sounds where the spec says. */
static mw_status additive_for(mw_additive_options **out, const mw_bank_sound *b,
                              const mw_bank_spec *s, mw_error *err)
{
    mw_additive_options *o = mw_calloc(1, sizeof *o);
    mw_status st =
        o ? mw_opt_defaults(mw_op_audio_additive.info.options, o, 0, err) : mw_fail_nomem(err);

    *out = o;
    if (st != MW_OK) return st;
    memset(o->weight, 0, sizeof o->weight);
    o->weight[noise_kind[s->harm]] = 1;
    o->gaps = (mw_range){ 0, 0 };
    o->talkers = (mw_range){ b->talkers_min, b->talkers_max };
    return MW_OK;
}

/* Noise of the spec into clip->mix; the deed takes options and decision. */
static mw_status add_noise(mw_sound_clip *clip, mw_bank_deed *deed, const mw_bank_sound *b,
                           const mw_bank_spec *s, mw_error *err)
{
    const mw_sound_maker *whole = clip->maker;
    mw_sound_maker maker = { .sound = b->sound, .bank = b->noise };
    mw_additive_options *o = NULL;
    mw_ints start = { NULL, 0 }, length = { NULL, 0 };
    mw_status st = additive_for(&o, b, s, err);

    maker.additive = o;
    clip->maker = &maker;
    clip->gap_start = &start;
    clip->gap_length = &length;
    if (st == MW_OK) st = gaps_of(&start, &length, s, clip->clean.n, err);
    if (st == MW_OK) st = mw_sound_clip_draw(clip, s->name, err);
    if (st == MW_OK) st = mw_sound_clip_mix(clip, s->level, err);
    if (st == MW_OK) {
        deed->op = &mw_op_audio_additive;
        deed->options = o;
        deed->decision = mw_calloc(1, sizeof clip->decision);
        if (deed->decision) {
            memcpy(deed->decision, &clip->decision, sizeof clip->decision);
            memset(&clip->decision, 0, sizeof clip->decision);
        } else {
            deed->op = NULL;
            st = mw_fail_nomem(err);
        }
    }
    if (!deed->op) {
        if (o) mw_opt_clear(mw_op_audio_additive.info.options, o);
        mw_free(o);
        deed->options = NULL;
    }
    mw_free(start.v);
    mw_free(length.v);
    clip->maker = whole;
    clip->gap_start = clip->gap_length = NULL;
    return st;
}

/* The clean sound with silence where the spec says; *out is the caller's. */
static mw_status mute(float **out, const float *clean, size_t n, const mw_bank_spec *s,
                      mw_error *err)
{
    float *x = mw_calloc(n, sizeof *x);

    *out = x;
    if (!x) return mw_fail_nomem(err);
    memcpy(x, clean, n * sizeof *x);
    for (int k = 0; k < s->n_stretches; k++) {
        const int64_t a = sample_of(s->from[k], n), b = sample_of(s->to[k], n);

        memset(x + a, 0, (size_t)(b - a) * sizeof *x);
    }
    return MW_OK;
}

static mw_status room(mw_bank_part *p, size_t rows, mw_error *err)
{
    for (size_t i = 0; i < p->m.n_variants; i++) {
        mw_bank_variant *v = &p->m.variants[i];

        v->valid = mw_calloc(rows, 1);
        v->rel = mw_calloc(rows, sizeof *v->rel);
        if (!v->valid || !v->rel) return mw_fail_nomem(err);
    }
    return MW_OK;
}

static mw_status make_variant(mw_bank_part *p, size_t i, mw_sound_clip *clip,
                              const mw_bank_sound *b, mw_error *err)
{
    static const mw_bank_spec clean = { .name = "clean", .harm = MW_HARM_NONE, .level = NAN };
    const mw_bank_spec *s = i ? &p->specs[i - 1] : &clean;
    mw_bank_variant *v = &p->m.variants[i];
    const float *sound = clip->clean.x;
    float *muted = NULL;
    size_t rows = 0;
    mw_status st = MW_OK;

    v->name = s->name;
    v->type = mw_harm_info_of[s->harm].type;
    v->level = s->level;
    if (s->harm == MW_HARM_MUTE) {
        st = mute(&muted, clip->clean.x, clip->clean.n, s, err);
        sound = muted;
    } else if (s->harm != MW_HARM_NONE) {
        st = add_noise(clip, &p->deeds[i], b, s, err);
        sound = clip->mix;
    }
    if (st == MW_OK) st = describe(&v->x, &rows, b->lld, sound, clip->clean.n, err);
    mw_free(muted);
    if (st != MW_OK) return st;
    if (!i) {
        p->m.rows = rows;
        p->m.t = mw_calloc(rows, sizeof *p->m.t);
        if (!p->m.t) return mw_fail_nomem(err);
        for (size_t k = 0; k < rows; k++)
            p->m.t[k] = mw_lld_row_time(b->lld, k);
        st = room(p, rows, err);
    }
    if (st == MW_OK) fill_truth(v, &p->m, s, clip->clean.n);
    return st;
}

static mw_status name_columns(mw_bank_part *p, const mw_lld *lld, mw_error *err)
{
    const size_t n = mw_lld_n_columns(lld);
    const char **names = mw_calloc(n, sizeof *names);

    if (!names) return mw_fail_nomem(err);
    for (size_t c = 0; c < n; c++)
        names[c] = mw_lld_column_name(lld, c);
    p->m.columns = n;
    p->m.names = names;
    return MW_OK;
}

mw_status mw_bank_sound_make(mw_bank_part *out, const mw_bank_sound *s, const char *path,
                             const mw_clip_key *key, mw_bank_spec *specs, size_t n_specs,
                             mw_job *job, mw_error *err)
{
    const mw_sound_maker maker = { .sound = s->sound, .bank = s->noise };
    mw_sound_clip clip = { .maker = &maker, .key = *key };
    mw_status st = MW_OK;

    *out = (mw_bank_part){ .m = { .letter = 'a' }, .specs = specs, .n_specs = n_specs };
    out->m.variants = mw_calloc(n_specs + 1, sizeof *out->m.variants);
    out->deeds = mw_calloc(n_specs + 1, sizeof *out->deeds);
    if (!out->m.variants || !out->deeds) st = mw_fail_nomem(err);
    if (st == MW_OK) out->m.n_variants = n_specs + 1;
    if (st == MW_OK) st = name_columns(out, s->lld, err);
    if (st == MW_OK) st = mw_sound_clip_load(&clip, path, err);
    for (size_t i = 0; st == MW_OK && i <= n_specs; i++) {
        if (job && mw_job_stopping(job))
            st = mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        else
            st = make_variant(out, i, &clip, s, err);
        if (st != MW_OK && i) mw_error_prefix(err, "variant '%s'", specs[i - 1].name);
    }
    mw_sound_clip_clear(&clip);
    if (st != MW_OK) mw_bank_part_clear(out);
    return st;
}
