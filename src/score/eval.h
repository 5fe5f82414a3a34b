/* SPDX-License-Identifier: Apache-2.0
 *
 * An evaluation: predictions of methods and seeds for clips under conditions, what their scores
 * said of each window, and what happens when the scores are replaced; filled step by step, then
 * written as a report. Every number of the report is defined in docs/evaluation.md.
 *
 * Numbers: fixed order.
 */
#ifndef MW_SCORE_EVAL_H
#define MW_SCORE_EVAL_H

#include "data/feature_bank.h"
#include "data/labels.h"
#include "score/metrics.h"
#include "score/net.h"

/* Values of a prediction and of a label. Regression: 1; multiclass: 1, the class; multilabel: a
 * probability per emotion (labels: 0 or 1), behind the number in regression+multilabel;
 * reliability: none. */
#define MW_EVAL_MAX_VALUES (1 + MW_N_EMOTIONS)
size_t mw_eval_n_values(mw_net_task task);
/* A network's outputs [n_out] as such values; all NaN when one is not finite. */
void mw_eval_read(double *p, mw_net_task task, const float *out, int n_out);

/* What is put in the place of the scores. */
typedef enum mw_eval_swap {
    MW_SWAP_CLIPS, /* another clip's, of about the same length; many draws */
    MW_SWAP_APART, /* the same, but each modality's from a clip of its own; many draws */
    MW_SWAP_ALIKE, /* another clip's with about the same mean: what is left is time; many draws */
    MW_SWAP_TIME,  /* its own, shifted in a circle; many draws */
    MW_SWAP_CONSTANT, /* the modality's mean */
    MW_SWAP_INVERT,   /* 1 - s */
    MW_SWAP_TRUTH,    /* the truth, brought to the same mean */
    MW_N_SWAPS
} mw_eval_swap;

extern const char *const mw_eval_swap_names[MW_N_SWAPS];

/* What an evaluation is about; everything is borrowed until mw_eval_destroy. group [n_clips]: whom
 * the bootstrap resamples, in [0, n_groups). y [n_clips][values]. constant [values]: what knowing
 * nothing says (the median training label, the most frequent class). task: not reliability. sims:
 * regression by the rules of CH-SIMS. n_classes: of multiclass. full ... avrel: names of methods,
 * "" where there is none. */
typedef struct mw_eval_setup {
    mw_net_task task;
    int sims, n_classes;
    const char *const *clips;
    const int *group;
    const float *y;
    size_t n_clips, n_groups;
    const mw_bank_condition *conditions;
    size_t n_conditions;
    const char *const *methods;
    size_t n_methods;
    const int64_t *seeds;
    size_t n_seeds;
    double constant[MW_EVAL_MAX_VALUES];
    const char *full, *control, *unsupervised, *avrel;
    size_t n_replicates;
    uint64_t seed; /* of the bootstrap */
} mw_eval_setup;

typedef struct mw_eval mw_eval;

mw_status mw_eval_create(mw_eval **out, const mw_eval_setup *setup, mw_error *err);
void mw_eval_destroy(mw_eval **e);

/* A prediction [values]; those not set are missing, and their cells are left out. */
void mw_eval_set(mw_eval *e, size_t method, size_t seed, size_t condition, size_t clip,
                 const double *p);
/* Its value k; NaN where none was set. */
double mw_eval_get(const mw_eval *e, size_t method, size_t seed, size_t condition, size_t clip,
                   size_t k);

/* Error of a prediction for a label, both [values]: absolute (sims: both held within 1); 1 for
 * another class; labels missed, each weighed so that the mean over the test clips is the mean over
 * emotions of 1 - weighted accuracy. NaN without a prediction. */
double mw_eval_error(const mw_eval *e, const double *p, const float *y);

/* Whether two predictions decide otherwise: another sign or class, or a label on one side alone. */
int mw_eval_differs(mw_net_task task, const double *p, const double *q);

/* Reliability of the n windows of modality 0 (sound) or 1 (picture) of a clip, its truth, and
 * whether each window counts. type: the kind of damage of the modality. MW_ERR_NOMEM. */
typedef struct mw_eval_window_set {
    const float *said, *was, *weight; /* [n] */
    size_t n;
    const char *type;
} mw_eval_window_set;

mw_status mw_eval_windows(mw_eval *e, size_t method, size_t seed, size_t condition, size_t clip,
                          int modality, const mw_eval_window_set *w, mw_error *err);

/* What a model says over the clips of a condition with the scores as they are (natural), and the
 * mean error when for each clip the better of its unimodal heads decides (NaN: it has
 * none). */
void mw_eval_natural(mw_eval *e, size_t method, size_t seed, size_t condition, double error,
                     double best_head_error);

/* The same with the scores replaced: mean error, mean change of the prediction's first value, share
 * of clips with another decision (sign, class, any label). Draws are added one by one. */
typedef struct mw_eval_answer {
    double error, moved, flips;
} mw_eval_answer;

mw_status mw_eval_swapped(mw_eval *e, size_t method, size_t seed, size_t condition,
                          mw_eval_swap swap, const mw_eval_answer *a, mw_error *err);

/* Which windows of a clean clip are taken away: a fifth of each modality's, with the highest
 * values, drawn, or with the lowest; by the score or by the relevance. */
enum { MW_DELETE_TOP, MW_DELETE_RANDOM, MW_DELETE_BOTTOM, MW_N_DELETES };
enum { MW_DELETE_BY_SCORE, MW_DELETE_BY_RELEVANCE, MW_N_DELETE_BY };
#define MW_DELETE_SHARE 0.2

/* Error of a clean clip without these windows. MW_ERR_NOMEM. */
mw_status mw_eval_deleted(mw_eval *e, size_t method, size_t seed, size_t clip, int by, int which,
                          double error, mw_error *err);

/* A learned coefficient of a method's model. */
void mw_eval_coefficient(mw_eval *e, size_t method, size_t seed, const char *name, double value);
/* A fact for the end of the report; value NULL: memory ran out, and there will be no report. */
void mw_eval_note(mw_eval *e, const char *key, const char *value);

/* DIR/report.md, report.csv, results.json, and curve_snr.svg and curve_coverage.svg where
 * conditions lie on their axes. *n_files: how many were written. */
mw_status mw_eval_write(mw_eval *e, const char *dir, size_t *n_files, mw_error *err);

#endif
