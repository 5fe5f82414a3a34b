/* SPDX-License-Identifier: Apache-2.0
 *
 * Two details decide the last bit of a weight, and with it ties of the 1/2048 steps: x + 3 is
 * rounded to float before the tap number is subtracted, and the sine of each tap comes from the
 * angle-difference formula around the first one.
 */
#include "img/lanczos.h"

#include <math.h>
#include <string.h>

#include "base/fmath.h"

enum { TAPS = 8, ONE = 2048 };

/* first: leftmost source index, may lie outside; weights in 1/2048. */
typedef struct tap_set {
    int32_t first;
    int16_t weight[TAPS];
} tap_set;

static void weights_of(float x, int16_t out[TAPS])
{
    static const double r = 0.70710678118654752440;
    static const double cos_i[TAPS] = { 1,  0.70710678118654752440,  0, -0.70710678118654752440,
                                        -1, -0.70710678118654752440, 0, 0.70710678118654752440 };
    const double sin_i[TAPS] = { 0, r, 1, r, 0, -r, -1, -r };
    const float x3 = x + 3.0f;
    float w[TAPS], sum = 0, scale;
    double s, c;

    mw_sincos((double)x3 * MW_PI * 0.25, &s, &c);
    for (int i = 0; i < TAPS; i++) {
        const float t = x3 - (float)i;
        const double y = (double)t * MW_PI * 0.25;

        if (fabsf(t) < 1e-6f)
            w[i] = 1e30f; /* on a sample: all weight here */
        else
            w[i] = (float)((i & 1 ? 1 : -1) * (cos_i[i] * s - sin_i[i] * c) / (y * y));
        sum += w[i];
    }
    scale = 1.0f / sum;
    for (int i = 0; i < TAPS; i++)
        out[i] = (int16_t)rintf(w[i] * scale * (float)ONE);
}

static tap_set taps_of(int d, int n_src, int n_dst)
{
    const double scale = 1.0 / ((double)n_dst / n_src);
    const float f = (float)((d + 0.5) * scale - 0.5);
    const float s = floorf(f);
    tap_set t = { .first = (int32_t)s - 3 };

    weights_of(f - s, t.weight);
    return t;
}

static int clamp(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* One source row -> [width][channels] sums in 1/2048. */
static void filter_row(const uint8_t *src, int n_src, int channels, const tap_set *column,
                       int width, int32_t *out)
{
    for (int x = 0; x < width; x++) {
        const tap_set *t = &column[x];
        int at[TAPS];

        for (int i = 0; i < TAPS; i++)
            at[i] = clamp(t->first + i, n_src) * channels;
        for (int c = 0; c < channels; c++) {
            int32_t sum = 0;

            for (int i = 0; i < TAPS; i++)
                sum += src[at[i] + c] * t->weight[i];
            *out++ = sum;
        }
    }
}

static void mix_rows(const int32_t *const row[TAPS], const int16_t weight[TAPS], size_t n,
                     uint8_t *out)
{
    for (size_t k = 0; k < n; k++) {
        int32_t v = 0;

        for (int i = 0; i < TAPS; i++)
            v += row[i][k] * weight[i];
        v = (v + (1 << 21)) >> 22;
        out[k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

size_t mw_lanczos4_scratch(const mw_pixels *dst)
{
    const size_t w = (size_t)dst->width;

    return w * sizeof(tap_set) + TAPS * w * (size_t)dst->channels * sizeof(int32_t);
}

void mw_lanczos4(const mw_pixels *dst, const mw_pixels *src, void *scratch)
{
    const size_t n = (size_t)dst->width * (size_t)dst->channels;
    tap_set *column = scratch;
    int32_t *ring = (int32_t *)(void *)(column + dst->width);
    /* Which source row each of the eight buffers holds. */
    int held[TAPS] = { -1, -1, -1, -1, -1, -1, -1, -1 };

    if (dst->width == src->width && dst->height == src->height) {
        for (int y = 0; y < dst->height; y++)
            memcpy(dst->data + y * dst->stride, src->data + y * src->stride, n);
        return;
    }
    for (int x = 0; x < dst->width; x++)
        column[x] = taps_of(x, src->width, dst->width);
    for (int y = 0; y < dst->height; y++) {
        const tap_set t = taps_of(y, src->height, dst->height);
        const int32_t *row[TAPS];

        for (int i = 0; i < TAPS; i++) {
            const int from = clamp(t.first + i, src->height), slot = from % TAPS;

            row[i] = ring + (size_t)slot * n;
            if (held[slot] == from) continue;
            filter_row(src->data + from * src->stride, src->width, src->channels, column,
                       dst->width, ring + (size_t)slot * n);
            held[slot] = from;
        }
        mix_rows(row, t.weight, n, dst->data + y * dst->stride);
    }
}
