/* SPDX-License-Identifier: Apache-2.0
 *
 * The report's robustness table: areas under curves, retention, worst cells, missing rows.
 */
#include <math.h>
#include <string.h>

#include "score/eval_int.h"
#include "score/robust.h"

#define MAX_CELLS 64

/* Area under the skill of the kind of damage of condition c. */
static double area(const mw_eval *e, size_t method, size_t c)
{
    size_t order[MAX_CELLS];
    const size_t n = mw_eval_along(order, MAX_CELLS, e, c);
    double x[MAX_CELLS], skill[MAX_CELLS];

    for (size_t i = 0; i < n; i++) {
        x[i] = mw_eval_severity(&e->s.conditions[order[i]]);
        skill[i] =
            mw_skill_mae(mw_eval_mean_error(e, method, order[i]), mw_eval_error_of_constant(e));
    }
    return mw_aurc(x, skill, n);
}

/* Mean area over the kinds of damage of an axis that are, or are not, held out. */
static double mean_area(const mw_eval *e, size_t method, const char *axis, int heldout)
{
    double sum = 0;
    size_t n = 0;

    for (size_t c = 0; c < e->s.n_conditions; c++) {
        const mw_bank_condition *k = &e->s.conditions[c];

        if (strcmp(k->axis, axis) || k->heldout != heldout || !mw_eval_is_first(e, c)) continue;
        sum += area(e, method, c);
        n++;
    }
    return n ? sum / (double)n : NAN;
}

static double block_skill(const mw_eval *e, size_t method, size_t block)
{
    const mw_interval v =
        mw_bootstrap_mean(&e->boot, mw_eval_errors(e, method, block), NULL, e->scratch);

    return mw_skill_mae(v.value, mw_eval_error_of_constant(e));
}

static size_t worst_cell(const mw_eval *e, size_t method)
{
    size_t worst = e->s.n_conditions;

    for (size_t c = 0; c < e->s.n_conditions; c++) {
        const double mae = mw_eval_mean_error(e, method, c);

        if (isfinite(mae) &&
            (worst == e->s.n_conditions || mae > mw_eval_mean_error(e, method, worst)))
            worst = c;
    }
    return worst;
}

/* Mean error over the shares of rows that are missing one by one. */
static double missing_rows(const mw_eval *e, size_t method)
{
    double f[MAX_CELLS];
    size_t n = 0;

    for (size_t c = 0; c < e->s.n_conditions && n < MAX_CELLS; c++)
        if (!strcmp(e->s.conditions[c].type, "missing.rows"))
            f[n++] = mw_eval_mean_error(e, method, c);
    return mw_lnln_mean(f, n);
}

/* ---- figures of other work ---- */

/* The figure that other work is compared by. */
static const char *accuracy_name(const mw_eval *e)
{
    return e->s.task == MW_TASK_MULTICLASS   ? "accuracy"
           : e->s.task == MW_TASK_MULTILABEL ? "weighted_accuracy"
           : e->s.sims                       ? "acc2"
                                             : "acc2_non0";
}

static size_t accuracy_place(const mw_eval *e)
{
    char name[MW_EVAL_FIGURE_NAME];
    size_t f = 0;

    do {
        mw_eval_figure_name(name, e, f);
    } while (strcmp(name, accuracy_name(e)) && ++f < mw_eval_n_figures(e));
    return f;
}

/* Mean over seeds. */
static double accuracy(mw_str *s, const mw_eval *e, size_t method, size_t condition)
{
    const size_t f = accuracy_place(e);
    double sum = 0;
    size_t n = 0;

    for (size_t k = 0; k < e->s.n_seeds; k++) {
        double v[MW_EVAL_MAX_FIGURES];
        size_t n_clips;

        if (mw_eval_figures(v, &n_clips, e, method, k, condition) != MW_OK) s->failed = 1;
        if (s->failed || !n_clips || !isfinite(v[f])) continue;
        sum += v[f];
        n++;
    }
    return n ? sum / (double)n : NAN;
}

/* Accuracy on clean clips and with 0.1, 0.2 ... of the rows missing one by one. */
static size_t missing_curve(double *f, mw_str *s, const mw_eval *e, size_t method)
{
    size_t n = 0;

    for (size_t c = 0; c < e->s.n_conditions && n < MAX_CELLS; c++)
        if (!strcmp(e->s.conditions[c].block, "clean") ||
            !strcmp(e->s.conditions[c].type, "missing.rows"))
            f[n++] = accuracy(s, e, method, c);
    return n;
}

/* One kind of damage of one modality per turn: accuracy along its axis. */
static void kinds_of_damage(double *mra, double *rra, mw_str *s, const mw_eval *e, size_t method,
                            size_t control)
{
    double clean = NAN, ra[MAX_CELLS], of[MAX_CELLS * 4], base[MAX_CELLS * 4];
    size_t n_kinds = 0, n = 0;

    for (size_t c = 0; c < e->s.n_conditions; c++) {
        const mw_bank_condition *k = &e->s.conditions[c];
        size_t order[MAX_CELLS], n_levels;

        if (!strcmp(k->block, "clean")) clean = accuracy(s, e, method, c);
        if ((strcmp(k->block, "A") && strcmp(k->block, "V")) || !*k->axis ||
            !mw_eval_is_first(e, c) || n_kinds == MAX_CELLS)
            continue;
        n_levels = mw_eval_along(order, MAX_CELLS, e, c);
        if (n + n_levels > sizeof of / sizeof *of) break;
        for (size_t i = 0; i < n_levels; i++) {
            of[n + i] = accuracy(s, e, method, order[i]);
            base[n + i] = control < e->s.n_methods ? accuracy(s, e, control, order[i]) : NAN;
        }
        ra[n_kinds++] = mw_multicorrupt_ra(of + n, n_levels, clean);
        n += n_levels;
    }
    *mra = mw_multicorrupt_mra(ra, n_kinds);
    *rra = mw_multicorrupt_rra(of, base, n);
}

static void put(mw_str *s, double x)
{
    mw_str_putc(s, ' ');
    mw_eval_put_fixed(s, x, 3);
    mw_str_put(s, " |");
}

/* Not headlines: they are not normalised by what knowing nothing gets. */
static void put_compatible(mw_str *s, const mw_eval *e)
{
    const size_t late = mw_eval_method(e, "late"), control = mw_eval_method(e, e->s.control);
    double late_curve[MAX_CELLS];
    const size_t n_late = late < e->s.n_methods ? missing_curve(late_curve, s, e, late) : 0;

    mw_str_printf(
        s,
        "\n### Figures of other work\n\nOf the figure `%s`; for comparison "
        "alone, as knowing nothing can win by them. tau, effective: MultiBench's relative "
        "robustness over missing rows, and the same less that of method `late`; mRA, RRA: "
        "MultiCorrupt's, over the kinds of damage of one modality, RRA against the control; "
        "LNLN: mean over missing rows, clean clips included.\n\n"
        "| method | tau | effective | mRA | RRA | LNLN |\n| --- | --- | --- | --- | --- | --- "
        "|\n",
        accuracy_name(e));
    for (size_t m = 0; m < e->s.n_methods; m++) {
        double f[MAX_CELLS], mra, rra;
        const size_t n = missing_curve(f, s, e, m);

        kinds_of_damage(&mra, &rra, s, e, m, control);
        mw_str_printf(s, "| %s |", e->s.methods[m]);
        put(s, mw_multibench_tau(f, n, MW_MULTIBENCH_STEP));
        put(s, n == n_late ? mw_multibench_effective(f, late_curve, n) : NAN);
        put(s, mra);
        put(s, rra);
        put(s, mw_lnln_mean(f, n));
        mw_str_put(s, "\n");
    }
}

void mw_eval_put_robustness(mw_str *s, const mw_eval *e)
{
    mw_str_put(
        s, "\n## Robustness\n\nAreas under the curve of skill over severity, mean over kinds of "
           "damage; retention: skill over skill on clean clips, where that is above 0.05; "
           "missing rows: mean error over shares 0.1 to 0.9.\n\n"
           "| method | area SNR, seen | area SNR, held out | area coverage, seen | area "
           "coverage, held out | area severity | retention mixed, seen | retention mixed, held "
           "out | missing rows | worst cell |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t m = 0; m < e->s.n_methods; m++) {
        const double clean = block_skill(e, m, MW_BLOCK_CLEAN);
        const size_t worst = worst_cell(e, m);

        mw_str_printf(s, "| %s |", e->s.methods[m]);
        put(s, mean_area(e, m, "snr_db", 0));
        put(s, mean_area(e, m, "snr_db", 1));
        put(s, mean_area(e, m, "coverage", 0));
        put(s, mean_area(e, m, "coverage", 1));
        put(s, mean_area(e, m, "severity", 0));
        put(s, mw_retention(block_skill(e, m, MW_BLOCK_MIXED_SEEN), clean));
        put(s, mw_retention(block_skill(e, m, MW_BLOCK_MIXED_HELDOUT), clean));
        put(s, missing_rows(e, m));
        if (worst < e->s.n_conditions)
            mw_str_printf(s, " %s |\n", e->s.conditions[worst].id);
        else
            mw_str_put(s, " - |\n");
    }
    put_compatible(s, e);
}
