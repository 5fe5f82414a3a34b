/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "dsp/resample.h"
#include "support/sounds.h"

/* math.ceil(n * (out / in)) of Python. */
static void lengths_are_those_of_librosa(void **state)
{
    static const struct {
        size_t n;
        int in, out;
        size_t length;
    } cases[] = {
        { 0, 44100, 16000, 0 },           { 1, 44100, 16000, 1 },
        { 1000, 11025, 16000, 1452 },     { 44100, 44100, 16000, 16000 },
        { 48000, 48000, 16000, 16000 },   { 3, 8000, 16000, 6 },
        { 7, 48000, 16000, 3 },           { 100, 22050, 16000, 73 },
        { 480001, 48000, 16000, 160001 }, { 1, 768000, 1000, 1 },
        { 1, 1000, 768000, 768 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(mw_resample_length(cases[i].n, cases[i].in, cases[i].out),
                         cases[i].length);
}

static void every_length_gives_the_promised_number(void **state)
{
    static const int rates[][2] = { { 44100, 16000 }, { 48000, 16000 }, { 8000, 16000 },
                                    { 11025, 16000 }, { 22050, 16000 }, { 16000, 44100 },
                                    { 96000, 16000 }, { 16001, 16000 } };
    float x[3000];

    (void)state;
    fill_noise(x, 3000, 0.5, 1);
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++)
        for (size_t n = 0; n <= 3000; n = n < 20 ? n + 1 : n * 3 / 2) {
            float *y;
            size_t n_out;

            assert_ok(mw_resample(&y, &n_out, x, n, rates[k][0], rates[k][1], NULL));
            assert_int_equal(n_out, mw_resample_length(n, rates[k][0], rates[k][1]));
            for (size_t i = 0; i < n_out; i++)
                assert_true(isfinite(y[i]) && fabsf(y[i]) < 3);
            mw_free(y);
        }
    assert_int_equal(mw_mem_live(), 0);
}

/* A tone below the pass band's end comes out as itself; libsoxr's HQ recipe promises 20 bits. */
static void a_tone_keeps_frequency_level_and_phase(void **state)
{
    static const int in_rates[] = { 8000, 11025, 22050, 44100, 48000, 96000 };

    (void)state;
    for (size_t k = 0; k < sizeof in_rates / sizeof *in_rates; k++) {
        const size_t n = (size_t)in_rates[k] * 2;
        float *x = calloc(n, sizeof *x), *y, want[32000] = { 0 };
        double worst = 0;
        size_t n_out;

        add_tone(x, n, in_rates[k], 1234.5, 0.5);
        add_tone(want, 32000, 16000, 1234.5, 0.5);
        assert_ok(mw_resample(&y, &n_out, x, n, in_rates[k], 16000, NULL));
        assert_int_equal(n_out, 32000);
        for (size_t i = 1000; i < 31000; i++) /* the ends ring */
            worst = fmax(worst, fabs((double)y[i] - want[i]));
        if (worst > 2e-6) fail_msg("from %d Hz: off by %g", in_rates[k], worst);
        mw_free(y);
        free(x);
    }
}

static void what_lies_above_the_new_band_is_removed(void **state)
{
    float *x = calloc(96000, sizeof *x), *y;
    size_t n_out;

    (void)state;
    add_tone(x, 96000, 48000, 9000, 0.5);
    assert_ok(mw_resample(&y, &n_out, x, 96000, 48000, 16000, NULL));
    for (size_t i = 1000; i < n_out - 1000; i++)
        assert_true(fabsf(y[i]) < 1e-5f);
    mw_free(y);
    free(x);
}

/* Input and output in pieces of any sizes: the bits of one call. */
static void pieces_give_the_bits_of_the_whole(void **state)
{
    static const int rates[][2] = { { 44100, 16000 }, { 48000, 16000 }, { 8000, 16000 },
                                    { 22050, 16000 }, { 16000, 44100 }, { 16001, 16000 } };
    static const size_t lengths[] = { 0, 1, 2, 100, 4097, 60000 },
                        pieces[][2] = { { 1, 1 }, { 160, 7 }, { 4099, 100000 }, { 16384, 160 } };
    float *x = malloc(60000 * sizeof *x), *y = malloc(200000 * sizeof *y);

    (void)state;
    fill_noise(x, 60000, 0.5, 1);
    for (size_t k = 0; k < 6 * 6 * 4; k++) {
        const size_t n = lengths[k / 6 % 6], *piece = pieces[k / 36];
        size_t n_want, n_got = 0, used, made = 1;
        mw_resampler *r;
        float *want;

        if (n == 60000 && piece[0] == 1) continue; /* slow */
        assert_ok(mw_resample(&want, &n_want, x, n, rates[k % 6][0], rates[k % 6][1], NULL));
        assert_ok(mw_resampler_open(&r, rates[k % 6][0], rates[k % 6][1], NULL));
        for (size_t at = 0; at < n; at += used, n_got += made) {
            const size_t left = n - at;

            assert_ok(mw_resampler_run(r, x + at, left < piece[0] ? left : piece[0], &used,
                                       y + n_got, piece[1], &made, NULL));
            assert_true(used || made);
        }
        for (made = 1; made; n_got += made)
            assert_ok(mw_resampler_run(r, NULL, 0, &used, y + n_got, piece[1], &made, NULL));
        assert_int_equal(n_got, n_want);
        assert_memory_equal(y, want, n_want * sizeof *y);
        mw_resampler_close(&r);
        mw_free(want);
    }
    free(x);
    free(y);
}

static void unusable_rates_are_refused(void **state)
{
    static const int bad[][2] = { { 0, 16000 },      { 999, 16000 }, { -44100, 16000 },
                                  { 768001, 16000 }, { 16000, 0 },   { 16000, 2147483647 } };
    const float x[4] = { 0 };
    float *y = (float *)1;
    size_t n = 7;
    mw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_fails(mw_resample(&y, &n, x, 4, bad[i][0], bad[i][1], &err), MW_ERR_RANGE);
        assert_string_equal(err.reason, "bad_rate");
        assert_null(y);
        assert_int_equal(n, 0);
    }
    mw_mem_fail_at(1);
    assert_fails(mw_resample(&y, &n, x, 4, 8000, 16000, &err), MW_ERR_NOMEM);
    mw_mem_fail_at(0);
    assert_null(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_those_of_librosa),
        cmocka_unit_test(every_length_gives_the_promised_number),
        cmocka_unit_test(a_tone_keeps_frequency_level_and_phase),
        cmocka_unit_test(what_lies_above_the_new_band_is_removed),
        cmocka_unit_test(pieces_give_the_bits_of_the_whole),
        cmocka_unit_test(unusable_rates_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
