/* SPDX-License-Identifier: Apache-2.0
 *
 * CLIP's image tower (Vision Transformer; Radford et al. 2021, Dosovitskiy et al. 2021) and the
 * preparation of its input. Sizes come from the weight file, so that ViT-B/32, B/16 and L/14 load
 * alike, from Hugging Face's or OpenAI's tensor names.
 *
 * Numbers: preparation exact (Pillow's bytes, then element-wise float); tower tolerance (oneDNN).
 * An embedding does not depend on what else is in its batch beyond that tolerance. With 8 bits the
 * tower is in fixed order, all of it: products are exact, the rest are kernels of ours, so that the
 * bits of an embedding are the same on every processor that has it.
 */
#ifndef MW_FEATURE_VIT_H
#define MW_FEATURE_VIT_H

#include <stddef.h>

#include "data/frame.h"
#include "merwild/status.h"

typedef enum mw_vit_precision {
    MW_VIT_F32,
    MW_VIT_BF16, /* matrix products in bfloat16, sums in float32; refused where the CPU has none */
    MW_VIT_INT8  /* those of the layers with 8-bit weights (a step per output) and activations (a
                  * range per row), exact sums; refused where the CPU has none */
} mw_vit_precision;

/* side of the square input and of a patch in pixels; width, mlp, columns: values per token, in the
 * hidden layer, in the embedding; tokens = (side / patch)^2 + 1; n_parameters of the image tower.
 */
typedef struct mw_vit_info {
    int side, patch, width, layers, heads, mlp, columns, tokens;
    size_t n_parameters;
} mw_vit_info;

/* Weights packed for the processor: loaded once, shared by threads, read only. */
typedef struct mw_vit_net mw_vit_net;
/* Working buffers of one caller. */
typedef struct mw_vit mw_vit;

/* Read the image tower of a CLIP weight file. *out is the caller's (mw_vit_net_destroy).
 * MW_ERR_IO, MW_ERR_FORMAT "bad_weights", "no_tensor", "bad_shape", "bad_dtype", MW_ERR_RANGE
 * "no_bf16", "no_int8". */
mw_status mw_vit_net_load(mw_vit_net **out, const char *path, mw_vit_precision precision,
                          mw_error *err);
void mw_vit_net_destroy(mw_vit_net **net);
mw_vit_info mw_vit_net_info(const mw_vit_net *net);

/* Only look at the file: is it a CLIP image tower, and of what sizes. */
mw_status mw_vit_probe(mw_vit_info *out, const char *path, mw_error *err);

/* Buffers for up to max_batch pictures at a time on n_threads threads (>= 1, the caller included).
 * The net is borrowed. */
mw_status mw_vit_create(mw_vit **out, const mw_vit_net *net, size_t max_batch, int n_threads,
                        mw_error *err);
void mw_vit_destroy(mw_vit **v);

/* pixels [n][3][side][side] as mw_vit_pixels makes them; out [n][columns], not normalised.
 * n <= max_batch. */
mw_status mw_vit_run(mw_vit *v, const float *pixels, size_t n, float *out, mw_error *err);

/* One picture for the tower: rows [y0, y1) and columns [x0, x1) of an RGB24 frame (clipped by the
 * caller, not empty), shorter side brought to side by Pillow's antialiased bicubic filter, centre
 * crop, scaled, normalised. out [3][side][side]. MW_ERR_NOMEM. */
mw_status mw_vit_pixels(float *out, int side, const mw_frame *rgb, int x0, int y0, int x1, int y1,
                        mw_error *err);

#endif
