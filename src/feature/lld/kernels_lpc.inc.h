/* SPDX-License-Identifier: Apache-2.0
 *
 * From the spectrum to the roots of the linear prediction (E4).
 * Part of kernels_lanes.inc.h.
 */

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
