/* SPDX-License-Identifier: Apache-2.0
 *
 * Computational sequences of the CMU-MultimodalSDK: one HDF5 file with one group at the top, in it
 * /data/<video>/features [n][columns] and intervals [n][2] in seconds. Sequences of labels are
 * small and read whole.
 *
 * The file is hostile: it is opened from memory, so that nothing outside it can be reached; soft
 * and external links, external and virtual storage, other filters than deflate, shuffle and
 * Fletcher's sum, and sizes above the caps are refused. What HDF5 itself does with broken
 * structures is beyond this.
 */
#ifndef MW_DATA_CSD_H
#define MW_DATA_CSD_H

#include <stddef.h>

#include "merwild/status.h"

#define MW_CSD_MAX_FILE    ((size_t)1 << 30)
#define MW_CSD_MAX_ENTRIES 200000
#define MW_CSD_MAX_ROWS    ((size_t)1 << 20) /* of all entries */
#define MW_CSD_MAX_COLUMNS 16

/* Rows of one video; name as it stands in the file ("03bSnISJMiM", after alignment
 * "03bSnISJMiM[2]"). */
typedef struct mw_csd_entry {
    char *name;
    size_t first, n; /* rows */
} mw_csd_entry;

/* x [rows][columns], interval [rows][2]; entries in order of name. */
typedef struct mw_csd {
    char *root; /* name of the top group: "All Labels" */
    mw_csd_entry *entry;
    size_t n, cap;
    double *x, *interval;
    size_t rows, columns, x_cap, interval_cap;
} mw_csd;

/* Whether merwild was built with HDF5. */
int mw_csd_known(void);

/* Read the bytes of a file; name stands in messages. MW_ERR_FORMAT "bad_csd" naming entry and
 * reason; "unsupported" without HDF5; MW_ERR_NOMEM. Free with mw_csd_clear. Threads: one at a time
 * inside, since HDF5 is not safe on threads. */
mw_status mw_csd_parse(mw_csd *out, const void *bytes, size_t n, const char *name, mw_error *err);
mw_status mw_csd_read(mw_csd *out, const char *path, mw_error *err);
void mw_csd_clear(mw_csd *c);

#endif
