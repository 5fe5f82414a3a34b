/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products and row kernels of the scoring networks: every CPU level of this machine against
 * C, to the bit, and C against double precision.
 */
#include "support/support.h"

#include <math.h>

#include "base/rng.h"
#include "score/rows.h"

#define FOR_EACH_LEVEL(level)                                                                      \
    for (mw_cpu_level level = MW_CPU_C; level <= mw_cpu(); level = (mw_cpu_level)(level + 1))

enum { ROOM = 1 << 15, GUARD = 16 };

static float x[ROOM], y[ROOM], z[ROOM], w[ROOM], out[2][ROOM + 2 * GUARD];

static void fill(float *p, mw_rng *r, double range)
{
    for (size_t i = 0; i < ROOM; i++)
        p[i] = (float)mw_rng_uniform(r, -range, range);
}

/* The same start for both sides, guards included. */
static void prepare(mw_rng *r, double range)
{
    fill(x, r, range);
    fill(y, r, range);
    fill(z, r, range);
    fill(w, r, range);
    for (size_t i = 0; i < ROOM + 2 * GUARD; i++)
        out[0][i] = out[1][i] = w[i % ROOM];
}

static void assert_equal(const char *what, size_t n)
{
    if (memcmp(out[0], out[1], sizeof out[0])) fail_msg("%s of %zu differs", what, n);
}

/* ---- products ---- */

static void products_are_equal_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(1);

    (void)state;
    for (int k = 0; k < 200; k++) {
        mw_gemm_shape s = { .m = 1 + mw_rng_below(&r, 40),
                            .n = 1 + mw_rng_below(&r, 90),
                            .k = mw_rng_below(&r, k % 9 ? 60 : 300),
                            .add = k % 2 };
        int kind = k / 2 % 3;

        s.ldb = s.n + mw_rng_below(&r, 5);
        s.ldc = s.n + mw_rng_below(&r, 5);
        s.a_row = kind == 0 ? s.k + 3 : kind == 1 ? 1 : 5; /* plain, turned, overlapping */
        s.a_col = kind == 1 ? s.m + 2 : 1;
        prepare(&r, 2);
        mw_gemm_c(&s, x, y, out[0] + GUARD);
        FOR_EACH_LEVEL(level)
        {
            memcpy(out[1], w, ROOM * sizeof *w);
            memcpy(out[1] + ROOM, w, 2 * GUARD * sizeof *w);
            mw_gemm_fn_at(level)(&s, x, y, out[1] + GUARD);
            assert_equal("product", s.m * 1000 + s.n);
        }
    }
}

static void a_product_is_the_sum_it_says(void **state)
{
    const mw_gemm_shape s = {
        .m = 7, .n = 21, .k = 33, .a_row = 1, .a_col = 9, .ldb = 22, .ldc = 23, .add = 1
    };
    mw_rng r = mw_rng_from_key(2);

    (void)state;
    prepare(&r, 1);
    mw_gemm(&s, x, y, out[0]);
    for (size_t i = 0; i < s.m; i++) {
        for (size_t j = 0; j < s.n; j++) {
            double sum = (double)out[1][i * s.ldc + j];

            for (size_t k = 0; k < s.k; k++)
                sum += (double)x[i + 9 * k] * (double)y[k * 22 + j];
            assert_true(fabs(sum - (double)out[0][i * s.ldc + j]) < 1e-5);
        }
    }
}

/* ---- rows ---- */

enum { N_KERNELS = 14 };

/* Kernel number k on rows of n; results go to o. */
static void run(const mw_row_kernels *f, int k, size_t n, float *o)
{
    const size_t rows = 5;
    float stat[2 * 5] = { 0 };
    const uint8_t mask[] = { 1, 1, 0, 1, 0 };
    const mw_norm_rows norm = { .rows = rows,
                                .n = n,
                                .relu = k % 2,
                                .mask = k % 3 ? mask : NULL,
                                .x = x,
                                .weight = y,
                                .bias = z,
                                .y = o,
                                .stat = stat };
    const mw_adamw_step step = { 0.5f, 0.999f, 0.01f, 0.03f };

    switch (k) {
    case 0:
        f->softmax(o, n, 0.25f, NULL, 0);
        break;
    case 1:
        f->softmax(o, n, 2, x, 0.5f);
        break;
    case 2:
        f->softmax_back(o, x, n, 0.25f, NULL);
        break;
    case 3:
        f->softmax_back(o, x, n, 0.25f, o + n);
        break;
    case 4:
    case 5:
        f->norm(&norm);
        memcpy(o + rows * n, stat, sizeof stat);
        break;
    case 6:
    case 7:
        f->norm(&norm);
        f->norm_back(&norm, &(mw_norm_back_rows){ .g = w,
                                                  .gx = o + rows * n,
                                                  .gw = o + 2 * rows * n,
                                                  .gb = o + 2 * rows * n + n,
                                                  .add = k == 7 });
        break;
    case 8:
        f->gelu(o, x, n);
        f->gelu_back(o + n, y, x, n, 1);
        break;
    case 9:
        f->axpy(o, 0.3f, x, n);
        f->product(o + n, x, y, n, 1);
        break;
    case 10:
        f->col_sums(o, x, rows, n);
        break;
    case 11:
        o[0] = f->dot(x, y, n);
        break;
    case 12:
        f->transpose(o, rows + 2, x, n, rows, n);
        break;
    default:
        for (size_t j = 0; j < n; j++)
            o[2 * n + j] = o[2 * n + j] * o[2 * n + j];
        f->adamw(o, x, o + n, o + 2 * n, n, &step);
    }
}

static void rows_are_equal_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(3);

    (void)state;
    for (int k = 0; k < N_KERNELS; k++) {
        for (size_t n = 1; n < 200; n += n < 70 ? 1 : 13) {
            prepare(&r, n % 5 ? 3 : 60);
            run(&mw_rows_c, k, n, out[0] + GUARD);
            FOR_EACH_LEVEL(level)
            {
                memcpy(out[1], w, ROOM * sizeof *w);
                memcpy(out[1] + ROOM, w, 2 * GUARD * sizeof *w);
                run(mw_rows_at(level), k, n, out[1] + GUARD);
                if (memcmp(out[0], out[1], sizeof out[0]))
                    fail_msg("kernel %d on %zu at level %s", k, n, mw_cpu_name(level));
            }
        }
    }
}

/* Differences of logits up to 60 are rounded by 2e-6, which is the larger part of the tolerance. */
static void a_softmax_is_close_to_that_of_libm(void **state)
{
    mw_rng r = mw_rng_from_key(4);

    (void)state;
    for (size_t n = 1; n < 180; n += 7) {
        double top = -INFINITY, sum = 0;

        prepare(&r, 30);
        for (size_t j = 0; j < n; j++)
            top = fmax(top, (double)x[j]);
        for (size_t j = 0; j < n; j++)
            sum += exp((double)x[j] - top);
        memcpy(out[0], x, n * sizeof *x);
        mw_rows()->softmax(out[0], n, 1, NULL, 0);
        for (size_t j = 0; j < n; j++) {
            const double p = exp((double)x[j] - top) / sum;

            assert_true(fabs((double)out[0][j] - p) <= 5e-6 * p + 1e-37);
        }
    }
    /* what lies far below the maximum has no share; equal logits share equally */
    out[0][0] = 100;
    out[0][1] = -100;
    mw_rows()->softmax(out[0], 2, 1, NULL, 0);
    assert_true(out[0][0] == 1 && out[0][1] == 0);
    out[0][0] = out[0][1] = -1e30f;
    mw_rows()->softmax(out[0], 2, 1, NULL, 0);
    assert_true(out[0][0] == 0.5f && out[0][1] == 0.5f);
}

static void gelu_is_close_to_that_of_libm(void **state)
{
    (void)state;
    for (int k = -4000; k <= 4000; k++) {
        const double v = k * 0.005, phi = exp(-0.5 * v * v) * 0.3989422804014327;
        const double upper = 0.5 * erfc(-v * 0.7071067811865476);
        const float at = (float)v, one = 1;
        float value, slope = 0;

        mw_rows()->gelu(&value, &at, 1);
        mw_rows()->gelu_back(&slope, &one, &at, 1, 0);
        assert_true(fabs((double)value - v * upper) < 4e-7 * fmax(1, fabs(v)));
        assert_true(fabs((double)slope - (upper + v * phi)) < 6e-7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_equal_at_every_level),
        cmocka_unit_test(a_product_is_the_sum_it_says),
        cmocka_unit_test(rows_are_equal_at_every_level),
        cmocka_unit_test(a_softmax_is_close_to_that_of_libm),
        cmocka_unit_test(gelu_is_close_to_that_of_libm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
