/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "img/similarity.h"

static void apply(const mw_similarity *s, const double *p, double *q)
{
    q[0] = s->a * p[0] - s->b * p[1] + s->tx;
    q[1] = s->b * p[0] + s->a * p[1] + s->ty;
}

static void finds_the_transform_that_made_the_points(void **state)
{
    static const double from[3][2] = { { 24, 24 }, { 56, 24 }, { 40, 56 } };
    const mw_similarity made = { 1.5, -0.7, 12.25, -3 };
    double to[3][2];
    mw_similarity s;

    (void)state;
    for (int i = 0; i < 3; i++)
        apply(&made, from[i], to[i]);
    s = mw_similarity_fit(from[0], to[0], 3);
    assert_true(fabs(s.a - 1.5) < 1e-12 && fabs(s.b + 0.7) < 1e-12);
    assert_true(fabs(s.tx - 12.25) < 1e-10 && fabs(s.ty + 3) < 1e-10);
    assert_true(fabs(mw_similarity_scale(&s) - sqrt(1.5 * 1.5 + 0.7 * 0.7)) < 1e-12);
}

/* Three points that no similarity fits: the best leaves residuals whose sum is 0 and which are
 * orthogonal to turning and stretching. */
static void the_rest_is_orthogonal_where_no_transform_fits(void **state)
{
    static const double from[3][2] = { { 24, 24 }, { 56, 24 }, { 40, 56 } };
    static const double to[3][2] = { { 100, 90 }, { 171, 95 }, { 128, 190 } };
    const mw_similarity s = mw_similarity_fit(from[0], to[0], 3);
    double sum[4] = { 0 };

    (void)state;
    for (int i = 0; i < 3; i++) {
        double q[2], r[2];

        apply(&s, from[i], q);
        r[0] = to[i][0] - q[0], r[1] = to[i][1] - q[1];
        sum[0] += r[0], sum[1] += r[1];
        sum[2] += from[i][0] * r[0] + from[i][1] * r[1];
        sum[3] += from[i][0] * r[1] - from[i][1] * r[0];
    }
    for (int k = 0; k < 4; k++)
        assert_true(fabs(sum[k]) < 1e-9);
}

static void points_in_one_place_have_no_scale(void **state)
{
    static const double from[2][2] = { { 5, 5 }, { 5, 5 } }, to[2][2] = { { 1, 2 }, { 3, 4 } };
    const mw_similarity s = mw_similarity_fit(from[0], to[0], 2);

    (void)state;
    assert_true(mw_similarity_scale(&s) == 0 && s.tx == 2 && s.ty == 3);
}

/* Grey 3 x + 10 y + 7 at pixel (x, y): a plane, which bilinear sampling and means keep. */
static mw_frame plane(int width, int height)
{
    mw_frame f;

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, width, height, NULL));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memset(f.plane[0] + y * f.stride[0] + 3 * x, 3 * x + 10 * y + 7, 3);
    return f;
}

static void cuts_a_plane_out_as_a_plane_at_any_scale(void **state)
{
    static const mw_similarity cases[] = { { 1, 0, 3, 2 },
                                           { 0.5, 0, 4.25, 3.5 },
                                           { 1.5, 0.5, 8, 2 },
                                           { 2.2, 0, 2, 2.5 },
                                           { 0.3, -0.9, 5.5, 12 } };
    mw_frame f = plane(30, 16);
    float out[16];

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        mw_similarity_grey(out, 4, 0, &f, &cases[k]);
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 4; x++) {
                double p[2] = { x + 0.5, y + 0.5 }, q[2];

                apply(&cases[k], p, q);
                assert_true(fabs(out[4 * y + x] - (3 * (q[0] - 0.5) + 10 * (q[1] - 0.5) + 7)) <
                            1e-4);
            }
    }
    mw_frame_clear(&f);
}

static void repeats_the_edge_outside(void **state)
{
    const mw_similarity far_away = { 1, 0, -1000, -2000 }, beyond = { 1, 0, 1000, 2000 };
    mw_frame f = plane(30, 16);
    float out[9];

    (void)state;
    mw_similarity_grey(out, 3, -1, &f, &far_away);
    for (int i = 0; i < 9; i++)
        assert_true(fabsf(out[i] - 7) < 1e-5f);
    mw_similarity_grey(out, 3, -1, &f, &beyond);
    for (int i = 0; i < 9; i++)
        assert_true(fabsf(out[i] - (3 * 29 + 10 * 15 + 7)) < 1e-4f);
    mw_frame_clear(&f);
}

/* Columns 0 255 0 255 ...: halving must give the mean, not one of the two. */
static void does_not_alias_when_shrinking(void **state)
{
    const mw_similarity half = { 2, 0, 4.5, 4.5 };
    mw_frame f;
    float out[16];

    (void)state;
    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 20, 20, NULL));
    for (int y = 0; y < 20; y++)
        for (int x = 0; x < 20; x++)
            memset(f.plane[0] + y * f.stride[0] + 3 * x, x % 2 ? 255 : 0, 3);
    mw_similarity_grey(out, 4, 0, &f, &half);
    for (int i = 0; i < 16; i++)
        assert_true(fabsf(out[i] - 127.5f) < 1e-3f);
    mw_frame_clear(&f);
}

static void weighs_colours_as_the_eye_does(void **state)
{
    static const uint8_t colour[3][3] = { { 200, 0, 0 }, { 0, 200, 0 }, { 0, 0, 200 } };
    static const float grey[3] = { 9798 / 163.84f, 19235 / 163.84f, 3735 / 163.84f };
    const mw_similarity s = { 1, 0, 0, 0 };
    mw_frame f;
    float out;

    (void)state;
    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 1, 1, NULL));
    for (int i = 0; i < 3; i++) {
        memcpy(f.plane[0], colour[i], 3);
        mw_similarity_grey(&out, 1, 0, &f, &s);
        assert_true(fabsf(out - grey[i]) < 1e-4f);
    }
    mw_frame_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_transform_that_made_the_points),
        cmocka_unit_test(the_rest_is_orthogonal_where_no_transform_fits),
        cmocka_unit_test(points_in_one_place_have_no_scale),
        cmocka_unit_test(cuts_a_plane_out_as_a_plane_at_any_scale),
        cmocka_unit_test(repeats_the_edge_outside),
        cmocka_unit_test(does_not_alias_when_shrinking),
        cmocka_unit_test(weighs_colours_as_the_eye_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
