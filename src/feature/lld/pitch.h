/* SPDX-License-Identifier: Apache-2.0
 *
 * Pitch: candidates of a frame, their tracking, and what is measured along the track (C5.6, C6,
 * C7, E5 of the descriptors' specification). Scalar, one frame at a time, in time order.
 */
#ifndef MW_FEATURE_LLD_PITCH_H
#define MW_FEATURE_LLD_PITCH_H

#include <stddef.h>
#include <stdint.h>

#include "feature/lld/kernels.h"

#define LLD_CANDIDATES LLD_PEAKS
#define LLD_TRACK_MAX  40 /* longest undecided stretch, frames */

/* What differs between the two sets. */
typedef struct lld_pitch_par {
    float min_hz, max_hz;
    int track_len;       /* frames after which the oldest is decided */
    double search_range; /* of the period, relative */
} lld_pitch_par;

extern const lld_pitch_par lld_pitch_egemaps, lld_pitch_compare;

typedef struct lld_candidates {
    float hz[LLD_CANDIDATES], voicing[LLD_CANDIDATES];
} lld_candidates;

/* Peaks of one lane of s->shs, shared by both sets. */
typedef struct lld_peaks {
    int n;
    float hz[LLD_CANDIDATES], voicing[LLD_CANDIDATES], score[LLD_CANDIDATES];
} lld_peaks;

void lld_peaks_find(const lld_tables *t, const lld_scratch *s, size_t lane, lld_peaks *out);

/* Those inside the set's interval, the best first; missing ones are 0. */
void lld_candidates_make(const lld_peaks *p, const lld_pitch_par *par, lld_candidates *out);

/* C6: shortest paths through the candidates. */
typedef struct lld_tracker {
    int track_len, n_open;                               /* undecided frames */
    uint8_t path[LLD_CANDIDATES + 1][LLD_TRACK_MAX + 1]; /* undecided tail of each state's path */
    double cost[LLD_CANDIDATES + 1];
    double last_change;
    float prev_hz[LLD_CANDIDATES];
    int started;
} lld_tracker;

void lld_tracker_init(lld_tracker *t, const lld_pitch_par *par);

/* Next frame; states of frames that became decided go to out (room for LLD_TRACK_MAX + 1), oldest
 * first. Returns their number. */
int lld_tracker_push(lld_tracker *t, const lld_candidates *c, uint8_t *out);

/* Decide the rest. */
int lld_tracker_flush(lld_tracker *t, uint8_t *out);

/* C6.5 */
typedef struct lld_pitch {
    float hz, voicing;
} lld_pitch;

lld_pitch lld_pitch_of(const lld_candidates *c, int state, float rms60);
float lld_semitones(float hz);

/* C7: state of the period-synchronous measures of one set. */
typedef struct lld_perturb {
    size_t pos, carry, seg_max;
    float prev_period, prev_diff;      /* seconds */
    float jitter, jitter_ddp, shimmer; /* held results */
    double *seg, *cc, *prefix;         /* scratch */
    float *wave;
    size_t *start;
} lld_perturb;

typedef struct lld_perturb_out {
    float jitter, jitter_ddp, shimmer, log_hnr;
} lld_perturb_out;

int lld_perturb_init(lld_perturb *p, const lld_tables *t, const lld_pitch_par *par);
void lld_perturb_clear(lld_perturb *p);
void lld_perturb_reset(lld_perturb *p);

/* First sample that frame t may still need. */
size_t lld_perturb_needs(const lld_perturb *p, const lld_tables *t, size_t frame);

/* Frame number frame with pitch hz (0: unvoiced). x holds samples x_first .. x_end - 1. */
lld_perturb_out lld_perturb_frame(lld_perturb *p, const lld_tables *t, const lld_kernels *k,
                                  const lld_pitch_par *par, size_t frame, float hz, const float *x,
                                  size_t x_first, size_t x_end);

/* E5, on the magnitudes mag and the autocorrelation acf [bins60] of a voiced frame, formants in Hz
 * (0: missing). */
typedef struct lld_harmonics {
    float hnr_db, h1_h2_db, h1_a3_db, amplitude_db[3];
} lld_harmonics;

lld_harmonics lld_harmonics_of(const lld_tables *t, const float *mag, const float *acf, float hz,
                               const float formant_hz[3]);

/* C3: vertex of the parabola through three points, the largest point where there is none. */
void lld_vertex(const double x[3], const double y[3], double *x_top, double *y_top);

#endif
