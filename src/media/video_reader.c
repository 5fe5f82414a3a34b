/* SPDX-License-Identifier: Apache-2.0 */
#include "media/video_reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/ffv1_check.h"
#include "media/video_convert.h"
#include "media/video_demux.h"
#include "media/video_reader_priv.h"

struct mw_video_reader {
    mw_video_source *source;
    AVCodecContext *dc;
    AVStream *st;
    AVPacket *pkt;
    AVFrame *frame;
    mw_video_convert *convert;
    char *path;
    mw_video_info info;
    mw_video_stats stats;
    int64_t last_pts, last_duration;
    int draining;
};

const mw_video_info *mw_video_reader_info(const mw_video_reader *r)
{
    return &r->info;
}

mw_video_stats mw_video_reader_stats(const mw_video_reader *r)
{
    return r->stats;
}

mw_video_source *mw_video_reader_source(const mw_video_reader *r)
{
    return r->source;
}

AVFormatContext *mw_video_reader_input(const mw_video_reader *r)
{
    return r->source->fc;
}

AVStream *mw_video_reader_stream(const mw_video_reader *r)
{
    return r->st;
}

const char *mw_video_reader_path(const mw_video_reader *r)
{
    return r->path;
}

const uint8_t *mw_av_side_data(const AVStream *st, enum AVPacketSideDataType type, size_t *n)
{
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
    const AVPacketSideData *sd = av_packet_side_data_get(st->codecpar->coded_side_data,
                                                         st->codecpar->nb_coded_side_data, type);

    *n = sd ? sd->size : 0;
    return sd ? sd->data : NULL;
#else
    return av_stream_get_side_data(st, type, n);
#endif
}

/* libavutil gives the counterclockwise angle of the matrix; a flip shows in its determinant. */
static void read_rotation(mw_video_info *info, const AVStream *st)
{
    size_t n;
    const uint8_t *data = mw_av_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &n);
    int32_t m[9];
    double angle;

    if (!data || n < sizeof m) return;
    memcpy(m, data, sizeof m);
    angle = av_display_rotation_get(m);
    if (isnan(angle)) return;
    info->rotation_deg = ((int)lrint(-angle) % 360 + 360) % 360;
    info->mirrored = (double)m[0] * m[4] - (double)m[1] * m[3] < 0;
}

static double duration_of(const AVFormatContext *fc, const AVStream *st)
{
    if (st->duration > 0) return (double)st->duration * av_q2d(st->time_base);
    return fc->duration > 0 ? (double)fc->duration / AV_TIME_BASE : 0;
}

static void fill_info(mw_video_reader *r)
{
    const AVFormatContext *fc = r->source->fc;
    const AVStream *st = r->st;
    const AVCodecParameters *par = st->codecpar;
    const AVRational sar =
        st->sample_aspect_ratio.num ? st->sample_aspect_ratio : par->sample_aspect_ratio;
    const char *pixel_format = av_get_pix_fmt_name((enum AVPixelFormat)par->format);
    mw_video_info *info = &r->info;

    *info = (mw_video_info){
        .width = par->width,
        .height = par->height,
        .time_base_num = st->time_base.num,
        .time_base_den = st->time_base.den,
        .fps_num = st->avg_frame_rate.den > 0 ? st->avg_frame_rate.num : 0,
        .fps_den = st->avg_frame_rate.den > 0 ? st->avg_frame_rate.den : 1,
        .sar_num = sar.den > 0 ? sar.num : 0,
        .sar_den = sar.den > 0 ? sar.den : 1,
        .n_frames_declared = st->nb_frames,
        .start_pts = st->start_time == AV_NOPTS_VALUE ? INT64_MIN : st->start_time,
        .duration_s = duration_of(fc, st),
        .range = mw_video_range((enum AVPixelFormat)par->format, par->color_range),
        .reorder_frames = par->video_delay,
    };
    for (unsigned i = 0; i < fc->nb_streams; i++)
        if (fc->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
            info->n_audio++;
        else
            info->n_other += fc->streams[i] != st;
    snprintf(info->codec, sizeof info->codec, "%s", avcodec_get_name(par->codec_id));
    snprintf(info->pixel_format, sizeof info->pixel_format, "%s",
             pixel_format ? pixel_format : "unknown");
    snprintf(info->container, sizeof info->container, "%s", fc->iformat->name);
    read_rotation(info, st);
}

static mw_status check_size(const mw_video_reader *r, mw_error *err)
{
    const mw_video_info *info = &r->info;

    if (info->width < 1 || info->height < 1)
        return mw_fail(err, MW_ERR_FORMAT, "decode_error", "%s: no picture could be decoded",
                       r->path);
    if (info->width > MW_FRAME_MAX_SIDE || info->height > MW_FRAME_MAX_SIDE ||
        (int64_t)info->width * info->height > MW_VIDEO_MAX_PIXELS)
        return mw_fail(err, MW_ERR_FORMAT, "too_large",
                       "%s: pictures of %d x %d; sides may be up to %d, pixels up to %lld", r->path,
                       info->width, info->height, MW_FRAME_MAX_SIDE,
                       (long long)MW_VIDEO_MAX_PIXELS);
    if (!strcmp(info->pixel_format, "unknown"))
        return mw_fail(err, MW_ERR_FORMAT, "decode_error", "%s: no picture could be decoded",
                       r->path);
    return MW_OK;
}

/* A damaged frame must surface: OUTPUT_CORRUPT keeps libavcodec from dropping it, EXPLODE from
 * patching it. UNALIGNED makes it crop exactly. */
static mw_status open_decoder(mw_video_reader *r, mw_error *err)
{
    const AVCodec *codec = avcodec_find_decoder(r->st->codecpar->codec_id);
    int code;

    if (!codec)
        return mw_fail(err, MW_ERR_FORMAT, "unsupported", "%s: no decoder for its codec %s",
                       r->path, r->info.codec);
    r->dc = avcodec_alloc_context3(codec);
    if (!r->dc || avcodec_parameters_to_context(r->dc, r->st->codecpar) < 0)
        return mw_fail_nomem(err);
    r->dc->pkt_timebase = r->st->time_base;
    r->dc->thread_count = 1;
    r->dc->idct_algo = FF_IDCT_SIMPLE;
    r->dc->max_pixels = MW_VIDEO_MAX_PIXELS;
    r->dc->error_concealment = 0;
    r->dc->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    r->dc->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT | AV_CODEC_FLAG_UNALIGNED | AV_CODEC_FLAG_BITEXACT;
    code = avcodec_open2(r->dc, codec, NULL);
    if (code < 0)
        return mw_av_fail(err, code, "unsupported", "%s: cannot open the decoder of %s", r->path,
                          r->info.codec);
    return MW_OK;
}

static mw_status open_source(mw_video_reader *r, mw_error *err)
{
    AVFormatContext *fc = NULL;
    int index;
    mw_status st = mw_demux_open(&fc, r->path, 1, err);

    if (st == MW_OK) st = mw_demux_video_stream(fc, &index, err);
    if (st != MW_OK) {
        avformat_close_input(&fc);
        return st;
    }
    for (unsigned i = 0; i < fc->nb_streams; i++)
        fc->streams[i]->discard = (int)i == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    r->st = fc->streams[index];
    return mw_video_source_make(&r->source, fc, index, MW_PART_PICTURES, err);
}

mw_status mw_video_reader_open(mw_video_reader **out, const char *path, mw_error *err)
{
    mw_video_reader *r = mw_calloc(1, sizeof *r);
    mw_status st = MW_OK;

    *out = NULL;
    if (!r) return mw_fail_nomem(err);
    r->path = mw_strdup(path);
    r->pkt = av_packet_alloc();
    r->frame = av_frame_alloc();
    r->convert = mw_calloc(1, sizeof *r->convert);
    if (!r->path || !r->pkt || !r->frame || !r->convert) {
        st = mw_fail_nomem(err);
        goto done;
    }
    st = open_source(r, err);
    if (st != MW_OK) goto done;
    fill_info(r);
    st = open_decoder(r, err);
    if (st == MW_OK) st = check_size(r, err);
    if (st != MW_OK) goto done;
    *out = r;
    r = NULL; /* now the caller's */
done:
    mw_video_reader_close(&r);
    return st;
}

void mw_video_reader_close(mw_video_reader **r)
{
    mw_video_reader *x = *r;

    *r = NULL;
    if (!x) return;
    mw_video_convert_clear(x->convert);
    mw_free(x->convert);
    av_frame_free(&x->frame);
    av_packet_free(&x->pkt);
    avcodec_free_context(&x->dc);
    mw_video_source_leave(&x->source, MW_PART_PICTURES);
    mw_free(x->path);
    mw_free(x);
}

static mw_status decode_failed(const mw_video_reader *r, int code, mw_error *err)
{
    if (code == AVERROR(ENOMEM)) return mw_fail_nomem(err);
    return mw_av_fail(err, code, "decode_error", "%s: frame %lld cannot be decoded", r->path,
                      (long long)r->stats.n_frames);
}

/* Version 3 and later have a configuration record, earlier ones no checksums. */
static int is_damaged(const mw_video_reader *r)
{
    const AVCodecParameters *par = r->st->codecpar;

    if (r->pkt->flags & AV_PKT_FLAG_CORRUPT) return 1;
    return par->codec_id == AV_CODEC_ID_FFV1 && par->extradata_size > 0 &&
           !mw_ffv1_is_intact(r->pkt->data, (size_t)r->pkt->size);
}

/* Give the decoder one more packet of the stream, or the end. */
static mw_status feed(mw_video_reader *r, mw_error *err)
{
    int code = mw_video_source_next(r->source, MW_PART_PICTURES, r->pkt);

    if (code < 0 && code != AVERROR_EOF)
        return mw_av_fail(err, code, "truncated", "%s cannot be read near frame %lld", r->path,
                          (long long)r->stats.n_frames);
    if (code >= 0 && is_damaged(r))
        return mw_fail(err, MW_ERR_FORMAT, "decode_error",
                       "%s: the data near frame %lld are damaged or cut off", r->path,
                       (long long)r->stats.n_frames);
    r->draining = code == AVERROR_EOF;
    code = avcodec_send_packet(r->dc, r->draining ? NULL : r->pkt);
    return code < 0 ? decode_failed(r, code, err) : MW_OK;
}

static mw_status check_frame(const mw_video_reader *r, mw_error *err)
{
    const AVFrame *a = r->frame;
    const int range = mw_video_range((enum AVPixelFormat)a->format, a->color_range);
    const long long i = r->stats.n_frames;

    if (a->flags & AV_FRAME_FLAG_CORRUPT || a->decode_error_flags)
        return mw_fail(err, MW_ERR_FORMAT, "decode_error", "%s: frame %lld is damaged", r->path, i);
    if (a->width != r->info.width || a->height != r->info.height)
        return mw_fail(err, MW_ERR_FORMAT, "unsupported",
                       "%s: frame %lld is %d x %d in a video of %d x %d", r->path, i, a->width,
                       a->height, r->info.width, r->info.height);
    if ((range > 0) != (r->info.range > 0))
        return mw_fail(err, MW_ERR_FORMAT, "unsupported",
                       "%s: frame %lld changes between limited and full range", r->path, i);
    return MW_OK;
}

static int64_t frame_duration(const mw_video_reader *r)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
    const int64_t d = r->frame->duration;
#else
    const int64_t d = r->frame->pkt_duration;
#endif

    return d > 0 ? d : 0;
}

static int64_t usual_duration(const mw_video_reader *r)
{
    const mw_video_info *i = &r->info;
    int64_t d = r->last_duration;

    if (d < 1 && i->fps_num > 0)
        d = av_rescale_q(1, (AVRational){ i->fps_den, i->fps_num }, r->st->time_base);
    return d < 1 ? 1 : d;
}

/* Strictly increasing time stamps, whatever the file says; what was changed is counted. */
static int64_t next_pts(mw_video_reader *r)
{
    int64_t pts = r->frame->best_effort_timestamp;

    if (pts == AV_NOPTS_VALUE) {
        pts = r->stats.n_frames ? r->last_pts + usual_duration(r) : 0;
        r->stats.n_pts_guessed++;
    } else if (r->stats.n_frames && pts <= r->last_pts) {
        pts = r->last_pts + 1;
        r->stats.n_pts_moved++;
    }
    r->last_pts = pts;
    return pts;
}

mw_status mw_video_reader_next(mw_video_reader *r, mw_frame *f, int *got, mw_error *err)
{
    mw_status st;
    int code;

    *got = 0;
    *f = (mw_frame){ 0 };
    av_frame_unref(r->frame);
    while ((code = avcodec_receive_frame(r->dc, r->frame)) == AVERROR(EAGAIN)) {
        st = feed(r, err);
        if (st != MW_OK) return st;
    }
    if (code == AVERROR_EOF) return MW_OK;
    if (code < 0) return decode_failed(r, code, err);
    st = check_frame(r, err);
    if (st == MW_OK) st = mw_video_convert_frame(r->convert, f, r->frame, err);
    if (st != MW_OK) return st;
    f->full_range = r->info.range > 0;
    f->pts = next_pts(r);
    f->duration = r->last_duration = frame_duration(r);
    r->stats.n_frames++;
    *got = 1;
    return MW_OK;
}
