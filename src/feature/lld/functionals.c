/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rows enter and how they are masked and smoothed (functionals.md 1, 2); the running sums and
 * the order of the 88 values (3, 4.1, 4.3). Peaks and slopes are in contour.c.
 */
#include "feature/lld/functionals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/fmath.h"
#include "feature/lld/contour.h"
#include "feature/lld/kernels.h"
#include "feature/lld/smooth.h"

#define FRAME_S    0.01 /* nominal at every rate */
#define N_ALL      5
#define N_VOICED   14
#define N_SPECTRAL 9
#define N_UNVOICED 5
#define HELD       64 /* rows kept: more than a tracker leaves open */
#define MAX_SEGS   1000

/* A masked row: semitone F0, voiced, voiced spectral, unvoiced spectral values. */
enum {
    AT_F0 = 0,
    AT_VOICED = 1,
    AT_SPECTRAL = AT_VOICED + N_VOICED,
    AT_UNVOICED = AT_SPECTRAL + N_SPECTRAL,
    N_MASKED = AT_UNVOICED + N_UNVOICED
};

/* Sums of x - x0 and its square: no cancellation for nearly constant contours. */
typedef struct moments {
    double n, x0, sum, sum2;
} moments;

/* Runs of one kind of frame; gaps of one frame are bridged. */
typedef struct runs {
    size_t first, last, count, gap;
    int open;
    double n, sum, sum2;
} runs;

typedef struct series {
    float *v;
    size_t n, cap;
} series;

struct lld_functionals {
    float frame[3][1 + N_ALL]; /* last raw rows of loudness and the all-frames contours */
    size_t n_frames;
    double energy;
    float held[HELD][N_MASKED];
    size_t n_track, n_early; /* n_early: decided before the end (K) */
    series loudness, f0;
    size_t n_f0_rows;
    moments all[N_ALL], masked[N_MASKED];
    runs voiced, unvoiced;
};

lld_functionals *lld_functionals_create(void)
{
    return mw_calloc(1, sizeof(lld_functionals));
}

void lld_functionals_destroy(lld_functionals **f)
{
    if (!*f) return;
    mw_free((*f)->loudness.v);
    mw_free((*f)->f0.v);
    mw_free(*f);
    *f = NULL;
}

void lld_functionals_reset(lld_functionals *f)
{
    const series loudness = { f->loudness.v, 0, f->loudness.cap }, f0 = { f->f0.v, 0, f->f0.cap };

    memset(f, 0, sizeof *f);
    f->loudness = loudness;
    f->f0 = f0;
}

static int series_put(series *s, float v)
{
    if (mw_grow(&s->v, &s->cap, s->n + 1, sizeof *s->v)) return -1;
    s->v[s->n++] = v;
    return 0;
}

static void moments_put(moments *m, double v)
{
    if (m->n == 0) m->x0 = v;
    m->n += 1;
    m->sum += v - m->x0;
    m->sum2 += (v - m->x0) * (v - m->x0);
}

/* Mean and deviation over the signed mean, about the mean as rounded to single. */
static void moments_get(const moments *m, double *mean, double *dev)
{
    double d, c, var;

    *mean = *dev = 0;
    if (m->n == 0) return;
    d = m->sum / m->n;
    *mean = (double)(float)(m->x0 + d);
    c = *mean - m->x0;
    var = m->sum2 / m->n - 2 * c * d + c * c;
    if (var > 0) *dev = sqrt(var) / (*mean != 0 ? *mean : 1);
}

static void run_close(runs *r)
{
    if (r->open && r->count >= 3 && r->n < MAX_SEGS) {
        const double len = (double)(r->last - r->first);

        r->n += 1;
        r->sum += len;
        r->sum2 += len * len;
    }
    r->open = 0;
}

static void run_put(runs *r, size_t t, int flag)
{
    if (flag) {
        if (!r->open) r->first = t, r->count = 0;
        r->open = 1;
        r->count++;
        r->last = t;
        r->gap = 0;
    } else if (r->open && ++r->gap >= 2) {
        run_close(r);
    }
}

static void run_get(const runs *r, double *mean_s, double *dev_s)
{
    *mean_s = r->n > 0 ? r->sum / r->n * FRAME_S : 0;
    *dev_s = 0;
    if (r->n > 1) {
        const double m = r->sum / r->n, var = r->sum2 / r->n - m * m;

        *dev_s = sqrt(fmax(var, 0)) * FRAME_S;
    }
}

/* Smoothed row n_frames - 2 (right = 2) or, at the end, n_frames - 1 (right = 1). */
static int frame_row(lld_functionals *f, int mid, int left, int right)
{
    if (series_put(&f->loudness,
                   lld_mean3(f->frame[left][0], f->frame[mid][0], f->frame[right][0])))
        return -1;
    for (int i = 0; i < N_ALL; i++)
        moments_put(&f->all[i], (double)lld_mean3(f->frame[left][1 + i], f->frame[mid][1 + i],
                                                  f->frame[right][1 + i]));
    return 0;
}

int lld_functionals_frame(lld_functionals *f, const float *raw)
{
    float *row = f->frame[2];

    memmove(f->frame[0], f->frame[1], 2 * sizeof f->frame[0]);
    row[0] = raw[RAW_LOUDNESS];
    row[1] = raw[RAW_FLUX5];
    memcpy(row + 2, raw + RAW_MFCC, 4 * sizeof *row);
    f->energy += (double)raw[RAW_ENERGY];
    f->n_frames++;
    if (f->n_frames < 2) return 0;
    return frame_row(f, 1, f->n_frames == 2 ? 1 : 0, 2);
}

static void mask_row(float *m, const float *track, const float *raw)
{
    const int voiced = track[TRK_SEMITONES] > 1e-6f, unvoiced = track[TRK_SEMITONES] < 1e-6f;
    const int shape[5] = { RAW_ALPHA, RAW_HAMMARBERG, RAW_SLOPE0, RAW_SLOPE500, RAW_FLUX5 };

    memset(m, 0, N_MASKED * sizeof *m);
    m[AT_F0] = track[TRK_SEMITONES];
    memcpy(m + AT_VOICED, track + TRK_JITTER, N_VOICED * sizeof *m);
    for (int i = 0; !voiced && i < 3; i++)
        m[AT_VOICED + 5 + 3 * i] = m[AT_VOICED + 6 + 3 * i] = 0;
    for (int i = 0; i < 5; i++) {
        if (voiced) m[AT_SPECTRAL + i] = raw[shape[i]];
        if (unvoiced) m[AT_UNVOICED + i] = raw[shape[i]];
    }
    if (voiced) memcpy(m + AT_SPECTRAL + 5, raw + RAW_MFCC, 4 * sizeof *m);
}

static int put_f0(lld_functionals *f, float v)
{
    run_put(&f->voiced, f->n_f0_rows, v != 0);
    run_put(&f->unvoiced, f->n_f0_rows, v == 0);
    f->n_f0_rows++;
    return v != 0 ? series_put(&f->f0, v) : 0;
}

static void put_masked(lld_functionals *f, int from, int n, const float *l, const float *m,
                       const float *r)
{
    for (int i = from; i < from + n; i++) {
        const float v = lld_mean3_nonzero(l[i], m[i], r[i]);

        if (v != 0) moments_put(&f->masked[i], (double)v);
    }
}

/* Row t; the voiced contours take r_voiced as right neighbour. */
static int track_row(lld_functionals *f, size_t t, size_t right, size_t r_voiced)
{
    const float *l = f->held[(t ? t - 1 : 0) % HELD], *m = f->held[t % HELD],
                *r = f->held[right % HELD];

    put_masked(f, AT_VOICED, N_VOICED, l, m, f->held[r_voiced % HELD]);
    put_masked(f, AT_SPECTRAL, N_SPECTRAL + N_UNVOICED, l, m, r);
    return put_f0(f, lld_mean3_nonzero(l[0], m[0], r[0]));
}

int lld_functionals_track(lld_functionals *f, const float *track, const float *raw, int final)
{
    mask_row(f->held[f->n_track % HELD], track, raw);
    f->n_track++;
    if (final) return 0;
    f->n_early = f->n_track;
    return f->n_track < 2 ? 0 : track_row(f, f->n_track - 2, f->n_track - 1, f->n_track - 1);
}

/* Nothing was decided before the end: a short clip (functionals.md 2, K = 0). */
static int short_clip(lld_functionals *f)
{
    static const float zero[N_MASKED];
    const size_t n = f->n_track;

    for (size_t t = 0; t < n; t++) {
        const float *l = f->held[t ? t - 1 : 0], *m = f->held[t];
        const float *r = t + 1 < n ? f->held[t + 1] : t ? m : zero;

        put_masked(f, AT_VOICED, N_VOICED, l, m, r);
        put_masked(f, AT_SPECTRAL, N_SPECTRAL, l, m, m);
    }
    put_masked(f, AT_UNVOICED, N_UNVOICED, f->held[0], f->held[0], f->held[0]);
    return put_f0(f, f->held[0][0]);
}

static int last_rows(lld_functionals *f)
{
    const size_t k = f->n_early;

    if (frame_row(f, 2, f->n_frames < 2 ? 2 : 1, 2)) return -1;
    if (k == 0) return short_clip(f);
    return track_row(f, k - 1, k < f->n_track ? k : k - 1, k - 1);
}

int lld_functionals_finish(lld_functionals *f, double *out)
{
    double *o = out;
    int failed = 0;

    if (f->n_frames == 0 || f->n_track == 0) {
        for (int i = 0; i < LLD_N_FUNCTIONALS; i++)
            out[i] = NAN;
        return 0;
    }
    if (last_rows(f)) return -1;
    run_close(&f->voiced);
    run_close(&f->unvoiced);
    failed |= lld_contour_ten(f->f0.v, f->f0.n, o);
    failed |= lld_contour_ten(f->loudness.v, f->loudness.n, o + 10);
    o += 20;
    for (int i = 0; i < N_ALL; i++, o += 2)
        moments_get(&f->all[i], o, o + 1);
    for (int i = 0; i < N_VOICED + N_SPECTRAL; i++, o += 2)
        moments_get(&f->masked[AT_VOICED + i], o, o + 1);
    for (int i = 0; i < N_UNVOICED; i++) {
        double dev;

        moments_get(&f->masked[AT_UNVOICED + i], o++, &dev);
    }
    failed |= lld_contour_peaks(f->loudness.v, f->loudness.n, o);
    *o = *o / ((double)f->loudness.n * FRAME_S);
    o++;
    *o++ = f->voiced.n / ((double)f->n_f0_rows * FRAME_S);
    run_get(&f->voiced, o, o + 1);
    run_get(&f->unvoiced, o + 2, o + 3);
    o[4] = 10.0 * mw_log10(fmax(f->energy / (double)f->n_frames, 1e-12));
    return failed ? -1 : 0;
}
