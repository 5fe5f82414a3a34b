/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass of the image tower (Dosovitskiy et al. 2021, with CLIP's norm before the layers and
 * QuickGELU). A batch is shared out over threads by whole pictures, and each share is cut into
 * chunks of 8, 4, 2 or 1, for each of which the library has its own kernels. Of the last layer only
 * what the class token needs is computed: keys and values of all tokens, the rest of one.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"
#include "feature/vit/net.h"
#include "feature/vit/tower_kernels.h"

/* Matrix products of one chunk; ONE: of the class tokens alone. */
typedef enum op_id {
    OP_PATCH,
    OP_IN,
    OP_OUT,
    OP_FC1,
    OP_FC2,
    OP_LAST_IN,
    OP_ONE_QUERY,
    OP_ONE_OUT,
    OP_ONE_FC1,
    OP_ONE_FC2,
    OP_PROJECT,
    N_OPS
} op_id;

enum { N_SIZES = 4 }; /* chunks of 1, 2, 4, 8 pictures */
_Static_assert(1 << (N_SIZES - 1) == MW_VIT_CHUNK, "sizes up to a chunk");

/* Buffers of one thread, rows of the largest chunk. wide: activations in the type of the weights.
 */
typedef struct lane {
    float *x;    /* [rows][width] the tokens */
    void *y;     /* [rows][width] wide */
    float *qkv;  /* [rows][3 width]; before the layers patches, cut and embedded */
    void *wide;  /* [rows][mlp], or the pictures' patches */
    void *score; /* the library's scratch */
    float *attend;
    mw_status st;
    mw_error err;
} lane;

struct mw_vit {
    const mw_vit_net *net;
    const mw_vit_kernels *k;
    size_t max_batch;
    int n_lanes, n_sizes;
    mw_matmul *op[N_SIZES][N_OPS];
    lane *lane;
    /* of the call in progress */
    const float *pixels;
    float *out;
    size_t n;
    int n_shares;
};

/* ---- making ---- */

static mw_status make_size(mw_vit *v, int size, mw_error *err)
{
    const mw_vit_net *net = v->net;
    const mw_vit_layer *first = net->layer, *last = first + net->info.layers - 1;
    const int one = 1 << size, rows = one * net->info.tokens, wide = net->bf16;
    const struct {
        const mw_packed *like;
        mw_matmul_spec spec;
    } want[N_OPS] = {
        [OP_PATCH] = { net->patch, { .m = rows - one } },
        [OP_IN] = { first == last ? NULL : first->in, { .m = rows } },
        [OP_OUT] = { last->out, { .m = rows, .add = 1 } },
        [OP_FC1] = { last->fc1, { .m = rows, .gelu = 1, .y_bf16 = wide } },
        [OP_FC2] = { last->fc2, { .m = rows, .add = 1 } },
        [OP_LAST_IN] = { last->in, { .m = rows } },
        [OP_ONE_QUERY] = { last->query, { .m = one } },
        [OP_ONE_OUT] = { last->out, { .m = one, .add = 1 } },
        [OP_ONE_FC1] = { last->fc1, { .m = one, .gelu = 1, .y_bf16 = wide } },
        [OP_ONE_FC2] = { last->fc2, { .m = one, .add = 1 } },
        [OP_PROJECT] = { net->proj, { .m = one } },
    };
    mw_status st = MW_OK;

    for (int i = 0; i < N_OPS && st == MW_OK; i++)
        if (want[i].like) st = mw_matmul_create(&v->op[size][i], want[i].like, &want[i].spec, err);
    return st;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static mw_status make_lane(mw_vit *v, lane *l, mw_error *err)
{
    const mw_vit_info *i = &v->net->info;
    const size_t d = (size_t)i->width, pictures = (size_t)1 << (v->n_sizes - 1);
    const size_t rows = pictures * (size_t)i->tokens, item = v->net->bf16 ? 2 : sizeof(float);
    const size_t patch = 3 * (size_t)i->patch * (size_t)i->patch;
    size_t scratch = 1;

    for (int s = 0; s < v->n_sizes; s++)
        for (int k = 0; k < N_OPS; k++)
            if (v->op[s][k]) scratch = larger(scratch, mw_matmul_scratch(v->op[s][k]));
    l->x = mw_calloc_aligned(rows, d * sizeof *l->x);
    l->y = mw_calloc_aligned(rows, d * item);
    l->qkv = mw_calloc_aligned(rows, larger(3 * d, patch) * sizeof *l->qkv);
    l->wide = mw_calloc_aligned(rows, larger((size_t)i->mlp, patch) * item);
    l->score = mw_calloc_aligned(scratch, 1);
    l->attend =
        mw_calloc_aligned(mw_vit_attend_floats(i->tokens, i->width / i->heads), sizeof *l->attend);
    return l->x && l->y && l->qkv && l->wide && l->score && l->attend ? MW_OK : mw_fail_nomem(err);
}

mw_status mw_vit_create(mw_vit **out, const mw_vit_net *net, size_t max_batch, int n_threads,
                        mw_error *err)
{
    mw_vit *v = NULL;
    mw_status st = MW_OK;

    *out = NULL;
    if (max_batch < 1 || n_threads < 1)
        return mw_fail(err, MW_ERR_ARG, "bad_argument", "a batch of %zu pictures on %d threads",
                       max_batch, n_threads);
    v = mw_calloc(1, sizeof *v);
    if (!v) return mw_fail_nomem(err);
    v->net = net;
    v->k = mw_vit_kernels_at(mw_cpu());
    v->max_batch = max_batch;
    v->n_lanes = (size_t)n_threads > max_batch ? (int)max_batch : n_threads;
    while (v->n_sizes < N_SIZES && (size_t)1 << v->n_sizes <= max_batch && st == MW_OK)
        st = make_size(v, v->n_sizes++, err);
    if (st != MW_OK) goto done;
    v->lane = mw_calloc((size_t)v->n_lanes, sizeof *v->lane);
    if (!v->lane) {
        st = mw_fail_nomem(err);
        goto done;
    }
    for (int i = 0; i < v->n_lanes && st == MW_OK; i++)
        st = make_lane(v, &v->lane[i], err);
    if (st != MW_OK) goto done;
    *out = v;
    v = NULL;
done:
    mw_vit_destroy(&v);
    return st;
}

void mw_vit_destroy(mw_vit **vv)
{
    mw_vit *v = *vv;

    if (!v) return;
    for (int i = 0; v->lane && i < v->n_lanes; i++) {
        lane *l = &v->lane[i];

        mw_free(l->x);
        mw_free(l->y);
        mw_free(l->qkv);
        mw_free(l->wide);
        mw_free(l->score);
        mw_free(l->attend);
    }
    mw_free(v->lane);
    for (int s = 0; s < v->n_sizes; s++)
        for (int i = 0; i < N_OPS; i++)
            mw_matmul_destroy(&v->op[s][i]);
    mw_free(v);
    *vv = NULL;
}

/* ---- running: one chunk of n = 1 << size pictures on one lane ---- */

static int multiply(const mw_vit *v, lane *l, int size, op_id op, const mw_packed *w, const void *x,
                    void *y)
{
    l->st = mw_matmul_run(v->op[size][op], w, x, y, l->score, &l->err);
    return l->st == MW_OK;
}

static void norm_rows(const mw_vit *v, const mw_vit_norm *norm, const float *x, size_t rows,
                      void *y)
{
    const size_t d = (size_t)v->net->info.width, item = v->net->bf16 ? 2 : sizeof(float);

    for (size_t r = 0; r < rows; r++)
        v->k->norm(x + r * d, norm->weight, norm->bias, d, (char *)y + r * d * item, v->net->bf16);
}

/* pixels [n][3][side][side] -> [n][grid][grid][3 patch patch], channels, rows, columns of each. */
static void cut_patches(const mw_vit *v, const float *pixels, size_t n, float *out)
{
    const size_t side = (size_t)v->net->info.side, p = (size_t)v->net->info.patch;

    for (size_t i = 0; i < n; i++, pixels += 3 * side * side)
        for (size_t y = 0; y < side; y += p)
            for (size_t x = 0; x < side; x += p)
                for (size_t c = 0; c < 3; c++)
                    for (size_t r = 0; r < p; r++, out += p)
                        memcpy(out, pixels + (c * side + y + r) * side + x, p * sizeof *out);
}

/* The same rounded to bfloat16: cut as floats into room (of at least a picture), then rounded. */
static void cut_patches_bf16(const mw_vit *v, const float *pixels, size_t n, float *room,
                             uint16_t *out)
{
    const size_t area = 3 * (size_t)v->net->info.side * (size_t)v->net->info.side;
    const size_t even = area / MW_VIT_LANES * MW_VIT_LANES;

    for (size_t i = 0; i < n; i++, out += area) {
        float tail[MW_VIT_LANES] = { 0 };
        uint16_t rounded[MW_VIT_LANES];

        cut_patches(v, pixels + i * area, 1, room);
        v->k->narrow(room, even, out);
        memcpy(tail, room + even, (area - even) * sizeof *tail);
        v->k->narrow(tail, MW_VIT_LANES, rounded);
        memcpy(out + even, rounded, (area - even) * sizeof *rounded);
    }
}

/* Tokens of n pictures in l->x: class and patches with their positions, normalised. */
static int embed(const mw_vit *v, lane *l, int size, const float *pixels)
{
    const mw_vit_net *net = v->net;
    const size_t n = (size_t)1 << size, d = (size_t)net->info.width;
    const size_t tokens = (size_t)net->info.tokens;
    const float *patch = l->qkv;

    if (net->bf16)
        cut_patches_bf16(v, pixels, n, l->qkv, l->wide);
    else
        cut_patches(v, pixels, n, l->wide);
    if (!multiply(v, l, size, OP_PATCH, net->patch, l->wide, l->qkv)) return 0;
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < tokens; t++) {
            float *x = l->x + (i * tokens + t) * d;

            if (t)
                for (size_t k = 0; k < d; k++)
                    x[k] = *patch++ + net->position[t * d + k];
            else
                memcpy(x, net->class_token, d * sizeof *x);
            v->k->norm(x, net->before.weight, net->before.bias, d, x, 0);
        }
    return 1;
}

/* Attention of n_q queries per picture, rows q of stride q_stride, over keys and values at kv;
 * results to l->y, n_q rows per picture. */
static void attend(const mw_vit *v, lane *l, size_t n, const float *q, size_t q_stride, size_t n_q,
                   const float *kv, size_t kv_stride)
{
    const mw_vit_info *info = &v->net->info;
    const size_t d = (size_t)info->width, head = d / (size_t)info->heads;
    const size_t tokens = (size_t)info->tokens, item = v->net->bf16 ? 2 : sizeof(float);

    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; at < d; at += head) {
            const float *keys = kv + i * tokens * kv_stride + at;
            const mw_vit_head h = { .q = q + i * n_q * q_stride + at,
                                    .k = keys,
                                    .v = keys + d,
                                    .q_stride = q_stride,
                                    .kv_stride = kv_stride,
                                    .out_stride = d,
                                    .n_q = (int)n_q,
                                    .n_keys = info->tokens,
                                    .size = (int)head,
                                    .out = (char *)l->y + (i * n_q * d + at) * item,
                                    .bf16 = v->net->bf16,
                                    .scratch = l->attend };

            v->k->attend(&h);
        }
}

static int run_layer(const mw_vit *v, lane *l, int size, const mw_vit_layer *w)
{
    const size_t n = (size_t)1 << size, d = (size_t)v->net->info.width;
    const size_t tokens = (size_t)v->net->info.tokens;

    norm_rows(v, &w->norm1, l->x, n * tokens, l->y);
    if (!multiply(v, l, size, OP_IN, w->in, l->y, l->qkv)) return 0;
    attend(v, l, n, l->qkv, 3 * d, tokens, l->qkv + d, 3 * d);
    if (!multiply(v, l, size, OP_OUT, w->out, l->y, l->x)) return 0;
    norm_rows(v, &w->norm2, l->x, n * tokens, l->y);
    return multiply(v, l, size, OP_FC1, w->fc1, l->y, l->wide) &&
           multiply(v, l, size, OP_FC2, w->fc2, l->wide, l->x);
}

/* The last layer and what follows, for the class tokens: embeddings to out [n][columns]. */
static int finish(const mw_vit *v, lane *l, int size, float *out)
{
    const mw_vit_net *net = v->net;
    const mw_vit_layer *w = &net->layer[net->info.layers - 1];
    const size_t n = (size_t)1 << size, d = (size_t)net->info.width;
    const size_t tokens = (size_t)net->info.tokens, item = net->bf16 ? 2 : sizeof(float);
    float *q = l->qkv + n * tokens * 2 * d;
    char *y = l->y;

    norm_rows(v, &w->norm1, l->x, n * tokens, l->y);
    if (!multiply(v, l, size, OP_LAST_IN, w->in, l->y, l->qkv)) return 0;
    /* class tokens, and their normalised rows, to the front */
    for (size_t i = 1; i < n; i++) {
        memcpy(l->x + i * d, l->x + i * tokens * d, d * sizeof *l->x);
        memcpy(y + i * d * item, y + i * tokens * d * item, d * item);
    }
    if (!multiply(v, l, size, OP_ONE_QUERY, w->query, l->y, q)) return 0;
    attend(v, l, n, q, d, 1, l->qkv, 2 * d);
    if (!multiply(v, l, size, OP_ONE_OUT, w->out, l->y, l->x)) return 0;
    norm_rows(v, &w->norm2, l->x, n, l->y);
    if (!multiply(v, l, size, OP_ONE_FC1, w->fc1, l->y, l->wide) ||
        !multiply(v, l, size, OP_ONE_FC2, w->fc2, l->wide, l->x))
        return 0;
    norm_rows(v, &net->after, l->x, n, l->y);
    return multiply(v, l, size, OP_PROJECT, net->proj, l->y, out);
}

static int run_chunk(const mw_vit *v, lane *l, int size, const float *pixels, float *out)
{
    if (!embed(v, l, size, pixels)) return 0;
    for (int i = 0; i < v->net->info.layers - 1; i++)
        if (!run_layer(v, l, size, &v->net->layer[i])) return 0;
    return finish(v, l, size, out);
}

/* Pictures of one share, the largest chunks first. */
static int run_share(void *user, int worker, size_t share)
{
    const mw_vit *v = user;
    const mw_vit_info *info = &v->net->info;
    const size_t area = 3 * (size_t)info->side * (size_t)info->side;
    const size_t shares = (size_t)v->n_shares, end = (share + 1) * v->n / shares;
    lane *l = &v->lane[worker];
    int size = v->n_sizes - 1;

    for (size_t at = share * v->n / shares; at < end; at += (size_t)1 << size) {
        while ((size_t)1 << size > end - at)
            size--;
        if (!run_chunk(v, l, size, v->pixels + at * area, v->out + at * (size_t)info->columns))
            return 1;
    }
    return 0;
}

mw_status mw_vit_run(mw_vit *v, const float *pixels, size_t n, float *out, mw_error *err)
{
    mw_status st = MW_OK;

    if (n > v->max_batch)
        return mw_fail(err, MW_ERR_ARG, "bad_argument",
                       "a batch of %zu pictures, made for up to %zu", n, v->max_batch);
    if (!n) return MW_OK;
    v->pixels = pixels;
    v->out = out;
    v->n = n;
    v->n_shares = (size_t)v->n_lanes > n ? (int)n : v->n_lanes;
    for (int i = 0; i < v->n_lanes; i++)
        v->lane[i].st = MW_OK;
    if (v->n_shares == 1)
        run_share(v, 0, 0);
    else
        st = mw_pool_run((size_t)v->n_shares, v->n_shares, run_share, v, err);
    for (int i = 0; i < v->n_lanes && st == MW_OK; i++) {
        st = v->lane[i].st;
        if (st != MW_OK && err) *err = v->lane[i].err;
    }
    return st;
}
