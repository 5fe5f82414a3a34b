/* SPDX-License-Identifier: Apache-2.0
 *
 * Sounds read piece by piece: the same samples in any portions, the same errors as whole.
 */
#include "support/support.h"

#include <math.h>
#include <unistd.h>

#include <sndfile.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "dsp/resample.h"
#include "media/sound_reader.h"
#include "support/clips.h"
#include "support/sounds.h"

static const mw_sound_want as_it_is = { .channel = -1, .max_s = 100 };

/* All samples of path in portions; the caller frees. */
static float *read_all(const char *path, const mw_sound_want *want, size_t portion, size_t *n,
                       mw_audio *about)
{
    float *x = malloc(4000000 * sizeof *x);
    mw_sound_reader *r;
    size_t got = 1;

    *n = 0;
    assert_ok(mw_sound_reader_open(&r, path, want, NULL));
    while (got) {
        assert_ok(mw_sound_reader_read(r, x + *n, portion, &got, NULL));
        assert_true(got <= portion);
        *n += got;
    }
    assert_ok(mw_sound_reader_read(r, x + *n, portion, &got, NULL));
    assert_int_equal(got, 0); /* the end stays the end */
    *about = *mw_sound_reader_about(r);
    assert_int_equal(about->n, *n);
    mw_sound_reader_close(&r);
    assert_null(r);
    return x;
}

static void portions_do_not_matter(const char *path, const mw_sound_want *want)
{
    static const size_t portions[] = { 1000000, 16384, 4999, 160, 7 };
    mw_audio whole, about;

    assert_ok(mw_sound_load(&whole, path, want, NULL));
    assert_true(whole.n > 1000);
    for (size_t i = 0; i < sizeof portions / sizeof *portions; i++) {
        size_t n;
        float *x = read_all(path, want, portions[i], &n, &about);

        assert_int_equal(n, whole.n);
        assert_memory_equal(x, whole.x, n * sizeof *x);
        assert_int_equal(about.rate_hz, whole.rate_hz);
        assert_int_equal(about.source_rate_hz, whole.source_rate_hz);
        assert_int_equal(about.source_channels, whole.source_channels);
        assert_int_equal(about.source_n, whole.source_n);
        assert_string_equal(about.codec, whole.codec);
        free(x);
    }
    mw_audio_clear(&whole);
}

static void every_kind_of_file_reads_the_same_in_any_portions(void **state)
{
    static const struct {
        const char *name;
        int format, rate_hz, channels;
    } kinds[] = {
        { "a.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1 },
        { "b.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 44100, 2 },
        { "c.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 48000, 6 },
        { "d.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 22050, 2 },
        { "e.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 11025, 1 },
    };
    static const int rates[] = { 0, 16000, 8000 }, channels[] = { -1, 0 };
    char *dir = temp_dir();
    float *x = malloc(6 * 70000 * sizeof *x);

    (void)state;
    fill_noise(x, (size_t)6 * 70000, 0.3, 5);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char *path = mw_format("%s/%s", dir, kinds[k].name);

        make_sound(path, x, 70000, kinds[k].rate_hz, kinds[k].channels, kinds[k].format);
        for (size_t i = 0; i < 3; i++)
            for (size_t c = 0; c < 2; c++)
                portions_do_not_matter(
                    path,
                    &(mw_sound_want){ .rate_hz = rates[i], .channel = channels[c], .max_s = 100 });
        mw_free(path);
    }
    free(x);
    temp_dir_remove(dir);
}

static void films_read_the_same_in_any_portions(void **state)
{
    static const char *const codecs[] = { "aac", "pcm_s16le", "libmp3lame" };
    char *dir = temp_dir();

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        char *path = mw_format("%s/f%zu.%s", dir, k, k == 1 ? "mkv" : "mp4");

        make_video(path, &(clip_options){ .n_frames = 45, .audio = codecs[k] });
        portions_do_not_matter(path, &as_it_is);
        portions_do_not_matter(path,
                               &(mw_sound_want){ .rate_hz = 16000, .channel = -1, .max_s = 9 });
        mw_free(path);
    }
    temp_dir_remove(dir);
}

/* Mixed down by hand, converted in one call. */
static void samples_are_those_of_the_file_mixed_and_converted(void **state)
{
    enum { N = 50000 };
    char *dir = temp_dir(), *path = mw_format("%s/x.wav", dir);
    float *x = malloc(2 * N * sizeof *x), *mono = malloc(N * sizeof *mono), *want;
    mw_audio a;
    size_t n;

    (void)state;
    fill_noise(x, (size_t)2 * N, 0.4, 8);
    make_sound(path, x, N, 44100, 2, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    for (size_t i = 0; i < N; i++)
        mono[i] = (x[2 * i] + x[2 * i + 1]) / 2;
    assert_ok(mw_resample(&want, &n, mono, N, 44100, 16000, NULL));
    assert_ok(mw_sound_load(&a, path, &(mw_sound_want){ 16000, -1, 10 }, NULL));
    assert_int_equal(a.n, n);
    assert_memory_equal(a.x, want, n * sizeof *want);
    mw_audio_clear(&a);
    assert_ok(mw_sound_load(&a, path, &(mw_sound_want){ 0, 1, 10 }, NULL));
    for (size_t i = 0; i < N; i++)
        assert_true(a.x[i] == x[2 * i + 1]);
    mw_audio_clear(&a);
    mw_free(want);
    free(mono);
    free(x);
    mw_free(path);
    temp_dir_remove(dir);
}

static void the_header_tells_the_length_of_plain_files(void **state)
{
    char *dir = temp_dir(), *path = mw_format("%s/x.wav", dir);
    mw_sound_reader *r;

    (void)state;
    make_noise_wav(path, 44101, 44100, 0.2, 1);
    assert_ok(mw_sound_reader_open(&r, path, &as_it_is, NULL));
    assert_int_equal(mw_sound_reader_expected(r), 44101);
    mw_sound_reader_close(&r);
    assert_ok(mw_sound_reader_open(&r, path, &(mw_sound_want){ 16000, -1, 10 }, NULL));
    assert_int_equal(mw_sound_reader_expected(r), 16001);
    mw_sound_reader_close(&r);
    mw_free(path);
    temp_dir_remove(dir);
}

/* The error that opening, or reading on, ends with. */
static const char *reason_of(const char *path, const mw_sound_want *want)
{
    static mw_error err;
    mw_sound_reader *r = NULL;
    mw_status st = mw_sound_reader_open(&r, path, want, &err);
    float x[777];
    size_t got = 1;
    mw_audio a;

    assert_true((st == MW_OK) == (r != NULL));
    while (st == MW_OK && got)
        st = mw_sound_reader_read(r, x, 777, &got, &err);
    mw_sound_reader_close(&r);
    /* whole: the same */
    if (st == MW_OK) {
        assert_ok(mw_sound_load(&a, path, want, NULL));
        mw_audio_clear(&a);
        return "";
    }
    assert_int_equal(err.code, st);
    assert_non_null(strstr(err.message, path));
    {
        mw_error whole;

        assert_fails(mw_sound_load(&a, path, want, &whole), st);
        assert_string_equal(whole.reason, err.reason);
        assert_null(a.x);
    }
    return err.reason;
}

static void damage_is_told_when_it_is_met(void **state)
{
    enum { N = 60000 };
    char *dir = temp_dir(), *path = mw_format("%s/x.wav", dir), *flac = mw_format("%s/x.flac", dir),
         *film = mw_format("%s/x.mp4", dir), *cut = mw_format("%s/cut", dir);
    float *x = malloc(N * sizeof *x);

    (void)state;
    fill_noise(x, N, 0.3, 2);
    make_sound(path, x, N, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    assert_string_equal(reason_of(path, &as_it_is), "");
    assert_string_equal(reason_of(path, &(mw_sound_want){ 0, 1, 10 }), "no_channel");
    assert_string_equal(reason_of(path, &(mw_sound_want){ 0, -1, 3.74 }), "too_long");
    assert_string_equal(reason_of(path, &(mw_sound_want){ 0, -1, 3.75 }), "");
    assert_string_equal(reason_of(path, &(mw_sound_want){ 16001, -1, 3.75 }), "");
    assert_string_equal(reason_of(path, &(mw_sound_want){ 999, -1, 10 }), "bad_rate");
    copy_cut(cut, path, 0.7);
    assert_string_equal(reason_of(cut, &as_it_is), "truncated");
    x[N - 1] = NAN; /* the last sample, long after the first block */
    make_sound(path, x, N, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    assert_string_equal(reason_of(path, &as_it_is), "not_finite");
    assert_string_equal(reason_of(path, &(mw_sound_want){ 8000, -1, 10 }), "not_finite");
    x[N - 1] = 0;
    make_sound(flac, x, N, 16000, 1, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
    copy_cut(cut, flac, 0.7);
    assert_string_not_equal(reason_of(cut, &as_it_is), "");
    make_sound(path, x, 0, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    assert_string_equal(reason_of(path, &as_it_is), "empty_audio");
    spill(path, "", 0);
    assert_string_equal(reason_of(path, &as_it_is), "empty_file");
    make_video(film, &(clip_options){ .n_frames = 45 });
    assert_string_equal(reason_of(film, &as_it_is), "no_audio");
    make_video(film, &(clip_options){ .n_frames = 45, .audio = "aac" });
    assert_string_equal(reason_of(film, &as_it_is), "");
    assert_string_equal(reason_of(film, &(mw_sound_want){ 0, 7, 10 }), "no_channel");
    assert_string_equal(reason_of(film, &(mw_sound_want){ 0, -1, 1 }), "too_long");
    copy_cut(cut, film, 0.9);
    assert_string_equal(reason_of(cut, &as_it_is), "truncated");
    unlink(film);
    assert_string_equal(reason_of(film, &as_it_is), "not_found");
    free(x);
    mw_free(path);
    mw_free(flac);
    mw_free(film);
    mw_free(cut);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

static void short_memory_is_reported_at_each_allocation(void **state)
{
    char *dir = temp_dir(), *path = mw_format("%s/x.wav", dir);
    const long live = mw_mem_live();
    float x[2000];
    mw_status st = MW_ERR_NOMEM;

    (void)state;
    fill_noise(x, 2000, 0.3, 2);
    make_sound(path, x, 1000, 44100, 2, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    for (long n = 1; st == MW_ERR_NOMEM && n < 100; n++) {
        mw_audio a;

        mw_mem_fail_at(n);
        st = mw_sound_load(&a, path, &(mw_sound_want){ 16000, -1, 10 }, NULL);
        mw_mem_fail_at(0);
        mw_audio_clear(&a);
        assert_int_equal(mw_mem_live(), live);
    }
    assert_int_equal(st, MW_OK);
    mw_free(path);
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_file_reads_the_same_in_any_portions),
        cmocka_unit_test(films_read_the_same_in_any_portions),
        cmocka_unit_test(samples_are_those_of_the_file_mixed_and_converted),
        cmocka_unit_test(the_header_tells_the_length_of_plain_files),
        cmocka_unit_test(damage_is_told_when_it_is_met),
        cmocka_unit_test(short_memory_is_reported_at_each_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
