/* SPDX-License-Identifier: Apache-2.0
 *
 * Formats: numpy's "NEP 1" for .npy; PKWARE's APPNOTE for the three zip records used (local header,
 * central entry, end of central directory; no zip64, hence the 2 GiB limit).
 */
#include "data/npz.h"

#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "base/error.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "array bytes are written as they lie in memory");

void mw_npy_put_head(mw_str *s, const char *descr, const size_t *shape, size_t n_dims)
{
    static const char blanks[64] =
        "                                                               ";
    const size_t start = s->n;
    size_t n;

    mw_str_putn(s, "\x93NUMPY\x01\x00\x00\x00", 10); /* magic, version, length as below */
    mw_str_put(s, "{'descr': '");
    mw_str_put(s, descr);
    mw_str_put(s, "', 'fortran_order': False, 'shape': (");
    for (size_t i = 0; i < n_dims; i++) {
        char digits[MW_U64_TEXT];

        if (i) mw_str_put(s, ", ");
        mw_str_put(s, mw_u64_digits(digits, shape[i]));
    }
    mw_str_put(s, n_dims == 1 ? ",), }" : "), }");
    /* all that and a newline fill a multiple of 64 bytes */
    mw_str_putn(s, blanks, 63 - (s->n - start) % 64);
    mw_str_putc(s, '\n');
    if (s->failed) return;
    n = s->n - start - 10;
    s->data[start + 8] = (char)(n & 255);
    s->data[start + 9] = (char)(n >> 8);
}

void mw_npy_put(mw_str *s, const char *descr, const size_t *shape, size_t n_dims, const void *data,
                size_t n_bytes)
{
    mw_npy_put_head(s, descr, shape, n_dims);
    mw_str_putn(s, data, n_bytes);
}

static void le(mw_str *s, uint32_t v, size_t n_bytes)
{
    const unsigned char b[4] = { v & 255, v >> 8 & 255, v >> 16 & 255, v >> 24 };

    mw_str_putn(s, b, n_bytes);
}

/* The fields that local header and central entry share, from "version needed" to "extra length". */
static void common_fields(mw_str *s, uint32_t crc, uint32_t size, size_t n_name)
{
    le(s, 20, 2);     /* version needed */
    le(s, 0, 2);      /* flags */
    le(s, 0, 2);      /* stored */
    le(s, 0, 2);      /* time 00:00:00 */
    le(s, 0x0021, 2); /* date 1980-01-01 */
    le(s, crc, 4);
    le(s, size, 4);
    le(s, size, 4);
    le(s, (uint32_t)n_name, 2);
    le(s, 0, 2);
}

static void put_name(mw_str *s, const char *name)
{
    mw_str_put(s, name);
    mw_str_put(s, ".npy");
}

/* A local header is written before the CRC of what follows it is known. */
enum { LOCAL_CRC = 14, LOCAL_BYTES = 30 };

static void patch_le(mw_str *s, size_t at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        s->data[at + (size_t)i] = (char)(v >> 8 * i & 255);
}

void mw_npz_put(mw_npz *z, const char *name, const char *descr, const size_t *shape, size_t n_dims,
                const void *data, size_t n_bytes)
{
    const size_t n_name = strlen(name) + 4, offset = z->bytes.n, at = offset + LOCAL_BYTES + n_name;
    uint32_t crc, size;

    mw_str_putn(&z->bytes, "PK\x03\x04", 4);
    common_fields(&z->bytes, 0, 0, n_name);
    put_name(&z->bytes, name);
    mw_npy_put_head(&z->bytes, descr, shape, n_dims);
    if (z->bytes.n + n_bytes > (size_t)1 << 31) z->bytes.failed = 1;
    mw_str_putn(&z->bytes, data, n_bytes);
    if (z->bytes.failed) return;
    size = (uint32_t)(z->bytes.n - at);
    crc = (uint32_t)crc32(0, (const Bytef *)z->bytes.data + at, size);
    patch_le(&z->bytes, offset + LOCAL_CRC, crc);
    patch_le(&z->bytes, offset + LOCAL_CRC + 4, size);
    patch_le(&z->bytes, offset + LOCAL_CRC + 8, size);

    mw_str_putn(&z->directory, "PK\x01\x02", 4);
    le(&z->directory, 20, 2); /* made by */
    common_fields(&z->directory, crc, size, n_name);
    le(&z->directory, 0, 2); /* comment length */
    le(&z->directory, 0, 2); /* disk */
    le(&z->directory, 0, 2); /* internal attributes */
    le(&z->directory, 0, 4); /* external attributes */
    le(&z->directory, (uint32_t)offset, 4);
    put_name(&z->directory, name);
    z->n_members++;
}

/* The next character of UTF-8; a byte that begins none stands for U+FFFD. */
static uint32_t character(const unsigned char **p)
{
    const unsigned char lead = *(*p)++;
    const int more = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
    uint32_t c = lead & (0x3fu >> more);

    if (lead < 0x80) return lead;
    for (int i = 0; i < more; i++) {
        if (((*p)[i] & 0xc0) != 0x80) return 0xfffd;
        c = c << 6 | ((*p)[i] & 0x3f);
    }
    *p += more;
    return more ? c : 0xfffd;
}

static size_t n_characters(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = 0;

    for (; *p; n++)
        character(&p);
    return n;
}

void mw_npz_put_texts(mw_npz *z, const char *name, const char *const *texts, size_t n)
{
    mw_str data = { 0 };
    size_t width = 1;
    char descr[24];

    for (size_t i = 0; i < n; i++)
        if (n_characters(texts[i]) > width) width = n_characters(texts[i]);
    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = (const unsigned char *)texts[i];

        for (size_t k = 0; k < width; k++)
            le(&data, *p ? character(&p) : 0, 4);
    }
    snprintf(descr, sizeof descr, "<U%zu", width);
    mw_npz_put(z, name, descr, &n, 1, data.data ? data.data : "", data.n);
    z->bytes.failed |= data.failed;
    mw_str_clear(&data);
}

mw_status mw_npz_finish(mw_npz *z, mw_error *err)
{
    const uint32_t offset = (uint32_t)z->bytes.n;

    z->bytes.failed |= z->directory.failed;
    mw_str_putn(&z->bytes, z->directory.data ? z->directory.data : "", z->directory.n);
    mw_str_putn(&z->bytes, "PK\x05\x06", 4);
    le(&z->bytes, 0, 2);
    le(&z->bytes, 0, 2);
    le(&z->bytes, z->n_members, 2);
    le(&z->bytes, z->n_members, 2);
    le(&z->bytes, (uint32_t)z->directory.n, 4);
    le(&z->bytes, offset, 4);
    le(&z->bytes, 0, 2);
    return mw_str_ok(&z->bytes, err);
}

void mw_npz_clear(mw_npz *z)
{
    mw_str_clear(&z->bytes);
    mw_str_clear(&z->directory);
    *z = (mw_npz){ 0 };
}
