/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/mix.h"

#include <math.h>

#include "dsp/kernels.h"

float mw_mix(float *y, const float *x, const float *z, float gain, size_t n)
{
    return mw_dsp_kernels_at(mw_cpu())->mix(y, x, z, gain, n);
}

void mw_divide(float *x, float divisor, size_t n)
{
    mw_dsp_kernels_at(mw_cpu())->divide(x, divisor, n);
}

void mw_pcm16(int16_t *q, const float *x, size_t n)
{
    mw_dsp_kernels_at(mw_cpu())->pcm16(q, x, n);
}

float mw_mix_c(float *y, const float *x, const float *z, float gain, size_t n)
{
    float peak[16] = { 0 };
    size_t i = 0;

    for (; i + 16 <= n; i += 16)
        for (int k = 0; k < 16; k++) {
            const float scaled = z[i + (size_t)k] * gain;
            const float v = x[i + (size_t)k] + scaled;

            y[i + (size_t)k] = v;
            peak[k] = fabsf(v) > peak[k] ? fabsf(v) : peak[k];
        }
    for (; i < n; i++) {
        const float scaled = z[i] * gain;

        y[i] = x[i] + scaled;
        peak[0] = fabsf(y[i]) > peak[0] ? fabsf(y[i]) : peak[0];
    }
    for (int k = 1; k < 16; k++)
        peak[0] = peak[k] > peak[0] ? peak[k] : peak[0];
    return peak[0];
}

void mw_divide_c(float *x, float divisor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] / divisor;
}

void mw_pcm16_c(int16_t *q, const float *x, size_t n)
{
    /* rint(v) >> 16 equals floor(v / 65536) but for |x| < 2^-31, where rounding to 32 bits comes
     * first; rounding to nearest even by adding and subtracting 1.5 * 2^52 needs no library call.
     */
    const double magic = 6755399441055744.0;

    for (size_t i = 0; i < n; i++) {
        const float scaled = x[i] * 2147483648.0f;
        double v = scaled;

        v = v < 2147483647.0 ? v : 2147483647.0; /* NaN goes to the upper end here ... */
        v = v > -2147483648.0 ? v : -2147483648.0;
        v = scaled == scaled ? v : -2147483648.0; /* ... and to the lower one here */
        v = (v + magic) - magic;
        q[i] = (int16_t)((int32_t)v >> 16);
    }
}
