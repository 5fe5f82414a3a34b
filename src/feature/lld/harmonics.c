/* SPDX-License-Identifier: Apache-2.0
 *
 * Harmonics of a voiced frame: noise ratio from the autocorrelation, levels relative to the
 * fundamental, amplitudes near the formants (E5).
 */
#include "feature/lld/pitch.h"

#include <math.h>

#include "dsp/fmath.h"

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
    long i = (long)(hz / b->df);

    /* first bin above hz: the quotient may be off by one */
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

typedef struct harmonic {
    long bin;
    float hz, mag, top; /* interpolated frequency, bin magnitude, interpolated magnitude */
    float level;        /* dB relative to the fundamental */
} harmonic;

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
        h[k] = (harmonic){ .bin = c };
        if (peak >= first && peak > 0 && peak < n - 1) {
            const double *f = b->freq + peak - 1;
            const double y[3] = { (double)mag[peak - 1], (double)mag[peak], (double)mag[peak + 1] };
            double x_top, y_top;

            lld_vertex(f, y, &x_top, &y_top);
            h[k] = (harmonic){ peak, (float)x_top, mag[peak], (float)y_top, 0 };
        }
        last = c;
    }
}

static void set_levels(harmonic *h)
{
    const float ref = h[0].mag != 0 ? (float)mw_log10((double)h[0].mag) : 0;

    h[0].level = 0;
    for (int k = 1; k < N_HARMONICS; k++) {
        h[k].level = h[0].mag != 0 ? FLOOR_LEVEL : NO_LEVEL;
        if (h[0].mag != 0 && h[k].top > 0)
            h[k].level =
                fmaxf((float)(20.0 * ((double)(float)mw_log10((double)h[k].top) - (double)ref)),
                      FLOOR_LEVEL);
        if (h[k].bin == h[k - 1].bin) h[k] = (harmonic){ .level = NO_LEVEL };
    }
}

/* Strongest harmonic within 20 % of the formant, -1 if none. */
static int strongest_near(const harmonic *h, float formant_hz)
{
    const float lo = 0.8f * formant_hz, hi = 1.2f * formant_hz;
    int best = -1;

    for (int k = 0; k < N_HARMONICS; k++)
        if (h[k].hz >= lo && h[k].hz <= hi && h[k].mag > 0 && (best < 0 || h[k].mag > h[best].mag))
            best = k;
    return best;
}

static float limit_level(float v)
{
    return fminf(fmaxf(v, -201.0f), 201.0f);
}

lld_harmonics lld_harmonics_of(const lld_tables *t, const float *mag, const float *acf, float hz,
                               const float formant_hz[3])
{
    harmonic h[N_HARMONICS];
    lld_harmonics r;
    int at = -1;

    find_harmonics(&t->b60, mag, hz, h);
    set_levels(h);
    r.hnr_db = acf_hnr(&t->b60, acf, hz);
    r.h1_h2_db = limit_level(h[1].level - h[2].level);
    for (int i = 0; i < 3; i++) {
        at = strongest_near(h, formant_hz[i]);
        r.amplitude_db[i] = at >= 0 ? h[at].level : 0;
    }
    r.h1_a3_db = limit_level(h[1].level - (at >= 0 ? h[at].level : 201.0f));
    return r;
}
