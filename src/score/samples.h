/* SPDX-License-Identifier: Apache-2.0
 *
 * From features to what a network reads: standardisation with numbers of the training clips, then
 * windows ("tokens") with mean, deviation and centred mean.
 *
 * Numbers: fixed order; the same bits on every machine.
 */
#ifndef MW_SCORE_SAMPLES_H
#define MW_SCORE_SAMPLES_H

#include "base/rng.h"
#include "data/feature_bank.h"
#include "score/net.h"

/* Standardised values are held within +- this. */
#define MW_PREP_CLIP 5.0f

/* One modality: z = clip((x - mean) / std), mean and std [columns] over the valid rows of the
 * training clips, std >= 1e-6. l2: rows are brought to length 1 first (CLIP embeddings). window:
 * rows per token. */
typedef struct mw_prep_modality {
    char letter;
    int columns, window, l2;
    float *mean, *std;
} mw_prep_modality;

typedef struct mw_prep {
    int n_modalities;
    mw_prep_modality m[MW_NET_MAX_MODALITIES];
} mw_prep;

void mw_prep_clear(mw_prep *p);
mw_status mw_prep_copy(mw_prep *to, const mw_prep *from, mw_error *err);

/* Sums while the training clips go by. */
typedef struct mw_prep_sums {
    double *sum, *square; /* [columns] */
    double weight;
    int64_t n_not_finite; /* values that count as 0 */
    int columns;
} mw_prep_sums;

/* Add the valid rows of a variant, each with this weight (how often training will see it). The
 * first call fixes the number of columns. MW_ERR_FORMAT "columns_differ". */
mw_status mw_prep_add(mw_prep_sums *s, const mw_prep_modality *p, const mw_bank_modality *m,
                      const mw_bank_variant *v, double weight, mw_error *err);
/* mean and std of p from the sums; frees them. MW_ERR_FORMAT "no_rows" when nothing was added. */
mw_status mw_prep_finish(mw_prep_modality *p, mw_prep_sums *s, mw_error *err);
void mw_prep_sums_clear(mw_prep_sums *s);

/* The windows of one modality of one variant.
 *
 * x          [n][values]: mean, deviation (not for window 1), mean less the clip's
 * mask       [n] 1 where a row of the window is valid
 * tau        [n] 25 times the middle of the window in seconds; without times 100 (i + 1/2) / n
 * rel        [n] mean reliability of the valid rows; 0 where none is known
 * rel_weight [n] 1 where rel is known and no edge of a corruption is near, else 0: within one
 * window of a jump of the rows' reliability by more than MW_EDGE
 */
typedef struct mw_tokens {
    int n, values;
    float *x;
    uint8_t *mask;
    float *tau, *rel, *rel_weight;
} mw_tokens;

#define MW_EDGE 0.1f

/* Tokens of a variant; p names columns, window and statistics. MW_ERR_FORMAT "columns_differ". */
mw_status mw_tokens_make(mw_tokens *out, const mw_prep_modality *p, const mw_bank_modality *m,
                         const mw_bank_variant *v, mw_error *err);
void mw_tokens_clear(mw_tokens *t);

/* A batch under construction: arrays of fixed size, filled clip by clip. Zero-initialise. */
typedef struct mw_batch {
    mw_net_batch b;
    int n_modalities, n_out, n_y, values[MW_NET_MAX_MODALITIES]; /* n_y: numbers of a label */
    float *x[MW_NET_MAX_MODALITIES], *tau[MW_NET_MAX_MODALITIES], *rel[MW_NET_MAX_MODALITIES],
        *rel_weight[MW_NET_MAX_MODALITIES], *score[MW_NET_MAX_MODALITIES];
    uint8_t *mask[MW_NET_MAX_MODALITIES];
    float *y, *y_weight;
    size_t cap;
} mw_batch;

/* Room for cap clips of up to n_tokens [modalities] tokens for networks of this configuration. */
mw_status mw_batch_create(mw_batch *b, const mw_net_config *c, size_t cap, const int *n_tokens,
                          mw_error *err);
void mw_batch_clear(mw_batch *b);

/* Begin again with n clips, n <= cap; with_scores: b.score is given too. */
void mw_batch_begin(mw_batch *b, size_t n, int with_scores);
/* Clip i of the batch: its tokens [modalities], NULL where the modality is missing; scores
 * [modalities] of as many values as tokens, NULL: 1; y [n_y]: [n_out], of multiclass [1]; NULL: no
 * label. */
void mw_batch_put(mw_batch *b, size_t i, const mw_tokens *const *tokens, const float *const *scores,
                  const float *y);
/* Mask a token of modality m of clip i, as if it had never been there. */
void mw_batch_mask(mw_batch *b, size_t i, int m, size_t token);
/* Take tokens of modality m of clip i away, each with this probability: its score becomes 0 in a
 * batch with scores, elsewhere it is masked. */
void mw_batch_drop(mw_batch *b, size_t i, int m, double probability, mw_rng *rng);

#endif
