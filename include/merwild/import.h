/* SPDX-License-Identifier: Apache-2.0
 *
 * Public data sets, and features that somebody else made, brought into the forms that merwild works
 * with: feature banks (docs/feature-bank.md) and tables of labels (docs/importing.md). Files are
 * read as data; nothing in them is ever executed.
 */
#ifndef MERWILD_IMPORT_H
#define MERWILD_IMPORT_H

#include "merwild/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Features of MMSA (aligned_50.pkl, unaligned_50.pkl, output of MMSA-FET) or MulT: o->in is the
 * pickle, o->out the bank to write: OUT/<clip>.bank.npz with variant "clean" of the modalities that
 * the file holds, OUT/label.csv, OUT/bank.json, OUT/outcomes.csv. The file is mapped, not loaded;
 * clips are written by o->jobs threads; o->seed is not used. Numbers that are not finite become 0
 * and are counted. Outputs depend on the file alone (exact).
 *
 * Returns MW_OK; MW_ERR_RANGE (options), MW_ERR_IO, MW_ERR_FORMAT, MW_ERR_NOMEM,
 * MW_ERR_INTERRUPTED; failures of single clips are counted. */
MW_API mw_status mw_import_mmsa(const mw_run_options *o, const mw_run_hooks *hooks,
                                mw_summary *summary, mw_error *err);

/* Table: mw_import_csd_table. */
typedef struct mw_import_csd_options {
    char *in;    /* .csd of labels: MOSI's opinions (1 column) or MOSEI's labels (7 columns) */
    char *out;   /* label.csv to write */
    char *folds; /* CSV of video_id,split; "": no splits */
    char *transcripts; /* folder of MOSEI's <video>.txt, which number the segments; "": none */
    int numbering; /* 0: by column count; 1: from 1 in order of rows; 2: from 0 in order of time */
} mw_import_csd_options;

MW_API extern const mw_opt mw_import_csd_table[];

/* What an import of labels came to. Nothing is dropped silently: every row of the file is written
 * or counted here, and noted through the hooks. */
typedef struct mw_import_report {
    size_t n_rows, n_written;
    size_t n_rejected;          /* rows without a usable label, interval or number */
    size_t n_videos, n_no_fold; /* videos with rows; those in no fold, whose rows have no split */
    size_t n_fold_only;         /* videos of the folds without a row */
    size_t n_split[3];          /* rows written for train, valid, test */
} mw_import_report;

/* Labels of the CMU-MultimodalSDK (HDF5) as a table in MMSA's columns. Rejected rows go to
 * OUT.rejects.csv with a reason. Events of kind MW_EVENT_NOTE tell what was odd. MW_ERR_RANGE,
 * MW_ERR_IO, MW_ERR_FORMAT ("bad_csd"; "unsupported" where merwild was built without HDF5),
 * MW_ERR_NOMEM. */
MW_API mw_status mw_import_csd(const mw_import_csd_options *o, const mw_run_hooks *hooks,
                               mw_import_report *report, mw_error *err);

/* Check a table of labels (label.csv of MMSA, or a manifest as CSV or JSON lines) and count its
 * rows. out "": nothing is written; otherwise the table in MMSA's columns goes there. */
MW_API mw_status mw_import_labels(const char *in, const char *out, mw_import_report *report,
                                  mw_error *err);

/* Table: mw_import_features_table. */
typedef struct mw_import_features_options {
    char *audio, *visual, *text; /* folders of matrices <clip>.npz, .npy or .pkl; "": none */
    char *labels;                /* table of labels: which clips there are */
    char *out;                   /* the bank to write */
    char *conditions; /* lines "NAME=AUDIO_DIR,VISUAL_DIR" or "NAME@LEVEL=..."; empty: clean */
    int64_t jobs;     /* worker threads; 0: one per processor */
} mw_import_features_options;

MW_API extern const mw_opt mw_import_features_table[];

/* Trees of feature matrices as a bank. A matrix that carries times, validity, names and truth
 * (merwild's .npz) keeps them; others get row numbers as times, and reliability 1 when clean, else
 * unknown. Clips of the table without any clean matrix fail ("no_features"), as do those whose
 * matrices do not fit together ("bad_features"). Columns are those of the first clip that has the
 * modality; NaN and infinite numbers stay. Returns as mw_import_mmsa. */
MW_API mw_status mw_import_features(const mw_import_features_options *o, const mw_run_hooks *hooks,
                                    mw_summary *summary, mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
