/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes are unions of parts with a signed distance (pixels, negative inside); the distance gives
 * the soft edge and a shading that rounds the part. Only + - * / and sqrt, so that the bytes are
 * the same everywhere.
 */
#include "corrupt/visual/drawn_occluders.h"

#include <math.h>
#include <string.h>

#include "corrupt/visual/occlusion.h"

#define SIDE 192

typedef struct colour {
    double r, g, b; /* 0..255 */
} colour;

typedef struct canvas {
    mw_patch *p;
} canvas;

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static double length(double x, double y)
{
    return sqrt(x * x + y * y);
}

/* Distance to a segment from (ax, ay) to (bx, by), less the radius. */
static double capsule(double x, double y, double ax, double ay, double bx, double by, double radius)
{
    const double dx = bx - ax, dy = by - ay, n = dx * dx + dy * dy;
    const double t = n > 0 ? clamp(((x - ax) * dx + (y - ay) * dy) / n, 0, 1) : 0;

    return length(x - ax - t * dx, y - ay - t * dy) - radius;
}

/* Distance to a rectangle with rounded corners around (cx, cy). */
static double rounded(double x, double y, double cx, double cy, double half_w, double half_h,
                      double radius)
{
    const double qx = fabs(x - cx) - half_w + radius, qy = fabs(y - cy) - half_h + radius;
    const double outside = length(qx > 0 ? qx : 0, qy > 0 ? qy : 0), inside = qx > qy ? qx : qy;

    return outside + (inside < 0 ? inside : 0) - radius;
}

/* Lay a colour over pixel (x, y) with the coverage that distance d gives; light makes it brighter
 * towards the middle of the part and darker at its rim, over depth pixels. */
static void paint(canvas *c, int x, int y, double d, colour k, double depth)
{
    const size_t at = (size_t)y * SIDE + (size_t)x;
    const double a = clamp(0.5 - d, 0, 1),
                 light = 0.72 + 0.28 * clamp(-d / depth, 0, 1) + 0.1 * (0.5 - (double)y / SIDE);
    uint8_t *rgb = c->p->rgb + 3 * at;
    const double value[3] = { k.r, k.g, k.b };

    if (!(a > 0)) return;
    for (int i = 0; i < 3; i++)
        rgb[i] = (uint8_t)(clamp(a * value[i] * light + (1 - a) * rgb[i], 0, 255) + 0.5);
    if (a * 255 > c->p->mask[at]) c->p->mask[at] = (uint8_t)(a * 255 + 0.5);
}

/* ---- hands ---- */

/* Finger tips from thumb to little finger, relative to the palm; spread hand and closed hand are
 * between 1 and 0. */
static void draw_hand(canvas *c, int variant)
{
    static const colour skins[] = {
        { 236, 188, 160 }, { 141, 85, 56 }, { 205, 150, 112 }, { 92, 56, 38 }
    };
    static const double tips[5][2] = {
        { 30, 96 }, { 62, 24 }, { 92, 12 }, { 122, 22 }, { 150, 50 }
    };
    static const double roots[5][2] = {
        { 66, 132 }, { 72, 98 }, { 94, 92 }, { 114, 96 }, { 130, 106 }
    };
    const double spread = variant % 2 ? 0.55 : 1;
    const int mirrored = variant / 2 % 2;
    const colour skin = skins[variant % 4], shade = { skin.r * 0.8, skin.g * 0.72, skin.b * 0.7 };

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const double px = mirrored ? SIDE - 1 - x : x, py = y;

            paint(c, x, y, capsule(px, py, 100, 150, 104, 200, 34), skin, 22); /* wrist */
            paint(c, x, y, rounded(px, py, 100, 128, 42, 44, 34), skin, 30);   /* palm */
            for (int f = 0; f < 5; f++) {
                const double tx = roots[f][0] + (tips[f][0] - roots[f][0]) *
                                                    (f == 2 ? 1 : spread + (1 - spread) * 0.35);
                const double radius = f == 0 ? 15 : f == 4 ? 10.5 : 12.5;
                const double d = capsule(px, py, roots[f][0], roots[f][1], tx, tips[f][1], radius);

                paint(c, x, y, d + 0.0, d > -2.5 ? shade : skin, 9);
                paint(c, x, y, d + 2.5, skin, 9);
                paint(c, x, y,
                      capsule(px, py, tx, tips[f][1] - 2, tx, tips[f][1] + 3, 5), /* nail */
                      (colour){ skin.r * 0.5 + 127, skin.g * 0.5 + 110, skin.b * 0.5 + 108 }, 4);
            }
        }
}

/* ---- objects ---- */

static void draw_apple(canvas *c)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const double left = length(x - 72, y - 108) - 62, right = length(x - 120, y - 108) - 62;

            paint(c, x, y, capsule(x, y, 97, 54, 108, 20, 4), (colour){ 96, 62, 34 }, 4);
            paint(c, x, y, left < right ? left : right, (colour){ 200, 34, 40 }, 48);
            paint(c, x, y, capsule(x, y, 118, 36, 146, 24, 9), (colour){ 70, 140, 50 }, 8);
            paint(c, x, y, length(x - 62, y - 84) - 10, (colour){ 250, 190, 190 }, 14);
        }
}

static void draw_cup(canvas *c)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            paint(c, x, y, fabs(length(x - 134, y - 104) - 32) - 8, (colour){ 40, 90, 160 }, 8);
            paint(c, x, y, rounded(x, y, 84, 104, 56, 74, 18), (colour){ 50, 110, 190 }, 46);
            paint(c, x, y, rounded(x, y, 84, 42, 52, 12, 12), (colour){ 70, 44, 30 }, 10);
            paint(c, x, y, rounded(x, y, 84, 118, 56, 8, 1), (colour){ 240, 240, 235 }, 30);
        }
}

static void draw_phone(canvas *c)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            paint(c, x, y, rounded(x, y, 96, 96, 50, 92, 16), (colour){ 44, 44, 50 }, 10);
            paint(c, x, y, rounded(x, y, 96, 92, 43, 74, 4), (colour){ 120, 170, 200 }, 60);
            paint(c, x, y, length(x - 96, y - 178) - 6, (colour){ 90, 90, 96 }, 5);
        }
}

static void draw_ball(canvas *c)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const double ball = length(x - 96, y - 96) - 86,
                         band = fabs(length(x - 20, y - 96) - 90) - 16;

            paint(c, x, y, ball, (colour){ 245, 205, 60 }, 60);
            if (ball < -0.5) paint(c, x, y, band > ball ? band : ball, (colour){ 60, 70, 190 }, 14);
        }
}

/* ---- textures ---- */

static void draw_texture(canvas *c, int variant)
{
    static const colour light[] = {
        { 232, 222, 200 }, { 210, 228, 236 }, { 236, 236, 236 }, { 220, 200, 170 }
    };
    static const colour dark[] = {
        { 150, 60, 50 }, { 40, 80, 120 }, { 60, 60, 60 }, { 110, 76, 44 }
    };

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const size_t at = (size_t)y * SIDE + (size_t)x;
            const int cell_x = x % 32 - 16, cell_y = y % 32 - 16,
                      ramp = x % 48 < 24 ? x % 24 : 24 - x % 24;
            const int on = variant == 0   ? (x + y) % 40 < 20
                           : variant == 1 ? (x / 24 + y / 24) % 2
                           : variant == 2 ? cell_x * cell_x + cell_y * cell_y < 90
                                          : (y + ramp) % 28 < 14;
            const colour k = on ? dark[variant] : light[variant];
            const double grain = 1 + 0.06 * (((x * 73 + y * 151) % 17) / 16.0 - 0.5);

            c->p->rgb[3 * at] = (uint8_t)clamp(k.r * grain, 0, 255);
            c->p->rgb[3 * at + 1] = (uint8_t)clamp(k.g * grain, 0, 255);
            c->p->rgb[3 * at + 2] = (uint8_t)clamp(k.b * grain, 0, 255);
            c->p->mask[at] = 255;
        }
}

/* ---- the list ---- */

static const struct {
    const char *name;
    int kind, variant;
} shapes[] = {
    { "drawn/hand-0", MW_OCCLUDER_HAND, 0 },
    { "drawn/hand-1", MW_OCCLUDER_HAND, 1 },
    { "drawn/hand-2", MW_OCCLUDER_HAND, 2 },
    { "drawn/hand-3", MW_OCCLUDER_HAND, 3 },
    { "drawn/object-apple", MW_OCCLUDER_OBJECT, 0 },
    { "drawn/object-cup", MW_OCCLUDER_OBJECT, 1 },
    { "drawn/object-phone", MW_OCCLUDER_OBJECT, 2 },
    { "drawn/object-ball", MW_OCCLUDER_OBJECT, 3 },
    { "drawn/texture-stripes", MW_OCCLUDER_TEXTURE, 0 },
    { "drawn/texture-checks", MW_OCCLUDER_TEXTURE, 1 },
    { "drawn/texture-dots", MW_OCCLUDER_TEXTURE, 2 },
    { "drawn/texture-zigzag", MW_OCCLUDER_TEXTURE, 3 },
};

size_t mw_drawn_occluder_count(void)
{
    return sizeof shapes / sizeof *shapes;
}

const char *mw_drawn_occluder_name(size_t i)
{
    return shapes[i].name;
}

int mw_drawn_occluder_kind(size_t i)
{
    return shapes[i].kind;
}

int mw_drawn_occluder_find(const char *name)
{
    for (size_t i = 0; i < mw_drawn_occluder_count(); i++)
        if (!strcmp(shapes[i].name, name)) return (int)i;
    return -1;
}

mw_status mw_drawn_occluder(mw_patch *out, size_t i, mw_error *err)
{
    static void (*const objects[])(canvas *) = { draw_apple, draw_cup, draw_phone, draw_ball };
    mw_patch whole;
    canvas c = { &whole };
    mw_pixels rgb, mask;
    mw_status st = mw_patch_alloc(&whole, SIDE, SIDE, err);

    *out = (mw_patch){ 0 };
    if (st != MW_OK) return st;
    if (shapes[i].kind == MW_OCCLUDER_HAND)
        draw_hand(&c, shapes[i].variant);
    else if (shapes[i].kind == MW_OCCLUDER_OBJECT)
        objects[shapes[i].variant](&c);
    else
        draw_texture(&c, shapes[i].variant);
    rgb = mw_patch_rgb(&whole);
    mask = mw_patch_mask(&whole);
    st = mw_patch_cut_out(out, &rgb, &mask, err);
    mw_patch_clear(&whole);
    return st;
}
