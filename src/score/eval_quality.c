/* SPDX-License-Identifier: Apache-2.0
 *
 * The report's part on the scores: do they say where damage is, and how much of it.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "score/eval_int.h"

#define MAX_LEVELS 64

/* Rank correlation over the clips of a condition of what was said and what was, mean over seeds;
 * NaN where no seed has two clips that differ. */
static mw_status level_correlation(double *out, const mw_eval *e, size_t m, size_t condition,
                                   int modality)
{
    double *x = mw_calloc(e->s.n_clips, sizeof *x), *y = mw_calloc(e->s.n_clips, sizeof *y),
           sum = 0;
    size_t n = 0;
    mw_status st = x && y ? MW_OK : MW_ERR_NOMEM;

    for (size_t k = 0; st == MW_OK && k < e->s.n_seeds; k++) {
        const mw_eval_quality *q =
            &e->quality[2 * mw_eval_at(e, m, k, condition) + (size_t)modality];
        size_t kept = 0;
        double r = NAN;

        for (size_t i = 0; q->auroc && i < e->s.n_clips; i++)
            if (isfinite(q->mean[i])) {
                x[kept] = q->mean[i];
                y[kept++] = q->level[i];
            }
        st = mw_spearman(&r, x, y, kept, NULL);
        if (!isfinite(r)) continue;
        sum += r;
        n++;
    }
    *out = n ? sum / (double)n : NAN;
    mw_free(x);
    mw_free(y);
    return st;
}

static void add_calibration(mw_calibration *sum, const mw_calibration *c)
{
    for (int b = 0; b < MW_ECE_BINS; b++) {
        sum->n[b] += c->n[b];
        sum->said[b] += c->said[b];
        sum->was[b] += c->was[b];
    }
    sum->brier += c->brier;
}

/* Area over all windows of a block's conditions, mean over seeds: between clips as well as within
 * them. */
static double pooled_auroc(mw_str *s, const mw_eval *e, size_t m, size_t block, int modality)
{
    double sum = 0;
    size_t n = 0;

    for (size_t k = 0; k < e->s.n_seeds; k++)
        for (size_t c = 0; c < e->s.n_conditions; c++) {
            const mw_eval_quality *q = &e->quality[2 * mw_eval_at(e, m, k, c) + (size_t)modality];
            double area;

            if (!q->n_windows || !mw_eval_in_block(&e->s.conditions[c], &mw_eval_blocks[block]))
                continue;
            if (mw_auroc(&area, q->said, q->intact, q->n_windows, NULL) != MW_OK) s->failed = 1;
            if (s->failed || !isfinite(area)) continue;
            sum += area;
            n++;
        }
    return n ? sum / (double)n : NAN;
}

static void put_quality_row(mw_str *s, const mw_eval *e, size_t m, size_t block, int modality)
{
    const mw_interval a = mw_eval_auroc(s, e, m, block, modality, MW_EVAL_ALL_TYPES, NULL);
    mw_calibration sum = { { 0 }, { 0 }, { 0 }, 0 };
    double levels = NAN;

    for (size_t c = 0; c < e->s.n_conditions && !isfinite(levels); c++)
        if (mw_eval_in_block(&e->s.conditions[c], &mw_eval_blocks[block]) &&
            level_correlation(&levels, e, m, c, modality) != MW_OK)
            s->failed = 1;
    for (size_t k = 0; k < e->s.n_seeds; k++)
        for (size_t c = 0; c < e->s.n_conditions; c++)
            if (mw_eval_in_block(&e->s.conditions[c], &mw_eval_blocks[block]))
                add_calibration(
                    &sum, &e->quality[2 * mw_eval_at(e, m, k, c) + (size_t)modality].calibration);
    if (!isfinite(mw_calibration_ece(&sum))) return;
    mw_str_printf(s, "| %s | %s | %s | ", e->s.methods[m], modality ? "picture" : "sound",
                  mw_eval_blocks[block].title);
    mw_eval_put_interval(s, &a, 3);
    mw_str_put(s, " | ");
    mw_eval_put_fixed(s, mw_calibration_ece(&sum), 3);
    mw_str_put(s, " | ");
    mw_eval_put_fixed(s, mw_calibration_brier(&sum), 3);
    mw_str_put(s, " | ");
    mw_eval_put_fixed(s, levels, 3);
    mw_str_put(s, " | ");
    mw_eval_put_fixed(s, pooled_auroc(s, e, m, block, modality), 3);
    mw_str_put(s, " |\n");
}

/* The same areas for clips of one kind of damage. */
static void put_types(mw_str *s, const mw_eval *e, size_t m)
{
    static const size_t blocks[] = { MW_BLOCK_MIXED_SEEN, MW_BLOCK_MIXED_HELDOUT };
    int any = 0;

    for (size_t b = 0; b < 2; b++)
        for (size_t t = 0; t < e->n_types; t++)
            for (int modality = 0; modality < 2; modality++) {
                size_t n;
                const mw_interval a = mw_eval_auroc(s, e, m, blocks[b], modality, t, &n);

                if (!n) continue;
                if (!any++)
                    mw_str_printf(s,
                                  "\n### Where does `%s` find each kind of damage?\n\n"
                                  "Localisation in clips of mixed damage that have this kind.\n\n"
                                  "| damage | of | kind | clips | localisation |\n"
                                  "| --- | --- | --- | --- | --- |\n",
                                  e->s.methods[m]);
                mw_str_printf(s, "| %s | %s | %s | %zu | ", mw_eval_blocks[blocks[b]].title,
                              modality ? "picture" : "sound", e->types[t], n);
                mw_eval_put_interval(s, &a, 3);
                mw_str_put(s, " |\n");
            }
}

double mw_eval_mean_said(const mw_eval *e, size_t m, size_t condition, int modality)
{
    double sum = 0;
    size_t n = 0;

    for (size_t k = 0; k < e->s.n_seeds; k++) {
        const mw_eval_quality *q =
            &e->quality[2 * mw_eval_at(e, m, k, condition) + (size_t)modality];

        for (size_t i = 0; q->auroc && i < e->s.n_clips; i++)
            if (isfinite(q->mean[i])) {
                sum += q->mean[i];
                n++;
            }
    }
    return n ? sum / (double)n : NAN;
}

static void put_levels(mw_str *s, const mw_eval *e)
{
    const size_t m = mw_eval_method(e, e->s.full);

    if (m >= e->s.n_methods) return;
    mw_str_printf(s,
                  "\n### Mean reliability of `%s` by condition\n\n| condition | sound | picture "
                  "|\n| --- | --- | --- |\n",
                  e->s.full);
    for (size_t c = 0; c < e->s.n_conditions; c++) {
        const double a = mw_eval_mean_said(e, m, c, 0), v = mw_eval_mean_said(e, m, c, 1);

        if (!strcmp(e->s.conditions[c].block, "AV") || (!isfinite(a) && !isfinite(v))) continue;
        mw_str_printf(s, "| %s%s | ", e->s.conditions[c].id,
                      e->s.conditions[c].heldout ? " (h)" : "");
        mw_eval_put_fixed(s, a, 3);
        mw_str_put(s, " | ");
        mw_eval_put_fixed(s, v, 3);
        mw_str_put(s, " |\n");
    }
}

/* Modality that the conditions of a block damage alone; -1: both, or none. */
static int damaged_alone(const mw_bank_condition *c)
{
    return !strcmp(c->block, "A") ? 0 : !strcmp(c->block, "V") ? 1 : -1;
}

/* Steps along the axis of condition c, *n of them, in which more damage of its kind was called more
 * reliable. */
static size_t rises(const mw_eval *e, size_t m, size_t c, size_t *n)
{
    size_t order[MAX_LEVELS], count = 0;
    const size_t n_levels = mw_eval_along(order, MAX_LEVELS, e, c);
    double last = NAN;

    *n = 0;
    for (size_t i = 0; i < n_levels; i++) {
        const double said =
            mw_eval_mean_said(e, m, order[i], damaged_alone(&e->s.conditions[order[i]]));

        if (!isfinite(said)) continue;
        *n += isfinite(last) != 0;
        count += said > last; /* never for the first */
        last = said;
    }
    return count;
}

static void put_axes(mw_str *s, const mw_eval *e, size_t m)
{
    int any = 0;

    for (size_t c = 0; c < e->s.n_conditions; c++) {
        const mw_bank_condition *k = &e->s.conditions[c];
        size_t n, count;

        if (damaged_alone(k) < 0 || !*k->axis || !mw_eval_is_first(e, c)) continue;
        count = rises(e, m, c, &n);
        if (!n) continue;
        if (!any++)
            mw_str_printf(s,
                          "\n### Does the reliability of `%s` fall as damage grows?\n\n"
                          "| damage | steps | of them it rises in |\n| --- | --- | --- |\n",
                          e->s.methods[m]);
        mw_str_printf(s, "| %s%s | %zu | %zu |\n", k->type, k->heldout ? " (h)" : "", n, count);
    }
}

/* Reliability of a modality while the other alone is damaged, less that on clean clips. */
static mw_status cross_talk(mw_interval *out, const mw_eval *e, size_t m, int modality)
{
    const size_t n = e->s.n_seeds * e->s.n_clips;
    double *damaged = mw_calloc(n, sizeof *damaged), *clean = mw_calloc(n, sizeof *clean);
    const mw_status st = damaged && clean ? MW_OK : MW_ERR_NOMEM;

    for (size_t i = 0; st == MW_OK && i < n; i++) {
        size_t n_damaged = 0, n_clean = 0;

        for (size_t c = 0; c < e->s.n_conditions; c++) {
            const mw_eval_quality *q =
                &e->quality[2 * mw_eval_at(e, m, i / e->s.n_clips, c) + (size_t)modality];
            const double said = q->auroc ? q->mean[i % e->s.n_clips] : NAN;

            if (!isfinite(said)) continue;
            if (damaged_alone(&e->s.conditions[c]) == !modality) {
                damaged[i] += said;
                n_damaged++;
            } else if (!strcmp(e->s.conditions[c].block, "clean")) {
                clean[i] += said;
                n_clean++;
            }
        }
        damaged[i] = n_damaged ? damaged[i] / (double)n_damaged : NAN;
        clean[i] = n_clean ? clean[i] / (double)n_clean : NAN;
    }
    if (st == MW_OK) *out = mw_bootstrap_mean(&e->boot, damaged, clean, e->scratch);
    mw_free(damaged);
    mw_free(clean);
    return st;
}

static void put_cross_talk(mw_str *s, const mw_eval *e)
{
    int any = 0;

    for (size_t m = 0; m < e->s.n_methods; m++)
        for (int modality = 0; modality < 2; modality++) {
            mw_interval d = { NAN, NAN, NAN, NAN };

            if (cross_talk(&d, e, m, modality) != MW_OK) s->failed = 1;
            if (!isfinite(d.value)) continue;
            if (!any++)
                mw_str_put(s, "\n### Does damage of one modality move the other's reliability?\n\n"
                              "Less that on clean clips; it should not move.\n\n"
                              "| method | reliability of | damaged | change |\n"
                              "| --- | --- | --- | --- |\n");
            mw_str_printf(s, "| %s | %s | %s | ", e->s.methods[m], modality ? "picture" : "sound",
                          modality ? "sound" : "picture");
            mw_eval_put_interval(s, &d, 3);
            mw_str_put(s, " |\n");
        }
}

static int any_quality(const mw_eval *e)
{
    const size_t n = 2 * e->s.n_methods * e->s.n_seeds * e->s.n_conditions;
    size_t i = 0;

    while (i < n && !e->quality[i].auroc)
        i++;
    return i < n;
}

void mw_eval_put_quality(mw_str *s, const mw_eval *e)
{
    const size_t full = mw_eval_method(e, e->s.full);

    if (!any_quality(e)) {
        mw_str_put(s, "\n## Quality of the scores\n\nNot asked: no scores came with the "
                      "predictions.\n");
        return;
    }
    mw_str_put(
        s, "\n## Quality of the scores\n\nLocalisation: area under the ROC curve of intact "
           "against damaged windows within a clip. ECE and Brier score against the graded "
           "truth. Levels: Spearman's correlation over clips of mean reliability and mean truth, "
           "mean over seeds. Pooled: the area over the windows of all clips, for comparison with "
           "other work; it also counts differences between clips.\n\n"
           "| method | modality | damage | localisation | ECE | Brier | levels | pooled |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t m = 0; m < e->s.n_methods; m++)
        for (int modality = 0; modality < 2; modality++) {
            put_quality_row(s, e, m, MW_BLOCK_MIXED_SEEN, modality);
            put_quality_row(s, e, m, MW_BLOCK_MIXED_HELDOUT, modality);
        }
    if (full < e->s.n_methods) put_types(s, e, full);
    put_levels(s, e);
    if (full < e->s.n_methods) put_axes(s, e, full);
    put_cross_talk(s, e);
}
