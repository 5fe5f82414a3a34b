/* SPDX-License-Identifier: Apache-2.0 */
#include "support/torch_archive.h"

#include <stdlib.h>
#include <string.h>

typedef struct buffer {
    unsigned char *p;
    size_t n;
} buffer;

static void put(buffer *b, const void *bytes, size_t n)
{
    b->p = realloc(b->p, b->n + n + 1);
    if (!b->p) abort();
    if (n) memcpy(b->p + b->n, bytes, n);
    b->n += n;
}

static void number(buffer *b, uint64_t v, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++) {
        const unsigned char byte = i < 8 ? (unsigned char)(v >> 8 * i) : 0;

        put(b, &byte, 1);
    }
}

static void local_header(buffer *b, const zip_part *part)
{
    const char *name = part->local_name ? part->local_name : part->name;

    put(b, "PK\3\4", 4);
    number(b, 20, 2);
    number(b, 0, 2);
    number(b, (uint64_t)part->method, 2);
    number(b, 0, 8); /* time, date, CRC */
    number(b, part->n, 4);
    number(b, part->n, 4);
    number(b, strlen(name), 2);
    number(b, 3, 2);
    put(b, name, strlen(name));
    put(b, "FBx", 3); /* an extra field to be passed by */
    put(b, part->data, part->n);
}

static void directory_entry(buffer *b, const zip_part *part, uint64_t at)
{
    const uint64_t size = part->told ? part->told : part->n, wide = UINT32_MAX;

    at += (uint64_t)part->local_shift;
    put(b, "PK\1\2", 4);
    number(b, 20, 2);
    number(b, 20, 2);
    number(b, 0, 2);
    number(b, (uint64_t)part->method, 2);
    number(b, 0, 8);
    number(b, part->wide ? wide : size, 4);
    number(b, part->wide ? wide : size, 4);
    number(b, strlen(part->name), 2);
    number(b, part->wide ? 28 : 0, 2);
    number(b, 0, 10); /* comment, disk, attributes */
    number(b, part->wide ? wide : at, 4);
    put(b, part->name, strlen(part->name));
    if (!part->wide) return;
    number(b, 1, 2);
    number(b, 24, 2);
    number(b, size, 8);
    number(b, size, 8);
    number(b, at, 8);
}

unsigned char *zip_build(const zip_part *part, size_t n_parts, int wide_end, size_t *n)
{
    size_t *at = calloc(n_parts + 1, sizeof *at), start, size, end64;
    buffer b = { NULL, 0 };

    if (!at) abort();
    for (size_t i = 0; i < n_parts; i++) {
        at[i] = b.n;
        local_header(&b, &part[i]);
    }
    start = b.n;
    for (size_t i = 0; i < n_parts; i++)
        directory_entry(&b, &part[i], at[i]);
    size = b.n - start;
    end64 = b.n;
    if (wide_end) {
        put(&b, "PK\6\6", 4);
        number(&b, 44, 8);
        number(&b, 0, 12);
        number(&b, n_parts, 8);
        number(&b, n_parts, 8);
        number(&b, size, 8);
        number(&b, start, 8);
        put(&b, "PK\6\7", 4);
        number(&b, 0, 4);
        number(&b, end64, 8);
        number(&b, 1, 4);
    }
    put(&b, "PK\5\6", 4);
    number(&b, 0, 4);
    number(&b, wide_end ? UINT16_MAX : n_parts, 2);
    number(&b, wide_end ? UINT16_MAX : n_parts, 2);
    number(&b, wide_end ? UINT32_MAX : size, 4);
    number(&b, wide_end ? UINT32_MAX : start, 4);
    number(&b, 0, 2);
    free(at);
    *n = b.n;
    return b.p;
}
