/* SPDX-License-Identifier: Apache-2.0
 *
 * Pink noise is white noise through a cascade of first-order sections; brown noise is a leaky
 * integrator. Both run a second before the first sample, so that the result is stationary.
 */
#include "corrupt/audio/colour.h"

#include "base/fmath.h"
#include "base/normal.h"

#define BLOCK 1024

static const double two_pi = 6.283185307179586;

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

/* Power falls as 1/f on average where poles and zeros alternate at equal distances on a logarithmic
 * axis: a pole at f, a zero at 2 f, the next pole at 4 f. The highest pole lies at 0.128 of the
 * rate, the lowest below 10 Hz. What mapping a corner f to exp(-2 pi f / rate) bends below half the
 * rate, the zero of the last step straightens (found by search). */
#define MAX_SECTIONS 12

static void pink(float *z, size_t n, int rate_hz, source *s)
{
    double pole[MAX_SECTIONS], zero[MAX_SECTIONS], y[MAX_SECTIONS + 1] = { 0 };
    double corner = 0.128, last = 0; /* corner over rate; the last output of the cascade */
    int n_sections = 0;

    while (n_sections < MAX_SECTIONS && (!n_sections || corner * 4 * rate_hz >= 10)) {
        pole[n_sections] = mw_exp(-two_pi * corner);
        zero[n_sections++] = mw_exp(-two_pi * 2 * corner);
        corner /= 4;
    }
    for (size_t i = 0; i < n + (size_t)rate_hz; i++) {
        double v = pull(s);

        /* y [k]: output of the k-th section (y [0]: its input) one sample ago */
        for (int k = 0; k < n_sections; k++) {
            const double out = v - zero[k] * y[k] + pole[k] * y[k + 1];

            y[k] = v;
            v = out;
        }
        y[n_sections] = v;
        if (i >= (size_t)rate_hz) z[i - (size_t)rate_hz] = (float)(v + 0.12 * last);
        last = v;
    }
}

/* Integration by the rule of Al-Alaoui (the mean of rectangle and trapezoid, 3 : 1), which keeps
 * -6 dB per octave up to 0.4 of the rate; the leak has its corner at 10 Hz. */
static void brown(float *z, size_t n, int rate_hz, source *s)
{
    const double leak = two_pi * 10 / rate_hz;
    double y = 0, before = 0;

    for (size_t i = 0; i < n + (size_t)rate_hz; i++) {
        const double x = pull(s);

        y += leak * ((7 * x + before) / 8 - y);
        before = x;
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
