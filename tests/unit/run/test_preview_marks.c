/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "data/track.h"
#include "run/preview_marks.h"

#define W 200
#define H 100

static const mw_rect whole = { 0, 0, W, H };

static mw_frame canvas(void)
{
    mw_frame f = { .memory = NULL };

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, W, H, NULL));
    mw_draw_fill(&f, whole, (mw_rgb){ 100, 100, 100 });
    return f;
}

/* Bounds of all that is drawn; 0 when nothing is. */
static int drawn(const mw_frame *f, int box[4])
{
    int n = 0;

    box[0] = W, box[1] = H, box[2] = box[3] = -1;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const uint8_t *p = f->plane[0] + y * f->stride[0] + 3 * x;

            if (p[0] == 100 && p[1] == 100 && p[2] == 100) continue;
            n++;
            if (x < box[0]) box[0] = x;
            if (y < box[1]) box[1] = y;
            if (x >= box[2]) box[2] = x + 1;
            if (y >= box[3]) box[3] = y + 1;
        }
    return n;
}

static json_t *stage(const char *follow)
{
    json_error_t e;
    json_t *s = json_pack_ex(
        &e, 0, "{s:s, s:{s:s}, s:{s:[i,i], s:[i,i], s:[i,i,i], s:[i,i,i], s:[i,i,i]}}", "name",
        "video.occlusion", "params", "follow", follow, "drawn", "start_frames", 2, 7, "n_frames", 2,
        1, "x_px", 40, 60, 80, "y_px", 20, 20, 20, "size_px", 40, 0, 40);

    if (!s) fail_msg("%s", e.text);
    return s;
}

/* A square of 40 at (40, 20) of a stored picture of 400 x 200, drawn at half size. */
static void the_occluder_is_shown_as_the_picture_is_turned(void **state)
{
    static const struct {
        int rotation, mirrored, x0, y0, x1, y1;
    } cases[] = { { 0, 0, 20, 10, 40, 30 },
                  { 0, 1, 20, 70, 40, 90 },
                  { 180, 0, 160, 70, 180, 90 },
                  /* shares of the upright picture: 90: left = 1 - bottom, top = left */
                  { 90, 0, 140, 10, 180, 20 },
                  { 270, 0, 20, 80, 60, 90 } };
    json_t *s = stage("track");
    const mw_preview_marks m = { .n = 10, .occlusion = s };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const mw_video_info info = { .width = 400,
                                     .height = 200,
                                     .rotation_deg = cases[i].rotation,
                                     .mirrored = cases[i].mirrored };
        mw_frame f = canvas();
        int box[4];

        mw_preview_marks_draw(&m, &f, whole, &info, 2, 1, 1);
        assert_true(drawn(&f, box) > 0);
        if (box[0] != cases[i].x0 || box[1] != cases[i].y0 || box[2] != cases[i].x1 ||
            box[3] != cases[i].y1)
            fail_msg("case %zu: (%d, %d) - (%d, %d)", i, box[0], box[1], box[2], box[3]);
        mw_frame_clear(&f);
    }
    json_decref(s);
}

static void only_frames_with_an_occluder_are_marked(void **state)
{
    static const int tracked[10] = { 0, 0, 1, 0, 0, 0, 0, 1, 0, 0 },
                     fixed[10] = { 0, 0, 1, 1, 0, 0, 0, 0, 0, 0 };
    const mw_video_info info = { .width = 400, .height = 200 };

    (void)state;
    for (int k = 0; k < 2; k++) {
        json_t *s = stage(k ? "fixed" : "track");
        const mw_preview_marks m = { .n = 10, .occlusion = s };

        for (int64_t t = -1; t < 12; t++) {
            mw_frame f = canvas();
            int box[4];

            mw_preview_marks_draw(&m, &f, whole, &info, t, 1, 1);
            assert_true((drawn(&f, box) > 0) == (t >= 0 && t < 10 && (k ? fixed[t] : tracked[t])));
            mw_frame_clear(&f);
        }
        json_decref(s);
    }
}

/* Numbers of a hostile sidecar: nothing is drawn outside, nothing crashes. */
static void absurd_places_do_no_harm(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"drawn\": {\"start_frames\": [0], \"n_frames\": [9223372036854775807]}}",
        "{\"drawn\": {\"start_frames\": [0], \"n_frames\": [5], \"x_px\": [1e300], \"y_px\": [0], "
        "\"size_px\": [5]}}",
        "{\"drawn\": {\"start_frames\": [0], \"n_frames\": [5], \"x_px\": [-9223372036854775807], "
        "\"y_px\": [9223372036854775807], \"size_px\": [9223372036854775807]}}",
        "{\"drawn\": {\"start_frames\": \"x\", \"n_frames\": 7}, \"params\": []}",
    };
    const mw_video_info info = { .width = 400, .height = 200 };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *s = json_loads(texts[i], 0, NULL);
        const mw_preview_marks m = { .n = 10, .occlusion = s };
        mw_frame f = canvas();

        mw_preview_marks_draw(&m, &f, (mw_rect){ 10, 10, 50, 40 }, &info, 0, 1, 2);
        for (int x = 0; x < W; x++)
            assert_int_equal(f.plane[0][5 * f.stride[0] + 3 * x], 100);
        mw_frame_clear(&f);
        json_decref(s);
    }
}

static void face_and_key_points_are_shown_beside_each_other(void **state)
{
    static const float box[2][4] = { { 0.25f, 0.2f, 0.5f, 0.6f }, { NAN, NAN, NAN, NAN } };
    static float key[2][MW_FACE_KEYS][2];
    const mw_video_info info = { .width = 400, .height = 200 };
    mw_preview_marks m = { .n = 2, .has_faces = 1, .has_keys = 1 };
    mw_frame f = canvas();
    const uint8_t *p;
    int bounds[4], n;

    (void)state;
    for (int k = 0; k < MW_FACE_KEYS; k++)
        key[0][k][0] = key[1][k][0] = NAN;
    key[0][2][0] = key[0][2][1] = 0.5f;
    m.faces = (mw_npz_array){ "<f4", { 2, 4 }, 2, 8, 4, (const char *)box };
    m.keys = (mw_npz_array){ "<f4", { 2, 6, 2 }, 3, 24, 4, (const char *)key };
    mw_preview_marks_draw(&m, &f, whole, &info, 0, 0, 2);
    n = drawn(&f, bounds);
    assert_true(n > 0 && bounds[0] == 50 && bounds[1] == 20 && bounds[2] == 150 && bounds[3] == 80);
    p = f.plane[0] + 50 * f.stride[0] + 3 * 100;
    assert_true(p[0] == 240 && p[2] == 66);
    /* nothing of the face on the damaged side, nothing in a frame without a face */
    mw_draw_fill(&f, whole, (mw_rgb){ 100, 100, 100 });
    mw_preview_marks_draw(&m, &f, whole, &info, 0, 1, 2);
    mw_preview_marks_draw(&m, &f, whole, &info, 1, 0, 2);
    assert_int_equal(drawn(&f, bounds), 0);
    mw_frame_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_occluder_is_shown_as_the_picture_is_turned),
        cmocka_unit_test(only_frames_with_an_occluder_are_marked),
        cmocka_unit_test(absurd_places_do_no_harm),
        cmocka_unit_test(face_and_key_points_are_shown_beside_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
