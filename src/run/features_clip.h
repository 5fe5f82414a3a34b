/* SPDX-License-Identifier: Apache-2.0
 *
 * One clip of the job "features audio": its options, what is made of it, the two halves of the work
 * (describe, write).
 */
#ifndef MW_RUN_FEATURES_CLIP_H
#define MW_RUN_FEATURES_CLIP_H

#include "data/audio.h"
#include "data/matrix.h"
#include "feature/align.h"
#include "feature/lld/lld.h"
#include "run/features_out.h"
#include "run/job.h"
#include "run/row_file.h"

#define MW_FEATURES_AUDIO "features audio"

/* Raised whenever rows change for equal options. */
#define MW_DESCRIPTOR_VERSION 1

enum { MW_FEATURES_LLD, MW_FEATURES_FUNCTIONALS };
enum { MW_SHORT_FAIL, MW_SHORT_ZEROS };

/* sets: MW_LLD_* less 1. */
typedef struct mw_descriptor_options {
    int sets, level, native, format, too_short;
    int64_t length, threshold, channel, rate_hz;
    double max_s;
} mw_descriptor_options;

extern const mw_opt mw_descriptor_table[];

#define MW_FEATURES_MAX_COLUMNS 90
_Static_assert(MW_LLD_N_FUNCTIONALS <= MW_FEATURES_MAX_COLUMNS, "room for the names");

/* A clip on its way. */
typedef struct mw_features_clip {
    const mw_descriptor_options *o;
    const mw_run_options *run;
    int preset;
    const char *config_sha256, *root;
    const mw_clip *clip;
    mw_job *job;
    mw_poly *poly;
    char *rel, *path, *sidecar; /* of the output */
    char source_sha256[65];
    int64_t source_bytes;

    mw_audio about; /* of the sound; x is NULL */
    const char *names[MW_FEATURES_MAX_COLUMNS];
    size_t columns, n_rows; /* n_rows: of the whole clip, whether held or not */
    double step_s;
    mw_row_file *file; /* rows went here; NULL: they are in m */
    mw_matrix m;       /* what will be written */
    mw_align_rule rule;
    double *source_rows; /* [m.rows] the row of the clip that each row of m stands for */
} mw_features_clip;

/* Whether the clip keeps its own number of rows. */
int mw_features_keep_rows(const mw_descriptor_options *o);

/* Decode and describe w->clip; bring it to its length. Fills the second part of w. to_file: rows
 * may go to w->file. Errors as mw_sound_load and mw_lld_open; too_short, interrupted. */
mw_status mw_features_describe(mw_features_clip *w, int to_file, mw_error *err);

/* Write output and sidecar of a described clip. */
mw_status mw_features_write(mw_features_clip *w, mw_error *err);

void mw_features_clip_clear(mw_features_clip *w);

#endif
