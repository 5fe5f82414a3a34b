/* SPDX-License-Identifier: Apache-2.0
 *
 * The kinds of networks over the common stem and trunk.
 */
#include <stdio.h>
#include <string.h>

#include "score/net_int.h"

/* ---- scorers ---- */

/* Own context u [m]; what the other modalities say about it, by attention over all their tokens
 * (text has no times to align by); one logit. */
static mw_node *crossed(mw_builder *b, mw_node *const *u, int m)
{
    const mw_net_config *c = b->c;
    mw_node *other[MW_NET_MAX_MODALITIES], *keys, *x;
    int modality[MW_NET_MAX_MODALITIES], n = 0;
    mw_attention a = { .heads = 1 };
    char name[4][32];

    for (int o = 0; o < c->n_modalities; o++) {
        if (o == m) continue;
        other[n] = u[o];
        modality[n++] = o;
    }
    for (int i = 0; i < 4; i++)
        snprintf(name[i], sizeof name[i], "scorer.%c.cross.%c", c->modality[m], "qkvo"[i]);
    keys = mw_op_gather(b->t, other, modality, n, NULL, &a.keys);
    a.q = mw_build_linear(b, u[m], name[0]);
    a.k = mw_build_linear(b, keys, name[1]);
    a.v = mw_build_linear(b, keys, name[2]);
    x = mw_build_linear(b, mw_op_attention(b->t, &a), name[3]);
    return mw_op_where(b->t, x, a.keys);
}

void mw_build_scorer(mw_builder *b, mw_node *const *h, mw_node **logit, mw_node **relevance)
{
    const mw_net_config *c = b->c;
    mw_node *u[MW_NET_MAX_MODALITIES];
    char name[40];

    for (int m = 0; m < c->n_modalities; m++) {
        snprintf(name, sizeof name, "scorer.%c", c->modality[m]);
        u[m] = mw_build_branch(b, h[m], name, m);
    }
    for (int m = 0; m < c->n_modalities; m++) {
        mw_node *q = u[m];

        if (mw_net_crosses(c)) {
            mw_node *both[] = { u[m], crossed(b, u, m) };

            q = mw_op_beside(b->t, both, 2);
        }
        snprintf(name, sizeof name, "scorer.%c.hidden", c->modality[m]);
        q = mw_op_relu(b->t, mw_build_linear(b, q, name));
        snprintf(name, sizeof name, "scorer.%c.reliability", c->modality[m]);
        logit[m] = mw_build_linear(b, q, name);
        if (c->kind != MW_NET_PRODUCT) continue;
        snprintf(name, sizeof name, "scorer.%c.relevance", c->modality[m]);
        relevance[m] = mw_build_linear(b, q, name);
    }
}

mw_node *mw_build_avrel(mw_builder *b, mw_node *h, int modality)
{
    const char letter = b->c->modality[modality];
    static const char *const part[] = { "weight", "bias", "running_mean", "running_var" };
    mw_node *x = h;

    for (int i = 1; i <= 3; i++) {
        mw_node *w = mw_build_param(b, "scorer.%c.conv%d.weight", letter, i), *p[4];

        x = mw_op_conv(b->t, x, w, mw_build_param(b, "scorer.%c.conv%d.bias", letter, i),
                       b->c->kernel);
        for (int j = 0; j < 4; j++)
            p[j] = mw_build_param(b, "scorer.%c.norm%d.%s", letter, i, part[j]);
        x = mw_op_batch_norm(b->t, x, p, i < 3 ? MW_SQUASH_RELU : MW_SQUASH_SIGMOID, modality);
    }
    return x;
}

/* ---- one encoder over all tokens ---- */

static mw_node *encoder(mw_builder *b, mw_node *x, const char *prefix, mw_sequence *seq,
                        mw_node *logs)
{
    char name[40];

    for (int l = 0; l < b->c->layers; l++) {
        const mw_layer layer = {
            .prefix = prefix, .index = l, .logs = logs, .queries = seq, .keys = seq
        };

        x = mw_build_layer(b, x, &layer);
    }
    snprintf(name, sizeof name, "%snorm", prefix);
    return mw_build_norm(b, x, name, 0, -1);
}

/* Attention pooling of the i-th modality of seq, which is number m. */
static mw_node *pool(mw_builder *b, mw_node *x, const char *name, mw_sequence *seq, int i, int m,
                     mw_node *logs)
{
    mw_node *w = mw_build_param(b, "%s.weight", name), *bias = mw_build_param(b, "%s.bias", name);
    mw_node *const in[5] = { x, w, bias, logs, logs ? mw_build_param(b, "use.eta") : NULL };

    b->g->pool_seq[m] = seq;
    b->g->pool_index[m] = i;
    return mw_op_pool(b->t, in, seq, i, &b->g->pool[m]);
}

static mw_node *use_score(mw_builder *b, mw_node *h, mw_node *score, int m)
{
    const unsigned use = b->c->use;

    if (b->c->kind == MW_NET_AVREL) return mw_op_emphasis(b->t, h, score, NULL);
    if (!mw_kind_uses(b->c->kind)) return h;
    if (use & MW_USE_REPLACE)
        return mw_op_replace(b->t, h, score, mw_build_param(b, "use.missing"), m);
    if (use & MW_USE_EMPHASIS)
        return mw_op_emphasis(b->t, h, score, mw_build_param(b, "use.gamma"));
    return h;
}

void mw_build_joint(mw_builder *b, mw_node *const *h, mw_node *const *used)
{
    const mw_net_config *c = b->c;
    const int all[] = { 0, 1, 2 };
    mw_node *e[MW_NET_MAX_MODALITIES], *z[MW_NET_MAX_MODALITIES], *x, *logs = NULL;
    mw_sequence *seq;

    for (int m = 0; m < c->n_modalities; m++)
        e[m] = use_score(b, h[m], used[m], m);
    x = mw_op_gather(b->t, e, all, c->n_modalities, mw_build_param(b, "mod_embed"), &seq);
    if (mw_kind_uses(c->kind) && (c->use & (MW_USE_BIAS | MW_USE_POOL)))
        logs = mw_op_gather_log(b->t, used, seq);
    x = encoder(b, x, "fusion.", seq, c->use & MW_USE_BIAS ? logs : NULL);
    for (int m = 0; m < c->n_modalities; m++) {
        char name[16];

        snprintf(name, sizeof name, "pool.%c", c->modality[m]);
        z[m] = pool(b, x, name, seq, m, m, c->use & MW_USE_POOL ? logs : NULL);
        snprintf(name, sizeof name, "uni.%c", c->modality[m]);
        b->g->uni[m] = mw_build_linear(b, z[m], name);
    }
    b->g->y = mw_build_head(b, mw_op_beside(b->t, z, c->n_modalities), "");
}

/* ---- baselines ---- */

void mw_build_early(mw_builder *b, mw_node *const *h)
{
    mw_sequence *seq;
    mw_node *x = mw_op_align(b->t, h, b->c->n_modalities, &seq);

    b->g->aligned = seq;
    if (b->t->n_ops) b->g->aligned_tokens = b->t->ops[b->t->n_ops - 1].keys;
    x = mw_op_position(b->t, mw_build_linear(b, x, "early"), seq);
    x = encoder(b, x, "fusion.", seq, NULL);
    b->g->y = mw_build_head(b, mw_op_mean(b->t, x, seq, -1), "");
}

void mw_build_late(mw_builder *b, mw_node *const *h)
{
    const mw_net_config *c = b->c;

    for (int m = 0; m < c->n_modalities; m++) {
        char name[32];
        mw_sequence *seq;
        mw_node *x = mw_op_gather(b->t, &h[m], &m, 1, mw_build_param(b, "mod_embed"), &seq);

        snprintf(name, sizeof name, "late.%c.fusion.", c->modality[m]);
        x = encoder(b, x, name, seq, NULL);
        snprintf(name, sizeof name, "late.%c.pool", c->modality[m]);
        x = pool(b, x, name, seq, 0, m, NULL);
        snprintf(name, sizeof name, "late.%c.", c->modality[m]);
        b->g->uni[m] = mw_build_head(b, x, name);
    }
    b->g->y = mw_op_late(b->t, b->g->uni, mw_build_param(b, "late.share"), c->n_modalities);
}

/* What modality m reads from each of the others, averaged; itself when it is alone. */
static mw_node *crossmodal(mw_builder *b, mw_node *const *x, mw_sequence *const *seq, int m)
{
    const mw_net_config *c = b->c;
    mw_node *sum = NULL;

    for (int o = 0; o < c->n_modalities; o++) {
        char name[32];
        mw_layer layer = { .prefix = name, .queries = seq[m], .keys = seq[o], .kv = x[o] };
        mw_node *y;

        if (o == m) continue;
        snprintf(name, sizeof name, "mult.%c%c.", c->modality[m], c->modality[o]);
        y = mw_build_layer(b, x[m], &layer);
        sum = sum ? mw_op_add(b->t, sum, y) : y;
    }
    if (!sum) return x[m];
    return c->n_modalities > 2 ? mw_op_scale(b->t, sum, 0.5) : sum;
}

void mw_build_mult(mw_builder *b, mw_node *const *h)
{
    const mw_net_config *c = b->c;
    mw_node *x[MW_NET_MAX_MODALITIES], *z[MW_NET_MAX_MODALITIES];
    mw_sequence *seq[MW_NET_MAX_MODALITIES];

    for (int m = 0; m < c->n_modalities; m++)
        x[m] = mw_op_gather(b->t, &h[m], &m, 1, mw_build_param(b, "mod_embed"), &seq[m]);
    for (int m = 0; m < c->n_modalities; m++) {
        char name[32];
        const mw_layer layer = { .prefix = name, .queries = seq[m], .keys = seq[m] };
        mw_node *y = crossmodal(b, x, seq, m);

        snprintf(name, sizeof name, "mult.%c.", c->modality[m]);
        y = mw_build_layer(b, y, &layer);
        snprintf(name, sizeof name, "mult.%c.norm", c->modality[m]);
        z[m] = mw_op_mean(b->t, mw_build_norm(b, y, name, 0, -1), seq[m], 0);
    }
    b->g->y = mw_build_head(b, mw_op_beside(b->t, z, c->n_modalities), "");
}

void mw_build_lmf(mw_builder *b, mw_node *const *h)
{
    const mw_net_config *c = b->c;
    mw_node *z[MW_NET_MAX_MODALITIES], *factor[MW_NET_MAX_MODALITIES];

    for (int m = 0; m < c->n_modalities; m++) {
        mw_sequence *seq;
        mw_node *x = mw_op_gather(b->t, &h[m], &m, 1, NULL, &seq);

        z[m] = mw_op_mean(b->t, x, seq, 0);
        factor[m] = mw_build_param(b, "lmf.%c.weight", c->modality[m]);
    }
    b->g->y = mw_op_low_rank(b->t, z, factor, c->n_modalities, mw_build_param(b, "lmf.weight"),
                             mw_build_param(b, "lmf.bias"));
}
