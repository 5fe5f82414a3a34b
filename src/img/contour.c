/* SPDX-License-Identifier: Apache-2.0
 *
 * Background that cannot be reached from outside by steps along rows and columns belongs to the
 * shape around it; shapes are joined also diagonally. The area of the polygon through the centres
 * of the border pixels is a sum over 2 x 2 windows: 1 for four pixels of the shape, 1/2 for three.
 * All set pixels of a window are neighbours, so they always belong to one shape, and each window is
 * counted at its first set pixel.
 */
#include "img/contour.h"

#include "base/error.h"
#include "base/mem.h"

enum { OUTSIDE = 1, INSIDE = 0, SEEN = 2 };

/* class [height + 2][width + 2] with a ring of background; stack holds positions still to visit. */
typedef struct flood {
    uint8_t *class;
    int32_t *stack;
    size_t n;
    ptrdiff_t pitch;
    size_t n_all;
} flood;

static void visit(flood *f, ptrdiff_t at, uint8_t from, uint8_t to)
{
    if (f->class[at] != from) return;
    f->class[at] = to;
    f->stack[f->n++] = (int32_t)at;
}

/* Mark the background joined to the outer ring. Foreground starts as SEEN, background as INSIDE. */
static void mark_outside(flood *f)
{
    const ptrdiff_t end = (ptrdiff_t)f->n_all;

    visit(f, 0, INSIDE, OUTSIDE);
    while (f->n) {
        const ptrdiff_t at = f->stack[--f->n];

        if (at - f->pitch >= 0) visit(f, at - f->pitch, INSIDE, OUTSIDE);
        if (at + f->pitch < end) visit(f, at + f->pitch, INSIDE, OUTSIDE);
        /* Stepping over a row's end arrives on the ring, which is all background. */
        if (at > 0) visit(f, at - 1, INSIDE, OUTSIDE);
        if (at + 1 < end) visit(f, at + 1, INSIDE, OUTSIDE);
    }
}

/* Half areas of the windows whose first member in raster order is this pixel. The window may start
 * at the pixel itself, at its left neighbour, or in the row above when that one's two are unset. */
static int half_areas(const flood *f, ptrdiff_t at)
{
    const uint8_t *c = f->class + at;
    const int right = c[1] != OUTSIDE, left = c[-1] != OUTSIDE;
    const int below = c[f->pitch] != OUTSIDE, below_right = c[f->pitch + 1] != OUTSIDE;
    const int below_left = c[f->pitch - 1] != OUTSIDE;
    const int here = right + below + below_right, beside = below + below_left;
    int sum = here == 3 ? 2 : here == 2 ? 1 : 0;

    /* Left neighbour unset: this pixel is the upper right of its window. */
    if (!left && beside == 2) sum += 1;
    return sum;
}

typedef struct shape {
    int x0, y0, x1, y1;
    int64_t half_area;
} shape;

static void include(shape *s, int x, int y)
{
    if (x < s->x0) s->x0 = x;
    if (x > s->x1) s->x1 = x;
    if (y < s->y0) s->y0 = y;
    if (y > s->y1) s->y1 = y;
}

static shape collect(flood *f, ptrdiff_t start)
{
    shape s = { INT32_MAX, INT32_MAX, -1, -1, 0 };

    visit(f, start, INSIDE, SEEN);
    while (f->n) {
        const ptrdiff_t at = f->stack[--f->n];

        include(&s, (int)(at % f->pitch) - 1, (int)(at / f->pitch) - 1);
        s.half_area += half_areas(f, at);
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++)
                visit(f, at + dy * f->pitch + dx, INSIDE, SEEN);
    }
    return s;
}

static void load(flood *f, const mw_pixels *mask)
{
    for (int y = 0; y < mask->height; y++)
        for (int x = 0; x < mask->width; x++)
            if (mask->data[y * mask->stride + x]) f->class[(y + 1) * f->pitch + x + 1] = SEEN;
}

/* After the outside is marked everything else is shape, to be collected. */
static shape largest(flood *f)
{
    shape best = { .half_area = -1 };

    for (size_t at = 0; at < f->n_all; at++)
        if (f->class[at] != OUTSIDE) f->class[at] = INSIDE;
    for (size_t at = 0; at < f->n_all; at++) {
        shape s;

        if (f->class[at] != INSIDE) continue;
        s = collect(f, (ptrdiff_t)at);
        /* Among equals the one that starts last in raster order. */
        if (s.half_area >= best.half_area) best = s;
    }
    return best;
}

mw_status mw_contour_largest(mw_box *box, double *area, const mw_pixels *mask, mw_error *err)
{
    flood f = { .pitch = (ptrdiff_t)mask->width + 2 };
    mw_status st = MW_OK;
    shape s;

    *box = (mw_box){ 0 };
    f.n_all = (size_t)f.pitch * ((size_t)mask->height + 2);
    if (f.n_all > INT32_MAX)
        return mw_fail(err, MW_ERR_RANGE, "too_large", "a mask of %d x %d is too large",
                       mask->width, mask->height);
    f.class = mw_calloc(f.n_all, 1);
    f.stack = mw_calloc(f.n_all, sizeof *f.stack);
    if (!f.class || !f.stack) {
        st = mw_fail_nomem(err);
        goto done;
    }
    load(&f, mask);
    mark_outside(&f);
    s = largest(&f);
    if (s.half_area < 0) {
        st = mw_fail(err, MW_ERR_FORMAT, "empty_mask", "the mask is empty");
        goto done;
    }
    *box = (mw_box){ s.x0, s.y0, s.x1 - s.x0 + 1, s.y1 - s.y0 + 1 };
    if (area) *area = (double)s.half_area / 2;
done:
    mw_free(f.class);
    mw_free(f.stack);
    return st;
}
