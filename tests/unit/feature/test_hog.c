/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "feature/hog.h"

enum { M = MW_HOG_MARGIN, CELLS = MW_HOG_CELLS };

static float patch[M * M], row[MW_HOG_COLUMNS];

static double cell(int r, int c, int o)
{
    return row[(CELLS * r + c) * MW_HOG_BINS + o];
}

static void near(double got, double want, const char *what)
{
    if (!(fabs(got - want) < 1e-5)) fail_msg("%s: %.8g, not %.8g", what, got, want);
}

/* A plane of slope (sx, sy) levels per pixel: every pixel has the gradient 2 (sx, sy) per two
 * pixels, so every cell has the same histogram. */
static void plane(double sx, double sy)
{
    for (int y = 0; y < M; y++)
        for (int x = 0; x < M; x++)
            patch[y * M + x] = (float)(100 + sx * x + sy * y);
    mw_hog(row, patch);
}

/* want: what each bin of all cells is. */
static void all_cells(const double *want)
{
    for (int r = 0; r < CELLS; r++)
        for (int c = 0; c < CELLS; c++)
            for (int o = 0; o < MW_HOG_BINS; o++)
                near(cell(r, c, o), want[o], "a cell");
}

/* Gradient (4, 0): angle 0 lies between the first (10 degrees) and the last (170) bin; each cell
 * holds 2 and 2. A block is 8 times 2, of length sqrt(32) and with the floor sqrt(33); 2 / sqrt(33)
 * is cut to 0.2 everywhere and brought back. */
static void a_ramp_to_the_right_votes_for_the_first_and_last_bin(void **state)
{
    const double v = 2 / sqrt(33), want[9] = { v, 0, 0, 0, 0, 0, 0, 0, v };

    (void)state;
    plane(2, 0);
    all_cells(want);
    plane(-2, 0); /* unsigned */
    all_cells(want);
}

/* 90 degrees is the centre of the fifth bin: 4 times 4, of length 8; with the floor sqrt(65). */
static void a_ramp_downwards_votes_for_the_middle_bin(void **state)
{
    const double want[9] = { 0, 0, 0, 0, 4 / sqrt(65), 0, 0, 0, 0 };

    (void)state;
    plane(0, 2);
    all_cells(want);
    plane(0, -2);
    all_cells(want);
}

/* 45 degrees is at 1.75: a quarter for the bin at 30 and three for that at 50; gradient 4 sqrt 2. A
 * block is 4 (g/4, 3g/4): squares sum to 4 g^2 10/16 = 80 (81 with the floor). The larger value,
 * 3 sqrt(2) / 9, is cut to 0.2, the smaller sqrt(2) / 9 is not. Before the cut 80/81, after it
 * 4 (0.04 + 2/81). */
static void a_slanted_ramp_is_shared_and_cut(void **state)
{
    const double back = sqrt(80.0 / 81 / (4 * (0.04 + 2.0 / 81)));
    const double want[9] = { 0, sqrt(2) / 9 * back, 0.2 * back, 0, 0, 0, 0, 0, 0 };

    (void)state;
    plane(2, 2);
    all_cells(want);
}

static void a_flat_patch_has_no_gradients(void **state)
{
    (void)state;
    plane(0, 0);
    for (int i = 0; i < MW_HOG_BRIGHTNESS; i++)
        assert_true(row[i] == 0);
    near(row[MW_HOG_BRIGHTNESS], 100.0 / 255, "brightness");
    assert_true(row[MW_HOG_CONTRAST] == 0 && row[MW_HOG_SHARPNESS] == 0);
}

/* One bright vertical line in the middle of the second column of cells: gradients left and right
 * of it, in that column of cells and in none that is further than one cell away. */
static void an_edge_stays_in_its_cells(void **state)
{
    (void)state;
    memset(patch, 0, sizeof patch);
    for (int y = 0; y < M; y++)
        patch[y * M + 1 + 24] = 200;
    mw_hog(row, patch);
    for (int r = 0; r < CELLS; r++) {
        assert_true(cell(r, 1, 0) > 0.2 && cell(r, 1, 8) > 0.2);
        for (int o = 0; o < MW_HOG_BINS; o++) {
            assert_true(cell(r, 3, o) == 0 && cell(r, 4, o) == 0);
            if (o != 0 && o != 8) assert_true(cell(r, 1, o) == 0);
        }
    }
}

/* Light times two leaves the histograms alone but for the floor. */
static void contrast_hardly_matters(void **state)
{
    float first[MW_HOG_COLUMNS];

    (void)state;
    for (int i = 0; i < M * M; i++)
        patch[i] = (float)(i * 7919 % 128);
    mw_hog(row, patch);
    memcpy(first, row, sizeof row);
    for (int i = 0; i < M * M; i++)
        patch[i] *= 2;
    mw_hog(row, patch);
    for (int i = 0; i < MW_HOG_BRIGHTNESS; i++)
        assert_true(fabsf(first[i] - row[i]) < 1e-3f);
    near(row[MW_HOG_BRIGHTNESS], 2 * first[MW_HOG_BRIGHTNESS], "brightness");
    near(row[MW_HOG_CONTRAST], 2 * first[MW_HOG_CONTRAST], "contrast");
}

/* A chequered patch of 100 and 140: deviation 20, Laplacian +-160, variance 25600. */
static void light_and_sharpness_are_measured(void **state)
{
    (void)state;
    for (int y = 0; y < M; y++)
        for (int x = 0; x < M; x++)
            patch[y * M + x] = (x + y) % 2 ? 100 : 140;
    mw_hog(row, patch);
    near(row[MW_HOG_BRIGHTNESS], 120.0 / 255, "brightness");
    near(row[MW_HOG_CONTRAST], 20.0 / 255, "contrast");
    near(row[MW_HOG_SHARPNESS], log(25601), "sharpness");
}

/* ---- where the patch lies ---- */

static mw_face upright(void)
{
    mw_face f = { .x = 0.25, .y = 0.2, .w = 0.5, .h = 0.5, .has_keys = 1 };
    static const double key[4][2] = { { 0.4, 0.35 }, { 0.6, 0.35 }, { 0.5, 0.45 }, { 0.5, 0.55 } };

    memcpy(f.key, key, sizeof key);
    return f;
}

/* In a frame of 320 x 320 the eyes lie at (128, 112) and (192, 112), the mouth at (160, 176): twice
 * the patch's 32 pixels. */
static void the_eyes_and_the_mouth_go_to_their_cells(void **state)
{
    const mw_face f = upright();
    const mw_similarity s = mw_hog_place(&f, 320, 320);

    (void)state;
    near(s.a, 2, "scale");
    near(s.b, 0, "turn");
    near(s.a * 24 + s.tx, 128, "right eye x");
    near(s.a * 24 + s.ty, 112, "right eye y");
}

static void without_key_points_the_box_is_taken(void **state)
{
    mw_face f = upright();
    mw_similarity s;

    (void)state;
    f.has_keys = 0;
    s = mw_hog_place(&f, 640, 160); /* box of 320 x 80 pixels: as large as 160 x 160 */
    near(s.a, 2, "scale");
    near(s.a * 40 + s.tx, 320, "centre x");
    near(s.a * 40 + s.ty, 72, "centre y");
}

static void odd_key_points_are_not_followed(void **state)
{
    static const double odd[] = { 0.4, 1e300, -1e300, INFINITY, NAN, 30 };
    mw_face none = upright();
    mw_similarity want;

    (void)state;
    none.has_keys = 0;
    want = mw_hog_place(&none, 320, 320);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        mw_face f = upright();
        mw_similarity s;

        f.key[0][0] = f.key[1][0] = f.key[3][0] = odd[i];
        if (!i) f.key[0][1] = f.key[1][1] = f.key[3][1] = 0.35; /* all in one point */
        if (i) f.key[1][0] = 0.5;
        s = mw_hog_place(&f, 320, 320);
        assert_memory_equal(&s, &want, sizeof s);
    }
    none.x = -1e200;
    none.w = 3e200;
    want = mw_hog_place(&none, 320, 320);
    assert_true(isfinite(want.a) && fabs(want.tx) < 1 << 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ramp_to_the_right_votes_for_the_first_and_last_bin),
        cmocka_unit_test(a_ramp_downwards_votes_for_the_middle_bin),
        cmocka_unit_test(a_slanted_ramp_is_shared_and_cut),
        cmocka_unit_test(a_flat_patch_has_no_gradients),
        cmocka_unit_test(an_edge_stays_in_its_cells),
        cmocka_unit_test(contrast_hardly_matters),
        cmocka_unit_test(light_and_sharpness_are_measured),
        cmocka_unit_test(the_eyes_and_the_mouth_go_to_their_cells),
        cmocka_unit_test(without_key_points_the_box_is_taken),
        cmocka_unit_test(odd_key_points_are_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
