/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a video frame by frame into a copy of the file that the frames came from: other streams,
 * time stamps, rotation, tags stay; only the pictures are encoded anew.
 *
 * Every output byte follows from the frames, the options, the source file and the versions of
 * FFmpeg and x264: one encoder thread, no rate control that looks at time or load (H264, FFV1), no
 * date or version in the container. x264 is told to choose the same algorithms on every processor.
 * Numbers: FFV1 exact; H264 and MPEG4 tolerance class (measured per frame, see mw_video_encoder).
 */
#ifndef MW_MEDIA_VIDEO_WRITER_H
#define MW_MEDIA_VIDEO_WRITER_H

#include "data/frame.h"
#include "media/video_reader.h"

typedef struct mw_video_writer mw_video_writer;

typedef enum mw_video_codec {
    MW_VIDEO_H264, /* libx264; odd sizes as 4:4:4, since 4:2:0 H.264 knows even sizes only */
    MW_VIDEO_FFV1, /* lossless, level 3, a CRC per slice */
    MW_VIDEO_MPEG4 /* MPEG-4 part 2, as OpenCV's 'mp4v'; full-range pictures become limited */
} mw_video_codec;

typedef enum mw_video_container { MW_VIDEO_MP4, MW_VIDEO_MOV, MW_VIDEO_MKV } mw_video_container;

/* How hard H264 searches. FAST: baseline tools. SMALL: about a third fewer bytes on faces, at 2/3
 * of the speed. Both without arithmetic coding, which on noise costs three times all the rest. */
typedef enum mw_video_effort { MW_VIDEO_FAST, MW_VIDEO_SMALL } mw_video_effort;

/* codec, container   see mw_video_container_for
 * qp                 H264: constant quantiser, 1..40, default 16: above 44 dB PSNR per frame
 *                    whatever the content, noise included; key frames get 3 less
 * effort             H264
 * bit_rate           MPEG4: bits per second; 0 takes 1.5 fps W H
 * gop                frames from key frame to key frame, H264 and MPEG4; default 60 (12 in the
 *                    reference's preset); FFV1 has key frames only
 * fps_num, fps_den   0, 0 keeps the source's time stamps; else frame i is shown at i den / num s
 *                    and other streams keep theirs
 * drop_audio         leave the audio streams out */
typedef struct mw_video_encoder {
    mw_video_codec codec;
    mw_video_container container;
    mw_video_effort effort;
    int qp, gop;
    int64_t bit_rate;
    int fps_num, fps_den;
    int drop_audio;
} mw_video_encoder;

/* H264 in MP4 with the defaults above. */
mw_video_encoder mw_video_encoder_default(void);
/* What the reference writes: MPEG4 in MP4, 30 fps, GOP 12, no audio. */
mw_video_encoder mw_video_encoder_reference(void);

/* Where the frames of this reader go without losing anything: the source's own kind by its suffix
 * (.mp4 .m4v .mov .mkv) when that holds the codec and all audio codecs, else MKV. FFV1 from an MP4
 * goes to MOV, which keeps exact times, rotation and the start of the sound, as MKV written by
 * libavformat 5.1 does not. */
mw_video_container mw_video_container_for(const mw_video_reader *source, mw_video_codec codec,
                                          int drop_audio);

/* libavformat's name for it. Static text. */
const char *mw_video_muxer(mw_video_container container);

/* Suffix for an output of that container: in_path's own when it names the same container, else
 * ".mp4", ".mov", ".mkv". Static, or a part of in_path. */
const char *mw_video_suffix(mw_video_container container, const char *in_path);

/* What became of the rest of the file. n_dropped: streams that the container cannot hold (never
 * audio: that is an error). n_start_kept: audio streams in MKV that start with the encoder's own
 * delay (AAC: 1024 samples before time 0), which MP4 tells a player to skip and this MKV cannot.
 * n_dts_moved: copied packets whose time stamps ran backwards. */
typedef struct mw_video_copied {
    int n_copied, n_dropped, n_start_kept;
    int64_t n_dts_moved;
} mw_video_copied;

/* Create path (replacing it) with all streams of the file behind like. like may be closed
 * before the writer, in the same thread; the other streams are copied from its open file as frames
 * arrive, or from a second one where like has been read already or the streams lie far apart.
 *
 * MW_ERR_RANGE (options), MW_ERR_IO, MW_ERR_FORMAT with reason bad_size (FFV1), unsupported (codec,
 * size or audio codec does not fit the container; rotation cannot be kept). On failure *out is NULL
 * and path does not exist, unless it could not be opened at all.
 *
 * Time stamps: exact in MP4 and MOV. MKV as libavformat writes it counts milliseconds: there each
 * time is rounded to the nearest. Rotation, pixel aspect, colour tags, metadata, chapters, stream
 * languages and dispositions are those of the source. */
mw_status mw_video_writer_open(mw_video_writer **out, const char *path, const mw_video_reader *like,
                               const mw_video_encoder *opts, mw_error *err);

/* Encode one MW_PIX_YUV420P frame of the source's size and range; f is read during the call only.
 * pts must increase strictly. MW_ERR_ARG; MW_ERR_IO with reason no_space, ...; truncated when the
 * streams that are copied end in damage. */
mw_status mw_video_writer_put(mw_video_writer *w, const mw_frame *f, mw_error *err);

/* H264: the next frame becomes a key frame, so that nothing of those put before is left in it.
 * Predicted from noise, a clean frame would keep a quantiser's step of it everywhere. */
void mw_video_writer_start_afresh(mw_video_writer *w);

mw_video_copied mw_video_writer_copied(const mw_video_writer *w);

/* Finish the file: all streams to their ends, index, flush. The writer is gone afterwards, whatever
 * the result; on failure the file is removed. no_frames when nothing was put. */
mw_status mw_video_writer_close(mw_video_writer **w, mw_error *err);

/* Give up: the file is removed. Accepts NULL. */
void mw_video_writer_abort(mw_video_writer **w);

#endif
