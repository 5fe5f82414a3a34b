/* SPDX-License-Identifier: Apache-2.0 */
#include "run/score_base.h"

#include <string.h>

#include "base/error.h"

static int same_prep(const mw_prep *a, const mw_prep *b)
{
    for (int i = 0; i < a->n_modalities; i++) {
        const size_t n = (size_t)a->m[i].columns * sizeof(float);

        if (a->m[i].l2 != b->m[i].l2 || memcmp(a->m[i].mean, b->m[i].mean, n) != 0 ||
            memcmp(a->m[i].std, b->m[i].std, n) != 0)
            return 0;
    }
    return 1;
}

static mw_net_param *find(mw_net *net, const char *name)
{
    for (size_t i = 0; i < mw_net_n_params(net); i++) {
        mw_net_param *p = mw_net_param_at(net, i);

        if (!strcmp(p->name, name)) return p;
    }
    return NULL;
}

static mw_status take(mw_net *to, mw_net *from, const char *path, mw_error *err)
{
    size_t n_learned = 0;

    for (size_t i = 0; i < mw_net_n_params(from); i++) {
        const mw_net_param *p = mw_net_param_at(from, i);
        mw_net_param *q = find(to, p->name);

        if (!q || q->n != p->n)
            return mw_fail(err, MW_ERR_MISMATCH, "other_network",
                           "the base '%s' has a tensor '%s' that the network lacks", path, p->name);
        memcpy(q->v, p->v, p->n * sizeof *p->v);
        q->trained = 0;
    }
    for (size_t i = 0; i < mw_net_n_params(to); i++)
        n_learned += mw_net_param_at(to, i)->trained != 0;
    if (n_learned) return MW_OK;
    return mw_fail(err, MW_ERR_MISMATCH, "other_network",
                   "the network has nothing to learn beyond the base '%s'", path);
}

mw_status mw_base_take(mw_model *m, const char *path, mw_error *err)
{
    mw_model *base;
    mw_status st = mw_model_load(&base, path, err);

    if (st != MW_OK) return st;
    if (!mw_net_same_tokens(mw_net_config_of(m->net), mw_net_config_of(base->net)) ||
        !same_prep(&m->prep, &base->prep))
        st = mw_fail(err, MW_ERR_MISMATCH, "other_features",
                     "the base '%s' reads other modalities, columns, windows or statistics", path);
    if (st == MW_OK) st = take(m->net, base->net, path, err);
    mw_model_destroy(&base);
    return st;
}
