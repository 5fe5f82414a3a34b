/* SPDX-License-Identifier: Apache-2.0
 *
 * Bringing a matrix of any number of rows to a fixed number, as MER-in-the-Wild does: sound through
 * resample_poly up to a threshold, the middle rows above it; faces through resample_poly, few rows
 * filled up with zeros.
 */
#ifndef MW_FEATURE_ALIGN_H
#define MW_FEATURE_ALIGN_H

#include "data/matrix.h"
#include "dsp/resample_poly.h"

typedef enum mw_align_rule {
    MW_ALIGN_COPY,
    MW_ALIGN_RESAMPLE,
    MW_ALIGN_CROP,
    MW_ALIGN_PAD,  /* the rows, then zeros */
    MW_ALIGN_ZEROS /* there was no row */
} mw_align_rule;

/* "copy", "resample_poly", "centre_crop", "zero_pad", "zeros" */
extern const char *const mw_align_rule_name[];

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

/* The valid rows of m moved together at its front, in place; m->rows is their number, frame [it]
 * what they were numbered before. frame has room for the rows before. */
void mw_align_compact(mw_matrix *m, double *frame);

/* The rule for faces. in: n rows, without gaps (mw_align_compact), frame [n] ascending numbers of
 * the frames they are of.
 *
 *     n = 0            zeros
 *     n < pad_below    the rows, then zeros
 *     n = length       the rows
 *     else             resample_poly(up = length, down = n)
 *
 * out: length rows, which the caller clears. Row i stands for frame source[i] [length], a fraction
 * where resampled: frame and time at i n / length, linear in between, held after the last.
 * Filled-in rows are not valid, their source and time NaN. pad_below <= length; poly may be NULL
 * unless rows are resampled. MW_ERR_NOMEM. Numbers: as mw_poly_run_f32. */
mw_status mw_align_faces(mw_matrix *out, double *source, mw_align_rule *rule, const mw_matrix *in,
                         const double *frame, size_t length, size_t pad_below, mw_poly *poly,
                         mw_error *err);

#endif
