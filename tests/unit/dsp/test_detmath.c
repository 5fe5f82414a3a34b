/* SPDX-License-Identifier: Apache-2.0
 *
 * detmath against the C library's long double functions, and its bits against stored ones.
 */
#include "support/support.h"

#include <float.h>
#include <math.h>

#include "base/hash.h"
#include "base/rng.h"
#include "dsp/detmath.h"

#define N_TRIES 200000

/* Distance in ulps of the true value; the unit is never taken below floor_unit. */
static double ulps(double got, long double want, double floor_unit)
{
    int e;
    double unit;

    frexpl(want, &e);
    unit = ldexp(1.0, e - DBL_MANT_DIG);
    if (unit < floor_unit) unit = floor_unit;
    return (double)(fabsl((long double)got - want) / (long double)unit);
}

static void sin_and_cos_keep_their_bound(void **state)
{
    mw_rng r = mw_rng_from_key(11);
    double worst = 0;

    (void)state;
    for (int i = 0; i < N_TRIES; i++) {
        const double span = i % 3 == 0 ? 4 : i % 3 == 1 ? 1000 : 1e6;
        const double x = mw_rng_uniform(&r, -span, span);
        const double a = ulps(mw_det_sin(x), sinl((long double)x), DBL_EPSILON / 2);
        const double b = ulps(mw_det_cos(x), cosl((long double)x), DBL_EPSILON / 2);

        if (a > worst) worst = a;
        if (b > worst) worst = b;
    }
    print_message("# sin, cos: worst %.3f\n", worst);
    assert_true(worst <= 1.0);
    assert_true(mw_det_sin(0.0) == 0.0);
    assert_true(mw_det_cos(0.0) == 1.0);
}

static void exp_and_log_keep_their_bound(void **state)
{
    mw_rng r = mw_rng_from_key(12);
    double worst_exp = 0, worst_log = 0;

    (void)state;
    for (int i = 0; i < N_TRIES; i++) {
        const double span = i % 2 ? 1 : 708;
        const double x = mw_rng_uniform(&r, -span, span), y = exp(x);
        const double a = ulps(mw_det_exp(x), expl((long double)x), 0);
        const double b = ulps(mw_det_log(y), logl((long double)y), 0);

        if (a > worst_exp) worst_exp = a;
        if (b > worst_log) worst_log = b;
    }
    print_message("# exp: worst %.3f ulp, log: worst %.3f ulp\n", worst_exp, worst_log);
    assert_true(worst_exp <= 1.5);
    assert_true(worst_log <= 1.0);
}

static void ends_of_the_ranges_are_defined(void **state)
{
    (void)state;
    assert_true(isnan(mw_det_sin(1.1e6)));
    assert_true(isnan(mw_det_cos((double)INFINITY)));
    assert_true(isnan(mw_det_sin((double)NAN)));
    assert_true(isinf(mw_det_exp(709.8)) && mw_det_exp(709.8) > 0);
    assert_true(isfinite(mw_det_exp(709.78)));
    assert_true(mw_det_exp(-709.0) == 0.0);
    assert_true(isnan(mw_det_exp((double)NAN)));
    assert_true(isinf(mw_det_log(0.0)) && mw_det_log(0.0) < 0);
    assert_true(isnan(mw_det_log(-1.0)));
    assert_true(fabs(mw_det_log(0x1p-1074) + 1074 * log(2.0)) < 1e-12);
    assert_true(mw_det_log(1.0) == 0.0);
}

static void bits_are_the_stored_ones(void **state)
{
    mw_rng r = mw_rng_from_key(13);
    mw_sha256 h;
    uint8_t digest[MW_SHA256_BYTES];
    char hex[MW_SHA256_HEX + 1];

    (void)state;
    mw_sha256_init(&h);
    for (int i = 0; i < 4096; i++) {
        const double x = mw_rng_uniform(&r, -50, 50);
        const double v[4] = { mw_det_sin(x), mw_det_cos(x), mw_det_exp(x),
                              mw_det_log(x < 0 ? -x : x) };

        mw_sha256_update(&h, v, sizeof v);
    }
    mw_sha256_final(&h, digest);
    mw_hex(hex, digest, sizeof digest);
    assert_string_equal(hex, "aa6f8e88114703652495c669314aec8f31a8f726b07c39dcdac6277e94437a58");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sin_and_cos_keep_their_bound),
        cmocka_unit_test(exp_and_log_keep_their_bound),
        cmocka_unit_test(ends_of_the_ranges_are_defined),
        cmocka_unit_test(bits_are_the_stored_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
