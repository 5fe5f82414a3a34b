/* SPDX-License-Identifier: Apache-2.0
 *
 * Which frames of a clip are damaged.
 */
#ifndef MW_CORRUPT_SCHEDULE_H
#define MW_CORRUPT_SCHEDULE_H

#include "base/rng.h"
#include "merwild/options.h"

typedef enum mw_schedule_kind {
    MW_SCHEDULE_SEGMENT,  /* one stretch at a random place */
    MW_SCHEDULE_SEGMENTS, /* the clip is cut into K equal parts, one stretch at a random place in
                             each */
    MW_SCHEDULE_INTERVAL  /* single frames at regular distance */
} mw_schedule_kind;

/* fraction p of T frames, as the reference cuts: int(T * p) frames for one stretch, int((T / K) *
 * p) for each of K. The interval schedule spreads round(T * p) frames evenly; with reference_step
 * it takes every int(1 / p)-th frame instead, as the reference does. */
typedef struct mw_schedule {
    mw_schedule_kind kind;
    int64_t k;
    double fraction; /* [0, 1] */
    int reference_step;
} mw_schedule;

/* "segment", "segments:K" (K in 2..1000) or "interval". MW_ERR_RANGE. */
mw_status mw_schedule_parse(mw_schedule *s, const char *text, mw_error *err);

/* Draw the stretches of a clip of n frames, in order of time; empty when fraction * n < 1. Lists
 * are owned by the caller (mw_free on v). */
mw_status mw_schedule_draw(const mw_schedule *s, int64_t n, mw_rng *rng, mw_ints *start_frames,
                           mw_ints *n_frames, mw_error *err);

#endif
