/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/rng.h"
#include "img/yuv.h"

static mw_frame frame(mw_pixfmt format, int w, int h)
{
    mw_frame f;

    assert_ok(mw_frame_alloc(&f, format, w, h, NULL));
    return f;
}

static uint8_t *at(const mw_frame *f, int plane, int x, int y)
{
    return f->plane[plane] + y * f->stride[plane] + x;
}

/* All (Y, U, V) of a coarse grid. Decoded values are below the real ones by up to the sum of their
 * floors (and the coefficients' rounding): 3 levels. */
static void decoding_is_the_matrix_of_the_range_less_its_floors(void **state)
{
    (void)state;
    for (int full = 0; full < 2; full++) {
        mw_frame yuv = frame(MW_PIX_YUV420P, 2, 2), rgb = frame(MW_PIX_RGB24, 2, 2);

        yuv.full_range = full;
        for (int i = 0; i < 52 * 52 * 52; i++) {
            const int y = i % 52 * 5, u = i / 52 % 52 * 5, v = i / 52 / 52 * 5;
            const double luma = full ? y : (y - 16) * 255.0 / 219, k = full ? 1 : 255.0 / 224;
            const double cb = (u - 128) * k, cr = (v - 128) * k;
            const double want[3] = { luma + 1.402 * cr, luma - 0.344136 * cb - 0.714136 * cr,
                                     luma + 1.772 * cb };

            memset(at(&yuv, 0, 0, 0), y, 2);
            *at(&yuv, 1, 0, 0) = (uint8_t)u;
            *at(&yuv, 2, 0, 0) = (uint8_t)v;
            assert_ok(mw_img_yuv420_to_rgb(&yuv, &rgb));
            for (int c = 0; c < 3; c++) {
                const double w = fmin(fmax(want[c], 0), 255), got = *at(&rgb, 0, c, 0);

                if (got > w + 0.2 || got < w - 3)
                    fail_msg("full %d YUV %d %d %d channel %d: %g, not %g", full, y, u, v, c, got,
                             w);
            }
        }
        mw_frame_clear(&yuv);
        mw_frame_clear(&rgb);
    }
}

static void grey_black_and_white_come_back_exactly(void **state)
{
    (void)state;
    for (int full = 0; full < 2; full++) {
        const int lo = full ? 0 : 16, hi = full ? 255 : 235;
        mw_frame yuv = frame(MW_PIX_YUV420P, 256, 1), rgb = frame(MW_PIX_RGB24, 256, 1);
        mw_frame back = frame(MW_PIX_YUV420P, 256, 1);

        yuv.full_range = back.full_range = full;
        memset(at(&yuv, 1, 0, 0), 128, 128);
        memset(at(&yuv, 2, 0, 0), 128, 128);
        for (int x = 0; x < 256; x++)
            *at(&yuv, 0, x, 0) = (uint8_t)x;
        assert_ok(mw_img_yuv420_to_rgb(&yuv, &rgb));
        assert_int_equal(*at(&rgb, 0, 3 * lo, 0), 0);
        assert_int_equal(*at(&rgb, 0, 3 * hi, 0), 255);
        assert_ok(mw_img_rgb_to_yuv420(&rgb, &back));
        for (int x = lo; x <= hi; x++)
            assert_int_equal(*at(&back, 0, x, 0), x);
        for (int x = 0; x < 128; x++) {
            assert_int_equal(*at(&back, 1, x, 0), 128);
            assert_int_equal(*at(&back, 2, x, 0), 128);
        }
        mw_frame_clear(&yuv);
        mw_frame_clear(&rgb);
        mw_frame_clear(&back);
    }
}

/* Primary and secondary colours against BT.601 in real numbers; the correction is below 1.6. */
static void saturated_colours_are_encoded_within_two_levels(void **state)
{
    (void)state;
    for (int full = 0; full < 2; full++)
        for (int i = 0; i < 8; i++) {
            const int r = i & 1 ? 255 : 0, g = i & 2 ? 255 : 0, b = i & 4 ? 255 : 0;
            const double y = 0.299 * r + 0.587 * g + 0.114 * b, k = full ? 1 : 219.0 / 255;
            const double c = full ? 1 : 224.0 / 255;
            mw_frame rgb = frame(MW_PIX_RGB24, 1, 1), yuv = frame(MW_PIX_YUV420P, 1, 1);

            yuv.full_range = full;
            *at(&rgb, 0, 0, 0) = (uint8_t)r;
            *at(&rgb, 0, 1, 0) = (uint8_t)g;
            *at(&rgb, 0, 2, 0) = (uint8_t)b;
            assert_ok(mw_img_rgb_to_yuv420(&rgb, &yuv));
            assert_true(fabs(*at(&yuv, 0, 0, 0) - (full ? 0 : 16) - y * k) < 2);
            assert_true(fabs(*at(&yuv, 1, 0, 0) - 128 - (b - y) / 1.772 * c) < 1.01);
            assert_true(fabs(*at(&yuv, 2, 0, 0) - 128 - (r - y) / 1.402 * c) < 1.01);
            mw_frame_clear(&rgb);
            mw_frame_clear(&yuv);
        }
}

/* A picture without clipping: luma 60..190, chroma within 25 of grey, odd sides. */
static void round_trips_have_little_bias(void **state)
{
    enum { W = 255, H = 201 };
    mw_rng r = mw_rng_from_key(3);

    (void)state;
    for (int full = 0; full < 2; full++) {
        mw_frame yuv = frame(MW_PIX_YUV420P, W, H), back = frame(MW_PIX_YUV420P, W, H);
        mw_frame rgb = frame(MW_PIX_RGB24, W, H);
        double wrong = 0;

        yuv.full_range = back.full_range = full;
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p ? (H + 1) / 2 : H); y++)
                for (int x = 0; x < (p ? (W + 1) / 2 : W); x++)
                    *at(&yuv, p, x, y) =
                        (uint8_t)(p ? mw_rng_int(&r, 103, 153) : mw_rng_int(&r, 60, 190));
        assert_ok(mw_img_yuv420_to_rgb(&yuv, &rgb));
        assert_ok(mw_img_rgb_to_yuv420(&rgb, &back));
        for (int p = 0; p < 3; p++) {
            double mean = 0, worst = 0;
            const int w = p ? (W + 1) / 2 : W, h = p ? (H + 1) / 2 : H;

            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++) {
                    const double d = *at(&back, p, x, y) - *at(&yuv, p, x, y);

                    mean += d / (w * h);
                    worst = fmax(worst, fabs(d));
                    if (!p) wrong += d != 0;
                }
            assert_true(fabs(mean) < 0.005);
            assert_true(worst <= 1);
        }
        assert_true(wrong / (W * H) < 0.001);
        mw_frame_clear(&yuv);
        mw_frame_clear(&back);
        mw_frame_clear(&rgb);
    }
}

/* Each chroma sample of an odd picture reaches exactly its pixels. */
static void odd_sides_use_the_last_chroma_sample(void **state)
{
    mw_frame yuv = frame(MW_PIX_YUV420P, 5, 3), rgb = frame(MW_PIX_RGB24, 5, 3), back;

    (void)state;
    for (int y = 0; y < 3; y++)
        memset(at(&yuv, 0, 0, y), 120, 5);
    for (int y = 0; y < 2; y++)
        for (int x = 0; x < 3; x++) {
            *at(&yuv, 1, x, y) = 128;
            *at(&yuv, 2, x, y) = (uint8_t)(110 + 10 * (3 * y + x));
        }
    assert_ok(mw_img_yuv420_to_rgb(&yuv, &rgb));
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 5; x++) {
            const int cr = 10 * (3 * (y / 2) + x / 2) - 18;

            assert_int_equal(*at(&rgb, 0, 3 * x, y), 121 + (int)floor(cr * 13075 / 8192.0));
        }
    back = frame(MW_PIX_YUV420P, 5, 3);
    assert_ok(mw_img_rgb_to_yuv420(&rgb, &back));
    for (int y = 0; y < 2; y++)
        for (int x = 0; x < 3; x++)
            assert_in_range(*at(&back, 2, x, y) - *at(&yuv, 2, x, y) + 1, 0, 2);
    mw_frame_clear(&yuv);
    mw_frame_clear(&rgb);
    mw_frame_clear(&back);
}

static void refuses_other_formats_and_sizes(void **state)
{
    mw_frame yuv = frame(MW_PIX_YUV420P, 6, 4), rgb = frame(MW_PIX_RGB24, 6, 4);
    mw_frame wide = frame(MW_PIX_RGB24, 7, 4), high = frame(MW_PIX_RGB24, 6, 5);

    (void)state;
    assert_int_equal(mw_img_yuv420_to_rgb(&yuv, &wide), MW_ERR_ARG);
    assert_int_equal(mw_img_yuv420_to_rgb(&yuv, &high), MW_ERR_ARG);
    assert_int_equal(mw_img_yuv420_to_rgb(&rgb, &rgb), MW_ERR_ARG);
    assert_int_equal(mw_img_yuv420_to_rgb(&yuv, &yuv), MW_ERR_ARG);
    assert_int_equal(mw_img_rgb_to_yuv420(&wide, &yuv), MW_ERR_ARG);
    assert_int_equal(mw_img_rgb_to_yuv420(&high, &yuv), MW_ERR_ARG);
    assert_int_equal(mw_img_rgb_to_yuv420(&yuv, &yuv), MW_ERR_ARG);
    assert_int_equal(mw_img_rgb_to_yuv420(&rgb, &rgb), MW_ERR_ARG);
    mw_frame_clear(&yuv);
    mw_frame_clear(&rgb);
    mw_frame_clear(&wide);
    mw_frame_clear(&high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_is_the_matrix_of_the_range_less_its_floors),
        cmocka_unit_test(grey_black_and_white_come_back_exactly),
        cmocka_unit_test(saturated_colours_are_encoded_within_two_levels),
        cmocka_unit_test(round_trips_have_little_bias),
        cmocka_unit_test(odd_sides_use_the_last_chroma_sample),
        cmocka_unit_test(refuses_other_formats_and_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
