/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/rng.h"
#include "score/metrics.h"
#include "score/probe.h"

static void near(double x, double want, double bound)
{
    if (!(fabs(x - want) <= bound)) print_error("%.17g, not %.17g\n", x, want);
    assert_true(fabs(x - want) <= bound);
}

static void cholesky_solves_a_system_worked_by_hand(void **state)
{
    /* 4 x + 2 y = 10, 2 x + 5 y = 13: x = 1.5, y = 2; the upper triangle is not read */
    double a[4] = { 4, NAN, 2, 5 }, b[2] = { 10, 13 };
    double not_positive[4] = { 1, 0, 2, 1 }, c[2] = { 1, 1 };
    double nan[1] = { NAN }, d[1] = { 1 };

    (void)state;
    assert_int_equal(mw_cholesky_solve(a, b, 2), 0);
    near(b[0], 1.5, 1e-14);
    near(b[1], 2, 1e-14);
    assert_int_equal(mw_cholesky_solve(not_positive, c, 2), -1);
    assert_int_equal(mw_cholesky_solve(nan, d, 1), -1);
}

static void without_penalty_it_is_least_squares(void **state)
{
    /* y = 1 + 2 a - 3 b */
    const double x[] = { 0, 0, 1, 0, 0, 1, 2, 5, 4, 4 }, y[] = { 1, 3, -2, -10, -3 };
    const double line_x[] = { 0, 1, 2 }, line_y[] = { 0, 0, 3 }; /* slope 1.5, intercept -0.5 */
    const double at[] = { 7, 11 }, three = 3;
    mw_probe p;

    (void)state;
    assert_ok(mw_probe_fit(&p, &(mw_probe_rows){ x, y, 5 }, 2, 0, NULL));
    near(mw_probe_predict(&p, at), 1 + 14 - 33, 1e-10);
    mw_probe_clear(&p);
    assert_ok(mw_probe_fit(&p, &(mw_probe_rows){ line_x, line_y, 3 }, 1, 0, NULL));
    near(mw_probe_predict(&p, &three), 4, 1e-12);
    mw_probe_clear(&p);
}

/* One column, standardised to -s, 0, s with s^2 = 3/2: sum z^2 = 3, z.y = s 3; unit = 1 (mean
 * square length), so the weight is 3 s / (3 + penalty). */
static void the_penalty_shrinks_as_written(void **state)
{
    const double x[] = { 0, 1, 2 }, y[] = { 0, 0, 3 };
    const double s = sqrt(1.5);
    mw_probe p;

    (void)state;
    assert_ok(mw_probe_fit(&p, &(mw_probe_rows){ x, y, 3 }, 1, 2, NULL));
    near(p.weight[0], 3 * s / 5, 1e-12);
    near(p.bias, 1, 1e-12);
    mw_probe_clear(&p);
}

#define N 40
#define D 90

/* Rows of noise in which columns 0 and 1 make y. */
static void draw(double *x, double *y, size_t n, size_t d, uint64_t key, double noise)
{
    mw_rng r = mw_rng_from_key(key);

    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < d; c++)
            x[i * d + c] = mw_rng_uniform(&r, -1, 1);
        y[i] = 2 * x[i * d] - x[i * d + 1] + noise * mw_rng_uniform(&r, -1, 1);
    }
}

/* The normal equations of both forms: (Z'Z + l I) w = Z'y and Z'(ZZ' + l I)^-1 y are one. */
static void more_columns_than_rows_give_the_same_weights(void **state)
{
    static double x[N * D], y[N], residual[N];
    mw_probe p;

    (void)state;
    draw(x, y, N, D, 3, 0.1);
    assert_ok(mw_probe_fit(&p, &(mw_probe_rows){ x, y, N }, D, 0.1, NULL));
    for (size_t i = 0; i < N; i++)
        residual[i] = y[i] - mw_probe_predict(&p, x + i * D);
    for (size_t c = 0; c < D; c++) {
        /* the unit is D: every standardised column has a mean square of 1 */
        double gradient = -0.1 * D * p.weight[c];

        for (size_t i = 0; i < N; i++)
            gradient += residual[i] * (x[i * D + c] - p.mean[c]) / p.deviation[c];
        near(gradient, 0, 1e-9);
    }
    mw_probe_clear(&p);
}

static double test_corr(const mw_probe *p, uint64_t key)
{
    static double x[400 * D], y[400], z[400];

    draw(x, y, 400, D, key, 0.1);
    for (size_t i = 0; i < 400; i++)
        z[i] = mw_probe_predict(p, x + i * D);
    return mw_correlation(z, y, 400);
}

static void chooses_a_penalty_that_serves_other_rows(void **state)
{
    static double x[N * D], y[N], vx[N * D], vy[N];
    mw_probe chosen, least;

    (void)state;
    draw(x, y, N, D, 3, 1);
    draw(vx, vy, N, D, 4, 1);
    assert_ok(mw_probe_choose(&chosen, &(mw_probe_rows){ x, y, N }, &(mw_probe_rows){ vx, vy, N },
                              D, NULL));
    assert_ok(mw_probe_fit(&least, &(mw_probe_rows){ x, y, N }, D, 1e-3, NULL));
    assert_true(chosen.penalty > 1e-3);
    assert_true(test_corr(&chosen, 5) > 0.4);
    assert_true(test_corr(&chosen, 5) >= test_corr(&least, 5) - 0.01);
    mw_probe_clear(&chosen);
    mw_probe_clear(&least);
}

static void columns_that_do_not_vary_do_not_matter(void **state)
{
    const double x[] = { 1, 1e6 / 3, 2, 1e6 / 3, 3, 1e6 / 3, 5, 1e6 / 3 }, y[] = { 1, 2, 3, 5 };
    const double at[] = { 4, -7 };
    mw_probe p;
    mw_error err;

    (void)state;
    assert_ok(mw_probe_fit(&p, &(mw_probe_rows){ x, y, 4 }, 2, 1e-9, NULL));
    near(mw_probe_predict(&p, at), 4, 1e-6);
    mw_probe_clear(&p);
    assert_int_equal(mw_probe_fit(&p, &(mw_probe_rows){ x, y, 4 }, 2, 0, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_probe");
    assert_null(p.weight);
}

static void rows_that_are_all_alike_give_the_mean(void **state)
{
    const double x[] = { 7, 0, 7, 0, 7, 0 }, y[] = { 1, 2, 6 }, at[] = { 9, 9 };
    const mw_probe_rows rows = { x, y, 3 };
    mw_probe p;

    (void)state;
    assert_ok(mw_probe_choose(&p, &rows, &rows, 2, NULL));
    near(mw_probe_predict(&p, at), 3, 1e-12);
    mw_probe_clear(&p);
    assert_int_equal(mw_probe_fit(&p, &rows, 2, 0, NULL), MW_ERR_FORMAT);
}

static void refuses_too_few_rows_and_numbers_that_are_not_finite(void **state)
{
    const double x[] = { 1, 2, 3 }, y[] = { 1, NAN, 2 }, huge[] = { 1e308, -1e308, 1e308 };
    const mw_probe_rows rows = { x, y, 3 }, one = { x, y, 1 }, far = { x, huge, 3 };
    mw_probe p;

    (void)state;
    assert_int_equal(mw_probe_fit(&p, &one, 1, 1, NULL), MW_ERR_FORMAT);
    assert_int_equal(mw_probe_choose(&p, &rows, &rows, 1, NULL), MW_ERR_FORMAT);
    assert_int_equal(mw_probe_fit(&p, &rows, 1, 1, NULL), MW_ERR_FORMAT);
    assert_int_equal(mw_probe_choose(&p, &far, &far, 1, NULL), MW_ERR_FORMAT);
    assert_null(p.mean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cholesky_solves_a_system_worked_by_hand),
        cmocka_unit_test(without_penalty_it_is_least_squares),
        cmocka_unit_test(the_penalty_shrinks_as_written),
        cmocka_unit_test(more_columns_than_rows_give_the_same_weights),
        cmocka_unit_test(chooses_a_penalty_that_serves_other_rows),
        cmocka_unit_test(columns_that_do_not_vary_do_not_matter),
        cmocka_unit_test(rows_that_are_all_alike_give_the_mean),
        cmocka_unit_test(refuses_too_few_rows_and_numbers_that_are_not_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
