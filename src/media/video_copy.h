/* SPDX-License-Identifier: Apache-2.0
 *
 * Copying, packet by packet, of the streams that are not re-encoded.
 */
#ifndef MW_MEDIA_VIDEO_COPY_H
#define MW_MEDIA_VIDEO_COPY_H

#include <libavformat/avformat.h>

#include "media/video_source.h"
#include "media/video_writer.h"

/* source: the reader's own, or one that reads the file a second time; in: its context. to[i] is the
 * output stream of source stream i, -1 for none. */
typedef struct mw_video_copy {
    mw_video_source *source;
    AVFormatContext *in;
    AVPacket *pkt;
    int64_t n_fetched; /* packets of copied streams */
    int held, ended;   /* pkt holds a packet for later; no more come */
    int is_mkv;
    unsigned n_streams;
    int *to;
    int64_t *last_dts;
    mw_video_copied count;
} mw_video_copy;

/* c zeroed. Shares the file of like where nothing has been read from it yet. Adds to oc a stream
 * for each source stream, in the source's order; *video receives the place of the video, whose
 * parameters the caller fills. */
mw_status mw_video_copy_open(mw_video_copy *c, AVFormatContext *oc, const mw_video_reader *like,
                             const mw_video_encoder *opts, AVStream **video, mw_error *err);
/* Every stream of the file at path, with its tags, dispositions and chapters. c zeroed. */
mw_status mw_video_copy_open_all(mw_video_copy *c, AVFormatContext *oc, const char *path,
                                 mw_error *err);
void mw_video_copy_clear(mw_video_copy *c);

/* File and stream metadata, dispositions, chapters, without what describes the old encoding. */
mw_status mw_video_copy_metadata(AVFormatContext *oc, const mw_video_copy *c,
                                 const mw_video_reader *like, mw_error *err);

/* Write all packets up to a time in ticks of tb; INT64_MAX: to the end. */
mw_status mw_video_copy_until(mw_video_copy *c, AVFormatContext *oc, int64_t ts, AVRational tb,
                              mw_error *err);

/* Side data of a stream on to another: rotation, stereo, mastering display, light level. */
mw_status mw_av_copy_side_data(AVStream *to, const AVStream *from, int everything, mw_error *err);

/* MP4's edit lists count in ticks of the movie, a millisecond by default: too coarse for audio that
 * starts between two of them. The least common multiple of all streams' clocks is exact. */
int mw_av_movie_ticks(const AVFormatContext *oc);

/* Whether a container can hold a stream. */
int mw_av_holds(const AVOutputFormat *format, const AVStream *st);

#endif
