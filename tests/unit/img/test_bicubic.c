/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include "base/mem.h"
#include "base/rng.h"
#include "img/bicubic.h"

static mw_pixels picture(int w, int h, uint64_t key)
{
    mw_rng r = mw_rng_from_key(key);
    mw_pixels p = { malloc((size_t)w * (size_t)h * 3), (ptrdiff_t)w * 3, w, h, 3 };

    assert_non_null(p.data);
    for (int i = 0; i < w * h * 3; i++)
        p.data[i] = (uint8_t)mw_rng_u32(&r);
    return p;
}

static mw_pixels resized(const mw_pixels *src, mw_bicubic_size size)
{
    mw_pixels out = picture(size.width, size.height, 99);
    mw_bicubic *b;

    size.src_w = src->width;
    size.src_h = src->height;
    assert_ok(mw_bicubic_open(&b, &size, NULL));
    mw_bicubic_run(b, &out, src);
    mw_bicubic_close(&b);
    assert_null(b);
    return out;
}

static mw_bicubic_size whole(int w, int h)
{
    return (mw_bicubic_size){ .dst_w = w, .dst_h = h, .width = w, .height = h };
}

/* Pillow 13.0.0: Image.fromarray(x).resize((4, 1), BICUBIC) of these three pixels. */
static void known_values_of_pillow(void **state)
{
    static uint8_t x[] = { 0, 255, 10, 200, 0, 20, 255, 255, 30 };
    static const uint8_t want[] = { 0, 255, 9, 121, 77, 16, 235, 77, 24, 255, 255, 31 };
    const mw_pixels src = { x, 9, 3, 1, 3 };
    mw_pixels got = resized(&src, whole(4, 1));

    (void)state;
    assert_memory_equal(got.data, want, sizeof want);
    free(got.data);
}

static void equal_sizes_are_a_copy(void **state)
{
    mw_pixels src = picture(13, 9, 1), got = resized(&src, whole(13, 9));

    (void)state;
    assert_memory_equal(got.data, src.data, 13 * 9 * 3);
    free(src.data);
    free(got.data);
}

static void one_colour_stays_that_colour(void **state)
{
    static const int side[][2] = { { 1, 1 }, { 5, 40 }, { 90, 7 }, { 33, 34 } };

    (void)state;
    for (size_t k = 0; k < sizeof side / sizeof *side; k++) {
        mw_pixels src = picture(31, 17, 2), got;

        for (int i = 0; i < 31 * 17 * 3; i++)
            src.data[i] = (uint8_t)(i % 3 * 120 + 15);
        got = resized(&src, whole(side[k][0], side[k][1]));
        for (int i = 0; i < side[k][0] * side[k][1] * 3; i++)
            assert_int_equal(got.data[i], i % 3 * 120 + 15);
        free(src.data);
        free(got.data);
    }
}

static void a_window_is_that_part_of_the_whole(void **state)
{
    static const int side[][2] = { { 60, 50 }, { 20, 19 }, { 41, 23 }, { 41, 60 }, { 15, 23 } };

    (void)state;
    for (size_t k = 0; k < sizeof side / sizeof *side; k++) {
        mw_pixels src = picture(41, 23, 3 + k), all = resized(&src, whole(side[k][0], side[k][1]));
        const mw_bicubic_size part = {
            .dst_w = side[k][0], .dst_h = side[k][1], .left = 4, .top = 6, .width = 9, .height = 11
        };
        mw_pixels got = resized(&src, part);

        for (int y = 0; y < 11; y++)
            assert_memory_equal(got.data + y * got.stride, all.data + (y + 6) * all.stride + 4 * 3,
                                9 * 3);
        free(src.data);
        free(all.data);
        free(got.data);
    }
}

/* Rows may be padded. */
static void strides_are_followed(void **state)
{
    mw_pixels src = picture(20, 12, 8), cut = src, narrow = picture(11, 12, 8), a, b;

    (void)state;
    cut.width = 11;
    for (int y = 0; y < 12; y++)
        memcpy(narrow.data + y * narrow.stride, src.data + y * src.stride, 33);
    a = resized(&cut, whole(7, 30));
    b = resized(&narrow, whole(7, 30));
    assert_memory_equal(a.data, b.data, 7 * 30 * 3);
    free(src.data);
    free(narrow.data);
    free(a.data);
    free(b.data);
}

/* A line of the largest frame, brought to a height of 224: 3.7 million columns, of which 224 are
 * made. */
static void extreme_shapes_cost_no_more(void **state)
{
    mw_pixels src = picture(16384, 1, 9), got;
    const mw_bicubic_size middle = {
        .dst_w = 16384 * 224, .dst_h = 224, .left = 16384 * 112 - 112, .width = 224, .height = 224
    };

    (void)state;
    got = resized(&src, middle);
    for (int y = 1; y < 224; y++)
        assert_memory_equal(got.data + y * got.stride, got.data, 224 * 3);
    free(src.data);
    free(got.data);
}

static void memory_may_run_out(void **state)
{
    mw_bicubic_size size = whole(30, 40);
    mw_bicubic *b = NULL;
    mw_status st = MW_ERR_NOMEM;
    const long live = mw_mem_live();
    long n = 0;

    (void)state;
    size.src_w = 50;
    size.src_h = 20;
    while (st == MW_ERR_NOMEM) {
        mw_mem_fail_at(++n);
        st = mw_bicubic_open(&b, &size, NULL);
        mw_mem_fail_at(0);
        if (st != MW_OK) assert_null(b);
        if (st != MW_OK) assert_int_equal(mw_mem_live(), live);
    }
    assert_int_equal(st, MW_OK);
    assert_true(n > 5);
    mw_bicubic_close(&b);
    assert_int_equal(mw_mem_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values_of_pillow),
        cmocka_unit_test(equal_sizes_are_a_copy),
        cmocka_unit_test(one_colour_stays_that_colour),
        cmocka_unit_test(a_window_is_that_part_of_the_whole),
        cmocka_unit_test(strides_are_followed),
        cmocka_unit_test(extreme_shapes_cost_no_more),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
