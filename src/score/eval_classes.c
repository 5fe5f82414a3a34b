/* SPDX-License-Identifier: Apache-2.0
 *
 * The report's tables of the task's own figures: sentiment by MMSA's rules, classes, labels.
 */
#include <math.h>

#include "score/eval_int.h"

#define MAX_SEEDS 64

/* A column of a table: a figure (of labels: counted from a label's first), in percent or not. */
typedef struct column {
    const char *title;
    size_t figure;
    int percent;
} column;

typedef struct columns {
    const column *v;
    size_t n;
} columns;

static const column mosi[] = { { "MAE", 0, 0 },         { "Corr", 1, 0 },
                               { "Acc-7", 2, 1 },       { "Acc-5", 3, 1 },
                               { "Acc-2 has 0", 5, 1 }, { "F1 has 0", 6, 1 },
                               { "Acc-2 non 0", 7, 1 }, { "F1 non 0", 8, 1 } };
static const column sims[] = { { "MAE", 0, 0 }, { "Corr", 1, 0 },  { "Acc-2", 2, 1 },
                               { "F1", 3, 1 },  { "Acc-3", 4, 1 }, { "Acc-5", 5, 1 } };
static const column classes[] = { { "accuracy", 0, 1 },
                                  { "weighted F1", 1, 1 },
                                  { "macro F1", 2, 1 },
                                  { "unweighted recall", 3, 1 } };
static const column labels[] = { { "weighted accuracy", 0, 1 },
                                 { "weighted F1", 1, 1 },
                                 { "AUROC", 2, 0 } };

#define COLUMNS(of) ((columns){ of, sizeof of / sizeof *of })

/* first [n_first] are titles of leading columns. */
static void put_head(mw_str *s, const char *const *first, size_t n_first, columns c)
{
    mw_str_put(s, "|");
    for (size_t i = 0; i < n_first; i++)
        mw_str_printf(s, " %s |", first[i]);
    for (size_t i = 0; i < c.n; i++)
        mw_str_printf(s, " %s |", c.v[i].title);
    mw_str_put(s, "\n|");
    for (size_t i = 0; i < n_first + c.n; i++)
        mw_str_put(s, " --- |");
    mw_str_put(s, "\n");
}

/* Figures of a method in a condition by seed: x [MW_EVAL_MAX_FIGURES][MAX_SEEDS]. How many seeds
 * have predictions; the constant says the same in each. */
static size_t by_seed(double (*x)[MAX_SEEDS], mw_str *s, const mw_eval *e, size_t m,
                      size_t condition)
{
    const size_t n_seeds = m == e->s.n_methods ? 1 : e->s.n_seeds;
    size_t n = 0;

    for (size_t k = 0; k < n_seeds && n < MAX_SEEDS; k++) {
        double v[MW_EVAL_MAX_FIGURES];
        size_t n_clips;

        if (mw_eval_figures(v, &n_clips, e, m, k, condition) != MW_OK) {
            s->failed = 1;
            return 0;
        }
        if (!n_clips) continue;
        for (size_t f = 0; f < mw_eval_n_figures(e); f++)
            x[f][n] = v[f];
        n++;
    }
    return n;
}

/* The cells of a row: means over seeds, with or without the deviation. Figures are counted from
 * first. */
static void put_cells(mw_str *s, double (*x)[MAX_SEEDS], size_t n, columns c, size_t first,
                      int deviation)
{
    for (size_t i = 0; i < c.n; i++) {
        const mw_spread v = mw_spread_of(x[first + c.v[i].figure], n);
        const double scale = c.v[i].percent ? 100 : 1;
        const int digits = c.v[i].percent ? 2 : 4;

        mw_str_putc(s, ' ');
        mw_eval_put_fixed(s, scale * v.mean, digits);
        if (deviation) {
            mw_str_put(s, " (");
            mw_eval_put_fixed(s, scale * v.population, digits);
            mw_str_putc(s, ')');
        }
        mw_str_put(s, " |");
    }
    mw_str_put(s, "\n");
}

static const char *name_of(const mw_eval *e, size_t m)
{
    return m == e->s.n_methods ? "*constant*" : e->s.methods[m];
}

static void put_clean(mw_str *s, const mw_eval *e, columns c, size_t n_methods)
{
    double x[MW_EVAL_MAX_FIGURES][MAX_SEEDS];

    put_head(s, (const char *const[]){ "method" }, 1, c);
    for (size_t m = 0; m < n_methods; m++) {
        const size_t n = by_seed(x, s, e, m, mw_eval_condition_of(e, "clean"));

        mw_str_printf(s, "| %s |", name_of(e, m));
        put_cells(s, x, n, c, 0, 1);
    }
}

/* The columns in every condition, where they are not those of the head tables. */
static void put_conditions(mw_str *s, const mw_eval *e, columns c, size_t first)
{
    double x[MW_EVAL_MAX_FIGURES][MAX_SEEDS];

    put_head(s, (const char *const[]){ "condition", "method" }, 2, c);
    for (size_t k = 0; k < e->s.n_conditions; k++)
        for (size_t m = 0; m < e->s.n_methods; m++) {
            const size_t n = by_seed(x, s, e, m, k);

            if (!n) continue;
            mw_str_printf(s, "| %s%s | %s |", e->s.conditions[k].id,
                          e->s.conditions[k].heldout ? " (h)" : "", e->s.methods[m]);
            put_cells(s, x, n, c, first, 0);
        }
}

static size_t count_present(const mw_eval *e, size_t label)
{
    size_t n = 0;

    for (size_t i = 0; i < e->s.n_clips; i++)
        n += e->s.y[(i + 1) * e->n_values - MW_N_EMOTIONS + label] > 0;
    return n;
}

static void put_labels(mw_str *s, const mw_eval *e)
{
    static const char *const head[] = { "method", "emotion", "present" };
    const size_t clean = mw_eval_condition_of(e, "clean"), first = mw_eval_first_label_figure(e);
    double x[MW_EVAL_MAX_FIGURES][MAX_SEEDS];

    mw_str_put(s, "\n## Emotions, clean clips\n\nMean over seeds, in percent but for AUROC; in "
                  "brackets the population's standard deviation over seeds. Present from a "
                  "probability of 0.5 on. Weighted accuracy: mean of the shares found of what is "
                  "there, and left out of what is not; emotions that all test clips have, or none, "
                  "have no such share, and are left out of its mean.\n\n");
    put_head(s, head, 3, COLUMNS(labels));
    for (size_t m = 0; m <= e->s.n_methods && clean < e->s.n_conditions; m++) {
        const size_t n = by_seed(x, s, e, m, clean);

        mw_str_printf(s, "| %s | *mean* | |", name_of(e, m));
        put_cells(s, x, n, COLUMNS(labels), first, 1);
        for (size_t k = 0; k < MW_N_EMOTIONS; k++) {
            mw_str_printf(s, "| %s | %s | %zu |", name_of(e, m), mw_emotion_name[k],
                          count_present(e, k));
            put_cells(s, x, n, COLUMNS(labels), first + MW_EVAL_LABEL_FIGURES * (1 + k), 1);
        }
    }
    mw_str_put(s, "\n## Emotions in every condition\n\nMeans over emotions and seeds; weighted "
                  "accuracy and F1 in percent.\n\n");
    put_conditions(s, e, COLUMNS(labels), first);
}

static void put_classes(mw_str *s, const mw_eval *e)
{
    mw_str_put(s, "\n## Clean clips\n\nMean over seeds, in percent; in brackets the population's "
                  "standard deviation over seeds.\n\n");
    if (mw_eval_condition_of(e, "clean") < e->s.n_conditions)
        put_clean(s, e, COLUMNS(classes), e->s.n_methods + 1);
    mw_str_put(s, "\n## Classes in every condition\n\nMean over seeds, in percent.\n\n");
    put_conditions(s, e, COLUMNS(classes), 0);
}

static void put_sentiment(mw_str *s, const mw_eval *e)
{
    if (mw_eval_condition_of(e, "clean") == e->s.n_conditions) return;
    mw_str_printf(s,
                  "\n## Clean clips by MMSA's rules%s\n\n%sMean over seeds, in percent but for the "
                  "first two; in brackets the population's standard deviation over seeds, as MMSA "
                  "prints it.\n\n",
                  e->s.sims ? " for CH-SIMS" : "",
                  e->s.sims ? "Predictions and labels are held within [-1, 1], here and everywhere "
                              "in this report. "
                            : "");
    put_clean(s, e, e->s.sims ? COLUMNS(sims) : COLUMNS(mosi), e->s.n_methods + (e->s.sims != 0));
}

void mw_eval_put_figures(mw_str *s, const mw_eval *e)
{
    if (e->s.task == MW_TASK_MULTICLASS)
        put_classes(s, e);
    else if (e->s.task != MW_TASK_MULTILABEL)
        put_sentiment(s, e);
    if (mw_eval_first_label_figure(e) < mw_eval_n_figures(e)) put_labels(s, e);
}
