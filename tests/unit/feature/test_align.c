/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "feature/align.h"

/* rows x 3: x = 100 row + column, a row every 10 ms, each third not valid. */
static mw_matrix ramp(size_t rows)
{
    mw_matrix m;

    assert_ok(mw_matrix_alloc(&m, rows, 3, NULL));
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < 3; c++)
            m.x[3 * r + c] = (float)(100 * r + c);
        m.t[r] = 0.01 * (double)r;
        m.valid[r] = r % 3 != 0;
    }
    return m;
}

/* x = np.zeros((n, 90)) for each n through the reference's rule: n == 375 is copied, n <= 700 goes
 * through resample_poly, x[(n - 375) // 2 :][:375] otherwise. */
static void the_rule_depends_on_the_number_of_rows(void **state)
{
    static const struct {
        size_t rows, length, threshold;
        mw_align_rule rule;
        size_t first;
    } cases[] = {
        { 1, 375, 700, MW_ALIGN_RESAMPLE, 0 },   { 374, 375, 700, MW_ALIGN_RESAMPLE, 0 },
        { 375, 375, 700, MW_ALIGN_COPY, 0 },     { 376, 375, 700, MW_ALIGN_RESAMPLE, 0 },
        { 700, 375, 700, MW_ALIGN_RESAMPLE, 0 }, { 701, 375, 700, MW_ALIGN_CROP, 163 },
        { 702, 375, 700, MW_ALIGN_CROP, 163 },   { 703, 375, 700, MW_ALIGN_CROP, 164 },
        { 501, 500, 500, MW_ALIGN_CROP, 0 },     { 3600000, 500, 700, MW_ALIGN_CROP, 1799750 },
        { 2, 1, 1, MW_ALIGN_CROP, 0 },           { 1, 1, 1, MW_ALIGN_COPY, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const mw_align_plan p =
            mw_align_plan_make(cases[i].rows, cases[i].length, cases[i].threshold);

        assert_int_equal(p.rule, cases[i].rule);
        assert_int_equal(p.first, cases[i].first);
        assert_int_equal(p.rows, cases[i].rows);
        assert_int_equal(p.length, cases[i].length);
    }
}

static void cropping_keeps_the_middle_rows_with_their_times(void **state)
{
    const mw_align_plan plan = mw_align_plan_make(21, 4, 10);
    mw_matrix in = ramp(21), out;
    double source[4];

    (void)state;
    assert_ok(mw_align(&out, source, &plan, &in, 0, NULL, NULL));
    assert_int_equal(out.rows, 4);
    assert_int_equal(out.columns, 3);
    for (size_t i = 0; i < 4; i++) {
        assert_memory_equal(out.x + 3 * i, in.x + 3 * (8 + i), 3 * sizeof(float));
        assert_true(source[i] == (double)(8 + i));
        assert_true(out.t[i] == in.t[8 + i]);
        assert_int_equal(out.valid[i], in.valid[8 + i]);
    }
    mw_matrix_clear(&out);
    mw_matrix_clear(&in);
}

static void the_middle_rows_alone_give_the_same(void **state)
{
    const mw_align_plan plan = mw_align_plan_make(21, 4, 10);

    (void)state;
    for (size_t from = 0; from <= 8; from++)
        for (size_t to = 12; to <= 21; to++) {
            mw_matrix in = ramp(21), part = { .columns = 3 }, out, whole;
            double a[4], b[4];
            size_t cap = 0;

            assert_ok(mw_matrix_add(&part, &cap, in.x + 3 * from, in.t + from, to - from, NULL));
            memcpy(part.valid, in.valid + from, to - from);
            assert_ok(mw_align(&whole, a, &plan, &in, 0, NULL, NULL));
            assert_ok(mw_align(&out, b, &plan, &part, from, NULL, NULL));
            assert_memory_equal(a, b, sizeof a);
            assert_memory_equal(out.x, whole.x, 12 * sizeof(float));
            assert_memory_equal(out.t, whole.t, 4 * sizeof(double));
            assert_memory_equal(out.valid, whole.valid, 4);
            mw_matrix_clear(&part);
            mw_matrix_clear(&whole);
            mw_matrix_clear(&out);
            mw_matrix_clear(&in);
        }
}

static void resampling_is_that_of_the_kernel_and_times_are_spread(void **state)
{
    const mw_align_plan plan = mw_align_plan_make(6, 9, 10);
    mw_matrix in = ramp(6), out;
    mw_poly *poly = mw_poly_create();
    float want[27];
    double source[9];

    (void)state;
    assert_non_null(poly);
    assert_ok(mw_poly_run_f32(poly, in.x, 6, 3, 9, 6, 0, want, NULL));
    assert_ok(mw_align(&out, source, &plan, &in, 0, poly, NULL));
    assert_memory_equal(out.x, want, sizeof want);
    for (size_t i = 0; i < 9; i++) {
        const size_t nearest = (size_t)((double)i * 6 / 9 + 0.5);

        assert_true(source[i] == (double)i * 6 / 9);
        assert_float_equal(out.t[i], 0.01 * (double)i * 6 / 9, 1e-12);
        assert_int_equal(out.valid[i], nearest % 3 != 0);
    }
    mw_matrix_clear(&out);
    mw_matrix_clear(&in);
    mw_poly_destroy(&poly);
}

static void one_row_becomes_any_number(void **state)
{
    const mw_align_plan plan = mw_align_plan_make(1, 375, 700);
    mw_matrix in = ramp(1), out;
    mw_poly *poly = mw_poly_create();
    double source[375];

    (void)state;
    assert_ok(mw_align(&out, source, &plan, &in, 0, poly, NULL));
    for (size_t i = 0; i < 375; i++)
        assert_true(out.t[i] == 0 && source[i] < 1);
    mw_matrix_clear(&out);
    mw_matrix_clear(&in);
    mw_poly_destroy(&poly);
    assert_int_equal(mw_mem_live(), 0);
}

static void rows_that_are_needed_and_not_there_are_refused(void **state)
{
    const mw_align_plan crop = mw_align_plan_make(21, 4, 10), poly = mw_align_plan_make(6, 9, 10),
                        none = mw_align_plan_make(0, 4, 10);
    mw_matrix in = ramp(3), empty = { .columns = 3 }, out;
    double source[9];

    (void)state;
    assert_fails(mw_align(&out, source, &crop, &in, 9, NULL, NULL), MW_ERR_ARG);
    assert_fails(mw_align(&out, source, &crop, &in, 8, NULL, NULL), MW_ERR_ARG);
    assert_fails(mw_align(&out, source, &crop, &in, 0, NULL, NULL), MW_ERR_ARG);
    assert_fails(mw_align(&out, source, &poly, &in, 0, NULL, NULL), MW_ERR_ARG);
    assert_fails(mw_align(&out, source, &poly, &in, 3, NULL, NULL), MW_ERR_ARG);
    assert_fails(mw_align(&out, source, &none, &in, 0, NULL, NULL), MW_ERR_ARG);
    assert_fails(mw_align(&out, source, &crop, &empty, 8, NULL, NULL), MW_ERR_ARG);
    mw_matrix_clear(&in);
}

static void short_memory_is_reported_at_each_allocation(void **state)
{
    const mw_align_plan plan = mw_align_plan_make(6, 9, 10);
    mw_matrix in = ramp(6), out;
    mw_poly *poly = mw_poly_create();
    const long live = mw_mem_live();
    double source[9];
    mw_status st = MW_ERR_NOMEM;

    (void)state;
    for (long n = 1; st == MW_ERR_NOMEM && n < 100; n++) {
        mw_mem_fail_at(n);
        st = mw_align(&out, source, &plan, &in, 0, poly, NULL);
        mw_mem_fail_at(0);
        mw_matrix_clear(&out);
    }
    assert_int_equal(st, MW_OK);
    mw_poly_destroy(&poly);
    mw_matrix_clear(&in);
    assert_true(mw_mem_live() < live);
}

/* ---- faces ---- */

/* n rows of 3 columns of the frames 2, 5, 8 ..., at 40 ms a frame. */
static mw_matrix faces(size_t n, double *frame)
{
    mw_matrix m = ramp(n);

    for (size_t i = 0; i < n; i++) {
        frame[i] = (double)(3 * i + 2);
        m.t[i] = 0.04 * frame[i];
        m.valid[i] = 1;
    }
    return m;
}

static void the_rule_for_faces_depends_on_their_number(void **state)
{
    static const struct {
        size_t n, length, pad_below;
        mw_align_rule rule;
    } cases[] = {
        { 0, 500, 30, MW_ALIGN_ZEROS },     { 0, 500, 0, MW_ALIGN_ZEROS },
        { 1, 500, 30, MW_ALIGN_PAD },       { 29, 500, 30, MW_ALIGN_PAD },
        { 30, 500, 30, MW_ALIGN_RESAMPLE }, { 499, 500, 30, MW_ALIGN_RESAMPLE },
        { 500, 500, 30, MW_ALIGN_COPY },    { 501, 500, 30, MW_ALIGN_RESAMPLE },
        { 1, 500, 0, MW_ALIGN_RESAMPLE },   { 10, 10, 10, MW_ALIGN_COPY },
        { 20, 10, 30, MW_ALIGN_RESAMPLE },
    };
    mw_poly *poly = mw_poly_create();
    double frame[501], source[500];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_matrix in = faces(cases[i].n, frame), out;
        mw_align_rule rule;

        assert_ok(mw_align_faces(&out, source, &rule, &in, frame, cases[i].length,
                                 cases[i].pad_below, poly, NULL));
        assert_int_equal(rule, cases[i].rule);
        assert_int_equal(out.rows, cases[i].length);
        assert_int_equal(out.columns, 3);
        mw_matrix_clear(&in);
        mw_matrix_clear(&out);
    }
    mw_poly_destroy(&poly);
}

static void few_faces_are_followed_by_rows_that_stand_for_nothing(void **state)
{
    double frame[4], source[9];
    mw_matrix in = faces(4, frame), out;
    mw_align_rule rule;

    (void)state;
    assert_ok(mw_align_faces(&out, source, &rule, &in, frame, 9, 5, NULL, NULL));
    assert_string_equal(mw_align_rule_name[rule], "zero_pad");
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(out.valid[i], i < 4);
        for (size_t c = 0; c < 3; c++)
            assert_true(out.x[3 * i + c] == (i < 4 ? (float)(100 * i + c) : 0));
        if (i < 4)
            assert_true(source[i] == frame[i] && out.t[i] == in.t[i]);
        else
            assert_true(isnan(source[i]) && isnan(out.t[i]));
    }
    mw_matrix_clear(&in);
    mw_matrix_clear(&out);
}

/* v_src = np.interp(i * 4 / 10, range(4), [2, 5, 8, 11]), held after the last face. */
static void resampled_rows_stand_between_frames(void **state)
{
    static const double want[10] = { 2, 3.2, 4.4, 5.6, 6.8, 8, 9.2, 10.4, 11, 11 };
    mw_poly *poly = mw_poly_create();
    double frame[4], source[10];
    mw_matrix in = faces(4, frame), out;
    mw_align_rule rule;

    (void)state;
    assert_ok(mw_align_faces(&out, source, &rule, &in, frame, 10, 0, poly, NULL));
    assert_int_equal(rule, MW_ALIGN_RESAMPLE);
    for (size_t i = 0; i < 10; i++) {
        assert_true(fabs(source[i] - want[i]) < 1e-12);
        assert_true(fabs(out.t[i] - 0.04 * want[i]) < 1e-12);
        assert_int_equal(out.valid[i], 1);
    }
    mw_matrix_clear(&in);
    mw_matrix_clear(&out);
    mw_poly_destroy(&poly);
}

static void compacting_keeps_valid_rows_and_their_numbers(void **state)
{
    mw_matrix m = ramp(11); /* 0, 3, 6, 9 are not valid */
    double frame[11];

    (void)state;
    mw_align_compact(&m, frame);
    assert_int_equal(m.rows, 7);
    for (size_t i = 0; i < 7; i++) {
        const size_t was = 3 * (i / 2) + 1 + i % 2;

        assert_true(frame[i] == (double)was && m.t[i] == 0.01 * (double)was);
        assert_int_equal(m.valid[i], 1);
        for (size_t c = 0; c < 3; c++)
            assert_true(m.x[3 * i + c] == (float)(100 * was + c));
    }
    mw_matrix_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule_depends_on_the_number_of_rows),
        cmocka_unit_test(cropping_keeps_the_middle_rows_with_their_times),
        cmocka_unit_test(the_middle_rows_alone_give_the_same),
        cmocka_unit_test(resampling_is_that_of_the_kernel_and_times_are_spread),
        cmocka_unit_test(one_row_becomes_any_number),
        cmocka_unit_test(rows_that_are_needed_and_not_there_are_refused),
        cmocka_unit_test(short_memory_is_reported_at_each_allocation),
        cmocka_unit_test(the_rule_for_faces_depends_on_their_number),
        cmocka_unit_test(few_faces_are_followed_by_rows_that_stand_for_nothing),
        cmocka_unit_test(resampled_rows_stand_between_frames),
        cmocka_unit_test(compacting_keeps_valid_rows_and_their_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
