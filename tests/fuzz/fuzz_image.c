/* SPDX-License-Identifier: Apache-2.0
 *
 * JPEG and PNG files of any bytes as occluder pictures and as their masks: read twice with equal
 * result, upright and as stored; cut out by themselves.
 */
#include <string.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "img/patch.h"
#include "media/image_read.h"

#define MAX_BYTES  (1 << 16)
#define MAX_PIXELS (1 << 18) /* larger ones are read, and not worked on */

static mw_pixels pixels_of(const mw_frame *f)
{
    return (mw_pixels){ f->plane[0], f->stride[0], f->width, f->height, 3 };
}

static void cut_out(const mw_frame *f)
{
    mw_frame grey = { .memory = NULL };
    mw_patch patch = { 0 };
    mw_pixels p = pixels_of(f), m;

    if (mw_frame_alloc(&grey, MW_PIX_GRAY8, f->width, f->height, NULL) != MW_OK) return;
    for (int y = 0; y < f->height; y++)
        mw_gray(grey.plane[0] + y * grey.stride[0], f->plane[0] + y * f->stride[0],
                (size_t)f->width, 0);
    m = (mw_pixels){ grey.plane[0], grey.stride[0], grey.width, grey.height, 1 };
    if (mw_patch_cut_out(&patch, &p, &m, NULL) == MW_OK)
        FUZZ_CHECK(patch.width >= 1 && patch.width <= f->width && patch.height >= 1 &&
                   patch.height <= f->height);
    mw_patch_clear(&patch);
    mw_frame_clear(&grey);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const long live = mw_mem_live();
    const char *path;

    if (size > MAX_BYTES) return 0;
    path = fuzz_file("image", data, size);
    for (int upright = 0; upright < 2; upright++) {
        mw_frame a, b;
        mw_error p, q;
        const mw_status st = mw_image_read(&a, path, upright, &p);

        if (st == MW_OK && (int64_t)a.width * a.height > MAX_PIXELS) {
            mw_frame_clear(&a);
            continue;
        }
        FUZZ_CHECK(mw_image_read(&b, path, upright, &q) == st);
        if (st == MW_OK) {
            FUZZ_CHECK(a.width == b.width && a.height == b.height);
            for (int y = 0; y < a.height; y++)
                FUZZ_CHECK(!memcmp(a.plane[0] + y * a.stride[0], b.plane[0] + y * b.stride[0],
                                   3 * (size_t)a.width));
            cut_out(&a);
        } else {
            FUZZ_CHECK(!a.memory && !b.memory && p.code == st && !strcmp(p.reason, q.reason));
        }
        mw_frame_clear(&a);
        mw_frame_clear(&b);
    }
    FUZZ_CHECK(mw_mem_live() == live);
    return 0;
}
