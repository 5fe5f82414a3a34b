/* SPDX-License-Identifier: Apache-2.0
 *
 * Adding scaled noise, and the step to 16-bit samples.
 */
#ifndef MW_DSP_MIX_H
#define MW_DSP_MIX_H

#include <stddef.h>
#include <stdint.h>

/* y [n] = x [n] + gain * z [n], each step rounded to float32. Returns max |y|. y may be x. Numbers:
 * exact. */
float mw_mix(float *y, const float *x, const float *z, float gain, size_t n);

/* x [n] = x / divisor, element-wise. Numbers: exact. */
void mw_divide(float *x, float divisor, size_t n);

/* q [n]: 16-bit samples of x [n] by libsndfile's rule with clipping on (what soundfile.write does):
 * scale to 32 bits in float32, round half to even, keep the upper 16 bits; saturated; NaN gives
 * -32768. Numbers: exact. */
void mw_pcm16(int16_t *q, const float *x, size_t n);

#endif
