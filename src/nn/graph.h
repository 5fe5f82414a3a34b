/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a TFLite model. A graph is compiled once per process (weights packed, primitives made) and
 * shared by threads, read only; each thread has a run of its own with the working buffers. Every
 * run computes on the calling thread alone.
 *
 * Numbers: tolerance with oneDNN, fixed order with the other two engines; all within 1e-4 + 2e-5
 * |v| (logits) and 1e-3 (regressors) of LiteRT.
 */
#ifndef MW_NN_GRAPH_H
#define MW_NN_GRAPH_H

#include "nn/tflite.h"

typedef enum mw_graph_engine {
    MW_GRAPH_BEST,   /* planar where it knows the model and the CPU can fuse, else oneDNN */
    MW_GRAPH_DNNL,   /* any model of the subset */
    MW_GRAPH_PLANAR, /* own kernels that use the sparsity of weights: the detectors */
    MW_GRAPH_PLAIN   /* C loops, far slower: the definition, for tests */
} mw_graph_engine;

typedef struct mw_graph mw_graph;
typedef struct mw_graph_run mw_graph_run;

/* Takes over the model (*model becomes NULL), also on failure. inspect 1 keeps every tensor that is
 * not folded away, and folds nothing with the plain engine. */
mw_status mw_graph_compile(mw_graph **out, mw_tflite **model, mw_graph_engine engine, int inspect,
                           mw_error *err);
void mw_graph_destroy(mw_graph **g);
const mw_tflite *mw_graph_model(const mw_graph *g);

/* The graph is borrowed and must outlive the run. */
mw_status mw_graph_run_create(mw_graph_run **out, const mw_graph *g, mw_error *err);
void mw_graph_run_destroy(mw_graph_run **r);

/* Before each mw_graph_execute: samples [height][width][channels], (float)byte * scale + offset. */
void mw_graph_input(mw_graph_run *r, const uint8_t *bytes, float scale, float offset);
mw_status mw_graph_execute(mw_graph_run *r, mw_error *err);

/* Output i < model's n_outputs; valid until the next execution. */
const float *mw_graph_output(const mw_graph_run *r, size_t i);

/* Copy any tensor of an inspected graph as [height][width][channels]; -1 when it was folded away.
 */
int mw_graph_copy(const mw_graph_run *r, size_t i, float *out);

#endif
