/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/align.h"

#include <string.h>

#include "base/error.h"

static mw_align_rule rule_for(size_t rows, size_t length, size_t threshold)
{
    if (rows == length) return MW_ALIGN_COPY;
    return rows <= threshold ? MW_ALIGN_RESAMPLE : MW_ALIGN_CROP;
}

mw_status mw_align(mw_matrix *out, mw_align_rule *rule, double *source, const mw_matrix *in,
                   size_t length, size_t threshold, mw_poly *poly, mw_error *err)
{
    mw_status st;
    size_t first;

    if (!in->rows)
        return mw_fail(err, MW_ERR_ARG, "bad_argument",
                       "a matrix without rows cannot be resampled");
    st = mw_matrix_alloc(out, length, in->columns, err);
    if (st != MW_OK) return st;
    out->names = in->names;
    *rule = rule_for(in->rows, length, threshold);
    first = *rule == MW_ALIGN_CROP ? (in->rows - length) / 2 : 0;
    if (*rule == MW_ALIGN_RESAMPLE)
        st = mw_poly_run_f32(poly, in->x, in->rows, in->columns, length, in->rows, 0, out->x, err);
    else
        memcpy(out->x, in->x + first * in->columns, length * in->columns * sizeof *out->x);
    for (size_t i = 0; i < length; i++) {
        size_t nearest;

        source[i] = *rule == MW_ALIGN_RESAMPLE ? (double)i * (double)in->rows / (double)length
                                               : (double)(first + i);
        nearest = (size_t)(source[i] + 0.5) < in->rows ? (size_t)(source[i] + 0.5) : in->rows - 1;
        out->t[i] = in->t[nearest] +
                    (source[i] - (double)nearest) * (in->rows > 1 ? in->t[1] - in->t[0] : 0);
        out->valid[i] = in->valid[nearest];
    }
    return st;
}
