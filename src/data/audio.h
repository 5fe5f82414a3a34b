/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_audio: a sound in float32 with where it came from.
 */
#ifndef MW_DATA_AUDIO_H
#define MW_DATA_AUDIO_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

/* x [n] mono samples, nominally [-1, 1], finite; owned. source_*: what the file held before mixing
 * down and resampling. cap: room in x where an array is used again, samples. */
typedef struct mw_audio {
    float *x;
    size_t n, cap;
    int rate_hz;
    int source_rate_hz, source_channels;
    int64_t source_n; /* frames at source_rate_hz */
    double start_s;   /* when x begins on the clock of a container; 0 for plain sound files */
    char codec[32];
} mw_audio;

/* Free the samples and clear the struct. */
void mw_audio_clear(mw_audio *a);

#endif
