/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of a training run share: score_train.c sets it up, score_train_seed.c trains one
 * model of it.
 */
#ifndef MW_RUN_SCORE_TRAIN_H
#define MW_RUN_SCORE_TRAIN_H

#include "data/feature_bank.h"
#include "merwild/train.h"
#include "run/score_data.h"
#include "run/setup.h"
#include "score/model.h"
#include "score/train.h"

typedef struct mw_train_data_options {
    mw_ints seeds;
    int regime, l2, targets, form;
    int64_t train_clips, variants;
    char *labels, *scorer, *base;
    mw_trainer_options t;
} mw_train_data_options;

extern const mw_opt mw_train_data_table[];

struct mw_train_options {
    mw_run_options run;
    mw_net_options net;
    mw_train_data_options d;
};

typedef struct mw_train_run {
    const mw_train_options *o;
    const mw_run_hooks *hooks;
    mw_summary *summary;
    int n_threads;
    mw_feature_bank bank;
    mw_net_options net;      /* as the form says, completed with what the bank holds */
    mw_train_data_options d; /* the same; borrows o's lists and texts, and base_dir */
    char *base_dir;          /* of the control that the form stands on; NULL: none of its own */
    mw_prep prep;
    mw_model *scorer;
    int truth; /* scores are the truth */
    mw_score_split train, valid;
    int64_t n_not_finite;
    double median;
    char tag[65];
    double start_s;
    size_t epochs_ended;
} mw_train_run;

/* Whether the hooks ask to stop; user is the run. */
int mw_train_stopping(void *user);

/* Call the event hook, with the epochs that have ended. */
void mw_train_tell(const mw_train_run *r, mw_event_kind kind, const char *id, const char *message);

/* Train the model of one seed into OUT/seed_<seed>, or find that it is there. */
mw_status mw_train_seed(mw_train_run *r, int64_t seed, mw_error *err);

#endif
