/* SPDX-License-Identifier: Apache-2.0
 *
 * The descriptors' kernels. Each works on MW_LANES consecutive frames, one lane each; arrays are
 * [n][MW_LANES] unless stated. Numbers: fixed order within a lane, equal bits at every CPU level;
 * a lane's bits do not depend on the other lanes. C is the definition.
 */
#ifndef MW_FEATURE_LLD_KERNELS_H
#define MW_FEATURE_LLD_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "feature/lld/tables.h"

/* Raw values per frame, before smoothing: one row of the ring. */
enum {
    RAW_LOUDNESS = 0, /* also audspec_lengthL1norm */
    RAW_ALPHA,
    RAW_HAMMARBERG,
    RAW_SLOPE0,
    RAW_SLOPE500,
    RAW_FLUX5,
    RAW_MFCC, /* 14 */
    RAW_RASTA_L1 = RAW_MFCC + LLD_MFCC,
    RAW_RMS,
    RAW_RFILT,                            /* 26 */
    RAW_SPECTRAL = RAW_RFILT + LLD_BANDS, /* 15, in output order */
    RAW_ENERGY = RAW_SPECTRAL + 15,       /* mean square, for the functionals */
    RAW_FORMANT,                          /* F1 F2 F3 frequency, then their bandwidths */
    RAW_ZCR = RAW_FORMANT + 6,            /* branch 60 */
    RAW_RMS60,                            /* of the windowed 60 ms frame */
    RAW_COUNT
};

/* Scratch of one extractor, aligned. b = bins of branch 20, B = bins of branch 60. */
typedef struct lld_scratch {
    float *re, *im;            /* [nfft60 / 2] packed input */
    float *re20, *im20;        /* [b] */
    float *re60, *im60;        /* [B] */
    float *mag20, *mag_was;    /* [b] magnitudes, and those of the frame before each lane */
    float *last_mag;           /* [b], one float each: frame before the batch */
    float *mag60, *acf60;      /* [B] magnitudes, absolute autocorrelation */
    float *mel;                /* [26] */
    double *log_mel;           /* [26] */
    float *raw;                /* [RAW_COUNT] */
    float *idft;               /* [idft_n] */
    float *lpc;                /* [11] */
    double *root_re, *root_im; /* [11] */
    float *enhanced;           /* [B] */
    int32_t *flags;            /* [B] */
    double *y, *m;             /* [B] spline ordinates and second derivatives */
    float *log_spec, *shs;     /* [B] */
    double *shs_mean;          /* [1] */
} lld_scratch;

typedef struct lld_kernels {
    /* Frame of lane l: x[l * step ..], times the window, centred in nfft zeros; packed as
     * fft32.h wants it. Lanes >= n_valid are silent. */
    void (*frames)(const lld_branch *b, const float *x, size_t n_valid, float *re, float *im);
    /* sum[l] of all squares (each rounded to single) of the packed input. */
    void (*energy)(const float *re, const float *im, size_t rows, double *sum);
    void (*magnitude)(const float *re, const float *im, size_t bins, float *mag);
    void (*power)(const float *mag, size_t bins, float *power);
    void (*absolute)(float *x, size_t rows);
    /* mag20 -> mel, log_mel, raw loudness and mfcc. */
    void (*mel)(const lld_tables *t, lld_scratch *s);
    /* log_mel, already filtered over time, -> raw RASTA values. */
    void (*rasta)(const lld_tables *t, lld_scratch *s);
    /* mag20, mag_was -> raw E2 values. */
    void (*shape)(const lld_tables *t, lld_scratch *s);
    /* mag20, mag_was -> the 15 raw spectral values of ComParE. */
    void (*spectral)(const lld_tables *t, lld_scratch *s);
    /* re20, im20 -> lpc (E4.1, E4.2). */
    void (*lpc)(const lld_tables *t, lld_scratch *s);
    /* lpc -> roots of z^n - a_1 z^(n-1) - .. - a_n, n = degree; lanes with a_n = 0 are left. */
    void (*roots)(const lld_tables *t, lld_scratch *s, int degree);
    /* mag60 -> shs, shs_mean (C5.1 - C5.5). */
    void (*shs)(const lld_tables *t, lld_scratch *s);
    /* C7 5a: normalised cross-correlation of g[0, p) and g[p, 2p) for p = lo .. hi, plain sums
     * from the left; g is readable to 2 hi + 32. prefix: [hi + 1] scratch. */
    void (*xcorr)(const double *g, size_t lo, size_t hi, double *prefix, double *cc);
} lld_kernels;

extern const lld_kernels lld_kernels_c, lld_kernels_avx2, lld_kernels_avx512;

/* Those of the machine's level. */
const lld_kernels *lld_kernels_pick(void);

#endif
