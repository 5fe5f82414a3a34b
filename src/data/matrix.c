/* SPDX-License-Identifier: Apache-2.0 */
#include "data/matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

mw_status mw_matrix_alloc(mw_matrix *m, size_t rows, size_t columns, mw_error *err)
{
    *m = (mw_matrix){ .rows = rows, .columns = columns };
    if (columns && rows > MW_MEM_CAP / columns) return mw_fail_nomem(err);
    m->x = mw_calloc_aligned(rows * columns, sizeof *m->x);
    m->t = mw_calloc(rows, sizeof *m->t);
    m->valid = mw_calloc(rows, sizeof *m->valid);
    if (!m->x || !m->t || !m->valid) {
        mw_matrix_clear(m);
        return mw_fail_nomem(err);
    }
    memset(m->valid, 1, rows);
    return MW_OK;
}

void mw_matrix_clear(mw_matrix *m)
{
    mw_free(m->x);
    mw_free(m->t);
    mw_free(m->valid);
    *m = (mw_matrix){ 0 };
}

mw_status mw_matrix_add(mw_matrix *m, size_t *cap, const float *x, const double *t, size_t n,
                        mw_error *err)
{
    const size_t rows = m->rows + n, least = *cap + *cap / 2, want = rows > least ? rows : least;

    if (m->columns && want > MW_MEM_CAP / m->columns) return mw_fail_nomem(err);
    if (rows > *cap) {
        /* readers may load up to MW_MEM_ALIGN bytes past the end */
        float *new_x = mw_realloc(m->x, want * m->columns + MW_MEM_ALIGN / sizeof *x, sizeof *x);
        double *new_t = new_x ? mw_realloc(m->t, want, sizeof *t) : NULL;
        uint8_t *new_valid = new_t ? mw_realloc(m->valid, want, 1) : NULL;

        if (new_x) m->x = new_x;
        if (new_t) m->t = new_t;
        if (!new_valid) return mw_fail_nomem(err);
        m->valid = new_valid;
        *cap = want;
    }
    memcpy(m->x + m->rows * m->columns, x, n * m->columns * sizeof *x);
    memcpy(m->t + m->rows, t, n * sizeof *t);
    memset(m->valid + m->rows, 1, n);
    memset(m->x + rows * m->columns, 0, MW_MEM_ALIGN);
    m->rows = rows;
    return MW_OK;
}

void mw_matrix_put_csv_head(mw_str *s, const char *const *names, size_t columns)
{
    mw_str_put(s, "time");
    for (size_t c = 0; c < columns; c++)
        mw_str_printf(s, ";%s", names[c]);
    mw_str_putc(s, '\n');
}

void mw_matrix_put_csv_rows(mw_str *s, const float *x, const double *t, size_t rows, size_t columns)
{
    char text[MW_F64_TEXT];

    for (size_t r = 0; r < rows; r++) {
        mw_f64_text(text, t[r]);
        mw_str_put(s, text);
        for (size_t c = 0; c < columns; c++) {
            mw_f32_text(text, x[r * columns + c]);
            mw_str_putc(s, ';');
            mw_str_put(s, text);
        }
        mw_str_putc(s, '\n');
    }
}

void mw_matrix_put_csv(mw_str *s, const mw_matrix *m)
{
    mw_matrix_put_csv_head(s, m->names, m->columns);
    mw_matrix_put_csv_rows(s, m->x, m->t, m->rows, m->columns);
}
