/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "img/blend.h"

/* A mask as text: '#' foreground, '.' background, rows of equal length. */
static mw_status largest(const char *const *row, int h, mw_box *box, double *area)
{
    const int w = (int)strlen(row[0]);
    uint8_t *m = malloc((size_t)(w * h));
    const mw_pixels mask = { m, w, w, h, 1 };
    mw_status st;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            m[y * w + x] = row[y][x] == '#';
    st = mw_contour_largest(box, area, &mask, NULL);
    free(m);
    return st;
}

static void assert_box(mw_box b, int x, int y, int w, int h)
{
    assert_true(b.x == x && b.y == y && b.w == w && b.h == h);
}

static void contours_follow_opencvs_areas_and_order(void **state)
{
    static const char *const ring[] = { ".####.", ".#..#.", ".#..#.", ".####.", "......" };
    static const char *const joined[] = { "##...", "##...", "..##.", "..##." };
    static const char *const equal[] = { "##.##", "##.##" };
    static const char *const line[] = { "#####", ".....", "##..." };
    static const char *const empty[] = { "...", "..." };
    mw_box b;
    double area;

    (void)state;
    assert_ok(largest(ring, 5, &b, &area)); /* the hole is filled */
    assert_box(b, 1, 0, 4, 4);
    assert_true(area == 9);
    assert_ok(largest(joined, 4, &b, &area)); /* joined over the corner */
    assert_box(b, 0, 0, 4, 4);
    assert_true(area == 2);
    assert_ok(largest(equal, 2, &b, &area)); /* the later one of equals */
    assert_box(b, 3, 0, 2, 2);
    assert_ok(largest(line, 3, &b, &area)); /* lines have no area: the last */
    assert_box(b, 0, 2, 2, 1);
    assert_true(area == 0);
    assert_int_equal(largest(empty, 2, &b, NULL), MW_ERR_FORMAT);
}

static void cut_outs_are_black_outside_and_cropped(void **state)
{
    uint8_t rgb[4 * 4 * 3], mask[16] = { 0 };
    const mw_pixels picture = { rgb, 12, 4, 4, 3 }, m = { mask, 4, 4, 4, 1 };
    mw_patch p;
    mw_error err;

    (void)state;
    memset(rgb, 90, sizeof rgb);
    mask[5] = mask[6] = mask[9] = 255;
    assert_ok(mw_patch_cut_out(&p, &picture, &m, NULL));
    assert_true(p.width == 2 && p.height == 2);
    assert_int_equal(p.rgb[0], 90);
    assert_int_equal(p.rgb[3 * 3], 0);
    assert_int_equal(p.mask[3], 0);
    mw_patch_clear(&p);
    memset(mask, 0, sizeof mask);
    assert_int_equal(mw_patch_cut_out(&p, &picture, &m, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "empty_mask");
    assert_int_equal(mw_mem_live(), 0);
}

/* 12,397 of 2^24 (mask, occluder, frame) triples fall one below the exact quotient: an exhaustive
 * comparison with the integer rule, which must differ exactly there and exactly so. */
static void blending_of_all_values_has_the_known_deviations(void **state)
{
    mw_patch p;
    mw_frame f;
    long n_low = 0;

    (void)state;
    assert_ok(mw_patch_alloc(&p, 256, 256, NULL));
    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 256, 256, NULL));
    for (int m = 0; m < 256; m++) {
        memset(p.mask, m, 256 * 256);
        for (int o = 0; o < 256; o++)
            for (int v = 0; v < 256; v++) {
                p.rgb[3 * (256 * o + v)] = (uint8_t)o;
                f.plane[0][o * f.stride[0] + 3 * v] = (uint8_t)v;
            }
        mw_blend_patch(&f, &p, 0, 0, 0);
        for (int o = 0; o < 256; o++)
            for (int v = 0; v < 256; v++) {
                const int exact = (m * o + (255 - m) * v) / 255;
                const int got = f.plane[0][o * f.stride[0] + 3 * v];

                n_low += got == exact - 1;
                assert_true(got == exact || got == exact - 1);
            }
    }
    assert_int_equal(n_low, 12397);
    mw_patch_clear(&p);
    mw_frame_clear(&f);
}

static void patches_beyond_the_edge_are_cut_off(void **state)
{
    static const int place[][3] = { { -3, -3, 1 },
                                    { 6, 5, 2 * 3 },
                                    { -4, 0, 0 },
                                    { 8, 0, 0 },
                                    { 0, 8, 0 },
                                    { 2, 2, 16 },
                                    { INT32_MAX, INT32_MAX, 0 },
                                    { INT32_MIN, 0, 0 } };
    mw_patch p;

    (void)state;
    assert_ok(mw_patch_alloc(&p, 4, 4, NULL));
    memset(p.rgb, 255, 48);
    memset(p.mask, 255, 16);
    for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
        const mw_box all = { 0, 0, 8, 8 };
        mw_frame f;
        int n = 0;

        assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 8, 8, NULL));
        mw_blend_patch(&f, &p, place[i][0], place[i][1], 0);
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 8; x++)
                n += f.plane[0][y * f.stride[0] + 3 * x + 1] == 255;
        assert_int_equal(n, place[i][2]);
        assert_true(fabs(mw_blend_covered(&p, place[i][0], place[i][1], all, 8, 8) - n / 64.0) <
                    1e-15);
        mw_frame_clear(&f);
    }
    mw_patch_clear(&p);
}

static void covered_share_counts_only_the_box_inside_the_frame(void **state)
{
    const mw_box partly = { -5, -5, 10, 10 }, outside = { 90, 0, 10, 10 };
    mw_patch p;

    (void)state;
    assert_ok(mw_patch_alloc(&p, 5, 5, NULL));
    memset(p.mask, 51, 25); /* a fifth */
    assert_true(fabs(mw_blend_covered(&p, 0, 0, partly, 20, 20) - 0.2) < 1e-15);
    assert_true(mw_blend_covered(&p, 10, 10, partly, 20, 20) == 0);
    assert_true(mw_blend_covered(&p, 0, 0, outside, 20, 20) == 0);
    mw_patch_clear(&p);
}

static void gray_is_the_same_in_both_orders(void **state)
{
    const uint8_t bgr[] = { 10, 20, 30, 255, 255, 255, 0, 0, 0 };
    const uint8_t rgb[] = { 30, 20, 10, 255, 255, 255, 0, 0, 0 };
    uint8_t a[3], b[3];

    (void)state;
    mw_gray(a, bgr, 3, 1);
    mw_gray(b, rgb, 3, 0);
    assert_memory_equal(a, b, 3);
    assert_int_equal(a[0], 22);
    assert_int_equal(a[1], 255);
}

static void resizing_reaches_both_extremes(void **state)
{
    mw_patch p, q;
    mw_error err;

    (void)state;
    assert_ok(mw_patch_alloc(&p, 1, 1, NULL));
    p.rgb[0] = 200;
    p.mask[0] = 255;
    assert_ok(mw_patch_resize(&q, &p, 9, 5, NULL));
    for (int i = 0; i < 45; i++)
        assert_true(q.rgb[3 * i] >= 199 && q.rgb[3 * i] <= 201 && q.mask[i] >= 254);
    mw_patch_clear(&q);
    assert_int_equal(mw_patch_resize(&q, &p, 0, 5, &err), MW_ERR_RANGE);
    mw_patch_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contours_follow_opencvs_areas_and_order),
        cmocka_unit_test(cut_outs_are_black_outside_and_cropped),
        cmocka_unit_test(blending_of_all_values_has_the_known_deviations),
        cmocka_unit_test(patches_beyond_the_edge_are_cut_off),
        cmocka_unit_test(covered_share_counts_only_the_box_inside_the_frame),
        cmocka_unit_test(gray_is_the_same_in_both_orders),
        cmocka_unit_test(resizing_reaches_both_extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
