/* SPDX-License-Identifier: Apache-2.0
 *
 * What the writer borrows from a reader while it opens.
 */
#ifndef MW_MEDIA_VIDEO_READER_PRIV_H
#define MW_MEDIA_VIDEO_READER_PRIV_H

#include <libavformat/avformat.h>

#include "media/video_reader.h"
#include "media/video_source.h"

/* What its packets come from: for a writer to take those of the other streams. */
mw_video_source *mw_video_reader_source(const mw_video_reader *r);

AVFormatContext *mw_video_reader_input(const mw_video_reader *r);
AVStream *mw_video_reader_stream(const mw_video_reader *r);
const char *mw_video_reader_path(const mw_video_reader *r);

/* One kind of side data of a stream, NULL when absent; n bytes. */
const uint8_t *mw_av_side_data(const AVStream *st, enum AVPacketSideDataType type, size_t *n);

#endif
