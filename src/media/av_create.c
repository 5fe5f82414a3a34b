/* SPDX-License-Identifier: Apache-2.0 */
#include "media/av_create.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/partial.h"
#include "media/video_demux.h"
#include "media/video_encode.h"

#define SOUND_BIT_RATE 128000

struct mw_av_create {
    AVFormatContext *oc;
    AVStream *video, *sound;
    mw_video_encode enc;
    AVCodecContext *sc; /* sound */
    AVFrame *block;     /* sound on its way to the encoder: n_block samples of frame_size */
    int n_block;
    int64_t n_frames, n_samples;
    AVRational tick; /* one frame */
    AVPacket *pkt;
    char *path;
    int created;
};

static mw_status open_picture(mw_av_create *c, const mw_av_form *form, mw_error *err)
{
    const mw_video_form video = { .width = form->width,
                                  .height = form->height,
                                  .fps_num = form->fps_num,
                                  .fps_den = form->fps_den };
    const mw_video_encoder opts = mw_video_encoder_default();
    mw_status st = mw_video_encode_open(&c->enc, &video, &opts, 1, err);

    if (st != MW_OK) return st;
    c->video = avformat_new_stream(c->oc, NULL);
    if (!c->video || avcodec_parameters_from_context(c->video->codecpar, c->enc.ec) < 0)
        return mw_fail_nomem(err);
    c->tick = (AVRational){ form->fps_den, form->fps_num };
    c->video->time_base = c->tick;
    c->video->avg_frame_rate = (AVRational){ form->fps_num, form->fps_den };
    return MW_OK;
}

static void set_mono(AVCodecContext *sc, AVFrame *block)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 24, 100)
    av_channel_layout_default(&sc->ch_layout, 1);
    if (block) av_channel_layout_default(&block->ch_layout, 1);
#else
    sc->channels = 1;
    sc->channel_layout = AV_CH_LAYOUT_MONO;
    if (block) block->channel_layout = AV_CH_LAYOUT_MONO;
#endif
}

static mw_status open_sound(mw_av_create *c, const mw_av_form *form, mw_error *err)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
    int code;

    if (!codec) return mw_fail(err, MW_ERR_FORMAT, "unsupported", "this FFmpeg has no AAC encoder");
    c->sc = avcodec_alloc_context3(codec);
    c->block = av_frame_alloc();
    c->sound = avformat_new_stream(c->oc, NULL);
    if (!c->sc || !c->block || !c->sound) return mw_fail_nomem(err);
    set_mono(c->sc, c->block);
    c->sc->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->sc->sample_rate = form->rate_hz;
    c->sc->time_base = (AVRational){ 1, form->rate_hz };
    c->sc->bit_rate = SOUND_BIT_RATE;
    c->sc->thread_count = 1;
    c->sc->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    code = avcodec_open2(c->sc, codec, NULL);
    if (code < 0)
        return mw_av_fail(err, code, "unsupported", "the AAC encoder refuses %d Hz", form->rate_hz);
    c->block->format = AV_SAMPLE_FMT_FLTP;
    c->block->sample_rate = form->rate_hz;
    c->block->nb_samples = c->sc->frame_size;
    if (av_frame_get_buffer(c->block, 0) < 0 ||
        avcodec_parameters_from_context(c->sound->codecpar, c->sc) < 0)
        return mw_fail_nomem(err);
    c->sound->time_base = c->sc->time_base;
    return MW_OK;
}

static mw_status create_file(mw_av_create *c, mw_error *err)
{
    char *url = mw_av_url(c->path);
    int code;

    if (!url) return mw_fail_nomem(err);
    code = avio_open(&c->oc->pb, url, AVIO_FLAG_WRITE);
    mw_free(url);
    if (code < 0) return mw_av_fail(err, code, "io_error", "cannot create %s", c->path);
    c->created = 1;
    code = avformat_write_header(c->oc, NULL);
    return code < 0 ? mw_av_fail(err, code, "unsupported", "cannot start %s", c->path) : MW_OK;
}

mw_status mw_av_create_open(mw_av_create **out, const char *path, const mw_av_form *form,
                            mw_error *err)
{
    mw_av_create *c = mw_calloc(1, sizeof *c);
    mw_status st = MW_OK;

    *out = NULL;
    if (!c) return mw_fail_nomem(err);
    mw_av_quiet();
    c->path = mw_strdup(path);
    c->pkt = av_packet_alloc();
    if (!c->path || !c->pkt || avformat_alloc_output_context2(&c->oc, NULL, "mp4", NULL) < 0)
        st = mw_fail_nomem(err);
    if (st == MW_OK) c->oc->flags |= AVFMT_FLAG_BITEXACT;
    if (st == MW_OK) st = open_picture(c, form, err);
    if (st == MW_OK && form->rate_hz) st = open_sound(c, form, err);
    if (st == MW_OK) st = create_file(c, err);
    if (st != MW_OK) mw_av_create_abort(&c);
    *out = c;
    return st;
}

static mw_status write_packet(mw_av_create *c, AVStream *to, AVRational tick, mw_error *err)
{
    int code;

    av_packet_rescale_ts(c->pkt, tick, to->time_base);
    c->pkt->stream_index = to->index;
    code = av_interleaved_write_frame(c->oc, c->pkt);
    if (code >= 0 && c->oc->pb->error < 0) code = c->oc->pb->error;
    return code < 0 ? mw_av_fail(err, code, "io_error", "cannot write %s", c->path) : MW_OK;
}

static mw_status drain_picture(mw_av_create *c, mw_error *err)
{
    mw_status st;
    int got;

    for (;;) {
        st = mw_video_encode_receive(&c->enc, c->pkt, &got, err);
        if (st != MW_OK || !got) return st;
        st = write_packet(c, c->video, c->tick, err);
        if (st != MW_OK) return st;
    }
}

mw_status mw_av_create_picture(mw_av_create *c, const mw_frame *f, mw_error *err)
{
    mw_status st = mw_video_encode_send(&c->enc, f, c->n_frames++, 1, err);

    return st == MW_OK ? drain_picture(c, err) : st;
}

/* Encode the block as far as it is filled; NULL block: flush. */
static mw_status encode_sound(mw_av_create *c, AVFrame *block, mw_error *err)
{
    int code = avcodec_send_frame(c->sc, block);

    while (code >= 0) {
        mw_status st;

        code = avcodec_receive_packet(c->sc, c->pkt);
        if (code < 0) break;
        st = write_packet(c, c->sound, c->sc->time_base, err);
        if (st != MW_OK) return st;
    }
    if (code != AVERROR(EAGAIN) && code != AVERROR_EOF)
        return mw_av_fail(err, code, "encode_error", "encoding the sound of %s failed", c->path);
    return MW_OK;
}

static mw_status send_block(mw_av_create *c, mw_error *err)
{
    mw_status st;

    c->block->nb_samples = c->n_block;
    c->block->pts = c->n_samples;
    c->n_samples += c->n_block;
    c->n_block = 0;
    st = encode_sound(c, c->block, err);
    c->block->nb_samples = c->sc->frame_size;
    if (st == MW_OK && av_frame_make_writable(c->block) < 0) st = mw_fail_nomem(err);
    return st;
}

mw_status mw_av_create_sound(mw_av_create *c, const float *x, size_t n, mw_error *err)
{
    while (n) {
        const size_t room = (size_t)(c->sc->frame_size - c->n_block), k = n < room ? n : room;

        memcpy((float *)(void *)c->block->data[0] + c->n_block, x, k * sizeof *x);
        c->n_block += (int)k;
        x += k;
        n -= k;
        if (c->n_block == c->sc->frame_size) {
            mw_status st = send_block(c, err);

            if (st != MW_OK) return st;
        }
    }
    return MW_OK;
}

static mw_status finish(mw_av_create *c, mw_error *err)
{
    mw_status st = mw_video_encode_send(&c->enc, NULL, 0, 0, err);
    int code;

    if (st == MW_OK) st = drain_picture(c, err);
    if (st == MW_OK && c->sc && c->n_block) st = send_block(c, err);
    if (st == MW_OK && c->sc) st = encode_sound(c, NULL, err);
    if (st != MW_OK) return st;
    code = av_write_trailer(c->oc);
    avio_flush(c->oc->pb);
    if (code >= 0 && c->oc->pb->error < 0) code = c->oc->pb->error;
    if (code >= 0) code = avio_closep(&c->oc->pb);
    return code < 0 ? mw_av_fail(err, code, "io_error", "cannot write %s", c->path) : MW_OK;
}

mw_status mw_av_create_close(mw_av_create **c, mw_error *err)
{
    const mw_status st = finish(*c, err);

    if (st == MW_OK) (*c)->created = 0;
    mw_av_create_abort(c);
    return st;
}

void mw_av_create_abort(mw_av_create **c)
{
    mw_av_create *x = *c;

    *c = NULL;
    if (!x) return;
    if (x->oc) avio_closep(&x->oc->pb);
    if (x->created) mw_partial_remove(x->path);
    mw_video_encode_clear(&x->enc);
    avcodec_free_context(&x->sc);
    av_frame_free(&x->block);
    avformat_free_context(x->oc);
    av_packet_free(&x->pkt);
    mw_free(x->path);
    mw_free(x);
}
