/* SPDX-License-Identifier: Apache-2.0
 *
 * PyTorch zip archives, TorchScript and state dicts.
 */
#include "nn/weights_file.h"

#include <string.h>

int mw_is_zip(const unsigned char *bytes, size_t n)
{
    return n >= 4 && !memcmp(bytes, "PK\3\4", 4);
}

mw_status mw_torch_zip_parse(mw_weights *w, mw_error *err)
{
    w->kind = "torch archive";
    return mw_weights_bad(w, NULL, "PyTorch archives are not read yet", err);
}
