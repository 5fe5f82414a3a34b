/* SPDX-License-Identifier: Apache-2.0
 *
 * What does not need HDF5; csd_hdf5.c does, csd_none.c stands in where it is missing.
 */
#include "data/csd.h"

#include "base/fs.h"
#include "base/mem.h"

mw_status mw_csd_read(mw_csd *out, const char *path, mw_error *err)
{
    char *bytes;
    size_t n;
    mw_status st = mw_file_load(&bytes, &n, path, MW_CSD_MAX_FILE, err);

    *out = (mw_csd){ .root = NULL };
    if (st == MW_OK) st = mw_csd_parse(out, bytes, n, path, err);
    mw_free(bytes);
    return st;
}

void mw_csd_clear(mw_csd *c)
{
    for (size_t i = 0; i < c->n; i++)
        mw_free(c->entry[i].name);
    mw_free(c->entry);
    mw_free(c->root);
    mw_free(c->x);
    mw_free(c->interval);
    *c = (mw_csd){ .root = NULL };
}
