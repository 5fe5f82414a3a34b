/* SPDX-License-Identifier: Apache-2.0 */
#include "score/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

/* Round half to even whatever the rounding mode of the machine says elsewhere. */
static double round_even(double x)
{
    const double r = floor(x + 0.5);

    return r - x == 0.5 && fmod(r, 2) != 0 ? r - 1 : r;
}

static double clipped(double x, double k)
{
    return round_even(x < -k ? -k : x > k ? k : x);
}

double mw_correlation(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    int x_varies = 0, y_varies = 0;

    for (size_t i = 0; i < n; i++) {
        mx += x[i];
        my += y[i];
        x_varies |= x[i] != x[0];
        y_varies |= y[i] != y[0];
    }
    if (!x_varies || !y_varies) return NAN; /* what rounding makes of it may vary */
    mx /= (double)n;
    my /= (double)n;
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

/* Held within +- limit; keeps NaN. */
static float held(float x, float limit)
{
    return x < -limit ? -limit : x > limit ? limit : x;
}

static int is_constant(const float *x, size_t n, float limit)
{
    for (size_t i = 1; i < n; i++)
        if (held(x[i], limit) != held(x[0], limit)) return 0;
    return 1;
}

/* Pearson's correlation, in double, of floats held within +- limit. */
static double correlation_f32(const float *p, const float *y, size_t n, float limit)
{
    double mp = 0, my = 0, pp = 0, yy = 0, py = 0;

    if (is_constant(p, n, limit) || is_constant(y, n, limit)) return NAN;
    for (size_t i = 0; i < n; i++) {
        mp += (double)held(p[i], limit);
        my += (double)held(y[i], limit);
    }
    mp /= (double)n;
    my /= (double)n;
    for (size_t i = 0; i < n; i++) {
        const double a = (double)held(p[i], limit) - mp, b = (double)held(y[i], limit) - my;

        pp += a * a;
        yy += b * b;
        py += a * b;
    }
    return py / sqrt(pp * yy);
}

/* Counts of a binary decision: [truth][said]. */
typedef struct counts {
    double n[2][2];
} counts;

static double accuracy(const counts *c)
{
    const double n = c->n[0][0] + c->n[0][1] + c->n[1][0] + c->n[1][1];

    return n > 0 ? (c->n[0][0] + c->n[1][1]) / n : NAN;
}

static double f1(const counts *c)
{
    const double n = c->n[0][0] + c->n[0][1] + c->n[1][0] + c->n[1][1];
    double sum = 0;

    if (!(n > 0)) return NAN;
    for (int k = 0; k < 2; k++) {
        const double hit = c->n[k][k], other = c->n[k][!k] + c->n[!k][k];

        if (hit > 0) sum += (c->n[k][0] + c->n[k][1]) / n * 2 * hit / (2 * hit + other);
    }
    return sum;
}

double mw_weighted_f1(const uint8_t *truth, const uint8_t *said, size_t n)
{
    counts c = { { { 0 } } };

    for (size_t i = 0; i < n; i++)
        c.n[truth[i] != 0][said[i] != 0]++;
    return f1(&c);
}

void mw_metrics_regression(mw_regression_metrics *out, const float *p, const float *y, size_t n)
{
    counts has0 = { { { 0 } } }, non0 = { { { 0 } } };
    double error = 0, same7 = 0, same5 = 0, same3 = 0;

    *out = (mw_regression_metrics){ .n = n };
    for (size_t i = 0; i < n; i++) {
        const double a = (double)p[i], b = (double)y[i];

        error += fabs(a - b);
        same7 += clipped(a, 3) == clipped(b, 3);
        same5 += clipped(a, 2) == clipped(b, 2);
        same3 += clipped(a, 1) == clipped(b, 1);
        has0.n[b >= 0][a >= 0]++;
        if (b == 0) continue;
        non0.n[b > 0][a > 0]++;
        out->n_non0++;
    }
    out->mae = n ? error / (double)n : NAN;
    out->acc7 = n ? same7 / (double)n : NAN;
    out->acc5 = n ? same5 / (double)n : NAN;
    out->acc3 = n ? same3 / (double)n : NAN;
    out->corr = n ? correlation_f32(p, y, n, INFINITY) : NAN;
    out->acc2_has0 = accuracy(&has0);
    out->f1_has0 = f1(&has0);
    out->acc2_non0 = accuracy(&non0);
    out->f1_non0 = f1(&non0);
}

/* ---- CH-SIMS ---- */

/* Ends in single precision, as numpy compares: -0.1f belongs below the end -0.1. */
static int interval_of(float x, const float *ends, int n_ends)
{
    int i = 0;

    while (i < n_ends && x > ends[i])
        i++;
    return i;
}

void mw_metrics_sims(mw_sims_metrics *out, const float *p, const float *y, size_t n)
{
    static const float two[] = { 0 }, three[] = { -0.1F, 0.1F },
                       five[] = { -0.7F, -0.1F, 0.1F, 0.7F };
    counts c = { { { 0 } } };
    double error = 0, same3 = 0, same5 = 0;

    for (size_t i = 0; i < n; i++) {
        const float a = held(p[i], 1), b = held(y[i], 1);

        error += fabs((double)a - (double)b);
        c.n[interval_of(b, two, 1)][interval_of(a, two, 1)]++;
        same3 += interval_of(a, three, 2) == interval_of(b, three, 2);
        same5 += interval_of(a, five, 4) == interval_of(b, five, 4);
    }
    *out = (mw_sims_metrics){ .n = n,
                              .mae = n ? error / (double)n : NAN,
                              .corr = n ? correlation_f32(p, y, n, 1) : NAN,
                              .acc2 = accuracy(&c),
                              .f1 = f1(&c),
                              .acc3 = n ? same3 / (double)n : NAN,
                              .acc5 = n ? same5 / (double)n : NAN };
}

/* ---- classes and labels ---- */

mw_status mw_metrics_classes(mw_class_metrics *out, const int *p, const int *y, size_t n,
                             int n_classes, mw_error *err)
{
    size_t *hit = mw_calloc((size_t)n_classes, 3 * sizeof *hit), *truth, *said, n_hits = 0;
    double weighted = 0, macro = 0, recall = 0, n_met = 0, n_true = 0;

    if (!hit) return mw_fail_nomem(err);
    truth = hit + n_classes;
    said = truth + n_classes;
    for (size_t i = 0; i < n; i++) {
        truth[y[i]]++;
        said[p[i]]++;
        hit[y[i]] += p[i] == y[i];
    }
    for (int k = 0; k < n_classes; k++) {
        const size_t all = truth[k] + said[k];
        const double f = all ? 2 * (double)hit[k] / (double)all : 0;

        n_hits += hit[k];
        weighted += (double)truth[k] * f;
        macro += f;
        n_met += all != 0;
        recall += truth[k] ? (double)hit[k] / (double)truth[k] : 0;
        n_true += truth[k] != 0;
    }
    *out = (mw_class_metrics){ .n = n,
                               .accuracy = n ? (double)n_hits / (double)n : NAN,
                               .weighted_f1 = n ? weighted / (double)n : NAN,
                               .macro_f1 = n ? macro / n_met : NAN,
                               .recall = n ? recall / n_true : NAN };
    mw_free(hit);
    return MW_OK;
}

mw_status mw_metrics_label(mw_label_metrics *out, const double *p, const uint8_t *y, size_t n,
                           double threshold, mw_error *err)
{
    counts c = { { { 0 } } };
    double absent, present;

    for (size_t i = 0; i < n; i++)
        c.n[y[i] != 0][p[i] >= threshold]++;
    absent = c.n[0][0] + c.n[0][1];
    present = c.n[1][0] + c.n[1][1];
    *out = (mw_label_metrics){ .n = n, .weighted_accuracy = NAN, .weighted_f1 = f1(&c) };
    if (absent > 0 && present > 0)
        out->weighted_accuracy = (c.n[0][0] / absent + c.n[1][1] / present) / 2;
    return mw_auroc(&out->auroc, p, y, n, err);
}

/* ---- ranks ---- */

typedef struct ranked {
    double x;
    size_t i;
} ranked;

static int by_x(const void *a, const void *b)
{
    const ranked *p = a, *q = b;

    return (p->x > q->x) - (p->x < q->x);
}

/* Mean ranks from 1; ties share theirs. */
static mw_status rank(double *out, const double *x, size_t n, mw_error *err)
{
    ranked *r = mw_calloc(n, sizeof *r);

    if (!r) return mw_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        r[i] = (ranked){ x[i], i };
    qsort(r, n, sizeof *r, by_x);
    for (size_t i = 0; i < n;) {
        size_t j = i;

        while (j < n && r[j].x == r[i].x)
            j++;
        for (size_t k = i; k < j; k++)
            out[r[k].i] = 0.5 * (double)(i + 1 + j);
        i = j;
    }
    mw_free(r);
    return MW_OK;
}

mw_status mw_auroc(double *out, const double *score, const uint8_t *positive, size_t n,
                   mw_error *err)
{
    double *ranks = mw_calloc(n, sizeof *ranks), sum = 0, n_positive = 0;
    mw_status st = ranks ? rank(ranks, score, n, err) : mw_fail_nomem(err);

    *out = NAN;
    for (size_t i = 0; st == MW_OK && i < n; i++)
        if (positive[i]) {
            sum += ranks[i];
            n_positive++;
        }
    mw_free(ranks);
    if (st == MW_OK && n_positive > 0 && n_positive < (double)n)
        *out = (sum - n_positive * (n_positive + 1) / 2) / (n_positive * ((double)n - n_positive));
    return st;
}

mw_status mw_spearman(double *out, const double *x, const double *y, size_t n, mw_error *err)
{
    double *ranks = mw_calloc(2 * n, sizeof *ranks);
    mw_status st = ranks ? rank(ranks, x, n, err) : mw_fail_nomem(err);

    *out = NAN;
    if (st == MW_OK) st = rank(ranks + n, y, n, err);
    if (st == MW_OK && n) *out = mw_correlation(ranks, ranks + n, n);
    mw_free(ranks);
    return st;
}

/* ---- distributions ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void mw_holm(double *p, size_t n)
{
    double least = 0; /* corrected p never falls along the order */

    /* corrected ones are kept as -1 - p until all are */
    for (size_t rank = 0; rank < n; rank++) {
        size_t next = n;
        double corrected;

        for (size_t i = 0; i < n; i++)
            if (p[i] >= 0 && (next == n || p[i] < p[next])) next = i;
        if (next == n) break; /* the rest are NaN */
        corrected = p[next] * (double)(n - rank);
        least = corrected > least ? corrected : least;
        p[next] = -1 - (least < 1 ? least : 1);
    }
    for (size_t i = 0; i < n; i++)
        p[i] = -1 - p[i];
}

double mw_quantile_sort(double *x, size_t n, double q)
{
    const double at = q * (double)(n ? n - 1 : 0);
    const size_t i = (size_t)at;

    if (!n) return NAN;
    qsort(x, n, sizeof *x, by_value);
    return i + 1 < n ? x[i] + (at - (double)i) * (x[i + 1] - x[i]) : x[n - 1];
}

mw_spread mw_spread_of(const double *x, size_t n)
{
    mw_spread s = { NAN, NAN, NAN };
    double sum = 0, square = 0;

    if (!n) return s;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    s.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (x[i] - s.mean) * (x[i] - s.mean);
    s.population = sqrt(square / (double)n);
    if (n > 1) s.sample = sqrt(square / (double)(n - 1));
    return s;
}

void mw_calibration_add(mw_calibration *c, double said, double was)
{
    const int bin = (int)(said * MW_ECE_BINS);
    const int b = bin < 0 ? 0 : bin >= MW_ECE_BINS ? MW_ECE_BINS - 1 : bin;

    c->n[b]++;
    c->said[b] += said;
    c->was[b] += was;
    c->brier += (said - was) * (said - was);
}

static double total(const mw_calibration *c)
{
    double n = 0;

    for (int b = 0; b < MW_ECE_BINS; b++)
        n += c->n[b];
    return n;
}

double mw_calibration_ece(const mw_calibration *c)
{
    const double n = total(c);
    double sum = 0;

    for (int b = 0; b < MW_ECE_BINS; b++)
        sum += fabs(c->said[b] - c->was[b]);
    return n > 0 ? sum / n : NAN;
}

double mw_calibration_brier(const mw_calibration *c)
{
    const double n = total(c);

    return n > 0 ? c->brier / n : NAN;
}

/* ---- bootstrap ---- */

void mw_bootstrap_clear(mw_bootstrap *b)
{
    mw_free(b->clip);
    mw_free(b->seed);
    *b = (mw_bootstrap){ 0 };
}

mw_status mw_bootstrap_make(mw_bootstrap *b, const int *group, size_t n_clips, size_t n_groups,
                            size_t n_seeds, size_t n_replicates, uint64_t seed, mw_error *err)
{
    mw_rng r = mw_rng_from_key(seed);
    uint16_t *times = mw_calloc(n_groups, sizeof *times);

    *b = (mw_bootstrap){ .n_replicates = n_replicates, .n_clips = n_clips, .n_seeds = n_seeds };
    b->clip = mw_calloc(n_replicates, n_clips * sizeof *b->clip);
    b->seed = mw_calloc(n_replicates, n_seeds * sizeof *b->seed);
    if (!times || !b->clip || !b->seed) {
        mw_free(times);
        mw_bootstrap_clear(b);
        return mw_fail_nomem(err);
    }
    for (size_t k = 0; k < n_replicates; k++) {
        memset(times, 0, n_groups * sizeof *times);
        for (size_t g = 0; g < n_groups; g++)
            times[mw_rng_below(&r, n_groups)]++;
        for (size_t i = 0; i < n_clips; i++)
            b->clip[k * n_clips + i] = times[group[i]];
        for (size_t s = 0; s < n_seeds; s++)
            b->seed[k * n_seeds + mw_rng_below(&r, n_seeds)]++;
    }
    mw_free(times);
    return MW_OK;
}

static double weighted_mean(const mw_bootstrap *b, const double *x, const double *y,
                            const uint16_t *clip, const uint16_t *seed)
{
    double sum = 0, n = 0;

    for (size_t s = 0; s < b->n_seeds; s++) {
        if (seed && !seed[s]) continue;
        for (size_t i = 0; i < b->n_clips; i++) {
            const size_t at = s * b->n_clips + i;
            const double v = y ? x[at] - y[at] : x[at];
            const double w = (seed ? seed[s] : 1.0) * (clip ? clip[i] : 1.0);

            if (!(w > 0) || !isfinite(v)) continue;
            sum += w * v;
            n += w;
        }
    }
    return n > 0 ? sum / n : NAN;
}

mw_interval mw_bootstrap_mean(const mw_bootstrap *b, const double *x, const double *y,
                              double *scratch)
{
    mw_interval out = { weighted_mean(b, x, y, NULL, NULL), NAN, NAN, NAN };
    double below = 0, above = 0;
    size_t n = 0;

    for (size_t k = 0; k < b->n_replicates; k++) {
        const double v = weighted_mean(b, x, y, b->clip + k * b->n_clips, b->seed + k * b->n_seeds);

        if (!isfinite(v)) continue;
        below += v <= 0;
        above += v >= 0;
        scratch[n++] = v;
    }
    if (!n) return out;
    out.lo = mw_quantile_sort(scratch, n, 0.025);
    out.hi = mw_quantile_sort(scratch, n, 0.975);
    out.p = fmin(1, 2 * (1 + fmin(below, above)) / ((double)n + 1));
    return out;
}
