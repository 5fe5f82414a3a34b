/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading arrays out of the .npz files that merwild and numpy.savez write (stored members). The
 * file is hostile: every offset and size is checked.
 */
#ifndef MW_DATA_NPZ_READ_H
#define MW_DATA_NPZ_READ_H

#include <stddef.h>

#include "merwild/status.h"

#define MW_NPZ_MAX_MEMBERS 65535

/* One array inside the bytes of the file; data is not aligned. descr: "<f4", "|u1" ... */
typedef struct mw_npz_array {
    char descr[16];
    size_t shape[4], n_dims, n, item_bytes;
    const char *data;
} mw_npz_array;

/* Find member "<key>.npy" in the bytes of a file. MW_ERR_FORMAT: bad_npz (not such a zip, deflated,
 * cut), not_found (no such member). name stands in messages. */
mw_status mw_npz_find(mw_npz_array *out, const char *bytes, size_t n, const char *key,
                      const char *name, mw_error *err);

/* The bytes of an .npy file. MW_ERR_FORMAT bad_npz. */
mw_status mw_npy_parse(mw_npz_array *out, const char *bytes, size_t n, const char *name,
                       mw_error *err);

/* A file with its directory in order of name, for many look-ups; bytes and name are borrowed. Free
 * with mw_npz_close, also after a failure. */
typedef struct mw_npz_file {
    const char *bytes, *name;
    size_t n, n_members;
    struct mw_npz_entry *member;
} mw_npz_file;

/* MW_ERR_FORMAT bad_npz, MW_ERR_NOMEM. */
mw_status mw_npz_open(mw_npz_file *f, const char *bytes, size_t n, const char *name, mw_error *err);
/* As mw_npz_find. */
mw_status mw_npz_get(mw_npz_array *out, const mw_npz_file *f, const char *key, mw_error *err);
void mw_npz_close(mw_npz_file *f);

/* Text i of an array of "<U": UTF-8 in a buffer of size bytes, cut where it is full; what is no
 * character becomes '?'. The number of bytes it needs, without the NUL; 0 for other item types. */
size_t mw_npz_text(char *text, size_t size, const mw_npz_array *a, size_t i);

/* Element i as a number; 0 for other item types than f4, f8, u1. */
double mw_npz_number(const mw_npz_array *a, size_t i);

#endif
