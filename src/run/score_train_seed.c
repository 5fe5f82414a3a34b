/* SPDX-License-Identifier: Apache-2.0
 *
 * train, one seed: resumes, trains, keeps a log and writes the best model.
 */
#include "run/score_train.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "run/score_base.h"
#include "run/sidecar.h"

typedef struct seed_run {
    mw_train_run *r;
    int64_t seed;
    char name[32], *dir, *checkpoints, *log_path, *base; /* base NULL: none */
    char tag[MW_SHA256_HEX + 1];                         /* of the run, and of the base */
    mw_model *model;
    mw_trainer *trainer;
    mw_str log;
    double start_s;
} seed_run;

/* The regression's bias starts at the median label. */
static void start_at_median(seed_run *s)
{
    mw_net *net = s->model->net;

    if (s->r->net.task != MW_TASK_REGRESSION && s->r->net.task != MW_TASK_REGRESSION_MULTILABEL)
        return;
    for (size_t i = 0; i < mw_net_n_params(net); i++) {
        mw_net_param *p = mw_net_param_at(net, i);
        const size_t n = strlen(p->name);

        if (!strcmp(p->name, "head.fc2.bias") ||
            (!strncmp(p->name, "uni.", 4) && n > 5 && !strcmp(p->name + n - 5, ".bias")))
            p->v[0] = (float)s->r->median;
    }
}

static void about(mw_json *j, const void *user)
{
    const seed_run *s = user;
    const mw_train_run *r = s->r;
    mw_net *net = s->model->net;

    mw_json_put_text(j, "tag", s->tag);
    mw_json_put_i64(j, "seed", s->seed);
    mw_json_key(j, "training");
    mw_json_struct(j, mw_train_data_table, &r->d, MW_OPT_RUNTIME);
    mw_json_put_i64(j, "epochs", mw_trainer_epochs(s->trainer));
    mw_json_put_i64(j, "best_epoch", mw_trainer_best_epoch(s->trainer));
    mw_json_put_f64(j, "best_value", mw_trainer_best_value(s->trainer));
    mw_json_key(j, "coefficients");
    mw_json_open(j, '{');
    for (size_t i = 0; i < mw_net_n_params(net); i++) {
        const mw_net_param *p = mw_net_param_at(net, i);

        if (!p->coefficient) continue;
        mw_json_key(j, p->name);
        mw_json_open(j, '[');
        for (size_t k = 0; k < p->n; k++)
            mw_json_f64(j, (double)p->v[k]);
        mw_json_close(j, ']');
    }
    mw_json_close(j, '}');
    mw_json_key(j, "data");
    mw_json_open(j, '{');
    mw_json_put_text(j, "bank_sha256", r->bank.sha256);
    mw_json_put_text(j, "train_sha256", r->train.sha256);
    mw_json_put_text(j, "valid_sha256", r->valid.sha256);
    mw_json_put_i64(j, "train_clips", (int64_t)r->train.set.n);
    mw_json_put_i64(j, "train_conditions", (int64_t)r->train.set.n_conditions);
    mw_json_put_i64(j, "valid_clips", (int64_t)r->valid.set.n);
    mw_json_put_i64(j, "not_finite_values", r->n_not_finite);
    mw_json_put_f64(j, "median_label", r->median);
    mw_json_close(j, '}');
    /* first half of SHA-256 of each clip's name: evaluation refuses clips that training saw */
    mw_json_key(j, "seen");
    mw_json_open(j, '[');
    for (int which = 0; which < 2; which++) {
        const mw_score_split *split = which ? &r->valid : &r->train;

        for (size_t i = 0; i < split->set.n; i++) {
            char hex[65];

            mw_sha256_hex(hex, split->labels[i]->clip, strlen(split->labels[i]->clip));
            hex[32] = 0;
            mw_json_text(j, hex);
        }
    }
    mw_json_close(j, ']');
}

static void log_epoch(seed_run *s, const mw_train_epoch *e)
{
    mw_str text = { 0 };
    mw_json j = mw_json_begin(&text);

    mw_json_open(&j, '{');
    mw_json_put_i64(&j, "epoch", e->epoch);
    mw_json_put_f64(&j, "rate", e->rate);
    mw_json_put_f64(&j, "loss", e->train.total);
    mw_json_put_f64(&j, "loss_task", e->train.task);
    mw_json_put_f64(&j, "loss_reliability", e->train.rel);
    mw_json_put_f64(&j, "loss_unimodal", e->train.uni);
    mw_json_put_f64(&j, "valid_clean", e->valid_clean);
    mw_json_put_f64(&j, "valid_mixed", e->valid_mixed);
    mw_json_key(&j, "best");
    mw_json_bool(&j, e->best);
    mw_json_put_f64(&j, "seconds", mw_clock_s() - s->start_s);
    mw_json_close(&j, '}');
    if (text.data) mw_json_compact(&s->log, text.data, text.n);
    mw_str_putc(&s->log, '\n');
    if (text.failed) s->log.failed = 1;
    mw_str_clear(&text);
}

/* The first lines of the log of a run that goes on; it may be gone. */
static mw_status read_log(seed_run *s, int64_t epochs, mw_error *err)
{
    char *text = NULL, *end;
    size_t n;
    const mw_status st = mw_file_load(&text, &n, s->log_path, (size_t)64 << 20, NULL);

    if (st == MW_ERR_NOMEM) return mw_fail_nomem(err);
    if (st != MW_OK) return MW_OK;
    end = text;
    for (int64_t i = 0; end && i < epochs; i++) {
        end = strchr(end, '\n');
        if (end) end++;
    }
    if (end) mw_str_putn(&s->log, text, (size_t)(end - text));
    mw_free(text);
    return mw_str_ok(&s->log, err);
}

static mw_status run_epoch(seed_run *s, mw_error *err)
{
    mw_train_run *r = s->r;
    mw_train_epoch e;
    char message[160];
    mw_status st = mw_trainer_epoch(s->trainer, &e, mw_train_stopping, r, err);

    if (st != MW_OK) return st;
    log_epoch(s, &e);
    st = mw_str_ok(&s->log, err);
    if (st == MW_OK) st = mw_file_store(s->log_path, s->log.data, s->log.n, err);
    if (st == MW_OK) st = mw_trainer_save(s->trainer, s->checkpoints, s->tag, err);
    r->epochs_ended++;
    snprintf(message, sizeof message, "epoch %lld: loss %.4f, validation %.4f clean, %.4f mixed%s",
             (long long)e.epoch, e.train.total, e.valid_clean, e.valid_mixed, e.best ? " *" : "");
    if (st == MW_OK) mw_train_tell(r, MW_EVENT_CLIP, s->name, message);
    return st;
}

/* *finished: a model of the same options and data is there; MW_ERR_MISMATCH: another's. A broken
 * config.json is none. */
static mw_status find_finished(int *finished, const seed_run *s, mw_error *err)
{
    char *config = mw_path_join(s->dir, "config.json");
    json_t *root = NULL;
    mw_status st = config ? MW_OK : MW_ERR_NOMEM;

    *finished = 0;
    if (st == MW_OK && mw_file_size(config) >= 0)
        st = mw_json_load(&root, config, (size_t)16 << 20, NULL);
    mw_free(config);
    if (st == MW_ERR_NOMEM) return mw_fail_nomem(err);
    st = MW_OK;
    if (root) {
        const char *tag = json_string_value(json_object_get(root, "tag"));

        *finished = tag && !strcmp(tag, s->tag);
        if (!*finished)
            st = mw_fail(
                err, MW_ERR_MISMATCH, "other_run",
                "'%s' holds a model of other options or data; use --overwrite, or another folder",
                s->dir);
    }
    json_decref(root);
    return st;
}

static mw_status open_seed(seed_run *s, mw_error *err)
{
    mw_train_run *r = s->r;
    mw_trainer_options t = r->d.t;
    mw_net_options options = { 0 };
    mw_prep prep = { 0 };
    int found = 0;
    mw_status st = mw_net_options_copy(&options, &r->net, err);

    if (st == MW_OK) st = mw_prep_copy(&prep, &r->prep, err);
    if (st != MW_OK) {
        mw_opt_clear(mw_net_options_table, &options);
        return st;
    }
    t.seed = s->seed;
    t.keep_last = s->base != NULL; /* clean validation cannot see what a missing token is worth */
    st = mw_model_create(&s->model, &options, &prep, NULL, (uint64_t)s->seed, err);
    if (st != MW_OK) return st;
    start_at_median(s);
    if (s->base) st = mw_base_take(s->model, s->base, err);
    if (st != MW_OK) return st;
    st = mw_trainer_create(&s->trainer, s->model->net, &r->train.set, &r->valid.set, &t,
                           r->net.kind == MW_NET_GIVEN, r->n_threads, err);
    if (st == MW_OK && !r->o->run.overwrite)
        st = mw_trainer_restore(s->trainer, s->checkpoints, s->tag, &found, err);
    if (st == MW_OK && found) {
        st = read_log(s, mw_trainer_epochs(s->trainer), err);
        r->epochs_ended += (size_t)mw_trainer_epochs(s->trainer);
    }
    return st;
}

/* OUT/runs.jsonl counts every start, so that reports can tell how many runs were tried. */
static mw_status count_start(const seed_run *s, mw_error *err)
{
    char *path = mw_path_join(s->r->o->run.out, MW_RUNS_FILE);
    mw_str line = { 0 };
    mw_status st = path ? MW_OK : mw_fail_nomem(err);
    int fd = -1;

    mw_str_printf(&line, "{\"seed\": %lld, \"tag\": \"%s\"}\n", (long long)s->seed, s->tag);
    if (st == MW_OK) st = mw_str_ok(&line, err);
    if (st == MW_OK) {
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (fd < 0) st = mw_fail_errno(err, errno, "cannot write '%s'", path);
    }
    if (st == MW_OK) st = mw_write_all(fd, line.data, line.n, path, err);
    if (fd >= 0) close(fd);
    mw_str_clear(&line);
    mw_free(path);
    return st;
}

static mw_status train_seed(seed_run *s, mw_error *err)
{
    mw_train_run *r = s->r;
    const size_t epochs_before = r->epochs_ended;
    int finished = 0;
    mw_status st = r->o->run.overwrite ? MW_OK : find_finished(&finished, s, err);

    if (finished) r->summary->n_skipped++;
    if (finished || st != MW_OK) return st;
    if (r->o->run.overwrite) mw_trainer_forget(s->checkpoints);
    st = mw_make_dirs(s->checkpoints, err);
    if (st == MW_OK) st = count_start(s, err);
    if (st == MW_OK) st = open_seed(s, err);
    while (st == MW_OK && !mw_trainer_done(s->trainer))
        st = run_epoch(s, err);
    if (st != MW_OK) return st;
    mw_trainer_take_best(s->trainer);
    s->model->scorer = r->scorer; /* lent, to be saved beside it */
    st = mw_model_save(s->model, s->dir, about, s, err);
    s->model->scorer = NULL;
    if (st == MW_OK) mw_trainer_forget(s->checkpoints);
    r->epochs_ended = epochs_before + (size_t)r->d.t.epochs;
    r->summary->n_done += st == MW_OK;
    r->summary->n_outputs += st == MW_OK;
    return st;
}

/* The run's tag; another base makes another model. */
static mw_status make_seed_tag(seed_run *s, mw_error *err)
{
    char both[2 * MW_SHA256_HEX + 1], *weights;
    mw_status st;

    snprintf(s->tag, sizeof s->tag, "%s", s->r->tag);
    if (!s->base) return MW_OK;
    weights = mw_path_join(s->base, "model.safetensors");
    memcpy(both, s->r->tag, MW_SHA256_HEX);
    st = weights ? mw_sha256_file(both + MW_SHA256_HEX, NULL, weights, err) : mw_fail_nomem(err);
    if (st == MW_OK) mw_sha256_hex(s->tag, both, (size_t)2 * MW_SHA256_HEX);
    mw_free(weights);
    return st;
}

mw_status mw_train_seed(mw_train_run *r, int64_t seed, mw_error *err)
{
    seed_run s = { .r = r, .seed = seed, .start_s = mw_clock_s() };
    mw_status st = MW_OK;

    snprintf(s.name, sizeof s.name, "seed_%lld", (long long)seed);
    s.dir = mw_path_join(r->o->run.out, s.name);
    s.checkpoints = s.dir ? mw_path_join(s.dir, "checkpoint") : NULL;
    s.log_path = s.dir ? mw_path_join(s.dir, "log.jsonl") : NULL;
    if (*r->d.base) s.base = mw_path_join(r->d.base, s.name);
    if (!s.dir || !s.checkpoints || !s.log_path || (*r->d.base && !s.base)) st = mw_fail_nomem(err);
    if (st == MW_OK) st = make_seed_tag(&s, err);
    if (st == MW_OK) st = train_seed(&s, err);
    mw_str_clear(&s.log);
    mw_trainer_destroy(&s.trainer);
    mw_model_destroy(&s.model);
    mw_free(s.base);
    mw_free(s.log_path);
    mw_free(s.checkpoints);
    mw_free(s.dir);
    return st;
}
