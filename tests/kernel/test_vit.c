/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of the image tower: every CPU level gives the bits of C; C is right to the stated error.
 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "feature/vit/tower_kernels.h"

enum { GUARD = 16 };

/* Normal-like values in about [-4, 4]. */
static float *values(size_t n, uint64_t key)
{
    mw_rng r = mw_rng_from_key(key);
    float *x = malloc((n + 1) * sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        float v = 0;

        for (int k = 0; k < 4; k++)
            v += (float)(int32_t)mw_rng_u32(&r) * 0x1p-31f;
        x[i] = v;
    }
    return x;
}

static float from_bf16(uint16_t b)
{
    const uint32_t bits = (uint32_t)b << 16;
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

static void norm_is_right_and_equal_at_every_level(void **state)
{
    static const size_t width[] = { 16, 48, 64, 768, 1024 };

    (void)state;
    for (size_t w = 0; w < sizeof width / sizeof *width; w++) {
        const size_t n = width[w];
        float *x = values(n, w), *g = values(n, 10 + w), *b = values(n, 20 + w);
        float *want = malloc(n * sizeof *want), *got = malloc((n + GUARD) * sizeof *got);
        uint16_t *half = malloc(n * sizeof *half), *other = malloc(n * sizeof *other);
        double mean = 0, square = 0;

        assert_true(want && got && half && other);
        mw_vit_kernels_c.norm(x, g, b, n, want, 0);
        mw_vit_kernels_c.norm(x, g, b, n, half, 1);
        for (size_t i = 0; i < n; i++)
            mean += x[i] / (double)n;
        for (size_t i = 0; i < n; i++)
            square += (x[i] - mean) * (x[i] - mean) / (double)n;
        for (size_t i = 0; i < n; i++) {
            const double y = (x[i] - mean) / sqrt(square + 1e-5) * g[i] + b[i];

            assert_true(fabs(want[i] - y) < 1e-5);
            assert_true(fabs(from_bf16(half[i]) - want[i]) <= fabs(want[i]) * 0x1p-8 + 1e-30);
        }
        for (mw_cpu_level l = MW_CPU_C; l <= mw_cpu(); l = (mw_cpu_level)(l + 1)) {
            for (size_t i = n; i < n + GUARD; i++)
                got[i] = 7;
            mw_vit_kernels_at(l)->norm(x, g, b, n, got, 0);
            assert_memory_equal(got, want, n * sizeof *got);
            for (size_t i = n; i < n + GUARD; i++)
                assert_true(got[i] == 7);
            mw_vit_kernels_at(l)->norm(x, g, b, n, other, 1);
            assert_memory_equal(other, half, n * sizeof *half);
            memcpy(got, x, n * sizeof *got);
            mw_vit_kernels_at(l)->norm(got, g, b, n, got, 0); /* in place */
            assert_memory_equal(got, want, n * sizeof *got);
        }
        free(x);
        free(g);
        free(b);
        free(want);
        free(got);
        free(half);
        free(other);
    }
}

/* Every float is between two neighbours of bfloat16; the nearer is taken, of two equally near the
 * even one. */
static void narrowing_rounds_half_to_even(void **state)
{
    float x[MW_VIT_LANES] = {
        1, -1,         0x1.01p0f,  0x1.02p0f, 0x1.03p0f,   0x1.010002p0f, 0x1.00fffep0f,
        0, 0x1.fep-1f, 0x1.ffp-1f, 1e-40f,    0x1.fcp127f, -0x1.03p-5f,   -0x1.01p100f,
        3, 0x1.05p3f
    };
    const float want[MW_VIT_LANES] = { 1,           -1,        1,         0x1.02p0f,
                                       0x1.04p0f,   0x1.02p0f, 1,         0,
                                       0x1.fep-1f,  1,         0x1p-133f, 0x1.fcp127f,
                                       -0x1.04p-5f, -0x1p100f, 3,         0x1.04p3f };

    (void)state;
    for (mw_cpu_level l = MW_CPU_C; l <= mw_cpu(); l = (mw_cpu_level)(l + 1)) {
        uint16_t y[MW_VIT_LANES + 1];

        y[MW_VIT_LANES] = 9;
        mw_vit_kernels_at(l)->narrow(x, MW_VIT_LANES, y);
        assert_int_equal(y[MW_VIT_LANES], 9);
        for (int i = 0; i < MW_VIT_LANES; i++)
            if (from_bf16(y[i]) != want[i])
                fail_msg("%a becomes %a, not %a", x[i], from_bf16(y[i]), want[i]);
    }
}

typedef struct shape {
    int n_q, n_keys, size;
} shape;

static const shape shapes[] = { { 50, 50, 64 }, { 1, 50, 64 },   { 17, 17, 32 }, { 3, 2, 16 },
                                { 1, 1, 16 },   { 33, 257, 64 }, { 5, 64, 48 },  { 16, 33, 128 } };

/* Rows of 3 width with queries, keys and values of several heads side by side. */
static void attend(mw_cpu_level l, const shape *s, const float *qkv, size_t stride, void *out,
                   int bf16)
{
    float *scratch =
        mw_calloc_aligned(mw_vit_attend_floats(s->n_keys, s->size) + GUARD, sizeof *scratch);
    const size_t end = mw_vit_attend_floats(s->n_keys, s->size);
    const mw_vit_head h = { .q = qkv + 3,
                            .k = qkv + 3 + s->size,
                            .v = qkv + 3 + 2 * s->size,
                            .q_stride = stride,
                            .kv_stride = stride,
                            .out_stride = (size_t)s->size + 16,
                            .n_q = s->n_q,
                            .n_keys = s->n_keys,
                            .size = s->size,
                            .out = out,
                            .bf16 = bf16,
                            .scratch = scratch };

    assert_non_null(scratch);
    for (size_t i = 0; i < end; i++)
        scratch[i] = NAN; /* nothing may be taken from there */
    for (size_t i = end; i < end + GUARD; i++)
        scratch[i] = 7;
    mw_vit_kernels_at(l)->attend(&h);
    for (size_t i = end; i < end + GUARD; i++)
        assert_true(scratch[i] == 7);
    mw_free(scratch);
}

static void check_attention(const shape *s, const float *qkv, size_t stride, const float *got)
{
    double *e = malloc((size_t)s->n_keys * sizeof *e);

    assert_non_null(e);
    for (size_t i = 0; i < (size_t)s->n_q; i++) {
        const float *q = qkv + 3 + i * stride;
        double most = -INFINITY, sum = 0;

        for (size_t j = 0; j < (size_t)s->n_keys; j++) {
            e[j] = 0;
            for (int d = 0; d < s->size; d++)
                e[j] += (double)q[d] * qkv[3 + s->size + d + (ptrdiff_t)(j * stride)];
            most = fmax(most, e[j]);
        }
        for (int j = 0; j < s->n_keys; j++)
            sum += e[j] = exp(e[j] - most);
        for (int d = 0; d < s->size; d++) {
            double y = 0;

            for (size_t j = 0; j < (size_t)s->n_keys; j++)
                y += e[j] / sum * qkv[3 + 2 * s->size + d + (ptrdiff_t)(j * stride)];
            if (!(fabs(got[i * ((size_t)s->size + 16) + (size_t)d] - y) < 3e-5))
                fail_msg("query %zu, value %d: %g instead of %g", i, d,
                         got[i * ((size_t)s->size + 16) + (size_t)d], y);
        }
    }
    free(e);
}

static void attention_is_right_and_equal_at_every_level(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        const shape *s = &shapes[k];
        const size_t stride = 3 * (size_t)s->size + 5, width = (size_t)s->size + 16;
        const size_t rows = (size_t)(s->n_keys > s->n_q ? s->n_keys : s->n_q);
        const size_t n = width * (size_t)s->n_q;
        float *qkv = values(rows * stride, 40 + k);
        float *want = calloc(n, sizeof *want), *got = calloc(n, sizeof *got);
        uint16_t *half = calloc(n, sizeof *half), *other = calloc(n, sizeof *other);

        assert_true(want && got && half && other);
        attend(MW_CPU_C, s, qkv, stride, want, 0);
        attend(MW_CPU_C, s, qkv, stride, half, 1);
        check_attention(s, qkv, stride, want);
        for (mw_cpu_level l = MW_CPU_C; l <= mw_cpu(); l = (mw_cpu_level)(l + 1)) {
            attend(l, s, qkv, stride, got, 0);
            assert_memory_equal(got, want, n * sizeof *got); /* what lies between the rows, too */
            attend(l, s, qkv, stride, other, 1);
            assert_memory_equal(other, half, n * sizeof *half);
        }
        free(qkv);
        free(want);
        free(got);
        free(half);
        free(other);
    }
}

/* Two keys with scores 0 and -x: the second one's share is e^-x / (1 + e^-x). */
static void the_exponential_is_as_good_as_stated(void **state)
{
    float *x = calloc(2 * 48 + 3, sizeof *x), out[32] = { 0 };
    double worst = 0;

    (void)state;
    assert_non_null(x);
    x[3] = 1;               /* the query */
    x[48 + 3 + 2 * 16] = 1; /* the second key's value */
    for (int i = 0; i < 60000; i++) {
        const shape s = { 1, 2, 16 };
        const float score = -(float)i * (86.0f / 60000);
        double want;

        x[48 + 3 + 16] = score;
        attend(MW_CPU_C, &s, x, 48, out, 0);
        want = exp(score) / (1 + exp(score));
        worst = fmax(worst, fabs(out[0] - want) / want);
    }
    print_message("# relative error of a share: %.2e\n", worst);
    assert_true(worst < 3e-7);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norm_is_right_and_equal_at_every_level),
        cmocka_unit_test(narrowing_rounds_half_to_even),
        cmocka_unit_test(attention_is_right_and_equal_at_every_level),
        cmocka_unit_test(the_exponential_is_as_good_as_stated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
