/* SPDX-License-Identifier: Apache-2.0
 *
 * "name=value" lines over every options table: those of the commands and of each operation. The
 * first byte picks the table.
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "corrupt/op.h"
#include "fuzz/fuzz.h"
#include "merwild/features.h"

#define MAX_BYTES 4096

/* All fields as JSON. */
static char *text_of(const mw_opt *table, const void *values)
{
    mw_str s = { 0 };
    mw_json j = mw_json_begin(&s);

    mw_json_struct(&j, table, values, 0);
    return mw_str_take(&s);
}

static void set_lines(const mw_opt *table, void *values, const char *text)
{
    char line[MAX_BYTES + 1];

    while (*text) {
        const size_t n = strcspn(text, "\n");
        char *value;
        const mw_opt *row;

        memcpy(line, text, n);
        line[n] = 0;
        text += n + (text[n] == '\n');
        value = strchr(line, '=');
        if (!value) continue;
        *value++ = 0;
        row = mw_opt_find(table, line);
        if (row) mw_opt_set(row, values, value, NULL);
    }
}

/* Each field's text sets the field to what it is. */
static void check_texts(const mw_opt *table, void *values)
{
    for (const mw_opt *row = table; row->name; row++) {
        char *text = mw_opt_get(row, values), *again;

        FUZZ_CHECK(text);
        if (row->type != MW_OPT_TEXTS) FUZZ_CHECK(mw_opt_set(row, values, text, NULL) == MW_OK);
        again = mw_opt_get(row, values);
        FUZZ_CHECK(!strcmp(text, again));
        mw_text_free(text);
        mw_text_free(again);
    }
}

/* What options may hold, a sidecar may: texts that are no UTF-8 apart. */
static void check_json(const mw_opt *table, const void *values, size_t size)
{
    char *text = text_of(table, values), *again;
    void *back = mw_calloc(1, size);
    json_t *doc;

    FUZZ_CHECK(text && back);
    if (mw_utf8_ok(text)) {
        FUZZ_CHECK(mw_json_parse(&doc, text, strlen(text), "options", NULL) == MW_OK);
        FUZZ_CHECK(mw_json_read_struct(doc, table, back, 0, NULL) == MW_OK);
        again = text_of(table, back);
        FUZZ_CHECK(!strcmp(text, again));
        mw_free(again);
        mw_opt_clear(table, back);
        json_decref(doc);
    }
    mw_free(back);
    mw_free(text);
}

static void run_table(const mw_opt *table, size_t size, const char *text)
{
    void *a = mw_calloc(1, size), *b = mw_calloc(1, size);
    char *p, *q;

    FUZZ_CHECK(a && b);
    FUZZ_CHECK(mw_opt_defaults(table, a, 0, NULL) == MW_OK);
    FUZZ_CHECK(mw_opt_defaults(table, b, 0, NULL) == MW_OK);
    set_lines(table, a, text);
    set_lines(table, b, text);
    p = text_of(table, a);
    q = text_of(table, b);
    FUZZ_CHECK(!strcmp(p, q));
    check_texts(table, a);
    check_json(table, a, size);
    mw_free(p);
    mw_free(q);
    mw_opt_clear(table, a);
    mw_opt_clear(table, b);
    mw_free(a);
    mw_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const long live = mw_mem_live();
    const size_t n_ops = mw_op_count();
    mw_corrupt_audio_options *a = mw_corrupt_audio_options_new(0, NULL);
    mw_corrupt_video_options *v = mw_corrupt_video_options_new(0, NULL);
    mw_features_audio_options *f = mw_features_audio_options_new(0, NULL);
    mw_features_visual_options *p = mw_features_visual_options_new(0, NULL);
    mw_opt_group groups[4 * MW_MAX_GROUPS];
    char text[MAX_BYTES + 1];
    size_t n, which;

    FUZZ_CHECK(a && v && f && p);
    if (!size || size > MAX_BYTES) goto done;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    n = mw_corrupt_audio_options_groups(a, groups);
    n += mw_corrupt_video_options_groups(v, groups + n);
    n += mw_features_audio_options_groups(f, groups + n);
    n += mw_features_visual_options_groups(p, groups + n);
    which = data[0] % (n + n_ops);
    if (which < n) /* no group is larger than this */
        run_table(groups[which].table, 4096, text);
    else
        run_table(mw_op_get(which - n)->options, mw_op_at(which - n)->options_size, text);
done:
    mw_corrupt_audio_options_free(&a);
    mw_corrupt_video_options_free(&v);
    mw_features_audio_options_free(&f);
    mw_features_visual_options_free(&p);
    FUZZ_CHECK(mw_mem_live() == live);
    return 0;
}
