/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/graph.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/dnnl_prim.h"
#include "nn/graph_ops.h"
#include "nn/graph_plan.h"
#include "nn/graph_planar.h"

/* prim[s] is the compiled step, NULL where plain C carries it out; planar takes all steps when it
 * is there. scratch in bytes. */
struct mw_graph {
    mw_tflite *model;
    mw_plan plan;
    mw_planar_graph *planar;
    mw_prim **prim;
    size_t scratch;
};

struct mw_graph_run {
    const mw_graph *g;
    float *arena;
    void *scratch;
    mw_prim_call **call;
};

static mw_prim_window window_of(const mw_plan *p, const mw_step *s)
{
    const mw_tfl_tensor *x = &p->model->tensor[s->in], *y = &p->model->tensor[s->out];
    const mw_tfl_op *op = s->op;
    mw_prim_window w = { .ih = x->dim[1], .iw = x->dim[2], .ic = x->dim[3], .oh = y->dim[1] };

    w.ow = y->dim[2];
    w.oc = y->dim[3];
    w.kh = op->kernel_h;
    w.kw = op->kernel_w;
    if (op->code != MW_TFL_MAX_POOL) {
        w.kh = p->model->tensor[op->in[1]].dim[1];
        w.kw = p->model->tensor[op->in[1]].dim[2];
    }
    w.stride_h = op->stride_h;
    w.stride_w = op->stride_w;
    for (int k = 0; k < 4; k++)
        w.pad[k] = s->pad[k];
    w.depthwise = op->code == MW_TFL_DEPTHWISE;
    w.add = s->residual >= 0;
    w.relu = s->relu;
    return w;
}

static mw_status compile_step(mw_graph *g, size_t i, mw_error *err)
{
    const mw_step *s = &g->plan.step[i];
    const mw_tfl_tensor *t = g->model->tensor, *x = &t[s->in], *y = &t[s->out];
    mw_prim_window w;

    switch (s->op->code) {
    case MW_TFL_CONV:
    case MW_TFL_DEPTHWISE:
        w = window_of(&g->plan, s);
        return mw_prim_conv(&g->prim[i], &w, t[s->op->in[1]].f32, t[s->op->in[2]].f32, err);
    case MW_TFL_MAX_POOL:
        w = window_of(&g->plan, s);
        return mw_prim_max_pool(&g->prim[i], &w, err);
    case MW_TFL_RESIZE_BILINEAR:
        return mw_prim_resize(&g->prim[i], x->dim[1], x->dim[2], y->dim[1], y->dim[2], x->dim[3],
                              err);
    default:
        return MW_OK;
    }
}

static mw_status compile_planar(mw_graph *g, int inspect, mw_error *err)
{
    mw_status st = mw_plan_make(&g->plan, g->model, 1, inspect, 1, err);

    if (st == MW_OK) st = mw_planar_compile(&g->planar, &g->plan, err);
    if (st == MW_OK)
        g->scratch = mw_planar_scratch(g->planar) * sizeof(float);
    else
        mw_plan_clear(&g->plan);
    return st;
}

/* A lowered MW_CPU does not count: it must not change bits, only take longer. Without fused
 * multiply-add in the processor the planar engine would be hopelessly slow. */
static int can_fuse(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("fma") != 0;
#else
    return 1;
#endif
}

static mw_status compile(mw_graph *g, mw_graph_engine engine, int inspect, mw_error *err)
{
    const int fold = engine != MW_GRAPH_PLAIN || !inspect;
    mw_status st;

    if (engine == MW_GRAPH_PLANAR) return compile_planar(g, inspect, err);
    if (engine == MW_GRAPH_BEST && can_fuse()) {
        st = compile_planar(g, inspect, err);
        if (st == MW_OK || st == MW_ERR_NOMEM) return st;
    }
    st = mw_plan_make(&g->plan, g->model, fold, inspect, 0, err);
    if (st != MW_OK) return st;
    g->prim = mw_calloc(g->plan.n_steps, sizeof(mw_prim *));
    if (!g->prim) return mw_fail_nomem(err);
    for (size_t i = 0; i < g->plan.n_steps && engine != MW_GRAPH_PLAIN; i++) {
        st = compile_step(g, i, err);
        if (st != MW_OK) return st;
        if (g->prim[i] && mw_prim_scratch(g->prim[i]) > g->scratch)
            g->scratch = mw_prim_scratch(g->prim[i]);
    }
    return MW_OK;
}

mw_status mw_graph_compile(mw_graph **out, mw_tflite **model, mw_graph_engine engine, int inspect,
                           mw_error *err)
{
    mw_graph *g = mw_calloc(1, sizeof *g);
    mw_status st;

    *out = NULL;
    if (!g) {
        mw_tflite_destroy(model);
        return mw_fail_nomem(err);
    }
    g->model = *model;
    *model = NULL;
    st = compile(g, engine, inspect, err);
    if (st == MW_OK) {
        *out = g;
        g = NULL;
    }
    mw_graph_destroy(&g);
    return st;
}

void mw_graph_destroy(mw_graph **gg)
{
    mw_graph *g = *gg;

    if (!g) return;
    for (size_t i = 0; g->prim && i < g->plan.n_steps; i++)
        mw_prim_destroy(&g->prim[i]);
    mw_free(g->prim);
    mw_planar_destroy(&g->planar);
    mw_plan_clear(&g->plan);
    mw_tflite_destroy(&g->model);
    mw_free(g);
    *gg = NULL;
}

const mw_tflite *mw_graph_model(const mw_graph *g)
{
    return g->model;
}

static float *buffer(const mw_graph_run *r, int t)
{
    const int root = r->g->plan.root[t];

    return root < 0 || r->g->plan.offset[root] == SIZE_MAX ? NULL
                                                           : r->arena + r->g->plan.offset[root];
}

static mw_status bind_steps(mw_graph_run *r, mw_error *err)
{
    const mw_plan *p = &r->g->plan;

    for (size_t i = 0; i < p->n_steps; i++) {
        const mw_step *s = &p->step[i];
        const float *add = s->residual < 0 ? NULL : buffer(r, s->residual);
        mw_status st;

        if (!r->g->prim || !r->g->prim[i]) continue;
        st = mw_prim_bind(&r->call[i], r->g->prim[i], buffer(r, s->in), add, buffer(r, s->out),
                          r->scratch, err);
        if (st != MW_OK) return st;
    }
    return MW_OK;
}

mw_status mw_graph_run_create(mw_graph_run **out, const mw_graph *g, mw_error *err)
{
    mw_graph_run *r = mw_calloc(1, sizeof *r);
    mw_status st = MW_OK;

    *out = NULL;
    if (!r) return mw_fail_nomem(err);
    r->g = g;
    r->arena = mw_calloc_aligned(g->plan.arena, sizeof *r->arena);
    r->scratch = mw_calloc_aligned(g->scratch, 1);
    r->call = mw_calloc(g->plan.n_steps, sizeof(mw_prim_call *));
    if (!r->arena || !r->scratch || !r->call)
        st = mw_fail_nomem(err);
    else
        st = bind_steps(r, err);
    if (st == MW_OK) {
        *out = r;
        r = NULL;
    }
    mw_graph_run_destroy(&r);
    return st;
}

void mw_graph_run_destroy(mw_graph_run **rr)
{
    mw_graph_run *r = *rr;

    if (!r) return;
    for (size_t i = 0; r->call && i < r->g->plan.n_steps; i++)
        mw_prim_unbind(&r->call[i]);
    mw_free(r->call);
    mw_free(r->arena);
    mw_free(r->scratch);
    mw_free(r);
    *rr = NULL;
}

void mw_graph_input(mw_graph_run *r, const uint8_t *bytes, float scale, float offset)
{
    const mw_tflite *m = r->g->model;
    const size_t n = m->tensor[m->input].n;
    float *x;

    if (r->g->planar) {
        mw_planar_input(r->g->planar, r->scratch, bytes, scale, offset);
        return;
    }
    x = buffer(r, m->input);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)bytes[i] * scale + offset;
}

mw_status mw_graph_execute(mw_graph_run *r, mw_error *err)
{
    const mw_plan *p = &r->g->plan;

    if (r->g->planar) {
        mw_planar_execute(r->g->planar, r->arena, r->scratch);
        return MW_OK;
    }
    for (size_t i = 0; i < p->n_steps; i++) {
        mw_status st = MW_OK;

        if (r->call[i])
            st = mw_prim_run(r->call[i], err);
        else
            mw_plan_step_plain(p, &p->step[i], r->arena);
        if (st != MW_OK) return st;
    }
    return MW_OK;
}

const float *mw_graph_output(const mw_graph_run *r, size_t i)
{
    return buffer(r, r->g->model->output[i]);
}

int mw_graph_copy(const mw_graph_run *r, size_t i, float *out)
{
    const float *from = buffer(r, (int)i);

    if (!from) return -1;
    if (r->g->planar)
        mw_planar_copy(r->g->planar, r->arena, (int)i, out);
    else
        memcpy(out, from, r->g->model->tensor[i].n * sizeof *out);
    return 0;
}
