/* SPDX-License-Identifier: Apache-2.0
 *
 * Generated noise: white, pink, brown. Numbers: exact (normal deviates from a table, recursions in
 * double in a written order), so a stream key gives the same samples on every machine.
 */
#ifndef MW_CORRUPT_AUDIO_COLOUR_H
#define MW_CORRUPT_AUDIO_COLOUR_H

#include <stddef.h>
#include <stdint.h>

typedef enum mw_noise_colour { MW_COLOUR_WHITE, MW_COLOUR_PINK, MW_COLOUR_BROWN } mw_noise_colour;

/* z [n] noise of this colour at rate_hz, 1000..768000; unit variance for white, of no set level for
 * the others. Its power falls, from 20 Hz to 0.4 of the rate,
 *
 *     white  not at all
 *     pink   by 3.01 dB per octave (1/f), within 0.1 dB
 *     brown  by 6.02 dB per octave (1/f^2), within 0.35 dB from 40 Hz on; 1 dB less at 20 Hz, where
 *            its leak (corner 10 Hz) begins to flatten it */
void mw_colour_noise(float *z, size_t n, mw_noise_colour colour, int rate_hz, uint64_t stream);

#endif
