/* SPDX-License-Identifier: Apache-2.0 */
#include "img/patch.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "data/frame.h"

mw_status mw_patch_alloc(mw_patch *p, int width, int height, mw_error *err)
{
    *p = (mw_patch){ .width = width, .height = height };
    if (width < 1 || height < 1 || width > MW_FRAME_MAX_SIDE || height > MW_FRAME_MAX_SIDE)
        return mw_fail(err, MW_ERR_RANGE, "bad_size", "patch of %d x %d; sides must be in 1..%d",
                       width, height, MW_FRAME_MAX_SIDE);
    p->rgb = mw_calloc_aligned((size_t)width * 3, (size_t)height);
    p->mask = mw_calloc_aligned((size_t)width, (size_t)height);
    if (p->rgb && p->mask) return MW_OK;
    mw_patch_clear(p);
    return mw_fail_nomem(err);
}

void mw_patch_clear(mw_patch *p)
{
    mw_free(p->rgb);
    mw_free(p->mask);
    *p = (mw_patch){ 0 };
}

mw_pixels mw_patch_rgb(const mw_patch *p)
{
    return (mw_pixels){ p->rgb, 3 * (ptrdiff_t)p->width, p->width, p->height, 3 };
}

mw_pixels mw_patch_mask(const mw_patch *p)
{
    return (mw_pixels){ p->mask, p->width, p->width, p->height, 1 };
}

void mw_gray(uint8_t *gray, const uint8_t *pixels, size_t n, int order_bgr)
{
    const int r = order_bgr ? 2 : 0, b = 2 - r;

    for (size_t i = 0; i < n; i++)
        gray[i] = (uint8_t)((3735 * pixels[3 * i + b] + 19235 * pixels[3 * i + 1] +
                             9798 * pixels[3 * i + r] + 16384) >>
                            15);
}

static mw_status resize(const mw_pixels *dst, const mw_pixels *src, mw_error *err)
{
    void *scratch = mw_calloc(mw_lanczos4_scratch(dst), 1);

    if (!scratch) return mw_fail_nomem(err);
    mw_lanczos4(dst, src, scratch);
    mw_free(scratch);
    return MW_OK;
}

/* Copy the box of picture and fitted mask; black where the mask is 0. */
static void copy_box(mw_patch *out, const mw_pixels *rgb, const mw_pixels *mask, mw_box box)
{
    for (int y = 0; y < box.h; y++)
        for (int x = 0; x < box.w; x++) {
            const uint8_t m = mask->data[(box.y + y) * mask->stride + box.x + x];
            const size_t at = (size_t)y * (size_t)box.w + (size_t)x;

            out->mask[at] = m;
            if (m)
                memcpy(out->rgb + 3 * at,
                       rgb->data + (box.y + y) * rgb->stride + 3 * (ptrdiff_t)(box.x + x), 3);
        }
}

mw_status mw_patch_cut_out(mw_patch *out, const mw_pixels *rgb, const mw_pixels *mask,
                           mw_error *err)
{
    mw_patch fitted;
    mw_pixels m;
    mw_box box;
    mw_status st = mw_patch_alloc(&fitted, rgb->width, rgb->height, err);

    *out = (mw_patch){ 0 };
    if (st != MW_OK) return st;
    m = mw_patch_mask(&fitted);
    st = resize(&m, mask, err);
    if (st == MW_OK) st = mw_contour_largest(&box, NULL, &m, err);
    if (st == MW_OK) st = mw_patch_alloc(out, box.w, box.h, err);
    if (st == MW_OK) copy_box(out, rgb, &m, box);
    mw_patch_clear(&fitted);
    return st;
}

mw_status mw_patch_whole(mw_patch *out, const mw_pixels *rgb, mw_error *err)
{
    const mw_status st = mw_patch_alloc(out, rgb->width, rgb->height, err);
    const size_t n = (size_t)rgb->width * 3;

    if (st != MW_OK) return st;
    for (int y = 0; y < rgb->height; y++)
        memcpy(out->rgb + (size_t)y * n, rgb->data + y * rgb->stride, n);
    memset(out->mask, 255, (size_t)rgb->width * (size_t)rgb->height);
    return MW_OK;
}

mw_status mw_patch_resize(mw_patch *out, const mw_patch *in, int width, int height, mw_error *err)
{
    const mw_pixels rgb = mw_patch_rgb(in), mask = mw_patch_mask(in);
    mw_status st = mw_patch_alloc(out, width, height, err);
    mw_pixels to;

    if (st != MW_OK) return st;
    to = mw_patch_rgb(out);
    st = resize(&to, &rgb, err);
    to = mw_patch_mask(out);
    if (st == MW_OK) st = resize(&to, &mask, err);
    if (st != MW_OK) mw_patch_clear(out);
    return st;
}
