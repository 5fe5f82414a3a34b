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
        skill[i] = mw_skill_mae(mw_eval_mae(e, method, order[i]), mw_eval_mae_constant(e));
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

    return mw_skill_mae(v.value, mw_eval_mae_constant(e));
}

static size_t worst_cell(const mw_eval *e, size_t method)
{
    size_t worst = e->s.n_conditions;

    for (size_t c = 0; c < e->s.n_conditions; c++) {
        const double mae = mw_eval_mae(e, method, c);

        if (isfinite(mae) && (worst == e->s.n_conditions || mae > mw_eval_mae(e, method, worst)))
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
        if (!strcmp(e->s.conditions[c].type, "missing.rows")) f[n++] = mw_eval_mae(e, method, c);
    return mw_lnln_mean(f, n);
}

static void put(mw_str *s, double x)
{
    mw_str_putc(s, ' ');
    mw_eval_put_fixed(s, x, 3);
    mw_str_put(s, " |");
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
}
