/* SPDX-License-Identifier: Apache-2.0
 *
 * A loaded image tower, as load.c makes it and tower.c uses it. Reached from src/feature/vit and
 * from tests and benchmarks alone; everybody else uses feature/vit/vit.h.
 */
#ifndef MW_FEATURE_VIT_NET_H
#define MW_FEATURE_VIT_NET_H

#include "feature/vit/vit.h"
#include "nn/dnnl_matmul.h"

/* Pictures that go through the tower together; larger batches are cut. Chosen so that weights are
 * read once for many rows and the rows stay near the processor. */
enum { MW_VIT_CHUNK = 8 };

/* weight, then bias, [width] each */
typedef struct mw_vit_norm {
    float *weight, *bias;
} mw_vit_norm;

/* in: queries, keys, values [3 width] of all tokens. In the last layer keys and values [2 width],
 * and query apart: of that layer only the class token is wanted. Queries are already divided by the
 * square root of the head's size. */
typedef struct mw_vit_layer {
    mw_vit_norm norm1, norm2;
    mw_packed *in, *query, *out, *fc1, *fc2;
} mw_vit_layer;

struct mw_vit_net {
    mw_vit_info info;
    mw_matmul_type type; /* of the products of the layers and the patches */
    mw_packed *patch, *proj;
    float *proj_rows;   /* [width][columns] instead of proj with 8 bits */
    float *class_token; /* [width] with its position added */
    float *position;    /* [tokens][width] */
    mw_vit_norm before, after;
    mw_vit_layer *layer;
};

/* mw_vit_net_load with another number of heads than width / 64 (0: that). */
mw_status mw_vit_net_load_heads(mw_vit_net **out, const char *path, mw_vit_precision precision,
                                int heads, mw_error *err);

#endif
