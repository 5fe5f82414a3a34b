/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures are made here with libjpeg-turbo and libspng directly, and read with mw_image_read.
 */
#include "support/support.h"

#include <spng.h>
#include <turbojpeg.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/image_read.h"
#include "support/clips.h"

static char *dir;

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return mw_mem_live() ? -1 : 0;
}

static const char *in(const char *name)
{
    return path_in(dir, name);
}

/* Value of channel c at (x, y) of a picture of smooth slopes, different in each channel. */
static uint8_t slope(int x, int y, int c)
{
    return (uint8_t)(c == 0 ? 20 + 3 * x : c == 1 ? 200 - 4 * y : 40 + x + 2 * y);
}

/* ---- JPEG ---- */

typedef struct bytes {
    uint8_t *p;
    size_t n;
} bytes;

static bytes jpeg(int w, int h, int sampling, int flags)
{
    uint8_t *rgb = malloc((size_t)w * (size_t)h * 3);
    unsigned char *out = NULL;
    unsigned long size = 0;
    tjhandle t = tjInitCompress();
    bytes b;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < 3; c++)
                rgb[3 * (y * w + x) + c] = slope(x, y, c);
    assert_int_equal(tjCompress2(t, rgb, w, 0, h, TJPF_RGB, &out, &size, sampling, 95, flags), 0);
    b.p = malloc(size);
    b.n = size;
    memcpy(b.p, out, size);
    tjFree(out);
    tjDestroy(t);
    free(rgb);
    return b;
}

/* An APP1 segment with an orientation, of either byte order, after the first marker. */
static bytes with_exif(bytes b, int orientation, int big)
{
    static const uint8_t le[] = { 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0,    0,    'I', 'I',
                                  42,   0,    8, 0,  0,   0,   1,   0,   0x12, 0x01, 3,   0,
                                  1,    0,    0, 0,  0,   0,   0,   0,   0,    0,    0,   0 };
    static const uint8_t be[] = { 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0,    0,    'M', 'M',
                                  0,    42,   0, 0,  0,   8,   0,   1,   0x01, 0x12, 0,   3,
                                  0,    0,    0, 1,  0,   0,   0,   0,   0,    0,    0,   0 };
    bytes out = { malloc(b.n + sizeof le), b.n + sizeof le };

    memcpy(out.p, b.p, 2);
    memcpy(out.p + 2, big ? be : le, sizeof le);
    out.p[2 + (big ? 29 : 28)] = (uint8_t)orientation;
    memcpy(out.p + 2 + sizeof le, b.p + 2, b.n - 2);
    free(b.p);
    return out;
}

static void store(const char *name, bytes b)
{
    spill(in(name), b.p, b.n);
    free(b.p);
}

static int pixel(const mw_frame *f, int x, int y, int c)
{
    return f->plane[0][y * f->stride[0] + 3 * x + c];
}

static void assert_near(const mw_frame *f, int x, int y, int sx, int sy, int tolerance)
{
    for (int c = 0; c < 3; c++)
        if (abs(pixel(f, x, y, c) - slope(sx, sy, c)) > tolerance)
            fail_msg("(%d, %d) channel %d: %d instead of %d", x, y, c, pixel(f, x, y, c),
                     slope(sx, sy, c));
}

static void jpegs_of_every_kind_are_read_in_rgb_order(void **state)
{
    static const int samplings[] = { TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_440, TJSAMP_411 };

    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (int progressive = 0; progressive < 2; progressive++) {
            mw_frame f;

            store("a.jpg", jpeg(40, 30, samplings[i], progressive ? TJFLAG_PROGRESSIVE : 0));
            assert_ok(mw_image_read(&f, in("a.jpg"), 0, NULL));
            assert_true(f.width == 40 && f.height == 30 && f.format == MW_PIX_RGB24);
            for (int y = 3; y < 27; y++)
                for (int x = 3; x < 37; x++)
                    assert_near(&f, x, y, x, y, 8);
            mw_frame_clear(&f);
        }
}

static void grey_jpegs_have_three_equal_channels(void **state)
{
    mw_frame f;

    (void)state;
    store("g.jpg", jpeg(20, 20, TJSAMP_GRAY, 0));
    assert_ok(mw_image_read(&f, in("g.jpg"), 0, NULL));
    for (int y = 0; y < 20; y++)
        for (int x = 0; x < 20; x++)
            assert_true(pixel(&f, x, y, 0) == pixel(&f, x, y, 1) &&
                        pixel(&f, x, y, 1) == pixel(&f, x, y, 2));
    mw_frame_clear(&f);
}

/* Where the upright pixel (x, y) lies in the stored picture of w x h, by the definition of the tag:
 * which corner is row 0, column 0. */
static void stored_at(int orientation, int x, int y, int w, int h, int *sx, int *sy)
{
    switch (orientation) {
    case 2:
        *sx = w - 1 - x, *sy = y;
        break;
    case 3:
        *sx = w - 1 - x, *sy = h - 1 - y;
        break;
    case 4:
        *sx = x, *sy = h - 1 - y;
        break;
    case 5:
        *sx = y, *sy = x;
        break;
    case 6:
        *sx = y, *sy = h - 1 - x;
        break;
    case 7:
        *sx = w - 1 - y, *sy = h - 1 - x;
        break;
    case 8:
        *sx = w - 1 - y, *sy = x;
        break;
    default:
        *sx = x, *sy = y;
    }
}

static void all_orientations_are_put_upright(void **state)
{
    (void)state;
    for (int o = 0; o <= 9; o++)
        for (int big = 0; big < 2; big++) {
            const int turned = o >= 5 && o <= 8;
            mw_frame f;

            store("o.jpg", with_exif(jpeg(40, 30, TJSAMP_444, 0), o, big));
            assert_ok(mw_image_read(&f, in("o.jpg"), 1, NULL));
            assert_int_equal(f.width, turned ? 30 : 40);
            assert_int_equal(f.height, turned ? 40 : 30);
            for (int y = 2; y < f.height - 2; y++)
                for (int x = 2; x < f.width - 2; x++) {
                    int sx, sy;

                    stored_at(o, x, y, 40, 30, &sx, &sy);
                    assert_near(&f, x, y, sx, sy, 6);
                }
            mw_frame_clear(&f);
            /* as stored, when not asked for */
            assert_ok(mw_image_read(&f, in("o.jpg"), 0, NULL));
            assert_int_equal(f.width, 40);
            mw_frame_clear(&f);
        }
}

/* ---- PNG ---- */

static void png(const char *name, int w, int h, int type, int depth, const void *data, size_t n,
                const struct spng_plte *palette, const struct spng_trns *trns)
{
    spng_ctx *c = spng_ctx_new(SPNG_CTX_ENCODER);
    struct spng_ihdr head = { (uint32_t)w, (uint32_t)h, (uint8_t)depth, (uint8_t)type, 0, 0, 0 };
    bytes b;
    int code;

    spng_set_option(c, SPNG_ENCODE_TO_BUFFER, 1);
    assert_int_equal(spng_set_ihdr(c, &head), 0);
    if (palette) {
        struct spng_plte copy = *palette;

        assert_int_equal(spng_set_plte(c, &copy), 0);
    }
    if (trns) {
        struct spng_trns copy = *trns;

        assert_int_equal(spng_set_trns(c, &copy), 0);
    }
    assert_int_equal(spng_encode_image(c, data, n, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    b.p = spng_get_png_buffer(c, &b.n, &code);
    assert_int_equal(code, 0);
    store(name, b);
    spng_ctx_free(c);
}

static void pngs_of_every_kind_are_read(void **state)
{
    static const uint8_t rgba[] = { 1, 2, 3, 0, 40, 50, 60, 128 }, rgb[] = { 9, 8, 7, 6, 5, 4 },
                         grey[] = { 77, 255 }, grey_alpha[] = { 70, 0, 80, 255 },
                         index[] = { 1, 0 }, bits[] = { 0x40 };
    static const uint16_t deep[] = {
        0x12ff, 0x3400, 0x5680, 0xffff, 0x00ff, 0x7f01
    }; /* host order */
    const struct spng_plte palette = { 2, { { 10, 20, 30, 255 }, { 200, 100, 50, 255 } } };
    static const struct {
        const char *name;
        uint8_t want[6];
    } cases[] = { { "rgba.png", { 1, 2, 3, 40, 50, 60 } },
                  { "rgb.png", { 9, 8, 7, 6, 5, 4 } },
                  { "grey.png", { 77, 77, 77, 255, 255, 255 } },
                  { "greya.png", { 70, 70, 70, 80, 80, 80 } },
                  { "index.png", { 200, 100, 50, 10, 20, 30 } },
                  { "bits.png", { 0, 0, 0, 255, 255, 255 } },
                  { "deep.png", { 0x12, 0x34, 0x56, 0xff, 0x00, 0x7f } } };

    (void)state;
    png("rgba.png", 2, 1, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 8, rgba, sizeof rgba, NULL, NULL);
    png("rgb.png", 2, 1, SPNG_COLOR_TYPE_TRUECOLOR, 8, rgb, sizeof rgb, NULL, NULL);
    png("grey.png", 2, 1, SPNG_COLOR_TYPE_GRAYSCALE, 8, grey, sizeof grey, NULL, NULL);
    png("greya.png", 2, 1, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 8, grey_alpha, sizeof grey_alpha, NULL,
        NULL);
    png("index.png", 2, 1, SPNG_COLOR_TYPE_INDEXED, 8, index, sizeof index, &palette, NULL);
    png("bits.png", 2, 1, SPNG_COLOR_TYPE_GRAYSCALE, 1, bits, sizeof bits, NULL, NULL);
    png("deep.png", 2, 1, SPNG_COLOR_TYPE_TRUECOLOR, 16, deep, sizeof deep, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_frame f;

        assert_ok(mw_image_read(&f, in(cases[i].name), 1, NULL));
        assert_true(f.width == 2 && f.height == 1);
        if (memcmp(f.plane[0], cases[i].want, 6))
            fail_msg("%s: %d %d %d  %d %d %d", cases[i].name, f.plane[0][0], f.plane[0][1],
                     f.plane[0][2], f.plane[0][3], f.plane[0][4], f.plane[0][5]);
        mw_frame_clear(&f);
    }
}

/* ---- hostile ---- */

static void refused(const char *name, const char *reason)
{
    mw_frame f;
    mw_error err;

    assert_true(mw_image_read(&f, in(name), 1, &err) != MW_OK);
    if (strcmp(err.reason, reason)) fail_msg("%s: %s instead of %s", name, err.reason, reason);
    assert_non_null(strstr(err.message, name));
    assert_null(f.memory);
}

static void cut_files_are_refused_wherever_they_end(void **state)
{
    static uint8_t noise[40 * 40 * 3];
    size_t n;
    uint8_t *whole;

    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * i * 2654435761u >> 13);
    png("w.png", 40, 40, SPNG_COLOR_TYPE_TRUECOLOR, 8, noise, sizeof noise, NULL, NULL);
    store("w.jpg", jpeg(60, 60, TJSAMP_420, 0));
    for (int k = 0; k < 2; k++) {
        whole = slurp(in(k ? "w.jpg" : "w.png"), &n);
        for (int part = 0; part < 40; part++) {
            mw_frame f;
            mw_error err;

            spill(in("cut"), whole, n * (size_t)part / 40);
            assert_true(mw_image_read(&f, in("cut"), 1, &err) != MW_OK);
            assert_null(f.memory);
        }
        free(whole);
    }
    spill(in("none"), "", 0);
    refused("none", "empty_file");
    spill(in("text.png"), "no picture at all, only some text", 33);
    refused("text.png", "unsupported");
}

/* Headers that announce more than is allowed are refused before memory is taken. */
static void hostile_sizes_are_refused(void **state)
{
    static const uint8_t pixel[3] = { 1, 2, 3 };
    size_t n;
    uint8_t *p;
    bytes b;

    (void)state;
    png("h.png", 1, 1, SPNG_COLOR_TYPE_TRUECOLOR, 8, pixel, 3, NULL, NULL);
    p = slurp(in("h.png"), &n);
    p[16] = 0x7f; /* width 2130706433; the checksum of the header is wrong with it */
    spill(in("h.png"), p, n);
    free(p);
    {
        mw_frame f;
        mw_error err;

        assert_true(mw_image_read(&f, in("h.png"), 1, &err) != MW_OK);
    }
    b = jpeg(16, 16, TJSAMP_444, 0);
    for (size_t i = 0; i + 9 < b.n; i++)
        if (b.p[i] == 0xff && b.p[i + 1] == 0xc0) {
            b.p[i + 5] = 0xfd, b.p[i + 6] = 0xe8; /* 65000 high and wide */
            b.p[i + 7] = 0xfd, b.p[i + 8] = 0xe8;
            break;
        }
    store("h.jpg", b);
    refused("h.jpg", "too_large");
    {
        mw_frame f;
        mw_error err;

        assert_fails(mw_image_read(&f, in("missing.png"), 1, &err), MW_ERR_IO);
        assert_string_equal(err.reason, "not_found");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(jpegs_of_every_kind_are_read_in_rgb_order), TEST(grey_jpegs_have_three_equal_channels),
        TEST(all_orientations_are_put_upright),          TEST(pngs_of_every_kind_are_read),
        TEST(cut_files_are_refused_wherever_they_end),   TEST(hostile_sizes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
