/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products with constant weights by oneDNN: y = x W^T + bias. The weights are packed once
 * into the layout that the library likes best and shared by threads, read only; a product is a
 * kernel for one number of rows, shared the same way.
 *
 * Every call runs on the calling thread alone. Numbers: tolerance (order of summation is the
 * library's); bfloat16 products are summed in float32; 8-bit ones exactly (nn/int8.h).
 */
#ifndef MW_NN_DNNL_MATMUL_H
#define MW_NN_DNNL_MATMUL_H

#include <stddef.h>

#include "merwild/status.h"

typedef enum mw_matmul_type { MW_MATMUL_F32, MW_MATMUL_BF16, MW_MATMUL_INT8 } mw_matmul_type;

typedef struct mw_packed mw_packed;
typedef struct mw_matmul mw_matmul;

/* weights [n][k], as linear layers have them, brought to type; bias [n] or NULL. Both are copied.
 * rows: a usual number of rows, for which the layout is chosen. *out is the caller's
 * (mw_packed_destroy). MW_ERR_NOMEM; MW_ERR_FORMAT "unsupported" when the library refuses, or k is
 * above MW_INT8_MAX_K. */
mw_status mw_packed_create(mw_packed **out, const float *weights, const float *bias, int n, int k,
                           mw_matmul_type type, int rows, mw_error *err);
void mw_packed_destroy(mw_packed **p);
size_t mw_packed_bytes(const mw_packed *p);
mw_matmul_type mw_packed_type(const mw_packed *p);

/* What makes numbers of an 8-bit product's sums: scale and sum of nn/int8.h, and the bias, zeros
 * where there is none; [n] each, owned by p, aligned and with room behind for a vector to be
 * loaded. */
typedef struct mw_packed_steps {
    int n;
    const float *scale, *sum, *bias;
} mw_packed_steps;
mw_packed_steps mw_packed_int8(const mw_packed *p);

/* m rows; y is float32, or bfloat16 when y_bf16; x has the type of the weights.
 * add: the product is added to what y holds. gelu: v sigmoid(1.702 v) of each sum (QuickGELU). Not
 * both. Of 8-bit weights: x is uint8_t, y int32_t, the bare sums; no add, gelu or y_bf16. */
typedef struct mw_matmul_spec {
    int m, add, gelu, y_bf16;
} mw_matmul_spec;

/* A product with weights of the size, type and layout of like, which is not kept. */
mw_status mw_matmul_create(mw_matmul **out, const mw_packed *like, const mw_matmul_spec *spec,
                           mw_error *err);
void mw_matmul_destroy(mw_matmul **m);

/* Whether the library's 8-bit products are exact on this machine: on one without the instructions
 * they may saturate. MW_ERR_RANGE "no_int8". */
mw_status mw_matmul_check_int8(mw_error *err);

/* Bytes of scratch that a call needs while it runs. */
size_t mw_matmul_scratch(const mw_matmul *m);
/* The library's name of the kernel it chose, static text. */
const char *mw_matmul_kernel(const mw_matmul *m);

/* x [m][k], y [m][n]. */
mw_status mw_matmul_run(const mw_matmul *m, const mw_packed *w, const void *x, void *y,
                        void *scratch, mw_error *err);

#endif
