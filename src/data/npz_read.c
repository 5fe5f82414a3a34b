/* SPDX-License-Identifier: Apache-2.0 */
#include "data/npz_read.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

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

/* Offset of the end of central directory record, or -1. */
static long long find_end(const char *bytes, size_t n)
{
    for (size_t k = 22; k <= n && k < 22 + 65536; k++)
        if (!memcmp(bytes + n - k, "PK\x05\x06", 4)) return (long long)(n - k);
    return -1;
}

mw_status mw_npz_find(mw_npz_array *out, const char *bytes, size_t n, const char *key,
                      const char *name, mw_error *err)
{
    const long long end = find_end(bytes, n);
    const size_t n_key = strlen(key);
    size_t at, count;

    *out = (mw_npz_array){ .n_dims = 0 };
    if (end < 0) return bad(name, "not a zip", err);
    count = le(bytes + end + 10, 2);
    at = le(bytes + end + 16, 4);
    for (size_t i = 0; i < count; i++) {
        size_t n_name, size, local;

        if (at > n || n - at < 46 || memcmp(bytes + at, "PK\x01\x02", 4))
            return bad(name, "a broken directory", err);
        n_name = le(bytes + at + 28, 2);
        size = le(bytes + at + 24, 4);
        local = le(bytes + at + 42, 4);
        if (n - at - 46 < n_name) return bad(name, "a broken directory", err);
        if (n_name == n_key + 4 && !memcmp(bytes + at + 46, key, n_key) &&
            !memcmp(bytes + at + 46 + n_key, ".npy", 4)) {
            size_t data;

            if (le(bytes + at + 10, 2)) return bad(name, "a compressed member", err);
            if (local > n || n - local < 30) return bad(name, "a member outside the file", err);
            data = local + 30 + le(bytes + local + 26, 2) + le(bytes + local + 28, 2);
            if (data > n || size > n - data) return bad(name, "a member outside the file", err);
            return parse_npy(out, bytes + data, size, name, err);
        }
        at += 46 + n_name + le(bytes + at + 30, 2) + le(bytes + at + 32, 2);
    }
    return mw_fail(err, MW_ERR_FORMAT, "not_found", "'%s' holds no array '%s'", name, key);
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
