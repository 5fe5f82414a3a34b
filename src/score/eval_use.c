/* SPDX-License-Identifier: Apache-2.0
 *
 * The report's part on use: do decisions depend on the scores, and on the windows that they single
 * out?
 */
#include <math.h>

#include "score/eval_int.h"

/* One-sided p that the natural scores are no better than a swapped draw; mean gap. */
static double swap_gap(const mw_eval_swaps *w, mw_eval_swap k, double *p)
{
    double sum = 0, worse = 0;

    for (size_t i = 0; i < w->n[k]; i++) {
        sum += w->error[k][i];
        worse += w->error[k][i] <= w->natural;
    }
    *p = w->n[k] ? (1 + worse) / ((double)w->n[k] + 1) : NAN;
    return w->n[k] ? sum / (double)w->n[k] - w->natural : NAN;
}

int mw_eval_permutation_gap(const mw_eval *e, size_t method, double *mean, double *worst_p)
{
    const size_t c = mw_eval_condition_of(e, "mixed-heldout");
    int asked = 0, all = 1;

    *mean = *worst_p = 0;
    for (size_t s = 0; s < e->s.n_seeds && method < e->s.n_methods && c < e->s.n_conditions; s++) {
        const mw_eval_swaps *w = &e->swaps[mw_eval_at(e, method, s, c)];
        double p, gap;

        if (!isfinite(w->natural) || !w->n[MW_SWAP_CLIPS]) continue;
        gap = swap_gap(w, MW_SWAP_CLIPS, &p);
        *mean += gap;
        if (p > *worst_p) *worst_p = p;
        all &= gap > 0 && p < 0.01;
        asked++;
    }
    if (!asked) return -1;
    *mean /= asked;
    return all;
}

/* Means over the seeds of a method and condition that were asked; their number. */
typedef struct use {
    double gap[MW_N_SWAPS], worst_p, moved, flips, best_head;
} use;

static size_t use_of(use *u, const mw_eval *e, size_t m, size_t c)
{
    size_t n = 0;

    *u = (use){ .worst_p = 0 };
    for (size_t k = 0; k < e->s.n_seeds; k++) {
        const mw_eval_swaps *w = &e->swaps[mw_eval_at(e, m, k, c)];
        const double draws = (double)w->n[MW_SWAP_CLIPS];
        double p;

        if (!isfinite(w->natural)) continue;
        for (int q = 0; q < MW_N_SWAPS; q++) {
            u->gap[q] += swap_gap(w, (mw_eval_swap)q, &p);
            if (q == MW_SWAP_CLIPS && p > u->worst_p) u->worst_p = p;
        }
        u->moved += w->moved[MW_SWAP_CLIPS] / draws;
        u->flips += w->flips[MW_SWAP_CLIPS] / draws;
        u->best_head += w->best_head - w->natural;
        n++;
    }
    for (int q = 0; q < MW_N_SWAPS; q++)
        u->gap[q] /= (double)n;
    u->moved /= (double)n;
    u->flips /= (double)n;
    u->best_head /= (double)n;
    return n;
}

static void put_swaps(mw_str *s, const mw_eval *e)
{
    int any = 0;

    for (size_t m = 0; m < e->s.n_methods; m++)
        for (size_t c = 0; c < e->s.n_conditions; c++) {
            use u;

            if (!use_of(&u, e, m, c)) continue;
            if (!any++) {
                mw_str_put(s,
                           "\nError with the scores replaced, less the error with the network's "
                           "own; weights and inputs stay. Above 0: the scores were of use. Moved, "
                           "flips: mean change of the prediction, and share of clips that are "
                           "decided otherwise, with other clips' scores. Best head: per clip the "
                           "better of "
                           "the unimodal heads, which nothing can know; less the error.\n\n"
                           "| method | damage |");
                for (int q = 0; q < MW_N_SWAPS; q++)
                    mw_str_printf(s, " %s |", mw_eval_swap_names[q]);
                mw_str_put(s, " largest p, other clips | moved | flips | best head |\n"
                              "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | "
                              "--- | --- |\n");
            }
            mw_str_printf(s, "| %s | %s |", e->s.methods[m], e->s.conditions[c].id);
            for (int q = 0; q < MW_N_SWAPS; q++) {
                mw_str_putc(s, ' ');
                mw_eval_put_fixed(s, u.gap[q], 4);
                mw_str_put(s, " |");
            }
            mw_str_putc(s, ' ');
            mw_eval_put_fixed(s, u.worst_p, 3);
            mw_str_put(s, " | ");
            mw_eval_put_fixed(s, u.moved, 3);
            mw_str_put(s, " | ");
            mw_eval_put_fixed(s, u.flips, 3);
            mw_str_put(s, " | ");
            mw_eval_put_fixed(s, u.best_head, 4);
            mw_str_put(s, " |\n");
        }
    if (!any) mw_str_put(s, "\nNot asked: no scores were replaced.\n");
}

static void put_deletions(mw_str *s, const mw_eval *e)
{
    static const char *const by[MW_N_DELETE_BY] = { "score", "relevance" };
    const size_t per = e->s.n_seeds * e->s.n_clips;
    int any = 0;

    for (size_t m = 0; m < e->s.n_methods; m++)
        for (size_t b = 0; e->deleted[m] && b < MW_N_DELETE_BY; b++) {
            const double *x = e->deleted[m] + b * MW_N_DELETES * per;
            const mw_interval top = mw_bootstrap_mean(&e->boot, x + MW_DELETE_TOP * per,
                                                      x + MW_DELETE_RANDOM * per, e->scratch);
            const mw_interval bottom = mw_bootstrap_mean(&e->boot, x + MW_DELETE_RANDOM * per,
                                                         x + MW_DELETE_BOTTOM * per, e->scratch);

            if (!any++)
                mw_str_printf(
                    s,
                    "\n### Are the windows that count the ones that are missed?\n\nA fifth of each "
                    "modality's windows of clean clips is taken away. Above 0: those with high "
                    "values were missed more than drawn ones, and drawn ones more than those with "
                    "low values.\n\n| method | by | highest less drawn | drawn less lowest |\n"
                    "| --- | --- | --- | --- |\n");
            mw_str_printf(s, "| %s | %s | ", e->s.methods[m], by[b]);
            mw_eval_put_interval(s, &top, 4);
            mw_str_put(s, " | ");
            mw_eval_put_interval(s, &bottom, 4);
            mw_str_put(s, " |\n");
        }
}

void mw_eval_put_use(mw_str *s, const mw_eval *e)
{
    mw_str_put(s, "\n## Do decisions use the scores?\n");
    put_swaps(s, e);
    put_deletions(s, e);
}
