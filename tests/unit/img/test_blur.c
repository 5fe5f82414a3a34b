/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "img/blur.h"

static mw_frame picture(int w, int h)
{
    mw_frame f;

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, w, h, NULL));
    return f;
}

static void fill_random(mw_frame *f, uint64_t key)
{
    mw_rng r = mw_rng_from_key(key);

    for (ptrdiff_t i = 0; i < f->stride[0] * f->height; i++)
        f->plane[0][i] = (uint8_t)mw_rng_u32(&r);
}

static void blur(const mw_frame *src, mw_frame *dst, int kernel, double sigma)
{
    mw_blur *b;

    assert_ok(mw_blur_open(&b, src->width, kernel, sigma, NULL));
    assert_ok(mw_blur_apply(b, src, dst));
    mw_blur_close(&b);
    assert_null(b);
}

/* Walk from one mirror to the next instead of a modulus. */
static int mirrored(int i, int n)
{
    while (n > 1 && (i < 0 || i >= n))
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return n == 1 ? 0 : i;
}

/* One sample by the two-dimensional sum in f64. */
static double direct(const mw_frame *f, int x, int y, int c, int r, double sigma)
{
    double sum = 0, weights = 0;

    for (int j = -r; j <= r; j++)
        for (int i = -r; i <= r; i++) {
            const double g = exp(-(i * i + j * j) / (2 * sigma * sigma));
            const ptrdiff_t at =
                mirrored(y + j, f->height) * f->stride[0] + 3 * mirrored(x + i, f->width) + c;

            sum += g * f->plane[0][at];
            weights += g;
        }
    return sum / weights;
}

/* f32 sums err by about 1e-4 level: a level off only at ties. */
static void check_against_direct(int w, int h, int kernel, double sigma)
{
    mw_frame src = picture(w, h), dst = picture(w, h);

    fill_random(&src, (uint64_t)(w * 1000 + h));
    blur(&src, &dst, kernel, sigma);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < 3; c++) {
                const double want = direct(&src, x, y, c, (kernel - 1) / 2, sigma);

                if (fabs(dst.plane[0][y * dst.stride[0] + 3 * x + c] - want) > 0.5002)
                    fail_msg("%dx%d kernel %d sigma %g at %d,%d,%d: %d, not %g", w, h, kernel,
                             sigma, x, y, c, dst.plane[0][y * dst.stride[0] + 3 * x + c], want);
            }
    mw_frame_clear(&src);
    mw_frame_clear(&dst);
}

static void blur_is_the_normalised_gaussian_sum(void **state)
{
    (void)state;
    check_against_direct(47, 20, 11, 2);
    check_against_direct(30, 9, 3, 0.4);
    check_against_direct(40, 33, 63, 30);
    check_against_direct(11, 12, 7, 1e-6);
    check_against_direct(12, 11, 7, 1e9);
}

static void pictures_smaller_than_the_radius_are_mirrored_repeatedly(void **state)
{
    static const int size[][2] = { { 1, 1 }, { 1, 9 }, { 9, 1 }, { 2, 2 }, { 3, 2 }, { 5, 4 } };

    (void)state;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        check_against_direct(size[i][0], size[i][1], 11, 2);
        check_against_direct(size[i][0], size[i][1], 63, 20);
    }
}

static void flat_pictures_stay_flat(void **state)
{
    (void)state;
    for (int kernel = 3; kernel <= 63; kernel += 4)
        for (int level = 0; level < 256; level += 17) {
            mw_frame src = picture(23, 4), dst = picture(23, 4);

            memset(src.plane[0], level, (size_t)src.stride[0] * 4);
            blur(&src, &dst, kernel, kernel / 5.5);
            for (int y = 0; y < 4; y++)
                for (int x = 0; x < 69; x++)
                    assert_int_equal(dst.plane[0][y * dst.stride[0] + x], level);
            mw_frame_clear(&src);
            mw_frame_clear(&dst);
        }
}

static void vanishing_sigma_is_the_identity(void **state)
{
    mw_frame src = picture(50, 7), dst = picture(50, 7);

    (void)state;
    fill_random(&src, 5);
    blur(&src, &dst, 21, 1e-300);
    for (int y = 0; y < 7; y++)
        assert_memory_equal(src.plane[0] + y * src.stride[0], dst.plane[0] + y * dst.stride[0],
                            150);
    mw_frame_clear(&src);
    mw_frame_clear(&dst);
}

static void one_context_serves_narrower_pictures_in_any_order(void **state)
{
    static const int width[] = { 64, 5, 33, 64 };
    mw_blur *b;

    (void)state;
    assert_ok(mw_blur_open(&b, 64, 13, 3, NULL));
    for (int i = 0; i < 4; i++) {
        mw_frame src = picture(width[i], 6), got = picture(width[i], 6),
                 want = picture(width[i], 6);

        fill_random(&src, 6);
        assert_ok(mw_blur_apply(b, &src, &got));
        blur(&src, &want, 13, 3);
        assert_memory_equal(got.plane[0], want.plane[0], (size_t)got.stride[0] * 6);
        mw_frame_clear(&src);
        mw_frame_clear(&got);
        mw_frame_clear(&want);
    }
    mw_blur_close(&b);
}

static void refuses_options_out_of_range(void **state)
{
    static const struct {
        int width, kernel;
        double sigma;
    } bad[] = { { 8, 2, 1 },        { 8, 1, 1 }, { 8, 65, 1 }, { 8, 12, 1 },
                { 8, -3, 1 },       { 8, 3, 0 }, { 8, 3, -1 }, { 8, 3, NAN },
                { 8, 3, INFINITY }, { 0, 3, 1 }, { -1, 3, 1 }, { MW_FRAME_MAX_SIDE + 1, 3, 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mw_error err;
        mw_blur *b = (mw_blur *)&err;

        assert_int_equal(mw_blur_open(&b, bad[i].width, bad[i].kernel, bad[i].sigma, &err),
                         MW_ERR_RANGE);
        assert_null(b);
        assert_true(strlen(err.message) > 0);
        mw_blur_close(&b);
    }
}

static void refuses_pictures_that_do_not_fit(void **state)
{
    mw_frame src = picture(9, 4), wide = picture(10, 4), high = picture(9, 5), grey;
    mw_blur *b;

    (void)state;
    assert_ok(mw_blur_open(&b, 9, 3, 1, NULL));
    assert_ok(mw_frame_alloc(&grey, MW_PIX_GRAY8, 9, 4, NULL));
    assert_int_equal(mw_blur_apply(b, &src, &wide), MW_ERR_ARG);
    assert_int_equal(mw_blur_apply(b, &src, &high), MW_ERR_ARG);
    assert_int_equal(mw_blur_apply(b, &src, &grey), MW_ERR_ARG);
    assert_int_equal(mw_blur_apply(b, &grey, &src), MW_ERR_ARG);
    assert_int_equal(mw_blur_apply(b, &wide, &wide), MW_ERR_ARG);
    mw_blur_close(&b);
    mw_frame_clear(&src);
    mw_frame_clear(&wide);
    mw_frame_clear(&high);
    mw_frame_clear(&grey);
}

static void open_survives_each_failing_allocation(void **state)
{
    const long live = mw_mem_live();

    (void)state;
    for (long n = 1;; n++) {
        mw_error err;
        mw_blur *b;
        mw_status st;

        mw_mem_fail_at(n);
        st = mw_blur_open(&b, 100, 11, 2, &err);
        mw_mem_fail_at(0);
        if (st == MW_OK) {
            assert_true(n > 2);
            mw_blur_close(&b);
            break;
        }
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_null(b);
    }
    assert_int_equal(mw_mem_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blur_is_the_normalised_gaussian_sum),
        cmocka_unit_test(pictures_smaller_than_the_radius_are_mirrored_repeatedly),
        cmocka_unit_test(flat_pictures_stay_flat),
        cmocka_unit_test(vanishing_sigma_is_the_identity),
        cmocka_unit_test(one_context_serves_narrower_pictures_in_any_order),
        cmocka_unit_test(refuses_options_out_of_range),
        cmocka_unit_test(refuses_pictures_that_do_not_fit),
        cmocka_unit_test(open_survives_each_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
