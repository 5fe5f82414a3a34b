/* SPDX-License-Identifier: Apache-2.0
 *
 * The pickle of a PyTorch archive: the input stands as data.pkl beside two storages, so that
 * damage meets the interpreter and not the zip (fuzz_safetensors takes whole archives). Whatever
 * opens lies inside its storages.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nn/weights_file.h"
#include "support/torch_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* where the compiler cannot see that nobody looks: every element is read */
extern volatile float last_number;
volatile float last_number;

static void read_all(const mw_tensor *t)
{
    float *x = malloc((t->n + 1) * sizeof *x);

    if (!x) abort();
    x[t->n] = 0;
    if (mw_tensor_read_f32(t, x, NULL) == MW_OK && t->n) last_number = x[t->n - 1];
    free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const unsigned char zeros[96];
    const zip_part part[] = { { .name = "x/data.pkl", .data = data, .n = n },
                              { .name = "x/data/0", .data = zeros, .n = sizeof zeros },
                              { .name = "x/data/1", .data = zeros, .n = 8 } };
    size_t n_zip;
    unsigned char *zip = zip_build(part, 3, 0, &n_zip);
    mw_error err = { 0 };
    mw_weights *w;

    if (mw_weights_parse(&w, zip, n_zip, "fuzz", &err) != MW_OK) {
        if (w || !*err.reason || !strstr(err.message, "fuzz")) abort();
    } else {
        for (size_t i = 0; i < mw_weights_count(w); i++)
            read_all(mw_weights_at(w, i));
    }
    mw_weights_close(&w);
    free(zip);
    return 0;
}
