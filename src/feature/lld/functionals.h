/* SPDX-License-Identifier: Apache-2.0
 *
 * The 88 summaries of eGeMAPSv02 from raw rows, in time order. Keeps the loudness contour and the
 * pitch of voiced rows (8 bytes per row); all other contours only as running sums.
 */
#ifndef MW_FEATURE_LLD_FUNCTIONALS_H
#define MW_FEATURE_LLD_FUNCTIONALS_H

#include <stddef.h>

#include "feature/lld/columns.h"
#include "merwild/status.h"

typedef struct lld_functionals lld_functionals;

lld_functionals *lld_functionals_create(void);
void lld_functionals_destroy(lld_functionals **f);
void lld_functionals_reset(lld_functionals *f);

/* Raw row of the next 20 ms frame. -1 when memory is short; same below. */
int lld_functionals_frame(lld_functionals *f, const float *raw);

/* The next row along the pitch track, with the raw row of the same frame; final: the tracker
 * decided it only after the end of the signal. */
int lld_functionals_track(lld_functionals *f, const float *track, const float *raw, int final);

/* After the last row; out [LLD_N_FUNCTIONALS]. */
int lld_functionals_finish(lld_functionals *f, double *out);

#endif
