/* SPDX-License-Identifier: Apache-2.0
 *
 * What the readers of weight files share: the list of tensors that they fill, over bytes that they
 * check. Reached from src/nn and from tests alone; everybody else uses nn/weights.h.
 */
#ifndef MW_NN_WEIGHTS_FILE_H
#define MW_NN_WEIGHTS_FILE_H

#include "nn/weights.h"

/* A tensor and its name on the heap. Of a safetensors file also where its bytes begin and end. */
typedef struct mw_weights_entry {
    mw_tensor t;
    char *name;
    uint64_t begin, end;
} mw_weights_entry;

typedef struct mw_weights_note_pair {
    char *key, *value;
} mw_weights_note_pair;

/* bytes [n_bytes]: the whole file; mapped when it is the object's own. */
struct mw_weights {
    char *path;
    const char *kind;
    const unsigned char *bytes;
    size_t n_bytes;
    int mapped;
    mw_weights_entry *entry;
    size_t n_entries, entry_cap;
    mw_weights_note_pair *note;
    size_t n_notes, note_cap;
};

/* mw_weights_open over bytes that the caller keeps until close. name stands in messages. */
mw_status mw_weights_parse(mw_weights **out, const void *bytes, size_t n, const char *name,
                           mw_error *err);

/* The readers: fill entries and notes, in any order. On failure what is there is freed by close. */
mw_status mw_safetensors_parse(mw_weights *w, mw_error *err);
mw_status mw_torch_zip_parse(mw_weights *w, mw_error *err);
/* Whether the bytes begin like a zip. */
int mw_is_zip(const unsigned char *bytes, size_t n);

/* Add a tensor under a copy of name. Names are printed and looked up: empty ones, those over
 * MW_TENSOR_MAX_NAME bytes and those with control characters are refused. */
#define MW_TENSOR_MAX_NAME 1000
mw_status mw_weights_add(mw_weights *w, const char *name, const mw_weights_entry *e, mw_error *err);

/* Bytes of one element; 0 for MW_DTYPE_OTHER. */
size_t mw_dtype_bytes(mw_dtype t);

/* MW_ERR_FORMAT "bad_weights" naming file and, unless NULL, tensor. what: the fault, in words. */
mw_status mw_weights_bad(const mw_weights *w, const char *tensor, const char *what, mw_error *err);

#endif
