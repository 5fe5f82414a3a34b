/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <sys/stat.h>
#include <unistd.h>

#include "media/video_demux.h"
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

static void expect_count(const char *file, int64_t n)
{
    mw_error err = { 0 };
    int64_t got;

    if (mw_video_count_frames(file, &got, &err) != MW_OK) fail_msg("%s", err.message);
    assert_int_equal(got, n);
}

static void expect_refusal(const char *file, mw_status st, const char *reason)
{
    mw_video_reader *r = NULL;
    mw_error err = { 0 };
    int64_t n;

    assert_int_equal(mw_video_count_frames(file, &n, &err), st);
    assert_string_equal(err.reason, reason);
    assert_non_null(strstr(err.message, file));
    assert_int_equal(mw_video_reader_open(&r, file, &err), st);
    assert_string_equal(err.reason, reason);
    assert_null(r);
}

static void counts_frames_of_every_container(void **state)
{
    static const char *const name[] = { "a.mp4", "a.mov", "a.mkv", "a.avi", "a.ts", "a.flv" };

    (void)state;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const clip_options o = { .n_frames = 25, .audio = "aac", .b_frames = i < 3 ? 2 : 0 };

        make_video(at(name[i]), &o);
        expect_count(path, 25);
    }
}

static void any_file_name_is_a_file_name(void **state)
{
    static const char *const name[] = {
        "a b.mp4",    "new\nline.mp4", "-leading.mp4",
        "50%.mp4",    "frame%03d.mp4", "time 12:30.mp4",
        "file:x.mp4", "pipe:.mp4",     "\xc3\xa9t\xc3\xa9 \xe6\x97\xa5.mp4",
        "a|b?c*.mp4", "concat:a.mp4"
    };
    char old[4096];

    (void)state;
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(dir), 0);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        make_video(name[i], &(clip_options){ .n_frames = 3 });
        expect_count(name[i], 3);
    }
    assert_int_equal(chdir(old), 0);
}

static void refuses_what_is_no_video(void **state)
{
    static const char text[] = "ffconcat version 1.0\nfile /etc/passwd\n";
    static const char list[] = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n";
    static const char words[] = "This is a plain text that somebody gave the name of a video.\n";

    (void)state;
    expect_refusal(at("absent.mp4"), MW_ERR_IO, "not_found");
    spill(at("empty.mp4"), "", 0);
    expect_refusal(path, MW_ERR_FORMAT, "empty_file");
    spill(at("text.mp4"), words, sizeof words - 1);
    expect_refusal(path, MW_ERR_FORMAT, "unsupported");
    spill(at("one_byte.mp4"), "x", 1);
    expect_refusal(path, MW_ERR_FORMAT, "unsupported");
    spill(at("list.mp4"), text, sizeof text - 1);
    expect_refusal(path, MW_ERR_FORMAT, "unsupported");
    spill(at("list.m3u8"), list, sizeof list - 1);
    expect_refusal(path, MW_ERR_FORMAT, "unsupported");
    assert_int_equal(mkdir(at("folder.mp4"), 0700), 0);
    expect_refusal(path, MW_ERR_IO, "not_a_file");
    assert_int_equal(mkfifo(at("fifo.mp4"), 0600), 0);
    expect_refusal(path, MW_ERR_IO, "not_a_file");
}

static void refuses_containers_that_are_not_listed(void **state)
{
    (void)state;
    make_video(at("a.nut"), &(clip_options){ .n_frames = 3, .codec = "mpeg4" });
    expect_refusal(path, MW_ERR_FORMAT, "unsupported");
    make_video(at("a.gif"), &(clip_options){ .n_frames = 3, .codec = "gif", .pix_fmt = "bgr8" });
    expect_refusal(path, MW_ERR_FORMAT, "unsupported");
}

static void a_file_with_sound_only_has_no_video(void **state)
{
    uint8_t wav[44 + 8820] = "RIFF";

    (void)state;
    /* an audio-only Matroska file, made by hiding the video track's type */
    {
        size_t n, hits = 0;
        uint8_t *data;

        make_video(at("av.mkv"), &(clip_options){ .audio = "pcm_s16le" });
        data = slurp(path, &n);
        for (size_t i = 0; i + 3 < n; i++)
            if (data[i] == 0x83 && data[i + 1] == 0x81 && data[i + 2] == 1 && !hits++)
                data[i + 2] = 17; /* TrackType video to subtitle */
        assert_true(hits > 0);
        spill(at("audio.mkv"), data, n);
        free(data);
        expect_refusal(path, MW_ERR_FORMAT, "no_video");
    }
    memcpy(wav + 8, "WAVEfmt ", 8);
    spill(at("sound.wav"), wav, sizeof wav);
    expect_refusal(path, MW_ERR_FORMAT, "unsupported");
}

/* Every cut must show in the first pass. */
static void finds_every_cut(void **state)
{
    static const struct {
        const char *name;
        int front_index;
    } files[] = {
        { "back.mp4", 0 }, { "front.mp4", 1 }, { "a.mov", 0 }, { "a.mkv", 0 }, { "a.avi", 0 }
    };
    static const double share[] = { 0.002, 0.05, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999 };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char whole[4200];

        make_video(at(files[i].name), &(clip_options){ .n_frames = 40,
                                                       .width = 160,
                                                       .height = 120,
                                                       .audio = "aac",
                                                       .front_index = files[i].front_index });
        strcpy(whole, path);
        expect_count(whole, 40);
        for (size_t k = 0; k < sizeof share / sizeof *share; k++) {
            mw_error err = { 0 };
            int64_t n;

            copy_cut(at("cut.mp4"), whole, share[k]);
            if (mw_video_count_frames(path, &n, &err) == MW_OK)
                fail_msg("%s cut at %g passes", files[i].name, share[k]);
            assert_int_equal(err.code, MW_ERR_FORMAT);
            if (share[k] > 0.01) assert_string_equal(err.reason, "truncated");
        }
    }
}

static size_t find_bytes(const uint8_t *data, size_t n, const char *what, size_t n_what)
{
    for (size_t i = 0; i + n_what <= n; i++)
        if (!memcmp(data + i, what, n_what)) return i;
    fail_msg("%s has no such bytes", path);
    return 0;
}

/* libavformat goes on at the next cluster, or passes the one block by. */
static void finds_every_hole_in_matroska(void **state)
{
    enum { N = 40, STEP = 61 };
    size_t n, cluster, cues, n_blocks = 0;
    uint8_t *data, *bad;

    (void)state;
    make_video(at("whole.mkv"), &(clip_options){ .n_frames = N, .audio = "pcm_s16le" });
    expect_count(path, N);
    data = slurp(path, &n);
    cluster = find_bytes(data, n, "\x1F\x43\xB6\x75", 4);
    cues = cluster + find_bytes(data + cluster, n - cluster, "\x1C\x53\xBB\x6B", 4);
    bad = malloc(n + 16);
    assert_non_null(bad);
    for (size_t i = cluster; i + 16 < cues; i += STEP) {
        /* 16 bytes twice */
        memcpy(bad, data, i + 16);
        memcpy(bad + i + 16, data + i, n - i);
        spill(at("twice.mkv"), bad, n + 16);
        expect_refusal(path, MW_ERR_FORMAT, "decode_error");
    }
    for (size_t i = cluster; i + 8 < cues; i++) {
        /* a block of a track that there is not: 0xA3, size in one or two bytes, number, time, key
         */
        const size_t k = data[i + 1] & 0x80 ? 2 : 3;

        if (data[i] != 0xA3 || (data[i + k] != 0x81 && data[i + k] != 0x82) ||
            data[i + k + 3] != 0x80)
            continue;
        memcpy(bad, data, n);
        bad[i + k] = 0xC1;
        spill(at("track.mkv"), bad, n);
        expect_refusal(path, MW_ERR_FORMAT, "decode_error");
        n_blocks++;
    }
    assert_true(n_blocks > 10);
    free(bad);
    free(data);
}

/* Segment and clusters of unknown size, as browsers record. */
static void a_live_recording_is_whole(void **state)
{
    size_t n, i;
    uint8_t *data;

    (void)state;
    make_video(at("whole.mkv"), &(clip_options){ .n_frames = 40, .audio = "pcm_s16le" });
    data = slurp(path, &n);
    i = find_bytes(data, n, "\x18\x53\x80\x67", 4) + 4;
    assert_int_equal(data[i], 1); /* a size of eight bytes */
    memset(data + i + 1, 0xFF, 7);
    i = find_bytes(data, n, "\x1F\x43\xB6\x75", 4) + 4;
    assert_int_equal(data[i] & 0xC0, 0x40); /* of two */
    memcpy(data + i, "\x7F\xFF", 2);
    spill(at("live.mkv"), data, n);
    free(data);
    expect_count(path, 40);
}

/* A cut between two boxes leaves each box whole. */
static void finds_that_the_index_is_missing(void **state)
{
    size_t n, at_index = 0;
    uint8_t *data;

    (void)state;
    make_video(at("whole.mp4"), &(clip_options){ 0 });
    data = slurp(path, &n);
    for (size_t i = 4; i + 4 < n; i++)
        if (!memcmp(data + i, "moov", 4)) at_index = i - 4;
    assert_true(at_index > n / 4);
    spill(at("no_index.mp4"), data, at_index);
    free(data);
    expect_refusal(path, MW_ERR_FORMAT, "truncated");
}

static void data_after_the_last_box_is_no_cut(void **state)
{
    size_t n;
    uint8_t *data;

    (void)state;
    make_video(at("a.mp4"), &(clip_options){ .n_frames = 5 });
    data = slurp(path, &n);
    data = realloc(data, n + 100);
    memset(data + n, 'Z', 100);
    spill(at("tail.mp4"), data, n + 100);
    free(data);
    expect_count(path, 5);
}

static void counts_the_published_clips(void **state)
{
    (void)state;
    REQUIRE_SHARED("samples/mosi/video/_dI--eQ6qVU/1.mp4");
    expect_count(shared_path("samples/mosi/video/_dI--eQ6qVU/1.mp4"), 153);
    expect_count(shared_path("samples/mosi/video/_dI--eQ6qVU/3.mp4"), 345);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_frames_of_every_container),
        cmocka_unit_test(any_file_name_is_a_file_name),
        cmocka_unit_test(refuses_what_is_no_video),
        cmocka_unit_test(refuses_containers_that_are_not_listed),
        cmocka_unit_test(a_file_with_sound_only_has_no_video),
        cmocka_unit_test(finds_every_cut),
        cmocka_unit_test(finds_every_hole_in_matroska),
        cmocka_unit_test(a_live_recording_is_whole),
        cmocka_unit_test(finds_that_the_index_is_missing),
        cmocka_unit_test(data_after_the_last_box_is_no_cut),
        cmocka_unit_test(counts_the_published_clips),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
