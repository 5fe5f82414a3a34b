/* SPDX-License-Identifier: Apache-2.0
 *
 * Made-up batches for the scoring networks.
 */
#ifndef MW_TESTS_SCORE_BATCH_H
#define MW_TESTS_SCORE_BATCH_H

#include "base/rng.h"
#include "score/net.h"

/* A batch that owns its arrays. */
typedef struct score_batch {
    mw_net_batch b;
    float *x[MW_NET_MAX_MODALITIES], *tau[MW_NET_MAX_MODALITIES], *rel[MW_NET_MAX_MODALITIES];
    float *rel_weight[MW_NET_MAX_MODALITIES], *score[MW_NET_MAX_MODALITIES], *y, *y_weight;
    uint8_t *mask[MW_NET_MAX_MODALITIES];
} score_batch;

/* Random values and masks (each clip's own length, a hole now and then); clip 1 lacks the last
 * modality, clip 2 has one token of the first; targets, weights and labels of the task. given:
 * scores too. */
score_batch score_batch_make(const mw_net_config *c, size_t n, const int *n_tokens, uint64_t seed,
                             int given);
void score_batch_free(score_batch *s);

/* Clips first .. first + n - 1, with extra masked tokens of garbage at the end of each modality. */
score_batch score_batch_part(const mw_net_config *c, const score_batch *from, size_t first,
                             size_t n, int extra);

/* A small configuration of a kind: width 8, 2 heads, 2 layers, kernel 3, no dropout, and the
 * modalities named. */
mw_net_config score_config_small(mw_net_kind kind, const char *modalities);

#endif
