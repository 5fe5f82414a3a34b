/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_matrix: rows over time, columns with names.
 */
#ifndef MW_DATA_MATRIX_H
#define MW_DATA_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* x [rows][columns] row-major, t [rows] seconds (start of the row), valid [rows] 1 where the row
 * was observed and 0 where it was filled in. names [columns] are borrowed. x, t, valid are owned.
 */
typedef struct mw_matrix {
    float *x;
    double *t;
    uint8_t *valid;
    size_t rows, columns;
    const char *const *names;
} mw_matrix;

/* Zeroed rows x columns, all valid; m is overwritten. */
mw_status mw_matrix_alloc(mw_matrix *m, size_t rows, size_t columns, mw_error *err);
void mw_matrix_clear(mw_matrix *m);

/* Append n valid rows x [n][columns] at t [n]. m: columns set, all else zero before the first call;
 * *cap: rows there is room for, 0 at first. On failure m stays as it was. */
mw_status mw_matrix_add(mw_matrix *m, size_t *cap, const float *x, const double *t, size_t n,
                        mw_error *err);

/* Append as text: header "time" and the names, one line per row, separated by semicolons as
 * SMILExtract writes. Numbers read back equal as float32. */
void mw_matrix_put_csv(mw_str *s, const mw_matrix *m);

/* The same in pieces. */
void mw_matrix_put_csv_head(mw_str *s, const char *const *names, size_t columns);
void mw_matrix_put_csv_rows(mw_str *s, const float *x, const double *t, size_t rows,
                            size_t columns);

#endif
