/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoded pictures of any pixel format as 8-bit 4:2:0, and back to what an encoder wants.
 */
#ifndef MW_MEDIA_VIDEO_CONVERT_H
#define MW_MEDIA_VIDEO_CONVERT_H

#include <libavutil/frame.h>
#include <libswscale/swscale.h>

#include "data/frame.h"

/* Zero-initialise. */
typedef struct mw_video_convert {
    struct SwsContext *sws;
    mw_frame own; /* converted picture, made when first needed */
} mw_video_convert;

void mw_video_convert_clear(mw_video_convert *c);

/* 1 full range, 0 limited, -1 not said. RGB counts as limited, which is what it is converted to. */
int mw_video_range(enum AVPixelFormat format, enum AVColorRange range);

/* f becomes a view of a (8-bit 4:2:0 with rows on 64-byte boundaries) or of c->own. Range and time
 * stamps are the caller's matter. unsupported for formats that libswscale does not read. */
mw_status mw_video_convert_frame(mw_video_convert *c, mw_frame *f, const AVFrame *a, mw_error *err);

/* Each chroma sample of src [ceil(h/2)][ceil(w/2)] to the 2 x 2 pixels it stands for, dst [h][w];
 * and their rounded mean back. One undoes the other exactly. */
void mw_chroma_repeat(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride,
                      int width, int height);
void mw_chroma_mean(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride,
                    int width, int height);

#endif
