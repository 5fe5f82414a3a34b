/* SPDX-License-Identifier: Apache-2.0 */
#include "synth/noise.h"

#include <math.h>

#include "base/fmath.h"
#include "base/rng.h"

#define NOTE_S   0.5
#define PARTIALS 6
#define TARGET   0.1 /* root mean square */
#define LIMIT    0.9

/* Add a tone that decays: partials of falling strength, a short attack. */
static void add_tone(float *x, size_t n, size_t from, double hz, double strength, double decay_s,
                     int rate_hz)
{
    const size_t length = (size_t)(4 * decay_s * rate_hz);

    for (size_t i = 0; i < length && from + i < n; i++) {
        const double t = (double)i / rate_hz;
        const double attack = t < 0.01 ? t / 0.01 : 1;
        double sum = 0;

        for (int k = 1; k <= PARTIALS && k * hz < 0.45 * rate_hz; k++) {
            const double turns = k * hz * t;

            sum += mw_sin(2 * MW_PI * (turns - (double)(int64_t)turns)) / (k * k);
        }
        x[from + i] += (float)(strength * attack * mw_exp(-t / decay_s) * sum);
    }
}

/* Bring to the common level; what would stand out is cut off. */
static void settle(float *x, size_t n)
{
    double sum = 0, gain;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    gain = sum > 0 ? TARGET / sqrt(sum / (double)n) : 0;
    for (size_t i = 0; i < n; i++) {
        const double y = gain * (double)x[i];

        x[i] = (float)(y > LIMIT ? LIMIT : y < -LIMIT ? -LIMIT : y);
    }
}

void mw_synth_music(float *x, size_t n, int rate_hz, uint64_t key)
{
    /* semitones above the key note: major and minor triads, and the scale of the melody */
    static const int chords[4][3] = { { 0, 4, 7 }, { 5, 9, 12 }, { 7, 11, 14 }, { 9, 12, 16 } };
    static const int scale[] = { 0, 2, 4, 7, 9, 12, 14 };
    mw_rng r = mw_rng_from_key(key);
    const double base_hz = mw_rng_uniform(&r, 110, 220);
    const size_t note = (size_t)(NOTE_S * rate_hz);

    for (size_t i = 0; i < n; i++)
        x[i] = 0;
    for (size_t k = 0; k * note < n; k++) {
        const int *chord = chords[mw_rng_below(&r, 4)];
        const int step = scale[mw_rng_below(&r, sizeof scale / sizeof *scale)];

        for (int j = 0; k % 4 == 0 && j < 3; j++)
            add_tone(x, n, k * note, base_hz * mw_exp(chord[j] * MW_LN2 / 12), 0.5, 0.8, rate_hz);
        if (mw_rng_unit(&r) < 0.8)
            add_tone(x, n, k * note, 2 * base_hz * mw_exp(step * MW_LN2 / 12), 0.6, 0.25, rate_hz);
    }
    settle(x, n);
}

void mw_synth_environment(float *x, size_t n, int rate_hz, uint64_t key)
{
    mw_rng r = mw_rng_from_key(key);
    const double hum_hz = mw_rng_unit(&r) < 0.5 ? 50 : 60;
    const double leak = 1 - 2 * MW_PI * 60 / rate_hz; /* rumble: integrated noise, corner 60 Hz */
    double rumble = 0, level = 1, goal = 1;

    for (size_t i = 0; i < n; i++) {
        const double turns = hum_hz * (double)i / rate_hz;
        const double phase = 2 * MW_PI * (turns - (double)(int64_t)turns);
        const double white = mw_rng_uniform(&r, -1, 1);

        if (i % (size_t)(rate_hz / 4) == 0) goal = mw_rng_uniform(&r, 0.3, 2);
        level += (goal - level) * 8 / rate_hz;
        rumble = leak * rumble + 0.15 * white;
        x[i] = (float)(level * (rumble + 0.08 * white) +
                       0.03 * (mw_sin(phase) + 0.5 * mw_sin(3 * phase)));
    }
    for (size_t k = 0; k < 1 + n / (size_t)rate_hz; k++) {
        const size_t from = (size_t)mw_rng_below(&r, n);
        const double decay_s = mw_rng_uniform(&r, 0.01, 0.05);
        const size_t length = (size_t)(6 * decay_s * rate_hz);

        for (size_t i = 0; i < length && from + i < n; i++)
            x[from + i] +=
                (float)(1.5 * mw_exp(-(double)i / rate_hz / decay_s) * mw_rng_uniform(&r, -1, 1));
    }
    settle(x, n);
}
