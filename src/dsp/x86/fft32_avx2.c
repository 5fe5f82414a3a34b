/* SPDX-License-Identifier: Apache-2.0 */
#define MW_VL 8
#include "dsp/fft32.h"

#include "dsp/fft32_lanes.inc.h"

void mw_fft32_run_avx2(const mw_fft32 *plan, float *re, float *im, float *out_re, float *out_im)
{
    transform(plan, re, im, out_re, out_im);
}
