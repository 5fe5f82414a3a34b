/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of the image tower: every CPU level gives the bits of C; C is right to the stated error.
 */
#include "support/support.h"

#include <float.h>
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

/* ---- 8 bits ---- */

enum { LONGEST = 3072 };

/* The definition in double precision, where the product is exact. */
static uint8_t plain_step(float x, float lo, float most)
{
    const float scale = 255.0f / (most - lo), d = x - lo;

    return (uint8_t)lrint((double)d * scale);
}

static void check_steps(const float *x, size_t n)
{
    float lo = x[0], most = x[0];
    uint8_t q[LONGEST + GUARD];

    for (size_t i = 0; i < n; i++) {
        lo = fminf(lo, x[i]);
        most = fmaxf(most, x[i]);
    }
    for (mw_cpu_level l = MW_CPU_C; l <= mw_cpu(); l = (mw_cpu_level)(l + 1)) {
        mw_vit_range r;

        memset(q, 9, sizeof q);
        r = mw_vit_kernels_at(l)->quantise(x, n, q);
        assert_true(r.lo == lo && r.step == (most - lo) / 255.0f);
        for (size_t i = 0; i < n; i++) {
            if (q[i] != plain_step(x[i], lo, most))
                fail_msg("%s, value %zu of %zu: %a becomes %d, not %d", mw_cpu_name(l), i, n, x[i],
                         q[i], plain_step(x[i], lo, most));
            assert_true(fabs(r.lo + (double)r.step * q[i] - x[i]) <= 0.5001 * r.step);
        }
        for (size_t i = n; i < n + GUARD; i++)
            assert_int_equal(q[i], 9);
    }
}

static void rows_become_256_steps_at_every_level(void **state)
{
    static const size_t length[] = { 2, 3, 7, 15, 16, 17, 31, 77, 100, 768, 1024, LONGEST };

    (void)state;
    for (size_t k = 0; k < sizeof length / sizeof *length; k++)
        for (size_t from = 0; from < 3; from++) {
            float *x = values(length[k] + from, 60 + k);

            check_steps(x + from, length[k]);
            x[from + length[k] - 1] = 1e30f; /* one value dwarfs all others; in the tail, too */
            check_steps(x + from, length[k]);
            x[from] = -FLT_MAX;
            check_steps(x + from, length[k]);
            for (size_t i = 0; i < length[k]; i++)
                x[from + i] = i % 2 ? 3.0f : 3.0f + 0x1p-22f; /* neighbours */
            check_steps(x + from, length[k]);
            free(x);
        }
}

/* With ends 0 and 255 the steps are the values: halves go to the even neighbour. */
static void steps_round_half_to_even(void **state)
{
    const float x[] = { 0, 0.5f, 1.5f, 2.5f, 253.5f, 254.5f, 255, 1.25f, 0.75f, 100.49999f };
    const uint8_t want[] = { 0, 0, 2, 2, 254, 254, 255, 1, 1, 100 };

    (void)state;
    for (mw_cpu_level l = MW_CPU_C; l <= mw_cpu(); l = (mw_cpu_level)(l + 1)) {
        uint8_t q[sizeof want];
        const mw_vit_range r = mw_vit_kernels_at(l)->quantise(x, sizeof want, q);

        assert_true(r.lo == 0 && r.step == 1);
        assert_memory_equal(q, want, sizeof q);
    }
}

static void constant_rows_and_rows_without_a_range(void **state)
{
    float x[77];
    uint8_t q[77];
    const float bad[] = { NAN, INFINITY, -INFINITY };

    (void)state;
    for (mw_cpu_level l = MW_CPU_C; l <= mw_cpu(); l = (mw_cpu_level)(l + 1)) {
        mw_vit_range r;

        for (int i = 0; i < 77; i++)
            x[i] = -2.5f;
        for (size_t n = 1; n <= 77; n += 19) {
            memset(q, 1, sizeof q);
            r = mw_vit_kernels_at(l)->quantise(x, n, q);
            assert_true(r.lo == -2.5f && r.step == 0);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(q[i], 0);
        }
        for (int i = 0; i < 77; i++)
            x[i] = i % 2 ? 0.0f : -0.0f; /* two zeros, and numbers too small to matter */
        x[76] = 0x1p-120f;
        r = mw_vit_kernels_at(l)->quantise(x, 77, q);
        assert_true(r.lo == 0 && !signbit(r.lo) && r.step == 0);
        for (size_t k = 0; k < 3; k++)
            for (int at = 0; at < 77; at += 4) {
                for (int i = 0; i < 77; i++)
                    x[i] = (float)i;
                x[at] = bad[k];
                memset(q, 1, sizeof q);
                r = mw_vit_kernels_at(l)->quantise(x, 77, q);
                assert_true(isnan(r.lo) && isnan(r.step));
                for (int i = 0; i < 77; i++)
                    assert_int_equal(q[i], 0);
            }
        x[0] = -FLT_MAX; /* finite ends too far apart */
        x[76] = FLT_MAX;
        assert_true(isnan(mw_vit_kernels_at(l)->quantise(x, 77, q).step));
    }
}

typedef struct sums {
    int32_t *sum;
    float *scale, *wsum, *bias, *y;
} sums;

static sums random_sums(size_t n)
{
    const size_t room = n + MW_VIT_LANES;
    sums s = { malloc(room * sizeof *s.sum), values(room, 91), values(room, 92), values(room, 93),
               values(room, 94) };
    mw_rng r = mw_rng_from_key(95);

    assert_non_null(s.sum);
    for (size_t i = 0; i < room; i++) {
        s.sum[i] = (int32_t)mw_rng_u32(&r) >> i % 24;
        s.scale[i] = fabsf(s.scale[i]) * 0x1p-30f;
    }
    return s;
}

static void check_finish(const sums *s, size_t n, mw_vit_after after)
{
    const mw_vit_sums in = { s->sum, s->scale, s->wsum, s->bias, n, { -0.7f, 0.9f } };
    float *want = malloc((n + MW_VIT_LANES) * sizeof *want);
    float *got = malloc((n + MW_VIT_LANES) * sizeof *got);

    assert_true(want && got);
    memcpy(want, s->y, (n + MW_VIT_LANES) * sizeof *want);
    mw_vit_kernels_c.finish(&in, after, want);
    for (size_t j = 0; j < n; j++) {
        const double v = (double)0.9f * s->scale[j] * s->sum[j] - (double)0.7f * s->wsum[j];
        double y = v + s->bias[j], near = 1e-6 * (fabs(v) + 8);

        if (after == MW_VIT_ADD) y += s->y[j];
        if (after == MW_VIT_GELU) y = y / (1 + exp(-1.702 * y));
        if (!(fabs(want[j] - y) <= near))
            fail_msg("value %zu: %.9g instead of %.9g", j, want[j], y);
    }
    for (mw_cpu_level l = MW_CPU_C; l <= mw_cpu(); l = (mw_cpu_level)(l + 1)) {
        memcpy(got, s->y, (n + MW_VIT_LANES) * sizeof *got);
        mw_vit_kernels_at(l)->finish(&in, after, got);
        assert_memory_equal(got, want, n * sizeof *got);
        assert_memory_equal(got + n, s->y + n, MW_VIT_LANES * sizeof *got);
        if (after == MW_VIT_ADD) continue;
        memcpy(got, s->sum, n * sizeof *got); /* in place */
        memcpy(got + n, s->sum + n, MW_VIT_LANES * sizeof *got);
        mw_vit_kernels_at(l)->finish(&(mw_vit_sums){ (const int32_t *)(const void *)got, s->scale,
                                                     s->wsum, s->bias, n, in.range },
                                     after, got);
        assert_memory_equal(got, want, n * sizeof *got);
        assert_memory_equal(got + n, s->sum + n, MW_VIT_LANES * sizeof *got);
    }
    free(want);
    free(got);
}

static void sums_become_numbers_equally_at_every_level(void **state)
{
    static const size_t length[] = { 1, 5, 16, 77, 100, 768, LONGEST };

    (void)state;
    for (size_t k = 0; k < sizeof length / sizeof *length; k++) {
        sums s = random_sums(length[k]);

        check_finish(&s, length[k], MW_VIT_WRITE);
        check_finish(&s, length[k], MW_VIT_ADD);
        check_finish(&s, length[k], MW_VIT_GELU);
        free(s.sum);
        free(s.scale);
        free(s.wsum);
        free(s.bias);
        free(s.y);
    }
}

/* Inputs come in as biases; NaN and what is far away as well. */
static void quick_gelu_is_as_good_as_stated(void **state)
{
    enum { N = 16 };
    const int32_t sum[2 * N] = { 0 };
    const float none[2 * N] = { 0 };
    float x[2 * N] = { 0 }, y[N];
    double worst = 0;

    (void)state;
    for (int i = 0; i < 200000; i += N) {
        const mw_vit_sums s = { sum, none, none, x, N, { 0, 0 } };

        for (int k = 0; k < N; k++)
            x[k] = (float)(i + k) * (100.0f / 200000) - 50;
        mw_vit_kernels_c.finish(&s, MW_VIT_GELU, y);
        for (int k = 0; k < N; k++) {
            const double want = x[k] / (1 + exp(-(double)1.702f * x[k]));

            if (x[k] != 0) worst = fmax(worst, fabs(y[k] - want) / fabs(want));
        }
    }
    print_message("# relative error of QuickGELU: %.2e\n", worst);
    x[0] = NAN;
    x[1] = 1e30f;
    x[2] = -1e30f;
    x[3] = -0.0f;
    mw_vit_kernels_c.finish(&(mw_vit_sums){ sum, none, none, x, N, { 0, 0 } }, MW_VIT_GELU, y);
    assert_true(isnan(y[0]) && y[1] == 1e30f && fabsf(y[2]) < 1e-7f && y[3] == 0);
    assert_true(worst < 5e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norm_is_right_and_equal_at_every_level),
        cmocka_unit_test(narrowing_rounds_half_to_even),
        cmocka_unit_test(attention_is_right_and_equal_at_every_level),
        cmocka_unit_test(the_exponential_is_as_good_as_stated),
        cmocka_unit_test(rows_become_256_steps_at_every_level),
        cmocka_unit_test(steps_round_half_to_even),
        cmocka_unit_test(constant_rows_and_rows_without_a_range),
        cmocka_unit_test(sums_become_numbers_equally_at_every_level),
        cmocka_unit_test(quick_gelu_is_as_good_as_stated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
