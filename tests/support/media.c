/* SPDX-License-Identifier: Apache-2.0 */
#include "support/media.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <spng.h>

#include "support/support.h"

mw_frame png_load(const char *path)
{
    FILE *file = fopen(path, "rb");
    spng_ctx *png = spng_ctx_new(0);
    struct spng_ihdr head;
    size_t n;
    uint8_t *packed;
    mw_frame f;

    if (!file) fail_msg("cannot open %s", path);
    assert_int_equal(spng_set_png_file(png, file), 0);
    assert_int_equal(spng_get_ihdr(png, &head), 0);
    assert_int_equal(spng_decoded_image_size(png, SPNG_FMT_RGB8, &n), 0);
    packed = malloc(n);
    assert_int_equal(spng_decode_image(png, packed, n, SPNG_FMT_RGB8, 0), 0);
    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, (int)head.width, (int)head.height, NULL));
    for (uint32_t y = 0; y < head.height; y++)
        memcpy(f.plane[0] + (ptrdiff_t)y * f.stride[0], packed + (size_t)y * head.width * 3,
               (size_t)head.width * 3);
    free(packed);
    spng_ctx_free(png);
    fclose(file);
    return f;
}

struct clip {
    AVFormatContext *format;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    int stream, drained;
    mw_frame rgb;
};

clip *clip_open(const char *path)
{
    clip *c = calloc(1, sizeof *c);
    const AVCodec *codec;

    if (avformat_open_input(&c->format, path, NULL, NULL) < 0) fail_msg("cannot open %s", path);
    assert_true(avformat_find_stream_info(c->format, NULL) >= 0);
    c->stream = av_find_best_stream(c->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    assert_true(c->stream >= 0);
    c->codec = avcodec_alloc_context3(codec);
    avcodec_parameters_to_context(c->codec, c->format->streams[c->stream]->codecpar);
    c->codec->thread_count = 1;
    assert_true(avcodec_open2(c->codec, codec, NULL) >= 0);
    c->packet = av_packet_alloc();
    c->frame = av_frame_alloc();
    return c;
}

static uint8_t clip8(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static int mulh(int a, int b)
{
    return (int)((long)a * b >> 16);
}

static void to_rgb(mw_frame *rgb, const AVFrame *f)
{
    assert_int_equal(f->format, AV_PIX_FMT_YUV420P);
    if (rgb->width != f->width || rgb->height != f->height) {
        mw_frame_clear(rgb);
        assert_ok(mw_frame_alloc(rgb, MW_PIX_RGB24, f->width, f->height, NULL));
    }
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            const int luma = mulh((f->data[0][y * f->linesize[0] + x] - 16) * 8, 9539);
            const int u = (f->data[1][y / 2 * f->linesize[1] + x / 2] - 128) * 8;
            const int v = (f->data[2][y / 2 * f->linesize[2] + x / 2] - 128) * 8;
            uint8_t *p = rgb->plane[0] + y * rgb->stride[0] + 3 * x;

            p[0] = clip8(luma + mulh(v, 13075));
            p[1] = clip8(luma + mulh(u, -3209) + mulh(v, -6660));
            p[2] = clip8(luma + mulh(u, 16525));
        }
}

const mw_frame *clip_next(clip *c)
{
    for (;;) {
        const int got = avcodec_receive_frame(c->codec, c->frame);

        if (!got) {
            to_rgb(&c->rgb, c->frame);
            return &c->rgb;
        }
        if (c->drained) return NULL;
        if (av_read_frame(c->format, c->packet) < 0) {
            c->drained = 1;
            avcodec_send_packet(c->codec, NULL);
            continue;
        }
        if (c->packet->stream_index == c->stream)
            assert_int_equal(avcodec_send_packet(c->codec, c->packet), 0);
        av_packet_unref(c->packet);
    }
}

void clip_close(clip *c)
{
    mw_frame_clear(&c->rgb);
    av_frame_free(&c->frame);
    av_packet_free(&c->packet);
    avcodec_free_context(&c->codec);
    avformat_close_input(&c->format);
    free(c);
}
