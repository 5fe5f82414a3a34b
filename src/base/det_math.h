/* SPDX-License-Identifier: Apache-2.0
 *
 * Mathematical functions whose bits are the same on every machine: + - * / only, no libm. For
 * tables that decide promised results; libm is faster and as accurate elsewhere.
 */
#ifndef MW_BASE_DET_MATH_H
#define MW_BASE_DET_MATH_H

/* e^x for x <= 0; within 2 units in the last place down to x = -708, 0 below (no denormals).
 * Numbers: exact in the sense of equal bits everywhere. */
double mw_det_exp_neg(double x);

#endif
