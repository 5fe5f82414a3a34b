/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/level.h"

#include <math.h>
#include <string.h>

#include "dsp/kernels.h"

double mw_energy(const float *x, size_t n)
{
    return mw_dsp_kernels_at(mw_cpu())->energy(x, n);
}

void mw_energy2(double sum[2], const float *x, const float *z, size_t n)
{
    mw_dsp_kernels_at(mw_cpu())->energy2(sum, x, z, n);
}

void mw_energy2_c(double sum[2], const float *x, const float *z, size_t n)
{
    sum[0] = mw_energy_c(x, n);
    sum[1] = mw_energy_c(z, n);
}

double mw_energy_c(const float *x, size_t n)
{
    double s[8] = { 0 };
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            s[k] += (double)x[i + (size_t)k] * x[i + (size_t)k];
    for (int k = 0; i < n; i++, k++)
        s[k] += (double)x[i] * x[i];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

int mw_all_finite(const float *x, size_t n)
{
    /* the exponent field is all ones for infinities and NaN */
    unsigned bad = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned bits;

        memcpy(&bits, &x[i], sizeof bits);
        bad |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return !bad;
}

#define N_THRESHOLDS 31 /* full scale down to -181 dB in steps of 6.02 dB */

double mw_active_power(const float *x, size_t n, int rate_hz, double *activity)
{
    const double g = exp(-1.0 / (rate_hz * 0.03)), margin_db = 15.9;
    const long hangover = (long)(0.2 * rate_hz + 0.5);
    double threshold[N_THRESHOLDS], energy, p = 0, q = 0, last_gap = 0, last_active = 0;
    double count[N_THRESHOLDS] = { 0 };
    long hang[N_THRESHOLDS];

    if (activity) *activity = 0;
    energy = mw_energy(x, n);
    if (!n || !(energy > 0)) return 0;
    for (int j = 0; j < N_THRESHOLDS; j++) {
        threshold[j] = ldexp(1.0, -j);
        hang[j] = hangover;
    }
    for (size_t i = 0; i < n; i++) {
        p = g * p + (1 - g) * fabs((double)x[i]);
        q = g * q + (1 - g) * p;
        /* thresholds fall with j: once the envelope is above one, it is above all later ones */
        for (int j = N_THRESHOLDS - 1; j >= 0; j--) {
            if (q >= threshold[j]) {
                count[j]++;
                hang[j] = 0;
            } else if (hang[j] < hangover) {
                count[j]++;
                hang[j]++;
            } else {
                break; /* higher thresholds ran out of hangover no later */
            }
        }
    }
    /* Active level per threshold; the answer lies where level - threshold falls through the margin.
     */
    for (int j = 0; j < N_THRESHOLDS; j++) {
        double active_db, gap, share;

        if (count[j] == 0) continue;
        active_db = 10 * log10(energy / count[j]);
        gap = active_db - 20 * log10(threshold[j]);
        if (gap >= margin_db) {
            /* the gap grows with j: the crossing lies between the last threshold and this one */
            share =
                gap > last_gap && last_active != 0 ? (margin_db - last_gap) / (gap - last_gap) : 1;
            if (share < 0) share = 0;
            active_db =
                last_active != 0 ? last_active + share * (active_db - last_active) : active_db;
            if (activity) *activity = fmin(1, energy / (double)n / pow(10, active_db / 10));
            return pow(10, active_db / 10);
        }
        last_gap = gap;
        last_active = active_db;
    }
    if (activity) *activity = 1;
    return energy / (double)n;
}
