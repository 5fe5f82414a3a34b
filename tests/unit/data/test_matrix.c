/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <locale.h>
#include <math.h>

#include "base/mem.h"
#include "data/matrix.h"

static void a_new_matrix_is_zero_and_valid(void **state)
{
    mw_matrix m;

    (void)state;
    assert_ok(mw_matrix_alloc(&m, 3, 2, NULL));
    assert_int_equal(m.rows, 3);
    assert_int_equal(m.columns, 2);
    for (size_t i = 0; i < 6; i++)
        assert_true(m.x[i] == 0);
    for (size_t i = 0; i < 3; i++)
        assert_true(m.t[i] == 0 && m.valid[i] == 1);
    mw_matrix_clear(&m);
    assert_null(m.x);
    assert_ok(mw_matrix_alloc(&m, 0, 5, NULL));
    mw_matrix_clear(&m);
    assert_int_equal(mw_mem_live(), 0);
}

static void sizes_above_the_cap_are_refused(void **state)
{
    mw_matrix m;

    (void)state;
    assert_fails(mw_matrix_alloc(&m, (size_t)1 << 62, 90, NULL), MW_ERR_NOMEM);
    assert_fails(mw_matrix_alloc(&m, SIZE_MAX, SIZE_MAX, NULL), MW_ERR_NOMEM);
    assert_fails(mw_matrix_alloc(&m, 1, SIZE_MAX, NULL), MW_ERR_NOMEM);
    assert_int_equal(mw_mem_live(), 0);
}

static void rows_can_be_added_in_any_portions(void **state)
{
    float x[90 * 7];
    double t[90];

    (void)state;
    for (size_t i = 0; i < 90 * 7; i++)
        x[i] = (float)i;
    for (size_t i = 0; i < 90; i++)
        t[i] = (double)i;
    for (size_t portion = 1; portion <= 90; portion++) {
        mw_matrix m = { .columns = 7 };
        size_t cap = 0;

        for (size_t at = 0; at < 90; at += portion) {
            const size_t n = 90 - at < portion ? 90 - at : portion;

            assert_ok(mw_matrix_add(&m, &cap, x + 7 * at, t + at, n, NULL));
            assert_int_equal(m.rows, at + n);
            assert_true(cap >= m.rows);
        }
        assert_memory_equal(m.x, x, sizeof x);
        assert_memory_equal(m.t, t, sizeof t);
        for (size_t i = 0; i < 90; i++)
            assert_int_equal(m.valid[i], 1);
        for (size_t i = 0; i < MW_MEM_ALIGN / sizeof *x; i++) /* may be loaded */
            assert_true(m.x[sizeof x / sizeof *x + i] == 0);
        mw_matrix_clear(&m);
    }
    assert_int_equal(mw_mem_live(), 0);
}

static void a_failed_addition_leaves_the_matrix(void **state)
{
    const float x[2] = { 1, 2 };
    const double t[1] = { 3 };

    (void)state;
    for (long k = 1; k <= 3; k++) {
        mw_matrix m = { .columns = 2 };
        size_t cap = 0;

        assert_ok(mw_matrix_add(&m, &cap, x, t, 1, NULL));
        mw_mem_fail_at(k);
        assert_fails(mw_matrix_add(&m, &cap, x, t, 1, NULL), MW_ERR_NOMEM);
        mw_mem_fail_at(0);
        assert_int_equal(m.rows, 1);
        assert_memory_equal(m.x, x, sizeof x);
        assert_ok(mw_matrix_add(&m, &cap, x, t, 1, NULL));
        assert_int_equal(m.rows, 2);
        mw_matrix_clear(&m);
    }
    assert_int_equal(mw_mem_live(), 0);
}

static void csv_reads_back_equal_with_a_comma_locale(void **state)
{
    static const char *const names[] = { "a", "b_sma" };
    static const char want[] = "time;a;b_sma\n0;1;0.1\n0.01;-2.5;16777216\n1e-10;inf;nan\n";
    char *dir = temp_dir();
    mw_str s = { 0 }, pieces = { 0 };
    mw_matrix m;

    (void)state;
    assert_ok(mw_matrix_alloc(&m, 3, 2, NULL));
    m.names = names;
    memcpy(m.x, (float[]){ 1, 0.1f, -2.5f, 16777216, INFINITY, NAN }, 6 * sizeof *m.x);
    memcpy(m.t, (double[]){ 0, 0.01, 1e-10 }, 3 * sizeof *m.t);
    use_comma_locale(dir);
    mw_matrix_put_csv(&s, &m);
    mw_matrix_put_csv_head(&pieces, names, 2);
    for (size_t i = 0; i < 3; i++)
        mw_matrix_put_csv_rows(&pieces, m.x + 2 * i, m.t + i, 1, 2);
    setlocale(LC_ALL, "C");
    assert_string_equal(s.data, want);
    assert_string_equal(pieces.data, want);
    mw_str_clear(&s);
    mw_str_clear(&pieces);
    mw_matrix_clear(&m);
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_matrix_is_zero_and_valid),
        cmocka_unit_test(sizes_above_the_cap_are_refused),
        cmocka_unit_test(rows_can_be_added_in_any_portions),
        cmocka_unit_test(a_failed_addition_leaves_the_matrix),
        cmocka_unit_test(csv_reads_back_equal_with_a_comma_locale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
