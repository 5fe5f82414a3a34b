/* SPDX-License-Identifier: Apache-2.0
 *
 * TFLite reader: whatever parses also plans, and runs twice to the same bits when it is small.
 */
#include <stdlib.h>
#include <string.h>

#include "nn/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MAX_WORK = 1 << 16 };

/* Elements of all tensors: an upper bound of the work per window position. */
static int is_small(const mw_tflite *m)
{
    size_t sum = 0;

    for (size_t i = 0; i < m->n_tensors; i++)
        sum += m->tensor[i].n;
    return sum < MAX_WORK && m->n_ops < 64;
}

static void run_twice(mw_tflite **m)
{
    const size_t n_in = (*m)->tensor[(*m)->input].n, n_out = (*m)->tensor[(*m)->output[0]].n;
    uint8_t *bytes = malloc(n_in);
    float *first = malloc(n_out * sizeof *first);
    mw_graph_run *r = NULL;
    mw_graph *g = NULL;

    if (!bytes || !first) abort();
    memset(bytes, 100, n_in);
    if (!mw_graph_compile(&g, m, MW_GRAPH_PLAIN, 0, NULL) && !mw_graph_run_create(&r, g, NULL))
        for (int k = 0; k < 2; k++) {
            mw_graph_input(r, bytes, 1.0f / 255, 0);
            if (mw_graph_execute(r, NULL)) break;
            if (k && memcmp(first, mw_graph_output(r, 0), n_out * sizeof *first)) abort();
            memcpy(first, mw_graph_output(r, 0), n_out * sizeof *first);
        }
    mw_graph_run_destroy(&r);
    mw_graph_destroy(&g);
    free(bytes);
    free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    mw_error err;
    mw_tflite *m;

    if (mw_tflite_parse(&m, data, n, "fuzz", &err)) return 0;
    if (is_small(m)) run_twice(&m);
    mw_tflite_destroy(&m);
    return 0;
}
