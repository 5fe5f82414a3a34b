/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing .npy (version 1.0) and .npz (a zip of stored, uncompressed .npy members): what numpy.load
 * reads. Time stamps inside the zip are fixed, so equal arrays give equal bytes.
 */
#ifndef MW_DATA_NPZ_H
#define MW_DATA_NPZ_H

#include <stddef.h>

#include "base/str.h"

/* Append one array in .npy form to s. descr: "<f4", "<f8", "|u1", "<U12" ...; shape [n_dims]; data
 * is C order, little-endian. */
void mw_npy_put(mw_str *s, const char *descr, const size_t *shape, size_t n_dims, const void *data,
                size_t n_bytes);

/* What comes before the data; MW_NPY_HEAD bytes for every matrix of fewer than 10^12 rows. */
#define MW_NPY_HEAD 128
void mw_npy_put_head(mw_str *s, const char *descr, const size_t *shape, size_t n_dims);

/* A zip under construction; zero-initialise. bytes holds the file after mw_npz_finish; free with
 * mw_npz_clear. */
typedef struct mw_npz {
    mw_str bytes, directory;
    unsigned n_members;
} mw_npz;

/* Add member "<name>.npy". */
void mw_npz_put(mw_npz *z, const char *name, const char *descr, const size_t *shape, size_t n_dims,
                const void *data, size_t n_bytes);

/* A vector of texts (UTF-8) as numpy's fixed-width "<U". */
void mw_npz_put_texts(mw_npz *z, const char *name, const char *const *texts, size_t n);

/* Write the central directory. MW_ERR_NOMEM when any step ran out of memory or the file would
 * exceed 2 GiB. */
mw_status mw_npz_finish(mw_npz *z, mw_error *err);
void mw_npz_clear(mw_npz *z);

#endif
