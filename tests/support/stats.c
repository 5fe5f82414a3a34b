/* SPDX-License-Identifier: Apache-2.0 */
#include "support/stats.h"

#include <math.h>

#include "support/support.h"

void assert_uniform_counts(const char *what, const size_t *counts, size_t k)
{
    /* quantiles 0.999 of chi-square with 1 .. 12 degrees of freedom */
    static const double limit[] = { 10.828, 13.816, 16.266, 18.467, 20.515, 22.458,
                                    24.322, 26.124, 27.877, 29.588, 31.264, 32.909 };
    double sum = 0, chi2 = 0;

    assert_in_range(k, 2, 13);
    for (size_t i = 0; i < k; i++)
        sum += (double)counts[i];
    assert_true(sum >= 10 * (double)k);
    for (size_t i = 0; i < k; i++) {
        const double d = (double)counts[i] - sum / (double)k;

        chi2 += d * d / (sum / (double)k);
    }
    if (chi2 > limit[k - 2])
        fail_msg("%s: chi-square %.1f with %zu degrees of freedom", what, chi2, k - 1);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void assert_uniform(const char *what, double *x, size_t n)
{
    double d = 0;

    assert_true(n >= 100);
    qsort(x, n, sizeof *x, by_value);
    for (size_t i = 0; i < n; i++) {
        d = fmax(d, (double)(i + 1) / (double)n - x[i]);
        d = fmax(d, x[i] - (double)i / (double)n);
    }
    if (!(d * sqrt((double)n) < 1.949))
        fail_msg("%s: distance %.4f from the uniform law, %zu values", what, d, n);
}
