/* SPDX-License-Identifier: Apache-2.0
 *
 * Sound files in: libsndfile where it reads the format (WAV, FLAC, Ogg, MP3, AIFF ...), FFmpeg for
 * the sound track of everything else. sound_reader.h reads piece by piece.
 */
#ifndef MW_MEDIA_SOUND_H
#define MW_MEDIA_SOUND_H

#include "base/str.h"
#include "data/audio.h"

typedef struct mw_sound_want {
    int rate_hz;       /* convert to this rate; 0: keep the source's */
    int channel;       /* one channel from 0, or -1: mean of all */
    double max_s;      /* refuse longer sounds */
    const void *bytes; /* [n_bytes] all of the file, read before; NULL: it is read from its path, */
    size_t n_bytes;    /* as FFmpeg does in any case. Borrowed as long as the sound is read */
} mw_sound_want;

/* Load a whole sound, mixed down and converted. out is overwritten; free with mw_audio_clear.
 *
 * MW_ERR_IO; MW_ERR_FORMAT with reason empty_file, truncated, unsupported, no_audio, empty_audio
 * (no samples), not_finite, decode_error, too_long, no_channel. Numbers: exact for integer PCM at
 * the wanted rate (value / 2^(bits - 1), channels summed in order and divided in float32, as
 * librosa); tolerance where a codec or libsoxr takes part. */
mw_status mw_sound_load(mw_audio *out, const char *path, const mw_sound_want *want, mw_error *err);

/* The same into the array of an earlier sound, or of a zeroed one; on failure it is empty. */
mw_status mw_sound_load_again(mw_audio *out, const char *path, const mw_sound_want *want,
                              mw_error *err);

/* Length, rate and channels from the header of a file that libsndfile reads; same errors. */
mw_status mw_sound_probe(mw_audio *out, const char *path, mw_error *err);

/* x [n]: mono samples from offset on (both at rate_hz), read by seeking. Samples past the end are
 * 0. The conversion of other rates starts early enough that the filter has settled. For files that
 * mw_sound_probe reads. */
mw_status mw_sound_window(float *x, int64_t n, const char *path, int64_t offset, int rate_hz,
                          mw_error *err);

#define MW_WAV_HEAD_BYTES  44
#define MW_WAV_MAX_SAMPLES ((size_t)1 << 30)

/* wav [22 + n]: a WAV file, mono, 16-bit, with libsndfile's rounding (dsp/mix.h) and the 44-byte
 * header it writes; MW_WAV_HEAD_BYTES + 2 n bytes. MW_ERR_RANGE above 2 GiB. */
mw_status mw_wav_fill(int16_t *wav, const float *x, size_t n, int rate_hz, mw_error *err);

/* The header alone: the n samples are to follow it in wav. */
mw_status mw_wav_start(int16_t *wav, size_t n, int rate_hz, mw_error *err);

/* The same file appended to s; q is scratch of n samples. */
mw_status mw_wav_put(mw_str *s, const float *x, size_t n, int rate_hz, int16_t *q, mw_error *err);

#endif
