/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/int8.h"

#include <math.h>
#include <string.h>

/* Largest magnitude; NaN when there is one that is not finite. Magnitudes are in the order of their
 * bits, which compilers find the largest of faster. */
static float reach(const float *w, size_t k)
{
    int32_t most = 0;
    float v;

    for (size_t i = 0; i < k; i++) {
        int32_t bits;

        memcpy(&bits, w + i, sizeof bits);
        bits &= 0x7fffffff;
        most = bits > most ? bits : most;
    }
    memcpy(&v, &most, sizeof v);
    return isfinite(v) ? v : NAN;
}

/* Adding 1.5 2^23 leaves the integer, rounded half to even, in the low bits. Returns the sum. */
static int32_t round_row(int8_t *q, const float *w, float to_steps, size_t k)
{
    int32_t sum = 0;

    for (size_t i = 0; i < k; i++) {
        const float t = w[i] * to_steps + 0x1.8p23f;
        int32_t bits;

        memcpy(&bits, &t, sizeof bits);
        bits -= 0x4b400000;
        q[i] = (int8_t)bits;
        sum += bits;
    }
    return sum;
}

void mw_int8_weights(int8_t *q, float *scale, float *sum, const float *weights, size_t n, size_t k)
{
    for (size_t j = 0; j < n; j++) {
        const float *w = weights + j * k;
        const float most = reach(w, k);

        if (most >= 0x1p-100f) {
            scale[j] = most / 127;
            sum[j] = (float)((double)scale[j] * round_row(q + j * k, w, 127 / most, k));
        } else {
            memset(q + j * k, 0, k);
            scale[j] = sum[j] = most >= 0 ? 0 : NAN;
        }
    }
}
