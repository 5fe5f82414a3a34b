/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/lld/tables.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/fmath.h"

#define MEL_LO_HZ 20.0
#define MEL_HI_HZ 8000.0
#define SHS_LO_HZ 25.0

static size_t round_half_up(double v)
{
    return (size_t)floor(v + 0.5);
}

static double log2_by_ln(double v)
{
    return mw_log(v) / MW_LN2;
}

size_t lld_frame_count(const lld_branch *b, size_t n)
{
    return n < b->size ? 0 : (n - b->size) / b->step + 1;
}

static int branch_fill(lld_branch *b, unsigned rate_hz, double size_s)
{
    const double period = 1.0 / rate_hz;

    b->size = round_half_up(size_s / period);
    b->step = round_half_up(0.010 / period);
    for (b->nfft = 4; b->nfft < b->size;)
        b->nfft *= 2;
    b->bins = b->nfft / 2 + 1;
    b->left = (b->nfft - b->size) / 2;
    b->fft_s = b->nfft == b->size ? size_s : size_s * ((double)b->nfft / (double)b->size);
    b->df = 1.0 / b->fft_s;
    b->window = mw_calloc_aligned(b->size, sizeof(float));
    b->freq = mw_calloc(b->bins, sizeof(double));
    b->fft = mw_fft32_create(b->nfft);
    if (!b->window || !b->freq || !b->fft) return -1;
    for (size_t k = 0; k < b->bins; k++)
        b->freq[k] = b->df * (double)k;
    return 0;
}

static void windows_fill(lld_tables *t)
{
    const double half = ((double)t->b60.size - 1.0) / 2.0;

    for (size_t i = 0; i < t->b20.size; i++)
        t->b20.window[i] =
            (float)(0.54 - 0.46 * mw_cos(2.0 * MW_PI * (double)i / ((double)t->b20.size - 1.0)));
    for (size_t i = 0; i < t->b60.size; i++) {
        const double u = ((double)i - half) / (0.4 * half);

        t->b60.window[i] = (float)mw_exp(-0.5 * u * u);
    }
}

static double mel(double hz)
{
    return 1127.0 * mw_log(1.0 + hz / 700.0);
}

/* lld-compare.md 5; the seventh power is what the reference computes. */
static double equal_loudness(double hz)
{
    const double w = 2.0 * MW_PI * hz, w2 = w * w, a = w2 + 6.3e6;

    return 1e32 * (w2 + 56.8e6) * w2 * w2 / (a * a * (w2 + 0.38e9) * (w2 * w2 * w2 * w + 1.7e31));
}

static int mel_fill(lld_tables *t)
{
    const lld_branch *b = &t->b20;
    const float b0 = (float)(1.0 / b->fft_s);
    const double nyquist = (double)(float)((double)b->nfft / b->fft_s) / 2;
    const double hi = MEL_HI_HZ > nyquist ? nyquist : MEL_HI_HZ;
    const float lo_m = (float)mel(MEL_LO_HZ), hi_m = (float)mel(hi);
    const float width = (hi_m - lo_m) / (float)(LLD_BANDS + 1);
    float centre[LLD_BANDS + 2];

    t->mel_band = mw_calloc(b->bins, 1);
    t->mel_down = mw_calloc(b->bins, sizeof(double));
    t->mel_up = mw_calloc(b->bins, sizeof(double));
    if (!t->mel_band || !t->mel_down || !t->mel_up) return -1;
    for (int j = 0; j < LLD_BANDS + 2; j++)
        centre[j] = lo_m + (float)j * width;
    t->mel_lo = round_half_up((double)((float)MEL_LO_HZ / b0)) + 1;
    t->mel_hi = round_half_up((double)((float)hi / b0));
    if (t->mel_hi > b->bins) t->mel_hi = b->bins;
    for (size_t n = t->mel_lo; n < t->mel_hi; n++) {
        const float m = (float)mel((double)((float)n * b0));
        int j = 1;

        while (j < LLD_BANDS + 1 && centre[j] < m)
            j++;
        t->mel_band[n] = (unsigned char)j;
        t->mel_down[n] = (double)((centre[j] - m) / (centre[j] - centre[j - 1]));
        t->mel_up[n] = 1.0 - t->mel_down[n];
    }
    for (int i = 0; i < LLD_BANDS; i++) {
        const double hz = 700.0 * (mw_exp((double)centre[i + 1] / 1127.0) - 1.0);

        t->eql[i] = (float)equal_loudness(hz);
        t->log_eql[i] = mw_log(equal_loudness(hz));
    }
    return 0;
}

static void dct_fill(lld_tables *t)
{
    for (int i = 1; i <= LLD_MFCC; i++) {
        const double lifter = 1.0 + 11.0 * mw_sin(MW_PI * i / 22.0);

        for (int b = 0; b < LLD_BANDS; b++)
            t->dct[i - 1][b] =
                mw_cos(MW_PI * i / LLD_BANDS * (b + 0.5)) * sqrt(2.0 / LLD_BANDS) * lifter;
    }
}

/* Constants held in single, as the reference does; the 10 ms are nominal at every rate. */
static void rasta_fill(lld_tables *t)
{
    const double om = (double)(float)mw_cos(2.0 * MW_PI * 29.0 * 0.010);
    const double norm = (double)(float)sqrt(10.0 * (32.0 * om * om + 8.0));

    t->rasta_pole = (double)(float)(1.0 - mw_sin(2.0 * MW_PI * 1.0 * 0.010));
    t->rasta_b0 = 2.0 / norm;
    t->rasta_b1 = -4.0 * om / norm;
}

/* E2.4 edges: bins of [lo, hi] Hz, the outer two weighted by the part of the spacing inside. */
static lld_band band_edges(const lld_branch *b, double lo, double hi)
{
    const double *f = b->freq;
    const size_t n = b->bins;
    lld_band r = { 0 };
    size_t l = 0, e = 0;

    while (l < n && !(f[l] > lo))
        l++;
    r.w_lo = l > 0 && l < n ? (f[l] - lo) / (f[l] - f[l - 1]) : 1.0;
    r.lo = l > 0 ? l - 1 : 0;
    while (e < n && !(f[e] >= hi))
        e++;
    r.w_hi = e > 0 && e < n ? (hi - f[e - 1]) / (f[e] - f[e - 1]) : 1.0;
    r.hi = e < n && f[e] == hi ? e : e - 1;
    if (r.hi > n - 1) r.hi = n - 1;
    if (r.w_lo == 0.0) r.w_lo = 1.0;
    if (r.w_hi == 0.0) r.w_hi = 1.0;
    return r;
}

static int slope_fill(lld_slope *s, const lld_branch *b, double lo, double hi)
{
    double sum_f2 = 0;
    size_t n;

    s->band = band_edges(b, lo, hi);
    n = s->band.hi - s->band.lo + 1;
    s->f = mw_calloc(n, sizeof(double));
    if (!s->f) return -1;
    for (size_t i = 0; i < n; i++) {
        const double w = i == 0 ? s->band.w_lo : i == n - 1 ? s->band.w_hi : 1.0;

        s->f[i] = w * b->freq[s->band.lo + i];
        s->sum_f += s->f[i];
        sum_f2 += s->f[i] * s->f[i];
    }
    s->n = (double)(n - 1); /* one short, as in the reference */
    s->denominator = s->n * sum_f2 - s->sum_f * s->sum_f;
    return 0;
}

static double bark(double hz)
{
    double z;

    if (hz <= 0) return 0;
    z = 26.81 / (1.0 + 1960.0 / hz) - 0.53;
    return z < 2.0 ? 0.85 * z + 0.3 : z > 20.1 ? 1.22 * z - 0.22 * 20.1 : z;
}

static int spectral_fill(lld_tables *t)
{
    const lld_branch *b = &t->b20;
    const double *f = b->freq;

    t->sharpness = mw_calloc(b->bins, sizeof(double));
    if (!t->sharpness || slope_fill(&t->slope[0], b, 0.0, 500.0) ||
        slope_fill(&t->slope[1], b, 500.0, 1500.0))
        return -1;
    t->fband[0] = band_edges(b, 250.0, 650.0);
    t->fband[1] = band_edges(b, 1000.0, 4000.0);
    for (size_t k = 0; k < b->bins; k++) {
        const double z = bark(f[k]);

        t->sharpness[k] = z > 16.0 ? z * (mw_pow((z - 16.0) / 4.0, 1.5849625) + 1.0) : z;
        t->n_1000 += f[k] < 1000;
        t->n_2000 += f[k] < 2000;
        t->n_5000 += f[k] <= 5000;
        t->n_flux += f[k] < 5000;
        if (k > 0) t->sum_f += f[k], t->sum_f2 += f[k] * f[k];
    }
    return 0;
}

static int idft_fill(lld_tables *t)
{
    const lld_branch *b = &t->b20;
    const double nfft = (double)b->nfft, share = (double)b->size / nfft;
    double nu;
    size_t n_blocks, k_max;

    t->idft_n = round_half_up(nfft * ((double)LLD_RATE_OUT / t->rate_hz) * share);
    nu = b->nfft == b->size ? (double)t->idft_n : nfft * ((double)t->idft_n / (nfft * share));
    k_max = b->nfft < t->idft_n ? b->nfft : t->idft_n;
    t->idft_k = (k_max & ~(size_t)1) / 2 - 1;
    n_blocks = (t->idft_n + LLD_IDFT_BLOCK - 1) / LLD_IDFT_BLOCK;
    t->idft = mw_calloc_aligned(n_blocks * t->idft_k, LLD_IDFT_BLOCK * 2 * sizeof(float));
    if (!t->idft) return -1;
    for (size_t i = 0; i < t->idft_n; i++)
        for (size_t k = 1; k <= t->idft_k; k++) {
            float *p = t->idft + ((i / LLD_IDFT_BLOCK * t->idft_k + k - 1) * LLD_IDFT_BLOCK +
                                  i % LLD_IDFT_BLOCK) *
                                     2;
            double s, c;

            mw_sincos(2 * MW_PI * (double)(k * i) / nu, &s, &c);
            p[0] = (float)c, p[1] = (float)s;
        }
    for (int n = 1; n <= LLD_LPC; n++)
        for (int j = 0; j < n; j++)
            mw_sincos(2 * MW_PI * j / n + 0.35, &t->start_im[n][j], &t->start_re[n][j]);
    return 0;
}

/* Natural cubic spline over the log2 axis of the bins, evaluated on as many equidistant points. */
static int spline_fill(lld_tables *t)
{
    const size_t n = t->b60.bins;
    const double df = 1.0 / (double)(float)t->b60.fft_s, top = df * (double)(n - 1);
    const double lo = log2_by_ln(SHS_LO_HZ), hi = log2_by_ln(top);
    double *u = mw_calloc(n, sizeof(double));
    size_t j = 0;

    t->spline_ih = mw_calloc(n, sizeof(double));
    t->spline_a = mw_calloc(n, sizeof(double));
    t->spline_c = mw_calloc(n, sizeof(double));
    t->spline_inv = mw_calloc(n, sizeof(double));
    t->shs_interval = mw_calloc(n, sizeof *t->shs_interval);
    t->shs_coef = mw_calloc(n, 4 * sizeof(double));
    if (!u || !t->spline_ih || !t->spline_a || !t->spline_c || !t->spline_inv || !t->shs_interval ||
        !t->shs_coef) {
        mw_free(u);
        return -1;
    }
    for (size_t k = 1; k < n; k++)
        u[k] = log2_by_ln(df * (double)k);
    u[0] = 2 * u[1] - u[2];
    for (size_t k = 0; k + 1 < n; k++)
        t->spline_ih[k] = 1.0 / (u[k + 1] - u[k]);
    for (size_t k = 1; k + 1 < n; k++) {
        const double h0 = u[k] - u[k - 1], h1 = u[k + 1] - u[k];
        const double inv = 1.0 / (2 * (h0 + h1) - h0 * t->spline_c[k - 1]);

        t->spline_c[k] = h1 * inv;
        t->spline_a[k] = h0 * inv;
        t->spline_inv[k] = 6.0 * inv;
    }
    for (size_t i = 0; i < n; i++) {
        double at = lo + (double)i * ((hi - lo) / (double)(n - 1)), h, a, b;
        double *c = t->shs_coef + 4 * i;

        if (at > u[n - 1]) at = u[n - 1];
        while (j + 2 < n && u[j + 1] <= at)
            j++;
        h = u[j + 1] - u[j];
        a = (u[j + 1] - at) / h, b = (at - u[j]) / h;
        t->shs_interval[i] = (unsigned short)j;
        c[0] = a, c[1] = b;
        c[2] = (a * a * a - a) * h * h / 6, c[3] = (b * b * b - b) * h * h / 6;
    }
    mw_free(u);
    return 0;
}

static int shs_fill(lld_tables *t)
{
    const size_t n = t->b60.bins;
    const double top = 1.0 / (double)(float)t->b60.fft_s * (double)(n - 1);
    const double lo = log2_by_ln(SHS_LO_HZ), octaves = log2_by_ln(top / SHS_LO_HZ);
    const double per_octave = (double)n / octaves;
    const double offset = per_octave * log2_by_ln(65.0 / 50.0) - 1.0;
    float scale = 0.85f;

    t->shs_weight = mw_calloc(n, sizeof(double));
    if (!t->shs_weight) return -1;
    for (size_t i = 0; i < n; i++)
        t->shs_weight[i] = 0.5 + mw_atan(3.0 * ((double)(i + 1) - offset) / per_octave) / MW_PI;
    for (int h = 2; h <= LLD_HARMONICS; h++) {
        t->shs_shift[h] = (size_t)floor((double)(float)per_octave * log2_by_ln(h));
        t->shs_scale[h] = scale;
        scale *= 0.85f;
    }
    t->shs_lo = (float)lo;
    t->shs_step = ((float)log2_by_ln(top) - t->shs_lo) / (float)(n - 1);
    return 0;
}

mw_status lld_tables_create(lld_tables **out, unsigned rate_hz, mw_error *err)
{
    lld_tables *t;

    *out = NULL;
    if (rate_hz < LLD_RATE_MIN || rate_hz > LLD_RATE_MAX)
        return mw_fail(err, MW_ERR_RANGE, "unsupported",
                       "sample rate %u Hz is outside [%d, %d] for acoustic descriptors", rate_hz,
                       LLD_RATE_MIN, LLD_RATE_MAX);
    t = mw_calloc(1, sizeof *t);
    if (!t) return mw_fail_nomem(err);
    t->rate_hz = rate_hz;
    t->period_s = 1.0 / rate_hz;
    if (branch_fill(&t->b20, rate_hz, 0.020) || branch_fill(&t->b60, rate_hz, 0.060) ||
        mel_fill(t) || spectral_fill(t) || idft_fill(t) || spline_fill(t) || shs_fill(t)) {
        lld_tables_destroy(&t);
        return mw_fail_nomem(err);
    }
    windows_fill(t);
    dct_fill(t);
    rasta_fill(t);
    *out = t;
    return MW_OK;
}

static void branch_clear(lld_branch *b)
{
    mw_free(b->window);
    mw_free(b->freq);
    mw_fft32_destroy(&b->fft);
}

void lld_tables_destroy(lld_tables **tables)
{
    lld_tables *t = *tables;

    if (!t) return;
    branch_clear(&t->b20);
    branch_clear(&t->b60);
    mw_free(t->mel_band);
    mw_free(t->mel_down);
    mw_free(t->mel_up);
    mw_free(t->slope[0].f);
    mw_free(t->slope[1].f);
    mw_free(t->sharpness);
    mw_free(t->idft);
    mw_free(t->spline_ih);
    mw_free(t->spline_a);
    mw_free(t->spline_c);
    mw_free(t->spline_inv);
    mw_free(t->shs_interval);
    mw_free(t->shs_coef);
    mw_free(t->shs_weight);
    mw_free(t);
    *tables = NULL;
}
