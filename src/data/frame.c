/* SPDX-License-Identifier: Apache-2.0 */
#include "data/frame.h"

#include "base/error.h"
#include "base/mem.h"

static size_t align_up(size_t n)
{
    return (n + MW_MEM_ALIGN - 1) / MW_MEM_ALIGN * MW_MEM_ALIGN;
}

mw_status mw_frame_alloc(mw_frame *f, mw_pixfmt format, int width, int height, mw_error *err)
{
    const int n_planes = format == MW_PIX_YUV420P ? 3 : 1;
    size_t offset[3] = { 0 }, total = 0;

    *f = (mw_frame){ .format = format, .width = width, .height = height };
    if (width < 1 || height < 1 || width > MW_FRAME_MAX_SIDE || height > MW_FRAME_MAX_SIDE)
        return mw_fail(err, MW_ERR_RANGE, "bad_size", "picture of %d x %d; sides must be in 1..%d",
                       width, height, MW_FRAME_MAX_SIDE);
    for (int i = 0; i < n_planes; i++) {
        const int w = i ? (width + 1) / 2 : width, h = i ? (height + 1) / 2 : height;

        f->stride[i] = (ptrdiff_t)align_up((size_t)w * (format == MW_PIX_RGB24 ? 3 : 1));
        offset[i] = total;
        total += (size_t)f->stride[i] * (size_t)h;
    }
    f->memory = mw_calloc_aligned(total, 1);
    if (!f->memory) return mw_fail_nomem(err);
    for (int i = 0; i < n_planes; i++)
        f->plane[i] = (uint8_t *)f->memory + offset[i];
    return MW_OK;
}

void mw_frame_clear(mw_frame *f)
{
    mw_free(f->memory);
    *f = (mw_frame){ 0 };
}
