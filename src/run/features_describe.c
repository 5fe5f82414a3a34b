/* SPDX-License-Identifier: Apache-2.0
 *
 * Sound -> rows, block by block. What is held of them:
 *
 *   own number of rows, npy or csv    nothing: they go to the file as they come
 *   own number of rows, pkl or npz    all
 *   fixed number                      all, or the middle rows alone when the header told the
 * length; should it have been wrong, the clip is described again
 */
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "media/sound_reader.h"
#include "run/features_clip.h"

#define BLOCK 16384

/* Rows being made. The clip's rows [from, to) are held. */
typedef struct pass {
    mw_features_clip *w;
    mw_sound_reader *reader;
    mw_lld *lld;
    size_t expected; /* rows that the header promises; 0: it does not say */
    mw_matrix held;
    size_t cap, from, to;
    float *sound; /* [BLOCK] */
    float *x;     /* [room][columns] rows on their way */
    double *t;    /* [room] */
    size_t room_x, room_t;
} pass;

int mw_features_keep_rows(const mw_descriptor_options *o)
{
    return o->native || o->level == MW_FEATURES_FUNCTIONALS;
}

static int rows_can_stream(const mw_descriptor_options *o)
{
    return o->native && o->level == MW_FEATURES_LLD &&
           (o->format == MW_FEATURES_NPY || o->format == MW_FEATURES_CSV);
}

/* Rows of n samples: one more than frames of 60 ms. */
static size_t rows_of(const pass *p, size_t n)
{
    const double rate = mw_sound_reader_about(p->reader)->rate_hz;
    const size_t size = (size_t)(0.060 * rate + 0.5), step = (size_t)(p->w->step_s * rate + 0.5);

    return n < size ? 0 : (n - size) / step + 2;
}

static mw_status open_pass(pass *p, mw_error *err)
{
    mw_features_clip *w = p->w;
    const mw_descriptor_options *o = w->o;
    const int functionals = o->level == MW_FEATURES_FUNCTIONALS;
    const mw_sound_want want = { .rate_hz = (int)o->rate_hz,
                                 .channel = (int)o->channel,
                                 .max_s = o->max_s };
    mw_lld_opts opts = { .sets = functionals ? MW_LLD_EGEMAPS : (unsigned)o->sets + 1,
                         .functionals = functionals };
    mw_status st = mw_sound_reader_open(&p->reader, w->clip->path, &want, err);

    if (st != MW_OK) return st;
    opts.rate_hz = (unsigned)mw_sound_reader_about(p->reader)->rate_hz;
    st = mw_lld_open(&p->lld, &opts, err);
    if (st != MW_OK) {
        mw_error_prefix(err, "'%s'", w->clip->path);
        return st;
    }
    p->sound = mw_calloc(BLOCK, sizeof *p->sound);
    if (!p->sound) return mw_fail_nomem(err);
    p->held.columns = mw_lld_n_columns(p->lld);
    w->columns = functionals ? MW_LLD_N_FUNCTIONALS : p->held.columns;
    for (size_t c = 0; c < w->columns; c++)
        w->names[c] = functionals ? mw_lld_functional_name(c) : mw_lld_column_name(p->lld, c);
    w->step_s = mw_lld_row_time(p->lld, 1);
    w->n_rows = 0;
    return MW_OK;
}

/* Which rows to hold; guess: the header's word is taken. */
static mw_status plan_pass(pass *p, int to_file, int guess, mw_error *err)
{
    mw_features_clip *w = p->w;
    mw_align_plan plan;

    p->to = SIZE_MAX;
    if (w->o->level == MW_FEATURES_FUNCTIONALS) p->to = 0;
    if (rows_can_stream(w->o)) {
        mw_status st = MW_OK;

        p->to = 0;
        if (!to_file) return MW_OK;
        st = mw_make_parents(w->path, err);
        return st == MW_OK ? mw_row_file_open(&w->file, w->path, w->o->format == MW_FEATURES_CSV,
                                              w->names, w->columns, err)
                           : st;
    }
    p->expected = guess ? rows_of(p, mw_sound_reader_expected(p->reader)) : 0;
    if (!p->expected || mw_features_keep_rows(w->o)) return MW_OK;
    plan = mw_align_plan_make(p->expected, (size_t)w->o->length, (size_t)w->o->threshold);
    if (plan.rule != MW_ALIGN_CROP) return MW_OK;
    p->from = plan.first;
    p->to = plan.first + plan.length;
    return MW_OK;
}

/* Take the rows that are ready. */
static mw_status take_rows(pass *p, mw_error *err)
{
    const size_t n = mw_lld_n_ready(p->lld), columns = p->held.columns, at = p->w->n_rows;
    const size_t from = p->from > at ? p->from - at : 0, to = p->to > at ? p->to - at : 0;
    const size_t end = to < n ? to : n;
    mw_status st = MW_OK;

    if (!n) return MW_OK;
    if (mw_grow(&p->x, &p->room_x, n * columns, sizeof *p->x) ||
        mw_grow(&p->t, &p->room_t, n, sizeof *p->t))
        return mw_fail_nomem(err);
    mw_lld_rows(p->lld, p->x, n);
    for (size_t i = 0; i < n; i++)
        p->t[i] = mw_lld_row_time(p->lld, at + i);
    p->w->n_rows += n;
    if (p->w->file) return mw_row_file_put(p->w->file, p->x, p->t, n, err);
    if (from < end)
        st = mw_matrix_add(&p->held, &p->cap, p->x + from * columns, p->t + from, end - from, err);
    return st;
}

static mw_status run_pass(pass *p, mw_error *err)
{
    mw_status st = MW_OK;
    size_t got = 1;

    while (st == MW_OK && got) {
        if (p->w->job && mw_job_stopping(p->w->job))
            return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        st = mw_sound_reader_read(p->reader, p->sound, BLOCK, &got, err);
        if (st == MW_OK)
            st = got ? mw_lld_feed(p->lld, p->sound, got, err) : mw_lld_finish(p->lld, err);
        if (st == MW_OK) st = take_rows(p, err);
    }
    if (st == MW_OK) p->w->about = *mw_sound_reader_about(p->reader);
    return st;
}

static mw_status take_functionals(pass *p, mw_error *err)
{
    double value[MW_LLD_N_FUNCTIONALS], zero = 0;
    float x[MW_LLD_N_FUNCTIONALS];
    mw_status st = mw_lld_functionals(p->lld, value, err);

    p->held.columns = MW_LLD_N_FUNCTIONALS;
    if (st != MW_OK || !p->w->n_rows) return st;
    for (size_t c = 0; c < MW_LLD_N_FUNCTIONALS; c++)
        x[c] = (float)value[c];
    p->w->n_rows = 1;
    return mw_matrix_add(&p->held, &p->cap, x, &zero, 1, err);
}

/* What a clip without rows becomes. */
static mw_status fill_short(pass *p, mw_error *err)
{
    mw_features_clip *w = p->w;
    const size_t rows = mw_features_keep_rows(w->o) ? 1 : (size_t)w->o->length;
    mw_status st;

    mw_row_file_close(&w->file);
    if (w->o->too_short == MW_SHORT_FAIL)
        return mw_fail(err, MW_ERR_FORMAT, "too_short",
                       "'%s' has %zu samples at %d Hz: less than one frame of 60 ms", w->clip->path,
                       w->about.n, w->about.rate_hz);
    st = mw_matrix_alloc(&w->m, rows, w->columns, err);
    if (st == MW_OK) memset(w->m.valid, 0, rows);
    w->m.names = w->names;
    w->source_rows = mw_calloc(rows, sizeof *w->source_rows);
    return st == MW_OK && !w->source_rows ? mw_fail_nomem(err) : st;
}

/* The rows as they are, or brought to the fixed number. */
static mw_status settle(pass *p, mw_error *err)
{
    mw_features_clip *w = p->w;
    const size_t n = w->n_rows, length = mw_features_keep_rows(w->o) ? n : (size_t)w->o->length;
    const mw_align_plan plan = mw_align_plan_make(n, length, (size_t)w->o->threshold);

    if (!n) return fill_short(p, err);
    w->rule = plan.rule;
    p->held.names = w->names;
    if (rows_can_stream(w->o)) return MW_OK;
    w->source_rows = mw_calloc(length, sizeof *w->source_rows);
    if (!w->source_rows) return mw_fail_nomem(err);
    if (length != n) return mw_align(&w->m, w->source_rows, &plan, &p->held, p->from, w->poly, err);
    for (size_t i = 0; i < n; i++)
        w->source_rows[i] = (double)i;
    w->m = p->held;
    p->held = (mw_matrix){ 0 };
    return MW_OK;
}

/* *again: the header's length was wrong, and rows that are needed were not held. */
static mw_status describe(mw_features_clip *w, int to_file, int guess, int *again, mw_error *err)
{
    pass p = { .w = w };
    mw_status st = open_pass(&p, err);

    *again = 0;
    if (st == MW_OK) st = plan_pass(&p, to_file, guess, err);
    if (st == MW_OK) st = run_pass(&p, err);
    if (st == MW_OK && w->o->level == MW_FEATURES_FUNCTIONALS) st = take_functionals(&p, err);
    *again = st == MW_OK && p.from && p.expected != w->n_rows;
    if (st == MW_OK && !*again) st = settle(&p, err);
    mw_lld_close(&p.lld);
    mw_sound_reader_close(&p.reader);
    mw_matrix_clear(&p.held);
    mw_free(p.sound);
    mw_free(p.x);
    mw_free(p.t);
    return st;
}

mw_status mw_features_describe(mw_features_clip *w, int to_file, mw_error *err)
{
    int again;
    mw_status st = describe(w, to_file, 1, &again, err);

    if (st == MW_OK && again) st = describe(w, to_file, 0, &again, err);
    return st;
}

void mw_features_clip_clear(mw_features_clip *w)
{
    mw_row_file_close(&w->file);
    mw_matrix_clear(&w->m);
    mw_free(w->source_rows);
    mw_free(w->rel);
    mw_free(w->path);
    mw_free(w->sidecar);
}
