/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds-checked reading of flatbuffers (https://flatbuffers.dev/internals: tables, vtables,
 * vectors, relative offsets, little endian). Errors are sticky: the first read outside the buffer
 * sets bad, and that read and all later ones give 0 or empty, so that a caller may test bad once
 * per step.
 */
#ifndef MW_NN_FLATBUF_H
#define MW_NN_FLATBUF_H

#include <stddef.h>
#include <stdint.h>

/* bad: NULL, or what was wrong, static text. */
typedef struct mw_fb {
    const uint8_t *p;
    size_t n;
    const char *bad;
} mw_fb;

/* pos 0 stands for an absent table: offset 0 holds the root reference, never a table. */
typedef struct mw_fb_table {
    size_t pos, vtable;
    uint32_t vtable_size, size;
} mw_fb_table;

/* n elements from pos; absent vectors have pos 0 and n 0. */
typedef struct mw_fb_vector {
    size_t pos;
    uint32_t n;
} mw_fb_vector;

/* Unsigned little-endian value of 1, 2, 4 or 8 bytes at pos. */
uint64_t mw_fb_get(mw_fb *f, size_t pos, size_t width);
int32_t mw_fb_i32(mw_fb *f, size_t pos);

mw_fb_table mw_fb_root(mw_fb *f);

/* Field of a table by slot number; absent fields give the default / an absent table or vector.
 * Vectors are checked to lie inside the buffer as a whole. */
uint32_t mw_fb_u8(mw_fb *f, const mw_fb_table *t, unsigned slot, uint32_t otherwise);
int32_t mw_fb_int(mw_fb *f, const mw_fb_table *t, unsigned slot, int32_t otherwise);
mw_fb_table mw_fb_child(mw_fb *f, const mw_fb_table *t, unsigned slot);
mw_fb_vector mw_fb_vec(mw_fb *f, const mw_fb_table *t, unsigned slot, size_t item);

/* Element i of a vector of tables; i < v->n. */
mw_fb_table mw_fb_at(mw_fb *f, const mw_fb_vector *v, uint32_t i);

#endif
