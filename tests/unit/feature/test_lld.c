/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <malloc.h>

#include "support/support.h"

#include "base/mem.h"
#include "feature/lld/lld.h"
#include "support/lld_golden.h"

enum { RATE = 16000 };

/* Vowel-like: pulses at a gliding pitch through two resonances, a pause, noise. */
static void voice(int16_t *x, size_t n, unsigned rate_hz)
{
    double phase = 0, a[2][2] = { { 0 } };
    uint32_t seed = 12345;

    for (size_t i = 0; i < n; i++) {
        const double s = (double)i / rate_hz, hz = 110 + 40 * sin(3 * s);
        const double f[2] = { 700, 1300 };
        double v, noise;

        seed = seed * 1664525u + 1013904223u;
        noise = (double)(seed >> 16) / 65536 - 0.5;
        phase += hz / rate_hz;
        v = phase >= 1 ? 1 : 0.001 * noise;
        if (phase >= 1) phase -= 1;
        for (int k = 0; k < 2; k++) {
            const double r = exp(-3.14159 * 90 / rate_hz);
            const double y =
                v + 2 * r * cos(2 * 3.14159265 * f[k] / rate_hz) * a[k][0] - r * r * a[k][1];

            a[k][1] = a[k][0], a[k][0] = y;
            v = y;
        }
        if (s > 1.0 && s < 1.1) v = 0;
        x[i] = (int16_t)fmax(fmin(v * 400 + noise * 20, 32767), -32768);
    }
}

static float *both(const int16_t *x, size_t n, size_t chunk, size_t *rows)
{
    size_t columns = 0;
    float *m = lld_matrix(x, NULL, n, RATE, MW_LLD_BOTH, chunk, rows, &columns);

    assert_non_null(m);
    assert_int_equal(columns, 90);
    return m;
}

static void rows_follow_from_the_length(void **state)
{
    static const struct {
        size_t n, rows;
    } cases[] = { { 0, 0 },    { 1, 0 },    { 319, 0 },   { 320, 0 },    { 959, 0 },     { 960, 2 },
                  { 1119, 2 }, { 1120, 3 }, { 2720, 13 }, { 16000, 96 }, { 105480, 655 } };
    static int16_t x[105480];

    (void)state;
    voice(x, 105480, RATE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t rows = 99;
        float *m = both(x, cases[i].n, 0, &rows);

        assert_int_equal(rows, cases[i].rows);
        for (size_t k = 0; k < rows * 90; k++)
            assert_true(isfinite(m[k]));
        free(m);
    }
}

static void chunk_size_does_not_change_a_bit(void **state)
{
    static const size_t chunks[] = { 1, 7, 160, 4096 };
    static int16_t x[2 * RATE];
    size_t rows, whole_rows;
    float *whole;

    (void)state;
    voice(x, 2 * RATE, RATE);
    whole = both(x, 2 * RATE, 0, &whole_rows);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        float *m = both(x, 2 * RATE, chunks[i], &rows);

        assert_int_equal(rows, whole_rows);
        assert_memory_equal(m, whole, rows * 90 * sizeof *m);
        free(m);
    }
    free(whole);
}

static void sets_alone_equal_their_part_of_both(void **state)
{
    static int16_t x[RATE];
    size_t rows, r, c;
    float *all, *e, *p;

    (void)state;
    voice(x, RATE, RATE);
    all = both(x, RATE, 0, &rows);
    e = lld_matrix(x, NULL, RATE, RATE, MW_LLD_EGEMAPS, 0, &r, &c);
    assert_int_equal(r, rows);
    assert_int_equal(c, 25);
    p = lld_matrix(x, NULL, RATE, RATE, MW_LLD_COMPARE, 0, &r, &c);
    assert_int_equal(r, rows);
    assert_int_equal(c, 65);
    for (size_t i = 0; i < rows; i++) {
        assert_memory_equal(e + i * 25, all + i * 90, 25 * sizeof *e);
        assert_memory_equal(p + i * 65, all + i * 90 + 25, 65 * sizeof *p);
    }
    free(all);
    free(e);
    free(p);
}

static void rows_taken_early_equal_rows_taken_late(void **state)
{
    const mw_lld_opts opts = { RATE, MW_LLD_BOTH, 0 };
    static int16_t x[RATE];
    size_t rows, n = 0, got;
    float *late, *early;
    mw_lld *l = NULL;

    (void)state;
    voice(x, RATE, RATE);
    late = both(x, RATE, 0, &rows);
    early = calloc(rows * 90, sizeof *early);
    assert_ok(mw_lld_open(&l, &opts, NULL));
    for (size_t i = 0; i < RATE; i += 800) {
        assert_ok(mw_lld_feed_s16(l, x + i, 800, NULL));
        while ((got = mw_lld_rows(l, early + n * 90, 3)))
            n += got;
    }
    assert_true(n > rows / 2);
    assert_ok(mw_lld_finish(l, NULL));
    n += mw_lld_rows(l, early + n * 90, rows);
    assert_int_equal(n, rows);
    assert_int_equal(mw_lld_rows(l, early, 1), 0);
    assert_memory_equal(early, late, rows * 90 * sizeof *late);
    mw_lld_close(&l);
    free(early);
    free(late);
}

/* Whatever the signal, every value is finite and every row is there. */
static void extreme_signals_give_finite_rows(void **state)
{
    static const unsigned rates[] = {
        8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000
    };
    static int16_t x[48000];

    (void)state;
    for (int kind = 0; kind < 6; kind++)
        for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
            const size_t n = rates[r] / 3;
            size_t rows, columns;
            float *m;

            for (size_t i = 0; i < n; i++)
                switch (kind) {
                case 0:
                    x[i] = 0;
                    break;
                case 1:
                    x[i] = 32767;
                    break;
                case 2:
                    x[i] = i / 40 % 2 ? 32767 : -32768;
                    break; /* full-scale square */
                case 3:
                    x[i] = i % 2 ? 32767 : -32768;
                    break; /* at half the rate */
                case 4:
                    x[i] = i == n / 2;
                    break; /* one bit */
                default:
                    x[i] = (int16_t)(i * 2654435761u >> 16);
                    break;
                }
            m = lld_matrix(x, NULL, n, rates[r], MW_LLD_BOTH, 0, &rows, &columns);
            assert_non_null(m);
            assert_true(rows > 20);
            for (size_t k = 0; k < rows * columns; k++)
                if (!isfinite(m[k]))
                    fail_msg("kind %d, %u Hz, row %zu, column %zu", kind, rates[r], k / columns,
                             k % columns);
            free(m);
        }
}

static void reset_gives_what_a_new_extractor_gives(void **state)
{
    const mw_lld_opts opts = { RATE, MW_LLD_BOTH, 1 };
    static int16_t x[RATE], other[RATE];
    double f[2][MW_LLD_N_FUNCTIONALS];
    static float first[100 * 90], again[100 * 90];
    const float bad[1] = { NAN };
    mw_lld *l = NULL;
    size_t n;

    (void)state;
    voice(x, RATE, RATE);
    for (size_t i = 0; i < RATE; i++)
        other[i] = (int16_t)(i * 2654435761u >> 18);
    assert_ok(mw_lld_open(&l, &opts, NULL));
    assert_ok(mw_lld_feed_s16(l, x, RATE, NULL));
    assert_ok(mw_lld_finish(l, NULL));
    assert_ok(mw_lld_functionals(l, f[0], NULL));
    n = mw_lld_rows(l, first, 100);
    mw_lld_reset(l);
    assert_ok(mw_lld_feed_s16(l, other, RATE, NULL));
    assert_int_equal(mw_lld_feed(l, bad, 1, NULL), MW_ERR_RANGE);
    mw_lld_reset(l);
    assert_int_equal(mw_lld_n_ready(l), 0);
    assert_ok(mw_lld_feed_s16(l, x, RATE, NULL));
    assert_ok(mw_lld_finish(l, NULL));
    assert_ok(mw_lld_functionals(l, f[1], NULL));
    assert_int_equal(mw_lld_rows(l, again, 100), n);
    assert_memory_equal(first, again, n * 90 * sizeof *first);
    assert_memory_equal(f[0], f[1], sizeof f[0]);
    mw_lld_close(&l);
}

static void floats_are_truncated_to_16_bits(void **state)
{
    const mw_lld_opts opts = { RATE, MW_LLD_EGEMAPS, 0 };
    static int16_t x[4000];
    static float f[4000];
    float a[25 * 40], b[25 * 40];
    mw_lld *l = NULL;

    (void)state;
    voice(x, 4000, RATE);
    x[10] = 32767, x[11] = -32768;
    for (size_t i = 0; i < 4000; i++)
        f[i] = ((float)x[i] + (x[i] > 0 ? 0.6f : x[i] < 0 ? -0.6f : 0.6f)) / 32768.0f;
    f[10] = 1.5f, f[11] = -7.0f; /* clipped */
    assert_ok(mw_lld_open(&l, &opts, NULL));
    assert_ok(mw_lld_feed_s16(l, x, 4000, NULL));
    assert_ok(mw_lld_finish(l, NULL));
    assert_int_equal(mw_lld_rows(l, a, 40), 21);
    mw_lld_close(&l);
    assert_ok(mw_lld_open(&l, &opts, NULL));
    assert_ok(mw_lld_feed(l, f, 4000, NULL));
    assert_ok(mw_lld_finish(l, NULL));
    assert_int_equal(mw_lld_rows(l, b, 40), 21);
    mw_lld_close(&l);
    assert_memory_equal(a, b, 21 * 25 * sizeof *a);
}

static void refuses_samples_that_are_not_finite(void **state)
{
    const mw_lld_opts opts = { RATE, MW_LLD_BOTH, 0 };
    const float bad[] = { NAN, INFINITY, -INFINITY };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        float x[100] = { 0 };
        mw_error err;
        mw_lld *l = NULL;

        x[42] = bad[i];
        assert_ok(mw_lld_open(&l, &opts, NULL));
        assert_ok(mw_lld_feed(l, x, 42, NULL));
        assert_int_equal(mw_lld_feed(l, x, 100, &err), MW_ERR_RANGE);
        assert_string_equal(err.reason, "not_finite");
        assert_non_null(strstr(err.message, "sample 84"));
        assert_int_equal(mw_lld_feed(l, x, 1, &err), MW_ERR_ARG);
        assert_int_equal(mw_lld_finish(l, &err), MW_ERR_ARG);
        mw_lld_close(&l);
        assert_ok(mw_lld_open(&l, &opts, NULL));
        assert_int_equal(mw_lld_feed_units(l, x, 100, &err), MW_ERR_RANGE);
        mw_lld_close(&l);
    }
}

static void refuses_bad_options(void **state)
{
    const mw_lld_opts bad[] = { { 7999, MW_LLD_BOTH, 0 }, { 48001, MW_LLD_BOTH, 0 },
                                { 0, MW_LLD_BOTH, 0 },    { 16000, 0, 0 },
                                { 16000, 4, 0 },          { 16000, MW_LLD_COMPARE, 1 } };
    mw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mw_lld *l = (mw_lld *)&err;

        assert_int_equal(mw_lld_open(&l, &bad[i], &err), MW_ERR_RANGE);
        assert_null(l);
    }
    assert_int_equal(mw_lld_open(&(mw_lld *){ NULL }, &bad[0], &err), MW_ERR_RANGE);
    assert_non_null(strstr(err.message, "7999"));
}

static void takes_nothing_after_the_end(void **state)
{
    const mw_lld_opts opts = { RATE, MW_LLD_EGEMAPS, 0 };
    const int16_t x[10] = { 0 };
    double f[MW_LLD_N_FUNCTIONALS];
    mw_lld *l = NULL;

    (void)state;
    assert_ok(mw_lld_open(&l, &opts, NULL));
    assert_ok(mw_lld_finish(l, NULL));
    assert_int_equal(mw_lld_feed_s16(l, x, 10, NULL), MW_ERR_ARG);
    assert_int_equal(mw_lld_finish(l, NULL), MW_ERR_ARG);
    assert_int_equal(mw_lld_functionals(l, f, NULL), MW_ERR_ARG);
    assert_int_equal(mw_lld_n_ready(l), 0);
    mw_lld_close(&l);
    mw_lld_close(&l);
}

static void columns_have_the_names_of_the_reference(void **state)
{
    const mw_lld_opts opts = { RATE, MW_LLD_BOTH, 0 };
    mw_lld *l = NULL;

    (void)state;
    assert_ok(mw_lld_open(&l, &opts, NULL));
    assert_int_equal(mw_lld_n_columns(l), 90);
    assert_string_equal(mw_lld_column_name(l, 0), "Loudness_sma3");
    assert_string_equal(mw_lld_column_name(l, 24), "F3amplitudeLogRelF0_sma3nz");
    assert_string_equal(mw_lld_column_name(l, 25), "F0final_sma");
    assert_string_equal(mw_lld_column_name(l, 89), "mfcc_sma[14]");
    assert_string_equal(mw_lld_column_unit(l, 16), "Hz");
    assert_null(mw_lld_column_name(l, 90));
    assert_true(fabs(mw_lld_row_time(l, 150) - 1.5) < 1e-12);
    mw_lld_close(&l);
}

static void functionals_of_a_short_signal_are_nan(void **state)
{
    const mw_lld_opts opts = { RATE, MW_LLD_EGEMAPS, 1 };
    const int16_t x[959] = { 0 };
    double f[MW_LLD_N_FUNCTIONALS];
    mw_lld *l = NULL;

    (void)state;
    assert_ok(mw_lld_open(&l, &opts, NULL));
    assert_int_equal(mw_lld_functionals(l, f, NULL), MW_ERR_ARG);
    assert_ok(mw_lld_feed_s16(l, x, 959, NULL));
    assert_ok(mw_lld_finish(l, NULL));
    assert_ok(mw_lld_functionals(l, f, NULL));
    for (size_t i = 0; i < MW_LLD_N_FUNCTIONALS; i++)
        assert_true(isnan(f[i]));
    mw_lld_close(&l);
}

/* Bytes that the program holds. */
static size_t held_bytes(void)
{
    const struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

/* Five minutes here; bench/descriptors --hours 10 does the long one. */
static void memory_does_not_grow_with_the_signal(void **state)
{
    const mw_lld_opts opts = { RATE, MW_LLD_BOTH, 0 };
    static int16_t x[RATE];
    static float rows[128 * 90];
    mw_lld *l = NULL;
    size_t settled = 0;

    (void)state;
    voice(x, RATE, RATE);
    assert_ok(mw_lld_open(&l, &opts, NULL));
    for (int s = 0; s < 300; s++) {
        assert_ok(mw_lld_feed_s16(l, x, RATE, NULL));
        while (mw_lld_rows(l, rows, 128)) {
        }
        if (s == 20) settled = held_bytes();
    }
    assert_true(held_bytes() <= settled + 65536);
    mw_lld_close(&l);
}

static mw_status whole_run(const int16_t *x, size_t n)
{
    const mw_lld_opts opts = { RATE, MW_LLD_BOTH, 1 };
    mw_error err;
    mw_lld *l = NULL;
    mw_status st = mw_lld_open(&l, &opts, &err);

    if (st == MW_OK) st = mw_lld_feed_s16(l, x, n, &err);
    if (st == MW_OK) st = mw_lld_finish(l, &err);
    mw_lld_close(&l);
    return st;
}

static void every_failed_allocation_is_reported(void **state)
{
    static int16_t x[6000];
    const long live = mw_mem_live();
    long n = 1;

    (void)state;
    voice(x, 6000, RATE);
    for (; n < 2000; n++) {
        mw_status st;

        mw_mem_fail_at(n);
        st = whole_run(x, 6000);
        mw_mem_fail_at(0);
        assert_int_equal(mw_mem_live(), live);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
    }
    assert_true(n > 50 && n < 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_follow_from_the_length),
        cmocka_unit_test(chunk_size_does_not_change_a_bit),
        cmocka_unit_test(sets_alone_equal_their_part_of_both),
        cmocka_unit_test(rows_taken_early_equal_rows_taken_late),
        cmocka_unit_test(extreme_signals_give_finite_rows),
        cmocka_unit_test(reset_gives_what_a_new_extractor_gives),
        cmocka_unit_test(floats_are_truncated_to_16_bits),
        cmocka_unit_test(refuses_samples_that_are_not_finite),
        cmocka_unit_test(refuses_bad_options),
        cmocka_unit_test(takes_nothing_after_the_end),
        cmocka_unit_test(columns_have_the_names_of_the_reference),
        cmocka_unit_test(functionals_of_a_short_signal_are_nan),
        cmocka_unit_test(memory_does_not_grow_with_the_signal),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
