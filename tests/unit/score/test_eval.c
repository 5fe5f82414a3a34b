/* SPDX-License-Identifier: Apache-2.0
 *
 * An evaluation small enough to work out by hand: six clips of three groups, two seeds, errors that
 * are the same in every clip unless a test says otherwise.
 */
#include "support/support.h"

#include <math.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "score/eval_int.h"

enum { FULL, CONTROL, UNSUPERVISED, AVREL, N_METHODS };
enum { CLEAN, A_MILD, A_STRONG, A_HELDOUT, V_SEEN, AV_HELDOUT, SEEN, HELDOUT, N_CONDITIONS };
#define N_CLIPS 6
#define N_SEEDS 2

static const char *const clips[N_CLIPS] = { "a/0", "a/1", "b/0", "b/1", "c/0", "c/1" };
static const int group[N_CLIPS] = { 0, 0, 1, 1, 2, 2 };
static const float y[N_CLIPS] = { -2, -1, 0, 0.5F, 1, 2 };
static const char *const methods[N_METHODS] = { "full", "control", "unsup", "avrel" };
static const int64_t seeds[N_SEEDS] = { 11, 12 };
static const mw_bank_condition conditions[N_CONDITIONS] = {
    [CLEAN] = { .id = "clean", .block = "clean", .level = NAN },
    [A_MILD] = { "A/speech/5", "A", { "" }, "noise.speech", "snr_db", 5, 0 },
    [A_STRONG] = { "A/speech/-5", "A", { "" }, "noise.speech", "snr_db", -5, 0 },
    [A_HELDOUT] = { "A/music/0", "A", { "" }, "noise.music", "snr_db", 0, 1 },
    [V_SEEN] = { "V/object/0.5", "V", { "" }, "occlusion.object", "coverage", 0.5, 0 },
    [AV_HELDOUT] = { "AV/music+hand", "AV", { "" }, "noise.music+occlusion.hand", "", NAN, 1 },
    [SEEN] = { .id = "mixed-seen", .block = "mixed-seen", .level = NAN },
    [HELDOUT] = { .id = "mixed-heldout", .block = "mixed-heldout", .level = NAN, .heldout = 1 },
};

static mw_eval *made(size_t n_methods)
{
    const mw_eval_setup setup = { .clips = clips,
                                  .group = group,
                                  .y = y,
                                  .n_clips = N_CLIPS,
                                  .n_groups = 3,
                                  .conditions = conditions,
                                  .n_conditions = N_CONDITIONS,
                                  .methods = methods,
                                  .n_methods = n_methods,
                                  .seeds = seeds,
                                  .n_seeds = N_SEEDS,
                                  .constant = { 0.25 },
                                  .full = "full",
                                  .control = "control",
                                  .unsupervised = "unsup",
                                  .avrel = "avrel",
                                  .n_replicates = 200,
                                  .seed = 1 };
    mw_eval *e;

    assert_ok(mw_eval_create(&e, &setup, NULL));
    return e;
}

static void set(mw_eval *e, size_t method, size_t seed, size_t condition, size_t clip, double p)
{
    mw_eval_set(e, method, seed, condition, clip, &p);
}

/* Predictions that are off by so much in all clips, and by more in those of the first group. */
static void put(mw_eval *e, size_t method, size_t condition, double off, double more)
{
    for (size_t k = 0; k < N_SEEDS; k++)
        for (size_t i = 0; i < N_CLIPS; i++)
            set(e, method, k, condition, i, (double)y[i] + off + (group[i] == 0 ? more : 0));
}

/* An evaluation where everything is 0.5 off. */
static mw_eval *usual(size_t n_methods)
{
    mw_eval *e = made(n_methods);

    for (size_t m = 0; m < n_methods; m++)
        for (size_t c = 0; c < N_CONDITIONS; c++)
            put(e, m, c, 0.5, 0);
    return e;
}

/* Three intact windows, three damaged ones, and two at an edge that would spoil everything. */
static void put_windows(mw_eval *e, size_t condition, size_t clip, int modality, double intact,
                        double damaged)
{
    const float said[8] = { (float)intact,  (float)intact,  (float)intact,      (float)damaged,
                            (float)damaged, (float)damaged, (float)-intact * 9, 9 };
    const float was[8] = { 1, 1, 0.75F, 0.2F, 0.2F, 0.7F, 1, 0 };
    const float weight[8] = { 1, 1, 1, 1, 1, 1, 0, 0 };

    const mw_eval_window_set w = { said, was, weight, 8,
                                   modality ? "occlusion.hand" : "noise.music" };

    for (size_t k = 0; k < N_SEEDS; k++)
        assert_ok(mw_eval_windows(e, FULL, k, condition, clip, modality, &w, NULL));
}

static char *report(mw_eval **e)
{
    mw_str s = { 0 };

    assert_ok(mw_eval_analyse(*e, NULL));
    mw_eval_put_report(&s, *e);
    assert_ok(mw_str_ok(&s, NULL));
    mw_eval_destroy(e);
    return s.data;
}

/* The report's line that begins like this goes on like that. */
static void check_line(const char *text, const char *begins, const char *holds)
{
    const char *at = strstr(text, begins), *end;
    char line[512];

    if (!at) fail_msg("no line '%s'", begins);
    end = strchr(at, '\n');
    snprintf(line, sizeof line, "%.*s", (int)(end - at), at);
    if (!strstr(line, holds)) fail_msg("'%s' does not hold '%s'", line, holds);
}

static void check(mw_eval *e, const char *begins, const char *holds)
{
    char *text = report(&e);

    check_line(text, begins, holds);
    mw_free(text);
}

static void errors_and_differences_are_those_worked_out(void **state)
{
    mw_eval *e = usual(2);
    char *text;

    (void)state;
    put(e, FULL, CLEAN, 0.25, 0.3); /* mean 0.35 */
    put(e, FULL, A_MILD, 0.4, 0);
    put(e, FULL, A_STRONG, -0.8, 0); /* seen sound: mean of 0.4 and 0.8 */
    put(e, FULL, A_HELDOUT, 1, 0);
    put(e, FULL, AV_HELDOUT, 2, 0);
    text = report(&e);
    check_line(text,
               "| full | 0.350 [0.250, 0.550] | 0.600 [0.600, 0.600] | 1.000 [1.000, 1.000] "
               "| 0.500 [0.500, 0.500] | - | - | 2.000 [2.000, 2.000] |",
               "");
    check_line(text, "| full | -0.150 [-0.250, 0.050] | **0.100 [0.100, 0.100]** |", "");
    /* the constant's error: (2.25 + 1.25 + 0.25 + 0.25 + 0.75 + 1.75) / 6 = 13 / 12 */
    check_line(text, "| *constant* | 1.083 ", "");
    check_line(text, "| full | 0.677 [0.492, 0.769] |", ""); /* skill: 1 - 0.35 / 1.0833 */
    check_line(text, "| A/music/0 (h) |", "| 1.000 | 0.500 |");
    mw_free(text);
}

static void the_first_line_says_whether_scores_help(void **state)
{
    mw_eval *e = usual(2);

    (void)state;
    put(e, FULL, HELDOUT, 0.2, 0);
    check(e, "**Scores help**: ", "-0.300 [-0.300, -0.300] under held-out mixed damage and 0.000");
    e = usual(2); /* as good under damage, but clean clips pay for it */
    put(e, FULL, HELDOUT, 0.2, 0);
    put(e, FULL, CLEAN, 0.53, 0);
    check(e, "**Scores are not shown to help", "0.030 [0.030, 0.030] on clean clips");
    check(usual(2), "**Scores are not shown to help", "0.000 [0.000, 0.000] under");
    check(usual(1), "Whether scores help was not asked", "no method 'full' beside 'control'");
}

/* Better, worse, and better in one group alone. */
static void comparisons_are_yes_no_or_not_resolved(void **state)
{
    static const struct {
        const char *endpoint;
        size_t other;
    } asked[] = { { "| P1 |", CONTROL }, { "| P5 |", UNSUPERVISED }, { "| P6 |", AVREL } };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        mw_eval *e = usual(N_METHODS);

        put(e, asked[i].other, HELDOUT, 0.6, 0);
        check(e, asked[i].endpoint, "| yes | -0.100 [-0.100, -0.100] |");
        e = usual(N_METHODS);
        put(e, asked[i].other, HELDOUT, 0.4, 0);
        check(e, asked[i].endpoint, "| no | 0.100 [0.100, 0.100] |");
        e = usual(N_METHODS);
        put(e, asked[i].other, HELDOUT, 0.4, 0.6);
        check(e, asked[i].endpoint, "| not resolved | -0.100 [-0.500, 0.100] |");
    }
    check(usual(2), "| P5 |", "| not asked | - |");
    check(usual(2), "| P6 |", "| not asked | - |");
    check(usual(1), "| P1 |", "| not asked | - |");
}

static void methods_with_fewer_seeds_are_named(void **state)
{
    mw_eval *e = usual(2);
    char *text;

    (void)state;
    for (size_t c = 0; c < N_CONDITIONS; c++)
        for (size_t i = 0; i < N_CLIPS; i++)
            set(e, FULL, 1, c, i, NAN);
    text = report(&e);
    check_line(text, "- `full` has 1 of the 2 seeds", "");
    assert_null(strstr(text, "- `control` has"));
    mw_free(text);
}

static void clean_clips_may_lose_less_than_the_margin(void **state)
{
    mw_eval *e = usual(2);

    (void)state;
    put(e, FULL, CLEAN, 0.51, 0);
    check(e, "| P4 |", "| yes | 0.010");
    e = usual(2);
    put(e, FULL, CLEAN, 0.53, 0);
    check(e, "| P4 |", "| no | 0.030");
    e = usual(2);
    put(e, FULL, CLEAN, 0.5, 0.09);
    check(e, "| P4 |", "| not resolved | 0.030");
    check(usual(1), "| P4 |", "| not asked |");
}

static void swap(mw_eval *e, size_t seed, double natural, double others, size_t n)
{
    const mw_eval_answer answer = { others, 0.25, 0.125 };

    mw_eval_natural(e, FULL, seed, HELDOUT, natural, natural - 0.0625);
    for (size_t i = 0; i < n; i++)
        assert_ok(mw_eval_swapped(e, FULL, seed, HELDOUT, MW_SWAP_CLIPS, &answer, NULL));
}

static void scores_are_used_when_others_hurt_in_every_seed(void **state)
{
    mw_eval *e = usual(2);

    (void)state;
    swap(e, 0, 0.5, 0.6, 200);
    swap(e, 1, 0.5, 0.7, 200);
    check(e, "| P2 |", "| yes | 0.1500, largest p 0.0050 |"); /* 1 / 201 */
    e = usual(2);
    swap(e, 0, 0.5, 0.6, 200);
    swap(e, 1, 0.5, 0.5, 200); /* no effect in one seed */
    check(e, "| P2 |", "| not resolved | 0.0500, largest p 1.0000 |");
    e = usual(2);
    swap(e, 0, 0.5, 0.6, 50); /* p cannot fall below 1 / 51 */
    check(e, "| P2 |", "| not resolved | 0.1000, largest p 0.0196 |");
    e = usual(2);
    swap(e, 0, 0.5, 0.4, 200);
    check(e, "| P2 |", "| no | -0.1000");
    e = usual(2);
    swap(e, 0, 0.5, 0.6, 8);
    check(e, "| full | mixed-heldout |", "| 0.111 | 0.250 | 0.125 | -0.0625 |");
    check(usual(2), "| P2 |", "| not asked | - |");
    check(usual(2), "Not asked: no scores were replaced.", "");
}

static void damage_is_located_in_both_modalities_or_not(void **state)
{
    mw_eval *e = usual(2);

    (void)state;
    for (size_t i = 0; i < N_CLIPS; i++) {
        put_windows(e, HELDOUT, i, 0, 0.9, 0.1);
        put_windows(e, HELDOUT, i, 1, 0.8, 0.7);
    }
    check(e, "| P3 |", "| yes | sound 1.000 [1.000, 1.000], picture 1.000 [1.000, 1.000] |");
    e = usual(2);
    for (size_t i = 0; i < N_CLIPS; i++) {
        put_windows(e, HELDOUT, i, 0, 0.9, 0.1);
        put_windows(e, HELDOUT, i, 1, 0.1, 0.9);
    }
    check(e, "| P3 |", "| no | sound 1.000 [1.000, 1.000], picture 0.000 [0.000, 0.000] |");
    e = usual(2);
    for (size_t i = 0; i < N_CLIPS; i++) {
        put_windows(e, HELDOUT, i, 0, 0.9, 0.1);
        put_windows(e, HELDOUT, i, 1, group[i] ? 0.9 : 0.1, 0.5);
    }
    check(e, "| P3 |", "| not resolved | sound 1.000 [1.000, 1.000], picture 0.667 [0.000, 1.000]");
    e = usual(2);
    put_windows(e, HELDOUT, 0, 0, 0.9, 0.1); /* of the picture nothing is known */
    check(e, "| P3 |", "| not asked |");
    check(usual(2), "| P3 |", "| not asked |");
    check(usual(2), "Not asked: no scores came with the predictions.", "");
}

/* Sound: 0.8 said on clean clips, 0.9 while the picture is hidden; 0.4 then 0.6 as noise grows. */
static void quality_tables_say_what_scores_do(void **state)
{
    mw_eval *e = usual(2);
    char *text;

    (void)state;
    for (size_t i = 0; i < N_CLIPS; i++) {
        const float was[4] = { 0.1F * (float)(i + 1), 0.1F, 0.1F, 0.1F };
        const float weight[4] = { 1, 1, 1, 1 };
        const float said = 0.9F - 0.1F * (float)i, all[4] = { said, said, said, said };
        const mw_eval_window_set w = { all, was, weight, 4, "noise.speech" };

        put_windows(e, CLEAN, i, 0, 0.8, 0.8);
        put_windows(e, V_SEEN, i, 0, 0.9, 0.9);
        put_windows(e, A_MILD, i, 0, 0.4, 0.4);
        put_windows(e, A_STRONG, i, 0, 0.6, 0.6);
        for (size_t k = 0; k < N_SEEDS; k++)
            assert_ok(mw_eval_windows(e, FULL, k, SEEN, i, 0, &w, NULL));
    }
    text = report(&e);
    check_line(text, "| full | sound | picture | ", "0.100 [0.100, 0.100]");
    check_line(text, "| noise.speech | 1 | 1 |", "");
    check_line(text, "| A/speech/-5 | 0.600 | - |", "");
    check_line(text, "| full | sound | mixed, seen | - |", "| -1.000 |"); /* falls as truth rises */
    assert_null(strstr(text, "| full | picture |"));
    mw_free(text);
}

/* Half of the clips are damaged by music, half by hands; windows of all clips together are not told
 * apart as well as those within a clip. */
static void kinds_of_damage_are_told_apart(void **state)
{
    static const char *const kind[2] = { "noise.music", "noise.speech" };
    const float was[6] = { 1, 1, 1, 0, 0, 0 }, weight[6] = { 1, 1, 1, 1, 1, 1 };
    mw_eval *e = usual(2);
    char *text;

    (void)state;
    for (size_t i = 0; i < N_CLIPS; i++) {
        /* a clip of the other kind is called more reliable as a whole, its damage found */
        const float good = i % 2 ? 0.9F : 0.4F, bad = i % 2 ? 0.6F : 0.5F;
        const float said[6] = { good, good, good, bad, bad, bad };
        const mw_eval_window_set w = { said, was, weight, 6, kind[i % 2] };

        for (size_t k = 0; k < N_SEEDS; k++)
            assert_ok(mw_eval_windows(e, FULL, k, HELDOUT, i, 0, &w, NULL));
    }
    text = report(&e);
    check_line(text, "| mixed, held out | sound | noise.music | 3 | 0.000 ", "");
    check_line(text, "| mixed, held out | sound | noise.speech | 3 | 1.000 ", "");
    /* intact 0.4 and 0.9 against damaged 0.5 and 0.6: one of two above both */
    check_line(text, "| full | sound | mixed, held out | 0.500 ", "| 0.500 |");
    mw_free(text);
}

static void grids_are_corrected_as_families(void **state)
{
    mw_eval *e = usual(2);
    char *text;

    (void)state;
    put(e, FULL, A_MILD, 0.4, 0);   /* better in every clip */
    put(e, FULL, A_STRONG, 0.6, 0); /* worse */
    put(e, FULL, A_HELDOUT, 0.5, 0.1);
    text = report(&e);
    /* 2 / 201 times 3, then times 2 */
    check_line(text, "| sound | 3 | 1 | 1 | 0.0299 |", "");
    check_line(text, "| picture | 1 | 0 | 0 | 1.0000 |", "");
    check_line(text, "| 11 | 0.000 | 0.000 |", "");
    mw_free(text);
}

static void windows_taken_away_are_missed_or_not(void **state)
{
    mw_eval *e = usual(1);
    char *text;

    (void)state;
    for (size_t k = 0; k < N_SEEDS; k++)
        for (size_t i = 0; i < N_CLIPS; i++)
            for (int by = 0; by < MW_N_DELETE_BY; by++)
                for (int which = 0; which < MW_N_DELETES; which++)
                    assert_ok(mw_eval_deleted(e, FULL, k, i, by, which,
                                              which == MW_DELETE_TOP      ? 0.9
                                              : which == MW_DELETE_RANDOM ? 0.6 + 0.1 * by
                                                                          : 0.5,
                                              NULL));
    text = report(&e);
    check_line(text, "| full | score | 0.3000 [0.3000, 0.3000] | 0.1000 [0.1000, 0.1000] |", "");
    check_line(text, "| full | relevance | 0.2000 [0.2000, 0.2000] | 0.2000 [0.2000, 0.2000] |",
               "");
    mw_free(text);
    text = report(&(mw_eval *){ usual(1) });
    assert_null(strstr(text, "missed"));
    mw_free(text);
}

static void files_hold_every_figure_of_every_seed(void **state)
{
    mw_eval *e = usual(1);
    char *dir = temp_dir(), *path, *text;
    json_t *root, *cell;
    size_t n, n_files, rows = 0;

    (void)state;
    for (size_t i = 0; i < N_CLIPS; i++)
        set(e, FULL, 1, HELDOUT, i, NAN);
    swap(e, 1, 0.5, 0.625, 2);
    assert_ok(mw_eval_write(e, dir, &n_files, NULL));
    assert_int_equal(n_files, (size_t)count_files(dir, ""));
    mw_eval_destroy(&e);
    path = mw_path_join(dir, "report.csv");
    assert_ok(mw_file_load(&text, &n, path, 1 << 20, NULL));
    mw_free(path);
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        rows++;
    assert_int_equal(rows, 1 + N_CONDITIONS * N_SEEDS - 1);
    check_line(text, "full,A/speech/-5,A,noise.speech,-5,0,11,6,0.5,1,", "");
    check_line(text, "full,clean,clean,,,0,12,6,0.5,1,", "");
    assert_null(strstr(text, "mixed-heldout,,,1,12"));
    mw_free(text);
    path = mw_path_join(dir, "results.json");
    assert_ok(mw_json_load(&root, path, 1 << 20, NULL));
    mw_free(path);
    cell = json_array_get(json_object_get(root, "cells"), HELDOUT);
    assert_string_equal(json_string_value(json_object_get(cell, "condition")), "mixed-heldout");
    cell = json_object_get(cell, "mae_by_seed");
    assert_true(fabs(json_number_value(json_array_get(cell, 0)) - 0.5) < 1e-6);
    assert_true(json_is_null(json_array_get(cell, 1)));
    cell = json_array_get(json_object_get(root, "replaced_scores"), 0);
    assert_int_equal(json_integer_value(json_object_get(cell, "seed")), 12);
    assert_true(fabs(json_number_value(json_array_get(
                         json_object_get(cell, mw_eval_swap_names[MW_SWAP_CLIPS]), 1)) -
                     0.625) < 1e-12);
    json_decref(root);
    temp_dir_remove(dir);
}

/* With memory running out anywhere a report is the same, or fails. */
static void a_report_is_whole_or_none(void **state)
{
    mw_eval *e = usual(2);
    mw_str whole = { 0 };
    long n;

    (void)state;
    for (size_t i = 0; i < N_CLIPS; i++) {
        put_windows(e, HELDOUT, i, 0, 0.9, 0.1);
        put_windows(e, HELDOUT, i, 1, 0.9, 0.1);
        put_windows(e, V_SEEN, i, 0, 0.8, 0.8);
        put_windows(e, CLEAN, i, 0, 0.9, 0.9);
    }
    assert_ok(mw_eval_analyse(e, NULL));
    mw_mem_fail_at(0);
    mw_eval_put_report(&whole, e);
    n = mw_mem_count();
    assert_ok(mw_str_ok(&whole, NULL));
    assert_true(n > 20);
    for (long at = 1; at <= n; at++) {
        mw_str s = { 0 };

        mw_mem_fail_at(-at);
        mw_eval_put_report(&s, e);
        mw_mem_fail_at(0);
        if (mw_str_ok(&s, NULL) == MW_OK) assert_string_equal(s.data, whole.data);
        mw_str_clear(&s);
    }
    mw_str_clear(&whole);
    mw_eval_destroy(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_and_differences_are_those_worked_out),
        cmocka_unit_test(the_first_line_says_whether_scores_help),
        cmocka_unit_test(comparisons_are_yes_no_or_not_resolved),
        cmocka_unit_test(methods_with_fewer_seeds_are_named),
        cmocka_unit_test(clean_clips_may_lose_less_than_the_margin),
        cmocka_unit_test(scores_are_used_when_others_hurt_in_every_seed),
        cmocka_unit_test(damage_is_located_in_both_modalities_or_not),
        cmocka_unit_test(quality_tables_say_what_scores_do),
        cmocka_unit_test(kinds_of_damage_are_told_apart),
        cmocka_unit_test(grids_are_corrected_as_families),
        cmocka_unit_test(windows_taken_away_are_missed_or_not),
        cmocka_unit_test(files_hold_every_figure_of_every_seed),
        cmocka_unit_test(a_report_is_whole_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
