/* SPDX-License-Identifier: Apache-2.0
 *
 * Two tests of fit at level 0.001. Seeds are fixed, so a test passes always or never; the level
 * says how surprising a failure after a change of seeds or laws would be.
 */
#ifndef MW_TESTS_STATS_H
#define MW_TESTS_STATS_H

#include <stddef.h>

/* Fails unless counts [k] fit equal probabilities (chi-square; k in 2..13). */
void assert_uniform_counts(const char *what, const size_t *counts, size_t k);

/* Fails unless x [n] (reordered) fits the uniform law on [0, 1] (Kolmogorov and Smirnov). */
void assert_uniform(const char *what, double *x, size_t n);

#endif
