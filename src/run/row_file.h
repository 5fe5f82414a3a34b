/* SPDX-License-Identifier: Apache-2.0
 *
 * A matrix file written row by row, so that its rows need not be held: .npy or .csv, the bytes of
 * mw_npy_put and mw_matrix_put_csv. The file appears by rename, complete.
 */
#ifndef MW_RUN_ROW_FILE_H
#define MW_RUN_ROW_FILE_H

#include <stdint.h>

#include "merwild/status.h"

typedef struct mw_row_file mw_row_file;

/* names [columns] and path are borrowed until close. *out is NULL on failure. MW_ERR_IO,
 * MW_ERR_NOMEM. */
mw_status mw_row_file_open(mw_row_file **out, const char *path, int csv, const char *const *names,
                           size_t columns, mw_error *err);

/* Append n rows: x [n][columns], t [n] seconds (csv alone). */
mw_status mw_row_file_put(mw_row_file *f, const float *x, const double *t, size_t n, mw_error *err);

/* Complete the unfinished file: sha256 [65] and size of what will be at path. */
mw_status mw_row_file_finish(mw_row_file *f, char *sha256, int64_t *bytes, mw_error *err);

/* After finish: give it its name. */
mw_status mw_row_file_commit(mw_row_file *f, mw_error *err);

/* Remove what was not committed. */
void mw_row_file_close(mw_row_file **f);

#endif
