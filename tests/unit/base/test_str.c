/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <float.h>
#include <locale.h>
#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"

static void appending_keeps_a_terminated_text(void **state)
{
    mw_str s = { 0 };
    char *p;

    (void)state;
    mw_str_put(&s, "ab");
    mw_str_putc(&s, 'c');
    mw_str_putn(&s, "\0d", 2);
    mw_str_printf(&s, "%d|%s", 42, "x");
    assert_int_equal(s.n, 9);
    assert_memory_equal(s.data, "abc\0d42|x", 10);
    assert_ok(mw_str_ok(&s, NULL));
    p = mw_str_take(&s);
    assert_null(s.data);
    assert_int_equal(s.n, 0);
    mw_free(p);
    p = mw_str_take(&s); /* an empty text is a text */
    assert_string_equal(p, "");
    mw_free(p);
}

static void many_appends_equal_one(void **state)
{
    mw_str s = { 0 };

    (void)state;
    for (int i = 0; i < 10000; i++)
        mw_str_printf(&s, "%d,", i % 10);
    assert_int_equal(s.n, 20000);
    for (size_t i = 0; i < s.n; i += 2) {
        assert_int_equal(s.data[i], '0' + (int)(i / 2 % 10));
        assert_int_equal(s.data[i + 1], ',');
    }
    mw_str_clear(&s);
    mw_str_clear(&s);
}

static void a_text_that_ran_out_of_memory_stays_failed(void **state)
{
    const long live = mw_mem_live();
    mw_error err;
    mw_str s = { 0 };

    (void)state;
    mw_str_put(&s, "kept");
    mw_mem_fail_at(1);
    mw_str_printf(&s, "%1000d", 1);
    mw_mem_fail_at(0);
    mw_str_put(&s, "ignored");
    assert_fails(mw_str_ok(&s, &err), MW_ERR_NOMEM);
    assert_string_equal(err.reason, "out_of_memory");
    assert_null(mw_str_take(&s));
    mw_mem_fail_at(1);
    assert_null(mw_format("%s", "no room for a text longer than sixteen bytes"));
    mw_mem_fail_at(0);
    assert_int_equal(mw_mem_live(), live);
}

static void check_number(double x)
{
    char text[MW_F64_TEXT];
    double back;

    mw_f64_text(text, x);
    assert_true(strlen(text) < sizeof text);
    assert_null(strchr(text, ','));
    assert_int_equal(mw_f64_parse(text, &back), 0);
    if (memcmp(&back, &x, sizeof x)) fail_msg("%s reads back as %.17g", text, back);
}

static void check_numbers(void)
{
    static const double corner[] = { 0,       -0.0,
                                     1,       -1,
                                     0.1,     1.0 / 3,
                                     5e-324,  DBL_MIN,
                                     DBL_MAX, -DBL_MAX,
                                     1e15,    1e16,
                                     1e17,    123456789,
                                     0.05,    1e22,
                                     1e23,    9007199254740993.0,
                                     2.5e-10, 4.35,
                                     1e-5,    999999999999999.9 };
    mw_rng r = mw_rng_from_key(5);

    for (size_t i = 0; i < sizeof corner / sizeof *corner; i++)
        check_number(corner[i]);
    for (int i = 0; i < 20000;) {
        const uint64_t bits = mw_rng_u64(&r);
        double x;

        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        check_number(x);
        i++;
    }
}

static void float_texts_read_back_equal(void **state)
{
    (void)state;
    check_numbers();
}

static void float_texts_are_the_shortest_of_three(void **state)
{
    char text[MW_F64_TEXT];
    static const struct {
        double x;
        const char *text;
    } cases[] = { { 0.1, "0.1" },
                  { -5, "-5" },
                  { 15, "15" },
                  { 0.2 + 0.1, "0.30000000000000004" },
                  { 1.0 / 3, "0.3333333333333333" },
                  { INFINITY, "inf" },
                  { -INFINITY, "-inf" },
                  { NAN, "nan" } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_f64_text(text, cases[i].x);
        assert_string_equal(text, cases[i].text);
    }
}

/* The short way writes what %.15g writes, where that reads back equal. */
static void few_decimals_are_written_as_printf_does(void **state)
{
    mw_rng r = mw_rng_from_key(4);

    (void)state;
    for (int i = 0; i < 200000; i++) {
        static const double unit[] = { 1, 10, 1e3, 16000, 1e6, 44100, 1e9, 1e10, 0x1p20 };
        const double range = pow(10, mw_rng_int(&r, -5, 7));
        const double u = unit[mw_rng_below(&r, sizeof unit / sizeof *unit)];
        const double x = round((2 * mw_rng_unit(&r) - 1) * range * u) / u;
        char text[MW_F64_TEXT], want[MW_F64_TEXT];

        for (int digits = 15; digits <= 17; digits++) {
            snprintf(want, sizeof want, "%.*g", digits, x);
            if (strtod(want, NULL) == x) break;
        }
        mw_f64_text(text, x);
        assert_string_equal(text, want);
    }
}

static void integers_are_written_in_full(void **state)
{
    static const uint64_t cases[] = { 0, 1, 9, 10, 12345678901u, UINT64_MAX };
    char digits[MW_U64_TEXT], want[MW_U64_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(want, sizeof want, "%llu", (unsigned long long)cases[i]);
        assert_string_equal(mw_u64_digits(digits, cases[i]), want);
    }
}

static void only_whole_finite_numbers_are_parsed(void **state)
{
    static const char *const bad[] = { "",         " 1",   "1 ", "1,5",   "0x10",  "nan",
                                       "inf",      "-inf", "1e", "--1",   "1.2.3", "1e999",
                                       "e5",       "1_0",  "1f", ".",     "١",     "1\n",
                                       "infinity", "+",    "-",  "NaN(1)" };
    static const struct {
        const char *text;
        double x;
    } good[] = { { "1", 1 },      { "-0.5", -0.5 }, { ".5", 0.5 },    { "5.", 5 },
                 { "1e3", 1000 }, { "+2", 2 },      { "1E-2", 0.01 }, { "007", 7 } };
    double x = 77;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!mw_f64_parse(bad[i], &x)) fail_msg("'%s' was taken for %g", bad[i], x);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(mw_f64_parse(good[i].text, &x), 0);
        assert_true(x == good[i].x);
    }
}

static void integers_are_parsed_whole_and_in_range(void **state)
{
    static const char *const bad[] = {
        "",    " 1", "1 ", "1.0", "0x1", "1e3", "9223372036854775808", "-9223372036854775809",
        "+-1", "-",  "1,2"
    };
    int64_t i;
    uint64_t u;

    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        if (!mw_i64_parse(bad[k], &i)) fail_msg("'%s' was taken for an integer", bad[k]);
    assert_int_equal(mw_i64_parse("-9223372036854775808", &i), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(mw_i64_parse("9223372036854775807", &i), 0);
    assert_true(i == INT64_MAX);
    assert_int_equal(mw_u64_parse("18446744073709551615", &u), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(mw_u64_parse("18446744073709551616", &u), -1);
    assert_int_equal(mw_u64_parse("-1", &u), -1);
    assert_int_equal(mw_u64_parse("+1", &u), -1);
    assert_int_equal(mw_u64_parse("", &u), -1);
}

static void numbers_use_a_point_where_the_locale_has_a_comma(void **state)
{
    char *dir = temp_dir(), text[MW_F64_TEXT];
    double x;

    (void)state;
    if (!use_comma_locale(dir)) {
        temp_dir_remove(dir);
        print_message("# skipped: no locale with a decimal comma, and localedef cannot make one\n");
        skip();
    }
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5");
    check_numbers();
    assert_int_equal(mw_f64_parse("0.25", &x), 0);
    assert_true(x == 0.25);
    assert_int_equal(mw_f64_parse("0,25", &x), -1);
    setlocale(LC_ALL, "C");
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appending_keeps_a_terminated_text),
        cmocka_unit_test(many_appends_equal_one),
        cmocka_unit_test(a_text_that_ran_out_of_memory_stays_failed),
        cmocka_unit_test(float_texts_read_back_equal),
        cmocka_unit_test(float_texts_are_the_shortest_of_three),
        cmocka_unit_test(few_decimals_are_written_as_printf_does),
        cmocka_unit_test(integers_are_written_in_full),
        cmocka_unit_test(only_whole_finite_numbers_are_parsed),
        cmocka_unit_test(integers_are_parsed_whole_and_in_range),
        cmocka_unit_test(numbers_use_a_point_where_the_locale_has_a_comma),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
