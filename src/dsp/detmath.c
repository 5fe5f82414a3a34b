/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/detmath.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "double arithmetic must round to double at each step"
#endif

/* pi/2 and ln 2 in parts of 33 bits: a product with an integer below 2^20 is exact. */
#define PIO2_A 0x1.921fb54400000p+0
#define PIO2_B 0x1.0b4611a600000p-34
#define PIO2_C 0x1.3198a2e037073p-69
#define LN2_A  0x1.62e42fef00000p-1
#define LN2_B  0x1.473de6af278edp-34

#define SIN_MAX 1e6
#define EXP_MAX 709.78271289338397
#define EXP_MIN (-708.39641853226408)

/* Nearest integer, ties to even, for |x| < 2^51: adding 1.5 * 2^52 leaves no fraction bits. */
static double nearest(double x)
{
    const double big = 0x1.8p52;

    return (x + big) - big;
}

static uint64_t bits_of(double x)
{
    uint64_t b;

    memcpy(&b, &x, sizeof b);
    return b;
}

static double of_bits(uint64_t b)
{
    double x;

    memcpy(&x, &b, sizeof x);
    return x;
}

/* Series for |r| <= pi/4; lo is what rounding took from r. First terms dropped: r^19/19!, r^18/18!,
 * below 2^-60. */
static double sin_series(double r, double lo)
{
    const double q = r * r;
    double s = 1.0 / 355687428096000.0;

    s = -1.0 / 1307674368000.0 + q * s;
    s = 1.0 / 6227020800.0 + q * s;
    s = -1.0 / 39916800.0 + q * s;
    s = 1.0 / 362880.0 + q * s;
    s = -1.0 / 5040.0 + q * s;
    s = 1.0 / 120.0 + q * s;
    s = -1.0 / 6.0 + q * s;
    return r + (r * q * s + lo);
}

static double cos_series(double r, double lo)
{
    const double q = r * r;
    double c = 1.0 / 20922789888000.0, half, w;

    c = -1.0 / 87178291200.0 + q * c;
    c = 1.0 / 479001600.0 + q * c;
    c = -1.0 / 3628800.0 + q * c;
    c = 1.0 / 40320.0 + q * c;
    c = -1.0 / 720.0 + q * c;
    c = 1.0 / 24.0 + q * c;
    half = 0.5 * q;
    w = 1.0 - half;
    return w + (((1.0 - w) - half) + (q * q * c - r * lo));
}

/* sin(x + quarter * pi/2) */
static double sin_quarters(double x, int quarter)
{
    double k, a, b, r, lo;

    if (!(x >= -SIN_MAX && x <= SIN_MAX)) return (double)NAN;
    k = nearest(x * 0x1.45f306dc9c883p-1);
    a = x - k * PIO2_A;
    b = k * PIO2_B;
    r = a - b;
    lo = ((a - r) - b) - k * PIO2_C;
    a = r + lo;
    lo = (r - a) + lo;
    switch (((int32_t)k + quarter) & 3) {
    case 0:
        return sin_series(a, lo);
    case 1:
        return cos_series(a, lo);
    case 2:
        return -sin_series(a, lo);
    default:
        return -cos_series(a, lo);
    }
}

double mw_det_sin(double x)
{
    return sin_quarters(x, 0);
}

double mw_det_cos(double x)
{
    return sin_quarters(x, 1);
}

double mw_det_exp(double x)
{
    double k, a, r, lo, s = 1.0 / 6227020800.0, scale;

    if (x != x) return x;
    if (x > EXP_MAX) return (double)INFINITY;
    if (x < EXP_MIN) return 0.0;
    k = nearest(x * 0x1.71547652b82fep+0);
    a = x - k * LN2_A;
    lo = k * LN2_B;
    r = a - lo;
    lo = (a - r) - lo;
    s = 1.0 / 479001600.0 + r * s;
    s = 1.0 / 39916800.0 + r * s;
    s = 1.0 / 3628800.0 + r * s;
    s = 1.0 / 362880.0 + r * s;
    s = 1.0 / 40320.0 + r * s;
    s = 1.0 / 5040.0 + r * s;
    s = 1.0 / 720.0 + r * s;
    s = 1.0 / 120.0 + r * s;
    s = 1.0 / 24.0 + r * s;
    s = 1.0 / 6.0 + r * s;
    s = 0.5 + r * s;
    s = 1.0 + (r + (r * r * s + lo));
    /* k may be 1024: two steps keep the factor finite */
    scale = of_bits((uint64_t)(1023 + (int64_t)k - 1) << 52);
    return s * scale * 2.0;
}

double mw_det_log(double x)
{
    uint64_t b;
    int64_t e = 0;
    double m, s, q, t, half, f, k;

    if (x != x || x < 0) return (double)NAN;
    if (x == 0) return -(double)INFINITY;
    if (x == (double)INFINITY) return x;
    if (x < DBL_MIN) {
        x *= 0x1p54;
        e = -54;
    }
    b = bits_of(x);
    e += (int64_t)(b >> 52) - 1023;
    m = of_bits((b & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52);
    if (m > 0x1.6a09e667f3bcdp+0) {
        m *= 0.5;
        e++;
    }
    /* log(1 + f) = f - f^2/2 + s (f^2/2 + R), s = f / (2 + f), R = 2 (s^2/3 + s^4/5 + ...) */
    f = m - 1.0;
    s = f / (2.0 + f);
    q = s * s;
    t = 2.0 / 21.0;
    for (int i = 19; i >= 3; i -= 2)
        t = 2.0 / i + q * t;
    t *= q;
    half = 0.5 * f * f;
    k = (double)e;
    return k * LN2_A - ((half - (s * (half + t) + k * LN2_B)) - f);
}
