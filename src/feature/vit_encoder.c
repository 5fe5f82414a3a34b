/* SPDX-License-Identifier: Apache-2.0
 *
 * Encoder "clip": the embedding of CLIP's image tower. Crops are prepared as they come and go
 * through the tower a batch at a time.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/encoder_class.h"
#include "feature/vit/vit.h"

typedef struct clip_worker {
    mw_vit *vit;
    size_t n, batch, columns;
    int side;
    float *pixels; /* [batch][3][side][side] */
    float *out;    /* [batch][columns] */
    float **row;   /* [batch] where they go */
} clip_worker;

static mw_status open_clip(mw_encoder *e, mw_error *err)
{
    mw_vit_net *net = NULL;
    mw_status st;

    if (!e->config.weights)
        return mw_fail(err, MW_ERR_ARG, "bad_argument", "encoder clip needs a file of weights");
    st = mw_vit_net_load(&net, e->config.weights, e->config.precision, err);
    if (st != MW_OK) return st;
    e->net = net;
    return mw_encoder_number_names(e, "clip", (size_t)mw_vit_net_info(net).columns, err);
}

static void close_clip(mw_encoder *e)
{
    mw_vit_net *net = e->net;

    mw_vit_net_destroy(&net);
    e->net = NULL;
}

static void destroy_clip(void *state)
{
    clip_worker *w = state;

    mw_vit_destroy(&w->vit);
    mw_free(w->pixels);
    mw_free(w->out);
    mw_free(w->row);
    mw_free(w);
}

static mw_status create_clip(void **state, const mw_encoder *e, mw_error *err)
{
    const mw_vit_net *net = e->net;
    const mw_vit_info info = mw_vit_net_info(net);
    clip_worker *w = mw_calloc(1, sizeof *w);
    mw_status st;

    if (!w) return mw_fail_nomem(err);
    w->batch = e->config.batch ? e->config.batch : 1;
    w->columns = (size_t)info.columns;
    w->side = info.side;
    w->pixels = mw_calloc_aligned(w->batch, 3 * (size_t)w->side * (size_t)w->side * sizeof(float));
    w->out = mw_calloc_aligned(w->batch, w->columns * sizeof(float));
    w->row = mw_calloc(w->batch, sizeof *w->row);
    if (w->pixels && w->out && w->row)
        st = mw_vit_create(&w->vit, net, w->batch, e->config.threads > 1 ? e->config.threads : 1,
                           err);
    else
        st = mw_fail_nomem(err);
    if (st == MW_OK)
        *state = w;
    else
        destroy_clip(w);
    return st;
}

static mw_status flush_clip(void *state, mw_error *err)
{
    clip_worker *w = state;
    mw_status st;

    if (!w->n) return MW_OK;
    st = mw_vit_run(w->vit, w->pixels, w->n, w->out, err);
    for (size_t i = 0; st == MW_OK && i < w->n; i++)
        memcpy(w->row[i], w->out + i * w->columns, w->columns * sizeof *w->out);
    w->n = 0; /* after an error, too: the rows may be gone */
    return st;
}

static mw_status push_clip(void *state, const mw_frame *rgb, const mw_face *face, const mw_crop *c,
                           float *row, mw_error *err)
{
    clip_worker *w = state;
    float *pixels = w->pixels + w->n * 3 * (size_t)w->side * (size_t)w->side;
    mw_status st = mw_vit_pixels(pixels, w->side, rgb, c->x0, c->y0, c->x1, c->y1, err);

    (void)face;
    if (st != MW_OK) return st;
    w->row[w->n++] = row;
    return w->n == w->batch ? flush_clip(w, err) : MW_OK;
}

const mw_encoder_class mw_encoder_clip = { .name = "clip",
                                           .whole_frames = 1,
                                           .open = open_clip,
                                           .close = close_clip,
                                           .create = create_clip,
                                           .destroy = destroy_clip,
                                           .push = push_clip,
                                           .flush = flush_clip };
