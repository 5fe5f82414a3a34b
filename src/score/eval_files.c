/* SPDX-License-Identifier: Apache-2.0
 *
 * The results as JSON, and curves of skill as SVG.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "data/csv.h"
#include "score/eval_int.h"
#include "score/model.h"
#include "score/robust.h"

void mw_eval_put_fixed(mw_str *s, double x, int digits)
{
    double scale = 1;
    long long v;

    for (int i = 0; i < digits; i++)
        scale *= 10;
    if (!isfinite(x) || fabs(x) * scale > 1e15) {
        mw_str_put(s, "-");
        return;
    }
    v = (long long)floor(fabs(x) * scale + 0.5);
    mw_str_printf(s, "%s%lld", x < 0 && v ? "-" : "", v / (long long)scale);
    if (digits) mw_str_printf(s, ".%0*lld", digits, v % (long long)scale);
}

void mw_eval_put_interval(mw_str *s, const mw_interval *v, int digits)
{
    mw_eval_put_fixed(s, v->value, digits);
    if (!isfinite(v->lo)) return;
    mw_str_put(s, " [");
    mw_eval_put_fixed(s, v->lo, digits);
    mw_str_put(s, ", ");
    mw_eval_put_fixed(s, v->hi, digits);
    mw_str_put(s, "]");
}

static void put_interval(mw_json *j, const char *key, const mw_interval *v)
{
    mw_json_key(j, key);
    mw_json_open(j, '{');
    mw_json_put_f64(j, "value", v->value);
    mw_json_put_f64(j, "lo", v->lo);
    mw_json_put_f64(j, "hi", v->hi);
    mw_json_close(j, '}');
}

/* Every figure of every seed; NaN without predictions. */
static void put_figures(mw_json *j, const mw_eval *e, size_t m, size_t c)
{
    double(*v)[MW_EVAL_MAX_FIGURES] = mw_calloc(e->s.n_seeds, sizeof *v);
    size_t n;

    for (size_t k = 0; v && k < e->s.n_seeds; k++)
        if (mw_eval_figures(v[k], &n, e, m, k, c) != MW_OK) j->s->failed = 1;
    for (size_t f = 0; v && f < mw_eval_n_figures(e); f++) {
        char name[MW_EVAL_FIGURE_NAME], key[MW_EVAL_FIGURE_NAME + 8];

        mw_eval_figure_name(name, e, f);
        snprintf(key, sizeof key, "%s_by_seed", name);
        mw_json_key(j, key);
        mw_json_open(j, '[');
        for (size_t k = 0; k < e->s.n_seeds; k++)
            mw_json_f64(j, v[k][f]);
        mw_json_close(j, ']');
    }
    if (!v) j->s->failed = 1;
    mw_free(v);
}

static void put_cell(mw_json *j, const mw_eval *e, size_t m, size_t c)
{
    mw_json_open(j, '{');
    mw_json_put_text(j, "method", e->s.methods[m]);
    mw_json_put_text(j, "condition", e->s.conditions[c].id);
    put_figures(j, e, m, c);
    mw_json_key(j, "reliability");
    mw_json_open(j, '{');
    mw_json_put_f64(j, "a", mw_eval_mean_said(e, m, c, 0));
    mw_json_put_f64(j, "v", mw_eval_mean_said(e, m, c, 1));
    mw_json_close(j, '}');
    mw_json_close(j, '}');
}

/* What replacing the scores did, for every method, seed and condition where it was asked. */
static void put_swaps(mw_json *j, const mw_eval *e)
{
    mw_json_key(j, "replaced_scores");
    mw_json_open(j, '[');
    for (size_t i = 0; i < e->s.n_methods * e->s.n_seeds * e->s.n_conditions; i++) {
        const mw_eval_swaps *w = &e->swaps[i];

        if (!isfinite(w->natural)) continue;
        mw_json_open(j, '{');
        mw_json_put_text(j, "method", e->s.methods[i / e->s.n_conditions / e->s.n_seeds]);
        mw_json_put_i64(j, "seed", e->s.seeds[i / e->s.n_conditions % e->s.n_seeds]);
        mw_json_put_text(j, "condition", e->s.conditions[i % e->s.n_conditions].id);
        mw_json_put_f64(j, mw_eval_headline_of(e)->key, w->natural);
        mw_json_put_f64(j, "best head", w->best_head);
        for (int k = 0; k < MW_N_SWAPS; k++) {
            mw_json_key(j, mw_eval_swap_names[k]);
            mw_json_open(j, '[');
            for (size_t d = 0; d < w->n[k]; d++)
                mw_json_f64(j, w->error[k][d]);
            mw_json_close(j, ']');
        }
        mw_json_close(j, '}');
    }
    mw_json_close(j, ']');
}

void mw_eval_put_csv(mw_str *s, const mw_eval *e)
{
    const size_t n_figures = mw_eval_n_figures(e);

    mw_str_put(s, "method,condition,block,type,level,heldout,seed,clips");
    for (size_t f = 0; f < n_figures; f++) {
        char name[MW_EVAL_FIGURE_NAME];

        mw_eval_figure_name(name, e, f);
        mw_str_printf(s, ",%s", name);
    }
    mw_str_put(s, "\n");
    for (size_t m = 0; m < e->s.n_methods; m++)
        for (size_t c = 0; c < e->s.n_conditions; c++)
            for (size_t k = 0; k < e->s.n_seeds; k++) {
                const mw_bank_condition *q = &e->s.conditions[c];
                double v[MW_EVAL_MAX_FIGURES];
                size_t n;

                if (mw_eval_figures(v, &n, e, m, k, c) != MW_OK) {
                    s->failed = 1;
                    return;
                }
                if (!n) continue;
                mw_csv_put(s, e->s.methods[m], ',');
                mw_csv_put(s, q->id, ',');
                mw_csv_put(s, q->block, ',');
                mw_csv_put(s, q->type, ',');
                mw_csv_put_number(s, q->level, ',');
                mw_str_printf(s, "%d,%lld,%zu,", q->heldout, (long long)e->s.seeds[k], n);
                for (size_t f = 0; f < n_figures; f++)
                    mw_csv_put_number(s, v[f], f + 1 < n_figures ? ',' : '\n');
            }
}

void mw_eval_put_json(mw_str *s, const mw_eval *e)
{
    mw_json j = mw_json_begin(s);
    char key[40];

    mw_json_open(&j, '{');
    mw_json_put_text(&j, "schema", "merwild.results/1");
    mw_json_put_i64(&j, "clips", (int64_t)e->s.n_clips);
    mw_json_put_i64(&j, "groups", (int64_t)e->s.n_groups);
    mw_json_put_i64(&j, "resamples", (int64_t)e->s.n_replicates);
    if (e->s.task != MW_TASK_REGRESSION) mw_json_put_text(&j, "task", mw_net_task_names[e->s.task]);
    if (e->s.sims) mw_json_put_text(&j, "metrics", "sims");
    snprintf(key, sizeof key, "%s_constant", mw_eval_headline_of(e)->key);
    mw_json_put_f64(&j, key, mw_eval_error_of_constant(e));
    mw_json_key(&j, "seeds");
    mw_json_open(&j, '[');
    for (size_t k = 0; k < e->s.n_seeds; k++)
        mw_json_i64(&j, e->s.seeds[k]);
    mw_json_close(&j, ']');
    mw_json_key(&j, "blocks");
    mw_json_open(&j, '[');
    for (size_t m = 0; m < e->s.n_methods; m++)
        for (size_t b = 0; b < MW_EVAL_N_BLOCKS; b++) {
            const size_t control = mw_eval_method(e, e->s.control);
            const mw_interval v =
                mw_bootstrap_mean(&e->boot, mw_eval_errors(e, m, b), NULL, e->scratch);

            mw_json_open(&j, '{');
            mw_json_put_text(&j, "method", e->s.methods[m]);
            mw_json_put_text(&j, "block", mw_eval_blocks[b].title);
            put_interval(&j, mw_eval_headline_of(e)->key, &v);
            if (control < e->s.n_methods && control != m) {
                const mw_interval d = mw_bootstrap_mean(&e->boot, mw_eval_errors(e, m, b),
                                                        mw_eval_errors(e, control, b), e->scratch);

                put_interval(&j, "less_control", &d);
                mw_json_put_f64(&j, "p", d.p);
            }
            mw_json_close(&j, '}');
        }
    mw_json_close(&j, ']');
    mw_json_key(&j, "cells");
    mw_json_open(&j, '[');
    for (size_t m = 0; m < e->s.n_methods; m++)
        for (size_t c = 0; c < e->s.n_conditions; c++)
            put_cell(&j, e, m, c);
    mw_json_close(&j, ']');
    put_swaps(&j, e);
    mw_json_close(&j, '}');
}

/* ---- curves ---- */

#define WIDTH  760
#define HEIGHT 420
#define LEFT   60
#define RIGHT  560
#define TOP    30
#define BOTTOM 370
#define LEGEND 18 /* height of a line */
#define LOWEST (-0.2)

static const char *const colours[] = { "#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910",
                                       "#5d6d7e", "#16a085", "#a04000", "#7b7d7d", "#2c3e50" };
#define N_COLOURS (sizeof colours / sizeof *colours)

/* Mean error of one seed in a condition; NaN when nothing was said. */
static double error_of_seed(const mw_eval *e, size_t m, size_t seed, size_t c)
{
    double sum = 0;

    for (size_t i = 0; i < e->s.n_clips; i++)
        sum += mw_eval_clip_error(e, m, seed, c, i);
    return e->s.n_clips ? sum / (double)e->s.n_clips : NAN;
}

/* Mean skill of a seed, or of all of them (ALL_SEEDS), over the seen conditions of an axis at a
 * level; NaN when there is none. */
#define ALL_SEEDS SIZE_MAX
static double skill_at(const mw_eval *e, size_t m, size_t seed, const char *axis, double level)
{
    double sum = 0;
    size_t n = 0;

    for (size_t c = 0; c < e->s.n_conditions; c++) {
        const mw_bank_condition *k = &e->s.conditions[c];
        double error;

        if (strcmp(k->axis, axis) || k->heldout || !(fabs(k->level - level) < 1e-9)) continue;
        error = seed == ALL_SEEDS ? mw_eval_mean_error(e, m, c) : error_of_seed(e, m, seed, c);
        sum += mw_skill_mae(error, mw_eval_error_of_constant(e));
        n++;
    }
    return n ? sum / (double)n : NAN;
}

/* Levels of an axis in the order of their conditions. */
static size_t find_levels(double *levels, size_t most, const mw_eval *e, const char *axis)
{
    size_t n = 0;

    for (size_t c = 0; c < e->s.n_conditions && n < most; c++) {
        const mw_bank_condition *k = &e->s.conditions[c];
        size_t i = 0;

        if (strcmp(k->axis, axis) || k->heldout) continue;
        while (i < n && !(fabs(levels[i] - k->level) < 1e-9))
            i++;
        if (i == n) levels[n++] = k->level;
    }
    return n;
}

static int place_y(double skill)
{
    const double x = skill < LOWEST ? LOWEST : skill > 1 ? 1 : skill;

    return (int)(BOTTOM - (x - LOWEST) / (1 - LOWEST) * (BOTTOM - TOP) + 0.5);
}

static int place_x(size_t i, size_t n)
{
    return LEFT + (int)((double)i / (double)(n - 1) * (RIGHT - LEFT) + 0.5);
}

static void put_axes(mw_str *s, const char *axis, const double *levels, size_t n)
{
    for (int k = -1; k <= 5; k++) {
        const int y = place_y(0.2 * k);

        mw_str_printf(s,
                      "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\"/>\n"
                      "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">",
                      LEFT, y, RIGHT, y, k ? "#dddddd" : "#888888", LEFT - 8, y + 4);
        mw_eval_put_fixed(s, 0.2 * k, 1);
        mw_str_put(s, "</text>\n");
    }
    for (size_t i = 0; i < n; i++) {
        char text[MW_F64_TEXT];

        mw_f64_text(text, levels[i]);
        mw_str_printf(s, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                      place_x(i, n), BOTTOM + 20, text);
    }
    mw_str_printf(s, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                  (LEFT + RIGHT) / 2, BOTTOM + 40,
                  strcmp(axis, "snr_db") ? "coverage: area of the occluder / of the face box"
                                         : "signal-to-noise ratio, dB");
}

/* Smallest and largest skill of the seeds. */
static void range_at(double *lo, double *hi, const mw_eval *e, size_t m, const char *axis,
                     double level)
{
    *lo = *hi = NAN;
    for (size_t k = 0; k < e->s.n_seeds; k++) {
        const double x = skill_at(e, m, k, axis, level);

        *lo = fmin(*lo, x);
        *hi = fmax(*hi, x);
    }
}

/* A line through the means, on a band from the worst to the best seed. */
static void put_method(mw_str *s, const mw_eval *e, size_t m, const char *axis,
                       const double *levels, size_t n)
{
    const char *colour = colours[m % N_COLOURS];
    double lo, hi;

    mw_str_printf(s, "<polygon fill=\"%s\" fill-opacity=\"0.12\" points=\"", colour);
    for (size_t i = 0; i < 2 * n; i++) {
        const size_t at = i < n ? i : 2 * n - 1 - i;

        range_at(&lo, &hi, e, m, axis, levels[at]);
        if (isfinite(lo)) mw_str_printf(s, "%d,%d ", place_x(at, n), place_y(i < n ? lo : hi));
    }
    mw_str_printf(s, "\"/>\n<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s points=\"",
                  colour, m >= N_COLOURS ? " stroke-dasharray=\"5 3\"" : "");
    for (size_t i = 0; i < n; i++) {
        const double k = skill_at(e, m, ALL_SEEDS, axis, levels[i]);

        if (isfinite(k)) mw_str_printf(s, "%d,%d ", place_x(i, n), place_y(k));
    }
    mw_str_printf(s, "\"/>\n<text x=\"%d\" y=\"%zu\" fill=\"%s\">%s</text>\n", RIGHT + 15,
                  TOP + 10 + LEGEND * m, colour, e->s.methods[m]);
}

void mw_eval_put_curve(mw_str *s, const mw_eval *e, const char *axis)
{
    double levels[32];
    const size_t n = find_levels(levels, 32, e, axis), legend = TOP + 20 + LEGEND * e->s.n_methods;

    if (n < 2) return;
    mw_str_printf(s,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" "
                  "font-family=\"sans-serif\" font-size=\"13\">\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
                  "<text x=\"%d\" y=\"18\">skill (1 - error / error of the constant), seen "
                  "damage; bands: worst to best seed</text>\n",
                  WIDTH, legend > HEIGHT ? legend : HEIGHT, LEFT);
    put_axes(s, axis, levels, n);
    for (size_t m = 0; m < e->s.n_methods; m++)
        put_method(s, e, m, axis, levels, n);
    mw_str_put(s, "</svg>\n");
}
