/* SPDX-License-Identifier: Apache-2.0
 *
 * Summaries of a method over the cells of damage. The headline is skill: what is left of a figure
 * once the constant predictor is subtracted; areas that are not normalised reward models that hide
 * behind the most frequent class. Undefined figures are NaN and stay NaN in every mean over them.
 *
 * Threads: safe. Numbers: fixed order.
 */
#ifndef MW_SCORE_ROBUST_H
#define MW_SCORE_ROBUST_H

#include <stddef.h>

/* Skill, 1 perfect, 0 knowing nothing, below 0 worse than that (never clipped).
 * MAE: 1 - mae / mae_0; accuracy: (acc - acc_0) / (1 - acc_0), acc_0 the majority share;
 * correlation: itself. NaN when mae_0 = 0 or acc_0 = 1. */
double mw_skill_mae(double mae, double mae_constant);
double mw_skill_accuracy(double accuracy, double accuracy_constant);
double mw_skill_corr(double corr);

/* Below this skill on clean clips retention says nothing. */
#define MW_RETENTION_MIN_SKILL 0.05

/* skill / skill_clean; NaN unless skill_clean > MW_RETENTION_MIN_SKILL. The relative drop is 1 less
 * that. */
double mw_retention(double skill, double skill_clean);
double mw_relative_drop(double skill, double skill_clean);
/* clean - cell of a metric of which more is better; negate an error first. */
double mw_raw_drop(double clean, double cell);

/* Area under skill [n] over a severity axis x [n], strictly ascending, by trapezoids, divided by
 * x[n-1] - x[0] (a mean over the axis). The clean cell is not on the axis; for noise x = -SNR in
 * dB, for occlusion the covered fraction. NaN for n < 2 or an axis out of order. */
double mw_aurc(const double *x, const double *skill, size_t n);

/* Plain mean over the cells of a block (never pooled clips) and the worst cell. */
typedef struct mw_block {
    double mean, worst;
    size_t i_worst;
} mw_block;

/* n = 0: NaN. A cell that is NaN makes mean and worst NaN, i_worst the first such cell. */
void mw_block_score(mw_block *out, const double *skill, size_t n);

/* For comparison with other work, not for headlines.
 *
 * MultiBench: f [n] a metric over rates of damage 0, step, 2 step ...; tau = sum of
 * step (f_j + f_j+1) / 2; effective = sum over all j of f_j - (late_j + f_0 - late_0), late: late
 * fusion on the same rates. */
#define MW_MULTIBENCH_STEP 0.1
double mw_multibench_tau(const double *f, size_t n, double step);
double mw_multibench_effective(const double *f, const double *late, size_t n);

/* MultiCorrupt: ra = mean over severities of m / clean; mra = mean of ra over the corruptions;
 * rra = sum m / sum base - 1, base: the reference model. */
double mw_multicorrupt_ra(const double *m, size_t n, double clean);
double mw_multicorrupt_mra(const double *ra, size_t n);
double mw_multicorrupt_rra(const double *m, const double *base, size_t n);

/* LNLN: plain mean of a metric over the rates of missing frames. */
double mw_lnln_mean(const double *f, size_t n);

#endif
