/* SPDX-License-Identifier: Apache-2.0
 *
 * What the descriptors need to know about one sample rate: frame sizes, windows, filter banks,
 * spline and resampling coefficients. Built once, read only afterwards. Section numbers (C.., E..)
 * are those of the descriptors' specification; sizes for 16 kHz in brackets.
 */
#ifndef MW_FEATURE_LLD_TABLES_H
#define MW_FEATURE_LLD_TABLES_H

#include <stddef.h>

#include "dsp/fft32.h"
#include "merwild/status.h"

#define LLD_BANDS      26 /* mel bands */
#define LLD_MFCC       14 /* mfcc 1 .. 14 */
#define LLD_LPC        11 /* order of the linear prediction */
#define LLD_RATE_OUT   11000
#define LLD_HARMONICS  15 /* of the subharmonic summation */
#define LLD_IDFT_BLOCK 8  /* outputs of the band-limited inverse DFT made together */

/* C2.1: one analysis branch. Branch 20: 320 samples, Hamming; branch 60: 960 samples, Gauss. */
typedef struct lld_branch {
    size_t size, step, nfft, bins, left; /* left: zeros before the frame in the transform */
    double df;                           /* nominal bin spacing, Hz */
    double fft_s;                        /* nominal duration of the padded frame, s */
    float *window;                       /* [size] */
    double *freq;                        /* [bins] k * df, Hz */
    mw_fft32 *fft;
} lld_branch;

/* Bins lo .. hi with weights of the first and the last (the others 1). */
typedef struct lld_band {
    size_t lo, hi;
    double w_lo, w_hi;
} lld_band;

/* E2.4: regression of dB over frequency on a band; f is weighted frequency. */
typedef struct lld_slope {
    lld_band band;
    double *f; /* [hi - lo + 1] */
    double n, sum_f, denominator;
} lld_slope;

typedef struct lld_tables {
    unsigned rate_hz;
    double period_s;
    lld_branch b20, b60;

    /* C8 mel bank over bins mel_lo .. mel_hi - 1: bin n gives down[n] * P to band mel_band[n] - 1
     * and up[n] * P to band mel_band[n]; bands are counted from 1, 0 and 27 are dropped. */
    size_t mel_lo, mel_hi;
    unsigned char *mel_band;         /* [bins] */
    double *mel_down, *mel_up;       /* [bins] */
    float eql[LLD_BANDS];            /* equal-loudness weight */
    double log_eql[LLD_BANDS];       /* its logarithm, from double */
    double dct[LLD_MFCC][LLD_BANDS]; /* with lifter and norm */

    /* RASTA filter */
    double rasta_pole, rasta_b0, rasta_b1;

    /* E2 */
    size_t n_1000, n_2000, n_5000; /* first bins not below 1, 2 kHz; first bin above 5 kHz */
    size_t n_flux;                 /* bins below 5 kHz */
    lld_slope slope[2];

    /* lld-compare.md 8 */
    lld_band fband[2];
    double *sharpness; /* [bins] z * g */
    double sum_f, sum_f2;

    /* E4.1: cos and sin as [blocks][n_k][LLD_IDFT_BLOCK][2], k = 1 .. n_k */
    size_t idft_n, idft_k;
    float *idft;
    double start_re[LLD_LPC + 1][LLD_LPC], start_im[LLD_LPC + 1][LLD_LPC]; /* of the root search */

    /* C5 on branch 60, B = bins */
    double *spline_ih;                        /* [B] 1 / h per interval */
    double *spline_a, *spline_c, *spline_inv; /* [B] elimination */
    unsigned short *shs_interval;             /* [B] of each target point */
    double *shs_coef;                         /* [B][4] on y_j, y_j+1, M_j, M_j+1 */
    double *shs_weight;                       /* [B] auditory weight */
    size_t shs_shift[LLD_HARMONICS + 1];      /* by harmonic number */
    float shs_scale[LLD_HARMONICS + 1];
    float shs_lo, shs_step;
} lld_tables;

#define LLD_RATE_MIN 8000
#define LLD_RATE_MAX 48000

/* MW_ERR_RANGE for a rate outside the interval, MW_ERR_NOMEM. */
mw_status lld_tables_create(lld_tables **out, unsigned rate_hz, mw_error *err);
void lld_tables_destroy(lld_tables **t);

/* Complete frames of branch b among n samples. */
size_t lld_frame_count(const lld_branch *b, size_t n);

#endif
