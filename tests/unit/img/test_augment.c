/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws of the augmentation chain against the reference's distributions, with a fixed key; and the
 * steps at their limits.
 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "img/augment.h"
#include "img/jpeg_roundtrip.h"

enum { N = 20000 };

/* Kolmogorov-Smirnov distance of n draws from the uniform on [lo, hi]; 1.95 / sqrt(n) is exceeded
 * by one sample in a thousand. */
static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void assert_uniform(double *v, size_t n, double lo, double hi)
{
    double worst = 0;

    qsort(v, n, sizeof *v, by_value);
    assert_true(v[0] >= lo && v[n - 1] <= hi);
    for (size_t i = 0; i < n; i++) {
        const double u = (v[i] - lo) / (hi - lo);

        worst = fmax(worst, fmax((double)(i + 1) / (double)n - u, u - (double)i / (double)n));
    }
    if (worst > 1.95 / sqrt((double)n)) fail_msg("Kolmogorov distance %g of %zu draws", worst, n);
}

/* Four standard deviations of a binomial share. */
static void assert_share(size_t n, double p)
{
    if (fabs((double)n / N - p) > 4 * sqrt(p * (1 - p) / N))
        fail_msg("%zu of %d, expected a share of %g", n, N, p);
}

typedef struct draws {
    double v[12][N];
    size_t n_blur, n_jpeg, n_affine, n_tone, n_small_beta, n_large_beta, size[3], noise;
} draws;

static void collect(draws *d, const mw_augment *a)
{
    if (a->blur.size) {
        const size_t i = d->n_blur++;

        d->size[a->blur.size / 2 - 1]++;
        d->v[0][i] = a->blur.sigma_x;
        d->v[1][i] = a->blur.sigma_y;
        d->v[2][i] = a->blur.angle;
        if (a->blur.beta < 1)
            d->v[3][d->n_small_beta++] = a->blur.beta;
        else
            d->v[4][d->n_large_beta++] = a->blur.beta;
        d->v[5][i] = a->blur.noise[a->blur.size * a->blur.size - 1];
    }
    if (a->jpeg_quality) d->v[6][d->n_jpeg++] = a->jpeg_quality;
    if (a->affine.on) {
        d->v[7][d->n_affine] = a->affine.shear_x;
        d->v[8][d->n_affine] = a->affine.scale_y;
        d->v[9][d->n_affine++] = a->affine.rotate;
    }
    if (a->tone.on) {
        d->v[10][d->n_tone] = a->tone.contrast;
        d->v[11][d->n_tone++] = a->tone.brightness;
    }
}

static void draws_follow_the_references_distributions(void **state)
{
    draws *d = calloc(1, sizeof *d);
    mw_rng r = mw_rng_from_key(42);
    double chi = 0, mean = 0;

    (void)state;
    for (int i = 0; i < N; i++) {
        const mw_augment a = mw_augment_draw(&r);

        collect(d, &a);
    }
    assert_share(d->n_blur, 0.5);
    assert_share(d->n_jpeg, 0.5);
    assert_share(d->n_affine, 0.7);
    assert_share(d->n_tone, 0.5);
    assert_share(d->n_small_beta, 0.25);
    for (int i = 0; i < 3; i++) {
        const double e = (double)d->n_blur / 3;

        chi += ((double)d->size[i] - e) * ((double)d->size[i] - e) / e;
    }
    assert_true(chi < 13.8); /* one in a thousand, 2 degrees of freedom */
    assert_uniform(d->v[0], d->n_blur, 0.2, 1);
    assert_uniform(d->v[1], d->n_blur, 0.2, 1);
    assert_uniform(d->v[2], d->n_blur, -1.5707963267948966, 1.5707963267948966);
    assert_uniform(d->v[3], d->n_small_beta, 0.5, 1);
    assert_uniform(d->v[4], d->n_large_beta, 1, 8);
    assert_uniform(d->v[5], d->n_blur, 0.9, 1.1);
    for (size_t i = 0; i < d->n_jpeg; i++) {
        assert_true(d->v[6][i] >= 70 && d->v[6][i] <= 100);
        mean += d->v[6][i] / (double)d->n_jpeg;
    }
    assert_true(fabs(mean - 85) < 4 * 8.94 / sqrt((double)d->n_jpeg));
    assert_uniform(d->v[7], d->n_affine, -8, 8);
    assert_uniform(d->v[8], d->n_affine, 0.8, 1.2);
    assert_uniform(d->v[9], d->n_affine, -15, 15);
    assert_uniform(d->v[10], d->n_tone, 0.9, 1.1);
    assert_uniform(d->v[11], d->n_tone, -0.1, 0.1);
    free(d);
}

static mw_patch flat(int w, int h, uint8_t value)
{
    mw_patch p;

    assert_ok(mw_patch_alloc(&p, w, h, NULL));
    memset(p.rgb, value, (size_t)(3 * w * h));
    memset(p.mask, 255, (size_t)(w * h));
    return p;
}

static void drawn_chains_run_on_pictures_of_any_size(void **state)
{
    static const int size[][2] = { { 1, 1 }, { 1, 9 }, { 2, 3 }, { 17, 5 }, { 100, 1 } };
    mw_rng r = mw_rng_from_key(4);

    (void)state;
    for (int k = 0; k < 300; k++) {
        const int *s = size[k % 5];
        const mw_augment a = mw_augment_draw(&r);
        mw_patch p = flat(s[0], s[1], 100);

        assert_ok(mw_augment_apply(&p, &a, NULL));
        assert_true(p.width >= 1 && p.height >= 1 && p.rgb && p.mask);
        mw_patch_clear(&p);
    }
    assert_int_equal(mw_mem_live(), 0);
}

static void no_draw_leaves_the_patch_as_it_is(void **state)
{
    const mw_augment none = { 0 };
    mw_patch p = flat(8, 6, 77);

    (void)state;
    p.rgb[5] = 3;
    assert_ok(mw_augment_apply(&p, &none, NULL));
    assert_true(p.width == 8 && p.height == 6 && p.rgb[5] == 3 && p.rgb[6] == 77);
    mw_patch_clear(&p);
}

/* Blur of a flat picture is flat: the taps sum to 1. */
static void blur_keeps_flat_pictures(void **state)
{
    mw_aug_blur b = { 7, 0.9, 0.4, 0.3, 2, { 0 } };
    mw_patch p = flat(20, 11, 200);

    (void)state;
    for (int i = 0; i < 49; i++)
        b.noise[i] = 1;
    assert_ok(mw_aug_blur_apply(&p, &b, NULL));
    for (int i = 0; i < 3 * 20 * 11; i++)
        assert_int_equal(p.rgb[i], 200);
    mw_patch_clear(&p);
}

static void values_outside_their_interval_are_refused(void **state)
{
    const mw_aug_affine huge = { 1, 0, 0, 1e9, 1e9, 0 };
    const mw_aug_blur even = { .size = 4 };
    mw_patch p = flat(4, 4, 1);
    const mw_pixels rgb = mw_patch_rgb(&p);
    mw_error err;

    (void)state;
    assert_int_equal(mw_aug_blur_apply(&p, &even, &err), MW_ERR_RANGE);
    assert_int_equal(mw_aug_affine_apply(&p, &huge, &err), MW_ERR_RANGE);
    assert_int_equal(mw_jpeg_roundtrip(&rgb, 0, 0, &err), MW_ERR_RANGE);
    assert_int_equal(mw_jpeg_roundtrip(&rgb, 101, 0, &err), MW_ERR_RANGE);
    assert_string_equal(err.reason, "bad_quality");
    mw_patch_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_follow_the_references_distributions),
        cmocka_unit_test(drawn_chains_run_on_pictures_of_any_size),
        cmocka_unit_test(no_draw_leaves_the_patch_as_it_is),
        cmocka_unit_test(blur_keeps_flat_pictures),
        cmocka_unit_test(values_outside_their_interval_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
