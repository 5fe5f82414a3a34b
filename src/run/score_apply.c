/* SPDX-License-Identifier: Apache-2.0
 *
 * score: a trained model over the clips of a bank: score, reliability and relevance of every
 * window, and the predictions.
 */
#include "merwild/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "data/npz.h"
#include "run/score_data.h"
#include "run/setup.h"

enum { FORMAT_NPY, FORMAT_CSV };

static const char *const format_names[] = { "npy", "csv", NULL };

static const char *const split_names[] = { "all", "train", "valid", "test", NULL };

typedef struct apply_options {
    char *model, *condition;
    int format, rows, split;
} apply_options;

struct mw_score_options {
    mw_run_options run;
    apply_options a;
};

#define O(field) offsetof(apply_options, field)

/* clang-format off */
static const mw_opt apply_table[] = {
    { "model", MW_OPT_TEXT, O(model), "", .help = "folder of a trained model (seed_N)" },
    { "condition", MW_OPT_TEXT, O(condition), "clean", .help = "a condition of the bank, or all" },
    { "split", MW_OPT_ENUM, O(split), "all", .choices = split_names, .help = "which clips; the conditions of a bank differ by split" },
    { "format", MW_OPT_ENUM, O(format), "npy", .choices = format_names, .help = "of the files with the scores" },
    { "rows", MW_OPT_BOOL, O(rows), "no", .help = "one line per feature row instead of one per window" },
    { 0 },
};
/* clang-format on */

size_t mw_score_options_groups(mw_score_options *o, mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ apply_table, &o->a };
    return 2;
}

MW_JOB_OPTIONS(score, (void)preset)

const char *const mw_score_column_name[MW_SCORE_COLUMNS] = { "t_start_s", "score", "relevance",
                                                             "attention" };

typedef struct apply_run {
    const mw_score_options *o;
    const mw_run_hooks *hooks;
    mw_summary *summary;
    mw_feature_bank bank;
    mw_model *model;
    const mw_bank_condition **conditions;
    size_t n_conditions;
    mw_str predictions;
    double start_s;
} apply_run;

/* x [n][MW_SCORE_COLUMNS] of modality m of input i, one line per window or per row. */
static float *make_lines(size_t *n, const apply_run *r, const mw_model_result *res, size_t i, int m,
                         const mw_bank_modality *rows)
{
    const int window = r->model->prep.m[m].window;
    const size_t tokens = (size_t)res->tokens[i * (size_t)res->n_modalities + (size_t)m].n;
    const size_t at = i * (size_t)res->n_tokens[m];
    float largest = 0, *x;

    *n = r->o->a.rows ? rows->rows : tokens;
    x = mw_calloc(*n, MW_SCORE_COLUMNS * sizeof *x);
    for (size_t k = 0; x && k < tokens; k++)
        if (res->pool[m][at + k] > largest) largest = res->pool[m][at + k];
    for (size_t k = 0; x && k < *n; k++) {
        const size_t token = r->o->a.rows ? k / (size_t)window : k;
        const size_t row = r->o->a.rows ? k : k * (size_t)window;
        float *line = x + k * MW_SCORE_COLUMNS;

        line[MW_SCORE_START] = (float)rows->t[row];
        line[MW_SCORE_SCORE] = res->score[m][at + token];
        line[MW_SCORE_RELEVANCE] = largest > 0 ? res->pool[m][at + token] / largest : 0.0f;
        line[MW_SCORE_ATTENTION] = res->pool[m][at + token];
    }
    return x;
}

static void put_csv(mw_str *s, const float *x, size_t n)
{
    for (int c = 0; c < MW_SCORE_COLUMNS; c++)
        mw_str_printf(s, "%s%s", c ? "," : "", mw_score_column_name[c]);
    mw_str_putc(s, '\n');
    for (size_t k = 0; k < n * MW_SCORE_COLUMNS; k++) {
        char text[MW_F64_TEXT];

        mw_f32_text(text, x[k]);
        mw_str_put(s, text);
        mw_str_putc(s, (k + 1) % MW_SCORE_COLUMNS ? ',' : '\n');
    }
}

static mw_status write_modality(const apply_run *r, const mw_model_result *res, size_t i, int m,
                                const mw_bank_modality *rows, const char *clip, mw_error *err)
{
    const char *condition = r->conditions[i]->id;
    const int several = r->n_conditions > 1;
    char *path = mw_format("%s/%s%s%s.%c.scores.%s", r->o->run.out, several ? condition : "",
                           several ? "/" : "", clip, r->model->prep.m[m].letter,
                           format_names[r->o->a.format]);
    size_t shape[2] = { 0, MW_SCORE_COLUMNS };
    float *x = make_lines(&shape[0], r, res, i, m, rows);
    mw_str s = { 0 };
    mw_status st = path && x ? mw_make_parents(path, err) : mw_fail_nomem(err);

    if (st == MW_OK && r->o->a.format == FORMAT_NPY)
        mw_npy_put(&s, "<f4", shape, 2, x, shape[0] * MW_SCORE_COLUMNS * sizeof *x);
    else if (st == MW_OK)
        put_csv(&s, x, shape[0]);
    if (st == MW_OK) st = mw_str_ok(&s, err);
    if (st == MW_OK) st = mw_file_store(path, s.data, s.n, err);
    r->summary->n_outputs += st == MW_OK;
    mw_str_clear(&s);
    mw_free(x);
    mw_free(path);
    return st;
}

static void put_prediction(apply_run *r, const mw_model_result *res, size_t i, const char *clip)
{
    const json_t *seed = json_object_get(r->model->about, "seed");

    mw_str_printf(&r->predictions, "%s,%s,%lld", clip, r->conditions[i]->id,
                  (long long)json_integer_value(seed));
    for (int k = 0; k < res->n_out; k++) {
        char text[MW_F64_TEXT];

        mw_f32_text(text, res->y[i * (size_t)res->n_out + (size_t)k]);
        mw_str_printf(&r->predictions, ",%s", text);
    }
    mw_str_putc(&r->predictions, '\n');
}

static mw_status write_all(apply_run *r, const mw_model_result *res, const mw_model_input *in,
                           const char *clip, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < res->n; i++) {
        for (int m = 0; st == MW_OK && m < res->n_modalities; m++) {
            const mw_bank_modality *rows =
                mw_feature_bank_modality_of(in[i].clip, r->model->prep.m[m].letter);

            if (rows && rows->rows && in[i].variant[rows - in[i].clip->m])
                st = write_modality(r, res, i, m, rows, clip, err);
        }
        put_prediction(r, res, i, clip);
    }
    return st;
}

static mw_status score_clip(apply_run *r, const char *name, mw_error *err)
{
    mw_model_input *in = mw_calloc(r->n_conditions, sizeof *in);
    mw_bank_clip clip = { 0 };
    mw_model_result res = { 0 };
    size_t n = 0;
    mw_status st = in ? mw_feature_bank_read(&clip, &r->bank, name, NULL, err) : mw_fail_nomem(err);

    for (; st == MW_OK && n < r->n_conditions; n++)
        st = mw_feature_bank_input(&in[n], &clip, r->conditions[n], name, err);
    if (st == MW_OK) st = mw_model_run(r->model, in, n, mw_run_threads(&r->o->run), &res, err);
    if (st == MW_OK && !r->o->run.dry_run) st = write_all(r, &res, in, name, err);
    mw_model_result_clear(&res);
    mw_bank_clip_clear(&clip);
    mw_free(in);
    return st;
}

static void tell(const apply_run *r, mw_event_kind kind, size_t n, const char *id, mw_status st,
                 const mw_error *error)
{
    const mw_event e = { .kind = kind,
                         .n_ended = n,
                         .n_total = r->summary->n_clips,
                         .id = id,
                         .outcome = st == MW_OK ? MW_DONE : MW_FAILED,
                         .reason = st == MW_OK ? "" : error->reason,
                         .message = st == MW_OK ? "" : error->message,
                         .elapsed_s = mw_clock_s() - r->start_s };

    if (r->hooks && r->hooks->event) r->hooks->event(r->hooks->user, &e);
}

static int is_wanted(const apply_run *r, size_t i)
{
    const char *split = split_names[r->o->a.split];

    return !r->o->a.split || !strcmp(mw_split_name(r->bank.labels.v[i].split), split);
}

static mw_status score_clips(apply_run *r, mw_error *err)
{
    for (size_t i = 0, n = 0; n < r->summary->n_clips; i++) {
        const char *name = r->bank.labels.v[i].clip;
        mw_error own = { 0 };
        mw_status st;

        if (!is_wanted(r, i)) continue;
        n++;
        if (r->hooks && r->hooks->stop && r->hooks->stop(r->hooks->user))
            return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        st = score_clip(r, name, &own);
        r->summary->n_done += st == MW_OK;
        if (st != MW_OK) {
            r->summary->n_failed++;
            mw_summary_count(r->summary, own.reason);
        }
        tell(r, MW_EVENT_CLIP, n, name, st, &own);
        if (st != MW_OK && r->o->run.fail_fast) break;
    }
    return MW_OK;
}

static mw_status write_predictions(apply_run *r, mw_error *err)
{
    char *path = mw_path_join(r->o->run.out, "predictions.csv");
    mw_status st = path ? mw_str_ok(&r->predictions, err) : mw_fail_nomem(err);

    if (st == MW_OK) st = mw_make_parents(path, err);
    if (st == MW_OK) st = mw_file_store(path, r->predictions.data, r->predictions.n, err);
    mw_free(path);
    return st;
}

static mw_status choose_conditions(apply_run *r, mw_error *err)
{
    const char *want = r->o->a.condition;
    const mw_bank_index *index = &r->bank.index;
    mw_status st =
        mw_feature_bank_conditions(&r->conditions, &r->n_conditions, &r->bank, "", 0, err);

    if (st != MW_OK || !strcmp(want, "clean")) return st;
    if (strcmp(want, "all")) r->n_conditions = 0;
    for (size_t i = 0; i < index->n_conditions; i++)
        if ((!strcmp(want, "all") && strcmp(index->conditions[i].id, "clean")) ||
            !strcmp(want, index->conditions[i].id))
            r->conditions[r->n_conditions++] = &index->conditions[i];
    if (r->n_conditions) return MW_OK;
    return mw_fail(err, MW_ERR_RANGE, "bad_option",
                   "option 'condition': '%s' has no condition '%s'", r->o->run.in, want);
}

static mw_status set_up(apply_run *r, mw_error *err)
{
    mw_status st;

    if (!*r->o->run.in || !*r->o->run.out || !*r->o->a.model)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'in' (a bank), 'model' and 'out' are needed");
    st = mw_feature_bank_open(&r->bank, r->o->run.in, NULL, err);
    if (st == MW_OK) st = choose_conditions(r, err);
    if (st == MW_OK) st = mw_model_load(&r->model, r->o->a.model, err);
    if (st != MW_OK) return st;
    for (size_t i = 0; i < r->bank.labels.n; i++)
        r->summary->n_clips += (size_t)is_wanted(r, i);
    if (!r->summary->n_clips)
        return mw_fail(err, MW_ERR_FORMAT, "no_clips", "'%s' has no clip of split %s", r->o->run.in,
                       split_names[r->o->a.split]);
    if (r->o->run.limit && (size_t)r->o->run.limit < r->summary->n_clips)
        r->summary->n_clips = (size_t)r->o->run.limit;
    mw_str_put(&r->predictions, "clip_id,condition,seed");
    for (int k = 0; k < r->model->options.outputs; k++)
        mw_str_printf(&r->predictions, r->model->options.outputs > 1 ? ",p_%d" : ",p", k);
    mw_str_putc(&r->predictions, '\n');
    return MW_OK;
}

mw_status mw_score(const mw_score_options *o, const mw_run_hooks *hooks, mw_summary *summary,
                   mw_error *err)
{
    apply_run r = { .o = o, .hooks = hooks, .summary = summary, .start_s = mw_clock_s() };
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = set_up(&r, err);
    if (st == MW_OK) {
        tell(&r, MW_EVENT_START, 0, NULL, MW_OK, NULL);
        st = score_clips(&r, err);
    }
    if (st == MW_OK && !o->run.dry_run && r.model->options.kind != MW_NET_RELIABILITY)
        st = write_predictions(&r, err);
    summary->elapsed_s = mw_clock_s() - r.start_s;
    mw_str_clear(&r.predictions);
    mw_model_destroy(&r.model);
    mw_free(r.conditions);
    mw_feature_bank_close(&r.bank);
    return st;
}
