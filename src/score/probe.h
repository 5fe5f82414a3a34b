/* SPDX-License-Identifier: Apache-2.0
 *
 * Ridge regression: how much of a number can be read off some features by a straight line. A probe,
 * not a model of anything.
 */
#ifndef MW_SCORE_PROBE_H
#define MW_SCORE_PROBE_H

#include <stddef.h>

#include "merwild/status.h"

/* y = bias + sum over columns of weight (x - mean) / deviation; arrays [d] are owned
 * (mw_probe_clear). Columns that do not vary have weight 0. */
typedef struct mw_probe {
    size_t d;
    double *mean, *deviation, *weight;
    double bias, penalty;
} mw_probe;

/* Rows x [n][d] with their y [n]. */
typedef struct mw_probe_rows {
    const double *x, *y;
    size_t n;
} mw_probe_rows;

#define MW_PROBE_MAX_ROWS 20000

/* Minimise sum (y - prediction)^2 + penalty m sum weight^2, m the mean square length of a
 * standardised row; columns are standardised with the rows' own mean and deviation. penalty >= 0;
 * with 0, columns that follow from others, or do not vary, are refused. Solved in min(n, d)
 * unknowns: memory 16 min(n, d)^2 bytes. MW_ERR_FORMAT "bad_probe" (fewer than 2 rows, more than
 * MW_PROBE_MAX_ROWS, or numbers that are not finite), MW_ERR_NOMEM; on failure *out is empty.
 * Numbers: fixed order. */
mw_status mw_probe_fit(mw_probe *out, const mw_probe_rows *train, size_t d, double penalty,
                       mw_error *err);

/* The same with the penalty, of 10^-3, 10^-2.5 ... 10^2, that has the smallest squared error on
 * valid. */
mw_status mw_probe_choose(mw_probe *out, const mw_probe_rows *train, const mw_probe_rows *valid,
                          size_t d, mw_error *err);

double mw_probe_predict(const mw_probe *p, const double *x);
void mw_probe_clear(mw_probe *p);

/* Solve a x = b for a symmetric positive definite a [n][n], of which the lower triangle is read and
 * overwritten; b [n] becomes x. 0, or -1 when a is not positive definite. */
int mw_cholesky_solve(double *a, double *b, size_t n);

#endif
