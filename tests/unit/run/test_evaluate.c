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
#include "merwild/evaluate.h"
#include "merwild/train.h"
#include "support/toy_bank.h"

static char *dir;

static const char *in(const char *name)
{
    static char text[64][512];
    static int turn;

    turn = (turn + 1) % 64;
    snprintf(text[turn], sizeof text[turn], "%s/%s", dir, name);
    return text[turn];
}

static void train(const char *out, const char *net)
{
    mw_train_options *o = mw_train_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_train_options_groups(o, groups);
    mw_summary s;

    assert_ok(set_option(groups, n, "in", in("bank"), NULL));
    assert_ok(set_option(groups, n, "out", in(out), NULL));
    assert_ok(set_option(groups, n, "net", net, NULL));
    assert_ok(set_option(groups, n, "seeds", "1,2", NULL));
    assert_ok(set_option(groups, n, "epochs", "12", NULL));
    assert_ok(set_option(groups, n, "batch", "4", NULL));
    assert_ok(set_option(groups, n, "warmup-steps", "10", NULL));
    assert_ok(set_option(groups, n, "rate", "0.003", NULL));
    assert_ok(set_option(groups, n, "width", "16", NULL));
    assert_ok(mw_train(o, NULL, &s, NULL));
    mw_train_options_free(&o);
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
        cmocka_unit_test(trusting_twins_and_written_predictions),
        cmocka_unit_test(hostile_tables_are_refused),
        cmocka_unit_test(clips_seen_in_training_are_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
