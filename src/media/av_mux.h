/* SPDX-License-Identifier: Apache-2.0
 *
 * An encoded picture and samples of sound into one file: the packets are copied with their exact
 * time stamps, the samples are stored without loss.
 */
#ifndef MW_MEDIA_AV_MUX_H
#define MW_MEDIA_AV_MUX_H

#include <stdint.h>

#include "media/video_writer.h"

/* The sound of a file to be: mono, 16 bits.
 *
 * x             [n] samples, n > 0
 * rate_hz       samples per second
 * start_samples of the file's clock when x begins, in samples, >= 0 */
typedef struct mw_mux_sound {
    const int16_t *x;
    int64_t n;
    int rate_hz;
    int64_t start_samples;
} mw_mux_sound;

/* Create path (replacing it) from all streams of the file at picture, and the sound: ALAC in MP4
 * and MOV, PCM in MKV. container: the kind that picture is of.
 *
 * Decoding gives back the n samples, no more and no fewer (but a single sample in MOV, which
 * libavformat takes for raw sound and does not read). Times of the copied streams are exact;
 * the sound starts exactly in MP4 and MOV, at the nearest millisecond in MKV. ALAC with its fixed
 * predictor: integers alone, the same bytes on every processor.
 *
 * MW_ERR_IO; MW_ERR_FORMAT (unsupported, truncated). On failure path is removed. */
mw_status mw_av_mux(const char *path, const char *picture, mw_video_container container,
                    const mw_mux_sound *sound, mw_error *err);

/* "alac" or "pcm_s16le". Static text. */
const char *mw_av_mux_codec(mw_video_container container);

#endif
