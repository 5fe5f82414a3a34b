/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers about predictions, by MMSA's rules for CMU-MOSI, CMU-MOSEI and CH-SIMS, of classes and of
 * labels (docs/evaluation.md), and the statistics behind intervals and scores.
 *
 * Numbers: fixed order, double sums.
 */
#ifndef MW_SCORE_METRICS_H
#define MW_SCORE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

/* n clips, n_non0 of them with a label other than 0. corr is NaN where either side is constant;
 * what needs a clip is NaN without one. f1: weighted by the classes' shares in the truth. */
typedef struct mw_regression_metrics {
    size_t n, n_non0;
    double mae, corr;
    double acc7, acc5, acc3;
    double acc2_has0, f1_has0; /* p >= 0 against y >= 0 */
    double acc2_non0, f1_non0; /* p > 0 against y > 0, over the clips with y != 0 */
} mw_regression_metrics;

/* p, y [n]. Rounding is half to even, after clipping to [-3, 3], [-2, 2], [-1, 1]. */
void mw_metrics_regression(mw_regression_metrics *out, const float *p, const float *y, size_t n);

/* Sentiment in [-1, 1] (CH-SIMS): both sides are held within it first, for mae and corr too.
 * Classes end at (2) 0; (3) -0.1, 0.1; (5) -0.7, -0.1, 0.1, 0.7; an end belongs to the class below
 * it. f1: of the two classes, weighted. */
typedef struct mw_sims_metrics {
    size_t n;
    double mae, corr;
    double acc2, f1, acc3, acc5;
} mw_sims_metrics;

void mw_metrics_sims(mw_sims_metrics *out, const float *p, const float *y, size_t n);

/* macro_f1: mean over the classes that occur in truth or prediction; recall: mean over those that
 * occur in the truth (UAR). NaN for n 0. */
typedef struct mw_class_metrics {
    size_t n;
    double accuracy, weighted_f1, macro_f1, recall;
} mw_class_metrics;

/* p, y [n] in [0, n_classes). MW_ERR_NOMEM. */
mw_status mw_metrics_classes(mw_class_metrics *out, const int *p, const int *y, size_t n,
                             int n_classes, mw_error *err);

/* One label of several. weighted_accuracy: mean of the recalls of its presence and its absence; it
 * and auroc are NaN unless both occur. */
typedef struct mw_label_metrics {
    size_t n;
    double weighted_accuracy, weighted_f1, auroc;
} mw_label_metrics;

/* p [n] probabilities, present from threshold on; y [n] 0 absent, else present. MW_ERR_NOMEM. */
mw_status mw_metrics_label(mw_label_metrics *out, const double *p, const uint8_t *y, size_t n,
                           double threshold, mw_error *err);

/* Weighted F1 of a binary decision, as scikit-learn's f1_score(average="weighted"). NaN for n 0. */
double mw_weighted_f1(const uint8_t *truth, const uint8_t *said, size_t n);

/* Area under the ROC curve of score [n] for positive [n]; ties count half. NaN unless both classes
 * are there; MW_ERR_NOMEM. */
mw_status mw_auroc(double *out, const double *score, const uint8_t *positive, size_t n,
                   mw_error *err);
/* Pearson's correlation. NaN where either side is constant. */
double mw_correlation(const double *x, const double *y, size_t n);
/* Spearman's rank correlation, ties share their mean rank. NaN where either side is constant. */
mw_status mw_spearman(double *out, const double *x, const double *y, size_t n, mw_error *err);
/* Holm's step-down correction of p [n] in place: what each is within its family; at most 1. */
void mw_holm(double *p, size_t n);
/* The q-quantile, 0 <= q <= 1, of x [n], which is sorted; between values linearly. NaN for n 0. */
double mw_quantile_sort(double *x, size_t n, double q);
/* Mean, and standard deviations of the sample (n - 1) and of the population (n). */
typedef struct mw_spread {
    double mean, sample, population;
} mw_spread;
mw_spread mw_spread_of(const double *x, size_t n);

/* Expected calibration error and Brier score against soft targets, added up window by window. */
#define MW_ECE_BINS 15
typedef struct mw_calibration {
    double n[MW_ECE_BINS], said[MW_ECE_BINS], was[MW_ECE_BINS], brier;
} mw_calibration;
void mw_calibration_add(mw_calibration *c, double said, double was);
double mw_calibration_ece(const mw_calibration *c);
double mw_calibration_brier(const mw_calibration *c);

/* Resamples of whole groups of clips, and of seeds within them: for replicate k, how often each
 * clip and each seed counts. Made once, so that all methods see the same resamples. */
typedef struct mw_bootstrap {
    size_t n_replicates, n_clips, n_seeds;
    uint16_t *clip, *seed; /* [n_replicates][n_clips], [n_replicates][n_seeds] */
} mw_bootstrap;
/* group [n_clips] in [0, n_groups). */
mw_status mw_bootstrap_make(mw_bootstrap *b, const int *group, size_t n_clips, size_t n_groups,
                            size_t n_seeds, size_t n_replicates, uint64_t seed, mw_error *err);
void mw_bootstrap_clear(mw_bootstrap *b);

/* A mean over seeds and clips with its 95 % interval, and for differences the two-sided p. */
typedef struct mw_interval {
    double value, lo, hi, p;
} mw_interval;
/* x [n_seeds][n_clips], NaN: not there; minus y where y is not NULL. scratch [n_replicates]. */
mw_interval mw_bootstrap_mean(const mw_bootstrap *b, const double *x, const double *y,
                              double *scratch);

#endif
