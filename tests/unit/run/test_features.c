/* SPDX-License-Identifier: Apache-2.0
 *
 * The job "features audio" through its public call: what is held of long clips, the truth
 * alongside, clips that are too short, stopping.
 */
#include "support/support.h"

#include <math.h>
#include <unistd.h>

#include <sndfile.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/npz.h"
#include "data/npz_read.h"
#include "merwild/features.h"
#include "support/clips.h"
#include "support/sounds.h"

/* Run over in with "key=value ..." options. */
static mw_status run(const char *in, const char *out, const char *options,
                     const mw_run_hooks *hooks, mw_summary *summary, mw_error *err)
{
    mw_features_audio_options *o = mw_features_audio_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_features_audio_options_groups(o, groups);
    char *text = mw_strdup(options), *rest = NULL;
    mw_status st = set_option(groups, n, "in", in, err);

    if (st == MW_OK) st = set_option(groups, n, "out", out, err);
    if (st == MW_OK) st = set_option(groups, n, "jobs", "1", err);
    if (st == MW_OK) st = set_option(groups, n, "sync", "none", err);
    for (char *p = strtok_r(text, " ", &rest); p && st == MW_OK; p = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(p, '=');

        *value++ = 0;
        st = set_option(groups, n, p, value, err);
    }
    if (st == MW_OK) st = mw_features_audio(o, hooks, summary, err);
    mw_free(text);
    mw_features_audio_options_free(&o);
    return st;
}

/* One clip done; the bytes of its output (free). */
static uint8_t *done(const char *dir, const char *in, const char *out, const char *options,
                     size_t *n)
{
    char *to = mw_format("%s/out", dir), *path = mw_format("%s/%s", to, out);
    mw_summary summary;
    uint8_t *bytes;

    assert_ok(run(in, to, options, NULL, &summary, NULL));
    assert_int_equal(summary.n_failed, 0);
    assert_int_equal(summary.n_done, 1);
    bytes = slurp(path, n);
    mw_free(path);
    mw_free(to);
    return bytes;
}

/* out: rows [first, first + rows) of an .npy of 90 columns. */
static void assert_rows(const uint8_t *part, const uint8_t *whole, size_t first, size_t rows)
{
    assert_memory_equal(part + 128, whole + 128 + first * 360, rows * 360);
}

static void the_middle_of_a_long_clip_is_that_of_all_its_rows(void **state)
{
    char *dir = temp_dir(), *path = mw_format("%s/a.wav", dir);
    uint8_t *whole, *part;
    size_t n;

    (void)state;
    make_speech_wav(path, 48000, 16000, 3); /* 296 rows */
    whole = done(dir, path, "a.npy", "native=yes", &n);
    assert_int_equal(n, 128 + 296 * 360);
    part = done(dir, path, "a.npy", "length=100 resample-threshold=200", &n);
    assert_int_equal(n, 128 + 100 * 360);
    assert_rows(part, whole, 98, 100);
    free(part);
    part = done(dir, path, "a.npy", "length=295 resample-threshold=295", &n);
    assert_rows(part, whole, 0, 295);
    free(part);
    part = done(dir, path, "a.npy", "length=296 resample-threshold=700", &n);
    assert_int_equal(n, 128 + 296 * 360);
    assert_memory_equal(part, whole, n);
    free(part);
    free(whole);
    mw_free(path);
    temp_dir_remove(dir);
}

/* An MP3 that was cut goes on announcing its old length: the rows that the header lets expect are
 * not the middle ones. */
static void a_header_that_is_wrong_about_the_length_changes_nothing(void **state)
{
    char *dir = temp_dir(), *path = mw_format("%s/a.mp3", dir), *cut = mw_format("%s/b.mp3", dir);
    float *x = malloc(160000 * sizeof *x);
    uint8_t *whole, *part;
    size_t n, rows;

    (void)state;
    memset(x, 0, 160000 * sizeof *x);
    fill_speech(x, 160000, 16000, 4);
    make_sound(path, x, 160000, 16000, 1, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III);
    copy_cut(cut, path, 0.7);
    whole = done(dir, cut, "b.npy", "native=yes", &n);
    rows = (n - 128) / 360;
    assert_true(rows > 500 && rows < 900);
    part = done(dir, cut, "b.npy", "length=100 resample-threshold=200", &n);
    assert_int_equal(n, 128 + 100 * 360);
    assert_rows(part, whole, (rows - 100) / 2, 100);
    free(part);
    free(whole);
    free(x);
    mw_free(path);
    mw_free(cut);
    temp_dir_remove(dir);
}

/* A track whose entry i is i, every 10 ms. */
static void make_track(const char *path, size_t n)
{
    float *value = malloc(n * sizeof *value);
    mw_npz z = { 0 };

    for (size_t i = 0; i < n; i++)
        value[i] = (float)i;
    mw_npz_put(&z, "a_snr_db", "<f4", &n, 1, value, n * sizeof *value);
    mw_npz_put(&z, "v_t", "<f4", &n, 1, value, n * sizeof *value);
    assert_ok(mw_npz_finish(&z, NULL));
    spill(path, z.bytes.data, z.bytes.n);
    mw_npz_clear(&z);
    free(value);
}

static void the_truth_follows_the_time_of_each_row(void **state)
{
    static const struct {
        int rate_hz;
        const char *options;
        size_t rows;
    } cases[] = {
        { 16000, "native=yes", 296 },
        { 16000, "length=100 resample-threshold=200", 100 },
        { 16000, "length=450", 450 },
        { 11025, "native=yes rate-hz=0", 296 }, /* rows every 110 samples: 9.977 ms */
        { 22050, "native=yes rate-hz=0", 295 }, /* 221 samples: 10.02 ms */
    };
    char *dir = temp_dir(), *path = mw_format("%s/a.wav", dir),
         *track = mw_format("%s/a.track.npz", dir);

    (void)state;
    make_track(track, 300);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char options[100];
        mw_npz_array t, snr, x, source, none;
        uint8_t *file;
        size_t n;

        make_speech_wav(path, (size_t)(3 * cases[k].rate_hz), cases[k].rate_hz, 3);
        snprintf(options, sizeof options, "format=npz %s", cases[k].options);
        file = done(dir, path, "a.npz", options, &n);
        assert_ok(mw_npz_find(&t, (char *)file, n, "t", "f", NULL));
        assert_ok(mw_npz_find(&snr, (char *)file, n, "a_snr_db", "f", NULL));
        assert_ok(mw_npz_find(&x, (char *)file, n, "x", "f", NULL));
        assert_ok(mw_npz_find(&source, (char *)file, n, "a_src", "f", NULL));
        assert_fails(mw_npz_find(&none, (char *)file, n, "v_t", "f", NULL), MW_ERR_FORMAT);
        assert_int_equal(t.n, cases[k].rows);
        assert_int_equal(snr.n, cases[k].rows);
        assert_int_equal(source.n, cases[k].rows);
        assert_int_equal(x.shape[0], cases[k].rows);
        assert_int_equal(x.shape[1], 90);
        for (size_t i = 0; i < t.n; i++)
            assert_true(fabs(mw_npz_number(&snr, i) - 100 * mw_npz_number(&t, i)) <= 0.5 + 1e-9);
        free(file);
    }
    mw_free(path);
    mw_free(track);
    temp_dir_remove(dir);
}

static void a_clip_without_rows_is_refused_or_filled(void **state)
{
    char *dir = temp_dir(), *path = mw_format("%s/a.wav", dir), *out = mw_format("%s/out", dir);
    mw_npz_array valid, x;
    mw_summary summary;
    uint8_t *file;
    size_t n;

    (void)state;
    make_noise_wav(path, 959, 16000, 0.2, 1);
    assert_ok(run(path, out, "native=yes", NULL, &summary, NULL));
    assert_int_equal(summary.n_failed, 1);
    assert_string_equal(summary.reasons[0].reason, "too_short");
    assert_int_equal(count_files(out, ".npy"), 0);
    assert_int_equal(count_files(out, MW_PART_SUFFIX), 0);
    file = done(dir, path, "a.npz", "too-short=zeros format=npz", &n);
    assert_ok(mw_npz_find(&valid, (char *)file, n, "valid", "f", NULL));
    assert_ok(mw_npz_find(&x, (char *)file, n, "x", "f", NULL));
    assert_int_equal(valid.n, 375);
    for (size_t i = 0; i < valid.n; i++)
        assert_true(mw_npz_number(&valid, i) == 0);
    for (size_t i = 0; i < x.n; i++)
        assert_true(mw_npz_number(&x, i) == 0);
    free(file);
    mw_free(path);
    mw_free(out);
    temp_dir_remove(dir);
}

static int stop_after_some(void *user)
{
    return ++*(int *)user > 5;
}

/* Polled between blocks, so that hours of sound do not delay the end. */
static void stopping_leaves_no_file(void **state)
{
    char *dir = temp_dir(), *path = mw_format("%s/a.wav", dir), *out = mw_format("%s/out", dir);
    int n_polls = 0;
    const mw_run_hooks hooks = { .user = &n_polls, .stop = stop_after_some };
    mw_summary summary;
    mw_error err;

    (void)state;
    make_noise_wav(path, 320000, 16000, 0.2, 1);
    assert_fails(run(path, out, "native=yes", &hooks, &summary, &err), MW_ERR_INTERRUPTED);
    assert_int_equal(summary.n_done + summary.n_failed, 0);
    assert_true(n_polls < 15);
    assert_int_equal(count_files(out, ".npy"), 0);
    assert_int_equal(count_files(out, MW_PART_SUFFIX), 0);
    mw_free(path);
    mw_free(out);
    temp_dir_remove(dir);
}

static void options_that_do_not_fit_are_refused(void **state)
{
    static const char *const bad[] = { "rate-hz=7999",  "rate-hz=48001", "length=0",
                                       "length=701",    "sets=mfcc",     "resample-threshold=374",
                                       "channel=-2",    "format=hdf5",   "max-seconds=nan",
                                       "too-short=pad", "level=llds",    "backend=opensmile" };
    char *dir = temp_dir(), *path = mw_format("%s/a.wav", dir), *out = mw_format("%s/out", dir);
    mw_summary summary;
    mw_error err;

    (void)state;
    make_noise_wav(path, 16000, 16000, 0.2, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (run(path, out, bad[i], NULL, &summary, &err) == MW_OK) fail_msg("taken: %s", bad[i]);
        assert_int_equal(err.code, MW_ERR_RANGE);
    }
    assert_fails(run("", out, "", NULL, &summary, &err), MW_ERR_RANGE);
    assert_fails(run(path, "", "", NULL, &summary, &err), MW_ERR_RANGE);
    assert_int_equal(access(out, F_OK), -1);
    mw_free(path);
    mw_free(out);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_middle_of_a_long_clip_is_that_of_all_its_rows),
        cmocka_unit_test(a_header_that_is_wrong_about_the_length_changes_nothing),
        cmocka_unit_test(the_truth_follows_the_time_of_each_row),
        cmocka_unit_test(a_clip_without_rows_is_refused_or_filled),
        cmocka_unit_test(stopping_leaves_no_file),
        cmocka_unit_test(options_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
