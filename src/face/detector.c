/* SPDX-License-Identifier: Apache-2.0 */
#include "face/detector.h"

#include "base/error.h"
#include "base/mem.h"
#include "face/decode.h"
#include "face/letterbox.h"
#include "nn/graph.h"

struct mw_face_net {
    mw_face_model model;
    mw_graph *graph;
    mw_anchors anchors;
    size_t regressors, logits; /* which output is which */
};

struct mw_face_detector {
    const mw_face_net *net;
    float threshold;
    mw_letterbox box;
    mw_graph_run *run;
    uint8_t *bytes; /* [side][side][3] */
    mw_detection *found, *merged;
    unsigned char *used;
    mw_face *face;
};

/* Input [1][side][side][3]; outputs of n * 16 and n values. */
static mw_status check_shape(mw_face_net *net, const char *name, mw_error *err)
{
    const mw_tflite *m = mw_graph_model(net->graph);
    const mw_tfl_tensor *in = &m->tensor[m->input];
    const size_t n = (size_t)net->anchors.n;
    int ok = in->dim[1] == net->anchors.side && in->dim[2] == net->anchors.side && in->dim[3] == 3;

    ok = ok && m->n_outputs == 2;
    for (size_t i = 0; ok && i < 2; i++)
        if (m->tensor[m->output[i]].n == n * MW_FACE_VALUES && m->tensor[m->output[1 - i]].n == n) {
            net->regressors = i;
            net->logits = 1 - i;
            return MW_OK;
        }
    return mw_fail(err, MW_ERR_FORMAT, "wrong_model",
                   "the %s model has unexpected inputs or outputs", name);
}

static mw_status load_graph(mw_face_net *net, const char *explicit_path, mw_error *err)
{
    const mw_model_info *info = &mw_face_model_info[net->model];
    mw_tflite *model = NULL;
    char *bytes = NULL;
    size_t n;
    mw_status st = mw_face_model_load(&bytes, &n, net->model, explicit_path, err);

    if (st == MW_OK) st = mw_tflite_parse(&model, bytes, n, info->file, err);
    mw_free(bytes);
    if (st == MW_OK) st = mw_graph_compile(&net->graph, &model, MW_GRAPH_BEST, 0, err);
    if (st == MW_OK) st = mw_anchors_make(&net->anchors, info->side, err);
    return st == MW_OK ? check_shape(net, info->name, err) : st;
}

mw_status mw_face_net_load(mw_face_net **out, mw_face_model model, const char *explicit_path,
                           mw_error *err)
{
    mw_face_net *net = mw_calloc(1, sizeof *net);
    mw_status st;

    *out = NULL;
    if (!net) return mw_fail_nomem(err);
    net->model = model;
    st = load_graph(net, explicit_path, err);
    if (st == MW_OK) {
        *out = net;
        net = NULL;
    }
    mw_face_net_destroy(&net);
    return st;
}

void mw_face_net_destroy(mw_face_net **pp)
{
    mw_face_net *net = *pp;

    if (!net) return;
    mw_graph_destroy(&net->graph);
    mw_anchors_clear(&net->anchors);
    mw_free(net);
    *pp = NULL;
}

static mw_status make_buffers(mw_face_detector *d, mw_error *err)
{
    const size_t n = (size_t)d->net->anchors.n, side = (size_t)d->net->anchors.side;

    d->bytes = mw_calloc_aligned(3 * side, side);
    d->found = mw_calloc(n, sizeof *d->found);
    d->merged = mw_calloc(n, sizeof *d->merged);
    d->used = mw_calloc(n, 1);
    d->face = mw_calloc(n, sizeof *d->face);
    if (!d->bytes || !d->found || !d->merged || !d->used || !d->face) return mw_fail_nomem(err);
    return mw_graph_run_create(&d->run, d->net->graph, err);
}

mw_status mw_face_detector_create(mw_face_detector **out, const mw_face_net *net, double threshold,
                                  mw_error *err)
{
    mw_face_detector *d;
    mw_status st;

    *out = NULL;
    if (!(threshold >= 0 && threshold <= 1))
        return mw_fail(err, MW_ERR_RANGE, "bad_threshold",
                       "score threshold %g; must be in (0, 1], or 0 for the model's own",
                       threshold);
    d = mw_calloc(1, sizeof *d);
    if (!d) return mw_fail_nomem(err);
    d->net = net;
    d->threshold = (float)(threshold > 0 ? threshold : mw_face_model_info[net->model].threshold);
    st = make_buffers(d, err);
    if (st == MW_OK) {
        *out = d;
        d = NULL;
    }
    mw_face_detector_destroy(&d);
    return st;
}

void mw_face_detector_destroy(mw_face_detector **pp)
{
    mw_face_detector *d = *pp;

    if (!d) return;
    mw_graph_run_destroy(&d->run);
    mw_letterbox_clear(&d->box);
    mw_free(d->bytes);
    mw_free(d->found);
    mw_free(d->merged);
    mw_free(d->used);
    mw_free(d->face);
    mw_free(d);
    *pp = NULL;
}

double mw_face_detector_threshold(const mw_face_detector *d)
{
    return (double)d->threshold;
}

/* Tensor-relative to frame-relative, corner by corner in float32. */
static mw_face project(const mw_letterbox *b, const mw_detection *d)
{
    const float x0 = d->x * b->scale_x + b->shift_x, x1 = (d->x + d->w) * b->scale_x + b->shift_x;
    const float y0 = d->y * b->scale_y + b->shift_y, y1 = (d->y + d->h) * b->scale_y + b->shift_y;
    mw_face f = { .x = (double)x0, .y = (double)y0, .has_keys = 1, .state = MW_FACE_FOUND };

    f.w = (double)(x1 - x0);
    f.h = (double)(y1 - y0);
    f.score = (double)d->score;
    for (int k = 0; k < MW_FACE_KEYS; k++) {
        f.key[k][0] = (double)(d->key[k][0] * b->scale_x + b->shift_x);
        f.key[k][1] = (double)(d->key[k][1] * b->scale_y + b->shift_y);
    }
    return f;
}

mw_status mw_face_detect(mw_face_detector *d, const mw_frame *rgb, const mw_face **faces, size_t *n,
                         mw_error *err)
{
    const mw_face_net *net = d->net;
    mw_status st;

    *faces = d->face;
    *n = 0;
    if (rgb->format != MW_PIX_RGB24)
        return mw_fail(err, MW_ERR_ARG, "bad_format", "the face detector reads RGB24 frames");
    st = mw_letterbox_prepare(&d->box, rgb->width, rgb->height, net->anchors.side, err);
    if (st != MW_OK) return st;
    mw_letterbox_bytes(&d->box, rgb, d->bytes);
    /* 0 .. 255 to [-1, 1] */
    mw_graph_input(d->run, d->bytes, 2.0f / 255.0f, -1.0f);
    st = mw_graph_execute(d->run, err);
    if (st != MW_OK) return st;
    *n = mw_decode_faces(&net->anchors, mw_graph_output(d->run, net->regressors),
                         mw_graph_output(d->run, net->logits), d->threshold, d->found);
    *n = mw_merge_faces(d->found, *n, d->merged, d->used);
    for (size_t i = 0; i < *n; i++)
        d->face[i] = project(&d->box, &d->merged[i]);
    return MW_OK;
}
