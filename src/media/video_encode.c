/* SPDX-License-Identifier: Apache-2.0 */
#include "media/video_encode.h"

#include <string.h>

#include <libavutil/mathematics.h>

#include "base/error.h"
#include "media/video_demux.h"

static const char *const encoder_name[] = { "libx264", "ffv1", "mpeg4" };

void mw_video_encode_clear(mw_video_encode *e)
{
    avcodec_free_context(&e->ec);
    av_frame_free(&e->view);
    av_frame_free(&e->other);
    sws_freeContext(e->sws);
    e->sws = NULL;
}

/* Constant quantiser and nothing that weighs frames in floating point: no adaptive quantisation,
 * macroblock tree, weighted prediction, scene cuts or look-ahead; no B frames, hence no delay. */
static int set_h264(AVCodecContext *ec, const mw_video_encoder *opts, AVDictionary **options)
{
    static const char common[] =
        "threads=1:lookahead-threads=1:sliced-threads=0:cpu-independent=1:bframes=0:scenecut=0:"
        "aq-mode=0:mbtree=0:weightp=0:rc-lookahead=0:sync-lookahead=0:cabac=0";
    int bad = av_dict_set_int(options, "qp", opts->qp, 0) < 0;

    ec->gop_size = opts->gop;
    bad |= av_dict_set(options, "preset",
                       opts->effort == MW_VIDEO_SMALL ? "superfast" : "ultrafast", 0) < 0;
    bad |= av_dict_set(options, "x264-params", common, 0) < 0;
    return bad;
}

/* Golomb-Rice coding and the small context model: the fastest lossless choice. */
static int set_ffv1(AVCodecContext *ec, AVDictionary **options)
{
    ec->level = 3;
    ec->gop_size = 1;
    if (ec->width % 2 == 0 && ec->height % 2 == 0 && ec->width >= 8 && ec->height >= 8)
        ec->slices = 4;
    else if (ec->width <= 352 && ec->height <= 288)
        ec->slices = 1;
    else
        ec->slices = 0; /* odd sizes fit some numbers of slices alone: the encoder looks */
    return av_dict_set(options, "slicecrc", "1", 0) < 0 ||
           av_dict_set(options, "coder", "0", 0) < 0 || av_dict_set(options, "context", "0", 0) < 0;
}

/* The transforms by name, since "auto" differs from processor to processor. */
static void set_mpeg4(AVCodecContext *ec, const mw_video_encoder *opts)
{
    const double fps = av_q2d(ec->framerate);

    ec->bit_rate = opts->bit_rate ? opts->bit_rate : (int64_t)(1.5 * fps * ec->width * ec->height);
    ec->bit_rate_tolerance = (int)FFMIN(ec->bit_rate, INT32_MAX);
    ec->gop_size = opts->gop;
    ec->max_b_frames = 0;
    ec->qmin = 3;
    ec->dct_algo = FF_DCT_INT;
    ec->idct_algo = FF_IDCT_SIMPLE;
}

/* MPEG-4 stores its clock in 16 bits, so the rate is rounded to that; only rate control sees it. */
static AVRational encoder_rate(const mw_video_form *form, const mw_video_encoder *opts)
{
    AVRational fps = { opts->fps_num, opts->fps_den };

    if (!fps.num) fps = (AVRational){ form->fps_num, form->fps_den };
    if (fps.num < 1 || fps.den < 1 || av_q2d(fps) > 1000) fps = (AVRational){ 30, 1 };
    av_reduce(&fps.num, &fps.den, fps.num, fps.den, 65535);
    return fps.num < 1 ? (AVRational){ 1, 1 } : fps;
}

static void set_colour(AVCodecContext *ec, const mw_video_form *form, mw_video_codec codec)
{
    const AVCodecParameters *par = form->colour;

    if (par) {
        ec->color_primaries = par->color_primaries;
        ec->color_trc = par->color_trc;
        ec->colorspace = par->color_space == AVCOL_SPC_RGB ? AVCOL_SPC_SMPTE170M : par->color_space;
        ec->chroma_sample_location = par->chroma_location;
    }
    ec->color_range = form->range > 0    ? AVCOL_RANGE_JPEG
                      : form->range == 0 ? AVCOL_RANGE_MPEG
                                         : AVCOL_RANGE_UNSPECIFIED;
    if (codec == MW_VIDEO_MPEG4 && form->range > 0) ec->color_range = AVCOL_RANGE_MPEG;
}

static mw_status alloc_other(mw_video_encode *e, mw_error *err)
{
    e->other = av_frame_alloc();
    if (!e->other) return mw_fail_nomem(err);
    e->other->format = e->ec->pix_fmt;
    e->other->width = e->ec->width;
    e->other->height = e->ec->height;
    if (av_frame_get_buffer(e->other, 0) < 0) return mw_fail_nomem(err);
    return MW_OK;
}

static mw_status set_up(mw_video_encode *e, const mw_video_form *form, const AVCodec *codec,
                        const mw_video_encoder *opts, mw_error *err)
{
    const int is_odd = form->width & 1 || form->height & 1;
    AVCodecContext *ec = avcodec_alloc_context3(codec);

    e->ec = ec;
    e->view = av_frame_alloc();
    if (!ec || !e->view) return mw_fail_nomem(err);
    ec->width = form->width;
    ec->height = form->height;
    ec->pix_fmt = opts->codec == MW_VIDEO_H264 && is_odd ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
    ec->framerate = encoder_rate(form, opts);
    ec->time_base = av_inv_q(ec->framerate);
    ec->sample_aspect_ratio = (AVRational){ form->sar_num, form->sar_den };
    ec->thread_count = 1;
    ec->flags |= AV_CODEC_FLAG_BITEXACT;
    set_colour(ec, form, opts->codec);
    if (ec->pix_fmt != AV_PIX_FMT_YUV420P || (opts->codec == MW_VIDEO_MPEG4 && form->range > 0))
        return alloc_other(e, err);
    return MW_OK;
}

mw_status mw_video_encode_open(mw_video_encode *e, const mw_video_form *form,
                               const mw_video_encoder *opts, int global_header, mw_error *err)
{
    const char *name = encoder_name[opts->codec];
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    AVDictionary *options = NULL;
    int bad = 0, code;
    mw_status st;

    if (!codec)
        return mw_fail(err, MW_ERR_FORMAT, "unsupported", "this FFmpeg has no encoder %s", name);
    if (opts->codec == MW_VIDEO_FFV1 && (form->width < 2 || form->height < 2))
        return mw_fail(
            err, MW_ERR_FORMAT, "bad_size",
            "pictures of %d x %d: libavcodec's FFV1 gives those of one row or column back "
            "as zeros",
            form->width, form->height);
    st = set_up(e, form, codec, opts, err);
    if (st != MW_OK) return st;
    if (global_header) e->ec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (opts->codec == MW_VIDEO_H264)
        bad = set_h264(e->ec, opts, &options);
    else if (opts->codec == MW_VIDEO_FFV1)
        bad = set_ffv1(e->ec, &options);
    else
        set_mpeg4(e->ec, opts);
    code = bad ? AVERROR(ENOMEM) : avcodec_open2(e->ec, codec, &options);
    av_dict_free(&options);
    if (code < 0)
        return mw_av_fail(err, code, "unsupported", "encoder %s refuses pictures of %d x %d", name,
                          e->ec->width, e->ec->height);
    return MW_OK;
}

/* The planes are the caller's: a buffer with nothing to free keeps libavcodec from copying them. */
static void keep(void *opaque, uint8_t *data)
{
    (void)opaque;
    (void)data;
}

static mw_status view_planes(mw_video_encode *e, const mw_frame *f, mw_error *err)
{
    AVFrame *v = e->view;

    v->format = AV_PIX_FMT_YUV420P;
    v->width = f->width;
    v->height = f->height;
    for (int i = 0; i < 3; i++) {
        v->data[i] = f->plane[i];
        v->linesize[i] = (int)f->stride[i];
    }
    if (e->ec->codec_id == AV_CODEC_ID_MPEG4) return MW_OK; /* keeps pictures: let it copy */
    v->buf[0] = av_buffer_create(f->plane[0], (size_t)f->stride[0] * (size_t)f->height, keep, NULL,
                                 AV_BUFFER_FLAG_READONLY);
    return v->buf[0] ? MW_OK : mw_fail_nomem(err);
}

/* 4:2:0 to 4:4:4 by repetition: the mean of 2 x 2, taken on reading, undoes it. */
static void widen(AVFrame *dst, const mw_frame *f)
{
    for (int y = 0; y < f->height; y++)
        memcpy(dst->data[0] + (ptrdiff_t)y * dst->linesize[0], f->plane[0] + y * f->stride[0],
               (size_t)f->width);
    for (int i = 1; i < 3; i++)
        mw_chroma_repeat(dst->data[i], dst->linesize[i], f->plane[i], f->stride[i], f->width,
                         f->height);
}

static mw_status squeeze_range(mw_video_encode *e, const mw_frame *f, mw_error *err)
{
    const int *matrix = sws_getCoefficients(SWS_CS_ITU601);
    const uint8_t *plane[4] = { f->plane[0], f->plane[1], f->plane[2] };
    const int stride[4] = { (int)f->stride[0], (int)f->stride[1], (int)f->stride[2] };

    if (!e->sws) {
        e->sws = sws_getContext(f->width, f->height, AV_PIX_FMT_YUVJ420P, f->width, f->height,
                                AV_PIX_FMT_YUV420P, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT,
                                NULL, NULL, NULL);
        if (!e->sws) return mw_fail_nomem(err);
        sws_setColorspaceDetails(e->sws, matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16);
    }
    sws_scale(e->sws, plane, stride, 0, f->height, e->other->data, e->other->linesize);
    return MW_OK;
}

static mw_status make_picture(mw_video_encode *e, const mw_frame *f, AVFrame **picture,
                              mw_error *err)
{
    *picture = e->view;
    if (!e->other) return view_planes(e, f, err);
    *picture = e->other;
    if (av_frame_make_writable(e->other) < 0) return mw_fail_nomem(err);
    if (e->ec->pix_fmt == AV_PIX_FMT_YUV420P) return squeeze_range(e, f, err);
    widen(e->other, f);
    return MW_OK;
}

mw_status mw_video_encode_send(mw_video_encode *e, const mw_frame *f, int64_t pts, int64_t duration,
                               mw_error *err)
{
    AVFrame *picture = NULL;
    mw_status st = MW_OK;
    int code;

    if (f) st = make_picture(e, f, &picture, err);
    if (st != MW_OK) return st;
    if (f) {
        picture->pts = e->n_in;
        picture->color_range = e->ec->color_range;
        picture->pict_type = e->key_next ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
        e->key_next = 0;
        e->pts[e->n_in % MW_ENCODE_DELAY] = pts;
        e->duration[e->n_in % MW_ENCODE_DELAY] = duration;
        e->n_in++;
    }
    code = avcodec_send_frame(e->ec, picture);
    av_frame_unref(e->view);
    if (code < 0) return mw_av_fail(err, code, "encode_error", "encoding failed");
    return MW_OK;
}

mw_status mw_video_encode_receive(mw_video_encode *e, AVPacket *pkt, int *got, mw_error *err)
{
    const int code = avcodec_receive_packet(e->ec, pkt);

    *got = code >= 0;
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return MW_OK;
    if (code < 0) return mw_av_fail(err, code, "encode_error", "encoding failed");
    if (pkt->pts != e->n_out || e->n_in - e->n_out > MW_ENCODE_DELAY)
        return mw_fail(err, MW_ERR_FORMAT, "encode_error",
                       "the encoder changed the order of frames");
    pkt->pts = pkt->dts = e->pts[e->n_out % MW_ENCODE_DELAY];
    pkt->duration = e->duration[e->n_out % MW_ENCODE_DELAY];
    e->n_out++;
    return MW_OK;
}
