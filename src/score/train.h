/* SPDX-License-Identifier: Apache-2.0
 *
 * Training a scoring network: which damaged variant of a clip is shown when, the rate, when to
 * stop, and checkpoints from which a killed run goes on to the same weights.
 *
 * Numbers: one machine, one seed: the same weights for any number of threads.
 */
#ifndef MW_SCORE_TRAIN_H
#define MW_SCORE_TRAIN_H

#include "score/samples.h"

/* A clip under some conditions. tokens [n_conditions * modalities]: borrowed, NULL where the
 * modality is missing; condition 0 is clean. scores: the same places, one value per token, NULL:
 * none (1 everywhere). y [n_out]; has_y 0: the clip has no label. */
typedef struct mw_sample {
    const mw_tokens **tokens;
    float **scores;
    float *y;
    int has_y;
} mw_sample;

typedef struct mw_sample_set {
    mw_sample *v;
    size_t n, n_conditions;
    int n_tokens[MW_NET_MAX_MODALITIES]; /* most of any clip */
} mw_sample_set;

/* Defaults: docs/scoring.md, "Training". */
typedef struct mw_trainer_options {
    int64_t epochs, batch, patience; /* patience: epochs without a better validation value */
    double rate, decay, coefficient_rate, clip_norm;
    int64_t warmup_steps;
    double p_clean;         /* share of visits that see the clean variant */
    double p_drop_modality; /* probability that a whole modality is taken away, each in turn */
    double token_drop;      /* largest share of tokens taken away, drawn per clip and modality */
    int64_t seed;
    int keep_last; /* the last epoch counts, whatever validation says */
} mw_trainer_options;

typedef struct mw_train_epoch {
    int64_t epoch; /* counts from 1 */
    double rate;   /* at its last step */
    mw_net_loss train;
    double valid_clean, valid_mixed; /* of the selection loss */
    double value;                    /* their mean, what selects */
    int best;                        /* it is the best so far */
} mw_train_epoch;

typedef struct mw_trainer mw_trainer;

/* net and the sets are borrowed. valid: condition 0 clean, condition 1 (if any) the mix; its loss
 * (of the task; for MW_TASK_RELIABILITY of the reliability) selects. with_scores: batches carry the
 * samples' scores. */
mw_status mw_trainer_create(mw_trainer **out, mw_net *net, const mw_sample_set *train,
                            const mw_sample_set *valid, const mw_trainer_options *o,
                            int with_scores, int n_threads, mw_error *err);
void mw_trainer_destroy(mw_trainer **t);

/* Whether the last epoch was reached, or patience ran out. */
int mw_trainer_done(const mw_trainer *t);
/* One pass over the training clips, then validation. stop (may be NULL) is asked between batches:
 * non-zero ends with MW_ERR_INTERRUPTED, and the trainer can only be destroyed. */
mw_status mw_trainer_epoch(mw_trainer *t, mw_train_epoch *report, int (*stop)(void *user),
                           void *user, mw_error *err);
/* Copy the best weights into the network. */
void mw_trainer_take_best(mw_trainer *t);

/* A folder "epoch-N" below dir with everything needed to go on; appears by rename, then older ones
 * are removed, state.json first: a folder without it is no checkpoint. restore: from the newest;
 * MW_OK with *found 0 when there is none. tag: text that must be the same on restoring
 * (configuration and data); MW_ERR_MISMATCH "other_run". The files are hostile: one that is cut,
 * missing or does not fit the others is MW_ERR_FORMAT or MW_ERR_IO naming it, and the trainer can
 * only be destroyed. */
mw_status mw_trainer_save(const mw_trainer *t, const char *dir, const char *tag, mw_error *err);
mw_status mw_trainer_restore(mw_trainer *t, const char *dir, const char *tag, int *found,
                             mw_error *err);

/* Remove all checkpoints below dir, and dir where nothing else is in it. */
void mw_trainer_forget(const char *dir);

/* Epochs done, and the epoch that was best. */
int64_t mw_trainer_epochs(const mw_trainer *t);
int64_t mw_trainer_best_epoch(const mw_trainer *t);
double mw_trainer_best_value(const mw_trainer *t);

#endif
