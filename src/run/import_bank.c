/* SPDX-License-Identifier: Apache-2.0 */
#include "run/import_bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "run/manifest.h"

mw_status mw_import_open(mw_import_bank *b, const char *out, mw_error *err)
{
    mw_status st;

    if (!*out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    b->out = out;
    st = mw_roots_add(&b->roots, mw_strdup(out), err);
    return st == MW_OK ? mw_roots_open(&b->roots, err) : st;
}

void mw_import_close(mw_import_bank *b)
{
    mw_job_clear(&b->job);
    mw_walk_clear(&b->walk);
    mw_labels_clear(&b->labels);
    mw_roots_close(&b->roots);
}

/* Make clip c fail. */
static mw_status mark(mw_clip *c, const mw_error *problem, mw_error *err)
{
    if (c->error) return MW_OK;
    c->error = mw_calloc(1, sizeof *c->error);
    if (!c->error) return mw_fail_nomem(err);
    *c->error = *problem;
    return MW_OK;
}

mw_status mw_import_add(mw_import_bank *b, const mw_error *problem, mw_error *err)
{
    const mw_label *row = &b->labels.v[b->labels.n - 1];
    const mw_status st = mw_walk_add(&b->walk, b->out, row->clip, err);

    return st == MW_OK && problem ? mark(&b->walk.clips[b->walk.n - 1], problem, err) : st;
}

static int by_rel_and_place(const void *a, const void *b)
{
    const mw_clip *const *x = a, *const *y = b;
    const int order = strcmp((*x)->rel, (*y)->rel);

    return order ? order : (*x > *y) - (*x < *y);
}

mw_status mw_import_mark_twins(mw_import_bank *b, mw_error *err)
{
    mw_clip **sorted = mw_calloc(b->walk.n, sizeof *sorted);
    mw_status st = sorted ? MW_OK : mw_fail_nomem(err);

    for (size_t i = 0; st == MW_OK && i < b->walk.n; i++)
        sorted[i] = &b->walk.clips[i];
    if (st == MW_OK && b->walk.n) qsort(sorted, b->walk.n, sizeof *sorted, by_rel_and_place);
    for (size_t i = 1; st == MW_OK && i < b->walk.n; i++) {
        mw_error twin;

        if (strcmp(sorted[i - 1]->rel, sorted[i]->rel)) continue;
        mw_fail(&twin, MW_ERR_FORMAT, "duplicate_clip", "clip '%s' was there before",
                sorted[i]->rel);
        st = mark(sorted[i], &twin, err);
    }
    mw_free(sorted);
    return st;
}

void mw_import_write(const mw_import_bank *b, const mw_clip *clip, const mw_bank_clip *arrays,
                     mw_clip_result *r)
{
    char *path = mw_format("%s/%s" MW_BANK_SUFFIX, b->out, clip->rel);
    mw_status st = path ? mw_make_parents(path, &r->error) : mw_fail_nomem(&r->error);

    if (st == MW_OK) st = mw_bank_clip_write(path, arrays, NULL, NULL, &r->error);
    r->outcome = st == MW_OK ? MW_DONE : MW_FAILED;
    r->n_outputs = st == MW_OK;
    mw_free(path);
}

static mw_status write_labels(mw_import_bank *b, mw_error *err)
{
    char *path = mw_path_join(b->out, "label.csv");
    mw_labels done = { 0 };
    mw_status st = path ? MW_OK : mw_fail_nomem(err);

    done.v = mw_calloc(b->labels.n, sizeof *done.v);
    if (!done.v && st == MW_OK) st = mw_fail_nomem(err);
    for (size_t i = 0; st == MW_OK && i < b->job.n; i++)
        if (b->job.results[i].outcome == MW_DONE && b->job.results[i].ended)
            done.v[done.n++] = b->labels.v[i]; /* borrowed */
    if (st == MW_OK) st = mw_labels_write(&done, path, err);
    mw_free(done.v);
    mw_free(path);
    return st;
}

mw_status mw_import_finish(mw_import_bank *b, const mw_bank_index *index, mw_error *err)
{
    char *path = mw_path_join(b->out, "bank.json");
    mw_status st = path ? write_labels(b, err) : mw_fail_nomem(err);

    if (st == MW_OK) st = mw_bank_index_write(path, index, err);
    if (st == MW_OK) st = mw_outcomes_write(b->out, &b->job, err);
    mw_free(path);
    return st;
}

float *mw_import_rel(const mw_matrix *m)
{
    float *rel = mw_calloc(m->rows, sizeof *rel);

    for (size_t t = 0; rel && t < m->rows; t++)
        rel[t] = m->valid[t] ? 1 : NAN;
    return rel;
}
