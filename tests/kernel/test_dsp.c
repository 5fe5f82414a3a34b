/* SPDX-License-Identifier: Apache-2.0
 *
 * Sample kernels: every CPU level of this machine against C, and
 *     test_dsp --bench [json]   seconds of 16 kHz sound per second of one core, per level
 */
#include "support/support.h"

#include <float.h>
#include <math.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "dsp/kernels.h"
#include "dsp/level.h"

#define ROOM 200 /* samples of the longest case, guards and odd start included */

#define FOR_EACH_LEVEL(level)                                                                      \
    for (mw_cpu_level level = MW_CPU_AVX2; level <= mw_cpu(); level = (mw_cpu_level)(level + 1))

/* Ordinary samples, and every kind that conversion and peaks treat apart. */
static float sample(mw_rng *r, int hostile)
{
    static const float odd[] = { 0,
                                 -0.0f,
                                 1,
                                 -1,
                                 1.5f,
                                 -1.5f,
                                 1e-40f,
                                 -1e-40f,
                                 FLT_MAX,
                                 -FLT_MAX,
                                 INFINITY,
                                 -INFINITY,
                                 0x1p-31f,
                                 0x1.8p-31f,
                                 -0x1p-32f,
                                 -0x1.8p-31f,
                                 0x1.fffffep-1f,
                                 -0x1.000002p0f,
                                 0x1.0001p-15f,
                                 0x1.7fffp-15f,
                                 -0x1.8p-32f,
                                 -0x1.0000cp-15f };

    if (hostile && mw_rng_below(r, 4) == 0)
        return mw_rng_below(r, 16) ? odd[mw_rng_below(r, sizeof odd / sizeof *odd)] : NAN;
    return (float)(2.2 * mw_rng_unit(r) - 1.1);
}

static void fill(float *x, mw_rng *r, int hostile)
{
    for (size_t i = 0; i < ROOM; i++)
        x[i] = sample(r, hostile);
}

/* Equal bits; any NaN equals any other, since C does not fix which one an addition returns. */
static int same_floats(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) && !(isnan(a[i]) && isnan(b[i]))) return 0;
    return 1;
}

static void mixing_is_equal_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(1);

    (void)state;
    FOR_EACH_LEVEL(level)
    for (size_t i = 0; i < 4000; i++) {
        const size_t n = i % 150, at = 1 + i % 7;
        const float gain = sample(&r, i % 3 == 0);
        float x[ROOM], z[ROOM], got[ROOM], want[ROOM], got_peak, want_peak;

        fill(x, &r, i % 2);
        fill(z, &r, i % 2);
        fill(got, &r, 0);
        memcpy(want, got, sizeof want);
        got_peak = mw_dsp_kernels_at(level)->mix(got + at, x + i % 5, z + i % 3, gain, n);
        want_peak = mw_mix_c(want + at, x + i % 5, z + i % 3, gain, n);
        if (memcmp(&got_peak, &want_peak, sizeof got_peak))
            fail_msg("%s, n %zu: peak %g, C has %g", mw_cpu_name(level), n, got_peak, want_peak);
        if (!same_floats(got, want, ROOM)) fail_msg("%s differs, n %zu", mw_cpu_name(level), n);
    }
}

static void a_nan_does_not_hide_an_earlier_peak(void **state)
{
    (void)state;
    for (mw_cpu_level level = MW_CPU_C; level <= mw_cpu(); level = (mw_cpu_level)(level + 1))
        for (size_t lane = 0; lane < 64; lane++) {
            float x[ROOM] = { 0 }, z[ROOM] = { 0 }, y[ROOM];

            x[lane] = -0.9f;
            x[lane + 64] = NAN;
            assert_true(mw_dsp_kernels_at(level)->mix(y, x, z, 1, 192) == 0.9f);
        }
}

static void mixing_in_place_equals_mixing_apart_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(2);

    (void)state;
    for (mw_cpu_level level = MW_CPU_C; level <= mw_cpu(); level = (mw_cpu_level)(level + 1))
        for (size_t n = 0; n < 150; n++) {
            float x[ROOM], z[ROOM], apart[ROOM];

            fill(x, &r, 0);
            fill(z, &r, 0);
            memcpy(apart, x, sizeof apart);
            mw_dsp_kernels_at(level)->mix(apart, x, z, 0.7f, n);
            mw_dsp_kernels_at(level)->mix(x, x, z, 0.7f, n);
            assert_memory_equal(x, apart, sizeof x);
        }
}

static void division_is_equal_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(3);

    (void)state;
    FOR_EACH_LEVEL(level)
    for (size_t i = 0; i < 4000; i++) {
        const float divisor = (float)(1 + 9 * mw_rng_unit(&r));
        float got[ROOM], want[ROOM];

        fill(got, &r, i % 2);
        memcpy(want, got, sizeof want);
        mw_dsp_kernels_at(level)->divide(got + i % 9, divisor, i % 150);
        mw_divide_c(want + i % 9, divisor, i % 150);
        if (!same_floats(got, want, ROOM))
            fail_msg("%s differs, n %zu", mw_cpu_name(level), i % 150);
    }
}

static void conversion_to_16_bits_is_equal_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(4);

    (void)state;
    FOR_EACH_LEVEL(level)
    for (size_t i = 0; i < 8000; i++) {
        const size_t n = i % 150, at = 1 + i % 7;
        int16_t got[ROOM], want[ROOM];
        float x[ROOM];

        fill(x, &r, i % 2);
        memset(got, 0xA5, sizeof got);
        memset(want, 0xA5, sizeof want);
        mw_dsp_kernels_at(level)->pcm16(got + at, x + i % 5, n);
        mw_pcm16_c(want + at, x + i % 5, n);
        for (size_t k = 0; k < ROOM; k++)
            if (got[k] != want[k])
                fail_msg("%s, n %zu, sample %zu of %g: %d, C has %d", mw_cpu_name(level), n, k - at,
                         (double)x[k - at + i % 5], got[k], want[k]);
    }
}

/* All steps of 2^-17 around full scale and zero, where rounding and saturation change their minds.
 */
static void conversion_is_equal_on_a_fine_grid(void **state)
{
    enum { N = 1 << 12 };
    static float x[N];
    static int16_t got[N], want[N];

    (void)state;
    FOR_EACH_LEVEL(level)
    for (int middle = -1; middle <= 1; middle++) {
        for (int i = 0; i < N; i++)
            x[i] = (float)middle + (float)(i - N / 2) * 0x1p-17f;
        mw_dsp_kernels_at(level)->pcm16(got, x, N);
        mw_pcm16_c(want, x, N);
        assert_memory_equal(got, want, sizeof got);
    }
}

/* ---- --bench ---- */

static void energy_is_equal_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(6);

    (void)state;
    for (mw_cpu_level level = MW_CPU_C; level <= mw_cpu(); level = (mw_cpu_level)(level + 1))
        for (size_t i = 0; i < 4000; i++) {
            const size_t n = i % 150;
            float x[ROOM], z[ROOM];
            double one, two[2];

            fill(x, &r, i % 4 == 0);
            fill(z, &r, 0);
            one = mw_dsp_kernels_at(level)->energy(x + i % 5, n);
            mw_dsp_kernels_at(level)->energy2(two, x + i % 5, z + i % 3, n);
            if (isnan(mw_energy_c(x + i % 5, n))) {
                assert_true(isnan(one) && isnan(two[0]));
            } else {
                assert_true(one == mw_energy_c(x + i % 5, n));
                assert_true(two[0] == one);
            }
            assert_true(two[1] == mw_energy_c(z + i % 3, n));
        }
}

#define BENCH_N 160000 /* ten seconds: what a clip is */

typedef struct bench {
    float x[BENCH_N], z[BENCH_N], y[BENCH_N];
    int16_t q[BENCH_N];
    double sink;
} bench;

static void run_mix(bench *b)
{
    b->sink += mw_dsp_kernels_at(mw_cpu())->mix(b->y, b->x, b->z, 0.5f, BENCH_N);
}

static void run_divide(bench *b)
{
    mw_dsp_kernels_at(mw_cpu())->divide(b->y, 1.0f, BENCH_N);
}

static void run_pcm16(bench *b)
{
    mw_dsp_kernels_at(mw_cpu())->pcm16(b->q, b->x, BENCH_N);
}

static void run_energy2(bench *b)
{
    double sum[2];

    mw_energy2(sum, b->x, b->z, BENCH_N);
    b->sink += sum[0] + sum[1];
}

static void run_energy(bench *b)
{
    b->sink += mw_energy(b->x, BENCH_N);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Fastest of 30 rounds of 20 clips, processor time; one round before to warm up. */
static double real_time_factor(void (*run)(bench *), bench *b)
{
    double best = 1e9;

    for (int round = 0; round < 31; round++) {
        const double start = now_s();

        for (int i = 0; i < 20; i++)
            run(b);
        if (round) best = fmin(best, now_s() - start);
    }
    return 20 * 10 / best;
}

/* A line of text, or of JSON for programs. */
static int bench_level(int json)
{
    static const struct {
        const char *name;
        void (*run)(bench *);
    } runs[] = { { "mix", run_mix },
                 { "divide", run_divide },
                 { "pcm16", run_pcm16 },
                 { "energy", run_energy },
                 { "energy2", run_energy2 } };
    bench *b = calloc(1, sizeof *b);
    mw_rng r = mw_rng_from_key(5);

    if (!b) return 1;
    for (size_t i = 0; i < BENCH_N; i++) {
        b->x[i] = sample(&r, 0);
        b->z[i] = sample(&r, 0);
    }
    printf(json ? "{\"level\": \"%s\"" : "%-7s", mw_cpu_name(mw_cpu()));
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        printf(json ? ", \"%s\": %.0f" : "  %s %.0f", runs[i].name,
               real_time_factor(runs[i].run, b));
    printf(json ? ", \"unit\": \"%s\"}\n" : "  %s\n", "s of 16 kHz sound per s");
    free(b);
    return 0;
}

/* One process per level, as a process finds its level once. */
static int bench_all(int json)
{
    for (int level = MW_CPU_C; level <= MW_CPU_AVX512; level++) {
        int status = 1;
        pid_t child;

        fflush(stdout);
        child = fork();
        if (child < 0) return 1;
        if (!child) {
            setenv("MW_CPU", mw_cpu_name((mw_cpu_level)level), 1);
            exit((int)mw_cpu() == level ? bench_level(json) : 0);
        }
        if (waitpid(child, &status, 0) != child || status) return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixing_is_equal_at_every_level),
        cmocka_unit_test(a_nan_does_not_hide_an_earlier_peak),
        cmocka_unit_test(mixing_in_place_equals_mixing_apart_at_every_level),
        cmocka_unit_test(division_is_equal_at_every_level),
        cmocka_unit_test(energy_is_equal_at_every_level),
        cmocka_unit_test(conversion_to_16_bits_is_equal_at_every_level),
        cmocka_unit_test(conversion_is_equal_on_a_fine_grid),
    };

    if (argc >= 2 && !strcmp(argv[1], "--bench"))
        return bench_all(argc > 2 && !strcmp(argv[2], "json"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
