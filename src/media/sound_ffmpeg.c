/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sound_ffmpeg.h"

#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/video_demux.h"

struct mw_sound_av {
    AVFormatContext *fc;
    AVCodecContext *cc;
    AVPacket *pkt;
    AVFrame *frame;
    int stream, channel;
    const char *path;
    float *x; /* [cap] the frame, mixed down */
    size_t cap;
};

static int n_channels(const AVFrame *f)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 24, 100)
    return f->ch_layout.nb_channels;
#else
    return f->channels;
#endif
}

static mw_status open_decoder(mw_sound_av *d, mw_audio *about, mw_error *err)
{
    const AVCodec *codec = NULL;
    mw_status st = mw_demux_open(&d->fc, d->path, 1, err);
    int code;

    if (st != MW_OK) return st;
    d->stream = av_find_best_stream(d->fc, AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);
    if (d->stream < 0 || !codec)
        return mw_fail(err, MW_ERR_FORMAT, "no_audio",
                       "'%s' holds no sound stream that can be decoded", d->path);
    d->cc = avcodec_alloc_context3(codec);
    d->pkt = av_packet_alloc();
    d->frame = av_frame_alloc();
    if (!d->cc || !d->pkt || !d->frame) return mw_fail_nomem(err);
    code = avcodec_parameters_to_context(d->cc, d->fc->streams[d->stream]->codecpar);
    d->cc->pkt_timebase = d->fc->streams[d->stream]->time_base;
    d->cc->thread_count = 1;
    d->cc->err_recognition |= AV_EF_EXPLODE;
    d->cc->flags |= AV_CODEC_FLAG_BITEXACT;
    if (code >= 0) code = avcodec_open2(d->cc, codec, NULL);
    if (code < 0)
        return mw_av_fail(err, code, "unsupported", "cannot decode the sound of '%s'", d->path);
    snprintf(about->codec, sizeof about->codec, "%s", codec->name);
    return MW_OK;
}

/* Sample i of channel c as float32: integers by value / 2^(bits - 1), as libsndfile does. */
static float sample_at(const AVFrame *f, int planar, int n_chan, int c, int i)
{
    const uint8_t *p = planar ? f->extended_data[c] : f->extended_data[0];
    const size_t k = planar ? (size_t)i : (size_t)i * (size_t)n_chan + (size_t)c;

    switch (av_get_packed_sample_fmt((enum AVSampleFormat)f->format)) {
    case AV_SAMPLE_FMT_U8:
        return (float)(p[k] - 128) / 128.0f;
    case AV_SAMPLE_FMT_S16:
        return (float)((const int16_t *)(const void *)p)[k] / 32768.0f;
    case AV_SAMPLE_FMT_S32:
        return (float)((double)((const int32_t *)(const void *)p)[k] * 0x1p-31);
    case AV_SAMPLE_FMT_FLT:
        return ((const float *)(const void *)p)[k];
    case AV_SAMPLE_FMT_DBL:
        return (float)((const double *)(const void *)p)[k];
    default:
        return 0;
    }
}

static int format_is_known(int format)
{
    const enum AVSampleFormat f = av_get_packed_sample_fmt((enum AVSampleFormat)format);

    return f == AV_SAMPLE_FMT_U8 || f == AV_SAMPLE_FMT_S16 || f == AV_SAMPLE_FMT_S32 ||
           f == AV_SAMPLE_FMT_FLT || f == AV_SAMPLE_FMT_DBL;
}

static void mix_down(float *to, const AVFrame *f, int n_chan, int channel)
{
    const int planar = av_sample_fmt_is_planar((enum AVSampleFormat)f->format);

    for (int i = 0; i < f->nb_samples; i++) {
        float sum = 0;

        if (channel >= 0) {
            to[i] = sample_at(f, planar, n_chan, channel, i);
            continue;
        }
        for (int c = 0; c < n_chan; c++)
            sum += sample_at(f, planar, n_chan, c, i);
        to[i] = sum / (float)n_chan;
    }
}

/* Time of a decoded frame; libavcodec has moved it past the samples that the container hides. */
static double start_of(const AVFrame *f, AVRational tick)
{
    const int64_t t = f->best_effort_timestamp;

    return t == AV_NOPTS_VALUE ? 0 : (double)t * tick.num / tick.den;
}

static mw_status take_frame(mw_sound_av *d, mw_audio *a, mw_error *err)
{
    const AVFrame *f = d->frame;
    const int n_chan = n_channels(f);

    if (!a->source_rate_hz) {
        a->source_rate_hz = f->sample_rate;
        a->source_channels = n_chan;
        a->start_s = start_of(f, d->cc->pkt_timebase);
    }
    if (f->sample_rate != a->source_rate_hz || n_chan != a->source_channels || n_chan < 1 ||
        n_chan > 64 || f->sample_rate < 1 || !format_is_known(f->format))
        return mw_fail(
            err, MW_ERR_FORMAT, "unsupported",
            "'%s': sound of changing or unknown form (%d channels at %d Hz after %lld samples)",
            d->path, n_chan, f->sample_rate, (long long)a->source_n);
    if (d->channel >= n_chan)
        return mw_fail(err, MW_ERR_FORMAT, "no_channel", "'%s' has no channel %d", d->path,
                       d->channel);
    if (mw_grow(&d->x, &d->cap, (size_t)f->nb_samples, sizeof *d->x)) return mw_fail_nomem(err);
    mix_down(d->x, f, n_chan, d->channel);
    return MW_OK;
}

/* Send the next packet of the stream, or the end, to the decoder. */
static mw_status send_packet(mw_sound_av *d, const mw_audio *a, mw_error *err)
{
    int code;

    do {
        av_packet_unref(d->pkt);
        code = av_read_frame(d->fc, d->pkt);
    } while (code >= 0 && d->pkt->stream_index != d->stream);
    if (code < 0 && code != AVERROR_EOF)
        return mw_av_fail(err, code, "truncated", "'%s' cannot be read to its end", d->path);
    if (code >= 0 && d->pkt->flags & AV_PKT_FLAG_CORRUPT)
        return mw_fail(err, MW_ERR_FORMAT, "truncated", "'%s': a packet of sound is damaged",
                       d->path);
    code = avcodec_send_packet(d->cc, code < 0 ? NULL : d->pkt);
    av_packet_unref(d->pkt);
    if (code < 0 && code != AVERROR_EOF)
        return mw_av_fail(err, code, "decode_error", "'%s': broken sound after %lld samples",
                          d->path, (long long)a->source_n);
    return MW_OK;
}

mw_status mw_sound_av_next(mw_sound_av *d, const float **x, size_t *n, mw_audio *about,
                           mw_error *err)
{
    mw_status st = MW_OK;

    *n = 0;
    while (st == MW_OK && !*n) {
        const int code = avcodec_receive_frame(d->cc, d->frame);

        if (code == AVERROR_EOF) return MW_OK;
        if (code == AVERROR(EAGAIN)) {
            st = send_packet(d, about, err);
        } else if (code < 0) {
            st = mw_av_fail(err, code, "decode_error", "'%s': broken sound after %lld samples",
                            d->path, (long long)about->source_n);
        } else {
            st = take_frame(d, about, err);
            if (st == MW_OK) *n = (size_t)d->frame->nb_samples;
            av_frame_unref(d->frame);
        }
    }
    *x = d->x;
    return st;
}

mw_status mw_sound_av_open(mw_sound_av **out, const char *path, int channel, mw_audio *about,
                           mw_error *err)
{
    mw_sound_av *d = mw_calloc(1, sizeof *d);
    mw_status st;

    *out = NULL;
    if (!d) return mw_fail_nomem(err);
    d->path = path;
    d->channel = channel;
    st = open_decoder(d, about, err);
    if (st == MW_OK) {
        *out = d;
        d = NULL;
    }
    mw_sound_av_close(&d);
    return st;
}

void mw_sound_av_close(mw_sound_av **p)
{
    mw_sound_av *d = *p;

    if (!d) return;
    av_frame_free(&d->frame);
    av_packet_free(&d->pkt);
    avcodec_free_context(&d->cc);
    avformat_close_input(&d->fc);
    mw_free(d->x);
    mw_free(d);
    *p = NULL;
}
