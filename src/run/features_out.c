/* SPDX-License-Identifier: Apache-2.0 */
#include "run/features_out.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/npz.h"
#include "data/npz_read.h"
#include "data/pickle.h"
#include "run/track.h"

const char *const mw_features_formats[] = { "npy", "pkl", "npz", "csv", NULL };

/* One array of the track. */
static void put_true(mw_npz *z, const mw_features_out *f, const char *key, const mw_npz_array *a,
                     float *value)
{
    const size_t n = f->m->rows;

    if (strchr(a->descr, 'U')) {
        mw_npz_put(z, key, a->descr, a->shape, a->n_dims, a->data, a->n * a->item_bytes);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const double at = f->truth_at[i];
        const size_t k = at > 0 ? (size_t)(at + 0.5) : 0;

        value[i] = isnan(at) ? NAN : (float)mw_npz_number(a, k < a->n ? k : a->n - 1);
    }
    mw_npz_put(z, key, "<f4", &n, 1, value, n * sizeof *value);
}

/* The arrays of "<clip>.track.npz" beside the input. */
static void put_truth(mw_npz *z, const mw_features_out *f)
{
    char *path =
        mw_format("%.*s" MW_TRACK_SUFFIX,
                  (int)(strlen(f->clip_path) - strlen(mw_path_suffix(f->clip_path))), f->clip_path);
    float *value = mw_calloc(f->m->rows, sizeof *value);
    char *bytes = NULL;
    size_t n_bytes;
    mw_status st =
        path && value ? mw_file_load(&bytes, &n_bytes, path, (size_t)1 << 30, NULL) : MW_ERR_NOMEM;

    /* a track that is not there, or broken, is left out; memory that is short is not */
    if (st == MW_ERR_NOMEM) {
        z->bytes.failed = 1;
    } else if (st == MW_OK) {
        for (size_t k = 0; f->truth[k]; k++) {
            mw_npz_array a;

            if (mw_npz_find(&a, bytes, n_bytes, f->truth[k], path, NULL) == MW_OK && a.n)
                put_true(z, f, f->truth[k], &a, value);
        }
    }
    mw_free(bytes);
    mw_free(value);
    mw_free(path);
}

static mw_status put_npz(mw_str *out, const mw_features_out *f, mw_error *err)
{
    const mw_matrix *m = f->m;
    const size_t shape[2] = { m->rows, m->columns };
    mw_npz z = { 0 };
    mw_status st;

    mw_npz_put(&z, "x", "<f4", shape, 2, m->x, m->rows * m->columns * sizeof *m->x);
    mw_npz_put(&z, "t", "<f8", &m->rows, 1, m->t, m->rows * sizeof *m->t);
    mw_npz_put(&z, "valid", "|u1", &m->rows, 1, m->valid, m->rows);
    mw_npz_put(&z, f->source_key, "<f8", &m->rows, 1, f->source, m->rows * sizeof *f->source);
    mw_npz_put_texts(&z, "names", m->names, m->columns);
    put_truth(&z, f);
    st = mw_npz_finish(&z, err);
    if (st == MW_OK) mw_str_putn(out, z.bytes.data, z.bytes.n);
    mw_npz_clear(&z);
    return st;
}

static mw_status encode(mw_str *out, const mw_features_out *f, mw_error *err)
{
    const mw_matrix *m = f->m;
    const size_t shape[2] = { m->rows, m->columns };
    mw_status st = MW_OK;

    switch (f->format) {
    case MW_FEATURES_NPY:
        mw_npy_put(out, "<f4", shape, 2, m->x, m->rows * m->columns * sizeof *m->x);
        break;
    case MW_FEATURES_PKL:
        st = mw_pickle_from_array(m->x, sizeof *m->x, shape, 2, out, err);
        break;
    case MW_FEATURES_NPZ:
        st = put_npz(out, f, err);
        break;
    case MW_FEATURES_CSV:
        mw_matrix_put_csv(out, m);
        break;
    }
    return st == MW_OK ? mw_str_ok(out, err) : st;
}

mw_status mw_features_store(const mw_features_out *f, const char *path, const char *sidecar,
                            mw_media *output, mw_error *err)
{
    mw_str bytes = { 0 };
    mw_status st = mw_make_parents(path, err);

    if (st == MW_OK) st = encode(&bytes, f, err);
    if (st == MW_OK) {
        output->bytes = (int64_t)bytes.n;
        mw_sha256_hex(output->sha256, bytes.data, bytes.n);
        unlink(sidecar);
        st = mw_file_store(path, bytes.data, bytes.n, err);
    }
    mw_str_clear(&bytes);
    return st;
}

mw_status mw_features_store_sidecar(const char *path, const mw_sidecar *s, mw_error *err)
{
    mw_str text = { 0 };
    mw_status st;

    mw_sidecar_write(&text, s);
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_file_store(path, text.data, text.n, err);
    mw_str_clear(&text);
    return st;
}
