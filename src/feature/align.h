/* SPDX-License-Identifier: Apache-2.0
 *
 * Bringing a matrix of any number of rows to a fixed number, as MER-in-the-Wild does: resample_poly
 * up to a threshold, the middle rows above it.
 */
#ifndef MW_FEATURE_ALIGN_H
#define MW_FEATURE_ALIGN_H

#include "data/matrix.h"
#include "dsp/resample_poly.h"

typedef enum mw_align_rule { MW_ALIGN_COPY, MW_ALIGN_RESAMPLE, MW_ALIGN_CROP } mw_align_rule;

/* What becomes of rows rows. first: the row that the first output row stands for. */
typedef struct mw_align_plan {
    mw_align_rule rule;
    size_t rows, length, first;
} mw_align_plan;

/* length > 0; threshold >= length. */
mw_align_plan mw_align_plan_make(size_t rows, size_t length, size_t threshold);

/* out: plan->length rows. in holds the rows from in_first on, at least those that the plan needs:
 * all of them to resample, [first, first + length) otherwise. Row i of out stands for row source[i]
 * (a fraction when resampled); times and validity follow it. The caller clears out. MW_ERR_ARG when
 * in holds other rows or none, MW_ERR_NOMEM. Numbers: as mw_poly_run_f32. */
mw_status mw_align(mw_matrix *out, double *source, const mw_align_plan *plan, const mw_matrix *in,
                   size_t in_first, mw_poly *poly, mw_error *err);

#endif
