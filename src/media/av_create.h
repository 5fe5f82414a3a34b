/* SPDX-License-Identifier: Apache-2.0
 *
 * A new MP4 with picture and sound, made from arrays: H.264 at constant frame rate and AAC.
 */
#ifndef MW_MEDIA_AV_CREATE_H
#define MW_MEDIA_AV_CREATE_H

#include <stddef.h>

#include "data/frame.h"

typedef struct mw_av_create mw_av_create;

typedef struct mw_av_form {
    int width, height;    /* even */
    int fps_num, fps_den; /* frames per second */
    int rate_hz;          /* of the mono sound; 0: no sound */
} mw_av_form;

/* Create path, replacing it. MW_ERR_IO; MW_ERR_FORMAT (unsupported). On failure *out is NULL. */
mw_status mw_av_create_open(mw_av_create **out, const char *path, const mw_av_form *form,
                            mw_error *err);

/* The next frame, MW_PIX_YUV420P of limited range; and the next n samples of sound. Sound should
 * run no further ahead of the picture than a second or so, or the muxer holds it in memory. */
mw_status mw_av_create_picture(mw_av_create *c, const mw_frame *f, mw_error *err);
mw_status mw_av_create_sound(mw_av_create *c, const float *x, size_t n, mw_error *err);

/* Finish; the object is gone afterwards, and on failure the file too. */
mw_status mw_av_create_close(mw_av_create **c, mw_error *err);
void mw_av_create_abort(mw_av_create **c);

#endif
