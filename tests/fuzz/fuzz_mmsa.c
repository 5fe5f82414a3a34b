/* SPDX-License-Identifier: Apache-2.0
 *
 * Pickled data sets: every label and matrix of what is read can be had.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "data/mmsa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void clip(const mw_mmsa *m, mw_split split, size_t i)
{
    mw_labels l = { 0 };
    mw_label *row = mw_labels_add(&l, NULL);
    int no_text;

    if (row) mw_mmsa_label(m, split, i, row, &no_text, NULL);
    mw_labels_clear(&l);
    for (int k = 0; k < MW_MMSA_MODALITIES; k++) {
        size_t n_replaced;
        mw_matrix x;

        if (!m->split[split].feature[k].kind ||
            mw_mmsa_matrix(&x, m, split, i, k, &n_replaced, NULL) != MW_OK)
            continue;
        for (size_t c = 0; c < x.rows * x.columns; c++)
            if (!isfinite(x.x[c])) abort();
        mw_matrix_clear(&x);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const long live = mw_mem_live();
    mw_error err = { 0 };
    mw_mmsa m;

    if (mw_mmsa_open(&m, data, n, "fuzz", &err) == MW_OK)
        for (int s = 0; s < 3; s++)
            for (size_t i = 0; i < m.split[s].n && i < 8; i++)
                clip(&m, (mw_split)s, i);
    else if (!*err.reason)
        abort();
    mw_mmsa_close(&m);
    if (mw_mem_live() != live) abort();
    return 0;
}
