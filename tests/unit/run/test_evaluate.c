/* SPDX-License-Identifier: Apache-2.0
 *
 * Evaluation through its public call, on a bank made for it and on a table written by hand.
 */
#include "support/support.h"

#include <math.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/labels.h"
#include "merwild/evaluate.h"
#include "merwild/train.h"
#include "support/toy_bank.h"

static char *dir;

static const char *in(const char *name)
{
    return path_in(dir, name);
}

static void train_for(const char *out, const char *net, const char *task, const char *labels,
                      const char *epochs)
{
    mw_train_options *o = mw_train_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_train_options_groups(o, groups);
    mw_summary s;

    assert_ok(set_option(groups, n, "in", in("bank"), NULL));
    assert_ok(set_option(groups, n, "out", in(out), NULL));
    assert_ok(set_option(groups, n, "net", net, NULL));
    assert_ok(set_option(groups, n, "task", task, NULL));
    assert_ok(set_option(groups, n, "labels", labels, NULL));
    assert_ok(set_option(groups, n, "seeds", "1,2", NULL));
    assert_ok(set_option(groups, n, "epochs", epochs, NULL));
    assert_ok(set_option(groups, n, "batch", "4", NULL));
    assert_ok(set_option(groups, n, "warmup-steps", "10", NULL));
    assert_ok(set_option(groups, n, "rate", "0.003", NULL));
    assert_ok(set_option(groups, n, "width", "16", NULL));
    assert_ok(mw_train(o, NULL, &s, NULL));
    mw_train_options_free(&o);
}

static void train(const char *out, const char *net)
{
    train_for(out, net, "regression", "", "12");
}

static int set_up(void **state)
{
    char *bank;

    (void)state;
    dir = temp_dir();
    bank = mw_path_join(dir, "bank");
    toy_bank_write(bank, 24, 9, 12, 5);
    mw_free(bank);
    train("models/score", "score");
    train("models/noscore", "noscore");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return 0;
}

typedef struct setting {
    const char *name, *value;
} setting;

static mw_status evaluate(const setting *settings, mw_summary *s, mw_error *err)
{
    mw_evaluate_options *o = mw_evaluate_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_evaluate_options_groups(o, groups);
    mw_status st;

    assert_ok(set_option(groups, n, "replicates", "50", NULL));
    assert_ok(set_option(groups, n, "draws", "5", NULL));
    for (; settings->name; settings++)
        assert_ok(set_option(groups, n, settings->name, settings->value, NULL));
    st = mw_evaluate(o, NULL, s, err);
    mw_evaluate_options_free(&o);
    return st;
}

static void load(char **bytes, const char *name)
{
    size_t n;

    assert_ok(mw_file_load(bytes, &n, in(name), 1 << 24, NULL));
}

static void the_same_report_for_any_number_of_threads(void **state)
{
    const setting one[] = { { "in", in("bank") },
                            { "models", in("models") },
                            { "out", in("r1") },
                            { "jobs", "1" },
                            { NULL, NULL } };
    setting two[] = { { "in", in("bank") },
                      { "models", in("models") },
                      { "out", in("r2") },
                      { "jobs", "3" },
                      { NULL, NULL } };
    mw_summary s;
    char *a, *b;

    (void)state;
    assert_ok(evaluate(one, &s, NULL));
    assert_int_equal(s.n_done, 12);
    assert_ok(evaluate(two, &s, NULL));
    load(&a, "r1/report.md");
    load(&b, "r2/report.md");
    assert_string_equal(a, b);
    assert_non_null(strstr(a, "| P1 |"));
    assert_non_null(strstr(a, "Do decisions use the scores?"));
    assert_non_null(strstr(a, "missing/a"));
    assert_non_null(strstr(a, "use.gamma"));
    assert_non_null(strstr(a, "runs started for these models: noscore 2, score 2\n"));
    assert_non_null(strstr(a, "| score | relevance | "));
    mw_free(a);
    mw_free(b);
}

/* Figure of a seed's cell in results.json; NaN where there is none. */
static double figure(const char *file, const char *method, const char *condition, const char *name,
                     size_t seed)
{
    double value = NAN;
    json_t *root, *cells;

    assert_ok(mw_json_load(&root, in(file), 1 << 22, NULL));
    cells = json_object_get(root, "cells");
    for (size_t i = 0; i < json_array_size(cells); i++) {
        const json_t *c = json_array_get(cells, i);

        if (strcmp(json_string_value(json_object_get(c, "method")), method) ||
            strcmp(json_string_value(json_object_get(c, "condition")), condition))
            continue;
        if (json_is_number(json_array_get(json_object_get(c, name), seed)))
            value = json_number_value(json_array_get(json_object_get(c, name), seed));
    }
    json_decref(root);
    return value;
}

static double top_figure(const char *file, const char *name)
{
    json_t *root;
    double x;

    assert_ok(mw_json_load(&root, in(file), 1 << 22, NULL));
    x = json_number_value(json_object_get(root, name));
    json_decref(root);
    return x;
}

/* Errors of 1 in every clip, and of 3 under damage. */
static void write_table(const char *name, const char *head, double damage)
{
    mw_str s = { 0 };

    mw_str_put(&s, head);
    for (int i = 0; i < 4; i++)
        mw_str_printf(&s, "v%d/%d,clean,1,%d\nv%d/%d,mixed-heldout,1,%d\n", i / 2, i, i - 1, i / 2,
                      i, i - 2 - (int)damage);
    assert_ok(mw_file_store(in(name), s.data, s.n, NULL));
    mw_str_clear(&s);
}

static void predictions_of_others(void **state)
{
    static const char labels[] =
        "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n"
        "v0,0,,-2,,,,Negative,test\nv0,1,,-1,,,,Negative,test\n"
        "v1,2,,0,,,,Neutral,test\nv1,3,,1,,,,Positive,test\n";
    const setting settings[] = { { "labels", in("l.csv") },
                                 { "predictions", in("p.csv") },
                                 { "out", in("r3") },
                                 { "full", "predictions" },
                                 { NULL, NULL } };
    mw_summary s;
    mw_error err;
    json_t *root, *cells;

    (void)state;
    assert_ok(mw_file_store(in("l.csv"), labels, strlen(labels), NULL));
    write_table("p.csv", "clip_id,condition,seed,p\n", 0);
    /* a condition that only a bank defines */
    assert_fails(evaluate(settings, &s, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_csv");
    {
        mw_str t = { 0 };

        mw_str_put(&t, "clip_id,p\n");
        for (int i = 0; i < 4; i++)
            mw_str_printf(&t, "v%d/%d,%d\n", i / 2, i, i - 1);
        assert_ok(mw_file_store(in("p.csv"), t.data, t.n, NULL));
        mw_str_clear(&t);
    }
    assert_ok(evaluate(settings, &s, &err));
    assert_ok(mw_json_load(&root, in("r3/results.json"), 1 << 20, NULL));
    cells = json_object_get(json_array_get(json_object_get(root, "cells"), 0), "mae_by_seed");
    assert_true(fabs(json_number_value(json_array_get(cells, 0)) - 1) < 1e-9);
    assert_true(fabs(json_number_value(json_object_get(root, "mae_constant")) - 1) < 1e-9);
    json_decref(root);
}

/* Classes and emotions of four test clips; the last has no emotions. */
static const char task_labels[] = "video_id,clip_id,label,label_class,happy,sad,anger,surprise,"
                                  "disgust,fear,mode\n"
                                  "v0,0,-2,0,1,0,0,2,0,0,test\nv0,1,-1,1,0,1,0,1,0,0,test\n"
                                  "v1,2,0,1,1,0,1,0,0,0,test\nv1,3,1,2,,,,,,,test\n"
                                  "w,4,0,1,0,0,0,0,0,0,train\n";

static void tables_of_classes_and_emotions(void **state)
{
    static const char classes[] = "clip_id,p\nv0/0,0\nv0/1,1\nv1/2,2\nv1/3,2\n",
                      emotions[] = "clip_id,p0,p1,p2,p3,p4,p5\nv0/0,0.9,0.1,0,0.7,0,0\n"
                                   "v0/1,0.2,0.5,0,0.4,0,0\nv1/2,0.3,0,1,0.3,0,0.1\n",
                      both[] = "clip_id,p,p0,p1,p2,p3,p4,p5\nv0/0,-1,1,0,0,1,0,0\n"
                               "v0/1,-1,0,1,0,1,0,0\nv1/2,0,1,0,1,0,0,0\n";
    static const struct {
        const char *task, *table, *figure;
        size_t n;
        double value;
    } asked[] = { { "multiclass", classes, "accuracy_by_seed", 4, 0.75 },
                  { "multilabel", emotions, "surprise_weighted_accuracy_by_seed", 3, 0.75 },
                  { "multilabel", emotions, "sad_weighted_accuracy_by_seed", 3, 1 },
                  { "regression+multilabel", both, "mae_by_seed", 3, 1.0 / 3 },
                  { "regression+multilabel", both, "weighted_accuracy_by_seed", 3, 1 } };
    mw_summary s;

    (void)state;
    assert_ok(mw_file_store(in("t.csv"), task_labels, sizeof task_labels - 1, NULL));
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const setting settings[] = { { "labels", in("t.csv") }, { "predictions", in("tp.csv") },
                                     { "task", asked[i].task }, { "out", in("r10") },
                                     { "full", "predictions" }, { NULL, NULL } };

        assert_ok(mw_file_store(in("tp.csv"), asked[i].table, strlen(asked[i].table), NULL));
        assert_ok(evaluate(settings, &s, NULL));
        assert_int_equal(s.n_done, asked[i].n);
        assert_true(fabs(figure("r10/results.json", "predictions", "clean", asked[i].figure, 0) -
                         asked[i].value) < 1e-9);
        /* the training clip says class 1, and no emotion */
        if (!i)
            assert_true(fabs(top_figure("r10/results.json", "error_rate_constant") - 0.5) < 1e-9);
    }
}

static void hostile_tables_of_classes_and_emotions_are_refused(void **state)
{
    static const struct {
        const char *task, *table, *says;
    } bad[] = {
        { "multiclass", "clip_id,p\nv0/0,1.5\n", "'1.5' is not a class in [0, 2]" },
        { "multiclass", "clip_id,p\nv0/0,-1\n", "'-1' is not a class in [0, 2]" },
        { "multiclass", "clip_id,p\nv0/0,3\n", "'3' is not a class in [0, 2]" },
        { "multiclass", "clip_id,p\nv0/0,1e300\n", "'1e300' is not a class in [0, 2]" },
        { "multiclass", "clip_id,p0\nv0/0,1\n", "no column 'p'" },
        { "multilabel", "clip_id,p\nv0/0,1\n", "no column 'p0'" },
        { "multilabel", "clip_id,p0,p1,p2,p3,p4\nv0/0,1,1,1,1,1\n", "no column 'p5'" },
        { "multilabel", "clip_id,p0,p1,p2,p3,p4,p5\nv0/0,1,1,1,1,1,1.1\n",
          "p5 '1.1' is not a probability" },
        { "multilabel", "clip_id,p0,p1,p2,p3,p4,p5\nv0/0,-0.1,1,1,1,1,1\n",
          "p0 '-0.1' is not a probability" },
        { "multilabel", "clip_id,p0,p1,p2,p3,p4,p5\nv0/0,1,nan,1,1,1,1\n",
          "p1 'nan' is not a finite number" },
        { "multilabel", "clip_id,p0,p1,p2,p3,p4,p5,p3\nv0/0,1,1,1,1,1,1,1\n", "two columns 'p3'" },
        { "multilabel", "clip_id,p0,p1,p2,p3,p4,p5\nv1/3,1,1,1,1,1,1\n", "clip 'v1/3'" },
        { "regression+multilabel", "clip_id,p0,p1,p2,p3,p4,p5\nv0/0,1,1,1,1,1,1\n",
          "no column 'p'" },
    };
    mw_summary s;
    mw_error err;

    (void)state;
    assert_ok(mw_file_store(in("t.csv"), task_labels, sizeof task_labels - 1, NULL));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const setting settings[] = { { "labels", in("t.csv") },
                                     { "predictions", in("bad.csv") },
                                     { "task", bad[i].task },
                                     { "out", in("r11") },
                                     { NULL, NULL } };

        assert_ok(mw_file_store(in("bad.csv"), bad[i].table, strlen(bad[i].table), NULL));
        assert_fails(evaluate(settings, &s, &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "bad_csv");
        if (!strstr(err.message, bad[i].says)) fail_msg("%s: not '%s'", err.message, bad[i].says);
    }
    assert_int_equal(count_files(in("r11"), ""), 0);
}

/* p of a method and seed 1 in a condition, in order of clips. */
static size_t said_by(double *p, const char *csv, const char *method, const char *condition)
{
    char key[64];
    size_t n = 0;

    snprintf(key, sizeof key, ",%s,1,%s,", condition, method);
    for (const char *at = strstr(csv, key); at; at = strstr(at + 1, key))
        p[n++] = strtod(at + strlen(key), NULL);
    return n;
}

/* The twin that trusts everything is another model where scores vary, and its predictions go into
 * the table that reads back to the same errors. */
static void trusting_twins_and_written_predictions(void **state)
{
    const setting settings[] = {
        { "in", in("bank") },    { "models", in("models") },     { "out", in("r6") },
        { "trusting", "score" }, { "write-predictions", "yes" }, { NULL, NULL }
    };
    const setting nobody[] = { { "in", in("bank") },
                               { "models", in("models") },
                               { "out", in("r7") },
                               { "trusting", "noscore" },
                               { NULL, NULL } };
    const setting nobody_swapped[] = { { "in", in("bank") },
                                       { "models", in("models") },
                                       { "out", in("r7") },
                                       { "swap-methods", "other" },
                                       { NULL, NULL } };
    const setting same_name[] = { { "in", in("bank") },
                                  { "models", in("twins") },
                                  { "out", in("r7") },
                                  { "trusting", "score" },
                                  { NULL, NULL } };
    const setting again[] = { { "in", in("bank") },
                              { "predictions", in("r6/predictions.csv") },
                              { "out", in("r8") },
                              { NULL, NULL } };
    double own[16], trusting[16], change = 0;
    char *report, *table, *second, *a, *b;
    mw_summary s;
    mw_error err;

    (void)state;
    assert_fails(evaluate(nobody, &s, &err), MW_ERR_RANGE);
    assert_fails(evaluate(nobody_swapped, &s, &err), MW_ERR_RANGE);
    /* a method of the twin's name would stand for it */
    train("twins/score", "score");
    train("twins/score+trusting", "noscore");
    assert_fails(evaluate(same_name, &s, &err), MW_ERR_RANGE);
    assert_non_null(strstr(err.message, "score+trusting"));
    assert_ok(evaluate(settings, &s, NULL));
    load(&report, "r6/report.md");
    load(&table, "r6/predictions.csv");
    assert_int_equal(said_by(own, table, "score", "mixed-seen"), 12);
    assert_int_equal(said_by(trusting, table, "score+trusting", "mixed-seen"), 12);
    for (int i = 0; i < 12; i++)
        change += fabs(own[i] - trusting[i]);
    assert_true(change > 1e-4);
    /* what the table says is what the models said */
    assert_ok(evaluate(again, &s, NULL));
    load(&second, "r8/report.md");
    a = strstr(report, "## Mean absolute error");
    b = strstr(second, "## Mean absolute error");
    assert_non_null(a);
    assert_non_null(b);
    assert_memory_equal(a, b, (size_t)(strstr(a, "## Robustness") - a));
    mw_free(report);
    mw_free(table);
    mw_free(second);
}

static void hostile_tables_are_refused(void **state)
{
    static const char *const bad[] = {
        "clip_id,seed\nv0/0,1\n",
        "clip_id,p\nv0/0,nan\n",
        "clip_id,p\nv9/9,1\n",
        "clip_id,seed,p\nv0/0,one,1\n",
        "",
        "clip_id,p\n\"v0/0,1\n",
        "clip_id,condition,p\nv0/0,x,1\n",
        "clip_id,p\nv0/0,1\n",
        "clip_id,p\nv0/0,1\nv0/0,2\nv0/1,1\nv1/2,1\nv1/3,1\n",
        "clip_id,method,p\nv0/0,<b>,1\nv0/1,<b>,1\nv1/2,<b>,1\nv1/3,<b>,1\n"
    };
    const setting settings[] = { { "labels", in("l.csv") },
                                 { "predictions", in("bad.csv") },
                                 { "out", in("r4") },
                                 { NULL, NULL } };
    mw_summary s;
    mw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_ok(mw_file_store(in("bad.csv"), bad[i], strlen(bad[i]), NULL));
        assert_fails(evaluate(settings, &s, &err), MW_ERR_FORMAT);
        assert_non_null(strstr(err.message, "bad.csv"));
    }
    assert_int_equal(count_files(in("r4"), ""), 0);
}

/* Where scores are replaced, the error with the network's own is that of the cell, which a figure
 * says too, or 1 less it. */
static void check_natural(const char *file, const char *key, const char *name, int complement)
{
    json_t *root, *asked;

    assert_ok(mw_json_load(&root, in(file), 1 << 22, NULL));
    asked = json_object_get(root, "replaced_scores");
    assert_int_equal(json_array_size(asked), 4); /* two seeds, two conditions */
    for (size_t i = 0; i < 4; i++) {
        const json_t *a = json_array_get(asked, i);
        const double x = figure(file, "score", json_string_value(json_object_get(a, "condition")),
                                name, (size_t)json_integer_value(json_object_get(a, "seed")) - 1);

        assert_true(json_is_number(json_object_get(a, key)));
        assert_true(fabs(json_number_value(json_object_get(a, key)) - (complement ? 1 - x : x)) <
                    1e-6);
    }
    json_decref(root);
}

static void check_text(const char *file, const char *const *holds)
{
    char *text;

    load(&text, file);
    for (; *holds; holds++)
        if (!strstr(text, *holds)) fail_msg("%s does not hold '%s'", file, *holds);
    mw_free(text);
}

/* The bank's labels with classes of two halves, and emotions that follow from the sum of the cues,
 * or from one of them. */
static void write_labels(const char *name)
{
    mw_labels l = { 0 };

    assert_ok(mw_labels_read(&l, in("bank/label.csv"), NULL));
    for (size_t i = 0; i < l.n; i++) {
        mw_label *row = &l.v[i];
        const double y[MW_N_EMOTIONS] = { row->y,        -row->y,       row->y_audio,
                                          row->y_vision, -row->y_audio, 0 };

        row->label_class = row->y > 0;
        for (int e = 0; e < MW_N_EMOTIONS; e++)
            row->emotion[e] = fmax(0, y[e]);
    }
    assert_ok(mw_labels_write(&l, in(name), NULL));
    mw_labels_clear(&l);
}

static void classes_are_learned_and_judged_as_such(void **state)
{
    static const char *const holds[] = { "## Error rate\n",
                                         "Differences are of error rate",
                                         "| P1 | held-out mixed damage: better",
                                         "| method | accuracy | weighted F1 |",
                                         "| *constant* | ",
                                         "| mixed-heldout (h) | score | ",
                                         "| score | mixed-heldout | ",
                                         "most frequent class of the training labels",
                                         NULL };
    const setting settings[] = { { "in", in("bank") },
                                 { "models", in("classes") },
                                 { "labels", in("both.csv") },
                                 { "out", in("r6") },
                                 { NULL, NULL } };
    mw_summary s;

    (void)state;
    write_labels("both.csv");
    train_for("classes/score", "score", "multiclass", in("both.csv"), "25");
    train_for("classes/noscore", "noscore", "multiclass", in("both.csv"), "25");
    assert_ok(evaluate(settings, &s, NULL));
    assert_int_equal(s.n_done, 12);
    check_text("r6/report.md", holds);
    check_text("r6/report.csv",
               (const char *const[]){ "clips,accuracy,weighted_f1,macro_f1,uar\n", NULL });
    for (size_t k = 0; k < 2; k++)
        assert_true(figure("r6/results.json", "noscore", "clean", "accuracy_by_seed", k) > 0.75);
    check_natural("r6/results.json", "error_rate", "accuracy_by_seed", 1);
}

static void emotions_are_learned_and_judged_as_such(void **state)
{
    static const char *const holds[] = { "## Label error\n",
                                         "| *constant* | 0.500 ",
                                         "## Emotions, clean clips",
                                         "| noscore | fear | 0 | - (-) |",
                                         "## Emotions in every condition",
                                         NULL };
    const setting settings[] = { { "in", in("bank") },         { "models", in("emotions") },
                                 { "labels", in("both.csv") }, { "out", in("r7") },
                                 { "full", "noscore" },        { NULL, NULL } };
    mw_summary s;

    (void)state;
    write_labels("both.csv");
    train_for("emotions/noscore", "noscore", "multilabel", in("both.csv"), "25");
    train_for("emotions/detector", "reliability", "reliability", in("both.csv"), "1");
    assert_ok(evaluate(settings, &s, NULL));
    check_text("r7/report.md", holds);
    for (size_t k = 0; k < 2; k++) {
        assert_true(figure("r7/results.json", "noscore", "clean", "happy_auroc_by_seed", k) > 0.8);
        assert_true(isnan(figure("r7/results.json", "noscore", "clean", "fear_auroc_by_seed", k)));
        assert_true(isnan(figure("r7/results.json", "detector", "clean", "auroc_by_seed", k)));
    }
}

static void sentiment_and_emotions_are_judged_together(void **state)
{
    static const char *const holds[] = { "## Mean absolute error\n",
                                         "## Clean clips by MMSA's rules for CH-SIMS",
                                         "| method | MAE | Corr | Acc-2 | F1 | Acc-3 | Acc-5 |",
                                         "## Emotions, clean clips", NULL };
    const setting settings[] = { { "in", in("bank") },         { "models", in("together") },
                                 { "labels", in("both.csv") }, { "out", in("r8") },
                                 { "metrics", "sims" },        { NULL, NULL } };
    mw_summary s;
    double mae;

    (void)state;
    write_labels("both.csv");
    train_for("together/score", "score", "regression+multilabel", in("both.csv"), "2");
    assert_ok(evaluate(settings, &s, NULL));
    check_text("r8/report.md", holds);
    check_natural("r8/results.json", "mae", "mae_by_seed", 0);
    mae = figure("r8/results.json", "score", "clean", "mae_by_seed", 0);
    assert_true(mae > 0 && mae < 2);
    assert_true(
        isfinite(figure("r8/results.json", "score", "clean", "sad_weighted_f1_by_seed", 1)));
}

static void methods_of_other_tasks_are_refused(void **state)
{
    const setting mixed[] = { { "in", in("bank") },
                              { "models", in("odd") },
                              { "out", in("r9") },
                              { NULL, NULL } },
                  asked[] = { { "in", in("bank") },
                              { "models", in("models") },
                              { "task", "multiclass" },
                              { "out", in("r9") },
                              { NULL, NULL } },
                  sims[] = { { "in", in("bank") },  { "models", in("odd") }, { "methods", "b" },
                             { "metrics", "sims" }, { "out", in("r9") },     { NULL, NULL } };
    mw_summary s;
    mw_error err;

    (void)state;
    train_for("odd/a", "noscore", "regression", "", "1");
    train_for("odd/b", "noscore", "multiclass", "", "1");
    assert_fails(evaluate(mixed, &s, &err), MW_ERR_MISMATCH);
    assert_string_equal(err.reason, "other_task");
    assert_non_null(strstr(err.message, "'a' was trained for regression"));
    assert_fails(evaluate(asked, &s, &err), MW_ERR_MISMATCH);
    assert_string_equal(err.reason, "other_task");
    assert_fails(evaluate(sims, &s, &err), MW_ERR_RANGE);
    assert_int_equal(count_files(in("r9"), ""), 0);
}

static void clips_seen_in_training_are_refused(void **state)
{
    const setting settings[] = { { "in", in("bank") },
                                 { "models", in("models") },
                                 { "labels", in("moved.csv") },
                                 { "out", in("r5") },
                                 { NULL, NULL } };
    char *text;
    const char *at;
    mw_str moved = { 0 };
    mw_summary s;
    mw_error err;

    (void)state;
    load(&text, "bank/label.csv");
    at = strstr(text, ",train"); /* one training clip becomes a test clip */
    mw_str_putn(&moved, text, (size_t)(at - text));
    mw_str_printf(&moved, ",test%s", at + 6);
    assert_ok(mw_file_store(in("moved.csv"), moved.data, moved.n, NULL));
    mw_str_clear(&moved);
    assert_fails(evaluate(settings, &s, &err), MW_ERR_MISMATCH);
    assert_string_equal(err.reason, "seen_in_training");
    mw_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_report_for_any_number_of_threads),
        cmocka_unit_test(predictions_of_others),
        cmocka_unit_test(tables_of_classes_and_emotions),
        cmocka_unit_test(hostile_tables_of_classes_and_emotions_are_refused),
        cmocka_unit_test(trusting_twins_and_written_predictions),
        cmocka_unit_test(hostile_tables_are_refused),
        cmocka_unit_test(classes_are_learned_and_judged_as_such),
        cmocka_unit_test(emotions_are_learned_and_judged_as_such),
        cmocka_unit_test(sentiment_and_emotions_are_judged_together),
        cmocka_unit_test(methods_of_other_tasks_are_refused),
        cmocka_unit_test(clips_seen_in_training_are_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
