/* SPDX-License-Identifier: Apache-2.0
 *
 * Weight files as they are: what opens can be listed, found by name and read to the last element,
 * twice to the same bits; and safetensors that open are covered by their tensors.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nn/weights_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_twice(const mw_tensor *t)
{
    float *x[2] = { NULL, NULL };
    mw_error err;

    for (int k = 0; k < 2; k++) {
        x[k] = malloc((t->n + 1) * sizeof(float));
        if (!x[k]) abort();
        if ((mw_tensor_read_f32(t, x[k], &err) == MW_OK) != (t->dtype <= MW_DTYPE_F64)) abort();
    }
    if (t->dtype <= MW_DTYPE_F64 && memcmp(x[0], x[1], t->n * sizeof(float))) abort();
    free(x[0]);
    free(x[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    mw_error err = { 0 };
    mw_weights *w;
    size_t sum = 0;

    if (mw_weights_parse(&w, data, n, "fuzz", &err) != MW_OK) {
        if (w || !*err.reason || !strstr(err.message, "fuzz")) abort();
        return 0;
    }
    for (size_t i = 0; i < mw_weights_count(w); i++) {
        const mw_tensor *t = mw_weights_at(w, i);

        if (mw_weights_find(w, t->name) != t) abort();
        if (i && strcmp(t->name, mw_weights_at(w, i - 1)->name) <= 0) abort();
        sum += w->entry[i].end - w->entry[i].begin;
        read_twice(t);
    }
    if (sum > n) abort();
    mw_weights_close(&w);
    return 0;
}
