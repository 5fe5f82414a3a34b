/* SPDX-License-Identifier: Apache-2.0
 *
 * The extractor: samples in, batches of MW_LANES frames through the kernels, raw rows into a ring
 * until the pitch trackers have decided them, smoothed rows out.
 */
#include "feature/lld/extractor.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/fmath.h"
#include "feature/lld/smooth.h"

static int scratch_alloc(lld_scratch *s, const lld_tables *t)
{
#define ALLOC(type, name, rows)                                                                    \
    s->name = mw_calloc_aligned((rows), MW_LANES * sizeof(type));                                  \
    if (!s->name) return -1;
    LLD_SCRATCH(ALLOC)
#undef ALLOC
    return 0;
}

static void scratch_clear(lld_scratch *s)
{
#define FREE(type, name, rows) mw_free(s->name);
    LLD_SCRATCH(FREE)
#undef FREE
}

static lld_track *track_create(const lld_tables *t, const lld_pitch_par *par)
{
    lld_track *k = mw_calloc(1, sizeof *k);

    if (!k) return NULL;
    k->par = par;
    lld_tracker_init(&k->tracker, par);
    if (lld_perturb_init(&k->perturb, t, par)) {
        lld_perturb_clear(&k->perturb);
        mw_free(k);
        return NULL;
    }
    return k;
}

static void track_destroy(lld_track *k)
{
    if (k) lld_perturb_clear(&k->perturb);
    mw_free(k);
}

static mw_status check_opts(const mw_lld_opts *o, mw_error *err)
{
    if (o->sets < 1 || o->sets > MW_LLD_BOTH)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "descriptor sets %u: egemaps (1), compare (2) or both (3)", o->sets);
    if (o->functionals && !(o->sets & MW_LLD_EGEMAPS))
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "functionals need the egemaps set");
    return MW_OK;
}

static mw_status parts_create(mw_lld *l, const mw_lld_opts *o, mw_error *err)
{
    const mw_status st = lld_tables_create(&l->t, o->rate_hz, err);

    if (st != MW_OK) return st;
    l->sets = o->sets;
    l->k = lld_kernels_pick();
    l->first_column = o->sets & MW_LLD_EGEMAPS ? 0 : LLD_N_EGEMAPS;
    l->n_columns = (o->sets & MW_LLD_COMPARE ? LLD_N_COLUMNS : LLD_N_EGEMAPS) - l->first_column;
    if (o->sets & MW_LLD_EGEMAPS) {
        l->egemaps = track_create(l->t, &lld_pitch_egemaps);
        l->mag60 = mw_calloc(RING * l->t->b60.bins, sizeof *l->mag60);
        l->acf60 = mw_calloc(RING * l->t->b60.bins, sizeof *l->acf60);
        if (!l->egemaps || !l->mag60 || !l->acf60) return mw_fail_nomem(err);
    }
    if (o->sets & MW_LLD_COMPARE) {
        l->compare = track_create(l->t, &lld_pitch_compare);
        if (!l->compare) return mw_fail_nomem(err);
    }
    if (o->functionals) {
        l->functionals = lld_functionals_create();
        if (!l->functionals) return mw_fail_nomem(err);
    }
    l->last_mag = mw_calloc(l->t->b20.bins, sizeof *l->last_mag);
    l->crossing = mw_calloc(MW_LANES * l->t->b60.step + l->t->b60.size, 1);
    if (!l->last_mag || !l->crossing || scratch_alloc(&l->s, l->t)) return mw_fail_nomem(err);
    return MW_OK;
}

mw_status mw_lld_open(mw_lld **out, const mw_lld_opts *opts, mw_error *err)
{
    mw_status st = check_opts(opts, err);
    mw_lld *l = NULL;

    *out = NULL;
    if (st != MW_OK) return st;
    l = mw_calloc(1, sizeof *l);
    if (!l) return mw_fail_nomem(err);
    st = parts_create(l, opts, err);
    if (st != MW_OK)
        mw_lld_close(&l);
    else
        *out = l;
    return st;
}

void mw_lld_close(mw_lld **lld)
{
    mw_lld *l = *lld;

    if (!l) return;
    lld_functionals_destroy(&l->functionals);
    track_destroy(l->egemaps);
    track_destroy(l->compare);
    scratch_clear(&l->s);
    lld_tables_destroy(&l->t);
    mw_free(l->last_mag);
    mw_free(l->crossing);
    mw_free(l->mag60);
    mw_free(l->acf60);
    mw_free(l->x);
    mw_free(l->out);
    mw_free(l);
    *lld = NULL;
}

static void track_reset(lld_track *k)
{
    if (!k) return;
    lld_tracker_init(&k->tracker, k->par);
    lld_perturb_reset(&k->perturb);
    k->n_decided = k->n_early = 0;
}

void mw_lld_reset(mw_lld *l)
{
    l->x_first = l->n_x = 0;
    l->n_frames = l->n_frames60 = 0;
    memset(l->rasta_u, 0, sizeof l->rasta_u);
    memset(l->rasta_y, 0, sizeof l->rasta_y);
    track_reset(l->egemaps);
    track_reset(l->compare);
    if (l->functionals) lld_functionals_reset(l->functionals);
    l->n_rows = l->n_out = l->out_at = 0;
    l->finished = l->failed = 0;
}

static void fill_egemaps(mw_lld *l, size_t frame, float hz, const lld_perturb_out *p, float *row)
{
    const float *raw = l->raw[frame % RING];
    const size_t at = frame % RING * l->t->b60.bins;
    lld_harmonics h = { 0, 0, 0, { -201.0f, -201.0f, -201.0f } };

    if (hz > 0) h = lld_harmonics_of(l->t, l->mag60 + at, l->acf60 + at, hz, raw + RAW_FORMANT);
    row[TRK_SEMITONES] = lld_semitones(hz);
    row[TRK_JITTER] = p->jitter;
    row[TRK_SHIMMER_DB] = (float)(20.0 * mw_log10((double)p->shimmer + 1.0));
    row[TRK_HNR] = h.hnr_db;
    row[TRK_H1_H2] = h.h1_h2_db;
    row[TRK_H1_A3] = h.h1_a3_db;
    for (int i = 0; i < 3; i++) {
        row[TRK_F1 + 3 * i] = raw[RAW_FORMANT + i];
        row[TRK_F1 + 3 * i + 1] = raw[RAW_FORMANT + 3 + i];
        row[TRK_F1 + 3 * i + 2] = h.amplitude_db[i];
    }
}

static int decide(mw_lld *l, lld_track *k, const uint8_t *states, int n, int final)
{
    for (int i = 0; i < n; i++) {
        const size_t frame = k->n_decided++;
        const float *raw = l->raw[frame % RING];
        float *row = k->row[frame % RING];
        const lld_pitch pitch = lld_pitch_of(&k->cand[frame % RING], states[i], raw[RAW_RMS60]);
        const lld_perturb_out p =
            lld_perturb_frame(&k->perturb, l->t, l->k, k->par, frame, pitch.hz, l->x, l->x_first,
                              l->x_first + l->n_x);

        if (k == l->egemaps) {
            fill_egemaps(l, frame, pitch.hz, &p, row);
            if (l->functionals && lld_functionals_track(l->functionals, row, raw, final)) return -1;
        } else {
            row[TRK_F0] = pitch.hz;
            row[TRK_VOICING] = pitch.voicing;
            row[TRK_C_JITTER] = p.jitter;
            row[TRK_C_JITTER_DDP] = p.jitter_ddp;
            row[TRK_C_SHIMMER] = p.shimmer;
            row[TRK_C_LOG_HNR] = p.log_hnr;
        }
    }
    return 0;
}

static int push_track(mw_lld *l, lld_track *k, const lld_peaks *peaks, size_t n)
{
    uint8_t states[LLD_TRACK_MAX + 1];

    for (size_t i = 0; i < n; i++) {
        lld_candidates *c = &k->cand[(l->n_frames60 + i) % RING];
        int m;

        lld_candidates_make(&peaks[i], k->par, c);
        m = lld_tracker_push(&k->tracker, c, states);
        if (decide(l, k, states, m, 0)) return -1;
    }
    return 0;
}

/* The next n frames of 20 ms, n60 of 60 ms. */
static int batch(mw_lld *l, size_t n, size_t n60)
{
    const float *x = l->x + (l->n_frames * l->t->b20.step - l->x_first);
    lld_peaks peaks[MW_LANES];

    lld_raw_frames(l, x, n, n60, peaks);
    for (size_t i = 0; l->functionals && i < n; i++)
        if (lld_functionals_frame(l->functionals, l->raw[(l->n_frames + i) % RING])) return -1;
    if (l->egemaps && push_track(l, l->egemaps, peaks, n60)) return -1;
    if (l->compare && push_track(l, l->compare, peaks, n60)) return -1;
    l->n_frames += n;
    l->n_frames60 += n60;
    return 0;
}

/* Drop samples that no frame needs any more, when they are worth the move. */
static void trim(mw_lld *l)
{
    size_t keep = l->n_frames * l->t->b20.step;
    const lld_track *const both[2] = { l->egemaps, l->compare };

    for (int i = 0; i < 2; i++)
        if (both[i]) {
            const size_t need = lld_perturb_needs(&both[i]->perturb, l->t, both[i]->n_decided);

            if (need < keep) keep = need;
        }
    if (keep <= l->x_first) return;
    if (keep > l->x_first + l->n_x) keep = l->x_first + l->n_x;
    if (keep - l->x_first < l->n_x / 2) return;
    memmove(l->x, l->x + (keep - l->x_first), (l->n_x - (keep - l->x_first)) * sizeof *l->x);
    l->n_x -= keep - l->x_first;
    l->x_first = keep;
}

static int process(mw_lld *l)
{
    const lld_tables *t = l->t;

    for (;;) {
        const size_t last = l->n_frames + MW_LANES - 1;

        if (last * t->b60.step + t->b60.size > l->x_first + l->n_x) break;
        if (batch(l, MW_LANES, MW_LANES) || lld_emit_decided(l)) return -1;
    }
    trim(l);
    return 0;
}

static mw_status broken(mw_lld *l, mw_error *err)
{
    l->failed = 1;
    return mw_fail_nomem(err);
}

/* Room for n more samples: a pointer behind those held, NULL when memory is short. */
static float *room(mw_lld *l, size_t n)
{
    if (mw_grow(&l->x, &l->x_cap, l->n_x + n, sizeof *l->x)) return NULL;
    return l->x + l->n_x;
}

static mw_status check_open(const mw_lld *l, mw_error *err)
{
    if (l->failed || l->finished)
        return mw_fail(err, MW_ERR_ARG, "bad_state", "descriptors: the signal has already ended");
    return MW_OK;
}

/* Samples enter in pieces of at most one batch. */
static mw_status feed_pieces(mw_lld *l, const int16_t *x, const float *units, size_t n,
                             mw_error *err)
{
    const size_t piece = MW_LANES * l->t->b60.step;

    for (size_t i = 0; i < n; i += piece) {
        const size_t m = n - i < piece ? n - i : piece;
        float *to = room(l, m);

        if (!to) return broken(l, err);
        if (x)
            for (size_t j = 0; j < m; j++)
                to[j] = (float)x[i + j] / 32767.0f;
        else
            memcpy(to, units + i, m * sizeof *to);
        l->n_x += m;
        if (process(l)) return broken(l, err);
    }
    return MW_OK;
}

static mw_status check_finite(mw_lld *l, const float *x, size_t n, mw_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) {
            l->failed = 1;
            return mw_fail(err, MW_ERR_RANGE, "not_finite",
                           "descriptors: sample %zu is not a finite number",
                           l->x_first + l->n_x + i);
        }
    return MW_OK;
}

mw_status mw_lld_feed_s16(mw_lld *l, const int16_t *x, size_t n, mw_error *err)
{
    const mw_status st = check_open(l, err);

    return st == MW_OK ? feed_pieces(l, x, NULL, n, err) : st;
}

mw_status mw_lld_feed_units(mw_lld *l, const float *x, size_t n, mw_error *err)
{
    mw_status st = check_open(l, err);

    if (st == MW_OK) st = check_finite(l, x, n, err);
    return st == MW_OK ? feed_pieces(l, NULL, x, n, err) : st;
}

mw_status mw_lld_feed(mw_lld *l, const float *x, size_t n, mw_error *err)
{
    int16_t q[512];
    mw_status st = check_open(l, err);

    if (st == MW_OK) st = check_finite(l, x, n, err);
    while (st == MW_OK && n) {
        const size_t m = n < 512 ? n : 512;

        for (size_t i = 0; i < m; i++) {
            const float v = x[i] * 32768.0f;

            q[i] = (int16_t)(v > 32767.0f ? 32767.0f : v < -32768.0f ? -32768.0f : v);
        }
        st = feed_pieces(l, q, NULL, m, err);
        x += m, n -= m;
    }
    return st;
}

static int finish_track(mw_lld *l, lld_track *k)
{
    uint8_t states[LLD_TRACK_MAX + 1];

    if (!k) return 0;
    k->n_early = k->n_decided;
    return decide(l, k, states, lld_tracker_flush(&k->tracker, states), 1);
}

static int last_batches(mw_lld *l)
{
    const size_t total = l->x_first + l->n_x;
    const size_t t20 = lld_frame_count(&l->t->b20, total), t60 = lld_frame_count(&l->t->b60, total);

    if (t60 == 0) return 0;
    while (l->n_frames < t20) {
        const size_t left = t20 - l->n_frames, n = left < MW_LANES ? left : MW_LANES;
        const size_t left60 = t60 > l->n_frames ? t60 - l->n_frames : 0;

        if (batch(l, n, left60 < MW_LANES ? left60 : MW_LANES) || lld_emit_decided(l)) return -1;
    }
    return 0;
}

mw_status mw_lld_finish(mw_lld *l, mw_error *err)
{
    const mw_status st = check_open(l, err);

    if (st != MW_OK) return st;
    l->finished = 1;
    if (last_batches(l) || finish_track(l, l->egemaps) || finish_track(l, l->compare))
        return broken(l, err);
    if (l->n_frames60) {
        const size_t t20 = l->n_frames, t60 = l->n_frames60;
        const size_t n[5] = { t20, t60, t60, t60, t60 };
        const size_t p[5] = { t20, t60, l->egemaps ? l->egemaps->n_early : 0,
                              l->compare ? l->compare->n_early : 0, t60 };

        if (lld_emit(l, t60 + 1, n, p)) return broken(l, err);
    }
    if (l->functionals && lld_functionals_finish(l->functionals, l->summary)) return broken(l, err);
    return MW_OK;
}

mw_status mw_lld_functionals(const mw_lld *l, double out[MW_LLD_N_FUNCTIONALS], mw_error *err)
{
    if (!l->functionals || !l->finished || l->failed)
        return mw_fail(err, MW_ERR_ARG, "bad_state",
                       "functionals were not asked for, or the signal has not ended");
    memcpy(out, l->summary, sizeof l->summary);
    return MW_OK;
}

const char *mw_lld_functional_name(size_t i)
{
    return i < LLD_N_FUNCTIONALS ? lld_functional_names[i] : NULL;
}
