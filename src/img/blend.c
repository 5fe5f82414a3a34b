/* SPDX-License-Identifier: Apache-2.0 */
#include "img/blend.h"

static int max_of(int a, int b)
{
    return a > b ? a : b;
}

static int min_of(int a, int b)
{
    return a < b ? a : b;
}

/* m / 255 and 1 - m / 255, each rounded once. */
typedef struct weights {
    double patch[256], frame[256];
} weights;

static void blend_row(const weights *w, uint8_t *f, const uint8_t *o, const uint8_t *m, int n,
                      double add)
{
    for (int i = 0; i < n; i++, f += 3, o += 3) {
        const double a = w->patch[m[i]], b = w->frame[m[i]];

        if (!m[i]) continue;
        for (int c = 0; c < 3; c++)
            f[c] = m[i] == 255 ? o[c] : (uint8_t)(a * o[c] + b * f[c] + add);
    }
}

/* Overlap of a box with the frame; empty boxes have w or h <= 0. Sums in 64 bits: corners may lie
 * anywhere. */
static mw_box inside(int x, int y, int w, int h, int width, int height)
{
    const int64_t right = (int64_t)x + w, low = (int64_t)y + h;
    mw_box b = { max_of(x, 0), max_of(y, 0), 0, 0 };

    b.w = (int)(right < width ? right : width) - b.x;
    b.h = (int)(low < height ? low : height) - b.y;
    return b;
}

void mw_blend_patch(const mw_frame *rgb, const mw_patch *p, int x, int y, int round)
{
    const mw_box b = inside(x, y, p->width, p->height, rgb->width, rgb->height);

    weights w;

    if (b.w <= 0 || b.h <= 0) return;
    for (int m = 0; m < 256; m++) {
        w.patch[m] = m / 255.0;
        w.frame[m] = 1.0 - w.patch[m];
    }
    for (int row = b.y; row < b.y + b.h; row++) {
        const size_t at = (size_t)(row - y) * (size_t)p->width + (size_t)(b.x - x);

        blend_row(&w, rgb->plane[0] + row * rgb->stride[0] + 3 * (ptrdiff_t)b.x, p->rgb + 3 * at,
                  p->mask + at, b.w, round ? 0.5 : 0.0);
    }
}

double mw_blend_covered(const mw_patch *p, int x, int y, mw_box box, int frame_width,
                        int frame_height)
{
    const mw_box face = inside(box.x, box.y, box.w, box.h, frame_width, frame_height);
    const mw_box over = inside(x, y, p->width, p->height, frame_width, frame_height);
    const int x0 = max_of(face.x, over.x), x1 = min_of(face.x + face.w, over.x + over.w);
    const int y0 = max_of(face.y, over.y), y1 = min_of(face.y + face.h, over.y + over.h);
    int64_t sum = 0;

    if (face.w <= 0 || face.h <= 0 || over.w <= 0 || over.h <= 0) return 0;
    for (int row = y0; row < y1; row++) {
        const uint8_t *m = p->mask + (size_t)(row - y) * (size_t)p->width;

        for (int i = x0; i < x1; i++)
            sum += m[i - x];
    }
    return (double)sum / (255.0 * (double)face.w * (double)face.h);
}
