/* SPDX-License-Identifier: Apache-2.0
 *
 * The scoring networks: the relevance-guided scorer with its fusion encoder, and everything it is
 * compared with, over one trunk. What comes from AV-RelScore (Hong et al., CVPR 2023) and what is
 * ours: docs/scoring-model.md.
 *
 * A batch holds clips as windows ("tokens"): the window statistics of standardised features. A
 * network owns parameters and one arena per shape of batch; nothing is allocated within a step of a
 * shape that was seen before.
 *
 * Numbers: fixed order. float32, equal bits at every CPU level and for any number of threads: the
 * batch is cut into slices of MW_NET_SLICE clips, and gradients are summed over slices in order.
 * Padding changes no bit; batch mates change no bit of a result (MW_NET_AVREL normalises over the
 * valid tokens of a slice while it trains, and moves its running statistics with every slice).
 *
 * Threads: one call at a time per network.
 */
#ifndef MW_SCORE_NET_H
#define MW_SCORE_NET_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"
#include "nn/weights.h"
#include "score/real.h"

#define MW_NET_SLICE          8
#define MW_NET_MAX_MODALITIES 3

typedef enum mw_net_kind {
    MW_NET_SCORE,         /* own scorer, score = reliability */
    MW_NET_GIVEN,         /* scores come with the batch: a frozen scorer, the truth, anything */
    MW_NET_PRODUCT,       /* score = rho alpha, alpha unsupervised (ablation) */
    MW_NET_NOSCORE,       /* no scorer, trunk branch kept: the control */
    MW_NET_NOSCORE_PLAIN, /* without the trunk branch */
    MW_NET_NOSCORE_MULTI, /* scorer as an auxiliary task only, never used */
    MW_NET_RELIABILITY,   /* stem and scorer alone, no labels needed */
    MW_NET_AVREL,         /* AV-RelScore's channel-wise scorer */
    MW_NET_EARLY,         /* video gathered at audio times, concatenated */
    MW_NET_LATE,          /* separate unimodal networks, learned weights */
    MW_NET_MULT,          /* one cross-modal layer per ordered pair */
    MW_NET_LMF,           /* low-rank fusion of pooled stems */
    MW_N_NET_KINDS
} mw_net_kind; /* uni-a, uni-v, uni-t: MW_NET_NOSCORE over one modality */

/* Where the score enters. */
enum { MW_USE_EMPHASIS = 1, MW_USE_BIAS = 2, MW_USE_POOL = 4, MW_USE_REPLACE = 8 };

typedef enum mw_net_task {
    MW_TASK_REGRESSION,
    MW_TASK_MULTICLASS,            /* y holds the class number */
    MW_TASK_MULTILABEL,            /* y in {0, 1} */
    MW_TASK_REGRESSION_MULTILABEL, /* first output regression, the others multi-label */
    MW_TASK_RELIABILITY
} mw_net_task;

/* modality [n_modalities] 'a', 'v', 't' in this order; columns [m] features, window [m] rows per
 * token (1: no deviation part). coefficient: value of gamma, beta and eta at the start;
 * coefficient_fixed: they are not learned. lambda_*: weights of the losses. */
typedef struct mw_net_config {
    mw_net_kind kind;
    mw_net_task task;
    int n_modalities;
    char modality[MW_NET_MAX_MODALITIES];
    int columns[MW_NET_MAX_MODALITIES], window[MW_NET_MAX_MODALITIES];
    int n_out;
    int width, heads, layers, hidden, kernel;
    double dropout;
    unsigned use;
    double coefficient;
    int coefficient_fixed;
    int cross; /* cross-modal context of the scorer */
    double lambda_rel, lambda_uni;
    double huber_delta;             /* 0: absolute error */
    const double *positive_weights; /* [n_out] of multi-label outputs, copied; NULL: 1 */
} mw_net_config;

/* width 64, heads 4, layers 2, hidden 128, kernel 7, dropout 0.1, all three uses, coefficients from
 * 0 and learned, cross 1, lambda 0.3 and 0.1, regression with one output, a and v. */
void mw_net_config_default(mw_net_config *c);
const char *mw_net_kind_name(mw_net_kind k);
/* -1 when there is none of that name. */
int mw_net_kind_by_name(const char *name);

/* Values per token that the stem reads: 3 columns (mean, deviation, centred mean), 2 for window 1.
 */
int mw_net_token_values(const mw_net_config *c, int m);
/* Whether both read the same tokens: modalities, columns and windows. */
int mw_net_same_tokens(const mw_net_config *a, const mw_net_config *b);

/* n clips, n_tokens [m] tokens each (padded). All arrays are borrowed, row-major.
 *
 * x          [m] [n][n_tokens[m]][token_values]
 * mask       [m] [n][n_tokens[m]] 1 where the token holds at least one valid row
 * tau        [m] [n][n_tokens[m]] place in the sinusoidal code: 25 times the window's centre in
 *            seconds
 * rel        [m] [n][n_tokens[m]] reliability target; NULL: none
 * rel_weight [m] the same shape, 0 where the target does not count; NULL: 1 everywhere
 * score      [m] the same shape: takes the place of the network's own score in all its uses; needed
 *            by MW_NET_GIVEN, NULL: its own
 * y          [n][n_out] labels (MW_TASK_MULTICLASS: [n] class numbers); NULL: no task loss
 * y_weight   [n] 0 where there is no label; NULL: 1 everywhere
 */
typedef struct mw_net_batch {
    size_t n;
    int n_tokens[MW_NET_MAX_MODALITIES];
    const float *x[MW_NET_MAX_MODALITIES];
    const uint8_t *mask[MW_NET_MAX_MODALITIES];
    const float *tau[MW_NET_MAX_MODALITIES];
    const float *rel[MW_NET_MAX_MODALITIES];
    const float *rel_weight[MW_NET_MAX_MODALITIES];
    const float *score[MW_NET_MAX_MODALITIES];
    const float *y, *y_weight;
} mw_net_batch;

/* Where results go; NULL: not wanted. y [n][n_out] (regression: value; else logits), uni [m] the
 * same of the unimodal heads, score [m] [n][n_tokens] in use, rel [m] the network's own reliability
 * (the score where it has no other; channel mean for avrel), pool [m] pooling attention (sums to 1
 * over the modality's valid tokens; where tokens are averaged, their shares). A network without
 * unimodal heads writes NaN into uni. */
typedef struct mw_net_output {
    float *y;
    float *uni[MW_NET_MAX_MODALITIES];
    float *score[MW_NET_MAX_MODALITIES], *rel[MW_NET_MAX_MODALITIES], *pool[MW_NET_MAX_MODALITIES];
} mw_net_output;

typedef struct mw_net_loss {
    double total, task, rel, uni;
} mw_net_loss;

typedef struct mw_net mw_net;

/* Parameters drawn from seed as docs/scoring-model.md says, the same for any machine.
 * MW_ERR_RANGE naming the field. */
mw_status mw_net_create(mw_net **out, const mw_net_config *c, uint64_t seed, mw_error *err);
/* A network with the values of an open file. Names and shapes are compared first: memory is taken
 * for no more than the file holds. MW_ERR_FORMAT as of mw_net_load. */
mw_status mw_net_open(mw_net **out, const mw_net_config *c, const mw_weights *w, mw_error *err);
void mw_net_destroy(mw_net **net);

/* Give back what calls keep for the next ones (some 30 MB for a batch of clips). */
void mw_net_rest(mw_net *net);

const mw_net_config *mw_net_config_of(const mw_net *net);

/* A tensor of the network in PyTorch's layout of names and shapes. v and g point into blocks that
 * belong to the network; conv weights lie there as [k][in][out]. decay: weight decay applies;
 * coefficient: one of gamma, beta, eta. trained 0: frozen, or a statistic. */
typedef struct mw_net_param {
    char name[64];
    int n_dims;
    size_t shape[3], n;
    mw_real *v, *g;
    int decay, coefficient, trained;
} mw_net_param;

size_t mw_net_n_params(const mw_net *net);
mw_net_param *mw_net_param_at(mw_net *net, size_t i);

/* Forward only, dropout off. out may be NULL; loss may be NULL. */
mw_status mw_net_predict(mw_net *net, const mw_net_batch *b, int n_threads, mw_net_output *out,
                         mw_net_loss *loss, mw_error *err);

/* Forward and backward: g of every parameter is overwritten with the gradient of the mean loss over
 * the batch. step keys the dropout masks together with the network's seed. */
mw_status mw_net_gradient(mw_net *net, const mw_net_batch *b, uint64_t step, int n_threads,
                          mw_net_loss *loss, mw_error *err);

/* AdamW (Loshchilov and Hutter 2019): betas 0.9 and 0.999, eps 1e-8; decay on matrices only; the
 * coefficients take coefficient_rate times the rate; gradients clipped to the global norm clip
 * first (0: not). The state belongs to the network. Returns the norm before clipping. */
double mw_net_adamw(mw_net *net, double rate, double decay, double coefficient_rate, double clip);

/* safetensors in PyTorch's names and layout; extra [n_extra] tensors of the caller's (prep.*) stand
 * in the same file, notes [n_notes] go into its metadata. optim: moments and step, in a file of its
 * own. Loading checks every name and shape, and passes names by that begin with "prep.". */
mw_status mw_net_save(const mw_net *net, const char *path, const mw_tensor_out *extra,
                      size_t n_extra, const char *const (*notes)[2], size_t n_notes, mw_error *err);
mw_status mw_net_load(mw_net *net, const char *path, mw_error *err);
mw_status mw_net_save_optim(const mw_net *net, const char *path, mw_error *err);
mw_status mw_net_load_optim(mw_net *net, const char *path, mw_error *err);

/* Steps that AdamW has made. */
uint64_t mw_net_steps(const mw_net *net);

/* Copy all parameters (not the moments) of an equally configured network. */
void mw_net_copy(mw_net *to, const mw_net *from);

#endif
