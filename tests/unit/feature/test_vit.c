/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "base/rng.h"
#include "feature/vit/net.h"
#include "nn/weights.h"
#include "support/random_vit.h"

enum { SIDE = 32, COLUMNS = 32, AREA = 3 * SIDE * SIDE, N_PICTURES = 21, PATH_BYTES = 512 };

typedef struct folder {
    char *dir, tiny[PATH_BYTES], other[PATH_BYTES];
} folder;

static int set_up(void **state)
{
    folder *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->dir = temp_dir();
    snprintf(f->tiny, sizeof f->tiny, "%s/tiny.safetensors", f->dir);
    snprintf(f->other, sizeof f->other, "%s/other.safetensors", f->dir);
    random_vit_write(f->tiny, &random_vit_tiny, 5);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    folder *f = *state;

    temp_dir_remove(f->dir);
    free(f);
    return 0;
}

static float *random_pictures(size_t n)
{
    mw_rng r = mw_rng_from_key(77);
    float *x = malloc(n * AREA * sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < n * AREA; i++)
        x[i] = (float)(int32_t)mw_rng_u32(&r) * 0x1p-30f;
    return x;
}

static mw_vit_net *load(const char *path, mw_vit_precision precision)
{
    mw_vit_net *net;
    mw_error err;

    if (mw_vit_net_load(&net, path, precision, &err)) fail_msg("%s", err.message);
    return net;
}

static float *embed(const mw_vit_net *net, const float *x, size_t n, size_t batch, int threads)
{
    const size_t columns = (size_t)mw_vit_net_info(net).columns;
    float *out = malloc(n * columns * sizeof *out);
    mw_vit *v;

    assert_non_null(out);
    assert_ok(mw_vit_create(&v, net, batch, threads, NULL));
    for (size_t i = 0; i < n; i += batch)
        assert_ok(
            mw_vit_run(v, x + i * AREA, batch < n - i ? batch : n - i, out + i * columns, NULL));
    mw_vit_destroy(&v);
    assert_null(v);
    return out;
}

/* ---- other files made of the tiny one ---- */

typedef struct file {
    mw_weights *w;
    mw_tensor_out t[128];
    size_t n;
    float *held[128]; /* own data */
} file;

static file *open_file(const char *path)
{
    file *f = calloc(1, sizeof *f);

    assert_non_null(f);
    assert_ok(mw_weights_open(&f->w, path, NULL));
    for (f->n = 0; f->n < mw_weights_count(f->w); f->n++) {
        const mw_tensor *t = mw_weights_at(f->w, f->n);
        mw_tensor_out *o = &f->t[f->n];

        assert_true(f->n < 100);
        f->held[f->n] = malloc(t->n * sizeof(float));
        assert_ok(mw_tensor_read_f32(t, f->held[f->n], NULL));
        *o = (mw_tensor_out){ .name = t->name, .data = f->held[f->n], .n_dims = t->n_dims };
        memcpy(o->shape, t->shape, sizeof o->shape);
    }
    return f;
}

static size_t find(const file *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (!strcmp(f->t[i].name, name)) return i;
    fail_msg("no tensor %s", name);
    return 0;
}

static void take_out(file *f, const char *name)
{
    const size_t i = find(f, name);

    free(f->held[i]);
    f->n--;
    memmove(f->t + i, f->t + i + 1, (f->n - i) * sizeof *f->t);
    memmove(f->held + i, f->held + i + 1, (f->n - i) * sizeof *f->held);
    f->held[f->n] = NULL;
}

static void put_in(file *f, const char *name, float *data, int n_dims, const size_t *shape)
{
    mw_tensor_out *o = &f->t[f->n];

    f->held[f->n++] = data;
    *o = (mw_tensor_out){ .name = name, .data = data, .n_dims = n_dims };
    memcpy(o->shape, shape, (size_t)n_dims * sizeof *shape);
}

static void write_and_close(file *f, const char *path)
{
    mw_error err;

    if (mw_safetensors_write(path, f->t, f->n, NULL, 0, &err)) fail_msg("%s", err.message);
    for (size_t i = 0; i < f->n; i++)
        free(f->held[i]);
    mw_weights_close(&f->w);
    free(f);
}

/* ---- refusals ---- */

/* In another process, where nothing has asked for the level yet. */
static void expect_refusal_at(const folder *f, const char *variable, const char *level,
                              mw_vit_precision precision, const char *reason)
{
    const pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (!pid) {
        mw_vit_net *net = NULL;
        mw_error err = { 0 };
        mw_status st;

        setenv(variable, level, 1);
        st = mw_vit_net_load(&net, f->tiny, precision, &err);
        _exit(!(st == MW_ERR_RANGE && !strcmp(err.reason, reason) && !net));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void bfloat16_is_refused_without_the_instructions(void **state)
{
    expect_refusal_at(*state, "MW_CPU", "avx2", MW_VIT_BF16, "no_bf16");
}

/* Also where oneDNN has been told not to use them. */
static void eight_bits_are_refused_without_the_instructions(void **state)
{
    expect_refusal_at(*state, "MW_CPU", "c", MW_VIT_INT8, "no_int8");
    expect_refusal_at(*state, "ONEDNN_MAX_CPU_ISA", "AVX2", MW_VIT_INT8, "no_int8");
}

static void expect_refusal(const char *path, mw_status code, const char *reason, const char *word)
{
    const long live = mw_mem_live();
    mw_vit_net *net = NULL;
    mw_error err = { 0 };
    const mw_status st = mw_vit_net_load(&net, path, MW_VIT_F32, &err);

    if (st != code || strcmp(err.reason, reason))
        fail_msg("%s %s (%s) instead of %s %s", mw_status_name(st), err.reason, err.message,
                 mw_status_name(code), reason);
    if (!strstr(err.message, word) || !strstr(err.message, path))
        fail_msg("'%s' does not tell of %s", err.message, word);
    assert_null(net);
    assert_int_equal(mw_mem_live(), live);
}

static void every_missing_tensor_is_named(void **state)
{
    const folder *f = *state;
    file *all = open_file(f->tiny);
    const size_t n = all->n;

    assert_true(n > 30);
    write_and_close(all, f->other);
    for (size_t i = 0; i < n; i++) {
        file *some = open_file(f->tiny);
        char name[128];

        snprintf(name, sizeof name, "%s", some->t[i].name);
        take_out(some, name);
        write_and_close(some, f->other);
        /* without the first norm of layer 1, the tower has one layer less */
        if (strstr(name, "layers.1.layer_norm1.weight")) continue;
        expect_refusal(f->other, MW_ERR_FORMAT, "no_tensor", name);
    }
}

static void every_tensor_of_another_shape_is_named(void **state)
{
    const folder *f = *state;
    file *all = open_file(f->tiny);
    const size_t n = all->n;

    write_and_close(all, f->other);
    for (size_t i = 0; i < n; i++) {
        file *some = open_file(f->tiny);
        size_t shape[MW_TENSOR_MAX_DIMS];
        char name[128];
        int n_dims;

        snprintf(name, sizeof name, "%s", some->t[i].name);
        memcpy(shape, some->t[i].shape, sizeof shape);
        n_dims = some->t[i].n_dims;
        /* the same values with one dimension more */
        shape[n_dims] = 1;
        put_in(some, "x", malloc(1), 1, (const size_t[]){ 0 });
        some->t[i].n_dims = n_dims + 1;
        memcpy(some->t[i].shape, shape, sizeof shape);
        write_and_close(some, f->other);
        expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", name);
    }
}

/* Replace a tensor by zeros of another shape. */
static void reshape(const folder *f, const char *name, int n_dims, const size_t *shape)
{
    file *some = open_file(f->tiny);
    size_t n = 1;

    for (int k = 0; k < n_dims; k++)
        n *= shape[k];
    take_out(some, name);
    put_in(some, name, calloc(n + 1, sizeof(float)), n_dims, shape);
    write_and_close(some, f->other);
}

static void sizes_that_make_no_tower_are_refused(void **state)
{
    static const char patch[] = "vision_model.embeddings.patch_embedding.weight";
    static const char position[] = "vision_model.embeddings.position_embedding.weight";
    static const char fc1[] = "vision_model.encoder.layers.0.mlp.fc1.weight";
    static const char fc2[] = "vision_model.encoder.layers.1.mlp.fc2.weight";
    const folder *f = *state;

    reshape(f, position, 2, (const size_t[]){ 18, 128 }); /* no square and one */
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", position);
    reshape(f, position, 2, (const size_t[]){ 0, 128 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", position);
    reshape(f, position, 2, (const size_t[]){ 17, 64 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", position);
    reshape(f, position, 2, (const size_t[]){ 26, 128 }); /* a larger picture is a tower, too */
    mw_vit_net_destroy(&(mw_vit_net *){ load(f->other, MW_VIT_F32) });
    reshape(f, patch, 4, (const size_t[]){ 96, 3, 8, 8 }); /* no heads of 64 */
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", "width of 96");
    reshape(f, patch, 4, (const size_t[]){ 64, 3, 8, 8 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", "class_embedding");
    reshape(f, patch, 4, (const size_t[]){ 120, 3, 8, 8 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", patch);
    reshape(f, patch, 4, (const size_t[]){ 128, 1, 8, 8 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", patch);
    reshape(f, patch, 4, (const size_t[]){ 128, 3, 8, 4 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", patch);
    reshape(f, patch, 4, (const size_t[]){ 128, 3, 0, 0 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", patch);
    reshape(f, fc1, 2, (const size_t[]){ 0, 128 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", fc1);
    reshape(f, fc1, 2, (const size_t[]){ 100000, 128 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", fc1);
    reshape(f, fc2, 2, (const size_t[]){ 128, 128 });
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_shape", fc2);
}

static void files_that_are_no_weights_are_refused(void **state)
{
    const folder *f = *state;
    file *empty = open_file(f->tiny);
    FILE *out;
    char bytes[64] = { 0 };

    while (empty->n > 1)
        take_out(empty, empty->t[1].name);
    empty->t[0].name = "model.weight";
    write_and_close(empty, f->other);
    expect_refusal(f->other, MW_ERR_FORMAT, "no_tensor", "no image tower");
    out = fopen(f->other, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, out), sizeof bytes);
    fclose(out);
    expect_refusal(f->other, MW_ERR_FORMAT, "bad_weights", f->other);
    assert_int_equal(remove(f->other), 0);
    expect_refusal(f->other, MW_ERR_IO, "not_found", f->other);
}

static void batches_beyond_what_was_asked_for_are_refused(void **state)
{
    const folder *f = *state;
    mw_vit_net *net = load(f->tiny, MW_VIT_F32);
    float *x = random_pictures(4), out[4 * COLUMNS];
    mw_vit *v;

    assert_fails(mw_vit_create(&v, net, 0, 1, NULL), MW_ERR_ARG);
    assert_null(v);
    assert_fails(mw_vit_create(&v, net, 1, 0, NULL), MW_ERR_ARG);
    assert_ok(mw_vit_create(&v, net, 3, 1, NULL));
    assert_fails(mw_vit_run(v, x, 4, out, NULL), MW_ERR_ARG);
    assert_ok(mw_vit_run(v, x, 0, out, NULL));
    mw_vit_destroy(&v);
    mw_vit_net_destroy(&net);
    assert_null(net);
    free(x);
}

/* ---- sizes and names ---- */

static void check_info(mw_vit_info i)
{
    assert_int_equal(i.side, 32);
    assert_int_equal(i.patch, 8);
    assert_int_equal(i.width, 128);
    assert_int_equal(i.layers, 2);
    assert_int_equal(i.heads, 2);
    assert_int_equal(i.mlp, 256);
    assert_int_equal(i.columns, COLUMNS);
    assert_int_equal(i.tokens, 17);
}

static void sizes_come_from_the_file(void **state)
{
    const folder *f = *state;
    mw_vit_net *net = load(f->tiny, MW_VIT_F32);
    file *all = open_file(f->tiny);
    mw_vit_info i = { 0 };
    size_t n = 0;

    assert_ok(mw_vit_probe(&i, f->tiny, NULL));
    check_info(i);
    check_info(mw_vit_net_info(net));
    for (size_t k = 0; k < all->n; k++)
        n += mw_weights_at(all->w, k)->n;
    assert_int_equal(i.n_parameters, n);
    mw_vit_net_destroy(&net);
    write_and_close(all, f->other);
    assert_fails(mw_vit_probe(&i, source_path("meson.build"), NULL), MW_ERR_FORMAT);
}

/* The part of a Hugging Face name after the layer, and OpenAI's. */
static const char *const renamed[][2] = {
    { "vision_model.embeddings.class_embedding", "visual.class_embedding" },
    { "vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight" },
    { "vision_model.embeddings.position_embedding.weight", "visual.positional_embedding" },
    { "vision_model.pre_layrnorm.weight", "visual.ln_pre.weight" },
    { "vision_model.pre_layrnorm.bias", "visual.ln_pre.bias" },
    { "vision_model.post_layernorm.weight", "visual.ln_post.weight" },
    { "vision_model.post_layernorm.bias", "visual.ln_post.bias" },
    { "layer_norm1.weight", "ln_1.weight" },
    { "layer_norm1.bias", "ln_1.bias" },
    { "layer_norm2.weight", "ln_2.weight" },
    { "layer_norm2.bias", "ln_2.bias" },
    { "self_attn.out_proj.weight", "attn.out_proj.weight" },
    { "self_attn.out_proj.bias", "attn.out_proj.bias" },
    { "mlp.fc1.weight", "mlp.c_fc.weight" },
    { "mlp.fc1.bias", "mlp.c_fc.bias" },
    { "mlp.fc2.weight", "mlp.c_proj.weight" },
    { "mlp.fc2.bias", "mlp.c_proj.bias" },
};

static char *openai_name(const char *name)
{
    static const char layers[] = "vision_model.encoder.layers.";
    char *to = malloc(128);
    const char *part = name;
    int layer = -1, used = 0;

    assert_non_null(to);
    if (!strncmp(name, layers, sizeof layers - 1)) {
        assert_int_equal(sscanf(name + sizeof layers - 1, "%d.%n", &layer, &used), 1);
        part += sizeof layers - 1 + used;
    }
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (!strcmp(part, renamed[i][0])) {
            if (layer < 0)
                snprintf(to, 128, "%s", renamed[i][1]);
            else
                snprintf(to, 128, "visual.transformer.resblocks.%d.%s", layer, renamed[i][1]);
            return to;
        }
    free(to);
    return NULL;
}

/* Queries, keys and values of a layer in one tensor. */
static void join(file *f, int layer, const char *leaf, char *name, size_t width, size_t columns)
{
    static const char part[] = "qkv";
    const size_t n = width * columns, shape[] = { 3 * width, columns };
    float *all = malloc(3 * n * sizeof *all);
    char from[128];

    assert_non_null(all);
    for (size_t i = 0; i < 3; i++) {
        snprintf(from, sizeof from, "vision_model.encoder.layers.%d.self_attn.%c_proj.%s", layer,
                 part[i], leaf);
        memcpy(all + i * n, f->t[find(f, from)].data, n * sizeof *all);
        take_out(f, from);
    }
    snprintf(name, 128, "visual.transformer.resblocks.%d.attn.in_proj_%s", layer, leaf);
    put_in(f, name, all, columns > 1 ? 2 : 1, shape);
}

static void openai_names_give_the_same_embeddings(void **state)
{
    const folder *f = *state;
    file *o = open_file(f->tiny);
    char joined[4][128], *name[128] = { NULL };
    float *turned = malloc(COLUMNS * 128 * sizeof *turned), *x = random_pictures(3), *a, *b;
    mw_vit_net *hf = load(f->tiny, MW_VIT_F32), *openai;
    const float *p;

    for (int layer = 0; layer < 2; layer++) {
        join(o, layer, "weight", joined[2 * layer], 128, 128);
        join(o, layer, "bias", joined[2 * layer + 1], 128, 1);
    }
    p = o->t[find(o, "visual_projection.weight")].data;
    for (size_t i = 0; i < COLUMNS; i++)
        for (size_t k = 0; k < 128; k++)
            turned[k * COLUMNS + i] = p[i * 128 + k];
    take_out(o, "visual_projection.weight");
    put_in(o, "visual.proj", turned, 2, (const size_t[]){ 128, COLUMNS });
    for (size_t i = 0; i < o->n; i++) {
        name[i] = openai_name(o->t[i].name);
        if (name[i]) o->t[i].name = name[i];
    }
    write_and_close(o, f->other);
    openai = load(f->other, MW_VIT_F32);
    check_info(mw_vit_net_info(openai));
    a = embed(hf, x, 3, 3, 1);
    b = embed(openai, x, 3, 3, 1);
    assert_memory_equal(a, b, 3 * COLUMNS * sizeof *a);
    for (size_t i = 0; i < 128; i++)
        free(name[i]);
    free(a);
    free(b);
    free(x);
    mw_vit_net_destroy(&hf);
    mw_vit_net_destroy(&openai);
}

static int have(mw_vit_precision p)
{
    return p == MW_VIT_BF16 ? mw_cpu_bf16() : p == MW_VIT_INT8 ? mw_cpu_int8() : 1;
}

/* Of values in about [-2, 2] that should not differ. */
static const float tolerance[] = { [MW_VIT_F32] = 1e-5f, [MW_VIT_BF16] = 0.03f, [MW_VIT_INT8] = 0 };

static void towers_of_one_layer_and_odd_sizes_run(void **state)
{
    static const random_vit_size size[] = { { 32, 8, 64, 1, 100, 7 }, { 32, 16, 192, 3, 77, 5 } };
    const folder *f = *state;

    for (size_t k = 0; k < sizeof size / sizeof *size; k++)
        for (mw_vit_precision p = MW_VIT_F32; p <= MW_VIT_INT8; p++) {
            float *x = random_pictures(5), *all, *one;
            const size_t columns = (size_t)size[k].columns;
            mw_vit_net *net;

            if (!have(p)) continue;
            random_vit_write(f->other, &size[k], 6);
            net = load(f->other, p);
            all = embed(net, x, 5, 5, 1);
            one = embed(net, x, 5, 1, 1);
            for (size_t i = 0; i < 5 * columns; i++) {
                assert_true(isfinite(all[i]));
                assert_true(fabsf(all[i] - one[i]) <= tolerance[p]);
            }
            /* pictures differ, so do embeddings */
            assert_memory_not_equal(all, all + columns, columns * sizeof *all);
            free(x);
            free(all);
            free(one);
            mw_vit_net_destroy(&net);
        }
}

/* ---- what must not matter ---- */

/* Promised is the tolerance. Bits: seen equal with oneDNN 2.6 and 3.2, whose kernels add along k in
 * an order that does not depend on the rows. With 8 bits they are promised. */
static void neither_batch_nor_threads_matter(void **state)
{
    static const size_t batch[] = { 1, 2, 3, 8, 13, N_PICTURES };
    const folder *f = *state;

    for (mw_vit_precision p = MW_VIT_F32; p <= MW_VIT_INT8; p++) {
        static const char *const name[] = { "float32", "bfloat16", "8 bits" };
        mw_vit_net *net = have(p) ? load(f->tiny, p) : NULL;
        float *x, *want;
        int differ = 0;

        if (!net) continue;
        x = random_pictures(N_PICTURES);
        want = embed(net, x, N_PICTURES, N_PICTURES, 1);

        for (size_t k = 0; k < sizeof batch / sizeof *batch; k++)
            for (int threads = 1; threads <= 3; threads++) {
                float *got = embed(net, x, N_PICTURES, batch[k], threads);

                for (size_t i = 0; i < N_PICTURES * COLUMNS; i++) {
                    assert_true(fabsf(got[i] - want[i]) <= tolerance[p]);
                    differ += got[i] != want[i];
                }
                free(got);
            }
        print_message("# %s: %d values differ\n", name[p], differ);
        free(x);
        free(want);
        mw_vit_net_destroy(&net);
    }
}

typedef struct caller {
    const mw_vit_net *net;
    const float *x;
    float *out;
} caller;

static void *call(void *user)
{
    caller *c = user;

    c->out = embed(c->net, c->x, N_PICTURES, 4, 1);
    return NULL;
}

static void one_net_serves_several_callers_at_once(void **state)
{
    const folder *f = *state;
    mw_vit_net *net = load(f->tiny, MW_VIT_F32);
    float *x = random_pictures(N_PICTURES), *want = embed(net, x, N_PICTURES, 4, 1);
    caller c[3] = { { net, x, NULL }, { net, x, NULL }, { net, x, NULL } };
    pthread_t thread[3];

    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, call, &c[i]), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_memory_equal(c[i].out, want, N_PICTURES * COLUMNS * sizeof *want);
        free(c[i].out);
    }
    free(x);
    free(want);
    mw_vit_net_destroy(&net);
}

static void memory_may_run_out_in(const folder *f, mw_vit_precision precision)
{
    const long live = mw_mem_live();
    mw_status st = MW_ERR_NOMEM;
    mw_vit_net *net = NULL;
    mw_vit *v = NULL;
    long n = 0;

    while (st == MW_ERR_NOMEM) {
        mw_mem_fail_at(++n);
        st = mw_vit_net_load(&net, f->tiny, precision, NULL);
        mw_mem_fail_at(0);
        if (st != MW_OK) assert_null(net);
        if (st != MW_OK) assert_int_equal(mw_mem_live(), live);
    }
    assert_int_equal(st, MW_OK);
    assert_true(n > 50);
    for (n = 0, st = MW_ERR_NOMEM; st == MW_ERR_NOMEM;) {
        mw_mem_fail_at(++n);
        st = mw_vit_create(&v, net, 5, 2, NULL);
        mw_mem_fail_at(0);
        if (st != MW_OK) assert_null(v);
    }
    assert_int_equal(st, MW_OK);
    assert_true(n > 30);
    mw_vit_destroy(&v);
    mw_vit_net_destroy(&net);
    assert_int_equal(mw_mem_live(), live);
}

static void memory_may_run_out(void **state)
{
    memory_may_run_out_in(*state, MW_VIT_F32);
    if (have(MW_VIT_INT8)) memory_may_run_out_in(*state, MW_VIT_INT8);
}

static double least_cosine(const float *a, const float *b, size_t n)
{
    double least = 1;

    for (size_t i = 0; i < n; i++, a += COLUMNS, b += COLUMNS) {
        double ab = 0, aa = 0, bb = 0;

        for (int k = 0; k < COLUMNS; k++) {
            ab += (double)a[k] * b[k];
            aa += (double)a[k] * a[k];
            bb += (double)b[k] * b[k];
        }
        least = fmin(least, ab / sqrt(aa * bb));
    }
    return least;
}

/* Gains of a few channels 64 times as large, and the weights they meet as much smaller: the same
 * products, of which only the balanced ones fit 8 bits. */
static void channels_that_dwarf_others_are_balanced(void **state)
{
    static const char *const parts[] = { "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                                         "mlp.fc1" };
    const folder *f = *state;
    file *some = open_file(f->tiny);
    mw_vit_net *f32, *int8;
    float *x, *want, *got;

    if (!have(MW_VIT_INT8)) skip();
    for (size_t p = 0; p < 4; p++) {
        char name[128];
        float *w, *norm, *bias;

        snprintf(name, sizeof name, "vision_model.encoder.layers.0.%s.weight", parts[p]);
        w = some->held[find(some, name)];
        for (size_t j = 0; j < (p < 3 ? 128u : 256u); j++)
            for (size_t k = 3; k < 128; k += 31)
                w[j * 128 + k] /= 64;
        snprintf(name, sizeof name, "vision_model.encoder.layers.0.layer_norm%d.weight",
                 p < 3 ? 1 : 2);
        norm = some->held[find(some, name)];
        snprintf(name, sizeof name, "vision_model.encoder.layers.0.layer_norm%d.bias",
                 p < 3 ? 1 : 2);
        bias = some->held[find(some, name)];
        for (size_t k = 3; k < 128 && (p == 0 || p == 3); k += 31) {
            norm[k] *= 64;
            bias[k] *= 64;
        }
    }
    write_and_close(some, f->other);
    f32 = load(f->tiny, MW_VIT_F32);
    int8 = load(f->other, MW_VIT_INT8);
    x = random_pictures(N_PICTURES);
    want = embed(f32, x, N_PICTURES, 8, 1);
    got = embed(int8, x, N_PICTURES, 8, 1);
    print_message("# least cosine: 1 - %.1e\n", 1 - least_cosine(got, want, N_PICTURES));
    assert_true(least_cosine(got, want, N_PICTURES) > 0.999);
    free(x);
    free(want);
    free(got);
    mw_vit_net_destroy(&f32);
    mw_vit_net_destroy(&int8);
}

/* A file of NaN is none that is refused; its embeddings must not look like others. */
static void weights_that_are_not_numbers_show(void **state)
{
    static const char *const name[] = { "vision_model.encoder.layers.0.mlp.fc1.weight",
                                        "vision_model.encoder.layers.0.layer_norm2.weight",
                                        "vision_model.encoder.layers.1.self_attn.out_proj.bias" };
    const folder *f = *state;

    for (size_t k = 0; k < sizeof name / sizeof *name && have(MW_VIT_INT8); k++) {
        file *some = open_file(f->tiny);
        float *x = random_pictures(2), *got;
        mw_vit_net *net;

        some->held[find(some, name[k])][5] = NAN;
        write_and_close(some, f->other);
        net = load(f->other, MW_VIT_INT8);
        got = embed(net, x, 2, 2, 1);
        for (int i = 0; i < 2 * COLUMNS; i++)
            assert_true(isnan(got[i]));
        free(x);
        free(got);
        mw_vit_net_destroy(&net);
    }
}

/* ---- pixels ---- */

static mw_frame random_frame(int w, int h)
{
    mw_rng r = mw_rng_from_key(3);
    mw_frame f;

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, w, h, NULL));
    for (ptrdiff_t i = 0; i < f.stride[0] * h; i++)
        f.plane[0][i] = (uint8_t)mw_rng_u32(&r);
    return f;
}

static void a_crop_is_that_part_of_the_frame(void **state)
{
    mw_frame all = random_frame(60, 50), part = random_frame(31, 22);
    float a[3 * 24 * 24], b[3 * 24 * 24];

    (void)state;
    for (int y = 0; y < 22; y++)
        memcpy(part.plane[0] + y * part.stride[0], all.plane[0] + (y + 9) * all.stride[0] + 7 * 3,
               31 * 3);
    assert_ok(mw_vit_pixels(a, 24, &all, 7, 9, 38, 31, NULL));
    assert_ok(mw_vit_pixels(b, 24, &part, 0, 0, 31, 22, NULL));
    assert_memory_equal(a, b, sizeof a);
    mw_frame_clear(&all);
    mw_frame_clear(&part);
}

/* Side 2 from a 2 x 2 picture: the bytes themselves. Order R, G, B; rows before columns. */
static void pixels_are_planar_and_normalised(void **state)
{
    static const double mean[] = { 0.48145466, 0.4578275, 0.40821073 };
    static const double deviation[] = { 0.26862954, 0.26130258, 0.27577711 };
    mw_frame f = random_frame(2, 2);
    float x[12];

    (void)state;
    assert_ok(mw_vit_pixels(x, 2, &f, 0, 0, 2, 2, NULL));
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < 2; y++)
            for (int k = 0; k < 2; k++) {
                const double v = f.plane[0][y * f.stride[0] + k * 3 + c] / 255.0;

                assert_true(fabs(x[c * 4 + y * 2 + k] - (v - mean[c]) / deviation[c]) < 1e-6);
            }
    mw_frame_clear(&f);
}

static void crops_outside_the_frame_are_refused(void **state)
{
    static const int crop[][4] = { { -1, 0, 5, 5 }, { 0, -1, 5, 5 }, { 3, 0, 3, 5 },
                                   { 0, 4, 5, 4 },  { 0, 0, 11, 5 }, { 0, 0, 5, 9 } };
    mw_frame f = random_frame(10, 8), grey;
    float x[3 * 8 * 8];

    (void)state;
    for (size_t i = 0; i < sizeof crop / sizeof *crop; i++)
        assert_fails(mw_vit_pixels(x, 8, &f, crop[i][0], crop[i][1], crop[i][2], crop[i][3], NULL),
                     MW_ERR_ARG);
    assert_fails(mw_vit_pixels(x, 0, &f, 0, 0, 5, 5, NULL), MW_ERR_ARG);
    assert_ok(mw_frame_alloc(&grey, MW_PIX_GRAY8, 10, 8, NULL));
    assert_fails(mw_vit_pixels(x, 8, &grey, 0, 0, 5, 5, NULL), MW_ERR_ARG);
    for (long n = 1; n <= 2; n++) {
        mw_mem_fail_at(n);
        assert_fails(mw_vit_pixels(x, 8, &f, 0, 0, 5, 5, NULL), MW_ERR_NOMEM);
        mw_mem_fail_at(0);
    }
    mw_frame_clear(&f);
    mw_frame_clear(&grey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* first: nothing may have asked for the CPU level before, the library neither */
        cmocka_unit_test(bfloat16_is_refused_without_the_instructions),
        cmocka_unit_test(eight_bits_are_refused_without_the_instructions),
        cmocka_unit_test(every_missing_tensor_is_named),
        cmocka_unit_test(every_tensor_of_another_shape_is_named),
        cmocka_unit_test(sizes_that_make_no_tower_are_refused),
        cmocka_unit_test(files_that_are_no_weights_are_refused),
        cmocka_unit_test(batches_beyond_what_was_asked_for_are_refused),
        cmocka_unit_test(sizes_come_from_the_file),
        cmocka_unit_test(openai_names_give_the_same_embeddings),
        cmocka_unit_test(towers_of_one_layer_and_odd_sizes_run),
        cmocka_unit_test(neither_batch_nor_threads_matter),
        cmocka_unit_test(one_net_serves_several_callers_at_once),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(channels_that_dwarf_others_are_balanced),
        cmocka_unit_test(weights_that_are_not_numbers_show),
        cmocka_unit_test(a_crop_is_that_part_of_the_frame),
        cmocka_unit_test(pixels_are_planar_and_normalised),
        cmocka_unit_test(crops_outside_the_frame_are_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
