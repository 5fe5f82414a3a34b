/* SPDX-License-Identifier: Apache-2.0
 *
 * Harmonics of a voiced frame: noise ratio from the autocorrelation, levels relative to the
 * fundamental, amplitudes near the formants (E5).
 */
#include "feature/lld/pitch.h"

#include <math.h>

#include "base/fmath.h"

#define N_HARMONICS 100
#define NO_LEVEL    -201.0f
#define FLOOR_LEVEL -200.0f

static int is_peak(const float *v, long n, long i)
{
    if (i < 0 || i >= n) return 0;
    return (i == 0 || v[i] > v[i - 1]) && (i == n - 1 || v[i] > v[i + 1]);
}

/* Local maximum of the autocorrelation r [n] nearest to lag n0. */
static long nearest_peak(const float *r, long n, long n0)
{
    int up_first, up_last;

    if (n0 <= 0) return 0;
    if (is_peak(r, n, n0)) return n0;
    for (long o = 1; n0 - o > 0 || n0 + o < n - 1; o++) {
        if (n0 - o > 0 && is_peak(r, n, n0 - o)) return n0 - o;
        if (n0 + o < n - 1 && is_peak(r, n, n0 + o)) return n0 + o;
    }
    if (n0 >= n) return 0;
    up_first = r[0] > r[n0];
    up_last = r[n - 1] > r[n0];
    if (up_first && !up_last) return 0;
    if (up_last && !up_first) return n - 1;
    if (up_first && up_last) return n0 < n / 2 ? 0 : n - 1;
    return n0;
}

static float acf_hnr(const lld_branch *b, const float *r, float hz)
{
    const long n = (long)b->bins;
    const long lag = nearest_peak(r, n, (long)floor(b->freq[n - 1] * 2.0 / (double)hz));
    float rest;
    double q;

    if (lag <= 0) return 0;
    rest = r[0] - r[lag];
    q = rest == 0 ? 1e11 : (double)r[lag] / (double)rest;
    return (float)(10.0 * mw_log10(fmin(fmax(q, 1e-9), 1e11)));
}

/* Nearest bin to hz, looking from bin start upwards; 0 beyond the last bin. */
static long bin_of(const lld_branch *b, double hz, long start)
{
    const double *f = b->freq;
    const long n = (long)b->bins;
    long i = (long)(hz * b->fft_s);

    /* first bin above hz: the product may be off by one */
    while (i > 0 && f[i < n ? i : n - 1] > hz)
        i--;
    while (i < n && f[i] <= hz)
        i++;
    if (i < start) i = start;
    if (i >= n) return 0;
    return f[i] - hz > hz - f[i - 1] ? i - 1 : i;
}

/* A peak within [lo, hi] by growing distance from c, right first; -1 if none. */
static long search_peak(const float *mag, long n, long c, long lo, long hi)
{
    for (long left = c - 1, right = c + 1; left >= lo || right <= hi; left--, right++) {
        if (right <= hi && is_peak(mag, n, right)) return right;
        if (left >= lo && is_peak(mag, n, left)) return left;
    }
    return -1;
}

/* One harmonic: the bin of its peak; without a peak the nominal bin and magnitude 0. */
typedef struct harmonic {
    long bin;
    enum { NO_PEAK, PEAK, SHARED } kind; /* SHARED: no harmonic of its own, the bin is taken */
    float mag;
} harmonic;

/* Interpolated frequency and level of a harmonic; only a few are looked at. */
typedef struct partial {
    float hz, level;
} partial;

static void find_harmonics(const lld_branch *b, const float *mag, float hz, harmonic *h)
{
    const long n = (long)b->bins;
    const double half = (double)(0.5f * hz);
    long last = bin_of(b, half, 1);
    const long first = bin_of(b, half, last);

    for (int k = 0; k < N_HARMONICS; k++) {
        const long c = bin_of(b, (double)((float)(k + 1) * hz), last);
        long peak = c;

        if (!is_peak(mag, n, c))
            peak = search_peak(mag, n, c, bin_of(b, (double)(((float)k + 0.5f) * hz), last),
                               bin_of(b, (double)(((float)k + 1.5f) * hz), c));
        h[k] = (harmonic){ c, NO_PEAK, 0 };
        if (peak >= first && peak > 0 && peak < n - 1) h[k] = (harmonic){ peak, PEAK, mag[peak] };
        last = c;
    }
    for (int k = 1; k < N_HARMONICS; k++)
        if (h[k].bin == h[k - 1].bin) h[k] = (harmonic){ 0, SHARED, 0 };
}

/* Harmonic k > 0; levels are relative to the magnitude of the fundamental's bin. */
static partial partial_of(const lld_branch *b, const float *mag, const harmonic *h, int k)
{
    const long i = h[k].bin;
    partial r = { 0, h[0].mag != 0 && h[k].kind != SHARED ? FLOOR_LEVEL : NO_LEVEL };
    double y[3], x_top, y_top;

    if (h[k].kind != PEAK) return r;
    for (int o = 0; o < 3; o++)
        y[o] = (double)mag[i - 1 + o];
    lld_vertex(b->freq + i - 1, y, &x_top, &y_top);
    r.hz = (float)x_top;
    if (h[0].mag != 0 && (float)y_top > 0) {
        const double top = (double)(float)mw_log10((double)(float)y_top);
        const double ref = (double)(float)mw_log10((double)h[0].mag);

        r.level = fmaxf((float)(20.0 * (top - ref)), FLOOR_LEVEL);
    }
    return r;
}

/* Level of the strongest harmonic within 20 % of the formant; *found is 0 if there is none. */
static float level_near(const lld_branch *b, const float *mag, const harmonic *h, float formant_hz,
                        int *found)
{
    const float lo = 0.8f * formant_hz, hi = 1.2f * formant_hz;
    float best = 0, level = 0;

    *found = 0;
    for (int k = 0; k < N_HARMONICS; k++) {
        const double f = b->freq[h[k].bin];
        partial p;

        /* the interpolated frequency lies within half a bin of the peak */
        if (!(h[k].mag > best) || f < (double)lo - b->df || f > (double)hi + b->df) continue;
        p = partial_of(b, mag, h, k);
        if (p.hz < lo || p.hz > hi) continue;
        best = h[k].mag;
        level = k ? p.level : 0;
        *found = 1;
    }
    return level;
}

static float limit_level(float v)
{
    return fminf(fmaxf(v, -201.0f), 201.0f);
}

lld_harmonics lld_harmonics_of(const lld_tables *t, const float *mag, const float *acf, float hz,
                               const float formant_hz[3])
{
    const lld_branch *b = &t->b60;
    harmonic h[N_HARMONICS];
    lld_harmonics r;
    float h1;
    int found = 0;

    find_harmonics(b, mag, hz, h);
    h1 = partial_of(b, mag, h, 1).level;
    r.hnr_db = acf_hnr(b, acf, hz);
    r.h1_h2_db = limit_level(h1 - partial_of(b, mag, h, 2).level);
    for (int i = 0; i < 3; i++)
        r.amplitude_db[i] = level_near(b, mag, h, formant_hz[i], &found);
    r.h1_a3_db = limit_level(h1 - (found ? r.amplitude_db[2] : 201.0f));
    return r;
}
