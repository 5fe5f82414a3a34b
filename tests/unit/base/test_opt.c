/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <locale.h>
#include <math.h>

#include "base/mem.h"
#include "merwild/options.h"

typedef struct values {
    int flag, kind;
    int64_t count, plain;
    uint64_t key;
    double level, free_level;
    char *name;
    mw_range span;
    mw_ints ints;
    mw_doubles levels;
    mw_texts texts;
} values;

#define V(field) offsetof(values, field)

static const char *const kinds[] = { "soft-one", "hard", NULL };

/* clang-format off */
static const mw_opt table[] = {
    { "flag", MW_OPT_BOOL, V(flag), "yes", .reference = "no", .help = "a switch" },
    { "kind", MW_OPT_ENUM, V(kind), "hard", .choices = kinds, .reference = "soft-one", .help = "a kind" },
    { "the-count", MW_OPT_INT, V(count), "3", -4, 10, "px", .aliases = "count n_items", .help = "a count" },
    { "plain", MW_OPT_INT, V(plain), "-7", .help = "unbounded" },
    { "key", MW_OPT_UINT, V(key), "18446744073709551615", .help = "a key" },
    { "level", MW_OPT_DOUBLE, V(level), "0.5", -30, 60, "dB", .help = "a level" },
    { "free-level", MW_OPT_DOUBLE, V(free_level), "1e300", .help = "any level" },
    { "name", MW_OPT_TEXT, V(name), "no, name", .help = "a text" },
    { "span", MW_OPT_RANGE, V(span), "1-5", 0, 100, .help = "a range" },
    { "ints", MW_OPT_INTS, V(ints), "1,-2,3", -5, 5, .help = "integers" },
    { "levels", MW_OPT_DOUBLES, V(levels), "-5,0,2.5", -60, 60, "dB", .help = "numbers" },
    { "texts", MW_OPT_TEXTS, V(texts), .help = "texts" },
    { 0 },
};
/* clang-format on */

static const mw_opt *row(const char *name)
{
    const mw_opt *r = mw_opt_find(table, name);

    assert_non_null(r);
    return r;
}

static int set_up(void **state)
{
    values *v = calloc(1, sizeof *v);

    memset(v, 0x5a, sizeof *v); /* defaults overwrite, they do not free */
    if (mw_opt_defaults(table, v, 0, NULL) != MW_OK) return -1;
    *state = v;
    return 0;
}

static int tear_down(void **state)
{
    mw_opt_clear(table, *state);
    free(*state);
    return mw_mem_live() ? -1 : 0;
}

static void defaults_fill_every_type(void **state)
{
    const values *v = *state;

    assert_int_equal(v->flag, 1);
    assert_int_equal(v->kind, 1);
    assert_int_equal(v->count, 3);
    assert_int_equal(v->plain, -7);
    assert_true(v->key == UINT64_MAX);
    assert_true(v->level == 0.5 && v->free_level == 1e300);
    assert_string_equal(v->name, "no, name");
    assert_true(v->span.lo == 1 && v->span.hi == 5);
    assert_int_equal(v->ints.n, 3);
    assert_int_equal(v->ints.v[1], -2);
    assert_int_equal(v->levels.n, 3);
    assert_true(v->levels.v[2] == 2.5);
    assert_true(!v->texts.n && !v->texts.v);
}

static void the_preset_changes_marked_rows_alone(void **state)
{
    values *v = *state;

    mw_opt_clear(table, v);
    assert_ok(mw_opt_defaults(table, v, 1, NULL));
    assert_int_equal(v->flag, 0);
    assert_int_equal(v->kind, 0);
    assert_int_equal(v->count, 3);
}

static void every_default_reads_back_through_its_text(void **state)
{
    values *v = *state, w = { 0 };

    assert_ok(mw_opt_defaults(table, &w, 1, NULL));
    for (const mw_opt *r = table; r->name; r++) {
        char *text = mw_opt_get(r, v), *again;

        assert_non_null(text);
        if (r->type != MW_OPT_TEXTS) assert_ok(mw_opt_set(r, &w, text, NULL));
        again = mw_opt_get(r, &w);
        assert_string_equal(text, again);
        mw_text_free(text);
        mw_text_free(again);
    }
    mw_text_free(NULL);
    mw_opt_clear(table, &w);
}

static void hyphens_underscores_and_aliases_are_alike(void **state)
{
    (void)state;
    assert_ptr_equal(row("the-count"), &table[2]);
    assert_ptr_equal(row("the_count"), &table[2]);
    assert_ptr_equal(row("count"), &table[2]);
    assert_ptr_equal(row("n_items"), &table[2]);
    assert_ptr_equal(row("n-items"), &table[2]);
    assert_null(mw_opt_find(table, "n"));
    assert_null(mw_opt_find(table, "items"));
    assert_null(mw_opt_find(table, "count n_items"));
    assert_null(mw_opt_find(table, ""));
    assert_null(mw_opt_find(table, "the-coun"));
    assert_null(mw_opt_find(table, "the-counts"));
    assert_null(mw_opt_find(table, "Level"));
    assert_ok(mw_opt_set(row("kind"), *state, "soft_one", NULL));
    assert_int_equal(((values *)*state)->kind, 0);
}

static void refuse(values *v, const char *name, const char *text)
{
    const mw_opt *r = row(name);
    char *before = mw_opt_get(r, v), *after;
    mw_error err;

    if (mw_opt_set(r, v, text, &err) != MW_ERR_RANGE) fail_msg("option %s took '%s'", name, text);
    assert_string_equal(err.reason, "bad_option");
    assert_non_null(strstr(err.message, r->name));
    after = mw_opt_get(r, v);
    assert_string_equal(before, after);
    mw_text_free(before);
    mw_text_free(after);
}

static void bad_texts_are_refused_and_change_nothing(void **state)
{
    static const struct {
        const char *name, *text;
    } bad[] = {
        { "flag", "" },
        { "flag", "YES" },
        { "flag", "2" },
        { "flag", " yes" },
        { "kind", "" },
        { "kind", "soft" },
        { "kind", "1" },
        { "kind", "hard " },
        { "count", "" },
        { "count", "11" },
        { "count", "-5" },
        { "count", "3.0" },
        { "count", "3px" },
        { "count", "0x3" },
        { "count", "99999999999999999999" },
        { "key", "-1" },
        { "key", "1.5" },
        { "key", "18446744073709551616" },
        { "level", "nan" },
        { "level", "NAN" },
        { "level", "inf" },
        { "level", "-inf" },
        { "level", "60.0001" },
        { "level", "-30.0001" },
        { "level", "1,5" },
        { "level", "" },
        { "free-level", "nan" },
        { "free-level", "inf" },
        { "free-level", "1e999" },
        { "span", "" },
        { "span", "5-1" },
        { "span", "-1-5" },
        { "span", "1-101" },
        { "span", "1-" },
        { "span", "-" },
        { "span", "1-2-3" },
        { "span", "a-b" },
        { "span", "1.5" },
        { "ints", "1,2,6" },
        { "ints", "1;2" },
        { "ints", "1,,2" },
        { "ints", "1.5" },
        { "ints", "," },
        { "levels", "0,nan" },
        { "levels", "0,61" },
        { "levels", "0 1" },
        { "levels", ",1" },
        { "levels", "0.00000000000000000000000000000000000000000000000000000000000000000001" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(*state, bad[i].name, bad[i].text);
    assert_fails(mw_opt_set(row("texts"), *state, "a", NULL), MW_ERR_ARG);
}

static void bounds_themselves_are_allowed(void **state)
{
    values *v = *state;

    assert_ok(mw_opt_set(row("count"), v, "-4", NULL));
    assert_ok(mw_opt_set(row("count"), v, "10", NULL));
    assert_ok(mw_opt_set(row("level"), v, "-30", NULL));
    assert_ok(mw_opt_set(row("level"), v, "60", NULL));
    assert_ok(mw_opt_set(row("span"), v, "0-100", NULL));
    assert_ok(mw_opt_set(row("plain"), v, "-9223372036854775808", NULL));
    assert_true(v->plain == INT64_MIN);
    assert_ok(mw_opt_set(row("span"), v, "7", NULL));
    assert_true(v->span.lo == 7 && v->span.hi == 7);
}

static void lists_may_be_empty_long_and_end_in_a_comma(void **state)
{
    values *v = *state;
    char *text = calloc(2, 20001);

    assert_ok(mw_opt_set(row("levels"), v, "", NULL));
    assert_int_equal(v->levels.n, 0);
    for (int i = 0; i < 20000; i++)
        memcpy(text + 2 * i, "4,", 2);
    assert_ok(mw_opt_set(row("ints"), v, text, NULL));
    assert_int_equal(v->ints.n, 20000);
    assert_int_equal(v->ints.v[19999], 4);
    free(text);
}

static void words_of_yes_and_no(void **state)
{
    static const char *const yes[] = { "yes", "true", "1" }, *const no[] = { "no", "false", "0" };
    values *v = *state;

    for (int i = 0; i < 3; i++) {
        assert_ok(mw_opt_set(row("flag"), v, yes[i], NULL));
        assert_int_equal(v->flag, 1);
        assert_ok(mw_opt_set(row("flag"), v, no[i], NULL));
        assert_int_equal(v->flag, 0);
    }
}

static void texts_are_copied_and_replaced(void **state)
{
    values *v = *state;
    char text[] = "first";

    assert_ok(mw_opt_set(row("name"), v, text, NULL));
    text[0] = 'X';
    assert_string_equal(v->name, "first");
    assert_ok(mw_opt_set(row("name"), v, v->name, NULL)); /* its own value */
    assert_string_equal(v->name, "first");
    assert_ok(mw_opt_set(row("name"), v, "", NULL));
    assert_string_equal(v->name, "");
}

static void descriptions_name_the_interval_and_unit(void **state)
{
    char text[128], tiny[8];

    (void)state;
    mw_opt_describe(row("level"), text, sizeof text);
    assert_string_equal(text, "a number in [-30, 60] dB");
    mw_opt_describe(row("kind"), text, sizeof text);
    assert_string_equal(text, "one of soft-one|hard");
    mw_opt_describe(row("level"), tiny, sizeof tiny);
    assert_string_equal(tiny, "a numbe");
    mw_mem_fail_at(1); /* still says something */
    mw_opt_describe(row("level"), text, sizeof text);
    mw_mem_fail_at(0);
    assert_string_equal(text, "a number");
}

static void clearing_twice_is_fine(void **state)
{
    const mw_range none = { 0 };
    values *v = *state;

    mw_opt_clear(table, v);
    mw_opt_clear(table, v);
    assert_null(v->name);
    assert_null(v->ints.v);
    assert_memory_equal(&v->span, &none, sizeof none);
}

static void texts_are_the_same_where_the_locale_has_a_comma(void **state)
{
    values *v = *state;
    char *dir = temp_dir(), *text;

    if (!use_comma_locale(dir)) {
        temp_dir_remove(dir);
        print_message("# skipped: no locale with a decimal comma\n");
        skip();
    }
    assert_ok(mw_opt_set(row("levels"), v, "0.5,1.25", NULL));
    assert_int_equal(v->levels.n, 2);
    text = mw_opt_get(row("levels"), v);
    assert_string_equal(text, "0.5,1.25");
    setlocale(LC_ALL, "C");
    mw_text_free(text);
    temp_dir_remove(dir);
}

static void memory_running_out_leaves_a_struct_to_clear(void **state)
{
    const long live = mw_mem_live();
    mw_error err;
    values v;

    (void)state;
    for (long at = 1;; at++) {
        mw_status st;

        memset(&v, 0xa5, sizeof v);
        mw_mem_fail_at(at);
        st = mw_opt_defaults(table, &v, 0, &err);
        mw_mem_fail_at(0);
        mw_opt_clear(table, &v);
        assert_int_equal(mw_mem_live(), live);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(at < 100);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(defaults_fill_every_type),
        T(the_preset_changes_marked_rows_alone),
        T(every_default_reads_back_through_its_text),
        T(hyphens_underscores_and_aliases_are_alike),
        T(bad_texts_are_refused_and_change_nothing),
        T(bounds_themselves_are_allowed),
        T(lists_may_be_empty_long_and_end_in_a_comma),
        T(words_of_yes_and_no),
        T(texts_are_copied_and_replaced),
        T(descriptions_name_the_interval_and_unit),
        T(clearing_twice_is_fine),
        T(texts_are_the_same_where_the_locale_has_a_comma),
        T(memory_running_out_leaves_a_struct_to_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
