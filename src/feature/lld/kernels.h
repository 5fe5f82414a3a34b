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

#define LLD_PEAKS 6 /* pitch candidates of a frame */

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

/* Arrays of one extractor, each [rows][MW_LANES]: X(type, name, rows for tables t).
 *
 *   re im            packed input of a transform
 *   re20 im20 re60 im60   its output
 *   mag20 mag_was    magnitudes of branch 20, and those of the frame before each lane
 *   mag60 acf60      magnitudes of branch 60, absolute autocorrelation
 *   mel log_mel      band powers, logarithm of what is heard of them
 *   raw              values per frame, RAW_..
 *   idft lpc root_re root_im   signal at 11 kHz, coefficients, roots
 *   enhanced flags y m log_spec shs shs_mean   stages of the subharmonic summation; y, m: ordinates
 *                    and second derivatives of the spline
 *   peak peak_at     the largest local maxima of shs, descending (0: none), and their places
 */
/* clang-format off */
#define LLD_SCRATCH(X)                  \
    X(float, re, t->b60.nfft / 2)       \
    X(float, im, t->b60.nfft / 2)       \
    X(float, re20, t->b20.bins)         \
    X(float, im20, t->b20.bins)         \
    X(float, re60, t->b60.bins)         \
    X(float, im60, t->b60.bins)         \
    X(float, mag20, t->b20.bins)        \
    X(float, mag_was, t->b20.bins)      \
    X(float, mag60, t->b60.bins)        \
    X(float, acf60, t->b60.bins)        \
    X(float, mel, LLD_BANDS)            \
    X(double, log_mel, LLD_BANDS)       \
    X(float, raw, RAW_COUNT)            \
    X(float, idft, t->idft_n)           \
    X(float, lpc, LLD_LPC)              \
    X(double, root_re, LLD_LPC)         \
    X(double, root_im, LLD_LPC)         \
    X(float, enhanced, t->b60.bins)     \
    X(int32_t, flags, t->b60.bins)      \
    X(double, y, t->b60.bins)           \
    X(double, m, t->b60.bins)           \
    X(float, log_spec, t->b60.bins)     \
    X(float, shs, t->b60.bins)          \
    X(double, shs_mean, 1)              \
    X(float, peak, LLD_PEAKS)           \
    X(int32_t, peak_at, LLD_PEAKS)
/* clang-format on */

typedef struct lld_scratch {
#define LLD_FIELD(type, name, rows) type *name;
    LLD_SCRATCH(LLD_FIELD)
#undef LLD_FIELD
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
    /* mag60 -> shs, shs_mean, peak, peak_at (C5.1 - C5.5, and the search of C5.6). */
    void (*shs)(const lld_tables *t, lld_scratch *s);
    /* C7 5a: normalised cross-correlation of g[0, p) and g[p, 2p) for p = lo .. hi, plain sums
     * from the left; g is readable to 2 hi + 32. prefix: [hi + 1] scratch. */
    void (*xcorr)(const double *g, size_t lo, size_t hi, double *prefix, double *cc);
} lld_kernels;

extern const lld_kernels lld_kernels_c, lld_kernels_avx2, lld_kernels_avx512;

/* Those of the machine's level. */
const lld_kernels *lld_kernels_pick(void);

#endif
