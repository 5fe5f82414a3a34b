/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_frame: one picture of 8-bit samples with its time stamp.
 */
#ifndef MW_DATA_FRAME_H
#define MW_DATA_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

typedef enum mw_pixfmt {
    MW_PIX_RGB24,   /* one plane, R G B interleaved */
    MW_PIX_YUV420P, /* three planes Y U V; chroma ceil(w/2) x ceil(h/2) */
    MW_PIX_GRAY8
} mw_pixfmt;

/* Sizes and row strides in bytes. Rows start at multiples of 64 bytes; padding may be written, is
 * never read. pts and duration count ticks of the stream's time base; duration 0 means unknown. */
typedef struct mw_frame {
    mw_pixfmt format;
    int width, height;
    uint8_t *plane[3];
    ptrdiff_t stride[3];
    int64_t pts, duration;
    int full_range; /* YUV: 0 for 16..235, 1 for 0..255 */
    void *memory;   /* owned block behind the planes, NULL when borrowed */
} mw_frame;

/* Largest accepted width or height, pixels. */
#define MW_FRAME_MAX_SIDE 16384

/* Allocate the planes of a w x h picture; contents are zero. f is overwritten. MW_ERR_RANGE for
 * sides outside [1, MW_FRAME_MAX_SIDE], MW_ERR_NOMEM. */
mw_status mw_frame_alloc(mw_frame *f, mw_pixfmt format, int width, int height, mw_error *err);

/* Free the owned block and clear f; accepts zeroed and borrowed frames. */
void mw_frame_clear(mw_frame *f);

#endif
