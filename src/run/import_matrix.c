/* SPDX-License-Identifier: Apache-2.0 */
#include "run/import_matrix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "data/npz_read.h"
#include "data/pickle_view.h"

#define MAX_FILE    ((size_t)1 << 30)
#define MAX_ROWS    ((size_t)1 << 24)
#define MAX_COLUMNS ((size_t)1 << 20)

static mw_status bad(const char *path, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_features", "'%s': %s", path, what);
}

/* Zeroed rows by columns with row numbers as times. */
static mw_status start(mw_import_matrix *out, size_t rows, size_t columns, const char *path,
                       int clean, mw_error *err)
{
    mw_status st;

    if (!rows || !columns || rows > MAX_ROWS || columns > MAX_COLUMNS)
        return bad(path, "no rows or columns, or more than are read", err);
    st = mw_matrix_alloc(&out->m, rows, columns, err);
    if (st != MW_OK) return st;
    out->rel = mw_calloc(rows, sizeof *out->rel);
    if (!out->rel) return mw_fail_nomem(err);
    for (size_t t = 0; t < rows; t++) {
        out->m.t[t] = (double)t;
        out->rel[t] = clean ? 1 : NAN;
    }
    return MW_OK;
}

/* A matrix of numbers; one dimension is one row. */
static mw_status take_array(mw_import_matrix *out, const mw_npz_array *a, const char *path,
                            int clean, mw_error *err)
{
    const int is_number = !strcmp(a->descr, "<f4") || !strcmp(a->descr, "<f8");
    const size_t rows = a->n_dims == 2 ? a->shape[0] : 1;
    const size_t columns = a->shape[a->n_dims == 2];
    mw_status st;

    if (!is_number || a->n_dims < 1 || a->n_dims > 2)
        return bad(path, "not a matrix of float32 or float64", err);
    st = start(out, rows, columns, path, clean, err);
    for (size_t i = 0; st == MW_OK && i < a->n; i++)
        out->m.x[i] = (float)mw_npz_number(a, i);
    return st;
}

static mw_status take_names(mw_import_matrix *out, const mw_npz_array *a, mw_error *err)
{
    const char **list = mw_calloc(a->n, sizeof *list);
    size_t bytes = 0, at = 0;

    for (size_t i = 0; i < a->n; i++)
        bytes += mw_npz_text(NULL, 0, a, i) + 1;
    out->m.names = list;
    out->names = mw_calloc(bytes, 1);
    if (!list || !out->names) return mw_fail_nomem(err);
    for (size_t i = 0; i < a->n; i++) {
        list[i] = out->names + at;
        at += mw_npz_text(out->names + at, bytes - at, a, i) + 1;
    }
    return MW_OK;
}

/* A vector beside the matrix: 0 where there is none of that length. */
static int beside(mw_npz_array *a, const mw_npz_file *f, const char *key, size_t n)
{
    return mw_npz_get(a, f, key, NULL) == MW_OK && a->n_dims == 1 && a->n == n;
}

static mw_status from_npz(mw_import_matrix *out, const char *bytes, size_t n, const char *path,
                          char letter, int clean, mw_error *err)
{
    char rel[8];
    mw_npz_array a;
    mw_npz_file f;
    mw_status st = mw_npz_open(&f, bytes, n, path, err);

    if (st == MW_OK) st = mw_npz_get(&a, &f, "x", err);
    if (st == MW_OK) st = take_array(out, &a, path, clean, err);
    if (st == MW_OK && beside(&a, &f, "t", out->m.rows))
        for (size_t t = 0; t < out->m.rows && st == MW_OK; t++) {
            out->m.t[t] = mw_npz_number(&a, t);
            if (!isfinite(out->m.t[t])) st = bad(path, "a time is not finite", err);
        }
    if (st == MW_OK && beside(&a, &f, "valid", out->m.rows))
        for (size_t t = 0; t < out->m.rows; t++)
            out->m.valid[t] = mw_npz_number(&a, t) != 0;
    snprintf(rel, sizeof rel, "%c_rel", letter);
    if (st == MW_OK && beside(&a, &f, rel, out->m.rows))
        for (size_t t = 0; t < out->m.rows; t++)
            out->rel[t] = (float)mw_npz_number(&a, t);
    if (st == MW_OK && beside(&a, &f, "names", out->m.columns) && a.descr[1] == 'U')
        st = take_names(out, &a, err);
    mw_npz_close(&f);
    return st;
}

static mw_status from_npy(mw_import_matrix *out, const char *bytes, size_t n, const char *path,
                          char letter, int clean, mw_error *err)
{
    mw_npz_array a;
    const mw_status st = mw_npy_parse(&a, bytes, n, path, err);

    (void)letter;
    return st == MW_OK ? take_array(out, &a, path, clean, err) : st;
}

static mw_status from_pkl(mw_import_matrix *out, const char *bytes, size_t n, const char *path,
                          char letter, int clean, mw_error *err)
{
    mw_pickle_view v = { .kind = 0 };
    mw_pickle p;
    mw_status st = mw_pickle_parse(&p, bytes, n, 1, path, err);

    (void)letter;
    if (st != MW_OK) return st;
    st = mw_pickle_view_of(&v, &p, p.root, "the array", path, err);
    if (st == MW_OK && (v.n_dims != 2 || !v.data || v.kind == 'S' || v.kind == 'U'))
        st = bad(path, "not a matrix of numbers", err);
    if (st == MW_OK) st = start(out, v.shape[0], v.shape[1], path, clean, err);
    for (size_t t = 0; st == MW_OK && t < out->m.rows; t++)
        for (size_t c = 0; c < out->m.columns; c++) {
            double x = 0;

            mw_pickle_view_number(&v, t, c, &x);
            out->m.x[t * out->m.columns + c] = (float)x;
        }
    mw_pickle_view_clear(&v);
    mw_pickle_clear(&p);
    return st;
}

mw_status mw_import_matrix_load(mw_import_matrix *out, const char *dir, const char *clip,
                                char letter, int clean, mw_error *err)
{
    static const struct {
        const char *suffix;
        mw_status (*read)(mw_import_matrix *out, const char *bytes, size_t n, const char *path,
                          char letter, int clean, mw_error *err);
    } kinds[] = { { ".npz", from_npz }, { ".npy", from_npy }, { ".pkl", from_pkl } };

    *out = (mw_import_matrix){ .rel = NULL };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char *path = mw_format("%s/%s%s", dir, clip, kinds[k].suffix), *bytes = NULL;
        size_t n;
        mw_status st;

        if (!path) return mw_fail_nomem(err);
        if (mw_file_size(path) < 0) {
            mw_free(path);
            continue;
        }
        st = mw_file_load(&bytes, &n, path, MAX_FILE, err);
        if (st == MW_OK) st = kinds[k].read(out, bytes, n, path, letter, clean, err);
        mw_free(bytes);
        mw_free(path);
        if (st != MW_OK) mw_import_matrix_clear(out);
        return st;
    }
    return mw_fail(err, MW_ERR_FORMAT, "no_features", "no '%s/%s' with suffix .npz, .npy or .pkl",
                   dir, clip);
}

void mw_import_matrix_clear(mw_import_matrix *m)
{
    mw_free((void *)(uintptr_t)m->m.names);
    m->m.names = NULL;
    mw_matrix_clear(&m->m);
    mw_free(m->rel);
    mw_free(m->names);
    *m = (mw_import_matrix){ .rel = NULL };
}
