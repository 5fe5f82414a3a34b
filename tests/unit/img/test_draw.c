/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include "img/draw.h"
#include "img/font.h"

static const mw_rgb black = { 0, 0, 0 }, red = { 250, 10, 20 };

/* A frame inside a larger one, so that writing beyond it shows. */
enum { W = 40, H = 30, RIM = 20 };

typedef struct canvas {
    mw_frame whole, f;
} canvas;

static canvas canvas_new(void)
{
    canvas c;

    assert_ok(mw_frame_alloc(&c.whole, MW_PIX_RGB24, W + 2 * RIM, H + 2 * RIM, NULL));
    memset(c.whole.plane[0], 200, (size_t)c.whole.stride[0] * (H + 2 * RIM));
    c.f = c.whole;
    c.f.memory = NULL;
    c.f.width = W;
    c.f.height = H;
    c.f.plane[0] += RIM * c.whole.stride[0] + 3 * RIM;
    return c;
}

static const uint8_t *at(const mw_frame *f, int x, int y)
{
    return f->plane[0] + y * f->stride[0] + 3 * x;
}

/* Number of pixels of the frame that differ from the background; fails when one of the rim does. */
static int count(canvas *c)
{
    int n = 0;

    for (int y = -RIM; y < H + RIM; y++)
        for (int x = -RIM; x < W + RIM; x++) {
            const uint8_t *p = at(&c->f, x, y);
            const int changed = p[0] != 200 || p[1] != 200 || p[2] != 200;

            if (changed && (x < 0 || y < 0 || x >= W || y >= H)) fail_msg("wrote at %d, %d", x, y);
            n += changed;
        }
    return n;
}

static int count_and_free(canvas *c)
{
    const int n = count(c);

    mw_frame_clear(&c->whole);
    return n;
}

static void fills_exactly_the_part_inside_the_frame(void **state)
{
    static const struct {
        mw_rect r;
        int n;
    } cases[] = { { { 3, 4, 5, 6 }, 30 },        { { 0, 0, W, H }, W * H },
                  { { -3, -2, 5, 4 }, 4 },       { { W - 2, H - 3, 10, 15 }, 6 },
                  { { -5, -5, 100, 7 }, W * 2 }, { { 5, 5, 0, 9 }, 0 },
                  { { 5, 5, 9, -1 }, 0 },        { { W, 0, 4, 4 }, 0 },
                  { { -4, 0, 4, 4 }, 0 } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        canvas c = canvas_new(), s = canvas_new();

        mw_draw_fill(&c.f, cases[i].r, red);
        mw_draw_shade(&s.f, cases[i].r, red, 255);
        assert_memory_equal(c.whole.plane[0], s.whole.plane[0],
                            (size_t)c.whole.stride[0] * (H + 2 * RIM));
        assert_int_equal(count_and_free(&c), cases[i].n);
        assert_int_equal(count_and_free(&s), cases[i].n);
    }
}

static void shading_mixes_and_rounds(void **state)
{
    canvas c = canvas_new();

    (void)state;
    mw_draw_shade(&c.f, (mw_rect){ 0, 0, 1, 1 }, red, 100);
    /* (200 * 155 + 250 * 100) / 255 = 219.6, (31000 + 1000) / 255 = 125.5, 33000 / 255 = 129.4 */
    assert_int_equal(at(&c.f, 0, 0)[0], 220);
    assert_int_equal(at(&c.f, 0, 0)[1], 125);
    assert_int_equal(at(&c.f, 0, 0)[2], 129);
    mw_draw_shade(&c.f, (mw_rect){ 1, 0, 1, 1 }, red, 0);
    assert_int_equal(at(&c.f, 1, 0)[0], 200);
    mw_frame_clear(&c.whole);
}

static void outlines_are_hollow_unless_too_small(void **state)
{
    static const struct {
        mw_rect r;
        int thickness, n;
    } cases[] = { { { 2, 3, 10, 8 }, 1, 32 },
                  { { 2, 3, 10, 8 }, 3, 80 - 4 * 2 },
                  { { 2, 3, 10, 8 }, 4, 80 },
                  { { 2, 3, 4, 20 }, 2, 80 } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        canvas c = canvas_new();

        mw_draw_outline(&c.f, cases[i].r, cases[i].thickness, red);
        assert_int_equal(count_and_free(&c), cases[i].n);
    }
}

static void lines_reach_both_ends_without_holes(void **state)
{
    (void)state;
    for (int x1 = -3; x1 < W + 3; x1 += 3)
        for (int y1 = -3; y1 < H + 3; y1 += 3) {
            const int dx = abs(x1 - 20), dy = abs(y1 - 15);
            const int inside = x1 >= 0 && y1 >= 0 && x1 < W && y1 < H;
            canvas c = canvas_new();

            mw_draw_line(&c.f, 20, 15, x1, y1, 1, red);
            assert_int_equal(at(&c.f, 20, 15)[0], red.r);
            if (inside) assert_int_equal(at(&c.f, x1, y1)[0], red.r);
            if (inside) assert_int_equal(count(&c), (dx > dy ? dx : dy) + 1);
            count_and_free(&c);
        }
}

static void thick_lines_widen_to_the_right_and_below(void **state)
{
    canvas c = canvas_new();

    (void)state;
    mw_draw_line(&c.f, 5, 7, 14, 7, 3, red);
    assert_int_equal(at(&c.f, 5, 9)[0], red.r);
    assert_int_equal(at(&c.f, 16, 7)[0], red.r);
    assert_int_equal(count_and_free(&c), 12 * 3);
}

static void every_printable_character_has_its_own_glyph(void **state)
{
    (void)state;
    for (uint32_t a = ' '; a <= '~'; a++) {
        assert_memory_not_equal(mw_font_glyph(a), mw_font_glyph(0x7f), MW_FONT_ROWS);
        for (uint32_t b = ' '; b < a; b++)
            if (!memcmp(mw_font_glyph(a), mw_font_glyph(b), MW_FONT_ROWS))
                fail_msg("'%c' looks like '%c'", (int)a, (int)b);
    }
    assert_ptr_equal(mw_font_glyph('\n'), mw_font_glyph(0x1f600));
}

static void text_takes_one_advance_per_character(void **state)
{
    canvas c = canvas_new();

    (void)state;
    assert_int_equal(mw_text_width("", 2), 0);
    assert_int_equal(mw_text_width("abc", 2), 3 * 12);
    assert_int_equal(mw_text_width("\xc3\xa9\xe7\xac\x91\xf0\x9f\x98\x80", 1), 3 * 6);
    assert_int_equal(mw_text_width("\x80\xe7z\xff", 1), 4 * 6); /* not UTF-8 */
    assert_int_equal(mw_draw_text(&c.f, 2, 3, 1, black, 0, "ab"), 2 + 12);
    mw_frame_clear(&c.whole);
}

static void characters_outside_ascii_show_as_boxes(void **state)
{
    canvas c = canvas_new(), d = canvas_new();

    (void)state;
    mw_draw_text(&c.f, 2, 3, 1, black, 0, "\xe7\xac\x91");
    mw_draw_text(&d.f, 2, 3, 1, black, 0, "\n");
    assert_memory_equal(c.whole.plane[0], d.whole.plane[0],
                        (size_t)c.whole.stride[0] * (H + 2 * RIM));
    assert_int_equal(count_and_free(&c), 2 * 5 + 2 * 5);
    mw_frame_clear(&d.whole);
}

static void text_is_enlarged_and_its_diagonals_smoothed(void **state)
{
    canvas small = canvas_new(), plain = canvas_new(), slash = canvas_new();
    int cells, smoothed;

    (void)state;
    mw_draw_text(&small.f, 1, 1, 1, black, 0, "T");
    mw_draw_text(&plain.f, 1, 1, 3, black, 0, "T");
    cells = count_and_free(&small);
    assert_int_equal(cells, 11);
    assert_int_equal(count_and_free(&plain), 9 * cells);

    small = canvas_new();
    mw_draw_text(&small.f, 1, 1, 1, black, 0, "/");
    mw_draw_text(&slash.f, 1, 1, 2, black, 0, "/");
    cells = count_and_free(&small);
    smoothed = count_and_free(&slash) - 4 * cells;
    assert_int_equal(smoothed, 2 * 4); /* four steps, one pixel on each side of each */
}

static void text_that_does_not_fit_ends_in_dots(void **state)
{
    canvas c = canvas_new(), d = canvas_new();
    const size_t n = (size_t)c.whole.stride[0] * (H + 2 * RIM);

    (void)state;
    assert_int_equal(mw_draw_text(&c.f, 0, 0, 1, black, 4 * 6 + 5, "abcdef"), 24);
    assert_int_equal(mw_draw_text(&d.f, 0, 0, 1, black, 0, "ab.."), 24);
    assert_memory_equal(c.whole.plane[0], d.whole.plane[0], n);
    assert_int_equal(mw_draw_text(&c.f, 0, 0, 1, black, 24, "abcd"), 24); /* fits */
    assert_int_equal(mw_draw_text(&c.f, 0, 0, 1, black, 5, "abcd"), 0);
    mw_frame_clear(&c.whole);
    mw_frame_clear(&d.whole);
}

static void text_is_cut_at_the_edges(void **state)
{
    canvas c = canvas_new();

    (void)state;
    for (int x = -18; x < W + 8; x += 5)
        for (int y = -18; y < H + 8; y += 5)
            mw_draw_text(&c.f, x, y, 2, black, 0, "W");
    assert_true(count_and_free(&c) > 100);
}

/* ---- pictures ---- */

static mw_frame picture(int w, int h)
{
    mw_frame f;

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, w, h, NULL));
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            memcpy(f.plane[0] + y * f.stride[0] + 3 * x,
                   (uint8_t[]){ (uint8_t)(16 * x), (uint8_t)(16 * y), (uint8_t)(x * y) }, 3);
    return f;
}

/* A letter L of 3 x 2 pixels, in reading order of the turned picture. */
static void turns_and_mirrors_like_a_player(void **state)
{
    /* stored:  a b c      mirrored:  d e f
     *          d e f                 a b c  */
    static const struct {
        int rotation_deg, mirrored, w;
        const char *want;
    } cases[] = { { 0, 0, 3, "abcdef" },   { 90, 0, 2, "daebfc" },  { 180, 0, 3, "fedcba" },
                  { 270, 0, 2, "cfbead" }, { 0, 1, 3, "defabc" },   { 180, 1, 3, "cbafed" },
                  { 90, 1, 2, "adbecf" },  { 270, 1, 2, "fcebda" }, { -90, 0, 2, "cfbead" },
                  { 80, 0, 2, "daebfc" },  { 359, 0, 3, "abcdef" } };
    mw_frame f = picture(3, 2);

    (void)state;
    for (int i = 0; i < 6; i++)
        f.plane[0][i / 3 * f.stride[0] + 3 * (i % 3)] = (uint8_t)("abcdef"[i]);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const mw_view v = mw_view_upright(&f, cases[i].rotation_deg, cases[i].mirrored);
        char got[7] = { 0 };

        assert_int_equal(v.width, cases[i].w);
        assert_int_equal(v.height, 6 / cases[i].w);
        for (int k = 0; k < 6; k++)
            got[k] = (char)v.p[k % v.width * v.step_x + k / v.width * v.step_y];
        assert_string_equal(got, cases[i].want);
    }
    mw_frame_clear(&f);
}

static void equal_size_copies(void **state)
{
    mw_frame f = picture(15, 11);
    canvas c = canvas_new();
    const mw_view v = mw_view_upright(&f, 0, 0);

    (void)state;
    mw_draw_view(&c.f, (mw_rect){ 3, 4, 15, 11 }, &v);
    for (int y = 0; y < 11; y++)
        assert_memory_equal(at(&c.f, 3, 4 + y), at(&f, 0, y), 15 * 3);
    assert_int_equal(count_and_free(&c), 15 * 11);
    mw_frame_clear(&f);
}

/* Against the same mean in floating point. */
static void scaling_is_the_mean_of_the_area(void **state)
{
    static const int sizes[][4] = { { 14, 10, 7, 5 }, { 13, 11, 5, 4 }, { 5, 4, 13, 11 },
                                    { 1, 1, 9, 9 },   { 16, 3, 1, 1 },  { 7, 15, 20, 2 } };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int w = sizes[i][0], h = sizes[i][1], ow = sizes[i][2], oh = sizes[i][3];
        mw_frame f = picture(w, h);
        canvas c = canvas_new();
        const mw_view v = mw_view_upright(&f, 0, 0);

        mw_draw_view(&c.f, (mw_rect){ 0, 0, ow, oh }, &v);
        for (int oy = 0; oy < oh; oy++)
            for (int ox = 0; ox < ow; ox++) {
                const double x0 = (double)ox * w / ow, x1 = (double)(ox + 1) * w / ow;
                const double y0 = (double)oy * h / oh, y1 = (double)(oy + 1) * h / oh;
                double sum = 0;

                for (int y = 0; y < h; y++)
                    for (int x = 0; x < w; x++) {
                        const double cx = (x + 1 < x1 ? x + 1 : x1) - (x > x0 ? x : x0);
                        const double cy = (y + 1 < y1 ? y + 1 : y1) - (y > y0 ? y : y0);

                        if (cx > 0 && cy > 0) sum += cx * cy * at(&f, x, y)[2];
                    }
                sum /= (x1 - x0) * (y1 - y0);
                if (at(&c.f, ox, oy)[2] < sum - 0.501 || at(&c.f, ox, oy)[2] > sum + 0.501)
                    fail_msg("%d x %d to %d x %d at %d, %d: %d, not %g", w, h, ow, oh, ox, oy,
                             at(&c.f, ox, oy)[2], sum);
            }
        mw_frame_clear(&c.whole);
        mw_frame_clear(&f);
    }
}

static void pictures_are_cut_at_the_edges(void **state)
{
    mw_frame f = picture(10, 10);
    canvas whole = canvas_new(), cut = canvas_new();
    const mw_view v = mw_view_upright(&f, 0, 0);

    (void)state;
    mw_draw_view(&whole.f, (mw_rect){ 0, 0, 20, 20 }, &v);
    mw_draw_view(&cut.f, (mw_rect){ -5, -7, 20, 20 }, &v);
    for (int y = 0; y < 13; y++)
        assert_memory_equal(at(&cut.f, 0, y), at(&whole.f, 5, y + 7), 15 * 3);
    assert_int_equal(count_and_free(&cut), 15 * 13);
    cut = canvas_new();
    mw_draw_view(&cut.f, (mw_rect){ W, 0, 20, 20 }, &v);
    mw_draw_view(&cut.f, (mw_rect){ 0, 0, 0, 20 }, &v);
    assert_int_equal(count_and_free(&cut), 0);
    mw_frame_clear(&whole.whole);
    mw_frame_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_exactly_the_part_inside_the_frame),
        cmocka_unit_test(shading_mixes_and_rounds),
        cmocka_unit_test(outlines_are_hollow_unless_too_small),
        cmocka_unit_test(lines_reach_both_ends_without_holes),
        cmocka_unit_test(thick_lines_widen_to_the_right_and_below),
        cmocka_unit_test(every_printable_character_has_its_own_glyph),
        cmocka_unit_test(text_takes_one_advance_per_character),
        cmocka_unit_test(characters_outside_ascii_show_as_boxes),
        cmocka_unit_test(text_is_enlarged_and_its_diagonals_smoothed),
        cmocka_unit_test(text_that_does_not_fit_ends_in_dots),
        cmocka_unit_test(text_is_cut_at_the_edges),
        cmocka_unit_test(turns_and_mirrors_like_a_player),
        cmocka_unit_test(equal_size_copies),
        cmocka_unit_test(scaling_is_the_mean_of_the_area),
        cmocka_unit_test(pictures_are_cut_at_the_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
