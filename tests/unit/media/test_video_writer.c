/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "support/support.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "media/video_demux.h"
#include "media/video_reader.h"
#include "media/video_reader_priv.h"
#include "media/video_writer.h"
#include "support/clips.h"

static char *dir;
static char in[4200], out[4200];

static void name_in(const char *name)
{
    snprintf(in, sizeof in, "%s/%s", dir, name);
}

static void name_out(const char *name)
{
    snprintf(out, sizeof out, "%s/%s", dir, name);
}

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return 0;
}

static mw_video_encoder options(mw_video_codec codec, mw_video_container container)
{
    mw_video_encoder o = mw_video_encoder_default();

    o.codec = codec;
    o.container = container;
    return o;
}

/* Read from, write to, every frame untouched; the first failure is returned. */
static mw_status copy_video(const char *from, const char *to, const mw_video_encoder *o,
                            mw_error *err, mw_video_copied *copied)
{
    mw_video_reader *r = NULL;
    mw_video_writer *w = NULL;
    mw_frame f;
    int got = 1;
    mw_status st = mw_video_reader_open(&r, from, err);

    if (st == MW_OK) st = mw_video_writer_open(&w, to, r, o, err);
    while (st == MW_OK && got) {
        st = mw_video_reader_next(r, &f, &got, err);
        if (st == MW_OK && got) st = mw_video_writer_put(w, &f, err);
    }
    if (w && copied) *copied = mw_video_writer_copied(w);
    if (st == MW_OK)
        st = mw_video_writer_close(&w, err);
    else
        mw_video_writer_abort(&w);
    assert_null(w);
    mw_video_reader_close(&r);
    return st;
}

static void copy_ok(const mw_video_encoder *o)
{
    mw_error err = { 0 };

    if (copy_video(in, out, o, &err, NULL) != MW_OK) fail_msg("%s", err.message);
}

static double plane_squares(const mw_frame *a, const mw_frame *b, int i, double *n)
{
    const int w = i ? (a->width + 1) / 2 : a->width, h = i ? (a->height + 1) / 2 : a->height;
    double sum = 0;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int d = a->plane[i][y * a->stride[i] + x] - b->plane[i][y * b->stride[i] + x];

            sum += d * d;
        }
    *n = (double)w * h;
    return sum;
}

static double db(double squares, double n)
{
    return squares > 0 ? 10 * log10(255.0 * 255.0 * n / squares) : 200;
}

/* Frames of in and out agree in number, size, range and time (to tolerance_s); returns the lowest
 * PSNR of any frame's Y and of all three planes together. */
static double compare_files(double tolerance_s, int *n_frames)
{
    mw_video_reader *a = NULL, *b = NULL;
    double worst = 200;

    assert_ok(mw_video_reader_open(&a, in, NULL));
    assert_ok(mw_video_reader_open(&b, out, NULL));
    for (*n_frames = 0;; ++*n_frames) {
        const mw_video_info *ia = mw_video_reader_info(a), *ib = mw_video_reader_info(b);
        double s[3], n[3], ta, tb;
        mw_frame f, g;
        int got_f, got_g;

        assert_ok(mw_video_reader_next(a, &f, &got_f, NULL));
        assert_ok(mw_video_reader_next(b, &g, &got_g, NULL));
        assert_int_equal(got_f, got_g);
        if (!got_f) break;
        assert_int_equal(f.width, g.width);
        assert_int_equal(f.height, g.height);
        ta = (double)f.pts * ia->time_base_num / ia->time_base_den;
        tb = (double)g.pts * ib->time_base_num / ib->time_base_den;
        if (fabs(ta - tb) > tolerance_s) fail_msg("frame %d at %.7f, was %.7f", *n_frames, tb, ta);
        for (int i = 0; i < 3; i++)
            s[i] = plane_squares(&f, &g, i, &n[i]);
        worst = fmin(worst, db(s[0], n[0]));
        worst = fmin(worst, db(s[0] + s[1] + s[2], n[0] + n[1] + n[2]));
    }
    mw_video_reader_close(&a);
    mw_video_reader_close(&b);
    return worst;
}

/* What a player hears: samples, start, a checksum of the decoded values, and of the packets. */
typedef struct sound {
    int64_t n_samples, n_packets;
    double start_s;
    uint64_t decoded, packets;
} sound;

static uint64_t mix(uint64_t h, const uint8_t *p, size_t n)
{
    while (n--)
        h = (h ^ *p++) * 0x100000001b3u;
    return h;
}

static void take_sound(sound *s, AVCodecContext *dc, AVRational tb)
{
    AVFrame *f = av_frame_alloc();

    while (avcodec_receive_frame(dc, f) >= 0) {
        const size_t bytes = (size_t)f->nb_samples * (size_t)av_get_bytes_per_sample(f->format);

        if (!s->n_samples) s->start_s = (double)f->best_effort_timestamp * av_q2d(tb);
        s->n_samples += f->nb_samples;
        s->decoded = mix(s->decoded, f->data[0], bytes);
    }
    av_frame_free(&f);
}

static sound listen(const char *file)
{
    sound s = { .decoded = 14695981039346656037u, .packets = 14695981039346656037u };
    AVFormatContext *fc = NULL;
    AVPacket *pkt = av_packet_alloc();
    AVCodecContext *dc;
    const AVCodec *codec;
    AVStream *st;
    int i;

    assert_ok(mw_demux_open(&fc, file, 1, NULL));
    i = av_find_best_stream(fc, AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);
    if (i < 0) {
        s.n_samples = -1;
    } else {
        st = fc->streams[i];
        dc = avcodec_alloc_context3(codec);
        avcodec_parameters_to_context(dc, st->codecpar);
        dc->pkt_timebase = st->time_base;
        assert_true(avcodec_open2(dc, codec, NULL) >= 0);
        for (; av_read_frame(fc, pkt) >= 0; av_packet_unref(pkt)) {
            if (pkt->stream_index != i) continue;
            s.n_packets++;
            s.packets = mix(s.packets, pkt->data, (size_t)pkt->size);
            assert_true(avcodec_send_packet(dc, pkt) >= 0);
            take_sound(&s, dc, st->time_base);
        }
        avcodec_send_packet(dc, NULL);
        take_sound(&s, dc, st->time_base);
        avcodec_free_context(&dc);
    }
    av_packet_free(&pkt);
    avformat_close_input(&fc);
    return s;
}

static void expect_same_sound(double tolerance_s)
{
    const sound a = listen(in), b = listen(out);

    assert_true(a.n_samples > 0);
    assert_int_equal(a.n_packets, b.n_packets);
    assert_true(a.packets == b.packets);
    if (a.n_samples != b.n_samples)
        fail_msg("%s: %lld samples, were %lld", out, (long long)b.n_samples,
                 (long long)a.n_samples);
    assert_true(a.decoded == b.decoded);
    if (fabs(a.start_s - b.start_s) > tolerance_s)
        fail_msg("%s: sound starts at %.6f, was %.6f", out, b.start_s, a.start_s);
}

static void untouched_frames_stay_above_43_db_whatever_they_show(void **state)
{
    int n;

    (void)state;
    for (int noise = 0; noise < 2; noise++) {
        name_in("q.mkv");
        make_video(
            in, &(clip_options){
                    .codec = "ffv1", .width = 128, .height = 96, .n_frames = 70, .noise = noise });
        for (int effort = MW_VIDEO_FAST; effort <= MW_VIDEO_SMALL; effort++) {
            mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MKV);
            double worst;

            name_out("q_out.mkv");
            o.effort = (mw_video_effort)effort;
            copy_ok(&o);
            worst = compare_files(0, &n);
            assert_int_equal(n, 70);
            if (worst < 43) fail_msg("noise %d effort %d: %.2f dB", noise, effort, worst);
        }
    }
}

static void ffv1_keeps_every_sample(void **state)
{
    static const int size[][2] = { { 64, 48 }, { 37, 21 }, { 16, 16 },
                                   { 2, 2 },   { 3, 2 },   { 400, 300 } };
    const mw_video_encoder o = options(MW_VIDEO_FFV1, MW_VIDEO_MKV);
    int n;

    (void)state;
    name_in("l.mkv");
    name_out("l_out.mkv");
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        make_video(in, &(clip_options){ .codec = "ffv1",
                                        .width = size[i][0],
                                        .height = size[i][1],
                                        .noise = i & 1,
                                        .n_frames = 5 });
        copy_ok(&o);
        assert_true(compare_files(0, &n) == 200);
        assert_int_equal(n, 5);
    }
}

static void every_size_is_kept(void **state)
{
    static const int size[][2] = { { 16, 16 }, { 37, 21 }, { 64, 49 },
                                   { 65, 48 }, { 2, 2 },   { 7, 9 } };
    static const double least_db[] = { 44, 200, 30 };
    int n;

    (void)state;
    name_in("s.mkv");
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        make_video(in,
                   &(clip_options){ .codec = "ffv1", .width = size[i][0], .height = size[i][1] });
        for (int codec = MW_VIDEO_H264; codec <= MW_VIDEO_MPEG4; codec++) {
            const mw_video_encoder o = options((mw_video_codec)codec, MW_VIDEO_MKV);
            double worst;

            name_out("s_out.mkv");
            copy_ok(&o);
            worst = compare_files(0, &n);
            assert_int_equal(n, 10);
            if (worst < least_db[codec])
                fail_msg("codec %d at %d x %d: %.2f dB", codec, size[i][0], size[i][1], worst);
        }
    }
}

static void a_single_frame_is_a_video(void **state)
{
    static const char *const suffix[] = { "mp4", "mov", "mkv" };
    int n;

    (void)state;
    name_in("one.mp4");
    make_video(in, &(clip_options){ .n_frames = 1 });
    for (int c = MW_VIDEO_MP4; c <= MW_VIDEO_MKV; c++) {
        const mw_video_encoder o = options(MW_VIDEO_H264, (mw_video_container)c);
        char name[32];

        snprintf(name, sizeof name, "one_out.%s", suffix[c]);
        name_out(name);
        copy_ok(&o);
        assert_true(compare_files(0, &n) > 42);
        assert_int_equal(n, 1);
    }
}

/* libavcodec 59 writes such FFV1 and reads zeros. */
static void ffv1_of_one_row_or_column_is_refused(void **state)
{
    static const int size[][2] = { { 16, 1 }, { 1, 16 }, { 1, 1 } };

    (void)state;
    name_in("thin.avi");
    name_out("thin.mkv");
    for (size_t i = 0; i < 3; i++) {
        const mw_video_encoder o = options(MW_VIDEO_FFV1, MW_VIDEO_MKV);
        mw_error err = { 0 };

        make_video(in, &(clip_options){ .codec = "rawvideo",
                                        .pix_fmt = "bgr24",
                                        .width = size[i][0],
                                        .height = size[i][1],
                                        .n_frames = 2 });
        assert_int_equal(copy_video(in, out, &o, &err, NULL), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "bad_size");
    }
}

/* The tolerance of MKV is half of its millisecond. */
static void variable_times_survive(void **state)
{
    static const int64_t pts[] = { 0, 3000, 3001, 9000, 12345, 20000, 90000, 90001, 99999, 123456 };
    mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4);
    mw_video_reader *r = NULL;
    mw_error err;
    int n;

    (void)state;
    name_in("v.mp4");
    name_out("v_out.mp4");
    make_video(in, &(clip_options){ .pts = pts, .tb_den = 90000, .b_frames = 2, .audio = "aac" });
    copy_ok(&o);
    assert_true(compare_files(0, &n) > 42);
    assert_int_equal(n, 10);
    expect_same_sound(0);
    assert_ok(mw_video_reader_open(&r, out, NULL));
    assert_int_equal(mw_video_reader_info(r)->time_base_den, 90000);
    mw_video_reader_close(&r);

    /* two frames within a millisecond cannot be told apart there: an error, not a guess */
    name_out("v_out.mkv");
    o.container = MW_VIDEO_MKV;
    assert_int_equal(copy_video(in, out, &o, &err, NULL), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "unsupported");
    assert_int_equal(access(out, F_OK), -1);
}

static void first_frame_may_come_late_and_rates_may_be_odd(void **state)
{
    static const int64_t odd[] = {
        1234, 4001, 7003, 9999, 13001, 16007, 19001, 22000, 25001, 28003
    };
    static const int64_t late[] = { 100, 140, 190, 230, 270, 310, 350, 400, 440, 480 };
    const mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4);
    int n;

    (void)state;
    name_in("late.mkv");
    name_out("late_out.mp4");
    make_video(in, &(clip_options){ .pts = late, .tb_den = 1000, .audio = "aac" });
    copy_ok(&o);
    compare_files(0, &n);
    assert_int_equal(n, 10);
    /* 90 kHz clock from 1.4 s on: no start is a whole millisecond */
    name_in("late.ts");
    make_video(in, &(clip_options){ .pts = odd, .tb_den = 90000, .audio = "libmp3lame" });
    copy_ok(&o);
    compare_files(0, &n);
    assert_int_equal(n, 10);
    expect_same_sound(1e-9);
    name_in("ntsc.mp4");
    make_video(in, &(clip_options){ .fps_num = 24000, .fps_den = 1001, .n_frames = 40 });
    copy_ok(&o);
    compare_files(0, &n);
    assert_int_equal(n, 40);
}

static double length_s(const char *file)
{
    mw_video_reader *r = NULL;
    double s;

    assert_ok(mw_video_reader_open(&r, file, NULL));
    s = mw_video_reader_info(r)->duration_s;
    mw_video_reader_close(&r);
    return s;
}

static void the_last_frame_keeps_its_duration(void **state)
{
    const mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4);
    mw_video_reader *r = NULL;
    mw_video_writer *w = NULL;
    mw_frame f;
    int got = 1;

    (void)state;
    name_in("d.mp4");
    name_out("d_out.mp4");
    make_video(in, &(clip_options){ .fps_num = 25, .n_frames = 31, .b_frames = 2 });
    copy_ok(&o);
    assert_true(fabs(length_s(in) - 31 / 25.0) < 1e-9);
    assert_true(fabs(length_s(out) - length_s(in)) < 1e-9);

    /* the last one twice as long */
    assert_ok(mw_video_reader_open(&r, in, NULL));
    assert_ok(mw_video_writer_open(&w, out, r, &o, NULL));
    for (int t = 0; t < 31; t++) {
        assert_ok(mw_video_reader_next(r, &f, &got, NULL));
        assert_true(got && f.duration > 0);
        if (t == 30) f.duration *= 2;
        assert_ok(mw_video_writer_put(w, &f, NULL));
    }
    assert_ok(mw_video_writer_close(&w, NULL));
    mw_video_reader_close(&r);
    assert_true(fabs(length_s(out) - 32 / 25.0) < 1e-9);
}

static void sound_is_copied_bit_by_bit(void **state)
{
    static const struct {
        const char *in, *out, *audio;
        mw_video_codec codec;
        mw_video_container container;
        double tolerance_s;
    } c[] = {
        { "a.mp4", "a1.mp4", "aac", MW_VIDEO_H264, MW_VIDEO_MP4, 0 },
        { "a.mp4", "a2.mov", "aac", MW_VIDEO_H264, MW_VIDEO_MOV, 0 },
        { "a.mp4", "a3.mov", "aac", MW_VIDEO_FFV1, MW_VIDEO_MOV, 0 },
        { "b.mkv", "b1.mkv", "aac", MW_VIDEO_H264, MW_VIDEO_MKV, 0 },
        { "b.mkv", "b2.mkv", "libopus", MW_VIDEO_H264, MW_VIDEO_MKV, 0 },
        { "c.mov", "c1.mov", "pcm_s16le", MW_VIDEO_H264, MW_VIDEO_MOV, 0 },
        { "d.avi", "d1.mkv", "pcm_s16le", MW_VIDEO_H264, MW_VIDEO_MKV, 1e-3 },
        { "e.avi", "e1.mkv", "libmp3lame", MW_VIDEO_H264, MW_VIDEO_MKV, 1e-3 },
        { "f.mp4", "f1.mp4", "libmp3lame", MW_VIDEO_MPEG4, MW_VIDEO_MP4, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        const mw_video_encoder o = options(c[i].codec, c[i].container);
        mw_video_copied copied;

        if (!avcodec_find_encoder_by_name(c[i].audio)) continue;
        name_in(c[i].in);
        name_out(c[i].out);
        /* longer than the picture, and no whole number of audio frames */
        make_video(in, &(clip_options){ .n_frames = 40, .audio = c[i].audio, .audio_s = 1.7 });
        assert_ok(copy_video(in, out, &o, NULL, &copied));
        assert_int_equal(copied.n_copied, 1);
        assert_int_equal(copied.n_dropped, 0);
        expect_same_sound(c[i].tolerance_s);
    }
}

/* The packets are there, the order to skip the first 1024 samples is not: told, not hidden. */
static void mkv_tells_that_it_keeps_the_encoder_delay(void **state)
{
    const mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MKV);
    mw_video_copied copied;
    sound a, b;
    int n;

    (void)state;
    name_in("a.mp4");
    name_out("a_out.mkv");
    make_video(in, &(clip_options){ .n_frames = 40, .audio = "aac", .audio_s = 1.7 });
    assert_ok(copy_video(in, out, &o, NULL, &copied));
    assert_int_equal(copied.n_start_kept, 1);
    a = listen(in);
    b = listen(out);
    assert_true(a.packets == b.packets);
    assert_int_equal(b.n_samples, a.n_samples + 1024);
    assert_true(fabs(b.start_s + 1024 / 44100.0 - a.start_s) < 1e-3);
    compare_files(6e-4, &n);
    assert_int_equal(n, 40);
}

static void sound_can_be_left_out_and_may_be_absent(void **state)
{
    mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4);

    (void)state;
    name_in("x.mp4");
    name_out("x_out.mp4");
    make_video(in, &(clip_options){ .audio = "aac" });
    o.drop_audio = 1;
    copy_ok(&o);
    assert_int_equal(listen(out).n_samples, -1);
    make_video(in, &(clip_options){ 0 });
    o.drop_audio = 0;
    copy_ok(&o);
    assert_int_equal(listen(out).n_samples, -1);
}

/* Tags as libavformat reads them back. */
static void expect_tags(const char *file, const char *title, const char *language)
{
    AVFormatContext *fc = NULL;
    const AVCodecParameters *p;
    const AVDictionaryEntry *e;
    AVStream *video;

    assert_ok(mw_demux_open(&fc, file, 1, NULL));
    video = fc->streams[av_find_best_stream(fc, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0)];
    p = video->codecpar;
    assert_int_equal(p->color_primaries, AVCOL_PRI_BT709);
    assert_int_equal(p->color_trc, AVCOL_TRC_BT709);
    assert_int_equal(p->color_space, AVCOL_SPC_BT709);
    e = av_dict_get(fc->metadata, "title", NULL, 0);
    assert_non_null(e);
    assert_string_equal(e->value, title);
    assert_null(av_dict_get(fc->metadata, "creation_time", NULL, 0));
    for (unsigned i = 0; i < fc->nb_streams; i++) {
        if (fc->streams[i] == video) continue;
        e = av_dict_get(fc->streams[i]->metadata, "language", NULL, 0);
        assert_non_null(e);
        assert_string_equal(e->value, language);
    }
    avformat_close_input(&fc);
}

static void rotation_aspect_colours_and_tags_survive(void **state)
{
    static const int turn[] = { 90, 180, 270 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const mw_video_encoder o =
            options(i == 2 ? MW_VIDEO_FFV1 : MW_VIDEO_H264, i ? MW_VIDEO_MOV : MW_VIDEO_MP4);
        mw_video_reader *r = NULL;

        name_in("r.mp4");
        name_out(i ? "r_out.mov" : "r_out.mp4");
        make_video(in, &(clip_options){ .rotation_deg = turn[i],
                                        .tagged = 1,
                                        .audio = "aac",
                                        .title = "a \xc3\xa9 title",
                                        .language = "fra" });
        copy_ok(&o);
        assert_ok(mw_video_reader_open(&r, out, NULL));
        assert_int_equal(mw_video_reader_info(r)->rotation_deg, turn[i]);
        assert_int_equal(mw_video_reader_info(r)->sar_num, 4);
        assert_int_equal(mw_video_reader_info(r)->sar_den, 3);
        mw_video_reader_close(&r);
        expect_tags(out, "a \xc3\xa9 title", "fra");
    }
    {
        mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MKV);

        name_in("t.mkv");
        name_out("t_out.mkv");
        make_video(in,
                   &(clip_options){ .tagged = 1, .audio = "aac", .title = "x", .language = "deu" });
        copy_ok(&o);
        expect_tags(out, "x", "deu");
        o.codec = MW_VIDEO_FFV1;
        copy_ok(&o);
        expect_tags(out, "x", "deu");
    }
}

static void rotation_is_never_lost_in_silence(void **state)
{
    const mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MKV);
    mw_video_reader *r = NULL;
    mw_error err;

    (void)state;
    name_in("r.mp4");
    name_out("r.mkv");
    make_video(in, &(clip_options){ .rotation_deg = 90 });
    if (copy_video(in, out, &o, &err, NULL) == MW_OK) { /* newer libavformat */
        assert_ok(mw_video_reader_open(&r, out, NULL));
        assert_int_equal(mw_video_reader_info(r)->rotation_deg, 90);
    } else {
        assert_string_equal(err.reason, "unsupported");
        assert_ok(mw_video_reader_open(&r, in, NULL));
        assert_int_equal(mw_video_container_for(r, MW_VIDEO_FFV1, 0), MW_VIDEO_MOV);
    }
    mw_video_reader_close(&r);
}

/* Levels of the first frame: 0..255 becomes 16..235. */
static void expect_squeezed(void)
{
    mw_video_reader *r = NULL;
    mw_frame f;
    int got;
    double sum = 0;

    assert_ok(mw_video_reader_open(&r, out, NULL));
    assert_ok(mw_video_reader_next(r, &f, &got, NULL));
    for (int i = 0; i < 2; i++)
        for (int y = 0; y < 48 >> i; y++)
            for (int x = 0; x < 64 >> i; x++) {
                const int v = clip_sample(i, x, y, 0, 0);
                const double expected = i ? 128 + (v - 128) * 224 / 255.0 : 16 + v * 219 / 255.0;

                sum += fabs(f.plane[i][y * f.stride[i] + x] - expected) / (64 * 48 * 1.25);
            }
    mw_video_reader_close(&r);
    if (sum > 3) fail_msg("levels differ by %.2f on average", sum);
}

static void range_survives_or_is_converted(void **state)
{
    static const int expected[] = { 1, 1, 0 };
    int n;

    (void)state;
    name_in("j.mp4");
    make_video(in, &(clip_options){ .pix_fmt = "yuvj420p", .full_range = 1, .audio = "aac" });
    for (int codec = MW_VIDEO_H264; codec <= MW_VIDEO_MPEG4; codec++) {
        mw_video_encoder o = options((mw_video_codec)codec, MW_VIDEO_MP4);
        mw_video_reader *r = NULL;

        name_out("j_out.mp4");
        assert_ok(mw_video_reader_open(&r, in, NULL));
        o.container = mw_video_container_for(r, o.codec, 0);
        assert_int_equal(o.container, codec == MW_VIDEO_FFV1 ? MW_VIDEO_MKV : MW_VIDEO_MP4);
        mw_video_reader_close(&r);
        copy_ok(&o);
        assert_ok(mw_video_reader_open(&r, out, NULL));
        assert_int_equal(mw_video_reader_info(r)->range > 0, expected[codec]);
        mw_video_reader_close(&r);
        if (expected[codec])
            assert_true(compare_files(6e-4, &n) > 42);
        else
            expect_squeezed();
    }
}

static void the_reference_preset_is_30_fps_without_sound(void **state)
{
    const mw_video_encoder o = mw_video_encoder_reference();
    mw_video_reader *r = NULL;
    const mw_video_info *info;
    mw_frame f;
    int got, n = 0;

    (void)state;
    name_in("p.mp4");
    name_out("p_out.mp4");
    make_video(in, &(clip_options){ .fps_num = 25, .n_frames = 30, .audio = "aac" });
    copy_ok(&o);
    assert_ok(mw_video_reader_open(&r, out, NULL));
    info = mw_video_reader_info(r);
    assert_string_equal(info->codec, "mpeg4");
    assert_int_equal(info->fps_num, 30);
    assert_int_equal(info->fps_den, 1);
    assert_int_equal(info->time_base_den, 15360);
    assert_int_equal(info->n_audio, 0);
    assert_true(fabs(info->duration_s - 1) < 1e-9);
    while (assert_int_equal(mw_video_reader_next(r, &f, &got, NULL), MW_OK), got)
        assert_int_equal(f.pts, 512 * n++);
    assert_int_equal(n, 30);
    mw_video_reader_close(&r);
}

/* The bytes of a copy of in during which at most max_bytes of packets wait; early: the reader is
 * closed before the last streams are copied. */
static char *copy_with_room(size_t max_bytes, int early, size_t *n)
{
    const mw_video_encoder o = mw_video_encoder_default();
    mw_video_reader *r = NULL;
    mw_video_writer *w = NULL;
    char *bytes;
    mw_frame f;
    int got = 1;

    assert_ok(mw_video_reader_open(&r, in, NULL));
    mw_video_reader_source(r)->max_bytes = max_bytes;
    assert_ok(mw_video_writer_open(&w, out, r, &o, NULL));
    for (;;) {
        assert_ok(mw_video_reader_next(r, &f, &got, NULL));
        if (!got) break;
        assert_ok(mw_video_writer_put(w, &f, NULL));
    }
    if (early) mw_video_reader_close(&r);
    assert_ok(mw_video_writer_close(&w, NULL));
    mw_video_reader_close(&r);
    assert_ok(mw_file_load(&bytes, n, out, (size_t)1 << 26, NULL));
    return bytes;
}

static void one_open_file_or_two_give_the_same_copy(void **state)
{
    char *want, *have;
    size_t n_want, n_have;

    (void)state;
    name_in("w.mp4");
    name_out("w_out.mp4");
    make_video(in, &(clip_options){ .fps_num = 25, .n_frames = 60, .b_frames = 2, .audio = "aac" });
    want = copy_with_room(MW_SOURCE_MAX_BYTES, 0, &n_want);
    for (size_t room = 0; room < 20000; room = 3 * room + 500) {
        have = copy_with_room(room, room > 1000, &n_have);
        assert_int_equal(n_have, n_want);
        assert_memory_equal(have, want, n_want);
        mw_free(have);
    }
    mw_free(want);
}

static void same_input_gives_same_bytes(void **state)
{
    (void)state;
    name_in("s.mp4");
    make_video(in, &(clip_options){
                       .n_frames = 40, .width = 128, .height = 96, .audio = "aac", .noise = 1 });
    for (int codec = MW_VIDEO_H264; codec <= MW_VIDEO_MPEG4; codec++) {
        const mw_video_encoder o =
            options((mw_video_codec)codec, codec == MW_VIDEO_FFV1 ? MW_VIDEO_MKV : MW_VIDEO_MP4);
        uint8_t *a, *b;
        size_t n, m;

        name_out("one.mp4");
        copy_ok(&o);
        a = slurp(out, &n);
        name_out("another name.mp4");
        sleep(codec == MW_VIDEO_H264); /* another second on the clock */
        copy_ok(&o);
        b = slurp(out, &m);
        assert_int_equal(n, m);
        assert_memory_equal(a, b, n);
        free(a);
        free(b);
    }
}

/* A limit on the file size stands for a full disk: the same calls fail at the same places. */
static void a_full_disk_is_reported_and_leaves_nothing(void **state)
{
    static const rlim_t limit[] = { 0, 100, 20000, 60000 };
    struct rlimit old, now;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

    (void)state;
    name_in("full.mp4");
    make_video(in, &(clip_options){
                       .n_frames = 60, .width = 160, .height = 120, .noise = 1, .audio = "aac" });
    getrlimit(RLIMIT_FSIZE, &old);
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
        for (int c = MW_VIDEO_MP4; c <= MW_VIDEO_MKV; c += 2) {
            const mw_video_encoder o = options(MW_VIDEO_H264, (mw_video_container)c);
            mw_error err = { 0 };
            mw_status st;

            name_out("full_out.mp4");
            now = (struct rlimit){ limit[i], old.rlim_max };
            setrlimit(RLIMIT_FSIZE, &now);
            st = copy_video(in, out, &o, &err, NULL);
            setrlimit(RLIMIT_FSIZE, &old);
            assert_int_equal(st, MW_ERR_IO);
            assert_string_equal(err.reason, "no_space");
            assert_int_equal(access(out, F_OK), -1);
        }
    }
    signal(SIGXFSZ, handler);
}

static void the_end_of_a_short_file_is_checked_too(void **state)
{
    const mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, now;
    mw_video_reader *r = NULL;
    mw_video_writer *w = NULL;
    mw_error err = { 0 };
    mw_status st;
    mw_frame f;
    int got;

    (void)state;
    name_in("short.mp4");
    name_out("short_out.mp4");
    make_video(in, &(clip_options){ .n_frames = 1 });
    assert_ok(mw_video_reader_open(&r, in, NULL));
    assert_ok(mw_video_writer_open(&w, out, r, &o, NULL));
    assert_ok(mw_video_reader_next(r, &f, &got, NULL));
    assert_ok(mw_video_writer_put(w, &f, NULL)); /* stays in the buffer */
    getrlimit(RLIMIT_FSIZE, &old);
    now = (struct rlimit){ 64, old.rlim_max };
    setrlimit(RLIMIT_FSIZE, &now);
    st = mw_video_writer_close(&w, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(st, MW_ERR_IO);
    assert_string_equal(err.reason, "no_space");
    assert_int_equal(access(out, F_OK), -1);
    mw_video_reader_close(&r);
    signal(SIGXFSZ, handler);
}

static void names_of_every_kind_can_be_written(void **state)
{
    static const char *const name[] = { "a b.mp4",   "new\nline.mp4",    "-x.mp4",   "50%03d.mp4",
                                        "12:30.mp4", "\xe6\x97\xa5.mp4", "no suffix" };
    const mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4);
    char old[4096];
    int n;

    (void)state;
    name_in("n.mp4");
    make_video(in, &(clip_options){ .n_frames = 3 });
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(dir), 0);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        snprintf(out, sizeof out, "%s", name[i]);
        copy_ok(&o);
        compare_files(0, &n);
        assert_int_equal(n, 3);
    }
    assert_int_equal(chdir(old), 0);
}

static void container_is_kept_where_it_holds_everything(void **state)
{
    static const struct {
        const char *in, *audio;
        int h264, ffv1, mpeg4;
        const char *suffix;
    } c[] = {
        { "k.mp4", "aac", MW_VIDEO_MP4, MW_VIDEO_MOV, MW_VIDEO_MP4, ".mp4" },
        { "k.m4v.MP4", "aac", MW_VIDEO_MP4, MW_VIDEO_MOV, MW_VIDEO_MP4, ".MP4" },
        { "k.mov", "pcm_s16le", MW_VIDEO_MOV, MW_VIDEO_MOV, MW_VIDEO_MOV, ".mov" },
        { "k.mkv", "aac", MW_VIDEO_MKV, MW_VIDEO_MKV, MW_VIDEO_MKV, ".mkv" },
        { "k.avi", "libmp3lame", MW_VIDEO_MKV, MW_VIDEO_MKV, MW_VIDEO_MKV, ".mkv" },
        { "k.ts", "aac", MW_VIDEO_MKV, MW_VIDEO_MKV, MW_VIDEO_MKV, ".mkv" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        mw_video_reader *r = NULL;

        name_in(c[i].in);
        make_video(in, &(clip_options){ .audio = c[i].audio });
        assert_ok(mw_video_reader_open(&r, in, NULL));
        assert_int_equal(mw_video_container_for(r, MW_VIDEO_H264, 0), c[i].h264);
        assert_int_equal(mw_video_container_for(r, MW_VIDEO_FFV1, 0), c[i].ffv1);
        assert_int_equal(mw_video_container_for(r, MW_VIDEO_MPEG4, 0), c[i].mpeg4);
        assert_string_equal(mw_video_suffix((mw_video_container)c[i].h264, in), c[i].suffix);
        mw_video_reader_close(&r);
    }
    assert_string_equal(mw_video_suffix(MW_VIDEO_MP4, "d.mkv/x.m4v"), ".m4v");
    assert_string_equal(mw_video_suffix(MW_VIDEO_MKV, "d.mkv/x"), ".mkv");
}

static void audio_that_does_not_fit_is_an_error_not_a_loss(void **state)
{
    mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4);
    mw_error err;

    (void)state;
    name_in("pcm.mov");
    name_out("pcm.mp4");
    make_video(in, &(clip_options){ .audio = "pcm_s16le" });
    assert_int_equal(copy_video(in, out, &o, &err, NULL), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "unsupported");
    assert_int_equal(access(out, F_OK), -1);
    o.drop_audio = 1;
    copy_ok(&o);
}

static void wrong_frames_and_options_are_refused(void **state)
{
    mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4), bad;
    mw_video_reader *r = NULL;
    mw_video_writer *w = NULL;
    mw_error err;
    mw_frame f, g;
    int got;

    (void)state;
    name_in("w.mp4");
    name_out("w_out.mp4");
    make_video(in, &(clip_options){ 0 });
    assert_ok(mw_video_reader_open(&r, in, NULL));
    bad = o, bad.qp = 41;
    assert_int_equal(mw_video_writer_open(&w, out, r, &bad, &err), MW_ERR_RANGE);
    bad = o, bad.fps_num = 30;
    assert_int_equal(mw_video_writer_open(&w, out, r, &bad, &err), MW_ERR_RANGE);
    bad = o, bad.gop = 0;
    assert_int_equal(mw_video_writer_open(&w, out, r, &bad, &err), MW_ERR_RANGE);
    assert_int_equal(mw_video_writer_open(&w, "/nowhere/x.mp4", r, &o, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "not_found");
    assert_null(w);

    assert_ok(mw_video_writer_open(&w, out, r, &o, NULL));
    assert_ok(mw_video_reader_next(r, &f, &got, NULL));
    g = f, g.format = MW_PIX_RGB24;
    assert_int_equal(mw_video_writer_put(w, &g, &err), MW_ERR_ARG);
    g = f, g.width -= 2;
    assert_int_equal(mw_video_writer_put(w, &g, &err), MW_ERR_ARG);
    g = f, g.full_range = 1;
    assert_int_equal(mw_video_writer_put(w, &g, &err), MW_ERR_ARG);
    assert_ok(mw_video_writer_put(w, &f, NULL));
    assert_int_equal(mw_video_writer_put(w, &f, &err), MW_ERR_ARG); /* same time */
    mw_video_writer_abort(&w);
    assert_int_equal(access(out, F_OK), -1);

    assert_ok(mw_video_writer_open(&w, out, r, &o, NULL));
    assert_int_equal(mw_video_writer_close(&w, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_frames");
    assert_int_equal(access(out, F_OK), -1);
    mw_video_reader_close(&r);
}

/* Transport stream: 188-byte packets, each with a counter modulo 16 of its own stream. The sound
 * goes on alone after the picture, so that only copied packets are hit. */
static void damaged_sound_is_not_copied_in_silence(void **state)
{
    const mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MKV);
    uint8_t *data;
    size_t n;
    mw_error err;

    (void)state;
    name_in("ts.ts");
    name_out("ts.mkv");
    make_video(in, &(clip_options){ .n_frames = 60, .audio = "aac", .audio_s = 4 });
    copy_ok(&o);
    data = slurp(in, &n);
    for (size_t i = n / 188 * 8 / 10; i < n / 188; i += 5)
        data[188 * i + 3] ^= 7;
    spill(in, data, n);
    free(data);
    assert_int_equal(copy_video(in, out, &o, &err, NULL), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "truncated");
    assert_int_equal(access(out, F_OK), -1);
}

static long peak_kib(int n_frames, mw_video_container container)
{
    const mw_video_encoder o = options(MW_VIDEO_H264, container);
    struct rusage u;

    name_in("long.mkv");
    name_out("long_out.mkv");
    make_video(in, &(clip_options){ .n_frames = n_frames, .codec = "mpeg4", .audio = "aac" });
    copy_ok(&o);
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

/* AddressSanitizer holds freed memory back. */
#if defined(__SANITIZE_ADDRESS__)
#define FREED_MEMORY_STAYS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FREED_MEMORY_STAYS 1
#endif
#endif
#ifndef FREED_MEMORY_STAYS
#define FREED_MEMORY_STAYS 0
#endif

/* 40 times the frames: flat in MKV; in MP4 the index, which is written last, grows by less than a
 * kilobyte per frame and its sound. Runs first, since the peak never falls. */
static void memory_does_not_grow_with_length(void **state)
{
    const int n = 60;
    long start, mkv, mp4;

    (void)state;
    if (FREED_MEMORY_STAYS) {
        print_message("skipped: AddressSanitizer holds freed memory back\n");
        skip();
    }
    start = peak_kib(n, MW_VIDEO_MKV);
    mkv = peak_kib(40 * n, MW_VIDEO_MKV);
    mp4 = peak_kib(40 * n, MW_VIDEO_MP4);
    print_message("# peak %ld KiB, MKV %ld KiB, MP4 %ld KiB\n", start, mkv, mp4);
    assert_true(mkv < start * 11 / 10);
    assert_true(mp4 < start * 11 / 10 + 40 * n);
}

static void opening_survives_every_failed_allocation(void **state)
{
    const mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4);
    mw_video_reader *r = NULL;
    mw_video_writer *w = NULL;
    long live;

    (void)state;
    name_in("m.mp4");
    name_out("m_out.mp4");
    make_video(in, &(clip_options){ .audio = "aac" });
    assert_ok(mw_video_reader_open(&r, in, NULL));
    live = mw_mem_live();
    for (long i = 1;; i++) {
        mw_status st;

        mw_mem_fail_at(i);
        st = mw_video_writer_open(&w, out, r, &o, NULL);
        mw_mem_fail_at(0);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_null(w);
        assert_int_equal(mw_mem_live(), live);
        assert_true(i < 100);
    }
    mw_video_writer_abort(&w);
    assert_int_equal(mw_mem_live(), live);
    mw_video_reader_close(&r);
}

static void published_clips_survive(void **state)
{
    static const char *const clip[] = { "1", "12", "22" };
    char relative[128];
    int n;

    (void)state;
    REQUIRE_SHARED("samples/mosi/video/_dI--eQ6qVU/1.mp4");
    for (size_t i = 0; i < 3; i++) {
        mw_video_encoder o = options(MW_VIDEO_H264, MW_VIDEO_MP4);

        snprintf(relative, sizeof relative, "samples/mosi/video/_dI--eQ6qVU/%s.mp4", clip[i]);
        snprintf(in, sizeof in, "%s", shared_path(relative));
        name_out("mosi.mp4");
        copy_ok(&o);
        assert_true(compare_files(0, &n) > 42);
        expect_same_sound(0);
        assert_true(fabs(length_s(in) - length_s(out)) < 1e-9);
        o = options(MW_VIDEO_FFV1, MW_VIDEO_MOV);
        name_out("mosi.mov");
        copy_ok(&o);
        assert_true(compare_files(0, &n) == 200);
        expect_same_sound(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_does_not_grow_with_length),
        cmocka_unit_test(untouched_frames_stay_above_43_db_whatever_they_show),
        cmocka_unit_test(ffv1_keeps_every_sample),
        cmocka_unit_test(every_size_is_kept),
        cmocka_unit_test(a_single_frame_is_a_video),
        cmocka_unit_test(ffv1_of_one_row_or_column_is_refused),
        cmocka_unit_test(variable_times_survive),
        cmocka_unit_test(first_frame_may_come_late_and_rates_may_be_odd),
        cmocka_unit_test(the_last_frame_keeps_its_duration),
        cmocka_unit_test(sound_is_copied_bit_by_bit),
        cmocka_unit_test(mkv_tells_that_it_keeps_the_encoder_delay),
        cmocka_unit_test(sound_can_be_left_out_and_may_be_absent),
        cmocka_unit_test(rotation_aspect_colours_and_tags_survive),
        cmocka_unit_test(rotation_is_never_lost_in_silence),
        cmocka_unit_test(range_survives_or_is_converted),
        cmocka_unit_test(the_reference_preset_is_30_fps_without_sound),
        cmocka_unit_test(same_input_gives_same_bytes),
        cmocka_unit_test(one_open_file_or_two_give_the_same_copy),
        cmocka_unit_test(a_full_disk_is_reported_and_leaves_nothing),
        cmocka_unit_test(the_end_of_a_short_file_is_checked_too),
        cmocka_unit_test(names_of_every_kind_can_be_written),
        cmocka_unit_test(container_is_kept_where_it_holds_everything),
        cmocka_unit_test(audio_that_does_not_fit_is_an_error_not_a_loss),
        cmocka_unit_test(wrong_frames_and_options_are_refused),
        cmocka_unit_test(damaged_sound_is_not_copied_in_silence),
        cmocka_unit_test(opening_survives_every_failed_allocation),
        cmocka_unit_test(published_clips_survive),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
