/* SPDX-License-Identifier: Apache-2.0
 *
 * Named tensors of a model file, memory-mapped: safetensors (Hugging Face's model.safetensors) or a
 * PyTorch zip archive (TorchScript or torch.save of a state dict, such as OpenAI's ViT-B-32.pt).
 * The file is hostile: every offset, size and name is checked before use, and the pickle inside an
 * archive is read as data; nothing named in it is ever run.
 */
#ifndef MW_NN_WEIGHTS_H
#define MW_NN_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

#define MW_TENSOR_MAX_DIMS 8

typedef enum mw_dtype {
    MW_DTYPE_F32,
    MW_DTYPE_F16,
    MW_DTYPE_BF16,
    MW_DTYPE_F64,
    MW_DTYPE_I64,
    MW_DTYPE_I32,
    MW_DTYPE_I16,
    MW_DTYPE_I8,
    MW_DTYPE_U8,
    MW_DTYPE_BOOL,
    MW_DTYPE_OTHER /* listed, never read */
} mw_dtype;

/* name and data belong to the file. data: little-endian, not aligned; element (i, j, ..) lies at
 * i stride[0] + j stride[1] + .. elements from data. stride is in elements, C order unless the
 * archive says otherwise. A scalar has n_dims 0 and n 1. */
typedef struct mw_tensor {
    const char *name;
    mw_dtype dtype;
    int n_dims;
    size_t shape[MW_TENSOR_MAX_DIMS], stride[MW_TENSOR_MAX_DIMS];
    size_t n; /* elements */
    const unsigned char *data;
} mw_tensor;

typedef struct mw_weights mw_weights;

/* Map path and read its directory. *out is the caller's (mw_weights_close), NULL on failure.
 * MW_ERR_IO; MW_ERR_FORMAT "bad_weights" naming file, tensor and reason, or what the pickle of an
 * archive is refused for ("refused_opcode", "bad_pickle", "truncated"); MW_ERR_NOMEM. Threads: the
 * object does not change after opening; any number may read it. */
mw_status mw_weights_open(mw_weights **out, const char *path, mw_error *err);
void mw_weights_close(mw_weights **w);

/* Tensors in order of name. find: NULL when there is none of that name. */
size_t mw_weights_count(const mw_weights *w);
const mw_tensor *mw_weights_at(const mw_weights *w, size_t i);
const mw_tensor *mw_weights_find(const mw_weights *w, const char *name);

/* "safetensors", "torch archive" or "TorchScript archive"; static text. */
const char *mw_weights_kind(const mw_weights *w);
/* The path it was opened with, for messages. */
const char *mw_weights_path(const mw_weights *w);
/* A value of safetensors' __metadata__, or NULL. */
const char *mw_weights_note(const mw_weights *w, const char *key);
const char *mw_dtype_name(mw_dtype t);

/* All elements in C order as float32: out [t->n]. F64 is rounded; integers and BOOL are refused.
 * MW_ERR_FORMAT "bad_dtype". */
mw_status mw_tensor_read_f32(const mw_tensor *t, float *out, mw_error *err);

/* The tensor called name, which must have exactly this shape, as float32. MW_ERR_FORMAT
 * "no_tensor", "bad_shape", "bad_dtype", naming file and tensor. expect: the same, and nothing is
 * read. */
mw_status mw_weights_expect(const mw_tensor **out, const mw_weights *w, const char *name,
                            const size_t *shape, int n_dims, mw_error *err);
mw_status mw_weights_read(const mw_weights *w, const char *name, const size_t *shape, int n_dims,
                          float *out, mw_error *err);

/* Writing safetensors: float32 tensors in the order given, header padded to 8 bytes; equal input
 * gives equal bytes. notes [n_notes] pairs of key and value for __metadata__. Temporary name,
 * flush, rename. */
typedef struct mw_tensor_out {
    const char *name;
    const float *data;
    size_t shape[MW_TENSOR_MAX_DIMS];
    int n_dims;
} mw_tensor_out;

mw_status mw_safetensors_write(const char *path, const mw_tensor_out *tensors, size_t n,
                               const char *const (*notes)[2], size_t n_notes, mw_error *err);

#endif
