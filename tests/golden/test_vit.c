/* SPDX-License-Identifier: Apache-2.0
 *
 * Resizing, preparation and image tower against Pillow, torchvision and transformers
 * (tests/golden/data/vit/README.md).
 */
#include "support/support.h"

#include <math.h>

#include "feature/vit/vit.h"
#include "img/bicubic.h"

static npy load(const char *stem, int i, char kind, size_t item_bytes)
{
    char path[96];
    npy a;

    snprintf(path, sizeof path, "tests/golden/data/vit/%s%d.npy", stem, i);
    a = npy_load(source_path(path));
    assert_true(a.kind == kind && a.item_bytes == item_bytes && a.n_dims == 3);
    return a;
}

static mw_pixels view(const npy *a)
{
    assert_int_equal(a->shape[2], 3);
    return (mw_pixels){ a->data, (ptrdiff_t)a->shape[1] * 3, (int)a->shape[1], (int)a->shape[0],
                        3 };
}

static void check_resize(npy *x, npy *y)
{
    const mw_pixels src = view(x);
    mw_pixels dst = view(y);
    mw_bicubic_size size = { src.width, src.height, dst.width, dst.height,
                             0,         0,          dst.width, dst.height };
    mw_bicubic *b;

    dst.data = malloc(y->n);
    assert_non_null(dst.data);
    assert_ok(mw_bicubic_open(&b, &size, NULL));
    mw_bicubic_run(b, &dst, &src);
    assert_memory_equal(dst.data, y->data, y->n);
    mw_bicubic_close(&b);
    free(dst.data);
    npy_free(x);
    npy_free(y);
}

static void bicubic_equals_pillow(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        npy x = load("resize_x", i, 'u', 1), y = load("resize_y", i, 'u', 1);

        check_resize(&x, &y);
    }
}

static void bicubic_equals_pillow_in_the_shared_vectors(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/numerics/pil_bicubic");
    for (int i = 0; i < 5; i++) {
        char path[64];
        npy x, y;

        snprintf(path, sizeof path, "golden/numerics/pil_bicubic/x%d.npy", i);
        x = npy_load(shared_path(path));
        snprintf(path, sizeof path, "golden/numerics/pil_bicubic/y%d.npy", i);
        y = npy_load(shared_path(path));
        check_resize(&x, &y);
    }
}

/* The bytes are Pillow's; then each value is (v / 255 - mean) / deviation in float, as torchvision
 * computes it. */
static void check_pixels(npy *x, npy *y)
{
    const mw_pixels src = view(x);
    const mw_frame frame = { .format = MW_PIX_RGB24,
                             .width = src.width,
                             .height = src.height,
                             .plane = { src.data },
                             .stride = { src.stride } };
    const float *want = y->data;
    float *got = malloc(y->n * sizeof *got);

    assert_non_null(got);
    assert_ok(mw_vit_pixels(got, (int)y->shape[1], &frame, 0, 0, frame.width, frame.height, NULL));
    for (size_t i = 0; i < y->n; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-6f))
            fail_msg("value %zu: %.9g instead of %.9g", i, got[i], want[i]);
    free(got);
    npy_free(x);
    npy_free(y);
}

static void pixels_equal_torchvision(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        npy x = load("pixels_x", i, 'u', 1), y = load("pixels_y", i, 'f', 4);

        check_pixels(&x, &y);
    }
}

static void pixels_equal_torchvision_in_the_shared_vectors(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/numerics/clip_preprocess");
    for (int i = 0; i < 2; i++) {
        char path[64];
        npy x, y;

        snprintf(path, sizeof path, "golden/numerics/clip_preprocess/x%d.npy", i);
        x = npy_load(shared_path(path));
        snprintf(path, sizeof path, "golden/numerics/clip_preprocess/y%d.npy", i);
        y = npy_load(shared_path(path));
        check_pixels(&x, &y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bicubic_equals_pillow),
        cmocka_unit_test(bicubic_equals_pillow_in_the_shared_vectors),
        cmocka_unit_test(pixels_equal_torchvision),
        cmocka_unit_test(pixels_equal_torchvision_in_the_shared_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
