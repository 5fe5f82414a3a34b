/* SPDX-License-Identifier: Apache-2.0
 *
 * The object: mapping, lookup, and elements as float32. The readers are in safetensors.c and
 * torch_zip.c.
 */
#include "nn/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "nn/tflite.h"
#include "nn/weights_file.h"

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {
    [MW_DTYPE_F32] = { "F32", 4 },     [MW_DTYPE_F16] = { "F16", 2 },
    [MW_DTYPE_BF16] = { "BF16", 2 },   [MW_DTYPE_F64] = { "F64", 8 },
    [MW_DTYPE_I64] = { "I64", 8 },     [MW_DTYPE_I32] = { "I32", 4 },
    [MW_DTYPE_I16] = { "I16", 2 },     [MW_DTYPE_I8] = { "I8", 1 },
    [MW_DTYPE_U8] = { "U8", 1 },       [MW_DTYPE_BOOL] = { "BOOL", 1 },
    [MW_DTYPE_OTHER] = { "other", 0 },
};

const char *mw_dtype_name(mw_dtype t)
{
    return dtypes[t].name;
}

size_t mw_dtype_bytes(mw_dtype t)
{
    return dtypes[t].bytes;
}

mw_status mw_weights_bad(const mw_weights *w, const char *tensor, const char *what, mw_error *err)
{
    if (!tensor) return mw_fail(err, MW_ERR_FORMAT, "bad_weights", "'%s': %s", w->path, what);
    return mw_fail(err, MW_ERR_FORMAT, "bad_weights", "'%s': tensor '%.*s': %s", w->path,
                   MW_TENSOR_MAX_NAME, tensor, what);
}

mw_status mw_weights_add(mw_weights *w, const char *name, const mw_weights_entry *e, mw_error *err)
{
    const size_t n = strlen(name);
    mw_weights_entry *new;

    if (!n) return mw_weights_bad(w, NULL, "a tensor without a name", err);
    if (n > MW_TENSOR_MAX_NAME) return mw_weights_bad(w, NULL, "a tensor's name is too long", err);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return mw_weights_bad(w, NULL, "a tensor's name holds control characters", err);
    if (mw_grow(&w->entry, &w->entry_cap, w->n_entries + 1, sizeof *w->entry))
        return mw_fail_nomem(err);
    new = &w->entry[w->n_entries];
    *new = *e;
    new->name = mw_strndup(name, n);
    if (!new->name) return mw_fail_nomem(err);
    new->t.name = new->name;
    w->n_entries++;
    return MW_OK;
}

/* ---- opening ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const mw_weights_entry *)a)->name, ((const mw_weights_entry *)b)->name);
}

static mw_status sort_by_name(mw_weights *w, mw_error *err)
{
    if (w->n_entries) qsort(w->entry, w->n_entries, sizeof *w->entry, by_name);
    for (size_t i = 1; i < w->n_entries; i++)
        if (!strcmp(w->entry[i].name, w->entry[i - 1].name))
            return mw_weights_bad(w, w->entry[i].name, "there are two of that name", err);
    return MW_OK;
}

/* Before format 1.6 of 2020, torch.save wrote bare pickles: a long integer of ten bytes first. */
static int is_old_torch(const unsigned char *bytes, size_t n)
{
    return n > 4 && bytes[0] == 0x80 && bytes[2] == 0x8a && bytes[3] == 10;
}

static mw_status parse(mw_weights *w, mw_error *err)
{
    mw_status st;

    if (is_old_torch(w->bytes, w->n_bytes))
        return mw_weights_bad(w, NULL,
                              "written by torch.save before PyTorch 1.6, which is not read; load "
                              "and save it with a newer one",
                              err);
    st =
        mw_is_zip(w->bytes, w->n_bytes) ? mw_torch_zip_parse(w, err) : mw_safetensors_parse(w, err);
    return st == MW_OK ? sort_by_name(w, err) : st;
}

/* No waiting for pipes. The file is not to be changed while it is mapped: as with any mapping, one
 * that shrinks ends the process when it is read beyond its new end. */
static mw_status map_file(mw_weights *w, mw_error *err)
{
    const int fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    mw_status st = MW_OK;
    struct stat info;
    void *at;

    if (fd < 0) return mw_fail_errno(err, errno, "cannot open '%s'", w->path);
    if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
        st = mw_fail(err, MW_ERR_IO, "io_error", "'%s' is not a regular file", w->path);
        goto done;
    }
    if ((uint64_t)info.st_size > SIZE_MAX / 2 || !info.st_size) {
        st = mw_weights_bad(w, NULL, info.st_size ? "too large to be mapped" : "empty", err);
        goto done;
    }
    at = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
        st = mw_fail_errno(err, errno, "cannot map '%s'", w->path);
        goto done;
    }
    w->bytes = at;
    w->n_bytes = (size_t)info.st_size;
    w->mapped = 1;
done:
    close(fd);
    return st;
}

static mw_status open_any(mw_weights **out, const void *bytes, size_t n, const char *path,
                          mw_error *err)
{
    mw_weights *w = mw_calloc(1, sizeof *w);
    mw_status st = MW_OK;

    *out = NULL;
    if (!w) return mw_fail_nomem(err);
    w->bytes = bytes;
    w->n_bytes = n;
    w->path = mw_strdup(path);
    if (!w->path) {
        st = mw_fail_nomem(err);
        goto done;
    }
    if (!bytes) st = map_file(w, err);
    if (st != MW_OK) goto done;
    st = parse(w, err);
    if (st != MW_OK) goto done;
    *out = w;
    w = NULL;
done:
    mw_weights_close(&w);
    return st;
}

mw_status mw_weights_open(mw_weights **out, const char *path, mw_error *err)
{
    return open_any(out, NULL, 0, path, err);
}

mw_status mw_weights_parse(mw_weights **out, const void *bytes, size_t n, const char *name,
                           mw_error *err)
{
    return open_any(out, bytes, n, name, err);
}

/* munmap takes a pointer to what may be written; the mapping itself is read only. */
static void unmap(const unsigned char *bytes, size_t n)
{
    void *at;

    memcpy(&at, &bytes, sizeof at);
    munmap(at, n);
}

void mw_weights_close(mw_weights **p)
{
    mw_weights *w = *p;

    *p = NULL;
    if (!w) return;
    for (size_t i = 0; i < w->n_entries; i++)
        mw_free(w->entry[i].name);
    for (size_t i = 0; i < w->n_notes; i++) {
        mw_free(w->note[i].key);
        mw_free(w->note[i].value);
    }
    if (w->mapped) unmap(w->bytes, w->n_bytes);
    mw_free(w->entry);
    mw_free(w->note);
    mw_free(w->path);
    mw_free(w);
}

/* ---- looking ---- */

size_t mw_weights_count(const mw_weights *w)
{
    return w->n_entries;
}

const mw_tensor *mw_weights_at(const mw_weights *w, size_t i)
{
    return i < w->n_entries ? &w->entry[i].t : NULL;
}

const mw_tensor *mw_weights_find(const mw_weights *w, const char *name)
{
    size_t lo = 0, hi = w->n_entries;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        const int order = strcmp(w->entry[mid].name, name);

        if (!order) return &w->entry[mid].t;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const char *mw_weights_kind(const mw_weights *w)
{
    return w->kind;
}

const char *mw_weights_path(const mw_weights *w)
{
    return w->path;
}

const char *mw_weights_note(const mw_weights *w, const char *key)
{
    for (size_t i = 0; i < w->n_notes; i++)
        if (!strcmp(w->note[i].key, key)) return w->note[i].value;
    return NULL;
}

/* ---- elements ---- */

static uint64_t little(const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static float from_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static float from_double_bits(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return (float)x;
}

/* n elements, step elements apart, from element at of t. */
static void read_run(const mw_tensor *t, size_t at, size_t step, size_t n, float *out)
{
    const size_t item = dtypes[t->dtype].bytes, by = step * item;
    const unsigned char *p = t->data + at * item;

    switch (t->dtype) {
    case MW_DTYPE_F32:
        for (size_t i = 0; i < n; i++)
            out[i] = from_bits((uint32_t)little(p + i * by, 4));
        break;
    case MW_DTYPE_F16:
        for (size_t i = 0; i < n; i++)
            out[i] = mw_half_to_float((uint16_t)little(p + i * by, 2));
        break;
    case MW_DTYPE_BF16:
        for (size_t i = 0; i < n; i++)
            out[i] = from_bits((uint32_t)little(p + i * by, 2) << 16);
        break;
    default: /* F64 */
        for (size_t i = 0; i < n; i++)
            out[i] = from_double_bits(little(p + i * by, 8));
    }
}

static int is_dense(const mw_tensor *t)
{
    size_t expected = 1;

    for (int k = t->n_dims; k-- > 0; expected *= t->shape[k])
        if (t->shape[k] != 1 && t->stride[k] != expected) return 0;
    return 1;
}

static mw_status check_dtype(const mw_tensor *t, mw_error *err)
{
    if (t->dtype <= MW_DTYPE_F64) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_dtype",
                   "tensor '%s' is of type %s, not of floating point numbers", t->name,
                   mw_dtype_name(t->dtype));
}

mw_status mw_tensor_read_f32(const mw_tensor *t, float *out, mw_error *err)
{
    size_t index[MW_TENSOR_MAX_DIMS] = { 0 }, at = 0, last;
    const int d = t->n_dims;
    const mw_status st = check_dtype(t, err);

    if (st != MW_OK || !t->n) return st;
    if (is_dense(t)) {
        read_run(t, 0, 1, t->n, out);
        return MW_OK;
    }
    /* rows along the last axis; the others count up like an odometer */
    last = t->shape[d - 1];
    for (size_t done = 0; done < t->n; done += last) {
        int k = d - 2;

        read_run(t, at, t->stride[d - 1], last, out + done);
        for (; k >= 0 && ++index[k] == t->shape[k]; k--) {
            at -= (t->shape[k] - 1) * t->stride[k];
            index[k] = 0;
        }
        if (k >= 0) at += t->stride[k];
    }
    return MW_OK;
}

static void put_shape(mw_str *s, const size_t *shape, int n_dims)
{
    mw_str_putc(s, '[');
    for (int k = 0; k < n_dims; k++)
        mw_str_printf(s, "%s%zu", k ? ", " : "", shape[k]);
    mw_str_putc(s, ']');
}

static mw_status wrong_shape(const mw_weights *w, const mw_tensor *t, const size_t *shape,
                             int n_dims, mw_error *err)
{
    mw_str s = { 0 };
    mw_status st;

    put_shape(&s, t->shape, t->n_dims);
    mw_str_put(&s, ", not ");
    put_shape(&s, shape, n_dims);
    st = mw_str_ok(&s, err);
    if (st == MW_OK)
        st = mw_fail(err, MW_ERR_FORMAT, "bad_shape", "'%s': tensor '%s' has the shape %s", w->path,
                     t->name, s.data);
    mw_str_clear(&s);
    return st;
}

mw_status mw_weights_expect(const mw_tensor **out, const mw_weights *w, const char *name,
                            const size_t *shape, int n_dims, mw_error *err)
{
    const mw_tensor *t = mw_weights_find(w, name);
    mw_status st;
    int equal;

    *out = NULL;
    if (!t)
        return mw_fail(err, MW_ERR_FORMAT, "no_tensor", "'%s': there is no tensor '%s'", w->path,
                       name);
    equal = t->n_dims == n_dims;
    for (int k = 0; equal && k < n_dims; k++)
        equal = t->shape[k] == shape[k];
    if (!equal) return wrong_shape(w, t, shape, n_dims, err);
    st = check_dtype(t, err);
    if (st != MW_OK) mw_error_prefix(err, "'%s'", w->path);
    if (st == MW_OK) *out = t;
    return st;
}

mw_status mw_weights_read(const mw_weights *w, const char *name, const size_t *shape, int n_dims,
                          float *out, mw_error *err)
{
    const mw_tensor *t;
    mw_status st = mw_weights_expect(&t, w, name, shape, n_dims, err);

    if (st == MW_OK) st = mw_tensor_read_f32(t, out, err);
    return st;
}
