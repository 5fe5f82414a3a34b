/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "data/csd.h"

int mw_csd_known(void)
{
    return 0;
}

mw_status mw_csd_parse(mw_csd *out, const void *bytes, size_t n, const char *name, mw_error *err)
{
    (void)bytes;
    (void)n;
    *out = (mw_csd){ .root = NULL };
    return mw_fail(err, MW_ERR_FORMAT, "unsupported",
                   "'%s': this merwild was built without HDF5 and cannot read .csd files", name);
}
