/* SPDX-License-Identifier: Apache-2.0
 *
 * The transform is the 8-point scheme of Loeffler, Ligtenberg and Moschytz ("Practical fast 1-D DCT
 * algorithms with 11 multiplications", ICASSP 1989) with 13-bit constants; tables are those of
 * ITU-T T.81 Annex K.
 */
#include "img/jpeg_roundtrip.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* clang-format off */
static const uint8_t luma_table[64] = {
    16, 11, 10, 16,  24,  40,  51,  61,   12, 12, 14, 19,  26,  58,  60,  55,
    14, 13, 16, 24,  40,  57,  69,  56,   14, 17, 22, 29,  51,  87,  80,  62,
    18, 22, 37, 56,  68, 109, 103,  77,   24, 35, 55, 64,  81, 104, 113,  92,
    49, 64, 78, 87, 103, 121, 120, 101,   72, 92, 95, 98, 112, 100, 103,  99
};
static const uint8_t chroma_table[64] = {
    17, 18, 24, 47, 99, 99, 99, 99,   18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,   47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,   99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,   99, 99, 99, 99, 99, 99, 99, 99
};
/* clang-format on */

/* Rotation constants in 1/8192. */
enum {
    K0298 = 2446,
    K0390 = 3196,
    K0541 = 4433,
    K0765 = 6270,
    K0899 = 7373,
    K1175 = 9633,
    K1501 = 12299,
    K1847 = 15137,
    K1961 = 16069,
    K2053 = 16819,
    K2562 = 20995,
    K3072 = 25172
};

/* Colour constants: floor(c * 65536 + 1/2). */
#define FIX(c) ((int32_t)((c)*65536 + 0.5))

static int32_t shift_round(int32_t v, int n)
{
    return (v + (1 << (n - 1))) >> n;
}

static void odd_part(int32_t a, int32_t b, int32_t c, int32_t d, int32_t out[4])
{
    const int32_t z5 = (a + c + b + d) * K1175;
    const int32_t z1 = -(a + d) * K0899, z2 = -(b + c) * K2562;
    const int32_t z3 = z5 - (a + c) * K1961, z4 = z5 - (b + d) * K0390;

    out[0] = a * K0298 + z1 + z3;
    out[1] = b * K2053 + z2 + z4;
    out[2] = c * K3072 + z2 + z3;
    out[3] = d * K1501 + z1 + z4;
}

/* Forward transform of eight values step apart; first 1 for the row pass (4x scale kept), 0 for the
 * column pass. */
static void forward(int32_t *x, int step, int first)
{
    const int shift = first ? 11 : 15;
    int32_t t[4], u[4], o[4], e0, e1, e2, e3, z;

    for (int i = 0; i < 4; i++) {
        t[i] = x[i * step] + x[(7 - i) * step];
        u[i] = x[i * step] - x[(7 - i) * step];
    }
    e0 = t[0] + t[3];
    e3 = t[0] - t[3];
    e1 = t[1] + t[2];
    e2 = t[1] - t[2];
    x[0] = first ? (e0 + e1) * 4 : shift_round(e0 + e1, 2);
    x[4 * step] = first ? (e0 - e1) * 4 : shift_round(e0 - e1, 2);
    z = (e2 + e3) * K0541;
    x[2 * step] = shift_round(z + e3 * K0765, shift);
    x[6 * step] = shift_round(z - e2 * K1847, shift);
    odd_part(u[3], u[2], u[1], u[0], o);
    x[7 * step] = shift_round(o[0], shift);
    x[5 * step] = shift_round(o[1], shift);
    x[3 * step] = shift_round(o[2], shift);
    x[step] = shift_round(o[3], shift);
}

static void inverse(int32_t *x, int step, int shift)
{
    const int32_t z = (x[2 * step] + x[6 * step]) * K0541;
    const int32_t t2 = z - x[6 * step] * K1847, t3 = z + x[2 * step] * K0765;
    const int32_t t0 = (x[0] + x[4 * step]) * 8192, t1 = (x[0] - x[4 * step]) * 8192;
    const int32_t e[4] = { t0 + t3, t1 + t2, t1 - t2, t0 - t3 };
    int32_t o[4];

    odd_part(x[7 * step], x[5 * step], x[3 * step], x[step], o);
    for (int i = 0; i < 4; i++) {
        x[i * step] = shift_round(e[i] + o[3 - i], shift);
        x[(7 - i) * step] = shift_round(e[i] - o[3 - i], shift);
    }
}

static uint8_t clip8(int32_t v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* One 8 x 8 block of a plane through transform and quantisation and back. */
static void code_block(uint8_t *p, size_t pitch, const int32_t q[64])
{
    int32_t b[64];

    for (size_t y = 0; y < 8; y++)
        for (size_t x = 0; x < 8; x++)
            b[8 * y + x] = p[y * pitch + x] - 128;
    for (int i = 0; i < 8; i++)
        forward(b + 8 * i, 1, 1);
    for (int i = 0; i < 8; i++)
        forward(b + i, 8, 0);
    for (int i = 0; i < 64; i++) {
        const int32_t d = 8 * q[i], a = b[i] < 0 ? -b[i] : b[i], level = (a + d / 2) / d;

        b[i] = (b[i] < 0 ? -level : level) * q[i];
    }
    for (int i = 0; i < 8; i++)
        inverse(b + i, 8, 11);
    for (int i = 0; i < 8; i++)
        inverse(b + 8 * i, 1, 18);
    for (size_t y = 0; y < 8; y++)
        for (size_t x = 0; x < 8; x++)
            p[y * pitch + x] = clip8(b[8 * y + x] + 128);
}

/* w, h multiples of 8. */
static void code_plane(uint8_t *p, size_t w, size_t h, const uint8_t base[64], int quality)
{
    const int s = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    int32_t q[64];

    for (int i = 0; i < 64; i++) {
        const int32_t v = (base[i] * s + 50) / 100;

        q[i] = v < 1 ? 1 : v > 255 ? 255 : v;
    }
    for (size_t y = 0; y < h; y += 8)
        for (size_t x = 0; x < w; x += 8)
            code_block(p + y * w + x, w, q);
}

/* W, H: sides padded to multiples of 16. y [H][W]; full [H][W] one chroma plane before halving;
 * half [2][H/2][W/2]; up [2][ch * 2][cw * 2] after enlarging. */
typedef struct planes {
    size_t w, h, W, H, cw, ch;
    uint8_t *y, *full[2], *half[2], *up[2];
    int32_t *rows; /* [2][cw] */
} planes;

static void split_colours(planes *s, const mw_pixels *img, int r, int b)
{
    for (size_t y = 0; y < s->h; y++) {
        const uint8_t *p = img->data + (ptrdiff_t)y * img->stride;

        for (size_t x = 0; x < s->w; x++, p += 3) {
            const int32_t R = p[r], G = p[1], B = p[b];
            const size_t at = y * s->W + x;

            s->y[at] = (uint8_t)((FIX(.299) * R + FIX(.587) * G + FIX(.114) * B + 32768) >> 16);
            s->full[0][at] = (uint8_t)((-FIX(.16874) * R - FIX(.33126) * G + FIX(.5) * B +
                                        (128 << 16) + 32767) >>
                                       16);
            s->full[1][at] =
                (uint8_t)((FIX(.5) * R - FIX(.41869) * G - FIX(.08131) * B + (128 << 16) + 32767) >>
                          16);
        }
    }
}

/* Repeat the last column up to w and the last row up to h, in a plane of pitch w. */
static void pad_plane(uint8_t *p, size_t have_w, size_t have_h, size_t w, size_t h)
{
    for (size_t y = 0; y < have_h; y++)
        memset(p + y * w + have_w, p[y * w + have_w - 1], w - have_w);
    for (size_t y = have_h; y < h; y++)
        memcpy(p + y * w, p + (have_h - 1) * w, w);
}

/* 2 x 2 mean; the rounding bias alternates 1, 2 along a row. */
static void halve(const planes *s, const uint8_t *full, uint8_t *half)
{
    const size_t w = s->W / 2;

    for (size_t y = 0; y < s->ch; y++)
        for (size_t x = 0; x < w; x++) {
            const uint8_t *p = full + 2 * y * s->W + 2 * x;

            half[y * w + x] = (uint8_t)((p[0] + p[1] + p[s->W] + p[s->W + 1] + 1 + (x & 1)) >> 2);
        }
}

/* Enlarge one row of weighted sums (4 x scale): 3/4 near, 1/4 far, rounding 8 and 7 in turn. */
static void enlarge_row(const int32_t *v, size_t n, uint8_t *out)
{
    for (size_t x = 0; x < n; x++) {
        const int32_t left = x ? v[x - 1] : v[x], right = x + 1 < n ? v[x + 1] : v[x];

        out[2 * x] = (uint8_t)((3 * v[x] + left + 8) >> 4);
        out[2 * x + 1] = (uint8_t)((3 * v[x] + right + 7) >> 4);
    }
}

static void enlarge(const planes *s, const uint8_t *half, uint8_t *up)
{
    const size_t pitch = s->W / 2, out = 2 * s->cw;

    for (size_t y = 0; y < s->ch; y++) {
        const uint8_t *p = half + y * pitch, *above = y ? p - pitch : p;
        const uint8_t *below = y + 1 < s->ch ? p + pitch : p;

        for (size_t x = 0; x < s->cw; x++) {
            s->rows[x] = 3 * p[x] + above[x];
            s->rows[s->cw + x] = 3 * p[x] + below[x];
        }
        for (size_t k = 0; k < 2; k++) {
            uint8_t *to = up + (2 * y + k) * out;

            /* Narrow planes are repeated. */
            for (size_t x = 0; s->cw <= 2 && x < out; x++)
                to[x] = p[x / 2];
            if (s->cw > 2) enlarge_row(s->rows + k * s->cw, s->cw, to);
        }
    }
}

static void join_colours(const planes *s, const mw_pixels *img, int r, int b)
{
    for (size_t y = 0; y < s->h; y++) {
        uint8_t *p = img->data + (ptrdiff_t)y * img->stride;

        for (size_t x = 0; x < s->w; x++, p += 3) {
            const size_t at = y * 2 * s->cw + x;
            const int32_t Y = s->y[y * s->W + x];
            const int32_t cb = s->up[0][at] - 128, cr = s->up[1][at] - 128;

            p[r] = clip8(Y + ((FIX(1.402) * cr + 32768) >> 16));
            p[b] = clip8(Y + ((FIX(1.772) * cb + 32768) >> 16));
            p[1] = clip8(Y + ((-FIX(.34414) * cb - FIX(.71414) * cr + 32768) >> 16));
        }
    }
}

static void run(planes *s, const mw_pixels *img, int quality, int swap)
{
    const int r = swap ? 0 : 2, b = 2 - r;

    split_colours(s, img, r, b);
    pad_plane(s->y, s->w, s->h, s->W, s->H);
    code_plane(s->y, s->W, s->H, luma_table, quality);
    for (int c = 0; c < 2; c++) {
        /* The right edge is repeated before halving, the bottom after it (but for an odd row). */
        pad_plane(s->full[c], s->w, s->h, s->W, 2 * s->ch);
        halve(s, s->full[c], s->half[c]);
        pad_plane(s->half[c], s->W / 2, s->ch, s->W / 2, s->H / 2);
        code_plane(s->half[c], s->W / 2, s->H / 2, chroma_table, quality);
        enlarge(s, s->half[c], s->up[c]);
    }
    join_colours(s, img, r, b);
}

mw_status mw_jpeg_roundtrip(const mw_pixels *pixels, int quality, int swap, mw_error *err)
{
    planes s = { .w = (size_t)pixels->width, .h = (size_t)pixels->height };
    uint8_t *block;
    size_t all, up;

    if (quality < 1 || quality > 100)
        return mw_fail(err, MW_ERR_RANGE, "bad_quality", "JPEG quality %d; must be in 1..100",
                       quality);
    s.W = (s.w + 15) / 16 * 16;
    s.H = (s.h + 15) / 16 * 16;
    s.cw = (s.w + 1) / 2;
    s.ch = (s.h + 1) / 2;
    all = s.W * s.H;
    up = 4 * s.cw * s.ch;
    block = mw_calloc(3 * all + all / 2 + 2 * up, 1);
    s.rows = mw_calloc(2 * s.cw, sizeof *s.rows);
    if (!block || !s.rows) {
        mw_free(block);
        mw_free(s.rows);
        return mw_fail_nomem(err);
    }
    s.y = block;
    for (int c = 0; c < 2; c++) {
        s.full[c] = block + (size_t)(1 + c) * all;
        s.half[c] = block + 3 * all + (size_t)c * (all / 4);
        s.up[c] = block + 3 * all + all / 2 + (size_t)c * up;
    }
    run(&s, pixels, quality, swap);
    mw_free(block);
    mw_free(s.rows);
    return MW_OK;
}
