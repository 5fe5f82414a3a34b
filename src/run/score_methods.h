/* SPDX-License-Identifier: Apache-2.0
 *
 * Trained models side by side: a folder whose sub-folders are methods, each with one model per seed
 * (METHOD/seed_N), and the conditions that test clips are seen under.
 */
#ifndef MW_RUN_SCORE_METHODS_H
#define MW_RUN_SCORE_METHODS_H

#include "run/score_data.h"

typedef struct mw_method {
    char *name;
    mw_model **models; /* [n_seeds] */
    int64_t *seeds;    /* [n_seeds], rising */
    size_t n_seeds;
    int64_t n_started; /* runs that were ever started; -1: nobody counted */
} mw_method;

typedef struct mw_methods {
    mw_method *v; /* in the order of names, else sorted by name */
    size_t n;
} mw_methods;

/* names: "a,b,c", or "" for every sub-folder that holds a model. Each method must have the same
 * seeds. MW_ERR_IO "no_model"; MW_ERR_FORMAT "bad_model"; MW_ERR_MISMATCH "other_seeds". */
mw_status mw_methods_load(mw_methods *out, const char *dir, const char *names, mw_error *err);
void mw_methods_clear(mw_methods *m);

/* Letters, digits and . _ + - alone: names go into tables and pictures as they are. */
int mw_is_method_name(const char *name);

/* Refuse clips that any model was trained or chosen on. MW_ERR_MISMATCH "seen_in_training". */
mw_status mw_methods_check_unseen(const mw_methods *m, const char *const *clips, size_t n,
                                  mw_error *err);

/* The conditions of an evaluation: those of the bank outside training, then what needs no features
 * of its own: modalities missing, and rows missing at random (single rows, or one stretch). */
typedef struct mw_test_conditions {
    mw_bank_condition *v;
    size_t n;
    size_t n_bank; /* of these the first are the bank's */
} mw_test_conditions;

mw_status mw_test_conditions_make(mw_test_conditions *out, const mw_bank_index *index,
                                  mw_error *err);
void mw_test_conditions_clear(mw_test_conditions *t);

/* A clip as all of the conditions show it. Free with mw_test_clip_clear, the clip after it. */
typedef struct mw_test_clip {
    mw_model_input *in; /* [conditions] */
    mw_bank_variant *made;
    uint8_t *valid; /* behind made */
} mw_test_clip;

mw_status mw_test_clip_make(mw_test_clip *out, const mw_test_conditions *t,
                            const mw_bank_clip *clip, const char *name, mw_error *err);
void mw_test_clip_clear(mw_test_clip *c);

#endif
