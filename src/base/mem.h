/* SPDX-License-Identifier: Apache-2.0
 *
 * All heap use of the library goes through here: counted, capped, and able to fail on demand.
 */
#ifndef MW_BASE_MEM_H
#define MW_BASE_MEM_H

#include <stddef.h>

/* Largest single request, bytes; above it an allocation fails as if memory were short. Hostile
 * headers cannot make the library reserve more. */
#define MW_MEM_CAP ((size_t)4 << 30)

/* Alignment of mw_calloc_aligned, bytes: one cache line, and the widest vector. */
#define MW_MEM_ALIGN 64

/* n elements of size bytes, zeroed; NULL when the product overflows, exceeds the cap, or memory is
 * short. n == 0 gives a pointer that may be freed and not read. */
void *mw_calloc(size_t n, size_t size);

/* Like mw_calloc, aligned to MW_MEM_ALIGN and followed by MW_MEM_ALIGN zeroed bytes, so that a
 * vector kernel may load (not store) past the end. Free with mw_free. */
void *mw_calloc_aligned(size_t n, size_t size);

/* The same without the zeros, but for the bytes that follow: for arrays that are written whole. */
void *mw_alloc_aligned(size_t n, size_t size);

/* Resize to n elements; on failure NULL, and p stays valid. New bytes are not initialised. */
void *mw_realloc(void *p, size_t n, size_t size);

/* Grow *p (capacity *cap elements) so that it holds at least need; 0 on success, -1 when memory is
 * short. */
int mw_grow(void *p, size_t *cap, size_t need, size_t size);

char *mw_strdup(const char *s);
char *mw_strndup(const char *s, size_t n);

/* Free and accept NULL. */
void mw_free(void *p);

/* For tests: the n-th allocation from now on fails (n >= 1), and every later one too; -n: that one
 * alone; 0 turns it off. mw_mem_live counts allocations not yet freed; mw_mem_count those made
 * since the last call of mw_mem_fail_at. */
void mw_mem_fail_at(long n);
long mw_mem_count(void);
long mw_mem_live(void);

#endif
