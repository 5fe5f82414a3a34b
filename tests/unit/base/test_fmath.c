/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "support/support.h"

#include "base/fmath.h"
#include "base/hash.h"

static uint32_t seed = 1;

static double uniform(double lo, double hi)
{
    seed = seed * 1664525u + 1013904223u;
    return lo + (hi - lo) * (double)seed / 4294967296.0;
}

static void near(double ours, double theirs, double tolerance)
{
    if (!(fabs(ours - theirs) <= tolerance)) fail_msg("%.17g, expected %.17g", ours, theirs);
}

static void agree_with_the_c_library(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        const double x = uniform(-1, 1), big = x * 600, y = fabs(uniform(-1, 1));

        near(mw_exp(big), exp(big), 4e-16 * exp(big));
        near(mw_log(exp(big)), log(exp(big)), 4e-16 * fabs(big) + 1e-16);
        near(mw_log(1 + 1e-3 * x), log(1 + 1e-3 * x), 5e-16 * fabs(log(1 + 1e-3 * x)));
        near(mw_sin(big), sin(big), 2e-16);
        near(mw_cos(big), cos(big), 2e-16);
        near(mw_angle_upper(y, x), atan2(y, x), 1e-15);
        near(mw_atan(big), atan(big), 4e-16);
        near(mw_pow(y + 1e-9, 0.33), pow(y + 1e-9, 0.33), 1e-15 * pow(y + 1e-9, 0.33));
    }
}

static void meet_their_fixed_points(void **state)
{
    (void)state;
    assert_true(mw_log(1.0) == 0.0);
    assert_true(mw_exp(0.0) == 1.0);
    assert_true(mw_sin(0.0) == 0.0);
    assert_true(mw_cos(0.0) == 1.0);
    near(mw_log10(1000.0), 3.0, 5e-16);
    near(mw_log2(1024.0), 10.0, 2e-15);
    near(mw_angle_upper(0.0, 0.0), 0.0, 0.0);
    near(mw_angle_upper(0.0, -2.0), MW_PI, 0.0);
    near(mw_angle_upper(3.0, 0.0), MW_PI / 2, 0.0);
}

/* The bits are a promise: synthetic clips, noise tables and blur taps rest on them. */
static void bits_are_the_stored_ones(void **state)
{
    char hex[MW_SHA256_HEX + 1];
    double v[4096][4];

    (void)state;
    seed = 13;
    for (int i = 0; i < 4096; i++) {
        const double x = uniform(-50, 50);

        v[i][0] = mw_sin(x);
        v[i][1] = mw_cos(x);
        v[i][2] = mw_exp(x);
        v[i][3] = mw_log(fabs(x) + 1e-3);
    }
    mw_sha256_hex(hex, v, sizeof v);
    assert_string_equal(hex, "eafb0ea129de36bb24a8f1f743f812a8dbf4ab0a2019b089bccc4ea111a776c0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agree_with_the_c_library),
        cmocka_unit_test(meet_their_fixed_points),
        cmocka_unit_test(bits_are_the_stored_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
