/* SPDX-License-Identifier: Apache-2.0
 *
 * What one encoder is to the registry in encoder.c.
 */
#ifndef MW_FEATURE_ENCODER_CLASS_H
#define MW_FEATURE_ENCODER_CLASS_H

#include "feature/encoder.h"

/* Rows [y0, y1) and columns [x0, x1) of a frame. */
typedef struct mw_crop {
    int x0, y0, x1, y1;
} mw_crop;

/* The registry has checked the frame, found the crop not empty and, where face is NULL, that
 * whole_frames is set. config.weights is borrowed only while open runs.
 *
 * open     fills net, n_columns, names and, when names were made, name_memory
 * close    frees net alone; NULL where there is none
 * create   NULL: workers have no state
 * flush    NULL: push writes its row at once */
typedef struct mw_encoder_class {
    const char *name;
    int whole_frames;
    mw_status (*open)(mw_encoder *e, mw_error *err);
    void (*close)(mw_encoder *e);
    mw_status (*create)(void **state, const mw_encoder *e, mw_error *err);
    void (*destroy)(void *state);
    mw_status (*push)(void *state, const mw_frame *rgb, const mw_face *face, const mw_crop *crop,
                      float *row, mw_error *err);
    mw_status (*flush)(void *state, mw_error *err);
} mw_encoder_class;

struct mw_encoder {
    mw_encoder_config config;
    const mw_encoder_class *type;
    void *net;
    size_t n_columns;
    const char *const *names;
    void *name_memory;
};

extern const mw_encoder_class mw_encoder_clip, mw_encoder_hog, mw_encoder_landmarks;

/* Names "<prefix>0" ... of n columns into e, digits zero-padded to equal width. */
mw_status mw_encoder_number_names(mw_encoder *e, const char *prefix, size_t n, mw_error *err);

#endif
