/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/lld/contour.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FRAME_S 0.01

typedef struct extremum {
    size_t at;
    double y;
    int is_max, dropped;
} extremum;

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static double percentile(const float *sorted, size_t n, double p)
{
    const double pos = p * (double)(n - 1);
    const size_t lo = (size_t)floor(pos), hi = (size_t)ceil(pos);

    if (lo == hi) return (double)sorted[lo];
    return (double)sorted[lo] * ((double)hi - pos) + (double)sorted[hi] * (pos - (double)lo);
}

static void mean_dev(const float *x, size_t n, double *mean, double *dev)
{
    double sum = 0, var = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    *mean = (double)(float)(sum / (double)n);
    for (size_t i = 0; i < n; i++)
        var += ((double)x[i] - *mean) * ((double)x[i] - *mean);
    var /= (double)n;
    *dev = var > 0 ? sqrt(var) / (*mean != 0 ? *mean : 1) : 0;
}

static size_t candidates(const float *x, size_t n, extremum *e)
{
    size_t count = 0;

    for (size_t i = 2; i + 2 < n; i++) {
        const int up = x[i] > x[i - 1] && x[i] > x[i + 1];
        const int down = x[i] < x[i - 1] && x[i] < x[i + 1];

        if (up || down) e[count++] = (extremum){ i, (double)x[i], up, 0 };
    }
    return count;
}

/* Step 2: drop maxima that do not stand out. */
static void drop_small_maxima(extremum *e, size_t n, double x0, double thr)
{
    double prev = x0, low = x0, high = x0;
    extremum *best = NULL;
    int after_low = 0;

    for (size_t i = 0; i < n; i++) {
        const double y = e[i].y;
        const int small = fabs(y - prev) < thr;

        prev = y;
        if (!e[i].is_max) {
            if (!small) low = y, after_low = 1;
        } else if (small && y - low < thr) {
            e[i].dropped = 1;
        } else {
            if (small && y > high * (double)1.05f) {
                if (best) best->dropped = 1;
                high = y, best = &e[i];
            } else if (!small || after_low) {
                high = y, best = &e[i];
            } else {
                e[i].dropped = 1;
            }
            after_low = 0;
        }
    }
}

/* Steps 3 and 4: drop shallow minima, keep one extremum of each run of a kind. */
static size_t alternate(extremum *e, size_t n, double x0, double thr)
{
    double high = x0;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        const extremum c = e[i];
        extremum *last = kept ? &e[kept - 1] : NULL;

        if (c.dropped) continue;
        if (c.is_max)
            high = c.y;
        else if (high - c.y < thr)
            continue;
        if (!last || last->is_max != c.is_max)
            e[kept++] = c;
        else if (c.is_max ? c.y > last->y : c.y < last->y)
            *last = c;
    }
    return kept;
}

static int extrema(const float *x, size_t n, extremum **out, size_t *n_out)
{
    float lo = x[0], hi = x[0];
    double thr;
    extremum *e = mw_calloc(n, sizeof *e);

    *out = e;
    if (!e) return -1;
    for (size_t i = 1; i < n; i++) {
        lo = fminf(lo, x[i]);
        hi = fmaxf(hi, x[i]);
    }
    thr = (double)(0.1f * (hi - lo));
    *n_out = candidates(x, n, e);
    drop_small_maxima(e, *n_out, (double)x[0], thr);
    *n_out = alternate(e, *n_out, (double)x[0], thr);
    return 0;
}

static double per_second(double rise, size_t from, size_t to)
{
    return rise / (((double)to - (double)from) * FRAME_S);
}

/* Mean with the end piece; deviation of the others only, over the number with it. */
static void slope_stats(const double *v, size_t n, const double *end, double *mean, double *dev)
{
    const double count = (double)n + (end != NULL);
    double sum = end ? *end : 0, var = 0;

    *mean = *dev = 0;
    if (count == 0) return;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    *mean = sum / count;
    for (size_t i = 0; i < n; i++)
        var += (v[i] - *mean) * (v[i] - *mean);
    *dev = sqrt(var / count);
}

static int slopes_of(const float *x, size_t n, double out[4])
{
    extremum *e = NULL;
    size_t n_e = 0, n_up = 0, n_down = 0, top_at = 0, bottom_at = 0;
    double *up = mw_calloc(n, 2 * sizeof *up), *down = up ? up + n : NULL;
    double top = (double)x[0], bottom = top, end;
    int st = -1;

    if (!up || extrema(x, n, &e, &n_e)) goto done;
    st = 0;
    if (n_e == 0) {
        const double s = ((double)x[n - 1] - (double)x[0]) / (double)n;

        out[0] = fmax(s, 0), out[1] = 0, out[2] = fmin(s, 0), out[3] = 0;
        goto done;
    }
    for (size_t i = 0; i < n_e; i++) {
        if (e[i].is_max) {
            top = e[i].y, top_at = e[i].at;
            up[n_up++] = per_second(top - bottom, bottom_at, top_at);
        } else {
            bottom = e[i].y, bottom_at = e[i].at;
            down[n_down++] = per_second(top - bottom, top_at, bottom_at);
        }
    }
    /* after a final maximum the last slope keeps its sign, unlike the other falling ones */
    end = e[n_e - 1].is_max ? per_second((double)x[n - 1] - top, top_at, n - 1)
                            : per_second((double)x[n - 1] - bottom, bottom_at, n - 1);
    slope_stats(up, n_up, e[n_e - 1].is_max ? NULL : &end, &out[0], &out[1]);
    slope_stats(down, n_down, e[n_e - 1].is_max ? &end : NULL, &out[2], &out[3]);
done:
    mw_free(e);
    mw_free(up);
    return st;
}

int lld_contour_ten(const float *x, size_t n, double out[10])
{
    float *sorted;

    memset(out, 0, 10 * sizeof *out);
    if (n == 0) return 0;
    sorted = mw_calloc(n, sizeof *sorted);
    if (!sorted) return -1;
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, by_value);
    mean_dev(x, n, &out[0], &out[1]);
    out[2] = percentile(sorted, n, 0.2);
    out[3] = percentile(sorted, n, 0.5);
    out[4] = percentile(sorted, n, 0.8);
    out[5] = fabs(out[4] - out[2]);
    mw_free(sorted);
    return slopes_of(x, n, out + 6);
}

int lld_contour_peaks(const float *x, size_t n, double *out)
{
    extremum *e = NULL;
    size_t n_e = 0;

    *out = 0;
    if (n == 0) return 0;
    if (extrema(x, n, &e, &n_e)) return -1;
    for (size_t i = 0; i < n_e; i++)
        *out += e[i].is_max;
    mw_free(e);
    return 0;
}
