/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the detectors' model files are, and whether they are the right ones. The files come from
 * the npm package @mediapipe/face_detection (scripts/fetch-models) and stay outside the source
 * tree.
 */
#ifndef MW_FACE_MODELS_H
#define MW_FACE_MODELS_H

#include <stddef.h>

#include "merwild/status.h"

typedef enum mw_face_model {
    MW_FACE_SHORT,     /* 128 x 128, faces within about 2 m */
    MW_FACE_FULL,      /* 192 x 192, sparse weights: what Python MediaPipe calls model 1 */
    MW_FACE_FULL_DENSE /* 192 x 192, dense weights */
} mw_face_model;

#define MW_FACE_N_MODELS 3

/* name       as on the command line: short, full, full-dense
 * file       name below the models folder
 * sha256     hex, of the whole file
 * threshold  smallest score that counts when none is asked for */
typedef struct mw_model_info {
    const char *name, *file, *sha256, *what;
    double threshold;
    int side; /* of the square input tensor, pixels */
} mw_model_info;

extern const mw_model_info mw_face_model_info[MW_FACE_N_MODELS];

/* The model of that name; -1 when there is none. */
int mw_face_model_by_name(const char *name);

/* The folder of model files (mw_free): explicit_folder unless NULL or "", else $MERWILD_MODELS,
 * then $XDG_DATA_HOME/merwild/models, then ~/.local/share/merwild/models. NULL when memory is
 * short. */
char *mw_models_folder(const char *explicit_folder);

/* Path of a model file (mw_free), whether it exists or not. explicit_path: a file, or a folder that
 * holds the file; NULL looks into mw_models_folder. NULL when memory is short. */
char *mw_face_model_path(mw_face_model model, const char *explicit_path);

/* Read it and check size and SHA-256. *bytes is the caller's (mw_free). MW_ERR_IO "no_model" says
 * where it was looked for and what to run; MW_ERR_MISMATCH "wrong_model" when the contents differ.
 */
mw_status mw_face_model_load(char **bytes, size_t *n, mw_face_model model,
                             const char *explicit_path, mw_error *err);

#endif
