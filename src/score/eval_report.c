/* SPDX-License-Identifier: Apache-2.0
 *
 * The report as Markdown. No number stands here: all are computed.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "score/eval_int.h"
#include "score/robust.h"

#define MARGIN 0.02 /* of error that clean data may lose */
#define GOOD   0.7  /* localisation that a reliability must have */

static void put_fixed(mw_str *s, double x, int digits)
{
    mw_eval_put_fixed(s, x, digits);
}

static mw_interval difference(const mw_eval *e, size_t a, size_t b, size_t block)
{
    if (a >= e->s.n_methods || b >= e->s.n_methods) return (mw_interval){ NAN, NAN, NAN, NAN };
    return mw_bootstrap_mean(&e->boot, mw_eval_errors(e, a, block), mw_eval_errors(e, b, block),
                             e->scratch);
}

static const char *verdict(int yes, int no)
{
    return yes ? "yes" : no ? "no" : "not resolved";
}

/* Where a method, or what it said, is missing nothing was asked. */
static const char *asked(const mw_interval *d, const char *answer)
{
    return isfinite(d->value) ? answer : "not asked";
}

static const char *better(const mw_interval *d)
{
    return asked(d, verdict(d->hi<0, d->lo> 0));
}

/* ---- parts ---- */

static void put_first_line(mw_str *s, const mw_eval *e)
{
    const size_t full = mw_eval_method(e, e->s.full), control = mw_eval_method(e, e->s.control);
    const mw_interval held = difference(e, full, control, MW_BLOCK_MIXED_HELDOUT);
    const mw_interval clean = difference(e, full, control, MW_BLOCK_CLEAN);

    if (!isfinite(held.value)) {
        mw_str_printf(s,
                      "Whether scores help was not asked: there is no method '%s' beside '%s'.\n",
                      e->s.full, e->s.control);
        return;
    }
    if (held.hi < 0 && clean.hi < MARGIN)
        mw_str_put(s, "**Scores help**: ");
    else
        mw_str_put(s, "**Scores are not shown to help; they ship as a data-quality tool**: ");
    mw_str_printf(s, "%s of `%s` less that of `%s` is ", mw_eval_headline_of(e)->words, e->s.full,
                  e->s.control);
    mw_eval_put_interval(s, &held, 3);
    mw_str_put(s, " under held-out mixed damage and ");
    mw_eval_put_interval(s, &clean, 3);
    mw_str_put(s, " on clean clips.\n");
}

static void endpoint(mw_str *s, const char *name, const char *what, const char *answer)
{
    mw_str_printf(s, "| %s | %s | %s | ", name, what, answer);
}

static void put_endpoints(mw_str *s, const mw_eval *e)
{
    const size_t full = mw_eval_method(e, e->s.full), control = mw_eval_method(e, e->s.control);
    const size_t unsup = mw_eval_method(e, e->s.unsupervised),
                 avrel = mw_eval_method(e, e->s.avrel);
    const mw_interval p1 = difference(e, full, control, MW_BLOCK_MIXED_HELDOUT);
    const mw_interval p4 = difference(e, full, control, MW_BLOCK_CLEAN);
    const mw_interval p5 = difference(e, full, unsup, MW_BLOCK_MIXED_HELDOUT);
    const mw_interval p6 = difference(e, full, avrel, MW_BLOCK_MIXED_HELDOUT);
    mw_interval a = { NAN, NAN, NAN, NAN }, v = a;
    double gap, p;
    const int used = mw_eval_permutation_gap(e, full, &gap, &p);

    if (full < e->s.n_methods) {
        a = mw_eval_auroc(s, e, full, MW_BLOCK_MIXED_HELDOUT, 0, MW_EVAL_ALL_TYPES, NULL);
        v = mw_eval_auroc(s, e, full, MW_BLOCK_MIXED_HELDOUT, 1, MW_EVAL_ALL_TYPES, NULL);
    }
    mw_str_printf(s,
                  "\n## Endpoints\n\nDeclared before any result was seen. Differences are of %s, "
                  "below 0 better, with 95 %% intervals.\n\n"
                  "| | question | verdict | value |\n| --- | --- | --- | --- |\n",
                  mw_eval_headline_of(e)->words);
    endpoint(s, "P1", "held-out mixed damage: better than the control", better(&p1));
    mw_eval_put_interval(s, &p1, 3);
    mw_str_put(s, " |\n");
    endpoint(s, "P2", "other clips' scores hurt, held-out mixed damage, p < 0.01 in every seed",
             used < 0 ? "not asked" : verdict(used == 1, gap <= 0));
    put_fixed(s, used < 0 ? NAN : gap, 4);
    mw_str_put(s, used < 0 ? " |\n" : ", largest p ");
    if (used >= 0) {
        put_fixed(s, p, 4);
        mw_str_put(s, " |\n");
    }
    endpoint(s, "P3", "held-out damage is located: lower bounds above 0.7",
             asked(isfinite(a.value) ? &v : &a,
                   verdict(a.lo > GOOD && v.lo > GOOD, a.hi < GOOD || v.hi < GOOD)));
    mw_str_put(s, "sound ");
    mw_eval_put_interval(s, &a, 3);
    mw_str_put(s, ", picture ");
    mw_eval_put_interval(s, &v, 3);
    mw_str_put(s, " |\n");
    endpoint(s, "P4", "clean clips: less than 0.02 worse than the control",
             asked(&p4, verdict(p4.hi<MARGIN, p4.lo> MARGIN)));
    mw_eval_put_interval(s, &p4, 3);
    mw_str_put(s, " |\n");
    endpoint(s, "P5", "held-out mixed damage: better than without supervision", better(&p5));
    mw_eval_put_interval(s, &p5, 3);
    mw_str_put(s, " |\n");
    endpoint(s, "P6", "held-out mixed damage: better than AV-RelScore's scorer", better(&p6));
    mw_eval_put_interval(s, &p6, 3);
    mw_str_put(s, " |\n");
}

/* The two differences on which the first line rests, seed by seed. */
static void put_seeds(mw_str *s, const mw_eval *e)
{
    static const size_t blocks[] = { MW_BLOCK_MIXED_HELDOUT, MW_BLOCK_CLEAN };
    const size_t full = mw_eval_method(e, e->s.full), control = mw_eval_method(e, e->s.control);

    if (full >= e->s.n_methods || control >= e->s.n_methods) return;
    mw_str_printf(s,
                  "\n`%s` less `%s`, seed by seed:\n\n| seed | mixed, held out | clean |\n"
                  "| --- | --- | --- |\n",
                  e->s.full, e->s.control);
    for (size_t k = 0; k < e->s.n_seeds; k++) {
        mw_str_printf(s, "| %lld |", (long long)e->s.seeds[k]);
        for (int b = 0; b < 2; b++) {
            const double *x = mw_eval_errors(e, full, blocks[b]) + k * e->s.n_clips;
            const double *y = mw_eval_errors(e, control, blocks[b]) + k * e->s.n_clips;
            double sum = 0;
            size_t n = 0;

            for (size_t i = 0; i < e->s.n_clips; i++)
                if (isfinite(x[i] - y[i])) {
                    sum += x[i] - y[i];
                    n++;
                }
            mw_str_putc(s, ' ');
            put_fixed(s, n ? sum / (double)n : NAN, 3);
            mw_str_put(s, " |");
        }
        mw_str_put(s, "\n");
    }
}

static void put_head_row(mw_str *s)
{
    mw_str_put(s, "| method |");
    for (int b = 0; b < MW_EVAL_N_BLOCKS; b++)
        mw_str_printf(s, " %s |", mw_eval_blocks[b].title);
    mw_str_put(s, "\n| --- |");
    for (int b = 0; b < MW_EVAL_N_BLOCKS; b++)
        mw_str_put(s, " --- |");
    mw_str_put(s, "\n");
}

static void put_headline(mw_str *s, const mw_eval *e)
{
    const size_t control = mw_eval_method(e, e->s.control);

    mw_str_printf(s,
                  "\n## %s\n\n%sOver all seeds; a block is the mean of its cells; 95 %% intervals "
                  "by resampling whole groups of clips, and seeds.\n\n",
                  mw_eval_headline_of(e)->title, mw_eval_headline_of(e)->what);
    put_head_row(s);
    for (size_t m = 0; m <= e->s.n_methods; m++) {
        mw_str_printf(s, "| %s |", m == e->s.n_methods ? "*constant*" : e->s.methods[m]);
        for (size_t b = 0; b < MW_EVAL_N_BLOCKS; b++) {
            const mw_interval v =
                mw_bootstrap_mean(&e->boot, mw_eval_errors(e, m, b), NULL, e->scratch);

            mw_str_putc(s, ' ');
            mw_eval_put_interval(s, &v, 3);
            mw_str_put(s, " |");
        }
        mw_str_put(s, "\n");
    }
    if (control >= e->s.n_methods) return;
    mw_str_printf(s,
                  "\n## Less the control `%s`\n\nBelow 0: better than the control. Bold: the "
                  "interval does not hold 0.\n\n",
                  e->s.control);
    put_head_row(s);
    for (size_t m = 0; m < e->s.n_methods; m++) {
        if (m == control) continue;
        mw_str_printf(s, "| %s |", e->s.methods[m]);
        for (size_t b = 0; b < MW_EVAL_N_BLOCKS; b++) {
            const mw_interval d = difference(e, m, control, b);
            const char *mark = d.hi < 0 || d.lo > 0 ? "**" : "";

            mw_str_printf(s, " %s", mark);
            mw_eval_put_interval(s, &d, 3);
            mw_str_printf(s, "%s |", mark);
        }
        mw_str_put(s, "\n");
    }
}

/* Differences of full and control in the cells of a grid, and their p; room [2][seeds][clips]. */
static size_t family(double *d, double *p, const mw_eval *e, size_t full, size_t control,
                     const char *block, double *room)
{
    double *other = room + e->s.n_seeds * e->s.n_clips;
    size_t n = 0;

    for (size_t c = 0; c < e->s.n_conditions; c++) {
        mw_interval v;

        if (strcmp(e->s.conditions[c].block, block)) continue;
        mw_eval_cell_errors(room, e, full, c);
        mw_eval_cell_errors(other, e, control, c);
        v = mw_bootstrap_mean(&e->boot, room, other, e->scratch);
        if (!isfinite(v.value)) continue;
        d[n] = v.value;
        p[n++] = v.p;
    }
    return n;
}

static void put_family(mw_str *s, const char *title, const double *d, double *p, size_t n)
{
    size_t better = 0, worse = 0;
    double smallest = NAN;

    if (!n) return;
    mw_holm(p, n);
    for (size_t i = 0; i < n; i++) {
        better += p[i] < 0.05 && d[i] < 0;
        worse += p[i] < 0.05 && d[i] > 0;
        if (!(smallest <= p[i])) smallest = p[i];
    }
    mw_str_printf(s, "| %s | %zu | %zu | %zu | ", title, n, better, worse);
    put_fixed(s, smallest, 4);
    mw_str_put(s, " |\n");
}

static void put_families(mw_str *s, const mw_eval *e)
{
    static const char *const grids[][2] = {
        { "A", "sound" }, { "V", "picture" }, { "AV", "both" }, { "missing", "missing" }
    };
    const size_t full = mw_eval_method(e, e->s.full), control = mw_eval_method(e, e->s.control);
    double *d, *p, *room;

    if (full >= e->s.n_methods || control >= e->s.n_methods) return;
    d = mw_calloc(e->s.n_conditions, sizeof *d);
    p = mw_calloc(e->s.n_conditions, sizeof *p);
    room = mw_calloc(2 * e->s.n_seeds, e->s.n_clips * sizeof *room);
    if (!d || !p || !room) {
        s->failed = 1;
    } else {
        mw_str_printf(s,
                      "\n## Cells in which `%s` differs from `%s`\n\nAt 5 %% within a grid, by "
                      "Holm's correction of the resamples' two-sided p. That of one cell is never "
                      "below 2 / (resamples + 1).\n\n| grid | cells | better | worse | smallest "
                      "corrected p |\n| --- | --- | --- | --- | --- |\n",
                      e->s.full, e->s.control);
        for (size_t g = 0; g < sizeof grids / sizeof *grids; g++)
            put_family(s, grids[g][1], d, p, family(d, p, e, full, control, grids[g][0], room));
    }
    mw_free(d);
    mw_free(p);
    mw_free(room);
}

static void put_skill(mw_str *s, const mw_eval *e)
{
    mw_str_put(s, "\n## Skill\n\n1 - error / error of the constant; below 0 is worse than knowing "
                  "nothing. The intervals are those of the error, over the constant's error as it "
                  "is.\n\n");
    put_head_row(s);
    for (size_t m = 0; m < e->s.n_methods; m++) {
        mw_str_printf(s, "| %s |", e->s.methods[m]);
        for (size_t b = 0; b < MW_EVAL_N_BLOCKS; b++) {
            const mw_interval a =
                mw_bootstrap_mean(&e->boot, mw_eval_errors(e, m, b), NULL, e->scratch);

            const double zero = mw_eval_error_of_constant(e);
            const mw_interval k = { mw_skill_mae(a.value, zero), mw_skill_mae(a.hi, zero),
                                    mw_skill_mae(a.lo, zero), NAN };

            mw_str_putc(s, ' ');
            mw_eval_put_interval(s, &k, 3);
            mw_str_put(s, " |");
        }
        mw_str_put(s, "\n");
    }
}

static void put_grid(mw_str *s, const mw_eval *e)
{
    mw_str_printf(s,
                  "\n## Every condition\n\n%s; (h): holds damage that training never showed.\n\n"
                  "| condition |",
                  mw_eval_headline_of(e)->title);
    for (size_t m = 0; m < e->s.n_methods; m++)
        mw_str_printf(s, " %s |", e->s.methods[m]);
    mw_str_put(s, "\n| --- |");
    for (size_t m = 0; m < e->s.n_methods; m++)
        mw_str_put(s, " --- |");
    mw_str_put(s, "\n");
    for (size_t c = 0; c < e->s.n_conditions; c++) {
        mw_str_printf(s, "| %s%s |", e->s.conditions[c].id,
                      e->s.conditions[c].heldout ? " (h)" : "");
        for (size_t m = 0; m < e->s.n_methods; m++) {
            mw_str_putc(s, ' ');
            put_fixed(s, mw_eval_mean_error(e, m, c), 3);
            mw_str_put(s, " |");
        }
        mw_str_put(s, "\n");
    }
}

static void put_coefficients(mw_str *s, const mw_eval *e)
{
    if (!e->n_coefs) {
        mw_str_put(s, "\n## Coefficients\n\nNot asked: no trained models were given.\n");
        return;
    }
    mw_str_put(s,
               "\n## Coefficients\n\nWhat the scores are multiplied with; near 0 they decorate.\n\n"
               "| method | seed | coefficient | value |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < e->n_coefs; i++) {
        const mw_eval_coef *c = &e->coefs[i];

        mw_str_printf(s, "| %s | %lld | %s | ", e->s.methods[c->method],
                      (long long)e->s.seeds[c->seed], c->name);
        put_fixed(s, c->value, 3);
        mw_str_put(s, " |\n");
    }
}

static size_t seeds_of(const mw_eval *e, size_t m)
{
    size_t n = 0;

    for (size_t k = 0; k < e->s.n_seeds; k++) {
        const double *p = mw_eval_said(e, m, k, 0, 0);
        const size_t most = e->s.n_conditions * e->s.n_clips * e->n_values;
        size_t i = 0;

        while (i < most && !isfinite(p[i]))
            i++;
        n += i < most;
    }
    return n;
}

static void put_end(mw_str *s, const mw_eval *e)
{
    const size_t control = mw_eval_method(e, e->s.control);

    mw_str_put(s, "\n## What this rests on\n\n");
    mw_str_printf(s, "- clips: %zu of %zu groups; seeds: %zu; conditions: %zu; resamples: %zu\n",
                  e->s.n_clips, e->s.n_groups, e->s.n_seeds, e->s.n_conditions, e->s.n_replicates);
    for (size_t m = 0; m < e->s.n_methods; m++)
        if (seeds_of(e, m) < e->s.n_seeds)
            mw_str_printf(
                s, "- `%s` has %zu of the %zu seeds; differences are over those that both have\n",
                e->s.methods[m], seeds_of(e, m), e->s.n_seeds);
    if (control < e->s.n_methods) {
        const mw_interval v = mw_bootstrap_mean(
            &e->boot, mw_eval_errors(e, control, MW_BLOCK_CLEAN), NULL, e->scratch);

        mw_str_put(s, "- resolution: half the interval of the control's clean error is ");
        put_fixed(s, (v.hi - v.lo) / 2, 3);
        mw_str_put(s, "\n");
    }
    if (e->notes.n) mw_str_putn(s, e->notes.data, e->notes.n);
    mw_str_put(s,
               "- labels are those of the clean clips, also where damage hides what they were "
               "given for\n- held-out damage is never averaged with seen damage\n"
               "- drawn speakers (docs/benchmark.md) show that the chain works, never what holds "
               "for people, natural voices or real faces, nor how methods rank on them\n");
}

void mw_eval_put_report(mw_str *s, const mw_eval *e)
{
    mw_str_put(s, "# Evaluation\n\n");
    put_first_line(s, e);
    put_endpoints(s, e);
    put_seeds(s, e);
    put_headline(s, e);
    put_families(s, e);
    put_skill(s, e);
    mw_eval_put_robustness(s, e);
    mw_eval_put_figures(s, e);
    mw_eval_put_quality(s, e);
    mw_eval_put_use(s, e);
    put_coefficients(s, e);
    put_grid(s, e);
    put_end(s, e);
}
