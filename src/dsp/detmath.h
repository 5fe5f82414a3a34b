/* SPDX-License-Identifier: Apache-2.0
 *
 * sin, cos, exp and log whose bits are the same on every machine: made of IEEE double + - * / and
 * bit operations only, so that a C library's choice cannot decide a promised result.
 *
 * Numbers: exact class (same bits everywhere under round-to-nearest and without contraction).
 * Distance to the true value, over the ranges below: at most 1.5 units in the last place (ulp) for
 * exp, 1 ulp for log, and for sin and cos 1 ulp or 2^-53, whichever is larger.
 * Method: reduction by constants split into parts whose products are exact (Cody and Waite,
 * "Software Manual for the Elementary Functions", 1980), then the Taylor series.
 */
#ifndef MW_DSP_DETMATH_H
#define MW_DSP_DETMATH_H

#define MW_DET_PI 0x1.921fb54442d18p+1

/* Radians, |x| <= 1e6; NaN outside. */
double mw_det_sin(double x);
double mw_det_cos(double x);

/* All x; +inf above 709.78, 0 below -708.4 (no subnormal results). */
double mw_det_exp(double x);

/* x > 0, subnormals included; -inf at 0, NaN below. */
double mw_det_log(double x);

#endif
