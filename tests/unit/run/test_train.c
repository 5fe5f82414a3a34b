/* SPDX-License-Identifier: Apache-2.0
 *
 * Training and scoring through their public calls, on a bank made for it.
 */
#include "support/support.h"

#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "merwild/train.h"
#include "score/model.h"
#include "support/clips.h"
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
    return path_in(dir, name);
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

/* ---- checkpoints ---- */

static const char *const checkpoint_files[] = { "state.json", "model.safetensors",
                                                "best.safetensors", "optim.safetensors" };

static const char *in_checkpoint(const char *file)
{
    char name[96];

    snprintf(name, sizeof name, "half/seed_1/checkpoint/epoch-1/%s", file);
    return in(name);
}

/* Stop a run of two epochs behind its first checkpoint. */
static void stop_behind_one_epoch(void)
{
    const mw_run_hooks hooks = { .stop = stop_soon };
    mw_summary s;
    mw_status st = MW_OK;

    for (int after = 30; st != MW_OK || mw_file_size(in_checkpoint("state.json")) < 0; after++) {
        assert_true(after < 80);
        countdown = after;
        st = train("half", "epochs=2", &hooks, &s, NULL);
        if (st == MW_ERR_INTERRUPTED && mw_file_size(in_checkpoint("state.json")) >= 0) return;
        assert_int_equal(st, MW_ERR_INTERRUPTED);
    }
}

/* Training refuses the checkpoint and names the file; with overwrite it begins anew. */
static void assert_damaged(const char *file)
{
    mw_summary s;
    mw_error err;
    const mw_status st = train("half", "epochs=2", NULL, &s, &err);

    assert_true(st == MW_ERR_FORMAT || st == MW_ERR_IO);
    assert_non_null(strstr(err.message, file));
    assert_non_null(strstr(err.message, "--overwrite"));
    assert_int_equal(count_files(in("half"), "config.json"), 0);
}

static void cut_checkpoints_are_refused(void **state)
{
    char *bytes;
    size_t n;

    (void)state;
    stop_behind_one_epoch();
    for (size_t f = 0; f < sizeof checkpoint_files / sizeof *checkpoint_files; f++) {
        const char *file = checkpoint_files[f];

        assert_ok(mw_file_load(&bytes, &n, in_checkpoint(file), 1 << 24, NULL));
        for (int k = 0; k < 8; k++) {
            const size_t cuts[] = { 0, 1, 8, 40, n / 4, n / 2, n - 40, n - 1 };

            spill(in_checkpoint(file), bytes, cuts[k]);
            assert_damaged(file);
        }
        spill(in_checkpoint(file), bytes, n);
        mw_free(bytes);
    }
}

static void assert_goes_on_to_the_same_weights(const char *settings)
{
    mw_summary s;
    char a[65], b[65];

    assert_ok(train("two", "epochs=2", NULL, &s, NULL));
    assert_ok(train("half", settings, NULL, &s, NULL));
    hash_of(a, "two/seed_1/model.safetensors");
    hash_of(b, "half/seed_1/model.safetensors");
    assert_string_equal(a, b);
    assert_int_equal(count_files(in("half"), ""), 4); /* no checkpoint is left */
}

static void checkpoints_with_files_missing_are_refused_or_passed_by(void **state)
{
    char *bytes;
    size_t n;

    (void)state;
    temp_dir_remove(strdup(in("half")));
    stop_behind_one_epoch();
    for (size_t f = 1; f < sizeof checkpoint_files / sizeof *checkpoint_files; f++) {
        const char *file = checkpoint_files[f];

        assert_ok(mw_file_load(&bytes, &n, in_checkpoint(file), 1 << 24, NULL));
        assert_int_equal(unlink(in_checkpoint(file)), 0);
        assert_damaged(file);
        spill(in_checkpoint(file), bytes, n);
        mw_free(bytes);
    }
    /* a removal that was killed took the state first: training begins anew, over what is left */
    assert_int_equal(unlink(in_checkpoint("state.json")), 0);
    assert_int_equal(unlink(in_checkpoint("optim.safetensors")), 0);
    assert_goes_on_to_the_same_weights("epochs=2");
    /* and overwrite does in any case */
    temp_dir_remove(strdup(in("half")));
    stop_behind_one_epoch();
    assert_int_equal(unlink(in_checkpoint("model.safetensors")), 0);
    assert_goes_on_to_the_same_weights("epochs=2 overwrite=yes");
}

/* Replace the first occurrence of from in a text file. */
static void edit(const char *path, const char *from, const char *to)
{
    mw_str s = { 0 };
    char *text;
    const char *at;
    size_t n;

    assert_ok(mw_file_load(&text, &n, path, 1 << 24, NULL));
    at = strstr(text, from);
    assert_non_null(at);
    mw_str_putn(&s, text, (size_t)(at - text));
    mw_str_put(&s, to);
    mw_str_put(&s, at + strlen(from));
    spill(path, s.data, s.n);
    mw_str_clear(&s);
    mw_free(text);
}

static void states_with_hostile_numbers_are_refused(void **state)
{
    static const char *const edits[][2] = {
        { "\"epoch\": 1", "\"epoch\": -1" },
        { "\"epoch\": 1", "\"epoch\": 2" },
        { "\"epoch\": 1", "\"epoch\": \"1\"" },
        { "\"step\": ", "\"step\": -" },
        { "\"step\": ", "\"step\": 9" },
        { "\"best_epoch\": 1", "\"best_epoch\": 2" },
        { "\"best_epoch\": 1", "\"best_epoch\": -1" },
        { "\"best_epoch\": 1", "\"best_epoch\": true" },
        { "\"best_value\": ", "\"best_value\": true, \"x\": " },
        { "\"best_value\": ", "\"best_value\": 1e999, \"x\": " },
        { "merwild.training/1", "merwild.training/2" },
        { "\"tag\"", "\"tags\"" },
    };
    char *bytes;
    size_t n;

    (void)state;
    temp_dir_remove(strdup(in("half")));
    stop_behind_one_epoch();
    assert_ok(mw_file_load(&bytes, &n, in_checkpoint("state.json"), 1 << 20, NULL));
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        edit(in_checkpoint("state.json"), edits[i][0], edits[i][1]);
        assert_damaged("state.json");
        spill(in_checkpoint("state.json"), bytes, n);
    }
    mw_free(bytes);
    /* moments of another epoch */
    assert_ok(mw_file_load(&bytes, &n, in_checkpoint("optim.safetensors"), 1 << 24, NULL));
    for (size_t i = 0; i + 9 < n; i++)
        if (!memcmp(bytes + i, "\"step\":\"", 8)) bytes[i + 8]++;
    spill(in_checkpoint("optim.safetensors"), bytes, n);
    assert_damaged("optim.safetensors");
    mw_free(bytes);
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
    assert_fails(mw_model_load(&m, in("truth/seed_1"), &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_scorer");
    assert_non_null(strstr(err.message, "truth/seed_1"));
    snprintf(settings, sizeof settings, "net=given windows=3,3 scorer=%s", in("rel/seed_1"));
    assert_fails(train("other", settings, NULL, &s, &err), MW_ERR_MISMATCH);
    assert_string_equal(err.reason, "other_features");
}

/* A form is a name for options: the weights are those of the options written out. */
static void forms_stand_for_options(void **state)
{
    static const char *const pairs[][2] = {
        { "regime=clean form=replace",
          "regime=clean form=options use-emphasis=no use-replace=yes coefficient=1 "
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

static const mw_net_param *param(mw_net *net, const char *name)
{
    for (size_t i = 0; i < mw_net_n_params(net); i++)
        if (!strcmp(mw_net_param_at(net, i)->name, name)) return mw_net_param_at(net, i);
    return NULL;
}

/* All of the base is in the model, bit for bit, and the missing token was learned beside it. */
static void a_base_stays_and_the_rest_is_learned(void **state)
{
    mw_summary s;
    mw_error err;
    mw_model *base, *m, *fresh;
    char settings[900], a[65], b[65];

    (void)state;
    assert_ok(train("brel", "net=reliability task=reliability epochs=1", NULL, &s, NULL));
    assert_ok(train("bctl", "net=noscore regime=clean", NULL, &s, NULL));
    snprintf(settings, sizeof settings, "net=given regime=clean scorer=%s base=%s",
             in("brel/seed_1"), in("bctl"));
    assert_ok(train("based", settings, NULL, &s, NULL));
    assert_ok(mw_model_load(&base, in("bctl/seed_1"), NULL));
    assert_ok(mw_model_load(&m, in("based/seed_1"), NULL));
    for (size_t i = 0; i < mw_net_n_params(base->net); i++) {
        const mw_net_param *p = mw_net_param_at(base->net, i), *q = param(m->net, p->name);

        assert_non_null(q);
        assert_memory_equal(p->v, q->v, p->n * sizeof *p->v);
    }
    snprintf(settings, sizeof settings, "net=given regime=clean scorer=%s base=%s epochs=1 rate=0",
             in("brel/seed_1"), in("bctl"));
    assert_ok(train("fresh", settings, NULL, &s, NULL));
    assert_ok(mw_model_load(&fresh, in("fresh/seed_1"), NULL));
    assert_non_null(param(m->net, "use.missing"));
    assert_memory_not_equal(param(m->net, "use.missing")->v, param(fresh->net, "use.missing")->v,
                            sizeof(float));
    mw_model_destroy(&fresh);
    mw_model_destroy(&base);
    mw_model_destroy(&m);

    /* by default the control is trained first */
    snprintf(settings, sizeof settings, "net=given regime=clean scorer=%s", in("brel/seed_1"));
    assert_ok(train("auto", settings, NULL, &s, NULL));
    hash_of(a, "auto/control/seed_1/model.safetensors");
    hash_of(b, "bctl/seed_1/model.safetensors");
    assert_string_equal(a, b);
    hash_of(a, "auto/seed_1/model.safetensors");
    hash_of(b, "based/seed_1/model.safetensors");
    assert_string_equal(a, b);
    assert_ok(train("auto", settings, NULL, &s, NULL)); /* both are up to date */
    assert_int_equal(s.n_skipped, 1);

    /* the base belongs to what a model is: the same folder with another one is refused */
    assert_ok(train("bctl2", "net=noscore regime=clean epochs=1", NULL, &s, NULL));
    snprintf(settings, sizeof settings, "net=given regime=clean scorer=%s base=%s",
             in("brel/seed_1"), in("bctl2"));
    assert_fails(train("based", settings, NULL, &s, &err), MW_ERR_MISMATCH);
    hash_of(a, "bctl/seed_1/model.safetensors");
    hash_of(b, "bctl2/seed_1/model.safetensors");
    assert_string_not_equal(a, b);
    /* what cannot be a base */
    assert_fails(train("bad1", "net=score base=x", NULL, &s, &err), MW_ERR_RANGE);
    snprintf(settings, sizeof settings, "net=given regime=clean scorer=%s base=%s",
             in("brel/seed_1"), in("nowhere"));
    assert_fails(train("bad2", settings, NULL, &s, &err), MW_ERR_IO);
    assert_ok(train("bscore", "epochs=1", NULL, &s, NULL));
    snprintf(settings, sizeof settings, "net=given scorer=%s base=%s", in("brel/seed_1"),
             in("bscore"));
    assert_fails(train("bad3", settings, NULL, &s, &err), MW_ERR_MISMATCH);
    assert_string_equal(err.reason, "other_network");
    snprintf(settings, sizeof settings, "net=given scorer=%s base=%s", in("brel/seed_1"),
             in("bctl")); /* fitted on damaged clips too: other statistics */
    assert_fails(train("bad4", settings, NULL, &s, &err), MW_ERR_MISMATCH);
    assert_string_equal(err.reason, "other_features");
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

/* Peak memory of the process so far. */
static long peak_kib(void)
{
    struct rusage u;

    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss;
}

/* A configuration of a thousand bytes asks for a gigabyte: refused by the weights' shapes first. */
static void a_config_takes_no_memory_that_its_weights_do_not_have(void **state)
{
    static const char columns[] = "\"columns\": [\n   6,\n   5\n  ]";
    mw_summary s;
    mw_error err;
    mw_model *m;
    long before;

    (void)state;
    assert_ok(train("small", "epochs=1", NULL, &s, NULL));
    edit(in("small/seed_1/config.json"), columns, "\"columns\": [65536, 65536]");
    edit(in("small/seed_1/config.json"), "\"width\": 16", "\"width\": 256");
    before = peak_kib();
    assert_fails(mw_model_load(&m, in("small/seed_1"), &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_shape");
    assert_true(peak_kib() - before < 20000);
    /* beyond what a network may have */
    edit(in("small/seed_1/config.json"), "[65536, 65536]", "[65536, 65537]");
    assert_fails(mw_model_load(&m, in("small/seed_1"), &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_model");
    assert_non_null(strstr(err.message, "small/seed_1/config.json"));
}

static void a_scorer_that_reads_other_tokens_is_refused(void **state)
{
    static const char *const edits[][2] = { { "\"windows\": []", "\"windows\": [5, 9]" },
                                            { "\"windows\": [5, 9]", "\"windows\": [3, 5]" } };
    const char *config = "pair/seed_1/scorer/config.json";
    char settings[700];
    mw_summary s;
    mw_error err;
    mw_model *m;

    (void)state;
    assert_ok(train("frozen", "epochs=1 net=reliability task=reliability", NULL, &s, NULL));
    snprintf(settings, sizeof settings, "epochs=1 net=given scorer=%s", in("frozen/seed_1"));
    assert_ok(train("pair", settings, NULL, &s, NULL));
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        edit(in(config), edits[i][0], edits[i][1]);
        assert_fails(mw_model_load(&m, in("pair/seed_1"), &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "bad_model");
        assert_non_null(strstr(err.message, "the scorer reads other"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_weights_for_any_number_of_threads),
        cmocka_unit_test(a_stopped_run_goes_on_to_the_same_weights),
        cmocka_unit_test(cut_checkpoints_are_refused),
        cmocka_unit_test(checkpoints_with_files_missing_are_refused_or_passed_by),
        cmocka_unit_test(states_with_hostile_numbers_are_refused),
        cmocka_unit_test(another_run_in_the_same_folder_is_refused),
        cmocka_unit_test(learns_what_is_there),
        cmocka_unit_test(every_kind_trains_and_loads),
        cmocka_unit_test(a_frozen_scorer_is_kept_with_the_model),
        cmocka_unit_test(forms_stand_for_options),
        cmocka_unit_test(a_base_stays_and_the_rest_is_learned),
        cmocka_unit_test(correctness_targets_change_what_is_learned),
        cmocka_unit_test(scores_every_clip),
        cmocka_unit_test(spoilt_models_are_refused),
        cmocka_unit_test(a_config_takes_no_memory_that_its_weights_do_not_have),
        cmocka_unit_test(a_scorer_that_reads_other_tokens_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
