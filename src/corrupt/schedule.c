/* SPDX-License-Identifier: Apache-2.0 */
#include "corrupt/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

mw_status mw_schedule_parse(mw_schedule *s, const char *text, mw_error *err)
{
    s->k = 1;
    if (!strcmp(text, "segment")) {
        s->kind = MW_SCHEDULE_SEGMENT;
    } else if (!strcmp(text, "interval")) {
        s->kind = MW_SCHEDULE_INTERVAL;
    } else if (!strncmp(text, "segments:", 9) && !mw_i64_parse(text + 9, &s->k) && s->k >= 2 &&
               s->k <= 1000) {
        s->kind = MW_SCHEDULE_SEGMENTS;
    } else {
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'schedule': '%.200s' is not segment, segments:K with K in [2, "
                       "1000], or interval",
                       text);
    }
    return MW_OK;
}

static void put(mw_ints *start, mw_ints *count, int64_t first, int64_t n)
{
    start->v[start->n++] = first;
    count->v[count->n++] = n;
}

/* One stretch of int(part * p) frames in each of the k parts of part = n / k frames. */
static void draw_parts(const mw_schedule *s, int64_t n, mw_rng *rng, mw_ints *start, mw_ints *count)
{
    const int64_t part = n / s->k, length = (int64_t)((double)part * s->fraction);

    for (int64_t j = 0; length > 0 && j < s->k; j++)
        put(start, count, mw_rng_int(rng, j * part, (j + 1) * part - length), length);
}

static void draw_interval(const mw_schedule *s, int64_t n, mw_ints *start, mw_ints *count)
{
    const int64_t n_touched = (int64_t)((double)n * s->fraction + 0.5);

    if (!(s->fraction > 0)) return;
    if (s->reference_step) {
        const double wanted = 1 / s->fraction;
        const int64_t step = wanted < (double)n ? (int64_t)wanted : n;

        for (int64_t t = 0; t < n; t += step)
            put(start, count, t, 1);
        return;
    }
    /* the middle of each of n_touched equal parts */
    for (int64_t i = 0; i < n_touched; i++)
        put(start, count, (2 * i + 1) * n / (2 * n_touched), 1);
}

mw_status mw_schedule_draw(const mw_schedule *s, int64_t n, mw_rng *rng, mw_ints *start_frames,
                           mw_ints *n_frames, mw_error *err)
{
    const int64_t most = s->kind == MW_SCHEDULE_INTERVAL ? n : s->k;

    *start_frames = *n_frames = (mw_ints){ 0 };
    start_frames->v = mw_calloc((size_t)most, sizeof(int64_t));
    n_frames->v = mw_calloc((size_t)most, sizeof(int64_t));
    if (!start_frames->v || !n_frames->v) {
        mw_free(start_frames->v);
        mw_free(n_frames->v);
        *start_frames = *n_frames = (mw_ints){ 0 };
        return mw_fail_nomem(err);
    }
    if (s->kind == MW_SCHEDULE_INTERVAL)
        draw_interval(s, n, start_frames, n_frames);
    else
        draw_parts(s, n, rng, start_frames, n_frames);
    return MW_OK;
}
