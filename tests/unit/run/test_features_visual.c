/* SPDX-License-Identifier: Apache-2.0
 *
 * The job "features visual" through its public call, with given faces: what each row stands for,
 * the truth alongside, stopping, options that do not fit.
 */
#include "support/support.h"

#include <math.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/npz.h"
#include "data/npz_read.h"
#include "data/track.h"
#include "merwild/features.h"
#include "run/clip_weights.h"
#include "support/clips.h"

enum { FRAMES = 40 };

typedef struct fixture {
    char *dir, *film, *faces, *out;
} fixture;

static int has_face(size_t frame)
{
    return frame % 4 != 1;
}

/* A film of 40 frames, 30 of them with a face, at 25 frames/s; face k moves right with time. */
static fixture made(void)
{
    fixture x = { .dir = temp_dir() };
    mw_track t = { 0 };
    char *csv;

    x.film = mw_format("%s/f.mp4", x.dir);
    x.faces = mw_format("%s/faces", x.dir);
    x.out = mw_format("%s/out", x.dir);
    csv = mw_format("%s/f.csv", x.faces);
    assert_ok(mw_make_dirs(x.faces, NULL));
    make_video(x.film, &(clip_options){ .n_frames = FRAMES, .fps_num = 25 });
    for (size_t i = 0; i < FRAMES; i++) {
        const mw_face f = { .x = 0.01 * (double)i, .y = 0.2, .w = 0.4, .h = 0.5, .score = 0.9 };

        assert_ok(mw_track_add(&t, 0.04 * (double)i, &f, (size_t)has_face(i), NULL));
    }
    assert_ok(mw_track_write(&t, csv, NULL));
    mw_track_clear(&t);
    mw_free(csv);
    return x;
}

static void clear(fixture *x)
{
    mw_free(x->film);
    mw_free(x->faces);
    mw_free(x->out);
    temp_dir_remove(x->dir);
    assert_int_equal(mw_mem_live(), 0);
}

/* Landmarks of the film's given faces, with "key=value ..." options. */
static mw_status run(const fixture *x, const char *options, const mw_run_hooks *hooks,
                     mw_summary *summary, mw_error *err)
{
    const char *const fixed[][2] = { { "in", x->film },          { "out", x->out },
                                     { "faces", x->faces },      { "jobs", "1" },
                                     { "encoder", "landmarks" }, { "sync", "none" } };
    mw_features_visual_options *o = mw_features_visual_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_features_visual_options_groups(o, groups);
    char *text = mw_strdup(options), *rest = NULL;
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < sizeof fixed / sizeof *fixed; i++)
        st = set_option(groups, n, fixed[i][0], fixed[i][1], err);
    for (char *p = strtok_r(text, " ", &rest); p && st == MW_OK; p = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(p, '=');

        *value++ = 0;
        st = set_option(groups, n, p, value, err);
    }
    if (st == MW_OK) st = mw_features_visual(o, hooks, summary, err);
    mw_free(text);
    mw_features_visual_options_free(&o);
    return st;
}

/* The npz of the film (free). */
static char *done(const fixture *x, const char *options, size_t *n)
{
    char *path = mw_format("%s/f.npz", x->out), *all = mw_format("format=npz %s", options), *bytes;
    mw_summary summary;

    assert_ok(run(x, all, NULL, &summary, NULL));
    assert_int_equal(summary.n_failed, 0);
    assert_int_equal(summary.n_done, 1);
    bytes = (char *)slurp(path, n);
    mw_free(path);
    mw_free(all);
    return bytes;
}

static mw_npz_array array(const char *bytes, size_t n, const char *name)
{
    mw_npz_array a;

    assert_ok(mw_npz_find(&a, bytes, n, name, "f", NULL));
    return a;
}

static void a_row_for_every_frame_with_its_time_and_validity(void **state)
{
    fixture f = made();
    mw_npz_array x, t, valid, source;
    size_t n;
    char *file = done(&f, "native=yes", &n);

    (void)state;
    x = array(file, n, "x"), t = array(file, n, "t");
    valid = array(file, n, "valid"), source = array(file, n, "v_src");
    assert_int_equal(x.shape[0], FRAMES);
    assert_int_equal(x.shape[1], 29);
    for (size_t i = 0; i < FRAMES; i++) {
        const double centre = has_face(i) ? 0.01 * (double)i + 0.2 : 0;

        assert_true(fabs(mw_npz_number(&x, 29 * i) - centre) < 1e-6);
        assert_true(mw_npz_number(&valid, i) == has_face(i));
        assert_true(mw_npz_number(&source, i) == (double)i);
        assert_true(fabs(mw_npz_number(&t, i) - 0.04 * (double)i) < 1e-9);
    }
    free(file);
    clear(&f);
}

/* A track whose entry i is i, and types. */
static void make_track(const fixture *x)
{
    static const char *const types[] = { "clean", "noise" };
    const size_t n = FRAMES;
    char *path = mw_format("%s/f.track.npz", x->dir);
    float value[FRAMES];
    mw_npz z = { 0 };

    for (size_t i = 0; i < n; i++)
        value[i] = (float)i;
    mw_npz_put(&z, "v_rel", "<f4", &n, 1, value, sizeof value);
    mw_npz_put(&z, "a_rel", "<f4", &n, 1, value, sizeof value);
    mw_npz_put_texts(&z, "types", types, 2);
    assert_ok(mw_npz_finish(&z, NULL));
    spill(path, z.bytes.data, z.bytes.n);
    mw_npz_clear(&z);
    mw_free(path);
}

/* Of 40 frames 30 have a face; resampled or padded, each row tells its frame, and the truth of
 * that frame lies beside it. */
static void the_truth_follows_the_frame_of_each_row(void **state)
{
    static const struct {
        const char *options;
        size_t rows, valid;
    } cases[] = { { "native=yes", FRAMES, 30 },
                  { "length=100", 100, 100 },
                  { "length=30", 30, 30 },
                  { "length=100 pad-below=31", 100, 30 },
                  { "length=100 fill-limit=1", 100, 100 },
                  { "length=7 pad-below=0", 7, 7 } };
    fixture f = made();

    (void)state;
    make_track(&f);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        mw_npz_array rel, source, valid, types, none;
        size_t n, n_valid = 0;
        char *file = done(&f, cases[k].options, &n);

        rel = array(file, n, "v_rel"), source = array(file, n, "v_src");
        valid = array(file, n, "valid"), types = array(file, n, "types");
        assert_string_equal(types.descr, "<U5");
        assert_int_equal(types.n, 2);
        assert_fails(mw_npz_find(&none, file, n, "a_rel", "f", NULL), MW_ERR_FORMAT);
        assert_int_equal(rel.n, cases[k].rows);
        assert_int_equal(source.n, cases[k].rows);
        for (size_t i = 0; i < rel.n; i++) {
            const double from = mw_npz_number(&source, i), truth = mw_npz_number(&rel, i);

            n_valid += mw_npz_number(&valid, i) == 1;
            if (isnan(from))
                assert_true(isnan(truth) && mw_npz_number(&valid, i) == 0);
            else
                assert_true(truth == floor(truth) && fabs(truth - from) <= 0.5);
        }
        assert_int_equal(n_valid, cases[k].valid);
        free(file);
    }
    clear(&f);
}

/* np.interp(i * 30 / 100, range(30), frames with a face). */
static void resampled_rows_tell_their_frames(void **state)
{
    fixture f = made();
    mw_npz_array source;
    double kept[30];
    size_t n, n_kept = 0;
    char *file = done(&f, "length=100", &n);

    (void)state;
    for (size_t i = 0; i < FRAMES; i++)
        if (has_face(i)) kept[n_kept++] = (double)i;
    assert_int_equal(n_kept, 30);
    source = array(file, n, "v_src");
    for (size_t i = 0; i < 100; i++) {
        const double at = 0.3 * (double)i;
        const size_t k = (size_t)(at + 1e-9);
        const double want =
            k >= 29 ? kept[29] : kept[k] + (at - (double)k) * (kept[k + 1] - kept[k]);

        assert_true(fabs(mw_npz_number(&source, i) - want) < 1e-9);
    }
    free(file);
    clear(&f);
}

static void a_broken_truth_is_left_out(void **state)
{
    fixture f = made();
    char *path = mw_format("%s/f.track.npz", f.dir);
    mw_npz_array none;
    size_t n;
    char *file;

    (void)state;
    spill(path, "PK\x03\x04 no zip", 11);
    file = done(&f, "native=yes", &n);
    assert_fails(mw_npz_find(&none, file, n, "v_rel", "f", NULL), MW_ERR_FORMAT);
    free(file);
    mw_free(path);
    clear(&f);
}

static int stop_after_some(void *user)
{
    return ++*(int *)user > 9;
}

static void stopping_leaves_no_file(void **state)
{
    fixture f = made();
    int n_polls = 0;
    const mw_run_hooks hooks = { .user = &n_polls, .stop = stop_after_some };
    mw_summary summary;
    mw_error err;

    (void)state;
    assert_fails(run(&f, "", &hooks, &summary, &err), MW_ERR_INTERRUPTED);
    assert_int_equal(summary.n_done + summary.n_failed, 0);
    assert_true(n_polls < 15);
    assert_int_equal(count_files(f.out, ".npy"), 0);
    assert_int_equal(count_files(f.out, MW_PART_SUFFIX), 0);
    clear(&f);
}

static void options_that_do_not_fit_are_refused(void **state)
{
    static const char *const bad[] = { "encoder=vgg",   "length=0",     "length=29",
                                       "pad-below=501", "embed=frames", "precision=bf16",
                                       "weights=w.pt",  "face=all",     "format=hdf5",
                                       "batch=0",       "nn-threads=0", "threshold=1.5",
                                       "fill-limit=-2", "model=medium", "precision=f16" };
    fixture f = made();
    mw_summary summary;
    mw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (run(&f, bad[i], NULL, &summary, &err) == MW_OK) fail_msg("taken: %s", bad[i]);
        assert_int_equal(err.code, MW_ERR_RANGE);
    }
    assert_int_equal(access(f.out, F_OK), -1);
    clear(&f);
}

static void weights_are_found_by_their_names(void **state)
{
    static const char *const names[] = { "ViT-B-32.pt", "model.safetensors",
                                         "clip-vit-base-patch32.safetensors" };
    char *dir = temp_dir(), *found = NULL, sha256[65];
    mw_error err;

    (void)state;
    assert_fails(mw_clip_weights_find(&found, sha256, "", dir, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "no_weights");
    assert_null(found);
    /* each is preferred to the ones before */
    for (int i = 0; i < 3; i++) {
        char *path = mw_format("%s/%s", dir, names[i]);

        spill(path, "abc", 3);
        assert_ok(mw_clip_weights_find(&found, sha256, "", dir, &err));
        assert_string_equal(found, path);
        assert_string_equal(sha256,
                            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        mw_free(found);
        assert_ok(mw_clip_weights_find(&found, sha256, dir, "/nowhere", &err));
        assert_string_equal(found, path);
        mw_free(found);
        assert_ok(mw_clip_weights_find(&found, sha256, path, "/nowhere", &err));
        assert_string_equal(found, path);
        mw_free(found);
        mw_free(path);
    }
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_for_every_frame_with_its_time_and_validity),
        cmocka_unit_test(the_truth_follows_the_frame_of_each_row),
        cmocka_unit_test(resampled_rows_tell_their_frames),
        cmocka_unit_test(a_broken_truth_is_left_out),
        cmocka_unit_test(stopping_leaves_no_file),
        cmocka_unit_test(options_that_do_not_fit_are_refused),
        cmocka_unit_test(weights_are_found_by_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
