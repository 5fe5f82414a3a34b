/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/graph_planar.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/planar.h"

/* Weights with fewer non-zeros than this share are walked as a list. */
#define SPARSE_BELOW 0.6

/* Bytes of a block of depthwise output that a 1x1 convolution reads at once. Measured best of 24
 * KiB to 2 MiB: smaller ones spend more on starting rows than they save in the first cache. */
enum { BLOCK_BYTES = 128 << 10 };

/* SEPARABLE: a depthwise convolution and the 1x1 convolution after it, block by block. */
typedef enum step_kind {
    POINTWISE,
    SEPARABLE,
    DEPTHWISE,
    STEM,
    POOL,
    ADD,
    RESIZE,
    SPACE,
    FLATTEN,
    JOIN
} step_kind;

typedef struct planar_step {
    step_kind kind;
    mw_pointwise point;
    mw_window window;
    size_t scratch; /* floats from the start of the scratch */
    int block_rows;
} planar_step;

struct mw_planar_graph {
    const mw_plan *plan;
    mw_planar_kernels kernel;
    planar_step *step;
    size_t scratch;
};

static const mw_tfl_tensor *tensor(const mw_plan *p, int t)
{
    return &p->model->tensor[t];
}

static size_t pitch_of(const mw_tfl_tensor *t)
{
    return mw_planar_pitch(t->dim[1], t->dim[2]);
}

/* DEPTH_TO_SPACE writes rows of pixels: its output feeds only what flattens it. */
static int is_plain(const mw_plan *p, int t)
{
    if (tensor(p, t)->n_dims != 4) return 1;
    for (size_t i = 0; i < p->n_steps; i++)
        if (p->step[i].out == t) return p->step[i].op->code == MW_TFL_DEPTH_TO_SPACE;
    return 0;
}

/* ---- packing ---- */

static int pack_sparse(mw_pointwise *w, const float *f, size_t n_values)
{
    const size_t ic = (size_t)w->ic, oc = (size_t)w->oc;
    uint32_t k = 0;

    w->start = mw_calloc(oc + 1, sizeof *w->start);
    w->channel = mw_calloc(n_values, sizeof *w->channel);
    w->value = mw_calloc(n_values, sizeof *w->value);
    if (!w->start || !w->channel || !w->value) return -1;
    for (size_t o = 0; o < oc; o++) {
        for (size_t c = 0; c < ic; c++) {
            if (f[o * ic + c] == 0) continue;
            w->channel[k] = (uint16_t)c;
            w->value[k++] = f[o * ic + c];
        }
        w->start[o + 1] = k;
    }
    return 0;
}

static int pack_dense(mw_pointwise *w, const float *f)
{
    const size_t ic = (size_t)w->ic, oc = (size_t)w->oc;

    w->dense = mw_calloc_aligned((oc + 3) / 4 * 4, ic * sizeof *w->dense);
    if (!w->dense) return -1;
    for (size_t o = 0; o < oc; o++)
        for (size_t c = 0; c < ic; c++)
            w->dense[(o / 4 * ic + c) * 4 + o % 4] = f[o * ic + c];
    return 0;
}

static int pack_bias(float **out, const float *bias, int n)
{
    *out = mw_calloc_aligned(((size_t)n + 7) / 8 * 8, sizeof **out);
    if (!*out) return -1;
    memcpy(*out, bias, (size_t)n * sizeof **out);
    return 0;
}

static int pack_pointwise(planar_step *s, const mw_plan *p, const mw_step *from)
{
    const mw_tfl_tensor *f = tensor(p, from->op->in[1]);
    mw_pointwise *w = &s->point;
    size_t n_values = 0;

    s->kind = POINTWISE;
    w->ic = f->dim[3];
    w->oc = f->dim[0];
    w->relu = from->relu;
    for (size_t i = 0; i < f->n; i++)
        n_values += f->f32[i] != 0;
    if (pack_bias(&w->bias, tensor(p, from->op->in[2])->f32, w->oc)) return -1;
    return (double)n_values < SPARSE_BELOW * (double)f->n ? pack_sparse(w, f->f32, n_values)
                                                          : pack_dense(w, f->f32);
}

/* Shape of a window step between two maps; the scratch that it needs is placed behind the others'.
 */
static void set_window(mw_planar_graph *g, planar_step *s, const mw_step *from, step_kind kind,
                       int k, int stride)
{
    const mw_tfl_tensor *x = tensor(g->plan, from->in), *y = tensor(g->plan, from->out);
    mw_window *w = &s->window;

    s->kind = kind;
    *w = (mw_window){ x->dim[1], x->dim[2],    x->dim[3],    y->dim[1],  y->dim[2], y->dim[3], k,
                      stride,    from->pad[0], from->pad[1], from->relu, NULL,      NULL };
    s->scratch = g->scratch;
    if (kind == STEM) g->scratch += mw_stem_floats(w);
    if (kind == RESIZE) g->scratch += mw_planar_row(w->iw);
}

/* The file's [3][3][c] as [c][9]. */
static int pack_depthwise(planar_step *s, const mw_plan *p, const mw_tfl_op *op)
{
    const float *f = tensor(p, op->in[1])->f32;
    mw_window *w = &s->window;
    const size_t n = (size_t)w->oc;

    w->weights = mw_calloc_aligned(9 * n, sizeof *w->weights);
    if (!w->weights || pack_bias(&w->bias, tensor(p, op->in[2])->f32, w->oc)) return -1;
    for (size_t c = 0; c < n; c++)
        for (size_t k = 0; k < 9; k++)
            w->weights[9 * c + k] = f[k * n + c];
    return 0;
}

/* The file's [oc][k][k][ic] as [oc / 8][k][ic][k][8]. */
static int pack_stem(planar_step *s, const mw_plan *p, const mw_step *from)
{
    const float *f = tensor(p, from->op->in[1])->f32;
    mw_window *w = &s->window;
    const size_t k = (size_t)w->k, ic = (size_t)w->ic, oc = (size_t)w->oc, n = k * k * ic;

    w->weights = mw_calloc_aligned((oc + 7) / 8 * 8, n * sizeof *w->weights);
    if (!w->weights || pack_bias(&w->bias, tensor(p, from->op->in[2])->f32, w->oc)) return -1;
    for (size_t o = 0; o < oc; o++)
        for (size_t y = 0; y < k; y++)
            for (size_t x = 0; x < k; x++)
                for (size_t c = 0; c < ic; c++)
                    w->weights[(o / 8 * n + (y * ic + c) * k + x) * 8 + o % 8] =
                        f[((o * k + y) * k + x) * ic + c];
    return 0;
}

/* ---- which kernel ---- */

static int has_stride(const mw_tfl_op *op, int stride)
{
    return op->stride_h == stride && op->stride_w == stride;
}

static int is_3x3(const mw_plan *p, const mw_tfl_op *op)
{
    const mw_tfl_tensor *f = tensor(p, op->in[1]);

    return f->dim[1] == 3 && f->dim[2] == 3 && (has_stride(op, 1) || has_stride(op, 2));
}

/* Rows per block: whole vectors of pixels, and as many as fit. */
static void set_block(mw_planar_graph *g, planar_step *s)
{
    const mw_window *w = &s->window;
    int unit = 1, rows;

    while (unit < w->oh && unit * w->ow % 16)
        unit++;
    rows = unit;
    while (rows + unit <= w->oh &&
           (size_t)(rows + unit) * (size_t)w->ow * (size_t)w->oc * sizeof(float) <= BLOCK_BYTES)
        rows += unit;
    s->block_rows = rows;
    s->scratch = g->scratch;
    g->scratch += mw_planar_pitch(rows, w->ow) * (size_t)w->oc;
}

/* The depthwise half of a pair: same map sizes, as many channels as went in. */
static int compile_pair(mw_planar_graph *g, planar_step *s, const mw_step *from)
{
    if (pack_pointwise(s, g->plan, from)) return -1;
    set_window(g, s, from, SEPARABLE, 3, from->first->stride_h);
    s->window.oc = s->window.ic;
    s->window.relu = from->first_relu;
    set_block(g, s);
    return pack_depthwise(s, g->plan, from->first) ? -1 : 1;
}

/* 1 when carried out, 0 when not known, -1 without memory. */
static int compile_conv(mw_planar_graph *g, planar_step *s, const mw_step *from)
{
    const mw_tfl_tensor *f = tensor(g->plan, from->op->in[1]), *x = tensor(g->plan, from->in);
    const int k = f->dim[1], depthwise = from->op->code == MW_TFL_DEPTHWISE;
    const int of_input = from->in == g->plan->model->input;

    if (x->dim[3] > 4096 || k != f->dim[2]) return 0;
    if (from->first)
        return of_input || !is_3x3(g->plan, from->first) ? 0 : compile_pair(g, s, from);
    if (!of_input && !depthwise && k == 1 && has_stride(from->op, 1))
        return pack_pointwise(s, g->plan, from) ? -1 : 1;
    if (from->residual >= 0) return 0;
    if (!of_input && depthwise && is_3x3(g->plan, from->op)) {
        set_window(g, s, from, DEPTHWISE, 3, from->op->stride_h);
        return pack_depthwise(s, g->plan, from->op) ? -1 : 1;
    }
    /* The stem reads the input in a form of its own. */
    if (of_input && !depthwise && k > 1 && k <= 7 && x->dim[3] <= 4 && has_stride(from->op, 2)) {
        set_window(g, s, from, STEM, k, 2);
        return pack_stem(s, g->plan, from) ? -1 : 1;
    }
    return 0;
}

static int compile_step(mw_planar_graph *g, planar_step *s, const mw_step *from)
{
    const mw_tfl_op *op = from->op;
    const mw_tfl_tensor *x = tensor(g->plan, from->in);

    if (from->in == g->plan->model->input && op->code != MW_TFL_CONV) return 0;
    if (op->code != MW_TFL_RESHAPE && op->code != MW_TFL_CONCAT && is_plain(g->plan, from->in))
        return 0;
    switch (op->code) {
    case MW_TFL_CONV:
    case MW_TFL_DEPTHWISE:
        return compile_conv(g, s, from);
    case MW_TFL_MAX_POOL:
        if (op->kernel_h != 2 || op->kernel_w != 2 || !has_stride(op, 2) || x->dim[1] % 2 ||
            x->dim[2] % 2)
            return 0;
        set_window(g, s, from, POOL, 2, 2);
        return 1;
    case MW_TFL_ADD:
        s->kind = ADD;
        return !is_plain(g->plan, from->residual) && from->residual != g->plan->model->input;
    case MW_TFL_RESIZE_BILINEAR:
        set_window(g, s, from, RESIZE, 2, 1);
        return 1;
    case MW_TFL_DEPTH_TO_SPACE:
        s->kind = SPACE;
        return 1;
    case MW_TFL_RESHAPE:
        s->kind = FLATTEN;
        return tensor(g->plan, from->out)->n_dims != 4;
    case MW_TFL_CONCAT:
        s->kind = JOIN;
        return 1;
    default:
        return 0;
    }
}

mw_status mw_planar_compile(mw_planar_graph **out, const mw_plan *plan, mw_error *err)
{
    mw_planar_graph *g = mw_calloc(1, sizeof *g);
    mw_status st = MW_OK;

    *out = NULL;
    if (!g) return mw_fail_nomem(err);
    g->plan = plan;
    g->kernel = mw_planar_kernels_get();
    g->step = mw_calloc(plan->n_steps, sizeof *g->step);
    if (!g->step) st = mw_fail_nomem(err);
    for (size_t i = 0; i < plan->n_steps && st == MW_OK; i++) {
        const int done = compile_step(g, &g->step[i], &plan->step[i]);

        if (done < 0) st = mw_fail_nomem(err);
        if (!done)
            st = mw_fail(err, MW_ERR_FORMAT, "unsupported",
                         "operator %d at position %d is not known to the planar engine",
                         (int)plan->step[i].op->code, plan->step[i].op->position);
    }
    if (st == MW_OK) {
        *out = g;
        g = NULL;
    }
    mw_planar_destroy(&g);
    return st;
}

void mw_planar_destroy(mw_planar_graph **pp)
{
    mw_planar_graph *g = *pp;

    if (!g) return;
    for (size_t i = 0; g->step && i < g->plan->n_steps; i++) {
        mw_free(g->step[i].point.start);
        mw_free(g->step[i].point.channel);
        mw_free(g->step[i].point.value);
        mw_free(g->step[i].point.dense);
        mw_free(g->step[i].point.bias);
        mw_free(g->step[i].window.weights);
        mw_free(g->step[i].window.bias);
    }
    mw_free(g->step);
    mw_free(g);
    *pp = NULL;
}

size_t mw_planar_scratch(const mw_planar_graph *g)
{
    return g->scratch;
}

/* ---- the plain steps ---- */

/* Planes to [h][w][c], pixel (y, x) of plane c to row order; block b: plane (i b + j) C + c goes to
 * pixel (b y + i, b x + j). */
static void to_rows(const mw_tfl_tensor *x, int b, const float *in, float *out)
{
    const int h = x->dim[1], w = x->dim[2], channels = x->dim[3] / (b * b);
    const size_t pitch = pitch_of(x);

    for (int k = 0; k < b * b; k++)
        for (int y = 0; y < h; y++) {
            const float *from = in + (size_t)(k * channels) * pitch + (size_t)y * (size_t)w;
            float *to = out + (size_t)((b * y + k / b) * b * w + k % b) * (size_t)channels;

            for (int p = 0; p < w; p++, to += b * channels)
                for (int c = 0; c < channels; c++)
                    to[c] = from[(size_t)c * pitch + (size_t)p];
        }
}

static void join(const mw_plan *p, const mw_step *s, float *arena)
{
    float *y = arena + p->offset[s->out];

    for (int i = 0; i < s->op->n_in; i++) {
        const size_t n = tensor(p, s->op->in[i])->n;

        memcpy(y, arena + p->offset[s->op->in[i]], n * sizeof *y);
        y += n;
    }
}

/* ---- running ---- */

/* A block's depthwise rows go to scratch and from there through the 1x1 convolution. The last block
 * ends in the padding of the planes. */
static void run_pair(const mw_planar_graph *g, const planar_step *s, const float *x, const float *r,
                     int n_residual, float *y, float *block)
{
    const mw_window *w = &s->window;
    const size_t pitch = mw_planar_pitch(w->oh, w->ow),
                 x_pitch = mw_planar_pitch(s->block_rows, w->ow);
    mw_pointwise_fn *point = s->point.dense ? g->kernel.dense : g->kernel.sparse;

    for (int oy = 0; oy < w->oh; oy += s->block_rows) {
        const int rows = w->oh - oy < s->block_rows ? w->oh - oy : s->block_rows;
        const size_t at = (size_t)oy * (size_t)w->ow;
        const size_t n = ((size_t)rows * (size_t)w->ow + 15) / 16 * 16;

        g->kernel.depthwise(w, x, block, x_pitch, oy, rows);
        point(&s->point, block, x_pitch, r ? r + at : NULL, n_residual, y + at, pitch, n);
    }
}

static void run_step(const mw_planar_graph *g, size_t i, float *arena, float *scratch)
{
    const mw_plan *p = g->plan;
    const mw_step *s = &p->step[i];
    const planar_step *k = &g->step[i];
    const mw_tfl_tensor *in = tensor(p, s->in);
    const float *x = p->offset[s->in] == SIZE_MAX ? NULL : arena + p->offset[s->in];
    const float *r = s->residual < 0 ? NULL : arena + p->offset[s->residual];
    const int n_residual = r ? tensor(p, s->residual)->dim[3] : 0;
    float *y = arena + p->offset[s->out];

    switch (k->kind) {
    case POINTWISE:
        (k->point.dense ? g->kernel.dense : g->kernel.sparse)(
            &k->point, x, pitch_of(in), r, n_residual, y, pitch_of(in), pitch_of(in));
        break;
    case SEPARABLE:
        run_pair(g, k, x, r, n_residual, y, scratch + k->scratch);
        break;
    case DEPTHWISE:
        g->kernel.depthwise(&k->window, x, y, mw_planar_pitch(k->window.oh, k->window.ow), 0,
                            k->window.oh);
        break;
    case STEM:
        g->kernel.stem(&k->window, scratch + k->scratch, y);
        break;
    case POOL:
        g->kernel.max_pool(&k->window, x, y);
        break;
    case ADD:
        g->kernel.add(x, r, y, mw_plan_floats(p, s->out), s->relu);
        break;
    case RESIZE:
        g->kernel.resize(&k->window, x, r, y, scratch + k->scratch);
        break;
    case SPACE:
        to_rows(in, s->op->block, x, y);
        break;
    case FLATTEN:
        if (is_plain(p, s->in))
            memcpy(y, x, in->n * sizeof *y);
        else
            to_rows(in, 1, x, y);
        break;
    case JOIN:
        join(p, s, arena);
        break;
    }
}

void mw_planar_execute(const mw_planar_graph *g, float *arena, float *scratch)
{
    for (size_t i = 0; i < g->plan->n_steps; i++)
        run_step(g, i, arena, scratch);
}

void mw_planar_input(const mw_planar_graph *g, float *scratch, const uint8_t *bytes, float scale,
                     float offset)
{
    for (size_t i = 0; i < g->plan->n_steps; i++)
        if (g->step[i].kind == STEM)
            g->kernel.input(&g->step[i].window, bytes, scale, offset, scratch + g->step[i].scratch);
}

void mw_planar_copy(const mw_planar_graph *g, const float *arena, int t, float *out)
{
    const float *from = arena + g->plan->offset[t];

    if (is_plain(g->plan, t))
        memcpy(out, from, tensor(g->plan, t)->n * sizeof *out);
    else
        to_rows(tensor(g->plan, t), 1, from, out);
}
