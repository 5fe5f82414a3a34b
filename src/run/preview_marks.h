/* SPDX-License-Identifier: Apache-2.0
 *
 * What the sheet draws over its frames: the face's box and key points, as the track beside the
 * sidecar has them, and the occluder's square, as the sidecar has it.
 */
#ifndef MW_RUN_PREVIEW_MARKS_H
#define MW_RUN_PREVIEW_MARKS_H

#include "data/npz_read.h"
#include "media/video_reader.h"
#include "run/preview.h"

typedef struct mw_preview_marks {
    char *bytes; /* of the track; NULL: none */
    int has_faces, has_keys;
    mw_npz_array faces, keys; /* [n][4] and [n][6][2], relative to the frame; NaN where unknown */
    size_t n;
    const json_t *occlusion; /* the stage, NULL: none; part of the document */
} mw_preview_marks;

/* A track that is missing, or is not the one that the sidecar tells of, leaves its marks out. Only
 * memory can fail. Clear in any case. */
mw_status mw_preview_marks_load(mw_preview_marks *m, const mw_preview_doc *d, mw_error *err);
void mw_preview_marks_clear(mw_preview_marks *m);

/* Draw the marks of frame t over its picture, which fills r upright: side 0 (clean) the face, side
 * 1 (damaged) the occluder. thickness in pixels. */
void mw_preview_marks_draw(const mw_preview_marks *m, mw_frame *canvas, mw_rect r,
                           const mw_video_info *info, int64_t t, int side, int thickness);

#endif
