/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/lld/formants.h"

#include <math.h>

#include "base/fmath.h"

#define F_LO_HZ 50.0
#define F_HI_HZ 5450.0

typedef struct formant {
    double hz, width_hz;
} formant;

/* Formants of one lane's roots, ascending; returns their number. Roots outside the unit circle
 * count as their mirror image. */
static int from_roots(const lld_scratch *s, size_t lane, int degree, formant f[LLD_LPC])
{
    int n = 0;

    for (int i = 0; i < degree; i++) {
        const double re = s->root_re[(size_t)i * MW_LANES + lane];
        const double im = s->root_im[(size_t)i * MW_LANES + lane];
        double hz, log_mod;
        int j = n;

        if (!(im >= 0)) continue;
        hz = mw_angle_upper(im, re) * LLD_RATE_OUT / (2 * MW_PI);
        if (!(hz >= F_LO_HZ && hz <= F_HI_HZ)) continue;
        log_mod = 0.5 * mw_log(re * re + im * im);
        for (; j > 0 && f[j - 1].hz > hz; j--)
            f[j] = f[j - 1];
        f[j] = (formant){ hz, fabs(log_mod) * LLD_RATE_OUT / MW_PI };
        n++;
    }
    return n;
}

static void store(lld_scratch *s, size_t lane, const formant *f, int n)
{
    for (int i = 0; i < 3; i++) {
        float *raw = s->raw + (size_t)(RAW_FORMANT + i) * MW_LANES + lane;

        raw[0] = i < n ? (float)f[i].hz : 0;
        raw[3 * MW_LANES] = i < n ? (float)f[i].width_hz : 0;
    }
}

/* Number of coefficients up to the last non-zero one; 0 too when one is not finite. */
static int degree_of(const lld_scratch *s, size_t lane)
{
    int degree = 0;

    for (int i = 0; i < LLD_LPC; i++) {
        const float a = s->lpc[(size_t)i * MW_LANES + lane];

        if (!isfinite(a)) return 0;
        if (a != 0) degree = i + 1;
    }
    return degree;
}

void lld_formants(const lld_tables *t, const lld_kernels *k, lld_scratch *s)
{
    formant f[LLD_LPC];
    int degree[MW_LANES], lower = 0;

    k->lpc(t, s);
    for (size_t l = 0; l < MW_LANES; l++) {
        degree[l] = degree_of(s, l);
        lower |= degree[l] > 0 && degree[l] < LLD_LPC;
    }
    k->roots(t, s, LLD_LPC);
    for (size_t l = 0; l < MW_LANES; l++)
        store(s, l, f, degree[l] == LLD_LPC ? from_roots(s, l, LLD_LPC, f) : 0);
    for (int n = 1; lower && n < LLD_LPC; n++) {
        /* rare: roots at 0 are split off */
        int some = 0;

        for (size_t l = 0; l < MW_LANES; l++)
            some |= degree[l] == n;
        if (!some) continue;
        k->roots(t, s, n);
        for (size_t l = 0; l < MW_LANES; l++)
            if (degree[l] == n) store(s, l, f, from_roots(s, l, n, f));
    }
}
