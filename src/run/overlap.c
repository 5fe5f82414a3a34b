/* SPDX-License-Identifier: Apache-2.0 */
#include "run/overlap.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

void mw_spans_clear(mw_spans *s)
{
    mw_free(s->v);
    *s = (mw_spans){ NULL, 0 };
}

static int by_start(const void *a, const void *b)
{
    const mw_span *p = a, *q = b;

    return (p->i0 > q->i0) - (p->i0 < q->i0);
}

void mw_spans_tidy(mw_spans *s, int64_t lo, int64_t hi)
{
    size_t kept = 0;

    if (s->n) qsort(s->v, s->n, sizeof *s->v, by_start);
    for (size_t i = 0; i < s->n; i++) {
        mw_span x = s->v[i];

        if (x.i0 < lo) x.i0 = lo;
        if (x.i1 > hi) x.i1 = hi;
        if (x.i0 >= x.i1) continue;
        if (kept && x.i0 <= s->v[kept - 1].i1) {
            if (x.i1 > s->v[kept - 1].i1) s->v[kept - 1].i1 = x.i1;
        } else {
            s->v[kept++] = x;
        }
    }
    s->n = kept;
}

int64_t mw_spans_length(const mw_spans *s)
{
    int64_t total = 0;

    for (size_t i = 0; i < s->n; i++)
        total += s->v[i].i1 - s->v[i].i0;
    return total;
}

mw_status mw_spans_complement(mw_spans *out, const mw_spans *s, int64_t n, mw_error *err)
{
    int64_t at = 0;

    *out = (mw_spans){ mw_calloc(s->n + 1, sizeof *out->v), 0 };
    if (!out->v) return mw_fail_nomem(err);
    for (size_t i = 0; i <= s->n; i++) {
        const int64_t next = i < s->n ? s->v[i].i0 : n;

        if (next > at) out->v[out->n++] = (mw_span){ at, next };
        if (i < s->n) at = s->v[i].i1;
    }
    return MW_OK;
}

int64_t mw_spans_common(const mw_spans *a, const mw_spans *b)
{
    int64_t total = 0;
    size_t i = 0, k = 0;

    while (i < a->n && k < b->n) {
        const int64_t lo = a->v[i].i0 > b->v[k].i0 ? a->v[i].i0 : b->v[k].i0;
        const int64_t hi = a->v[i].i1 < b->v[k].i1 ? a->v[i].i1 : b->v[k].i1;

        if (hi > lo) total += hi - lo;
        if (a->v[i].i1 < b->v[k].i1)
            i++;
        else
            k++;
    }
    return total;
}

static int by_value(const void *a, const void *b)
{
    const int64_t p = *(const int64_t *)a, q = *(const int64_t *)b;

    return (p > q) - (p < q);
}

/* The stretch [u, u + length) of the room, counted over its spans as if they were one, appended to
 * out span by span. */
static void lay(mw_spans *out, const mw_spans *room, int64_t u, int64_t length)
{
    for (size_t i = 0; i < room->n && length > 0; i++) {
        const int64_t here = room->v[i].i1 - room->v[i].i0;

        if (u < here) {
            const int64_t take = length < here - u ? length : here - u;

            out->v[out->n++] = (mw_span){ room->v[i].i0 + u, room->v[i].i0 + u + take };
            length -= take;
            u = 0;
        } else {
            u -= here;
        }
    }
}

/* One piece inside each damaged span; rest [n] receives what is to go outside. Lengths are rounded
 * so that their running sum is right. */
static void place_inside(mw_spans *out, const mw_spans *damaged, double share, int64_t *rest,
                         mw_rng *rng)
{
    int64_t total = 0, placed = 0;

    for (size_t i = 0; i < damaged->n; i++) {
        const int64_t length = damaged->v[i].i1 - damaged->v[i].i0;
        int64_t piece;

        total += length;
        piece = (int64_t)(share * (double)total + 0.5) - placed;
        if (piece > length) piece = length;
        placed += piece;
        rest[i] = length - piece;
        if (piece) {
            const int64_t at = damaged->v[i].i0 + mw_rng_int(rng, 0, length - piece);

            out->v[out->n++] = (mw_span){ at, at + piece };
        }
    }
}

/* Cut the pieces in proportion, so that they fit. */
static void shorten(int64_t *piece, size_t n, int64_t total, int64_t room)
{
    int64_t before = 0, cut = 0;

    for (size_t i = 0; i < n; i++) {
        before += piece[i];
        piece[i] = (int64_t)((double)before / (double)total * (double)room) - cut;
        cut += piece[i];
    }
}

static void place_outside(mw_spans *out, const mw_spans *room, int64_t *piece, int64_t *place,
                          size_t n, mw_rng *rng)
{
    const int64_t size = mw_spans_length(room);
    int64_t total = 0, before = 0;

    for (size_t i = 0; i < n; i++)
        total += piece[i];
    if (total > size) {
        shorten(piece, n, total, size);
        total = size;
    }
    /* pieces in order, with what is left of the room spread between them */
    for (size_t i = 0; i < n; i++)
        place[i] = mw_rng_int(rng, 0, size - total);
    qsort(place, n, sizeof *place, by_value);
    for (size_t i = 0; i < n; i++) {
        lay(out, room, place[i] + before, piece[i]);
        before += piece[i];
    }
}

mw_status mw_overlap_place(mw_spans *out, const mw_spans *damaged, int64_t n, double share,
                           mw_rng *rng, mw_error *err)
{
    int64_t *rest = mw_calloc(damaged->n, sizeof *rest),
            *place = mw_calloc(damaged->n, sizeof *place);
    mw_spans room = { NULL, 0 };
    mw_status st = mw_spans_complement(&room, damaged, n, err);

    /* inside one each; outside each may be split by every damaged span, but borders are shared */
    *out = (mw_spans){ mw_calloc(4 * damaged->n + 1, sizeof *out->v), 0 };
    if (st == MW_OK && (!rest || !place || !out->v)) st = mw_fail_nomem(err);
    if (st == MW_OK && damaged->n) {
        place_inside(out, damaged, share, rest, rng);
        place_outside(out, &room, rest, place, damaged->n, rng);
        mw_spans_tidy(out, 0, n);
    }
    mw_free(rest);
    mw_free(place);
    mw_spans_clear(&room);
    if (st != MW_OK) mw_spans_clear(out);
    return st;
}
