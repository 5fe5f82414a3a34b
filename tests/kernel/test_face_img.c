/* SPDX-License-Identifier: Apache-2.0
 *
 * Planar network kernels, letterbox and augmentation rows at each CPU level against their C
 * definition: equal bits, nothing written outside.
 */
#include "support/support.h"

#include "base/cpu.h"
#include "base/mem.h"
#include "base/rng.h"
#include "face/letterbox_row.h"
#include "img/augment_kernel.h"
#include "nn/planar.h"

enum { GUARD = 64 };

static mw_rng rng;

/* Random values, some of them zero, tiny or large. */
static float any(void)
{
    switch (mw_rng_below(&rng, 12)) {
    case 0:
        return 0;
    case 1:
        return -0.0f;
    case 2:
        return 1e-40f;
    case 3:
        return -3e5f;
    default:
        return (float)mw_rng_uniform(&rng, -2, 2);
    }
}

static float *fill(size_t n)
{
    float *v = mw_calloc_aligned(n + GUARD, sizeof *v);

    for (size_t i = 0; i < n + GUARD; i++)
        v[i] = any();
    return v;
}

static void assert_same(const float *a, const float *b, size_t n, const char *what,
                        const int *shape)
{
    if (!memcmp(a, b, (n + GUARD) * sizeof *a)) return;
    fail_msg("%s differs, shape %d %d %d %d", what, shape[0], shape[1], shape[2], shape[3]);
}

static mw_pointwise pointwise(int ic, int oc, int dense, int relu)
{
    mw_pointwise w = { .ic = ic, .oc = oc, .relu = relu };

    w.bias = fill((size_t)(oc + 7) / 8 * 8);
    if (dense) {
        w.dense = fill((size_t)(oc + 3) / 4 * 4 * (size_t)ic);
        return w;
    }
    w.start = mw_calloc((size_t)oc + 1, sizeof *w.start);
    w.channel = mw_calloc((size_t)(ic * oc), sizeof *w.channel);
    w.value = mw_calloc((size_t)(ic * oc), sizeof *w.value);
    for (int o = 0; o < oc; o++) {
        uint32_t k = w.start[o];

        for (int c = 0; c < ic; c++) {
            if (mw_rng_below(&rng, 3)) continue;
            w.channel[k] = (uint16_t)c;
            w.value[k++] = any();
        }
        w.start[o + 1] = k;
    }
    return w;
}

static void free_pointwise(mw_pointwise *w)
{
    mw_free(w->bias);
    mw_free(w->dense);
    mw_free(w->start);
    mw_free(w->channel);
    mw_free(w->value);
}

static void compare_pointwise(const mw_planar_kernels *k, int dense)
{
    for (int t = 0; t < 60; t++) {
        const int ic = 1 + (int)mw_rng_below(&rng, 40), oc = 1 + (int)mw_rng_below(&rng, 40);
        const size_t n = 16 * (1 + mw_rng_below(&rng, 30)), pitch = n + 16, x_pitch = n + 48;
        const int n_residual =
            mw_rng_below(&rng, 2) ? (int)mw_rng_below(&rng, (uint64_t)oc + 1) : 0;
        const int shape[] = { ic, oc, (int)n, n_residual };
        mw_pointwise w = pointwise(ic, oc, dense, t & 1);
        float *x = fill(x_pitch * (size_t)ic), *r = fill(pitch * (size_t)oc);
        float *a = fill(pitch * (size_t)oc), *b = fill(pitch * (size_t)oc);

        memcpy(b, a, (pitch * (size_t)oc + GUARD) * sizeof *a);
        mw_planar_c.sparse(&w, x, x_pitch, n_residual ? r : NULL, n_residual, a, pitch, n);
        (dense ? k->dense : k->sparse)(&w, x, x_pitch, n_residual ? r : NULL, n_residual, b, pitch,
                                       n);
        assert_same(a, b, pitch * (size_t)oc, dense ? "dense" : "sparse", shape);
        /* the residual in the place of the result */
        memcpy(b, r, (pitch * (size_t)oc + GUARD) * sizeof *a);
        memcpy(a, r, (pitch * (size_t)oc + GUARD) * sizeof *a);
        mw_planar_c.sparse(&w, x, x_pitch, a, oc, a, pitch, n);
        (dense ? k->dense : k->sparse)(&w, x, x_pitch, b, oc, b, pitch, n);
        assert_same(a, b, pitch * (size_t)oc, "in place", shape);
        free_pointwise(&w);
        mw_free(x);
        mw_free(r);
        mw_free(a);
        mw_free(b);
    }
}

static mw_window window(int stride, int k)
{
    mw_window w = { .k = k, .stride = stride, .relu = (int)mw_rng_below(&rng, 2) };

    w.ih = 2 + (int)mw_rng_below(&rng, 40);
    w.iw = 2 + (int)mw_rng_below(&rng, 70);
    w.ic = w.oc = 1 + (int)mw_rng_below(&rng, 5);
    w.pad_top = (int)mw_rng_below(&rng, 2);
    w.pad_left = (int)mw_rng_below(&rng, 2);
    w.oh = (w.ih + stride - 1) / stride;
    w.ow = (w.iw + stride - 1) / stride;
    w.bias = fill(32);
    return w;
}

static void compare_depthwise(const mw_planar_kernels *k)
{
    for (int t = 0; t < 120; t++) {
        mw_window w = window(1 + (t & 1), 3);
        const int oy = (int)mw_rng_below(&rng, (uint64_t)w.oh);
        const int rows = 1 + (int)mw_rng_below(&rng, (uint64_t)(w.oh - oy));
        const int shape[] = { w.ih, w.iw, w.stride, rows };
        const size_t pitch = mw_planar_pitch(rows, w.ow), n = pitch * (size_t)w.oc;
        float *x = fill(mw_planar_pitch(w.ih, w.iw) * (size_t)w.ic), *a = fill(n), *b = fill(n);

        w.weights = fill(9 * (size_t)w.oc);
        memcpy(b, a, (n + GUARD) * sizeof *a);
        mw_planar_c.depthwise(&w, x, a, pitch, oy, rows);
        k->depthwise(&w, x, b, pitch, oy, rows);
        assert_same(a, b, n, "depthwise", shape);
        mw_free(w.weights);
        mw_free(w.bias);
        mw_free(x);
        mw_free(a);
        mw_free(b);
    }
}

static void compare_stem(const mw_planar_kernels *k)
{
    for (int t = 0; t < 30; t++) {
        mw_window w = window(2, t % 3 == 0 ? 5 : 3);
        size_t n, n_split;
        float *split_a, *split_b, *a, *b;
        uint8_t *bytes;

        w.ic = t % 4 ? 3 : 2;
        w.oc = 1 + (int)mw_rng_below(&rng, 20);
        if (t & 1) w.iw = 16 * (1 + (int)mw_rng_below(&rng, 5));
        w.ow = (w.iw + 1) / 2;
        n = mw_planar_pitch(w.oh, w.ow) * (size_t)w.oc;
        n_split = mw_stem_floats(&w);
        bytes = malloc((size_t)(w.ih * w.iw * w.ic));
        for (int i = 0; i < w.ih * w.iw * w.ic; i++)
            bytes[i] = (uint8_t)mw_rng_u32(&rng);
        split_a = mw_calloc_aligned(n_split + GUARD, sizeof *split_a);
        split_b = mw_calloc_aligned(n_split + GUARD, sizeof *split_b);
        w.weights = fill((size_t)(w.oc + 7) / 8 * 8 * (size_t)(w.k * w.k * w.ic));
        a = fill(n);
        b = fill(n);
        memcpy(b, a, (n + GUARD) * sizeof *a);
        mw_planar_c.input(&w, bytes, 2.0f / 255, -1, split_a);
        k->input(&w, bytes, 2.0f / 255, -1, split_b);
        assert_same(split_a, split_b, n_split, "input", &w.ih);
        mw_planar_c.stem(&w, split_a, a);
        k->stem(&w, split_b, b);
        assert_same(a, b, n, "stem", &w.ih);
        mw_free(w.weights);
        mw_free(w.bias);
        mw_free(split_a);
        mw_free(split_b);
        mw_free(a);
        mw_free(b);
        free(bytes);
    }
}

static void compare_maps(const mw_planar_kernels *k)
{
    for (int t = 0; t < 60; t++) {
        mw_window w = window(2, 2);
        size_t n, n_in;
        float *x, *r, *a, *b, *scratch;

        w.ih += w.ih & 1;
        w.iw += w.iw & 1;
        w.oh = w.ih / 2;
        w.ow = w.iw / 2;
        n_in = mw_planar_pitch(w.ih, w.iw) * (size_t)w.ic;
        n = mw_planar_pitch(2 * w.ih, 2 * w.iw) * (size_t)w.ic;
        x = fill(n_in);
        r = fill(n);
        a = fill(n);
        b = fill(n);
        scratch = fill(mw_planar_row(w.iw));
        memcpy(b, a, (n + GUARD) * sizeof *a);
        mw_planar_c.max_pool(&w, x, a);
        k->max_pool(&w, x, b);
        assert_same(a, b, n, "max_pool", &w.ih);
        mw_planar_c.resize(&w, x, t & 1 ? r : NULL, a, scratch);
        k->resize(&w, x, t & 1 ? r : NULL, b, scratch);
        assert_same(a, b, n, "resize", &w.ih);
        mw_planar_c.add(x, x, a, n_in / 16 * 16, t & 1);
        k->add(x, x, b, n_in / 16 * 16, t & 1);
        assert_same(a, b, n, "add", &w.ih);
        mw_free(w.bias);
        mw_free(x);
        mw_free(r);
        mw_free(a);
        mw_free(b);
        mw_free(scratch);
    }
}

static void compare_planar(const mw_planar_kernels *k)
{
    rng = mw_rng_from_key(17);
    compare_pointwise(k, 0);
    compare_pointwise(k, 1);
    compare_depthwise(k);
    compare_stem(k);
    compare_maps(k);
}

#if defined(__x86_64__)

#define REQUIRE_LEVEL(level)                                                                       \
    if (mw_cpu() < (level)) skip()

static void planar_kernels_equal_c_with_avx2(void **state)
{
    (void)state;
    REQUIRE_LEVEL(MW_CPU_AVX2);
    compare_planar(&mw_planar_avx2);
}

static void planar_kernels_equal_c_with_avx512(void **state)
{
    (void)state;
    REQUIRE_LEVEL(MW_CPU_AVX512);
    compare_planar(&mw_planar_avx512);
}

static void letterbox_rows_equal_c_with_avx2(void **state)
{
    (void)state;
    REQUIRE_LEVEL(MW_CPU_AVX2);
    rng = mw_rng_from_key(18);
    for (int t = 0; t < 400; t++) {
        const size_t n = mw_rng_below(&rng, 70), width = 3 + mw_rng_below(&rng, 300);
        uint8_t *p = malloc(3 * width), *q = malloc(3 * width), a[3 * 70 + 8], b[3 * 70 + 8];
        const unsigned ay = (unsigned)mw_rng_below(&rng, 32);
        int32_t x32[70];

        for (size_t i = 0; i < 3 * width; i++) {
            p[i] = (uint8_t)(t ? mw_rng_u32(&rng) : 255);
            q[i] = (uint8_t)(t ? mw_rng_u32(&rng) : 255);
        }
        for (size_t i = 0; i < n; i++)
            x32[i] = (int32_t)(32 * mw_rng_below(&rng, width - 2) + mw_rng_below(&rng, 32));
        memset(a, 77, sizeof a);
        memset(b, 77, sizeof b);
        mw_letterbox_row_c(a, p, q, x32, n, ay);
        mw_letterbox_row_avx2(b, p, q, x32, n, ay);
        assert_memory_equal(a, b, sizeof a);
        free(p);
        free(q);
    }
}

static void augmentation_rows_equal_c_with_avx2(void **state)
{
    (void)state;
    REQUIRE_LEVEL(MW_CPU_AVX2);
    rng = mw_rng_from_key(19);
    for (int t = 0; t < 200; t++) {
        const int size = 3 + 2 * (int)mw_rng_below(&rng, 3);
        const size_t n = 1 + mw_rng_below(&rng, 100), padded = n + 3 * (size_t)(size - 1);
        float *rows = malloc(7 * padded * sizeof *rows), tap[49];
        const float *row[7];
        uint8_t a[108], b[108];

        for (size_t i = 0; i < 7 * padded; i++)
            rows[i] = (float)mw_rng_below(&rng, 256);
        for (int i = 0; i < size * size; i++)
            /* Sixths: many sums come to lie near a half, where the last bit decides. */
            tap[i] = (float)mw_rng_int(&rng, -2, 3) / 6.0f;
        for (size_t i = 0; i < 7; i++)
            row[i] = rows + i * padded;
        memset(a, 77, sizeof a);
        memset(b, 77, sizeof b);
        mw_aug_filter_row_c(a, row, tap, size, 3, n);
        mw_aug_filter_row_avx2(b, row, tap, size, 3, n);
        assert_memory_equal(a, b, sizeof a);
        free(rows);
    }
}

#endif

static void kernels_of_this_machine_equal_c(void **state)
{
    const mw_planar_kernels k = mw_planar_kernels_get();

    (void)state;
    compare_planar(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
        cmocka_unit_test(planar_kernels_equal_c_with_avx2),
        cmocka_unit_test(planar_kernels_equal_c_with_avx512),
        cmocka_unit_test(letterbox_rows_equal_c_with_avx2),
        cmocka_unit_test(augmentation_rows_equal_c_with_avx2),
#endif
        cmocka_unit_test(kernels_of_this_machine_equal_c),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
