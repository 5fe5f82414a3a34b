/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything is cut to the frame once, then written without further tests.
 */
#include "img/draw.h"

#include "img/font.h"

/* The part of r inside the frame; 0 when there is none. */
static int cut(const mw_frame *f, mw_rect *r)
{
    int x1 = r->x + r->w, y1 = r->y + r->h;

    if (r->x < 0) r->x = 0;
    if (r->y < 0) r->y = 0;
    if (x1 > f->width) x1 = f->width;
    if (y1 > f->height) y1 = f->height;
    r->w = x1 - r->x;
    r->h = y1 - r->y;
    return r->w > 0 && r->h > 0;
}

static uint8_t *pixel(const mw_frame *f, int x, int y)
{
    return f->plane[0] + y * f->stride[0] + 3 * x;
}

static uint8_t blend(int under, int over, int alpha)
{
    return (uint8_t)((under * (255 - alpha) + over * alpha + 127) / 255);
}

void mw_draw_shade(mw_frame *f, mw_rect r, mw_rgb colour, int alpha)
{
    if (!cut(f, &r)) return;
    for (int y = r.y; y < r.y + r.h; y++) {
        uint8_t *p = pixel(f, r.x, y);

        for (int i = 0; i < r.w; i++, p += 3) {
            p[0] = blend(p[0], colour.r, alpha);
            p[1] = blend(p[1], colour.g, alpha);
            p[2] = blend(p[2], colour.b, alpha);
        }
    }
}

void mw_draw_fill(mw_frame *f, mw_rect r, mw_rgb colour)
{
    if (!cut(f, &r)) return;
    for (int y = r.y; y < r.y + r.h; y++) {
        uint8_t *p = pixel(f, r.x, y);

        for (int i = 0; i < r.w; i++, p += 3) {
            p[0] = colour.r;
            p[1] = colour.g;
            p[2] = colour.b;
        }
    }
}

void mw_draw_outline(mw_frame *f, mw_rect r, int thickness, mw_rgb colour)
{
    const int t = thickness, inner = r.h - 2 * t;

    if (inner <= 0 || r.w <= 2 * t) {
        mw_draw_fill(f, r, colour);
        return;
    }
    mw_draw_fill(f, (mw_rect){ r.x, r.y, r.w, t }, colour);
    mw_draw_fill(f, (mw_rect){ r.x, r.y + r.h - t, r.w, t }, colour);
    mw_draw_fill(f, (mw_rect){ r.x, r.y + t, t, inner }, colour);
    mw_draw_fill(f, (mw_rect){ r.x + r.w - t, r.y + t, t, inner }, colour);
}

void mw_draw_line(mw_frame *f, int x0, int y0, int x1, int y1, int thickness, mw_rgb colour)
{
    const int dx = x1 > x0 ? x1 - x0 : x0 - x1, dy = y1 > y0 ? y1 - y0 : y0 - y1;
    const int sx = x1 > x0 ? 1 : -1, sy = y1 > y0 ? 1 : -1;
    int error = dx - dy;

    for (;;) {
        const int twice = 2 * error;

        mw_draw_fill(f, (mw_rect){ x0, y0, thickness, thickness }, colour);
        if (x0 == x1 && y0 == y1) return;
        if (twice > -dy) {
            error -= dy;
            x0 += sx;
        }
        if (twice < dx) {
            error += dx;
            y0 += sy;
        }
    }
}

/* ---- text ---- */

#define NOT_ASCII 0x7f

/* The next character of UTF-8 text, everything but ASCII as NOT_ASCII; moves *text over it. */
static uint32_t next_character(const char **text)
{
    const unsigned char first = (unsigned char)**text;

    (*text)++;
    if (first < 0x80) return first;
    if (first >= 0xc0)
        while (((unsigned char)**text & 0xc0) == 0x80)
            (*text)++;
    return NOT_ASCII;
}

static int n_characters(const char *text)
{
    int n = 0;

    while (*text) {
        next_character(&text);
        n++;
    }
    return n;
}

int mw_text_width(const char *text, int scale)
{
    return n_characters(text) * MW_TEXT_ADVANCE * scale;
}

static int inked(const uint8_t *glyph, int x, int y)
{
    return x >= 0 && x < MW_FONT_COLUMNS && y >= 0 && y < MW_FONT_ROWS &&
           glyph[y] >> (MW_FONT_COLUMNS - 1 - x) & 1;
}

/* An empty cell at (left, top) whose corner towards (sx, sy) lies between two inked neighbours that
 * touch by that corner only: half of the notch is filled, so that the stroke runs on as a diagonal.
 */
static void fill_notch(mw_frame *f, int left, int top, int sx, int sy, int scale, mw_rgb colour)
{
    for (int j = 0; 2 * j < scale; j++)
        for (int i = 0; 2 * (i + j) + 1 <= scale; i++) {
            const int x = left + (sx > 0 ? scale - 1 - i : i);
            const int y = top + (sy > 0 ? scale - 1 - j : j);
            const int alpha = 2 * (i + j + 1) <= scale ? 255 : 128;

            mw_draw_shade(f, (mw_rect){ x, y, 1, 1 }, colour, alpha);
        }
}

static void draw_glyph(mw_frame *f, int left, int top, int scale, mw_rgb colour,
                       const uint8_t *glyph)
{
    for (int y = 0; y < MW_FONT_ROWS; y++)
        for (int x = 0; x < MW_FONT_COLUMNS; x++) {
            const int px = left + x * scale, py = top + y * scale;

            if (inked(glyph, x, y)) {
                mw_draw_fill(f, (mw_rect){ px, py, scale, scale }, colour);
                continue;
            }
            for (int k = 0; scale > 1 && k < 4; k++) {
                const int sx = k & 1 ? 1 : -1, sy = k & 2 ? 1 : -1;

                if (inked(glyph, x + sx, y) && inked(glyph, x, y + sy) &&
                    !inked(glyph, x + sx, y + sy))
                    fill_notch(f, px, py, sx, sy, scale, colour);
            }
        }
}

int mw_draw_text(mw_frame *f, int x, int y, int scale, mw_rgb colour, int max_width,
                 const char *text)
{
    const int advance = MW_TEXT_ADVANCE * scale, n = n_characters(text);
    const int room = max_width > 0 ? max_width / advance : n;
    const int kept = n <= room ? n : room > 2 ? room - 2 : 0;

    for (int i = 0; i < kept; i++, x += advance)
        draw_glyph(f, x, y, scale, colour, mw_font_glyph(next_character(&text)));
    for (int i = kept; i < n && i < room && i < kept + 2; i++, x += advance)
        draw_glyph(f, x, y, scale, colour, mw_font_glyph('.'));
    return x;
}

/* ---- pictures ---- */

mw_view mw_view_upright(const mw_frame *f, int rotation_deg, int mirrored)
{
    const int w = f->width, h = f->height;
    const int quarter = ((rotation_deg % 360 + 360) % 360 + 45) / 90 % 4;
    ptrdiff_t row = f->stride[0];
    const uint8_t *p = f->plane[0];

    if (mirrored) {
        p += (h - 1) * row;
        row = -row;
    }
    switch (quarter) {
    case 1:
        return (mw_view){ p + (h - 1) * row, -row, 3, h, w };
    case 2:
        return (mw_view){ p + (h - 1) * row + 3 * (w - 1), -3, -row, w, h };
    case 3:
        return (mw_view){ p + 3 * (w - 1), row, -3, h, w };
    default:
        return (mw_view){ p, 3, row, w, h };
    }
}

/* Area under pixel i of n_out along one axis, in units of 1 / n_out source pixels: it starts in
 * source pixel first, and covers [i n_in, (i + 1) n_in). */
typedef struct span {
    int64_t start, end;
    int first, last;
} span;

static span span_of(int i, int n_in, int n_out)
{
    const int64_t start = (int64_t)i * n_in, end = start + n_in;

    return (span){ start, end, (int)(start / n_out), (int)((end - 1) / n_out) };
}

static int64_t overlap(const span *s, int k, int n_out)
{
    const int64_t a = (int64_t)k * n_out, b = a + n_out;

    return (b < s->end ? b : s->end) - (a > s->start ? a : s->start);
}

static void mean_of_area(uint8_t out[3], const mw_view *v, const span *sx, const span *sy,
                         mw_rect r)
{
    const int64_t total = (int64_t)v->width * v->height;
    int64_t sum[3] = { total / 2, total / 2, total / 2 };

    for (int y = sy->first; y <= sy->last; y++) {
        const uint8_t *p = v->p + sx->first * v->step_x + y * v->step_y;
        const int64_t wy = overlap(sy, y, r.h);
        int64_t row[3] = { 0 };

        for (int x = sx->first; x <= sx->last; x++, p += v->step_x) {
            const int64_t wx = overlap(sx, x, r.w);

            row[0] += wx * p[0];
            row[1] += wx * p[1];
            row[2] += wx * p[2];
        }
        for (int c = 0; c < 3; c++)
            sum[c] += wy * row[c];
    }
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)(sum[c] / total);
}

void mw_draw_view(mw_frame *f, mw_rect r, const mw_view *view)
{
    mw_rect in = r;

    if (!cut(f, &in)) return;
    for (int y = in.y; y < in.y + in.h; y++) {
        const span sy = span_of(y - r.y, view->height, r.h);

        for (int x = in.x; x < in.x + in.w; x++) {
            const span sx = span_of(x - r.x, view->width, r.w);

            mean_of_area(pixel(f, x, y), view, &sx, &sy, r);
        }
    }
}
