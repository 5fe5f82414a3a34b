/* SPDX-License-Identifier: Apache-2.0 */
#include "support/random_vit.h"

#include <math.h>

#include "base/rng.h"
#include "nn/weights.h"
#include "support/support.h"

const random_vit_size random_vit_tiny = { 32, 8, 128, 2, 256, 32 };
const random_vit_size random_vit_b32 = { 224, 32, 768, 12, 3072, 512 };

enum { MAX_TENSORS = 1024 };

typedef struct list {
    mw_tensor_out t[MAX_TENSORS];
    char name[MAX_TENSORS][96];
    size_t n;
    uint64_t seed;
} list;

/* Values a u, or 1 + a u. */
static void add(list *l, const char *name, float amplitude, int about_one, int n_dims,
                const size_t *shape)
{
    mw_tensor_out *t = &l->t[l->n];
    mw_rng r = mw_rng_from_key(l->seed);
    size_t n = 1;
    float *x;

    r.ctr[2] = (uint32_t)l->n;
    snprintf(l->name[l->n], sizeof l->name[0], "%s", name);
    t->name = l->name[l->n];
    t->n_dims = n_dims;
    for (int k = 0; k < n_dims; k++)
        n *= t->shape[k] = shape[k];
    x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        const float u = (float)((int32_t)(mw_rng_u32(&r) >> 8) - (1 << 23)) * 0x1p-23f;
        const float v = amplitude * u;

        x[i] = about_one ? 1.0f + v : v;
    }
    t->data = x;
    l->n++;
    assert_true(l->n < MAX_TENSORS);
}

/* Unit gain: variance 1 / fan_in. */
static float gain(int fan_in)
{
    return (float)sqrt(3.0 / fan_in);
}

static void norm(list *l, const char *stem, int width)
{
    char name[96];

    snprintf(name, sizeof name, "%s.weight", stem);
    add(l, name, 0.1f, 1, 1, (const size_t[]){ (size_t)width });
    snprintf(name, sizeof name, "%s.bias", stem);
    add(l, name, 0.1f, 0, 1, (const size_t[]){ (size_t)width });
}

static void linear(list *l, const char *stem, int out, int in)
{
    char name[96];

    snprintf(name, sizeof name, "%s.weight", stem);
    add(l, name, gain(in), 0, 2, (const size_t[]){ (size_t)out, (size_t)in });
    snprintf(name, sizeof name, "%s.bias", stem);
    add(l, name, 0.1f, 0, 1, (const size_t[]){ (size_t)out });
}

static void layer(list *l, int i, const random_vit_size *s)
{
    static const struct {
        const char *stem;
        int out, in; /* 0: width, 1: mlp, -1: a norm */
    } part[] = {
        { "layer_norm1", -1, 0 },
        { "self_attn.q_proj", 0, 0 },
        { "self_attn.k_proj", 0, 0 },
        { "self_attn.v_proj", 0, 0 },
        { "self_attn.out_proj", 0, 0 },
        { "layer_norm2", -1, 0 },
        { "mlp.fc1", 1, 0 },
        { "mlp.fc2", 0, 1 },
    };

    for (size_t k = 0; k < sizeof part / sizeof *part; k++) {
        char stem[80];

        snprintf(stem, sizeof stem, "vision_model.encoder.layers.%d.%s", i, part[k].stem);
        if (part[k].out < 0)
            norm(l, stem, s->width);
        else
            linear(l, stem, part[k].out ? s->mlp : s->width, part[k].in ? s->mlp : s->width);
    }
}

void random_vit_write(const char *path, const random_vit_size *s, uint64_t seed)
{
    static const char *const notes[][2] = { { "format", "pt" } };
    const size_t d = (size_t)s->width, p = (size_t)s->patch, grid = (size_t)(s->side / s->patch);
    list *l = calloc(1, sizeof *l);
    mw_error err;

    assert_non_null(l);
    l->seed = seed;
    add(l, "vision_model.embeddings.class_embedding", 0.5f, 0, 1, (const size_t[]){ d });
    add(l, "vision_model.embeddings.patch_embedding.weight", gain(3 * s->patch * s->patch), 0, 4,
        (const size_t[]){ d, 3, p, p });
    add(l, "vision_model.embeddings.position_embedding.weight", 0.5f, 0, 2,
        (const size_t[]){ grid * grid + 1, d });
    norm(l, "vision_model.pre_layrnorm", s->width);
    for (int i = 0; i < s->layers; i++)
        layer(l, i, s);
    norm(l, "vision_model.post_layernorm", s->width);
    add(l, "visual_projection.weight", gain(s->width), 0, 2,
        (const size_t[]){ (size_t)s->columns, d });
    if (mw_safetensors_write(path, l->t, l->n, notes, 1, &err)) fail_msg("%s", err.message);
    for (size_t i = 0; i < l->n; i++) {
        void *x;

        memcpy(&x, &l->t[i].data, sizeof x);
        free(x);
    }
    free(l);
}
