/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/align.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

const char *const mw_align_rule_name[] = { "copy", "resample_poly", "centre_crop", "zero_pad",
                                           "zeros" };

mw_align_plan mw_align_plan_make(size_t rows, size_t length, size_t threshold)
{
    mw_align_plan p = { .rule = MW_ALIGN_COPY, .rows = rows, .length = length };

    if (rows != length) p.rule = rows <= threshold ? MW_ALIGN_RESAMPLE : MW_ALIGN_CROP;
    if (p.rule == MW_ALIGN_CROP) p.first = (rows - length) / 2;
    return p;
}

static int holds_enough(const mw_align_plan *p, const mw_matrix *in, size_t in_first)
{
    if (!p->rows || !in->rows) return 0;
    if (p->rule == MW_ALIGN_RESAMPLE) return !in_first && in->rows == p->rows;
    return in_first <= p->first && in_first + in->rows >= p->first + p->length;
}

/* Row i of out lies at row at (counted within in) of in. */
static void place_row(mw_matrix *out, size_t i, const mw_matrix *in, double at)
{
    const size_t k = (size_t)(at + 0.5), nearest = k < in->rows ? k : in->rows - 1;
    const double step_s = in->rows > 1 ? in->t[1] - in->t[0] : 0;

    out->t[i] = in->t[nearest] + (at - (double)nearest) * step_s;
    out->valid[i] = in->valid[nearest];
}

mw_status mw_align(mw_matrix *out, double *source, const mw_align_plan *plan, const mw_matrix *in,
                   size_t in_first, mw_poly *poly, mw_error *err)
{
    const size_t length = plan->length, skip = plan->first - in_first;
    mw_status st;

    if (!holds_enough(plan, in, in_first))
        return mw_fail(err, MW_ERR_ARG, "bad_argument",
                       "%zu rows cannot be made of the %zu from row %zu on", length, in->rows,
                       in_first);
    st = mw_matrix_alloc(out, length, in->columns, err);
    if (st != MW_OK) return st;
    out->names = in->names;
    if (plan->rule == MW_ALIGN_RESAMPLE)
        st = mw_poly_run_f32(poly, in->x, in->rows, in->columns, length, in->rows, 0, out->x, err);
    else
        memcpy(out->x, in->x + skip * in->columns, length * in->columns * sizeof *out->x);
    for (size_t i = 0; i < length; i++) {
        source[i] = plan->rule == MW_ALIGN_RESAMPLE ? (double)i * (double)in->rows / (double)length
                                                    : (double)(plan->first + i);
        place_row(out, i, in, source[i] - (double)in_first);
    }
    return st;
}

/* ---- faces ---- */

void mw_align_compact(mw_matrix *m, double *frame)
{
    const size_t columns = m->columns;
    size_t n = 0;

    for (size_t i = 0; i < m->rows; i++) {
        if (!m->valid[i]) continue;
        if (n != i) memcpy(m->x + n * columns, m->x + i * columns, columns * sizeof *m->x);
        m->t[n] = m->t[i];
        m->valid[n] = 1;
        frame[n++] = (double)i;
    }
    m->rows = n;
}

/* v [n] at a place between its elements. */
static double between(const double *v, size_t n, double at)
{
    const size_t i = (size_t)at;

    return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

static mw_align_rule rule_for_faces(size_t n, size_t length, size_t pad_below)
{
    if (!n) return MW_ALIGN_ZEROS;
    if (n < pad_below && n < length) return MW_ALIGN_PAD;
    return n == length ? MW_ALIGN_COPY : MW_ALIGN_RESAMPLE;
}

mw_status mw_align_faces(mw_matrix *out, double *source, mw_align_rule *rule, const mw_matrix *in,
                         const double *frame, size_t length, size_t pad_below, mw_poly *poly,
                         mw_error *err)
{
    const size_t n = in->rows;
    mw_status st = mw_matrix_alloc(out, length, in->columns, err);

    if (st != MW_OK) return st;
    out->names = in->names;
    *rule = rule_for_faces(n, length, pad_below);
    if (*rule == MW_ALIGN_RESAMPLE)
        st = mw_poly_run_f32(poly, in->x, n, in->columns, length, n, 0, out->x, err);
    else if (n)
        memcpy(out->x, in->x, n * in->columns * sizeof *out->x);
    for (size_t i = 0; i < length; i++) {
        const double at =
            *rule == MW_ALIGN_RESAMPLE ? (double)i * (double)n / (double)length : (double)i;
        const int held = *rule == MW_ALIGN_RESAMPLE || i < n;

        out->valid[i] = (uint8_t)held;
        out->t[i] = held ? between(in->t, n, at) : NAN;
        source[i] = held ? between(frame, n, at) : NAN;
    }
    return st;
}
