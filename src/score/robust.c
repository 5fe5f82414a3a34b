/* SPDX-License-Identifier: Apache-2.0 */
#include "score/robust.h"

#include <math.h>

double mw_skill_mae(double mae, double mae_constant)
{
    return mae_constant > 0 ? 1 - mae / mae_constant : NAN;
}

double mw_skill_accuracy(double accuracy, double accuracy_constant)
{
    return accuracy_constant < 1 ? (accuracy - accuracy_constant) / (1 - accuracy_constant) : NAN;
}

double mw_skill_corr(double corr)
{
    return corr;
}

double mw_retention(double skill, double skill_clean)
{
    return skill_clean > MW_RETENTION_MIN_SKILL ? skill / skill_clean : NAN;
}

double mw_relative_drop(double skill, double skill_clean)
{
    return 1 - mw_retention(skill, skill_clean);
}

double mw_raw_drop(double clean, double cell)
{
    return clean - cell;
}

double mw_aurc(const double *x, const double *skill, size_t n)
{
    double area = 0;

    if (n < 2) return NAN;
    for (size_t j = 0; j + 1 < n; j++) {
        if (!(x[j] < x[j + 1])) return NAN;
        area += (x[j + 1] - x[j]) * (skill[j] + skill[j + 1]) / 2;
    }
    return area / (x[n - 1] - x[0]);
}

static double plain_mean(const double *f, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += f[i];
    return n ? sum / (double)n : NAN;
}

void mw_block_score(mw_block *out, const double *skill, size_t n)
{
    *out = (mw_block){ .mean = plain_mean(skill, n), .worst = NAN };
    for (size_t i = 0; i < n; i++) {
        if (i && !isnan(skill[i]) && !(skill[i] < out->worst)) continue;
        out->worst = skill[i];
        out->i_worst = i;
        /* an undefined cell may be worse than any */
        if (isnan(skill[i])) return;
    }
}

double mw_multibench_tau(const double *f, size_t n, double step)
{
    double area = 0;

    if (n < 2) return NAN;
    for (size_t j = 0; j + 1 < n; j++)
        area += step * (f[j] + f[j + 1]) / 2;
    return area;
}

double mw_multibench_effective(const double *f, const double *late, size_t n)
{
    double sum = 0;

    if (!n) return NAN;
    for (size_t j = 0; j < n; j++)
        sum += f[j] - (late[j] + f[0] - late[0]);
    return sum;
}

double mw_multicorrupt_ra(const double *m, size_t n, double clean)
{
    return clean > 0 || clean < 0 ? plain_mean(m, n) / clean : NAN;
}

double mw_multicorrupt_mra(const double *ra, size_t n)
{
    return plain_mean(ra, n);
}

double mw_multicorrupt_rra(const double *m, const double *base, size_t n)
{
    double sum = 0, sum_base = 0;

    for (size_t i = 0; i < n; i++) {
        sum += m[i];
        sum_base += base[i];
    }
    return sum_base > 0 || sum_base < 0 ? sum / sum_base - 1 : NAN;
}

double mw_lnln_mean(const double *f, size_t n)
{
    return plain_mean(f, n);
}
