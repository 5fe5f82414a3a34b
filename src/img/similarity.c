/* SPDX-License-Identifier: Apache-2.0 */
#include "img/similarity.h"

#include <math.h>

mw_similarity mw_similarity_fit(const double *from, const double *to, size_t n)
{
    double mx = 0, my = 0, ux = 0, uy = 0, dot = 0, cross = 0, square = 0;
    mw_similarity s = { 0 };

    for (size_t i = 0; i < n; i++) {
        mx += from[2 * i] / (double)n;
        my += from[2 * i + 1] / (double)n;
        ux += to[2 * i] / (double)n;
        uy += to[2 * i + 1] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double px = from[2 * i] - mx, py = from[2 * i + 1] - my;
        const double qx = to[2 * i] - ux, qy = to[2 * i + 1] - uy;

        dot += px * qx + py * qy;
        cross += px * qy - py * qx;
        square += px * px + py * py;
    }
    if (square > 0) {
        s.a = dot / square;
        s.b = cross / square;
    }
    s.tx = ux - (s.a * mx - s.b * my);
    s.ty = uy - (s.b * mx + s.a * my);
    return s;
}

double mw_similarity_scale(const mw_similarity *s)
{
    return sqrt(s->a * s->a + s->b * s->b);
}

/* Brightness in 1/32768, as mw_gray weighs it. */
static int grey(const uint8_t *p)
{
    return 9798 * p[0] + 19235 * p[1] + 3735 * p[2];
}

/* floor() is a call into libm below SSE 4.1, and the bulk of the time. */
static int floor_of(double x)
{
    const int i = (int)x;

    return i - (x < i);
}

static int clamp(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Brightness at a point of the frame, in 1/32768. */
static double sample(const mw_frame *f, double x, double y)
{
    const int left = floor_of(x - 0.5), top = floor_of(y - 0.5);
    const double u = x - 0.5 - left, v = y - 0.5 - top;
    const int i0 = clamp(left, f->width), i1 = clamp(left + 1, f->width);
    const uint8_t *r0 = f->plane[0] + clamp(top, f->height) * f->stride[0];
    const uint8_t *r1 = f->plane[0] + clamp(top + 1, f->height) * f->stride[0];
    const double above = (1 - u) * grey(r0 + 3 * i0) + u * grey(r0 + 3 * i1);
    const double below = (1 - u) * grey(r1 + 3 * i0) + u * grey(r1 + 3 * i1);

    return (1 - v) * above + v * below;
}

/* Mean over k x k points of the unit square at (x, y) of out. */
static double mean_over(const mw_frame *f, const mw_similarity *s, double x, double y, int k)
{
    double sum = 0;

    for (int j = 0; j < k; j++)
        for (int i = 0; i < k; i++) {
            const double px = x + (i + 0.5) / k, py = y + (j + 0.5) / k;

            sum += sample(f, s->a * px - s->b * py + s->tx, s->b * px + s->a * py + s->ty);
        }
    return sum / (32768.0 * (k * k));
}

void mw_similarity_grey(float *out, int side, int from, const mw_frame *rgb, const mw_similarity *s)
{
    const double scale = mw_similarity_scale(s);
    const int k = scale > 8 ? 8 : scale > 1 ? (int)ceil(scale) : 1;

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            out[y * side + x] = (float)mean_over(rgb, s, from + x, from + y, k);
}
