/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns of a data set inside a pickle: numpy arrays of numbers, texts or objects, and plain
 * lists, looked at alike. Numbers are read where they lie, so that files larger than memory can be
 * mapped.
 */
#ifndef MW_DATA_PICKLE_VIEW_H
#define MW_DATA_PICKLE_VIEW_H

#include "data/pickle.h"

#define MW_PICKLE_MAX_DIMS 4

/* kind: 'f', 'i', 'u', 'b' numbers of item bytes; 'S' bytes, 'U' texts of item bytes; 'O' values of
 * the tree (also a list or tuple, of one dimension). stride in elements. */
typedef struct mw_pickle_view {
    char kind;
    int n_dims;
    size_t item, shape[MW_PICKLE_MAX_DIMS], stride[MW_PICKLE_MAX_DIMS], n;
    const char *data;     /* not aligned; NULL for 'O' */
    const uint32_t *node; /* [n] of 'O' */
    const mw_pickle *tree;
    char *own; /* behind data, where the pickle held it as a text */
} mw_pickle_view;

/* Look at a node. MW_ERR_FORMAT "bad_pickle": key, of the file called name, is no such thing.
 * Arrays of protocols 2 to 5 are known, little-endian, of 0 to 4 dimensions, in either order.
 * Free with mw_pickle_view_clear; the tree and its bytes must outlive it. */
mw_status mw_pickle_view_of(mw_pickle_view *out, const mw_pickle *p, uint32_t node, const char *key,
                            const char *name, mw_error *err);
void mw_pickle_view_clear(mw_pickle_view *v);

/* Element [i][j] of a vector (j 0) or matrix as a number: 0, or -1 where it is none. */
int mw_pickle_view_number(const mw_pickle_view *v, size_t i, size_t j, double *x);
/* As text: UTF-8, at most size - 1 bytes; -1 where it is none, too long or not UTF-8. */
int mw_pickle_view_text(const mw_pickle_view *v, size_t i, size_t j, char *text, size_t size);
/* Row [i][t] of an array of three dimensions of numbers, as float32: x [shape[2]]. */
void mw_pickle_view_row(const mw_pickle_view *v, size_t i, size_t t, float *x);

#endif
