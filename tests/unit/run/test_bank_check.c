/* SPDX-License-Identifier: Apache-2.0
 *
 * The gate of synthetic banks, on a bank whose features carry known cues.
 */
#include "support/support.h"

#include <math.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/feature_bank.h"
#include "data/labels.h"
#include "merwild/bank.h"
#include "support/toy_bank.h"

static char *dir;

static const char *in(const char *name)
{
    return path_in(dir, name);
}

/* The cues of the toy bank are the modalities' own labels. shift: each clip gets those of the clip
 * so many lines further. */
static void write_cues(const char *bank, const char *name, size_t shift)
{
    char *path = mw_path_join(in(bank), "label.csv");
    mw_labels labels = { 0 };
    mw_str s = { 0 };

    assert_ok(mw_labels_read(&labels, path, NULL));
    mw_str_put(&s, "cue_face,video_id,clip_id,other,cue_voice\n");
    for (size_t i = 0; i < labels.n; i++) {
        const mw_label *own = &labels.v[i], *from = &labels.v[(i + shift) % labels.n];

        mw_str_printf(&s, "%.17g,%s,%s,x,%.17g\n", from->y_vision, own->video_id, own->clip_id,
                      from->y_audio);
    }
    assert_ok(mw_file_store(in(name), s.data, s.n, NULL));
    mw_str_clear(&s);
    mw_labels_clear(&labels);
    mw_free(path);
}

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    toy_bank_write(in("bank"), 60, 12, 24, 5);
    write_cues("bank", "cues.csv", 0);
    write_cues("bank", "shifted.csv", 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return mw_mem_live() ? -1 : 0;
}

static mw_status check(const char *bank, const char *cues, mw_bank_check_result *r, mw_error *err)
{
    char *path = mw_strdup(in(cues));
    const mw_bank_check_options o = { .cues = path, .min_corr = 0.6 };
    const mw_status st = mw_bank_check(in(bank), &o, NULL, r, err);

    mw_free(path);
    return st;
}

static void finds_cues_that_are_there(void **state)
{
    mw_bank_check_result r;

    (void)state;
    assert_ok(check("bank", "cues.csv", &r, NULL));
    assert_true(r.n_train == 60 && r.n_valid == 12 && r.n_test == 24);
    assert_int_equal(r.voice.columns, 2 * TOY_AUDIO_COLUMNS);
    assert_int_equal(r.face.columns, 2 * TOY_VIDEO_COLUMNS);
    assert_true(r.voice.corr > 0.95 && r.face.corr > 0.95 && r.passes);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Mean distance of the bank's test labels from the median of its 60 training labels. */
static double distance_from_median(void)
{
    mw_labels labels = { 0 };
    double train[60], sum = 0;
    size_t n = 0, n_test = 0;

    assert_ok(mw_labels_read(&labels, in("bank/label.csv"), NULL));
    for (size_t i = 0; i < labels.n; i++)
        if (labels.v[i].split == MW_TRAIN) train[n++] = labels.v[i].y;
    assert_int_equal(n, 60);
    qsort(train, n, sizeof *train, by_value);
    for (size_t i = 0; i < labels.n; i++)
        if (labels.v[i].split == MW_TEST) {
            sum += fabs(labels.v[i].y - (train[29] + train[30]) / 2);
            n_test++;
        }
    mw_labels_clear(&labels);
    return sum / (double)n_test;
}

/* The label is the sum of both cues, cut off at 3. */
static void bounds_tell_what_cues_are_worth(void **state)
{
    mw_bank_check_result r;

    (void)state;
    assert_ok(check("bank", "cues.csv", &r, NULL));
    assert_true(r.from_both.corr > 0.98 && r.from_both.mae < 0.15);
    assert_true(r.from_voice.mae > 2 * r.from_both.mae && r.from_face.mae > 2 * r.from_both.mae);
    assert_true(r.from_voice.mae < r.constant.mae && r.from_face.mae < r.constant.mae);
    assert_true(r.from_voice.corr > 0.4 && r.from_voice.corr < 0.95);
    assert_true(r.constant.corr == 0 && fabs(r.constant.mae - distance_from_median()) < 1e-12);
}

static void finds_nothing_where_nothing_is(void **state)
{
    mw_bank_check_result r;

    (void)state;
    assert_ok(check("bank", "shifted.csv", &r, NULL));
    assert_true(r.voice.corr < 0.6 && r.face.corr < 0.6);
    assert_false(r.voice.passes || r.face.passes || r.passes);
}

static void needs_cues(void **state)
{
    char none[] = "";
    const mw_bank_check_options o = { .cues = none };
    mw_bank_check_result r;
    mw_error err;

    (void)state;
    assert_fails(mw_bank_check(in("bank"), &o, NULL, &r, &err), MW_ERR_RANGE);
    assert_string_equal(err.reason, "bad_option");
}

static void refuses_tables_that_are_none(void **state)
{
    static const struct {
        const char *text, *reason, *says;
    } cases[] = {
        { "", "bad_csv", "'video_id'" },
        { "video_id,clip_id,cue_voice\ns000,0,1\n", "bad_csv", "'cue_face'" },
        { "video_id,clip_id,cue_voice,cue_face,cue_voice\n", "bad_csv", "2 columns 'cue_voice'" },
        { "video_id,clip_id,cue_voice,cue_face\ns000,0,1,x\n", "bad_csv", "line 2" },
        { "video_id,clip_id,cue_voice,cue_face\ns000,0,nan,1\n", "bad_csv", "'nan'" },
        { "video_id,clip_id,cue_voice,cue_face\ns000,0,1\n", "bad_csv", "'cue_face'" },
        { "video_id,clip_id,cue_voice,cue_face\ns000,0,-2e6,1\n", "bad_csv", "'-2e6'" },
        { "video_id,clip_id,cue_voice,cue_face\ns,0,1,1\nt,0,1,1\ns,0,2,2\n", "duplicate_clip",
          "'s/0'" },
        { "video_id,clip_id,cue_voice,cue_face\n", "no_cue", "'s000/0'" },
        { "video_id,clip_id,cue_voice,cue_face\ns000,0,1,1\n", "no_cue", "'s000/1'" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_bank_check_result r;
        mw_error err = { 0 };

        assert_ok(mw_file_store(in("bad.csv"), cases[i].text, strlen(cases[i].text), NULL));
        assert_fails(check("bank", "bad.csv", &r, &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, cases[i].reason);
        if (!strstr(err.message, cases[i].says) || !strstr(err.message, "bad.csv"))
            fail_msg("case %zu: %s", i, err.message);
        assert_int_equal(r.n_train, 0);
    }
    assert_fails(check("bank", "nowhere.csv", &(mw_bank_check_result){ 0 }, NULL), MW_ERR_IO);
}

static void true_cues_must_vary_and_differ(void **state)
{
    mw_bank_check_result r;
    mw_error err;
    mw_str s = { 0 };

    (void)state;
    mw_str_put(&s, "video_id,clip_id,cue_voice,cue_face\n");
    for (int i = 0; i < 96; i++)
        mw_str_printf(&s, "s%03d,%d,%d,%d\n", i / 3, i, i, 2 * i);
    assert_ok(mw_file_store(in("same.csv"), s.data, s.n, NULL));
    mw_str_clear(&s);
    assert_fails(check("bank", "same.csv", &r, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_probe");
    assert_non_null(strstr(err.message, "same.csv"));
}

static void refuses_banks_that_do_not_fit(void **state)
{
    mw_bank_check_result r;
    mw_bank_clip clip;
    mw_error err;

    (void)state;
    assert_fails(check("nowhere", "cues.csv", &r, NULL), MW_ERR_IO);
    toy_bank_write(in("small"), 9, 2, 9, 5);
    write_cues("small", "small.csv", 0);
    assert_fails(check("small", "small.csv", &r, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_split");
    assert_non_null(strstr(err.message, "2 clips with a label in split 'valid'"));

    toy_bank_write(in("odd"), 9, 3, 9, 5);
    write_cues("odd", "odd.csv", 0);
    assert_ok(check("odd", "odd.csv", &r, NULL));
    assert_ok(mw_bank_clip_read(&clip, in("odd/s001/4.bank.npz"), NULL));
    clip.m[0].letter = 0;
    assert_ok(mw_bank_clip_write(in("odd/s001/4.bank.npz"), &clip, NULL, NULL, NULL));
    assert_fails(check("odd", "odd.csv", &r, &err), MW_ERR_FORMAT);
    assert_non_null(strstr(err.message, "'s001/4' of the bank has no modality a"));
    clip.m[0] = clip.m[1];
    clip.m[0].letter = 'a';
    assert_ok(mw_bank_clip_write(in("odd/s001/4.bank.npz"), &clip, NULL, NULL, NULL));
    assert_fails(check("odd", "odd.csv", &r, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "columns_differ");
    clip.m[0] = (mw_bank_modality){ 0 };
    mw_bank_clip_clear(&clip);
}

/* Rows without reliability, and values that are not finite, are left out of means. */
static void rows_that_show_nothing_do_not_count(void **state)
{
    mw_bank_check_result plain, r;

    (void)state;
    toy_bank_write(in("gaps"), 30, 6, 12, 7);
    write_cues("gaps", "gaps.csv", 0);
    assert_ok(check("gaps", "gaps.csv", &plain, NULL));
    for (int i = 0; i < 48; i++) {
        char *path = mw_format("%s/s%03d/%d.bank.npz", in("gaps"), i / 3, i);
        mw_bank_clip clip;

        assert_ok(mw_bank_clip_read(&clip, path, NULL));
        for (int k = 0; k < 2; k++) {
            mw_bank_modality *m = &clip.m[k];
            mw_bank_variant *v = &m->variants[0];

            v->rel[3] = 0;
            v->valid[4] = 0;
            v->x[3 * m->columns] = v->x[4 * m->columns] = 1e30f * (float)(i % 5);
            v->x[5 * m->columns] = NAN;
        }
        assert_ok(mw_bank_clip_write(path, &clip, NULL, NULL, NULL));
        mw_bank_clip_clear(&clip);
        mw_free(path);
    }
    assert_ok(check("gaps", "gaps.csv", &r, NULL));
    assert_true(fabs(r.voice.corr - plain.voice.corr) < 0.05);
    assert_true(fabs(r.face.corr - plain.face.corr) < 0.05);
}

static int stop_at_once(void *user)
{
    return ++*(int *)user > 3;
}

static void stops_when_asked(void **state)
{
    char *cues = mw_strdup(in("cues.csv"));
    const mw_bank_check_options o = { .cues = cues, .min_corr = 0.6 };
    int asked = 0;
    const mw_run_hooks hooks = { .user = &asked, .stop = stop_at_once };
    mw_bank_check_result r;

    (void)state;
    assert_fails(mw_bank_check(in("bank"), &o, &hooks, &r, NULL), MW_ERR_INTERRUPTED);
    assert_int_equal(asked, 4);
    mw_free(cues);
}

static int same(const mw_bank_check_result *a, const mw_bank_check_result *b)
{
    return a->voice.corr == b->voice.corr && a->face.corr == b->face.corr &&
           a->from_both.mae == b->from_both.mae && a->constant.mae == b->constant.mae &&
           a->n_test == b->n_test && a->passes == b->passes;
}

static void a_missing_allocation_is_told(void **state)
{
    mw_bank_check_result whole, r;
    long at = 1, made;

    (void)state;
    toy_bank_write(in("tiny"), 4, 3, 3, 9);
    write_cues("tiny", "tiny.csv", 0);
    assert_ok(check("tiny", "tiny.csv", &whole, NULL));
    for (int alone = 0; alone < 2; alone++)
        for (at = 1;; at++) {
            const long live = mw_mem_live();
            char *path = mw_strdup(in("tiny.csv"));
            const mw_bank_check_options o = { .cues = path, .min_corr = 0.6 };
            mw_error err = { 0 };
            mw_status st;

            mw_mem_fail_at(alone ? -at : at);
            st = mw_bank_check(in("tiny"), &o, NULL, &r, &err);
            made = mw_mem_count();
            mw_mem_fail_at(0);
            mw_free(path);
            assert_int_equal(mw_mem_live(), live);
            if (made < at) {
                assert_int_equal(st, MW_OK);
                assert_true(same(&r, &whole));
                break;
            }
            if (st == MW_OK && !same(&r, &whole)) fail_msg("allocation %ld", at);
            assert_true(st == MW_OK || (st == MW_ERR_NOMEM && err.code == st));
        }
    assert_true(at > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_cues_that_are_there),
        cmocka_unit_test(bounds_tell_what_cues_are_worth),
        cmocka_unit_test(finds_nothing_where_nothing_is),
        cmocka_unit_test(needs_cues),
        cmocka_unit_test(refuses_tables_that_are_none),
        cmocka_unit_test(true_cues_must_vary_and_differ),
        cmocka_unit_test(refuses_banks_that_do_not_fit),
        cmocka_unit_test(rows_that_show_nothing_do_not_count),
        cmocka_unit_test(stops_when_asked),
        cmocka_unit_test(a_missing_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
