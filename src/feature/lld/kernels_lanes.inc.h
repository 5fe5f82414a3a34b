/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of kernels.h, compiled once per CPU level with its MW_VL. g walks the groups of
 * lanes that one vector holds.
 */

#define EACH_F(g) for (size_t g = 0; g < MW_LANES; g += MW_VL)
#define EACH_D(g) for (size_t g = 0; g < MW_LANES; g += MW_VD)
#define ROW(p, k) ((p) + (size_t)(k)*MW_LANES)

static void k_frames(const lld_branch *b, const float *x, size_t n_valid, float *re, float *im)
{
    memset(re, 0, b->nfft / 2 * MW_LANES * sizeof *re);
    memset(im, 0, b->nfft / 2 * MW_LANES * sizeof *im);
    for (size_t i = 0; i < b->size; i++) {
        const size_t j = b->left + i;
        float *to = ROW(j & 1 ? im : re, j / 2);
        const float w = b->window[i], *from = x + i;

        if (n_valid == MW_LANES)
            for (size_t l = 0; l < MW_LANES; l++)
                to[l] = from[l * b->step] * w;
        else
            for (size_t l = 0; l < n_valid; l++)
                to[l] = from[l * b->step] * w;
    }
}

/* Power of MW_VD lanes: squared in single, then widened. */
static inline mw_vd power(const float *mag)
{
    mw_vh m;

    memcpy(&m, mag, sizeof m);
    m = m * m;
    return __builtin_convertvector(m, mw_vd);
}

static void k_energy(const float *re, const float *im, size_t rows, double *sum)
{
    EACH_D(g)
    {
        mw_vd e = vd_set(0);

        for (size_t k = 0; k < rows; k++) {
            e += power(ROW(re, k) + g);
            e += power(ROW(im, k) + g);
        }
        vd_store(sum + g, e);
    }
}

static void k_magnitude(const float *re, const float *im, size_t bins, float *mag)
{
    for (size_t k = 0; k < bins * MW_LANES; k += MW_VL) {
        const mw_vf r = vf_load(re + k), i = vf_load(im + k);
        mw_vf p = r * r + i * i;

        for (int l = 0; l < MW_VL; l++)
            p[l] = sqrtf(p[l]);
        vf_store(mag + k, p);
    }
}

static void k_power(const float *mag, size_t bins, float *out)
{
    for (size_t k = 0; k < bins * MW_LANES; k += MW_VL) {
        const mw_vf m = vf_load(mag + k);

        vf_store(out + k, m * m);
    }
}

static void k_absolute(float *x, size_t rows)
{
    for (size_t k = 0; k < rows * MW_LANES; k += MW_VL)
        vf_store(x + k, (mw_vf)((mw_vfi)vf_load(x + k) & INT32_MAX));
}

/* To single and back: what a value becomes when the reference hands it on. */
static inline mw_vd round_single(mw_vd v)
{
    return __builtin_convertvector(__builtin_convertvector(v, mw_vh), mw_vd);
}

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

/* E4.1: LLD_IDFT_BLOCK outputs at a time; for each k the real product, then the imaginary one. */
static void band_limited_idft(const lld_tables *t, const lld_scratch *s, size_t g)
{
    const float half = (float)(t->b20.nfft / 2);
    const mw_vf dc = vf_load(s->re20 + g);

    for (size_t i0 = 0; i0 < t->idft_n; i0 += LLD_IDFT_BLOCK) {
        const float *cs = t->idft + i0 * t->idft_k * 2;
        mw_vf acc[LLD_IDFT_BLOCK];

        for (int i = 0; i < LLD_IDFT_BLOCK; i++)
            acc[i] = dc;
        for (size_t k = 1; k <= t->idft_k; k++, cs += LLD_IDFT_BLOCK * 2) {
            const mw_vf re = vf_load(ROW(s->re20, k) + g), im = vf_load(ROW(s->im20, k) + g);

            for (int i = 0; i < LLD_IDFT_BLOCK; i++) {
                acc[i] = acc[i] + re * cs[2 * i];
                acc[i] = acc[i] + im * cs[2 * i + 1];
            }
        }
        for (size_t i = 0; i < LLD_IDFT_BLOCK && i0 + i < t->idft_n; i++)
            vf_store(ROW(s->idft, i0 + i) + g, acc[i] / half);
    }
}

static void autocorrelation(const float *y, size_t n, mw_vf r[LLD_LPC + 1])
{
    for (int m = 0; m <= LLD_LPC; m++)
        r[m] = vf_set(0);
    for (size_t i = 0; i < n; i++) {
        const mw_vf v = vf_load(ROW(y, i));

        if (i >= LLD_LPC)
            for (size_t m = 0; m <= LLD_LPC; m++)
                r[m] = r[m] + v * vf_load(ROW(y, i - m));
        else
            for (size_t m = 0; m <= i; m++)
                r[m] = r[m] + v * vf_load(ROW(y, i - m));
    }
}

/* E4.2. Lanes whose error power reaches 0 keep their remaining coefficients at 0. */
static void levinson(const mw_vf r[LLD_LPC + 1], mw_vf a[LLD_LPC])
{
    mw_vfi live = r[0] != 0.0f;
    mw_vf e = vf_pick(live, r[0], vf_set(1));

    for (int m = 0; m < LLD_LPC; m++)
        a[m] = vf_set(0);
    for (int m = 1; m <= LLD_LPC; m++) {
        mw_vf s = r[m], old[LLD_LPC], k;

        for (int i = 1; i < m; i++)
            s = s + a[i - 1] * r[m - i];
        k = (-1.0f / e) * s;
        memcpy(old, a, sizeof old);
        a[m - 1] = vf_pick(live, k, a[m - 1]);
        for (int i = 1; i < m; i++)
            a[i - 1] = vf_pick(live, old[i - 1] + k * old[m - 1 - i], a[i - 1]);
        e = vf_pick(live, e * (1.0f - k * k), e);
        live &= e != 0.0f;
        e = vf_pick(live, e, vf_set(1));
    }
}

static void k_lpc(const lld_tables *t, lld_scratch *s)
{
    EACH_F(g)
    {
        mw_vf r[LLD_LPC + 1], a[LLD_LPC];

        band_limited_idft(t, s, g);
        autocorrelation(s->idft + g, t->idft_n, r);
        levinson(r, a);
        for (int m = 0; m < LLD_LPC; m++)
            vf_store(ROW(s->lpc, m) + g, a[m]);
    }
}

typedef struct cd {
    mw_vd r, i;
} cd;

static inline cd c_mul(cd a, cd b)
{
    return (cd){ a.r * b.r - a.i * b.i, a.r * b.i + a.i * b.r };
}

/* 1 / a; 0 where a is 0 */
static inline cd c_inverse(cd a)
{
    const mw_vd n = a.r * a.r + a.i * a.i;
    const mw_vdi some = n > 0.0;
    const mw_vd q = vd_pick(some, 1.0 / vd_pick(some, n, vd_set(1)), vd_set(0));

    return (cd){ a.r * q, -(a.i * q) };
}

/* Correction of root j by Aberth's method: Newton's step against the other roots' repulsion. */
static inline cd aberth_step(const mw_vd *a, const cd *z, int n, int j)
{
    cd p = { vd_set(1), vd_set(0) }, d = { vd_set(0), vd_set(0) }, push = d, q;

    for (int i = 0; i < n; i++) {
        const cd dz = c_mul(d, z[j]), pz = c_mul(p, z[j]);

        d = (cd){ dz.r + p.r, dz.i + p.i };
        p = (cd){ pz.r - a[i], pz.i };
    }
    for (int k = 0; k < n; k++) {
        cd v;

        if (k == j) continue;
        v = c_inverse((cd){ z[j].r - z[k].r, z[j].i - z[k].i });
        push.r += v.r, push.i += v.i;
    }
    /* p / (d - p push) */
    q = c_mul(p, push);
    return c_mul(p, c_inverse((cd){ d.r - q.r, d.i - q.i }));
}

static int any_lane(mw_vdi mask)
{
    int64_t r = 0;

    for (int l = 0; l < MW_VD; l++)
        r |= mask[l];
    return r != 0;
}

static void roots_group(const lld_tables *t, lld_scratch *s, size_t g, int n)
{
    mw_vd a[LLD_LPC];
    cd z[LLD_LPC];
    mw_vdi live;

    for (int i = 0; i < n; i++) {
        a[i] = vd_load_f(ROW(s->lpc, i) + g);
        z[i] = (cd){ vd_set(t->start_re[n][i]), vd_set(t->start_im[n][i]) };
    }
    live = a[n - 1] != 0.0;
    for (int sweep = 0; sweep < 60 && any_lane(live); sweep++) {
        mw_vdi moved = live & 0;

        for (int j = 0; j < n; j++) {
            const cd step = aberth_step(a, z, n, j);
            const mw_vd size = step.r * step.r + step.i * step.i;

            z[j].r = vd_pick(live, z[j].r - step.r, z[j].r);
            z[j].i = vd_pick(live, z[j].i - step.i, z[j].i);
            /* convergence is cubic: a step of 1e-9 leaves rounding only */
            moved |= size > 1e-18 * (z[j].r * z[j].r + z[j].i * z[j].i);
        }
        live &= moved;
    }
    for (int i = 0; i < n; i++) {
        vd_store(ROW(s->root_re, i) + g, z[i].r);
        vd_store(ROW(s->root_im, i) + g, z[i].i);
    }
}

static void k_roots(const lld_tables *t, lld_scratch *s, int degree)
{
    EACH_D(g)
    {
        roots_group(t, s, g, degree);
    }
}

/* C5.1: keep two bins on each side of every peak, all before the first and after the last. */
static void enhance(const lld_scratch *s, size_t n, size_t g)
{
    const float *mag = s->mag60 + g;
    const mw_vfi none = (mw_vfi)vf_set(0);
    mw_vfi seen = none, count = none, ahead[3] = { none, none, none }, near_r = none, far_r = none;
    mw_vf left = vf_load(mag), mid = left;

    /* forward: flags = 1 at a peak, 2 where some peak lies before the bin */
    for (size_t k = 0; k < n; k++) {
        const mw_vf right = k + 1 < n ? vf_load(ROW(mag, k + 1)) : mid;
        const mw_vfi peak = k == 0      ? mid > right
                            : k + 1 < n ? (mid > left) & (mid >= right)
                                        : mid > left;
        const mw_vfi flags = (peak & 1) | (seen & 2);

        memcpy(ROW(s->flags, k) + g, &flags, sizeof flags);
        seen |= peak;
        count -= peak;
        left = mid, mid = right;
    }
    /* backward: ahead[i] is the peak mask of bin k + 1 + i */
    for (size_t k = n; k-- > 0;) {
        mw_vfi here, at, near_l = none, drop;

        memcpy(&here, ROW(s->flags, k) + g, sizeof here);
        at = -(here & 1);
        for (size_t o = 1; o <= 2 && o <= k; o++) {
            mw_vfi f;

            memcpy(&f, ROW(s->flags, k - o) + g, sizeof f);
            near_l |= -(f & 1);
        }
        near_r = ahead[0] | ahead[1];
        far_r |= ahead[2];
        drop = ((here & 2) != 0) & far_r & ~(at | near_l | near_r);
        if (k >= 3) drop |= count == 1;
        vf_store(ROW(s->enhanced, k) + g, vf_pick(drop, vf_set(0), vf_load(ROW(mag, k))));
        ahead[2] = ahead[1], ahead[1] = ahead[0], ahead[0] = at;
    }
}

/* C5.2 and the second derivatives of the natural spline, all lanes at once: the recursions are
 * chains, several run in parallel. */
static void spline(const lld_tables *t, const lld_scratch *s)
{
    const size_t n = t->b60.bins;
    double *y = s->y, *m = s->m;

    EACH_D(g)
    {
        mw_vd left = vd_set(0), mid = vd_load_f(s->enhanced + g);

        for (size_t k = 0; k + 1 < n; k++) {
            const mw_vd right = vd_load_f(ROW(s->enhanced, k + 1) + g);

            vd_store(ROW(y, k) + g, (left + 2.0 * mid + right) / 4.0);
            left = mid, mid = right;
        }
        vd_store(ROW(y, n - 1) + g, mid);
        vd_store(m + g, vd_set(0));
        vd_store(ROW(m, n - 1) + g, vd_set(0));
    }
    for (size_t k = 1; k + 1 < n; k++)
        EACH_D(g)
        {
            const mw_vd y0 = vd_load(ROW(y, k - 1) + g), y1 = vd_load(ROW(y, k) + g),
                        y2 = vd_load(ROW(y, k + 1) + g);
            const mw_vd bend = (y2 - y1) * t->spline_ih[k] - (y1 - y0) * t->spline_ih[k - 1];

            vd_store(ROW(m, k) + g,
                     bend * t->spline_inv[k] - t->spline_a[k] * vd_load(ROW(m, k - 1) + g));
        }
    for (size_t k = n - 2; k > 0; k--)
        EACH_D(g)
        {
            vd_store(ROW(m, k) + g,
                     vd_load(ROW(m, k) + g) - t->spline_c[k] * vd_load(ROW(m, k + 1) + g));
        }
}

static void log_spectrum(const lld_tables *t, const lld_scratch *s)
{
    for (size_t i = 0; i < t->b60.bins; i++) {
        const size_t j = t->shs_interval[i];
        const double *c = t->shs_coef + 4 * i;

        EACH_D(g)
        {
            const double *y = ROW(s->y, j) + g, *m = ROW(s->m, j) + g;
            const mw_vd v = round_single(c[0] * vd_load(y) + c[1] * vd_load(y + MW_LANES) +
                                         c[2] * vd_load(m) + c[3] * vd_load(m + MW_LANES));

            vd_store_f(ROW(s->log_spec, i) + g, vd_pick(v > 0.0, v * t->shs_weight[i], vd_set(0)));
        }
    }
}

static void k_shs(const lld_tables *t, lld_scratch *s)
{
    const size_t n = t->b60.bins;

    EACH_F(g)
    {
        enhance(s, n, g);
    }
    spline(t, s);
    log_spectrum(t, s);
    for (size_t i = 0; i < n; i++)
        EACH_F(g)
        {
            mw_vf sum = vf_load(ROW(s->log_spec, i) + g);

            for (int h = 2; h <= LLD_HARMONICS && i + t->shs_shift[h] < n; h++)
                sum = sum + vf_load(ROW(s->log_spec, i + t->shs_shift[h]) + g) * t->shs_scale[h];
            sum = sum / (float)LLD_HARMONICS;
            vf_store(ROW(s->shs, i) + g, vf_pick(sum < 0.0f, vf_set(0), sum));
        }
    EACH_D(g)
    {
        mw_vd sum = vd_set(0);

        for (size_t i = 0; i < n; i++)
            sum += vd_load_f(ROW(s->shs, i) + g);
        vd_store(s->shs_mean + g, sum / (double)n);
    }
}

/* Lanes are lags here: p0 .. p0 + MW_VD - 1, twice for more independent sums. Sums over i < p;
 * the last steps reach only the longer lags. */
#define XB 2

static inline mw_vd reach(mw_vd p, size_t i, mw_vd v)
{
    return vd_pick(p > (double)i, v, vd_set(0));
}

static void lag_block(const double *g, size_t p0, const double *prefix, mw_vd out[XB])
{
    const size_t p1 = p0 + XB * MW_VD - 1;
    mw_vd p[XB], mean_a[XB], mean_c[XB], ac[XB], aa[XB], cc[XB];

    for (int b = 0; b < XB; b++) {
        p[b] = vd_count() + (double)(p0 + (size_t)b * MW_VD);
        mean_a[b] = vd_load(prefix + p0 + b * MW_VD) / p[b];
        mean_c[b] = ac[b] = aa[b] = cc[b] = vd_set(0);
    }
    for (size_t i = 0; i < p0; i++)
        for (int b = 0; b < XB; b++)
            mean_c[b] += vd_load(g + p0 + b * MW_VD + i);
    for (size_t i = p0; i < p1; i++)
        for (int b = 0; b < XB; b++)
            mean_c[b] += reach(p[b], i, vd_load(g + p0 + b * MW_VD + i));
    for (int b = 0; b < XB; b++)
        mean_c[b] /= p[b];
    for (size_t i = 0; i < p0; i++)
        for (int b = 0; b < XB; b++) {
            const mw_vd a = g[i] - mean_a[b], c = vd_load(g + p0 + b * MW_VD + i) - mean_c[b];

            ac[b] += a * c, aa[b] += a * a, cc[b] += c * c;
        }
    for (size_t i = p0; i < p1; i++)
        for (int b = 0; b < XB; b++) {
            const mw_vd a = reach(p[b], i, g[i] - mean_a[b]);
            const mw_vd c = reach(p[b], i, vd_load(g + p0 + b * MW_VD + i) - mean_c[b]);

            ac[b] += a * c, aa[b] += a * a, cc[b] += c * c;
        }
    for (int b = 0; b < XB; b++)
        out[b] = ac[b] / (vd_sqrt(aa[b]) * vd_sqrt(cc[b]));
}

static void k_xcorr(const double *g, size_t lo, size_t hi, double *prefix, double *cc)
{
    double sum = 0;

    for (size_t i = 0; i < hi + XB * MW_VD; i++) {
        prefix[i] = sum;
        sum += g[i];
    }
    for (size_t p = lo; p <= hi; p += XB * MW_VD) {
        mw_vd r[XB];

        lag_block(g, p, prefix, r);
        for (size_t l = 0; l < XB * MW_VD && p + l <= hi; l++)
            cc[p + l - lo] = r[l / MW_VD][l % MW_VD];
    }
}

#define KERNEL_TABLE                                                                               \
    {                                                                                              \
        .frames = k_frames, .energy = k_energy, .power = k_power, .absolute = k_absolute,          \
        .magnitude = k_magnitude, .mel = k_mel, .rasta = k_rasta, .shape = k_shape,                \
        .spectral = k_spectral, .lpc = k_lpc, .roots = k_roots, .shs = k_shs, .xcorr = k_xcorr     \
    }
