/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of 8 bits, and the library's products of them, which must be exact.
 */
#include "support/support.h"

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "nn/dnnl_matmul.h"
#include "nn/int8.h"

static void weights_become_steps_of_their_output(void **state)
{
    enum { N = 7, K = 300 };
    float w[N * K], scale[N + 1], sum[N + 1];
    int8_t q[N * K + 1];
    mw_rng r = mw_rng_from_key(1);

    (void)state;
    for (int i = 0; i < N * K; i++)
        w[i] = (float)(int32_t)mw_rng_u32(&r) * ldexpf(1, 3 * (i / K) - 40);
    q[N * K] = 9;
    scale[N] = sum[N] = 9;
    mw_int8_weights(q, scale, sum, w, N, K);
    assert_true(q[N * K] == 9 && scale[N] == 9 && sum[N] == 9);
    for (int j = 0; j < N; j++) {
        float most = 0;
        long total = 0;

        for (int k = 0; k < K; k++)
            most = fmaxf(most, fabsf(w[j * K + k]));
        assert_true(scale[j] == most / 127);
        for (int k = 0; k < K; k++) {
            const float t = w[j * K + k] * (127 / most);

            assert_int_equal(q[j * K + k], lrintf(t));
            assert_true(fabs(w[j * K + k] - (double)scale[j] * q[j * K + k]) <= 0.5001 * scale[j]);
            total += q[j * K + k];
        }
        assert_true(sum[j] == (float)((double)scale[j] * (double)total));
    }
}

static void halves_go_to_the_even_step(void **state)
{
    const float w[] = { 127, 0.5f, 1.5f, -0.5f, -1.5f, -2.5f, 126.5f, -127 };
    const int8_t want[] = { 127, 0, 2, 0, -2, -2, 126, -127 };
    int8_t q[sizeof want];
    float scale, sum;

    (void)state;
    mw_int8_weights(q, &scale, &sum, w, 1, sizeof want);
    assert_memory_equal(q, want, sizeof q);
    assert_true(scale == 1 && sum == 124);
}

static void outputs_without_a_scale(void **state)
{
    enum { K = 5 };
    const float w[6][K] = { { 0 },
                            { 0, -0x1p-110f },
                            { 1, 2, NAN, 3 },
                            { 0, -INFINITY },
                            { 0, 0, 0, 0, INFINITY },
                            { 0, 3.0e38f, -3.4e38f } };
    int8_t q[6][K];
    float scale[6], sum[6];

    (void)state;
    memset(q, 1, sizeof q);
    mw_int8_weights(&q[0][0], scale, sum, &w[0][0], 6, K);
    for (int j = 0; j < 5; j++) {
        for (int k = 0; k < K; k++)
            assert_int_equal(q[j][k], 0);
        assert_true(j < 2 ? scale[j] == 0 && sum[j] == 0 : isnan(scale[j]) && isnan(sum[j]));
    }
    assert_int_equal(q[5][2], -127);
    assert_int_equal(q[5][1], 112);
}

typedef struct shape {
    int m, k, n;
} shape;

/* Sums of random and of extreme steps against integers of 64 bits. */
static void check_product(const shape *s, int extreme)
{
    const size_t m = (size_t)s->m, k = (size_t)s->k, n = (size_t)s->n;
    const mw_matmul_spec spec = { .m = s->m };
    float *w = mw_calloc(n * k, sizeof *w), *scale = mw_calloc(n, sizeof *scale);
    float *sum = mw_calloc(n, sizeof *sum);
    int8_t *q = mw_calloc(n * k, 1);
    uint8_t *x = mw_calloc_aligned(m * k, 1);
    int32_t *y = mw_calloc_aligned(m * n, sizeof *y);
    mw_rng r = mw_rng_from_key(2);
    mw_packed_steps steps;
    mw_packed *p;
    mw_matmul *product;
    void *scratch;

    assert_true(w && scale && sum && q && x && y);
    for (size_t i = 0; i < n * k; i++)
        w[i] = extreme ? (i / k % 2 ? -1 : 1) : (float)(int32_t)mw_rng_u32(&r);
    for (size_t i = 0; i < m * k; i++)
        x[i] = extreme ? 255 : (uint8_t)mw_rng_u32(&r);
    mw_int8_weights(q, scale, sum, w, n, k);
    assert_ok(mw_packed_create(&p, w, NULL, s->n, s->k, MW_MATMUL_INT8, 400, NULL));
    steps = mw_packed_int8(p);
    assert_int_equal(mw_packed_type(p), MW_MATMUL_INT8);
    assert_int_equal(steps.n, s->n);
    assert_memory_equal(steps.scale, scale, n * sizeof *scale);
    assert_memory_equal(steps.sum, sum, n * sizeof *sum);
    assert_true(mw_packed_bytes(p) >= n * k && mw_packed_bytes(p) < 2 * n * k + 8192 * (n + k));
    assert_ok(mw_matmul_create(&product, p, &spec, NULL));
    scratch = mw_calloc_aligned(mw_matmul_scratch(product) + 1, 1);
    assert_ok(mw_matmul_run(product, p, x, y, scratch, NULL));
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            int64_t want = 0;

            for (size_t l = 0; l < k; l++)
                want += x[i * k + l] * q[j * k + l];
            if (y[i * n + j] != want)
                fail_msg("%dx%dx%d, (%zu, %zu): %ld instead of %ld (%s)", s->m, s->k, s->n, i, j,
                         (long)y[i * n + j], (long)want, mw_matmul_kernel(product));
        }
    mw_free(scratch);
    mw_matmul_destroy(&product);
    mw_packed_destroy(&p);
    mw_free(w);
    mw_free(scale);
    mw_free(sum);
    mw_free(q);
    mw_free(x);
    mw_free(y);
}

static void products_are_exact(void **state)
{
    static const shape shapes[] = { { 1, 768, 96 },   { 50, 768, 64 }, { 8, 3072, 48 },
                                    { 3, 77, 64 },    { 17, 64, 100 }, { 2, 5, 1 },
                                    { 2, 65536, 16 }, { 49, 192, 192 } };

    (void)state;
    if (!mw_cpu_int8()) {
        print_message("# skipped: this processor has no VNNI\n");
        skip();
    }
    assert_ok(mw_matmul_check_int8(NULL));
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        check_product(&shapes[k], 0);
        check_product(&shapes[k], 1);
    }
}

static void more_terms_than_fit_are_refused(void **state)
{
    float *w = calloc(MW_INT8_MAX_K + 1, sizeof *w);
    mw_packed *p;

    (void)state;
    assert_non_null(w);
    assert_fails(mw_packed_create(&p, w, NULL, 1, MW_INT8_MAX_K + 1, MW_MATMUL_INT8, 1, NULL),
                 MW_ERR_FORMAT);
    assert_null(p);
    free(w);
}

/* In another process, where the library has not looked at the processor yet and is told that it is
 * this one: 0 exact, 1 refused, 2 something else. */
static int status_as(const char *isa)
{
    const pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (!pid) {
        mw_error err = { 0 };
        mw_status st;

        setenv("ONEDNN_MAX_CPU_ISA", isa, 1);
        st = mw_matmul_check_int8(&err);
        _exit(st == MW_OK ? 0 : st == MW_ERR_RANGE && !strcmp(err.reason, "no_int8") ? 1 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Its AVX2 products saturate in 16 bits: that is noticed. */
static void saturating_products_are_refused(void **state)
{
    (void)state;
    if (mw_cpu() < MW_CPU_AVX2) skip();
    assert_int_equal(status_as("AVX2"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* first: the library may not have looked at the processor before */
        cmocka_unit_test(saturating_products_are_refused),
        cmocka_unit_test(weights_become_steps_of_their_output),
        cmocka_unit_test(halves_go_to_the_even_step),
        cmocka_unit_test(outputs_without_a_scale),
        cmocka_unit_test(products_are_exact),
        cmocka_unit_test(more_terms_than_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
