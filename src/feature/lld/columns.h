/* SPDX-License-Identifier: Apache-2.0
 *
 * The columns of both sets: one line each with name, unit and where its raw value comes from.
 */
#ifndef MW_FEATURE_LLD_COLUMNS_H
#define MW_FEATURE_LLD_COLUMNS_H

#include <stddef.h>

#define LLD_N_EGEMAPS 25
#define LLD_N_COMPARE 65
#define LLD_N_COLUMNS (LLD_N_EGEMAPS + LLD_N_COMPARE)

/* Streams of raw rows; they end differently (C4.3, C4.4). */
typedef enum lld_stream {
    LLD_FRAME,   /* 20 ms frames: scratch raw values */
    LLD_FRAME60, /* 60 ms frames: same row, ends earlier */
    LLD_TRACK_E, /* along the pitch track of eGeMAPS */
    LLD_TRACK_C, /* along that of ComParE, end seen twice */
    LLD_PITCH_C  /* the same rows, plain end */
} lld_stream;

/* Places in a row along the eGeMAPS track; formants follow as frequency, bandwidth, amplitude. */
enum {
    TRK_SEMITONES,
    TRK_JITTER,
    TRK_SHIMMER_DB,
    TRK_HNR,
    TRK_H1_H2,
    TRK_H1_A3,
    TRK_F1,
    TRK_E_COUNT = TRK_F1 + 9
};
/* Places in a row along the ComParE track. */
enum {
    TRK_F0,
    TRK_VOICING,
    TRK_C_JITTER,
    TRK_C_JITTER_DDP,
    TRK_C_SHIMMER,
    TRK_C_LOG_HNR,
    TRK_C_COUNT
};

typedef struct lld_column {
    const char *name, *unit;
    lld_stream stream;
    int raw;     /* place in the stream's row */
    int nonzero; /* smoothing over the non-zero values only */
} lld_column;

/* eGeMAPS columns 0 .. 24, then ComParE 0 .. 64. */
extern const lld_column lld_columns[LLD_N_COLUMNS];

#define LLD_N_FUNCTIONALS 88
extern const char *const lld_functional_names[LLD_N_FUNCTIONALS];

#endif
