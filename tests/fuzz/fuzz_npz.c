/* SPDX-License-Identifier: Apache-2.0
 *
 * Zips of arrays: what is found lies inside the file, and every element of it can be read.
 */
#include <stdint.h>
#include <stdlib.h>

#include "data/npz_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* where the compiler cannot see that nobody looks: every element is read */
extern volatile double last_number;
volatile double last_number;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const keys[] = { "x", "t", "valid", "names", "a_snr_db" };
    const char *bytes = (const char *)data;

    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        mw_npz_array a;
        mw_error err;

        if (mw_npz_find(&a, bytes, n, keys[k], "fuzz", &err) != MW_OK) {
            if (!*err.reason) abort();
            continue;
        }
        if (a.data < bytes || a.data > bytes + n ||
            a.n > (size_t)(bytes + n - a.data) / a.item_bytes)
            abort();
        for (size_t i = 0; i < a.n; i++)
            last_number = mw_npz_number(&a, i);
    }
    return 0;
}
