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

/* out: in with length rows. rule and source [length] tell what happened: row i of out stands for
 * row source[i] (a fraction when resampled) of in. Times and validity follow it. threshold >=
 * length. The caller clears out. MW_ERR_ARG for a matrix without rows, MW_ERR_NOMEM. Numbers: as
 * mw_poly_run_f32. */
mw_status mw_align(mw_matrix *out, mw_align_rule *rule, double *source, const mw_matrix *in,
                   size_t length, size_t threshold, mw_poly *poly, mw_error *err);

#endif
