/* SPDX-License-Identifier: Apache-2.0
 *
 * The fail-on-demand counter is global because a sweep ("fail allocation 1, 2, 3 ...") must reach
 * every allocation of a call wherever it is made, worker threads included.
 */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_long fail_at, made, live;

static int may_allocate(size_t n, size_t size)
{
    const long k = atomic_fetch_add(&made, 1) + 1;
    const long at = atomic_load(&fail_at);

    if ((at > 0 && k >= at) || k == -at) return 0;
    return !size || n <= MW_MEM_CAP / size;
}

static void *counted(void *p)
{
    if (p) atomic_fetch_add(&live, 1);
    return p;
}

void *mw_calloc(size_t n, size_t size)
{
    if (!may_allocate(n, size)) return NULL;
    return counted(n && size ? calloc(n, size) : calloc(1, 1));
}

void *mw_alloc_aligned(size_t n, size_t size)
{
    void *p = NULL;

    if (!may_allocate(n, size)) return NULL;
    if (posix_memalign(&p, MW_MEM_ALIGN, n * size + MW_MEM_ALIGN)) return NULL;
    memset((char *)p + n * size, 0, MW_MEM_ALIGN);
    return counted(p);
}

void *mw_calloc_aligned(size_t n, size_t size)
{
    void *p = mw_alloc_aligned(n, size);

    if (p) memset(p, 0, n * size);
    return p;
}

void *mw_realloc(void *p, size_t n, size_t size)
{
    void *q;

    if (!may_allocate(n, size)) return NULL;
    q = realloc(p, n && size ? n * size : 1);
    return p ? q : counted(q);
}

int mw_grow(void *p, size_t *cap, size_t need, size_t size)
{
    void *old, *q;
    size_t n;

    if (need <= *cap) return 0;
    n = *cap > SIZE_MAX / 2 ? need : *cap * 2;
    if (n < need) n = need;
    if (n < 16) n = 16;
    memcpy(&old, p, sizeof old);
    q = mw_realloc(old, n, size);
    if (!q) return -1;
    memcpy(p, &q, sizeof q);
    *cap = n;
    return 0;
}

char *mw_strndup(const char *s, size_t n)
{
    char *p;

    if (n == SIZE_MAX) return NULL;
    p = mw_calloc(n + 1, 1);
    if (p) memcpy(p, s, n);
    return p;
}

char *mw_strdup(const char *s)
{
    return mw_strndup(s, strlen(s));
}

void mw_free(void *p)
{
    if (!p) return;
    atomic_fetch_sub(&live, 1);
    free(p);
}

void mw_mem_fail_at(long n)
{
    atomic_store(&made, 0);
    atomic_store(&fail_at, n);
}

long mw_mem_count(void)
{
    return atomic_load(&made);
}

long mw_mem_live(void)
{
    return atomic_load(&live);
}
