/* SPDX-License-Identifier: Apache-2.0
 *
 * Evaluations of classes and of labels, small enough to work out by hand: six clips of three
 * groups, two seeds.
 */
#include "support/support.h"

#include <math.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "score/eval_int.h"

enum { FULL, CONTROL, N_METHODS };
enum { CLEAN, SEEN, HELDOUT, N_CONDITIONS };
#define N_CLIPS 6
#define N_SEEDS 2

static const char *const clips[N_CLIPS] = { "a/0", "a/1", "b/0", "b/1", "c/0", "c/1" };
static const int group[N_CLIPS] = { 0, 0, 1, 1, 2, 2 };
static const char *const methods[N_METHODS] = { "full", "control" };
static const int64_t seeds[N_SEEDS] = { 11, 12 };
static const mw_bank_condition conditions[N_CONDITIONS] = {
    [CLEAN] = { .id = "clean", .block = "clean", .level = NAN },
    [SEEN] = { .id = "mixed-seen", .block = "mixed-seen", .level = NAN },
    [HELDOUT] = { .id = "mixed-heldout", .block = "mixed-heldout", .level = NAN, .heldout = 1 },
};

static const float classes[N_CLIPS] = { 0, 1, 1, 1, 2, 0 };
/* half happy, a third sad, none angry, all surprised; the others alternate */
static const float labels[N_CLIPS][MW_N_EMOTIONS] = { { 1, 1, 0, 1, 0, 1 }, { 1, 0, 0, 1, 1, 0 },
                                                      { 1, 0, 0, 1, 0, 1 }, { 0, 1, 0, 1, 1, 0 },
                                                      { 0, 0, 0, 1, 0, 1 }, { 0, 0, 0, 1, 1, 0 } };
static const float sentiment[N_CLIPS] = { -1, -0.5F, 0, 0.1F, 0.5F, 3 };

static mw_eval *made(mw_net_task task, int sims, const float *y)
{
    const mw_eval_setup setup = { .task = task,
                                  .sims = sims,
                                  .n_classes = 3,
                                  .clips = clips,
                                  .group = group,
                                  .y = y,
                                  .n_clips = N_CLIPS,
                                  .n_groups = 3,
                                  .conditions = conditions,
                                  .n_conditions = N_CONDITIONS,
                                  .methods = methods,
                                  .n_methods = N_METHODS,
                                  .seeds = seeds,
                                  .n_seeds = N_SEEDS,
                                  .constant = { task == MW_TASK_MULTICLASS },
                                  .full = "full",
                                  .control = "control",
                                  .unsupervised = "",
                                  .avrel = "",
                                  .n_replicates = 100,
                                  .seed = 1 };
    mw_eval *e;

    assert_ok(mw_eval_create(&e, &setup, NULL));
    return e;
}

/* The same prediction of all clips in both seeds. */
static void put(mw_eval *e, size_t method, size_t condition, const double *p)
{
    for (size_t k = 0; k < N_SEEDS; k++)
        for (size_t i = 0; i < N_CLIPS; i++)
            mw_eval_set(e, method, k, condition, i, p + i * e->n_values);
}

static char *report(mw_eval *e)
{
    mw_str s = { 0 };

    assert_ok(mw_eval_analyse(e, NULL));
    mw_eval_put_report(&s, e);
    assert_ok(mw_str_ok(&s, NULL));
    return s.data;
}

static void check_holds(const char *text, const char *const *holds)
{
    for (const char *want = *holds; want; want = *++holds)
        if (!strstr(text, want)) fail_msg("no '%s' in\n%s", want, text);
}

static mw_eval *some_classes(void)
{
    mw_eval *e = made(MW_TASK_MULTICLASS, 0, classes);

    put(e, FULL, CLEAN, (const double[]){ 0, 1, 1, 1, 2, 1 });   /* one wrong */
    put(e, FULL, HELDOUT, (const double[]){ 0, 1, 1, 0, 2, 1 }); /* two */
    put(e, CONTROL, CLEAN, (const double[]){ 0, 1, 1, 1, 2, 1 });
    put(e, CONTROL, HELDOUT, (const double[]){ 1, 0, 0, 0, 1, 1 }); /* all */
    return e;
}

static void classes_are_right_or_wrong(void **state)
{
    static const char *const holds[] = {
        "**Scores help**: error rate of `full` less that of `control` is -0.667 [",
        "## Error rate\n", "\n| *constant* | 0.500 [", /* class 1 is right in three */
        "\n| full | 0.667 [",                          /* skill: (5/6 - 1/2) / (1 - 1/2) */
        /* class 0: 1 of 2 and 1, F1 2/3; 1: 3 of 3 and 4, 6/7; 2: 1 */
        "\n| full | 83.33 (0.00) | 81.75 (0.00) | 84.13 (0.00) | 83.33 (0.00) |\n",
        "\n| *constant* | 50.00 (0.00) | 33.33 (0.00) | 22.22 (0.00) | 33.33 (0.00) |\n",
        "\n| mixed-heldout (h) | full | 66.67 | 66.67 | 72.22 | 72.22 |\n",
        "\n| mixed-heldout (h) | 0.333 | 1.000 |\n", NULL
    };
    mw_eval *e = some_classes();
    char *text = report(e);

    (void)state;
    check_holds(text, holds);
    assert_null(strstr(text, "| mixed-seen | full |"));
    mw_free(text);
    mw_eval_destroy(&e);
}

/* Wrong about one of the three happy clips and one of the four that are not sad; right elsewhere.
 */
static mw_eval *some_labels(void)
{
    mw_eval *e = made(MW_TASK_MULTILABEL, 0, labels[0]);
    double p[N_CLIPS][MW_N_EMOTIONS];

    for (int i = 0; i < N_CLIPS; i++)
        for (int k = 0; k < MW_N_EMOTIONS; k++)
            p[i][k] = labels[i][k] > 0 ? 0.5 : 0.25;
    put(e, CONTROL, CLEAN, p[0]);
    p[0][0] = 0.25;
    p[1][1] = 0.5;
    put(e, FULL, CLEAN, p[0]);
    return e;
}

static void labels_weigh_as_much_as_their_answers_are_rare(void **state)
{
    static const char *const holds[] = {
        "## Label error\n",
        /* 1 - weighted accuracy: 1/6 and 1/8 of four emotions that have both answers */
        "\n| full | 0.073 [", "\n| control | 0.000 [0.000, 0.000] |", "\n| *constant* | 0.500 [",
        "\n| full | *mean* | | 92.71 (0.00) | ",
        "\n| full | happy | 3 | 83.33 (0.00) | 82.86 (0.00) | 0.8333 (0.0000) |\n",
        "\n| full | sad | 2 | 87.50 (0.00) | 83.81 (0.00) | 0.8750 (0.0000) |\n",
        "\n| full | anger | 0 | - (-) | 100.00 (0.00) | - (-) |\n",
        "\n| full | surprise | 6 | - (-) | 100.00 (0.00) | - (-) |\n",
        "\n| full | disgust | 3 | 100.00 (0.00) |", "\n| clean | full | 92.71 | ", NULL
    };
    mw_eval *e = some_labels();
    char *text = report(e);

    (void)state;
    check_holds(text, holds);
    mw_free(text);
    mw_eval_destroy(&e);
}

static void ch_sims_is_judged_within_one(void **state)
{
    static const char *const holds[] = { "\n| full | 0.250 [", /* 0.5 off where both are within 1 */
                                         "for CH-SIMS\n", "\n| full | 0.2500 (0.0000) | ", NULL };
    mw_eval *e = made(MW_TASK_REGRESSION, 1, sentiment);
    char *text;

    (void)state;
    put(e, FULL, CLEAN, (const double[]){ -0.5, 0, 0.5, 0.1, 0.5, 9 });
    text = report(e);
    check_holds(text, holds);
    mw_free(text);
    mw_eval_destroy(&e);
}

static void outputs_are_read_by_task(void **state)
{
    const float out[7] = { 2, 3, 3, -1, 0, 0, 0 }, spoilt[3] = { 0, NAN, 1 };
    double p[MW_EVAL_MAX_VALUES];

    (void)state;
    mw_eval_read(p, MW_TASK_REGRESSION, out, 1);
    assert_true(fabs(p[0] - 2) < 1e-12);
    mw_eval_read(p, MW_TASK_MULTICLASS, out, 4);
    assert_true(fabs(p[0] - 1) < 1e-12); /* the first of equals */
    mw_eval_read(p, MW_TASK_REGRESSION_MULTILABEL, out, 7);
    assert_true(fabs(p[0] - 2) < 1e-12);
    assert_true(fabs(p[1] - 1 / (1 + exp(-3))) < 1e-12 && fabs(p[6] - 0.5) < 1e-12);
    mw_eval_read(p, MW_TASK_MULTICLASS, spoilt, 3);
    assert_true(isnan(p[0]));
}

static void files_name_the_figures_of_the_task(void **state)
{
    mw_eval *e = some_labels();
    char *dir = temp_dir(), *path = mw_path_join(dir, "report.csv"), *text;
    json_t *root;
    size_t n, n_files;

    (void)state;
    assert_ok(mw_eval_write(e, dir, &n_files, NULL));
    assert_ok(mw_file_load(&text, &n, path, 1 << 20, NULL));
    assert_non_null(strstr(text, ",clips,weighted_accuracy,weighted_f1,auroc,happy_weighted_"));
    assert_non_null(strstr(text, "\nfull,clean,clean,,,0,11,6,0.92708333"));
    mw_free(text);
    mw_free(path);
    path = mw_path_join(dir, "results.json");
    assert_ok(mw_json_load(&root, path, 1 << 20, NULL));
    assert_string_equal(json_string_value(json_object_get(root, "task")), "multilabel");
    assert_true(fabs(json_number_value(json_object_get(root, "label_error_constant")) - 0.5) <
                1e-12);
    json_decref(root);
    mw_free(path);
    mw_eval_destroy(&e);
    temp_dir_remove(dir);
}

/* With memory running out anywhere a report is the same, or fails. */
static void a_report_is_whole_or_none(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        mw_eval *e = k ? some_labels() : some_classes();
        mw_str whole = { 0 };
        long n;

        assert_ok(mw_eval_analyse(e, NULL));
        mw_mem_fail_at(0);
        mw_eval_put_report(&whole, e);
        mw_eval_put_csv(&whole, e);
        mw_eval_put_json(&whole, e);
        n = mw_mem_count();
        assert_ok(mw_str_ok(&whole, NULL));
        assert_true(n > 20);
        for (long at = 1; at <= n; at++) {
            mw_str s = { 0 };

            mw_mem_fail_at(-at);
            mw_eval_put_report(&s, e);
            mw_eval_put_csv(&s, e);
            mw_eval_put_json(&s, e);
            mw_mem_fail_at(0);
            if (mw_str_ok(&s, NULL) == MW_OK) assert_string_equal(s.data, whole.data);
            mw_str_clear(&s);
        }
        mw_str_clear(&whole);
        mw_eval_destroy(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_right_or_wrong),
        cmocka_unit_test(labels_weigh_as_much_as_their_answers_are_rare),
        cmocka_unit_test(ch_sims_is_judged_within_one),
        cmocka_unit_test(outputs_are_read_by_task),
        cmocka_unit_test(files_name_the_figures_of_the_task),
        cmocka_unit_test(a_report_is_whole_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
