/* SPDX-License-Identifier: Apache-2.0
 *
 * From a configuration and a shape to a graph: what all kinds share, and the order of things.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "score/net_int.h"

mw_node *mw_build_param(mw_builder *b, const char *fmt, ...)
{
    char name[64];
    va_list ap;
    size_t i;

    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    i = mw_net_find(b->net, name);
    if (i < b->net->n_params && b->g->params[i]) return b->g->params[i];
    b->t->failed = 1; /* a name that was not declared: nothing is built */
    return &b->t->dead;
}

mw_node *mw_build_linear(mw_builder *b, mw_node *x, const char *name)
{
    mw_node *w = mw_build_param(b, "%s.weight", name);

    return mw_op_linear(b->t, x, w, mw_build_param(b, "%s.bias", name));
}

mw_node *mw_build_norm(mw_builder *b, mw_node *x, const char *name, int relu, int modality)
{
    mw_node *w = mw_build_param(b, "%s.weight", name);

    return mw_op_norm(b->t, x, w, mw_build_param(b, "%s.bias", name), relu, modality);
}

mw_node *mw_build_branch(mw_builder *b, mw_node *h, const char *name, int modality)
{
    mw_node *x = h;

    for (int i = 1; i <= 2; i++) {
        char text[48];
        mw_node *w = mw_build_param(b, "%s.conv%d.weight", name, i);

        x = mw_op_conv(b->t, x, w, mw_build_param(b, "%s.conv%d.bias", name, i), b->c->kernel);
        snprintf(text, sizeof text, "%s.norm%d", name, i);
        x = mw_build_norm(b, x, text, 1, modality);
    }
    return x;
}

mw_node *mw_build_layer(mw_builder *b, mw_node *x, const mw_layer *l)
{
    char name[5][48];
    static const char *const part[] = { "norm1", "attn.q", "attn.k", "attn.v", "attn.o" };
    mw_attention a = { .logs = l->logs,
                       .index = l->index,
                       .heads = b->c->heads,
                       .queries = l->queries,
                       .keys = l->keys };
    mw_node *y, *kv;

    for (int i = 0; i < 5; i++)
        snprintf(name[i], sizeof name[i], "%s%d.%s", l->prefix, l->index, part[i]);
    y = mw_build_norm(b, x, name[0], 0, -1);
    kv = l->kv ? mw_build_norm(b, l->kv, name[0], 0, -1) : y;
    a.q = mw_build_linear(b, y, name[1]);
    a.k = mw_build_linear(b, kv, name[2]);
    a.v = mw_build_linear(b, kv, name[3]);
    if (l->logs) a.beta = mw_build_param(b, "fusion.beta");
    y = mw_build_linear(b, mw_op_attention(b->t, &a), name[4]);
    x = mw_op_add(b->t, x, mw_op_dropout(b->t, y, b->c->dropout));
    snprintf(name[0], sizeof name[0], "%s%d.norm2", l->prefix, l->index);
    snprintf(name[1], sizeof name[1], "%s%d.ff1", l->prefix, l->index);
    snprintf(name[2], sizeof name[2], "%s%d.ff2", l->prefix, l->index);
    y = mw_build_linear(b, mw_build_norm(b, x, name[0], 0, -1), name[1]);
    y = mw_build_linear(b, mw_op_gelu(b->t, y), name[2]);
    return mw_op_add(b->t, x, mw_op_dropout(b->t, y, b->c->dropout));
}

mw_node *mw_build_head(mw_builder *b, mw_node *z, const char *prefix)
{
    char name[48];
    mw_node *y;

    snprintf(name, sizeof name, "%shead.fc1", prefix);
    y = mw_op_relu(b->t, mw_build_linear(b, z, name));
    snprintf(name, sizeof name, "%shead.fc2", prefix);
    return mw_build_linear(b, mw_op_dropout(b->t, y, b->c->dropout), name);
}

/* ---- graphs ---- */

static void make_param_nodes(mw_builder *b)
{
    b->g->params = mw_tape_alloc(b->t, b->net->n_params, sizeof(mw_node *));
    for (size_t i = 0; i < b->net->n_params && b->g->params; i++) {
        const mw_net_param *p = &b->net->params[i];
        mw_node *x = mw_tape_node(b->t, 0, 0);

        b->g->params[i] = x;
        x->v = p->v;
        x->rows = p->n_dims == 1 ? 1 : p->shape[0];
        x->cols = p->n / x->rows;
        if (p->n_dims == 3) { /* convolution, kept as [taps][in][out] */
            x->rows = p->shape[1] * p->shape[2];
            x->cols = p->shape[0];
        }
    }
}

/* Stems, branches, scores; then what the kind makes of them. */
static void build_kind(mw_builder *b)
{
    const mw_net_config *c = b->c;
    mw_node *stem[MW_NET_MAX_MODALITIES], *h[MW_NET_MAX_MODALITIES];
    mw_node *logit[MW_NET_MAX_MODALITIES] = { NULL }, *alpha[MW_NET_MAX_MODALITIES] = { NULL };
    mw_node *used[MW_NET_MAX_MODALITIES] = { NULL };
    const double rel_weight = c->kind == MW_NET_RELIABILITY ? 1 : c->lambda_rel;

    for (int m = 0; m < c->n_modalities; m++) {
        const size_t tokens = (size_t)b->g->n_tokens[m];
        char name[32];

        snprintf(name, sizeof name, "stem.%c.proj", c->modality[m]);
        h[m] = mw_op_input(b->t, m, tokens, (size_t)mw_net_token_values(c, m));
        h[m] = mw_build_linear(b, h[m], name);
        snprintf(name, sizeof name, "stem.%c.norm", c->modality[m]);
        h[m] = stem[m] = mw_build_norm(b, h[m], name, 0, m);
        if (!mw_kind_trunk(c->kind)) continue;
        snprintf(name, sizeof name, "trunk.%c", c->modality[m]);
        h[m] = mw_op_add(b->t, stem[m], mw_build_branch(b, stem[m], name, m));
    }
    if (mw_kind_scores(c->kind)) mw_build_scorer(b, stem, logit, alpha);
    for (int m = 0; m < c->n_modalities; m++) {
        if (logit[m]) {
            used[m] = b->g->rel[m] = mw_op_score(b->t, logit[m], m);
            mw_op_rel_loss(b->t, logit[m], m, rel_weight);
        }
        if (alpha[m]) used[m] = mw_op_times(b->t, used[m], mw_op_score(b->t, alpha[m], m));
        if (c->kind == MW_NET_AVREL) used[m] = b->g->rel[m] = mw_build_avrel(b, stem[m], m);
        if (mw_kind_uses(c->kind) || c->kind == MW_NET_AVREL)
            used[m] = b->g->score[m] = mw_op_given(b->t, used[m], (size_t)b->g->n_tokens[m], m);
        if (c->kind == MW_NET_RELIABILITY) b->g->score[m] = b->g->rel[m];
        if (!b->g->rel[m]) b->g->rel[m] = b->g->score[m];
    }
    if (mw_kind_joint(c->kind)) mw_build_joint(b, h, used);
    if (c->kind == MW_NET_EARLY) mw_build_early(b, h);
    if (c->kind == MW_NET_LATE) mw_build_late(b, h);
    if (c->kind == MW_NET_MULT) mw_build_mult(b, h);
    if (c->kind == MW_NET_LMF) mw_build_lmf(b, h);
    if (b->g->y) mw_op_task_loss(b->t, b->g->y, -1, 1);
    for (int m = 0; m < c->n_modalities; m++)
        if (b->g->uni[m]) mw_op_task_loss(b->t, b->g->uni[m], m, c->lambda_uni);
}

mw_status mw_net_graph_build(mw_net_graph **out, mw_net *net, int n, const int *n_tokens,
                             mw_error *err)
{
    mw_net_graph *g = mw_calloc(1, sizeof *g);
    mw_builder b = { .net = net, .c = &net->c, .g = g };

    *out = NULL;
    if (!g) return mw_fail_nomem(err);
    b.t = &g->tape;
    g->n = n;
    for (int m = 0; m < net->c.n_modalities; m++)
        g->n_tokens[m] = n_tokens[m];
    mw_tape_init(&g->tape, &net->c, n);
    make_param_nodes(&b);
    if (mw_tape_ok(&g->tape)) build_kind(&b);
    if (!mw_tape_ok(&g->tape)) {
        mw_net_graph_destroy(&g);
        return mw_fail_nomem(err);
    }
    *out = g;
    return MW_OK;
}

void mw_net_graph_destroy(mw_net_graph **gg)
{
    mw_net_graph *g = *gg;

    if (!g) return;
    mw_tape_clear(&g->tape);
    mw_free(g);
    *gg = NULL;
}
