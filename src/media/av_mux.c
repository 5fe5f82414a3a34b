/* SPDX-License-Identifier: Apache-2.0 */
#include "media/av_mux.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/partial.h"
#include "media/video_copy.h"
#include "media/video_demux.h"

#define PCM_BLOCK 1024 /* samples; ALAC says its own size */

typedef struct mux {
    const char *path;
    const mw_mux_sound *sound;
    AVFormatContext *oc;
    AVStream *stream; /* of the sound */
    AVCodecContext *ec;
    AVFrame *block;
    AVPacket *pkt;
    mw_video_copy copy;
    int created;
} mux;

const char *mw_av_mux_codec(mw_video_container container)
{
    return container == MW_VIDEO_MKV ? "pcm_s16le" : "alac";
}

static void set_mono(AVCodecContext *ec, AVFrame *block)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 24, 100)
    av_channel_layout_default(&ec->ch_layout, 1);
    av_channel_layout_default(&block->ch_layout, 1);
#else
    ec->channels = 1;
    ec->channel_layout = AV_CH_LAYOUT_MONO;
    block->channel_layout = AV_CH_LAYOUT_MONO;
#endif
}

static mw_status open_encoder(mux *m, const char *name, mw_error *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    const int is_alac = codec && codec->id == AV_CODEC_ID_ALAC;
    int code;

    if (!codec)
        return mw_fail(err, MW_ERR_FORMAT, "unsupported", "this FFmpeg has no encoder %s", name);
    m->ec = avcodec_alloc_context3(codec);
    m->block = av_frame_alloc();
    if (!m->ec || !m->block) return mw_fail_nomem(err);
    set_mono(m->ec, m->block);
    m->ec->sample_fmt = is_alac ? AV_SAMPLE_FMT_S16P : AV_SAMPLE_FMT_S16;
    m->ec->sample_rate = m->sound->rate_hz;
    m->ec->time_base = (AVRational){ 1, m->sound->rate_hz };
    m->ec->compression_level = 1; /* ALAC: the fixed predictor, without floating point */
    m->ec->thread_count = 1;
    m->ec->flags |= AV_CODEC_FLAG_BITEXACT;
    if (m->oc->oformat->flags & AVFMT_GLOBALHEADER) m->ec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    code = avcodec_open2(m->ec, codec, NULL);
    if (code < 0)
        return mw_av_fail(err, code, "unsupported", "encoder %s refuses %d Hz", name,
                          m->sound->rate_hz);
    m->block->format = m->ec->sample_fmt;
    m->block->sample_rate = m->sound->rate_hz;
    m->block->nb_samples = m->ec->frame_size ? m->ec->frame_size : PCM_BLOCK;
    return av_frame_get_buffer(m->block, 0) < 0 ? mw_fail_nomem(err) : MW_OK;
}

static mw_status add_sound(mux *m, mw_error *err)
{
    m->stream = avformat_new_stream(m->oc, NULL);
    if (!m->stream || avcodec_parameters_from_context(m->stream->codecpar, m->ec) < 0)
        return mw_fail_nomem(err);
    m->stream->time_base = m->ec->time_base;
    m->stream->disposition = AV_DISPOSITION_DEFAULT;
    return MW_OK;
}

/* The picture's clock is kept to the tick. */
static mw_status write_header(mux *m, mw_error *err)
{
    AVDictionary *options = NULL;
    int bad = 0, code;

    if (strcmp(m->oc->oformat->name, "matroska")) {
        for (unsigned i = 0; i < m->copy.n_streams; i++)
            if (m->copy.in->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
                bad |= av_dict_set_int(&options, "video_track_timescale",
                                       m->copy.in->streams[i]->time_base.den,
                                       AV_DICT_DONT_OVERWRITE) < 0;
        bad |= av_dict_set_int(&options, "movie_timescale", mw_av_movie_ticks(m->oc), 0) < 0;
    }
    code = bad ? AVERROR(ENOMEM) : avformat_write_header(m->oc, &options);
    av_dict_free(&options);
    return code < 0 ? mw_av_fail(err, code, "unsupported", "cannot start %s", m->path) : MW_OK;
}

static mw_status create_file(mux *m, mw_error *err)
{
    char *url = mw_av_url(m->path);
    int code;

    if (!url) return mw_fail_nomem(err);
    code = avio_open(&m->oc->pb, url, AVIO_FLAG_WRITE);
    mw_free(url);
    if (code < 0) return mw_av_fail(err, code, "io_error", "cannot create %s", m->path);
    m->created = 1;
    return write_header(m, err);
}

static mw_status check_written(const mux *m, int code, mw_error *err)
{
    if (code >= 0 && m->oc->pb->error < 0) code = m->oc->pb->error;
    return code < 0 ? mw_av_fail(err, code, "io_error", "cannot write %s", m->path) : MW_OK;
}

/* The packets that have come out of the encoder, each after the pictures up to its time. */
static mw_status drain(mux *m, mw_error *err)
{
    for (;;) {
        const int code = avcodec_receive_packet(m->ec, m->pkt);
        mw_status st;

        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return MW_OK;
        if (code < 0)
            return mw_av_fail(err, code, "encode_error", "encoding the sound of %s failed",
                              m->path);
        st = mw_video_copy_until(&m->copy, m->oc, m->pkt->dts, m->ec->time_base, err);
        if (st != MW_OK) return st;
        av_packet_rescale_ts(m->pkt, m->ec->time_base, m->stream->time_base);
        m->pkt->stream_index = m->stream->index;
        st = check_written(m, av_interleaved_write_frame(m->oc, m->pkt), err);
        if (st != MW_OK) return st;
    }
}

static mw_status write_sound(mux *m, mw_error *err)
{
    const int whole = m->block->nb_samples;
    mw_status st = MW_OK;
    int code = 0;

    for (int64_t at = 0; st == MW_OK && at < m->sound->n; at += m->block->nb_samples) {
        const int64_t left = m->sound->n - at;

        if (av_frame_make_writable(m->block) < 0) return mw_fail_nomem(err);
        m->block->nb_samples = left < whole ? (int)left : whole;
        memcpy(m->block->data[0], m->sound->x + at, (size_t)m->block->nb_samples * 2);
        m->block->pts = m->sound->start_samples + at;
        code = avcodec_send_frame(m->ec, m->block);
        if (code >= 0) st = drain(m, err);
        if (code < 0) break;
    }
    if (st == MW_OK && code >= 0) {
        code = avcodec_send_frame(m->ec, NULL);
        if (code >= 0) st = drain(m, err);
    }
    if (code < 0)
        return mw_av_fail(err, code, "encode_error", "encoding the sound of %s failed", m->path);
    return st;
}

static mw_status finish(mux *m, mw_error *err)
{
    mw_status st = mw_video_copy_until(&m->copy, m->oc, INT64_MAX, m->ec->time_base, err);
    int code;

    if (st != MW_OK) return st;
    code = av_write_trailer(m->oc);
    avio_flush(m->oc->pb);
    st = check_written(m, code, err);
    if (st != MW_OK) return st;
    code = avio_closep(&m->oc->pb);
    return code < 0 ? mw_av_fail(err, code, "io_error", "cannot write %s", m->path) : MW_OK;
}

mw_status mw_av_mux(const char *path, const char *picture, mw_video_container container,
                    const mw_mux_sound *sound, mw_error *err)
{
    mux m = { .path = path, .sound = sound };
    mw_status st = MW_OK;

    if (sound->n < 1 || sound->start_samples < 0)
        return mw_fail(err, MW_ERR_ARG, "bad_argument", "sound without samples, or before time 0");
    mw_av_quiet();
    m.pkt = av_packet_alloc();
    if (!m.pkt || avformat_alloc_output_context2(&m.oc, NULL, mw_video_muxer(container), NULL) < 0)
        st = mw_fail_nomem(err);
    if (st == MW_OK) {
        m.oc->flags |= AVFMT_FLAG_BITEXACT;
        m.oc->avoid_negative_ts = 0; /* times stay, also before 0 */
        st = mw_video_copy_open_all(&m.copy, m.oc, picture, err);
    }
    if (st == MW_OK) st = open_encoder(&m, mw_av_mux_codec(container), err);
    if (st == MW_OK) st = add_sound(&m, err);
    if (st == MW_OK) st = create_file(&m, err);
    if (st == MW_OK) st = write_sound(&m, err);
    if (st == MW_OK) st = finish(&m, err);
    if (m.oc) avio_closep(&m.oc->pb);
    if (m.created && st != MW_OK) mw_partial_remove(path);
    mw_video_copy_clear(&m.copy);
    avcodec_free_context(&m.ec);
    av_frame_free(&m.block);
    av_packet_free(&m.pkt);
    avformat_free_context(m.oc);
    return st;
}
