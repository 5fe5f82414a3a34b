/* SPDX-License-Identifier: Apache-2.0
 *
 * From the nodes of a graph to the caller's arrays.
 */
#include <math.h>

#include "score/net_int.h"

static void copy_rows(float *to, const mw_node *x, const mw_slice *s, size_t n)
{
    for (size_t i = 0; to && i < (size_t)s->n * n; i++)
        to[s->first * n + i] = x ? (float)x->v[i] : NAN;
}

/* Mean over columns; 1 where valid without a node. */
static void copy_score(float *to, const mw_node *x, const mw_slice *s, int m)
{
    const size_t n = (size_t)s->n * (size_t)mw_slice_tokens(s, m);
    const uint8_t *mask = mw_slice_mask(s, m);

    if (!to) return;
    to += s->first * (size_t)mw_slice_tokens(s, m);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;

        for (size_t j = 0; x && j < x->cols; j++)
            sum += (double)x->v[i * x->cols + j];
        to[i] = x ? (float)(sum / (double)x->cols) : (float)(mask[i] != 0);
    }
}

/* Shares of clip i: the pool's weights, else equal ones. */
static void clip_pool(float *to, const mw_net_graph *g, const mw_slice *s, int m, int i)
{
    const int tokens = mw_slice_tokens(s, m);
    const uint8_t *mask = mw_slice_mask(s, m) + (size_t)i * (size_t)tokens;
    const mw_sequence *q = g->pool_seq[m];
    const mw_real *a = q ? g->pool[m] + (size_t)i * q->capacity : NULL;
    int valid = 0, k = 0;

    for (int j = 0; j < tokens; j++)
        valid += mask[j] != 0;
    for (int j = 0; j < tokens; j++)
        to[j] = !mask[j] ? 0 : a ? (float)a[k++] : 1.0f / (float)valid;
}

/* Side by side, a token counts as often as it was taken. */
static void clip_aligned(float *to, const mw_net_graph *g, const mw_slice *s, int m, int i)
{
    const size_t row = ((size_t)m * (size_t)g->n + (size_t)i) * g->aligned->capacity;
    const int *from = g->aligned_tokens->token + row;
    const int tokens = mw_slice_tokens(s, m), n = g->aligned->count[i];

    for (int j = 0; j < tokens; j++)
        to[j] = 0;
    for (int j = 0; j < n; j++)
        if (from[j] >= 0) to[from[j]] += 1.0f / (float)n;
}

static void copy_pool(float *to, const mw_net_graph *g, const mw_slice *s, int m)
{
    const size_t tokens = (size_t)mw_slice_tokens(s, m);

    for (int i = 0; to && i < s->n; i++) {
        float *row = to + (s->first + (size_t)i) * tokens;

        if (g->aligned)
            clip_aligned(row, g, s, m, i);
        else
            clip_pool(row, g, s, m, i);
    }
}

void mw_net_graph_output(const mw_net *net, const mw_net_graph *g, const mw_slice *s,
                         mw_net_output *out)
{
    const size_t n_out = (size_t)net->c.n_out;

    copy_rows(out->y, g->y, s, n_out);
    for (int m = 0; m < net->c.n_modalities; m++) {
        copy_rows(out->uni[m], g->uni[m], s, n_out);
        copy_score(out->score[m], g->score[m], s, m);
        copy_score(out->rel[m], g->rel[m], s, m);
        copy_pool(out->pool[m], g, s, m);
    }
}
