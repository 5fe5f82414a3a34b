/* SPDX-License-Identifier: Apache-2.0
 *
 * What holds for every operation of the registry, whichever is added.
 */
#include "support/support.h"

#include <ctype.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/pool.h"
#include "merwild/corrupt.h"
#include "support/ops.h"

/* Each operation with its options as by default and under --preset reference. */
typedef void op_check(const mw_op *op, const void *options);

static void each(op_check *check)
{
    for (size_t i = 0; i < mw_op_count(); i++)
        for (int preset = 0; preset < 2; preset++) {
            const mw_op *op = mw_op_at(i);
            void *options = ops_options(op, preset);

            check(op, options);
            ops_free(op->info.options, options);
        }
    assert_int_equal(mw_mem_live(), 0);
}

static void operations_are_found_by_index_and_name(void **state)
{
    (void)state;
    assert_true(mw_op_count() >= 3);
    for (size_t i = 0; i < mw_op_count(); i++) {
        const mw_op_info *info = mw_op_get(i);

        assert_ptr_equal(mw_op_find(info->name), info);
        assert_ptr_equal(mw_op_by_name(info->name), mw_op_at(i));
        assert_true(info->version >= 1);
        assert_true(*info->summary && info->summary[strlen(info->summary) - 1] != '.');
        assert_true((info->modality == MW_AUDIO) == (mw_op_at(i)->audio != NULL));
        assert_true((info->modality == MW_VISUAL) == (mw_op_at(i)->visual != NULL));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(mw_op_get(k)->name, info->name);
    }
    assert_null(mw_op_get(mw_op_count()));
    assert_null(mw_op_at(SIZE_MAX));
    assert_null(mw_op_find(""));
    assert_null(mw_op_find("audio"));
}

static void check_row(const char *where, const mw_opt *row)
{
    if (!row->help || !*row->help || row->help[strlen(row->help) - 1] == '.')
        fail_msg("%s, %s: a help of one sentence without full stop is needed", where, row->name);
    for (const char *p = row->name; *p; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '-')
            fail_msg("%s: name '%s'", where, row->name);
    assert_true(strlen(row->name) < 64);
    if (row->type == MW_OPT_ENUM) assert_true(row->choices && row->choices[0]);
    assert_true(row->min <= row->max);
}

static void check_table(const char *where, const mw_opt *table, size_t size)
{
    void *values = calloc(1, size), *preset = calloc(1, size);

    for (const mw_opt *row = table; row->name; row++) {
        check_row(where, row);
        assert_ptr_equal(mw_opt_find(table, row->name), row);
        assert_true(row->offset < size);
    }
    assert_ok(mw_opt_defaults(table, values, 0, NULL));
    assert_ok(mw_opt_defaults(table, preset, 1, NULL));
    ops_free(table, values);
    ops_free(table, preset);
}

static void defaults_and_reference_values_are_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < mw_op_count(); i++) {
        const mw_op *op = mw_op_at(i);

        check_table(op->info.name, op->info.options, op->options_size);
        check_table(op->info.name, op->info.drawn, op->decision_size);
        check_table(op->info.name, op->info.result, op->result_size);
    }
}

/* A name of one table found in another of the same command would hide it. */
static void check_command(const char *command, const mw_opt_group *groups, size_t n)
{
    assert_in_range(n, 1, MW_MAX_GROUPS);
    for (size_t i = 0; i < n; i++)
        for (const mw_opt *row = groups[i].table; row->name; row++) {
            char names[256];

            check_row(command, row);
            snprintf(names, sizeof names, "%s %s", row->name, row->aliases ? row->aliases : "");
            for (char *name = strtok(names, " "); name; name = strtok(NULL, " "))
                for (size_t k = 0; k < n; k++) {
                    const mw_opt *found = mw_opt_find(groups[k].table, name);

                    if (k == i ? found != row : found != NULL)
                        fail_msg("%s: two options are called %s", command, name);
                }
        }
}

static void option_names_are_unique_within_a_command(void **state)
{
    (void)state;
    for (int preset = 0; preset < 2; preset++) {
        mw_corrupt_audio_options *a = mw_corrupt_audio_options_new(preset, NULL);
        mw_corrupt_video_options *v = mw_corrupt_video_options_new(preset, NULL);
        mw_opt_group groups[MW_MAX_GROUPS];

        assert_non_null(a);
        assert_non_null(v);
        check_command("corrupt audio", groups, mw_corrupt_audio_options_groups(a, groups));
        check_command("corrupt video", groups, mw_corrupt_video_options_groups(v, groups));
        mw_corrupt_audio_options_free(&a);
        mw_corrupt_video_options_free(&v);
        assert_null(a);
        mw_corrupt_audio_options_free(&a);
    }
}

static void assert_same_text(const mw_opt *table, const void *a, const void *b)
{
    char *p = ops_text(table, a), *q = ops_text(table, b);

    assert_string_equal(p, q);
    free(p);
    free(q);
}

static int texts_differ(const mw_opt *table, const void *a, const void *b)
{
    char *p = ops_text(table, a), *q = ops_text(table, b);
    const int differ = strcmp(p, q) != 0;

    free(p);
    free(q);
    return differ;
}

static void check_same_key(const mw_op *op, const void *options)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        void *a = ops_draw(op, options, seed), *b = ops_draw(op, options, seed);

        assert_same_text(op->info.drawn, a, b);
        ops_free(op->info.drawn, a);
        ops_free(op->info.drawn, b);
    }
}

static void the_same_key_gives_the_same_decision(void **state)
{
    (void)state;
    each(check_same_key);
}

/* Operations without a random choice of their own. */
static int draws_nothing(const mw_op *op)
{
    return !strcmp(op->info.name, "video.gaussian_blur");
}

static void check_other_key(const mw_op *op, const void *options)
{
    void *first = ops_draw(op, options, 1);

    for (uint64_t seed = 2; seed <= 20; seed++) {
        void *d = ops_draw(op, options, seed);

        if (texts_differ(op->info.drawn, first, d) == draws_nothing(op))
            fail_msg("%s, seeds 1 and %d", op->info.name, (int)seed);
        ops_free(op->info.drawn, d);
    }
    ops_free(op->info.drawn, first);
}

static void another_key_gives_another_decision(void **state)
{
    (void)state;
    each(check_other_key);
}

static void check_round_trip(const mw_opt *table, size_t size, const void *values)
{
    char *text = ops_text(table, values);
    void *back = calloc(1, size);
    json_t *doc;

    assert_ok(mw_json_parse(&doc, text, strlen(text), "text", NULL));
    assert_ok(mw_json_read_struct(doc, table, back, 0, NULL));
    assert_same_text(table, values, back);
    json_decref(doc);
    ops_free(table, back);
    free(text);
}

static void check_json(const mw_op *op, const void *options)
{
    check_round_trip(op->info.options, op->options_size, options);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        void *d = ops_draw(op, options, seed);

        check_round_trip(op->info.drawn, op->decision_size, d);
        ops_free(op->info.drawn, d);
    }
}

static void options_and_decisions_survive_json(void **state)
{
    (void)state;
    each(check_json);
}

/* Through JSON and back, a decision makes the same bytes: what replay rests on. */
static void check_apply(const mw_op *op, const void *options)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        void *d = ops_draw(op, options, seed), *back = calloc(1, op->decision_size);
        char *text = ops_text(op->info.drawn, d), a[65], b[65], c[65];
        json_t *doc;
        int identical;

        assert_ok(mw_json_parse(&doc, text, strlen(text), "text", NULL));
        assert_ok(mw_json_read_struct(doc, op->info.drawn, back, 0, NULL));
        assert_ok(ops_apply(op, options, d, a, &identical));
        assert_ok(ops_apply(op, options, d, b, NULL));
        assert_ok(ops_apply(op, options, back, c, NULL));
        assert_string_equal(a, b);
        assert_string_equal(a, c);
        assert_false(identical);
        json_decref(doc);
        free(text);
        ops_free(op->info.drawn, back);
        ops_free(op->info.drawn, d);
    }
}

static void applying_twice_and_from_json_gives_the_same_bytes(void **state)
{
    (void)state;
    each(check_apply);
}

typedef struct shared_apply {
    const mw_op *op;
    const void *options, *decision;
    char hex[8][65];
    mw_status st[8];
} shared_apply;

static int apply_one(void *user, int worker, size_t item)
{
    shared_apply *s = user;

    (void)worker;
    s->st[item] = ops_apply(s->op, s->options, s->decision, s->hex[item], NULL);
    return 0;
}

static void check_threads(const mw_op *op, const void *options)
{
    static const int threads[] = { 1, 2, 8 };
    void *d = ops_draw(op, options, 4);
    char first[65];

    assert_ok(ops_apply(op, options, d, first, NULL));
    for (size_t k = 0; k < 3; k++) {
        shared_apply s = { .op = op, .options = options, .decision = d };

        assert_ok(mw_pool_run(8, threads[k], apply_one, &s, NULL));
        for (size_t i = 0; i < 8; i++) {
            assert_int_equal(s.st[i], MW_OK);
            assert_string_equal(s.hex[i], first);
        }
    }
    ops_free(op->info.drawn, d);
}

static void any_number_of_threads_gives_the_same_bytes(void **state)
{
    (void)state;
    each(check_threads);
}

static void zero_strength_changes_nothing(void **state)
{
    static const struct {
        const char *op, *option, *value;
    } zero[] = {
        { "video.gaussian_noise", "noise-var-max", "0" },
        { "video.gaussian_blur", "blur-sigma", "0.01" }, /* all weight on the middle */
    };

    (void)state;
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++) {
        const mw_op *op = mw_op_by_name(zero[i].op);
        void *options = ops_options(op, 0), *d;
        int identical = 0;
        char hex[65];

        assert_ok(mw_opt_set(mw_opt_find(op->info.options, zero[i].option), options, zero[i].value,
                             NULL));
        d = ops_draw(op, options, 1);
        assert_ok(ops_apply(op, options, d, hex, &identical));
        assert_true(identical);
        ops_free(op->info.drawn, d);
        ops_free(op->info.options, options);
    }
}

static void check_segments(const mw_op *op, const void *options)
{
    void *d = ops_draw(op, options, 3), *result = calloc(1, op->result_size);
    mw_segments s = { 0 };

    if (op->audio)
        assert_ok(op->audio->segments(options, d, result, OPS_N, &s, NULL));
    else
        assert_ok(op->visual->segments(options, d, &s, NULL));
    assert_true(s.n > 0);
    for (size_t i = 0; i < s.n; i++) {
        assert_true(s.v[i].i0 < s.v[i].i1 && s.v[i].i0 >= 0);
        if (i) assert_true(s.v[i - 1].i1 <= s.v[i].i0);
        assert_true(strchr(s.v[i].type, '.') != NULL);
        assert_in_range(s.v[i].n_severities, 0, 4);
    }
    mw_free(s.v);
    free(result);
    ops_free(op->info.drawn, d);
}

static void segments_are_in_order_of_time_and_not_empty(void **state)
{
    (void)state;
    each(check_segments);
}

static void check_draw_memory(const mw_op *op, const void *options)
{
    const long live = mw_mem_live();

    for (long at = 1;; at++) {
        void *d = calloc(1, op->decision_size);
        mw_status st = ops_draw_failing(op, options, 5, at, d, NULL);

        if (st == MW_OK) mw_opt_clear(op->info.drawn, d);
        free(d);
        assert_int_equal(mw_mem_live(), live);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(at < 100);
    }
}

static void drawing_without_memory_fails_cleanly(void **state)
{
    (void)state;
    each(check_draw_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_are_found_by_index_and_name),
        cmocka_unit_test(defaults_and_reference_values_are_valid),
        cmocka_unit_test(option_names_are_unique_within_a_command),
        cmocka_unit_test(the_same_key_gives_the_same_decision),
        cmocka_unit_test(another_key_gives_another_decision),
        cmocka_unit_test(options_and_decisions_survive_json),
        cmocka_unit_test(applying_twice_and_from_json_gives_the_same_bytes),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bytes),
        cmocka_unit_test(zero_strength_changes_nothing),
        cmocka_unit_test(segments_are_in_order_of_time_and_not_empty),
        cmocka_unit_test(drawing_without_memory_fails_cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
