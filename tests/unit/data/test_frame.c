/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include "base/mem.h"
#include "data/frame.h"

static void planes_have_their_sizes_and_do_not_overlap(void **state)
{
    static const int sides[][2] = { { 1, 1 },  { 2, 2 },  { 3, 5 },     { 64, 48 },
                                    { 65, 1 }, { 1, 65 }, { 639, 359 }, { 480, 360 } };
    static const mw_pixfmt formats[] = { MW_PIX_RGB24, MW_PIX_YUV420P, MW_PIX_GRAY8 };

    (void)state;
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++)
        for (size_t m = 0; m < 3; m++) {
            const int w = sides[k][0], h = sides[k][1], n = formats[m] == MW_PIX_YUV420P ? 3 : 1;
            const uint8_t *end = NULL;
            mw_frame f;

            assert_ok(mw_frame_alloc(&f, formats[m], w, h, NULL));
            assert_true(f.width == w && f.height == h && f.format == formats[m]);
            for (int i = 0; i < 3; i++) {
                const int pw = (i ? (w + 1) / 2 : w) * (formats[m] == MW_PIX_RGB24 ? 3 : 1),
                          ph = i ? (h + 1) / 2 : h;

                if (i >= n) {
                    assert_null(f.plane[i]);
                    continue;
                }
                assert_true(f.stride[i] >= pw);
                assert_int_equal(f.stride[i] % 64, 0);
                assert_int_equal((uintptr_t)f.plane[i] % 64, 0);
                if (end) assert_true(f.plane[i] >= end);
                end = f.plane[i] + f.stride[i] * ph;
                for (int y = 0; y < ph; y++) /* a sanitizer sees a plane that is too small */
                    for (ptrdiff_t x = 0; x < f.stride[i]; x++) {
                        assert_int_equal(f.plane[i][y * f.stride[i] + x], 0);
                        f.plane[i][y * f.stride[i] + x] = (uint8_t)(i + 1);
                    }
            }
            mw_frame_clear(&f);
            assert_null(f.memory);
            mw_frame_clear(&f);
        }
    assert_int_equal(mw_mem_live(), 0);
}

static void sides_outside_the_bounds_are_refused(void **state)
{
    static const int bad[][2] = {
        { 0, 1 },         { 1, 0 }, { -1, 5 }, { 5, -2147483647 - 1 }, { MW_FRAME_MAX_SIDE + 1, 1 },
        { 1, 2147483647 }
    };
    mw_error err;
    mw_frame f;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_fails(mw_frame_alloc(&f, MW_PIX_GRAY8, bad[i][0], bad[i][1], &err), MW_ERR_RANGE);
        assert_null(f.memory);
    }
    assert_ok(mw_frame_alloc(&f, MW_PIX_GRAY8, MW_FRAME_MAX_SIDE, 1, NULL));
    mw_frame_clear(&f);
    mw_mem_fail_at(1);
    assert_fails(mw_frame_alloc(&f, MW_PIX_GRAY8, 8, 8, &err), MW_ERR_NOMEM);
    mw_mem_fail_at(0);
    mw_frame_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_have_their_sizes_and_do_not_overlap),
        cmocka_unit_test(sides_outside_the_bounds_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
