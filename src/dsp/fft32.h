/* SPDX-License-Identifier: Apache-2.0
 *
 * Real DFT in single precision with one written order of operations (split radix; the order of
 * T. Ooura's general purpose FFT package, as stated in the descriptors' specification, C2.5).
 * Formants depend on these bits. MW_LANES transforms run side by side, one lane each; a lane's
 * bits do not depend on the other lanes or on the CPU level.
 */
#ifndef MW_DSP_FFT32_H
#define MW_DSP_FFT32_H

#include <stddef.h>

#include "dsp/lanes.h"

/* One twiddle row of a stage; c1 s1 c3 s3 belong to index p, the d* to the mirrored index. */
typedef struct mw_fft32_row {
    float c1, s1, c3, s3, d1c, d1s, d3c, d3s;
} mw_fft32_row;

/* One stage length; rows [n / 8] straight, [n / 4] twisted, entry p at index p. */
typedef struct mw_fft32_stage {
    mw_fft32_row *straight, *twisted;
} mw_fft32_stage;

typedef struct mw_fft32 {
    size_t n;                 /* real points */
    float r45;                /* cos(pi / 4) as the tables round it */
    float *post_a, *post_b;   /* [n / 4] alpha and beta of the real post-step */
    unsigned short *reversed; /* [n / 2] bit-reversed index */
    mw_fft32_stage stage[14]; /* by log2 of the stage length in complex points */
} mw_fft32;

#define MW_FFT32_MIN 64
#define MW_FFT32_MAX 8192

/* A plan for n real points, n a power of two in [MW_FFT32_MIN, MW_FFT32_MAX]; NULL when n is not or
 * memory is short. Read only afterwards: threads may share it. */
mw_fft32 *mw_fft32_create(size_t n);
void mw_fft32_destroy(mw_fft32 **plan);

/* Transform MW_LANES signals x.
 *
 * re, im          [n/2][MW_LANES] even samples x[2j] and odd samples x[2j+1]; destroyed
 * out_re, out_im  [n/2+1][MW_LANES] sum x[j] cos(2 pi j k / n) and sum x[j] sin(2 pi j k / n)
 *
 * Numbers: fixed order, equal bits at every CPU level. */
void mw_fft32_run(const mw_fft32 *plan, float *re, float *im, float *out_re, float *out_im);

/* The inverse for a real spectrum p (imaginary parts 0), as the package's backward transform orders
 * it: n/4 times the n values whose transform is p, of which the first half is made.
 *
 * p       [n/2+1][MW_LANES]
 * re, im  [n/2][MW_LANES] scratch
 * out     [n/2+1][MW_LANES]
 *
 * Numbers: as mw_fft32_run. */
void mw_fft32_inverse_even(const mw_fft32 *plan, const float *p, float *re, float *im, float *out);

/* The kernels by level, for the calls above and the tests; the C ones are the definition. */
typedef void mw_fft32_kernel(const mw_fft32 *plan, float *re, float *im, float *out_re,
                             float *out_im);
typedef void mw_fft32_inverse_kernel(const mw_fft32 *plan, const float *p, float *re, float *im,
                                     float *out);
mw_fft32_kernel mw_fft32_run_c, mw_fft32_run_avx2, mw_fft32_run_avx512;
mw_fft32_inverse_kernel mw_fft32_inverse_even_c, mw_fft32_inverse_even_avx2,
    mw_fft32_inverse_even_avx512;

#endif
