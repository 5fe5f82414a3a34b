/* SPDX-License-Identifier: Apache-2.0 */
#include "data/npz_read.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static uint32_t le(const char *p, int n_bytes)
{
    uint32_t v = 0;

    for (int i = 0; i < n_bytes; i++)
        v |= (uint32_t)(unsigned char)p[i] << 8 * i;
    return v;
}

static mw_status bad(const char *name, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_npz", "'%s': %s", name, what);
}

/* Shape between the parentheses after 'shape'; 0 on success. */
static int parse_shape(mw_npz_array *a, const char *head)
{
    const char *p = strstr(head, "'shape': (");

    if (!p) return -1;
    a->n = 1;
    for (p += strlen("'shape': ("); *p && *p != ')';) {
        char *end;
        unsigned long long v;

        if (*p < '0' || *p > '9') {
            p++;
            continue;
        }
        v = strtoull(p, &end, 10);
        if (a->n_dims == 4 || v > SIZE_MAX / 16 || (v && a->n > SIZE_MAX / 16 / v)) return -1;
        a->shape[a->n_dims++] = (size_t)v;
        a->n *= (size_t)v;
        p = end;
    }
    return *p == ')' ? 0 : -1;
}

/* The .npy member of n bytes. */
static mw_status parse_npy(mw_npz_array *a, const char *bytes, size_t n, const char *name,
                           mw_error *err)
{
    char head[1024];
    const char *p;
    size_t n_head, n_descr;

    if (n < 10 || memcmp(bytes, "\x93NUMPY\x01", 7))
        return bad(name, "a member that is not .npy version 1", err);
    n_head = le(bytes + 8, 2);
    if (n_head >= sizeof head || 10 + n_head > n)
        return bad(name, "a member cut inside its header", err);
    memcpy(head, bytes + 10, n_head);
    head[n_head] = 0;
    p = strstr(head, "'descr': '");
    if (!p || !strstr(head, "'fortran_order': False"))
        return bad(name, "an array that is not in C order", err);
    p += strlen("'descr': '");
    n_descr = strcspn(p, "'");
    if (n_descr < 3 || n_descr >= sizeof a->descr)
        return bad(name, "an array of unknown type", err);
    memcpy(a->descr, p, n_descr);
    a->descr[n_descr] = 0;
    a->item_bytes = strtoul(a->descr + 2, NULL, 10) * (a->descr[1] == 'U' ? 4 : 1);
    if (!a->item_bytes || a->item_bytes > 4096 || parse_shape(a, head))
        return bad(name, "an array of unknown shape", err);
    if (a->n > (n - 10 - n_head) / a->item_bytes)
        return bad(name, "an array that is cut short", err);
    a->data = bytes + 10 + n_head;
    return MW_OK;
}

mw_status mw_npy_parse(mw_npz_array *out, const char *bytes, size_t n, const char *name,
                       mw_error *err)
{
    *out = (mw_npz_array){ .n_dims = 0 };
    return parse_npy(out, bytes, n, name, err);
}

/* Offset of the end of central directory record, or -1. */
static long long find_end(const char *bytes, size_t n)
{
    for (size_t k = 22; k <= n && k < 22 + 65536; k++)
        if (!memcmp(bytes + n - k, "PK\x05\x06", 4)) return (long long)(n - k);
    return -1;
}

/* Entry of the directory: where its name and its local header are. */
typedef struct mw_npz_entry {
    const char *key;
    size_t n_key, size, local;
    int method;
} mw_npz_entry;

/* The entry at *at of the directory, which moves on. */
static mw_status next_entry(mw_npz_entry *e, const char *bytes, size_t n, size_t *at,
                            const char *name, mw_error *err)
{
    const char *p = bytes + *at;

    if (*at > n || n - *at < 46 || memcmp(p, "PK\x01\x02", 4))
        return bad(name, "a broken directory", err);
    e->method = (int)le(p + 10, 2);
    e->size = le(p + 24, 4);
    e->n_key = le(p + 28, 2);
    e->local = le(p + 42, 4);
    e->key = p + 46;
    if (n - *at - 46 < e->n_key) return bad(name, "a broken directory", err);
    *at += 46 + e->n_key + le(p + 30, 2) + le(p + 32, 2);
    return MW_OK;
}

static mw_status find_directory(size_t *at, size_t *count, const char *bytes, size_t n,
                                const char *name, mw_error *err)
{
    const long long end = find_end(bytes, n);

    if (end < 0) return bad(name, "not a zip", err);
    *count = le(bytes + end + 10, 2);
    *at = le(bytes + end + 16, 4);
    return MW_OK;
}

static mw_status read_entry(mw_npz_array *out, const mw_npz_entry *e, const char *bytes, size_t n,
                            const char *name, mw_error *err)
{
    size_t data;

    if (e->method) return bad(name, "a compressed member", err);
    if (e->local > n || n - e->local < 30) return bad(name, "a member outside the file", err);
    data = e->local + 30 + le(bytes + e->local + 26, 2) + le(bytes + e->local + 28, 2);
    if (data > n || e->size > n - data) return bad(name, "a member outside the file", err);
    return parse_npy(out, bytes + data, e->size, name, err);
}

static mw_status no_array(const char *name, const char *key, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "not_found", "'%s' holds no array '%s'", name, key);
}

mw_status mw_npz_find(mw_npz_array *out, const char *bytes, size_t n, const char *key,
                      const char *name, mw_error *err)
{
    const size_t n_key = strlen(key);
    size_t at = 0, count = 0;
    mw_status st = find_directory(&at, &count, bytes, n, name, err);

    *out = (mw_npz_array){ .n_dims = 0 };
    for (size_t i = 0; st == MW_OK && i < count; i++) {
        mw_npz_entry e;

        st = next_entry(&e, bytes, n, &at, name, err);
        if (st == MW_OK && e.n_key == n_key + 4 && !memcmp(e.key, key, n_key) &&
            !memcmp(e.key + n_key, ".npy", 4))
            return read_entry(out, &e, bytes, n, name, err);
    }
    return st == MW_OK ? no_array(name, key, err) : st;
}

static int compare(const char *a, size_t n_a, const char *b, size_t n_b)
{
    const int order = memcmp(a, b, n_a < n_b ? n_a : n_b);

    return order ? order : n_a < n_b ? -1 : n_a > n_b;
}

static int by_key(const void *a, const void *b)
{
    const mw_npz_entry *x = a, *y = b;

    return compare(x->key, x->n_key, y->key, y->n_key);
}

mw_status mw_npz_open(mw_npz_file *f, const char *bytes, size_t n, const char *name, mw_error *err)
{
    size_t at = 0, count = 0;
    mw_status st;

    *f = (mw_npz_file){ .bytes = bytes, .name = name, .n = n };
    st = find_directory(&at, &count, bytes, n, name, err);
    if (st != MW_OK) return st;
    if (count > n / 46) return bad(name, "a broken directory", err);
    f->member = mw_calloc(count, sizeof *f->member);
    if (!f->member) return mw_fail_nomem(err);
    for (; st == MW_OK && f->n_members < count; f->n_members++)
        st = next_entry(&f->member[f->n_members], bytes, n, &at, name, err);
    if (st == MW_OK && count) qsort(f->member, count, sizeof *f->member, by_key);
    return st;
}

mw_status mw_npz_get(mw_npz_array *out, const mw_npz_file *f, const char *key, mw_error *err)
{
    const size_t n_key = strlen(key);
    size_t lo = 0, hi = f->n_members;

    *out = (mw_npz_array){ .n_dims = 0 };
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        const mw_npz_entry *e = &f->member[mid];
        const size_t n_name = e->n_key < n_key ? e->n_key : n_key;
        int order = memcmp(key, e->key, n_name);

        if (!order)
            order = e->n_key < n_key ? 1 : compare(".npy", 4, e->key + n_key, e->n_key - n_key);
        if (!order) return read_entry(out, e, f->bytes, f->n, f->name, err);
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return no_array(f->name, key, err);
}

void mw_npz_close(mw_npz_file *f)
{
    mw_free(f->member);
    *f = (mw_npz_file){ .n = 0 };
}

/* UTF-8 of a character, 1 to 4 bytes. */
static size_t utf8(char out[4], uint32_t c)
{
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) c = '?';
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

size_t mw_npz_text(char *text, size_t size, const mw_npz_array *a, size_t i)
{
    const char *p = a->data + i * a->item_bytes;
    size_t n = 0, n_kept = 0;
    int full = 0;

    if (size) *text = 0;
    if (a->descr[1] != 'U' || a->descr[0] != '<') return 0;
    for (size_t k = 0; k + 4 <= a->item_bytes; k += 4) {
        const uint32_t c = le(p + k, 4);
        char bytes[4];
        size_t n_bytes;

        if (!c) break;
        n_bytes = utf8(bytes, c);
        full |= n + n_bytes >= size;
        if (!full) {
            memcpy(text + n, bytes, n_bytes);
            n_kept = n + n_bytes;
        }
        n += n_bytes;
    }
    if (size) text[n_kept] = 0;
    return n;
}

double mw_npz_number(const mw_npz_array *a, size_t i)
{
    const char *p = a->data + i * a->item_bytes;
    double d;
    float f;

    if (!strcmp(a->descr, "<f8")) {
        memcpy(&d, p, sizeof d);
        return d;
    }
    if (!strcmp(a->descr, "<f4")) {
        memcpy(&f, p, sizeof f);
        return f;
    }
    return !strcmp(a->descr, "|u1") ? (unsigned char)*p : 0;
}
