/* SPDX-License-Identifier: Apache-2.0 */
#include "run/preview_scores.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "data/csv.h"
#include "run/score_data.h"

#define SUFFIX    ".scores.csv" /* behind the letter of the modality and a dot */
#define MAX_LINES ((size_t)1 << 22)

/* Times are float32 in the tables; a line that begins this much past the clip is no error. */
#define TIME_SLACK_S 1e-3

#define STRIP_U   56 /* height of a strip with the edge of its stretches, units */
#define PADDING_U 2  /* above the curves' 1 and below their 0 */
#define GAP_U     5
#define FILL      50 /* opacity of what is below the score */

static const mw_rgb score_colour = { 60, 72, 92 }, relevance_colour = { 150, 30, 90 };

static const struct {
    const char *name;
    char letter;
} modalities[2] = { [MW_AUDIO] = { "sound", 'a' }, [MW_VISUAL] = { "picture", 'v' } };

/* ---- reading ---- */

static mw_status broken(const mw_csv *c, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s', line %zu: %s", c->name, c->line, what);
}

static mw_status check_columns(const mw_csv *c, mw_error *err)
{
    int same = c->n == MW_SCORE_COLUMNS;

    for (size_t i = 0; same && i < c->n; i++)
        same = !strcmp(mw_csv_field(c, i), mw_score_column_name[i]);
    return same ? MW_OK : broken(c, "the columns are not t_start_s,score,relevance,attention", err);
}

static mw_status read_number(double *x, const mw_csv *c, mw_score_column k, double most,
                             mw_error *err)
{
    const char *text = mw_csv_field(c, k);

    if (!mw_f64_parse(text, x) && *x >= 0 && *x <= most) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s', line %zu: %s '%.40s' is not in [0, %g]",
                   c->name, c->line, mw_score_column_name[k], text, most);
}

/* most_s: no line begins later. */
static mw_status add_line(mw_preview_curve *curve, const mw_csv *c, double most_s, mw_error *err)
{
    double x[MW_SCORE_COLUMNS];
    mw_status st = MW_OK;

    if (c->n != MW_SCORE_COLUMNS)
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s', line %zu: %zu fields, not the %d of the first line", c->name, c->line,
                       c->n, MW_SCORE_COLUMNS);
    for (int k = 0; st == MW_OK && k < MW_SCORE_COLUMNS; k++)
        st = read_number(&x[k], c, k, k == MW_SCORE_START ? most_s : 1, err);
    if (st != MW_OK) return st;
    if (curve->n && !(x[MW_SCORE_START] > curve->v[curve->n - 1].t_s))
        return broken(c, "it does not begin after the line before", err);
    if (curve->n == MAX_LINES) return broken(c, "too many lines", err);
    if (mw_grow(&curve->v, &curve->cap, curve->n + 1, sizeof *curve->v)) return mw_fail_nomem(err);
    curve->v[curve->n++] = (mw_preview_line){ .t_s = x[MW_SCORE_START],
                                              .score = (float)x[MW_SCORE_SCORE],
                                              .relevance = (float)x[MW_SCORE_RELEVANCE] };
    return MW_OK;
}

static mw_status read_lines(mw_preview_curve *curve, mw_csv *c, double most_s, mw_error *err)
{
    int more;
    mw_status st = mw_csv_next(c, &more, err);

    if (st == MW_OK) st = check_columns(c, err);
    while (st == MW_OK) {
        st = mw_csv_next(c, &more, err);
        if (st != MW_OK || !more) break;
        st = add_line(curve, c, most_s, err);
    }
    if (st == MW_OK && !curve->n) st = broken(c, "no scores", err);
    return st;
}

/* The sheet ends with the clock of the sidecar. What that does not damage may last longer than it
 * knows of. */
static mw_status read_curve(mw_preview_curve *curve, const mw_preview_doc *d, mw_modality m,
                            mw_error *err)
{
    const double most_s = d->part[m].n ? d->end_s + TIME_SLACK_S : MW_PREVIEW_MAX_S;
    const mw_preview_line *last;
    char *text = NULL;
    size_t n = 0;
    mw_csv c;
    mw_status st = mw_file_load(&text, &n, curve->path, MW_CSV_MAX_FILE, err);

    if (st != MW_OK) return st;
    mw_csv_begin(&c, text, n, curve->path);
    st = read_lines(curve, &c, most_s, err);
    mw_csv_clear(&c);
    mw_free(text);
    if (st != MW_OK) return st;
    last = &curve->v[curve->n - 1];
    curve->end_s = curve->n > 1 ? 2 * last->t_s - last[-1].t_s : d->end_s;
    if (curve->end_s > d->end_s) curve->end_s = d->end_s;
    return MW_OK;
}

/* Where the letter of the modality stands in a path; NULL in those that `score` does not write. */
static char *letter_of(char *path)
{
    const size_t n = strlen(path), tail = strlen(SUFFIX);
    char *at = n > tail + 1 ? path + n - tail - 1 : NULL;

    return at && at[-1] == '.' && (*at == modalities[0].letter || *at == modalities[1].letter) &&
                   !strcmp(at + 1, SUFFIX)
               ? at
               : NULL;
}

mw_status mw_preview_scores_load(mw_preview_scores *s, const char *path, const mw_preview_doc *d,
                                 mw_error *err)
{
    mw_status st = MW_OK;

    *s = (mw_preview_scores){ .curve = { { .path = NULL } } };
    for (int m = 0; st == MW_OK && m < 2; m++) {
        char *copy = mw_strdup(path), *letter = copy ? letter_of(copy) : NULL;
        int is_given;

        s->curve[m].path = copy;
        if (!copy) return mw_fail_nomem(err);
        if (!letter)
            return mw_fail(err, MW_ERR_RANGE, "bad_option",
                           "option 'scores': '%s' is not named NAME.a.scores.csv or "
                           "NAME.v.scores.csv, as merwild score --format csv does",
                           path);
        is_given = *letter == modalities[m].letter;
        *letter = modalities[m].letter;
        if (is_given || mw_file_size(copy) >= 0) st = read_curve(&s->curve[m], d, m, err);
    }
    return st;
}

void mw_preview_scores_clear(mw_preview_scores *s)
{
    for (int m = 0; m < 2; m++) {
        mw_free(s->curve[m].path);
        mw_free(s->curve[m].v);
    }
    *s = (mw_preview_scores){ .curve = { { .path = NULL } } };
}

/* ---- what they say in words ---- */

/* Mean scores of the lines that begin outside [0] and inside [1] of damage; NaN without any. */
static void mean_scores(double mean[2], const mw_preview_curve *c, const mw_preview_doc *d,
                        mw_modality m)
{
    const mw_preview_segments *list = &d->part[m].segments;
    double sum[2] = { 0 }, damaged_until = -1;
    size_t n[2] = { 0 };

    for (size_t i = 0, k = 0; i < c->n; i++) {
        int inside;

        for (; k < list->n && list->v[k].t0 <= c->v[i].t_s; k++)
            if (strcmp(d->types[list->v[k].type].name, MW_PREVIEW_CLEAN))
                damaged_until = fmax(damaged_until, list->v[k].t1);
        inside = c->v[i].t_s < damaged_until;
        sum[inside] += (double)c->v[i].score;
        n[inside]++;
    }
    for (int k = 0; k < 2; k++)
        mean[k] = n[k] ? sum[k] / (double)n[k] : NAN;
}

static mw_status describe_curve(mw_sheet *s, const mw_preview_curve *c, const mw_preview_doc *d,
                                mw_modality m, mw_error *err)
{
    mw_str text = { 0 };
    double mean[2];
    mw_status st;

    mean_scores(mean, c, d, m);
    mw_str_printf(&text, "%s: %zu line%s of %s; mean score ", modalities[m].name, c->n,
                  c->n == 1 ? "" : "s", mw_path_base(c->path));
    if (!isnan(mean[1])) {
        mw_sheet_fixed(&text, mean[1], 2);
        mw_str_put(&text, " where damaged, ");
    }
    mw_sheet_fixed(&text, mean[0], 2);
    mw_str_put(&text, isnan(mean[1]) ? ", nothing is damaged" : " elsewhere");
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_sheet_note(s, text.data, err);
    mw_str_clear(&text);
    return st;
}

static mw_status describe(mw_sheet *s, const mw_preview_doc *d, const mw_preview_scores *scores,
                          mw_error *err)
{
    const mw_preview_type entry[] = {
        { .name = "score: how far it can be trusted", .colour = score_colour },
        { .name = "relevance: pooling attention over its largest", .colour = relevance_colour },
    };
    const int u = s->unit;
    int x = s->margin;
    mw_status st = mw_sheet_heading(s, "Scores of the damaged clip", err);

    if (st == MW_OK) st = mw_sheet_room(s, (MW_TEXT_HEIGHT + 4) * u, err);
    for (size_t i = 0; st == MW_OK && i < sizeof entry / sizeof *entry; i++) {
        mw_sheet_swatch(s, x, s->y, &entry[i]);
        x = 14 * u + mw_draw_text(&s->canvas, x + 10 * u, s->y, u, mw_ink, s->x1 - x - 10 * u,
                                  entry[i].name);
    }
    s->y += (MW_TEXT_HEIGHT + 4) * u;
    for (int m = 0; st == MW_OK && m < 2; m++)
        if (scores->curve[m].n) st = describe_curve(s, &scores->curve[m], d, m, err);
    return st;
}

/* ---- curves ---- */

static double value_of(const mw_preview_line *line, int relevance)
{
    return (double)(relevance ? line->relevance : line->score);
}

/* From 1 in row top to 0 in row top + height - 1, a step per line; of lines that share a column of
 * pixels, all values from the least to the largest. */
static void draw_curve(mw_sheet *s, int top, int height, const mw_preview_curve *curve,
                       int relevance)
{
    const int width = s->x1 - s->x0, pen = s->unit;
    const double per_px = s->end_s / width, scale = height - pen;
    double before = NAN; /* value at the end of the column before */
    size_t i = 0;

    for (int c = 0; c < width && c * per_px < curve->end_s; c++) {
        int upper, lower;
        double lo, hi;

        while (i + 1 < curve->n && curve->v[i + 1].t_s <= c * per_px)
            i++;
        if (curve->v[i].t_s >= (c + 1) * per_px) continue;
        lo = fmin(before, value_of(&curve->v[i], relevance));
        hi = fmax(before, value_of(&curve->v[i], relevance));
        for (; i + 1 < curve->n && curve->v[i + 1].t_s < (c + 1) * per_px; i++) {
            lo = fmin(lo, value_of(&curve->v[i + 1], relevance));
            hi = fmax(hi, value_of(&curve->v[i + 1], relevance));
        }
        before = value_of(&curve->v[i], relevance);
        upper = top + (int)((1 - hi) * scale + 0.5);
        lower = top + (int)((1 - lo) * scale + 0.5) + pen;
        if (!relevance)
            mw_draw_shade(&s->canvas, (mw_rect){ s->x0 + c, lower, 1, top + height - lower },
                          score_colour, FILL);
        mw_draw_fill(&s->canvas, (mw_rect){ s->x0 + c, upper, 1, lower - upper },
                     relevance ? relevance_colour : score_colour);
    }
}

static void draw_strip(mw_sheet *s, const mw_preview_doc *d, const mw_preview_curve *curve,
                       mw_modality m)
{
    const int u = s->unit, height = STRIP_U * u;
    const int top = (MW_SHEET_EDGE_U + PADDING_U) * u, inner = height - top - PADDING_U * u;
    const mw_rect panel = { s->x0, s->y, s->x1 - s->x0, height };

    mw_sheet_shade(s, d, m, s->y, height);
    mw_draw_fill(&s->canvas, (mw_rect){ s->x0, s->y + top + inner / 2, panel.w, s->hair }, mw_pale);
    draw_curve(s, s->y + top, inner, curve, 0);
    draw_curve(s, s->y + top, inner, curve, 1);
    mw_sheet_labels(s, s->y + MW_SHEET_EDGE_U * u, height - MW_SHEET_EDGE_U * u, modalities[m].name,
                    "1", "0");
    mw_draw_outline(&s->canvas, panel, s->hair, mw_pale);
    s->y += height + GAP_U * u;
}

mw_status mw_preview_scores_draw(mw_sheet *s, const mw_preview_doc *d,
                                 const mw_preview_scores *scores, mw_error *err)
{
    const int u = s->unit;
    mw_status st = describe(s, d, scores, err);
    int top;

    if (st == MW_OK) st = mw_sheet_room(s, (2 * (STRIP_U + GAP_U) + 2) * u, err);
    if (st != MW_OK) return st;
    s->y += 2 * u;
    top = s->y;
    for (int m = 0; m < 2; m++)
        if (scores->curve[m].n) draw_strip(s, d, &scores->curve[m], m);
    s->y -= GAP_U * u;
    return mw_sheet_time_axis(s, top, err);
}
