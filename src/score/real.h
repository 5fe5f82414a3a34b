/* SPDX-License-Identifier: Apache-2.0
 *
 * The number that networks compute with: float in the library. Tests compile the same sources a
 * second time with MW_REAL_DOUBLE, so that gradients can be compared with differences.
 */
#ifndef MW_SCORE_REAL_H
#define MW_SCORE_REAL_H

#ifdef MW_REAL_DOUBLE
typedef double mw_real;
#else
typedef float mw_real;
#endif

#endif
