/* SPDX-License-Identifier: Apache-2.0
 *
 * One batch of frames through the kernels, and what is cheap enough to stay scalar.
 */
#include "feature/lld/extractor.h"

#include <math.h>
#include <string.h>

#include "feature/lld/formants.h"

/* Magnitudes of the frame before each lane; the very first frame counts as its own predecessor. */
static void shift_magnitudes(mw_lld *l)
{
    lld_scratch *s = &l->s;

    for (size_t k = 0; k < l->t->b20.bins; k++) {
        const float *mag = s->mag20 + k * MW_LANES;
        float *was = s->mag_was + k * MW_LANES;

        was[0] = l->n_frames ? l->last_mag[k] : mag[0];
        memcpy(was + 1, mag, (MW_LANES - 1) * sizeof *mag);
        l->last_mag[k] = mag[MW_LANES - 1];
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

/* lld-compare.md 7. A sample's crossing does not depend on the frame: find all once, then add those
 * that enter and drop those that leave. crossing: [(n - 1) step + size] scratch. */
static void zero_crossings(const lld_branch *b, const float *x, size_t n, uint8_t *crossing,
                           float *out)
{
    const size_t last = (n - 1) * b->step + b->size - 1;
    size_t count = 0, from = 1, to = 1; /* counted: samples from .. to - 1 */

    for (size_t i = 1; i < last; i++)
        crossing[i] = (uint8_t)((x[i - 1] * x[i] < 0) | ((x[i] == 0) & (x[i - 1] * x[i + 1] <= 0)));
    for (size_t l = 0; l < n; l++) {
        const size_t first = l * b->step + 1, end = l * b->step + b->size - 1;

        for (; to < end; to++)
            count += crossing[to];
        for (; from < first; from++)
            count -= crossing[from];
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
    if (l->compare) zero_crossings(&t->b60, x, n, l->crossing, s->raw + RAW_ZCR * MW_LANES);
    for (size_t i = 0; i < n; i++)
        s->raw[RAW_RMS60 * MW_LANES + i] = (float)sqrt(energy[i] / (double)t->b60.size);
}

/* [n_rows][MW_LANES] -> the first n lanes as rows of ring, [RING][n_rows], from row first on. */
static void to_ring(const float *x, size_t n_rows, size_t n, float *ring, size_t first)
{
    float *row[MW_LANES];

    for (size_t i = 0; i < n; i++)
        row[i] = ring + (first + i) % RING * n_rows;
    for (size_t k = 0; k < n_rows; k++)
        for (size_t i = 0; i < n; i++)
            row[i][k] = x[k * MW_LANES + i];
}

/* Raw values of the next n frames into the ring; spectra of the first n60. */
static void store_batch(mw_lld *l, size_t n, size_t n60)
{
    to_ring(l->s.raw, RAW_COUNT, n, l->raw[0], l->n_frames);
    if (!l->egemaps) return;
    to_ring(l->s.mag60, l->t->b60.bins, n60, l->mag60, l->n_frames60);
    to_ring(l->s.acf60, l->t->b60.bins, n60, l->acf60, l->n_frames60);
}

void lld_raw_frames(mw_lld *l, const float *x, size_t n, size_t n60, lld_peaks *peaks)
{
    branch20(l, x, n);
    if (n60) branch60(l, x, n60);
    store_batch(l, n, n60);
    for (size_t i = 0; i < n60; i++)
        lld_peaks_find(l->t, &l->s, i, &peaks[i]);
}
