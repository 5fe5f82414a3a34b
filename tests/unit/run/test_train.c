/* SPDX-License-Identifier: Apache-2.0
 *
 * Training and scoring through their public calls, on a bank made for it.
 */
#include "support/support.h"

#include <math.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "merwild/train.h"
#include "score/model.h"
#include "support/toy_bank.h"

static char *dir;

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    {
        char *bank = mw_path_join(dir, "bank");

        toy_bank_write(bank, 24, 9, 9, 5);
        mw_free(bank);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return 0;
}

static const char *in(const char *name)
{
    static char text[8][512];
    static int turn;

    turn = (turn + 1) % 8;
    snprintf(text[turn], sizeof text[turn], "%s/%s", dir, name);
    return text[turn];
}

/* settings: "name=value name=value". */
static mw_status train(const char *out, const char *settings, const mw_run_hooks *hooks,
                       mw_summary *summary, mw_error *err)
{
    mw_train_options *o = mw_train_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_train_options_groups(o, groups);
    char *text = mw_strdup(settings), *save = NULL;
    mw_status st;

    assert_ok(set_option(groups, n, "in", in("bank"), NULL));
    assert_ok(set_option(groups, n, "out", in(out), NULL));
    assert_ok(set_option(groups, n, "seeds", "1", NULL));
    assert_ok(set_option(groups, n, "epochs", "3", NULL));
    assert_ok(set_option(groups, n, "jobs", "1", NULL));
    assert_ok(set_option(groups, n, "width", "16", NULL));
    for (char *s = strtok_r(text, " ", &save); s; s = strtok_r(NULL, " ", &save)) {
        char *value = strchr(s, '=');

        *value++ = 0;
        assert_ok(set_option(groups, n, s, value, NULL));
    }
    st = mw_train(o, hooks, summary, err);
    mw_free(text);
    mw_train_options_free(&o);
    return st;
}

static void hash_of(char hex[65], const char *name)
{
    assert_ok(mw_sha256_file(hex, NULL, in(name), NULL));
}

static int count_lines(const char *name)
{
    char *text;
    size_t n;
    int lines = 0;

    assert_ok(mw_file_load(&text, &n, in(name), 1 << 20, NULL));
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    mw_free(text);
    return lines;
}

static void the_same_weights_for_any_number_of_threads(void **state)
{
    mw_summary s;
    char a[65], b[65];

    (void)state;
    assert_ok(train("one", "jobs=1", NULL, &s, NULL));
    assert_int_equal(s.n_done, 1);
    assert_ok(train("three", "jobs=3", NULL, &s, NULL));
    hash_of(a, "one/seed_1/model.safetensors");
    hash_of(b, "three/seed_1/model.safetensors");
    assert_string_equal(a, b);
    hash_of(a, "one/seed_1/config.json");
    hash_of(b, "three/seed_1/config.json");
    assert_string_equal(a, b);
    assert_ok(train("one", "jobs=2", NULL, &s, NULL));
    assert_int_equal(s.n_skipped, 1);
    assert_int_equal(count_lines("one/runs.jsonl"), 1); /* a model that is up to date is no start */
}

static int countdown;

static int stop_soon(void *user)
{
    (void)user;
    return --countdown < 0;
}

static void a_stopped_run_goes_on_to_the_same_weights(void **state)
{
    const mw_run_hooks hooks = { .stop = stop_soon };
    mw_summary s;
    mw_error err;
    char a[65], b[65];
    int stops = 0;

    (void)state;
    assert_ok(train("whole", "epochs=4", NULL, &s, NULL));
    for (int after = 35; after < 60; after++) {
        mw_status st;

        countdown = after; /* clips to load, then batches */
        st = train("cut", "epochs=4", &hooks, &s, &err);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_INTERRUPTED);
        stops++;
    }
    assert_ok(train("cut", "epochs=4", NULL, &s, NULL));
    assert_true(stops > 1);
    hash_of(a, "whole/seed_1/model.safetensors");
    hash_of(b, "cut/seed_1/model.safetensors");
    assert_string_equal(a, b);
    assert_int_equal(count_files(in("cut"), ""), 4); /* no checkpoint is left */
}

static void another_run_in_the_same_folder_is_refused(void **state)
{
    mw_summary s;
    mw_error err;

    (void)state;
    assert_ok(train("mine", "", NULL, &s, NULL));
    assert_fails(train("mine", "rate=0.002", NULL, &s, &err), MW_ERR_MISMATCH);
    assert_string_equal(err.reason, "other_run");
    assert_ok(train("mine", "rate=0.002 overwrite=yes", NULL, &s, NULL));
}

static double best_value(const char *folder)
{
    mw_model *m;
    double x;

    assert_ok(mw_model_load(&m, in(folder), NULL));
    x = json_number_value(json_object_get(m->about, "best_value"));
    mw_model_destroy(&m);
    return x;
}

static void learns_what_is_there(void **state)
{
    mw_summary s;

    (void)state;
    /* labels are sums of two cues of variance 1: knowing nothing gives a mean error near 1.1 */
    assert_ok(
        train("long", "epochs=40 batch=4 warmup-steps=10 rate=0.003 patience=40", NULL, &s, NULL));
    assert_true(best_value("long/seed_1") < 0.5);
    assert_ok(train("reliable",
                    "net=reliability task=reliability epochs=20 batch=4 warmup-steps=10 rate=0.003",
                    NULL, &s, NULL));
    assert_true(best_value("reliable/seed_1") < 0.3);
}

static void every_kind_trains_and_loads(void **state)
{
    static const char *const kinds[] = { "product",       "noscore", "noscore-plain",
                                         "noscore-multi", "avrel",   "early",
                                         "late",          "mult",    "lmf" };
    mw_summary s;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char settings[64], folder[64];
        mw_model *m;

        snprintf(settings, sizeof settings, "epochs=1 net=%s", kinds[i]);
        snprintf(folder, sizeof folder, "%s/seed_1", kinds[i]);
        assert_ok(train(kinds[i], settings, NULL, &s, NULL));
        assert_ok(mw_model_load(&m, in(folder), NULL));
        assert_string_equal(mw_net_kind_name(mw_net_config_of(m->net)->kind), kinds[i]);
        mw_model_destroy(&m);
    }
}

static void a_frozen_scorer_is_kept_with_the_model(void **state)
{
    mw_summary s;
    mw_error err;
    mw_model *m;
    char settings[700];

    (void)state;
    assert_fails(train("given", "net=given", NULL, &s, &err), MW_ERR_RANGE);
    assert_ok(train("rel", "net=reliability task=reliability", NULL, &s, NULL));
    snprintf(settings, sizeof settings, "net=given regime=clean form=options scorer=%s",
             in("rel/seed_1"));
    assert_ok(train("given", settings, NULL, &s, NULL));
    assert_ok(mw_model_load(&m, in("given/seed_1"), NULL));
    assert_non_null(m->scorer);
    mw_model_destroy(&m);
    assert_ok(
        train("truth", "net=given scorer=truth use-replace=yes use-emphasis=no", NULL, &s, NULL));
    snprintf(settings, sizeof settings, "net=given windows=3,3 scorer=%s", in("rel/seed_1"));
    assert_fails(train("other", settings, NULL, &s, &err), MW_ERR_MISMATCH);
    assert_string_equal(err.reason, "other_features");
}

/* A form is a name for options: the weights are those of the options written out. */
static void forms_stand_for_options(void **state)
{
    static const char *const pairs[][2] = {
        { "regime=clean", "regime=clean form=options use-emphasis=no use-replace=yes coefficient=1 "
                          "coefficient-fixed=yes token-drop=0.5" },
        { "form=bias", "form=options use-emphasis=no coefficient=1 coefficient-fixed=yes" },
        { "", "form=options" },
    };
    mw_summary s;
    mw_error err;
    char settings[700], a[65], b[65];

    (void)state;
    assert_ok(train("frel", "net=reliability task=reliability epochs=1", NULL, &s, NULL));
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        for (int k = 0; k < 2; k++) {
            char out[16];

            snprintf(out, sizeof out, "form%zu%d", i, k);
            snprintf(settings, sizeof settings, "net=given epochs=2 scorer=%s %s",
                     in("frel/seed_1"), pairs[i][k]);
            assert_ok(train(out, settings, NULL, &s, NULL));
        }
        for (int k = 0; k < 2; k++) {
            const char *const file = k ? "model.safetensors" : "config.json";
            char one[48], two[48];

            snprintf(one, sizeof one, "form%zu0/seed_1/%s", i, file);
            snprintf(two, sizeof two, "form%zu1/seed_1/%s", i, file);
            hash_of(a, one);
            hash_of(b, two);
            assert_string_equal(a, b);
        }
    }
    /* neither is silently the other's */
    snprintf(settings, sizeof settings, "net=given regime=clean coefficient=2 scorer=%s",
             in("frel/seed_1"));
    assert_fails(train("form9", settings, NULL, &s, &err), MW_ERR_RANGE);
    assert_non_null(strstr(err.message, "form"));
    assert_fails(train("form9", "form=replace", NULL, &s, &err), MW_ERR_RANGE);
}

static void correctness_targets_change_what_is_learned(void **state)
{
    mw_summary s;
    char a[65], b[65];

    (void)state;
    assert_ok(train("t1", "epochs=1", NULL, &s, NULL));
    assert_ok(train("t2", "epochs=1 targets=correctness", NULL, &s, NULL));
    hash_of(a, "t1/seed_1/model.safetensors");
    hash_of(b, "t2/seed_1/model.safetensors");
    assert_string_not_equal(a, b);
}

static mw_status score(const char *model, const char *out, const char *condition,
                       const char *format, mw_summary *summary, mw_error *err)
{
    mw_score_options *o = mw_score_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_score_options_groups(o, groups);
    mw_status st;

    assert_ok(set_option(groups, n, "in", in("bank"), NULL));
    assert_ok(set_option(groups, n, "out", in(out), NULL));
    assert_ok(set_option(groups, n, "model", in(model), NULL));
    assert_ok(set_option(groups, n, "condition", condition, NULL));
    assert_ok(set_option(groups, n, "format", format, NULL));
    st = mw_score(o, NULL, summary, err);
    mw_score_options_free(&o);
    return st;
}

static void scores_every_clip(void **state)
{
    mw_summary s;
    mw_error err;
    npy a;

    (void)state;
    assert_ok(train("m", "epochs=1", NULL, &s, NULL));
    assert_ok(score("m/seed_1", "scores", "clean", "npy", &s, &err));
    assert_int_equal(s.n_done, 42);
    assert_int_equal(count_files(in("scores"), ".scores.npy"), 84);
    a = npy_load(in("scores/s000/0.a.scores.npy"));
    assert_int_equal(a.shape[0], TOY_AUDIO_ROWS / 5);
    assert_int_equal(a.shape[1], 4);
    for (size_t i = 0; i < a.shape[0]; i++) {
        const float *x = (const float *)a.data + 4 * i;

        assert_true(fabs((double)x[0] - 0.1 * (double)i) < 1e-6);
        assert_true(x[1] > 0 && x[1] < 1 && x[2] > 0 && x[2] <= 1 && x[3] > 0);
    }
    npy_free(&a);
    assert_ok(score("m/seed_1", "all", "all", "csv", &s, NULL));
    assert_int_equal(count_files(in("all/mixed-heldout"), ".csv"), 84);
    assert_fails(score("m/seed_1", "x", "nothing", "npy", &s, &err), MW_ERR_RANGE);
    assert_fails(score("m", "x", "clean", "npy", &s, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "no_model");
}

static void spoilt_models_are_refused(void **state)
{
    mw_summary s;
    mw_error err;
    mw_model *m;
    char *bytes;
    size_t n;

    (void)state;
    assert_ok(train("bad", "epochs=1", NULL, &s, NULL));
    assert_ok(mw_file_load(&bytes, &n, in("bad/seed_1/model.safetensors"), 1 << 24, NULL));
    assert_ok(mw_file_store(in("bad/seed_1/model.safetensors"), bytes, n - 40, NULL));
    assert_fails(mw_model_load(&m, in("bad/seed_1"), &err), MW_ERR_FORMAT);
    assert_null(m);
    mw_free(bytes);
    assert_ok(train("big", "epochs=1 width=32", NULL, &s, NULL));
    assert_ok(mw_file_load(&bytes, &n, in("big/seed_1/model.safetensors"), 1 << 24, NULL));
    assert_ok(mw_file_store(in("bad/seed_1/model.safetensors"), bytes, n, NULL));
    assert_fails(mw_model_load(&m, in("bad/seed_1"), &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_shape");
    mw_free(bytes);
    assert_ok(mw_file_store(in("bad/seed_1/config.json"), "{}", 2, NULL));
    assert_fails(mw_model_load(&m, in("bad/seed_1"), &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_model");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_weights_for_any_number_of_threads),
        cmocka_unit_test(a_stopped_run_goes_on_to_the_same_weights),
        cmocka_unit_test(another_run_in_the_same_folder_is_refused),
        cmocka_unit_test(learns_what_is_there),
        cmocka_unit_test(every_kind_trains_and_loads),
        cmocka_unit_test(a_frozen_scorer_is_kept_with_the_model),
        cmocka_unit_test(forms_stand_for_options),
        cmocka_unit_test(correctness_targets_change_what_is_learned),
        cmocka_unit_test(scores_every_clip),
        cmocka_unit_test(spoilt_models_are_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
