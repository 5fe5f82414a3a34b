/* SPDX-License-Identifier: Apache-2.0
 *
 * Spectra for the contact sheet: a plain radix-2 transform of the complex signal x + i y, whose
 * halves are taken apart afterwards. Without libm, so that a sheet has the same bytes everywhere.
 */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "run/preview.h"

#define LOG2_N      9
#define N           (1 << LOG2_N)
#define MAX_WINDOWS 4

typedef struct complex_f64 {
    double re, im;
} complex_f64;

typedef struct transform {
    complex_f64 w[N]; /* e^(-2 pi i k / N) */
    double window[N];
    complex_f64 z[N];
} transform;

static complex_f64 times(complex_f64 a, complex_f64 b)
{
    return (complex_f64){ a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re };
}

/* Powers of the root of unity: its 2^j-th powers by halving angles down from a quarter turn, the
 * others as products of them. */
static void prepare(transform *t)
{
    complex_f64 power[LOG2_N]; /* power[j] = e^(-2 pi i 2^j / N) */

    power[LOG2_N - 1] = (complex_f64){ -1, 0 };
    power[LOG2_N - 2] = (complex_f64){ 0, -1 };
    for (int j = LOG2_N - 3; j >= 0; j--) {
        const double c = sqrt((1 + power[j + 1].re) / 2);

        power[j] = (complex_f64){ c, power[j + 1].im / (2 * c) };
    }
    for (int k = 0; k < N; k++) {
        t->w[k] = (complex_f64){ 1, 0 };
        for (int j = 0; j < LOG2_N; j++)
            if (k >> j & 1) t->w[k] = times(t->w[k], power[j]);
        t->window[k] = 0.5 - 0.5 * t->w[k].re;
    }
}

/* z in natural order on both sides. */
static void run(transform *t)
{
    complex_f64 *z = t->z;

    for (int i = 1, j = 0; i < N; i++) {
        int bit = N >> 1;

        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            const complex_f64 swap = z[i];

            z[i] = z[j];
            z[j] = swap;
        }
    }
    for (int half = 1; half < N; half *= 2)
        for (int start = 0; start < N; start += 2 * half)
            for (int k = 0; k < half; k++) {
                const complex_f64 a = z[start + k];
                const complex_f64 b = times(z[start + k + half], t->w[k * (N / 2 / half)]);

                z[start + k] = (complex_f64){ a.re + b.re, a.im + b.im };
                z[start + k + half] = (complex_f64){ a.re - b.re, a.im - b.im };
            }
}

static double sample(const float *x, size_t n, int64_t i)
{
    return i >= 0 && (uint64_t)i < n ? x[i] : 0;
}

/* Add the powers of bins 0 .. N/2 - 1 of both signals. */
static void add_powers(const transform *t, double *px, double *py)
{
    for (int k = 0; k < N / 2; k++) {
        const complex_f64 p = t->z[k], q = t->z[(N - k) % N];
        const double xr = p.re + q.re, xi = p.im - q.im, yr = p.im + q.im, yi = q.re - p.re;

        px[k] += xr * xr + xi * xi;
        py[k] += yr * yr + yi * yi;
    }
}

/* Mean of the bins that each row covers, at least one. */
static void store_column(float *out, int columns, int rows, int c, const double *power, int n)
{
    for (int r = 0; r < rows; r++) {
        const int k0 = r * (N / 2) / rows;
        int k1 = (r + 1) * (N / 2) / rows;
        double sum = 0;

        if (k1 <= k0) k1 = k0 + 1;
        for (int k = k0; k < k1; k++)
            sum += power[k];
        out[(size_t)r * (size_t)columns + (size_t)c] = (float)(sum / (k1 - k0) / n);
    }
}

mw_status mw_preview_spectra(float *a, float *b, int columns, int rows, const float *x, size_t n_x,
                             const float *y, size_t n_y, int rate_hz, double start_s, double end_s,
                             mw_error *err)
{
    const double hop = end_s * rate_hz / columns; /* samples per column */
    const int64_t lead = llround(start_s * rate_hz);
    const int n = hop < N / 2                   ? 1
                  : hop > MAX_WINDOWS * (N / 2) ? MAX_WINDOWS
                                                : (int)(hop / (N / 2));
    transform *t = mw_calloc(1, sizeof *t);

    if (!t) return mw_fail_nomem(err);
    prepare(t);
    for (int c = 0; c < columns; c++) {
        double px[N / 2] = { 0 }, py[N / 2] = { 0 };

        for (int j = 0; j < n; j++) {
            const int64_t start = (int64_t)((c + (j + 0.5) / n) * hop) - N / 2 - lead;

            for (int k = 0; k < N; k++)
                t->z[k] = (complex_f64){ t->window[k] * sample(x, n_x, start + k),
                                         t->window[k] * sample(y, n_y, start + k) };
            run(t);
            add_powers(t, px, py);
        }
        store_column(a, columns, rows, c, px, n);
        store_column(b, columns, rows, c, py, n);
    }
    mw_free(t);
    return MW_OK;
}
