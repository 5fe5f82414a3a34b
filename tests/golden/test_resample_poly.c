/* SPDX-License-Identifier: Apache-2.0
 *
 * Against scipy.signal.resample_poly(x, up, len(x), axis=0), SciPy's defaults: single and 16-bit
 * input to the bit, double to 1e-12 of the largest value. data/resample_poly/x_<rows>_<up>.npy and
 * y_..., x64_ and x16_ for the other types.
 */
#include <math.h>

#include "support/support.h"

#include "base/mem.h"
#include "dsp/resample_poly.h"
#include "feature/align.h"

static npy load(const char *kind, size_t rows, size_t up)
{
    char relative[256];

    snprintf(relative, sizeof relative, "tests/golden/data/resample_poly/%s_%zu_%zu.npy", kind,
             rows, up);
    return npy_load(source_path(relative));
}

static size_t columns_of(const npy *a)
{
    return a->n / a->shape[0];
}

static void single_input_agrees_to_the_bit(void **state)
{
    static const size_t cases[][2] = { { 1, 375 },   { 2, 375 },   { 30, 375 },  { 123, 375 },
                                       { 250, 375 }, { 374, 375 }, { 375, 375 }, { 376, 375 },
                                       { 699, 375 }, { 700, 375 }, { 30, 500 },  { 250, 500 },
                                       { 499, 500 }, { 501, 500 }, { 1013, 500 } };
    mw_poly *p = mw_poly_create();

    (void)state;
    /* twice: the second round comes from the cache */
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        const size_t rows = cases[i / 2][0], up = cases[i / 2][1];
        npy x = load("x", rows, up), y = load("y", rows, up);
        float *ours = calloc(y.n, sizeof *ours);

        assert_int_equal(x.shape[0], rows);
        assert_int_equal(mw_poly_n_out(rows, up, rows), y.shape[0]);
        assert_ok(mw_poly_run_f32(p, x.data, rows, columns_of(&x), up, rows, 0, ours, NULL));
        assert_memory_equal(ours, y.data, y.n * sizeof *ours);
        free(ours);
        npy_free(&x);
        npy_free(&y);
    }
    mw_poly_destroy(&p);
}

/* The rule for faces ends in the same call. */
static void faces_are_brought_to_length_as_the_reference_does(void **state)
{
    static const size_t rows[] = { 30, 250, 499, 501, 1013 };
    mw_poly *p = mw_poly_create();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        npy x = load("x", rows[i], 500), y = load("y", rows[i], 500);
        double *t = calloc(rows[i], sizeof *t), source[500];
        const mw_matrix in = { .x = x.data, .t = t, .rows = rows[i], .columns = columns_of(&x) };
        mw_align_rule rule;
        mw_matrix out;

        assert_ok(mw_align_faces(&out, source, &rule, &in, t, 500, 30, p, NULL));
        assert_int_equal(rule, MW_ALIGN_RESAMPLE);
        assert_int_equal(out.rows * out.columns, y.n);
        assert_memory_equal(out.x, y.data, y.n * sizeof *out.x);
        mw_matrix_clear(&out);
        free(t);
        npy_free(&x);
        npy_free(&y);
    }
    mw_poly_destroy(&p);
}

static void double_input_agrees_closely(void **state)
{
    npy x = load("x64", 211, 375), y = load("y64", 211, 375);
    mw_poly *p = mw_poly_create();
    double *ours = calloc(y.n, sizeof *ours), top = 0;
    const double *theirs = y.data;

    (void)state;
    assert_ok(mw_poly_run_f64(p, x.data, 211, columns_of(&x), 375, 211, ours, NULL));
    for (size_t i = 0; i < y.n; i++)
        top = fmax(top, fabs(theirs[i]));
    for (size_t i = 0; i < y.n; i++)
        assert_true(fabs(ours[i] - theirs[i]) <= 1e-12 * top);
    free(ours);
    mw_poly_destroy(&p);
    npy_free(&x);
    npy_free(&y);
}

/* IEEE 754 binary16 to single. */
static float widen(uint16_t h)
{
    const int e = h >> 10 & 31, m = h & 1023;
    const float v = e ? ldexpf((float)(1024 + m), e - 25) : ldexpf((float)m, -24);

    return h >> 15 ? -v : v;
}

static void half_input_agrees_to_the_bit(void **state)
{
    npy x = load("x16", 211, 500), y = load("y16", 211, 500);
    mw_poly *p = mw_poly_create();
    float *ours = calloc(y.n, sizeof *ours), *wide = calloc(x.n, sizeof *wide);

    (void)state;
    assert_int_equal(x.item_bytes, 2);
    for (size_t i = 0; i < x.n; i++)
        wide[i] = widen(((const uint16_t *)x.data)[i]);
    assert_ok(mw_poly_run_f32(p, wide, 211, columns_of(&x), 500, 211, 1, ours, NULL));
    assert_memory_equal(ours, y.data, y.n * sizeof *ours);
    free(ours);
    free(wide);
    mw_poly_destroy(&p);
    npy_free(&x);
    npy_free(&y);
}

static void refuses_factors_out_of_range(void **state)
{
    mw_poly *p = mw_poly_create();
    float x[4] = { 0 }, y[64];
    mw_error err;

    (void)state;
    assert_int_equal(mw_poly_run_f32(p, x, 4, 1, 0, 4, 0, y, &err), MW_ERR_RANGE);
    assert_int_equal(mw_poly_run_f32(p, x, 4, 1, 4, 0, 0, y, &err), MW_ERR_RANGE);
    assert_int_equal(mw_poly_run_f32(p, x, 4, 1, (1u << 22) + 1, 4, 0, y, &err), MW_ERR_RANGE);
    assert_non_null(strstr(err.message, "4194305"));
    /* a common factor makes it small */
    assert_ok(mw_poly_run_f32(p, x, 4, 1, 1u << 30, 1u << 30, 0, y, &err));
    assert_ok(mw_poly_run_f32(p, x, 0, 1, 3, 2, 0, y, &err));
    mw_poly_destroy(&p);
    mw_poly_destroy(&p);
}

static void more_filters_than_the_cache_holds_still_work(void **state)
{
    mw_poly *p = mw_poly_create();
    float x[64], first[3][128], again[128];

    (void)state;
    for (size_t i = 0; i < 64; i++)
        x[i] = sinf((float)i);
    for (size_t up = 1; up <= 3; up++)
        assert_ok(mw_poly_run_f32(p, x, 40, 1, up, 2, 0, first[up - 1], NULL));
    for (size_t up = 5; up < 45; up++)
        assert_ok(mw_poly_run_f32(p, x, 40, 1, up, 41, 0, again, NULL));
    for (size_t up = 1; up <= 3; up++) {
        assert_ok(mw_poly_run_f32(p, x, 40, 1, up, 2, 0, again, NULL));
        assert_memory_equal(again, first[up - 1], mw_poly_n_out(40, up, 2) * sizeof *again);
    }
    mw_poly_destroy(&p);
}

static void a_failed_allocation_is_reported(void **state)
{
    const long live = mw_mem_live();
    float x[64] = { 1 }, y[64];

    (void)state;
    for (long n = 1; n < 20; n++) {
        mw_poly *p;
        mw_status st = MW_ERR_NOMEM;

        mw_mem_fail_at(n);
        p = mw_poly_create();
        if (p) st = mw_poly_run_f32(p, x, 30, 2, 1, 3, 0, y, NULL);
        mw_mem_fail_at(0);
        if (st != MW_OK) assert_int_equal(st, MW_ERR_NOMEM);
        /* and the context still works */
        if (p) assert_ok(mw_poly_run_f32(p, x, 30, 2, 1, 3, 0, y, NULL));
        mw_poly_destroy(&p);
        assert_int_equal(mw_mem_live(), live);
        if (st == MW_OK) {
            assert_true(n > 3);
            return;
        }
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_input_agrees_to_the_bit),
        cmocka_unit_test(faces_are_brought_to_length_as_the_reference_does),
        cmocka_unit_test(double_input_agrees_closely),
        cmocka_unit_test(half_input_agrees_to_the_bit),
        cmocka_unit_test(refuses_factors_out_of_range),
        cmocka_unit_test(a_failed_allocation_is_reported),
        cmocka_unit_test(more_filters_than_the_cache_holds_still_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
