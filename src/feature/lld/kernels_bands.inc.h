/* SPDX-License-Identifier: Apache-2.0
 *
 * Mel bands and spectral shape of branch 20 (C8, E2, lld-compare.md 5, 8, 9).
 * Part of kernels_lanes.inc.h.
 */

static void mel_bands(const lld_tables *t, const float *mag, float *mel)
{
    mw_vd sum[LLD_BANDS + 2];

    for (int b = 0; b < LLD_BANDS + 2; b++)
        sum[b] = vd_set(0);
    for (size_t n = t->mel_lo; n < t->mel_hi; n++) {
        const mw_vd p = power(ROW(mag, n));
        const unsigned b = t->mel_band[n];

        sum[b - 1] += t->mel_down[n] * p;
        sum[b] += t->mel_up[n] * p;
    }
    for (int b = 1; b <= LLD_BANDS; b++)
        vd_store_f(ROW(mel, b - 1), sum[b]);
}

static void k_mel(const lld_tables *t, lld_scratch *s)
{
    const double quiet = (double)9.3e-10f, exponent = (double)0.33f;
    const float scale = 32767.0f * 32767.0f;

    EACH_D(g)
    {
        mw_vd loud = vd_set(0), ceps[LLD_MFCC];

        for (int i = 0; i < LLD_MFCC; i++)
            ceps[i] = vd_set(0);
        mel_bands(t, s->mag20 + g, s->mel + g);
        for (int b = 0; b < LLD_BANDS; b++) {
            const mw_vd e = vd_load_f(ROW(s->mel, b) + g), heard = vd_max(e, vd_set(quiet));
            const mw_vd weighted = round_single(heard * (double)t->eql[b]);
            const mw_vd l =
                round_single(vd_log(vd_max(round_single(e * (double)scale), vd_set(1.0))));

            vd_store(ROW(s->log_mel, b) + g, vd_log(heard));
            loud += round_single(vd_exp(exponent * vd_log(weighted)));
            for (int i = 0; i < LLD_MFCC; i++)
                ceps[i] += l * t->dct[i][b];
        }
        vd_store_f(ROW(s->raw, RAW_LOUDNESS) + g, loud / LLD_BANDS);
        for (int i = 0; i < LLD_MFCC; i++)
            vd_store_f(ROW(s->raw, RAW_MFCC + i) + g, ceps[i]);
    }
}

static void k_rasta(const lld_tables *t, lld_scratch *s)
{
    const double exponent = (double)0.33f;

    EACH_D(g)
    {
        mw_vd sum = vd_set(0);

        for (int b = 0; b < LLD_BANDS; b++) {
            const mw_vd r = vd_exp(exponent * (vd_load(ROW(s->log_mel, b) + g) + t->log_eql[b]));

            vd_store_f(ROW(s->raw, RAW_RFILT + b) + g, r);
            sum += r;
        }
        vd_store_f(ROW(s->raw, RAW_RASTA_L1) + g, sum / LLD_BANDS);
    }
}

/* 10 log10 v, v > 0 */
static inline mw_vd decibel(mw_vd v)
{
    return 10.0 * (vd_log(v) / MW_LN10);
}

/* 10 log10(max(a, floor) / b), 0 where b = 0 */
static inline mw_vd ratio_db(mw_vd a, mw_vd b, double quiet)
{
    const mw_vdi some = b > 0.0;

    return vd_pick(some, decibel(vd_max(a, vd_set(quiet)) / vd_pick(some, b, vd_set(1))),
                   vd_set(0));
}

static mw_vd slope_of(const lld_slope *sl, const float *mag, double quiet)
{
    const size_t n = sl->band.hi - sl->band.lo + 1;
    const mw_vd bottom = vd_set(10.0 * mw_log10(quiet));
    mw_vd sum_fg = vd_set(0), sum_g = vd_set(0);

    for (size_t i = 0; i < n; i++) {
        const mw_vd p = power(ROW(mag, sl->band.lo + i));
        const mw_vdi low = p <= quiet;
        const mw_vd db = round_single(vd_pick(low, bottom, decibel(vd_pick(low, vd_set(1), p))));
        const double w = i == 0 ? sl->band.w_lo : i == n - 1 ? sl->band.w_hi : 1.0;

        sum_fg += sl->f[i] * db;
        sum_g += w * db;
    }
    if (sl->denominator == 0.0) return vd_set(0);
    return (sl->n * sum_fg - sl->sum_f * sum_g) / sl->denominator;
}

static void k_shape(const lld_tables *t, lld_scratch *s)
{
    const double quiet = (double)(1e-7f * 1e-7f);

    EACH_D(g)
    {
        const float *mag = s->mag20 + g, *was = s->mag_was + g;
        float *raw = s->raw + g;
        mw_vd s01 = vd_set(0), s15 = s01, m02 = s01, m25 = s01, flux = s01;

        for (size_t k = 0; k < t->n_5000; k++) {
            const mw_vd p = power(ROW(mag, k));

            if (k < t->n_1000)
                s01 += p;
            else
                s15 += p;
            if (k < t->n_2000)
                m02 = vd_max(m02, p);
            else
                m25 = vd_max(m25, p);
        }
        for (size_t k = 0; k < t->n_flux; k++) {
            const mw_vd d = vd_load_f(ROW(mag, k)) - vd_load_f(ROW(was, k));

            flux += d * d;
        }
        vd_store_f(ROW(raw, RAW_ALPHA), ratio_db(s15, s01, quiet));
        vd_store_f(ROW(raw, RAW_HAMMARBERG), ratio_db(m02, m25, quiet));
        vd_store_f(ROW(raw, RAW_SLOPE0), slope_of(&t->slope[0], mag, quiet));
        vd_store_f(ROW(raw, RAW_SLOPE500), slope_of(&t->slope[1], mag, quiet));
        vd_store_f(ROW(raw, RAW_FLUX5), vd_sqrt(flux / (double)t->n_flux));
    }
}

static mw_vd band_energy(const lld_band *b, const float *mag)
{
    mw_vd sum = power(ROW(mag, b->lo)) * b->w_lo;

    for (size_t k = b->lo + 1; k < b->hi; k++)
        sum += power(ROW(mag, k));
    return sum + power(ROW(mag, b->hi)) * b->w_hi;
}

/* First sums over the bins: total, with frequency, sharpness weight, and the change of magnitude.
 */
typedef struct sums {
    mw_vd total, freq, sharp, flux;
} sums;

static sums spectral_sums(const lld_tables *t, const float *mag, const float *was)
{
    sums r = { vd_set(0), vd_set(0), vd_set(0), vd_set(0) };

    for (size_t k = 1; k < t->b20.bins; k++) {
        const mw_vd p = power(ROW(mag, k)), d = vd_load_f(ROW(mag, k)) - vd_load_f(ROW(was, k));

        r.total += p;
        r.freq += t->b20.freq[k] * p;
        r.sharp += t->sharpness[k] * p;
        r.flux += d * d;
    }
    return r;
}

static void roll_off(const lld_tables *t, const float *mag, mw_vd total, float *raw)
{
    static const double share[4] = { 0.25, 0.5, 0.75, 0.9 };
    mw_vd run = vd_set(0), below[4];

    for (int i = 0; i < 4; i++)
        below[i] = vd_set(1);
    for (size_t k = 1; k < t->b20.bins; k++) {
        run += power(ROW(mag, k));
        for (int i = 0; i < 4; i++)
            below[i] += vd_pick(run < share[i] * total, vd_set(1), vd_set(0));
    }
    for (int i = 0; i < 4; i++)
        vd_store_f(ROW(raw, RAW_SPECTRAL + 2 + i), below[i] * t->b20.df);
}

static void moments_entropy(const lld_tables *t, const float *mag, const sums *u, float *raw)
{
    const double e0 = 1e-7;
    const mw_vdi some = u->total != 0.0;
    const mw_vd total = vd_pick(some, u->total, vd_set(1)), zero = vd_set(0);
    const mw_vd centre = vd_pick(some, u->freq / total, zero), c = round_single(centre);
    const mw_vd norm = vd_max(u->total, vd_set((double)1e-7f));
    mw_vd m2 = zero, m3 = zero, m4 = zero, h = zero, var, safe;
    mw_vdi spread;

    for (size_t k = 1; k < t->b20.bins; k++) {
        const mw_vd p = power(ROW(mag, k)), d = t->b20.freq[k] - c, d2 = d * d, d2p = d2 * p;
        const mw_vd q = vd_max(p, vd_set(e0)) / norm;

        m2 += d2p;
        m3 += d2p * d;
        m4 += d2p * d2;
        h += q * vd_log(q);
    }
    var = vd_pick(some, m2 / total, zero);
    spread = var > 0.0;
    safe = vd_pick(spread, var, vd_set(1));
    vd_store_f(ROW(raw, RAW_SPECTRAL + 7), centre);
    vd_store_f(ROW(raw, RAW_SPECTRAL + 8), -h / MW_LN2);
    vd_store_f(ROW(raw, RAW_SPECTRAL + 9), var);
    vd_store_f(ROW(raw, RAW_SPECTRAL + 10),
               vd_pick(spread, m3 / (total * (safe * vd_sqrt(safe))), zero));
    vd_store_f(ROW(raw, RAW_SPECTRAL + 11), vd_pick(spread, m4 / (total * (safe * safe)), zero));
}

static mw_vd harmonicity(const lld_tables *t, const float *mag)
{
    mw_vd sum = vd_set(0), last = sum;
    mw_vdi any = (mw_vdi)sum;

    for (size_t k = 3; k + 2 < t->b20.bins; k++) {
        const mw_vd p = power(ROW(mag, k)), a = power(ROW(mag, k - 2)), b = power(ROW(mag, k - 1)),
                    c = power(ROW(mag, k + 1)), d = power(ROW(mag, k + 2));
        const mw_vdi peak = (p > a) & (p > b) & (p > c) & (p > d);
        const mw_vdi dip = (p < a) & (p < b) & (p < c) & (p < d);
        const mw_vdi here = peak | dip;

        sum += vd_pick(here & any, vd_abs(p - last), vd_set(0));
        last = vd_pick(here, p, last);
        any |= here;
    }
    return sum;
}

static void k_spectral(const lld_tables *t, lld_scratch *s)
{
    const double n = (double)(t->b20.bins - 1);
    const double slope_den = n * t->sum_f2 - t->sum_f * t->sum_f;

    EACH_D(g)
    {
        const float *mag = s->mag20 + g;
        float *raw = s->raw + g;
        const sums u = spectral_sums(t, mag, s->mag_was + g);
        const mw_vdi some = u.total != 0.0;

        vd_store_f(ROW(raw, RAW_SPECTRAL), band_energy(&t->fband[0], mag) / n);
        vd_store_f(ROW(raw, RAW_SPECTRAL + 1), band_energy(&t->fband[1], mag) / n);
        roll_off(t, mag, u.total, raw);
        vd_store_f(ROW(raw, RAW_SPECTRAL + 6), vd_sqrt(u.flux / n));
        moments_entropy(t, mag, &u, raw);
        vd_store_f(ROW(raw, RAW_SPECTRAL + 12),
                   (n * u.freq - t->sum_f * u.total) / slope_den * (n - 1.0));
        vd_store_f(ROW(raw, RAW_SPECTRAL + 13),
                   0.11 * vd_pick(some, u.sharp / vd_pick(some, u.total, vd_set(1)), vd_set(0)));
        vd_store_f(ROW(raw, RAW_SPECTRAL + 14), harmonicity(t, mag) / 2.0 / n);
    }
}
