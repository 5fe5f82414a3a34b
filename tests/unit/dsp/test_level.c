/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <float.h>
#include <math.h>

#include "dsp/level.h"
#include "support/sounds.h"

static double db(double power)
{
    return 10 * log10(power);
}

/* Small integers: every order of summation gives the same, so nothing is lost or counted twice. */
static void energy_sums_every_sample_once(void **state)
{
    float x[200];

    (void)state;
    for (size_t i = 0; i < 200; i++)
        x[i] = (float)(1u << i % 11) * (i % 2 ? -1 : 1);
    for (size_t first = 0; first < 3; first++)
        for (size_t n = 0; first + n <= 200; n++) {
            double sum = 0;

            for (size_t i = 0; i < n; i++)
                sum += (double)x[first + i] * x[first + i];
            assert_true(mw_energy(x + first, n) == sum);
        }
}

/* The error of 375 000 additions per partial sum grows as their square root: some 1e-13. */
static void energy_is_accurate_over_long_signals(void **state)
{
    const size_t n = 3000000;
    float *x = malloc(n * sizeof *x);
    long double sum = 0;

    (void)state;
    fill_noise(x, n, 0.3, 1);
    for (size_t i = 0; i < n; i++)
        sum += (long double)x[i] * x[i];
    assert_true(fabsl(mw_energy(x, n) / sum - 1) < 1e-12L);
    free(x);
}

static void what_is_not_finite_is_found_anywhere(void **state)
{
    static const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
    float x[70];

    (void)state;
    for (size_t i = 0; i < 70; i++)
        x[i] = i % 3 ? -FLT_MAX : FLT_MIN / 4;
    assert_true(mw_all_finite(x, 70));
    assert_true(mw_all_finite(x, 0));
    for (size_t i = 0; i < 70; i++) {
        const float kept = x[i];

        x[i] = bad[i % 4];
        assert_false(mw_all_finite(x, 70));
        assert_true(mw_all_finite(x, i));
        x[i] = kept;
    }
}

/* The method as the recommendation words it: every threshold looked at for every sample, the
 * crossing found by bisection between neighbouring thresholds. */
static double plain_p56(const float *x, size_t n, int rate_hz, double *activity)
{
    const double g = exp(-1.0 / (0.03 * rate_hz)), margin = 15.9;
    const long hangover = (long)(0.2 * rate_hz + 0.5);
    double count[31] = { 0 }, p = 0, q = 0, sum = 0;
    long hang[31];

    for (int j = 0; j < 31; j++)
        hang[j] = hangover;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * x[i];
        p = g * p + (1 - g) * fabs((double)x[i]);
        q = g * q + (1 - g) * p;
        for (int j = 0; j < 31; j++) {
            const double c = ldexp(1, -j);

            if (q >= c) {
                count[j]++;
                hang[j] = 0;
            } else if (hang[j] < hangover) {
                count[j]++;
                hang[j]++;
            }
        }
    }
    for (int j = 1; j < 31; j++) {
        double a0, a1, c0 = 20 * log10(ldexp(1, 1 - j)), c1 = 20 * log10(ldexp(1, -j));

        if (!count[j] || !count[j - 1]) continue;
        a0 = db(sum / count[j - 1]);
        a1 = db(sum / count[j]);
        if (a1 - c1 < margin || a0 - c0 > margin) continue;
        for (int k = 0; k < 60; k++) {
            const double a = (a0 + a1) / 2, c = (c0 + c1) / 2;

            if (a - c < margin) {
                a0 = a;
                c0 = c;
            } else {
                a1 = a;
                c1 = c;
            }
        }
        *activity = sum / (double)n / pow(10, a0 / 10);
        return pow(10, a0 / 10);
    }
    return 0;
}

static void active_level_equals_the_plain_method(void **state)
{
    static const int rates[] = { 8000, 16000, 44100 };

    (void)state;
    for (size_t k = 0; k < 3; k++)
        for (uint64_t seed = 1; seed <= 4; seed++) {
            const size_t n = (size_t)rates[k] * 6;
            float *x = malloc(n * sizeof *x);
            double a, b, power, plain;

            fill_speech(x, n, rates[k], seed);
            memset(x + n / 3, 0, n / 4 * sizeof *x); /* a long pause */
            for (size_t i = 0; i < n; i++)
                x[i] *= (float)pow(0.2, (double)seed - 1);
            power = mw_active_power(x, n, rates[k], &a);
            plain = plain_p56(x, n, rates[k], &b);
            assert_true(plain > 0);
            if (fabs(db(power) - db(plain)) > 1e-9 || fabs(a - b) > 1e-9)
                fail_msg("%.12f dB, %.12f; plain %.12f dB, %.12f", db(power), a, db(plain), b);
            free(x);
        }
}

/* Tone bursts of 50 % activity: the measure counts the burst, the hangover of 0.2 s, and what the
 * envelope (time constants of 2 x 30 ms) takes to rise above and fall below the margin; the last
 * is some 0.05 to 0.15 s. */
static void tone_bursts_have_the_activity_that_was_put_in(void **state)
{
    enum { RATE = 16000, N = 40 * RATE };
    float *x = calloc(N, sizeof *x);
    double activity, power;

    (void)state;
    add_tone(x, N, RATE, 440, 0.25);
    for (size_t i = 0; i < N; i++)
        if (i / (2 * RATE) % 2) x[i] = 0; /* 2 s on, 2 s off */
    power = mw_active_power(x, N, RATE, &activity);
    assert_true(activity > (2 + 0.2) / 4 && activity < (2 + 0.2 + 0.15) / 4);
    /* active level x active time = energy */
    assert_true(fabs(power * activity * N / mw_energy(x, N) - 1) < 1e-9);
    assert_true(fabs(db(power) - db(0.25 * 0.25 / 2)) < 10 * log10(2.35 / 2));
    free(x);
}

static void a_steady_tone_is_active_throughout(void **state)
{
    enum { RATE = 16000, N = 10 * RATE };
    float *x = calloc(N, sizeof *x);
    double activity, power;

    (void)state;
    add_tone(x, N, RATE, 300, 0.5);
    power = mw_active_power(x, N, RATE, &activity);
    assert_true(activity > 0.99 && activity <= 1);
    assert_true(fabs(db(power) - db(0.125)) < 0.05);
    free(x);
}

/* Thresholds are powers of two, so halving shifts them by one. */
static void scaling_by_powers_of_two_scales_the_level(void **state)
{
    enum { RATE = 16000, N = 5 * RATE };
    float *x = malloc(N * sizeof *x);
    double a, first = 0, first_activity = 0;

    (void)state;
    fill_speech(x, N, RATE, 3);
    for (int k = 0; k < 12; k++) {
        const double p = mw_active_power(x, N, RATE, &a) * ldexp(1, 2 * k);

        if (!k) {
            first = p;
            first_activity = a;
        }
        assert_true(fabs(db(p) - db(first)) < 1e-9);
        assert_true(fabs(a - first_activity) < 1e-9);
        for (size_t i = 0; i < N; i++)
            x[i] /= 2;
    }
    free(x);
}

static void pauses_do_not_count(void **state)
{
    enum { RATE = 16000, SPEECH = 4 * RATE, N = 20 * RATE };
    float *x = calloc(N, sizeof *x);
    double alone, padded, a;

    (void)state;
    fill_speech(x, SPEECH, RATE, 7);
    alone = mw_active_power(x, SPEECH, RATE, NULL);
    padded = mw_active_power(x, N, RATE, &a);
    /* one more hangover of 0.2 s in 4 s */
    assert_true(fabs(db(alone) - db(padded)) < 10 * log10(1 + 0.25 / 4) + 0.01);
    assert_true(a < 0.25);
    free(x);
}

static void silence_and_nothing_have_no_active_level(void **state)
{
    float x[1000] = { 0 };
    double a = 7;

    (void)state;
    assert_true(mw_active_power(x, 1000, 16000, &a) == 0 && a == 0);
    a = 7;
    assert_true(mw_active_power(x, 0, 16000, &a) == 0 && a == 0);
    x[500] = 1; /* a click is too short for the envelope: the whole counts */
    assert_true(mw_active_power(x, 1000, 16000, &a) > 0 && a > 0 && a <= 1);
    x[500] = 1e-20f;
    assert_true(mw_active_power(x, 1000, 16000, &a) > 0 && a > 0 && a <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy_sums_every_sample_once),
        cmocka_unit_test(energy_is_accurate_over_long_signals),
        cmocka_unit_test(what_is_not_finite_is_found_anywhere),
        cmocka_unit_test(active_level_equals_the_plain_method),
        cmocka_unit_test(tone_bursts_have_the_activity_that_was_put_in),
        cmocka_unit_test(a_steady_tone_is_active_throughout),
        cmocka_unit_test(scaling_by_powers_of_two_scales_the_level),
        cmocka_unit_test(pauses_do_not_count),
        cmocka_unit_test(silence_and_nothing_have_no_active_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
