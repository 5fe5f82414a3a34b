/* SPDX-License-Identifier: Apache-2.0
 *
 * HDF5 tells where a set or its chunks lie; everything else is done here with every size checked.
 */
#include "data/csd_data.h"

#include <stdint.h>
#include <string.h>

#include <zlib.h>

#include "base/mem.h"
#include "data/csd.h"

#define MAX_CHUNK   ((hsize_t)1 << 26) /* bytes of a chunk after its filters */
#define MAX_CHUNKS  ((size_t)1 << 16)
#define MAX_FILTERS 8
#define SUM_BYTES   4 /* of Fletcher's sum */

static int type_of(mw_csd_set *s, hid_t type)
{
    const struct {
        hid_t type;
        int is_float, is_signed, is_big;
        size_t item;
    } known[] = {
        { H5T_IEEE_F32LE, 1, 1, 0, 4 }, { H5T_IEEE_F64LE, 1, 1, 0, 8 },
        { H5T_IEEE_F32BE, 1, 1, 1, 4 }, { H5T_IEEE_F64BE, 1, 1, 1, 8 },
        { H5T_STD_I8LE, 0, 1, 0, 1 },   { H5T_STD_I16LE, 0, 1, 0, 2 },
        { H5T_STD_I32LE, 0, 1, 0, 4 },  { H5T_STD_I64LE, 0, 1, 0, 8 },
        { H5T_STD_I16BE, 0, 1, 1, 2 },  { H5T_STD_I32BE, 0, 1, 1, 4 },
        { H5T_STD_I64BE, 0, 1, 1, 8 },  { H5T_STD_U8LE, 0, 0, 0, 1 },
        { H5T_STD_U16LE, 0, 0, 0, 2 },  { H5T_STD_U32LE, 0, 0, 0, 4 },
        { H5T_STD_U64LE, 0, 0, 0, 8 },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (H5Tequal(type, known[i].type) <= 0) continue;
        s->is_float = known[i].is_float;
        s->is_signed = known[i].is_signed;
        s->is_big = known[i].is_big;
        s->item = known[i].item;
        return 0;
    }
    return -1;
}

int mw_csd_set_shape(mw_csd_set *out, hid_t id)
{
    const hid_t space = H5Dget_space(id), type = H5Dget_type(id);
    hsize_t dims[2] = { 0 };
    int failed = space < 0 || type < 0 || H5Sget_simple_extent_ndims(space) != 2 ||
                 H5Sget_simple_extent_dims(space, dims, NULL) != 2 || !dims[1] ||
                 dims[0] > MW_CSD_MAX_ROWS || dims[1] > MW_CSD_MAX_COLUMNS;

    *out = (mw_csd_set){ .rows = (size_t)dims[0], .columns = (size_t)dims[1] };
    if (!failed) failed = type_of(out, type);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    return failed ? -1 : 0;
}

static double number(const mw_csd_set *s, const unsigned char *p)
{
    uint64_t v = 0;
    double d;
    float f;

    for (size_t i = 0; i < s->item; i++)
        v = v << 8 | p[s->is_big ? i : s->item - 1 - i];
    if (s->is_float && s->item == 8) {
        memcpy(&d, &v, sizeof d);
        return d;
    }
    if (s->is_float) {
        const uint32_t low = (uint32_t)v;

        memcpy(&f, &low, sizeof f);
        return f;
    }
    if (!s->is_signed) return (double)v;
    if (s->item < 8 && v >> (8 * s->item - 1)) v |= UINT64_MAX << 8 * s->item;
    return (double)(int64_t)v;
}

/* ---- chunks ---- */

/* How the chunks of a set are packed. */
typedef struct packing {
    hsize_t dims[2];
    size_t bytes; /* of a chunk after its filters */
    H5Z_filter_t filter[MAX_FILTERS];
    int n_filters;
    unsigned char *buffer[2]; /* [bytes + a sum for each filter] */
} packing;

static int read_packing(packing *k, const mw_csd_set *s, hid_t plist)
{
    if (H5Pget_chunk(plist, 2, k->dims) != 2) return -1;
    if (!k->dims[0] || !k->dims[1] || k->dims[0] > MAX_CHUNK || k->dims[1] > MAX_CHUNK ||
        k->dims[0] * k->dims[1] > MAX_CHUNK / s->item)
        return -1;
    k->bytes = (size_t)(k->dims[0] * k->dims[1]) * s->item;
    if (((s->rows - 1) / k->dims[0] + 1) * ((s->columns - 1) / k->dims[1] + 1) > MAX_CHUNKS)
        return -1;
    k->n_filters = H5Pget_nfilters(plist);
    if (k->n_filters < 0 || k->n_filters > MAX_FILTERS) return -1;
    for (int i = 0; i < k->n_filters; i++) {
        unsigned flags, config;
        size_t n_values = 0;
        const H5Z_filter_t f =
            H5Pget_filter2(plist, (unsigned)i, &flags, &n_values, NULL, 0, NULL, &config);

        if (f != H5Z_FILTER_DEFLATE && f != H5Z_FILTER_SHUFFLE && f != H5Z_FILTER_FLETCHER32)
            return -1;
        k->filter[i] = f;
    }
    return 0;
}

/* Undo the filters of a chunk, the last one first. The chunk, or NULL. */
static const unsigned char *unpack(const packing *k, const mw_csd_set *s, const unsigned char *p,
                                   size_t n, unsigned skipped)
{
    const size_t room = k->bytes + MAX_FILTERS * SUM_BYTES;
    int turn = 0;

    for (int i = k->n_filters; i-- > 0;) {
        unsigned char *to = k->buffer[turn];
        uLongf got = (uLongf)room;

        if (skipped >> i & 1) continue;
        if (k->filter[i] == H5Z_FILTER_FLETCHER32) {
            if (n < SUM_BYTES) return NULL;
            n -= SUM_BYTES;
            continue;
        }
        if (k->filter[i] == H5Z_FILTER_DEFLATE) {
            if (uncompress(to, &got, p, (uLong)n) != Z_OK) return NULL;
            n = (size_t)got;
        } else {
            const size_t items = n / s->item;

            if (n > room) return NULL;
            for (size_t b = 0; b < s->item; b++)
                for (size_t j = 0; j < items; j++)
                    to[j * s->item + b] = p[b * items + j];
            memcpy(to + items * s->item, p + items * s->item, n - items * s->item);
        }
        p = to;
        turn = !turn;
    }
    return n == k->bytes ? p : NULL;
}

/* The part of a chunk that lies in the matrix. */
static void place(double *out, const mw_csd_set *s, const packing *k, const unsigned char *p,
                  const hsize_t *at)
{
    for (size_t r = (size_t)at[0], i = 0; r < s->rows && i < k->dims[0]; r++, i++)
        for (size_t c = (size_t)at[1], j = 0; c < s->columns && j < k->dims[1]; c++, j++)
            out[r * s->columns + c] = number(s, p + (i * (size_t)k->dims[1] + j) * s->item);
}

static mw_status read_chunks(double *out, const mw_csd_set *s, hid_t id, hid_t plist,
                             const unsigned char *bytes, size_t n)
{
    packing k = { .n_filters = 0 };
    mw_status st = read_packing(&k, s, plist) ? MW_ERR_FORMAT : MW_OK;

    for (int i = 0; i < 2 && st == MW_OK; i++) {
        k.buffer[i] = mw_calloc(k.bytes + MAX_FILTERS * SUM_BYTES, 1);
        if (!k.buffer[i]) st = MW_ERR_NOMEM;
    }
    for (hsize_t r = 0; r < s->rows && st == MW_OK; r += k.dims[0])
        for (hsize_t c = 0; c < s->columns && st == MW_OK; c += k.dims[1]) {
            const hsize_t at[2] = { r, c };
            const unsigned char *p = NULL;
            unsigned skipped = 0;
            haddr_t where = HADDR_UNDEF;
            hsize_t size = 0;

            if (H5Dget_chunk_info_by_coord(id, at, &skipped, &where, &size) >= 0 && where < n &&
                size <= n - where)
                p = unpack(&k, s, bytes + where, (size_t)size, skipped);
            if (p)
                place(out, s, &k, p, at);
            else
                st = MW_ERR_FORMAT;
        }
    mw_free(k.buffer[0]);
    mw_free(k.buffer[1]);
    return st;
}

static mw_status read_contiguous(double *out, const mw_csd_set *s, hid_t id,
                                 const unsigned char *bytes, size_t n)
{
    const haddr_t where = H5Dget_offset(id);
    const size_t items = s->rows * s->columns;

    if (where == HADDR_UNDEF || where >= n || items > (n - where) / s->item) return MW_ERR_FORMAT;
    for (size_t i = 0; i < items; i++)
        out[i] = number(s, bytes + where + i * s->item);
    return MW_OK;
}

mw_status mw_csd_set_read(double *out, const mw_csd_set *s, hid_t id, const void *bytes, size_t n)
{
    const hid_t plist = H5Dget_create_plist(id);
    mw_status st = MW_ERR_FORMAT;

    if (plist >= 0 && !s->rows)
        st = MW_OK;
    else if (plist >= 0 && H5Pget_external_count(plist) == 0) {
        const H5D_layout_t layout = H5Pget_layout(plist);

        if (layout == H5D_CHUNKED) st = read_chunks(out, s, id, plist, bytes, n);
        if (layout == H5D_CONTIGUOUS) st = read_contiguous(out, s, id, bytes, n);
    }
    if (plist >= 0) H5Pclose(plist);
    return st;
}
