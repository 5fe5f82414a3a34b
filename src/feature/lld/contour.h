/* SPDX-License-Identifier: Apache-2.0
 *
 * Summaries of one contour (functionals.md 4.1, 4.2).
 */
#ifndef MW_FEATURE_LLD_CONTOUR_H
#define MW_FEATURE_LLD_CONTOUR_H

#include <stddef.h>

/* out [10]: mean, deviation over mean, percentiles 20, 50, 80, their range, mean and deviation of
 * rising, then of falling slopes. Zeros for n = 0. -1 when memory is short; same below. */
int lld_contour_ten(const float *x, size_t n, double out[10]);

/* Number of peaks. */
int lld_contour_peaks(const float *x, size_t n, double *out);

#endif
