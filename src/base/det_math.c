/* SPDX-License-Identifier: Apache-2.0 */
#include "base/det_math.h"

#include <stdint.h>
#include <string.h>

/* ln 2 in two parts; the first has 32 significant bits, so that k * LN2_HI is exact for |k| < 2^20.
 */
#define LN2_HI 0x1.62e42feep-1
#define LN2_LO 0x1.a39ef35793c76p-33
#define LN2    0x1.62e42fefa39efp-1

static double power_of_two(int k)
{
    const uint64_t bits = (uint64_t)(1023 + k) << 52;
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* x = k ln 2 + r with |r| <= ln 2 / 2, and the Taylor polynomial of degree 14: the next term is
 * below 1e-19. */
double mw_det_exp_neg(double x)
{
    double r, sum = 1;
    int k;

    if (!(x >= -708.0)) return 0;
    k = (int)(x / LN2 - 0.5);
    r = x - k * LN2_HI - k * LN2_LO;
    for (int i = 14; i > 0; i--)
        sum = 1 + r * sum / i;
    return sum * power_of_two(k);
}
