/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening of video files with libavformat, from trusted kinds of container only, and the checks
 * that libavformat leaves out: a file that is shorter than it says.
 *
 * Everything in media/video_* quiets libav's own log (level AV_LOG_QUIET) unless the program has
 * chosen another level than libav's default: the library prints nothing by itself.
 */
#ifndef MW_MEDIA_VIDEO_DEMUX_H
#define MW_MEDIA_VIDEO_DEMUX_H

#include <libavformat/avformat.h>

#include "merwild/status.h"

/* Largest picture, pixels; sides are bounded by MW_FRAME_MAX_SIDE. */
#define MW_VIDEO_MAX_PIXELS ((int64_t)1 << 28)

void mw_av_quiet(void);

/* Like mw_fail_errno when code (an AVERROR) is a failed system call, else mw_fail with
 * MW_ERR_FORMAT and reason; appends libav's text for code. */
mw_status mw_av_fail(mw_error *err, int code, const char *reason, const char *fmt, ...)
    MW_PRINTF(4, 5);

/* "file:" before path, so that no name is taken for an option, a protocol or a pattern; mw_free.
 * NULL when memory ran out. */
char *mw_av_url(const char *path);

/* Open a regular, non-empty file of a known container. Only this file is ever opened: play lists,
 * image sequences, external tracks and other protocols are refused.
 *
 * probe  read and decode the first packets to complete what the header leaves out; otherwise that
 *        is done only for containers without a header
 *
 * MW_ERR_IO (not_found, no_permission, not_a_file, io_error), MW_ERR_FORMAT (empty_file,
 * unsupported, truncated, decode_error), MW_ERR_NOMEM. Close with avformat_close_input. */
mw_status mw_demux_open(AVFormatContext **out, const char *path, int probe, mw_error *err);

/* Index of the video stream to use, attached pictures excluded; no_video without one. */
mw_status mw_demux_video_stream(AVFormatContext *fc, int *index, mw_error *err);

/* Walk the outermost structure of an MP4/MOV or AVI file and the elements of a Matroska one:
 * MW_ERR_FORMAT: truncated when it says that it is longer than it is, or an MP4 has lost its index;
 * decode_error when elements of a Matroska file do not fit. MW_OK for other kinds. */
mw_status mw_demux_check_whole(const char *path, mw_error *err);

/* Count the pictures of the video stream without decoding: packets, less those that an edit list
 * hides. Reads the whole file once.
 *
 * Besides the errors of mw_demux_open: truncated when a packet of any stream is damaged or missing.
 * Equal to the number of decoded frames for every intact file met in tests; a decoder may still
 * disagree (use it to plan a schedule, the reader to end it). */
mw_status mw_video_count_frames(const char *path, int64_t *n_frames, mw_error *err);

#endif
