/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <unistd.h>

#include <spng.h>

#include "base/mem.h"
#include "media/image_png.h"

static void fill(mw_frame *f, int width, int height)
{
    assert_ok(mw_frame_alloc(f, MW_PIX_RGB24, width, height, NULL));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < 3 * width; x++)
            f->plane[0][y * f->stride[0] + x] = (uint8_t)(x * 7 + y * y * 3 + (x * y >> 4));
}

static void expect_pixels(const uint8_t *png, size_t n, const mw_frame *f)
{
    spng_ctx *ctx = spng_ctx_new(0);
    struct spng_ihdr head;
    uint8_t *out;
    size_t size;

    assert_int_equal(spng_set_png_buffer(ctx, png, n), 0);
    assert_int_equal(spng_get_ihdr(ctx, &head), 0);
    assert_int_equal(head.width, f->width);
    assert_int_equal(head.height, f->height);
    assert_int_equal(head.color_type, SPNG_COLOR_TYPE_TRUECOLOR);
    assert_int_equal(spng_decoded_image_size(ctx, SPNG_FMT_RGB8, &size), 0);
    out = malloc(size);
    assert_int_equal(spng_decode_image(ctx, out, size, SPNG_FMT_RGB8, 0), 0);
    for (int y = 0; y < f->height; y++)
        assert_memory_equal(out + (size_t)y * (size_t)f->width * 3, f->plane[0] + y * f->stride[0],
                            (size_t)f->width * 3);
    free(out);
    spng_ctx_free(ctx);
}

static void png_holds_every_pixel(void **state)
{
    static const int size[][2] = { { 1, 1 }, { 5, 3 }, { 64, 64 }, { 333, 101 } };

    (void)state;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        uint8_t *png = NULL;
        mw_frame f;
        size_t n;

        fill(&f, size[i][0], size[i][1]);
        assert_ok(mw_png_encode(&png, &n, &f, NULL));
        expect_pixels(png, n, &f);
        mw_free(png);
        mw_frame_clear(&f);
    }
}

static void same_picture_gives_same_bytes(void **state)
{
    uint8_t *a = NULL, *b = NULL;
    size_t n, m;
    mw_frame f;

    (void)state;
    fill(&f, 70, 30);
    assert_ok(mw_png_encode(&a, &n, &f, NULL));
    /* padding beyond the row must not matter */
    memset(f.plane[0] + 210, 0xee, (size_t)f.stride[0] - 210);
    assert_ok(mw_png_encode(&b, &m, &f, NULL));
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    mw_free(a);
    mw_free(b);
    mw_frame_clear(&f);
}

static void refuses_other_formats(void **state)
{
    uint8_t *png = NULL;
    mw_error err;
    mw_frame f;
    size_t n;

    (void)state;
    assert_ok(mw_frame_alloc(&f, MW_PIX_GRAY8, 4, 4, NULL));
    assert_int_equal(mw_png_encode(&png, &n, &f, &err), MW_ERR_ARG);
    assert_null(png);
    mw_frame_clear(&f);
}

static void writes_a_file_or_says_why_not(void **state)
{
    char *dir = temp_dir(), path[4200];
    mw_error err;
    mw_frame f;

    (void)state;
    fill(&f, 9, 9);
    snprintf(path, sizeof path, "%s/a b.png", dir);
    assert_ok(mw_png_write(path, &f, NULL));
    assert_int_equal(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/none/a.png", dir);
    assert_int_equal(mw_png_write(path, &f, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "not_found");
    assert_int_equal(mw_png_write("/dev/full", &f, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "no_space");
    mw_frame_clear(&f);
    temp_dir_remove(dir);
}

static void survives_every_failed_allocation(void **state)
{
    const long live = mw_mem_live();
    uint8_t *png = NULL;
    mw_frame f;
    size_t n;

    (void)state;
    fill(&f, 64, 64);
    for (long i = 1;; i++) {
        mw_status st;

        mw_mem_fail_at(i);
        st = mw_png_encode(&png, &n, &f, NULL);
        mw_mem_fail_at(0);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_null(png);
        assert_true(i < 1000);
    }
    mw_free(png);
    mw_frame_clear(&f);
    assert_int_equal(mw_mem_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_holds_every_pixel),
        cmocka_unit_test(same_picture_gives_same_bytes),
        cmocka_unit_test(refuses_other_formats),
        cmocka_unit_test(writes_a_file_or_says_why_not),
        cmocka_unit_test(survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
