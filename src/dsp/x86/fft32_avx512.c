/* SPDX-License-Identifier: Apache-2.0 */
#define MW_VL 16
#include "dsp/fft32.h"

#include "dsp/fft32_lanes.inc.h"

void mw_fft32_run_avx512(const mw_fft32 *plan, float *re, float *im, float *out_re, float *out_im)
{
    transform(plan, re, im, out_re, out_im);
}

void mw_fft32_inverse_even_avx512(const mw_fft32 *plan, const float *p, float *re, float *im,
                                  float *out)
{
    inverse_even(plan, p, re, im, out);
}
