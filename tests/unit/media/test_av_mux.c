/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets are compared as libavformat reads them back, samples as mw_sound_load does.
 */
#include "support/support.h"

#include <libavformat/avformat.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/av_mux.h"
#include "media/sound.h"
#include "media/video_reader.h"
#include "support/clips.h"

#define RATE 16000

static char *dir;

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
    return mw_mem_live() ? -1 : 0;
}

static const char *in(const char *name)
{
    return path_in(dir, name);
}

/* Loud and quiet, extremes, silence. */
static int16_t *samples(int64_t n)
{
    int16_t *x = malloc((size_t)n * sizeof *x);
    uint32_t h = 1;

    for (int64_t i = 0; i < n; i++) {
        h = h * 1664525u + 1013904223u;
        x[i] = i % 7 == 0          ? 32767
               : i % 11 == 0       ? -32768
               : i / 2000 % 3 == 0 ? 0
               : i / 1000 % 2      ? (int16_t)(h >> 16)
                                   : (int16_t)(h >> 26);
    }
    return x;
}

static void assert_same_samples(const char *path, const int16_t *x, int64_t n, double start_s,
                                double tolerance_s)
{
    const mw_sound_want want = { .rate_hz = 0, .channel = -1, .max_s = 1e4 };
    mw_error err;
    mw_audio a;

    if (mw_sound_load(&a, path, &want, &err) != MW_OK) fail_msg("%s: %s", path, err.message);
    assert_int_equal(a.n, n);
    assert_int_equal(a.source_rate_hz, RATE);
    assert_int_equal(a.source_channels, 1);
    for (int64_t i = 0; i < n; i++)
        assert_true(a.x[i] * 32768.0f == (float)x[i]);
    assert_true(a.start_s - start_s <= tolerance_s && start_s - a.start_s <= tolerance_s);
    mw_audio_clear(&a);
}

/* The i-th packet of the picture, with its bytes. */
typedef struct packets {
    AVFormatContext *fc;
    AVPacket *pkt;
} packets;

static packets packets_open(const char *path)
{
    packets p = { NULL, av_packet_alloc() };

    assert_int_equal(avformat_open_input(&p.fc, path, NULL, NULL), 0);
    assert_true(avformat_find_stream_info(p.fc, NULL) >= 0);
    return p;
}

static int packets_next(packets *p)
{
    for (;;) {
        av_packet_unref(p->pkt);
        if (av_read_frame(p->fc, p->pkt) < 0) return 0;
        if (p->fc->streams[p->pkt->stream_index]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
            return 1;
    }
}

static void packets_close(packets *p)
{
    av_packet_free(&p->pkt);
    avformat_close_input(&p->fc);
}

/* Same pictures, at the same times to the tick, for as long. */
static void assert_same_picture(const char *path, const char *picture)
{
    packets a = packets_open(path), b = packets_open(picture);
    int n = 0;

    for (;; n++) {
        const int more = packets_next(&a);

        assert_int_equal(more, packets_next(&b));
        if (!more) break;
        assert_int_equal(av_compare_ts(a.pkt->pts, a.fc->streams[a.pkt->stream_index]->time_base,
                                       b.pkt->pts, b.fc->streams[b.pkt->stream_index]->time_base),
                         0);
        assert_int_equal(
            av_compare_ts(a.pkt->duration, a.fc->streams[a.pkt->stream_index]->time_base,
                          b.pkt->duration, b.fc->streams[b.pkt->stream_index]->time_base),
            0);
        assert_int_equal(a.pkt->size, b.pkt->size);
        assert_memory_equal(a.pkt->data, b.pkt->data, (size_t)a.pkt->size);
    }
    assert_true(n > 0);
    packets_close(&a);
    packets_close(&b);
}

static void check(const char *name, const clip_options *o, mw_video_container container, int64_t n,
                  int64_t start, double tolerance_s)
{
    char out[64];
    int16_t *x = samples(n);
    const mw_mux_sound sound = { x, n, RATE, start };
    mw_error err;

    snprintf(out, sizeof out, "out-%s", name);
    make_video(in(name), o);
    if (mw_av_mux(in(out), in(name), container, &sound, &err) != MW_OK)
        fail_msg("%s: %s", name, err.message);
    assert_same_samples(in(out), x, n, (double)start / RATE, tolerance_s);
    assert_same_picture(in(out), in(name));
    free(x);
}

static void samples_come_back_exactly(void **state)
{
    static const int64_t counts[] = { 1, 2, 1023, 4095, 4096, 4097, 8192, 50001 };
    static const char *const suffixes[] = { "mp4", "mov", "mkv" };
    const clip_options o = { .n_frames = 12 };

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int k = 0; k < 3; k++) {
            char name[32];

            if (k == MW_VIDEO_MOV && counts[i] == 1) continue;
            snprintf(name, sizeof name, "n%d.%s", (int)counts[i], suffixes[k]);
            check(name, &o, (mw_video_container)k, counts[i], 0, 0);
        }
}

static void times_of_all_kinds_are_kept(void **state)
{
    static const int64_t pts[] = { 0, 1001, 2002, 5000, 5003, 9000, 20000, 20010, 33333, 33334 };

    (void)state;
    check("ntsc.mp4", &(clip_options){ .fps_num = 30000, .fps_den = 1001 }, MW_VIDEO_MP4, 9000, 0,
          0);
    check("vfr.mp4", &(clip_options){ .pts = pts, .tb_den = 30000, .last_ticks = 700 },
          MW_VIDEO_MP4, 20000, 0, 0);
    check("vfr.mov", &(clip_options){ .pts = pts, .tb_den = 30000, .last_ticks = 700 },
          MW_VIDEO_MOV, 20000, 0, 0);
    check("vfr.mkv", &(clip_options){ .pts = pts, .tb_den = 1000, .last_ticks = 700 }, MW_VIDEO_MKV,
          20000, 0, 0);
    check("ffv1.mov", &(clip_options){ .codec = "ffv1" }, MW_VIDEO_MOV, 5000, 0, 0);
    check("ffv1.mkv", &(clip_options){ .codec = "ffv1" }, MW_VIDEO_MKV, 5000, 0, 0);
    check("mpeg4.mp4", &(clip_options){ .codec = "mpeg4" }, MW_VIDEO_MP4, 5000, 0, 0);
}

static void sound_may_begin_after_the_picture(void **state)
{
    const clip_options o = { .n_frames = 30 };

    (void)state;
    check("late.mp4", &o, MW_VIDEO_MP4, 9001, 4001, 0);
    check("late.mov", &o, MW_VIDEO_MOV, 9001, 7, 0);
    check("late.mkv", &o, MW_VIDEO_MKV, 9001, 4001, 0.0005001);
}

static void sound_may_be_longer_or_shorter(void **state)
{
    (void)state;
    check("long.mp4", &(clip_options){ .n_frames = 2 }, MW_VIDEO_MP4, 10 * RATE, 0, 0);
    check("short.mp4", &(clip_options){ .n_frames = 300 }, MW_VIDEO_MP4, 100, 0, 0);
}

static void rotation_and_tags_are_kept(void **state)
{
    const clip_options o = { .rotation_deg = 90, .title = "a title", .tagged = 1 };
    const int16_t x[100] = { 0 };
    const mw_mux_sound sound = { x, 100, RATE, 0 };
    mw_video_reader *r = NULL;
    packets p;

    (void)state;
    make_video(in("turned.mp4"), &o);
    assert_ok(mw_av_mux(in("out.mp4"), in("turned.mp4"), MW_VIDEO_MP4, &sound, NULL));
    assert_ok(mw_video_reader_open(&r, in("out.mp4"), NULL));
    assert_int_equal(mw_video_reader_info(r)->rotation_deg, 90);
    assert_int_equal(mw_video_reader_info(r)->sar_num, 4);
    assert_int_equal(mw_video_reader_info(r)->n_audio, 1);
    mw_video_reader_close(&r);
    p = packets_open(in("out.mp4"));
    assert_string_equal(av_dict_get(p.fc->metadata, "title", NULL, 0)->value, "a title");
    packets_close(&p);
}

static void equal_inputs_give_equal_bytes(void **state)
{
    int16_t *x = samples(30000);
    const mw_mux_sound sound = { x, 30000, RATE, 0 };
    uint8_t *a, *b;
    size_t n, m;

    (void)state;
    make_video(in("v.mp4"), &(clip_options){ .n_frames = 20 });
    assert_ok(mw_av_mux(in("a.mp4"), in("v.mp4"), MW_VIDEO_MP4, &sound, NULL));
    assert_ok(mw_av_mux(in("b.mp4"), in("v.mp4"), MW_VIDEO_MP4, &sound, NULL));
    a = slurp(in("a.mp4"), &n);
    b = slurp(in("b.mp4"), &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
    free(x);
}

static void failures_leave_no_file(void **state)
{
    const int16_t x[10] = { 0 };
    mw_mux_sound sound = { x, 10, RATE, 0 };
    mw_error err;

    (void)state;
    assert_fails(mw_av_mux(in("o.mp4"), in("missing.mp4"), MW_VIDEO_MP4, &sound, &err), MW_ERR_IO);
    make_video(in("v.mp4"), &(clip_options){ .n_frames = 40, .noise = 1, .front_index = 1 });
    copy_cut(in("cut.mp4"), in("v.mp4"), 0.5);
    assert_fails(mw_av_mux(in("o.mp4"), in("cut.mp4"), MW_VIDEO_MP4, &sound, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "truncated");
    assert_fails(mw_av_mux(in("no/folder.mp4"), in("v.mp4"), MW_VIDEO_MP4, &sound, &err),
                 MW_ERR_IO);
    sound.n = 0;
    assert_fails(mw_av_mux(in("o.mp4"), in("v.mp4"), MW_VIDEO_MP4, &sound, &err), MW_ERR_ARG);
    assert_int_equal(count_files(dir, ""), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(samples_come_back_exactly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_of_all_kinds_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sound_may_begin_after_the_picture, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sound_may_be_longer_or_shorter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rotation_and_tags_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_inputs_give_equal_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_leave_no_file, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
