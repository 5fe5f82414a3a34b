/* SPDX-License-Identifier: Apache-2.0
 *
 * What the sources of the extractor share: its state, and the steps from samples to raw rows
 * (frames.c) and from raw rows to smoothed ones (rows.c).
 */
#ifndef MW_FEATURE_LLD_EXTRACTOR_H
#define MW_FEATURE_LLD_EXTRACTOR_H

#include "feature/lld/columns.h"
#include "feature/lld/functionals.h"
#include "feature/lld/kernels.h"
#include "feature/lld/lld.h"
#include "feature/lld/pitch.h"

/* Raw rows kept: undecided ones, one batch, and the neighbours of the next row out. */
#define RING 128

/* The pitch track of one set. */
typedef struct lld_track {
    const lld_pitch_par *par;
    lld_tracker tracker;
    lld_perturb perturb;
    lld_candidates cand[RING];
    size_t n_decided, n_early; /* frames; n_early of them before the end of the signal */
    float row[RING][TRK_E_COUNT];
} lld_track;

struct mw_lld {
    unsigned sets;
    lld_tables *t;
    const lld_kernels *k;
    lld_scratch s;
    float *last_mag;   /* [bins20] magnitudes of the last frame */
    uint8_t *crossing; /* one per sample of a batch */
    float *x;          /* samples x_first .. x_first + n_x - 1 */
    size_t x_first, n_x, x_cap;
    size_t n_frames, n_frames60; /* processed */
    float raw[RING][RAW_COUNT];
    float *mag60, *acf60; /* [RING][bins60], for the harmonics */
    double rasta_u[LLD_BANDS][4], rasta_y[LLD_BANDS];
    lld_track *egemaps, *compare;
    lld_functionals *functionals;
    double summary[LLD_N_FUNCTIONALS];
    int first_column, n_columns;
    size_t n_rows; /* smoothed rows made */
    float *out;    /* n_out rows not taken yet, from row out_at on */
    size_t out_at, n_out, out_cap;
    int finished, failed;
};

/* Raw values of the next n frames of 20 ms and n60 of 60 ms, from sample x on, into the ring; their
 * pitch peaks to peaks [n60]. */
void lld_raw_frames(mw_lld *l, const float *x, size_t n, size_t n60, lld_peaks *peaks);

/* Smooth rows up to end - 1. n, p [by lld_stream]: rows of each stream, and those that existed when
 * the end of the signal was first signalled (C4.4); LLD_NO_ROW while the signal goes on. -1 when
 * memory is short; same below. */
int lld_emit(mw_lld *l, size_t end, const size_t n[5], const size_t p[5]);

/* All rows whose right neighbour is decided. */
int lld_emit_decided(mw_lld *l);

#endif
