/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of resample_poly.h, compiled once per CPU level with its MW_VL. Lanes are taps in the
 * one, columns in the other.
 */

/* 1 / (k!)^2: I0(v) = sum of (v^2 / 4)^k / (k!)^2 */
static const double bessel[] = {
    1.0,
    1.0,
    1.0 / 4,
    1.0 / 36,
    1.0 / 576,
    1.0 / 14400,
    1.0 / 518400,
    1.0 / 25401600,
    1.0 / 1625702400.0,
    1.0 / 131681894400.0,
    1.0 / (3628800.0 * 3628800.0),
    1.0 / (39916800.0 * 39916800.0),
    1.0 / (479001600.0 * 479001600.0),
    1.0 / (6227020800.0 * 6227020800.0),
    1.0 / (87178291200.0 * 87178291200.0),
    1.0 / (1307674368000.0 * 1307674368000.0),
    1.0 / (20922789888000.0 * 20922789888000.0),
    1.0 / (355687428096000.0 * 355687428096000.0),
    1.0 / (6402373705728000.0 * 6402373705728000.0),
    1.0 / (121645100408832000.0 * 121645100408832000.0),
    1.0 / (2432902008176640000.0 * 2432902008176640000.0),
};

/* sin(pi u) for u >= 0: whole turns are taken off exactly, then a series on [-pi/2, pi/2]. */
static inline mw_vd sin_pi(mw_vd u)
{
    const mw_vd magic = vd_set(0x1.8p52), t = u + magic, r = (u - (t - magic)) * MW_PI, z = r * r;
    const mw_vdi odd = ((mw_vdi)t & 1) << 63;
    mw_vd p = vd_set(-1.0 / 25852016738884976640000.0);

    p = p * z + 1.0 / 51090942171709440000.0;
    p = p * z - 1.0 / 121645100408832000.0;
    p = p * z + 1.0 / 355687428096000.0;
    p = p * z - 1.0 / 1307674368000.0;
    p = p * z + 1.0 / 6227020800.0;
    p = p * z - 1.0 / 39916800.0;
    p = p * z + 1.0 / 362880.0;
    p = p * z - 1.0 / 5040.0;
    p = p * z + 1.0 / 120.0;
    p = p * z - 1.0 / 6.0;
    p = r + r * z * p;
    return (mw_vd)((mw_vdi)p ^ odd);
}

static void k_taps(double *h, size_t n, size_t rate)
{
    const double r = (double)rate, length = 10.0 * r;

    for (size_t i = 0; i < n; i += MW_VD) {
        const mw_vd t = vd_count() + (double)i, u = t / r, w = t / length;
        const mw_vd q = vd_max(6.25 * (1.0 - w * w), vd_set(0));
        mw_vd b = vd_set(bessel[sizeof bessel / sizeof *bessel - 1]), v;

        for (int k = (int)(sizeof bessel / sizeof *bessel) - 2; k >= 0; k--)
            b = b * q + bessel[k];
        v = vd_pick(t > 0.0, sin_pi(u) / (vd_pick(t > 0.0, u, vd_set(1)) * MW_PI), vd_set(1)) * b;
        for (size_t l = 0; l < MW_VD && i + l < n; l++)
            h[i + l] = v[l];
    }
}

/* Output rows summed side by side: their windows of input rows overlap, so each load serves all. */
#define OUTS MW_POLY_OUTS

/* Add input rows from .. to - 1 to nb vectors of output j. */
static inline void add_rows(mw_vf *acc, const mw_poly_rows *r, int j, size_t from, size_t to,
                            size_t c, int nb)
{
    for (size_t k = from; k < to; k++)
        for (int b = 0; b < nb; b++)
            acc[b] = acc[b] +
                     vf_load(r->x + k * r->columns + c + b * MW_VL) * r->tap[j][k - r->first[j]];
}

/* nb vectors of columns from c on: rows before the common window, the window, rows after it. */
static inline void add_block(const mw_poly_rows *r, size_t c, int nb)
{
    const size_t from = r->first[OUTS - 1], to = r->first[0] + r->n[0];
    mw_vf acc[OUTS][2];

    for (int j = 0; j < OUTS; j++) {
        for (int b = 0; b < nb; b++)
            acc[j][b] = vf_set(0);
        add_rows(acc[j], r, j, r->first[j], from, c, nb);
    }
    for (size_t k = from; k < to; k++) {
        mw_vf v[2];

        for (int b = 0; b < nb; b++)
            v[b] = vf_load(r->x + k * r->columns + c + b * MW_VL);
        for (int j = 0; j < OUTS; j++)
            for (int b = 0; b < nb; b++)
                acc[j][b] = acc[j][b] + v[b] * r->tap[j][k - r->first[j]];
    }
    for (int j = 0; j < OUTS; j++) {
        add_rows(acc[j], r, j, to, r->first[j] + r->n[j], c, nb);
        for (int b = 0; b < nb; b++)
            vf_store(r->y + (size_t)j * r->columns + c + b * MW_VL, acc[j][b]);
    }
}

static void one_column(const mw_poly_rows *r, int j, size_t c)
{
    float acc = 0;

    for (size_t i = 0; i < r->n[j]; i++)
        acc = acc + r->x[(r->first[j] + i) * r->columns + c] * r->tap[j][i];
    r->y[(size_t)j * r->columns + c] = acc;
}

static void k_rows(const mw_poly_rows *r)
{
    const size_t n = r->columns;
    size_t c = 0;

    if (n >= MW_VL && r->first[OUTS - 1] < r->first[0] + r->n[0]) {
        for (; c + 2 * MW_VL <= n; c += 2 * MW_VL)
            add_block(r, c, 2);
        for (; c + MW_VL <= n; c += MW_VL)
            add_block(r, c, 1);
        /* the last columns once more, with some of those before */
        if (c < n) add_block(r, n - MW_VL, 1);
        c = n;
    }
    for (; c < n; c++)
        for (int j = 0; j < OUTS; j++)
            one_column(r, j, c);
}

#define POLY_KERNELS                                                                               \
    {                                                                                              \
        .taps = k_taps, .rows = k_rows                                                             \
    }
