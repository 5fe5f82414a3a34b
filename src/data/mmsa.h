/* SPDX-License-Identifier: Apache-2.0
 *
 * Feature files of MMSA (aligned_50.pkl, unaligned_50.pkl, what MMSA-FET writes) and of MulT
 * (mosei_senti_data.pkl): a pickled dictionary of splits, each of columns over its clips. Read as
 * data (data/pickle.h); features stay where they lie until a clip is asked for.
 */
#ifndef MW_DATA_MMSA_H
#define MW_DATA_MMSA_H

#include "data/labels.h"
#include "data/matrix.h"
#include "data/pickle_view.h"

#define MW_MMSA_MODALITIES 3 /* audio, vision, text */

typedef struct mw_mmsa_split {
    size_t n; /* clips; 0 also where the file has no such split */
    mw_pickle_view id, raw_text, y, y_of[MW_MMSA_MODALITIES], annotation;
    mw_pickle_view feature[MW_MMSA_MODALITIES]; /* [n][rows][columns]; kind 0: none */
    mw_pickle_view length[MW_MMSA_MODALITIES];  /* [n] rows that count */
    mw_pickle_view bert;                        /* [n][3][rows of text]; [1] is a mask */
} mw_mmsa_split;

typedef struct mw_mmsa {
    mw_pickle tree;
    int is_mult;
    mw_mmsa_split split[3]; /* by mw_split */
} mw_mmsa;

/* Read the bytes of a file, which must outlive the result; name stands in messages. MW_ERR_FORMAT
 * naming the key: bad_pickle, refused_opcode, truncated; MW_ERR_NOMEM. Free with mw_mmsa_close;
 * *out must stay where it is until then. */
mw_status mw_mmsa_open(mw_mmsa *out, const void *bytes, size_t n, const char *name, mw_error *err);
void mw_mmsa_close(mw_mmsa *m);

/* Ids, text, labels and split of a clip into an empty row. MW_ERR_FORMAT "bad_name": the id cannot
 * name a file. A text that is no UTF-8, or above 64 KiB, is left out: *no_text becomes 1. */
mw_status mw_mmsa_label(const mw_mmsa *m, mw_split split, size_t i, mw_label *row, int *no_text,
                        mw_error *err);

/* Features of a clip as rows over time: the first "length" rows where the file tells lengths (one
 * row, not valid, where it tells 0), else all of them, valid where the mask of text_bert says so
 * or, without one, where any number is not 0. t is the number of the row. Numbers that are not
 * finite become 0, as MMSA makes of -inf, and are counted in *n_replaced. Free with
 * mw_matrix_clear. */
mw_status mw_mmsa_matrix(mw_matrix *out, const mw_mmsa *m, mw_split split, size_t i, int modality,
                         size_t *n_replaced, mw_error *err);

#endif
