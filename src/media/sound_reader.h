/* SPDX-License-Identifier: Apache-2.0
 *
 * A sound file read piece by piece, mixed down and converted: memory does not grow with its length.
 * libsndfile where it reads the format, FFmpeg for the sound track of everything else.
 *
 *     mw_sound_reader_open -> mw_sound_reader_read until *got is 0 -> mw_sound_reader_close
 */
#ifndef MW_MEDIA_SOUND_READER_H
#define MW_MEDIA_SOUND_READER_H

#include "media/sound.h"

typedef struct mw_sound_reader mw_sound_reader;

/* The first block is decoded here, so that rate and channels are known. Errors and numbers as
 * mw_sound_load, which reads through this; *out is NULL on failure. path is copied. */
mw_status mw_sound_reader_open(mw_sound_reader **out, const char *path, const mw_sound_want *want,
                               mw_error *err);
void mw_sound_reader_close(mw_sound_reader **r);

/* Up to n > 0 samples at the wanted rate; *got < n only at the end, 0 after it. How the samples are
 * divided over calls does not change them. A failure is final. */
mw_status mw_sound_reader_read(mw_sound_reader *r, float *x, size_t n, size_t *got, mw_error *err);

/* Rates, channels, codec; n and source_n count what has been read so far; x is NULL. Valid until
 * close. */
const mw_audio *mw_sound_reader_about(const mw_sound_reader *r);

/* Samples at the wanted rate that the header announces; 0 when it does not say. It may be wrong. */
size_t mw_sound_reader_expected(const mw_sound_reader *r);

#endif
