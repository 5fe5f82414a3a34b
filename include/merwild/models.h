/* SPDX-License-Identifier: Apache-2.0
 *
 * Model files: which there are, where they are looked for, whether they are the right ones. They
 * stay outside the source tree; scripts/fetch-models brings them by package name.
 */
#ifndef MERWILD_MODELS_H
#define MERWILD_MODELS_H

#include "merwild/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name as on the command line ("short"), file name, SHA-256 in hex, one line of description.
 * Static. */
typedef struct mw_model {
    const char *name, *file, *sha256, *what;
} mw_model;

/* Number of models and the i-th; all NULL when i is out of range. */
MW_API size_t mw_model_count(void);
MW_API mw_model mw_model_get(size_t i);

/* Where model i is looked for: folder when not NULL or "", else $MERWILD_MODELS,
 * $XDG_DATA_HOME/merwild/models,
 * ~/.local/share/merwild/models. Freed with mw_text_free; NULL when memory ran out. */
MW_API char *mw_model_path(size_t i, const char *folder);

/* Read model i and compare its SHA-256. MW_ERR_IO (no_model) naming place and remedy,
 * MW_ERR_MISMATCH (wrong_model). */
MW_API mw_status mw_model_verify(size_t i, const char *folder, mw_error *err);

/* What the file at path is, as lines of a word, blanks and a value: kind of file, number and types
 * of tensors, what was recognised in it (a CLIP image tower with its sizes, a scoring network, a
 * face detector), bytes, SHA-256. *text is the caller's (mw_text_free), NULL on failure. The whole
 * file is read. MW_ERR_IO, MW_ERR_FORMAT (bad_weights: neither a weight file nor TFLite, or
 * broken), MW_ERR_NOMEM. */
MW_API mw_status mw_model_describe(char **text, const char *path, mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
