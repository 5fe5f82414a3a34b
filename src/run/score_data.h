/* SPDX-License-Identifier: Apache-2.0
 *
 * Clips of a feature bank as samples for training: which conditions a split shows, the
 * standardisation, tokens of every variant, scores of a frozen scorer.
 */
#ifndef MW_RUN_SCORE_DATA_H
#define MW_RUN_SCORE_DATA_H

#include "data/labels.h"
#include "score/model.h"
#include "score/train.h"

/* Columns of the lines that `score` writes. */
typedef enum mw_score_column {
    MW_SCORE_START, /* t_start_s */
    MW_SCORE_SCORE,
    MW_SCORE_RELEVANCE,
    MW_SCORE_ATTENTION,
    MW_SCORE_COLUMNS
} mw_score_column;

extern const char *const mw_score_column_name[MW_SCORE_COLUMNS];

/* A bank folder: its index, its labels. */
/* Beside the seeds of a method: a line for each start of a training. */
#define MW_RUNS_FILE "runs.jsonl"

typedef struct mw_feature_bank {
    const char *dir; /* borrowed */
    mw_bank_index index;
    mw_labels labels;
    char sha256[65]; /* of bank.json and label.csv */
} mw_feature_bank;

/* labels: another label.csv, or NULL. MW_ERR_IO, MW_ERR_FORMAT; MW_ERR_RANGE "no_clips" without any
 * row. */
mw_status mw_feature_bank_open(mw_feature_bank *b, const char *dir, const char *labels,
                               mw_error *err);
void mw_feature_bank_close(mw_feature_bank *b);
/* Read the file of one clip; sha256 [65] receives the hash of its contents, NULL: not wanted. */
mw_status mw_feature_bank_read(mw_bank_clip *out, const mw_feature_bank *b, const char *clip,
                               char *sha256, mw_error *err);
/* Which variants of a clip stand for a condition. MW_ERR_FORMAT "bad_bank" when one is not there.
 */
mw_status mw_feature_bank_input(mw_model_input *out, const mw_bank_clip *clip,
                                const mw_bank_condition *condition, const char *name,
                                mw_error *err);
/* The modality of that letter, or NULL. */
const mw_bank_modality *mw_feature_bank_modality_of(const mw_bank_clip *clip, char letter);

/* Conditions of a block, clean first (made up where the index does not list it). list is mw_free'd
 * by the caller. limit: at most so many beside clean. */
mw_status mw_feature_bank_conditions(const mw_bank_condition ***list, size_t *n,
                                     const mw_feature_bank *b, const char *block, size_t limit,
                                     mw_error *err);

/* Labels as a network of this task wants them: y [n_out]; 0 when the clip has none. */
int mw_label_values(float *y, const mw_label *label, mw_net_task task, int n_out);

/* Clips of one split, in order of their names, loaded. */
typedef struct mw_score_split {
    mw_sample_set set;
    const mw_label **labels; /* [set.n] */
    mw_tokens *tokens;       /* all variants of all clips */
    size_t n_tokens, tokens_cap;
    const mw_bank_condition **conditions;
    char sha256[65]; /* of the names and contents of the clips' files */
} mw_score_split;

typedef struct mw_split_request {
    const mw_feature_bank *bank;
    mw_split split;
    const mw_bank_condition **conditions; /* taken over */
    size_t n_conditions, limit;           /* limit: only the first clips; 0: all */
    mw_net_task task;
    int n_out;
    int (*stop)(void *user); /* may be NULL */
    void *user;
} mw_split_request;

/* Statistics over the clips of a request. weights [n_conditions]: how often training sees each.
 * p: letters, windows and l2 are set; fills the rest. n_not_finite counts values taken as 0. */
mw_status mw_score_fit(mw_prep *p, const mw_split_request *r, const double *weights,
                       int64_t *n_not_finite, mw_error *err);
/* Load all clips. scorer (may be NULL) gives the samples' scores; truth 1: the scores are the
 * reliability of the truth. On failure *out is cleared. */
mw_status mw_score_split_load(mw_score_split *out, const mw_split_request *r, const mw_prep *p,
                              mw_model *scorer, int truth, int n_threads, mw_error *err);
void mw_score_split_clear(mw_score_split *s);

#endif
