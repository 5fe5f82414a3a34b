/* SPDX-License-Identifier: Apache-2.0
 *
 * Subharmonic summation (C5) and the correlation of periods (C7).
 * Part of kernels_lanes.inc.h.
 */

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

/* The LLD_PEAKS largest strict local maxima; among equals the lower place comes first. */
static void find_peaks(const lld_scratch *s, size_t n, size_t g)
{
    mw_vf best[LLD_PEAKS], left = vf_load(s->shs + g), mid = vf_load(ROW(s->shs, 1) + g);
    mw_vfi at[LLD_PEAKS];

    for (int j = 0; j < LLD_PEAKS; j++)
        best[j] = vf_set(0), at[j] = (mw_vfi)vf_set(0);
    for (size_t i = 1; i + 1 < n; i++) {
        const mw_vf right = vf_load(ROW(s->shs, i + 1) + g);
        mw_vf v = vf_pick((mid > left) & (mid > right), mid, vf_set(0));
        mw_vfi place = (mw_vfi){ 0 } + (int32_t)i, down = { 0 };

        for (int j = 0; j < LLD_PEAKS; j++) {
            const mw_vf old = best[j];
            const mw_vfi old_at = at[j];

            down |= v > old;
            best[j] = vf_pick(down, v, old);
            at[j] = (place & down) | (old_at & ~down);
            v = vf_pick(down, old, v);
            place = (old_at & down) | (place & ~down);
        }
        left = mid, mid = right;
    }
    for (int j = 0; j < LLD_PEAKS; j++) {
        vf_store(ROW(s->peak, j) + g, best[j]);
        memcpy(ROW(s->peak_at, j) + g, &at[j], sizeof at[j]);
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
    EACH_F(g)
    {
        find_peaks(s, n, g);
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
