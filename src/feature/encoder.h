/* SPDX-License-Identifier: Apache-2.0
 *
 * Visual encoders: a face in a picture in, a row of numbers out. One registry for clip, hog and
 * landmarks; to add one, docs/adding-an-encoder.md.
 */
#ifndef MW_FEATURE_ENCODER_H
#define MW_FEATURE_ENCODER_H

#include <stddef.h>

#include "data/frame.h"
#include "data/track.h"
#include "feature/vit/vit.h"
#include "merwild/status.h"

typedef enum mw_encoder_kind {
    MW_ENCODER_CLIP,      /* CLIP image embedding of the crop */
    MW_ENCODER_HOG,       /* histograms of gradient orientations of the aligned face, no download */
    MW_ENCODER_LANDMARKS, /* geometry of box and key points, no download */
    MW_N_ENCODERS
} mw_encoder_kind;

/* weights: CLIP's file, NULL elsewhere. batch: pictures encoded together. threads: per worker. */
typedef struct mw_encoder_config {
    mw_encoder_kind kind;
    const char *weights;
    mw_vit_precision precision; /* CLIP's */
    size_t batch;
    int threads;
} mw_encoder_config;

/* Shared by workers, read only; and one worker's state. */
typedef struct mw_encoder mw_encoder;
typedef struct mw_encoder_worker mw_encoder_worker;

mw_status mw_encoder_open(mw_encoder **out, const mw_encoder_config *config, mw_error *err);
void mw_encoder_close(mw_encoder **e);

const char *mw_encoder_name(mw_encoder_kind kind);
size_t mw_encoder_columns(const mw_encoder *e);
/* [columns] names, owned by e. */
const char *const *mw_encoder_column_names(const mw_encoder *e);

mw_status mw_encoder_worker_create(mw_encoder_worker **out, const mw_encoder *e, mw_error *err);
void mw_encoder_worker_destroy(mw_encoder_worker **w);

/* Encode one face of an RGB24 frame into row [columns], which must stay where it is until
 * mw_encoder_flush or until the call that filled the batch returns: rows are written in batches.
 * face NULL: the whole frame (clip only; MW_ERR_RANGE "needs_face" elsewhere). *empty becomes 1 and
 * row stays untouched when nothing of the box lies in the frame. The frame may be changed after the
 * call. */
mw_status mw_encoder_push(mw_encoder_worker *w, const mw_frame *rgb, const mw_face *face,
                          float *row, int *empty, mw_error *err);
/* Write every row that is still owed. */
mw_status mw_encoder_flush(mw_encoder_worker *w, mw_error *err);

#endif
