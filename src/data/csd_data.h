/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers of an HDF5 data set, out of the bytes of the file. Only with HDF5.
 */
#ifndef MW_DATA_CSD_DATA_H
#define MW_DATA_CSD_DATA_H

#include <stddef.h>

#include <hdf5.h>

#include "merwild/status.h"

/* A matrix of numbers in the file: item bytes each. */
typedef struct mw_csd_set {
    size_t rows, columns, item;
    int is_float, is_signed, is_big; /* big: most significant byte first */
} mw_csd_set;

/* Shape and type of a data set: 0, or -1 where it is no matrix of whole numbers or IEEE floats (4,
 * 8 bytes) within the caps of csd.h. */
int mw_csd_set_shape(mw_csd_set *out, hid_t id);

/* The numbers as out [rows][columns]. MW_ERR_FORMAT without a message: not contiguous or chunked
 * inside the n bytes, or with other filters than deflate, shuffle, Fletcher's sum; MW_ERR_NOMEM.
 */
mw_status mw_csd_set_read(double *out, const mw_csd_set *s, hid_t id, const void *bytes, size_t n);

#endif
