/* SPDX-License-Identifier: Apache-2.0
 *
 * One encoder, frames in, packets out, without containers. Frames are numbered inside; time stamps
 * travel beside the encoder, so that no codec's own clock limits them.
 */
#ifndef MW_MEDIA_VIDEO_ENCODE_H
#define MW_MEDIA_VIDEO_ENCODE_H

#include <libavcodec/avcodec.h>

#include "media/video_convert.h"
#include "media/video_writer.h"

/* Frames an encoder may hold back; those in use hold back none. */
#define MW_ENCODE_DELAY 64

typedef struct mw_video_encode {
    AVCodecContext *ec;
    AVFrame *view;  /* the caller's planes */
    AVFrame *other; /* converted picture, for H264 of odd size and MPEG4 of full range */
    struct SwsContext *sws;
    int key_next; /* the next frame is to be a key frame */
    int64_t n_in, n_out;
    int64_t pts[MW_ENCODE_DELAY], duration[MW_ENCODE_DELAY];
} mw_video_encode;

/* The pictures to be encoded. colour: whose colour tags go along, NULL: none. Zero rates and
 * aspects mean unknown; range as in mw_video_info. */
typedef struct mw_video_form {
    int width, height;
    int fps_num, fps_den;
    int sar_num, sar_den;
    int range;
    const AVCodecParameters *colour;
} mw_video_form;

/* e zeroed; opts checked by the caller. */
mw_status mw_video_encode_open(mw_video_encode *e, const mw_video_form *form,
                               const mw_video_encoder *opts, int global_header, mw_error *err);
void mw_video_encode_clear(mw_video_encode *e);

/* f NULL: no more frames. */
mw_status mw_video_encode_send(mw_video_encode *e, const mw_frame *f, int64_t pts, int64_t duration,
                               mw_error *err);
/* *got 0: send more, or all is out. pkt has pts, dts and duration as they were sent. */
mw_status mw_video_encode_receive(mw_video_encode *e, AVPacket *pkt, int *got, mw_error *err);

#endif
