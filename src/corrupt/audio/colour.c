/* SPDX-License-Identifier: Apache-2.0
 *
 * Pink noise is white noise through a sum of first-order low-passes, one per octave, whose powers
 * add up to a slope of -3 dB per octave; brown noise is a leaky integrator. Both run a second
 * before the first sample, so that the result is stationary.
 */
#include "corrupt/audio/colour.h"

#include "base/normal.h"

#define BLOCK 1024

/* White deviates one block at a time. */
typedef struct source {
    float z[BLOCK];
    uint64_t stream;
    uint32_t next; /* Philox block of the next refill */
    int used;
} source;

static float pull(source *s)
{
    if (s->used == BLOCK) {
        mw_normal_fill(s->z, BLOCK, s->stream, (uint32_t[4]){ s->next });
        s->next += BLOCK / MW_NORMAL_PER_BLOCK;
        s->used = 0;
    }
    return s->z[s->used++];
}

/* Corner frequencies double from 12 Hz on; a filter of corner w (radians per sample, small) is y +=
 * w / (1 + w) (x - y). Its power is about flat below the corner and falls as 1/f^2 above; with
 * equal gains at their corners the sum falls as 1/f. */
#define N_POLES 10

static void pink(float *z, size_t n, int rate_hz, source *s)
{
    const double two_pi = 6.283185307179586;
    double share[N_POLES], gain[N_POLES], y[N_POLES] = { 0 };

    for (int k = 0; k < N_POLES; k++) {
        const double w = two_pi * 12 * (double)(1 << k) / rate_hz;

        share[k] = w / (1 + w);
        gain[k] = 1;
        for (int i = 0; i < k; i++)
            gain[k] *= 0.7071067811865476; /* amplitude falls by sqrt(2) per octave */
    }
    for (size_t i = 0; i < n + (size_t)rate_hz; i++) {
        const double x = pull(s);
        double sum = 0;

        for (int k = 0; k < N_POLES; k++) {
            y[k] += share[k] * (x - y[k]);
            sum += gain[k] * y[k];
        }
        if (i >= (size_t)rate_hz) z[i - (size_t)rate_hz] = (float)sum;
    }
}

static void brown(float *z, size_t n, int rate_hz, source *s)
{
    const double leak = 6.283185307179586 * 10 / rate_hz; /* corner at 10 Hz */
    double y = 0;

    for (size_t i = 0; i < n + (size_t)rate_hz; i++) {
        y += leak * (pull(s) - y);
        if (i >= (size_t)rate_hz) z[i - (size_t)rate_hz] = (float)y;
    }
}

void mw_colour_noise(float *z, size_t n, mw_noise_colour colour, int rate_hz, uint64_t stream)
{
    source s = { .stream = stream, .used = BLOCK };

    switch (colour) {
    case MW_COLOUR_WHITE:
        mw_normal_fill(z, n, stream, (uint32_t[4]){ 0 });
        break;
    case MW_COLOUR_PINK:
        pink(z, n, rate_hz, &s);
        break;
    case MW_COLOUR_BROWN:
        brown(z, n, rate_hz, &s);
        break;
    }
}
