/* SPDX-License-Identifier: Apache-2.0 */
#include "score/probe.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const double penalties[] = { 1e-3, 3.1622776601683794e-3, 1e-2, 3.1622776601683794e-2,
                                    1e-1, 0.31622776601683794,   1,    3.1622776601683795,
                                    10,   31.622776601683793,    100 };
#define N_PENALTIES (sizeof penalties / sizeof *penalties)

int mw_cholesky_solve(double *a, double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * n;
        const double whole = row[i];

        for (size_t j = 0; j <= i; j++) {
            const double *other = a + j * n;
            double sum = row[j];

            for (size_t k = 0; k < j; k++)
                sum -= row[k] * other[k];
            if (j < i)
                row[j] = sum / other[j];
            else if (!(sum > 1e-12 * whole)) /* also NaN */
                return -1;
            else
                row[i] = sqrt(sum);
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            b[i] -= a[i * n + k] * b[k];
        b[i] /= a[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            b[i] -= a[k * n + i] * b[k];
        b[i] /= a[i * n + i];
    }
    return 0;
}

/* What fits share: the standardised rows and their products. */
typedef struct work {
    size_t n, d, m; /* m: unknowns, the smaller of both */
    double *z;      /* [n][d] */
    double *gram;   /* [m][m]: of rows when m is n, of columns otherwise */
    double *a, *b;  /* of one fit */
    double mean_y, unit;
} work;

static void work_clear(work *w)
{
    mw_free(w->z);
    mw_free(w->gram);
    mw_free(w->a);
    mw_free(w->b);
}

static void column_statistics(mw_probe *p, const mw_probe_rows *r)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t c = 0; c < p->d; c++)
            p->mean[c] += r->x[i * p->d + c] / (double)r->n;
    for (size_t i = 0; i < r->n; i++)
        for (size_t c = 0; c < p->d; c++) {
            const double e = r->x[i * p->d + c] - p->mean[c];

            p->deviation[c] += e * e / (double)r->n;
        }
    for (size_t c = 0; c < p->d; c++)
        p->deviation[c] = sqrt(p->deviation[c]);
}

static double standardised(const mw_probe *p, size_t c, double x)
{
    /* what varies by rounding alone does not vary */
    return p->deviation[c] > 1e-9 * (fabs(p->mean[c]) + 1e-12) ? (x - p->mean[c]) / p->deviation[c]
                                                               : 0;
}

static void fill_gram(work *w)
{
    const size_t m = w->m;

    if (w->n == m) {
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j <= i; j++)
                for (size_t c = 0; c < w->d; c++)
                    w->gram[i * m + j] += w->z[i * w->d + c] * w->z[j * w->d + c];
    } else {
        for (size_t r = 0; r < w->n; r++)
            for (size_t i = 0; i < m; i++)
                for (size_t j = 0; j <= i; j++)
                    w->gram[i * m + j] += w->z[r * w->d + i] * w->z[r * w->d + j];
    }
    for (size_t i = 0; i < m; i++)
        w->unit += w->gram[i * m + i] / (double)w->n;
}

static mw_status open_work(work *w, mw_probe *p, const mw_probe_rows *r, size_t d, mw_error *err)
{
    if (r->n < 2 || r->n > MW_PROBE_MAX_ROWS || !d)
        return mw_fail(err, MW_ERR_FORMAT, "bad_probe",
                       "probe: %zu rows of %zu columns, at least 2 and at most %d rows are needed",
                       r->n, d, MW_PROBE_MAX_ROWS);
    *w = (work){ .n = r->n, .d = d, .m = r->n <= d ? r->n : d };
    p->d = d;
    p->mean = mw_calloc(d, sizeof(double));
    p->deviation = mw_calloc(d, sizeof(double));
    p->weight = mw_calloc(d, sizeof(double));
    w->z = mw_calloc(w->n, d * sizeof(double));
    w->gram = mw_calloc(w->m, w->m * sizeof(double));
    w->a = mw_calloc(w->m, w->m * sizeof(double));
    w->b = mw_calloc(w->m, sizeof(double));
    if (!p->mean || !p->deviation || !p->weight || !w->z || !w->gram || !w->a || !w->b)
        return mw_fail_nomem(err);
    column_statistics(p, r);
    for (size_t i = 0; i < w->n; i++) {
        w->mean_y += r->y[i] / (double)w->n;
        for (size_t c = 0; c < d; c++)
            w->z[i * d + c] = standardised(p, c, r->x[i * d + c]);
    }
    fill_gram(w);
    return MW_OK;
}

static const char not_finite[] = "probe: a number is not finite, or too large";

static int is_finite(const mw_probe *p)
{
    double sum = fabs(p->bias);

    for (size_t c = 0; c < p->d; c++)
        sum += fabs(p->weight[c]);
    return isfinite(sum);
}

/* With more columns than rows the weights are a sum of rows (the dual form): unknowns are n. */
static mw_status solve(work *w, mw_probe *p, const double *y, double penalty, mw_error *err)
{
    const int dual = w->m == w->n;

    memcpy(w->a, w->gram, w->m * w->m * sizeof *w->a);
    memset(w->b, 0, w->m * sizeof *w->b);
    memset(p->weight, 0, p->d * sizeof *p->weight);
    for (size_t i = 0; i < w->m; i++) {
        /* rows that do not vary at all: any unit gives weights of 0 */
        w->a[i * w->m + i] += penalty * (w->unit > 0 ? w->unit : 1);
        if (dual) w->b[i] = y[i] - w->mean_y;
    }
    for (size_t r = 0; !dual && r < w->n; r++)
        for (size_t i = 0; i < w->m; i++)
            w->b[i] += w->z[r * w->d + i] * (y[r] - w->mean_y);
    if (mw_cholesky_solve(w->a, w->b, w->m))
        return mw_fail(err, MW_ERR_FORMAT, "bad_probe",
                       "probe: columns follow from each other, or do not vary, and the penalty is "
                       "%g",
                       penalty);
    if (!dual) memcpy(p->weight, w->b, w->m * sizeof *w->b);
    for (size_t r = 0; dual && r < w->n; r++)
        for (size_t c = 0; c < w->d; c++)
            p->weight[c] += w->b[r] * w->z[r * w->d + c];
    p->bias = w->mean_y;
    p->penalty = penalty;
    return is_finite(p) ? MW_OK : mw_fail(err, MW_ERR_FORMAT, "bad_probe", not_finite);
}

double mw_probe_predict(const mw_probe *p, const double *x)
{
    double sum = p->bias;

    for (size_t c = 0; c < p->d; c++)
        sum += p->weight[c] * standardised(p, c, x[c]);
    return sum;
}

void mw_probe_clear(mw_probe *p)
{
    mw_free(p->mean);
    mw_free(p->deviation);
    mw_free(p->weight);
    *p = (mw_probe){ 0 };
}

mw_status mw_probe_fit(mw_probe *out, const mw_probe_rows *train, size_t d, double penalty,
                       mw_error *err)
{
    work w = { 0 };
    mw_status st;

    *out = (mw_probe){ 0 };
    st = open_work(&w, out, train, d, err);
    if (st == MW_OK) st = solve(&w, out, train->y, penalty, err);
    work_clear(&w);
    if (st != MW_OK) mw_probe_clear(out);
    return st;
}

static double squared_error(const mw_probe *p, const mw_probe_rows *r)
{
    double sum = 0;

    for (size_t i = 0; i < r->n; i++) {
        const double e = mw_probe_predict(p, r->x + i * p->d) - r->y[i];

        sum += e * e;
    }
    return sum;
}

mw_status mw_probe_choose(mw_probe *out, const mw_probe_rows *train, const mw_probe_rows *valid,
                          size_t d, mw_error *err)
{
    double best = INFINITY, best_penalty = 0;
    work w = { 0 };
    mw_status st;

    *out = (mw_probe){ 0 };
    st = open_work(&w, out, train, d, err);
    for (size_t k = 0; st == MW_OK && k < N_PENALTIES; k++) {
        double e;

        st = solve(&w, out, train->y, penalties[k], err);
        e = st == MW_OK ? squared_error(out, valid) : 0;
        if (st != MW_OK || !(e < best)) continue;
        best = e;
        best_penalty = penalties[k];
    }
    if (st == MW_OK && !(best_penalty > 0))
        st = mw_fail(err, MW_ERR_FORMAT, "bad_probe", not_finite);
    if (st == MW_OK) st = solve(&w, out, train->y, best_penalty, err);
    work_clear(&w);
    if (st != MW_OK) mw_probe_clear(out);
    return st;
}
