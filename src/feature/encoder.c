/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of visual encoders, and what they share: checks, the face's crop, names of columns.
 */
#include "feature/encoder_class.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"

static const mw_encoder_class *const types[MW_N_ENCODERS] = {
    [MW_ENCODER_CLIP] = &mw_encoder_clip,
    [MW_ENCODER_HOG] = &mw_encoder_hog,
    [MW_ENCODER_LANDMARKS] = &mw_encoder_landmarks,
};

struct mw_encoder_worker {
    const mw_encoder *e;
    void *state;
};

const char *mw_encoder_name(mw_encoder_kind kind)
{
    static const char *const names[MW_N_ENCODERS] = { "clip", "hog", "landmarks" };

    return names[kind];
}

mw_status mw_encoder_open(mw_encoder **out, const mw_encoder_config *config, mw_error *err)
{
    mw_status st;
    mw_encoder *e;

    *out = NULL;
    if ((unsigned)config->kind >= MW_N_ENCODERS)
        return mw_fail(err, MW_ERR_ARG, "bad_argument", "there is no encoder %d",
                       (int)config->kind);
    e = mw_calloc(1, sizeof *e);
    if (!e) return mw_fail_nomem(err);
    e->config = *config;
    e->type = types[config->kind];
    st = e->type->open(e, err);
    e->config.weights = NULL; /* the caller's, who may free it now */
    if (st == MW_OK)
        *out = e;
    else
        mw_encoder_close(&e);
    return st;
}

void mw_encoder_close(mw_encoder **e)
{
    if (!*e) return;
    if ((*e)->type->close) (*e)->type->close(*e);
    mw_free((*e)->name_memory);
    mw_free(*e);
    *e = NULL;
}

size_t mw_encoder_columns(const mw_encoder *e)
{
    return e->n_columns;
}

const char *const *mw_encoder_column_names(const mw_encoder *e)
{
    return e->names;
}

mw_status mw_encoder_number_names(mw_encoder *e, const char *prefix, size_t n, mw_error *err)
{
    enum { NAME_BYTES = 24 };
    const size_t at = n * sizeof(char *);
    const int digits = snprintf(NULL, 0, "%zu", n - 1);
    char *memory = mw_calloc(n, sizeof(char *) + NAME_BYTES);
    char **names = (char **)(void *)memory;

    if (!memory) return mw_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        names[i] = memory + at + i * NAME_BYTES;
        snprintf(names[i], NAME_BYTES, "%s%0*zu", prefix, digits, i);
    }
    e->name_memory = memory;
    e->names = (const char *const *)names;
    e->n_columns = n;
    return MW_OK;
}

/* ---- workers ---- */

mw_status mw_encoder_worker_create(mw_encoder_worker **out, const mw_encoder *e, mw_error *err)
{
    mw_encoder_worker *w = mw_calloc(1, sizeof *w);
    mw_status st = MW_OK;

    *out = NULL;
    if (!w) return mw_fail_nomem(err);
    w->e = e;
    if (e->type->create) st = e->type->create(&w->state, e, err);
    if (st == MW_OK)
        *out = w;
    else
        mw_encoder_worker_destroy(&w);
    return st;
}

void mw_encoder_worker_destroy(mw_encoder_worker **w)
{
    if (!*w) return;
    if ((*w)->state) (*w)->e->type->destroy((*w)->state);
    mw_free(*w);
    *w = NULL;
}

/* The pixel that a relative position falls into, as int() of Python does, within 0..side. */
static int pixel(double at, int side)
{
    return !(at > 0) ? 0 : at >= side ? side : (int)at;
}

/* The part of the face's box that lies in the frame; 0 when there is none. */
static int crop_of(mw_crop *c, const mw_face *f, int width, int height)
{
    const double x = f->x * width, y = f->y * height, w = f->w * width, h = f->h * height;

    if (!(w > 0) || !(h > 0) || !isfinite(x + w) || !isfinite(y + h)) return 0;
    *c = (mw_crop){ pixel(x, width), pixel(y, height), pixel(x + w, width), pixel(y + h, height) };
    return c->x0 < c->x1 && c->y0 < c->y1;
}

mw_status mw_encoder_push(mw_encoder_worker *w, const mw_frame *rgb, const mw_face *face,
                          float *row, int *empty, mw_error *err)
{
    const mw_encoder_class *type = w->e->type;
    mw_crop crop = { 0, 0, rgb->width, rgb->height };

    *empty = 0;
    if (rgb->format != MW_PIX_RGB24 || rgb->width < 1 || rgb->height < 1)
        return mw_fail(err, MW_ERR_ARG, "bad_frame", "faces are encoded in RGB24 frames");
    if (!face && !type->whole_frames)
        return mw_fail(err, MW_ERR_RANGE, "needs_face",
                       "encoder %s describes faces; whole frames are for clip", type->name);
    if (face && !crop_of(&crop, face, rgb->width, rgb->height)) {
        *empty = 1;
        return MW_OK;
    }
    return type->push(w->state, rgb, face, &crop, row, err);
}

mw_status mw_encoder_flush(mw_encoder_worker *w, mw_error *err)
{
    return w->e->type->flush ? w->e->type->flush(w->state, err) : MW_OK;
}
