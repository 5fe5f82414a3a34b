/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a TFLite model. A graph is compiled once per process (weights packed, primitives made) and
 * shared by threads, read only; each thread has a run of its own with the working buffers. Every
 * run computes on the calling thread alone.
 *
 * Numbers: tolerance with oneDNN (logits 1e-4 + 2e-5 |v|, regressors 1e-3 against LiteRT), fixed
 * order with the plain engine.
 */
#ifndef MW_NN_GRAPH_H
#define MW_NN_GRAPH_H

#include "nn/tflite.h"

typedef enum mw_graph_engine {
    MW_GRAPH_DNNL,
    MW_GRAPH_PLAIN /* C loops, far slower: the definition, for tests */
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

/* Where the input tensor is written before each mw_graph_execute, which may overwrite it. */
float *mw_graph_input(mw_graph_run *r);
mw_status mw_graph_execute(mw_graph_run *r, mw_error *err);

/* Output i < model's n_outputs; valid until the next execution. */
const float *mw_graph_output(const mw_graph_run *r, size_t i);

/* Any tensor of an inspected graph; NULL when it was folded away. */
const float *mw_graph_tensor(const mw_graph_run *r, size_t i);

#endif
