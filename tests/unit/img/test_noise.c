/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/normal.h"
#include "img/noise.h"

static mw_frame picture(int w, int h, int level)
{
    mw_frame f;

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, w, h, NULL));
    memset(f.plane[0], level, (size_t)f.stride[0] * (size_t)h);
    return f;
}

/* The formula of the header, with nothing shared but the deviates. */
static void noise_is_the_documented_formula(void **state)
{
    enum { W = 521, H = 3 }; /* more than one chunk a row, and no multiple of a vector */
    const uint64_t stream = 0x123456789abcdef0u;
    const int64_t t = ((int64_t)7 << 32) + 9;

    (void)state;
    for (int rounding = MW_NOISE_NEAREST; rounding <= MW_NOISE_TRUNCATE; rounding++) {
        mw_frame f = picture(W, H, 0);
        float z[W * 3];

        for (int y = 0; y < H; y++)
            for (int x = 0; x < 3 * W; x++)
                f.plane[0][y * f.stride[0] + x] = (uint8_t)(x * 7 + y);
        assert_ok(mw_img_noise_rgb(&f, t, stream, 0.1, (mw_noise_rounding)rounding));
        for (uint32_t y = 0; y < H; y++) {
            const uint32_t ctr[4] = { 0, y, 9, 7 };

            mw_normal_fill(z, W * 3, stream, ctr);
            for (int x = 0; x < 3 * W; x++) {
                const uint8_t v = (uint8_t)(x * 7 + (int)y);
                const double n = v * (1 / 255.0) + 0.1 * z[x], c = fmin(fmax(n, 0), 1);
                const double out = rounding == MW_NOISE_NEAREST ? c * 255 + 0.5 : c * 255;

                assert_int_equal(f.plane[0][y * (size_t)f.stride[0] + (size_t)x], (int)out);
            }
        }
        mw_frame_clear(&f);
    }
}

static void zero_sigma_changes_nothing_when_rounding_to_nearest(void **state)
{
    int lowered = 0;
    mw_frame f = picture(86, 1, 0);

    (void)state;
    for (int i = 0; i < 256; i++)
        f.plane[0][i] = (uint8_t)i;
    assert_ok(mw_img_noise_rgb(&f, 0, 1, 0, MW_NOISE_NEAREST));
    for (int i = 0; i < 256; i++)
        assert_int_equal(f.plane[0][i], i);
    assert_ok(mw_img_noise_rgb(&f, 0, 1, 0, MW_NOISE_TRUNCATE));
    for (int i = 0; i < 256; i++) {
        assert_in_range(i - f.plane[0][i], 0, 1);
        lowered += f.plane[0][i] != i;
    }
    assert_int_equal(lowered, 24); /* as scikit-image does */
    mw_frame_clear(&f);
}

static void padding_is_left_alone(void **state)
{
    mw_frame f = picture(33, 5, 77);

    (void)state;
    assert_ok(mw_img_noise_rgb(&f, 3, 1, 0.3, MW_NOISE_NEAREST));
    for (int y = 0; y < 5; y++)
        for (ptrdiff_t x = 99; x < f.stride[0]; x++)
            assert_int_equal(f.plane[0][y * f.stride[0] + x], 77);
    mw_frame_clear(&f);
}

static void frames_and_streams_differ_and_repeat(void **state)
{
    static const struct {
        int64_t t;
        uint64_t stream;
    } use[] = { { 0, 1 }, { 1, 1 }, { (int64_t)1 << 32, 1 }, { 0, 2 }, { 0, (uint64_t)1 << 32 } };
    mw_frame f[5], again = picture(20, 20, 128);

    (void)state;
    for (int i = 0; i < 5; i++) {
        f[i] = picture(20, 20, 128);
        assert_ok(mw_img_noise_rgb(&f[i], use[i].t, use[i].stream, 0.2, MW_NOISE_NEAREST));
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(f[i].plane[0], f[j].plane[0], 60);
    }
    assert_ok(mw_img_noise_rgb(&again, 0, 1, 0.2, MW_NOISE_NEAREST));
    assert_memory_equal(again.plane[0], f[0].plane[0], (size_t)again.stride[0] * 20);
    for (int i = 0; i < 5; i++)
        mw_frame_clear(&f[i]);
    mw_frame_clear(&again);
}

/* 640 x 540 x 3 = 1.04e6 samples around mid grey, variance 0.01: no clipping to speak of (5 sigma).
 * Standard errors: mean 0.025 levels, variance 0.14 %. */
static void a_grey_picture_gets_the_stated_mean_and_variance(void **state)
{
    const double expected[2] = { 0, -0.5 }; /* nearest, truncate */

    (void)state;
    for (int rounding = MW_NOISE_NEAREST; rounding <= MW_NOISE_TRUNCATE; rounding++) {
        mw_frame f = picture(640, 540, 128);
        const double n = 640.0 * 540 * 3;
        double mean = 0, square = 0;

        assert_ok(mw_img_noise_rgb(&f, 0, 99, 0.1, (mw_noise_rounding)rounding));
        for (int y = 0; y < 540; y++)
            for (int x = 0; x < 1920; x++) {
                const double d = f.plane[0][y * f.stride[0] + x] - 128.0;

                mean += d / n;
                square += d * d / n;
            }
        assert_true(fabs(mean - expected[rounding]) < 0.1);
        assert_true(fabs((square - mean * mean) / (650.25 + 1.0 / 12) - 1) < 6e-3);
        mw_frame_clear(&f);
    }
}

static void refuses_bad_sigma_and_other_formats(void **state)
{
    const double bad[] = { -0.1, NAN, INFINITY };
    mw_frame f = picture(4, 4, 9), grey;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(mw_img_noise_rgb(&f, 0, 1, bad[i], MW_NOISE_NEAREST), MW_ERR_ARG);
    assert_int_equal(f.plane[0][0], 9);
    assert_ok(mw_frame_alloc(&grey, MW_PIX_GRAY8, 4, 4, NULL));
    assert_int_equal(mw_img_noise_rgb(&grey, 0, 1, 0.1, MW_NOISE_NEAREST), MW_ERR_ARG);
    mw_frame_clear(&f);
    mw_frame_clear(&grey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_the_documented_formula),
        cmocka_unit_test(zero_sigma_changes_nothing_when_rounding_to_nearest),
        cmocka_unit_test(padding_is_left_alone),
        cmocka_unit_test(frames_and_streams_differ_and_repeat),
        cmocka_unit_test(a_grey_picture_gets_the_stated_mean_and_variance),
        cmocka_unit_test(refuses_bad_sigma_and_other_formats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
