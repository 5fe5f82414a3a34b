/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of a network: its parameters in one block, and the graphs built from them.
 */
#ifndef MW_SCORE_NET_INT_H
#define MW_SCORE_NET_INT_H

#include "score/net.h"
#include "score/tape.h"

/* Slices whose gradients are kept apart before they are summed. */
enum { MW_NET_ROUND = 16, MW_LMF_RANK = 4 };

/* The network for one shape of slice. */
typedef struct mw_net_graph {
    struct mw_net_graph *next;
    int n, n_tokens[MW_NET_MAX_MODALITIES];
    int busy;
    uint64_t used; /* for throwing out the one longest unused */
    mw_tape tape;
    mw_node **params; /* [n_params] */
    mw_node *y, *uni[MW_NET_MAX_MODALITIES];
    mw_node *score[MW_NET_MAX_MODALITIES], *rel[MW_NET_MAX_MODALITIES]; /* NULL: 1 where valid */
    /* weights of pooling: of the pool_index-th modality of pool_seq, in pool [n][capacity]; NULL:
     * equal shares. aligned: places and, per modality, tokens, when they stand side by side */
    mw_real *pool[MW_NET_MAX_MODALITIES];
    mw_sequence *pool_seq[MW_NET_MAX_MODALITIES];
    int pool_index[MW_NET_MAX_MODALITIES];
    mw_sequence *aligned, *aligned_tokens;
} mw_net_graph;

struct mw_net {
    mw_net_config c;
    double *positive_weights;
    uint64_t seed;
    mw_net_param *params;
    int *statistic; /* [n_params] */
    size_t n_params, cap_params, n_values;
    mw_real *v, *g, *first, *second; /* values, gradients, moments [n_values] */
    uint64_t n_steps;                /* of AdamW */
    mw_net_graph *graphs;
    uint64_t clock;
    mw_real *round; /* [n_round][n_values] */
    size_t n_round;
};

mw_status mw_net_check_config(const mw_net_config *c, mw_error *err);
/* All parameters of the configuration, their values drawn; w not NULL: read from it instead, and
 * nothing of their size is allocated before its shapes are known to be right. */
mw_status mw_net_make_params(mw_net *net, const mw_weights *w, mw_error *err);
/* Whether a file holds the network's tensors and no others; and their values, all or nothing. */
mw_status mw_net_check_tensors(const mw_net *net, const mw_weights *w, mw_error *err);
mw_status mw_net_read(mw_net *net, const mw_weights *w, mw_error *err);
/* Index of the parameter of this name; there is one. */
size_t mw_net_find(const mw_net *net, const char *name);

/* A graph of n clips; *out NULL when memory is short. */
mw_status mw_net_graph_build(mw_net_graph **out, mw_net *net, int n, const int *n_tokens,
                             mw_error *err);
void mw_net_graph_destroy(mw_net_graph **g);
/* The results of a slice, at its place. */
void mw_net_graph_output(const mw_net *net, const mw_net_graph *g, const mw_slice *s,
                         mw_net_output *out);

/* ---- what kinds have ---- */

static inline int mw_kind_scores(mw_net_kind k) /* a scorer of B.4 */
{
    return k == MW_NET_SCORE || k == MW_NET_PRODUCT || k == MW_NET_NOSCORE_MULTI ||
           k == MW_NET_RELIABILITY;
}

static inline int mw_kind_uses(mw_net_kind k) /* a scalar score enters the fusion */
{
    return k == MW_NET_SCORE || k == MW_NET_PRODUCT || k == MW_NET_GIVEN;
}

static inline int mw_kind_trunk(mw_net_kind k) /* a trunk branch */
{
    return k != MW_NET_NOSCORE_PLAIN && k != MW_NET_RELIABILITY && k != MW_NET_AVREL;
}

/* One encoder over all tokens, pooling by attention, unimodal heads. */
static inline int mw_kind_joint(mw_net_kind k)
{
    return mw_kind_uses(k) || k == MW_NET_NOSCORE || k == MW_NET_NOSCORE_PLAIN ||
           k == MW_NET_NOSCORE_MULTI || k == MW_NET_AVREL;
}

/* The scorer looks at other modalities. */
static inline int mw_net_crosses(const mw_net_config *c)
{
    return c->cross && c->n_modalities > 1;
}

/* ---- graphs of the kinds (net_build*.c) ---- */

typedef struct mw_builder {
    mw_net *net;
    const mw_net_config *c;
    mw_net_graph *g;
    mw_tape *t;
} mw_builder;

/* The node of a parameter, named by a format. */
mw_node *mw_build_param(mw_builder *b, const char *fmt, ...) MW_PRINTF(2, 3);
mw_node *mw_build_linear(mw_builder *b, mw_node *x, const char *name);
mw_node *mw_build_norm(mw_builder *b, mw_node *x, const char *name, int relu, int modality);
/* Two convolutions, each with normalisation, ReLU and mask. */
mw_node *mw_build_branch(mw_builder *b, mw_node *h, const char *name, int modality);
/* Pre-norm layer l of prefix; kv NULL: attention to x itself. */
typedef struct mw_layer {
    const char *prefix;
    int index;
    mw_node *logs;
    mw_sequence *queries, *keys;
    mw_node *kv;
} mw_layer;
mw_node *mw_build_layer(mw_builder *b, mw_node *x, const mw_layer *l);
mw_node *mw_build_head(mw_builder *b, mw_node *z, const char *prefix);

void mw_build_scorer(mw_builder *b, mw_node *const *h, mw_node **logit, mw_node **relevance);
mw_node *mw_build_avrel(mw_builder *b, mw_node *h, int modality);
void mw_build_joint(mw_builder *b, mw_node *const *e, mw_node *const *used);
void mw_build_early(mw_builder *b, mw_node *const *h);
void mw_build_late(mw_builder *b, mw_node *const *h);
void mw_build_mult(mw_builder *b, mw_node *const *h);
void mw_build_lmf(mw_builder *b, mw_node *const *h);

#endif
