/* SPDX-License-Identifier: Apache-2.0 */
#include "support/npz.h"

#include "support/support.h"

static size_t le(const unsigned char *p, int n)
{
    size_t v = 0;

    while (n--)
        v = v << 8 | p[n];
    return v;
}

/* Members lie anywhere in the zip. */
static const void *aligned_copy(const unsigned char *p, size_t n)
{
    static void *copies[16];
    static int turn;

    turn = (turn + 1) % 16;
    free(copies[turn]);
    copies[turn] = malloc(n + 1);
    assert_non_null(copies[turn]);
    memcpy(copies[turn], p, n);
    return copies[turn];
}

const void *npz_array(const void *zip, size_t n_zip, const char *name, const char *descr,
                      const char *shape, size_t *n)
{
    const unsigned char *base = zip, *end = base + n_zip - 22, *entry = base + le(end + 16, 4);
    char wanted[256], text[256];

    snprintf(wanted, sizeof wanted, "%s.npy", name);
    for (; entry < end; entry += 46 + le(entry + 28, 2)) {
        const unsigned char *local = base + le(entry + 42, 4), *member;
        size_t n_head;

        if (le(entry + 28, 2) != strlen(wanted) || memcmp(entry + 46, wanted, strlen(wanted)))
            continue;
        member = local + 30 + le(local + 26, 2);
        n_head = 10 + le(member + 8, 2);
        assert_memory_equal(member, "\x93NUMPY", 6);
        snprintf(text, sizeof text, "%.*s", (int)(n_head - 10), (const char *)member + 10);
        if (descr && !strstr(text, descr)) fail_msg("%s is %s and not %s", name, text, descr);
        if (shape && !strstr(text, shape)) fail_msg("%s is %s and not %s", name, text, shape);
        *n = le(entry + 24, 4) - n_head;
        return aligned_copy(member + n_head, *n);
    }
    fail_msg("no member %s", name);
    return NULL;
}
