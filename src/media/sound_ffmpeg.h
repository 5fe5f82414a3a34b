/* SPDX-License-Identifier: Apache-2.0
 *
 * The sound track of containers that libsndfile does not read, frame by frame. Part of
 * mw_sound_reader.
 */
#ifndef MW_MEDIA_SOUND_FFMPEG_H
#define MW_MEDIA_SOUND_FFMPEG_H

#include "data/audio.h"

typedef struct mw_sound_av mw_sound_av;

/* Open the best sound stream of a file; channel -1: mean of all. Fills about->codec. MW_ERR_IO,
 * MW_ERR_FORMAT (no_audio, unsupported, truncated), MW_ERR_NOMEM. path is borrowed until close. */
mw_status mw_sound_av_open(mw_sound_av **out, const char *path, int channel, mw_audio *about,
                           mw_error *err);
void mw_sound_av_close(mw_sound_av **d);

/* The next samples, mixed down, at the stream's own rate: *x [*n], valid until the next call; *n is
 * 0 at the end. The first call that gives samples fills source_rate_hz and source_channels of
 * about, later ones check them. MW_ERR_FORMAT: decode_error, truncated, unsupported, no_channel. */
mw_status mw_sound_av_next(mw_sound_av *d, const float **x, size_t *n, mw_audio *about,
                           mw_error *err);

#endif
