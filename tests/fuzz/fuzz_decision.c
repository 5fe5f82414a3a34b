/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON read into the options or the decision of each operation: what is taken is written and read
 * back equal, and a decision is harmless to describe and to apply to a little sound. The first byte
 * picks operation and table.
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "corrupt/op.h"
#include "fuzz/fuzz.h"

#define N 300

static char *text_of(const mw_opt *table, const void *values)
{
    mw_str s = { 0 };
    mw_json j = mw_json_begin(&s);

    mw_json_struct(&j, table, values, 0);
    return mw_str_take(&s);
}

static void check_round_trip(const mw_opt *table, const void *values, size_t size)
{
    char *text = text_of(table, values), *again;
    void *back = mw_calloc(1, size);
    json_t *doc;

    FUZZ_CHECK(text && back);
    FUZZ_CHECK(mw_json_parse(&doc, text, strlen(text), "written", NULL) == MW_OK);
    FUZZ_CHECK(mw_json_read_struct(doc, table, back, 0, NULL) == MW_OK);
    again = text_of(table, back);
    FUZZ_CHECK(!strcmp(text, again));
    mw_opt_clear(table, back);
    mw_free(again);
    mw_free(back);
    mw_free(text);
    json_decref(doc);
}

static void apply_sound(const mw_op *op, const void *options, const void *d)
{
    float x[N], z[N], y[N];
    void *state = NULL, *result = mw_calloc(1, op->result_size);
    mw_segments s = { 0 };
    int64_t at = 0;

    FUZZ_CHECK(result);
    for (int i = 0; i < N; i++) {
        x[i] = (float)(i % 7 - 3) / 8;
        z[i] = (float)(i % 5 - 2) / 8;
    }
    if (op->audio->open(&state, options, d, x, z, N, 16000, NULL) == MW_OK) {
        FUZZ_CHECK(op->audio->apply(state, 5, y, result, NULL) == MW_OK);
        for (int i = 0; i < N; i++)
            FUZZ_CHECK(y[i] >= -1 && y[i] <= 1);
        op->audio->close(state);
        FUZZ_CHECK(op->audio->segments(options, d, result, N, &s, NULL) == MW_OK);
        for (size_t i = 0; i < s.n; i++) {
            FUZZ_CHECK(s.v[i].i0 == at && s.v[i].i1 > at);
            at = s.v[i].i1;
        }
        FUZZ_CHECK(at == N);
    }
    mw_free(s.v);
    mw_free(result);
}

static void use(const mw_op *op, const void *d)
{
    void *options = mw_calloc(1, op->options_size);

    FUZZ_CHECK(options && mw_opt_defaults(op->info.options, options, 0, NULL) == MW_OK);
    if (op->audio) apply_sound(op, options, d);
    mw_opt_clear(op->info.options, options);
    mw_free(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const long live = mw_mem_live();
    const mw_op *op;
    const mw_opt *table;
    void *values;
    size_t struct_size;
    json_t *doc;
    int drawn;

    if (!size || size > 1 << 16) return 0;
    op = mw_op_at(data[0] / 2 % mw_op_count());
    drawn = data[0] % 2;
    table = drawn ? op->info.drawn : op->info.options;
    struct_size = drawn ? op->decision_size : op->options_size;
    if (mw_json_parse(&doc, (const char *)data + 1, size - 1, "input", NULL) != MW_OK) return 0;
    values = mw_calloc(1, struct_size);
    FUZZ_CHECK(values);
    if (mw_json_read_struct(doc, table, values, 0, NULL) == MW_OK) {
        check_round_trip(table, values, struct_size);
        if (drawn) use(op, values);
        mw_opt_clear(table, values);
    }
    mw_free(values);
    json_decref(doc);
    FUZZ_CHECK(mw_mem_live() == live);
    return 0;
}
