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

/* z [n] noise of about unit variance (white), power falling by 3 dB (pink, within 0.5 dB from 20 Hz
 * to 0.4 of the rate) or 6 dB (brown, above 20 Hz) per octave. */
void mw_colour_noise(float *z, size_t n, mw_noise_colour colour, int rate_hz, uint64_t stream);

#endif
