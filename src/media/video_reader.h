/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a video frame by frame, in memory that does not depend on its length. One thread, one
 * open file per reader; distinct readers are independent.
 *
 * Numbers: exact for the codecs whose decoders are defined to the bit (H.264, HEVC, VP8, VP9, AV1,
 * FFV1); tolerance class for MPEG-4 part 2, MPEG-2 and Motion JPEG, whose inverse DCT is a choice
 * (libavcodec's "simple" one here, which is the same on every processor).
 */
#ifndef MW_MEDIA_VIDEO_READER_H
#define MW_MEDIA_VIDEO_READER_H

#include "data/frame.h"
#include "merwild/status.h"

typedef struct mw_video_reader mw_video_reader;

/* What the container and the first frames say.
 *
 * width, height       of every frame, pixels, before rotation
 * time_base_*         seconds per tick of mw_frame.pts, num / den
 * fps_*               average frame rate; 0 / 1 when unknown
 * sar_*               pixel width over height; 0 / 1 when unknown
 * n_frames_declared   by the container, 0 when it does not say; often wrong in AVI
 * start_pts           of the first frame by the container, ticks; INT64_MIN when it does not say
 * duration_s          of the video stream, else of the file; 0 when unknown
 * rotation_deg        clockwise turn to show the picture upright, 0..359; frames are not turned
 * mirrored            the display matrix also flips the picture
 * range               0: Y in 16..235, 1: Y in 0..255, -1: not said (players take it as 0)
 * reorder_frames      frames the decoder may hold back (B frames)
 * n_audio, n_other    audio streams; streams neither audio nor the video that is read */
typedef struct mw_video_info {
    int width, height;
    int time_base_num, time_base_den;
    int fps_num, fps_den;
    int sar_num, sar_den;
    int64_t n_frames_declared, start_pts;
    double duration_s;
    int rotation_deg, mirrored;
    int range;
    int reorder_frames;
    int n_audio, n_other;
    char codec[32], pixel_format[32], container[32];
} mw_video_info;

/* What reading had to guess so far. n_pts_guessed: frames without a time stamp, placed one frame
 * duration after the one before. n_pts_moved: frames whose time stamp did not lie after the one
 * before, placed one tick after it. */
typedef struct mw_video_stats {
    int64_t n_frames, n_pts_guessed, n_pts_moved;
} mw_video_stats;

/* Open the best video stream of a file (attached pictures do not count) and its decoder.
 *
 * MW_ERR_IO; MW_ERR_FORMAT with reason no_video, empty_file, truncated, unsupported (container,
 * codec, pixel format), too_large (sides above MW_FRAME_MAX_SIDE, more than 2^28 pixels);
 * MW_ERR_NOMEM. On failure *out is NULL. */
mw_status mw_video_reader_open(mw_video_reader **out, const char *path, mw_error *err);
void mw_video_reader_close(mw_video_reader **r);

/* Valid as long as the reader. */
const mw_video_info *mw_video_reader_info(const mw_video_reader *r);
mw_video_stats mw_video_reader_stats(const mw_video_reader *r);

/* The next frame in order of presentation, always MW_PIX_YUV420P; *got is 0 after the last one.
 *
 * f's planes are borrowed and READ ONLY (the decoder predicts later frames from them), valid until
 * the next call with r. They are the decoder's own for 8-bit 4:2:0; 4:4:4 of 8 bits has its chroma
 * averaged over 2 x 2 pixels; all else goes through libswscale (bicubic chroma, bit-exact mode;
 * RGB becomes BT.601 limited range). f->pts increases strictly, in ticks of the time base;
 * f->duration is the container's, 0 when unknown.
 *
 * MW_ERR_FORMAT with reason decode_error (what the decoder finds broken: nothing is concealed; a
 * codec without checksums, as H.264, may also decode damage to a valid but wrong picture) or
 * unsupported (size or range changes inside the stream); the message counts frames from 0. After an
 * error only closing is allowed. */
mw_status mw_video_reader_next(mw_video_reader *r, mw_frame *f, int *got, mw_error *err);

#endif
