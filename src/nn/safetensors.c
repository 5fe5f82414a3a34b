/* SPDX-License-Identifier: Apache-2.0
 *
 * safetensors: eight bytes with the header's length, a JSON object, the data. The layout is that of
 * the format's description (https://github.com/huggingface/safetensors, "Format"); every offset is
 * checked, and the tensors must cover the data without overlap or hole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "nn/weights_file.h"

/* The format's own limit for the header; and one for the values in it, as each costs the parser
 * about a hundred bytes. A tensor takes about ten values. */
#define MAX_HEADER ((uint64_t)100000000)
#define MAX_VALUES ((size_t)1 << 21)

/* ---- reading ---- */

/* Types that are listed and not read, with their sizes; others of any size are taken as they are.
 */
static const struct {
    const char *name;
    size_t bytes;
} other_types[] = {
    { "U16", 2 },     { "U32", 4 },     { "U64", 8 },     { "C64", 8 },
    { "F8_E4M3", 1 }, { "F8_E5M2", 1 }, { "F8_E8M0", 1 },
};

static size_t find_type(mw_dtype *t, const char *name)
{
    for (int k = 0; k < MW_DTYPE_OTHER; k++)
        if (!strcmp(name, mw_dtype_name((mw_dtype)k))) {
            *t = (mw_dtype)k;
            return mw_dtype_bytes(*t);
        }
    *t = MW_DTYPE_OTHER;
    for (size_t k = 0; k < sizeof other_types / sizeof *other_types; k++)
        if (!strcmp(name, other_types[k].name)) return other_types[k].bytes;
    return 0;
}

/* Shape, C-order strides and number of elements; a text saying what is wrong, or NULL. */
static const char *read_shape(mw_tensor *t, const json_t *shape)
{
    const size_t n_dims = json_array_size(shape);

    if (!json_is_array(shape)) return "its shape is no list";
    if (n_dims > MW_TENSOR_MAX_DIMS) return "it has more than 8 dimensions";
    t->n_dims = (int)n_dims;
    t->n = 1;
    for (size_t k = n_dims; k-- > 0;) {
        const json_t *v = json_array_get(shape, k);
        const json_int_t x = json_integer_value(v);

        if (!json_is_integer(v) || x < 0) return "its shape holds what is no count";
        if (x && t->n > SIZE_MAX / 16 / (size_t)x) return "its shape is too large";
        t->shape[k] = (size_t)x;
        t->stride[k] = t->n;
        t->n *= (size_t)x;
    }
    return NULL;
}

/* Entry name -> { dtype, shape, data_offsets }; a text saying what is wrong, or NULL. */
static const char *read_entry(mw_weights_entry *e, const json_t *v, const unsigned char *data,
                              uint64_t n_data)
{
    const json_t *offsets = json_object_get(v, "data_offsets"), *ends[2];
    const char *type = json_string_value(json_object_get(v, "dtype")), *wrong;
    size_t item;

    if (!type) return "it has no dtype";
    item = find_type(&e->t.dtype, type);
    wrong = read_shape(&e->t, json_object_get(v, "shape"));
    if (wrong) return wrong;
    for (size_t k = 0; k < 2; k++) {
        ends[k] = json_array_get(offsets, k);
        if (!json_is_integer(ends[k]) || json_array_size(offsets) != 2)
            return "its data_offsets are not two integers";
        if (json_integer_value(ends[k]) < 0) return "an offset is negative";
    }
    e->begin = (uint64_t)json_integer_value(ends[0]);
    e->end = (uint64_t)json_integer_value(ends[1]);
    if (e->begin > e->end) return "it ends before it begins";
    if (e->end > n_data) return "it ends beyond the end of the file";
    /* the product cannot overflow: read_shape keeps n below SIZE_MAX / 16 */
    if (item && e->t.n * item != e->end - e->begin)
        return "its size differs from that of its shape";
    e->t.data = data + e->begin;
    return NULL;
}

static mw_status read_notes(mw_weights *w, json_t *notes, mw_error *err)
{
    void *at = json_object_iter(notes);

    if (!json_is_object(notes)) return mw_weights_bad(w, NULL, "__metadata__ is no object", err);
    for (; at; at = json_object_iter_next(notes, at)) {
        const char *value = json_string_value(json_object_iter_value(at));
        mw_weights_note_pair pair;

        if (!value) return mw_weights_bad(w, NULL, "__metadata__ holds what is no text", err);
        if (mw_grow(&w->note, &w->note_cap, w->n_notes + 1, sizeof *w->note))
            return mw_fail_nomem(err);
        pair.key = mw_strdup(json_object_iter_key(at));
        pair.value = mw_strdup(value);
        w->note[w->n_notes++] = pair; /* close frees what is there */
        if (!pair.key || !pair.value) return mw_fail_nomem(err);
    }
    return MW_OK;
}

static mw_status read_entries(mw_weights *w, json_t *header, const unsigned char *data,
                              uint64_t n_data, mw_error *err)
{
    mw_status st = MW_OK;

    for (void *at = json_object_iter(header); st == MW_OK && at;
         at = json_object_iter_next(header, at)) {
        const char *name = json_object_iter_key(at), *wrong;
        json_t *v = json_object_iter_value(at);
        mw_weights_entry e = { .name = NULL };

        if (!strcmp(name, "__metadata__")) {
            st = read_notes(w, v, err);
            continue;
        }
        wrong = read_entry(&e, v, data, n_data);
        st = mw_weights_add(w, name, &e, err);
        if (st == MW_OK && wrong) st = mw_weights_bad(w, name, wrong, err);
    }
    return st;
}

static int by_place(const void *a, const void *b)
{
    const mw_weights_entry *x = a, *y = b;

    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static mw_status check_cover(mw_weights *w, uint64_t n_data, mw_error *err)
{
    uint64_t at = 0;

    if (w->n_entries) qsort(w->entry, w->n_entries, sizeof *w->entry, by_place);
    for (size_t i = 0; i < w->n_entries; i++) {
        const mw_weights_entry *e = &w->entry[i];

        if (e->begin < at) return mw_weights_bad(w, e->name, "it overlaps the one before it", err);
        if (e->begin > at) return mw_weights_bad(w, e->name, "there is a hole before it", err);
        at = e->end;
    }
    return at == n_data ? MW_OK : mw_weights_bad(w, NULL, "data behind the last tensor", err);
}

/* An upper bound of the number of values in JSON text. */
static size_t count_values(const unsigned char *p, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += p[i] == ',' || p[i] == '[' || p[i] == '{' || p[i] == ':';
    return count;
}

/* Names that occur twice are refused here. */
static mw_status parse_header(json_t **out, const mw_weights *w, const char *text, size_t n,
                              mw_error *err)
{
    json_error_t e;

    *out = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
    if (json_is_object(*out)) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_weights", "'%s': header, line %d, column %d: %s",
                   w->path, e.line, e.column, e.text);
}

mw_status mw_safetensors_parse(mw_weights *w, mw_error *err)
{
    json_t *header = NULL;
    uint64_t n_head = 0, n_data;
    const unsigned char *text = w->bytes + 8;
    mw_status st;

    w->kind = "safetensors";
    for (size_t i = 8; w->n_bytes >= 8 && i-- > 0;)
        n_head = n_head << 8 | w->bytes[i];
    if (w->n_bytes < 9 || n_head < 2 || n_head > MAX_HEADER || text[0] != '{')
        return mw_weights_bad(w, NULL, "neither safetensors nor a PyTorch zip archive", err);
    if (n_head > w->n_bytes - 8)
        return mw_weights_bad(w, NULL, "the file ends inside its header", err);
    if (count_values(text, (size_t)n_head) > MAX_VALUES)
        return mw_weights_bad(w, NULL, "the header holds too many values", err);
    n_data = w->n_bytes - 8 - n_head;
    st = parse_header(&header, w, (const char *)text, (size_t)n_head, err);
    if (st == MW_OK) st = read_entries(w, header, text + n_head, n_data, err);
    if (st == MW_OK) st = check_cover(w, n_data, err);
    json_decref(header);
    return st;
}

/* ---- writing ---- */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are written as they lie");

/* A JSON text, quoted. */
static void put_text(mw_str *s, const char *text)
{
    mw_json j = mw_json_begin(s);

    mw_json_text(&j, text);
}

static mw_status put_entry(mw_str *s, const mw_tensor_out *t, uint64_t *at, mw_error *err)
{
    uint64_t n = 4;

    if (!t->name || !*t->name || !mw_utf8_ok(t->name) || !strcmp(t->name, "__metadata__") ||
        t->n_dims < 0 || t->n_dims > MW_TENSOR_MAX_DIMS)
        return mw_fail(err, MW_ERR_ARG, "bad_argument", "tensor '%s' cannot be written",
                       t->name ? t->name : "");
    put_text(s, t->name);
    mw_str_put(s, ":{\"dtype\":\"F32\",\"shape\":[");
    for (int k = 0; k < t->n_dims; k++) {
        if (t->shape[k] && n > ((uint64_t)1 << 60) / t->shape[k])
            return mw_fail(err, MW_ERR_ARG, "bad_argument", "tensor '%s' is too large", t->name);
        n *= t->shape[k];
        mw_str_printf(s, "%s%zu", k ? "," : "", t->shape[k]);
    }
    mw_str_printf(s, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)*at,
                  (unsigned long long)(*at + n));
    *at += n;
    return *at <= (uint64_t)1 << 60
               ? MW_OK
               : mw_fail(err, MW_ERR_ARG, "bad_argument", "tensors too large to be written");
}

static mw_status put_header(mw_str *s, const mw_tensor_out *tensors, size_t n,
                            const char *const (*notes)[2], size_t n_notes, mw_error *err)
{
    mw_status st = MW_OK;
    uint64_t at = 0;

    mw_str_putc(s, '{');
    if (n_notes) mw_str_put(s, "\"__metadata__\":{");
    for (size_t i = 0; i < n_notes; i++) {
        if (!mw_utf8_ok(notes[i][0]) || !mw_utf8_ok(notes[i][1]))
            return mw_fail(err, MW_ERR_ARG, "bad_argument", "a note is not UTF-8");
        if (i) mw_str_putc(s, ',');
        put_text(s, notes[i][0]);
        mw_str_putc(s, ':');
        put_text(s, notes[i][1]);
    }
    if (n_notes) mw_str_putc(s, '}');
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        if (i || n_notes) mw_str_putc(s, ',');
        st = put_entry(s, &tensors[i], &at, err);
    }
    mw_str_putc(s, '}');
    while (s->n % 8 && !s->failed)
        mw_str_putc(s, ' ');
    return st == MW_OK ? mw_str_ok(s, err) : st;
}

static mw_status write_tensors(int fd, const mw_tensor_out *tensors, size_t n, const char *path,
                               mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < n; i++) {
        size_t bytes = sizeof *tensors->data;

        for (int k = 0; k < tensors[i].n_dims; k++)
            bytes *= tensors[i].shape[k];
        st = mw_write_all(fd, tensors[i].data, bytes, path, err);
    }
    return st;
}

mw_status mw_safetensors_write(const char *path, const mw_tensor_out *tensors, size_t n,
                               const char *const (*notes)[2], size_t n_notes, mw_error *err)
{
    char *part = mw_part_path(path);
    mw_str head = { 0 };
    unsigned char length[8];
    int fd = -1;
    mw_status st = part ? put_header(&head, tensors, n, notes, n_notes, err) : mw_fail_nomem(err);

    if (st != MW_OK) goto done;
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)head.n >> 8 * i);
    st = mw_part_create(&fd, part, err);
    if (st != MW_OK) goto done;
    st = mw_write_all(fd, length, sizeof length, path, err);
    if (st == MW_OK) st = mw_write_all(fd, head.data, head.n, path, err);
    if (st == MW_OK) st = write_tensors(fd, tensors, n, path, err);
    if (st == MW_OK && fsync(fd)) st = mw_fail_errno(err, errno, "cannot flush '%s'", path);
    if (close(fd) && st == MW_OK) st = mw_fail_errno(err, errno, "cannot write '%s'", path);
    if (st == MW_OK)
        st = mw_part_commit(part, path, err);
    else
        unlink(part);
done:
    mw_str_clear(&head);
    mw_free(part);
    return st;
}
