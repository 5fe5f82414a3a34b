/* SPDX-License-Identifier: Apache-2.0 */
#include "score/eval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "score/eval_int.h"

#define DAMAGED 0.75 /* windows below are damaged */

const char *const mw_eval_swap_names[MW_N_SWAPS] = {
    "other clips", "apart", "alike", "shifted in time", "constant", "inverted", "truth"
};

const mw_eval_block mw_eval_blocks[MW_EVAL_N_BLOCKS] = {
    [MW_BLOCK_CLEAN] = { "clean", "clean", -1 },
    [MW_BLOCK_A_SEEN] = { "sound, seen", "A", 0 },
    [MW_BLOCK_A_HELDOUT] = { "sound, held out", "A", 1 },
    [MW_BLOCK_V_SEEN] = { "picture, seen", "V", 0 },
    [MW_BLOCK_V_HELDOUT] = { "picture, held out", "V", 1 },
    [MW_BLOCK_AV_SEEN] = { "both, seen", "AV", 0 },
    [MW_BLOCK_AV_HELDOUT] = { "both, held out", "AV", 1 },
    [MW_BLOCK_MIXED_SEEN] = { "mixed, seen", "mixed-seen", -1 },
    [MW_BLOCK_MIXED_HELDOUT] = { "mixed, held out", "mixed-heldout", -1 },
    [MW_BLOCK_MISSING] = { "missing", "missing", -1 },
};

int mw_eval_in_block(const mw_bank_condition *c, const mw_eval_block *b)
{
    return !strcmp(c->block, b->block) && (b->heldout < 0 || b->heldout == c->heldout);
}

static int same_axis(const mw_bank_condition *a, const mw_bank_condition *b)
{
    return !strcmp(a->type, b->type) && !strcmp(a->axis, b->axis);
}

int mw_eval_is_first(const mw_eval *e, size_t c)
{
    for (size_t before = 0; before < c; before++)
        if (same_axis(&e->s.conditions[before], &e->s.conditions[c])) return 0;
    return 1;
}

double mw_eval_severity(const mw_bank_condition *c)
{
    return strcmp(c->axis, "snr_db") ? c->level : -c->level; /* more decibels are less damage */
}

size_t mw_eval_along(size_t *order, size_t most, const mw_eval *e, size_t c)
{
    const mw_bank_condition *all = e->s.conditions;
    size_t n = 0;

    for (size_t k = 0; k < e->s.n_conditions && n < most; k++) {
        size_t i = n;

        if (!same_axis(&all[k], &all[c])) continue;
        for (; i > 0 && mw_eval_severity(&all[order[i - 1]]) > mw_eval_severity(&all[k]); i--)
            order[i] = order[i - 1];
        order[i] = k;
        n++;
    }
    return n;
}

size_t mw_eval_method(const mw_eval *e, const char *name)
{
    size_t m = 0;

    while (m < e->s.n_methods && strcmp(e->s.methods[m], name))
        m++;
    return *name ? m : e->s.n_methods;
}

void mw_eval_destroy(mw_eval **out)
{
    mw_eval *e = *out;
    size_t n;

    if (!e) return;
    n = e->s.n_methods * e->s.n_seeds * e->s.n_conditions;
    for (size_t i = 0; e->quality && i < 2 * n; i++) {
        mw_free(e->quality[i].auroc); /* holds all three */
        mw_free(e->quality[i].type);
        mw_free(e->quality[i].said);
        mw_free(e->quality[i].intact);
    }
    for (size_t i = 0; e->swaps && i < n; i++)
        for (int k = 0; k < MW_N_SWAPS; k++)
            mw_free(e->swaps[i].error[k]);
    for (size_t m = 0; e->deleted && m < e->s.n_methods; m++)
        mw_free(e->deleted[m]);
    for (size_t i = 0; i < e->n_types; i++)
        mw_free(e->types[i]);
    mw_bootstrap_clear(&e->boot);
    mw_str_clear(&e->notes);
    mw_free(e->deleted);
    mw_free(e->types);
    mw_free(e->p);
    mw_free(e->quality);
    mw_free(e->swaps);
    mw_free(e->coefs);
    mw_free(e->scratch);
    mw_free(e->error);
    mw_free(e);
    *out = NULL;
}

mw_status mw_eval_create(mw_eval **out, const mw_eval_setup *setup, mw_error *err)
{
    const size_t n = setup->n_methods * setup->n_seeds * setup->n_conditions;
    mw_eval *e = mw_calloc(1, sizeof *e);

    *out = NULL;
    if (!e) return mw_fail_nomem(err);
    e->s = *setup;
    e->n_values = mw_eval_n_values(setup->task);
    e->p = mw_calloc(n, setup->n_clips * e->n_values * sizeof *e->p);
    e->quality = mw_calloc(2 * n, sizeof *e->quality);
    e->swaps = mw_calloc(n, sizeof *e->swaps);
    e->deleted = mw_calloc(setup->n_methods, sizeof *e->deleted);
    if (!e->p || !e->quality || !e->swaps || !e->deleted) {
        mw_eval_destroy(&e);
        return mw_fail_nomem(err);
    }
    for (size_t i = 0; i < n * setup->n_clips * e->n_values; i++)
        e->p[i] = NAN;
    for (size_t i = 0; i < n; i++)
        e->swaps[i].natural = NAN;
    mw_eval_weigh_labels(e);
    *out = e;
    return MW_OK;
}

void mw_eval_set(mw_eval *e, size_t method, size_t seed, size_t condition, size_t clip,
                 const double *p)
{
    const size_t at = mw_eval_at(e, method, seed, condition) * e->s.n_clips + clip;

    memcpy(e->p + at * e->n_values, p, e->n_values * sizeof *p);
}

double mw_eval_get(const mw_eval *e, size_t method, size_t seed, size_t condition, size_t clip,
                   size_t k)
{
    return mw_eval_said(e, method, seed, condition, clip)[k];
}

void mw_eval_natural(mw_eval *e, size_t method, size_t seed, size_t condition, double error,
                     double best_head_error)
{
    mw_eval_swaps *s = &e->swaps[mw_eval_at(e, method, seed, condition)];

    s->natural = error;
    s->best_head = best_head_error;
}

mw_status mw_eval_swapped(mw_eval *e, size_t method, size_t seed, size_t condition,
                          mw_eval_swap swap, const mw_eval_answer *a, mw_error *err)
{
    mw_eval_swaps *s = &e->swaps[mw_eval_at(e, method, seed, condition)];

    if (mw_grow(&s->error[swap], &s->cap[swap], s->n[swap] + 1, sizeof **s->error))
        return mw_fail_nomem(err);
    s->error[swap][s->n[swap]++] = a->error;
    s->moved[swap] += a->moved;
    s->flips[swap] += a->flips;
    return MW_OK;
}

mw_status mw_eval_deleted(mw_eval *e, size_t method, size_t seed, size_t clip, int by, int which,
                          double error, mw_error *err)
{
    const size_t per = e->s.n_seeds * e->s.n_clips;

    if (!e->deleted[method]) {
        e->deleted[method] = mw_calloc(MW_N_DELETE_BY * MW_N_DELETES, per * sizeof(double));
        if (!e->deleted[method]) return mw_fail_nomem(err);
        for (size_t i = 0; i < MW_N_DELETE_BY * MW_N_DELETES * per; i++)
            e->deleted[method][i] = NAN;
    }
    e->deleted[method][(size_t)(by * MW_N_DELETES + which) * per + seed * e->s.n_clips + clip] =
        error;
    return MW_OK;
}

void mw_eval_coefficient(mw_eval *e, size_t method, size_t seed, const char *name, double value)
{
    mw_eval_coef *c;

    if (mw_grow(&e->coefs, &e->coefs_cap, e->n_coefs + 1, sizeof *e->coefs)) {
        e->notes.failed = 1;
        return;
    }
    c = &e->coefs[e->n_coefs++];
    *c = (mw_eval_coef){ .method = method, .seed = seed, .value = value };
    snprintf(c->name, sizeof c->name, "%s", name);
}

void mw_eval_note(mw_eval *e, const char *key, const char *value)
{
    if (value)
        mw_str_printf(&e->notes, "- %s: %s\n", key, value);
    else
        e->notes.failed = 1;
}

/* ---- windows ---- */

static mw_status quality_room(mw_eval_quality *q, size_t n_clips, mw_error *err)
{
    if (!q->type) q->type = mw_calloc(n_clips, sizeof *q->type);
    if (!q->auroc) {
        q->auroc = mw_calloc(n_clips, 3 * sizeof *q->auroc);
        for (size_t i = 0; q->auroc && i < 3 * n_clips; i++)
            q->auroc[i] = NAN;
    }
    if (!q->type || !q->auroc) return mw_fail_nomem(err);
    q->mean = q->auroc + n_clips;
    q->level = q->mean + n_clips;
    return MW_OK;
}

static mw_status type_of(uint16_t *out, mw_eval *e, const char *type, mw_error *err)
{
    size_t i = 0;

    while (i < e->n_types && strcmp(e->types[i], type))
        i++;
    *out = (uint16_t)i;
    if (i < e->n_types) return MW_OK;
    if (i > UINT16_MAX) return mw_fail(err, MW_ERR_FORMAT, "bad_bank", "too many kinds of damage");
    if (mw_grow(&e->types, &e->types_cap, i + 1, sizeof *e->types)) return mw_fail_nomem(err);
    e->types[i] = mw_strdup(type);
    if (!e->types[i]) return mw_fail_nomem(err);
    e->n_types++;
    return MW_OK;
}

/* At least three windows of each class: fewer say little. */
static mw_status within_clip(double *auroc, const double *said, const uint8_t *intact, size_t n,
                             mw_error *err)
{
    size_t n_intact = 0;

    *auroc = NAN;
    for (size_t i = 0; i < n; i++)
        n_intact += intact[i];
    if (n_intact < 3 || n - n_intact < 3) return MW_OK;
    return mw_auroc(auroc, said, intact, n, err);
}

/* Windows of the whole condition, for the pooled area. */
static mw_status keep_windows(mw_eval_quality *q, const double *said, const uint8_t *intact,
                              size_t n, mw_error *err)
{
    const size_t total = q->n_windows + n;

    if (mw_grow(&q->said, &q->said_cap, total, sizeof *q->said) ||
        mw_grow(&q->intact, &q->intact_cap, total, sizeof *q->intact))
        return mw_fail_nomem(err);
    if (n) {
        memcpy(q->said + q->n_windows, said, n * sizeof *said);
        memcpy(q->intact + q->n_windows, intact, n * sizeof *intact);
    }
    q->n_windows = total;
    return MW_OK;
}

mw_status mw_eval_windows(mw_eval *e, size_t method, size_t seed, size_t condition, size_t clip,
                          int modality, const mw_eval_window_set *w, mw_error *err)
{
    mw_eval_quality *q = &e->quality[2 * mw_eval_at(e, method, seed, condition) + (size_t)modality];
    double *kept = mw_calloc(w->n, sizeof *kept), sum = 0, truth = 0;
    uint8_t *intact = mw_calloc(w->n, 1);
    size_t n_kept = 0;
    mw_status st = kept && intact ? quality_room(q, e->s.n_clips, err) : mw_fail_nomem(err);

    if (st == MW_OK) st = type_of(&q->type[clip], e, w->type, err);
    for (size_t i = 0; st == MW_OK && i < w->n; i++) {
        const double said = (double)w->said[i], was = (double)w->was[i];

        if (!(w->weight[i] > 0)) continue;
        kept[n_kept] = said;
        intact[n_kept++] = was >= DAMAGED;
        sum += said;
        truth += was;
        mw_calibration_add(&q->calibration, said, was);
    }
    if (st == MW_OK) st = within_clip(&q->auroc[clip], kept, intact, n_kept, err);
    if (st == MW_OK && n_kept) {
        q->mean[clip] = sum / (double)n_kept;
        q->level[clip] = truth / (double)n_kept;
    }
    if (st == MW_OK && !strncmp(e->s.conditions[condition].block, "mixed", 5))
        st = keep_windows(q, kept, intact, n_kept, err);
    mw_free(kept);
    mw_free(intact);
    return st;
}

/* ---- analysis ---- */

double mw_eval_error_of_constant(const mw_eval *e)
{
    double sum = 0;

    for (size_t i = 0; i < e->s.n_clips; i++)
        sum += mw_eval_error(e, e->s.constant, e->s.y + i * e->n_values);
    return e->s.n_clips ? sum / (double)e->s.n_clips : NAN;
}

void mw_eval_cell_errors(double *out, const mw_eval *e, size_t method, size_t condition)
{
    for (size_t s = 0; s < e->s.n_seeds; s++)
        for (size_t i = 0; i < e->s.n_clips; i++)
            *out++ = mw_eval_clip_error(e, method, s, condition, i);
}

double mw_eval_mean_error(const mw_eval *e, size_t method, size_t condition)
{
    double sum = 0;
    size_t n = 0;

    for (size_t s = 0; s < e->s.n_seeds; s++)
        for (size_t i = 0; i < e->s.n_clips; i++) {
            const double error = mw_eval_clip_error(e, method, s, condition, i);

            if (!isfinite(error)) continue;
            sum += error;
            n++;
        }
    return n ? sum / (double)n : NAN;
}

size_t mw_eval_condition_of(const mw_eval *e, const char *block)
{
    size_t c = 0;

    while (c < e->s.n_conditions && strcmp(e->s.conditions[c].block, block))
        c++;
    return c;
}

/* Per clip the mean over the cells of a block, so that a block is the mean of its cells; NaN unless
 * all of them are there. */
static void block_errors(mw_eval *e, size_t method, size_t block)
{
    double *out = e->error + (method * MW_EVAL_N_BLOCKS + block) * e->s.n_seeds * e->s.n_clips;

    for (size_t s = 0; s < e->s.n_seeds; s++)
        for (size_t i = 0; i < e->s.n_clips; i++) {
            double sum = 0;
            size_t n = 0;

            for (size_t c = 0; c < e->s.n_conditions; c++) {
                if (!mw_eval_in_block(&e->s.conditions[c], &mw_eval_blocks[block])) continue;
                sum += mw_eval_clip_error(e, method, s, c, i);
                n++;
            }
            out[s * e->s.n_clips + i] = n ? sum / (double)n : NAN;
        }
}

/* Localisation in a clip, mean over the conditions of a block; NaN: none. */
static double clip_auroc(const mw_eval *e, size_t method, size_t seed, size_t block, int modality,
                         size_t type, size_t clip)
{
    double sum = 0;
    size_t n = 0;

    for (size_t c = 0; c < e->s.n_conditions; c++) {
        const mw_eval_quality *q =
            &e->quality[2 * mw_eval_at(e, method, seed, c) + (size_t)modality];

        if (!q->auroc || !isfinite(q->auroc[clip]) ||
            (type != MW_EVAL_ALL_TYPES && q->type[clip] != type) ||
            !mw_eval_in_block(&e->s.conditions[c], &mw_eval_blocks[block]))
            continue;
        sum += q->auroc[clip];
        n++;
    }
    return n ? sum / (double)n : NAN;
}

mw_interval mw_eval_auroc(mw_str *text, const mw_eval *e, size_t method, size_t block, int modality,
                          size_t type, size_t *n_clips)
{
    double *x = mw_calloc(e->s.n_seeds, e->s.n_clips * sizeof *x);
    mw_interval out = { NAN, NAN, NAN, NAN };
    size_t n = 0;

    for (size_t i = 0; x && i < e->s.n_clips; i++) {
        int any = 0;

        for (size_t s = 0; s < e->s.n_seeds; s++) {
            double *at = &x[s * e->s.n_clips + i];

            *at = clip_auroc(e, method, s, block, modality, type, i);
            any |= isfinite(*at) != 0;
        }
        n += (size_t)any;
    }
    if (x)
        out = mw_bootstrap_mean(&e->boot, x, NULL, e->scratch);
    else
        text->failed = 1;
    if (n_clips) *n_clips = n;
    mw_free(x);
    return out;
}

mw_status mw_eval_analyse(mw_eval *e, mw_error *err)
{
    mw_status st;

    mw_bootstrap_clear(&e->boot);
    mw_free(e->scratch);
    mw_free(e->error);
    st = mw_bootstrap_make(&e->boot, e->s.group, e->s.n_clips, e->s.n_groups, e->s.n_seeds,
                           e->s.n_replicates, e->s.seed, err);
    e->scratch = mw_calloc(e->s.n_replicates, sizeof *e->scratch);
    e->error = mw_calloc((e->s.n_methods + 1) * MW_EVAL_N_BLOCKS,
                         e->s.n_seeds * e->s.n_clips * sizeof *e->error);
    if (st == MW_OK && (!e->scratch || !e->error)) st = mw_fail_nomem(err);
    for (size_t m = 0; st == MW_OK && m <= e->s.n_methods; m++)
        for (size_t b = 0; b < MW_EVAL_N_BLOCKS; b++)
            block_errors(e, m, b);
    return st;
}

/* A file of the report, where there is something in it; n_files counts. */
static mw_status store(const char *dir, const char *name, mw_str *s, size_t *n_files, mw_error *err)
{
    char *path = mw_path_join(dir, name);
    mw_status st = path ? mw_str_ok(s, err) : mw_fail_nomem(err);

    if (st == MW_OK && s->n) {
        st = mw_file_store(path, s->data, s->n, err);
        *n_files += st == MW_OK;
    }
    mw_free(path);
    mw_str_clear(s);
    return st;
}

mw_status mw_eval_write(mw_eval *e, const char *dir, size_t *n_files, mw_error *err)
{
    mw_str s = { 0 };
    mw_status st = mw_str_ok(&e->notes, err);

    *n_files = 0;
    if (st == MW_OK) st = mw_eval_analyse(e, err);
    if (st == MW_OK) st = mw_make_dirs(dir, err);
    if (st != MW_OK) return st;
    mw_eval_put_json(&s, e);
    st = store(dir, "results.json", &s, n_files, err);
    mw_eval_put_curve(&s, e, "snr_db");
    if (st == MW_OK) st = store(dir, "curve_snr.svg", &s, n_files, err);
    mw_eval_put_curve(&s, e, "coverage");
    if (st == MW_OK) st = store(dir, "curve_coverage.svg", &s, n_files, err);
    mw_eval_put_csv(&s, e);
    if (st == MW_OK) st = store(dir, "report.csv", &s, n_files, err);
    mw_eval_put_report(&s, e);
    if (st == MW_OK) st = store(dir, "report.md", &s, n_files, err);
    mw_str_clear(&s);
    return st;
}
