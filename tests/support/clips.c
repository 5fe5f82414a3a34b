/* SPDX-License-Identifier: Apache-2.0 */
#include "support/clips.h"

#include <math.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "support/support.h"

typedef struct maker {
    AVFormatContext *oc;
    AVCodecContext *video, *audio;
    AVStream *vs, *as;
    AVFrame *base, *picture, *sound;
    AVPacket *pkt;
    struct SwsContext *sws;
    int64_t n_samples;
    clip_options o;
} maker;

static void must(int code, const char *what)
{
    if (code < 0) fail_msg("%s: %s", what, av_err2str(code));
}

/* Triangle wave between 0 and 1023. */
static int triangle(int x)
{
    const int v = ((x % 2048) + 2048) % 2048;

    return v < 1024 ? v : 2047 - v;
}

uint8_t clip_sample(int plane, int x, int y, int t, int noise)
{
    if (noise) {
        uint32_t h = (uint32_t)x * 73856093u ^ (uint32_t)y * 19349663u ^
                     (uint32_t)(t * 3 + plane) * 83492791u;

        h = (h ^ h >> 13) * 0x5bd1e995u;
        h ^= h >> 15;
        return (uint8_t)(16 + h % (plane ? 225 : 220));
    }
    if (plane == 1) return (uint8_t)(64 + triangle(12 * x + 5 * t) / 8);
    if (plane == 2) return (uint8_t)(64 + triangle(17 * y - 7 * t) / 8);
    return (uint8_t)(16 + triangle(9 * x + 5 * y + 20 * t) / 8 + triangle(13 * y - 11 * t) / 12);
}

static AVFrame *new_picture(int w, int h, enum AVPixelFormat format)
{
    AVFrame *f = av_frame_alloc();

    assert_non_null(f);
    f->width = w;
    f->height = h;
    f->format = format;
    must(av_frame_get_buffer(f, 0), "av_frame_get_buffer");
    return f;
}

static void open_video(maker *m)
{
    const clip_options *o = &m->o;
    const AVCodec *codec = avcodec_find_encoder_by_name(o->codec);
    AVCodecContext *c;

    if (!codec) fail_msg("no encoder %s", o->codec);
    c = m->video = avcodec_alloc_context3(codec);
    c->width = o->width;
    c->height = o->height;
    c->pix_fmt = av_get_pix_fmt(o->pix_fmt);
    c->framerate = (AVRational){ o->fps_num, o->fps_den };
    c->time_base = o->pts ? (AVRational){ 1, o->tb_den } : av_inv_q(c->framerate);
    c->gop_size = 12;
    c->max_b_frames = o->b_frames;
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_BITEXACT;
    c->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
    if (o->full_range) c->color_range = AVCOL_RANGE_JPEG;
    if (o->tagged) {
        c->color_primaries = AVCOL_PRI_BT709;
        c->color_trc = AVCOL_TRC_BT709;
        c->colorspace = AVCOL_SPC_BT709;
        c->sample_aspect_ratio = (AVRational){ 4, 3 };
    }
    if (m->oc->oformat->flags & AVFMT_GLOBALHEADER) c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (!strcmp(o->codec, "libx264")) {
        av_opt_set(c->priv_data, "preset", "veryfast", 0);
        av_opt_set_int(c->priv_data, "qp", 12, 0);
    } else if (!strcmp(o->codec, "ffv1")) {
        c->level = 3; /* the first with checksums */
        av_opt_set_int(c->priv_data, "slicecrc", 1, 0);
    } else {
        c->flags |= AV_CODEC_FLAG_QSCALE;
        c->global_quality = 2 * FF_QP2LAMBDA;
    }
    must(avcodec_open2(c, codec, NULL), "open video encoder");
    m->vs = avformat_new_stream(m->oc, NULL);
    must(avcodec_parameters_from_context(m->vs->codecpar, c), "video parameters");
    if (o->cover) m->vs->disposition = AV_DISPOSITION_ATTACHED_PIC;
    m->vs->sample_aspect_ratio = c->sample_aspect_ratio;
    m->vs->time_base = c->time_base;
    m->vs->avg_frame_rate = o->pts ? (AVRational){ 0, 1 } : c->framerate;
}

static void set_rotation(maker *m)
{
    int32_t *matrix;

    if (!m->o.rotation_deg) return;
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
    {
        AVCodecParameters *p = m->vs->codecpar;

        matrix = (int32_t *)av_packet_side_data_new(&p->coded_side_data, &p->nb_coded_side_data,
                                                    AV_PKT_DATA_DISPLAYMATRIX, 36, 0)
                     ->data;
    }
#else
    matrix = (int32_t *)av_stream_new_side_data(m->vs, AV_PKT_DATA_DISPLAYMATRIX, 36);
#endif
    av_display_rotation_set(matrix, m->o.rotation_deg);
}

static void open_audio(maker *m)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(m->o.audio);
    AVCodecContext *c;

    if (!codec) fail_msg("no encoder %s", m->o.audio);
    c = m->audio = avcodec_alloc_context3(codec);
    c->sample_rate = strcmp(m->o.audio, "libopus") ? 44100 : 48000;
    c->sample_fmt = codec->sample_fmts[0];
    c->time_base = (AVRational){ 1, c->sample_rate };
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_BITEXACT;
    av_channel_layout_default(&c->ch_layout, 1);
    if (m->oc->oformat->flags & AVFMT_GLOBALHEADER) c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    must(avcodec_open2(c, codec, NULL), "open audio encoder");
    m->as = avformat_new_stream(m->oc, NULL);
    must(avcodec_parameters_from_context(m->as->codecpar, c), "audio parameters");
    m->as->time_base = c->time_base;
    if (m->o.language) av_dict_set(&m->as->metadata, "language", m->o.language, 0);
    m->sound = av_frame_alloc();
    m->sound->format = c->sample_fmt;
    m->sound->nb_samples = c->frame_size ? c->frame_size : 1024;
    m->sound->sample_rate = c->sample_rate;
    av_channel_layout_copy(&m->sound->ch_layout, &c->ch_layout);
    must(av_frame_get_buffer(m->sound, 0), "sound buffer");
}

static void write_out(maker *m, AVCodecContext *c, AVStream *st)
{
    while (avcodec_receive_packet(c, m->pkt) >= 0) {
        if (c == m->video && !m->pkt->duration && !m->o.pts) m->pkt->duration = 1;
        if (c == m->video && m->o.pts && m->o.last_ticks) m->pkt->duration = m->o.last_ticks;
        av_packet_rescale_ts(m->pkt, c->time_base, st->time_base);
        m->pkt->stream_index = st->index;
        must(av_interleaved_write_frame(m->oc, m->pkt), "write packet");
    }
}

/* A decaying 440 Hz tone, so that no two stretches are alike. */
static double tone(int64_t i, int rate)
{
    const double t = (double)i / rate;

    return 0.6 * sin(6.283185307179586 * 440 * t * (1 + 0.1 * t)) / (1 + t);
}

static void put_sound(maker *m)
{
    AVFrame *s = m->sound;

    must(av_frame_make_writable(s), "sound writable");
    for (int i = 0; i < s->nb_samples; i++) {
        const double v = tone(m->n_samples + i, s->sample_rate);

        if (s->format == AV_SAMPLE_FMT_FLTP || s->format == AV_SAMPLE_FMT_FLT)
            ((float *)(void *)s->data[0])[i] = (float)v;
        else
            ((int16_t *)(void *)s->data[0])[i] = (int16_t)lrint(v * 32767);
    }
    s->pts = m->n_samples;
    m->n_samples += s->nb_samples;
    must(avcodec_send_frame(m->audio, s), "send sound");
    write_out(m, m->audio, m->as);
}

static void sound_until(maker *m, double seconds)
{
    if (!m->audio) return;
    if (m->o.audio_s > 0 && seconds > m->o.audio_s) seconds = m->o.audio_s;
    while ((double)m->n_samples < seconds * m->audio->sample_rate)
        put_sound(m);
}

static void draw(AVFrame *f, int t, int noise)
{
    for (int i = 0; i < 3; i++) {
        const int w = i ? (f->width + 1) / 2 : f->width, h = i ? (f->height + 1) / 2 : f->height;

        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                f->data[i][y * f->linesize[i] + x] =
                    clip_sample(i, x, y, noise == 2 ? 0 : t, noise);
    }
}

static void put_picture(maker *m, int t)
{
    AVFrame *f = m->base;

    must(av_frame_make_writable(f), "picture writable");
    draw(f, t, m->o.noise);
    if (m->video->pix_fmt != AV_PIX_FMT_YUV420P) {
        const int *matrix = sws_getCoefficients(SWS_CS_ITU601);

        if (!m->sws) {
            m->sws =
                sws_getContext(f->width, f->height, AV_PIX_FMT_YUV420P, f->width, f->height,
                               m->video->pix_fmt, SWS_BICUBIC | SWS_BITEXACT, NULL, NULL, NULL);
            assert_non_null(m->sws);
            /* equal ranges: samples keep their values */
            sws_setColorspaceDetails(m->sws, matrix, 0, matrix, 0, 0, 1 << 16, 1 << 16);
            m->picture = new_picture(f->width, f->height, m->video->pix_fmt);
        }
        must(av_frame_make_writable(m->picture), "picture writable");
        sws_scale(m->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height,
                  m->picture->data, m->picture->linesize);
        f = m->picture;
    }
    f->pts = m->o.pts ? m->o.pts[t] : t;
    f->quality = m->video->global_quality;
    must(avcodec_send_frame(m->video, f), "send picture");
    write_out(m, m->video, m->vs);
}

/* Motion JPEG packets stand alone, so that those of another encoder may follow. */
static void switch_size(maker *m)
{
    AVCodecContext *c = avcodec_alloc_context3(m->video->codec);

    c->width = m->o.width / 2;
    c->height = m->o.height / 2;
    c->pix_fmt = m->video->pix_fmt;
    c->time_base = m->video->time_base;
    c->color_range = m->video->color_range;
    c->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
    c->flags = m->video->flags;
    c->global_quality = m->video->global_quality;
    must(avcodec_open2(c, c->codec, NULL), "open smaller encoder");
    avcodec_free_context(&m->video);
    m->video = c;
    av_frame_free(&m->base);
    m->base = new_picture(c->width, c->height, AV_PIX_FMT_YUV420P);
    av_frame_free(&m->picture);
    sws_freeContext(m->sws);
    m->sws = NULL;
}

static void set_defaults(clip_options *o)
{
    if (!o->width) o->width = 64;
    if (!o->height) o->height = 48;
    if (!o->n_frames) o->n_frames = 10;
    if (!o->fps_num) o->fps_num = 30;
    if (!o->fps_den) o->fps_den = 1;
    if (!o->codec) o->codec = "libx264";
    if (!o->pix_fmt) o->pix_fmt = "yuv420p";
}

static void open_output(maker *m, const char *path)
{
    AVDictionary *options = NULL;
    char url[4200];

    snprintf(url, sizeof url, "file:%s", path);
    must(avformat_alloc_output_context2(&m->oc, NULL, NULL, url), "choose container");
    m->oc->flags |= AVFMT_FLAG_BITEXACT;
    if (strcmp(m->o.codec, "none")) {
        open_video(m);
        set_rotation(m);
    }
    if (m->o.audio) open_audio(m);
    if (m->o.title) av_dict_set(&m->oc->metadata, "title", m->o.title, 0);
    if (m->o.front_index) av_dict_set(&options, "movflags", "faststart", 0);
    if (m->o.pts) av_dict_set_int(&options, "video_track_timescale", m->o.tb_den, 0);
    must(avio_open(&m->oc->pb, url, AVIO_FLAG_WRITE), "create file");
    must(avformat_write_header(m->oc, &options), "write header");
    av_dict_free(&options);
}

void make_video(const char *path, const clip_options *o)
{
    maker m = { .o = *o };

    av_log_set_level(AV_LOG_QUIET);
    set_defaults(&m.o);
    open_output(&m, path);
    m.pkt = av_packet_alloc();
    m.base = new_picture(m.o.width, m.o.height, AV_PIX_FMT_YUV420P);
    for (int t = 0; t < m.o.n_frames; t++) {
        const int64_t next = m.o.pts ? m.o.pts[t] : t + 1;

        if (m.o.resize_at && t == m.o.resize_at) switch_size(&m);
        if (m.video) put_picture(&m, t);
        sound_until(&m,
                    m.o.pts ? (double)next / m.o.tb_den : (double)next * m.o.fps_den / m.o.fps_num);
    }
    if (m.o.audio_s > 0) sound_until(&m, m.o.audio_s);
    if (m.video) {
        avcodec_send_frame(m.video, NULL);
        write_out(&m, m.video, m.vs);
    }
    if (m.audio) {
        avcodec_send_frame(m.audio, NULL);
        write_out(&m, m.audio, m.as);
    }
    must(av_write_trailer(m.oc), "write trailer");
    must(avio_closep(&m.oc->pb), "close");
    avcodec_free_context(&m.video);
    avcodec_free_context(&m.audio);
    av_frame_free(&m.base);
    av_frame_free(&m.picture);
    av_frame_free(&m.sound);
    av_packet_free(&m.pkt);
    sws_freeContext(m.sws);
    avformat_free_context(m.oc);
}

uint8_t *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;
    long size;

    if (!f) fail_msg("cannot open %s", path);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size = ftell(f);
    rewind(f);
    data = malloc((size_t)size + 1);
    assert_int_equal(fread(data, 1, (size_t)size, f), size);
    fclose(f);
    *n = (size_t)size;
    return data;
}

void spill(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f) fail_msg("cannot create %s", path);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

void copy_cut(const char *dst, const char *src, double share)
{
    size_t n;
    uint8_t *data = slurp(src, &n);

    spill(dst, data, (size_t)((double)n * share));
    free(data);
}
