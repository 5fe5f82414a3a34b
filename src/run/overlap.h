/* SPDX-License-Identifier: Apache-2.0
 *
 * Where noise sounds with respect to damaged pictures: spans of one are placed by spans of the
 * other. All counts are samples.
 */
#ifndef MW_RUN_OVERLAP_H
#define MW_RUN_OVERLAP_H

#include "base/rng.h"
#include "merwild/options.h"

/* Half-open [i0, i1); lists are in order of time and do not touch or overlap. */
typedef struct mw_span {
    int64_t i0, i1;
} mw_span;

typedef struct mw_spans {
    mw_span *v;
    size_t n;
} mw_spans;

void mw_spans_clear(mw_spans *s);

/* Sort, cut to [lo, hi), join what touches or overlaps; empty spans go. In place. */
void mw_spans_tidy(mw_spans *s, int64_t lo, int64_t hi);

int64_t mw_spans_length(const mw_spans *s);

/* What of [0, n) lies in none of the tidy spans s. out is overwritten. */
mw_status mw_spans_complement(mw_spans *out, const mw_spans *s, int64_t n, mw_error *err);

/* Samples that lie in both. */
int64_t mw_spans_common(const mw_spans *a, const mw_spans *b);

/* Spans of noise in [0, n) for damaged spans (tidy): as long in total as they are, the share inside
 * in [0, 1] of it within them and the rest outside. Each damaged span of length l gets one piece of
 * share * l at a uniformly drawn place inside, and one of the rest, of which those of all spans are
 * laid in order at uniformly drawn places outside (a piece that meets a damaged span goes on behind
 * it). Where there is too little room outside, the outer pieces are cut in proportion. share 1
 * gives the damaged spans themselves. out is overwritten. Numbers: exact. */
mw_status mw_overlap_place(mw_spans *out, const mw_spans *damaged, int64_t n, double share,
                           mw_rng *rng, mw_error *err);

#endif
