/* SPDX-License-Identifier: Apache-2.0
 *
 * The extractor: samples in, batches of MW_LANES frames through the kernels, raw rows into a ring
 * until the pitch trackers have decided them, smoothed rows out.
 */
#include "feature/lld/lld.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "dsp/fmath.h"
#include "feature/lld/columns.h"
#include "feature/lld/formants.h"
#include "feature/lld/functionals.h"
#include "feature/lld/kernels.h"
#include "feature/lld/pitch.h"
#include "feature/lld/smooth.h"

/* Raw rows kept: undecided ones, one batch, and the neighbours of the next row out. */
#define RING 128

/* The pitch track of one set. */
typedef struct track {
    const lld_pitch_par *par;
    lld_tracker tracker;
    lld_perturb perturb;
    lld_candidates cand[RING];
    size_t n_decided, n_early; /* frames; n_early of them before the end of the signal */
    float row[RING][TRK_E_COUNT];
} track;

struct mw_lld {
    unsigned sets;
    lld_tables *t;
    const lld_kernels *k;
    lld_scratch s;
    float *x; /* samples x_first .. x_first + n_x - 1 */
    size_t x_first, n_x, x_cap;
    size_t n_frames, n_frames60; /* processed */
    float raw[RING][RAW_COUNT];
    float *mag60, *acf60; /* [RING][bins60], for the harmonics */
    double rasta_u[LLD_BANDS][4], rasta_y[LLD_BANDS];
    track *egemaps, *compare;
    lld_functionals *functionals;
    double summary[LLD_N_FUNCTIONALS];
    int first_column, n_columns;
    size_t n_rows; /* smoothed rows made */
    float *out;    /* rows not taken yet */
    size_t n_out, out_cap;
    int finished, failed;
};

static int scratch_alloc(lld_scratch *s, const lld_tables *t)
{
    const size_t b = t->b20.bins, b60 = t->b60.bins;

#define ROWS(field, rows) s->field = mw_calloc_aligned((rows), MW_LANES * sizeof *s->field)
    ROWS(re, t->b60.nfft / 2);
    ROWS(im, t->b60.nfft / 2);
    ROWS(re20, b);
    ROWS(im20, b);
    ROWS(re60, b60);
    ROWS(im60, b60);
    ROWS(mag20, b);
    ROWS(mag_was, b);
    ROWS(mag60, b60);
    ROWS(acf60, b60);
    ROWS(mel, LLD_BANDS);
    ROWS(log_mel, LLD_BANDS);
    ROWS(raw, RAW_COUNT);
    ROWS(idft, t->idft_n);
    ROWS(lpc, LLD_LPC);
    ROWS(root_re, LLD_LPC);
    ROWS(root_im, LLD_LPC);
    ROWS(enhanced, b60);
    ROWS(flags, b60);
    ROWS(y, b60);
    ROWS(m, b60);
    ROWS(log_spec, b60);
    ROWS(shs, b60);
    ROWS(shs_mean, 1);
#undef ROWS
    s->last_mag = mw_calloc_aligned(b, sizeof *s->last_mag);
    return s->re && s->im && s->re20 && s->im20 && s->re60 && s->im60 && s->mag20 && s->mag_was &&
                   s->mag60 && s->acf60 && s->mel && s->log_mel && s->raw && s->idft && s->lpc &&
                   s->root_re && s->root_im && s->enhanced && s->flags && s->y && s->m &&
                   s->log_spec && s->shs && s->shs_mean && s->last_mag
               ? 0
               : -1;
}

static void scratch_clear(lld_scratch *s)
{
    void *const all[] = { s->re,      s->im,       s->re20,     s->im20,     s->re60,
                          s->im60,    s->mag20,    s->mag_was,  s->mag60,    s->mel,
                          s->log_mel, s->raw,      s->idft,     s->lpc,      s->root_re,
                          s->root_im, s->enhanced, s->flags,    s->y,        s->m,
                          s->shs,     s->log_spec, s->shs_mean, s->last_mag, s->acf60 };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        mw_free(all[i]);
}

static track *track_create(const lld_tables *t, const lld_pitch_par *par)
{
    track *k = mw_calloc(1, sizeof *k);

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

static void track_destroy(track *k)
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
    return scratch_alloc(&l->s, l->t) ? mw_fail_nomem(err) : MW_OK;
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
    mw_free(l->mag60);
    mw_free(l->acf60);
    mw_free(l->x);
    mw_free(l->out);
    mw_free(l);
    *lld = NULL;
}

/* Magnitudes of the frame before each lane; the very first frame counts as its own predecessor. */
static void shift_magnitudes(mw_lld *l)
{
    lld_scratch *s = &l->s;

    for (size_t k = 0; k < l->t->b20.bins; k++) {
        const float *mag = s->mag20 + k * MW_LANES;
        float *was = s->mag_was + k * MW_LANES;

        was[0] = l->n_frames ? s->last_mag[k] : mag[0];
        memcpy(was + 1, mag, (MW_LANES - 1) * sizeof *mag);
        s->last_mag[k] = mag[MW_LANES - 1];
    }
}

/* lld-compare.md 5: band-pass over time of the log bands, in place. */
static void rasta_filter(mw_lld *l)
{
    const double b0 = l->t->rasta_b0, b1 = l->t->rasta_b1, pole = l->t->rasta_pole;

    for (int b = 0; b < LLD_BANDS; b++) {
        double *v = l->s.log_mel + b * MW_LANES, *u = l->rasta_u[b], *y = &l->rasta_y[b];

        for (size_t i = 0; i < MW_LANES; i++) {
            const double now = v[i];

            if (l->n_frames + i >= 5) *y = b0 * now + b1 * u[0] - b1 * u[2] - b0 * u[3] + pole * *y;
            u[3] = u[2], u[2] = u[1], u[1] = u[0], u[0] = now;
            v[i] = *y;
        }
    }
}

/* Mean square of n samples: squares in single, eight partial sums, then halves. */
static double mean_square(const float *x, size_t n)
{
    double p[8] = { 0 };
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++)
            p[j] += (double)(x[i + j] * x[i + j]);
    for (; i < n; i++)
        p[i & 7] += (double)(x[i] * x[i]);
    return (((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]))) / (double)n;
}

static void branch20(mw_lld *l, const float *x, size_t n)
{
    const lld_tables *t = l->t;
    lld_scratch *s = &l->s;

    l->k->frames(&t->b20, x, n, s->re, s->im);
    mw_fft32_run(t->b20.fft, s->re, s->im, s->re20, s->im20);
    l->k->magnitude(s->re20, s->im20, t->b20.bins, s->mag20);
    shift_magnitudes(l);
    l->k->mel(t, s);
    if (l->egemaps) {
        l->k->shape(t, s);
        lld_formants(t, l->k, s);
    }
    if (l->compare) {
        rasta_filter(l);
        l->k->rasta(t, s);
        l->k->spectral(t, s);
    }
    for (size_t i = 0; i < n; i++) {
        const double e = mean_square(x + i * t->b20.step, t->b20.size);

        s->raw[RAW_ENERGY * MW_LANES + i] = (float)e;
        s->raw[RAW_RMS * MW_LANES + i] = (float)sqrt(e);
    }
}

/* lld-compare.md 7. A sample's crossing does not depend on the frame: count once, add and drop. */
static void zero_crossings(const lld_branch *b, const float *x, size_t n, float *out)
{
    size_t count = 0, from = 1, to = 1; /* counted: samples from .. to - 1 */

    for (size_t l = 0; l < n; l++) {
        const size_t first = l * b->step + 1, end = l * b->step + b->size - 1;

        for (; to < end; to++)
            count += x[to - 1] * x[to] < 0 || (x[to] == 0 && x[to - 1] * x[to + 1] <= 0);
        for (; from < first; from++)
            count -= x[from - 1] * x[from] < 0 || (x[from] == 0 && x[from - 1] * x[from + 1] <= 0);
        out[l] = (float)((double)count / (double)b->size);
    }
}

static void branch60(mw_lld *l, const float *x, size_t n)
{
    const lld_tables *t = l->t;
    lld_scratch *s = &l->s;
    double energy[MW_LANES];

    l->k->frames(&t->b60, x, n, s->re, s->im);
    l->k->energy(s->re, s->im, t->b60.nfft / 2, energy);
    mw_fft32_run(t->b60.fft, s->re, s->im, s->re60, s->im60);
    l->k->magnitude(s->re60, s->im60, t->b60.bins, s->mag60);
    if (l->egemaps) {
        l->k->power(s->mag60, t->b60.bins, s->shs); /* shs is written next */
        mw_fft32_inverse_even(t->b60.fft, s->shs, s->re, s->im, s->acf60);
        l->k->absolute(s->acf60, t->b60.bins);
    }
    l->k->shs(t, s);
    if (l->compare) zero_crossings(&t->b60, x, n, s->raw + RAW_ZCR * MW_LANES);
    for (size_t i = 0; i < n; i++)
        s->raw[RAW_RMS60 * MW_LANES + i] = (float)sqrt(energy[i] / (double)t->b60.size);
}

/* Raw values of frames n_frames .. + n - 1 into the ring; magnitudes of the first n60. */
static void store_batch(mw_lld *l, size_t n, size_t n60)
{
    const size_t bins = l->t->b60.bins;

    for (size_t i = 0; i < n; i++) {
        float *row = l->raw[(l->n_frames + i) % RING];

        for (size_t c = 0; c < RAW_COUNT; c++)
            row[c] = l->s.raw[c * MW_LANES + i];
    }
    for (size_t i = 0; l->egemaps && i < n60; i++) {
        const size_t at = (l->n_frames60 + i) % RING * bins;

        for (size_t k = 0; k < bins; k++) {
            l->mag60[at + k] = l->s.mag60[k * MW_LANES + i];
            l->acf60[at + k] = l->s.acf60[k * MW_LANES + i];
        }
    }
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

static int decide(mw_lld *l, track *k, const uint8_t *states, int n, int final)
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

static int push_track(mw_lld *l, track *k, const lld_peaks *peaks, size_t n)
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

    branch20(l, x, n);
    if (n60) branch60(l, x, n60);
    store_batch(l, n, n60);
    for (size_t i = 0; l->functionals && i < n; i++)
        if (lld_functionals_frame(l->functionals, l->raw[(l->n_frames + i) % RING])) return -1;
    for (size_t i = 0; i < n60; i++)
        lld_peaks_find(l->t, &l->s, i, &peaks[i]);
    if (l->egemaps && push_track(l, l->egemaps, peaks, n60)) return -1;
    if (l->compare && push_track(l, l->compare, peaks, n60)) return -1;
    l->n_frames += n;
    l->n_frames60 += n60;
    return 0;
}

static const float *raw_row(const mw_lld *l, lld_stream stream, size_t i)
{
    static const float zero[RAW_COUNT];

    if (i == LLD_NO_ROW) return zero;
    if (stream == LLD_TRACK_E) return l->egemaps->row[i % RING];
    if (stream == LLD_TRACK_C || stream == LLD_PITCH_C) return l->compare->row[i % RING];
    return l->raw[i % RING];
}

/* Smoothed row m; n, p: rows of each stream and those before the first end (C4.4). */
static void smooth_row(const mw_lld *l, size_t m, const size_t n[5], const size_t p[5], float *out)
{
    const float *row[5][3];

    for (int stream = 0; stream < 5; stream++) {
        size_t at[3];

        if (stream == LLD_TRACK_E ? !l->egemaps : stream > LLD_TRACK_E && !l->compare) continue;
        lld_neighbours(m, n[stream], p[stream], at);
        for (int i = 0; i < 3; i++)
            row[stream][i] = raw_row(l, (lld_stream)stream, at[i]);
    }
    for (int c = 0; c < l->n_columns; c++) {
        const lld_column *col = &lld_columns[l->first_column + c];
        const float *const *r = row[col->stream];

        out[c] = col->nonzero ? lld_mean3_nonzero(r[0][col->raw], r[1][col->raw], r[2][col->raw])
                              : lld_mean3(r[0][col->raw], r[1][col->raw], r[2][col->raw]);
    }
}

static int emit(mw_lld *l, size_t end, const size_t n[5], const size_t p[5])
{
    const size_t width = (size_t)l->n_columns;

    if (end <= l->n_rows) return 0;
    if (mw_grow(&l->out, &l->out_cap, (l->n_out + (end - l->n_rows)) * width, sizeof *l->out))
        return -1;
    for (; l->n_rows < end; l->n_rows++, l->n_out++)
        smooth_row(l, l->n_rows, n, p, l->out + l->n_out * width);
    return 0;
}

/* Rows whose right neighbour is decided. */
static int emit_decided(mw_lld *l)
{
    const size_t open[5] = { LLD_NO_ROW, LLD_NO_ROW, LLD_NO_ROW, LLD_NO_ROW, LLD_NO_ROW };
    size_t n = l->n_frames60;

    if (l->egemaps && l->egemaps->n_decided < n) n = l->egemaps->n_decided;
    if (l->compare && l->compare->n_decided < n) n = l->compare->n_decided;
    return emit(l, n ? n - 1 : 0, open, open);
}

/* Drop samples that no frame needs any more, when they are worth the move. */
static void trim(mw_lld *l)
{
    size_t keep = l->n_frames * l->t->b20.step;
    const track *const both[2] = { l->egemaps, l->compare };

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
        if (batch(l, MW_LANES, MW_LANES) || emit_decided(l)) return -1;
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

static int finish_track(mw_lld *l, track *k)
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

        if (batch(l, n, left60 < MW_LANES ? left60 : MW_LANES) || emit_decided(l)) return -1;
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

        if (emit(l, t60 + 1, n, p)) return broken(l, err);
    }
    if (l->functionals && lld_functionals_finish(l->functionals, l->summary)) return broken(l, err);
    return MW_OK;
}

size_t mw_lld_n_columns(const mw_lld *l)
{
    return (size_t)l->n_columns;
}

const char *mw_lld_column_name(const mw_lld *l, size_t i)
{
    return i < (size_t)l->n_columns ? lld_columns[(size_t)l->first_column + i].name : NULL;
}

const char *mw_lld_column_unit(const mw_lld *l, size_t i)
{
    return i < (size_t)l->n_columns ? lld_columns[(size_t)l->first_column + i].unit : NULL;
}

size_t mw_lld_n_ready(const mw_lld *l)
{
    return l->n_out;
}

size_t mw_lld_rows(mw_lld *l, float *out, size_t max_rows)
{
    const size_t n = l->n_out < max_rows ? l->n_out : max_rows, width = (size_t)l->n_columns;

    if (n == 0) return 0;
    memcpy(out, l->out, n * width * sizeof *out);
    memmove(l->out, l->out + n * width, (l->n_out - n) * width * sizeof *out);
    l->n_out -= n;
    return n;
}

double mw_lld_row_time(const mw_lld *l, size_t k)
{
    return (double)(k * l->t->b20.step) / l->t->rate_hz;
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
