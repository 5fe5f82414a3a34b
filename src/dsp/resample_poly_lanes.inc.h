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

#define BLOCK 4 /* vectors of columns summed side by side */

static void k_row(float *y, const float *x, const float *tap, size_t n_taps, size_t columns)
{
    size_t c = 0;

    for (; c + BLOCK * MW_VL <= columns; c += BLOCK * MW_VL) {
        mw_vf acc[BLOCK];

        for (int b = 0; b < BLOCK; b++)
            acc[b] = vf_set(0);
        for (size_t i = 0; i < n_taps; i++)
            for (int b = 0; b < BLOCK; b++)
                acc[b] = acc[b] + vf_load(x + i * columns + c + b * MW_VL) * tap[i];
        for (int b = 0; b < BLOCK; b++)
            vf_store(y + c + b * MW_VL, acc[b]);
    }
    for (; c + MW_VL <= columns; c += MW_VL) {
        mw_vf acc = vf_set(0);

        for (size_t i = 0; i < n_taps; i++)
            acc = acc + vf_load(x + i * columns + c) * tap[i];
        vf_store(y + c, acc);
    }
    for (; c < columns; c++) {
        float acc = 0;

        for (size_t i = 0; i < n_taps; i++)
            acc = acc + x[i * columns + c] * tap[i];
        y[c] = acc;
    }
}

#define POLY_KERNELS                                                                               \
    {                                                                                              \
        .taps = k_taps, .row = k_row                                                               \
    }
