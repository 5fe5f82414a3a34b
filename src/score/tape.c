/* SPDX-License-Identifier: Apache-2.0 */
#include "score/tape.h"

#include <string.h>

#include "base/mem.h"

enum { BLOCK_BYTES = 1 << 18 };

void mw_tape_init(mw_tape *t, const mw_net_config *c, int n_clips)
{
    *t = (mw_tape){ .config = c, .n = n_clips };
}

void mw_tape_clear(mw_tape *t)
{
    for (size_t i = 0; i < t->n_blocks; i++)
        mw_free(t->blocks[i]);
    mw_free(t->blocks);
    mw_free(t->ops);
    mw_free(t->nodes);
    *t = (mw_tape){ 0 };
}

/* A block of its own for large requests, else the rest of the last one. */
void *mw_tape_alloc(mw_tape *t, size_t n, size_t size)
{
    const size_t cap = MW_MEM_CAP / 2;
    size_t bytes;
    void *p;

    if (t->failed) return NULL;
    if (n > cap / size) {
        t->failed = 1;
        return NULL;
    }
    bytes = (n * size + MW_MEM_ALIGN - 1) / MW_MEM_ALIGN * MW_MEM_ALIGN + MW_MEM_ALIGN;
    if (bytes > t->block_left) {
        const size_t take = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

        t->failed = mw_grow(&t->blocks, &t->cap_blocks, t->n_blocks + 1, sizeof *t->blocks) != 0;
        if (t->failed) return NULL;
        p = mw_calloc_aligned(take, 1);
        if (!p) {
            t->failed = 1;
            return NULL;
        }
        t->blocks[t->n_blocks++] = p;
        if (take - bytes < t->block_left) return p;
        t->block_at = (unsigned char *)p + bytes;
        t->block_left = take - bytes;
        return p;
    }
    p = t->block_at;
    t->block_at += bytes;
    t->block_left -= bytes;
    return p;
}

mw_node *mw_tape_node(mw_tape *t, size_t rows, size_t cols)
{
    mw_node *x = mw_tape_alloc(t, 1, sizeof *x);

    if (!x || mw_grow(&t->nodes, &t->cap_nodes, t->n_nodes + 1, sizeof(mw_node *))) {
        t->failed = 1;
        t->dead = (mw_node){ .rows = rows, .cols = cols };
        return &t->dead;
    }
    t->nodes[t->n_nodes++] = x;
    x->rows = rows;
    x->cols = cols;
    if (rows) {
        x->v = mw_tape_alloc(t, rows * cols, sizeof *x->v);
        x->g = mw_tape_alloc(t, rows * cols, sizeof *x->g);
    }
    return x;
}

mw_op *mw_tape_op(mw_tape *t, size_t rows, size_t cols)
{
    mw_node *out = mw_tape_node(t, rows, cols);
    mw_op *op;

    if (t->failed || mw_grow(&t->ops, &t->cap_ops, t->n_ops + 1, sizeof *t->ops)) {
        t->failed = 1;
        t->dead_op = (mw_op){ .out = out };
        return &t->dead_op;
    }
    op = &t->ops[t->n_ops++];
    *op = (mw_op){ .out = out };
    return op;
}

void mw_tape_forward(mw_tape *t, mw_slice *s)
{
    t->slice = s;
    s->loss = (mw_net_loss){ 0 };
    for (size_t i = 0; i < t->n_ops; i++)
        t->ops[i].forward(t, &t->ops[i]);
}

void mw_tape_backward(mw_tape *t)
{
    for (size_t i = 0; i < t->n_nodes; i++)
        t->nodes[i]->seen = 0;
    for (size_t i = t->n_ops; i-- > 0;) {
        mw_op *op = &t->ops[i];

        /* a loss has no result to be asked for */
        if (op->backward && (op->out->seen || !op->out->rows)) op->backward(t, op);
    }
}

mw_real *mw_node_gradient(mw_node *x)
{
    if (!x->seen) memset(x->g, 0, x->rows * x->cols * sizeof *x->g);
    x->seen = 1;
    return x->g;
}

mw_real *mw_node_gradient_or(mw_node *x, int *add)
{
    *add = x->seen;
    x->seen = 1;
    return x->g;
}

int mw_slice_has(const mw_slice *s, int modality, int i)
{
    const int n = mw_slice_tokens(s, modality);
    const uint8_t *mask = mw_slice_mask(s, modality) + (size_t)i * (size_t)n;

    for (int k = 0; k < n; k++)
        if (mask[k]) return 1;
    return 0;
}
