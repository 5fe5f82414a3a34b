/* SPDX-License-Identifier: Apache-2.0
 *
 * Which frames of a clip the contact sheet shows.
 */
#include "run/preview.h"

static int holds(const int64_t *chosen, size_t n, int64_t t)
{
    for (size_t i = 0; i < n; i++)
        if (chosen[i] == t) return 1;
    return 0;
}

static int is_damaged(const mw_preview_segments *list, int64_t t)
{
    for (size_t i = 0; i < list->n && list->v[i].i0 <= t; i++)
        if (t < list->v[i].i1) return 1;
    return 0;
}

typedef enum candidate { MIDDLE, FIRST, LAST, BEFORE, AFTER, QUARTER, THREE_QUARTERS } candidate;

/* Frame of a kind, or -1. */
static int64_t candidate_of(candidate kind, const mw_preview_segments *list, size_t i, int64_t n)
{
    const int64_t i0 = list->v[i].i0, i1 = list->v[i].i1, length = i1 - i0;

    switch (kind) {
    case MIDDLE:
        return i0 + (length - 1) / 2;
    case FIRST:
        return i0;
    case LAST:
        return i1 - 1;
    case BEFORE:
        return i0 > 0 && !is_damaged(list, i0 - 1) ? i0 - 1 : -1;
    case AFTER:
        return i1 < n && !is_damaged(list, i1) ? i1 : -1;
    case QUARTER:
        return i0 + length / 4;
    case THREE_QUARTERS:
        return i0 + length * 3 / 4;
    }
    return -1;
}

static size_t add(int64_t *chosen, size_t k, size_t max, int64_t t)
{
    if (t < 0 || k == max || holds(chosen, k, t)) return k;
    chosen[k] = t;
    return k + 1;
}

/* 1/2, 1/4, 3/4, 1/8, 5/8, 3/8, 7/8 ...: the bits of j mirrored at the point. */
static double halving(unsigned j)
{
    double x = 0, weight = 0.5;

    for (; j; j >>= 1, weight /= 2)
        x += (j & 1) * weight;
    return x;
}

static void sort(int64_t *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j && v[j] < v[j - 1]; j--) {
            const int64_t t = v[j];

            v[j] = v[j - 1];
            v[j - 1] = t;
        }
}

size_t mw_preview_choose(int64_t *chosen, size_t max, const mw_preview_segments *segments,
                         int64_t n)
{
    static const candidate order[] = {
        MIDDLE, BEFORE, FIRST, LAST, AFTER, QUARTER, THREE_QUARTERS
    };
    size_t k = 0;

    for (size_t o = 0; o < sizeof order / sizeof *order; o++) {
        const size_t of = segments->n < max ? segments->n : max;

        for (size_t j = 0; j < of; j++)
            k = add(chosen, k, max,
                    candidate_of(order[o], segments, (2 * j + 1) * segments->n / (2 * of), n));
        if (order[o] == AFTER) {
            k = add(chosen, k, max, 0);
            k = add(chosen, k, max, n - 1);
        }
    }
    /* what room is left shows the rest of the clip: halves, quarters, eighths of it ... */
    for (unsigned j = 1; k < max && j < 16 * max; j++)
        k = add(chosen, k, max, (int64_t)(halving(j) * (double)n));
    sort(chosen, k);
    return k;
}
