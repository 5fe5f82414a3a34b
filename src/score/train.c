/* SPDX-License-Identifier: Apache-2.0 */
#include "score/train.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fmath.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"

struct mw_trainer {
    mw_net *net, *best;
    const mw_sample_set *train, *valid;
    mw_trainer_options o;
    int with_scores, n_threads;
    mw_batch batch;
    size_t *order; /* [train->n] */
    int64_t epoch, best_epoch;
    uint64_t step;
    double best_value;
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

mw_status mw_trainer_create(mw_trainer **out, mw_net *net, const mw_sample_set *train,
                            const mw_sample_set *valid, const mw_trainer_options *o,
                            int with_scores, int n_threads, mw_error *err)
{
    const mw_net_config *c = mw_net_config_of(net);
    mw_trainer *t = mw_calloc(1, sizeof *t);
    int n_tokens[MW_NET_MAX_MODALITIES];
    mw_status st = MW_OK;

    *out = NULL;
    if (!t) return mw_fail_nomem(err);
    *t = (mw_trainer){ .net = net,
                       .train = train,
                       .valid = valid,
                       .o = *o,
                       .with_scores = with_scores,
                       .n_threads = n_threads,
                       .best_value = INFINITY };
    for (int m = 0; m < c->n_modalities; m++)
        n_tokens[m] = (int)larger((size_t)train->n_tokens[m], (size_t)valid->n_tokens[m]);
    t->order = mw_calloc(train->n, sizeof *t->order);
    if (!t->order) st = mw_fail_nomem(err);
    if (st == MW_OK) st = mw_batch_create(&t->batch, c, (size_t)o->batch, n_tokens, err);
    if (st == MW_OK) st = mw_net_create(&t->best, c, 0, err);
    if (st != MW_OK) {
        mw_trainer_destroy(&t);
        return st;
    }
    *out = t;
    return MW_OK;
}

void mw_trainer_destroy(mw_trainer **t)
{
    if (!*t) return;
    mw_net_destroy(&(*t)->best);
    mw_batch_clear(&(*t)->batch);
    mw_free((*t)->order);
    mw_free(*t);
    *t = NULL;
}

int mw_trainer_done(const mw_trainer *t)
{
    return t->epoch >= t->o.epochs || t->epoch - t->best_epoch >= t->o.patience;
}

/* ---- one epoch ---- */

/* The draws of an epoch depend on seed and epoch alone, so that a restored run makes the same. */
static mw_rng epoch_stream(const mw_trainer *t, const char *what)
{
    const mw_clip_key key = mw_clip_key_make((uint64_t)t->o.seed, "training");
    char purpose[48];

    snprintf(purpose, sizeof purpose, "%s/%lld", what, (long long)t->epoch);
    return mw_rng_make(&key, "train", purpose);
}

static void shuffle(mw_trainer *t)
{
    mw_rng r = epoch_stream(t, "order");

    for (size_t i = 0; i < t->train->n; i++)
        t->order[i] = i;
    for (size_t i = t->train->n; i > 1; i--) {
        const size_t j = (size_t)mw_rng_below(&r, i), keep = t->order[i - 1];

        t->order[i - 1] = t->order[j];
        t->order[j] = keep;
    }
}

static uint64_t steps_per_epoch(const mw_trainer *t)
{
    return (t->train->n + (size_t)t->o.batch - 1) / (size_t)t->o.batch;
}

/* Linear warm-up, then half a cosine down to 0 at the last step of all epochs. */
static double rate_at(const mw_trainer *t, uint64_t step)
{
    const uint64_t per_epoch = steps_per_epoch(t);
    const double warmup = (double)t->o.warmup_steps,
                 total = (double)(per_epoch * (uint64_t)t->o.epochs), at = (double)step;

    if (at < warmup) return t->o.rate * (at + 1) / warmup;
    if (total <= warmup) return t->o.rate;
    return t->o.rate * 0.5 *
           (1 + mw_cos(3.14159265358979323846 * (at - warmup) / (total - warmup)));
}

/* Which condition a visit shows: clean, or one of the damaged variants. */
static size_t draw_condition(const mw_trainer *t, mw_rng *r)
{
    const double u = mw_rng_unit(r);
    const uint64_t which =
        t->train->n_conditions > 1 ? mw_rng_below(r, t->train->n_conditions - 1) : 0;

    return t->train->n_conditions < 2 || u < t->o.p_clean ? 0 : 1 + (size_t)which;
}

/* Every clip takes its draws in the same order whatever comes of them. */
static void put_sample(mw_trainer *t, size_t i, const mw_sample *s, mw_rng *r)
{
    const int n_modalities = t->batch.n_modalities;
    const size_t at = draw_condition(t, r) * (size_t)n_modalities;
    const mw_tokens *tokens[MW_NET_MAX_MODALITIES] = { NULL };
    const float *scores[MW_NET_MAX_MODALITIES] = { NULL };
    int gone = 0;

    for (int m = 0; m < n_modalities; m++) {
        const int drop = mw_rng_unit(r) < t->o.p_drop_modality;

        tokens[m] = s->tokens[at + (size_t)m];
        scores[m] = s->scores ? s->scores[at + (size_t)m] : NULL;
        if (drop && !gone && n_modalities > 1) {
            tokens[m] = NULL;
            gone = 1;
        }
    }
    mw_batch_put(&t->batch, i, tokens, s->scores ? scores : NULL, s->has_y ? s->y : NULL);
    for (int m = 0; m < n_modalities; m++)
        if (t->o.token_drop > 0)
            mw_batch_drop(&t->batch, i, m, mw_rng_uniform(r, 0, t->o.token_drop), r);
}

static void add_loss(mw_net_loss *sum, const mw_net_loss *l, double weight)
{
    sum->total += weight * l->total;
    sum->task += weight * l->task;
    sum->rel += weight * l->rel;
    sum->uni += weight * l->uni;
}

static mw_status train_pass(mw_trainer *t, mw_train_epoch *report, int (*stop)(void *), void *user,
                            mw_error *err)
{
    const size_t batch = (size_t)t->o.batch;
    mw_rng r = epoch_stream(t, "visits");
    mw_status st = MW_OK;

    shuffle(t);
    for (size_t at = 0; st == MW_OK && at < t->train->n; at += batch) {
        const size_t n = t->train->n - at < batch ? t->train->n - at : batch;
        mw_net_loss loss;

        if (stop && stop(user)) return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        mw_batch_begin(&t->batch, n, t->with_scores);
        for (size_t i = 0; i < n; i++)
            put_sample(t, i, &t->train->v[t->order[at + i]], &r);
        st = mw_net_gradient(t->net, &t->batch.b, t->step, t->n_threads, &loss, err);
        if (st == MW_OK && !isfinite(loss.total))
            st = mw_fail(err, MW_ERR_RANGE, "diverged",
                         "the loss is not finite in step %llu; try a smaller rate",
                         (unsigned long long)t->step);
        if (st != MW_OK) break;
        report->rate = rate_at(t, t->step);
        mw_net_adamw(t->net, report->rate, t->o.decay, t->o.coefficient_rate, t->o.clip_norm);
        add_loss(&report->train, &loss, (double)n / (double)t->train->n);
        t->step++;
    }
    return st;
}

/* Mean selection loss over the validation clips under one condition. */
static mw_status validate(mw_trainer *t, size_t condition, double *value, mw_error *err)
{
    const size_t batch = (size_t)t->o.batch, n_modalities = (size_t)t->batch.n_modalities;
    const int reliability = mw_net_config_of(t->net)->task == MW_TASK_RELIABILITY;
    double sum = 0, weight = 0;
    mw_status st = MW_OK;

    for (size_t at = 0; st == MW_OK && at < t->valid->n; at += batch) {
        const size_t n = t->valid->n - at < batch ? t->valid->n - at : batch;
        size_t n_labelled = 0;
        mw_net_loss loss;

        mw_batch_begin(&t->batch, n, t->with_scores);
        for (size_t i = 0; i < n; i++) {
            const mw_sample *s = &t->valid->v[at + i];

            mw_batch_put(&t->batch, i, s->tokens + condition * n_modalities,
                         s->scores ? (const float *const *)s->scores + condition * n_modalities
                                   : NULL,
                         s->has_y ? s->y : NULL);
            n_labelled += (size_t)s->has_y;
        }
        if (reliability) n_labelled = n;
        st = mw_net_predict(t->net, &t->batch.b, t->n_threads, NULL, &loss, err);
        sum += (double)n_labelled * (reliability ? loss.rel : loss.task);
        weight += (double)n_labelled;
    }
    *value = weight > 0 ? sum / weight : NAN;
    return st;
}

mw_status mw_trainer_epoch(mw_trainer *t, mw_train_epoch *report, int (*stop)(void *user),
                           void *user, mw_error *err)
{
    mw_status st;

    *report = (mw_train_epoch){ .epoch = t->epoch + 1 };
    st = train_pass(t, report, stop, user, err);
    if (st == MW_OK) st = validate(t, 0, &report->valid_clean, err);
    report->valid_mixed = report->valid_clean;
    if (st == MW_OK && t->valid->n_conditions > 1) st = validate(t, 1, &report->valid_mixed, err);
    if (st != MW_OK) return st;
    report->value = 0.5 * (report->valid_clean + report->valid_mixed);
    t->epoch++;
    if (!t->o.keep_last && !(report->value < t->best_value)) return MW_OK;
    report->best = 1;
    t->best_value = report->value;
    t->best_epoch = t->epoch;
    mw_net_copy(t->best, t->net);
    return MW_OK;
}

void mw_trainer_take_best(mw_trainer *t)
{
    if (t->best_epoch) mw_net_copy(t->net, t->best);
}

int64_t mw_trainer_epochs(const mw_trainer *t)
{
    return t->epoch;
}

int64_t mw_trainer_best_epoch(const mw_trainer *t)
{
    return t->best_epoch;
}

double mw_trainer_best_value(const mw_trainer *t)
{
    return t->best_value;
}

/* ---- checkpoints ---- */

#define PREFIX "epoch-"
#define SCHEMA "merwild.training/1"

static mw_status store_state(const mw_trainer *t, const char *path, const char *tag, mw_error *err)
{
    mw_str s = { 0 };
    mw_json j = mw_json_begin(&s);
    mw_status st;

    mw_json_open(&j, '{');
    mw_json_put_text(&j, "schema", SCHEMA);
    mw_json_put_text(&j, "tag", tag);
    mw_json_put_i64(&j, "epoch", t->epoch);
    mw_json_put_i64(&j, "step", (int64_t)t->step);
    mw_json_put_i64(&j, "best_epoch", t->best_epoch);
    mw_json_put_f64(&j, "best_value", t->best_value);
    mw_json_close(&j, '}');
    st = mw_str_ok(&s, err);
    if (st == MW_OK) st = mw_file_store(path, s.data, s.n, err);
    mw_str_clear(&s);
    return st;
}

/* The files of a checkpoint folder. */
typedef struct files {
    char *net, *best, *optim, *state;
} files;

static void files_free(files *f)
{
    mw_free(f->net);
    mw_free(f->best);
    mw_free(f->optim);
    mw_free(f->state);
    *f = (files){ NULL };
}

static mw_status files_of(files *f, const char *folder, mw_error *err)
{
    *f = (files){ mw_path_join(folder, "model.safetensors"),
                  mw_path_join(folder, "best.safetensors"),
                  mw_path_join(folder, "optim.safetensors"), mw_path_join(folder, "state.json") };
    if (f->net && f->best && f->optim && f->state) return MW_OK;
    files_free(f);
    return mw_fail_nomem(err);
}

/* The state first: who is killed after it leaves a folder that is no checkpoint. */
static void remove_checkpoint(const char *folder)
{
    files f;

    if (files_of(&f, folder, NULL) != MW_OK) return;
    unlink(f.state);
    unlink(f.net);
    unlink(f.best);
    unlink(f.optim);
    rmdir(folder);
    files_free(&f);
}

/* Number of the epoch in a folder's name; -1 for other names. */
static int64_t epoch_of(const char *name)
{
    int64_t n;

    if (strncmp(name, PREFIX, strlen(PREFIX))) return -1;
    return mw_i64_parse(name + strlen(PREFIX), &n) || n < 0 ? -1 : n;
}

#define KEEP_NONE (-1)

/* Remove the checkpoints below dir, whole or not, other than that of epoch keep. */
static void remove_others(const char *dir, int64_t keep)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        const int is_one = !strncmp(e->d_name, PREFIX, strlen(PREFIX));
        char *folder = is_one && (keep == KEEP_NONE || epoch_of(e->d_name) != keep)
                           ? mw_path_join(dir, e->d_name)
                           : NULL;

        if (folder) remove_checkpoint(folder);
        mw_free(folder);
    }
    if (d) closedir(d);
}

/* The newest epoch of the checkpoints below dir, -1 without any. */
static mw_status find_newest(int64_t *newest, const char *dir, mw_error *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    mw_status st = MW_OK;

    *newest = -1;
    while (st == MW_OK && d && (e = readdir(d))) {
        const int64_t n = epoch_of(e->d_name);
        char *state = n > *newest ? mw_format("%s/%s/state.json", dir, e->d_name) : NULL;

        if (n > *newest && !state) st = mw_fail_nomem(err);
        if (state && mw_file_size(state) >= 0) *newest = n;
        mw_free(state);
    }
    if (d) closedir(d);
    return st;
}

void mw_trainer_forget(const char *dir)
{
    remove_others(dir, KEEP_NONE);
    rmdir(dir);
}

mw_status mw_trainer_save(const mw_trainer *t, const char *dir, const char *tag, mw_error *err)
{
    char *folder = mw_format("%s/" PREFIX "%lld", dir, (long long)t->epoch);
    char *part = folder ? mw_part_path(folder) : NULL;
    files f = { NULL };
    mw_status st = part ? files_of(&f, part, err) : mw_fail_nomem(err);

    if (st == MW_OK) {
        remove_checkpoint(part); /* of a run that was killed */
        st = mw_make_dirs(part, err);
    }
    if (st == MW_OK) st = mw_net_save(t->net, f.net, NULL, 0, NULL, 0, err);
    if (st == MW_OK) st = mw_net_save(t->best, f.best, NULL, 0, NULL, 0, err);
    if (st == MW_OK) st = mw_net_save_optim(t->net, f.optim, err);
    if (st == MW_OK) st = store_state(t, f.state, tag, err);
    if (st == MW_OK) remove_checkpoint(folder); /* what an interrupted removal left */
    if (st == MW_OK && rename(part, folder))
        st = mw_fail_errno(err, errno, "'%s' could not be named '%s'", part, folder);
    if (st == MW_OK)
        remove_others(dir, t->epoch);
    else if (part)
        remove_checkpoint(part);
    files_free(&f);
    mw_free(part);
    mw_free(folder);
    return st;
}

static mw_status bad_state(const char *path, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_checkpoint", "'%s': %s", path, what);
}

/* The numbers of a state, which are those of epoch number epoch. */
static mw_status take_state(mw_trainer *t, const json_t *root, int64_t epoch, const char *path,
                            mw_error *err)
{
    const json_t *best = json_object_get(root, "best_value");

    t->epoch = json_integer_value(json_object_get(root, "epoch"));
    t->step = (uint64_t)json_integer_value(json_object_get(root, "step"));
    t->best_epoch = json_integer_value(json_object_get(root, "best_epoch"));
    t->best_value = t->best_epoch ? json_number_value(best) : INFINITY;
    if (t->epoch != epoch || t->epoch < 1 || t->epoch > t->o.epochs)
        return bad_state(path, "'epoch' is not that of the folder, or beyond the last", err);
    if (t->step != (uint64_t)t->epoch * steps_per_epoch(t))
        return bad_state(path, "'step' is not at the end of the epoch", err);
    if (!json_is_integer(json_object_get(root, "best_epoch")) || t->best_epoch < 0 ||
        t->best_epoch > t->epoch)
        return bad_state(path, "'best_epoch' is none of the epochs", err);
    if (t->best_epoch && (!json_is_number(best) || !isfinite(t->best_value)))
        return bad_state(path, "'best_value' is no number", err);
    return MW_OK;
}

static mw_status read_state(mw_trainer *t, int64_t epoch, const char *path, const char *tag,
                            mw_error *err)
{
    json_t *root = NULL;
    mw_status st = mw_json_load(&root, path, 1 << 20, err);
    const char *schema, *had;

    if (st != MW_OK) return st;
    schema = json_string_value(json_object_get(root, "schema"));
    had = json_string_value(json_object_get(root, "tag"));
    if (!schema || strcmp(schema, SCHEMA) || !had)
        st = bad_state(path, "not a '" SCHEMA "' file", err);
    else if (strcmp(had, tag))
        st = mw_fail(err, MW_ERR_MISMATCH, "other_run",
                     "'%s' belongs to training with other options or data; use --overwrite, or "
                     "another folder",
                     path);
    else
        st = take_state(t, root, epoch, path, err);
    json_decref(root);
    return st;
}

static mw_status read_checkpoint(mw_trainer *t, int64_t epoch, const files *f, const char *tag,
                                 mw_error *err)
{
    mw_status st = read_state(t, epoch, f->state, tag, err);

    if (st == MW_OK) st = mw_net_load(t->net, f->net, err);
    if (st == MW_OK) st = mw_net_load(t->best, f->best, err);
    if (st == MW_OK) st = mw_net_load_optim(t->net, f->optim, err);
    if (st == MW_OK && mw_net_steps(t->net) != t->step)
        st = bad_state(f->optim, "its step is not that of state.json", err);
    if (st == MW_ERR_FORMAT || st == MW_ERR_IO)
        mw_error_prefix(err, "a damaged checkpoint; --overwrite starts again");
    return st;
}

mw_status mw_trainer_restore(mw_trainer *t, const char *dir, const char *tag, int *found,
                             mw_error *err)
{
    int64_t newest;
    char *folder;
    files f = { NULL };
    mw_status st = find_newest(&newest, dir, err);

    *found = 0;
    if (st != MW_OK || newest < 0) return st;
    folder = mw_format("%s/" PREFIX "%lld", dir, (long long)newest);
    st = folder ? files_of(&f, folder, err) : mw_fail_nomem(err);
    if (st == MW_OK) st = read_checkpoint(t, newest, &f, tag, err);
    *found = st == MW_OK;
    files_free(&f);
    mw_free(folder);
    return st;
}
