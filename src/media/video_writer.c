/* SPDX-License-Identifier: Apache-2.0 */
#include "media/video_writer.h"

#include <string.h>
#include <strings.h>

#include <libavformat/avformat.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/partial.h"
#include "media/video_copy.h"
#include "media/video_demux.h"
#include "media/video_encode.h"
#include "media/video_reader_priv.h"

/* Matroska gained the display matrix with FFmpeg 6.1. */
#define MKV_KEEPS_ROTATION (LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100))

struct mw_video_writer {
    AVFormatContext *oc;
    AVStream *video;
    AVPacket *pkt;
    mw_video_encode enc;
    mw_video_copy copy;
    AVRational tb; /* of the time stamps that go in */
    int fixed_rate, width, height, full_range;
    int64_t n_frames, last_pts, last_duration;
    int64_t last_out; /* in the muxer's ticks */
    char *path;
    int created;
};

static const struct {
    const char *muxer, *suffix;
} containers[] = { { "mp4", ".mp4" }, { "mov", ".mov" }, { "matroska", ".mkv" } };

mw_video_encoder mw_video_encoder_default(void)
{
    return (
        mw_video_encoder){ .codec = MW_VIDEO_H264, .container = MW_VIDEO_MP4, .qp = 16, .gop = 60 };
}

mw_video_encoder mw_video_encoder_reference(void)
{
    return (mw_video_encoder){ .codec = MW_VIDEO_MPEG4,
                               .container = MW_VIDEO_MP4,
                               .qp = 16,
                               .gop = 12,
                               .fps_num = 30,
                               .fps_den = 1,
                               .drop_audio = 1 };
}

/* The suffix in path, "" without one. */
static const char *suffix_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');

    return dot && dot != name ? dot : "";
}

static int container_of(const char *path)
{
    const char *suffix = suffix_of(path);

    if (!strcasecmp(suffix, ".m4v")) return MW_VIDEO_MP4;
    for (int i = 0; i < 3; i++)
        if (!strcasecmp(suffix, containers[i].suffix)) return i;
    return -1;
}

const char *mw_video_muxer(mw_video_container container)
{
    return containers[container].muxer;
}

const char *mw_video_suffix(mw_video_container container, const char *in_path)
{
    return container_of(in_path) == (int)container ? suffix_of(in_path)
                                                   : containers[container].suffix;
}

/* A property of the picture that this container cannot say, NULL if all is well. FFV1 itself does
 * not say its range, and MOV's colour box has no place for it. */
static const char *what_is_lost(mw_video_container container, mw_video_codec codec,
                                const mw_video_info *info)
{
    if (container == MW_VIDEO_MKV && !MKV_KEEPS_ROTATION && (info->rotation_deg || info->mirrored))
        return "rotation";
    if (container == MW_VIDEO_MOV && codec == MW_VIDEO_FFV1 && info->range > 0)
        return "full colour range";
    return NULL;
}

static int holds_all(mw_video_container container, const mw_video_reader *source,
                     mw_video_codec codec, int drop_audio)
{
    static const enum AVCodecID id[] = { AV_CODEC_ID_H264, AV_CODEC_ID_FFV1, AV_CODEC_ID_MPEG4 };
    const AVOutputFormat *format = av_guess_format(containers[container].muxer, NULL, NULL);
    const AVFormatContext *fc = mw_video_reader_input(source);

    /* FFV1 goes into MOV by its AVI tag, which libavformat reads back but does not list */
    if (!format || (avformat_query_codec(format, id[codec], FF_COMPLIANCE_NORMAL) != 1 &&
                    !(codec == MW_VIDEO_FFV1 && container == MW_VIDEO_MOV)))
        return 0;
    if (what_is_lost(container, codec, mw_video_reader_info(source))) return 0;
    for (unsigned i = 0; i < fc->nb_streams && !drop_audio; i++)
        if (fc->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO &&
            !mw_av_holds(format, fc->streams[i]))
            return 0;
    return 1;
}

mw_video_container mw_video_container_for(const mw_video_reader *source, mw_video_codec codec,
                                          int drop_audio)
{
    int own = container_of(mw_video_reader_path(source));

    if (own == MW_VIDEO_MP4 && codec == MW_VIDEO_FFV1) own = MW_VIDEO_MOV;
    if (own >= 0 && holds_all((mw_video_container)own, source, codec, drop_audio))
        return (mw_video_container)own;
    if (holds_all(MW_VIDEO_MKV, source, codec, drop_audio)) return MW_VIDEO_MKV;
    return holds_all(MW_VIDEO_MOV, source, codec, drop_audio) ? MW_VIDEO_MOV : MW_VIDEO_MKV;
}

static mw_status check_options(const mw_video_encoder *o, mw_error *err)
{
    if ((unsigned)o->codec > MW_VIDEO_MPEG4 || (unsigned)o->container > MW_VIDEO_MKV ||
        (unsigned)o->effort > MW_VIDEO_SMALL)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "unknown codec, container or effort");
    if (o->qp < 1 || o->qp > 40)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "qp is %d; allowed are 1..40", o->qp);
    if (o->gop < 1 || o->gop > 1000)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "gop is %d; allowed are 1..1000", o->gop);
    if (o->bit_rate < 0 || o->bit_rate > 1000000000)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "bit rate is %lld; allowed are 0..1e9",
                       (long long)o->bit_rate);
    if ((o->fps_num || o->fps_den) && (o->fps_num < 1 || o->fps_den < 1 || o->fps_num > 1000000 ||
                                       o->fps_den > 1000000 || o->fps_num / o->fps_den > 1000))
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "frame rate %d/%d is not in (0, 1000]",
                       o->fps_num, o->fps_den);
    return MW_OK;
}

static mw_status fill_video_stream(mw_video_writer *w, const mw_video_reader *like,
                                   const mw_video_encoder *opts, mw_error *err)
{
    const AVStream *from = mw_video_reader_stream(like);

    if (avcodec_parameters_from_context(w->video->codecpar, w->enc.ec) < 0)
        return mw_fail_nomem(err);
    w->video->time_base = w->tb;
    w->video->avg_frame_rate = opts->fps_num ? av_inv_q(w->tb) : from->avg_frame_rate;
    w->video->sample_aspect_ratio = w->enc.ec->sample_aspect_ratio;
    return mw_av_copy_side_data(w->video, from, 0, err);
}

static mw_status write_header(mw_video_writer *w, mw_error *err)
{
    AVDictionary *options = NULL;
    int bad = 0, code;

    if (strcmp(w->oc->oformat->name, "matroska")) {
        if (!w->fixed_rate)
            bad |= av_dict_set_int(&options, "video_track_timescale", w->tb.den, 0) < 0;
        bad |= av_dict_set_int(&options, "movie_timescale", mw_av_movie_ticks(w->oc), 0) < 0;
    }
    code = bad ? AVERROR(ENOMEM) : avformat_write_header(w->oc, &options);
    av_dict_free(&options);
    if (code < 0)
        return mw_av_fail(err, code, "unsupported", "cannot start %s (%s)", w->path,
                          w->oc->oformat->name);
    return MW_OK;
}

static mw_status create_file(mw_video_writer *w, mw_error *err)
{
    char *url = mw_av_url(w->path);
    int code;

    if (!url) return mw_fail_nomem(err);
    code = avio_open(&w->oc->pb, url, AVIO_FLAG_WRITE);
    mw_free(url);
    if (code < 0) return mw_av_fail(err, code, "io_error", "cannot create %s", w->path);
    w->created = 1;
    return MW_OK;
}

static mw_status open_all(mw_video_writer *w, const mw_video_reader *like,
                          const mw_video_encoder *opts, mw_error *err)
{
    const mw_video_info *info = mw_video_reader_info(like);
    const mw_video_form form = { info->width,   info->height,
                                 info->fps_num, info->fps_den,
                                 info->sar_num, info->sar_den,
                                 info->range,   mw_video_reader_stream(like)->codecpar };
    mw_status st;

    if (avformat_alloc_output_context2(&w->oc, NULL, containers[opts->container].muxer, NULL) < 0)
        return mw_fail_nomem(err);
    w->oc->flags |= AVFMT_FLAG_BITEXACT;
    w->oc->avoid_negative_ts = 0; /* times stay, also before 0 */
    w->fixed_rate = opts->fps_num > 0;
    w->tb = w->fixed_rate ? (AVRational){ opts->fps_den, opts->fps_num }
                          : (AVRational){ info->time_base_num, info->time_base_den };
    w->width = info->width;
    w->height = info->height;
    w->full_range = info->range > 0;
    st =
        mw_video_encode_open(&w->enc, &form, opts, w->oc->oformat->flags & AVFMT_GLOBALHEADER, err);
    if (st == MW_OK) st = mw_video_copy_open(&w->copy, w->oc, like, opts, &w->video, err);
    if (st == MW_OK) st = fill_video_stream(w, like, opts, err);
    if (st == MW_OK) st = mw_video_copy_metadata(w->oc, &w->copy, like, err);
    if (st == MW_OK) st = create_file(w, err);
    if (st == MW_OK) st = write_header(w, err);
    return st;
}

mw_status mw_video_writer_open(mw_video_writer **out, const char *path, const mw_video_reader *like,
                               const mw_video_encoder *opts, mw_error *err)
{
    const char *lost;
    mw_video_writer *w;
    mw_status st;

    *out = NULL;
    st = check_options(opts, err);
    if (st != MW_OK) return st;
    lost = what_is_lost(opts->container, opts->codec, mw_video_reader_info(like));
    if (lost)
        return mw_fail(err, MW_ERR_FORMAT, "unsupported",
                       "the %s of %s cannot be kept in %s with this codec", lost,
                       mw_video_reader_path(like), containers[opts->container].muxer);
    w = mw_calloc(1, sizeof *w);
    if (!w) return mw_fail_nomem(err);
    w->path = mw_strdup(path);
    w->pkt = av_packet_alloc();
    st = w->path && w->pkt ? open_all(w, like, opts, err) : mw_fail_nomem(err);
    if (st != MW_OK)
        mw_video_writer_abort(&w);
    else
        *out = w;
    return st;
}

mw_video_copied mw_video_writer_copied(const mw_video_writer *w)
{
    return w->copy.count;
}

/* Write errors may surface only in the buffer below the muxer. */
static mw_status check_written(const mw_video_writer *w, int code, mw_error *err)
{
    if (code >= 0 && w->oc->pb->error < 0) code = w->oc->pb->error;
    if (code < 0) return mw_av_fail(err, code, "io_error", "cannot write %s", w->path);
    return MW_OK;
}

static mw_status write_packet(mw_video_writer *w, mw_error *err)
{
    mw_status st = mw_video_copy_until(&w->copy, w->oc, w->pkt->dts, w->tb, err);

    if (st != MW_OK) return st;
    av_packet_rescale_ts(w->pkt, w->tb, w->video->time_base);
    if (w->enc.n_out > 1 && w->pkt->pts <= w->last_out)
        return mw_fail(
            err, MW_ERR_FORMAT, "unsupported",
            "%s: frame %lld has the same time as the one before in this container's clock", w->path,
            (long long)w->enc.n_out - 1);
    w->last_out = w->pkt->pts;
    w->pkt->stream_index = w->video->index;
    return check_written(w, av_interleaved_write_frame(w->oc, w->pkt), err);
}

static mw_status drain(mw_video_writer *w, mw_error *err)
{
    mw_status st;
    int got;

    for (;;) {
        st = mw_video_encode_receive(&w->enc, w->pkt, &got, err);
        if (st != MW_OK || !got) return st;
        st = write_packet(w, err);
        if (st != MW_OK) return st;
    }
}

/* A frame's duration matters for the last one only, where no next time stamp tells it. */
static int64_t duration_of(const mw_video_writer *w, const mw_frame *f)
{
    if (w->fixed_rate) return 1;
    if (f->duration > 0) return f->duration;
    if (w->last_duration > 0) return w->last_duration;
    return FFMAX(1, av_rescale_q(1, w->enc.ec->time_base, w->tb));
}

mw_status mw_video_writer_put(mw_video_writer *w, const mw_frame *f, mw_error *err)
{
    const int64_t pts = w->fixed_rate ? w->n_frames : f->pts;
    mw_status st;

    if (f->format != MW_PIX_YUV420P || f->width != w->width || f->height != w->height ||
        (f->full_range != 0) != w->full_range)
        return mw_fail(err, MW_ERR_ARG, "bad_frame",
                       "%s: frame %lld differs in format, size or range from the video (%d x %d)",
                       w->path, (long long)w->n_frames, w->width, w->height);
    if (w->n_frames && pts <= w->last_pts)
        return mw_fail(err, MW_ERR_ARG, "bad_frame", "%s: the time of frame %lld does not increase",
                       w->path, (long long)w->n_frames);
    st = mw_video_encode_send(&w->enc, f, pts, duration_of(w, f), err);
    if (st == MW_OK) st = drain(w, err);
    if (w->n_frames) w->last_duration = pts - w->last_pts;
    w->last_pts = pts;
    w->n_frames++;
    return st;
}

void mw_video_writer_start_afresh(mw_video_writer *w)
{
    w->enc.key_next = w->enc.ec->codec_id == AV_CODEC_ID_H264;
}

static mw_status finish(mw_video_writer *w, mw_error *err)
{
    mw_status st;
    int code;

    if (!w->n_frames)
        return mw_fail(err, MW_ERR_FORMAT, "no_frames", "%s: no frame was written", w->path);
    st = mw_video_encode_send(&w->enc, NULL, 0, 0, err);
    if (st == MW_OK) st = drain(w, err);
    if (st == MW_OK) st = mw_video_copy_until(&w->copy, w->oc, INT64_MAX, w->tb, err);
    if (st != MW_OK) return st;
    code = av_write_trailer(w->oc);
    avio_flush(w->oc->pb);
    st = check_written(w, code, err);
    if (st != MW_OK) return st;
    code = avio_closep(&w->oc->pb);
    if (code < 0) return mw_av_fail(err, code, "io_error", "cannot write %s", w->path);
    return MW_OK;
}

mw_status mw_video_writer_close(mw_video_writer **w, mw_error *err)
{
    const mw_status st = finish(*w, err);

    if (st == MW_OK) (*w)->created = 0; /* no longer ours to remove */
    mw_video_writer_abort(w);
    return st;
}

void mw_video_writer_abort(mw_video_writer **w)
{
    mw_video_writer *x = *w;

    *w = NULL;
    if (!x) return;
    if (x->oc) avio_closep(&x->oc->pb);
    if (x->created) mw_partial_remove(x->path);
    mw_video_encode_clear(&x->enc);
    mw_video_copy_clear(&x->copy);
    avformat_free_context(x->oc);
    av_packet_free(&x->pkt);
    mw_free(x->path);
    mw_free(x);
}
