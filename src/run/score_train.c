/* SPDX-License-Identifier: Apache-2.0
 *
 * train: a feature bank in, one model per seed out. Options and what the seeds share.
 */
#include "run/score_train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "run/score_targets.h"
#include "run/sidecar.h"
#include "score/metrics.h"

#define COMMAND "train"

/* Raised whenever weights change for equal options and data. */
#define TRAIN_VERSION 2

enum { REGIME_MIX, REGIME_CLEAN };
enum { L2_AUTO, L2_YES, L2_NO };
enum { TARGETS_TRUTH, TARGETS_CORRECTNESS };
enum { FORM_AUTO, FORM_OPTIONS, FORM_BIAS, FORM_REPLACE };

static const char *const regime_names[] = { "mix", "clean", NULL };
static const char *const l2_names[] = { "auto", "yes", "no", NULL };
static const char *const target_names[] = { "truth", "correctness", NULL };
static const char *const form_names[] = { "auto", "options", "bias", "replace", NULL };

/* Share of windows taken away in training, at most, where a form asks for it. */
#define REPLACE_TOKEN_DROP 0.5

#define O(field) offsetof(mw_train_data_options, field)

/* clang-format off */
const mw_opt mw_train_data_table[] = {
    { "seeds", MW_OPT_INTS, O(seeds), "1111,1112,1113,1114,1115", 0, 2147483647, .help = "one model for each", .flags = MW_OPT_RUNTIME },
    { "regime", MW_OPT_ENUM, O(regime), "mix", .choices = regime_names,
      .help = "mix: training sees damaged variants; clean: only clean clips (also for the choice of the epoch)" },
    { "variants", MW_OPT_INT, O(variants), "1000", 1, 1000, .help = "at most so many damaged variants per clip" },
    { "train-clips", MW_OPT_INT, O(train_clips), "0", 0, 1e9, .help = "only the first N training clips; 0: all" },
    { "labels", MW_OPT_TEXT, O(labels), "", .help = "another label.csv than the bank's", .flags = MW_OPT_RUNTIME },
    { "scorer", MW_OPT_TEXT, O(scorer), "", .help = "for net given: folder of a trained scorer, or truth", .flags = MW_OPT_RUNTIME },
    { "base", MW_OPT_TEXT, O(base), "", .help = "for net given: folder of a trained control (its seed_N): its weights stay, and only what it lacks is learned", .flags = MW_OPT_RUNTIME },
    { "form", MW_OPT_ENUM, O(form), "auto", .choices = form_names,
      .help = "how net given uses its scores: options: as use-*, coefficient and token-drop say; bias: fixed bias on attention and pooling; replace: that, and soft replacement by a learned missing token; auto: with --regime clean replace, on a control that is trained first and stays (OUT/control, or --base); else options", .flags = MW_OPT_RUNTIME },
    { "targets", MW_OPT_ENUM, O(targets), "truth", .choices = target_names,
      .help = "reliability to learn: truth, or truth times exp(-error / median error) of unimodal networks on clips they have not seen" },
    { "l2", MW_OPT_ENUM, O(l2), "auto", .choices = l2_names, .help = "bring rows of the picture to length 1 first; auto: CLIP embeddings" },
    { "epochs", MW_OPT_INT, O(t.epochs), "30", 1, 100000, .help = "passes over the training clips" },
    { "batch", MW_OPT_INT, O(t.batch), "32", 1, 4096, "clips", .help = "clips per step" },
    { "rate", MW_OPT_DOUBLE, O(t.rate), "0.001", 0, 1, .help = "AdamW's rate after warm-up" },
    { "warmup-steps", MW_OPT_INT, O(t.warmup_steps), "50", 0, 1e9, .help = "steps of linear warm-up; a half cosine down to 0 follows" },
    { "decay", MW_OPT_DOUBLE, O(t.decay), "0.01", 0, 1, .help = "weight decay of matrices" },
    { "coefficient-rate", MW_OPT_DOUBLE, O(t.coefficient_rate), "10", 0, 1000, .help = "factor on the rate of gamma, beta and eta" },
    { "clip-norm", MW_OPT_DOUBLE, O(t.clip_norm), "1", 0, 1e6, .help = "largest norm of a gradient; 0: any" },
    { "patience", MW_OPT_INT, O(t.patience), "8", 1, 100000, "epochs", .help = "stop after so many without a better validation loss" },
    { "p-clean", MW_OPT_DOUBLE, O(t.p_clean), "0.3", 0, 1, .help = "share of visits that see the clean variant" },
    { "p-drop-modality", MW_OPT_DOUBLE, O(t.p_drop_modality), "0.08", 0, 1, .help = "probability of a visit without a modality, for each in turn" },
    { "token-drop", MW_OPT_DOUBLE, O(t.token_drop), "0", 0, 1, .help = "largest share of tokens taken away, drawn per visit and modality" },
    { 0 },
};
/* clang-format on */

size_t mw_train_options_groups(mw_train_options *o, mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ mw_net_options_table, &o->net };
    groups[2] = (mw_opt_group){ mw_train_data_table, &o->d };
    return 3;
}

MW_JOB_OPTIONS(train, (void)preset)

/* ---- one run ---- */

int mw_train_stopping(void *user)
{
    const mw_train_run *r = user;

    return r->hooks && r->hooks->stop && r->hooks->stop(r->hooks->user);
}

void mw_train_tell(const mw_train_run *r, mw_event_kind kind, const char *id, const char *message)
{
    const size_t total = r->o->d.seeds.n * (size_t)r->o->d.t.epochs;
    const mw_event e = { .kind = kind,
                         .items = "epochs",
                         .n_ended = r->epochs_ended,
                         .n_total = total,
                         .id = id,
                         .reason = "",
                         .message = message,
                         .elapsed_s = mw_clock_s() - r->start_s };

    if (r->hooks && r->hooks->event) r->hooks->event(r->hooks->user, &e);
}

/* Whether the options that a form decides have their defaults. */
static int form_is_free(const mw_net_options *n)
{
    return n->use_emphasis && n->use_bias && n->use_pool && !n->use_replace &&
           n->coefficient == 0 && !n->coefficient_fixed;
}

static mw_status check_scorer(mw_train_run *r, mw_error *err)
{
    const char *path = r->d.scorer;

    r->truth = !strcmp(path, "truth");
    if (r->net.kind == MW_NET_GIVEN && !*path)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'scorer': net given needs the folder of a scorer, or truth");
    if (r->net.kind != MW_NET_GIVEN && (*path || *r->d.base))
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'scorer' and 'base' belong to net given");
    return MW_OK;
}

/* Train what the form stands on into OUT/control: the same network without scores, for the same
 * seeds. */
static mw_status train_control(mw_train_run *r, mw_error *err)
{
    mw_train_options o = *r->o; /* borrows all texts and lists */
    mw_summary summary;
    mw_status st;
    char none[] = "";

    r->base_dir = mw_path_join(r->o->run.out, "control");
    if (!r->base_dir) return mw_fail_nomem(err);
    o.run.out = r->base_dir;
    o.net.kind = MW_NET_NOSCORE;
    o.d.scorer = none;
    o.d.t.token_drop = 0;
    st = r->o->run.dry_run ? MW_OK : mw_train(&o, r->hooks, &summary, err);
    if (st == MW_OK) r->d.base = r->base_dir;
    return st;
}

/* Write the form into the options that it stands for. */
static mw_status apply_form(mw_train_run *r, mw_error *err)
{
    const int given = r->net.kind == MW_NET_GIVEN;
    int form = r->d.form;

    if (form == FORM_AUTO)
        form = given && r->d.regime == REGIME_CLEAN ? FORM_REPLACE : FORM_OPTIONS;
    if (form == FORM_OPTIONS) return MW_OK;
    if (!given)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'form': %s belongs to net given",
                       form_names[form]);
    if (!form_is_free(&r->net))
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'form': %s decides use-*, coefficient and coefficient-fixed; with "
                       "--form options they stand",
                       form_names[form]);
    r->net.use_emphasis = 0;
    r->net.use_replace = form == FORM_REPLACE;
    r->net.coefficient = 1;
    r->net.coefficient_fixed = 1;
    if (form == FORM_REPLACE && r->d.t.token_drop == 0) r->d.t.token_drop = REPLACE_TOKEN_DROP;
    return r->d.form == FORM_AUTO && !*r->d.base ? train_control(r, err) : MW_OK;
}

/* Columns of each modality, from the first training clip; whether rows are brought to length 1. */
static mw_status find_columns(mw_train_run *r, mw_error *err)
{
    const char *letters = r->net.modalities;
    const size_t n = strlen(letters);
    const mw_label *first = NULL;
    mw_bank_clip clip;
    mw_status st;

    for (size_t i = 0; !first && i < r->bank.labels.n; i++)
        if (r->bank.labels.v[i].split == MW_TRAIN) first = &r->bank.labels.v[i];
    if (!first)
        return mw_fail(err, MW_ERR_FORMAT, "no_clips", "'%s' has no clip of split train",
                       r->o->run.in);
    st = mw_feature_bank_read(&clip, &r->bank, first->clip, NULL, err);
    if (st != MW_OK) return st;
    mw_free(r->net.columns.v);
    r->net.columns = (mw_ints){ mw_calloc(n, sizeof(int64_t)), n };
    if (!r->net.columns.v) st = mw_fail_nomem(err);
    r->prep.n_modalities = (int)n;
    for (size_t i = 0; st == MW_OK && i < n && i < MW_NET_MAX_MODALITIES; i++) {
        const mw_bank_modality *m = mw_feature_bank_modality_of(&clip, letters[i]);
        const int clip_rows = m && m->names && m->columns && !strncmp(m->names[0], "clip", 4);

        if (!m) {
            st = mw_fail(err, MW_ERR_RANGE, "bad_option",
                         "option 'modalities': clip '%s' of the bank has no modality %c",
                         first->clip, letters[i]);
            break;
        }
        r->net.columns.v[i] = (int64_t)m->columns;
        r->prep.m[i] =
            (mw_prep_modality){ .letter = letters[i],
                                .l2 = letters[i] == 'v' &&
                                      (r->d.l2 == L2_YES || (r->d.l2 == L2_AUTO && clip_rows)) };
    }
    mw_bank_clip_clear(&clip);
    return st;
}

/* Number of outputs, and weights of rare positives, n_neg / n_pos up to 10. */
static mw_status find_outputs(mw_train_run *r, mw_error *err)
{
    const mw_labels *l = &r->bank.labels;
    const int first = r->net.task == MW_TASK_REGRESSION_MULTILABEL;
    double pos[1 + MW_N_EMOTIONS] = { 0 }, neg[1 + MW_N_EMOTIONS] = { 0 };
    int classes = 0;

    for (size_t i = 0; i < l->n; i++) {
        if (l->v[i].label_class >= classes) classes = l->v[i].label_class + 1;
        for (int e = 0; l->v[i].split == MW_TRAIN && e < MW_N_EMOTIONS; e++)
            if (isfinite(l->v[i].emotion[e])) *(l->v[i].emotion[e] > 0 ? &pos[e] : &neg[e]) += 1;
    }
    r->net.outputs = 1;
    if (r->net.task == MW_TASK_MULTICLASS) {
        if (classes < 2)
            return mw_fail(err, MW_ERR_FORMAT, "no_labels", "'%s': the labels hold no classes",
                           r->o->run.in);
        r->net.outputs = classes;
    }
    if (r->net.task != MW_TASK_MULTILABEL && !first) return MW_OK;
    r->net.outputs = MW_N_EMOTIONS + first;
    mw_free(r->net.positive_weights.v);
    r->net.positive_weights =
        (mw_doubles){ mw_calloc((size_t)r->net.outputs, sizeof(double)), (size_t)r->net.outputs };
    if (!r->net.positive_weights.v) return mw_fail_nomem(err);
    for (int k = 0; k < r->net.outputs; k++)
        r->net.positive_weights.v[k] = k < first ? 1
                                       : pos[k - first] > 0
                                           ? fmin(10, neg[k - first] / pos[k - first])
                                           : 1;
    return MW_OK;
}

static mw_status open_scorer(mw_train_run *r, mw_error *err)
{
    const char *path = r->d.scorer;
    mw_net_config c;
    mw_status st;

    if (!*path || r->truth) return MW_OK;
    st = mw_model_load(&r->scorer, path, err);
    if (st == MW_OK) st = mw_net_config_from(&c, &r->net, err);
    if (st == MW_OK && !mw_net_same_tokens(mw_net_config_of(r->scorer->net), &c))
        st = mw_fail(err, MW_ERR_MISMATCH, "other_features",
                     "the scorer '%s' reads other modalities, columns or windows", path);
    return st;
}

static mw_split_request request_of(mw_train_run *r, mw_split split)
{
    return (mw_split_request){ .bank = &r->bank,
                               .split = split,
                               .task = (mw_net_task)r->net.task,
                               .n_out = (int)r->net.outputs,
                               .limit = split == MW_TRAIN ? (size_t)r->d.train_clips : 0,
                               .stop = mw_train_stopping,
                               .user = r };
}

static mw_status fit(mw_train_run *r, mw_split_request *q, mw_error *err)
{
    double *weights = mw_calloc(q->n_conditions, sizeof *weights);
    mw_net_config c;
    mw_status st = weights ? mw_net_config_from(&c, &r->net, err) : mw_fail_nomem(err);

    for (size_t i = 0; st == MW_OK && i < q->n_conditions; i++)
        weights[i] = q->n_conditions < 2 ? 1
                     : !i                ? r->d.t.p_clean
                                         : (1 - r->d.t.p_clean) / (double)(q->n_conditions - 1);
    for (int m = 0; st == MW_OK && m < c.n_modalities; m++)
        r->prep.m[m].window = c.window[m];
    if (st == MW_OK) st = mw_score_fit(&r->prep, q, weights, &r->n_not_finite, err);
    mw_free(weights);
    return st;
}

static mw_status load_split(mw_score_split *out, mw_train_run *r, mw_split split, mw_error *err)
{
    const int mix = r->d.regime == REGIME_MIX;
    mw_split_request q = request_of(r, split);
    mw_status st = mw_feature_bank_conditions(&q.conditions, &q.n_conditions, &r->bank,
                                              split == MW_TRAIN ? "train" : "mixed-seen",
                                              !mix                ? 0
                                              : split == MW_TRAIN ? (size_t)r->d.variants
                                                                  : 1,
                                              err);

    if (st == MW_OK && split == MW_TRAIN) st = fit(r, &q, err);
    if (st != MW_OK) {
        mw_free(q.conditions);
        return st;
    }
    st = mw_score_split_load(out, &q, &r->prep, r->scorer, r->truth, r->n_threads, err);
    if (st == MW_OK && !out->set.n)
        st = mw_fail(err, MW_ERR_FORMAT, "no_clips", "'%s' has no clip of split %s", r->o->run.in,
                     mw_split_name(split));
    return st;
}

static mw_status median_label(mw_train_run *r, mw_error *err)
{
    const mw_sample_set *s = &r->train.set;
    double *y = mw_calloc(s->n, sizeof *y);
    size_t n = 0;

    if (!y) return mw_fail_nomem(err);
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].has_y) y[n++] = (double)s->v[i].y[0];
    if (n) r->median = mw_quantile_sort(y, n, 0.5);
    mw_free(y);
    if (!n && r->net.task != MW_TASK_RELIABILITY)
        return mw_fail(err, MW_ERR_FORMAT, "no_labels",
                       "no training clip of '%s' has the labels that task %s needs", r->o->run.in,
                       mw_net_task_names[r->net.task]);
    return MW_OK;
}

/* What must be equal for a checkpoint to go on, or for a model to be up to date. */
static mw_status make_tag(mw_train_run *r, mw_error *err)
{
    const mw_opt_group groups[] = { { mw_net_options_table, &r->net },
                                    { mw_train_data_table, &r->d } };
    char extra[512], scorer[65] = "none", *config = NULL;
    mw_status st = MW_OK;

    if (r->scorer) {
        config = mw_path_join(r->d.scorer, "model.safetensors");
        st = config ? mw_sha256_file(scorer, NULL, config, err) : mw_fail_nomem(err);
        mw_free(config);
    }
    snprintf(extra, sizeof extra, "train %d %s %s %s %s%s", TRAIN_VERSION, r->bank.sha256,
             r->train.sha256, r->valid.sha256, scorer, r->truth ? " truth" : "");
    if (st != MW_OK) return st;
    return mw_config_sha256(r->tag, COMMAND, groups, 2, 0, NULL, NULL, 0, extra, err);
}

/* ---- the job ---- */

static mw_status check(const mw_train_options *o, mw_error *err)
{
    if (!*o->run.in)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'in': the folder of a feature bank is needed");
    if (!*o->run.out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    if (!o->d.seeds.n)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'seeds': at least one");
    return MW_OK;
}

static mw_status set_up(mw_train_run *r, mw_error *err)
{
    mw_status st = check(r->o, err);

    r->d = r->o->d;
    if (st == MW_OK) st = mw_net_options_copy(&r->net, &r->o->net, err);
    if (st == MW_OK) st = check_scorer(r, err);
    if (st == MW_OK) st = apply_form(r, err);
    if (st == MW_OK) st = mw_feature_bank_open(&r->bank, r->o->run.in, r->d.labels, err);
    if (st == MW_OK) st = find_columns(r, err);
    if (st == MW_OK) st = find_outputs(r, err);
    if (st == MW_OK) st = open_scorer(r, err);
    if (st == MW_OK) st = load_split(&r->train, r, MW_TRAIN, err);
    if (st == MW_OK) st = load_split(&r->valid, r, MW_VALID, err);
    if (st == MW_OK) st = median_label(r, err);
    if (st == MW_OK && r->d.targets == TARGETS_CORRECTNESS)
        st = mw_align_targets(&r->train, &r->net, r->o->run.seed, r->n_threads, mw_train_stopping,
                              r, err);
    if (st == MW_OK) st = make_tag(r, err);
    return st;
}

mw_status mw_train(const mw_train_options *o, const mw_run_hooks *hooks, mw_summary *summary,
                   mw_error *err)
{
    mw_train_run r = { .o = o, .hooks = hooks, .summary = summary, .start_s = mw_clock_s() };
    mw_status st;

    *summary = (mw_summary){ .items = "models" };
    r.n_threads = mw_run_threads(&o->run);
    st = set_up(&r, err);
    if (st == MW_OK) summary->n_clips = o->d.seeds.n;
    if (st == MW_OK) mw_train_tell(&r, MW_EVENT_START, NULL, "");
    for (size_t i = 0; st == MW_OK && !o->run.dry_run && i < o->d.seeds.n; i++)
        st = mw_train_seed(&r, o->d.seeds.v[i], err);
    summary->elapsed_s = mw_clock_s() - r.start_s;
    mw_score_split_clear(&r.train);
    mw_score_split_clear(&r.valid);
    mw_model_destroy(&r.scorer);
    mw_prep_clear(&r.prep);
    mw_opt_clear(mw_net_options_table, &r.net);
    mw_free(r.base_dir);
    mw_feature_bank_close(&r.bank);
    return st;
}
