/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass of the image tower (Dosovitskiy et al. 2021, with CLIP's norm before the layers and
 * QuickGELU). A batch is shared out over threads by whole pictures, and each share is cut into
 * chunks of 8, 4, 2 or 1, for each of which the library has its own kernels. Of the last layer only
 * what the class token needs is computed: keys and values of all tokens, the rest of one.
 *
 * With 8-bit weights each row that enters a product is first given a range of its own and 256
 * steps, in l->wide and l->range; the sums that come out become numbers again, in a second pass,
 * which carries addition and QuickGELU out, too. The projection is nn/gemm.h's, in float32: so
 * nothing is left whose bits depend on threads, on what else is in a batch, or on the library.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"
#include "feature/vit/net.h"
#include "feature/vit/tower_kernels.h"
#include "nn/gemm.h"

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

/* What follows a product. */
static const mw_vit_after after[N_OPS] = {
    [OP_OUT] = MW_VIT_ADD,     [OP_FC1] = MW_VIT_GELU,     [OP_FC2] = MW_VIT_ADD,
    [OP_ONE_OUT] = MW_VIT_ADD, [OP_ONE_FC1] = MW_VIT_GELU, [OP_ONE_FC2] = MW_VIT_ADD
};

enum { N_SIZES = 4 }; /* chunks of 1, 2, 4, 8 pictures */
_Static_assert(1 << (N_SIZES - 1) == MW_VIT_CHUNK, "sizes up to a chunk");

/* Buffers of one thread, rows of the largest chunk. wide: activations in the type of the weights.
 */
typedef struct lane {
    float *x;    /* [rows][width] the tokens */
    void *y;     /* [rows][width] wide; with 8 bits float32, what attention gives */
    float *qkv;  /* [rows][3 width]; before the layers patches, cut and embedded; 8-bit sums */
    void *wide;  /* [rows][mlp], or the pictures' patches; with 8 bits all that enters products */
    void *score; /* the library's scratch */
    float *attend;
    mw_vit_range *range; /* [rows] 8 bits alone, of the rows in wide */
    float *row;          /* [the longest row] 8 bits alone: one on its way to wide */
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

static int is_bf16(const mw_vit *v)
{
    return v->net->type == MW_MATMUL_BF16;
}

static int is_int8(const mw_vit *v)
{
    return v->net->type == MW_MATMUL_INT8;
}

/* Rows that the products of 1 << size pictures have. */
static size_t rows_of(const mw_vit *v, int size, op_id op)
{
    const size_t n = (size_t)1 << size, tokens = (size_t)v->net->info.tokens;

    if (op == OP_PATCH) return n * (tokens - 1);
    return op < OP_ONE_QUERY ? n * tokens : n;
}

static mw_status make_size(mw_vit *v, int size, mw_error *err)
{
    const mw_vit_net *net = v->net;
    const mw_vit_layer *first = net->layer, *last = first + net->info.layers - 1;
    const mw_packed *like[N_OPS] = {
        [OP_PATCH] = net->patch,      [OP_IN] = first == last ? NULL : first->in,
        [OP_OUT] = last->out,         [OP_FC1] = last->fc1,
        [OP_FC2] = last->fc2,         [OP_LAST_IN] = last->in,
        [OP_ONE_QUERY] = last->query, [OP_ONE_OUT] = last->out,
        [OP_ONE_FC1] = last->fc1,     [OP_ONE_FC2] = last->fc2,
        [OP_PROJECT] = net->proj,
    };
    mw_status st = MW_OK;

    for (int i = 0; i < N_OPS && st == MW_OK; i++) {
        const int gelu = !is_int8(v) && after[i] == MW_VIT_GELU;
        const mw_matmul_spec spec = { .m = (int)rows_of(v, size, (op_id)i),
                                      .add = !is_int8(v) && after[i] == MW_VIT_ADD,
                                      .gelu = gelu,
                                      .y_bf16 = gelu && is_bf16(v) };

        if (like[i]) st = mw_matmul_create(&v->op[size][i], like[i], &spec, err);
    }
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
    const size_t rows = pictures * (size_t)i->tokens, mlp = (size_t)i->mlp;
    const size_t patch = 3 * (size_t)i->patch * (size_t)i->patch;
    const size_t item = is_bf16(v) ? 2 : sizeof(float), longest = larger(larger(d, mlp), patch);
    size_t scratch = 1;

    for (int s = 0; s < v->n_sizes; s++)
        for (int k = 0; k < N_OPS; k++)
            if (v->op[s][k]) scratch = larger(scratch, mw_matmul_scratch(v->op[s][k]));
    l->x = mw_calloc_aligned(rows, d * sizeof *l->x);
    l->y = mw_calloc_aligned(rows, d * item);
    l->qkv = mw_calloc_aligned(rows,
                               larger(larger(3 * d, patch), is_int8(v) ? mlp : 0) * sizeof *l->qkv);
    l->wide = mw_calloc_aligned(rows, is_int8(v) ? longest : larger(mlp, patch) * item);
    l->score = mw_calloc_aligned(scratch, 1);
    l->attend =
        mw_calloc_aligned(mw_vit_attend_floats(i->tokens, i->width / i->heads), sizeof *l->attend);
    if (!l->x || !l->y || !l->qkv || !l->wide || !l->score || !l->attend) return mw_fail_nomem(err);
    if (!is_int8(v)) return MW_OK;
    l->range = mw_calloc(rows, sizeof *l->range);
    l->row = mw_calloc_aligned(longest, sizeof *l->row);
    return l->range && l->row ? MW_OK : mw_fail_nomem(err);
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
        mw_free(l->range);
        mw_free(l->row);
    }
    mw_free(v->lane);
    for (int s = 0; s < v->n_sizes; s++)
        for (int i = 0; i < N_OPS; i++)
            mw_matmul_destroy(&v->op[s][i]);
    mw_free(v);
    *vv = NULL;
}

/* ---- running: one chunk of n = 1 << size pictures on one lane ---- */

/* Row r of what enters the next product, n values: 8 bits and their range. */
static void quantise(const mw_vit *v, lane *l, const float *x, size_t r, size_t n)
{
    l->range[r] = v->k->quantise(x, n, (uint8_t *)l->wide + r * n);
}

/* Sums of op to numbers, or to 8 bits again where QuickGELU follows. */
static void finish_rows(const mw_vit *v, lane *l, size_t rows, op_id op, const mw_packed *w,
                        const int32_t *sum, float *y)
{
    const mw_packed_steps w8 = mw_packed_int8(w);
    const size_t n = (size_t)w8.n;

    for (size_t r = 0; r < rows; r++) {
        const mw_vit_sums s = { sum + r * n, w8.scale, w8.sum, w8.bias, n, l->range[r] };
        const int again = after[op] == MW_VIT_GELU;

        v->k->finish(&s, after[op], again ? l->row : y + r * n);
        if (again) quantise(v, l, l->row, r, n);
    }
}

/* The rows in l->wide times w: to y, or back to l->wide. y: in l->qkv, unless it is added to. */
static int multiply_int8(const mw_vit *v, lane *l, int size, op_id op, const mw_packed *w, void *y)
{
    void *sum = after[op] == MW_VIT_WRITE ? y : l->qkv;

    l->st = mw_matmul_run(v->op[size][op], w, l->wide, sum, l->score, &l->err);
    if (l->st == MW_OK) finish_rows(v, l, rows_of(v, size, op), op, w, sum, y);
    return l->st == MW_OK;
}

/* x, y: not looked at where they are l->wide anyway. */
static int multiply(const mw_vit *v, lane *l, int size, op_id op, const mw_packed *w, const void *x,
                    void *y)
{
    if (is_int8(v)) return multiply_int8(v, l, size, op, w, y);
    l->st = mw_matmul_run(v->op[size][op], w, x, y, l->score, &l->err);
    return l->st == MW_OK;
}

/* Rows of l->x, normalised, to l->y or to 8 bits. */
static void norm_rows(const mw_vit *v, lane *l, const mw_vit_norm *norm, size_t rows, int int8)
{
    const size_t d = (size_t)v->net->info.width, item = is_bf16(v) ? 2 : sizeof(float);

    for (size_t r = 0; r < rows; r++) {
        char *y = int8 ? (char *)l->row : (char *)l->y + r * d * item;

        v->k->norm(l->x + r * d, norm->weight, norm->bias, d, y, is_bf16(v));
        if (int8) quantise(v, l, l->row, r, d);
    }
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

/* The same with 8 bits per value, into l->wide. */
static void cut_patches_int8(const mw_vit *v, lane *l, const float *pixels, size_t n)
{
    const size_t area = 3 * (size_t)v->net->info.side * (size_t)v->net->info.side;
    const size_t patches = (size_t)v->net->info.tokens - 1, size = area / patches;

    for (size_t i = 0; i < n; i++) {
        cut_patches(v, pixels + i * area, 1, l->qkv);
        for (size_t p = 0; p < patches; p++)
            quantise(v, l, l->qkv + p * size, i * patches + p, size);
    }
}

/* Tokens of n pictures in l->x: class and patches with their positions, normalised. */
static int embed(const mw_vit *v, lane *l, int size, const float *pixels)
{
    const mw_vit_net *net = v->net;
    const size_t n = (size_t)1 << size, d = (size_t)net->info.width;
    const size_t tokens = (size_t)net->info.tokens;
    const float *patch = l->qkv;

    if (is_int8(v))
        cut_patches_int8(v, l, pixels, n);
    else if (is_bf16(v))
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
 * results to l->y, n_q rows per picture, and where the next product takes them from. */
static void attend(const mw_vit *v, lane *l, size_t n, const float *q, size_t q_stride, size_t n_q,
                   const float *kv, size_t kv_stride)
{
    const mw_vit_info *info = &v->net->info;
    const size_t d = (size_t)info->width, head = d / (size_t)info->heads;
    const size_t tokens = (size_t)info->tokens, item = is_bf16(v) ? 2 : sizeof(float);

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
                                    .bf16 = is_bf16(v),
                                    .scratch = l->attend };

            v->k->attend(&h);
        }
    for (size_t r = 0; is_int8(v) && r < n * n_q; r++)
        quantise(v, l, (float *)l->y + r * d, r, d);
}

static int run_layer(const mw_vit *v, lane *l, int size, const mw_vit_layer *w)
{
    const size_t n = (size_t)1 << size, d = (size_t)v->net->info.width;
    const size_t tokens = (size_t)v->net->info.tokens;

    norm_rows(v, l, &w->norm1, n * tokens, is_int8(v));
    if (!multiply(v, l, size, OP_IN, w->in, l->y, l->qkv)) return 0;
    attend(v, l, n, l->qkv, 3 * d, tokens, l->qkv + d, 3 * d);
    if (!multiply(v, l, size, OP_OUT, w->out, l->y, l->x)) return 0;
    norm_rows(v, l, &w->norm2, n * tokens, is_int8(v));
    return multiply(v, l, size, OP_FC1, w->fc1, l->y, l->wide) &&
           multiply(v, l, size, OP_FC2, w->fc2, l->wide, l->x);
}

/* Class tokens, and their normalised rows, to the front. */
static void class_tokens_first(const mw_vit *v, lane *l, size_t n)
{
    const size_t d = (size_t)v->net->info.width, tokens = (size_t)v->net->info.tokens;
    const size_t bytes = d * (is_int8(v) ? 1 : is_bf16(v) ? 2 : sizeof(float));
    char *y = is_int8(v) ? l->wide : l->y;

    for (size_t i = 1; i < n; i++) {
        memcpy(l->x + i * d, l->x + i * tokens * d, d * sizeof *l->x);
        memcpy(y + i * bytes, y + i * tokens * bytes, bytes);
        if (is_int8(v)) l->range[i] = l->range[i * tokens];
    }
}

/* In float32 and in fixed order: for one row per picture 8 bits would save nothing. */
static void project(const mw_vit_net *net, const float *y, size_t n, float *out)
{
    const size_t d = (size_t)net->info.width, columns = (size_t)net->info.columns;
    const mw_gemm_shape s = { n, columns, d, d, 1, columns, columns, 0 };

    mw_gemm(&s, y, net->proj_rows, out);
}

/* The last layer and what follows, for the class tokens: embeddings to out [n][columns]. */
static int finish(const mw_vit *v, lane *l, int size, float *out)
{
    const mw_vit_net *net = v->net;
    const mw_vit_layer *w = &net->layer[net->info.layers - 1];
    const size_t n = (size_t)1 << size, d = (size_t)net->info.width;
    const size_t tokens = (size_t)net->info.tokens;
    float *q = l->qkv + n * tokens * 2 * d;

    norm_rows(v, l, &w->norm1, n * tokens, is_int8(v));
    if (!multiply(v, l, size, OP_LAST_IN, w->in, l->y, l->qkv)) return 0;
    class_tokens_first(v, l, n);
    if (!multiply(v, l, size, OP_ONE_QUERY, w->query, l->y, q)) return 0;
    attend(v, l, n, q, d, 1, l->qkv, 2 * d);
    if (!multiply(v, l, size, OP_ONE_OUT, w->out, l->y, l->x)) return 0;
    norm_rows(v, l, &w->norm2, n, is_int8(v));
    if (!multiply(v, l, size, OP_ONE_FC1, w->fc1, l->y, l->wide) ||
        !multiply(v, l, size, OP_ONE_FC2, w->fc2, l->wide, l->x))
        return 0;
    norm_rows(v, l, &net->after, n, 0);
    if (!is_int8(v)) return multiply(v, l, size, OP_PROJECT, net->proj, l->y, out);
    project(net, l->y, n, out);
    return 1;
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
