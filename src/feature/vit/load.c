/* SPDX-License-Identifier: Apache-2.0
 *
 * The image tower of a CLIP weight file. Sizes follow from a few tensors; then every tensor must
 * have exactly the shape that follows from them. Text tower and other tensors are left alone.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/mem.h"
#include "feature/vit/net.h"
#include "feature/vit/tower_kernels.h"
#include "nn/weights.h"

enum {
    HEAD = 64,
    MAX_SIDE = 4096,
    MAX_WIDTH = 1 << 14,
    MAX_MLP = 1 << 16,
    MAX_LAYERS = 256,
    MAX_TOKENS = 1 << 14,
    NAME_BYTES = 96
};

typedef enum tensor_id {
    CLASS,
    PATCH,
    POSITION,
    BEFORE, /* a norm: .weight and .bias follow */
    AFTER,
    PROJECTION,
    /* per layer; linear ones with .weight or .bias following */
    NORM1,
    NORM2,
    OUT,
    FC1,
    FC2
} tensor_id;

/* %d: the layer. */
typedef struct layout {
    const char *name, *layer;
    const char *tensor[FC2 + 1];
} layout;

static const layout layouts[] = {
    { "Hugging Face",
      "vision_model.encoder.layers.%d.",
      { "vision_model.embeddings.class_embedding", "vision_model.embeddings.patch_embedding.weight",
        "vision_model.embeddings.position_embedding.weight", "vision_model.pre_layrnorm",
        "vision_model.post_layernorm", "visual_projection.weight", "layer_norm1", "layer_norm2",
        "self_attn.out_proj", "mlp.fc1", "mlp.fc2" } },
    { "OpenAI",
      "visual.transformer.resblocks.%d.",
      { "visual.class_embedding", "visual.conv1.weight", "visual.positional_embedding",
        "visual.ln_pre", "visual.ln_post", "visual.proj", "ln_1", "ln_2", "attn.out_proj",
        "mlp.c_fc", "mlp.c_proj" } },
};

enum { HUGGING_FACE, OPENAI };

/* A file being read: its layout, what is known of its sizes, and room for one matrix. */
typedef struct loader {
    const mw_weights *w;
    const layout *l;
    mw_vit_info info;
    mw_matmul_type type;
    float *matrix, *bias; /* largest matrix; longest bias */
} loader;

/* ---- names and sizes ---- */

static void name_of(char out[NAME_BYTES], const loader *f, int layer, const char *part,
                    const char *leaf)
{
    char stem[NAME_BYTES];

    stem[0] = 0;
    if (layer >= 0) {
        const char *digits = strchr(f->l->layer, '%');

        snprintf(stem, sizeof stem, "%.*s%d%s", (int)(digits - f->l->layer), f->l->layer, layer,
                 digits + 2);
    }
    snprintf(out, NAME_BYTES, "%s%s%s", stem, part, leaf);
}

/* The tensor, with so many dimensions. */
static mw_status look(const mw_tensor **out, const loader *f, const char *name, int n_dims,
                      mw_error *err)
{
    const mw_tensor *t = mw_weights_find(f->w, name);

    if (!t)
        return mw_fail(err, MW_ERR_FORMAT, "no_tensor", "'%s': there is no tensor '%s'",
                       mw_weights_path(f->w), name);
    if (t->n_dims != n_dims)
        return mw_fail(err, MW_ERR_FORMAT, "bad_shape",
                       "'%s': tensor '%s' has %d dimensions, not %d", mw_weights_path(f->w), name,
                       t->n_dims, n_dims);
    *out = t;
    return MW_OK;
}

/* A side of a tensor that must lie in [1, most] and be a multiple. */
static mw_status side_of(int *out, const loader *f, const mw_tensor *t, int dim, int most,
                         int multiple, mw_error *err)
{
    const size_t n = t->shape[dim];

    if (n < 1 || n > (size_t)most || n % (size_t)multiple)
        return mw_fail(err, MW_ERR_FORMAT, "bad_shape",
                       "'%s': tensor '%s' has %zu in dimension %d; a tower has a multiple of %d up "
                       "to %d there",
                       mw_weights_path(f->w), t->name, n, dim, multiple, most);
    *out = (int)n;
    return MW_OK;
}

static mw_status pick_layout(loader *f, mw_error *err)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (mw_weights_find(f->w, layouts[i].tensor[CLASS])) {
            f->l = &layouts[i];
            return MW_OK;
        }
    return mw_fail(err, MW_ERR_FORMAT, "no_tensor",
                   "'%s' holds no image tower of CLIP: neither '%s' nor '%s' is there",
                   mw_weights_path(f->w), layouts[HUGGING_FACE].tensor[CLASS],
                   layouts[OPENAI].tensor[CLASS]);
}

/* Side and tokens from the patch and the rows of positions. */
static mw_status grid_of(loader *f, mw_error *err)
{
    mw_vit_info *i = &f->info;
    const mw_tensor *patch = NULL, *position = NULL;
    int grid = 1;
    mw_status st = look(&patch, f, f->l->tensor[PATCH], 4, err);

    if (st == MW_OK) st = look(&position, f, f->l->tensor[POSITION], 2, err);
    if (st == MW_OK) st = side_of(&i->width, f, patch, 0, MAX_WIDTH, MW_VIT_LANES, err);
    if (st == MW_OK) st = side_of(&i->patch, f, patch, 3, MAX_SIDE, 1, err);
    if (st == MW_OK) st = side_of(&i->tokens, f, position, 0, MAX_TOKENS, 1, err);
    if (st != MW_OK) return st;
    while ((grid + 1) * (grid + 1) < i->tokens)
        grid++;
    if (grid * grid + 1 != i->tokens || grid * i->patch > MAX_SIDE)
        return mw_fail(err, MW_ERR_FORMAT, "bad_shape",
                       "'%s': tensor '%s' has %d rows; with patches of %d pixels that is no square "
                       "picture of up to %d pixels and one token more",
                       mw_weights_path(f->w), position->name, i->tokens, i->patch, MAX_SIDE);
    i->side = grid * i->patch;
    return MW_OK;
}

static mw_status count_layers(loader *f, mw_error *err)
{
    char name[NAME_BYTES];
    int n = 0;

    for (;; n++) {
        name_of(name, f, n, f->l->tensor[NORM1], ".weight");
        if (!mw_weights_find(f->w, name)) break;
        if (n == MAX_LAYERS)
            return mw_fail(err, MW_ERR_FORMAT, "bad_shape", "'%s' has more than %d layers",
                           mw_weights_path(f->w), MAX_LAYERS);
    }
    f->info.layers = n;
    if (n) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "no_tensor", "'%s': there is no tensor '%s'",
                   mw_weights_path(f->w), name);
}

static size_t count_parameters(const mw_vit_info *i)
{
    const size_t d = (size_t)i->width, mlp = (size_t)i->mlp, p = (size_t)i->patch;
    const size_t layer = 4 * d + 4 * (d * d + d) + 2 * d * mlp + mlp + d;

    return d + 3 * p * p * d + (size_t)i->tokens * d + 4 * d + (size_t)i->layers * layer +
           d * (size_t)i->columns;
}

static mw_status sizes_of(loader *f, int heads, mw_error *err)
{
    mw_vit_info *i = &f->info;
    const mw_tensor *fc1 = NULL, *projection = NULL;
    char name[NAME_BYTES];
    mw_status st = pick_layout(f, err);

    if (st == MW_OK) st = grid_of(f, err);
    if (st == MW_OK) st = count_layers(f, err);
    if (st != MW_OK) return st;
    name_of(name, f, 0, f->l->tensor[FC1], ".weight");
    st = look(&fc1, f, name, 2, err);
    if (st == MW_OK) st = look(&projection, f, f->l->tensor[PROJECTION], 2, err);
    if (st == MW_OK) st = side_of(&i->mlp, f, fc1, 0, MAX_MLP, 1, err);
    if (st == MW_OK)
        st = side_of(&i->columns, f, projection, f->l == &layouts[OPENAI], MAX_WIDTH, 1, err);
    if (st != MW_OK) return st;
    i->heads = heads ? heads : i->width / HEAD;
    if (!i->heads || i->width % i->heads || i->width / i->heads % MW_VIT_LANES ||
        (!heads && i->width % HEAD))
        return mw_fail(err, MW_ERR_FORMAT, "bad_shape",
                       "'%s': a width of %d is not made of heads of %d values",
                       mw_weights_path(f->w), i->width, heads ? MW_VIT_LANES : HEAD);
    i->n_parameters = count_parameters(i);
    return MW_OK;
}

/* ---- tensors ---- */

static mw_status read_2(const loader *f, const char *name, int rows, int columns, float *out,
                        mw_error *err)
{
    const size_t shape[] = { (size_t)rows, (size_t)columns };

    return mw_weights_read(f->w, name, shape, 2, out, err);
}

static mw_status read_1(const loader *f, const char *name, int n, float *out, mw_error *err)
{
    const size_t shape[] = { (size_t)n };

    return mw_weights_read(f->w, name, shape, 1, out, err);
}

static mw_status read_norm(mw_vit_norm *out, const loader *f, int layer, tensor_id id,
                           mw_error *err)
{
    const int d = f->info.width;
    char name[NAME_BYTES];
    mw_status st;

    out->weight = mw_calloc_aligned(2 * (size_t)d, sizeof *out->weight);
    if (!out->weight) return mw_fail_nomem(err);
    out->bias = out->weight + d;
    name_of(name, f, layer, f->l->tensor[id], ".weight");
    st = read_1(f, name, d, out->weight, err);
    name_of(name, f, layer, f->l->tensor[id], ".bias");
    return st == MW_OK ? read_1(f, name, d, out->bias, err) : st;
}

static mw_status pack(mw_packed **out, const loader *f, const float *matrix, const float *bias,
                      int n, int k, mw_error *err)
{
    return mw_packed_create(out, matrix, bias, n, k, f->type, MW_VIT_CHUNK * f->info.tokens, err);
}

/* Before 8 bits: a channel that a norm makes large would take the range of its row, and one whose
 * weights are large that of its outputs. Half of the difference is moved from one to the other
 * (SmoothQuant, Xiao et al. 2023, with the norm's gain for measured activations), by powers of two,
 * so that products stay what they are. matrix [n][width] takes in what norm gives. */
static void balance(mw_vit_norm *norm, const loader *f, int n)
{
    const size_t d = (size_t)f->info.width;

    if (f->type != MW_MATMUL_INT8) return;
    for (size_t k = 0; k < d; k++) {
        const double gain = (double)norm->weight[k], shift = (double)norm->bias[k];
        const float reach = (float)sqrt(gain * gain + shift * shift);
        float most = 0, scale;
        int e = 0;

        for (size_t j = 0; j < (size_t)n; j++)
            most = fmaxf(most, fabsf(f->matrix[j * d + k]));
        if (!(reach > 0x1p-60f && reach < 0x1p60f && most > 0x1p-60f && most < 0x1p60f)) continue;
        frexpf(reach / most, &e);
        scale = ldexpf(1, e / 2);
        norm->weight[k] /= scale;
        norm->bias[k] /= scale;
        for (size_t j = 0; j < (size_t)n; j++)
            f->matrix[j * d + k] *= scale;
    }
}

/* norm: what gives the input, or NULL. */
static mw_status read_linear(mw_packed **out, const loader *f, int layer, tensor_id id, int n,
                             int k, mw_vit_norm *norm, mw_error *err)
{
    char name[NAME_BYTES];
    mw_status st;

    name_of(name, f, layer, f->l->tensor[id], ".weight");
    st = read_2(f, name, n, k, f->matrix, err);
    name_of(name, f, layer, f->l->tensor[id], ".bias");
    if (st == MW_OK) st = read_1(f, name, n, f->bias, err);
    if (st == MW_OK && norm) balance(norm, f, n);
    return st == MW_OK ? pack(out, f, f->matrix, f->bias, n, k, err) : st;
}

/* Rows and biases of queries, keys and values, one after the other. */
static mw_status read_three(const loader *f, int layer, mw_error *err)
{
    static const char *const part[] = { "self_attn.q_proj", "self_attn.k_proj",
                                        "self_attn.v_proj" };
    const int d = f->info.width;
    char name[NAME_BYTES];
    mw_status st = MW_OK;

    if (f->l == &layouts[OPENAI]) {
        name_of(name, f, layer, "attn.in_proj_", "weight");
        st = read_2(f, name, 3 * d, d, f->matrix, err);
        name_of(name, f, layer, "attn.in_proj_", "bias");
        return st == MW_OK ? read_1(f, name, 3 * d, f->bias, err) : st;
    }
    for (int i = 0; i < 3 && st == MW_OK; i++) {
        name_of(name, f, layer, part[i], ".weight");
        st = read_2(f, name, d, d, f->matrix + (size_t)i * (size_t)d * (size_t)d, err);
        name_of(name, f, layer, part[i], ".bias");
        if (st == MW_OK) st = read_1(f, name, d, f->bias + (ptrdiff_t)i * d, err);
    }
    return st;
}

static mw_status read_attention(mw_vit_layer *l, const loader *f, int layer, mw_error *err)
{
    const int d = f->info.width;
    const size_t n = (size_t)d * (size_t)d;
    const float scale = (float)(1 / sqrt((double)d / f->info.heads));
    mw_status st = read_three(f, layer, err);

    if (st != MW_OK) return st;
    for (size_t i = 0; i < n; i++)
        f->matrix[i] *= scale;
    for (int i = 0; i < d; i++)
        f->bias[i] *= scale;
    balance(&l->norm1, f, 3 * d);
    if (layer < f->info.layers - 1) {
        st = pack(&l->in, f, f->matrix, f->bias, 3 * d, d, err);
    } else {
        st = pack(&l->query, f, f->matrix, f->bias, d, d, err);
        if (st == MW_OK) st = pack(&l->in, f, f->matrix + n, f->bias + d, 2 * d, d, err);
    }
    return st == MW_OK ? read_linear(&l->out, f, layer, OUT, d, d, NULL, err) : st;
}

static mw_status read_layer(mw_vit_layer *l, const loader *f, int layer, mw_error *err)
{
    const int d = f->info.width, mlp = f->info.mlp;
    mw_status st = read_norm(&l->norm1, f, layer, NORM1, err);

    if (st == MW_OK) st = read_attention(l, f, layer, err);
    if (st == MW_OK) st = read_norm(&l->norm2, f, layer, NORM2, err);
    if (st == MW_OK) st = read_linear(&l->fc1, f, layer, FC1, mlp, d, &l->norm2, err);
    if (st == MW_OK) st = read_linear(&l->fc2, f, layer, FC2, d, mlp, NULL, err);
    return st;
}

static mw_status read_embedding(mw_vit_net *net, const loader *f, mw_error *err)
{
    const int d = f->info.width, p = f->info.patch, tokens = f->info.tokens;
    const size_t shape[] = { (size_t)d, 3, (size_t)p, (size_t)p };
    mw_status st;

    net->class_token = mw_calloc_aligned((size_t)d, sizeof *net->class_token);
    net->position = mw_calloc_aligned((size_t)tokens * (size_t)d, sizeof *net->position);
    if (!net->class_token || !net->position) return mw_fail_nomem(err);
    st = mw_weights_read(f->w, f->l->tensor[PATCH], shape, 4, f->matrix, err);
    if (st == MW_OK) st = pack(&net->patch, f, f->matrix, NULL, d, 3 * p * p, err);
    if (st == MW_OK) st = read_1(f, f->l->tensor[CLASS], d, net->class_token, err);
    if (st == MW_OK) st = read_2(f, f->l->tensor[POSITION], tokens, d, net->position, err);
    if (st != MW_OK) return st;
    for (int i = 0; i < d; i++)
        net->class_token[i] += net->position[i];
    return MW_OK;
}

/* x [rows][columns] -> out [columns][rows]. */
static void turn(float *out, const float *x, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < columns; k++)
            out[k * rows + i] = x[i * columns + k];
}

/* Hugging Face's is [columns][width], OpenAI's [width][columns]. oneDNN wants the first, the
 * product that follows 8-bit layers the second. */
static mw_status read_projection(mw_vit_net *net, const loader *f, mw_error *err)
{
    const int d = f->info.width, n = f->info.columns, hf = f->l == &layouts[HUGGING_FACE];
    const int int8 = f->type == MW_MATMUL_INT8;
    float *out = mw_calloc_aligned((size_t)n * (size_t)d, sizeof *out);
    mw_status st = out ? MW_OK : mw_fail_nomem(err);

    if (st == MW_OK)
        st = read_2(f, f->l->tensor[PROJECTION], hf ? n : d, hf ? d : n, f->matrix, err);
    if (st == MW_OK && hf == int8)
        turn(out, f->matrix, (size_t)(hf ? n : d), (size_t)(hf ? d : n));
    else if (st == MW_OK)
        memcpy(out, f->matrix, (size_t)n * (size_t)d * sizeof *out);
    if (st == MW_OK && !int8) st = pack(&net->proj, f, out, NULL, n, d, err);
    if (st == MW_OK && int8) {
        net->proj_rows = out;
        out = NULL;
    }
    mw_free(out);
    return st;
}

static mw_status read_all(mw_vit_net *net, const loader *f, mw_error *err)
{
    mw_status st;

    net->layer = mw_calloc((size_t)f->info.layers, sizeof *net->layer);
    if (!net->layer) return mw_fail_nomem(err);
    st = read_embedding(net, f, err);
    if (st == MW_OK) st = read_norm(&net->before, f, -1, BEFORE, err);
    for (int i = 0; i < f->info.layers && st == MW_OK; i++)
        st = read_layer(&net->layer[i], f, i, err);
    if (st == MW_OK) st = read_norm(&net->after, f, -1, AFTER, err);
    return st == MW_OK ? read_projection(net, f, err) : st;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Sizes are below 2^16 each, so products of two fit; mw_calloc caps them. */
static mw_status make_room(loader *f, mw_error *err)
{
    const size_t d = (size_t)f->info.width, p = (size_t)f->info.patch, mlp = (size_t)f->info.mlp;
    const size_t n =
        larger(larger(3 * d * d, mlp * d), larger(3 * p * p * d, d * (size_t)f->info.columns));

    f->matrix = mw_calloc(n, sizeof *f->matrix);
    f->bias = mw_calloc(larger(3 * d, mlp), sizeof *f->bias);
    return f->matrix && f->bias ? MW_OK : mw_fail_nomem(err);
}

static mw_status type_of(mw_matmul_type *out, mw_vit_precision precision, mw_error *err)
{
    static const mw_matmul_type type[] = {
        [MW_VIT_F32] = MW_MATMUL_F32, [MW_VIT_BF16] = MW_MATMUL_BF16, [MW_VIT_INT8] = MW_MATMUL_INT8
    };

    *out = type[precision];
    if (precision == MW_VIT_BF16 && !mw_cpu_bf16())
        return mw_fail(err, MW_ERR_RANGE, "no_bf16",
                       "this processor has no bfloat16 products (avx512_bf16); take float32");
    if (precision != MW_VIT_INT8) return MW_OK;
    if (!mw_cpu_int8())
        return mw_fail(err, MW_ERR_RANGE, "no_int8",
                       "this processor has no exact products of 8-bit integers (avx512_vnni, "
                       "avx_vnni); take float32");
    return mw_matmul_check_int8(err);
}

mw_status mw_vit_net_load_heads(mw_vit_net **out, const char *path, mw_vit_precision precision,
                                int heads, mw_error *err)
{
    loader f = { 0 };
    mw_weights *w = NULL;
    mw_vit_net *net = NULL;
    mw_status st;

    *out = NULL;
    st = type_of(&f.type, precision, err);
    if (st == MW_OK) st = mw_weights_open(&w, path, err);
    if (st != MW_OK) goto done;
    f.w = w;
    st = sizes_of(&f, heads, err);
    if (st == MW_OK) st = make_room(&f, err);
    if (st != MW_OK) goto done;
    net = mw_calloc(1, sizeof *net);
    if (!net) {
        st = mw_fail_nomem(err);
        goto done;
    }
    net->info = f.info;
    net->type = f.type;
    st = read_all(net, &f, err);
    if (st != MW_OK) goto done;
    *out = net;
    net = NULL;
done:
    mw_vit_net_destroy(&net);
    mw_weights_close(&w);
    mw_free(f.matrix);
    mw_free(f.bias);
    return st;
}

mw_status mw_vit_net_load(mw_vit_net **out, const char *path, mw_vit_precision precision,
                          mw_error *err)
{
    return mw_vit_net_load_heads(out, path, precision, 0, err);
}

void mw_vit_net_destroy(mw_vit_net **nn)
{
    mw_vit_net *net = *nn;

    if (!net) return;
    for (int i = 0; net->layer && i < net->info.layers; i++) {
        mw_vit_layer *l = &net->layer[i];

        mw_packed_destroy(&l->in);
        mw_packed_destroy(&l->query);
        mw_packed_destroy(&l->out);
        mw_packed_destroy(&l->fc1);
        mw_packed_destroy(&l->fc2);
        mw_free(l->norm1.weight);
        mw_free(l->norm2.weight);
    }
    mw_packed_destroy(&net->patch);
    mw_packed_destroy(&net->proj);
    mw_free(net->proj_rows);
    mw_free(net->layer);
    mw_free(net->class_token);
    mw_free(net->position);
    mw_free(net->before.weight);
    mw_free(net->after.weight);
    mw_free(net);
    *nn = NULL;
}

mw_vit_info mw_vit_net_info(const mw_vit_net *net)
{
    return net->info;
}

mw_status mw_vit_probe(mw_vit_info *out, const char *path, mw_error *err)
{
    mw_weights *w = NULL;
    loader f = { 0 };
    mw_status st = mw_weights_open(&w, path, err);

    if (st != MW_OK) return st;
    f.w = w;
    st = sizes_of(&f, 0, err);
    if (st == MW_OK) *out = f.info;
    mw_weights_close(&w);
    return st;
}
