/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of labels: what is read is sorted, its clips stay inside a folder, and each is found.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "data/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    mw_labels l;
    mw_error err = { 0 };

    if (mw_labels_parse(&l, (const char *)data, n, "fuzz", &err) != MW_OK) {
        if (!*err.reason || l.v) abort();
        return 0;
    }
    for (size_t i = 0; i < l.n; i++) {
        if (!mw_path_is_inside(l.v[i].clip) || !l.v[i].group || !l.v[i].text) abort();
        if (mw_labels_find(&l, l.v[i].clip) != &l.v[i]) abort();
    }
    mw_labels_clear(&l);
    return 0;
}
