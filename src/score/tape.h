/* SPDX-License-Identifier: Apache-2.0
 *
 * Reverse-mode differentiation over a graph that is built once per shape of batch. Nodes are
 * matrices, clips times tokens as rows; operations are recorded in order of building, run forward
 * in that order and backward in reverse. All memory of a tape is taken while it is built.
 *
 * Gradients: an operation adds to the gradient of its inputs; whoever comes first overwrites what
 * the last step left (mw_node.seen), so nothing is cleared between steps. An operation whose result
 * nobody has sent a gradient to does nothing on the way back.
 *
 * Building cannot fail in the middle: after a failed allocation every builder returns a node
 * without memory, and mw_tape_ok says so once at the end.
 *
 * Clips are independent: no operation but batch normalisation, the losses and the gradients of
 * parameters reads across clips.
 */
#ifndef MW_SCORE_TAPE_H
#define MW_SCORE_TAPE_H

#include <stddef.h>
#include <stdint.h>

#include "score/net.h"
#include "score/real.h"
#include "score/rows.h"

/* A matrix [rows][cols]. Parameters point into the network's values and a slice's gradients. */
typedef struct mw_node {
    mw_real *v, *g;
    size_t rows, cols;
    int seen;
} mw_node;

/* What a tape works on: clips first .. first + n - 1 of a batch, and where sums go. */
typedef struct mw_slice {
    const mw_net_batch *batch;
    size_t first;
    int n;
    int training; /* dropout on, statistics of the batch */
    uint64_t seed, step;
    /* one over the number of labels, and of reliability targets per modality; over the whole batch
     */
    double label_share, rel_share[MW_NET_MAX_MODALITIES];
    mw_net_loss loss; /* of these clips, already divided by the batch's numbers */
} mw_slice;

/* The valid tokens of several modalities, one after another, first token first. count [n] of each
 * clip; start [m][n] where modality m begins; token [n][capacity] its number within its modality,
 * modality [n][capacity]. */
typedef struct mw_sequence {
    size_t capacity;
    int n_modalities, modality_of[MW_NET_MAX_MODALITIES];
    int *count, *start[MW_NET_MAX_MODALITIES + 1], *token, *modality;
} mw_sequence;

typedef struct mw_tape mw_tape;
typedef struct mw_op mw_op;

enum { MW_OP_INPUTS = 8 };

struct mw_op {
    void (*forward)(mw_tape *t, mw_op *op);
    void (*backward)(mw_tape *t, mw_op *op);
    mw_node *in[MW_OP_INPUTS], *out;
    int n_in;
    mw_sequence *seq, *keys; /* rows of queries and of keys */
    mw_real *saved, *scratch;
    size_t size[4]; /* what the operation makes of them */
    double value;
    int modality, flag, index;
};

/* A graph being built, and its memory. */
struct mw_tape {
    const mw_net_config *config;
    int n; /* clips */
    mw_slice *slice;
    mw_op *ops;
    size_t n_ops, cap_ops;
    mw_node **nodes;
    size_t n_nodes, cap_nodes;
    void **blocks;
    size_t n_blocks, cap_blocks, block_left;
    unsigned char *block_at;
    int n_dropouts, failed;
    mw_node dead; /* given out when memory is short */
    mw_op dead_op;
};

void mw_tape_init(mw_tape *t, const mw_net_config *c, int n_clips);
void mw_tape_clear(mw_tape *t);
static inline int mw_tape_ok(const mw_tape *t)
{
    return !t->failed;
}

/* Memory that lives as long as the tape, zeroed, aligned; NULL when short. */
void *mw_tape_alloc(mw_tape *t, size_t n, size_t size);
mw_node *mw_tape_node(mw_tape *t, size_t rows, size_t cols);
/* A new operation that the caller fills; never NULL. */
mw_op *mw_tape_op(mw_tape *t, size_t rows, size_t cols);

void mw_tape_forward(mw_tape *t, mw_slice *s);
/* After forward, with gradients of the losses; leaves those of parameters in their nodes. */
void mw_tape_backward(mw_tape *t);

/* The gradient of x for adding to: cleared when nothing was there. */
mw_real *mw_node_gradient(mw_node *x);
/* The same for an operation that can write as well as add: *add says which. */
mw_real *mw_node_gradient_or(mw_node *x, int *add);

/* ---- operations; each returns its result ---- */

/* The batch's tokens of a modality [n tokens][values], without gradient. */
mw_node *mw_op_input(mw_tape *t, int modality, size_t tokens, size_t values);
/* x w^T + b, w [out][in] */
mw_node *mw_op_linear(mw_tape *t, mw_node *x, mw_node *w, mw_node *b);
/* Over the tokens of each clip; w [taps in][out], zero padding. */
mw_node *mw_op_conv(mw_tape *t, mw_node *x, mw_node *w, mw_node *b, int taps);
/* Layer normalisation, then ReLU when relu, then the mask of a modality unless -1. */
mw_node *mw_op_norm(mw_tape *t, mw_node *x, mw_node *w, mw_node *b, int relu, int modality);
/* Batch normalisation over the valid rows of a modality, then ReLU or sigmoid, then the mask.
 * mean, var: running statistics; their gradient slots receive those of the slice. */
typedef enum mw_squash { MW_SQUASH_RELU, MW_SQUASH_SIGMOID } mw_squash;
mw_node *mw_op_batch_norm(mw_tape *t, mw_node *x, mw_node *const p[4], mw_squash squash,
                          int modality);
mw_node *mw_op_relu(mw_tape *t, mw_node *x);
mw_node *mw_op_gelu(mw_tape *t, mw_node *x);
mw_node *mw_op_add(mw_tape *t, mw_node *x, mw_node *y);
mw_node *mw_op_scale(mw_tape *t, mw_node *x, double by);
/* Rows side by side. */
mw_node *mw_op_beside(mw_tape *t, mw_node *const *x, int n);
mw_node *mw_op_dropout(mw_tape *t, mw_node *x, double p);

/* Valid tokens of n modalities, together; where they come from stands in *seq. embed [all][d] and
 * the sinusoidal code are added when embed is not NULL. */
mw_node *mw_op_gather(mw_tape *t, mw_node *const *x, const int *modality, int n, mw_node *embed,
                      mw_sequence **seq);
/* log(score + 1e-3) in the order of seq [n capacity][1]. */
mw_node *mw_op_gather_log(mw_tape *t, mw_node *const *score, mw_sequence *seq);
/* The tokens of one modality after another side by side, at the times of the first modality of the
 * clip that has any; seq lists those times' tokens. */
mw_node *mw_op_align(mw_tape *t, mw_node *const *x, int n, mw_sequence **seq);

/* heads of equal width over in q, k, v; keys with logs [.][1] (may be NULL) times element index of
 * beta. queries NULL: all rows of q. A query of a clip without keys gives 0. */
typedef struct mw_attention {
    mw_node *q, *k, *v, *logs, *beta;
    int index, heads;
    mw_sequence *queries, *keys;
} mw_attention;
mw_node *mw_op_attention(mw_tape *t, const mw_attention *a);
/* x plus the sinusoidal code of the places of seq. */
mw_node *mw_op_position(mw_tape *t, mw_node *x, mw_sequence *seq);
/* x [clips tokens][d], 0 in clips for which seq has no token. */
mw_node *mw_op_where(mw_tape *t, mw_node *x, mw_sequence *seq);
/* Softmax over the tokens of the m-th modality of seq: x w^T + b + eta logs; the weighted sum
 * [n][d]. *weights [n][capacity]: where the weights of the clip stand from 0 on. */
mw_node *mw_op_pool(mw_tape *t, mw_node *const in[5], mw_sequence *seq, int m, mw_real **weights);
/* Mean over the m-th modality of seq, m -1: over all. */
mw_node *mw_op_mean(mw_tape *t, mw_node *x, mw_sequence *seq, int m);

/* sigmoid(x) where valid, else 0; x [n tokens][1] */
mw_node *mw_op_score(mw_tape *t, mw_node *x, int modality);
mw_node *mw_op_times(mw_tape *t, mw_node *x, mw_node *y);
/* The batch's score where it has one (repeated over columns), else own (NULL: 1). */
mw_node *mw_op_given(mw_tape *t, mw_node *own, size_t tokens, int modality);
/* (1 + gamma s) h; s [.][1] or as wide as h; gamma NULL: 1. */
mw_node *mw_op_emphasis(mw_tape *t, mw_node *h, mw_node *s, mw_node *gamma);
/* s h + (1 - s) missing[modality], where valid. */
mw_node *mw_op_replace(mw_tape *t, mw_node *h, mw_node *s, mw_node *missing, int modality);

/* Softmax of w [n][1] over the modalities that a clip has, applied to n outputs [clips][o]. */
mw_node *mw_op_late(mw_tape *t, mw_node *const *y, mw_node *w, int n);
/* Low-rank product: factor m [rank (d+1)][o], weights [1][rank], bias [1][o]. */
mw_node *mw_op_low_rank(mw_tape *t, mw_node *const *z, mw_node *const *factor, int n, mw_node *w,
                        mw_node *b);

/* Losses add to slice->loss and send gradients times weight. modality -1: the task's loss of the
 * result; else that of a unimodal head, shared among the modalities of a clip. */
void mw_op_task_loss(mw_tape *t, mw_node *y, int modality, double weight);
/* Cross-entropy of logits [n tokens][1] with the batch's reliability. */
void mw_op_rel_loss(mw_tape *t, mw_node *logit, int modality, double weight);

/* ---- what operations share ---- */

static inline int mw_slice_tokens(const mw_slice *s, int modality)
{
    return s->batch->n_tokens[modality];
}

/* Mask of a modality from the slice's first clip on. */
static inline const uint8_t *mw_slice_mask(const mw_slice *s, int modality)
{
    return s->batch->mask[modality] + s->first * (size_t)s->batch->n_tokens[modality];
}

/* The part of a [n][tokens] array that belongs to the slice; NULL stays NULL. */
static inline const float *mw_slice_tokens_of(const mw_slice *s, const float *all, int modality)
{
    return all ? all + s->first * (size_t)s->batch->n_tokens[modality] : NULL;
}

/* 1 when clip i of the slice has a valid token of the modality. */
int mw_slice_has(const mw_slice *s, int modality, int i);

#endif
