/* SPDX-License-Identifier: Apache-2.0
 *
 * Clips of feature banks: everything that is read can be looked at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/feature_bank.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* where the compiler cannot see that nobody looks */
extern volatile double last_seen;
volatile double last_seen;

static void look(const mw_bank_modality *m)
{
    for (size_t t = 0; t < m->rows; t++)
        last_seen = m->t[t];
    for (size_t c = 0; m->names && c < m->columns; c++)
        last_seen = (double)strlen(m->names[c]);
    for (size_t k = 0; k < m->n_variants; k++) {
        const mw_bank_variant *v = &m->variants[k];

        last_seen = (double)(strlen(v->name) + strlen(v->type)) + v->level;
        for (size_t i = 0; i < m->rows * m->columns; i++)
            last_seen = v->x[i];
        for (size_t t = 0; t < m->rows; t++)
            last_seen = v->valid[t] + v->rel[t];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    mw_bank_clip clip;
    const long live = mw_mem_live();
    mw_error err = { 0 };

    if (mw_bank_clip_parse(&clip, data, n, "fuzz", &err) == MW_OK)
        for (int i = 0; i < MW_MAX_MODALITIES; i++)
            look(&clip.m[i]);
    else if (strcmp(err.reason, "bad_bank") && strcmp(err.reason, "out_of_memory"))
        abort();
    mw_bank_clip_clear(&clip);
    if (mw_mem_live() != live) abort();
    return 0;
}
