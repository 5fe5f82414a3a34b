/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "face/decode.h"
#include "face/letterbox.h"

static void anchors_are_in_mediapipes_order(void **state)
{
    mw_anchors a;

    (void)state;
    assert_ok(mw_anchors_make(&a, 128, NULL));
    assert_int_equal(a.n, 896);
    assert_true(a.centre[1][0] == 0.5f / 16 && a.centre[2][0] == 1.5f / 16);
    assert_true(a.centre[(3 * 16 + 5) * 2][0] == 5.5f / 16 &&
                a.centre[(3 * 16 + 5) * 2][1] == 3.5f / 16);
    assert_true(a.centre[512 + (2 * 8 + 7) * 6 + 5][0] == 7.5f / 8);
    mw_anchors_clear(&a);
    assert_ok(mw_anchors_make(&a, 192, NULL));
    assert_int_equal(a.n, 2304);
    assert_true(a.centre[48 * 47 + 1][1] == 47.5f / 48);
    mw_anchors_clear(&a);
}

static void the_threshold_itself_still_counts(void **state)
{
    static float r[2304 * 16], logit[2304];
    static mw_detection d[2304];
    mw_anchors a;

    (void)state;
    assert_ok(mw_anchors_make(&a, 192, NULL));
    for (int i = 0; i < a.n; i++)
        logit[i] = -200;
    logit[7] = 0;    /* score 0.5 exactly */
    logit[9] = 1000; /* clipped, score 1 */
    logit[11] = 3;
    r[11 * 16 + 2] = -5; /* inside out */
    logit[13] = NAN;
    assert_int_equal(mw_decode_faces(&a, r, logit, 0.5f, d), 2);
    assert_true(d[0].anchor == 7 && d[0].score == 0.5f);
    assert_true(d[1].anchor == 9 && d[1].score == 1.0f);
    assert_int_equal(mw_decode_faces(&a, r, logit, 1.0f, d), 1);
    mw_anchors_clear(&a);
}

static mw_detection box(float score, float x, float y, float side)
{
    return (mw_detection){ .score = score, .x = x, .y = y, .w = side, .h = side };
}

static void overlapping_boxes_become_their_weighted_mean(void **state)
{
    mw_detection in[] = { box(0.5f, 0, 0, 1), box(1.0f, 0.25f, 0, 1), box(0.75f, 3, 3, 1) }, out[3];
    unsigned char used[3];

    (void)state;
    assert_int_equal(mw_merge_faces(in, 3, out, used), 2);
    assert_true(out[0].score == 1.0f && out[0].n_merged == 2);
    assert_true(fabsf(out[0].x - 0.25f / 1.5f) < 1e-6f && fabsf(out[0].w - 1) < 1e-6f);
    assert_true(out[1].score == 0.75f && out[1].n_merged == 1 && out[1].x == 3);
}

static void a_box_without_area_ends_the_merging(void **state)
{
    mw_detection in[] = { box(0.9f, 0, 0, 0), box(0.8f, 2, 2, 1) }, out[2];
    unsigned char used[2];

    (void)state;
    assert_int_equal(mw_merge_faces(in, 2, out, used), 1);
    assert_true(out[0].n_merged == 0 && out[0].score == 0.9f);
}

/* A frame of one colour: inside the picture that colour, black above and below. */
static void letterboxes_of_extreme_shapes_keep_their_colour(void **state)
{
    static const int size[][2] = { { 1, 1 },    { 64, 64 },  { 3840, 2160 },
                                   { 2, 4000 }, { 4000, 2 }, { 5, 3 } };
    static uint8_t out[192 * 192 * 3];

    (void)state;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        mw_letterbox l = { 0 };
        mw_frame f;
        int n_inside = 0;

        assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, size[i][0], size[i][1], NULL));
        for (int y = 0; y < f.height; y++)
            memset(f.plane[0] + y * f.stride[0], 200, (size_t)(3 * f.width));
        assert_ok(mw_letterbox_prepare(&l, f.width, f.height, 192, NULL));
        mw_letterbox_bytes(&l, &f, out);
        for (int k = 0; k < 192 * 192; k++) {
            assert_true(out[3 * k] <= 200 && out[3 * k] == out[3 * k + 1]);
            n_inside += out[3 * k] == 200;
        }
        if (f.width == 64) assert_true(n_inside > 189 * 189);
        if (f.width == 3840) assert_in_range(n_inside, 192 * 106, 192 * 108);
        mw_letterbox_clear(&l);
        mw_frame_clear(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anchors_are_in_mediapipes_order),
        cmocka_unit_test(the_threshold_itself_still_counts),
        cmocka_unit_test(overlapping_boxes_become_their_weighted_mean),
        cmocka_unit_test(a_box_without_area_ends_the_merging),
        cmocka_unit_test(letterboxes_of_extreme_shapes_keep_their_colour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
