/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "media/video_convert.h"
#include "media/video_reader.h"
#include "support/clips.h"

static char *dir;
static char path[4200];

static const char *at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
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

static mw_video_reader *open_ok(const char *file)
{
    mw_video_reader *r = NULL;
    mw_error err = { 0 };

    if (mw_video_reader_open(&r, file, &err) != MW_OK) fail_msg("%s", err.message);
    return r;
}

static int next_ok(mw_video_reader *r, mw_frame *f)
{
    mw_error err = { 0 };
    int got;

    if (mw_video_reader_next(r, f, &got, &err) != MW_OK) fail_msg("%s", err.message);
    return got;
}

/* Largest and mean absolute difference of a plane to the picture that was drawn. */
static int plane_error(const mw_frame *f, int i, int t, double *mean)
{
    const int w = i ? (f->width + 1) / 2 : f->width, h = i ? (f->height + 1) / 2 : f->height;
    int worst = 0;

    *mean = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int d = abs(f->plane[i][y * f->stride[i] + x] - clip_sample(i, x, y, t, 0));

            worst = d > worst ? d : worst;
            *mean += (double)d / (w * h);
        }
    return worst;
}

/* Frames of a clip in order, each plane within the given bounds; returns how many. */
static int expect_frames(const char *file, int worst, double worst_mean)
{
    mw_video_reader *r = open_ok(file);
    mw_frame f;
    int t = 0;

    for (; next_ok(r, &f); t++) {
        assert_int_equal(f.format, MW_PIX_YUV420P);
        assert_null(f.memory);
        for (int i = 0; i < 3; i++) {
            double mean;
            const int e = plane_error(&f, i, t, &mean);

            assert_int_equal((uintptr_t)f.plane[i] % MW_MEM_ALIGN, 0);
            assert_int_equal(f.stride[i] % MW_MEM_ALIGN, 0);
            if (e > worst || mean > worst_mean)
                fail_msg("%s: frame %d plane %d differs by up to %d, %.2f on average", file, t, i,
                         e, mean);
        }
    }
    assert_false(next_ok(r, &f)); /* the end stays the end */
    assert_int_equal(mw_video_reader_stats(r).n_frames, t);
    mw_video_reader_close(&r);
    assert_null(r);
    return t;
}

static void lossless_frames_come_back_exactly(void **state)
{
    (void)state;
    make_video(at("a.mkv"), &(clip_options){ .codec = "ffv1", .n_frames = 7 });
    assert_int_equal(expect_frames(path, 0, 0), 7);
    make_video(at("odd.mkv"), &(clip_options){ .codec = "ffv1", .width = 37, .height = 21 });
    assert_int_equal(expect_frames(path, 0, 0), 10);
    make_video(at("tiny.mkv"), &(clip_options){ .codec = "ffv1", .width = 2, .height = 2 });
    assert_int_equal(expect_frames(path, 0, 0), 10);
}

static void reads_usual_codecs_in_display_order(void **state)
{
    static const struct {
        const char *name, *codec;
        int b_frames;
    } clip[] = { { "a.mp4", "libx264", 3 },
                 { "b.mkv", "libx264", 2 },
                 { "c.avi", "mpeg4", 0 },
                 { "d.mov", "mjpeg", 0 },
                 { "e.ts", "mpeg2video", 2 } };

    (void)state;
    for (size_t i = 0; i < sizeof clip / sizeof *clip; i++) {
        make_video(at(clip[i].name), &(clip_options){ .codec = clip[i].codec,
                                                      .pix_fmt = i == 3 ? "yuvj420p" : "yuv420p",
                                                      .full_range = i == 3,
                                                      .b_frames = clip[i].b_frames,
                                                      .n_frames = 20,
                                                      .audio = "aac" });
        assert_int_equal(expect_frames(path, 24, 2), 20);
    }
}

/* Equal ranges on both sides: samples keep their values. */
static void other_pixel_formats_become_420(void **state)
{
    static const struct {
        const char *codec, *pix_fmt;
        int worst;
    } clip[] = { { "libx264", "yuv420p10le", 20 }, { "libx264", "yuv422p", 20 },
                 { "libx264", "yuv444p", 24 },     { "ffv1", "yuv420p16le", 1 },
                 { "ffv1", "yuv422p10le", 6 },     { "ffv1", "yuv444p", 12 },
                 { "libx264", "nv12", 20 },        { "ffv1", "yuv411p", 24 } };

    (void)state;
    for (size_t i = 0; i < sizeof clip / sizeof *clip; i++) {
        make_video(at("f.mkv"),
                   &(clip_options){ .codec = clip[i].codec, .pix_fmt = clip[i].pix_fmt });
        assert_int_equal(expect_frames(path, clip[i].worst, 3), 10);
    }
    /* the picture leaves the RGB cube, which costs chroma most */
    make_video(at("rgb.mkv"), &(clip_options){ .codec = "ffv1", .pix_fmt = "bgr0" });
    assert_int_equal(expect_frames(path, 48, 10), 10);
}

static void full_range_is_told_and_kept(void **state)
{
    mw_video_reader *r;
    mw_frame f;

    (void)state;
    make_video(at("j.mp4"), &(clip_options){ .pix_fmt = "yuvj420p", .full_range = 1 });
    r = open_ok(path);
    assert_int_equal(mw_video_reader_info(r)->range, 1);
    assert_true(next_ok(r, &f));
    assert_int_equal(f.full_range, 1);
    mw_video_reader_close(&r);
    assert_int_equal(expect_frames(path, 20, 2), 10);
    make_video(at("l.mp4"), &(clip_options){ 0 });
    r = open_ok(path);
    assert_true(mw_video_reader_info(r)->range <= 0);
    assert_true(next_ok(r, &f));
    assert_int_equal(f.full_range, 0);
    mw_video_reader_close(&r);
}

static void tells_what_the_file_says(void **state)
{
    static const int turn[] = { 0, 90, 180, 270 };
    const mw_video_info *info;
    mw_video_reader *r;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        make_video(at("i.mp4"), &(clip_options){ .width = 80,
                                                 .height = 60,
                                                 .n_frames = 50,
                                                 .fps_num = 30000,
                                                 .fps_den = 1001,
                                                 .b_frames = 2,
                                                 .audio = "aac",
                                                 .tagged = 1,
                                                 .rotation_deg = turn[i] });
        r = open_ok(path);
        info = mw_video_reader_info(r);
        assert_int_equal(info->rotation_deg, turn[i]);
        assert_int_equal(info->mirrored, 0);
        mw_video_reader_close(&r);
    }
    r = open_ok(path);
    info = mw_video_reader_info(r);
    assert_int_equal(info->width, 80);
    assert_int_equal(info->height, 60);
    assert_int_equal(info->fps_num, 30000);
    assert_int_equal(info->fps_den, 1001);
    assert_int_equal(info->n_frames_declared, 50);
    assert_int_equal(info->start_pts, 0);
    assert_int_equal(info->n_audio, 1);
    assert_int_equal(info->n_other, 0);
    assert_true(info->reorder_frames > 0);
    assert_int_equal(info->sar_num, 4);
    assert_int_equal(info->sar_den, 3);
    assert_true(fabs(info->duration_s - 50 * 1001 / 30000.0) < 1e-3);
    assert_string_equal(info->codec, "h264");
    assert_string_equal(info->pixel_format, "yuv420p");
    assert_non_null(strstr(info->container, "mp4"));
    mw_video_reader_close(&r);
}

static void variable_times_come_exactly(void **state)
{
    static const int64_t pts[] = {
        0, 1000, 1001, 5000, 9999, 10000, 123456, 123457, 123999, 130000
    };
    mw_video_reader *r;
    mw_frame f;

    (void)state;
    make_video(at("v.mp4"), &(clip_options){ .pts = pts, .tb_den = 90000, .b_frames = 2 });
    r = open_ok(path);
    assert_int_equal(mw_video_reader_info(r)->time_base_den, 90000);
    for (int t = 0; t < 10; t++) {
        assert_true(next_ok(r, &f));
        assert_int_equal(f.pts, pts[t]);
    }
    assert_false(next_ok(r, &f));
    assert_int_equal(mw_video_reader_stats(r).n_pts_guessed, 0);
    assert_int_equal(mw_video_reader_stats(r).n_pts_moved, 0);
    mw_video_reader_close(&r);
}

/* Read to the end or to the first error, which is returned. */
static mw_status read_all(const char *file, mw_error *err, int *n)
{
    mw_video_reader *r = NULL;
    mw_status st = mw_video_reader_open(&r, file, err);
    mw_frame f;
    int got = 1;

    for (*n = 0; st == MW_OK && got; *n += got)
        st = mw_video_reader_next(r, &f, &got, err);
    mw_video_reader_close(&r);
    return st;
}

static void a_change_of_size_names_the_frame(void **state)
{
    static const char *const name[] = { "s.avi", "s.mkv", "s.mov" };
    mw_error err;
    int n;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        make_video(at(name[i]),
                   &(clip_options){
                       .codec = "mjpeg", .pix_fmt = "yuvj420p", .full_range = 1, .resize_at = 6 });
        assert_int_equal(read_all(path, &err, &n), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "unsupported");
        assert_non_null(strstr(err.message, "frame 6 is 32 x 24"));
        assert_int_equal(n, 6);
    }
}

/* FFV1 carries a checksum per slice, so that one byte must be found. H.264 has none: a few bytes
 * may decode to another valid picture, so more than a whole frame is hit; in MKV that hits the head
 * of a block, too, which is found before the first frame. */
static void damaged_data_are_an_error(void **state)
{
    static const struct {
        const char *name, *codec;
        size_t n_bad;
        int n_good;
    } clip[] = { { "d.mkv", "ffv1", 1, 4 },
                 { "d.mp4", "libx264", 1500, 4 },
                 { "e.mkv", "libx264", 1500, 0 } };

    (void)state;
    for (size_t i = 0; i < sizeof clip / sizeof *clip; i++) {
        mw_error err = { 0 };
        uint8_t *data;
        size_t size;
        int n;

        make_video(
            at(clip[i].name),
            &(clip_options){ .codec = clip[i].codec, .width = 160, .height = 120, .n_frames = 30 });
        data = slurp(path, &size);
        for (size_t k = 0; k < clip[i].n_bad; k++)
            data[size / 2 + k] ^= 0x5a;
        spill(path, data, size);
        free(data);
        if (read_all(path, &err, &n) != MW_ERR_FORMAT) fail_msg("%s passes", clip[i].name);
        assert_string_equal(err.reason, "decode_error");
        assert_true(n >= clip[i].n_good && n < 27);
    }
}

static void a_cover_picture_is_no_video(void **state)
{
    mw_video_reader *r = NULL;
    mw_error err;

    (void)state;
    make_video(at("song.mp4"), &(clip_options){ .codec = "mjpeg",
                                                .pix_fmt = "yuvj420p",
                                                .full_range = 1,
                                                .n_frames = 1,
                                                .cover = 1,
                                                .audio = "aac",
                                                .audio_s = 0.5 });
    assert_int_equal(mw_video_reader_open(&r, path, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_video");
}

static void a_picture_above_the_limit_is_refused(void **state)
{
    mw_video_reader *r = NULL;
    mw_error err;
    size_t size;
    uint8_t *data;

    (void)state;
    make_video(at("big.avi"), &(clip_options){ .codec = "rawvideo", .n_frames = 1 });
    data = slurp(path, &size);
    for (size_t i = 0; i + 12 < size; i++)
        if (!memcmp(data + i, "strf", 4)) memcpy(data + i + 12, "\x01\x40\0\0", 4); /* 16385 */
    spill(path, data, size);
    free(data);
    assert_int_equal(mw_video_reader_open(&r, path, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "too_large");
}

static void chroma_repeat_and_mean_undo_each_other(void **state)
{
    static const int size[][2] = { { 1, 1 }, { 2, 2 }, { 7, 5 }, { 64, 33 } };
    uint8_t small[32 * 32], wide[64 * 64], back[32 * 32];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const int w = size[i][0], h = size[i][1];

        for (int k = 0; k < 32 * 32; k++)
            small[k] = (uint8_t)(k * 37 + k / 32 * 11);
        memset(back, 0, sizeof back);
        mw_chroma_repeat(wide, 64, small, 32, w, h);
        mw_chroma_mean(back, 32, wide, 64, w, h);
        for (int y = 0; y < (h + 1) / 2; y++)
            assert_memory_equal(back + y * 32, small + y * 32, (size_t)(w + 1) / 2);
    }
}

static void chroma_mean_rounds_to_nearest_and_repeats_the_edge(void **state)
{
    static const uint8_t wide[3][3] = { { 0, 0, 10 }, { 1, 1, 13 }, { 7, 8, 255 } };
    uint8_t small[2][2];

    (void)state;
    mw_chroma_mean(small[0], 2, wide[0], 3, 3, 3);
    assert_int_equal(small[0][0], 1);   /* 0.5 */
    assert_int_equal(small[0][1], 12);  /* 11.5 */
    assert_int_equal(small[1][0], 8);   /* 7.5 */
    assert_int_equal(small[1][1], 255); /* the corner alone */
}

static void opening_survives_every_failed_allocation(void **state)
{
    mw_video_reader *r = NULL;
    const long live = mw_mem_live();

    (void)state;
    make_video(at("m.mp4"), &(clip_options){ 0 });
    for (long i = 1;; i++) {
        mw_status st;

        mw_mem_fail_at(i);
        st = mw_video_reader_open(&r, path, NULL);
        mw_mem_fail_at(0);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_null(r);
        assert_true(i < 100);
    }
    mw_video_reader_close(&r);
    assert_int_equal(mw_mem_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lossless_frames_come_back_exactly),
        cmocka_unit_test(reads_usual_codecs_in_display_order),
        cmocka_unit_test(other_pixel_formats_become_420),
        cmocka_unit_test(full_range_is_told_and_kept),
        cmocka_unit_test(tells_what_the_file_says),
        cmocka_unit_test(variable_times_come_exactly),
        cmocka_unit_test(a_change_of_size_names_the_frame),
        cmocka_unit_test(damaged_data_are_an_error),
        cmocka_unit_test(a_cover_picture_is_no_video),
        cmocka_unit_test(a_picture_above_the_limit_is_refused),
        cmocka_unit_test(chroma_repeat_and_mean_undo_each_other),
        cmocka_unit_test(chroma_mean_rounds_to_nearest_and_repeats_the_edge),
        cmocka_unit_test(opening_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
