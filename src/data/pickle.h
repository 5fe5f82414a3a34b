/* SPDX-License-Identifier: Apache-2.0
 *
 * Python pickles as data. A pickle is a program for a small stack machine; this one only ever
 * builds a tree: numbers, lists, tuples and, where asked for, texts, bytes and *descriptions* of
 * calls, which nothing carries out. Every other instruction is refused by name. Files are hostile:
 * sizes, counts and stack use are bounded by the input.
 */
#ifndef MW_DATA_PICKLE_H
#define MW_DATA_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "data/track.h"

#define MW_PICKLE_MAX_FILE  ((size_t)1 << 30)
#define MW_PICKLE_MAX_NODES ((size_t)1 << 23)

typedef enum mw_pickle_kind {
    MW_PICKLE_NONE,
    MW_PICKLE_BOOL,
    MW_PICKLE_INT,
    MW_PICKLE_FLOAT,
    MW_PICKLE_LIST,
    MW_PICKLE_TUPLE,
    MW_PICKLE_DICT, /* items: key, value, key, value ... */
    MW_PICKLE_TEXT,
    MW_PICKLE_BYTES,
    MW_PICKLE_GLOBAL, /* text "module\nname" */
    MW_PICKLE_CALL,   /* items: function, argument tuple[, state[, key, value ...]] */
    MW_PICKLE_STORED  /* item: what names something outside the pickle (a persistent id) */
} mw_pickle_kind;

/* What a pickle may hold. VALUES: numbers, lists and tuples. CALLS: also text, bytes, dictionaries
 * and descriptions of calls. TORCH: also objects made by a class (kept as calls, with entries) and
 * persistent ids. */
enum { MW_PICKLE_VALUES, MW_PICKLE_CALLS, MW_PICKLE_TORCH };

/* The state of a call that has entries and no state. */
#define MW_PICKLE_NO_STATE UINT32_MAX

/* Items are node numbers and may repeat (a shared list) or even form a ring: walk to a fixed depth.
 * text points into the input, which must outlive the tree; NULL for GLOBAL made of two texts. */
typedef struct mw_pickle_node {
    mw_pickle_kind kind;
    uint32_t n, cap; /* items; of TEXT and BYTES the halves of a length, see mw_pickle_length */
    union {
        double number;
        int64_t integer; /* also BOOL */
        uint32_t *item;
        const char *text;
        uint32_t part[2]; /* GLOBAL of two TEXT nodes, n == 0 */
    } as;
} mw_pickle_node;

typedef struct mw_pickle {
    mw_pickle_node *node;
    size_t n_nodes, node_cap;
    uint32_t root;
} mw_pickle;

/* calls: MW_PICKLE_VALUES, _CALLS or _TORCH; what it does not take in is refused. name stands in
 * messages. MW_ERR_FORMAT "truncated", "refused_opcode", "bad_pickle"; MW_ERR_NOMEM. The tree is
 * empty on failure; free it with mw_pickle_clear. */
mw_status mw_pickle_parse(mw_pickle *out, const void *bytes, size_t n, int calls, const char *name,
                          mw_error *err);
void mw_pickle_clear(mw_pickle *p);

/* Whether nodes of this kind have as.item. */
int mw_pickle_has_items(mw_pickle_kind kind);

/* Bytes of a TEXT or BYTES node; arrays of 4 GiB and more occur. */
static inline size_t mw_pickle_length(const mw_pickle_node *v)
{
    return (size_t)((uint64_t)v->cap << 32 | v->n);
}
/* Whether a TEXT or BYTES node says this. */
int mw_pickle_is(const mw_pickle_node *v, const char *text);
/* The value under a key of a DICT: its node number, or -1. The last one counts. */
int64_t mw_pickle_lookup(const mw_pickle *p, uint32_t dict, const char *key);

/* The value of a number (INT, FLOAT, BOOL): 0, or -1 for another kind. */
int mw_pickle_number(const mw_pickle *p, uint32_t node, double *x);

/* Landmark files of the reference: a list over frames; each None or a list of faces; each four
 * numbers [xmin, ymin, width, height] relative to the frame. None, an empty list and a box of zeros
 * are frames without a face. Frame times are frame number / rate_hz. */
mw_status mw_pickle_to_track(mw_track *out, const void *bytes, size_t n, double rate_hz,
                             const char *name, mw_error *err);
mw_status mw_pickle_read_track(mw_track *out, const char *path, double rate_hz, mw_error *err);

/* The same layout out: protocol 2; a frame without a face holds one box of zeros. */
mw_status mw_pickle_from_track(const mw_track *t, mw_str *out, mw_error *err);
mw_status mw_pickle_write_track(const mw_track *t, const char *path, mw_error *err);

/* A numpy array of 1 to 3 dimensions, float32 (item 4) or float64 (item 8), C order, protocol 3,
 * under module names that numpy 1.x and 2.x both load. */
mw_status mw_pickle_from_array(const void *data, size_t item, const size_t *shape, int n_dims,
                               mw_str *out, mw_error *err);

/* data: bytes of the array inside the input; not aligned. */
typedef struct mw_pickle_array {
    size_t shape[3], n, item;
    int n_dims;
    const char *data;
} mw_pickle_array;

/* Recognise exactly the call that numpy writes for such an array, from any protocol. */
mw_status mw_pickle_to_array(mw_pickle_array *out, const void *bytes, size_t n, const char *name,
                             mw_error *err);

#endif
