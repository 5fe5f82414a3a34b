/* SPDX-License-Identifier: Apache-2.0
 *
 * The sound part of the sheet: waveforms and spectrograms of clean and damaged sound over one time
 * axis, noisy spans shaded.
 */
#include <math.h>
#include <string.h>

#include "base/fmath.h"
#include "base/error.h"
#include "base/mem.h"
#include "media/sound.h"
#include "run/preview.h"

#define WAVE_U     46 /* height of a waveform, units */
#define SPECTRUM_U 40
#define GAP_U      5
#define MAX_S      21600
#define MAX_ASSETS 4 /* named in the text */

#define RANGE_DB 70.0 /* of the spectrograms, below the loudest spot of both */
#define LEVELS   64

static const mw_rgb wave_colour = { 60, 72, 92 };

/* Clean and damaged sound at the sidecar's rate. */
typedef struct sounds {
    mw_audio clean, damaged;
} sounds;

/* ---- what the sidecar says in words ---- */

static void put_value(mw_str *text, const mw_preview_doc *d, int64_t stage, const char *where,
                      const char *name, const char *behind)
{
    double x;

    mw_sheet_fixed(text, mw_preview_value(d, stage, where, name, &x) ? x : NAN, 2);
    mw_str_put(text, behind);
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static mw_status note(mw_sheet *s, mw_str *text, mw_error *err)
{
    mw_status st = mw_str_ok(text, err);

    if (st == MW_OK && text->n) st = mw_sheet_note(s, text->data, err);
    mw_str_clear(text);
    return st;
}

/* Ratios asked for and reached. */
static mw_status describe_ratio(mw_sheet *s, const mw_preview_doc *d, int64_t stage, mw_error *err)
{
    mw_str text = { 0 };
    double x;

    mw_str_put(&text, "SNR: asked for ");
    put_value(&text, d, stage, "drawn", "snr_db", " dB; reached where noise sounds ");
    put_value(&text, d, stage, "result", "snr_db_noisy", " dB, over the whole clip ");
    put_value(&text, d, stage, "result", "snr_db_effective", " dB");
    if (mw_preview_value(d, stage, "result", "peak_scale", &x) && x < 1) {
        mw_str_put(&text, "; all scaled by ");
        mw_sheet_fixed(&text, x, 3);
        mw_str_put(&text, " to avoid clipping");
    }
    if (mw_preview_value(d, stage, "result", "clipped_share", &x) && x > 0) {
        mw_str_put(&text, "; clipped: ");
        mw_sheet_fixed(&text, 100 * x, 2);
        mw_str_put(&text, " % of the samples");
    }
    return note(s, &text, err);
}

/* Which recordings were added. */
static mw_status describe_noise(mw_sheet *s, const mw_preview_doc *d, int64_t stage, mw_error *err)
{
    const json_t *assets = json_object_get(
        json_array_get(json_object_get(d->root, "stages"), (size_t)stage), "assets");
    const size_t n = json_array_size(assets);
    mw_str text = { 0 };

    for (size_t i = 0; i < n && i < MAX_ASSETS; i++) {
        const json_t *asset = json_array_get(assets, i);
        const char *path = text_of(asset, "path");
        const json_t *offset = json_object_get(asset, "offset_samples");

        mw_str_printf(&text, "%s%s", i ? ", " : "noise: ", path ? path : "?");
        if (!json_is_integer(offset)) continue;
        mw_str_put(&text, " from ");
        mw_sheet_fixed(&text, (double)json_integer_value(offset) / d->part[MW_AUDIO].rate_hz, 2);
        mw_str_put(&text, " s");
    }
    if (n > MAX_ASSETS) mw_str_printf(&text, ", and %zu more", n - MAX_ASSETS);
    return note(s, &text, err);
}

static mw_status describe(mw_sheet *s, const mw_preview_doc *d, mw_error *err)
{
    const mw_preview_part *p = &d->part[MW_AUDIO];
    mw_str text = { 0 };
    int64_t told = -1;
    mw_status st;

    mw_str_put(&text, "Sound   ");
    mw_sheet_digits(&text, p->rate_hz / 1000.0, 5);
    mw_str_put(&text, " kHz, ");
    mw_sheet_fixed(&text, (double)p->n / p->rate_hz, 3);
    mw_str_put(&text, " s");
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_sheet_heading(s, text.data, err);
    mw_str_clear(&text);
    if (st == MW_OK) st = mw_sheet_legend(s, d, MW_AUDIO, err);
    for (size_t i = 0; st == MW_OK && i < d->n_types; i++)
        if (d->types[i].modality == MW_AUDIO && d->types[i].stage > told) {
            told = d->types[i].stage;
            st = describe_ratio(s, d, told, err);
            if (st == MW_OK) st = describe_noise(s, d, told, err);
        }
    return st;
}

/* ---- waveforms ---- */

static float peak_of(const mw_audio *a)
{
    float peak = 0;

    for (size_t i = 0; i < a->n; i++)
        if (fabsf(a->x[i]) > peak) peak = fabsf(a->x[i]);
    return peak;
}

/* One column of pixels per pair of a minimum and a maximum. The sound begins at start_s. */
static void draw_envelope(mw_sheet *s, int y, int height, const mw_audio *a, double start_s,
                          double full)
{
    const int width = s->x1 - s->x0;
    const int64_t n = (int64_t)a->n, lead = llround(start_s * a->rate_hz);
    const double per_px = s->end_s * a->rate_hz / width, half = (height - 1) / 2.0;

    for (int c = 0; c < width; c++) {
        const int64_t first = (int64_t)(c * per_px) - lead;
        const int64_t i0 = first > 0 ? first - 1 : 0; /* joins the column before */
        int64_t i1 = (int64_t)((c + 1) * per_px) - lead;
        float lo, hi;
        int top, bottom;

        if (first >= n) break;
        if (i1 <= first) i1 = first + 1;
        if (i1 > n) i1 = n;
        if (i1 <= 0) continue;
        lo = hi = a->x[i0];
        for (int64_t i = i0 + 1; i < i1; i++) {
            if (a->x[i] < lo) lo = a->x[i];
            if (a->x[i] > hi) hi = a->x[i];
        }
        top = (int)(half - hi / full * half + 0.5);
        bottom = (int)(half - lo / full * half + 0.5);
        mw_draw_fill(&s->canvas, (mw_rect){ s->x0 + c, y + top, 1, bottom - top + 1 }, wave_colour);
    }
}

/* Gaps stay white and, where there is room, say so. */
static void name_gaps(mw_sheet *s, const mw_preview_doc *d, int y)
{
    const int width = mw_text_width("gap", s->unit);
    const mw_preview_segments *list = &d->part[MW_AUDIO].segments;
    int done[MW_PREVIEW_MAX_TYPES] = { 0 };

    for (size_t i = 0; i < list->n; i++) {
        const mw_preview_segment *g = &list->v[i];
        int x;
        const int span = mw_sheet_span(s, g, 1, done, &x);

        if (!strcmp(d->types[g->type].name, MW_PREVIEW_CLEAN) && span > width)
            mw_draw_text(&s->canvas, x + (span - width) / 2, y + 2 * s->unit, s->unit, mw_grey, 0,
                         "gap");
    }
}

/* shaded: with the spans of the sidecar. */
static mw_status draw_wave(mw_sheet *s, const char *name, const mw_audio *a, double full,
                           const mw_preview_doc *d, int shaded, mw_error *err)
{
    const int u = s->unit, height = WAVE_U * u;
    const mw_rect panel = { s->x0, s->y, s->x1 - s->x0, height };
    mw_str upper = { 0 }, lower = { 0 };
    mw_status st;

    mw_str_putc(&upper, '+');
    mw_sheet_fixed(&upper, full, 2);
    mw_str_putc(&lower, '-');
    mw_sheet_fixed(&lower, full, 2);
    st = mw_str_ok(&upper, err);
    if (st == MW_OK) st = mw_str_ok(&lower, err);
    if (st == MW_OK) {
        if (shaded) {
            mw_sheet_shade(s, d, MW_AUDIO, s->y, height);
            name_gaps(s, d, s->y);
        }
        mw_draw_fill(&s->canvas,
                     (mw_rect){ s->x0, s->y + (height - s->hair) / 2, panel.w, s->hair }, mw_pale);
        draw_envelope(s, s->y, height, a, d->part[MW_AUDIO].start_s, full);
        mw_sheet_labels(s, s->y, height, name, upper.data, lower.data);
        mw_draw_outline(&s->canvas, panel, s->hair, mw_pale);
        s->y += height + GAP_U * u;
    }
    mw_str_clear(&upper);
    mw_str_clear(&lower);
    return st;
}

/* ---- spectrograms ---- */

/* White over blue to nearly black, k in [0, LEVELS]. */
static mw_rgb heat(int k)
{
    static const uint8_t stop[][3] = {
        { 255, 255, 255 }, { 205, 222, 240 }, { 106, 160, 208 }, { 32, 84, 150 }, { 8, 18, 50 }
    };
    const int n = sizeof stop / sizeof *stop - 1, i = k * n / LEVELS < n ? k * n / LEVELS : n - 1;
    const int f = k * n - i * LEVELS;
    uint8_t c[3];

    for (int j = 0; j < 3; j++)
        c[j] = (uint8_t)((stop[i][j] * (LEVELS - f) + stop[i + 1][j] * f) / LEVELS);
    return (mw_rgb){ c[0], c[1], c[2] };
}

/* Powers at which the colour changes: threshold[LEVELS] is the loudest. */
static void make_thresholds(double *threshold, double loudest)
{
    const double ln10 = 2.302585092994046;

    for (int k = 0; k <= LEVELS; k++)
        threshold[k] = loudest * mw_exp(-ln10 * RANGE_DB / 10 * (double)(LEVELS - k) / LEVELS);
}

static int level_of(const double *threshold, double power)
{
    int lo = 0, hi = LEVELS; /* the largest k with threshold[k] <= power, 0 when there is none */

    while (lo < hi) {
        const int middle = (lo + hi + 1) / 2;

        if (threshold[middle] <= power)
            lo = middle;
        else
            hi = middle - 1;
    }
    return lo;
}

static mw_status draw_spectrum(mw_sheet *s, const char *name, const float *power, int columns,
                               int rows, const double *threshold, int rate_hz, mw_error *err)
{
    mw_str upper = { 0 };
    mw_status st;

    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            const float p = power[(size_t)r * (size_t)columns + (size_t)c];

            mw_draw_fill(&s->canvas, (mw_rect){ s->x0 + c, s->y + rows - 1 - r, 1, 1 },
                         heat(p > 0 ? level_of(threshold, p) : 0));
        }
    mw_sheet_digits(&upper, rate_hz / 2000.0, 3);
    mw_str_put(&upper, " kHz");
    st = mw_str_ok(&upper, err);
    if (st == MW_OK) mw_sheet_labels(s, s->y, rows, name, upper.data, "0 Hz");
    mw_draw_outline(&s->canvas, (mw_rect){ s->x0, s->y, columns, rows }, s->hair, mw_pale);
    s->y += rows + GAP_U * s->unit;
    mw_str_clear(&upper);
    return st;
}

static mw_status draw_spectra(mw_sheet *s, const sounds *both, double start_s, mw_error *err)
{
    const int columns = s->x1 - s->x0, rows = SPECTRUM_U * s->unit, rate_hz = both->clean.rate_hz;
    const size_t n = (size_t)columns * (size_t)rows;
    float *a = mw_calloc(2 * n, sizeof *a), *b = a ? a + n : NULL;
    double threshold[LEVELS + 1], loudest = 0;
    mw_status st =
        a ? mw_preview_spectra(a, b, columns, rows, both->clean.x, both->clean.n, both->damaged.x,
                               both->damaged.n, rate_hz, start_s, s->end_s, err)
          : mw_fail_nomem(err);

    if (st == MW_OK) st = mw_sheet_room(s, 2 * rows + 2 * GAP_U * s->unit, err);
    if (st != MW_OK) goto done;
    for (size_t i = 0; i < 2 * n; i++)
        if (a[i] > loudest) loudest = a[i];
    make_thresholds(threshold, loudest);
    st = draw_spectrum(s, "clean", a, columns, rows, threshold, rate_hz, err);
    if (st == MW_OK) st = draw_spectrum(s, "damaged", b, columns, rows, threshold, rate_hz, err);
done:
    mw_free(a);
    return st;
}

/* ---- all of it ---- */

/* The channel that the job took; the mean of all unless an options object says otherwise. */
static int channel_of(const mw_preview_doc *d)
{
    const json_t *options = json_object_get(json_object_get(d->root, "run"), "options");

    for (size_t i = 0; i < json_array_size(options); i++) {
        const json_t *channel = json_object_get(json_array_get(options, i), "channel");

        if (json_is_integer(channel) && json_integer_value(channel) >= 0 &&
            json_integer_value(channel) < 64)
            return (int)json_integer_value(channel);
    }
    return -1;
}

static mw_status draw_panels(mw_sheet *s, const mw_preview_doc *d, const sounds *both,
                             mw_error *err)
{
    const float clean = peak_of(&both->clean), damaged = peak_of(&both->damaged);
    const double full = fmax(fmax(clean, damaged), 1e-4);
    mw_status st = mw_sheet_room(s, 2 * (WAVE_U + GAP_U) * s->unit + 4 * s->unit, err);
    const int top = s->y + 2 * s->unit;

    if (st != MW_OK) return st;
    s->y = top;
    st = draw_wave(s, "clean", &both->clean, full, d, 0, err);
    if (st == MW_OK) st = draw_wave(s, "damaged", &both->damaged, full, d, 1, err);
    if (st == MW_OK) st = draw_spectra(s, both, d->part[MW_AUDIO].start_s, err);
    if (st != MW_OK) return st;
    s->y -= GAP_U * s->unit;
    return mw_sheet_time_axis(s, s->y, err);
}

mw_status mw_preview_sound(mw_sheet *s, const mw_preview_doc *d, const char *clip, mw_error *err)
{
    const mw_preview_part *p = &d->part[MW_AUDIO];
    const mw_sound_want want = { .rate_hz = p->rate_hz, .channel = channel_of(d), .max_s = MAX_S };
    const mw_sound_want mono = { .rate_hz = p->rate_hz, .channel = -1, .max_s = MAX_S };
    sounds both = { { 0 }, { 0 } };
    mw_status st = mw_sound_load(&both.clean, clip, &want, err);

    if (st == MW_OK) st = mw_sound_load(&both.damaged, p->output, &mono, err);
    if (st == MW_OK) st = describe(s, d, err);
    if (st == MW_OK) st = draw_panels(s, d, &both, err);
    mw_audio_clear(&both.clean);
    mw_audio_clear(&both.damaged);
    return st;
}
