/* SPDX-License-Identifier: Apache-2.0
 *
 * A matrix of features that somebody wrote: .npz of merwild, .npy, or a pickled array.
 */
#ifndef MW_RUN_IMPORT_MATRIX_H
#define MW_RUN_IMPORT_MATRIX_H

#include "data/matrix.h"

/* m.names are owned here; rel [rows]. */
typedef struct mw_import_matrix {
    mw_matrix m;
    float *rel;
    char *names; /* behind m.names */
} mw_import_matrix;

/* Load dir/<clip>.npz, .npy or .pkl, the first there is. letter: whose truth ("a_rel") is taken;
 * without it rel is 1 when clean, else NaN. Without times they are numbers of rows. MW_ERR_FORMAT
 * "no_features" when there is none, "bad_features" naming the file; MW_ERR_IO, MW_ERR_NOMEM. */
mw_status mw_import_matrix_load(mw_import_matrix *out, const char *dir, const char *clip,
                                char letter, int clean, mw_error *err);
void mw_import_matrix_clear(mw_import_matrix *m);

#endif
