/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>
#include <sys/stat.h>

#include <sndfile.h>

#include "base/fs.h"
#include "base/mem.h"
#include "media/sound.h"
#include "support/clips.h"
#include "support/sounds.h"

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
    return path_in(dir, name);
}

static const mw_sound_want usual = { .rate_hz = 16000, .channel = -1, .max_s = 100 };

static mw_audio load(const char *name, int channel)
{
    mw_sound_want want = usual;
    mw_audio a;
    mw_error err;

    want.channel = channel;
    if (mw_sound_load(&a, in(name), &want, &err) != MW_OK) fail_msg("%s: %s", name, err.message);
    return a;
}

static void refuse(const char *name, const char *reason)
{
    mw_audio a;
    mw_error err;

    if (mw_sound_load(&a, in(name), &usual, &err) == MW_OK) fail_msg("%s was taken", name);
    if (strcmp(err.reason, reason)) fail_msg("%s: %s instead of %s", name, err.reason, reason);
    assert_non_null(strstr(err.message, name));
    assert_null(a.x);
}

static void integer_samples_are_divided_by_their_range(void **state)
{
    static const struct {
        int format;
        double step;
    } cases[] = { { SF_FORMAT_WAV | SF_FORMAT_PCM_16, 0x1p-15 },
                  { SF_FORMAT_WAV | SF_FORMAT_PCM_24, 0x1p-23 },
                  { SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 0x1p-7 },
                  { SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 0x1p-15 },
                  { SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 0x1p-15 },
                  { SF_FORMAT_WAV | SF_FORMAT_FLOAT, 0 } };
    float x[2000];

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        mw_audio a;

        fill_noise(x, 2000, 0.9, k);
        make_sound(in("x"), x, 2000, 16000, 1, cases[k].format);
        a = load("x", -1);
        assert_int_equal(a.n, 2000);
        assert_int_equal(a.source_n, 2000);
        assert_int_equal(a.source_channels, 1);
        for (size_t i = 0; i < 2000; i++) {
            assert_true(fabs((double)a.x[i] - x[i]) <= 1.001 * cases[k].step);
            if (cases[k].step > 0) assert_true(fmod(a.x[i], cases[k].step) == 0);
        }
        mw_audio_clear(&a);
    }
}

static void channels_are_averaged_or_picked(void **state)
{
    enum { N = 500 };
    float x[6 * N];

    (void)state;
    fill_noise(x, 6 * N, 0.5, 1);
    for (int channels = 1; channels <= 6; channels++) {
        mw_audio mean, last;

        make_sound(in("x.wav"), x, N, 16000, channels, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
        mean = load("x.wav", -1);
        last = load("x.wav", channels - 1);
        assert_int_equal(mean.source_channels, channels);
        for (int i = 0; i < N; i++) {
            float sum = x[i * channels];

            for (int c = 1; c < channels; c++)
                sum += x[i * channels + c];
            assert_true(mean.x[i] == sum / (float)channels);
            assert_true(last.x[i] == x[i * channels + channels - 1]);
        }
        mw_audio_clear(&mean);
        mw_audio_clear(&last);
    }
    {
        const mw_sound_want seventh = { .rate_hz = 16000, .channel = 6, .max_s = 10 };
        mw_error err;
        mw_audio a;

        assert_fails(mw_sound_load(&a, in("x.wav"), &seventh, &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "no_channel");
    }
}

static void other_rates_are_converted(void **state)
{
    static const int rates[] = { 8000, 44100, 48000, 96000 };

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        const size_t n = (size_t)rates[k];
        float *x = calloc(n, sizeof *x);
        mw_audio a;

        add_tone(x, n, rates[k], 500, 0.5);
        make_sound(in("x.wav"), x, n, rates[k], 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
        a = load("x.wav", -1);
        assert_int_equal(a.n, 16000);
        assert_int_equal(a.rate_hz, 16000);
        assert_int_equal(a.source_rate_hz, rates[k]);
        assert_int_equal(a.source_n, n);
        for (size_t i = 2000; i < 14000; i++)
            assert_true(fabs(a.x[i] - 0.5 * sin(6.283185307179586 * 500 * (double)i / 16000)) <
                        2e-6);
        mw_audio_clear(&a);
        free(x);
    }
}

static void sound_tracks_of_videos_are_read(void **state)
{
    static const char *const names[] = { "a.mp4", "a.mkv", "a.mov" };

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        mw_audio a;

        make_video(in(names[k]), &(clip_options){ .n_frames = 30, .audio = "aac", .audio_s = 1 });
        a = load(names[k], -1);
        assert_true(a.n > 15000 && a.n < 17500);
        assert_string_equal(a.codec, "aac");
        mw_audio_clear(&a);
    }
    make_video(in("mute.mp4"), &(clip_options){ .n_frames = 3 });
    refuse("mute.mp4", "no_audio");
}

static void broken_files_are_refused_with_their_reason(void **state)
{
    float x[4000];
    char *data;
    size_t n;

    (void)state;
    fill_noise(x, 4000, 0.5, 1);
    assert_ok(mw_file_store(in("empty.wav"), "", 0, NULL));
    refuse("empty.wav", "empty_file");
    assert_ok(mw_file_store(in("text.mp4"), "this is not a film\n", 19, NULL));
    refuse("text.mp4", "unsupported");
    make_sound(in("none.wav"), x, 0, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    refuse("none.wav", "empty_audio");
    refuse("missing.wav", "not_found");
    assert_int_equal(mkdir(in("folder.wav"), 0777), 0);
    refuse("folder.wav", "io_error");
    x[1234] = NAN;
    make_sound(in("nan.wav"), x, 4000, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    refuse("nan.wav", "not_finite");
    x[1234] = INFINITY;
    make_sound(in("inf.wav"), x, 4000, 44100, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    refuse("inf.wav", "not_finite");
    x[1234] = 0;
    make_sound(in("long.wav"), x, 4000, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    {
        mw_sound_want want = usual;
        mw_error err;
        mw_audio a;

        want.max_s = 0.2;
        assert_fails(mw_sound_load(&a, in("long.wav"), &want, &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "too_long");
        want.max_s = 0.25;
        assert_ok(mw_sound_load(&a, in("long.wav"), &want, NULL));
        mw_audio_clear(&a);
    }
    assert_ok(mw_file_load(&data, &n, in("long.wav"), 1 << 20, NULL));
    for (size_t k = 1; k < n; k += k < 60 ? 1 : 997) { /* cut anywhere */
        mw_audio a;

        assert_ok(mw_file_store(in("cut.wav"), data, k, NULL));
        if (mw_sound_load(&a, in("cut.wav"), &usual, NULL) == MW_OK)
            fail_msg("%zu of %zu bytes were taken", k, n);
    }
    mw_free(data);
    make_sound(in("whole.flac"), x, 4000, 16000, 1, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
    assert_ok(mw_file_load(&data, &n, in("whole.flac"), 1 << 20, NULL));
    assert_ok(mw_file_store(in("cut.flac"), data, n / 2, NULL));
    {
        mw_audio a;

        assert_fails(mw_sound_load(&a, in("cut.flac"), &usual, NULL), MW_ERR_FORMAT);
    }
    mw_free(data);
}

/* Formats whose header announces how long the sound is; half of the file is not that sound. */
static void files_that_are_cut_are_refused(void **state)
{
    static const int formats[] = { SF_FORMAT_WAV,  SF_FORMAT_WAVEX, SF_FORMAT_RF64,
                                   SF_FORMAT_AIFF, SF_FORMAT_AU,    SF_FORMAT_W64 };
    static float x[2 * 4001];

    (void)state;
    fill_noise(x, 2 * 4001, 0.5, 1);
    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++)
        for (int channels = 1; channels <= 2; channels++) {
            const int sub = channels == 1 ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_16;
            mw_audio a;
            char *data;
            size_t n;

            make_sound(in("whole"), x, 4001, 16000, channels, formats[k] | sub);
            a = load("whole", -1);
            assert_int_equal(a.n, 4001);
            mw_audio_clear(&a);
            assert_ok(mw_file_load(&data, &n, in("whole"), 1 << 20, NULL));
            for (size_t cut = n / 2; cut < n - 64; cut += n / 5) {
                assert_ok(mw_file_store(in("cut"), data, cut, NULL));
                refuse("cut", "truncated");
            }
            mw_free(data);
        }
}

static void probing_tells_what_the_header_says(void **state)
{
    float x[2 * 3000];
    mw_error err;
    mw_audio a;

    (void)state;
    fill_noise(x, 2 * 3000, 0.5, 1);
    make_sound(in("x.wav"), x, 3000, 44100, 2, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    assert_ok(mw_sound_probe(&a, in("x.wav"), NULL));
    assert_true(a.source_n == 3000 && a.source_rate_hz == 44100 && a.source_channels == 2);
    assert_null(a.x);
    make_video(in("v.mp4"), &(clip_options){ .n_frames = 3, .audio = "aac" });
    assert_fails(mw_sound_probe(&a, in("v.mp4"), &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "unsupported");
    make_sound(in("odd.wav"), x, 3000, 999, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    assert_fails(mw_sound_probe(&a, in("odd.wav"), &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "unsupported");
}

/* The whole file, header included, is what libsndfile writes. */
static void wav_files_equal_those_of_libsndfile(void **state)
{
    static const size_t lengths[] = { 0, 1, 2, 1000, 12345 };
    static const int rates[] = { 8000, 16000, 48000 };
    static float x[12345];
    static int16_t q[12345];

    (void)state;
    fill_noise(x, 12345, 1.2, 1);
    for (size_t k = 0; k < 5; k++)
        for (size_t r = 0; r < 3; r++) {
            mw_str s = { 0 };
            char *theirs;
            size_t n;

            make_sound(in("x.wav"), x, lengths[k], rates[r], 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
            assert_ok(mw_file_load(&theirs, &n, in("x.wav"), 1 << 20, NULL));
            assert_ok(mw_wav_put(&s, x, lengths[k], rates[r], q, NULL));
            assert_int_equal(s.n, n);
            assert_memory_equal(s.data, theirs, n);
            mw_str_clear(&s);
            mw_free(theirs);
        }
    {
        mw_str s = { 0 };

        assert_fails(mw_wav_put(&s, x, ((size_t)1 << 30) + 1, 16000, q, NULL), MW_ERR_RANGE);
        mw_str_clear(&s);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(integer_samples_are_divided_by_their_range),
        T(channels_are_averaged_or_picked),
        T(other_rates_are_converted),
        T(sound_tracks_of_videos_are_read),
        T(broken_files_are_refused_with_their_reason),
        T(files_that_are_cut_are_refused),
        T(probing_tells_what_the_header_says),
        T(wav_files_equal_those_of_libsndfile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
