/* SPDX-License-Identifier: Apache-2.0
 *
 * The options of a network: one table for the command line, config.json and its reading back.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "score/model.h"

const char *const mw_net_task_names[] = {
    "regression", "multiclass", "multilabel", "regression+multilabel", "reliability", NULL,
}; /* order of mw_net_task */

static const char *const kind_names[] = {
    "score",         "given",       "product", "noscore", "noscore-plain",
    "noscore-multi", "reliability", "avrel",   "early",   "late",
    "mult",          "lmf",         NULL,
}; /* order of mw_net_kind */
_Static_assert(sizeof kind_names / sizeof *kind_names == MW_N_NET_KINDS + 1, "a name per kind");

#define O(field) offsetof(mw_net_options, field)

/* clang-format off */
const mw_opt mw_net_options_table[] = {
    { "net", MW_OPT_ENUM, O(kind), "score", .choices = kind_names,
      .help = "the network: score (own scorer), given (scores of --scorer), noscore (the control), reliability (scorer alone), and baselines" },
    { "task", MW_OPT_ENUM, O(task), "regression", .choices = mw_net_task_names,
      .help = "what is learned; reliability needs no labels" },
    { "modalities", MW_OPT_TEXT, O(modalities), "av", .help = "which of a (sound), v (picture), t (text) are read" },
    { "columns", MW_OPT_INTS, O(columns), "", 1, 1e6, .help = "features per modality; found in the bank", .flags = MW_OPT_HIDDEN },
    { "windows", MW_OPT_INTS, O(windows), "", 1, 1e4, "rows", .help = "rows per token, one number per modality; empty: 5 (sound, picture), 1 (text)" },
    { "outputs", MW_OPT_INT, O(outputs), "1", 1, 1000, .help = "numbers that come out; follows from the task", .flags = MW_OPT_HIDDEN },
    { "width", MW_OPT_INT, O(width), "64", 4, 4096, .help = "values per token inside" },
    { "heads", MW_OPT_INT, O(heads), "4", 1, 64, .help = "attention heads; divides width" },
    { "layers", MW_OPT_INT, O(layers), "2", 1, 24, .help = "fusion layers" },
    { "hidden", MW_OPT_INT, O(hidden), "128", 4, 16384, .help = "values in the hidden layer of a fusion layer" },
    { "dropout", MW_OPT_DOUBLE, O(dropout), "0.1", 0, 0.9, .help = "share of values dropped in training" },
    { "use-emphasis", MW_OPT_BOOL, O(use_emphasis), "yes", .help = "scores scale tokens: (1 + gamma s) h" },
    { "use-bias", MW_OPT_BOOL, O(use_bias), "yes", .help = "scores bias attention keys: beta log(s + 0.001)" },
    { "use-pool", MW_OPT_BOOL, O(use_pool), "yes", .help = "scores weigh the pooling: eta log(s + 0.001)" },
    { "use-replace", MW_OPT_BOOL, O(use_replace), "no", .help = "tokens fade into a learned missing token: s h + (1 - s) missing" },
    { "coefficient", MW_OPT_DOUBLE, O(coefficient), "0", -10, 10, .help = "gamma, beta and eta at the start" },
    { "coefficient-fixed", MW_OPT_BOOL, O(coefficient_fixed), "no", .help = "they stay as they are" },
    { "cross", MW_OPT_BOOL, O(cross), "yes", .help = "the scorer of a modality also looks at the others" },
    { "lambda-rel", MW_OPT_DOUBLE, O(lambda_rel), "0.3", 0, 100, .help = "weight of the reliability loss" },
    { "lambda-uni", MW_OPT_DOUBLE, O(lambda_uni), "0.1", 0, 100, .help = "weight of the unimodal heads' loss" },
    { "huber-delta", MW_OPT_DOUBLE, O(huber_delta), "0", 0, 100, .help = "regression: Huber's loss with this delta; 0: absolute error" },
    { "positive-weights", MW_OPT_DOUBLES, O(positive_weights), "", 0, 1e6, .help = "of multi-label outputs; found in the labels", .flags = MW_OPT_HIDDEN },
    { 0 },
};
/* clang-format on */

static mw_status refuse(mw_error *err, const char *what)
{
    return mw_fail(err, MW_ERR_RANGE, "bad_option", "%s", what);
}

static mw_status modalities(mw_net_config *c, const mw_net_options *o, mw_error *err)
{
    static const char order[] = "avt";
    const char *last = NULL;
    const size_t n = strlen(o->modalities);

    if (!n || n > MW_NET_MAX_MODALITIES)
        return refuse(err, "option 'modalities': between one and three of a, v, t");
    if (o->columns.n != n || (o->windows.n && o->windows.n != n))
        return refuse(err, "option 'windows': one number per modality");
    for (size_t m = 0; m < n; m++) {
        const char *at = strchr(order, o->modalities[m]);

        if (!at || (last && at <= last))
            return refuse(err, "option 'modalities': a, v, t in this order, each once");
        last = at;
        c->modality[m] = *at;
        c->columns[m] = (int)o->columns.v[m];
        c->window[m] = o->windows.n ? (int)o->windows.v[m] : *at == 't' ? 1 : 5;
    }
    c->n_modalities = (int)n;
    return MW_OK;
}

mw_status mw_net_config_from(mw_net_config *c, const mw_net_options *o, mw_error *err)
{
    mw_net_config_default(c);
    c->kind = (mw_net_kind)o->kind;
    c->task = (mw_net_task)o->task;
    c->n_out = (int)o->outputs;
    c->width = (int)o->width;
    c->heads = (int)o->heads;
    c->layers = (int)o->layers;
    c->hidden = (int)o->hidden;
    c->dropout = o->dropout;
    c->use = (o->use_emphasis ? MW_USE_EMPHASIS : 0u) | (o->use_bias ? MW_USE_BIAS : 0u) |
             (o->use_pool ? MW_USE_POOL : 0u) | (o->use_replace ? MW_USE_REPLACE : 0u);
    c->coefficient = o->coefficient;
    c->coefficient_fixed = o->coefficient_fixed;
    c->cross = o->cross;
    c->lambda_rel = o->lambda_rel;
    c->lambda_uni = o->lambda_uni;
    c->huber_delta = o->huber_delta;
    c->positive_weights = o->positive_weights.n ? o->positive_weights.v : NULL;
    if (o->width % o->heads) return refuse(err, "option 'heads': does not divide 'width'");
    if ((o->kind == MW_NET_RELIABILITY) != (o->task == MW_TASK_RELIABILITY))
        return refuse(err, "task reliability and net reliability go together");
    if (o->use_replace && o->use_emphasis)
        return refuse(err, "options 'use-replace' and 'use-emphasis' exclude each other");
    if (o->positive_weights.n && (int64_t)o->positive_weights.n != o->outputs)
        return refuse(err, "positive_weights: one number per output");
    return modalities(c, o, err);
}

mw_status mw_net_options_copy(mw_net_options *to, const mw_net_options *from, mw_error *err)
{
    int failed = 0;

    *to = *from;
    to->modalities = mw_strdup(from->modalities);
    to->columns.v = mw_calloc(from->columns.n, sizeof(int64_t));
    to->windows.v = mw_calloc(from->windows.n, sizeof(int64_t));
    to->positive_weights.v = mw_calloc(from->positive_weights.n, sizeof(double));
    failed = !to->modalities || !to->columns.v || !to->windows.v || !to->positive_weights.v;
    if (failed) {
        mw_opt_clear(mw_net_options_table, to);
        return mw_fail_nomem(err);
    }
    if (from->columns.n) memcpy(to->columns.v, from->columns.v, from->columns.n * sizeof(int64_t));
    if (from->windows.n) memcpy(to->windows.v, from->windows.v, from->windows.n * sizeof(int64_t));
    if (from->positive_weights.n)
        memcpy(to->positive_weights.v, from->positive_weights.v,
               from->positive_weights.n * sizeof(double));
    return MW_OK;
}
