/* SPDX-License-Identifier: Apache-2.0
 *
 * Sounds to disturb the voices with, out of nothing: a little music, and the noise of a place.
 * Numbers: exact, as the rest of synth.
 */
#ifndef MW_SYNTH_NOISE_H
#define MW_SYNTH_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* x [n] at rate_hz, within [-0.9, 0.9], root mean square near 0.1: chords and a melody of harmonic
 * tones that decay, two notes a second. */
void mw_synth_music(float *x, size_t n, int rate_hz, uint64_t key);

/* The same for a place: a hum of the mains, slow rumble whose level wanders, and knocks. */
void mw_synth_environment(float *x, size_t n, int rate_hz, uint64_t key);

#endif
