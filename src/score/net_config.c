/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "score/net_int.h"

static const char *const kind_names[MW_N_NET_KINDS] = {
    [MW_NET_SCORE] = "score",
    [MW_NET_GIVEN] = "given",
    [MW_NET_PRODUCT] = "product",
    [MW_NET_NOSCORE] = "noscore",
    [MW_NET_NOSCORE_PLAIN] = "noscore-plain",
    [MW_NET_NOSCORE_MULTI] = "noscore-multi",
    [MW_NET_RELIABILITY] = "reliability",
    [MW_NET_AVREL] = "avrel",
    [MW_NET_EARLY] = "early",
    [MW_NET_LATE] = "late",
    [MW_NET_MULT] = "mult",
    [MW_NET_LMF] = "lmf",
};

void mw_net_config_default(mw_net_config *c)
{
    *c = (mw_net_config){ .kind = MW_NET_SCORE,
                          .task = MW_TASK_REGRESSION,
                          .n_modalities = 2,
                          .modality = { 'a', 'v' },
                          .columns = { 90, 512 },
                          .window = { 5, 5 },
                          .n_out = 1,
                          .width = 64,
                          .heads = 4,
                          .layers = 2,
                          .hidden = 128,
                          .kernel = 7,
                          .dropout = 0.1,
                          .use = MW_USE_EMPHASIS | MW_USE_BIAS | MW_USE_POOL,
                          .cross = 1,
                          .lambda_rel = 0.3,
                          .lambda_uni = 0.1 };
}

const char *mw_net_kind_name(mw_net_kind k)
{
    return kind_names[k];
}

int mw_net_kind_by_name(const char *name)
{
    for (int k = 0; k < MW_N_NET_KINDS; k++)
        if (!strcmp(name, kind_names[k])) return k;
    return -1;
}

int mw_net_token_values(const mw_net_config *c, int m)
{
    return c->columns[m] * (c->window[m] > 1 ? 3 : 2);
}

int mw_net_same_tokens(const mw_net_config *a, const mw_net_config *b)
{
    for (int m = 0; a->n_modalities == b->n_modalities && m < a->n_modalities; m++)
        if (a->modality[m] != b->modality[m] || a->window[m] != b->window[m] ||
            a->columns[m] != b->columns[m])
            return 0;
    return a->n_modalities == b->n_modalities;
}

/* ---- checks ---- */

static mw_status check_int(const char *field, int value, int min, int max, mw_error *err)
{
    if (value >= min && value <= max) return MW_OK;
    return mw_fail(err, MW_ERR_RANGE, "bad_option", "%s = %d of a network is outside [%d, %d]",
                   field, value, min, max);
}

static mw_status check_real(const char *field, double value, double min, double max, mw_error *err)
{
    if (value >= min && value <= max) return MW_OK;
    return mw_fail(err, MW_ERR_RANGE, "bad_option", "%s = %g of a network is outside [%g, %g]",
                   field, value, min, max);
}

static mw_status check_modalities(const mw_net_config *c, mw_error *err)
{
    const char *order = "avt";
    mw_status st = check_int("n_modalities", c->n_modalities, 1, MW_NET_MAX_MODALITIES, err);

    for (int m = 0; st == MW_OK && m < c->n_modalities; m++) {
        const char *at = c->modality[m] ? strchr(order, c->modality[m]) : NULL;

        if (!at)
            return mw_fail(
                err, MW_ERR_RANGE, "bad_option",
                "modality[%d] of a network is not one of a, v, t in this order, each once", m);
        order = at + 1;
        st = check_int("columns", c->columns[m], 1, 65536, err);
        if (st == MW_OK) st = check_int("window", c->window[m], 1, 1 << 20, err);
    }
    return st;
}

static mw_status check_shape(const mw_net_config *c, mw_error *err)
{
    mw_status st = check_int("width", c->width, 2, 1024, err);

    if (st == MW_OK) st = check_int("heads", c->heads, 1, 64, err);
    if (st == MW_OK && (c->width % 2 || c->width % c->heads))
        st = mw_fail(err, MW_ERR_RANGE, "bad_option",
                     "width = %d of a network is not an even multiple of heads = %d", c->width,
                     c->heads);
    if (st == MW_OK) st = check_int("layers", c->layers, 1, 16, err);
    if (st == MW_OK) st = check_int("hidden", c->hidden, 1, 4096, err);
    if (st == MW_OK) st = check_int("kernel", c->kernel, 1, 31, err);
    if (st == MW_OK && c->kernel % 2 == 0)
        st = mw_fail(err, MW_ERR_RANGE, "bad_option", "kernel = %d of a network is not odd",
                     c->kernel);
    return st;
}

static mw_status check_score(const mw_net_config *c, mw_error *err)
{
    const unsigned all = MW_USE_EMPHASIS | MW_USE_BIAS | MW_USE_POOL | MW_USE_REPLACE;
    const unsigned both = MW_USE_EMPHASIS | MW_USE_REPLACE;

    if (c->use & ~all)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "use = %u of a network has unknown bits",
                       c->use);
    if ((c->use & both) == both)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "use of a network holds both emphasis and replace; one takes the other's "
                       "place");
    return check_real("coefficient", c->coefficient, -100, 100, err);
}

static mw_status check_task(const mw_net_config *c, mw_error *err)
{
    mw_status st = check_int("n_out", c->n_out, 1, 1024, err);

    if ((int)c->task < 0 || c->task > MW_TASK_RELIABILITY)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "task = %d of a network is unknown",
                       (int)c->task);
    if (c->task == MW_TASK_RELIABILITY && c->kind != MW_NET_RELIABILITY)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "task reliability needs a network of kind reliability, not %s",
                       kind_names[c->kind]);
    if (st == MW_OK && c->task == MW_TASK_MULTICLASS)
        st = check_int("n_out", c->n_out, 2, 1024, err);
    if (st == MW_OK && c->task == MW_TASK_REGRESSION_MULTILABEL)
        st = check_int("n_out", c->n_out, 2, 1024, err);
    for (int j = 0; st == MW_OK && c->positive_weights && j < c->n_out; j++)
        st = check_real("positive_weights", c->positive_weights[j], 0, 1e6, err);
    return st;
}

mw_status mw_net_check_config(const mw_net_config *c, mw_error *err)
{
    mw_status st = check_int("kind", (int)c->kind, 0, MW_N_NET_KINDS - 1, err);

    if (st == MW_OK) st = check_modalities(c, err);
    if (st == MW_OK) st = check_shape(c, err);
    if (st == MW_OK) st = check_score(c, err);
    if (st == MW_OK) st = check_task(c, err);
    if (st == MW_OK) st = check_real("dropout", c->dropout, 0, 0.9, err);
    if (st == MW_OK) st = check_real("lambda_rel", c->lambda_rel, 0, 1e3, err);
    if (st == MW_OK) st = check_real("lambda_uni", c->lambda_uni, 0, 1e3, err);
    if (st == MW_OK) st = check_real("huber_delta", c->huber_delta, 0, 1e6, err);
    return st;
}
