/* SPDX-License-Identifier: Apache-2.0
 *
 * Made-up sounds for tests, and sound files written by libsndfile itself.
 */
#ifndef MW_TESTS_SOUNDS_H
#define MW_TESTS_SOUNDS_H

#include <stddef.h>
#include <stdint.h>

/* x [n]: white noise, uniform in [-level, level), of this seed. */
void fill_noise(float *x, size_t n, double level, uint64_t seed);

/* x [n] += level * sin(2 pi f t). */
void add_tone(float *x, size_t n, int rate_hz, double f_hz, double level);

/* x [n]: syllables: a tone with harmonics, four bursts a second of varying level, pauses between.
 */
void fill_speech(float *x, size_t n, int rate_hz, uint64_t seed);

/* Write interleaved x [n * channels]; format: SF_FORMAT_WAV | SF_FORMAT_PCM_16 and the like. Fails
 * the test when it cannot. */
void make_sound(const char *path, const float *x, size_t n, int rate_hz, int channels, int format);

/* A mono 16-bit WAV of n samples of fill_noise, for noise folders. */
void make_noise_wav(const char *path, size_t n, int rate_hz, double level, uint64_t seed);

/* A mono 16-bit WAV of n samples of fill_speech. */
void make_speech_wav(const char *path, size_t n, int rate_hz, uint64_t seed);

#endif
