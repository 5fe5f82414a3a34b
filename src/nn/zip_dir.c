/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/zip_dir.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum {
    END_BYTES = 22, /* end of central directory record, without its comment */
    MAX_COMMENT = 65535,
    LOCATOR_BYTES = 20, /* of the zip64 end record */
    END64_BYTES = 56,
    ENTRY_BYTES = 46, /* of the central directory, without name, extra and comment */
    LOCAL_BYTES = 30  /* local header, without name and extra */
};

typedef struct file {
    const unsigned char *p;
    size_t n;
    const char *path;
    mw_error *err;
} file;

/* Where the directory is, and how many entries it tells of. */
typedef struct place {
    uint64_t at, n_bytes, count;
} place;

static uint64_t little(const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static mw_status bad(const file *f, const char *what)
{
    return mw_fail(f->err, MW_ERR_FORMAT, "bad_weights", "'%s': %s", f->path, what);
}

/* Whether n bytes from at lie in the file. */
static int inside(const file *f, uint64_t at, uint64_t n)
{
    return at <= f->n && n <= f->n - at;
}

/* The end record, found from the end; its own comment length must reach the end of the file. */
static mw_status find_end(const file *f, size_t *end)
{
    for (size_t k = END_BYTES; k <= f->n && k <= END_BYTES + MAX_COMMENT; k++)
        if (!memcmp(f->p + f->n - k, "PK\5\6", 4) &&
            little(f->p + f->n - k + 20, 2) == k - END_BYTES) {
            *end = f->n - k;
            return MW_OK;
        }
    return bad(f, "the zip has no directory: the file is cut short, or no zip");
}

static mw_status find_directory(const file *f, place *d)
{
    size_t end = 0;
    mw_status st = find_end(f, &end);
    const unsigned char *p;
    uint64_t at64;

    if (st != MW_OK) return st;
    p = f->p + end;
    *d = (place){ little(p + 16, 4), little(p + 12, 4), little(p + 10, 2) };
    if (d->at == UINT32_MAX || d->n_bytes == UINT32_MAX || d->count == UINT16_MAX) {
        if (end < LOCATOR_BYTES || memcmp(p - LOCATOR_BYTES, "PK\6\7", 4))
            return bad(f, "the zip64 directory is missing");
        at64 = little(p - LOCATOR_BYTES + 8, 8);
        if (!inside(f, at64, END64_BYTES) || memcmp(f->p + at64, "PK\6\6", 4))
            return bad(f, "the zip64 directory is broken");
        p = f->p + at64;
        *d = (place){ little(p + 48, 8), little(p + 40, 8), little(p + 32, 8) };
    }
    if (!inside(f, d->at, d->n_bytes)) return bad(f, "the zip's directory lies outside the file");
    if (d->count > d->n_bytes / ENTRY_BYTES)
        return bad(f, "the zip's directory is shorter than its number of members");
    return MW_OK;
}

/* Sizes and offset of 64 bits from the extra field; those that the entry itself could hold stay. */
static int read_extra64(const unsigned char *extra, size_t n, uint64_t *const value[3])
{
    while (n >= 4) {
        const size_t id = (size_t)little(extra, 2), size = (size_t)little(extra + 2, 2);
        size_t at = 4;

        if (size > n - 4) return -1;
        for (int k = 0; id == 1 && k < 3; k++) {
            if (*value[k] != UINT32_MAX) continue;
            if (at + 8 > 4 + size) return -1;
            *value[k] = little(extra + at, 8);
            at += 8;
        }
        if (id == 1) return 0;
        extra += 4 + size;
        n -= 4 + size;
    }
    return 0;
}

/* The member that a directory entry describes; *used: length of the entry. left: bytes of the
 * directory from there. */
static mw_status read_member(const file *f, mw_zip_member *m, const unsigned char *entry,
                             uint64_t left, uint64_t *used)
{
    uint64_t size, packed, local, data;
    uint64_t *const wide[3] = { &size, &packed, &local };
    size_t n_extra;

    if (left < ENTRY_BYTES || memcmp(entry, "PK\1\2", 4))
        return bad(f, "the zip's directory is broken");
    m->n_name = (size_t)little(entry + 28, 2);
    n_extra = (size_t)little(entry + 30, 2);
    *used = ENTRY_BYTES + m->n_name + n_extra + little(entry + 32, 2);
    if (*used > left) return bad(f, "the zip's directory is broken");
    m->name = (const char *)entry + ENTRY_BYTES;
    if (!m->n_name || memchr(m->name, 0, m->n_name)) return bad(f, "a member without a name");
    packed = little(entry + 20, 4);
    size = little(entry + 24, 4);
    local = little(entry + 42, 4);
    if (read_extra64(entry + ENTRY_BYTES + m->n_name, n_extra, wide))
        return bad(f, "a member's zip64 sizes are broken");
    m->readable = !little(entry + 10, 2) && !(little(entry + 8, 2) & 1) && size == packed;
    if (!inside(f, local, LOCAL_BYTES) || memcmp(f->p + local, "PK\3\4", 4))
        return bad(f, "a member lies outside the file");
    if (little(f->p + local + 26, 2) != m->n_name || !inside(f, local + LOCAL_BYTES, m->n_name) ||
        memcmp(f->p + local + LOCAL_BYTES, m->name, m->n_name))
        return bad(f, "a member has another name in the directory than at its place");
    data = local + LOCAL_BYTES + m->n_name + little(f->p + local + 28, 2);
    if (!inside(f, data, packed)) return bad(f, "a member ends beyond the end of the file");
    m->data = f->p + data;
    m->n = (size_t)packed;
    return MW_OK;
}

static int compare(const char *a, size_t n_a, const char *b, size_t n_b)
{
    const int order = memcmp(a, b, n_a < n_b ? n_a : n_b);

    return order ? order : (n_a > n_b) - (n_a < n_b);
}

static int by_name(const void *a, const void *b)
{
    const mw_zip_member *x = a, *y = b;

    return compare(x->name, x->n_name, y->name, y->n_name);
}

mw_status mw_zip_read(mw_zip_dir *out, const unsigned char *bytes, size_t n, const char *path,
                      mw_error *err)
{
    const file f = { bytes, n, path, err };
    uint64_t at = 0, used = 0;
    place d;
    mw_status st;

    *out = (mw_zip_dir){ NULL, 0 };
    st = find_directory(&f, &d);
    if (st != MW_OK) return st;
    out->member = mw_calloc((size_t)d.count, sizeof *out->member);
    if (!out->member) return mw_fail_nomem(err);
    for (; out->n_members < d.count; out->n_members++, at += used) {
        st =
            read_member(&f, &out->member[out->n_members], bytes + d.at + at, d.n_bytes - at, &used);
        if (st != MW_OK) return st;
    }
    qsort(out->member, out->n_members, sizeof *out->member, by_name);
    for (size_t i = 1; i < out->n_members; i++)
        if (!by_name(&out->member[i - 1], &out->member[i]))
            return bad(&f, "the zip holds two members of one name");
    return MW_OK;
}

void mw_zip_clear(mw_zip_dir *z)
{
    mw_free(z->member);
    *z = (mw_zip_dir){ NULL, 0 };
}

const mw_zip_member *mw_zip_find(const mw_zip_dir *z, const char *name, size_t n_name)
{
    size_t lo = 0, hi = z->n_members;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        const mw_zip_member *m = &z->member[mid];
        const int order = compare(m->name, m->n_name, name, n_name);

        if (!order) return m;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}
