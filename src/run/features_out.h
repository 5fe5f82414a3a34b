/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of a described clip, for sound and picture alike: npy, pkl, npz with the truth
 * alongside, csv; and the sidecar.
 */
#ifndef MW_RUN_FEATURES_OUT_H
#define MW_RUN_FEATURES_OUT_H

#include "data/matrix.h"
#include "run/sidecar.h"

enum { MW_FEATURES_NPY, MW_FEATURES_PKL, MW_FEATURES_NPZ, MW_FEATURES_CSV };

/* The same order, NULL-terminated; also the suffixes. */
extern const char *const mw_features_formats[];

/* All borrowed.
 *
 * source      [m->rows] the frame of the clip that each row stands for; source_key its name in npz
 * clip_path   the input, beside which "<clip>.track.npz" may lie
 * truth       NULL-terminated: the arrays of it that go into the npz. Those of texts go as they
 *             are, those of numbers are read, row for row, at the elements nearest to
 * truth_at    [m->rows]; NaN: a row that stands for nothing, NaN in the npz too */
typedef struct mw_features_out {
    int format; /* MW_FEATURES_* */
    const mw_matrix *m;
    const double *source;
    const char *source_key, *clip_path;
    const char *const *truth;
    const double *truth_at;
} mw_features_out;

/* Write the file at path, by rename, with its parents; hash and size into output. An old sidecar
 * goes before the new file appears: it must not describe it, should the run end in between. */
mw_status mw_features_store(const mw_features_out *f, const char *path, const char *sidecar,
                            mw_media *output, mw_error *err);

/* Write the sidecar, by rename. */
mw_status mw_features_store_sidecar(const char *path, const mw_sidecar *s, mw_error *err);

#endif
