/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementary functions whose bits do not depend on the C library or the CPU: plain double
 * operations in a written order. Errors below 2 units in the last place over the stated ranges
 * (Taylor series after an exact reduction). The one copy for base, dsp, img, feature and synth.
 */
#ifndef MW_BASE_FMATH_H
#define MW_BASE_FMATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define MW_PI     3.14159265358979323846
#define MW_LN2_HI 0x1.62e42fee00000p-1
#define MW_LN2_LO 0x1.a39ef35793c76p-33
#define MW_LN2    0x1.62e42fefa39efp-1
#define MW_LN10   0x1.26bb1bbb55516p+1

/* p = 2 atanh(s) / s - 2 as a series in z = s^2, |s| <= 3 - 2 sqrt 2. */
#define MW_ATANH_TAIL(p, z)                                                                        \
    do {                                                                                           \
        (p) = (z) * (2.0 / 21) + 2.0 / 19;                                                         \
        (p) = (p) * (z) + 2.0 / 17;                                                                \
        (p) = (p) * (z) + 2.0 / 15;                                                                \
        (p) = (p) * (z) + 2.0 / 13;                                                                \
        (p) = (p) * (z) + 2.0 / 11;                                                                \
        (p) = (p) * (z) + 2.0 / 9;                                                                 \
        (p) = (p) * (z) + 2.0 / 7;                                                                 \
        (p) = (p) * (z) + 2.0 / 5;                                                                 \
        (p) = (p) * (z) + 2.0 / 3;                                                                 \
        (p) = (p) * (z);                                                                           \
    } while (0)

/* Natural logarithm; x > 0, finite, normal. */
static inline double mw_log(double x)
{
    int64_t bits, e;
    double m, s, z, k, p;

    memcpy(&bits, &x, sizeof bits);
    /* exponent such that the mantissa lies in [sqrt(1/2), sqrt(2)) */
    e = (bits - INT64_C(0x3fe6a09e667f3bcd)) >> 52;
    bits -= e * (INT64_C(1) << 52);
    memcpy(&m, &bits, sizeof m);
    s = (m - 1.0) / (m + 1.0);
    z = s * s;
    MW_ATANH_TAIL(p, z);
    k = (double)e;
    return k * MW_LN2_HI + (k * MW_LN2_LO + (2.0 * s + s * p));
}

static inline double mw_log2(double x)
{
    return mw_log(x) / MW_LN2;
}

static inline double mw_log10(double x)
{
    return mw_log(x) / MW_LN10;
}

/* p = e^r as a series, |r| <= ln(2) / 2. */
#define MW_EXP_SERIES(p, r)                                                                        \
    do {                                                                                           \
        (p) = (r) * (1.0 / 6227020800.0) + 1.0 / 479001600.0;                                      \
        (p) = (p) * (r) + 1.0 / 39916800;                                                          \
        (p) = (p) * (r) + 1.0 / 3628800;                                                           \
        (p) = (p) * (r) + 1.0 / 362880;                                                            \
        (p) = (p) * (r) + 1.0 / 40320;                                                             \
        (p) = (p) * (r) + 1.0 / 5040;                                                              \
        (p) = (p) * (r) + 1.0 / 720;                                                               \
        (p) = (p) * (r) + 1.0 / 120;                                                               \
        (p) = (p) * (r) + 1.0 / 24;                                                                \
        (p) = (p) * (r) + 1.0 / 6;                                                                 \
        (p) = (p) * (r) + 0.5;                                                                     \
        (p) = (p) * (r) + 1.0;                                                                     \
        (p) = (p) * (r) + 1.0;                                                                     \
    } while (0)

/* e^x; x in [-700, 700]. */
static inline double mw_exp(double x)
{
    const double big = 0x1.8p52, k = (x * (1.0 / MW_LN2) + big) - big;
    const double r = (x - k * MW_LN2_HI) - k * MW_LN2_LO;
    const int64_t bits = ((int64_t)k + 1023) * (INT64_C(1) << 52);
    double scale, p;

    memcpy(&scale, &bits, sizeof scale);
    MW_EXP_SERIES(p, r);
    return p * scale;
}

/* e^x; x at most 700; 0 below -700; NaN stays. */
static inline double mw_exp_below(double x)
{
    return x >= -700 ? mw_exp(x) : x < -700 ? 0 : x;
}

/* x^p, x > 0, at most e^700; 0 below e^-700. Relative error about |p log x| units in the last
 * place. */
static inline double mw_pow(double x, double p)
{
    return mw_exp_below(p * mw_log(x));
}

/* Series of sin and cos on [-pi/4, pi/4], z = r^2. */
static inline double mw_sin_series(double r, double z)
{
    return r + r * z *
                   (-1.0 / 6 +
                    z * (1.0 / 120 +
                         z * (-1.0 / 5040 +
                              z * (1.0 / 362880 +
                                   z * (-1.0 / 39916800 + z * (1.0 / 6227020800.0 +
                                                               z * (-1.0 / 1307674368000.0)))))));
}

static inline double mw_cos_series(double z)
{
    return 1.0 -
           z * (0.5 - z * (1.0 / 24 -
                           z * (1.0 / 720 - z * (1.0 / 40320 -
                                                 z * (1.0 / 3628800 -
                                                      z * (1.0 / 479001600.0 -
                                                           z * (1.0 / 87178291200.0 -
                                                                z * (1.0 / 20922789888000.0))))))));
}

/* sin and cos of x, |x| < 1e5. */
static inline void mw_sincos(double x, double *sin_x, double *cos_x)
{
    const double big = 0x1.8p52, k = (x * (2.0 / MW_PI) + big) - big;
    const double r =
        ((x - k * 0x1.921fb54400000p+0) - k * 0x1.0b4611a600000p-34) - k * 0x1.3198a2e037073p-69;
    const double z = r * r, s = mw_sin_series(r, z), c = mw_cos_series(z);

    switch ((int64_t)k & 3) {
    case 0:
        *sin_x = s, *cos_x = c;
        break;
    case 1:
        *sin_x = c, *cos_x = -s;
        break;
    case 2:
        *sin_x = -s, *cos_x = -c;
        break;
    default:
        *sin_x = -c, *cos_x = s;
        break;
    }
}

static inline double mw_sin(double x)
{
    double s, c;

    mw_sincos(x, &s, &c);
    return s;
}

static inline double mw_cos(double x)
{
    double s, c;

    mw_sincos(x, &s, &c);
    return c;
}

/* Arc tangent of t in [0, 1]: table at multiples of 1/8, then a series on [-1/16, 1/16]. */
static inline double mw_atan_unit(double t)
{
    static const double at[9] = { 0.0,
                                  0x1.fd5ba9aac2f6ep-4,
                                  0x1.f5b75f92c80ddp-3,
                                  0x1.6f61941e4def1p-2,
                                  0x1.dac670561bb4fp-2,
                                  0x1.1e00babdefeb4p-1,
                                  0x1.4978fa3269ee1p-1,
                                  0x1.700a7c5784634p-1,
                                  0x1.921fb54442d18p-1 };
    const int k = (int)(t * 8.0 + 0.5);
    const double c = k * 0.125, u = (t - c) / (1.0 + t * c), z = u * u;

    return at[k] +
           (u + u * z *
                    (-1.0 / 3 +
                     z * (1.0 / 5 + z * (-1.0 / 7 + z * (1.0 / 9 + z * (-1.0 / 11 + z / 13))))));
}

static inline double mw_atan(double t)
{
    const double a = fabs(t), r = a <= 1.0 ? mw_atan_unit(a) : MW_PI / 2 - mw_atan_unit(1.0 / a);

    return t < 0 ? -r : r;
}

/* Angle of (x, y) with y >= 0, in [0, pi]; 0 for the origin. */
static inline double mw_angle_upper(double y, double x)
{
    const double ax = fabs(x);
    double r;

    if (y == 0.0 && x == 0.0) return 0.0;
    r = y <= ax ? mw_atan_unit(y / ax) : MW_PI / 2 - mw_atan_unit(ax / y);
    return x < 0 ? MW_PI - r : r;
}

#endif
