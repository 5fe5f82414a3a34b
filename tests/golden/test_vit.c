/* SPDX-License-Identifier: Apache-2.0
 *
 * Resizing, preparation and image tower against Pillow, torchvision and transformers
 * (tests/golden/data/vit/README.md).
 */
#include "support/support.h"

#include <math.h>

#include "feature/vit/net.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "img/bicubic.h"
#include "support/random_vit.h"

static npy load(const char *stem, int i, char kind, size_t item_bytes)
{
    char path[96];
    npy a;

    snprintf(path, sizeof path, "tests/golden/data/vit/%s%d.npy", stem, i);
    a = npy_load(source_path(path));
    assert_true(a.kind == kind && a.item_bytes == item_bytes && a.n_dims == 3);
    return a;
}

static mw_pixels view(const npy *a)
{
    assert_int_equal(a->shape[2], 3);
    return (mw_pixels){ a->data, (ptrdiff_t)a->shape[1] * 3, (int)a->shape[1], (int)a->shape[0],
                        3 };
}

static void check_resize(npy *x, npy *y)
{
    const mw_pixels src = view(x);
    mw_pixels dst = view(y);
    mw_bicubic_size size = { src.width, src.height, dst.width, dst.height,
                             0,         0,          dst.width, dst.height };
    mw_bicubic *b;

    dst.data = malloc(y->n);
    assert_non_null(dst.data);
    assert_ok(mw_bicubic_open(&b, &size, NULL));
    mw_bicubic_run(b, &dst, &src);
    assert_memory_equal(dst.data, y->data, y->n);
    mw_bicubic_close(&b);
    free(dst.data);
    npy_free(x);
    npy_free(y);
}

static void bicubic_equals_pillow(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        npy x = load("resize_x", i, 'u', 1), y = load("resize_y", i, 'u', 1);

        check_resize(&x, &y);
    }
}

static void bicubic_equals_pillow_in_the_shared_vectors(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/numerics/pil_bicubic");
    for (int i = 0; i < 5; i++) {
        char path[64];
        npy x, y;

        snprintf(path, sizeof path, "golden/numerics/pil_bicubic/x%d.npy", i);
        x = npy_load(shared_path(path));
        snprintf(path, sizeof path, "golden/numerics/pil_bicubic/y%d.npy", i);
        y = npy_load(shared_path(path));
        check_resize(&x, &y);
    }
}

/* The bytes are Pillow's; then each value is (v / 255 - mean) / deviation in float, as torchvision
 * computes it. */
static void check_pixels(npy *x, npy *y)
{
    const mw_pixels src = view(x);
    const mw_frame frame = { .format = MW_PIX_RGB24,
                             .width = src.width,
                             .height = src.height,
                             .plane = { src.data },
                             .stride = { src.stride } };
    const float *want = y->data;
    float *got = malloc(y->n * sizeof *got);

    assert_non_null(got);
    assert_ok(mw_vit_pixels(got, (int)y->shape[1], &frame, 0, 0, frame.width, frame.height, NULL));
    for (size_t i = 0; i < y->n; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-6f))
            fail_msg("value %zu: %.9g instead of %.9g", i, got[i], want[i]);
    free(got);
    npy_free(x);
    npy_free(y);
}

static void pixels_equal_torchvision(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        npy x = load("pixels_x", i, 'u', 1), y = load("pixels_y", i, 'f', 4);

        check_pixels(&x, &y);
    }
}

static void pixels_equal_torchvision_in_the_shared_vectors(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/numerics/clip_preprocess");
    for (int i = 0; i < 2; i++) {
        char path[64];
        npy x, y;

        snprintf(path, sizeof path, "golden/numerics/clip_preprocess/x%d.npy", i);
        x = npy_load(shared_path(path));
        snprintf(path, sizeof path, "golden/numerics/clip_preprocess/y%d.npy", i);
        y = npy_load(shared_path(path));
        check_pixels(&x, &y);
    }
}

/* Embeddings of x [n][3][side][side] through the file at path. */
static float *embeddings(const char *path, mw_vit_precision precision, int heads, const npy *x,
                         size_t columns)
{
    const size_t n = x->n_dims == 4 ? x->shape[0] : 1;
    float *out = malloc(n * columns * sizeof *out);
    mw_vit_net *net;
    mw_vit *v;
    mw_error err;

    assert_non_null(out);
    if (mw_vit_net_load_heads(&net, path, precision, heads, &err)) fail_msg("%s", err.message);
    assert_int_equal(mw_vit_net_info(net).columns, columns);
    if (mw_vit_create(&v, net, n, 1, &err)) fail_msg("%s", err.message);
    if (mw_vit_run(v, x->data, n, out, &err)) fail_msg("%s", err.message);
    mw_vit_destroy(&v);
    mw_vit_net_destroy(&net);
    return out;
}

typedef struct apart {
    double cosine, largest, deviation; /* of n rows: least; of want: standard deviation */
} apart;

static apart compare(const float *got, const float *want, size_t n, size_t columns)
{
    apart r = { 1, 0, 0 };
    double sum = 0, square = 0;

    for (size_t i = 0; i < n; i++) {
        double xy = 0, xx = 0, yy = 0;

        for (size_t k = 0; k < columns; k++) {
            const double x = got[i * columns + k], y = want[i * columns + k];

            xy += x * y;
            xx += x * x;
            yy += y * y;
            sum += y;
            r.largest = fmax(r.largest, fabs(x - y));
        }
        assert_true(xx > 0 && yy > 0);
        r.cosine = fmin(r.cosine, xy / sqrt(xx * yy));
        square += yy;
    }
    sum /= (double)(n * columns);
    r.deviation = sqrt(square / (double)(n * columns) - sum * sum);
    return r;
}

/* float32 sums in another order; 2e-6 measured. */
static void check_f32(const float *got, const float *want, size_t n, size_t columns)
{
    const apart a = compare(got, want, n, columns);

    print_message("# float32: largest difference %.2e, deviation %.2f, 1 - cosine %.1e\n",
                  a.largest, a.deviation, 1 - a.cosine);
    if (!(a.largest < 1e-5)) fail_msg("largest difference %g", a.largest);
    if (!(a.cosine > 0.999999)) fail_msg("cosine %.9f", a.cosine);
}

/* Of the embeddings with 8 bits, which are the same on all machines (little-endian ones). */
static const char int8_sha256[] =
    "6ce96ea757c5aa01377594e7985a1e979051f0b2a576132311cd5baf575e9d25";

static void tower_equals_transformers(void **state)
{
    npy x = npy_load(source_path("tests/golden/data/vit/tower_x.npy"));
    npy y = npy_load(source_path("tests/golden/data/vit/tower_y.npy"));
    char *dir = temp_dir(), path[512];
    float *got;

    (void)state;
    snprintf(path, sizeof path, "%s/tiny.safetensors", dir);
    random_vit_write(path, &random_vit_tiny, 7);
    assert_true(x.n_dims == 4 && y.n_dims == 2 && y.shape[1] == 32);
    got = embeddings(path, MW_VIT_F32, 0, &x, 32);
    check_f32(got, y.data, y.shape[0], y.shape[1]);
    free(got);
    if (mw_cpu_bf16()) {
        apart a;

        got = embeddings(path, MW_VIT_BF16, 0, &x, 32);
        a = compare(got, y.data, y.shape[0], y.shape[1]);
        print_message("# bfloat16: cosine %.6f\n", a.cosine);
        assert_true(a.cosine > 0.999 && a.cosine < 0.9999999);
        free(got);
    }
    if (mw_cpu_int8()) {
        char sha256[65];
        apart a;

        got = embeddings(path, MW_VIT_INT8, 0, &x, 32);
        a = compare(got, y.data, y.shape[0], y.shape[1]);
        print_message("# 8 bits: least cosine %.6f\n", a.cosine);
        assert_true(a.cosine > 0.999 && a.cosine < 0.9999999);
        mw_sha256_hex(sha256, got, y.n * sizeof *got);
        assert_string_equal(sha256, int8_sha256);
        free(got);
    }
    npy_free(&x);
    npy_free(&y);
    temp_dir_remove(dir);
}

/* OpenAI's names and Hugging Face's, float16 and float32, both kinds of archive: equal weights, so
 * equal embeddings, and torch's. This tower has heads of 32. */
static void tower_equals_torch_in_the_shared_vectors(void **state)
{
    static const char *const file[] = { "hf_f32.safetensors", "openai_f16.safetensors",
                                        "torchscript.pt", "state_dict.pt" };
    float *first = NULL;
    npy x, y;

    (void)state;
    REQUIRE_SHARED("golden/numerics/clip_vit_tiny");
    x = npy_load(shared_path("golden/numerics/clip_vit_tiny/x.npy"));
    y = npy_load(shared_path("golden/numerics/clip_vit_tiny/y.npy"));
    for (int i = 0; i < 4; i++) {
        const size_t columns = y.shape[y.n_dims - 1], n = y.n / columns;
        char path[96];
        float *got;

        snprintf(path, sizeof path, "golden/numerics/clip_vit_tiny/%s", file[i]);
        got = embeddings(shared_path(path), MW_VIT_F32, 2, &x, columns);
        check_f32(got, y.data, n, columns);
        if (first)
            assert_memory_equal(got, first, y.n * sizeof *got);
        else
            first = got;
        if (got != first) free(got);
    }
    free(first);
    npy_free(&x);
    npy_free(&y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bicubic_equals_pillow),
        cmocka_unit_test(bicubic_equals_pillow_in_the_shared_vectors),
        cmocka_unit_test(pixels_equal_torchvision),
        cmocka_unit_test(pixels_equal_torchvision_in_the_shared_vectors),
        cmocka_unit_test(tower_equals_transformers),
        cmocka_unit_test(tower_equals_torch_in_the_shared_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
