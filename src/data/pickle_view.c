/* SPDX-License-Identifier: Apache-2.0
 *
 * How numpy pickles an array: protocols 2 to 4 call _reconstruct and give it a state (version,
 * shape, dtype, Fortran order, data); protocol 5 calls _frombuffer(data, dtype, shape, order).
 * Python 3 writes the bytes of protocol 2 as a call of _codecs.encode on a text of as many
 * characters. Nothing of this is called: the descriptions are compared with what is known.
 */
#include "data/pickle_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

/* Whether GLOBAL node is module.name. */
static int is_global(const mw_pickle *p, uint32_t node, const char *module, const char *name)
{
    const mw_pickle_node *v = &p->node[node];
    const size_t n = strlen(module);

    if (v->kind != MW_PICKLE_GLOBAL) return 0;
    if (!v->n)
        return mw_pickle_is(&p->node[v->as.part[0]], module) &&
               mw_pickle_is(&p->node[v->as.part[1]], name);
    return v->n == n + 1 + strlen(name) && !memcmp(v->as.text, module, n) &&
           v->as.text[n] == '\n' && !memcmp(v->as.text + n + 1, name, strlen(name));
}

/* A name of numpy's, under its module of version 1 or 2. */
static int is_numpy(const mw_pickle *p, uint32_t node, const char *module, const char *name)
{
    char old[64], new[64];

    snprintf(old, sizeof old, "numpy.core.%s", module);
    snprintf(new, sizeof new, "numpy._core.%s", module);
    return is_global(p, node, old, name) || is_global(p, node, new, name);
}

/* A described call with n_args arguments and, where state is 1, a state. */
static const mw_pickle_node *call_of(const mw_pickle *p, uint32_t node, uint32_t n_args, int state)
{
    const mw_pickle_node *v = &p->node[node], *args;

    if (v->kind != MW_PICKLE_CALL || v->n != 2 + (uint32_t)state) return NULL;
    args = &p->node[v->as.item[1]];
    return args->kind == MW_PICKLE_TUPLE && args->n == n_args ? v : NULL;
}

/* Argument i of a call. */
static uint32_t argument(const mw_pickle *p, const mw_pickle_node *call, uint32_t i)
{
    return p->node[call->as.item[1]].as.item[i];
}

static int64_t integer(const mw_pickle *p, uint32_t node)
{
    const mw_pickle_node *v = &p->node[node];

    return v->kind == MW_PICKLE_INT ? v->as.integer : -1;
}

/* dtype(code, False, True) with state (3, order, None, None, None, size, ...): kind and item. */
static int read_dtype(mw_pickle_view *a, const mw_pickle *p, uint32_t node)
{
    static const char known[][4] = { "f2", "f4", "f8", "i1", "i2", "i4", "i8",
                                     "u1", "u2", "u4", "u8", "b1", "O8" };
    const mw_pickle_node *v = call_of(p, node, 3, 1), *state, *order;
    int64_t size;

    if (!v || !is_global(p, v->as.item[0], "numpy", "dtype")) return -1;
    state = &p->node[v->as.item[2]];
    if (state->kind != MW_PICKLE_TUPLE || state->n < 6) return -1;
    order = &p->node[state->as.item[1]];
    if (!mw_pickle_is(order, "<") && !mw_pickle_is(order, "|") && !mw_pickle_is(order, "="))
        return -1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (mw_pickle_is(&p->node[argument(p, v, 0)], known[i])) {
            a->kind = known[i][0];
            a->item = (size_t)(known[i][1] - '0');
            return 0;
        }
    v = &p->node[argument(p, v, 0)];
    if ((v->kind != MW_PICKLE_TEXT && v->kind != MW_PICKLE_BYTES) || mw_pickle_length(v) < 2)
        return -1;
    size = integer(p, state->as.item[5]);
    a->kind = *v->as.text;
    a->item = (size_t)size;
    if ((a->kind != 'S' && a->kind != 'U') || size < 1 || size > 1 << 22) return -1;
    return a->kind == 'U' && size % 4 ? -1 : 0;
}

static int read_shape(mw_pickle_view *a, const mw_pickle *p, uint32_t node, int fortran)
{
    const mw_pickle_node *shape = &p->node[node];

    if (shape->kind != MW_PICKLE_TUPLE || shape->n > MW_PICKLE_MAX_DIMS) return -1;
    a->n = 1;
    a->n_dims = (int)shape->n;
    for (uint32_t i = 0; i < shape->n; i++) {
        const int64_t d = integer(p, shape->as.item[i]);

        if (d < 0 || d > INT32_MAX || (d && a->n > SIZE_MAX / 64 / (size_t)d)) return -1;
        a->shape[i] = (size_t)d;
        a->n *= (size_t)d;
    }
    for (int k = 0, step = 1; k < a->n_dims; k++) {
        const int i = fortran ? k : a->n_dims - 1 - k;
        const int before = fortran ? k - 1 : i + 1;

        a->stride[i] = k ? a->stride[before] * a->shape[before] : (size_t)step;
    }
    return 0;
}

/* The bytes that encode(text, 'latin1') would give: each character one byte. */
static mw_status decode_latin1(mw_pickle_view *a, const mw_pickle_node *text, size_t n,
                               mw_error *err)
{
    const unsigned char *p = (const unsigned char *)text->as.text, *end = p + text->n;
    size_t k = 0;

    a->own = mw_calloc(n, 1);
    if (!a->own) return mw_fail_nomem(err);
    for (; p < end && k < n; k++) {
        if (*p < 0x80) {
            a->own[k] = (char)*p++;
        } else if ((*p & 0xfe) == 0xc2 && end - p >= 2 && (p[1] & 0xc0) == 0x80) {
            a->own[k] = (char)(*p << 6 | (p[1] & 0x3f));
            p += 2;
        } else {
            return MW_ERR_FORMAT;
        }
    }
    a->data = a->own;
    return p == end && k == n ? MW_OK : MW_ERR_FORMAT;
}

/* MW_ERR_FORMAT without a message: the caller names the key. */
static mw_status read_data(mw_pickle_view *a, const mw_pickle *p, uint32_t node, mw_error *err)
{
    const mw_pickle_node *data = &p->node[node], *call = call_of(p, node, 2, 0);

    if (a->kind == 'O') {
        if (data->kind != MW_PICKLE_LIST || data->n != a->n) return MW_ERR_FORMAT;
        a->node = data->as.item;
        return MW_OK;
    }
    if (a->n > SIZE_MAX / a->item) return MW_ERR_FORMAT;
    if (data->kind == MW_PICKLE_BYTES) {
        a->data = data->as.text;
        return mw_pickle_length(data) == a->n * a->item ? MW_OK : MW_ERR_FORMAT;
    }
    if (!call || !is_global(p, call->as.item[0], "_codecs", "encode") ||
        !mw_pickle_is(&p->node[argument(p, call, 1)], "latin1"))
        return MW_ERR_FORMAT;
    data = &p->node[argument(p, call, 0)];
    /* a character takes one or two bytes, so what is asked for is bounded by the file */
    if (data->kind != MW_PICKLE_TEXT || a->n * a->item > data->n) return MW_ERR_FORMAT;
    return decode_latin1(a, data, a->n * a->item, err);
}

/* The state of _reconstruct. */
static mw_status from_state(mw_pickle_view *a, const mw_pickle *p, uint32_t node, mw_error *err)
{
    const mw_pickle_node *state = &p->node[node], *fortran;

    if (state->kind != MW_PICKLE_TUPLE || state->n != 5) return MW_ERR_FORMAT;
    fortran = &p->node[state->as.item[3]];
    if (fortran->kind != MW_PICKLE_BOOL && fortran->kind != MW_PICKLE_INT) return MW_ERR_FORMAT;
    if (read_dtype(a, p, state->as.item[2]) ||
        read_shape(a, p, state->as.item[1], fortran->as.integer != 0))
        return MW_ERR_FORMAT;
    return read_data(a, p, state->as.item[4], err);
}

static mw_status from_buffer(mw_pickle_view *a, const mw_pickle *p, const mw_pickle_node *call,
                             mw_error *err)
{
    const mw_pickle_node *order = &p->node[argument(p, call, 3)];

    if (!mw_pickle_is(order, "C") && !mw_pickle_is(order, "F")) return MW_ERR_FORMAT;
    if (read_dtype(a, p, argument(p, call, 1)) || a->kind == 'O' ||
        read_shape(a, p, argument(p, call, 2), mw_pickle_is(order, "F")))
        return MW_ERR_FORMAT;
    return read_data(a, p, argument(p, call, 0), err);
}

static mw_status recognise(mw_pickle_view *a, const mw_pickle *p, uint32_t node, mw_error *err)
{
    const mw_pickle_node *v = &p->node[node];

    if (v->kind == MW_PICKLE_LIST || v->kind == MW_PICKLE_TUPLE) {
        a->kind = 'O';
        a->n_dims = 1;
        a->n = a->shape[0] = v->n;
        a->stride[0] = 1;
        a->node = v->as.item;
        return MW_OK;
    }
    v = call_of(p, node, 3, 1);
    if (v && is_numpy(p, v->as.item[0], "multiarray", "_reconstruct") &&
        is_global(p, argument(p, v, 0), "numpy", "ndarray"))
        return from_state(a, p, v->as.item[2], err);
    v = call_of(p, node, 4, 0);
    if (v && is_numpy(p, v->as.item[0], "numeric", "_frombuffer")) return from_buffer(a, p, v, err);
    return MW_ERR_FORMAT;
}

mw_status mw_pickle_view_of(mw_pickle_view *out, const mw_pickle *p, uint32_t node, const char *key,
                            const char *name, mw_error *err)
{
    mw_pickle_view a = { .tree = p };
    const mw_status st = recognise(&a, p, node, err);

    *out = (mw_pickle_view){ .tree = p };
    if (st == MW_OK) {
        *out = a;
        return MW_OK;
    }
    mw_free(a.own);
    if (st != MW_ERR_FORMAT) return st;
    return mw_fail(err, MW_ERR_FORMAT, "bad_pickle",
                   "'%s': '%s' is no list, and no little-endian numpy array of numbers, texts or "
                   "objects whose size fits its shape",
                   name, key);
}

void mw_pickle_view_clear(mw_pickle_view *v)
{
    mw_free(v->own);
    *v = (mw_pickle_view){ .kind = 0 };
}

/* ---- elements ---- */

static double half(uint16_t h)
{
    const int exponent = h >> 10 & 31, fraction = h & 1023;
    double x = exponent ? 1024 + fraction : fraction;

    if (exponent == 31) {
        const uint64_t bits = fraction ? 0x7ff8000000000000u : 0x7ff0000000000000u;

        memcpy(&x, &bits, sizeof x);
    } else {
        for (int k = exponent ? exponent : 1; k > 25; k--)
            x *= 2;
        for (int k = exponent ? exponent : 1; k < 25; k++)
            x /= 2;
    }
    return h >> 15 ? -x : x;
}

static int64_t whole(const char *p, size_t n, int is_signed)
{
    uint64_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | (unsigned char)p[i];
    if (is_signed && n < 8 && v >> (8 * n - 1)) v |= UINT64_MAX << 8 * n;
    return (int64_t)v;
}

/* A number of these item bytes. */
static double number(char kind, size_t item, const char *p)
{
    double d;
    float f;

    if (kind != 'f')
        return kind == 'u' ? (double)(uint64_t)whole(p, item, 0)
                           : (double)whole(p, item, kind == 'i');
    if (item == 8) {
        memcpy(&d, p, sizeof d);
        return d;
    }
    if (item == 4) {
        memcpy(&f, p, sizeof f);
        return f;
    }
    return half((uint16_t)whole(p, 2, 0));
}

static int is_number(char kind)
{
    return kind == 'f' || kind == 'i' || kind == 'u' || kind == 'b';
}

/* A number of the tree: plain, or numpy's scalar(dtype, bytes). */
static int node_number(const mw_pickle *p, uint32_t node, double *x)
{
    const mw_pickle_node *v = call_of(p, node, 2, 0);
    mw_pickle_view a = { .n = 1 };
    int ret = -1;

    if (!mw_pickle_number(p, node, x)) return 0;
    if (!v || !is_numpy(p, v->as.item[0], "multiarray", "scalar")) return -1;
    if (!read_dtype(&a, p, argument(p, v, 0)) && is_number(a.kind) &&
        read_data(&a, p, argument(p, v, 1), NULL) == MW_OK) {
        *x = number(a.kind, a.item, a.data);
        ret = 0;
    }
    mw_free(a.own);
    return ret;
}

static size_t place(const mw_pickle_view *v, size_t i, size_t j)
{
    return i * v->stride[0] + (v->n_dims > 1 ? j * v->stride[1] : 0);
}

int mw_pickle_view_number(const mw_pickle_view *v, size_t i, size_t j, double *x)
{
    const size_t at = place(v, i, j);

    if (v->kind == 'O') return node_number(v->tree, v->node[at], x);
    if (!is_number(v->kind)) return -1;
    *x = number(v->kind, v->item, v->data + at * v->item);
    return 0;
}

/* n bytes as text; NUL where they end early. */
static int copy_text(char *text, size_t size, const char *bytes, size_t n)
{
    if (n >= size) return -1;
    memcpy(text, bytes, n);
    text[n] = 0;
    return strlen(text) == n && mw_utf8_ok(text) ? 0 : -1;
}

/* UTF-32 as UTF-8. */
static int copy_utf32(char *text, size_t size, const char *p, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i + 4 <= n; i += 4) {
        const uint32_t c = (uint32_t)whole(p + i, 4, 0);

        if (!c) break;
        if (c > 0x10ffff || size - k < 5) return -1;
        if (c < 0x80) {
            text[k++] = (char)c;
            continue;
        }
        if (c >= 0x10000) text[k++] = (char)(0xf0 | c >> 18);
        if (c >= 0x10000) text[k++] = (char)(0x80 | (c >> 12 & 63));
        if (c < 0x10000 && c >= 0x800) text[k++] = (char)(0xe0 | c >> 12);
        if (c >= 0x800) text[k++] = (char)(0x80 | (c >> 6 & 63));
        if (c < 0x800) text[k++] = (char)(0xc0 | c >> 6);
        text[k++] = (char)(0x80 | (c & 63));
    }
    text[k] = 0;
    return mw_utf8_ok(text) ? 0 : -1;
}

int mw_pickle_view_text(const mw_pickle_view *v, size_t i, size_t j, char *text, size_t size)
{
    const size_t at = place(v, i, j);
    const char *p = v->data ? v->data + at * v->item : NULL;

    if (size) *text = 0;
    if (v->kind == 'U' && size >= 5) return copy_utf32(text, size, p, v->item);
    if (v->kind == 'S') {
        const char *end = memchr(p, 0, v->item);

        return copy_text(text, size, p, end ? (size_t)(end - p) : v->item);
    }
    if (v->kind == 'O') {
        const mw_pickle_node *node = &v->tree->node[v->node[at]];

        if (node->kind == MW_PICKLE_TEXT || node->kind == MW_PICKLE_BYTES)
            return copy_text(text, size, node->as.text, mw_pickle_length(node));
    }
    return -1;
}

void mw_pickle_view_row(const mw_pickle_view *v, size_t i, size_t t, float *x)
{
    const char *p = v->data + (i * v->stride[0] + t * v->stride[1]) * v->item;
    const size_t step = v->stride[2] * v->item;

    if (v->kind == 'f' && v->item == 4 && step == 4) {
        memcpy(x, p, v->shape[2] * sizeof *x);
        return;
    }
    for (size_t c = 0; c < v->shape[2]; c++, p += step)
        x[c] = (float)number(v->kind, v->item, p);
}
