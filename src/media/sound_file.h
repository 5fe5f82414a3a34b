/* SPDX-License-Identifier: Apache-2.0
 *
 * A sound file open for libsndfile: how it is opened, what is checked, reading mixed down.
 */
#ifndef MW_MEDIA_SOUND_FILE_H
#define MW_MEDIA_SOUND_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <sndfile.h>

#include "merwild/status.h"

#define MW_SOUND_FILE_HEAD 4096

/* truncated: the header of a WAV, RF64, Wave64, AIFF or AU file announces more bytes than there
 * are. The struct must stay where it is while it is open. */
typedef struct mw_sound_file {
    int fd;                    /* -1: all of the file is in held */
    const unsigned char *held; /* [n_held] the first bytes of the file: head, or the caller's */
    int64_t n_held;
    int64_t at, size; /* position and length that libsndfile is told */
    SNDFILE *sf;
    SF_INFO info; /* 1 .. 64 channels */
    int truncated;
    float *raw;   /* interleaved scratch */
    int16_t *pcm; /* the same, for 16-bit samples */
    unsigned char head[MW_SOUND_FILE_HEAD];
} mw_sound_file;

/* bytes [n]: all of the file, borrowed until it is closed; NULL: it is read from path.
 *
 * MW_OK with f->sf NULL when libsndfile does not know the format. MW_ERR_IO; MW_ERR_FORMAT:
 * empty_file, truncated, unsupported. On failure f is closed. */
mw_status mw_sound_file_open(mw_sound_file *f, const char *path, const void *bytes, size_t n,
                             mw_error *err);
void mw_sound_file_close(mw_sound_file *f);

/* Up to n frames from where the file stands, mixed down to x (channel -1: mean of all); *got < n
 * only at the end. MW_ERR_FORMAT decode_error, MW_ERR_NOMEM. */
mw_status mw_sound_file_read(mw_sound_file *f, float *x, size_t n, size_t *got, int channel,
                             const char *path, mw_error *err);

/* Whether all samples x [n] that were read are finite; those of 16-bit files need no look. */
int mw_sound_file_is_finite(const mw_sound_file *f, const float *x, size_t n);

/* Whether the format's header gives the exact number of frames, so that fewer are a sign of a cut
 * file. */
int mw_sound_file_length_is_exact(const mw_sound_file *f);

/* Whether the last of the frames that such a header tells of can be read; 1 for other formats. The
 * file then stands at its end. */
int mw_sound_file_is_whole(mw_sound_file *f);

/* Name of the sample coding, libsndfile's words. */
void mw_sound_file_codec(const mw_sound_file *f, char *text, size_t size);

#endif
