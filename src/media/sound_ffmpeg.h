/* SPDX-License-Identifier: Apache-2.0
 *
 * The sound track of containers that libsndfile does not read.
 */
#ifndef MW_MEDIA_SOUND_FFMPEG_H
#define MW_MEDIA_SOUND_FFMPEG_H

#include "media/sound.h"

/* Decode the best sound stream, mixed down, at its own rate: fills x, n, source_rate_hz,
 * source_channels, codec. Part of mw_sound_load, which checks and converts. */
mw_status mw_sound_load_ffmpeg(mw_audio *a, const char *path, const mw_sound_want *want,
                               mw_error *err);

#endif
