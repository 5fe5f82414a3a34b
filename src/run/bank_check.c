/* SPDX-License-Identifier: Apache-2.0
 *
 * bank check: can the cues of synthetic clips be read off their features at all? Clips are held as
 * mean and deviation of each column, so that memory does not depend on their length.
 */
#include "merwild/bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/csv.h"
#include "run/score_data.h"
#include "score/metrics.h"
#include "score/probe.h"

#define O(field) offsetof(mw_bank_check_options, field)

/* clang-format off */
const mw_opt mw_bank_check_options_table[] = {
    { "cues", MW_OPT_TEXT, O(cues), "", .help = "synth.csv, which merwild synth --recipe benchmark wrote" },
    { "min-corr", MW_OPT_DOUBLE, O(min_corr), "0.6", 0, 1, .help = "correlation with its cue that each modality must reach" },
    { 0 },
};
/* clang-format on */

#define MIN_CLIPS 3   /* of a split: a plane through fewer is no answer */
#define LIMIT     1e6 /* of cues and labels, so that sums of squares are finite */

enum { VOICE, FACE, N_CUES };
#define N_COLUMNS (2 + N_CUES)
static const char *const columns[N_COLUMNS] = { "video_id", "clip_id", "cue_voice", "cue_face" };
static const char letters[N_CUES] = { 'a', 'v' };

typedef struct cue_row {
    char *clip;
    double cue[N_CUES];
} cue_row;

/* Everything of one split; x [cue] [n][d]. */
typedef struct side {
    size_t n, most;
    double *x[N_CUES], *cue[N_CUES], *label;
} side;

typedef struct check {
    const mw_bank_check_options *o;
    cue_row *cues; /* sorted by clip */
    size_t n_cues, cap_cues;
    mw_feature_bank bank;
    size_t d[N_CUES]; /* 0 until the first clip was read */
    side sides[3];
} check;

static void check_clear(check *c)
{
    for (size_t i = 0; i < c->n_cues; i++)
        mw_free(c->cues[i].clip);
    mw_free(c->cues);
    mw_feature_bank_close(&c->bank);
    for (int s = 0; s < 3; s++) {
        for (int k = 0; k < N_CUES; k++) {
            mw_free(c->sides[s].x[k]);
            mw_free(c->sides[s].cue[k]);
        }
        mw_free(c->sides[s].label);
    }
}

/* ---- the cues ---- */

static int by_clip(const void *a, const void *b)
{
    return strcmp(((const cue_row *)a)->clip, ((const cue_row *)b)->clip);
}

static mw_status find_columns(const mw_csv *csv, size_t at[N_COLUMNS], mw_error *err)
{
    for (int k = 0; k < N_COLUMNS; k++) {
        size_t n_found = 0;

        for (size_t i = 0; i < csv->n; i++) {
            if (strcmp(mw_csv_field(csv, i), columns[k]) != 0) continue;
            at[k] = i;
            n_found++;
        }
        if (n_found != 1)
            return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s' line %zu: %zu columns '%s'",
                           csv->name, csv->line, n_found, columns[k]);
    }
    return MW_OK;
}

static mw_status add_cue(check *c, const mw_csv *csv, const size_t at[N_COLUMNS], mw_error *err)
{
    cue_row *row;

    if (mw_grow(&c->cues, &c->cap_cues, c->n_cues + 1, sizeof *c->cues)) return mw_fail_nomem(err);
    row = &c->cues[c->n_cues];
    row->clip = mw_format("%s/%s", mw_csv_field(csv, at[0]), mw_csv_field(csv, at[1]));
    if (!row->clip) return mw_fail_nomem(err);
    c->n_cues++;
    for (int k = 0; k < N_CUES; k++) {
        const char *text = mw_csv_field(csv, at[2 + k]);

        if (mw_f64_parse(text, &row->cue[k]) || fabs(row->cue[k]) > LIMIT)
            return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                           "'%s' line %zu, column '%s': '%.40s' is not a number in [-1e6, 1e6]",
                           csv->name, csv->line, columns[2 + k], text);
    }
    return MW_OK;
}

static mw_status sort_cues(check *c, mw_error *err)
{
    if (c->n_cues) qsort(c->cues, c->n_cues, sizeof *c->cues, by_clip);
    for (size_t i = 1; i < c->n_cues; i++)
        if (!by_clip(&c->cues[i - 1], &c->cues[i]))
            return mw_fail(err, MW_ERR_FORMAT, "duplicate_clip", "'%s': two lines for clip '%s'",
                           c->o->cues, c->cues[i].clip);
    return MW_OK;
}

static mw_status read_cues(check *c, mw_error *err)
{
    char *text = NULL;
    size_t n, at[N_COLUMNS];
    mw_csv csv = { 0 };
    int more = 0;
    mw_status st = mw_file_load(&text, &n, c->o->cues, MW_CSV_MAX_FILE, err);

    if (st != MW_OK) return st;
    mw_csv_begin(&csv, text, n, c->o->cues);
    st = mw_csv_next(&csv, &more, err);
    if (st == MW_OK) st = find_columns(&csv, at, err);
    while (st == MW_OK) {
        st = mw_csv_next(&csv, &more, err);
        if (st != MW_OK || !more) break;
        st = add_cue(c, &csv, at, err);
    }
    if (st == MW_OK) st = sort_cues(c, err);
    mw_csv_clear(&csv);
    mw_free(text);
    return st;
}

/* ---- the features ---- */

/* Mean and deviation of each column, over finite values of rows that show something. out [2 d] */
static void describe(double *out, const mw_bank_modality *m, const mw_bank_variant *v)
{
    for (size_t c = 0; c < m->columns; c++) {
        double n = 0, mean = 0, square = 0;

        for (size_t t = 0; t < m->rows; t++) {
            const double x = (double)v->x[t * m->columns + c];
            double e;

            if (!v->valid[t] || !isfinite(x) || (isfinite(v->rel[t]) && !(v->rel[t] > 0))) continue;
            n++;
            e = x - mean;
            mean += e / n;
            square += e * (x - mean);
        }
        out[2 * c] = mean;
        out[2 * c + 1] = n > 0 ? sqrt(square / n) : 0;
    }
}

static int counts(const mw_label *label)
{
    return label->split != MW_NO_SPLIT && !isnan(label->y);
}

/* How many clips each split has, and room for their cues and labels. */
static mw_status make_room(check *c, mw_error *err)
{
    for (size_t i = 0; i < c->bank.labels.n; i++)
        if (counts(&c->bank.labels.v[i])) c->sides[c->bank.labels.v[i].split].most++;
    for (int s = 0; s < 3; s++) {
        side *one = &c->sides[s];

        if (one->most < MIN_CLIPS)
            return mw_fail(err, MW_ERR_FORMAT, "no_split",
                           "'%s': %zu clips with a label in split '%s'; at least %d are needed",
                           c->bank.dir, one->most, mw_split_name((mw_split)s), MIN_CLIPS);
        one->label = mw_calloc(one->most, sizeof(double));
        for (int k = 0; k < N_CUES; k++)
            one->cue[k] = mw_calloc(one->most, sizeof(double));
        if (!one->label || !one->cue[VOICE] || !one->cue[FACE]) return mw_fail_nomem(err);
    }
    return MW_OK;
}

/* Columns as those of the clips before; the first clip makes room for the features of all. */
static mw_status fit_columns(check *c, int k, const mw_bank_modality *m, const char *clip,
                             mw_error *err)
{
    if (!m || !m->columns)
        return mw_fail(err, MW_ERR_FORMAT, "bad_bank", "clip '%s' of the bank has no modality %c",
                       clip, letters[k]);
    if (c->d[k] && c->d[k] != 2 * m->columns)
        return mw_fail(err, MW_ERR_FORMAT, "columns_differ",
                       "clip '%s' has %zu columns of modality %c, the other clips %zu", clip,
                       m->columns, letters[k], c->d[k] / 2);
    for (int s = 0; s < 3 && !c->d[k]; s++) {
        c->sides[s].x[k] = mw_calloc(c->sides[s].most, 2 * m->columns * sizeof(double));
        if (!c->sides[s].x[k]) return mw_fail_nomem(err);
    }
    c->d[k] = 2 * m->columns;
    return MW_OK;
}

static mw_status add_features(check *c, const mw_label *label, const cue_row *row,
                              const mw_bank_clip *clip, mw_error *err)
{
    side *s = &c->sides[label->split];

    for (int k = 0; k < N_CUES; k++) {
        const mw_bank_modality *m = mw_feature_bank_modality_of(clip, letters[k]);
        const mw_status st = fit_columns(c, k, m, label->clip, err);

        if (st != MW_OK) return st;
        describe(s->x[k] + s->n * c->d[k], m, &m->variants[0]); /* the clean one */
        s->cue[k][s->n] = row->cue[k];
    }
    s->label[s->n++] = label->y;
    return MW_OK;
}

static mw_status add_clip(check *c, const mw_label *label, mw_error *err)
{
    const cue_row key = { .clip = label->clip };
    const cue_row *row =
        c->n_cues ? bsearch(&key, c->cues, c->n_cues, sizeof *c->cues, by_clip) : NULL;
    mw_bank_clip clip = { 0 };
    mw_status st;

    if (!row)
        return mw_fail(err, MW_ERR_FORMAT, "no_cue", "'%s': no line for clip '%s'", c->o->cues,
                       label->clip);
    if (fabs(label->y) > LIMIT)
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s/label.csv': the label %g of clip '%s' is not in [-1e6, 1e6]",
                       c->bank.dir, label->y, label->clip);
    st = mw_feature_bank_read(&clip, &c->bank, label->clip, NULL, err);
    if (st == MW_OK) st = add_features(c, label, row, &clip, err);
    mw_bank_clip_clear(&clip);
    return st;
}

static mw_status read_bank(check *c, const char *dir, const mw_run_hooks *hooks, mw_error *err)
{
    mw_status st = mw_feature_bank_open(&c->bank, dir, NULL, err);

    if (st == MW_OK) st = make_room(c, err);
    for (size_t i = 0; st == MW_OK && i < c->bank.labels.n; i++) {
        if (hooks && hooks->stop && hooks->stop(hooks->user))
            return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        if (counts(&c->bank.labels.v[i])) st = add_clip(c, &c->bank.labels.v[i], err);
    }
    return st;
}

/* ---- the answers ---- */

/* How near a probe comes on rows it has not seen. */
static mw_status compare(const mw_probe *p, const mw_probe_rows *rows, mw_bank_bound *b,
                         mw_error *err)
{
    double *y = mw_calloc(rows->n, sizeof *y);

    *b = (mw_bank_bound){ 0 };
    if (!y) return mw_fail_nomem(err);
    for (size_t i = 0; i < rows->n; i++) {
        y[i] = mw_probe_predict(p, rows->x + i * p->d);
        b->mae += fabs(y[i] - rows->y[i]) / (double)rows->n;
    }
    b->corr = mw_correlation(y, rows->y, rows->n);
    if (isnan(b->corr)) b->corr = 0;
    mw_free(y);
    return MW_OK;
}

static mw_status probe_cue(const check *c, int k, mw_bank_probe *out, mw_error *err)
{
    mw_probe_rows rows[3];
    mw_probe p = { 0 };
    mw_bank_bound b;
    mw_status st;

    for (int s = 0; s < 3; s++)
        rows[s] = (mw_probe_rows){ c->sides[s].x[k], c->sides[s].cue[k], c->sides[s].n };
    st = mw_probe_choose(&p, &rows[MW_TRAIN], &rows[MW_VALID], c->d[k], err);
    if (st == MW_OK) st = compare(&p, &rows[MW_TEST], &b, err);
    if (st == MW_OK)
        *out = (mw_bank_probe){ .columns = c->d[k],
                                .penalty = p.penalty,
                                .corr = b.corr,
                                .passes = b.corr >= c->o->min_corr };
    mw_probe_clear(&p);
    return st;
}

/* Columns of cues as rows of a probe; x is the caller's. */
static mw_status cue_rows(mw_probe_rows *r, double **x, const side *s, const int use[N_CUES],
                          size_t d, mw_error *err)
{
    size_t at = 0;

    *x = mw_calloc(s->n, d * sizeof **x);
    if (!*x) return mw_fail_nomem(err);
    for (size_t i = 0; i < s->n; i++)
        for (int k = 0; k < N_CUES; k++)
            if (use[k]) (*x)[at++] = s->cue[k][i];
    *r = (mw_probe_rows){ *x, s->label, s->n };
    return MW_OK;
}

static mw_status bound(const check *c, int voice, int face, mw_bank_bound *out, mw_error *err)
{
    const int use[N_CUES] = { voice, face };
    const size_t d = (size_t)(voice + face);
    double *x[2] = { NULL, NULL };
    mw_probe_rows train, tested;
    mw_probe p = { 0 };
    mw_status st = cue_rows(&train, &x[0], &c->sides[MW_TRAIN], use, d, err);

    if (st == MW_OK) st = cue_rows(&tested, &x[1], &c->sides[MW_TEST], use, d, err);
    if (st == MW_OK) {
        st = mw_probe_fit(&p, &train, d, 0, err);
        if (st != MW_OK) mw_error_prefix(err, "'%s'", c->o->cues);
    }
    if (st == MW_OK) st = compare(&p, &tested, out, err);
    mw_probe_clear(&p);
    mw_free(x[0]);
    mw_free(x[1]);
    return st;
}

static mw_status constant(const check *c, mw_bank_bound *out, mw_error *err)
{
    const side *train = &c->sides[MW_TRAIN], *tested = &c->sides[MW_TEST];
    double *y = mw_calloc(train->n, sizeof *y), median;

    if (!y) return mw_fail_nomem(err);
    memcpy(y, train->label, train->n * sizeof *y);
    median = mw_quantile_sort(y, train->n, 0.5);
    *out = (mw_bank_bound){ 0 };
    for (size_t i = 0; i < tested->n; i++)
        out->mae += fabs(tested->label[i] - median) / (double)tested->n;
    mw_free(y);
    return MW_OK;
}

static mw_status answer(const check *c, mw_bank_check_result *r, mw_error *err)
{
    mw_status st = probe_cue(c, VOICE, &r->voice, err);

    if (st == MW_OK) st = probe_cue(c, FACE, &r->face, err);
    if (st == MW_OK) st = bound(c, 1, 0, &r->from_voice, err);
    if (st == MW_OK) st = bound(c, 0, 1, &r->from_face, err);
    if (st == MW_OK) st = bound(c, 1, 1, &r->from_both, err);
    if (st == MW_OK) st = constant(c, &r->constant, err);
    r->n_train = c->sides[MW_TRAIN].n;
    r->n_valid = c->sides[MW_VALID].n;
    r->n_test = c->sides[MW_TEST].n;
    r->passes = r->voice.passes && r->face.passes;
    return st;
}

mw_status mw_bank_check(const char *bank, const mw_bank_check_options *o, const mw_run_hooks *hooks,
                        mw_bank_check_result *result, mw_error *err)
{
    check c = { .o = o };
    mw_status st;

    *result = (mw_bank_check_result){ 0 };
    if (!*o->cues)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'cues': the synth.csv of the clips is needed");
    st = read_cues(&c, err);
    if (st == MW_OK) st = read_bank(&c, bank, hooks, err);
    if (st == MW_OK) st = answer(&c, result, err);
    if (st != MW_OK) *result = (mw_bank_check_result){ 0 };
    check_clear(&c);
    return st;
}
