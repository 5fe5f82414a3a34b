/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include <sndfile.h>

#include "base/rng.h"
#include "dsp/mix.h"
#include "merwild/corrupt.h"
#include "support/sounds.h"

static void mixing_is_element_wise_and_finds_the_peak(void **state)
{
    float x[100], z[100], y[100];

    (void)state;
    fill_noise(x, 100, 1, 1);
    fill_noise(z, 100, 1, 2);
    for (size_t n = 0; n <= 100; n++) {
        const float gain = 0.7f + (float)n / 64;
        float peak = 0, got = mw_mix(y, x, z, gain, n);

        for (size_t i = 0; i < n; i++) {
            const float scaled = z[i] * gain, sum = x[i] + scaled;

            assert_true(y[i] == sum);
            if (fabsf(sum) > peak) peak = fabsf(sum);
        }
        assert_true(got == peak);
    }
}

static void the_peak_is_found_at_every_place(void **state)
{
    float x[67] = { 0 }, z[67] = { 0 }, y[67];

    (void)state;
    for (size_t i = 0; i < 67; i++) {
        x[i] = i % 2 ? 2.5f : -2.5f;
        assert_true(mw_mix(y, x, z, 1, 67) == 2.5f);
        x[i] = 0;
    }
}

static void mixing_in_place_equals_mixing_aside(void **state)
{
    float x[77], z[77], y[77];

    (void)state;
    fill_noise(x, 77, 1, 3);
    fill_noise(z, 77, 1, 4);
    mw_mix(y, x, z, 0.3f, 77);
    mw_mix(x, x, z, 0.3f, 77);
    assert_memory_equal(x, y, sizeof x);
    mw_divide(x, 3, 77);
    for (size_t i = 0; i < 77; i++)
        assert_true(x[i] == y[i] / 3);
}

static float of_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static int code(float x)
{
    int16_t q;

    mw_pcm16(&q, &x, 1);
    return q;
}

/* spec: v = 2^31 x; saturated at the ends; else rint(v) >> 16. */
static void corner_cases_of_16_bit_samples(void **state)
{
    static const struct {
        float x;
        int q;
    } cases[] = {
        { 0, 0 },
        { -0.0f, 0 },
        { 1, 32767 },
        { -1, -32768 },
        { 0.99999f, 32767 },
        { 0.9999695f, 32767 },
        { 2, 32767 },
        { -2, -32768 },
        { INFINITY, 32767 },
        { -INFINITY, -32768 },
        { NAN, -32768 },
        { 1.0f / 32768, 1 },
        { -1.0f / 32768, -1 },
        { 0.999f / 32768, 0 },
        { -0.001f / 32768, -1 }, /* floor, not rounding */
        { -1.001f / 32768, -2 },
        { 0x1p-31f, 0 },
        { -0x1p-31f, -1 },   /* one 32-bit step below 0 */
        { -0x1p-32f, 0 },    /* half a step: rounds to even, 0 */
        { -0x1.8p-32f, -1 }, /* three quarters of a step */
        { -0x1p-149f, 0 },
        { 0x1p-149f, 0 },
        { 32767.5f / 32768, 32767 },
        { -32767.5f / 32768, -32768 },
        { 0.5f, 16384 },
        { -0.5f, -16384 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (code(cases[i].x) != cases[i].q)
            fail_msg("%a gives %d, expected %d", (double)cases[i].x, code(cases[i].x), cases[i].q);
    /* every sign, quietness and payload of NaN */
    for (uint32_t bits = 0x7f800001u; bits < 0x80000000u; bits += 0x10001u) {
        assert_int_equal(code(of_bits(bits)), -32768);
        assert_int_equal(code(of_bits(bits | 0x80000000u)), -32768);
    }
}

static void every_16_bit_code_survives_reading_and_writing(void **state)
{
    (void)state;
    for (int q = -32768; q <= 32767; q++)
        assert_int_equal(code((float)q / 32768), q);
}

/* ---- libsndfile's own writer, into memory ---- */

typedef struct memory_file {
    unsigned char data[1 << 20];
    sf_count_t n, at;
} memory_file;

static sf_count_t get_length(void *user)
{
    return ((memory_file *)user)->n;
}

static sf_count_t seek(sf_count_t offset, int whence, void *user)
{
    memory_file *f = user;

    f->at = whence == SEEK_SET ? offset : whence == SEEK_CUR ? f->at + offset : f->n + offset;
    return f->at;
}

static sf_count_t read_bytes(void *p, sf_count_t n, void *user)
{
    memory_file *f = user;

    if (n > f->n - f->at) n = f->n - f->at;
    memcpy(p, f->data + f->at, (size_t)n);
    f->at += n;
    return n;
}

static sf_count_t write_bytes(const void *p, sf_count_t n, void *user)
{
    memory_file *f = user;

    if (f->at + n > (sf_count_t)sizeof f->data) return 0;
    memcpy(f->data + f->at, p, (size_t)n);
    f->at += n;
    if (f->at > f->n) f->n = f->at;
    return n;
}

static sf_count_t tell(void *user)
{
    return ((memory_file *)user)->at;
}

static void samples_equal_those_of_libsndfile(void **state)
{
    enum { N = 300000, HEAD = 44 };
    SF_VIRTUAL_IO io = { get_length, seek, read_bytes, write_bytes, tell };
    SF_INFO info = { .samplerate = 16000,
                     .channels = 1,
                     .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    memory_file *f = calloc(1, sizeof *f);
    float *x = malloc(N * sizeof *x);
    int16_t *q = malloc(N * sizeof *q);
    mw_rng r = mw_rng_from_key(9);
    SNDFILE *sf;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        const double u = mw_rng_uniform(&r, -1.05, 1.05);

        switch (i % 4) {
        case 0: /* all of the range */
            x[i] = (float)u;
            break;
        case 1: /* next to the steps of 16 bits */
            x[i] = (float)(floor(u * 32768) / 32768 + (double)mw_rng_int(&r, -3, 3) * 0x1p-31);
            break;
        case 2: /* next to 0 */
            x[i] = (float)(u * 0x1p-30);
            break;
        default: /* any bits but NaN */
            x[i] = of_bits(mw_rng_u32(&r));
            if (x[i] != x[i]) x[i] = 1;
        }
    }
    mw_pcm16(q, x, N);
    sf = sf_open_virtual(&io, SFM_WRITE, &info, f);
    assert_non_null(sf);
    sf_command(sf, SFC_SET_CLIPPING, NULL, SF_TRUE);
    assert_int_equal(sf_writef_float(sf, x, N), N);
    sf_close(sf);
    assert_int_equal(f->n, HEAD + 2 * N);
    for (size_t i = 0; i < N; i++) {
        int16_t theirs;

        memcpy(&theirs, f->data + HEAD + 2 * i, 2);
        if (q[i] != theirs) fail_msg("%a gives %d, libsndfile %d", (double)x[i], q[i], theirs);
    }
    free(f);
    free(x);
    free(q);
}

/* ---- the public call ---- */

static double power(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum / (double)n;
}

static void mixing_reaches_the_ratio_asked_for(void **state)
{
    enum { N = 16000 };
    float clean[N], noise[N], x[N];

    (void)state;
    fill_speech(clean, N, 16000, 1);
    fill_noise(noise, N, 0.4, 2);
    for (int snr = -60; snr <= 60; snr += 5) {
        double p = 0, got;

        memcpy(x, clean, sizeof x);
        assert_ok(mw_mix_snr(x, noise, N, snr, NULL));
        for (size_t i = 0; i < N; i++)
            p += ((double)x[i] - clean[i]) * ((double)x[i] - clean[i]) / N;
        got = 10 * log10(power(clean, N) / p);
        /* at 60 dB the noise lies near the last bits of the sum */
        if (fabs(got - snr) > 0.002) fail_msg("%d dB asked for, %g dB made", snr, got);
    }
}

static void what_has_no_ratio_is_refused_and_untouched(void **state)
{
    float x[100], noise[100], silent[100] = { 0 }, before[100];
    mw_error err;

    (void)state;
    fill_noise(x, 100, 0.1, 1);
    fill_noise(noise, 100, 0.1, 2);
    memcpy(before, x, sizeof x);
    assert_fails(mw_mix_snr(x, silent, 100, 0, &err), MW_ERR_SILENT);
    assert_string_equal(err.reason, "silent_noise");
    assert_fails(mw_mix_snr(silent, noise, 100, 0, &err), MW_ERR_SILENT);
    assert_string_equal(err.reason, "silent_input");
    assert_fails(mw_mix_snr(x, noise, 100, 60.01, &err), MW_ERR_RANGE);
    assert_fails(mw_mix_snr(x, noise, 100, -60.01, &err), MW_ERR_RANGE);
    assert_fails(mw_mix_snr(x, noise, 100, NAN, &err), MW_ERR_RANGE);
    assert_fails(mw_mix_snr(x, noise, 0, 0, &err), MW_ERR_ARG);
    assert_fails(mw_mix_snr(NULL, noise, 100, 0, &err), MW_ERR_ARG);
    assert_fails(mw_mix_snr(x, NULL, 100, 0, NULL), MW_ERR_ARG);
    assert_memory_equal(x, before, sizeof x);
    x[50] = NAN; /* its power is not a number above silence */
    assert_fails(mw_mix_snr(x, noise, 100, 0, &err), MW_ERR_SILENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixing_is_element_wise_and_finds_the_peak),
        cmocka_unit_test(the_peak_is_found_at_every_place),
        cmocka_unit_test(mixing_in_place_equals_mixing_aside),
        cmocka_unit_test(corner_cases_of_16_bit_samples),
        cmocka_unit_test(every_16_bit_code_survives_reading_and_writing),
        cmocka_unit_test(samples_equal_those_of_libsndfile),
        cmocka_unit_test(mixing_reaches_the_ratio_asked_for),
        cmocka_unit_test(what_has_no_ratio_is_refused_and_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
