/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "score/metrics.h"

static void near(double a, double b)
{
    if (!(fabs(a - b) < 1e-9)) fail_msg("%.12g instead of %.12g", a, b);
}

static void halves_go_to_the_even_number(void **state)
{
    const float p[] = { 0.5f, 1.5f, 2.5f, -0.5f, -2.5f, 9 }, y[] = { 0, 2, 2, 0, -2, 3 };
    mw_regression_metrics m;

    (void)state;
    mw_metrics_regression(&m, p, y, 6);
    near(m.acc7, 1);
    near(m.mae, (0.5 * 5 + 6) / 6);
}

static void zeros_count_or_do_not(void **state)
{
    const float p[] = { 0, -1, 1, -1 }, y[] = { 0, 0, 1, 1 };
    mw_regression_metrics m;

    (void)state;
    mw_metrics_regression(&m, p, y, 4);
    near(m.acc2_has0, 0.5);
    near(m.acc2_non0, 0.5);
    assert_int_equal(m.n_non0, 2);
    mw_metrics_regression(&m, p, y, 0);
    assert_true(isnan(m.mae) && isnan(m.acc7) && isnan(m.f1_non0));
}

static void ends_of_ch_sims_belong_below(void **state)
{
    const float y[] = { -0.7f, -0.1f, 0, 0.1f, 0.7f, 2 };
    const float same[] = { -1, -0.2f, -0.05f, 0.05f, 0.2f, 1 };
    mw_sims_metrics m;

    (void)state;
    mw_metrics_sims(&m, same, y, 6);
    near(m.acc5, 1);
    near(m.acc3, 1);
    near(m.acc2, 1); /* 0.1 and 0.05 are positive, 0 is not */
    mw_metrics_sims(&m, (const float[]){ 5, 0.5f }, (const float[]){ 1, -3 }, 2);
    near(m.mae, 0.75);
    near(m.corr, 1);
    mw_metrics_sims(&m, (const float[]){ 5, 2 }, (const float[]){ 1, -3 }, 2);
    assert_true(isnan(m.corr)); /* the same once they are clipped */
    mw_metrics_sims(&m, same, y, 0);
    assert_true(isnan(m.mae) && isnan(m.acc2) && isnan(m.f1) && isnan(m.acc5));
}

static void classes_by_hand(void **state)
{
    const int p[] = { 0, 0, 1, 2, 2, 0 }, y[] = { 0, 1, 1, 1, 0, 0 };
    mw_class_metrics m;

    (void)state;
    assert_ok(mw_metrics_classes(&m, p, y, 6, 4, NULL));
    near(m.accuracy, 3.0 / 6);
    /* class 0: 2 of 3 and 3; 1: 1 of 3 and 1; 2: 0 of 0 and 2; 3 does not occur */
    near(m.weighted_f1, 0.5 * 4 / 6 + 0.5 * 2 / 4);
    near(m.macro_f1, (4.0 / 6 + 2.0 / 4 + 0) / 3);
    near(m.recall, (2.0 / 3 + 1.0 / 3) / 2);
    assert_ok(mw_metrics_classes(&m, p, y, 0, 4, NULL));
    assert_true(isnan(m.accuracy) && isnan(m.weighted_f1) && isnan(m.macro_f1) && isnan(m.recall));
}

static void labels_by_hand(void **state)
{
    const double p[] = { 0.9, 0.4, 0.6, 0.1 }, q[] = { 0.5, 0.1, 0.2, 0.9 };
    const uint8_t y[] = { 1, 1, 0, 0 }, all[] = { 1, 1, 1, 1 };
    mw_label_metrics m;

    (void)state;
    assert_ok(mw_metrics_label(&m, p, y, 4, 0.5, NULL));
    near(m.weighted_accuracy, 0.5);
    near(m.weighted_f1, 0.5);
    near(m.auroc, 3.0 / 4);
    assert_ok(mw_metrics_label(&m, p, y, 4, 0.3, NULL));
    near(m.weighted_accuracy, 0.75);
    assert_ok(mw_metrics_label(&m, q, all, 4, 0.5, NULL));
    assert_true(isnan(m.weighted_accuracy) && isnan(m.auroc));
    near(m.weighted_f1, 2.0 * 2 / 6); /* 0.5 is present: 2 of 4 found, none wrongly */
}

static void figures_pass_on_missing_memory(void **state)
{
    const double p[] = { 0.1, 0.9 };
    const uint8_t y[] = { 0, 1 };
    mw_label_metrics m;
    mw_class_metrics c;
    const long live = mw_mem_live();

    (void)state;
    for (long i = 1; i <= 2; i++) {
        mw_mem_fail_at(-i);
        assert_fails(mw_metrics_label(&m, p, y, 2, 0.5, NULL), MW_ERR_NOMEM);
    }
    mw_mem_fail_at(-1);
    assert_fails(mw_metrics_classes(&c, (const int[]){ 0 }, (const int[]){ 0 }, 1, 2, NULL),
                 MW_ERR_NOMEM);
    mw_mem_fail_at(0);
    assert_int_equal(mw_mem_live(), live);
}

static void area_under_the_curve(void **state)
{
    const double x[] = { 0.1, 0.4, 0.35, 0.8, 0.4 };
    const uint8_t positive[] = { 0, 0, 1, 1, 1 }, none[5] = { 0 };
    double a, b, y[5];

    (void)state;
    assert_ok(mw_auroc(&a, x, positive, 5, NULL));
    near(a, (1 + 0 + 2 + 1 + 0.5) / 6); /* pairs in order; the tie counts half */
    for (int i = 0; i < 5; i++)
        y[i] = x[i] * x[i] * x[i] - 7;
    assert_ok(mw_auroc(&b, y, positive, 5, NULL));
    near(a, b);
    assert_ok(mw_auroc(&a, x, none, 5, NULL));
    assert_true(isnan(a));
}

static void correlation_of_series_and_of_constants(void **state)
{
    const double x[] = { 1, 2, 3 }, y[] = { 2, 4, 6 }, z[] = { 3, 2, 1 }, w[] = { 1, 3, 2 };
    double constant[49]; /* whose mean is not quite 0.1 */
    double rising[49];

    (void)state;
    near(mw_correlation(x, y, 3), 1);
    near(mw_correlation(x, z, 3), -1);
    near(mw_correlation(x, w, 3), 0.5);
    for (int i = 0; i < 49; i++) {
        constant[i] = 0.1;
        rising[i] = i;
    }
    assert_true(isnan(mw_correlation(constant, rising, 49)));
    assert_true(isnan(mw_correlation(rising, constant, 49)));
    assert_true(isnan(mw_correlation(x, y, 1)));
}

static void calibration_by_hand(void **state)
{
    mw_calibration c = { .brier = 0 };

    (void)state;
    mw_calibration_add(&c, 0.9, 1);
    mw_calibration_add(&c, 0.92, 0.5); /* the same bin */
    mw_calibration_add(&c, 0.1, 0.3);
    mw_calibration_add(&c, 1.0, 1);
    near(mw_calibration_ece(&c), (fabs(1.82 - 1.5) + 0.2 + 0) / 4);
    near(mw_calibration_brier(&c), (0.01 + 0.42 * 0.42 + 0.04 + 0) / 4);
}

static void holm_steps_down(void **state)
{
    double p[5] = { 0.04, 0.01, 0.03, 0.005, 0.9 };
    const double wanted[5] = { 0.09, 0.04, 0.09, 0.025, 0.9 };

    (void)state;
    mw_holm(p, 5); /* times 5, 4, 3, 2, 1 in rising order, never falling: 0.04 x 2 becomes 0.09 */
    for (int i = 0; i < 5; i++)
        near(p[i], wanted[i]);
    p[0] = 0.6;
    p[1] = 0.7;
    mw_holm(p, 2);
    near(p[0], 1);
    near(p[1], 1);
    mw_holm(p, 0);
}

static void quantiles_and_spread(void **state)
{
    double x[] = { 4, 1, 3, 2 };
    mw_spread s;

    (void)state;
    near(mw_quantile_sort(x, 4, 0.5), 2.5);
    near(mw_quantile_sort(x, 4, 1), 4);
    s = mw_spread_of(x, 4);
    near(s.mean, 2.5);
    near(s.population, sqrt(1.25));
    near(s.sample, sqrt(5.0 / 3));
}

/* 40 groups of 3 clips, 2 seeds: x has a shift of its group and of its seed. */
static void intervals_hold_the_truth_about_as_often_as_they_say(void **state)
{
    enum { GROUPS = 40, CLIPS = 3 * GROUPS, SEEDS = 2, REPLICATES = 200, TRIALS = 60 };
    static double x[SEEDS * CLIPS], scratch[REPLICATES];
    static int group[CLIPS];
    int held = 0;

    (void)state;
    for (int i = 0; i < CLIPS; i++)
        group[i] = i / 3;
    for (int t = 0; t < TRIALS; t++) {
        mw_rng r = mw_rng_from_key((uint64_t)t + 1);
        double shift[GROUPS];
        mw_interval v;
        mw_bootstrap b;

        for (int g = 0; g < GROUPS; g++)
            shift[g] = mw_rng_uniform(&r, -1, 1);
        for (int i = 0; i < SEEDS * CLIPS; i++)
            x[i] = shift[group[i % CLIPS]] + mw_rng_uniform(&r, -0.2, 0.2);
        assert_ok(mw_bootstrap_make(&b, group, CLIPS, GROUPS, SEEDS, REPLICATES, 7, NULL));
        v = mw_bootstrap_mean(&b, x, NULL, scratch);
        held += v.lo <= 0 && v.hi >= 0;
        assert_true(v.lo < v.value && v.value < v.hi);
        mw_bootstrap_clear(&b);
    }
    assert_true(held >= 50); /* 57 are expected; clips taken one by one would hold about 45 */
}

static void equal_things_differ_by_nothing(void **state)
{
    const double x[] = { 1, 2, NAN, 4 };
    const int group[] = { 0, 0, 1, 2 };
    double scratch[50];
    mw_bootstrap b;
    mw_interval v;

    (void)state;
    assert_ok(mw_bootstrap_make(&b, group, 4, 3, 1, 50, 1, NULL));
    v = mw_bootstrap_mean(&b, x, x, scratch);
    near(v.value, 0);
    near(v.lo, 0);
    near(v.hi, 0);
    near(v.p, 1);
    near(mw_bootstrap_mean(&b, x, NULL, scratch).value, 7.0 / 3);
    mw_bootstrap_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_go_to_the_even_number),
        cmocka_unit_test(zeros_count_or_do_not),
        cmocka_unit_test(ends_of_ch_sims_belong_below),
        cmocka_unit_test(classes_by_hand),
        cmocka_unit_test(labels_by_hand),
        cmocka_unit_test(figures_pass_on_missing_memory),
        cmocka_unit_test(area_under_the_curve),
        cmocka_unit_test(correlation_of_series_and_of_constants),
        cmocka_unit_test(calibration_by_hand),
        cmocka_unit_test(holm_steps_down),
        cmocka_unit_test(quantiles_and_spread),
        cmocka_unit_test(intervals_hold_the_truth_about_as_often_as_they_say),
        cmocka_unit_test(equal_things_differ_by_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
