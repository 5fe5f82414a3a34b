/* SPDX-License-Identifier: Apache-2.0
 *
 * A feature bank: for every clip, each modality's features in several variants (clean, and damaged
 * in ways that are known), with the truth of every row. The folder holds bank.json (what conditions
 * there are: pairs, or triples, of variants), label.csv (MMSA's columns) and one <clip>.bank.npz
 * per clip, in the clips' folders. Numpy reads the latter; its arrays, for modality m (a, v or t)
 * and variant number k:
 *
 *   m.t         (T,) f8      seconds, start of the row
 *   m.names     (D,) U       columns
 *   m.variants  (K,) U       names of the variants: "clean" first
 *   m.types     (K,) U       what was done: "clean", "noise.speech", "occlusion.hand" ...
 *   m.levels    (K,) f8      how much: SNR in dB, coverage, severity; NaN for clean
 *   m.k.x       (T, D) f4    features
 *   m.k.valid   (T,) u1      0: no row (padding, or dropped)
 *   m.k.rel     (T,) f4      reliability in [0, 1], 1 intact; NaN where it is not known
 */
#ifndef MW_DATA_FEATURE_BANK_H
#define MW_DATA_FEATURE_BANK_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

#define MW_BANK_SUFFIX       ".bank.npz"
#define MW_BANK_MAX_VARIANTS 256
#define MW_BANK_MAX_FILE     ((size_t)2 << 30)
#define MW_MAX_MODALITIES    3 /* in this order: a, v, t */

typedef struct mw_bank_variant {
    const char *name, *type;
    double level;
    float *x;       /* [rows][columns] */
    uint8_t *valid; /* [rows] */
    float *rel;     /* [rows] */
} mw_bank_variant;

typedef struct mw_bank_modality {
    char letter; /* 'a', 'v', 't'; 0: the clip has none */
    size_t rows, columns;
    double *t;                /* [rows] */
    const char *const *names; /* [columns]; NULL: none known */
    mw_bank_variant *variants;
    size_t n_variants;
} mw_bank_modality;

/* Everything read from a file is owned by it; what is to be written is borrowed. */
typedef struct mw_bank_clip {
    mw_bank_modality m[MW_MAX_MODALITIES];
    void *memory; /* behind the pointers of a clip that was read */
} mw_bank_clip;

/* Write, by rename; sha256 [65] and bytes of the file may be NULL. */
mw_status mw_bank_clip_write(const char *path, const mw_bank_clip *clip, char *sha256,
                             int64_t *bytes, mw_error *err);
/* MW_ERR_IO; MW_ERR_FORMAT "bad_bank" naming file and array. Non-finite features are kept. */
mw_status mw_bank_clip_read(mw_bank_clip *out, const char *path, mw_error *err);
/* The same from the bytes of a file; name stands in messages. */
mw_status mw_bank_clip_parse(mw_bank_clip *out, const void *bytes, size_t n, const char *name,
                             mw_error *err);
void mw_bank_clip_clear(mw_bank_clip *clip);
/* The variant of that name, or NULL. */
const mw_bank_variant *mw_bank_variant_find(const mw_bank_modality *m, const char *variant);

/* A cell of the evaluation: which variant of each modality stands for it. */
typedef struct mw_bank_condition {
    char id[64];    /* "A/speech/-5" */
    char block[24]; /* clean, train, valid, A, V, AV, mixed-seen, mixed-heldout */
    char variant[MW_MAX_MODALITIES][32]; /* "" : clean */
    char type[64];                       /* "noise.speech", "noise.speech+occlusion.object" */
    char axis[24];                       /* "snr_db", "coverage", "severity", "" */
    double level;                        /* on the axis; NaN when none */
    int heldout;                         /* holds a type that training never shows */
} mw_bank_condition;

/* bank.json: "schema": "merwild.bank/1", "modalities", "splits" (which conditions each split's
 * clips hold), "conditions", and what made it (encoder, descriptor sets, hashes). */
typedef struct mw_bank_index {
    mw_bank_condition *conditions;
    size_t n_conditions;
    char modalities[MW_MAX_MODALITIES + 1]; /* "av" */
    char *about;                            /* JSON object of what made it; owned; may be NULL */
} mw_bank_index;

mw_status mw_bank_index_write(const char *path, const mw_bank_index *index, mw_error *err);
mw_status mw_bank_index_read(mw_bank_index *out, const char *path, mw_error *err);
void mw_bank_index_clear(mw_bank_index *index);

#endif
