/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors against openSMILE 3.0.2: per column, median relative error below 1e-4 and 99.9 % of
 * the values within 1e-3 relative or 1e-4 of the column's standard deviation.
 */
#include <math.h>

#include "support/support.h"

#include "feature/lld/lld.h"
#include "support/lld_golden.h"

typedef struct suite {
    const char *folder;
    int shared; /* below the optional folder, else below the source tree */
    const char *set;
    unsigned mask;
    size_t skip;
    const golden_case *cases;
} suite;

static const golden_case small_egemaps[] = {
    { "sp_fr_f", 0 }, { "short_030ms", 0 }, { "short_060ms", 0 }, { "short_100ms", 0 }, { NULL, 0 }
};
static const golden_case small_compare[] = {
    { "03_speech_lowpitch_16k", 0 }, { "11_short_030ms_16k", 0 }, { "11_short_060ms_16k", 0 },
    { "11_short_070ms_16k", 0 },     { "11_short_100ms_16k", 0 }, { NULL, 0 }
};

static const char *path_of(const suite *s, const char *name, const char *ending)
{
    char relative[1024];

    snprintf(relative, sizeof relative, "%s/%s/%s.%s", s->folder, s->set, name, ending);
    return s->shared ? shared_path(relative) : source_path(relative);
}

static size_t add_signal(const suite *s, const golden_case *c, column_error *errors)
{
    wav16 w;
    csv_matrix g;
    size_t rows = 0, columns = 0;
    int16_t *x;
    float *units, *ours;

    assert_int_equal(wav16_load(&w, path_of(s, c->name, "wav")), 0);
    assert_int_equal(csv_load(&g, path_of(s, c->name, "csv"), s->skip), 0);
    x = c->mean ? NULL : wav16_mono(&w);
    units = c->mean ? wav16_mean(&w) : NULL;
    ours = lld_matrix(x, units, w.n, w.rate_hz, s->mask, 0, &rows, &columns);
    assert_non_null(ours);
    assert_int_equal(columns, g.columns);
    /* the Python package puts one row of NaN in place of none */
    if (g.rows == 1 && isnan(g.v[0])) g.rows = 0;
    assert_int_equal(rows, g.rows);
    for (size_t k = 0; rows && k < columns; k++)
        assert_int_equal(column_error_add(&errors[k], ours + k, columns, g.v + k, columns, rows),
                         0);
    csv_free(&g);
    wav16_free(&w);
    free(x);
    free(units);
    free(ours);
    return columns;
}

static void check_suite(const suite *s)
{
    column_error errors[90] = { { 0 } };
    size_t columns = 0;

    for (const golden_case *c = s->cases; c->name; c++)
        columns = add_signal(s, c, errors);
    for (size_t k = 0; k < columns; k++) {
        const double median = column_error_quantile(&errors[k], 0.5);
        const double out = (double)(errors[k].n_out + errors[k].n_nan) / (double)errors[k].n;

        if (!(median < 1e-4 && out <= 1e-3))
            fail_msg("%s column %zu: median %g, out of target %g", s->set, k, median, out);
        column_error_free(&errors[k]);
    }
}

static void egemaps_agrees_on_the_small_set(void **state)
{
    (void)state;
    check_suite(
        &(suite){ "tests/golden/data/lld", 0, "egemaps", MW_LLD_EGEMAPS, 1, small_egemaps });
}

static void compare_agrees_on_the_small_set(void **state)
{
    (void)state;
    check_suite(
        &(suite){ "tests/golden/data/lld", 0, "compare", MW_LLD_COMPARE, 0, small_compare });
}

static void egemaps_agrees_on_every_signal(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/lld/egemaps");
    check_suite(&(suite){ "golden/lld", 1, "egemaps", MW_LLD_EGEMAPS, 1, golden_egemaps });
}

static void compare_agrees_on_every_signal(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/lld/compare");
    check_suite(&(suite){ "golden/lld", 1, "compare", MW_LLD_COMPARE, 0, golden_compare });
}

static void functionals_of(const char *path, double out[MW_LLD_N_FUNCTIONALS])
{
    mw_lld_opts opts = { .sets = MW_LLD_EGEMAPS, .functionals = 1 };
    mw_lld *l = NULL;
    wav16 w;
    int16_t *x;

    assert_int_equal(wav16_load(&w, path), 0);
    x = wav16_mono(&w);
    opts.rate_hz = w.rate_hz;
    assert_ok(mw_lld_open(&l, &opts, NULL));
    assert_ok(mw_lld_feed_s16(l, x, w.n, NULL));
    assert_ok(mw_lld_finish(l, NULL));
    assert_ok(mw_lld_functionals(l, out, NULL));
    mw_lld_close(&l);
    wav16_free(&w);
    free(x);
}

/* Relative error 1e-4, or 1e-5 of the contour's mean for values that are differences. */
static void check_functionals(const char *wav, const double *golden)
{
    double ours[MW_LLD_N_FUNCTIONALS];

    functionals_of(wav, ours);
    for (size_t i = 0; i < MW_LLD_N_FUNCTIONALS; i++) {
        const double d = fabs(ours[i] - golden[i]);

        if (isnan(golden[i]) && isnan(ours[i])) continue;
        if (!(d <= 1e-4 * fabs(golden[i]) || d <= 2e-6))
            fail_msg("%s: %s is %.9g, golden %.9g", wav, mw_lld_functional_name(i), ours[i],
                     golden[i]);
    }
}

static void check_functionals_of(int shared, const char *folder, const golden_case *cases)
{
    csv_matrix g;

    assert_int_equal(csv_load(&g, source_path("tests/golden/data/functionals/egemaps88.csv"), 1),
                     0);
    assert_int_equal(g.columns, MW_LLD_N_FUNCTIONALS);
    for (size_t i = 0; i < g.columns; i++)
        assert_string_equal(g.name[i], mw_lld_functional_name(i));
    for (const golden_case *c = cases; c->name; c++) {
        char relative[256];
        size_t row = 0;

        /* rows come in the order of the full list */
        while (golden_compare[row].name && strcmp(golden_compare[row].name, c->name))
            row++;
        assert_true(row < g.rows);
        snprintf(relative, sizeof relative, "%s/compare/%s.wav", folder, c->name);
        check_functionals(shared ? shared_path(relative) : source_path(relative),
                          g.v + row * g.columns);
    }
    csv_free(&g);
}

static void functionals_agree_on_the_small_set(void **state)
{
    (void)state;
    check_functionals_of(0, "tests/golden/data/lld", small_compare);
}

static void functionals_agree_on_every_signal(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/lld/compare");
    check_functionals_of(1, "golden/lld", golden_compare);
}

typedef struct expected {
    size_t column;
    double value;
} expected;

static void check_row(const float *row, const expected *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double v = (double)row[e[i].column];

        if (!(fabs(v - e[i].value) <= 1e-5 * fabs(e[i].value) + 1e-9))
            fail_msg("column %zu is %.9g, expected %.9g", e[i].column, v, e[i].value);
    }
}

/* Values that openSMILE prints for these signals. */
static void constant_input_gives_the_published_values(void **state)
{
    static const expected e[] = { { 0, 6.5101452e-2 },  { 1, -43.231365 },   { 2, 58.844913 },
                                  { 3, -9.9169649e-2 }, { 4, 9.5441267e-3 }, { 5, 0 },
                                  { 6, 19.028652 },     { 7, 12.350627 },    { 8, 11.671844 },
                                  { 9, 12.590262 },     { 10, 0 },           { 15, 0 },
                                  { 16, 1061.0969 },    { 17, 1558.9149 },   { 18, -201 },
                                  { 19, 2121.4172 },    { 20, 1515.2565 },   { 21, -201 },
                                  { 22, 3183.8069 },    { 23, 1427.0518 },   { 24, -201 } };
    int16_t x[16000];
    size_t rows = 0, columns = 0;
    float *m;

    (void)state;
    for (size_t i = 0; i < 16000; i++)
        x[i] = 1000;
    m = lld_matrix(x, NULL, 16000, 16000, MW_LLD_EGEMAPS, 0, &rows, &columns);
    assert_int_equal(rows, 96);
    check_row(m, e, sizeof e / sizeof *e);
    check_row(m + 95 * columns, e, sizeof e / sizeof *e);
    free(m);
}

static void silence_gives_the_published_values(void **state)
{
    static const expected e[] = {
        { 0, 1.0339657e-3 },  { 1, 0 },           { 2, 0 },      { 3, 0.112 },
        { 4, 0.0763636364 },  { 16, 0 },          { 18, -201 },  { 21, -201 },
        { 24, -201 },         { 25, 0 },          { 26, 0 },     { 30, -100 },
        { 31, 1.0339657e-3 }, { 32, 0.98834115 }, { 33, 0 },     { 34, 0.99791664 },
        { 35, 0.12921618 },   { 60, 0.59433109 }, { 63, 31.25 }, { 66, 31.25 },
        { 69, 4.3160253e-6 }, { 70, 0 },          { 75, 0 },     { 76, 0 }
    };
    int16_t x[16000] = { 0 };
    size_t rows = 0, columns = 0;
    float *m = lld_matrix(x, NULL, 16000, 16000, MW_LLD_BOTH, 0, &rows, &columns);

    (void)state;
    assert_int_equal(rows, 96);
    assert_int_equal(columns, 90);
    for (size_t r = 0; r < rows; r++)
        check_row(m + r * columns, e, sizeof e / sizeof *e);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(egemaps_agrees_on_the_small_set),
        cmocka_unit_test(compare_agrees_on_the_small_set),
        cmocka_unit_test(egemaps_agrees_on_every_signal),
        cmocka_unit_test(compare_agrees_on_every_signal),
        cmocka_unit_test(functionals_agree_on_the_small_set),
        cmocka_unit_test(functionals_agree_on_every_signal),
        cmocka_unit_test(constant_input_gives_the_published_values),
        cmocka_unit_test(silence_gives_the_published_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
