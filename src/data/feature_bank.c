/* SPDX-License-Identifier: Apache-2.0
 *
 * The arrays of a clip. A file is read whole, checked, measured and copied into one block: a
 * training set holds tens of thousands of arrays, and one allocation per clip keeps them cheap.
 */
#include "data/feature_bank.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "data/npz.h"
#include "data/npz_read.h"

#define MAX_ROWS    ((size_t)1 << 24)
#define MAX_COLUMNS ((size_t)1 << 20)

static const char letters[MW_MAX_MODALITIES + 1] = "avt";

static mw_status bad(mw_error *err, const char *name, const char *key, const char *what)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_bank", "'%s', array '%s': %s", name, key, what);
}

const mw_bank_variant *mw_bank_variant_find(const mw_bank_modality *m, const char *variant)
{
    for (size_t k = 0; k < m->n_variants; k++)
        if (!strcmp(m->variants[k].name, variant)) return &m->variants[k];
    return NULL;
}

/* ---- writing ---- */

/* What numpy's arrays of a modality are called: "a.t", "a.3.x". */
static const char *key_of(char key[32], char letter, int k, const char *what)
{
    if (k < 0)
        snprintf(key, 32, "%c.%s", letter, what);
    else
        snprintf(key, 32, "%c.%d.%s", letter, k, what);
    return key;
}

static void put_variant(mw_npz *z, const mw_bank_modality *m, int k)
{
    const mw_bank_variant *v = &m->variants[k];
    const size_t shape[2] = { m->rows, m->columns };
    char key[32];

    mw_npz_put(z, key_of(key, m->letter, k, "x"), "<f4", shape, 2, v->x,
               m->rows * m->columns * sizeof *v->x);
    mw_npz_put(z, key_of(key, m->letter, k, "valid"), "|u1", shape, 1, v->valid, m->rows);
    mw_npz_put(z, key_of(key, m->letter, k, "rel"), "<f4", shape, 1, v->rel,
               m->rows * sizeof *v->rel);
}

static mw_status put_modality(mw_npz *z, const mw_bank_modality *m, mw_error *err)
{
    const size_t n = m->n_variants;
    const char *names[MW_BANK_MAX_VARIANTS], *types[MW_BANK_MAX_VARIANTS];
    double levels[MW_BANK_MAX_VARIANTS];
    char key[32];

    if (!n || n > MW_BANK_MAX_VARIANTS || strcmp(m->variants[0].name, "clean"))
        return mw_fail(err, MW_ERR_ARG, "bad_argument",
                       "modality '%c' has %zu variants; 1 to %d are written, \"clean\" first",
                       m->letter, n, MW_BANK_MAX_VARIANTS);
    if (!m->columns || m->columns > MAX_COLUMNS || m->rows > MAX_ROWS)
        return mw_fail(err, MW_ERR_ARG, "bad_argument",
                       "modality '%c' has %zu rows of %zu columns; at most %zu and 1 to %zu are "
                       "written",
                       m->letter, m->rows, m->columns, MAX_ROWS, MAX_COLUMNS);
    for (size_t k = 0; k < n; k++) {
        names[k] = m->variants[k].name;
        types[k] = m->variants[k].type;
        levels[k] = m->variants[k].level;
    }
    mw_npz_put(z, key_of(key, m->letter, -1, "t"), "<f8", &m->rows, 1, m->t,
               m->rows * sizeof *m->t);
    if (m->names) mw_npz_put_texts(z, key_of(key, m->letter, -1, "names"), m->names, m->columns);
    mw_npz_put_texts(z, key_of(key, m->letter, -1, "variants"), names, n);
    mw_npz_put_texts(z, key_of(key, m->letter, -1, "types"), types, n);
    mw_npz_put(z, key_of(key, m->letter, -1, "levels"), "<f8", &n, 1, levels, n * sizeof *levels);
    for (size_t k = 0; k < n; k++)
        put_variant(z, m, (int)k);
    return MW_OK;
}

mw_status mw_bank_clip_write(const char *path, const mw_bank_clip *clip, char *sha256,
                             int64_t *bytes, mw_error *err)
{
    mw_npz z = { 0 };
    mw_status st = MW_OK;

    for (int i = 0; i < MW_MAX_MODALITIES && st == MW_OK; i++)
        if (clip->m[i].letter) st = put_modality(&z, &clip->m[i], err);
    if (st == MW_OK) st = mw_npz_finish(&z, err);
    if (st == MW_OK) st = mw_file_store(path, z.bytes.data, z.bytes.n, err);
    if (st == MW_OK && sha256) mw_sha256_hex(sha256, z.bytes.data, z.bytes.n);
    if (st == MW_OK && bytes) *bytes = (int64_t)z.bytes.n;
    mw_npz_clear(&z);
    return st;
}

/* ---- reading ---- */

/* A block handed out in pieces; without base it only measures. */
typedef struct arena {
    char *base;
    size_t n, limit; /* bytes so far; what a file of that size can need */
} arena;

/* NULL while measuring. Pieces are aligned for vectors. */
static void *take(arena *a, size_t bytes)
{
    void *p = a->base ? a->base + a->n : NULL;

    a->n += (bytes + MW_MEM_ALIGN - 1) / MW_MEM_ALIGN * MW_MEM_ALIGN;
    return p;
}

/* An array that cannot be had, as a failure of the bank. */
static mw_status no_array(mw_error *err, const char *key, mw_status st)
{
    if (err) snprintf(err->reason, sizeof err->reason, "bad_bank");
    mw_error_prefix(err, "array '%s'", key);
    return st;
}

/* Array key with this type (NULL: any) and shape [rows][columns], columns 0: a vector. */
static mw_status find(mw_npz_array *a, const mw_npz_file *f, const char *key, const char *descr,
                      size_t rows, size_t columns, mw_error *err)
{
    const mw_status st = mw_npz_get(a, f, key, err);

    if (st != MW_OK) return no_array(err, key, st);
    if (descr && strcmp(a->descr, descr)) return bad(err, f->name, key, "of another type");
    if (a->n_dims != (columns ? 2u : 1u) || a->shape[0] != rows ||
        (columns && a->shape[1] != columns))
        return bad(err, f->name, key, "of another shape than its clip");
    return MW_OK;
}

/* A vector of texts, copied: pointers [n], and the texts behind one another. */
static mw_status take_texts(const char ***out, const mw_npz_file *f, const char *key, size_t n,
                            arena *a, mw_error *err)
{
    mw_npz_array texts;
    const char **list;
    char *p;
    size_t bytes = 0;
    mw_status st = find(&texts, f, key, NULL, n, 0, err);

    if (st != MW_OK) return st;
    if (texts.descr[0] != '<' || texts.descr[1] != 'U') return bad(err, f->name, key, "not texts");
    for (size_t i = 0; i < n; i++)
        bytes += mw_npz_text(NULL, 0, &texts, i) + 1;
    list = take(a, n * sizeof *list);
    p = take(a, bytes);
    if (a->n > a->limit) return bad(err, f->name, key, "more texts than the file can hold");
    for (size_t i = 0; i < n && a->base; i++) {
        list[i] = p;
        p += mw_npz_text(p, bytes, &texts, i) + 1;
    }
    *out = list;
    return MW_OK;
}

/* A checked array's bytes, copied. */
static mw_status take_array(void *out, const mw_npz_file *f, const char *key, const char *descr,
                            size_t rows, size_t columns, arena *a, mw_error *err)
{
    mw_npz_array array;
    void *p;
    mw_status st = find(&array, f, key, descr, rows, columns, err);

    if (st != MW_OK) return st;
    p = take(a, array.n * array.item_bytes);
    /* members may lie over each other, so that a small file names much */
    if (a->n > a->limit) return bad(err, f->name, key, "more arrays than the file can hold");
    if (p) memcpy(p, array.data, array.n * array.item_bytes);
    memcpy(out, &p, sizeof p);
    return MW_OK;
}

static mw_status take_variant(mw_bank_variant *v, const mw_bank_modality *m, const mw_npz_file *f,
                              int k, arena *a, mw_error *err)
{
    char key[32];
    mw_status st =
        take_array(&v->x, f, key_of(key, m->letter, k, "x"), "<f4", m->rows, m->columns, a, err);

    if (st == MW_OK)
        st =
            take_array(&v->valid, f, key_of(key, m->letter, k, "valid"), "|u1", m->rows, 0, a, err);
    if (st == MW_OK)
        st = take_array(&v->rel, f, key_of(key, m->letter, k, "rel"), "<f4", m->rows, 0, a, err);
    return st;
}

/* Rows, columns and number of variants, from the shapes. */
static mw_status read_shape(mw_bank_modality *m, const mw_npz_file *f, mw_error *err)
{
    mw_npz_array t, variants, x;
    char key[32];
    mw_status st = mw_npz_get(&t, f, key_of(key, m->letter, -1, "t"), err);

    if (st == MW_OK) st = mw_npz_get(&variants, f, key_of(key, m->letter, -1, "variants"), err);
    if (st == MW_OK) st = mw_npz_get(&x, f, key_of(key, m->letter, 0, "x"), err);
    if (st != MW_OK) return no_array(err, key, st);
    if (x.n_dims != 2 || !x.shape[1] || x.shape[1] > MAX_COLUMNS || x.shape[0] > MAX_ROWS)
        return bad(err, f->name, key, "not rows of columns, or too many");
    if (variants.n_dims != 1 || !variants.n || variants.n > MW_BANK_MAX_VARIANTS)
        return bad(err, f->name, key_of(key, m->letter, -1, "variants"), "not 1 to 256 names");
    m->rows = x.shape[0];
    m->columns = x.shape[1];
    m->n_variants = variants.n;
    return MW_OK;
}

static mw_status check_values(const mw_bank_modality *m, const mw_npz_file *f, mw_error *err)
{
    char key[32];

    if (strcmp(m->variants[0].name, "clean"))
        return bad(err, f->name, key_of(key, m->letter, -1, "variants"),
                   "the first variant is not \"clean\"");
    for (size_t r = 0; r < m->rows; r++)
        if (!isfinite(m->t[r]))
            return bad(err, f->name, key_of(key, m->letter, -1, "t"), "a time is not finite");
    return MW_OK;
}

/* Everything of a modality: measured without a block, then copied into it. */
static mw_status take_modality(mw_bank_modality *m, const mw_npz_file *f, arena *a, mw_error *err)
{
    mw_bank_variant one = { NULL };
    const char **names = NULL, **types = NULL;
    double *levels = NULL;
    mw_npz_array columns;
    char key[32];
    mw_status st;

    m->variants = take(a, m->n_variants * sizeof *m->variants);
    st = take_array(&m->t, f, key_of(key, m->letter, -1, "t"), "<f8", m->rows, 0, a, err);
    if (st == MW_OK && mw_npz_get(&columns, f, key_of(key, m->letter, -1, "names"), NULL) == MW_OK)
        st = take_texts(&names, f, key, m->columns, a, err);
    m->names = names;
    if (st == MW_OK)
        st = take_texts(&names, f, key_of(key, m->letter, -1, "variants"), m->n_variants, a, err);
    if (st == MW_OK)
        st = take_texts(&types, f, key_of(key, m->letter, -1, "types"), m->n_variants, a, err);
    if (st == MW_OK)
        st = take_array(&levels, f, key_of(key, m->letter, -1, "levels"), "<f8", m->n_variants, 0,
                        a, err);
    for (size_t k = 0; k < m->n_variants && st == MW_OK; k++) {
        mw_bank_variant *v = a->base ? &m->variants[k] : &one;

        if (a->base) {
            v->name = names[k];
            v->type = types[k];
            v->level = levels[k];
        }
        st = take_variant(v, m, f, (int)k, a, err);
    }
    return st == MW_OK && a->base ? check_values(m, f, err) : st;
}

static int has_modality(const mw_npz_file *f, char letter)
{
    mw_npz_array t;
    mw_error err = { 0 };
    char key[32];

    return mw_npz_get(&t, f, key_of(key, letter, -1, "t"), &err) == MW_OK ||
           strcmp(err.reason, "not_found") != 0;
}

static mw_status take_clip(mw_bank_clip *clip, const mw_npz_file *f, arena *a, mw_error *err)
{
    mw_status st = MW_OK;

    for (int i = 0; i < MW_MAX_MODALITIES && st == MW_OK; i++) {
        mw_bank_modality *m = &clip->m[i];

        *m = (mw_bank_modality){ .letter = 0 };
        if (!has_modality(f, letters[i])) continue;
        m->letter = letters[i];
        st = read_shape(m, f, err);
        if (st == MW_OK) st = take_modality(m, f, a, err);
    }
    return st;
}

mw_status mw_bank_clip_parse(mw_bank_clip *out, const void *bytes, size_t n, const char *name,
                             mw_error *err)
{
    mw_bank_clip clip = { .memory = NULL };
    arena a = { 0 };
    mw_npz_file f;
    mw_status st = mw_npz_open(&f, bytes, n, name, err);

    *out = clip;
    if (st == MW_ERR_FORMAT && err) snprintf(err->reason, sizeof err->reason, "bad_bank");
    /* Every piece has a member behind it, or is one of a few small tables; of texts "<U1", four
     * bytes become a pointer, a character and a NUL. */
    a.limit = 4 * n + f.n_members * 2 * MW_MEM_ALIGN + ((size_t)1 << 16);
    if (st == MW_OK) st = take_clip(&clip, &f, &a, err);
    if (st == MW_OK) {
        a.base = clip.memory = mw_calloc_aligned(a.n, 1);
        a.n = 0;
        st = a.base ? take_clip(&clip, &f, &a, err) : mw_fail_nomem(err);
    }
    mw_npz_close(&f);
    if (st == MW_OK)
        *out = clip;
    else
        mw_bank_clip_clear(&clip);
    return st;
}

mw_status mw_bank_clip_read(mw_bank_clip *out, const char *path, mw_error *err)
{
    char *bytes;
    size_t n;
    mw_status st = mw_file_load(&bytes, &n, path, MW_BANK_MAX_FILE, err);

    *out = (mw_bank_clip){ .memory = NULL };
    if (st == MW_OK) st = mw_bank_clip_parse(out, bytes, n, path, err);
    mw_free(bytes);
    return st;
}

void mw_bank_clip_clear(mw_bank_clip *clip)
{
    mw_free(clip->memory);
    *clip = (mw_bank_clip){ .memory = NULL };
}
