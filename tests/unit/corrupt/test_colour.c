/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/normal.h"
#include "corrupt/audio/colour.h"

/* Both filters start a second early on the same deviates, so what they do to each frequency is the
 * mean of Y X* over that of X X*, X being the white deviates. Segments of SEGMENT samples, Hann
 * window: the estimate is good to about 0.03 dB at 20 Hz and better above. */
#define SEGMENT   32768
#define N_SEGMENT 24

typedef struct cplx {
    double re, im;
} cplx;

static double hann[SEGMENT];

static int make_window(void **state)
{
    (void)state;
    for (int i = 0; i < SEGMENT; i++)
        hann[i] = 0.5 - 0.5 * cos(6.283185307179586 / SEGMENT * i);
    return 0;
}

/* sum w(i) x(i) exp(-2 pi j f i / rate), the turning by recursion */
static cplx dft(const float *x, int rate_hz, double f)
{
    const double step = -6.283185307179586 * f / rate_hz, c = cos(step), d = sin(step);
    cplx s = { 0 }, e = { 1, 0 };

    for (int i = 0; i < SEGMENT; i++) {
        const double v = hann[i] * x[i], re = e.re * c - e.im * d;

        s.re += v * e.re;
        s.im += v * e.im;
        e.im = e.re * d + e.im * c;
        e.re = re;
    }
    return s;
}

static double gain_db(const float *y, const float *x, int rate_hz, double f)
{
    double re = 0, im = 0, power = 0;

    for (int k = 0; k < N_SEGMENT; k++) {
        const cplx a = dft(x + (size_t)k * SEGMENT, rate_hz, f),
                   b = dft(y + (size_t)k * SEGMENT, rate_hz, f);

        re += b.re * a.re + b.im * a.im;
        im += b.im * a.re - b.re * a.im;
        power += a.re * a.re + a.im * a.im;
    }
    return 10 * log10((re * re + im * im) / (power * power));
}

/* Largest distance from the mean line of slope per decade, from f_low to 0.4 of the rate. */
static double worst_db(mw_noise_colour colour, int rate_hz, double slope_db, double f_low)
{
    const size_t n = (size_t)SEGMENT * N_SEGMENT;
    float *y = malloc(n * sizeof *y), *x = malloc((n + (size_t)rate_hz) * sizeof *x);
    double d[14], lowest = 1e9, highest = -1e9;

    mw_colour_noise(y, n, colour, rate_hz, 99);
    mw_normal_fill(x, n + (size_t)rate_hz, 99, (uint32_t[4]){ 0 });
    for (int i = 0; i < 14; i++) {
        const double f = f_low * pow(0.4 * rate_hz / f_low, i / 13.0);

        d[i] = gain_db(y, x + rate_hz, rate_hz, f) - slope_db * log10(f);
        lowest = fmin(lowest, d[i]);
        highest = fmax(highest, d[i]);
    }
    free(x);
    free(y);
    return (highest - lowest) / 2;
}

static void pink_noise_falls_as_one_over_f(void **state)
{
    (void)state;
    assert_true(worst_db(MW_COLOUR_PINK, 16000, -10, 20) < 0.1 + 0.03);
    assert_true(worst_db(MW_COLOUR_PINK, 48000, -10, 20) < 0.1 + 0.03);
}

static void brown_noise_falls_as_one_over_f_squared(void **state)
{
    (void)state;
    assert_true(worst_db(MW_COLOUR_BROWN, 16000, -20, 40) < 0.35 + 0.03);
    assert_true(worst_db(MW_COLOUR_BROWN, 44100, -20, 40) < 0.35 + 0.03);
}

/* Power per octave of the samples themselves, without looking at what they were made of. */
static double octave_db(const float *x, int rate_hz, double f)
{
    double power = 0;
    int n = 0;

    for (int k = 0; k < N_SEGMENT; k++)
        for (double at = f; at < 2 * f; at += f / 6, n++) {
            const cplx a = dft(x + (size_t)k * SEGMENT, rate_hz, at);

            power += a.re * a.re + a.im * a.im;
        }
    return 10 * log10(power / n);
}

/* 144 or more values of exponential law in each mean: a standard error of 0.36 dB. */
static void octaves_have_the_power_of_their_colour(void **state)
{
    static const double per_octave[] = { 0, -3.0103, -6.0206 };
    const size_t n = (size_t)SEGMENT * N_SEGMENT;
    float *x = malloc(n * sizeof *x);

    (void)state;
    for (int colour = MW_COLOUR_WHITE; colour <= MW_COLOUR_BROWN; colour++) {
        double first = 0;
        int octave = 0;

        mw_colour_noise(x, n, (mw_noise_colour)colour, 16000, 5);
        for (double f = 100; f < 3200; f *= 2, octave++) {
            const double level = octave_db(x, 16000, f);

            if (!octave) first = level;
            if (fabs(level - first - octave * per_octave[colour]) > 4 * 0.36 * sqrt(2))
                fail_msg("colour %d at %g Hz: %g dB", colour, f, level - first);
        }
    }
    free(x);
}

static void white_noise_has_unit_variance_and_no_memory(void **state)
{
    enum { N = 400000 };
    float *x = malloc(N * sizeof *x);
    double mean = 0, square = 0, next = 0;

    (void)state;
    mw_colour_noise(x, N, MW_COLOUR_WHITE, 16000, 3);
    for (size_t i = 0; i + 1 < N; i++) {
        mean += x[i] / N;
        square += (double)x[i] * x[i] / N;
        next += (double)x[i] * x[i + 1] / N;
    }
    assert_true(fabs(mean) < 5 / sqrt(N));
    assert_true(fabs(square - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(next) < 5 / sqrt(N));
    free(x);
}

static void a_stream_gives_the_same_samples_whatever_the_length(void **state)
{
    float a[5000], b[5000];

    (void)state;
    for (int colour = MW_COLOUR_WHITE; colour <= MW_COLOUR_BROWN; colour++) {
        mw_colour_noise(a, 5000, (mw_noise_colour)colour, 16000, 11);
        for (size_t n = 1; n <= 5000; n = n * 5 / 3 + 1) {
            mw_colour_noise(b, n, (mw_noise_colour)colour, 16000, 11);
            assert_memory_equal(a, b, n * sizeof *a);
        }
        mw_colour_noise(b, 5000, (mw_noise_colour)colour, 16000, 12);
        assert_memory_not_equal(a, b, sizeof a);
    }
}

/* The second before the first sample suffices: the start is as loud as the rest. */
static void noise_is_stationary_from_the_first_sample(void **state)
{
    enum { N = 64, SPAN = 4000, STREAMS = 300 };
    float x[SPAN];

    (void)state;
    for (int colour = MW_COLOUR_PINK; colour <= MW_COLOUR_BROWN; colour++) {
        double start = 0, later = 0;

        for (uint64_t s = 0; s < STREAMS; s++) {
            mw_colour_noise(x, SPAN, (mw_noise_colour)colour, 16000, s);
            for (int i = 0; i < N; i++) {
                start += (double)x[i] * x[i];
                later += (double)x[SPAN - N + i] * x[SPAN - N + i];
            }
        }
        /* 300 nearly independent squares on each side: 8 % standard error each */
        assert_true(fabs(10 * log10(start / later)) < 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pink_noise_falls_as_one_over_f),
        cmocka_unit_test(brown_noise_falls_as_one_over_f_squared),
        cmocka_unit_test(octaves_have_the_power_of_their_colour),
        cmocka_unit_test(white_noise_has_unit_variance_and_no_memory),
        cmocka_unit_test(a_stream_gives_the_same_samples_whatever_the_length),
        cmocka_unit_test(noise_is_stationary_from_the_first_sample),
    };

    return cmocka_run_group_tests(tests, make_window, NULL);
}
