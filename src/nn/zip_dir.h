/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory of a zip in memory (PKWARE's APPNOTE, 4.3 and 4.5), zip64 included: where each
 * member's bytes lie. Members are not unpacked. Every offset is checked against the file, and each
 * local header against the directory.
 */
#ifndef MW_NN_ZIP_DIR_H
#define MW_NN_ZIP_DIR_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

/* name [n_name] lies in the file, without NUL. data [n] as it is stored. readable 0: compressed or
 * encrypted. */
typedef struct mw_zip_member {
    const char *name;
    size_t n_name;
    const unsigned char *data;
    size_t n;
    int readable;
} mw_zip_member;

/* Members in order of name; no two of one name. */
typedef struct mw_zip_dir {
    mw_zip_member *member;
    size_t n_members;
} mw_zip_dir;

/* file [n] is borrowed; path stands in messages. MW_ERR_FORMAT "bad_weights", MW_ERR_NOMEM. Free
 * with mw_zip_clear, also after a failure. */
mw_status mw_zip_read(mw_zip_dir *out, const unsigned char *file, size_t n, const char *path,
                      mw_error *err);
void mw_zip_clear(mw_zip_dir *z);

/* The member called name [n_name], or NULL. */
const mw_zip_member *mw_zip_find(const mw_zip_dir *z, const char *name, size_t n_name);

#endif
