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

void mw_matrix_put_csv(mw_str *s, const mw_matrix *m)
{
    char text[MW_F64_TEXT];

    mw_str_put(s, "time");
    for (size_t c = 0; c < m->columns; c++)
        mw_str_printf(s, ";%s", m->names[c]);
    mw_str_putc(s, '\n');
    for (size_t r = 0; r < m->rows; r++) {
        mw_f64_text(text, m->t[r]);
        mw_str_put(s, text);
        for (size_t c = 0; c < m->columns; c++) {
            mw_f32_text(text, m->x[r * m->columns + c]);
            mw_str_putc(s, ';');
            mw_str_put(s, text);
        }
        mw_str_putc(s, '\n');
    }
}
