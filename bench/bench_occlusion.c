/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluder arithmetic on one thread: blends per second of a prepared 100 x 100 patch into a 480 x
 * 360 frame, and what the preparation of a 640 x 480 occluder costs once per clip. One JSON line.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cpu.h"
#include "base/rng.h"
#include "img/augment.h"
#include "img/blend.h"

enum { N_BLENDS = 20000, N_CHAINS = 40 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A disc with a soft edge of about a tenth of its radius. */
static mw_patch disc(int w, int h)
{
    mw_rng r = mw_rng_from_key(1);
    mw_patch p;

    if (mw_patch_alloc(&p, w, h, NULL)) exit(2);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const double dx = 2.0 * x / w - 1, dy = 2.0 * y / h - 1;
            const double a = (1 - sqrt(dx * dx + dy * dy)) * 2550;

            p.mask[y * w + x] = (uint8_t)(a < 0 ? 0 : a > 255 ? 255 : a);
            for (int c = 0; c < 3; c++)
                p.rgb[3 * (y * w + x) + c] = (uint8_t)mw_rng_u32(&r);
        }
    return p;
}

int main(void)
{
    mw_patch large = disc(640, 480), small;
    mw_rng r = mw_rng_from_key(2);
    double start, blend, resize, chain;
    mw_frame f;

    if (mw_frame_alloc(&f, MW_PIX_RGB24, 480, 360, NULL)) return 2;
    start = now();
    if (mw_patch_resize(&small, &large, 100, 100, NULL)) return 2;
    resize = now() - start;
    start = now();
    for (int i = 0; i < N_BLENDS; i++)
        mw_blend_patch(&f, &small, i % 380, i % 260, 0);
    blend = (now() - start) / N_BLENDS;
    chain = 0;
    for (int i = 0; i < N_CHAINS; i++) {
        const mw_augment a = mw_augment_draw(&r);
        mw_patch p = disc(640, 480);

        start = now();
        if (mw_augment_apply(&p, &a, NULL)) return 2;
        chain += (now() - start) / N_CHAINS;
        mw_patch_clear(&p);
    }
    printf(
        "{\"bench\": \"occlusion\", \"cpu\": \"%s\", \"blends_per_s\": %.0f, \"resize_ms\": %.3f, "
        "\"chain_ms\": %.3f}\n",
        mw_cpu_name(mw_cpu()), 1 / blend, 1e3 * resize, 1e3 * chain);
    mw_frame_clear(&f);
    mw_patch_clear(&large);
    mw_patch_clear(&small);
    return 0;
}
