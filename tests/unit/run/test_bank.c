/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>
#include <sys/stat.h>

#include <sndfile.h>

#include "base/fs.h"
#include "base/mem.h"
#include "corrupt/audio/additive.h"
#include "dsp/resample.h"
#include "media/sound.h"
#include "run/bank.h"
#include "support/sounds.h"

#define RATE 16000

static char *dir;

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return mw_mem_live() ? -1 : 0;
}

static const char *in(const char *name)
{
    static char text[4][512];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(text[turn], sizeof text[turn], "%s/%s", dir, name);
    assert_ok(mw_make_parents(text[turn], NULL));
    return text[turn];
}

static mw_bank *open_bank(void)
{
    mw_bank *b;

    assert_ok(mw_bank_open(&b, dir, RATE, 2, NULL));
    return b;
}

static void categories_follow_the_first_folder(void **state)
{
    static const struct {
        const char *rel;
        int category;
    } files[] = { { "a.wav", MW_NOISE_NOISE },         { "birds/speech/x.wav", MW_NOISE_NOISE },
                  { "music/a/b.wav", MW_NOISE_MUSIC }, { "musical/x.wav", MW_NOISE_NOISE },
                  { "noise/x.wav", MW_NOISE_NOISE },   { "speech.wav", MW_NOISE_NOISE },
                  { "speech/x.wav", MW_NOISE_SPEECH } };
    mw_bank *b;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        make_noise_wav(in(files[i].rel), 2000, RATE, 0.1, i);
    b = open_bank();
    assert_int_equal(b->n, sizeof files / sizeof *files);
    for (size_t i = 0; i < b->n; i++) {
        assert_string_equal(b->files[i].path, files[i].rel); /* sorted */
        assert_int_equal(b->files[i].category, files[i].category);
        assert_int_equal(b->files[i].n, 2000);
        assert_ptr_equal(mw_bank_find(b, files[i].rel), &b->files[i]);
    }
    assert_null(mw_bank_find(b, "none.wav"));
    mw_bank_close(&b);
    assert_null(b);
    mw_bank_close(&b);
}

static void unusable_files_are_set_aside_with_their_reason(void **state)
{
    static const struct {
        const char *rel, *reason;
    } bad[] = { { "cut.flac", "truncated" },      { "cut.wav", "truncated" },
                { "empty.wav", "empty_file" },    { "none.wav", "empty_audio" },
                { "silent.wav", "silent_noise" }, { "text.wav", "unsupported" } };
    static float x[20000]; /* several blocks of FLAC */
    float silence[3000] = { 0 };
    mw_bank *b;
    char *data;
    size_t n;

    (void)state;
    make_noise_wav(in("good.wav"), 2000, RATE, 0.1, 1);
    make_sound(in("silent.wav"), silence, 3000, RATE, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    make_sound(in("none.wav"), silence, 0, RATE, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    assert_ok(mw_file_store(in("empty.wav"), "", 0, NULL));
    assert_ok(mw_file_store(in("text.wav"), "no sound at all", 15, NULL));
    assert_ok(mw_file_load(&data, &n, in("good.wav"), 1 << 20, NULL));
    assert_ok(mw_file_store(in("cut.wav"), data, n / 2, NULL));
    mw_free(data);
    fill_noise(x, 20000, 0.5, 1);
    make_sound(in("good.flac"), x, 20000, RATE, 1, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
    assert_ok(mw_file_load(&data, &n, in("good.flac"), 1 << 20, NULL));
    assert_ok(mw_file_store(in("cut.flac"), data, n * 7 / 10, NULL));
    mw_free(data);
    b = open_bank();
    assert_int_equal(b->n, 2);
    assert_int_equal(b->n_rejects, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(b->rejects[i].rel, bad[i].rel);
        assert_string_equal(b->rejects[i].error.reason, bad[i].reason);
    }
    mw_bank_close(&b);
}

static void a_sound_late_in_a_file_is_found(void **state)
{
    float *x = calloc(200000, sizeof *x);
    mw_bank *b;

    (void)state;
    x[199990] = 0.5f;
    make_sound(in("late.wav"), x, 200000, RATE, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    b = open_bank();
    assert_int_equal(b->n, 1);
    mw_bank_close(&b);
    free(x);
}

static void no_folder_is_an_empty_bank_and_a_missing_one_an_error(void **state)
{
    mw_bank *b;

    (void)state;
    assert_ok(mw_bank_open(&b, "", RATE, 1, NULL));
    assert_int_equal(b->n, 0);
    mw_bank_close(&b);
    assert_fails(mw_bank_open(&b, in("missing/x"), RATE, 1, NULL), MW_ERR_IO);
    assert_null(b);
}

/* A window read by seeking equals the slice of the whole file: exactly at the working rate. For
 * other rates the conversion starts 8192 frames early, where libsoxr's filter has settled to below
 * its 20 bits: 2e-6 for sounds of 0.5. */
static void check_windows(int rate, int format, double tolerance)
{
    const size_t n = (size_t)rate * 8;
    float *x = calloc(n, sizeof *x), *window;
    const mw_sound_want want = { .rate_hz = RATE, .channel = -1, .max_s = 100 };
    static const int64_t lengths[] = { 1, 100, 4000, 30000 };
    mw_audio whole;
    mw_bank *b;

    fill_noise(x, n, 0.1, 5);
    add_tone(x, n, rate, 700, 0.4);
    make_sound(in("x.wav"), x, n, rate, 1, format);
    assert_ok(mw_sound_load(&whole, in("x.wav"), &want, NULL));
    b = open_bank();
    assert_int_equal(b->files[0].n, whole.n);
    for (size_t k = 0; k < 4; k++)
        for (int64_t offset = 0; offset + lengths[k] <= (int64_t)whole.n;
             offset = offset * 3 / 2 + 1237) {
            double worst = 0;

            window = calloc((size_t)lengths[k], sizeof *window);
            assert_ok(mw_bank_read(b, "x.wav", offset, 0.01, window, lengths[k], NULL));
            for (int64_t i = 0; i < lengths[k]; i++)
                worst = fmax(worst, fabs((double)window[i] - whole.x[offset + i]));
            if (worst > tolerance)
                fail_msg("%d Hz, %lld samples from %lld: off by %g", rate, (long long)lengths[k],
                         (long long)offset, worst);
            free(window);
        }
    mw_bank_close(&b);
    mw_audio_clear(&whole);
    free(x);
}

static void windows_equal_slices_at_the_working_rate(void **state)
{
    (void)state;
    check_windows(RATE, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 0);
    check_windows(RATE, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 0);
    check_windows(RATE, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 0);
}

static void windows_equal_slices_at_other_rates(void **state)
{
    (void)state;
    check_windows(44100, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2e-6);
    check_windows(8000, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2e-6);
    check_windows(48000, SF_FORMAT_WAV | SF_FORMAT_PCM_24, 2e-6);
    check_windows(11025, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2e-6);
}

static void several_channels_are_averaged(void **state)
{
    float x[2 * 5000], z[100];
    mw_bank *b;

    (void)state;
    fill_noise(x, 2 * 5000, 0.5, 3);
    make_sound(in("x.wav"), x, 5000, RATE, 2, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    b = open_bank();
    assert_ok(mw_bank_read(b, "x.wav", 1000, 0, z, 100, NULL));
    for (size_t i = 0; i < 100; i++)
        assert_true(z[i] == (x[2 * (1000 + i)] + x[2 * (1000 + i) + 1]) / 2);
    mw_bank_close(&b);
}

/* Shorter than the clip: repeated, the seam faded over `fade` samples of the recording's end. */
static void short_recordings_loop_with_a_faded_seam(void **state)
{
    enum { LENGTH = 1000, N = 5000, FADE = 160, PERIOD = LENGTH - FADE };
    float x[LENGTH], z[N];
    mw_bank *b;

    (void)state;
    fill_noise(x, LENGTH, 0.5, 3);
    make_sound(in("x.wav"), x, LENGTH, RATE, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    b = open_bank();
    for (int64_t offset = 0; offset < PERIOD; offset += 77) {
        int passes = 0;

        assert_ok(mw_bank_read(b, "x.wav", offset, 0.01, z, N, NULL));
        for (int64_t i = 0; i < N; i++) {
            const int64_t at = offset + i, q = at % PERIOD;

            passes += !i || !q;
            if (at < PERIOD || q >= FADE) {
                assert_true(z[i] == x[q]);
            } else { /* between the end of one round and the start of the next */
                const double w = (q + 1.0) / (FADE + 1), want = x[q] * w + x[PERIOD + q] * (1 - w);

                assert_true(fabs(z[i] - want) < 1e-6);
            }
        }
        assert_int_equal(mw_bank_loops(b, b->files, offset, 0.01, N), passes);
    }
    assert_int_equal(mw_bank_loops(b, b->files, 900, 0.01, 100), 1);
    mw_bank_close(&b);
}

/* The reference repeats end to end. */
static void without_a_fade_recordings_repeat_end_to_end(void **state)
{
    enum { LENGTH = 700, N = 3000 };
    float x[LENGTH], z[N];
    mw_bank *b;

    (void)state;
    fill_noise(x, LENGTH, 0.5, 3);
    make_sound(in("x.wav"), x, LENGTH, RATE, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    b = open_bank();
    assert_ok(mw_bank_read(b, "x.wav", 123, 0, z, N, NULL));
    for (int64_t i = 0; i < N; i++)
        assert_true(z[i] == x[(123 + i) % LENGTH]);
    /* a fade longer than the recording is none */
    assert_ok(mw_bank_read(b, "x.wav", 123, 1, z, N, NULL));
    for (int64_t i = 0; i < N; i++)
        assert_true(z[i] == x[(123 + i) % LENGTH]);
    assert_int_equal(mw_bank_loops(b, b->files, 123, 0, N), 5);
    assert_int_equal(mw_bank_loops(b, b->files, 123, 1, N), 5);
    mw_bank_close(&b);
}

/* A replayed sidecar may ask for any offset. */
static void offsets_past_the_end_give_silence_or_wrap(void **state)
{
    float z[100];
    mw_bank *b;

    (void)state;
    make_noise_wav(in("a.wav"), 5000, RATE, 0.5, 1);
    make_noise_wav(in("b.wav"), 5000, 44100, 0.5, 1);
    make_noise_wav(in("short.wav"), 50, RATE, 0.5, 1);
    b = open_bank();
    for (int shift = 12; shift <= 53; shift++) {
        assert_ok(mw_bank_read(b, "short.wav", (int64_t)1 << shift, 0.001, z, 100, NULL));
        assert_ok(mw_bank_read(b, "b.wav", (int64_t)1 << shift, 0.01, z, 100, NULL));
        assert_ok(mw_bank_read(b, "a.wav", (int64_t)1 << shift, 0.01, z, 100, NULL));
        if (shift > 12)
            for (int i = 0; i < 100; i++)
                assert_true(z[i] == 0);
    }
    assert_fails(mw_bank_read(b, "../a.wav", 0, 0, z, 100, NULL), MW_ERR_FORMAT);
    mw_bank_close(&b);
}

static void hashes_are_those_of_the_files(void **state)
{
    char hex[65], again[65];
    mw_error err;
    mw_bank *b;

    (void)state;
    assert_ok(mw_file_store(in("x.wav"), "", 0, NULL));
    make_noise_wav(in("a.wav"), 1000, RATE, 0.5, 1);
    b = open_bank();
    assert_ok(mw_bank_sha256(b, "a.wav", hex, NULL));
    assert_ok(mw_bank_sha256(b, "a.wav", again, NULL));
    assert_int_equal(strlen(hex), 64);
    assert_string_equal(hex, again);
    assert_fails(mw_bank_sha256(b, "x.wav", hex, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_noise");
    mw_bank_close(&b);
}

static void a_listed_bank_needs_all_its_files(void **state)
{
    char a[] = "a.wav", missing[] = "missing.wav", *v[] = { a, a, missing };
    mw_texts list = { v, 2 };
    mw_bank *b;

    (void)state;
    make_noise_wav(in("a.wav"), 1000, RATE, 0.5, 1);
    assert_ok(mw_bank_open_listed(&b, dir, &list, RATE, NULL));
    assert_int_equal(b->n, 1);
    mw_bank_close(&b);
    list.n = 3;
    assert_fails(mw_bank_open_listed(&b, dir, &list, RATE, NULL), MW_ERR_IO);
    assert_null(b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(categories_follow_the_first_folder),
        T(unusable_files_are_set_aside_with_their_reason),
        T(a_sound_late_in_a_file_is_found),
        T(no_folder_is_an_empty_bank_and_a_missing_one_an_error),
        T(windows_equal_slices_at_the_working_rate),
        T(windows_equal_slices_at_other_rates),
        T(several_channels_are_averaged),
        T(short_recordings_loop_with_a_faded_seam),
        T(without_a_fade_recordings_repeat_end_to_end),
        T(offsets_past_the_end_give_silence_or_wrap),
        T(hashes_are_those_of_the_files),
        T(a_listed_bank_needs_all_its_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
