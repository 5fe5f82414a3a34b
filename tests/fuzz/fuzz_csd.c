/* SPDX-License-Identifier: Apache-2.0
 *
 * Computational sequences: rows lie where the entries say. What HDF5 itself does with broken files
 * is in the way of going far.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "data/csd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    volatile double seen = 0;
    const long live = mw_mem_live();
    mw_error err = { 0 };
    mw_csd c;

    if (mw_csd_parse(&c, data, n, "fuzz", &err) != MW_OK) {
        if (!*err.reason || c.n) abort();
    }
    for (size_t i = 0; i < c.n; i++) {
        if (c.entry[i].first > c.rows || c.entry[i].n > c.rows - c.entry[i].first) abort();
        for (size_t k = 0; k < c.entry[i].n; k++)
            seen = c.x[(c.entry[i].first + k) * c.columns] +
                   c.interval[2 * (c.entry[i].first + k) + 1];
    }
    (void)seen;
    mw_csd_clear(&c);
    if (mw_mem_live() != live) abort();
    return 0;
}
