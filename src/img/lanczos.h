/* SPDX-License-Identifier: Apache-2.0
 *
 * Resizing as OpenCV's INTER_LANCZOS4 does it on 8-bit samples: eight source samples per output,
 * whatever the scale, weights in 1/2048, edges repeated. Numbers: exact.
 */
#ifndef MW_IMG_LANCZOS_H
#define MW_IMG_LANCZOS_H

#include <stddef.h>
#include <stdint.h>

/* A plane of interleaved samples. stride in bytes. */
typedef struct mw_pixels {
    uint8_t *data;
    ptrdiff_t stride;
    int width, height, channels;
} mw_pixels;

/* Bytes of scratch for one call; any alignment of 8. */
size_t mw_lanczos4_scratch(const mw_pixels *dst);

/* src -> dst; sides >= 1, equal channels (1 to 4), no overlap. Equal sizes are a copy. */
void mw_lanczos4(const mw_pixels *dst, const mw_pixels *src, void *scratch);

#endif
