/* SPDX-License-Identifier: Apache-2.0
 *
 * Reader of the TFLite (flatbuffers) subset that the face detectors use: one subgraph, static
 * shapes, float32 arithmetic on float16 or float32 constants, some of them sparse. Written from the
 * published schema. The file is hostile: every offset, count and size is checked before use, and
 * what a file may ask for is capped.
 */
#ifndef MW_NN_TFLITE_H
#define MW_NN_TFLITE_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

/* Caps: bytes of a file, tensors or operators in it, elements of one tensor, elements of all
 * constants together. */
#define MW_TFL_MAX_FILE     ((size_t)64 << 20)
#define MW_TFL_MAX_TENSORS  4096
#define MW_TFL_MAX_ELEMENTS ((size_t)1 << 24)
#define MW_TFL_MAX_CONST    ((size_t)1 << 25)
#define MW_TFL_MAX_DIMS     4
#define MW_TFL_MAX_IN       8

/* Numbers of the schema's BuiltinOperator. */
typedef enum mw_tfl_code {
    MW_TFL_ADD = 0,
    MW_TFL_CONCAT = 2,
    MW_TFL_CONV = 3,
    MW_TFL_DEPTHWISE = 4,
    MW_TFL_DEPTH_TO_SPACE = 5,
    MW_TFL_DEQUANTIZE = 6,
    MW_TFL_MAX_POOL = 17,
    MW_TFL_RELU = 19,
    MW_TFL_RESHAPE = 22,
    MW_TFL_RESIZE_BILINEAR = 23,
    MW_TFL_PAD = 34,
    MW_TFL_PRELU = 54,
    MW_TFL_DENSIFY = 124
} mw_tfl_code;

typedef enum mw_tfl_type { MW_TFL_F32 = 0, MW_TFL_F16 = 1, MW_TFL_I32 = 2 } mw_tfl_type;

/* dim   [n_dims] all > 0; n is their product
 * f32   [n] constant widened to float32, NULL for activations and integers
 * i32   [n] integer constant, NULL otherwise */
typedef struct mw_tfl_tensor {
    int n_dims;
    int dim[MW_TFL_MAX_DIMS];
    size_t n;
    mw_tfl_type type;
    float *f32;
    int32_t *i32;
} mw_tfl_tensor;

/* One live operator (DEQUANTIZE and DENSIFY of constants are already carried out and left out).
 * in, out    tensor numbers; in may be -1 (none)
 * position   place in the file's own operator list */
typedef struct mw_tfl_op {
    mw_tfl_code code;
    int position;
    int n_in, n_out;
    int in[MW_TFL_MAX_IN];
    int out;
    int same_padding; /* 1 SAME, 0 VALID */
    int stride_w, stride_h, kernel_w, kernel_h, dilation_w, dilation_h;
    int relu; /* fused activation: 0 or 1 */
    int multiplier, axis, block;
    int align_corners, half_pixel;
} mw_tfl_op;

typedef struct mw_tflite {
    mw_tfl_tensor *tensor;
    size_t n_tensors;
    mw_tfl_op *op;
    size_t n_ops;
    int input; /* the one input */
    int output[8];
    size_t n_outputs;
} mw_tflite;

/* Parse n bytes; name stands in messages. *out is the caller's (mw_tflite_destroy), NULL on
 * failure. MW_ERR_FORMAT ("truncated", "bad_offset", "bad_model", "unsupported"), MW_ERR_NOMEM. */
mw_status mw_tflite_parse(mw_tflite **out, const void *bytes, size_t n, const char *name,
                          mw_error *err);

/* Free, and write NULL; accepts NULL and half-built models. */
void mw_tflite_destroy(mw_tflite **m);

/* IEEE half to float, exact. */
float mw_half_to_float(uint16_t h);

#endif
