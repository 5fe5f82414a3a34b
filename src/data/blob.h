/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole small files: models, tracks, pickles.
 */
#ifndef MW_DATA_BLOB_H
#define MW_DATA_BLOB_H

#include <stddef.h>

#include "merwild/status.h"

/* Read all of a regular file into *bytes (the caller's, mw_free), followed by a NUL that *n does
 * not count. Above max bytes: MW_ERR_FORMAT "too_large". *bytes is NULL on failure. */
mw_status mw_blob_read(char **bytes, size_t *n, const char *path, size_t max, mw_error *err);

/* Write to a temporary name beside path, flush to disk, rename. Nothing is left on failure. */
mw_status mw_blob_write(const char *path, const void *bytes, size_t n, mw_error *err);

#endif
