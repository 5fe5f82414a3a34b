/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sounds.h"

#include <math.h>

#include <sndfile.h>

#include "base/rng.h"
#include "support/support.h"

static const double two_pi = 6.283185307179586;

void fill_noise(float *x, size_t n, double level, uint64_t seed)
{
    mw_rng r = mw_rng_from_key(seed);

    for (size_t i = 0; i < n; i++)
        x[i] = (float)mw_rng_uniform(&r, -level, level);
}

void add_tone(float *x, size_t n, int rate_hz, double f_hz, double level)
{
    for (size_t i = 0; i < n; i++)
        x[i] += (float)(level * sin(two_pi * f_hz * (double)i / rate_hz));
}

void fill_speech(float *x, size_t n, int rate_hz, uint64_t seed)
{
    mw_rng r = mw_rng_from_key(seed);
    const size_t period = (size_t)rate_hz / 4 + 1;

    for (size_t first = 0; first < n; first += period) {
        const double level = mw_rng_uniform(&r, 0.05, 0.3), f = mw_rng_uniform(&r, 90, 250);
        const size_t sounding = period * 7 / 10;

        for (size_t i = 0; i < period && first + i < n; i++) {
            const double t = (double)i / rate_hz;
            const double rise = i < sounding ? sin(two_pi / 2 * (double)i / (double)sounding) : 0;

            x[first + i] = (float)(level * rise *
                                   (sin(two_pi * f * t) + 0.5 * sin(two_pi * 3 * f * t + 1) +
                                    0.2 * sin(two_pi * 9 * f * t + 2)));
        }
    }
}

void make_sound(const char *path, const float *x, size_t n, int rate_hz, int channels, int format)
{
    SF_INFO info = { .samplerate = rate_hz, .channels = channels, .format = format };
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);

    if (!f) fail_msg("cannot write %s: %s", path, sf_strerror(NULL));
    sf_command(f, SFC_SET_CLIPPING, NULL, SF_TRUE);
    assert_int_equal(sf_writef_float(f, x, (sf_count_t)n), n);
    assert_int_equal(sf_close(f), 0);
}

void make_noise_wav(const char *path, size_t n, int rate_hz, double level, uint64_t seed)
{
    float *x = malloc((n + 1) * sizeof *x);

    fill_noise(x, n, level, seed);
    make_sound(path, x, n, rate_hz, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    free(x);
}

void make_speech_wav(const char *path, size_t n, int rate_hz, uint64_t seed)
{
    float *x = malloc((n + 1) * sizeof *x);

    fill_speech(x, n, rate_hz, seed);
    make_sound(path, x, n, rate_hz, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    free(x);
}
