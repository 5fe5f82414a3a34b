/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at feature banks. They are made by mw_features_bank (features.h) or imported (import.h).
 */
#ifndef MERWILD_BANK_H
#define MERWILD_BANK_H

#include "merwild/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Table: mw_bank_check_options_table. */
typedef struct mw_bank_check_options {
    char *cues;      /* synth.csv of mw_synth_run */
    double min_corr; /* [0, 1] */
} mw_bank_check_options;

MW_API extern const mw_opt mw_bank_check_options_table[];

/* One modality of a bank of synthetic clips against the cue that its generator put there. */
typedef struct mw_bank_probe {
    size_t columns; /* means and deviations: two per column of the bank */
    double penalty; /* chosen on the validation clips */
    double corr;    /* of predicted and true cue, test clips; 0 where the prediction is constant */
    int passes;     /* corr >= min_corr */
} mw_bank_probe;

/* A predictor of the label on the test clips. */
typedef struct mw_bank_bound {
    double mae, corr;
} mw_bank_bound;

typedef struct mw_bank_check_result {
    size_t n_train, n_valid, n_test;
    mw_bank_probe voice, face;
    mw_bank_bound constant;   /* the median of the training labels; corr 0 */
    mw_bank_bound from_voice; /* least squares from the true cues to the label */
    mw_bank_bound from_face, from_both;
    int passes; /* both probes pass */
} mw_bank_check_result;

/* Whether a bank of synthetic clips can teach anything: a ridge probe reads the voice's cue off
 * mean and deviation of the sound's features over each clip, and the face's off the picture's;
 * trained on the training clips, its penalty chosen on the validation clips, tested on the test
 * clips, whose speakers are others. Clean variants only. Where a probe finds nothing, comparisons
 * of models on the set are empty.
 *
 * bank   folder of the bank: bank.json, label.csv and a <clip>.bank.npz for each clip with a split
 * hooks  stop alone is asked; may be NULL
 *
 * A failing gate is no error: see result->passes. MW_ERR_RANGE bad_option (no cues); MW_ERR_IO;
 * MW_ERR_FORMAT: no_split (a split has fewer than 3 clips), no_cue (a clip is not in the cues),
 * bad_csv, duplicate_clip, bad_bank, columns_differ, bad_probe (more than 20000 clips, or true cues
 * that do not vary or follow from each other); MW_ERR_INTERRUPTED; MW_ERR_NOMEM. On failure *result
 * is zero. Numbers: fixed order. */
MW_API mw_status mw_bank_check(const char *bank, const mw_bank_check_options *o,
                               const mw_run_hooks *hooks, mw_bank_check_result *result,
                               mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
