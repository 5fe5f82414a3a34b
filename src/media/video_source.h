/* SPDX-License-Identifier: Apache-2.0
 *
 * One open file, two takers: the reader takes the packets of the pictures, the copier all others.
 * What one of them meets on the way to its own next packet waits for the other, so that neither the
 * file nor its table of packets (1.9 MB for ten minutes in MP4) is needed twice. Each gets the same
 * packets in the same order as if it read alone. Holders of a source belong to one thread.
 */
#ifndef MW_MEDIA_VIDEO_SOURCE_H
#define MW_MEDIA_VIDEO_SOURCE_H

#include <libavformat/avformat.h>

#include "merwild/status.h"

/* Packets that wait, bytes; where pictures and sound lie further apart, the rest is given up. */
#define MW_SOURCE_MAX_BYTES ((size_t)4 << 20)

/* From mw_video_source_next: others read too far ahead; the rest must be read from a file of one's
 * own. */
#define MW_SOURCE_LOST 1

typedef enum mw_video_part { MW_PART_PICTURES, MW_PART_REST } mw_video_part;

typedef struct mw_waiting mw_waiting;

typedef struct mw_video_source {
    AVFormatContext *fc;
    int pictures; /* index of their stream; -1: there are no pictures, all is the rest */
    int n_holders, taken[2];
    int code; /* of the end or failure, once met */
    int64_t n_read;
    size_t n_bytes, max_bytes; /* waiting */
    mw_waiting *first[2], *last[2];
} mw_video_source;

/* A source of fc, with one holder that takes part. fc is its own from now on, also on failure. */
mw_status mw_video_source_make(mw_video_source **out, AVFormatContext *fc, int pictures,
                               mw_video_part part, mw_error *err);

/* Become a second holder, of the rest: the same source, or NULL when packets have been read or the
 * rest is taken. */
mw_video_source *mw_video_source_share(mw_video_source *s);

/* Let go of a part; with the last holder the file is closed. Accepts NULL. */
void mw_video_source_leave(mw_video_source **s, mw_video_part part);

/* The next packet of a part into pkt: 0, an AVERROR, or MW_SOURCE_LOST. */
int mw_video_source_next(mw_video_source *s, mw_video_part part, AVPacket *pkt);

#endif
