/* SPDX-License-Identifier: Apache-2.0
 *
 * A feature bank under construction: the clips with their labels, the job over them, and the files
 * beside them.
 */
#ifndef MW_RUN_IMPORT_BANK_H
#define MW_RUN_IMPORT_BANK_H

#include "data/feature_bank.h"
#include "data/labels.h"
#include "data/matrix.h"
#include "run/setup.h"

/* Label i belongs to clip i of the walk. */
typedef struct mw_import_bank {
    const char *out;
    mw_roots roots;
    mw_walk walk;
    mw_labels labels;
    mw_job job;
} mw_import_bank;

/* Lock and mark the folder out. Close it whatever happens. */
mw_status mw_import_open(mw_import_bank *b, const char *out, mw_error *err);
void mw_import_close(mw_import_bank *b);

/* A clip for the last row of b->labels; problem (NULL: none) lets it fail. */
mw_status mw_import_add(mw_import_bank *b, const mw_error *problem, mw_error *err);

/* Let clips fail whose names came before ("duplicate_clip"). */
mw_status mw_import_mark_twins(mw_import_bank *b, mw_error *err);

/* Write a clip's arrays to OUT/<clip>.bank.npz and fill r. */
void mw_import_write(const mw_import_bank *b, const mw_clip *clip, const mw_bank_clip *arrays,
                     mw_clip_result *r);

/* After the job: label.csv of the clips that were written, bank.json, outcomes.csv. */
mw_status mw_import_finish(mw_import_bank *b, const mw_bank_index *index, mw_error *err);

/* A variant over a matrix: rel is [rows], 1 where valid, else NaN; to be freed. NULL: no memory. */
float *mw_import_rel(const mw_matrix *m);

#endif
