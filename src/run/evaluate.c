/* SPDX-License-Identifier: Apache-2.0
 *
 * evaluate: trained methods over the test clips of a bank, or predictions from a table; one report.
 */
#include "merwild/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "data/csv.h"
#include "run/evaluate_swaps.h"
#include "run/evaluate_table.h"
#include "run/evaluate_task.h"
#include "run/score_methods.h"
#include "run/setup.h"

typedef struct evaluate_options {
    char *models, *methods, *predictions, *labels, *full, *control, *unsupervised, *avrel,
        *swap_methods, *trusting;
    int task, metrics;
    int64_t replicates, draws;
    int write_predictions;
} evaluate_options;

struct mw_evaluate_options {
    mw_run_options run;
    evaluate_options v;
};

enum { METRICS_MOSI, METRICS_SIMS };
static const char *const metrics_names[] = { "mosi", "sims", NULL };

#define O(field) offsetof(evaluate_options, field)

/* clang-format off */
static const mw_opt evaluate_table[] = {
    { "models", MW_OPT_TEXT, O(models), "", .help = "folder of methods, each a folder of trained models (seed_N)" },
    { "methods", MW_OPT_TEXT, O(methods), "", .help = "which of them, separated by commas; empty: all" },
    { "predictions", MW_OPT_TEXT, O(predictions), "", .help = "CSV of other models' predictions: clip_id, condition, seed, p (labels: p0 to p5), and optionally method" },
    { "task", MW_OPT_ENUM, O(task), "auto", .choices = mw_evaluate_task_names, .help = "what predictions are: p a number or a class, p0 to p5 probabilities of emotions; auto: the trained models', else regression" },
    { "metrics", MW_OPT_ENUM, O(metrics), "mosi", .choices = metrics_names, .help = "rules for sentiment: mosi (-3 to 3, also CMU-MOSEI) or sims (-1 to 1, CH-SIMS)" },
    { "labels", MW_OPT_TEXT, O(labels), "", .help = "label.csv; empty: the bank's" },
    { "full", MW_OPT_TEXT, O(full), "score", .help = "the method whose scores are asked about" },
    { "control", MW_OPT_TEXT, O(control), "noscore", .help = "the method that all are compared with" },
    { "unsupervised", MW_OPT_TEXT, O(unsupervised), "score-unsup", .help = "the method without supervision of the scores" },
    { "avrel", MW_OPT_TEXT, O(avrel), "avrel", .help = "the method with AV-RelScore's scorer" },
    { "swap-methods", MW_OPT_TEXT, O(swap_methods), "", .help = "methods whose scores are replaced, separated by commas; empty: full alone" },
    { "draws", MW_OPT_INT, O(draws), "200", 0, 100000, .help = "random replacements of scores; 0: none, and no windows are taken away" },
    { "trusting", MW_OPT_TEXT, O(trusting), "", .help = "methods that are shown once more with every score 1, as NAME+trusting, separated by commas: the same weights without what their scores say" },
    { "replicates", MW_OPT_INT, O(replicates), "2000", 10, 1000000, .help = "resamples of the bootstrap" },
    { "write-predictions", MW_OPT_BOOL, O(write_predictions), "no", .help = "also write predictions.csv, which --predictions reads" },
    { 0 },
};
/* clang-format on */

size_t mw_evaluate_options_groups(mw_evaluate_options *o, mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ evaluate_table, &o->v };
    return 2;
}

MW_JOB_OPTIONS(evaluate, (void)preset)

/* More are a mistake in a column of the table; each costs work for all others. */
#define MAX_METHODS 256
#define MAX_SEEDS   64

/* ---- the run ---- */

typedef struct evaluation {
    const mw_evaluate_options *o;
    const mw_run_hooks *hooks;
    mw_summary *summary;
    int n_threads;
    mw_feature_bank bank;
    mw_evaluate_task task;
    mw_methods trained;
    mw_said_table said;
    const char **methods; /* trained, trusting twins of some of them, then those of the table */
    size_t n_methods;
    size_t n_models;  /* methods before those of the table */
    size_t *twin;     /* of each trained method; 0: none */
    char **twin_name; /* owned */
    int64_t *seeds;
    size_t n_seeds;
    mw_test_conditions conditions;
    const char **clips;
    int *group;
    float *y;
    size_t n_clips, n_groups;
    mw_eval *eval;
    double start_s;
} evaluation;

static int stopping(void *user)
{
    const evaluation *v = user;

    return v->hooks && v->hooks->stop && v->hooks->stop(v->hooks->user);
}

static void tell(const evaluation *v, mw_event_kind kind, size_t n, size_t total, const char *items,
                 const char *id)
{
    const mw_event e = { .kind = kind,
                         .items = items,
                         .n_ended = n,
                         .n_total = total,
                         .id = id,
                         .reason = "",
                         .message = "",
                         .elapsed_s = mw_clock_s() - v->start_s };

    if (v->hooks && v->hooks->event) v->hooks->event(v->hooks->user, &e);
}

/* Test clips with a label, and whom each belongs to. */
static mw_status list_clips(evaluation *v, mw_error *err)
{
    const mw_labels *l = &v->bank.labels;
    const char **groups = mw_calloc(l->n, sizeof *groups);
    const size_t limit = v->o->run.limit ? (size_t)v->o->run.limit : SIZE_MAX;
    const size_t values = v->task.n_values;
    float *y = mw_calloc((size_t)v->task.n_out, sizeof *y);

    v->clips = mw_calloc(l->n, sizeof *v->clips);
    v->group = mw_calloc(l->n, sizeof *v->group);
    v->y = mw_calloc(l->n, values * sizeof *v->y);
    if (!groups || !y || !v->clips || !v->group || !v->y) {
        mw_free(groups);
        mw_free(y);
        return mw_fail_nomem(err);
    }
    for (size_t i = 0; i < l->n && v->n_clips < limit; i++) {
        size_t g = 0;

        if (l->v[i].split != MW_TEST || !mw_label_values(y, &l->v[i], v->task.task, v->task.n_out))
            continue;
        while (g < v->n_groups && strcmp(groups[g], l->v[i].group))
            g++;
        if (g == v->n_groups) groups[v->n_groups++] = l->v[i].group;
        v->clips[v->n_clips] = l->v[i].clip;
        memcpy(v->y + v->n_clips * values, y, values * sizeof *y);
        v->group[v->n_clips++] = (int)g;
    }
    mw_free(groups);
    mw_free(y);
    if (!v->n_clips) return mw_fail(err, MW_ERR_FORMAT, "no_clips", "no test clip with a label");
    return MW_OK;
}

static size_t index_of_text(const char *const *v, size_t n, const char *text)
{
    size_t i = 0;

    while (i < n && strcmp(v[i], text))
        i++;
    return i;
}

static int by_text(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

/* Place of a clip, which are in order as labels are; n_clips when there is none. Tables have a row
 * for every clip, condition and seed. */
static size_t clip_of(const evaluation *v, const char *name)
{
    const char **at = bsearch(name, v->clips, v->n_clips, sizeof *v->clips, by_text);

    return at ? (size_t)(at - v->clips) : v->n_clips;
}

static int is_listed(const char *list, const char *name)
{
    const size_t n = strlen(name);

    while (*list) {
        const size_t k = strcspn(list, ",");

        if (k == n && !strncmp(list, name, n)) return 1;
        list += k + (list[k] == ',');
    }
    return 0;
}

/* Every method of a list is a trained one that takes scores. */
static mw_status check_list(const evaluation *v, const char *option, const char *list,
                            mw_error *err)
{
    while (*list) {
        const size_t n = strcspn(list, ",");
        size_t m = 0;

        while (m < v->trained.n &&
               (strlen(v->trained.v[m].name) != n || strncmp(v->trained.v[m].name, list, n)))
            m++;
        if (m == v->trained.n || !mw_takes_scores(v->trained.v[m].models[0]))
            return mw_fail(
                err, MW_ERR_RANGE, "bad_option",
                "option '%s': '%.*s' is not a method of this evaluation that takes scores", option,
                (int)n, list);
        list += n + (list[n] == ',');
    }
    return MW_OK;
}

static mw_status list_trusting(evaluation *v, mw_error *err)
{
    mw_status st = check_list(v, "trusting", v->o->v.trusting, err);

    if (st == MW_OK) st = check_list(v, "swap-methods", v->o->v.swap_methods, err);
    for (size_t i = 0; st == MW_OK && i < v->trained.n; i++) {
        const char *name = v->trained.v[i].name;

        if (!is_listed(v->o->v.trusting, name)) continue;
        v->twin_name[i] = mw_format("%s+trusting", name);
        if (!v->twin_name[i]) return mw_fail_nomem(err);
        if (index_of_text(v->methods, v->n_methods, v->twin_name[i]) < v->n_methods)
            return mw_fail(err, MW_ERR_RANGE, "bad_option",
                           "option 'trusting': there is a method '%s' already", v->twin_name[i]);
        v->twin[i] = v->n_methods;
        v->methods[v->n_methods++] = v->twin_name[i];
    }
    v->n_models = v->n_methods;
    return st;
}

static mw_status list_table(evaluation *v, mw_error *err)
{
    for (size_t i = 0; i < v->said.n; i++) {
        const char *name = v->said.v[i].method;
        const size_t m = index_of_text(v->methods, v->n_methods, name);

        if (m < v->n_models)
            return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s', row %zu: '%s' is a trained method",
                           v->o->v.predictions, i + 1, name);
        if (m < v->n_methods) continue;
        if (v->n_methods == MAX_METHODS + v->n_models)
            return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s', row %zu: more than %d methods",
                           v->o->v.predictions, i + 1, MAX_METHODS);
        v->methods[v->n_methods++] = name;
    }
    return MW_OK;
}

/* The trained methods' seeds, or those of the table. */
static mw_status list_seeds(evaluation *v, mw_error *err)
{
    size_t cap = 0;

    for (size_t i = 0; i < (v->trained.n ? v->trained.v[0].n_seeds : v->said.n); i++) {
        const int64_t seed = v->trained.n ? v->trained.v[0].seeds[i] : v->said.v[i].seed;
        size_t k = 0;

        while (k < v->n_seeds && v->seeds[k] != seed)
            k++;
        if (k < v->n_seeds) continue;
        if (!v->trained.n && v->n_seeds == MAX_SEEDS)
            return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s', row %zu: more than %d seeds",
                           v->o->v.predictions, i + 1, MAX_SEEDS);
        if (mw_grow(&v->seeds, &cap, v->n_seeds + 1, sizeof *v->seeds)) return mw_fail_nomem(err);
        v->seeds[v->n_seeds++] = seed;
    }
    return MW_OK;
}

static mw_status list_methods(evaluation *v, mw_error *err)
{
    mw_status st = MW_OK;

    v->methods = mw_calloc(2 * v->trained.n + v->said.n, sizeof *v->methods);
    v->twin = mw_calloc(v->trained.n, sizeof *v->twin);
    v->twin_name = mw_calloc(v->trained.n, sizeof *v->twin_name);
    if (!v->methods || !v->twin || !v->twin_name) return mw_fail_nomem(err);
    for (size_t i = 0; i < v->trained.n; i++)
        v->methods[v->n_methods++] = v->trained.v[i].name;
    st = list_trusting(v, err);
    if (st == MW_OK) st = list_table(v, err);
    return st == MW_OK ? list_seeds(v, err) : st;
}

/* A method that leaves out what is hard would look better than it is: all clips of a condition, or
 * none. */
static mw_status check_complete(const evaluation *v, mw_error *err)
{
    for (size_t m = v->n_models; m < v->n_methods; m++)
        for (size_t k = 0; k < v->n_seeds; k++)
            for (size_t c = 0; c < v->conditions.n; c++) {
                size_t n = 0;

                for (size_t i = 0; i < v->n_clips; i++)
                    n += isfinite(mw_eval_get(v->eval, m, k, c, i, 0)) != 0;
                if (n && n < v->n_clips)
                    return mw_fail(
                        err, MW_ERR_FORMAT, "bad_csv",
                        "'%s': method '%s', condition '%s', seed %lld has predictions for "
                        "%zu of %zu clips",
                        v->o->v.predictions, v->methods[m], v->conditions.v[c].id,
                        (long long)v->seeds[k], n, v->n_clips);
            }
    return MW_OK;
}

/* Predictions of the table at their places. */
static mw_status set_table(evaluation *v, mw_error *err)
{
    for (size_t i = 0; i < v->said.n; i++) {
        const mw_said *s = &v->said.v[i];
        const size_t clip = clip_of(v, s->clip);
        size_t c = 0, k = 0, m;

        while (c < v->conditions.n && strcmp(v->conditions.v[c].id, s->condition))
            c++;
        while (k < v->n_seeds && v->seeds[k] != s->seed)
            k++;
        if (clip == v->n_clips || c == v->conditions.n || k == v->n_seeds)
            return mw_fail(
                err, MW_ERR_FORMAT, "bad_csv",
                "'%s', row %zu: clip '%s', condition '%s' or seed %lld is not one of the "
                "evaluation",
                v->o->v.predictions, i + 1, s->clip, s->condition, (long long)s->seed);
        m = index_of_text(v->methods, v->n_methods, s->method);
        if (isfinite(mw_eval_get(v->eval, m, k, c, clip, 0)))
            return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                           "'%s', row %zu: clip '%s' has a prediction already", v->o->v.predictions,
                           i + 1, s->clip);
        mw_eval_set(v->eval, m, k, c, clip, s->p);
    }
    return check_complete(v, err);
}

/* ---- trained models ---- */

/* Kind of damage of a modality as an input shows it. */
static const char *type_of(const mw_model_input *in, char letter)
{
    for (int k = 0; k < MW_MAX_MODALITIES; k++)
        if (in->clip->m[k].letter == letter && in->variant[k] && in->variant[k]->type)
            return in->variant[k]->type;
    return "none";
}

static mw_status set_windows(evaluation *v, size_t method, size_t seed, size_t clip,
                             const mw_model_result *r, const mw_model *model,
                             const mw_test_clip *test, mw_error *err)
{
    const size_t per = (size_t)r->n_modalities;
    const int own = mw_takes_scores(model) || mw_net_config_of(model->net)->kind == MW_NET_AVREL ||
                    mw_net_config_of(model->net)->kind == MW_NET_NOSCORE_MULTI ||
                    mw_net_config_of(model->net)->kind == MW_NET_RELIABILITY;
    mw_status st = MW_OK;

    for (size_t c = 0; own && st == MW_OK && c < v->conditions.n_bank; c++)
        for (size_t m = 0; st == MW_OK && m < per; m++) {
            const mw_tokens *t = &r->tokens[c * per + m];
            const char letter = model->prep.m[m].letter;
            /* a frozen scorer's reliability is the score that came in */
            const mw_eval_window_set w = { .said = (model->scorer ? r->score[m] : r->rel[m]) +
                                                   c * (size_t)r->n_tokens[m],
                                           .was = t->rel,
                                           .weight = t->rel_weight,
                                           .n = (size_t)t->n,
                                           .type = type_of(&test->in[c], letter) };

            if (letter != 't')
                st = mw_eval_windows(v->eval, method, seed, c, clip, letter == 'v', &w, err);
        }
    return st;
}

static void set_predictions(evaluation *v, size_t method, size_t seed, size_t clip,
                            mw_net_task task, const mw_model_result *r)
{
    double p[MW_EVAL_MAX_VALUES];

    for (size_t c = 0; task != MW_TASK_RELIABILITY && c < v->conditions.n; c++) {
        mw_eval_read(p, task, r->y + c * (size_t)r->n_out, r->n_out);
        mw_eval_set(v->eval, method, seed, c, clip, p);
    }
}

static mw_status run_model(evaluation *v, size_t m, size_t s, size_t clip, const mw_test_clip *test,
                           mw_error *err)
{
    mw_model *model = v->trained.v[m].models[s];
    const mw_net_task task = mw_net_config_of(model->net)->task;
    mw_model_result r;
    mw_status st = mw_model_run(model, test->in, v->conditions.n, v->n_threads, &r, err);

    if (st != MW_OK) return st;
    set_predictions(v, m, s, clip, task, &r);
    st = set_windows(v, m, s, clip, &r, model, test, err);
    if (st == MW_OK && v->twin[m]) {
        st = mw_model_trust(model, &r, v->n_threads, err);
        if (st == MW_OK) set_predictions(v, v->twin[m], s, clip, task, &r);
    }
    mw_model_result_clear(&r);
    mw_model_rest(model);
    return st;
}

static mw_status run_clip(evaluation *v, size_t clip, mw_error *err)
{
    mw_bank_clip file = { 0 };
    mw_test_clip test = { NULL, NULL, NULL };
    mw_status st = mw_feature_bank_read(&file, &v->bank, v->clips[clip], NULL, err);

    if (st == MW_OK) st = mw_test_clip_make(&test, &v->conditions, &file, v->clips[clip], err);
    for (size_t m = 0; st == MW_OK && m < v->trained.n; m++)
        for (size_t s = 0; st == MW_OK && s < v->n_seeds; s++)
            st = run_model(v, m, s, clip, &test, err);
    mw_test_clip_clear(&test);
    mw_bank_clip_clear(&file);
    return st;
}

/* Replace the scores of the methods asked about under mixed damage, take windows away on clean
 * clips. */
static mw_status run_swaps(evaluation *v, mw_error *err)
{
    const char *wanted = *v->o->v.swap_methods ? v->o->v.swap_methods : v->o->v.full;
    mw_status st = MW_OK;

    for (size_t c = 0; c < v->conditions.n_bank; c++) {
        const mw_swap_request r = { .bank = &v->bank,
                                    .condition = &v->conditions.v[c],
                                    .limit = (size_t)v->o->run.limit,
                                    .n_clips = v->n_clips,
                                    .n_draws = (size_t)v->o->v.draws,
                                    .seed = v->o->run.seed,
                                    .n_threads = v->n_threads,
                                    .stop = stopping,
                                    .user = v };

        if (strncmp(r.condition->block, "mixed", 5) && strcmp(r.condition->block, "clean"))
            continue;
        for (size_t m = 0; st == MW_OK && m < v->trained.n; m++)
            for (size_t s = 0; st == MW_OK && s < v->n_seeds; s++)
                if (is_listed(wanted, v->methods[m]) && mw_takes_scores(v->trained.v[m].models[s]))
                    st = mw_evaluate_swaps(v->eval, m, s, c, v->trained.v[m].models[s], &r, err);
    }
    return st;
}

static mw_status run_models(evaluation *v, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < v->n_clips; i++) {
        if (stopping(v)) return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        st = run_clip(v, i, err);
        if (st == MW_OK) tell(v, MW_EVENT_CLIP, i + 1, v->n_clips, NULL, v->clips[i]);
    }
    return st == MW_OK && v->o->v.draws ? run_swaps(v, err) : st;
}

/* How often training was started for the models shown: who tries often enough finds something. */
static void note_starts(evaluation *v)
{
    mw_str s = { 0 };

    for (size_t m = 0; m < v->trained.n; m++) {
        const mw_method *k = &v->trained.v[m];

        mw_str_printf(&s, "%s%s ", m ? ", " : "", k->name);
        if (k->n_started < 0)
            mw_str_put(&s, "not counted");
        else
            mw_str_printf(&s, "%lld", (long long)k->n_started);
    }
    if (v->trained.n)
        mw_eval_note(v->eval, "runs started for these models", s.failed ? NULL : s.data);
    mw_str_clear(&s);
}

static void note_models(evaluation *v)
{
    for (size_t m = 0; m < v->trained.n; m++)
        for (size_t s = 0; s < v->n_seeds; s++) {
            mw_model *model = v->trained.v[m].models[s];

            for (size_t i = 0; i < mw_net_n_params(model->net); i++) {
                const mw_net_param *p = mw_net_param_at(model->net, i);

                if (!p->coefficient) continue;
                for (size_t k = 0; k < p->n; k++) {
                    char name[96];

                    snprintf(name, sizeof name, p->n > 1 ? "%.63s.%zu" : "%.63s", p->name, k);
                    mw_eval_coefficient(v->eval, m, s, name, (double)p->v[k]);
                }
            }
        }
    note_starts(v);
    mw_eval_note(v->eval, "bank (SHA-256 of bank.json and label.csv)", v->bank.sha256);
    mw_eval_note(v->eval, "constant", mw_evaluate_task_note(&v->task));
    mw_eval_note(v->eval, "merwild", mw_version());
}

static mw_status create(evaluation *v, mw_error *err)
{
    mw_eval_setup setup = { .task = v->task.task,
                            .sims = v->o->v.metrics == METRICS_SIMS,
                            .n_classes = v->task.n_out,
                            .clips = v->clips,
                            .group = v->group,
                            .y = v->y,
                            .n_clips = v->n_clips,
                            .n_groups = v->n_groups,
                            .conditions = v->conditions.v,
                            .n_conditions = v->conditions.n,
                            .methods = v->methods,
                            .n_methods = v->n_methods,
                            .seeds = v->seeds,
                            .n_seeds = v->n_seeds,
                            .full = v->o->v.full,
                            .control = v->o->v.control,
                            .unsupervised = v->o->v.unsupervised,
                            .avrel = v->o->v.avrel,
                            .n_replicates = (size_t)v->o->v.replicates,
                            .seed = v->o->run.seed };

    memcpy(setup.constant, v->task.constant, sizeof setup.constant);
    return mw_eval_create(&v->eval, &setup, err);
}

/* DIR/predictions.csv: what every trained method says. */
static mw_status write_predictions(evaluation *v, mw_error *err)
{
    char *path = mw_path_join(v->o->run.out, "predictions.csv");
    mw_str s = { 0 };
    mw_status st = path ? mw_make_dirs(v->o->run.out, err) : mw_fail_nomem(err);

    mw_str_put(&s, "clip_id,condition,seed,method");
    for (size_t x = 0; x < v->task.n_values; x++)
        mw_str_printf(&s, ",%s", mw_said_column(&v->task, x));
    mw_str_put(&s, "\n");
    for (size_t m = 0; m < v->n_models; m++)
        for (size_t k = 0; k < v->n_seeds; k++)
            for (size_t c = 0; c < v->conditions.n; c++)
                for (size_t i = 0; i < v->n_clips; i++) {
                    if (isnan(mw_eval_get(v->eval, m, k, c, i, 0))) continue;
                    mw_csv_put(&s, v->clips[i], ',');
                    mw_str_printf(&s, "%s,%lld,%s", v->conditions.v[c].id, (long long)v->seeds[k],
                                  v->methods[m]);
                    for (size_t x = 0; x < v->task.n_values; x++) {
                        mw_str_putc(&s, ',');
                        mw_csv_put_number(&s, mw_eval_get(v->eval, m, k, c, i, x), 0);
                    }
                    mw_str_putc(&s, '\n');
                }
    if (st == MW_OK) st = mw_str_ok(&s, err);
    if (st == MW_OK) st = mw_file_store(path, s.data, s.n, err);
    v->summary->n_outputs += st == MW_OK;
    mw_str_clear(&s);
    mw_free(path);
    return st;
}

/* Labels alone, for predictions without a bank. */
static mw_status open_labels(evaluation *v, mw_error *err)
{
    mw_status st = mw_labels_read(&v->bank.labels, v->o->v.labels, err);

    snprintf(v->bank.sha256, sizeof v->bank.sha256, "none");
    return st;
}

static mw_status check_metrics(const evaluation *v, mw_error *err)
{
    if (v->o->v.metrics == METRICS_MOSI || v->task.task == MW_TASK_REGRESSION ||
        v->task.task == MW_TASK_REGRESSION_MULTILABEL)
        return MW_OK;
    return mw_fail(err, MW_ERR_RANGE, "bad_option",
                   "option 'metrics': sims is for sentiment, not for task %s",
                   mw_net_task_names[v->task.task]);
}

static mw_status set_up(evaluation *v, mw_error *err)
{
    const evaluate_options *o = &v->o->v;
    const char *in = v->o->run.in;
    mw_status st = MW_OK;

    if (!*v->o->run.out || (!*o->models && !*o->predictions))
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'out', and 'models' or 'predictions', are needed");
    if (!*in && (*o->models || !*o->labels))
        return mw_fail(
            err, MW_ERR_RANGE, "bad_option",
            "option 'in': the folder of a feature bank is needed (for predictions alone, "
            "--labels will do)");
    st = *in ? mw_feature_bank_open(&v->bank, in, o->labels, err) : open_labels(v, err);
    if (st == MW_OK && *o->models) st = mw_methods_load(&v->trained, o->models, o->methods, err);
    if (st == MW_OK)
        st = mw_evaluate_task_find(&v->task, o->task, &v->trained, &v->bank.labels, err);
    if (st == MW_OK) st = check_metrics(v, err);
    if (st == MW_OK && *o->predictions) st = mw_said_read(&v->said, o->predictions, &v->task, err);
    if (st == MW_OK) st = list_clips(v, err);
    if (st == MW_OK) st = mw_evaluate_task_constant(&v->task, &v->bank.labels, err);
    if (st == MW_OK) st = list_methods(v, err);
    if (st == MW_OK) st = mw_methods_check_unseen(&v->trained, v->clips, v->n_clips, err);
    if (st == MW_OK) st = mw_test_conditions_make(&v->conditions, &v->bank.index, err);
    return st == MW_OK ? create(v, err) : st;
}

static void tear_down(evaluation *v)
{
    mw_eval_destroy(&v->eval);
    mw_test_conditions_clear(&v->conditions);
    mw_said_clear(&v->said);
    for (size_t i = 0; v->twin_name && i < v->trained.n; i++)
        mw_free(v->twin_name[i]);
    mw_free(v->twin_name);
    mw_free(v->twin);
    mw_methods_clear(&v->trained);
    mw_free(v->methods);
    mw_free(v->seeds);
    mw_free(v->clips);
    mw_free(v->group);
    mw_free(v->y);
    mw_feature_bank_close(&v->bank);
}

mw_status mw_evaluate(const mw_evaluate_options *o, const mw_run_hooks *hooks, mw_summary *summary,
                      mw_error *err)
{
    evaluation v = { .o = o, .hooks = hooks, .summary = summary, .start_s = mw_clock_s() };
    mw_status st;

    *summary = (mw_summary){ 0 };
    v.n_threads = mw_run_threads(&o->run);
    st = set_up(&v, err);
    if (st == MW_OK) st = set_table(&v, err);
    if (st == MW_OK) {
        summary->n_clips = v.n_clips;
        tell(&v, MW_EVENT_START, 0, v.n_clips, NULL, NULL);
    }
    if (st == MW_OK && v.trained.n) st = run_models(&v, err);
    if (st == MW_OK) note_models(&v);
    if (st == MW_OK && !o->run.dry_run)
        st = mw_eval_write(v.eval, o->run.out, &summary->n_outputs, err);
    if (st == MW_OK && o->v.write_predictions && !o->run.dry_run) st = write_predictions(&v, err);
    if (st == MW_OK) summary->n_done = v.n_clips;
    summary->elapsed_s = mw_clock_s() - v.start_s;
    tear_down(&v);
    return st;
}
