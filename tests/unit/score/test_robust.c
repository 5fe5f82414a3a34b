/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "score/robust.h"

static void assert_near(double x, double expected)
{
    if (!(fabs(x - expected) < 1e-12)) fail_msg("%.15g, expected %.15g", x, expected);
}

static void skill_is_1_when_perfect_and_0_for_the_constant(void **state)
{
    (void)state;
    assert_near(mw_skill_mae(0, 1.2), 1);
    assert_near(mw_skill_mae(1.2, 1.2), 0);
    assert_near(mw_skill_mae(1.8, 1.2), -0.5);
    assert_near(mw_skill_accuracy(1, 0.4), 1);
    assert_near(mw_skill_accuracy(0.4, 0.4), 0);
    assert_near(mw_skill_accuracy(0.1, 0.4), -0.5);
    assert_near(mw_skill_corr(-0.25), -0.25);
    assert_true(isnan(mw_skill_mae(0.5, 0)) && isnan(mw_skill_accuracy(1, 1)));
    assert_true(isnan(mw_skill_corr(NAN)));
}

static void retention_needs_skill_to_retain(void **state)
{
    (void)state;
    assert_near(mw_retention(0.2, 0.5), 0.4);
    assert_near(mw_relative_drop(0.2, 0.5), 0.6);
    assert_near(mw_retention(-0.1, 0.5), -0.2);
    assert_true(isnan(mw_retention(0.01, 0.05)));
    assert_true(isnan(mw_relative_drop(0.01, -0.2)));
    assert_true(isnan(mw_retention(0.2, NAN)));
    assert_near(mw_raw_drop(0.8, 0.5), 0.3);
}

static void area_is_a_mean_over_the_axis(void **state)
{
    static const double snr[] = { -15, -10, -5, 0, 5 }, same[] = { 0.3, 0.3, 0.3, 0.3, 0.3 };
    static const double x[] = { 0.1, 0.3, 0.9 }, k[] = { 1, 0.5, -0.5 };

    (void)state;
    assert_near(mw_aurc(snr, same, 5), 0.3);
    /* (0.2 * 0.75 + 0.6 * 0) / 0.8 */
    assert_near(mw_aurc(x, k, 3), 0.1875);
    assert_true(isnan(mw_aurc(x, k, 1)));
    assert_true(isnan(mw_aurc((const double[]){ 0, 0 }, k, 2)));
    assert_true(isnan(mw_aurc((const double[]){ 2, 1 }, k, 2)));
    assert_true(isnan(mw_aurc(x, (const double[]){ 1, NAN, 1 }, 3)));
}

static void block_is_the_mean_of_its_cells_beside_the_worst(void **state)
{
    static const double k[] = { 0.5, -0.25, 0.5, -0.25 };
    static const double undefined[] = { 0.5, NAN, 0.1, NAN };
    mw_block b;

    (void)state;
    mw_block_score(&b, k, 4);
    assert_near(b.mean, 0.125);
    assert_near(b.worst, -0.25);
    assert_int_equal(b.i_worst, 1);
    mw_block_score(&b, undefined, 4);
    assert_true(isnan(b.mean) && isnan(b.worst));
    assert_int_equal(b.i_worst, 1);
    mw_block_score(&b, undefined + 1, 1);
    assert_true(isnan(b.worst));
    mw_block_score(&b, k, 0);
    assert_true(isnan(b.mean) && isnan(b.worst));
    assert_int_equal(b.i_worst, 0);
}

static void multibench_by_hand(void **state)
{
    static const double f[] = { 0.8, 0.6, 0.2 }, late[] = { 0.7, 0.6, 0.3 };
    double one[10];

    (void)state;
    assert_near(mw_multibench_tau(f, 3, MW_MULTIBENCH_STEP), 0.1 * (0.7 + 0.4));
    /* ten rates from 0 to 0.9 span nine steps */
    for (int i = 0; i < 10; i++)
        one[i] = 1;
    assert_near(mw_multibench_tau(one, 10, MW_MULTIBENCH_STEP), 0.9);
    /* late fusion moved up by 0.1: 0.8, 0.7, 0.4 */
    assert_near(mw_multibench_effective(f, late, 3), 0 - 0.1 - 0.2);
    assert_near(mw_multibench_effective(late, late, 3), 0);
    assert_true(isnan(mw_multibench_tau(f, 1, 0.1)) && isnan(mw_multibench_effective(f, late, 0)));
}

static void multicorrupt_and_lnln_by_hand(void **state)
{
    static const double m[] = { 0.6, 0.4, 0.2 }, base[] = { 0.5, 0.3, 0.2 };

    (void)state;
    assert_near(mw_multicorrupt_ra(m, 3, 0.8), 0.5);
    assert_near(mw_multicorrupt_mra((const double[]){ 0.5, 0.25 }, 2), 0.375);
    assert_near(mw_multicorrupt_rra(m, base, 3), 0.2);
    assert_near(mw_lnln_mean(m, 3), 0.4);
    assert_true(isnan(mw_multicorrupt_ra(m, 3, 0)) && isnan(mw_multicorrupt_ra(m, 0, 1)));
    assert_true(isnan(mw_multicorrupt_rra(m, base, 0)) && isnan(mw_lnln_mean(m, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skill_is_1_when_perfect_and_0_for_the_constant),
        cmocka_unit_test(retention_needs_skill_to_retain),
        cmocka_unit_test(area_is_a_mean_over_the_axis),
        cmocka_unit_test(block_is_the_mean_of_its_cells_beside_the_worst),
        cmocka_unit_test(multibench_by_hand),
        cmocka_unit_test(multicorrupt_and_lnln_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
