/* SPDX-License-Identifier: Apache-2.0
 *
 * The perspective matrix of a plain scaling is solved and inverted as OpenCV does it, because its
 * rounding noise (about 1e-17) decides ties of the 1/32 pixel grid, and those occur for many common
 * frame widths.
 */
#include "face/letterbox.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/mem.h"
#include "face/letterbox_row.h"

/* OpenCV evaluates the map in tiles of this many columns, each from its own start value. */
enum { TILE = 64 };

/* Solve a [8][8] x = b by elimination with partial pivoting. */
static void solve8(double a[8][8], double b[8])
{
    for (int i = 0; i < 8; i++) {
        int k = i;
        double d;

        for (int j = i + 1; j < 8; j++)
            if (fabs(a[j][i]) > fabs(a[k][i])) k = j;
        for (int c = 0; k != i && c < 8; c++) {
            const double t = a[i][c];

            a[i][c] = a[k][c];
            a[k][c] = t;
        }
        if (k != i) {
            const double t = b[i];

            b[i] = b[k];
            b[k] = t;
        }
        d = -1.0 / a[i][i];
        for (int j = i + 1; j < 8; j++) {
            const double alpha = a[j][i] * d;

            for (int c = i + 1; c < 8; c++)
                a[j][c] += alpha * a[i][c];
            b[j] += alpha * b[i];
        }
    }
    for (int i = 7; i >= 0; i--) {
        double s = b[i];

        for (int k = i + 1; k < 8; k++)
            s -= a[i][k] * b[k];
        b[i] = s / a[i][i];
    }
}

/* 3 x 3 map that takes four points src to dst, row-major, last entry 1. */
static void homography(const float src[4][2], const float dst[4][2], double m[9])
{
    double a[8][8] = { { 0 } }, b[8];

    for (int i = 0; i < 4; i++) {
        const float x = src[i][0], y = src[i][1], u = dst[i][0], v = dst[i][1];

        a[i][0] = a[i + 4][3] = (double)x;
        a[i][1] = a[i + 4][4] = (double)y;
        a[i][2] = a[i + 4][5] = 1;
        a[i][6] = (double)(-x * u);
        a[i][7] = (double)(-y * u);
        a[i + 4][6] = (double)(-x * v);
        a[i + 4][7] = (double)(-y * v);
        b[i] = (double)u;
        b[i + 4] = (double)v;
    }
    solve8(a, b);
    memcpy(m, b, sizeof b);
    m[8] = 1;
}

static void invert3(const double m[9], double t[9])
{
    double d = m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
               m[2] * (m[3] * m[7] - m[4] * m[6]);

    d = 1.0 / d;
    t[0] = (m[4] * m[8] - m[5] * m[7]) * d;
    t[1] = (m[2] * m[7] - m[1] * m[8]) * d;
    t[2] = (m[1] * m[5] - m[2] * m[4]) * d;
    t[3] = (m[5] * m[6] - m[3] * m[8]) * d;
    t[4] = (m[0] * m[8] - m[2] * m[6]) * d;
    t[5] = (m[2] * m[3] - m[0] * m[5]) * d;
    t[6] = (m[3] * m[7] - m[4] * m[6]) * d;
    t[7] = (m[1] * m[6] - m[0] * m[7]) * d;
    t[8] = (m[0] * m[4] - m[1] * m[3]) * d;
}

static int32_t to_grid(double v)
{
    if (v >= 2147483647.0) return INT32_MAX;
    if (v <= -2147483648.0) return INT32_MIN;
    return (int32_t)rint(v);
}

static void fill_tables(mw_letterbox *l, const double m[9])
{
    for (int y = 0; y < l->side; y++)
        for (int x = 0; x < l->side; x++) {
            const double x0 = x / TILE * TILE, k = x - x0;
            const double px = m[0] * x0 + m[1] * y + m[2], py = m[3] * x0 + m[4] * y + m[5];
            double w = m[6] * x0 + m[7] * y + m[8] + m[6] * k;
            const size_t at = (size_t)y * (size_t)l->side + (size_t)x;

            w = w != 0 ? 32.0 / w : 0;
            l->x32[at] = to_grid((px + m[0] * k) * w);
            l->y32[at] = to_grid((py + m[3] * k) * w);
        }
}

static int is_separable(const mw_letterbox *l)
{
    for (int y = 0; y < l->side; y++)
        for (int x = 0; x < l->side; x++) {
            const size_t at = (size_t)y * (size_t)l->side + (size_t)x;

            if (l->x32[at] != l->x32[x] || l->y32[at] != l->y32[at - (size_t)x]) return 0;
        }
    return 1;
}

/* The region: the frame grown to the tensor's square shape, in float32 as MediaPipe computes it. */
static void region(mw_letterbox *l, double inverse[9])
{
    const float fw = (float)l->width, fh = (float)l->height, t = (float)l->side;
    const float cx = 0.5f * fw, cy = 0.5f * fh, ratio = fh / fw;
    const float w = 1.0f > ratio ? fw : fh, h = 1.0f > ratio ? fw * 1.0f : fh;
    const float left = cx - 0.5f * w, low = cy + 0.5f * h;
    const float src[4][2] = { { left, low },
                              { left, cy - 0.5f * h },
                              { 2.0f * cx - left, 2.0f * cy - low },
                              { 2.0f * cx - left, 2.0f * cy - (cy - 0.5f * h) } };
    const float dst[4][2] = { { 0, t }, { 0, 0 }, { t, 0 }, { t, t } };
    const float gx = 1.0f / fw, gy = 1.0f / fh;
    double m[9];

    homography(src, dst, m);
    invert3(m, inverse);
    l->scale_x = w * gx;
    l->shift_x = (cx - 0.5f * w) * gx;
    l->scale_y = h * gy;
    l->shift_y = (cy - 0.5f * h) * gy;
}

mw_status mw_letterbox_prepare(mw_letterbox *l, int width, int height, int side, mw_error *err)
{
    const size_t n = (size_t)side * (size_t)side;
    double inverse[9];

    if (l->x32 && l->width == width && l->height == height && l->side == side) return MW_OK;
    mw_letterbox_clear(l);
    l->width = width;
    l->height = height;
    l->side = side;
    l->x32 = mw_calloc(n, sizeof *l->x32);
    l->y32 = mw_calloc(n, sizeof *l->y32);
    if (!l->x32 || !l->y32) {
        mw_letterbox_clear(l);
        return mw_fail_nomem(err);
    }
    region(l, inverse);
    fill_tables(l, inverse);
    l->separable = is_separable(l);
    return MW_OK;
}

void mw_letterbox_clear(mw_letterbox *l)
{
    mw_free(l->x32);
    mw_free(l->y32);
    *l = (mw_letterbox){ 0 };
}

/* Integer position; OpenCV keeps it in 16 bits. */
static int whole(int32_t at32)
{
    const int32_t v = at32 >> 5;

    return v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v;
}

/* Any pixel, taps outside the frame reading 0. */
static void sample(const mw_letterbox *l, const mw_frame *f, size_t at, uint8_t out[3])
{
    static const uint8_t black[3];
    const int x = whole(l->x32[at]), y = whole(l->y32[at]);
    const int ax = l->x32[at] & 31, ay = l->y32[at] & 31;
    const uint8_t *tap[4];

    for (int k = 0; k < 4; k++) {
        const int px = x + (k & 1), py = y + (k >> 1);
        const int inside = px >= 0 && py >= 0 && px < f->width && py < f->height;

        tap[k] = inside ? f->plane[0] + py * f->stride[0] + 3 * px : black;
    }
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)((tap[0][c] * (32 - ax) * (32 - ay) + tap[1][c] * ax * (32 - ay) +
                            tap[2][c] * (32 - ax) * ay + tap[3][c] * ax * ay + 512) >>
                           10);
}

/* Columns whose two taps both lie inside the frame, [*from, *to), with room for the eight bytes
 * that a vector kernel loads. */
static void inner_columns(const mw_letterbox *l, int *from, int *to)
{
    *from = 0;
    while (*from < l->side && whole(l->x32[*from]) < 0)
        ++*from;
    *to = *from;
    while (*to < l->side && whole(l->x32[*to]) + 3 <= l->width)
        ++*to;
}

/* Three bytes of a pixel spread into one word, 20 bits apart, so that the weights (sum 1024)
 * multiply all channels at once. */
static uint64_t spread(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 20 | (uint64_t)p[2] << 40;
}

void mw_letterbox_row_c(uint8_t *out, const uint8_t *p, const uint8_t *q, const int32_t *x32,
                        size_t n, unsigned ay)
{
    const uint64_t half = 512 | (uint64_t)512 << 20 | (uint64_t)512 << 40;

    for (size_t i = 0; i < n; i++) {
        const unsigned ax = (unsigned)x32[i] & 31;
        const ptrdiff_t x = 3 * (ptrdiff_t)(x32[i] >> 5);
        const uint64_t s = spread(p + x) * ((32 - ax) * (32 - ay)) +
                           spread(p + x + 3) * (ax * (32 - ay)) + spread(q + x) * ((32 - ax) * ay) +
                           spread(q + x + 3) * (ax * ay) + half;

        out[3 * i] = (uint8_t)(s >> 10);
        out[3 * i + 1] = (uint8_t)(s >> 30);
        out[3 * i + 2] = (uint8_t)(s >> 50);
    }
}

static void inner_row(const mw_letterbox *l, const mw_frame *f, int y32, int from, int to,
                      uint8_t *out)
{
    const uint8_t *p = f->plane[0] + whole(y32) * f->stride[0], *q = p + f->stride[0];
    const size_t n = (size_t)(to - from);

#if defined(__x86_64__)
    if (mw_cpu() >= MW_CPU_AVX2) {
        mw_letterbox_row_avx2(out + 3 * from, p, q, l->x32 + from, n, (unsigned)y32 & 31);
        return;
    }
#endif
    mw_letterbox_row_c(out + 3 * from, p, q, l->x32 + from, n, (unsigned)y32 & 31);
}

void mw_letterbox_bytes(const mw_letterbox *l, const mw_frame *rgb, uint8_t *out)
{
    const size_t side = (size_t)l->side;
    int from = 0, to = 0;

    if (l->separable) inner_columns(l, &from, &to);
    for (size_t j = 0; j < side; j++) {
        uint8_t *row = out + 3 * side * j;
        const int y32 = l->y32[j * side], y = whole(y32);
        const int outside = l->separable && (y < -1 || y >= rgb->height);
        const int inner = l->separable && y >= 0 && y + 1 < rgb->height;

        if (outside) {
            memset(row, 0, 3 * side);
            continue;
        }
        for (size_t i = 0; i < side; i++)
            if (!inner || (int)i < from || (int)i >= to) sample(l, rgb, j * side + i, row + 3 * i);
        if (inner) inner_row(l, rgb, y32, from, to, row);
    }
}
