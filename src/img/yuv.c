/* SPDX-License-Identifier: Apache-2.0
 *
 * Chroma coefficients of the way there are 8192 times 2 (1 - K) 255 / 224 and so on, those of luma
 * 8192 times 255 / 219, as the scaler rounds them. Those of the way back are 32768 times BT.601's,
 * rounded so that the rows of U and V sum to 0: grey has no colour.
 */
#include "img/yuv.h"

#include "img/kernels.h"

/* Rounding. A floor loses half a unit on average: r and b lose half a level each by their chroma
 * terms, g a whole one, luma (0.299, 0.587, 0.114) of that, 0.79. So B - Y and R - Y are 0.29 too
 * large, U and V (0.495 and 0.627 of these; full range 0.564 and 0.713) 0.145 and 0.18 (0.165 and
 * 0.21). On real pictures and on random ones slightly less brings the fewest wrong samples, as a
 * chroma of exactly 128 loses nothing. The chroma sums are of four pixels, hence 17 bits.
 *
 * Luma: Y' = floor(1.1644 (Y - 16)) lies up to one below, so 0.8588 Y' lies up to 0.8588 below
 * Y - 16; adding something within [0.8588, 1) and flooring gives Y again, for all Y. */
#define CHROMA_ADD(bias) ((int32_t)((0.5 - (bias)) * (1 << 17)))
#define LUMA_ADD(offset) ((int32_t)((offset) * (1 << 15)))

static const mw_yuv_to_rgb limited_to_rgb = { 16, 9539, 13075, -3209, -6660, 16525 };
static const mw_yuv_to_rgb full_to_rgb = { 0, 8192, 11485, -2819, -5850, 14516 };

static const mw_rgb_to_yuv limited_to_yuv = { 8414,
                                              16519,
                                              3208,
                                              -4857,
                                              -9535,
                                              14392,
                                              14392,
                                              -12052,
                                              -2340,
                                              LUMA_ADD(16.93),
                                              CHROMA_ADD(0.13),
                                              CHROMA_ADD(0.16),
                                              { 16, 9539, 13075, -3209, -6660, 16525 } };
static const mw_rgb_to_yuv full_to_yuv = { 9798,
                                           19235,
                                           3735,
                                           -5529,
                                           -10855,
                                           16384,
                                           16384,
                                           -13720,
                                           -2664,
                                           LUMA_ADD(0.5),
                                           CHROMA_ADD(0.13),
                                           CHROMA_ADD(0.21),
                                           { 0, 8192, 11485, -2819, -5850, 14516 } };

const mw_yuv_to_rgb *mw_yuv_to_rgb_coefficients(int full_range)
{
    return full_range ? &full_to_rgb : &limited_to_rgb;
}

const mw_rgb_to_yuv *mw_rgb_to_yuv_coefficients(int full_range)
{
    return full_range ? &full_to_yuv : &limited_to_yuv;
}

static uint8_t clip8(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* High half of the product, floor; v and c fit 16 bits. */
static int mulh(int v, int c)
{
    return v * c >> 16;
}

void mw_yuv_to_rgb_c(uint8_t *rgb, const uint8_t *y, const uint8_t *u, const uint8_t *v, size_t w,
                     const mw_yuv_to_rgb *c)
{
    for (size_t x = 0; x < w; x++, rgb += 3) {
        const int luma = mulh((y[x] - c->y_off) * 8, c->cy);
        const int cb = (u[x / 2] - 128) * 8, cr = (v[x / 2] - 128) * 8;

        rgb[0] = clip8(luma + mulh(cr, c->crv));
        rgb[1] = clip8(luma + mulh(cb, c->cgu) + mulh(cr, c->cgv));
        rgb[2] = clip8(luma + mulh(cb, c->cbu));
    }
}

static uint8_t luma_of(const uint8_t *p, int add, const mw_rgb_to_yuv *c)
{
    return clip8((c->yr * p[0] + c->yg * p[1] + c->yb * p[2] + add) >> 15);
}

void mw_rgb_to_yuv_c(uint8_t *y0, uint8_t *y1, uint8_t *u, uint8_t *v, const uint8_t *rgb0,
                     const uint8_t *rgb1, size_t w, const mw_rgb_to_yuv *c)
{
    const mw_yuv_to_rgb *k = &c->back;

    for (size_t x = 0; x < w; x += 2) {
        const size_t x1 = x + 1 < w ? x + 1 : x;
        const uint8_t *p[4] = { rgb0 + 3 * x, rgb0 + 3 * x1, rgb1 + 3 * x, rgb1 + 3 * x1 };
        const int r = p[0][0] + p[1][0] + p[2][0] + p[3][0];
        const int g = p[0][1] + p[1][1] + p[2][1] + p[3][1];
        const int b = p[0][2] + p[1][2] + p[2][2] + p[3][2];
        /* within -128 .. 127 by the choice of coefficients and rounding */
        const int cb = (c->ur * r + c->ug * g + c->ub * b + c->u_add) >> 17;
        const int cr = (c->vr * r + c->vg * g + c->vb * b + c->v_add) >> 17;
        /* what these chroma values will add to the luma of the decoded pixel */
        const int left = c->yr * mulh(cr * 8, k->crv) +
                         c->yg * (mulh(cb * 8, k->cgu) + mulh(cr * 8, k->cgv)) +
                         c->yb * mulh(cb * 8, k->cbu);

        u[x / 2] = (uint8_t)(cb + 128);
        v[x / 2] = (uint8_t)(cr + 128);
        y0[x] = luma_of(p[0], c->y_add - left, c);
        y0[x1] = luma_of(p[1], c->y_add - left, c);
        y1[x] = luma_of(p[2], c->y_add - left, c);
        y1[x1] = luma_of(p[3], c->y_add - left, c);
    }
}

static int is_pair(const mw_frame *yuv, const mw_frame *rgb)
{
    return yuv->format == MW_PIX_YUV420P && rgb->format == MW_PIX_RGB24 &&
           yuv->width == rgb->width && yuv->height == rgb->height;
}

mw_status mw_img_yuv420_to_rgb(const mw_frame *yuv, mw_frame *rgb)
{
    mw_yuv_to_rgb_fn *convert = mw_img_kernels_at(mw_cpu())->yuv_to_rgb;
    const mw_yuv_to_rgb *c = mw_yuv_to_rgb_coefficients(yuv->full_range);

    if (!is_pair(yuv, rgb)) return MW_ERR_ARG;
    for (int y = 0; y < yuv->height; y++)
        convert(rgb->plane[0] + y * rgb->stride[0], yuv->plane[0] + y * yuv->stride[0],
                yuv->plane[1] + y / 2 * yuv->stride[1], yuv->plane[2] + y / 2 * yuv->stride[2],
                (size_t)yuv->width, c);
    rgb->pts = yuv->pts;
    return MW_OK;
}

mw_status mw_img_rgb_to_yuv420(const mw_frame *rgb, mw_frame *yuv)
{
    mw_rgb_to_yuv_fn *convert = mw_img_kernels_at(mw_cpu())->rgb_to_yuv;
    const mw_rgb_to_yuv *c = mw_rgb_to_yuv_coefficients(yuv->full_range);

    if (!is_pair(yuv, rgb)) return MW_ERR_ARG;
    for (int y = 0; y < yuv->height; y += 2) {
        const int y1 = y + 1 < yuv->height ? y + 1 : y;

        convert(yuv->plane[0] + y * yuv->stride[0], yuv->plane[0] + y1 * yuv->stride[0],
                yuv->plane[1] + y / 2 * yuv->stride[1], yuv->plane[2] + y / 2 * yuv->stride[2],
                rgb->plane[0] + y * rgb->stride[0], rgb->plane[0] + y1 * rgb->stride[0],
                (size_t)yuv->width, c);
    }
    yuv->pts = rgb->pts;
    return MW_OK;
}
