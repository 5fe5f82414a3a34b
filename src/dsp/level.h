/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of mono signals. Numbers: fixed order (double accumulation in eight partial sums).
 */
#ifndef MW_DSP_LEVEL_H
#define MW_DSP_LEVEL_H

#include <stddef.h>

/* Below this root mean square a signal counts as silent, and no signal-to-noise ratio is defined
 * for it. */
#define MW_SILENT_RMS 1e-7

/* Sum of squares of x [n]. */
double mw_energy(const float *x, size_t n);

/* mw_energy of x [n] and of z [n], which takes hardly longer than one of them. */
void mw_energy2(double sum[2], const float *x, const float *z, size_t n);

/* 1 when all of x [n] is finite. */
int mw_all_finite(const float *x, size_t n);

/* Active speech level after ITU-T P.56 (12/2011), method B: mean power while speech is active, with
 * hangover 0.2 s and margin 15.9 dB, so that pauses do not count.
 *
 * x [n] samples at rate_hz. Returns the mean square; *activity (may be NULL) is the active share in
 * (0, 1]. 0 when nothing is active (silence). Numbers: tolerance (log10 of libm in the
 * interpolation; 1e-9 dB). */
double mw_active_power(const float *x, size_t n, int rate_hz, double *activity);

#endif
