/* SPDX-License-Identifier: Apache-2.0
 *
 * Jitter, shimmer and harmonics-to-noise ratio along the periods of the signal (C7). Sums run from
 * left to right in the stated precision: near 0 dB the noise ratio flips between 0 and 1e-6 with
 * any other order, and the non-zero smoothing makes tens of dB of it.
 */
#include "feature/lld/pitch.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/fmath.h"

#define MIN_CORRELATION 0.5
#define HNR_FLOOR_DB    -100.0f
#define OVERREAD        64 /* doubles that the correlation kernel may look at past the end */

/* Lags of one voiced frame, samples: nominal period, shortest and longest tried. */
typedef struct period {
    size_t mid, lo, hi;
} period;

typedef struct tally {
    float sum_p, n_p, sum_j, n_j, sum_d, n_d, sum_a, sum_da;
} tally;

static size_t longest_lag(const lld_tables *t, const lld_pitch_par *par)
{
    const double tau = 1.0 / (double)par->min_hz / t->period_s;

    return (size_t)ceil((1.0 + par->search_range) * tau) + 1;
}

int lld_perturb_init(lld_perturb *p, const lld_tables *t, const lld_pitch_par *par)
{
    const size_t hi = longest_lag(t, par);
    /* want never exceeds carry + the 60 ms frame; carry is below two periods and a hop */
    const size_t longest = 4 * hi + 2 * t->b60.size + OVERREAD;

    memset(p, 0, sizeof *p);
    p->seg_max = longest;
    p->seg = mw_calloc(longest + OVERREAD, sizeof(double));
    p->cc = mw_calloc(hi + OVERREAD, sizeof(double));
    p->prefix = mw_calloc(hi + OVERREAD, sizeof(double));
    p->wave = mw_calloc(hi + 2, sizeof(float));
    p->start = mw_calloc(longest, sizeof(size_t));
    return p->seg && p->cc && p->prefix && p->wave && p->start ? 0 : -1;
}

void lld_perturb_clear(lld_perturb *p)
{
    mw_free(p->seg);
    mw_free(p->cc);
    mw_free(p->prefix);
    mw_free(p->wave);
    mw_free(p->start);
    memset(p, 0, sizeof *p);
}

void lld_perturb_reset(lld_perturb *p)
{
    p->pos = p->carry = 0;
    p->prev_period = p->prev_diff = 0;
    p->jitter = p->jitter_ddp = p->shimmer = 0;
}

size_t lld_perturb_needs(const lld_perturb *p, const lld_tables *t, size_t frame)
{
    const size_t begin = frame * t->b60.step;

    return p->pos + p->carry == begin ? p->pos : begin;
}

/* Index of the largest inner local maximum of cc[0 .. n - 1] up to n - 3, -1 if none. */
static int best_peak(const double *cc, int n)
{
    int best = -1;

    for (int i = 1; i < n - 2; i++)
        if (cc[i - 1] < cc[i] && cc[i] > cc[i + 1] && (best < 0 || cc[i] > cc[best])) best = i;
    return best;
}

static float peak_to_peak(const float *g, size_t from, size_t to)
{
    float lo = g[from], hi = g[from];

    for (size_t i = from + 1; i < to; i++) {
        lo = g[i] < lo ? g[i] : lo;
        hi = g[i] > hi ? g[i] : hi;
    }
    return hi - lo;
}

/* One accepted period of refined length s seconds. */
static void count_period(lld_perturb *p, tally *y, float s)
{
    y->sum_p += s;
    y->n_p += 1;
    if (p->prev_period > 0) {
        const float d = fabsf(p->prev_period - s);

        y->sum_j += d;
        y->n_j += 1;
        if (p->prev_diff > 0) {
            y->sum_d += fabsf(p->prev_diff - d);
            y->n_d += 1;
        }
        p->prev_diff = d;
    }
    p->prev_period = s;
}

/* Step 5d for the peak at lag lo + best: q0 and q are the starts of this and the next period. */
static void take_period(lld_perturb *p, const lld_tables *t, tally *y, const float *g, period w,
                        int best, size_t q0, size_t q)
{
    const size_t len = q - q0;
    const float a0 = peak_to_peak(g, q0 + 1, q0 + len - 1),
                a1 = peak_to_peak(g, q + 1, q + len - 1);
    const double at[3] = { best - 1.0, best, best + 1.0 };
    double x, top;

    for (size_t i = 0; i < w.mid; i++)
        p->wave[i] += g[q0 + i];
    lld_vertex(at, p->cc + best - 1, &x, &top);
    if (!(top > MIN_CORRELATION)) return;
    count_period(p, y, (float)fabs(((double)w.lo + x) * t->period_s));
    y->sum_a += (a0 + a1) / 2.0f;
    y->sum_da += fabsf(a0 - a1);
}

/* C7.6. n_start period starts, q the end of the last period, len its length (0: none). W is the
 * mean waveform. */
static float log_hnr(lld_perturb *p, const float *g, size_t n_g, period w, size_t n_start, size_t q,
                     size_t len)
{
    const size_t m = n_g > q ? (w.mid < n_g - q ? w.mid : n_g - q) : 0;
    float harmonic = 0, noise = 0;
    size_t terms = 0;

    p->start[n_start] = q;
    for (size_t i = 0; i < m; i++)
        p->wave[i] = (p->wave[i] + g[q + i]) / (float)(n_start + 1);
    for (size_t i = 3; i < m && i + 2 < w.mid; i++)
        harmonic += p->wave[i] * p->wave[i];
    if (w.mid > 4) harmonic /= (float)(w.mid - 4);
    harmonic = sqrtf(harmonic);
    for (size_t k = 0; k <= n_start; k++) {
        const size_t from = p->start[k];
        const size_t next = k < n_start ? p->start[k + 1] : len ? q + len : 0;
        const size_t end = next < from + w.mid ? next : from + w.mid;

        for (size_t j = from + 2; j + 2 < end && j < n_g; j++) {
            const float d = g[j] - p->wave[j - from];

            noise += d * d; /* one sum across the periods */
            terms++;
        }
    }
    if (terms) noise /= (float)terms;
    noise = sqrtf(noise);
    if (!(noise > 0)) return 0;
    if (!(harmonic / noise > 0)) return HNR_FLOOR_DB;
    return fmaxf((float)(20.0 * mw_log10((double)(harmonic / noise))), HNR_FLOOR_DB);
}

static float ratio(float a, float n_a, float b, float n_b)
{
    const float r = (a / n_a) / (b / n_b);

    return r < 1 ? r : 1;
}

static lld_perturb_out results(lld_perturb *p, const tally *y, float hnr)
{
    lld_perturb_out r = { 0, 0, 0, hnr };

    if (y->n_p > 0 && y->n_j > 0) p->jitter = ratio(y->sum_j, y->n_j, y->sum_p, y->n_p);
    if (y->n_p > 0 && y->n_d > 0) p->jitter_ddp = ratio(y->sum_d, y->n_d, y->sum_p, y->n_p);
    if (y->n_p > 0) p->shimmer = y->sum_a > 0 ? ratio(y->sum_da, 1, y->sum_a, 1) : 0;
    r.jitter = y->n_p == 0 || y->n_j > 0 ? p->jitter : 0;
    r.jitter_ddp = y->n_p == 0 || y->n_d > 0 ? p->jitter_ddp : 0;
    r.shimmer = p->shimmer;
    return r;
}

static lld_perturb_out unvoiced(lld_perturb *p, size_t base)
{
    p->carry = 0;
    p->prev_period = p->prev_diff = 0;
    p->jitter = p->jitter_ddp = p->shimmer = 0;
    p->pos += base;
    return (lld_perturb_out){ 0, 0, 0, HNR_FLOOR_DB };
}

lld_perturb_out lld_perturb_frame(lld_perturb *p, const lld_tables *t, const lld_kernels *k,
                                  const lld_pitch_par *par, size_t frame, float hz, const float *x,
                                  size_t x_first, size_t x_end)
{
    const size_t begin = frame * t->b60.step;
    const size_t base = (size_t)ceil(0.010 / t->period_s) + p->carry;
    const double tau = hz > 0 ? 1.0 / (double)hz / t->period_s : 0;
    const period w = { (size_t)floor(tau + 0.5), (size_t)floor((1.0 - par->search_range) * tau),
                       (size_t)ceil((1.0 + par->search_range) * tau) };
    size_t want = base, n_g, q = 0, len = 0, advance = 0, n_start = 0;
    const float *g;
    tally y = { 0 };
    float hnr;

    if (hz > 0 && want < 2 * w.hi + 2) want = 2 * w.hi + 2;
    if (want > p->carry + t->b60.size) want = p->carry + t->b60.size;
    if (p->pos + p->carry != begin) {
        p->pos = begin;
        if (want > t->b60.size) want = t->b60.size;
    }
    if (!(hz > 0)) return unvoiced(p, base);
    n_g = p->pos >= x_end ? 0 : x_end - p->pos < want ? x_end - p->pos : want;
    if (n_g > p->seg_max) n_g = p->seg_max;
    g = x + (p->pos - x_first);
    for (size_t i = 0; i < n_g; i++)
        p->seg[i] = (double)g[i];
    memset(p->seg + n_g, 0, OVERREAD * sizeof *p->seg);
    memset(p->wave, 0, (w.mid + 1) * sizeof *p->wave);
    while (q + 2 * w.hi + 1 < n_g) {
        int best;

        k->xcorr(p->seg + q, w.lo, w.hi, p->prefix, p->cc);
        best = best_peak(p->cc, (int)(w.hi - w.lo) + 1);
        len = best < 0 ? w.mid : w.lo + (size_t)best;
        q += len;
        if (best >= 0) {
            take_period(p, t, &y, g, w, best, q - len, q);
            p->start[n_start++] = q - len;
        }
        if (q + 1 < base) advance = q;
    }
    hnr = log_hnr(p, g, n_g, w, n_start, q, len);
    p->carry = base - advance;
    p->pos += advance;
    return results(p, &y, hnr);
}
