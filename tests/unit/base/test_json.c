/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <locale.h>
#include <math.h>

#include "base/json.h"
#include "base/mem.h"

typedef struct values {
    int flag, kind;
    int64_t count;
    uint64_t key;
    double level;
    char *name;
    mw_range span;
    mw_ints ints;
    mw_doubles levels;
    mw_texts texts;
    int64_t threads;
} values;

#define V(field) offsetof(values, field)

static const char *const kinds[] = { "soft", "hard", NULL };

/* clang-format off */
static const mw_opt table[] = {
    { "flag", MW_OPT_BOOL, V(flag), "yes" },
    { "kind", MW_OPT_ENUM, V(kind), "hard", .choices = kinds },
    { "the-count", MW_OPT_INT, V(count), "3", -4, 10 },
    { "key", MW_OPT_UINT, V(key), "18446744073709551615" },
    { "level", MW_OPT_DOUBLE, V(level), "0.5", -30, 60 },
    { "name", MW_OPT_TEXT, V(name), "n" },
    { "span", MW_OPT_RANGE, V(span), "1-5", 0, 100 },
    { "ints", MW_OPT_INTS, V(ints), "1,-2", -5, 5 },
    { "levels", MW_OPT_DOUBLES, V(levels), "0,2.5", -60, 60 },
    { "texts", MW_OPT_TEXTS, V(texts) },
    { "threads", MW_OPT_INT, V(threads), "2", .flags = MW_OPT_RUNTIME },
    { 0 },
};
/* clang-format on */

/* What mw_json_struct writes for the defaults, on one line. */
#define GOOD                                                                                       \
    "{\"flag\": true,\"kind\": \"hard\",\"the_count\": 3,\"key\": \"18446744073709551615\","       \
    "\"level\": 0.5,\"name\": \"n\",\"span\": [1,5],\"ints\": [1,-2],\"levels\": [0.0,2.5],"       \
    "\"texts\": []}"

static mw_status read(values *v, const char *text, unsigned skip, mw_error *err)
{
    json_t *doc;
    mw_status st = mw_json_parse(&doc, text, strlen(text), "text", err);

    assert_ok(st);
    st = mw_json_read_struct(doc, table, v, skip, err);
    json_decref(doc);
    return st;
}

static char *written(const values *v, unsigned skip)
{
    mw_str pretty = { 0 }, line = { 0 };
    mw_json j = mw_json_begin(&pretty);

    mw_json_struct(&j, table, v, skip);
    assert_int_equal(j.depth, 0);
    mw_json_compact(&line, pretty.data, pretty.n);
    mw_str_clear(&pretty);
    return mw_str_take(&line);
}

static void structs_are_written_in_table_order(void **state)
{
    values v;
    char *text;

    (void)state;
    assert_ok(mw_opt_defaults(table, &v, 0, NULL));
    text = written(&v, MW_OPT_RUNTIME);
    assert_string_equal(text, GOOD);
    mw_free(text);
    mw_opt_clear(table, &v);
}

static void structs_read_back_equal(void **state)
{
    values v, w;
    char *a, *b;

    (void)state;
    assert_ok(mw_opt_defaults(table, &v, 0, NULL));
    mw_free(v.name);
    v.name = mw_strdup(
        "quote \" slash \\ tab \t bell \x07 delete \x7f line\n \xc3\xa9 \xf0\x9f\x98\x80");
    v.texts.v = mw_calloc(2, sizeof *v.texts.v);
    v.texts.v[0] = mw_strdup("a, b");
    v.texts.v[1] = mw_strdup("");
    v.texts.n = 2;
    v.level = 0.1 + 0.2;
    v.levels.v[0] = -0.0;
    a = written(&v, 0);
    memset(&w, 0x77, sizeof w);
    assert_ok(read(&w, a, 0, NULL));
    assert_string_equal(w.name, v.name);
    assert_true(w.level == v.level && signbit(w.levels.v[0]));
    assert_string_equal(w.texts.v[0], "a, b");
    b = written(&w, 0);
    assert_string_equal(a, b);
    mw_free(a);
    mw_free(b);
    mw_opt_clear(table, &v);
    mw_opt_clear(table, &w);
    assert_int_equal(mw_mem_live(), 0);
}

static void rows_left_out_get_their_defaults(void **state)
{
    values v;

    (void)state;
    assert_ok(read(&v, GOOD, MW_OPT_RUNTIME, NULL));
    assert_int_equal(v.threads, 2);
    mw_opt_clear(table, &v);
    /* and are missing when they are wanted */
    assert_fails(read(&v, GOOD, 0, NULL), MW_ERR_FORMAT);
}

/* GOOD with one field's text replaced. */
static char *with(const char *from, const char *to)
{
    static char text[1024];
    const char *at = strstr(GOOD, from);

    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
    return text;
}

static void the_reader_is_strict(void **state)
{
    static const struct {
        const char *from, *to;
    } bad[] = {
        { "\"flag\": true,", "" },                            /* missing */
        { "\"flag\": true,", "\"flag\": true,\"more\": 1," }, /* unknown */
        { "\"flag\": true", "\"flag\": 1" },
        { "\"flag\": true", "\"flag\": \"yes\"" },
        { "\"flag\": true", "\"flag\": null" },
        { "\"hard\"", "\"HARD\"" },
        { "\"hard\"", "1" },
        { "\"the_count\": 3", "\"the_count\": 3.0" },
        { "\"the_count\": 3", "\"the_count\": 11" },
        { "\"the_count\": 3", "\"the_count\": \"3\"" },
        { "\"the_count\"", "\"the-count\"" },
        { "\"18446744073709551615\"", "18446744073" },
        { "\"18446744073709551615\"", "\"18446744073709551616\"" },
        { "\"18446744073709551615\"", "\"-1\"" },
        { "\"level\": 0.5", "\"level\": 60.5" },
        { "\"level\": 0.5", "\"level\": null" },
        { "\"level\": 0.5", "\"level\": \"0.5\"" },
        { "\"name\": \"n\"", "\"name\": null" },
        { "[1,5]", "[5,1]" },
        { "[1,5]", "[1]" },
        { "[1,5]", "[1,5,6]" },
        { "[1,5]", "[-1,5]" },
        { "[1,5]", "\"1-5\"" },
        { "[1,5]", "{\"0\":1,\"1\":5}" },
        { "[1,-2]", "[1,6]" },
        { "[1,-2]", "[1,2.5]" },
        { "[1,-2]", "1" },
        { "[0.0,2.5]", "[0.0,\"2.5\"]" },
        { "[0.0,2.5]", "[0.0,61]" },
        { "\"texts\": []", "\"texts\": [1]" },
        { "\"texts\": []", "\"texts\": [\"a\",null]" },
        { "\"texts\": []", "\"texts\": {}" },
    };
    mw_error err;
    values v;

    (void)state;
    assert_ok(read(&v, GOOD, MW_OPT_RUNTIME, NULL));
    mw_opt_clear(table, &v);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text = with(bad[i].from, bad[i].to);

        if (read(&v, text, MW_OPT_RUNTIME, &err) != MW_ERR_FORMAT) fail_msg("taken: %s", text);
        assert_string_equal(err.reason, "bad_json");
        assert_null(v.name);
        assert_int_equal(mw_mem_live(), 0);
    }
    assert_fails(read(&v, "[]", MW_OPT_RUNTIME, NULL), MW_ERR_FORMAT);
    assert_fails(read(&v, "{}", MW_OPT_RUNTIME, NULL), MW_ERR_FORMAT);
    assert_fails(mw_json_read_struct(NULL, table, &v, 0, NULL), MW_ERR_FORMAT);
}

static void broken_documents_are_refused_with_their_place(void **state)
{
    static const char *const bad[] = {
        "",    "{",    "{}x",         "{\"a\": 1, \"a\": 2}", "{'a': 1}", "{\"a\": 01}",
        "nul", "[1,]", "\"\\ud800\"", "{\"a\": 1e999}",       "[NaN]",    "\xff",
    };
    mw_error err;
    json_t *doc;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (mw_json_parse(&doc, bad[i], strlen(bad[i]), "some name", &err) != MW_ERR_FORMAT)
            fail_msg("taken: %s", bad[i]);
        assert_null(doc);
        assert_non_null(strstr(err.message, "some name"));
    }
    assert_fails(mw_json_parse(&doc, "{\n\"a\": ?}", 9, "n", &err), MW_ERR_FORMAT);
    assert_non_null(strstr(err.message, "line 2"));
    assert_fails(mw_json_parse(&doc, "\"a\0b\"", 5, "n", &err), MW_ERR_FORMAT);
}

static void deep_nesting_is_refused_and_not_a_crash(void **state)
{
    enum { N = 1000000 };
    char *text = malloc(N);
    json_t *doc;

    (void)state;
    memset(text, '[', N);
    assert_fails(mw_json_parse(&doc, text, N, "deep", NULL), MW_ERR_FORMAT);
    free(text);
}

static void files_above_the_cap_are_refused(void **state)
{
    char *dir = temp_dir(), path[512];
    mw_error err;
    json_t *doc;
    FILE *f;

    (void)state;
    snprintf(path, sizeof path, "%s/a.json", dir);
    f = fopen(path, "w");
    fputs("[1, 2, 3]", f);
    fclose(f);
    assert_ok(mw_json_load(&doc, path, 9, NULL));
    json_decref(doc);
    assert_fails(mw_json_load(&doc, path, 8, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "too_large");
    assert_null(doc);
    assert_fails(mw_json_load(&doc, dir, 8, &err), MW_ERR_IO);
    temp_dir_remove(dir);
}

static void numbers_read_back_equal_and_keep_their_type(void **state)
{
    static const double x[] = { 0, 5, -5, 1e15, 1e22, 0.1, 1e-7, 5e-324, 1.7976931348623157e308 };

    (void)state;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        mw_str s = { 0 };
        mw_json j = mw_json_begin(&s);
        json_t *doc;

        mw_json_open(&j, '[');
        mw_json_f64(&j, x[i]);
        mw_json_close(&j, ']');
        assert_ok(mw_json_parse(&doc, s.data, s.n, "n", NULL));
        assert_true(json_is_real(json_array_get(doc, 0)));
        assert_true(json_real_value(json_array_get(doc, 0)) == x[i]);
        json_decref(doc);
        mw_str_clear(&s);
    }
}

static void values_that_json_cannot_hold_become_null(void **state)
{
    mw_str s = { 0 }, line = { 0 };
    mw_json j = mw_json_begin(&s);

    (void)state;
    mw_json_open(&j, '{');
    mw_json_put_f64(&j, "a", NAN);
    mw_json_put_f64(&j, "b", -INFINITY);
    mw_json_put_text(&j, "c", NULL);
    mw_json_key(&j, "d");
    mw_json_open(&j, '[');
    mw_json_close(&j, ']');
    mw_json_key(&j, "e");
    mw_json_bool(&j, 0);
    mw_json_close(&j, '}');
    mw_json_compact(&line, s.data, s.n);
    assert_string_equal(line.data, "{\"a\": null,\"b\": null,\"c\": null,\"d\": [],\"e\": false}");
    mw_str_clear(&s);
    mw_str_clear(&line);
}

static void compact_leaves_strings_alone(void **state)
{
    static const char pretty[] = "{\n \"a\\\"\\\\\": \"  two  \\n \\\\\",\n \"b\": [\n  1\n ]\n}";
    mw_str line = { 0 };

    (void)state;
    mw_json_compact(&line, pretty, sizeof pretty - 1);
    assert_string_equal(line.data, "{\"a\\\"\\\\\": \"  two  \\n \\\\\",\"b\": [1]}");
    mw_str_clear(&line);
}

static void numbers_use_a_point_where_the_locale_has_a_comma(void **state)
{
    char *dir = temp_dir(), *text;
    values v;

    (void)state;
    if (!use_comma_locale(dir)) {
        temp_dir_remove(dir);
        print_message("# skipped: no locale with a decimal comma\n");
        skip();
    }
    assert_ok(read(&v, GOOD, MW_OPT_RUNTIME, NULL));
    assert_true(v.level == 0.5 && v.levels.v[1] == 2.5);
    text = written(&v, MW_OPT_RUNTIME);
    assert_string_equal(text, GOOD);
    setlocale(LC_ALL, "C");
    mw_free(text);
    mw_opt_clear(table, &v);
    temp_dir_remove(dir);
}

static void utf8_is_checked(void **state)
{
    static const char *const good[] = { "",
                                        "abc",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "\x01\x7f" };
    static const char *const bad[] = {
        "\x80",             /* lone continuation */
        "\xbf",             /* the same */
        "\xc0\x80",         /* overlong NUL */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xed\xbf\xbf",     /* surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80", /* above */
        "\xff",
        "\xfe", /* never */
        "\xc2",
        "a\xe2\x82",    /* ends inside */
        "\xf0\x9f\x98", /* the same */
        "\xe2\x28\xa1",
        "\xc3(" /* second byte wrong */
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!mw_utf8_ok(good[i])) fail_msg("good text %zu refused", i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (mw_utf8_ok(bad[i])) fail_msg("bad text %zu taken", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structs_are_written_in_table_order),
        cmocka_unit_test(structs_read_back_equal),
        cmocka_unit_test(rows_left_out_get_their_defaults),
        cmocka_unit_test(the_reader_is_strict),
        cmocka_unit_test(broken_documents_are_refused_with_their_place),
        cmocka_unit_test(deep_nesting_is_refused_and_not_a_crash),
        cmocka_unit_test(files_above_the_cap_are_refused),
        cmocka_unit_test(numbers_read_back_equal_and_keep_their_type),
        cmocka_unit_test(values_that_json_cannot_hold_become_null),
        cmocka_unit_test(compact_leaves_strings_alone),
        cmocka_unit_test(numbers_use_a_point_where_the_locale_has_a_comma),
        cmocka_unit_test(utf8_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
