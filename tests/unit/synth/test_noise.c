/* SPDX-License-Identifier: Apache-2.0
 *
 * Music and the noise of places, measured from the signal.
 */
#include "support/support.h"

#include <math.h>

#include "synth/noise.h"

#define RATE_HZ 16000
#define N       (4 * RATE_HZ)

typedef void (*maker)(float *x, size_t n, int rate_hz, uint64_t key);
static const maker makers[] = { mw_synth_music, mw_synth_environment };

static float x[N + 1], y[N];

static double rms(const float *s, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)s[i] * (double)s[i];
    return sqrt(sum / (double)n);
}

/* Power at a frequency, by correlation with a pair of sines. */
static double power_at(const float *s, size_t n, double hz)
{
    double re = 0, im = 0;

    for (size_t i = 0; i < n; i++) {
        const double a = 2 * 3.14159265358979323846 * hz * (double)i / RATE_HZ;

        re += (double)s[i] * cos(a);
        im += (double)s[i] * sin(a);
    }
    return (re * re + im * im) / ((double)n * (double)n);
}

static void is_finite_within_its_limit_and_near_its_level(void **state)
{
    (void)state;
    for (int m = 0; m < 2; m++)
        for (uint64_t key = 1; key <= 8; key++) {
            makers[m](x, N, RATE_HZ, key);
            for (size_t i = 0; i < N; i++)
                assert_true(isfinite(x[i]) && fabsf(x[i]) <= 0.9f);
            assert_true(fabs(rms(x, N) - 0.1) < 0.02);
        }
}

static void repeats_and_follows_its_key(void **state)
{
    (void)state;
    for (int m = 0; m < 2; m++) {
        makers[m](x, N, RATE_HZ, 1);
        makers[m](y, N, RATE_HZ, 1);
        assert_memory_equal(x, y, sizeof y);
        makers[m](y, N, RATE_HZ, 2);
        assert_memory_not_equal(x, y, sizeof y);
    }
}

static void places_rumble_and_music_does_not(void **state)
{
    double low[2] = { 0, 0 }, high[2] = { 0, 0 };

    (void)state;
    for (int m = 0; m < 2; m++) {
        makers[m](x, N, RATE_HZ, 3);
        for (int k = 0; k < 100; k++) {
            low[m] += power_at(x, N, 20 + 0.8 * k);
            high[m] += power_at(x, N, 110 + 8.0 * k);
        }
    }
    assert_true(low[1] > 10 * high[1]);
    assert_true(low[0] < high[0]);
}

static void takes_any_length_and_rate(void **state)
{
    static const int rates[] = { 8000, 44100, 48000 };

    (void)state;
    for (int m = 0; m < 2; m++)
        for (int r = 0; r < 3; r++)
            for (size_t n = 1; n < 4; n++) {
                x[n] = 7;
                makers[m](x, n, rates[r], 1);
                assert_true(x[n] == 7.0f);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_finite_within_its_limit_and_near_its_level),
        cmocka_unit_test(repeats_and_follows_its_key),
        cmocka_unit_test(places_rumble_and_music_does_not),
        cmocka_unit_test(takes_any_length_and_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
