/* SPDX-License-Identifier: Apache-2.0
 *
 * What CLIP does to a picture before it looks at it, as torchvision's Resize, CenterCrop, ToTensor
 * and Normalize do it on Pillow pictures. Only the centre of the resized picture is ever made, so
 * that a crop of any shape costs about the same.
 */
#include "feature/vit/vit.h"

#include "base/error.h"
#include "base/mem.h"
#include "img/bicubic.h"

enum { CHANNELS = 3, LEVELS = 256 };

/* Half of an odd number to the even neighbour. */
static int half_to_even(int d)
{
    return d & 1 ? (d / 2 + 1) / 2 * 2 : d / 2;
}

/* The longer side in proportion, rounded down; then the window in its middle. Sides of a frame and
 * of the tower are below 2^14 each, so the products fit. */
static mw_bicubic_size size_of(int w, int h, int side)
{
    mw_bicubic_size s = { w, h, side, side, 0, 0, side, side };

    if (w <= h)
        s.dst_h = (int)((int64_t)side * h / w);
    else
        s.dst_w = (int)((int64_t)side * w / h);
    s.left = half_to_even(s.dst_w - side);
    s.top = half_to_even(s.dst_h - side);
    return s;
}

/* The value of each byte in each channel: three float roundings. */
static void levels(float table[CHANNELS][LEVELS])
{
    static const float mean[CHANNELS] = { 0.48145466f, 0.4578275f, 0.40821073f };
    static const float deviation[CHANNELS] = { 0.26862954f, 0.26130258f, 0.27577711f };

    for (int c = 0; c < CHANNELS; c++)
        for (int v = 0; v < LEVELS; v++)
            table[c][v] = ((float)v / 255.0f - mean[c]) / deviation[c];
}

mw_status mw_vit_pixels(float *out, int side, const mw_frame *rgb, int x0, int y0, int x1, int y1,
                        mw_error *err)
{
    const size_t n = (size_t)side * (size_t)side;
    float table[CHANNELS][LEVELS];
    mw_bicubic_size size;
    mw_bicubic *resize = NULL;
    mw_pixels src, dst = { NULL, (ptrdiff_t)side * CHANNELS, side, side, CHANNELS };
    mw_status st;

    if (side < 1 || side > MW_FRAME_MAX_SIDE || rgb->format != MW_PIX_RGB24 || x0 < 0 || y0 < 0 ||
        x1 <= x0 || y1 <= y0 || x1 > rgb->width || y1 > rgb->height)
        return mw_fail(err, MW_ERR_ARG, "bad_argument",
                       "no RGB picture at columns %d to %d, rows %d to %d for a tower of side %d",
                       x0, x1, y0, y1, side);
    src = (mw_pixels){ rgb->plane[0] + y0 * rgb->stride[0] + (ptrdiff_t)x0 * CHANNELS,
                       rgb->stride[0], x1 - x0, y1 - y0, CHANNELS };
    size = size_of(src.width, src.height, side);
    st = mw_bicubic_open(&resize, &size, err);
    if (st != MW_OK) goto done;
    dst.data = mw_calloc(n, CHANNELS);
    if (!dst.data) {
        st = mw_fail_nomem(err);
        goto done;
    }
    mw_bicubic_run(resize, &dst, &src);
    levels(table);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < CHANNELS; c++)
            out[c * n + i] = table[c][dst.data[i * CHANNELS + c]];
done:
    mw_bicubic_close(&resize);
    mw_free(dst.data);
    return st;
}
