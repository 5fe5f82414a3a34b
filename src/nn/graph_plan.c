/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/graph_plan.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/planar.h"
#include "nn/tflite_check.h"

/* users[i]: operators and outputs that read tensor i; maker[i]: step that writes it, -1 for none.
 */
typedef struct work {
    mw_plan *p;
    int *users, *maker;
} work;

static int is_conv(const mw_step *s)
{
    return s->op->code == MW_TFL_CONV || s->op->code == MW_TFL_DEPTHWISE;
}

static void count_users(work *w)
{
    const mw_tflite *m = w->p->model;

    for (size_t i = 0; i < m->n_ops; i++)
        for (int k = 0; k < m->op[i].n_in; k++)
            if (m->op[i].in[k] >= 0) w->users[m->op[i].in[k]]++;
    for (size_t i = 0; i < m->n_outputs; i++)
        w->users[m->output[i]]++;
}

static mw_step plain_step(const mw_tflite *m, const mw_tfl_op *op)
{
    mw_step s = { .op = op, .in = op->in[0], .out = op->out, .residual = -1, .relu = op->relu };
    const mw_tfl_tensor *x = &m->tensor[op->in[0]], *y = &m->tensor[op->out];
    int kh = op->kernel_h, kw = op->kernel_w, out;

    if (op->code == MW_TFL_ADD) s.residual = op->in[1];
    if (is_conv(&s)) {
        kh = m->tensor[op->in[1]].dim[1];
        kw = m->tensor[op->in[1]].dim[2];
    } else if (op->code != MW_TFL_MAX_POOL) {
        return s;
    }
    mw_tfl_window(x->dim[1], kh, op->stride_h, op->same_padding, &s.pad[0], &out);
    mw_tfl_window(x->dim[2], kw, op->stride_w, op->same_padding, &s.pad[1], &out);
    /* Windows of the last output end this far outside; negative (unread samples) counts as none. */
    s.pad[2] = (y->dim[1] - 1) * op->stride_h + kh - x->dim[1] - s.pad[0];
    s.pad[3] = (y->dim[2] - 1) * op->stride_w + kw - x->dim[2] - s.pad[1];
    for (int k = 2; k < 4; k++)
        if (s.pad[k] < 0) s.pad[k] = 0;
    return s;
}

/* A PAD of zeros around the map, whose only reader is this VALID convolution. */
static void fold_pad(work *w, mw_step *s)
{
    const int made = w->maker[s->in];
    const mw_tflite *m = w->p->model;
    const mw_step *from;
    const int32_t *amount;

    if (made < 0 || w->users[s->in] != 1 || s->op->same_padding) return;
    from = &w->p->step[made];
    if (from->op->code != MW_TFL_PAD) return;
    amount = m->tensor[from->op->in[1]].i32;
    if (amount[6] || amount[7]) return;
    s->pad[0] = amount[2];
    s->pad[1] = amount[4];
    /* The last padded row or column may be unused by a stride of 2. */
    s->pad[2] = amount[3];
    s->pad[3] = amount[5];
    w->maker[s->in] = -1;
    w->p->root[s->in] = -1;
    s->in = from->in;
    w->p->step[made].op = NULL;
}

/* RELU after the only step that makes its operand. */
static int fold_relu(work *w, const mw_tfl_op *op)
{
    const int x = op->in[0], made = w->maker[x];
    mw_step *s;

    if (made < 0 || w->users[x] != 1) return 0;
    s = &w->p->step[made];
    if (!is_conv(s) && s->op->code != MW_TFL_ADD) return 0;
    s->relu = 1;
    s->out = op->out;
    w->p->root[x] = -1;
    w->maker[op->out] = made;
    return 1;
}

static int takes_residual(const work *w, int tensor)
{
    const int made = w->maker[tensor];
    const mw_step *s;

    if (made < 0 || w->users[tensor] != 1) return 0;
    s = &w->p->step[made];
    if (s->relu || s->residual >= 0) return 0;
    return s->op->code == MW_TFL_CONV || (w->p->planar && s->op->code == MW_TFL_RESIZE_BILINEAR);
}

/* Zero channels appended to a residual need not be there: the map before the PAD is added to the
 * first channels. */
static int without_pad(work *w, int tensor)
{
    const int made = w->maker[tensor];
    mw_step *s = made < 0 ? NULL : &w->p->step[made];
    const int32_t *amount;

    if (!s || !w->p->planar || s->op->code != MW_TFL_PAD || w->users[tensor] != 1) return tensor;
    amount = w->p->model->tensor[s->op->in[1]].i32;
    for (int k = 0; k < 7; k++)
        if (amount[k]) return tensor;
    tensor = s->in;
    w->p->root[s->out] = -1;
    s->op = NULL;
    return tensor;
}

/* ADD into the convolution (or, with planes, doubling) that made one operand, which moves to this
 * place in the order, where the other operand is there too. */
static int fold_add(work *w, const mw_tfl_op *op)
{
    const int late = w->maker[op->in[0]] > w->maker[op->in[1]] ? 0 : 1;
    const int a = takes_residual(w, op->in[late]) ? late : 1 - late;
    const int x = op->in[a], other = op->in[1 - a];
    mw_step s;

    if (x == other || !takes_residual(w, x)) return 0;
    s = w->p->step[w->maker[x]];
    w->p->step[w->maker[x]].op = NULL;
    s.residual = s.op->code == MW_TFL_CONV ? without_pad(w, other) : other;
    s.relu = op->relu;
    s.out = op->out;
    w->p->root[x] = -1;
    w->maker[op->out] = (int)w->p->n_steps;
    w->p->step[w->p->n_steps++] = s;
    return 1;
}

/* A depthwise convolution whose only reader is this 1x1 convolution goes with it: its output then
 * never leaves the cache. */
static void fold_depthwise(work *w, mw_step *s)
{
    const int made = w->maker[s->in];
    const mw_tfl_tensor *f = &w->p->model->tensor[s->op->in[1]];
    mw_step *from;

    if (made < 0 || w->users[s->in] != 1 || s->op->code != MW_TFL_CONV || f->dim[1] != 1 ||
        f->dim[2] != 1 || s->op->stride_h != 1 || s->op->stride_w != 1)
        return;
    from = &w->p->step[made];
    if (from->op->code != MW_TFL_DEPTHWISE) return;
    w->p->root[s->in] = -1;
    s->first = from->op;
    s->first_relu = from->relu;
    s->in = from->in;
    memcpy(s->pad, from->pad, sizeof s->pad);
    from->op = NULL;
}

static void make_steps(work *w, int fold)
{
    mw_plan *p = w->p;
    const mw_tflite *m = p->model;

    for (size_t i = 0; i < m->n_ops; i++) {
        const mw_tfl_op *op = &m->op[i];
        mw_step s;

        p->root[op->out] = op->out;
        if (fold && op->code == MW_TFL_RELU && fold_relu(w, op)) continue;
        if (fold && op->code == MW_TFL_ADD && fold_add(w, op)) continue;
        s = plain_step(m, op);
        if (fold && is_conv(&s)) fold_pad(w, &s);
        if (fold && p->planar) fold_depthwise(w, &s);
        w->maker[op->out] = (int)p->n_steps;
        p->step[p->n_steps++] = s;
    }
}

/* Drop folded steps and give reshaped tensors the buffer of what they reshape. */
static void compact(mw_plan *p, int keep)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_steps; i++) {
        mw_step s = p->step[i];

        if (!s.op) continue;
        s.in = p->root[s.in];
        if (s.residual >= 0) s.residual = p->root[s.residual];
        if (s.op->code == MW_TFL_RESHAPE && !keep && !p->planar)
            p->root[s.out] = s.in;
        else
            p->step[n++] = s;
    }
    p->n_steps = n;
}

/* The operands of a step by number: 0 input, 1 residual, then CONCAT's further inputs; -1 at the
 * end. */
static int operand(const mw_plan *p, const mw_step *s, int k)
{
    if (s->op->code == MW_TFL_CONCAT) return k < s->op->n_in ? p->root[s->op->in[k]] : -2;
    return k == 0 ? s->in : k == 1 ? s->residual : -2;
}

size_t mw_plan_floats(const mw_plan *p, int t)
{
    const mw_tfl_tensor *x = &p->model->tensor[t];

    if (p->planar && x->n_dims == 4)
        return mw_planar_pitch(x->dim[1], x->dim[2]) * (size_t)x->dim[3];
    return (x->n + 15) / 16 * 16;
}

/* First gap that holds n floats beside everything alive from first to last. */
static size_t first_gap(const mw_plan *p, const int *first, const int *last, int t)
{
    const size_t n = mw_plan_floats(p, t);
    size_t at = 0;
    int moved;

    do {
        moved = 0;
        for (size_t i = 0; i < p->model->n_tensors; i++) {
            const size_t end = p->offset[i] + mw_plan_floats(p, (int)i);

            if (first[i] < -1 || (int)i == t || p->offset[i] == SIZE_MAX) continue;
            if (last[i] < first[t] || first[i] > last[t]) continue;
            if (at < end && p->offset[i] < at + n) {
                at = end;
                moved = 1;
            }
        }
    } while (moved);
    return at;
}

/* first[i] step that writes tensor i (-1 for the input, -2 never), last[i] step that reads it. */
static mw_status place(mw_plan *p, int *first, int *last, int keep, mw_error *err)
{
    const mw_tflite *m = p->model;
    const int end = (int)p->n_steps;

    for (size_t i = 0; i < m->n_tensors; i++) {
        first[i] = -2;
        last[i] = keep ? end : -2;
        p->offset[i] = SIZE_MAX;
    }
    first[m->input] = last[m->input] = -1;
    for (int s = 0; s < end; s++) {
        first[p->step[s].out] = s;
        if (last[p->step[s].out] < s) last[p->step[s].out] = s;
        for (int k = 0, x; (x = operand(p, &p->step[s], k)) > -2; k++)
            if (x >= 0 && last[x] < s) last[x] = s;
    }
    for (size_t i = 0; i < m->n_outputs; i++)
        last[p->root[m->output[i]]] = end;
    for (int s = p->planar ? 0 : -1; s < end; s++) {
        const int t = s < 0 ? m->input : p->step[s].out;
        const int r = s < 0 ? -1 : p->step[s].residual;
        size_t top;

        /* In place unless the step still reads neighbours of what it has written. */
        if (p->planar && r >= 0 && r != p->step[s].in && last[r] == s &&
            mw_plan_floats(p, r) == mw_plan_floats(p, t))
            p->offset[t] = p->offset[r];
        else
            p->offset[t] = first_gap(p, first, last, t);
        top = p->offset[t] + mw_plan_floats(p, t);
        if (top > p->arena) p->arena = top;
        if (p->arena > MW_PLAN_MAX_ARENA)
            return mw_fail(err, MW_ERR_FORMAT, "bad_model",
                           "a network needs more than %zu MiB of working memory",
                           MW_PLAN_MAX_ARENA >> 18);
    }
    return MW_OK;
}

mw_status mw_plan_make(mw_plan *p, const mw_tflite *m, int fold, int keep, int planar,
                       mw_error *err)
{
    const size_t n = m->n_tensors;
    work w = { .p = p };
    mw_status st = MW_OK;
    int *life = NULL;

    *p = (mw_plan){ .model = m, .planar = planar };
    /* A folded ADD moves a step and leaves its old place empty, never more than one per operator.
     */
    p->step = mw_calloc(m->n_ops + 1, sizeof *p->step);
    p->root = mw_calloc(n, sizeof *p->root);
    p->offset = mw_calloc(n, sizeof *p->offset);
    w.users = mw_calloc(n, sizeof *w.users);
    w.maker = mw_calloc(n, sizeof *w.maker);
    life = mw_calloc(2 * n, sizeof *life);
    if (!p->step || !p->root || !p->offset || !w.users || !w.maker || !life) {
        st = mw_fail_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < n; i++)
        p->root[i] = w.maker[i] = -1;
    p->root[m->input] = m->input;
    count_users(&w);
    make_steps(&w, fold);
    compact(p, keep);
    st = place(p, life, life + n, keep, err);
done:
    mw_free(w.users);
    mw_free(w.maker);
    mw_free(life);
    if (st != MW_OK) mw_plan_clear(p);
    return st;
}

void mw_plan_clear(mw_plan *p)
{
    mw_free(p->step);
    mw_free(p->root);
    mw_free(p->offset);
    *p = (mw_plan){ 0 };
}
