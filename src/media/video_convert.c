/* SPDX-License-Identifier: Apache-2.0 */
#include "media/video_convert.h"

#include <string.h>

#include <libavutil/pixdesc.h>

#include "base/error.h"
#include "base/mem.h"

void mw_video_convert_clear(mw_video_convert *c)
{
    if (!c) return;
    sws_freeContext(c->sws);
    mw_frame_clear(&c->own);
    c->sws = NULL;
}

static int is_rgb(enum AVPixelFormat format)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);

    return d && d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL);
}

int mw_video_range(enum AVPixelFormat format, enum AVColorRange range)
{
    switch (format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P:
        return 1;
    default:
        break;
    }
    if (is_rgb(format)) return 0;
    return range == AVCOL_RANGE_JPEG ? 1 : range == AVCOL_RANGE_MPEG ? 0 : -1;
}

void mw_chroma_repeat(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride,
                      int width, int height)
{
    for (int y = 0; y < height; y++) {
        const uint8_t *s = src + y / 2 * src_stride;
        uint8_t *d = dst + y * dst_stride;

        for (int x = 0; x < width; x++)
            d[x] = s[x / 2];
    }
}

void mw_chroma_mean(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride,
                    int width, int height)
{
    for (int y = 0; y < height; y += 2) {
        const uint8_t *a = src + y * src_stride, *b = y + 1 < height ? a + src_stride : a;
        uint8_t *d = dst + y / 2 * dst_stride;

        for (int x = 0; x < width; x += 2) {
            const int right = x + 1 < width ? x + 1 : x;

            d[x / 2] = (uint8_t)((a[x] + a[right] + b[x] + b[right] + 2) >> 2);
        }
    }
}

static void mean_of_444(mw_frame *own, const AVFrame *a)
{
    for (int y = 0; y < a->height; y++)
        memcpy(own->plane[0] + y * own->stride[0], a->data[0] + (ptrdiff_t)y * a->linesize[0],
               (size_t)a->width);
    for (int i = 1; i < 3; i++)
        mw_chroma_mean(own->plane[i], own->stride[i], a->data[i], a->linesize[i], a->width,
                       a->height);
}

/* A context for this source; ranges are set equal on both sides, so that levels stay as they are.
 */
static mw_status prepare_sws(mw_video_convert *c, const AVFrame *a, enum AVPixelFormat to,
                             mw_error *err)
{
    const int *matrix = sws_getCoefficients(SWS_CS_ITU601);
    const int full = mw_video_range((enum AVPixelFormat)a->format, a->color_range) > 0;
    const int source = is_rgb((enum AVPixelFormat)a->format) ? 1 : full;

    if (!sws_isSupportedInput((enum AVPixelFormat)a->format))
        return mw_fail(err, MW_ERR_FORMAT, "unsupported", "pixel format %s is not read",
                       av_get_pix_fmt_name((enum AVPixelFormat)a->format));
    c->sws = sws_getCachedContext(c->sws, a->width, a->height, (enum AVPixelFormat)a->format,
                                  a->width, a->height, to,
                                  SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    if (!c->sws) return mw_fail_nomem(err);
    sws_setColorspaceDetails(c->sws, matrix, source, matrix, full, 0, 1 << 16, 1 << 16);
    return MW_OK;
}

static int is_aligned(const AVFrame *a)
{
    for (int i = 0; i < 3; i++)
        if ((uintptr_t)a->data[i] % MW_MEM_ALIGN || a->linesize[i] % MW_MEM_ALIGN) return 0;
    return 1;
}

static void copy_planes(mw_frame *own, const AVFrame *a)
{
    for (int i = 0; i < 3; i++) {
        const int w = i ? (a->width + 1) / 2 : a->width, h = i ? (a->height + 1) / 2 : a->height;

        for (int y = 0; y < h; y++)
            memcpy(own->plane[i] + y * own->stride[i], a->data[i] + (ptrdiff_t)y * a->linesize[i],
                   (size_t)w);
    }
}

static mw_status scale(mw_video_convert *c, const AVFrame *a, mw_error *err)
{
    int stride[4] = { 0 };
    uint8_t *plane[4] = { 0 };
    mw_status st = prepare_sws(c, a, AV_PIX_FMT_YUV420P, err);

    if (st != MW_OK) return st;
    for (int i = 0; i < 3; i++) {
        plane[i] = c->own.plane[i];
        stride[i] = (int)c->own.stride[i];
    }
    if (sws_scale(c->sws, (const uint8_t *const *)a->data, a->linesize, 0, a->height, plane,
                  stride) != a->height)
        return mw_fail(err, MW_ERR_FORMAT, "unsupported", "a picture cannot be converted from %s",
                       av_get_pix_fmt_name((enum AVPixelFormat)a->format));
    return MW_OK;
}

mw_status mw_video_convert_frame(mw_video_convert *c, mw_frame *f, const AVFrame *a, mw_error *err)
{
    const int is_420 = a->format == AV_PIX_FMT_YUV420P || a->format == AV_PIX_FMT_YUVJ420P;
    mw_status st = MW_OK;

    if (is_420 && is_aligned(a)) {
        *f = (mw_frame){ .format = MW_PIX_YUV420P, .width = a->width, .height = a->height };
        for (int i = 0; i < 3; i++) {
            f->plane[i] = a->data[i];
            f->stride[i] = a->linesize[i];
        }
        return MW_OK;
    }
    if (!c->own.memory) st = mw_frame_alloc(&c->own, MW_PIX_YUV420P, a->width, a->height, err);
    if (st != MW_OK) return st;
    if (is_420)
        copy_planes(&c->own, a);
    else if (a->format == AV_PIX_FMT_YUV444P || a->format == AV_PIX_FMT_YUVJ444P)
        mean_of_444(&c->own, a);
    else
        st = scale(c, a, err);
    *f = c->own;
    f->memory = NULL; /* borrowed */
    return st;
}
