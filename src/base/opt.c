/* SPDX-License-Identifier: Apache-2.0 */
#include "merwild/options.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

#define FIELD(type, row, values) ((type *)(void *)((char *)(values) + (row)->offset))
#define CONST_FIELD(type, row, values)                                                             \
    ((const type *)(const void *)((const char *)(values) + (row)->offset))

static void texts_free(mw_texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        mw_free(t->v[i]);
    mw_free(t->v);
    *t = (mw_texts){ 0 };
}

static void clear_field(const mw_opt *row, void *values)
{
    switch (row->type) {
    case MW_OPT_BOOL:
    case MW_OPT_ENUM:
        *FIELD(int, row, values) = 0;
        break;
    case MW_OPT_INT:
        *FIELD(int64_t, row, values) = 0;
        break;
    case MW_OPT_UINT:
        *FIELD(uint64_t, row, values) = 0;
        break;
    case MW_OPT_DOUBLE:
        *FIELD(double, row, values) = 0;
        break;
    case MW_OPT_RANGE:
        *FIELD(mw_range, row, values) = (mw_range){ 0 };
        break;
    case MW_OPT_TEXT:
        mw_free(*FIELD(char *, row, values));
        *FIELD(char *, row, values) = NULL;
        break;
    case MW_OPT_INTS:
        mw_free(FIELD(mw_ints, row, values)->v);
        *FIELD(mw_ints, row, values) = (mw_ints){ 0 };
        break;
    case MW_OPT_DOUBLES:
        mw_free(FIELD(mw_doubles, row, values)->v);
        *FIELD(mw_doubles, row, values) = (mw_doubles){ 0 };
        break;
    case MW_OPT_TEXTS:
        texts_free(FIELD(mw_texts, row, values));
        break;
    }
}

void mw_opt_clear(const mw_opt *table, void *values)
{
    for (const mw_opt *row = table; row->name; row++)
        clear_field(row, values);
}

mw_status mw_opt_defaults(const mw_opt *table, void *values, int preset, mw_error *err)
{
    /* All fields first become empty, so that the struct can be cleared after a failure half-way. */
    for (const mw_opt *row = table; row->name; row++) {
        static const size_t size[] = {
            [MW_OPT_BOOL] = sizeof(int),           [MW_OPT_INT] = sizeof(int64_t),
            [MW_OPT_UINT] = sizeof(uint64_t),      [MW_OPT_DOUBLE] = sizeof(double),
            [MW_OPT_ENUM] = sizeof(int),           [MW_OPT_TEXT] = sizeof(char *),
            [MW_OPT_RANGE] = sizeof(mw_range),     [MW_OPT_INTS] = sizeof(mw_ints),
            [MW_OPT_DOUBLES] = sizeof(mw_doubles), [MW_OPT_TEXTS] = sizeof(mw_texts)
        };

        memset((char *)values + row->offset, 0, size[row->type]);
    }
    for (const mw_opt *row = table; row->name; row++) {
        const char *text = preset && row->reference ? row->reference : row->value;
        mw_status st;

        if (row->type == MW_OPT_TEXTS) continue;
        st = mw_opt_set(row, values, text ? text : "", err);
        if (st != MW_OK) return st;
    }
    return MW_OK;
}

static int same_name(const char *a, size_t n, const char *b)
{
    for (size_t i = 0; i < n; i++) {
        const char x = a[i] == '_' ? '-' : a[i], y = b[i] == '_' ? '-' : b[i];

        if (x != y) return 0;
    }
    return !b[n];
}

static int has_name(const mw_opt *row, const char *name)
{
    if (same_name(row->name, strlen(row->name), name)) return 1;
    for (const char *p = row->aliases; p && *p;) {
        const size_t n = strcspn(p, " ");

        if (n && same_name(p, n, name)) return 1;
        p += n + strspn(p + n, " ");
    }
    return 0;
}

const mw_opt *mw_opt_find(const mw_opt *table, const char *name)
{
    for (const mw_opt *row = table; row->name; row++)
        if (has_name(row, name)) return row;
    return NULL;
}

static int bounded(const mw_opt *row)
{
    return row->min != 0 || row->max != 0;
}

static int in_bounds(const mw_opt *row, double x)
{
    return !bounded(row) || (x >= row->min && x <= row->max);
}

void mw_opt_describe(const mw_opt *row, char *text, size_t size)
{
    static const char *const kind[] = {
        [MW_OPT_BOOL] = "yes or no",
        [MW_OPT_INT] = "an integer",
        [MW_OPT_UINT] = "an integer >= 0",
        [MW_OPT_DOUBLE] = "a number",
        [MW_OPT_ENUM] = "one of",
        [MW_OPT_TEXT] = "a text",
        [MW_OPT_RANGE] = "LO-HI, integers",
        [MW_OPT_INTS] = "integers separated by commas, each",
        [MW_OPT_DOUBLES] = "numbers separated by commas, each",
        [MW_OPT_TEXTS] = "a list of texts",
    };
    mw_str s = { 0 };
    char *p;

    mw_str_put(&s, kind[row->type]);
    for (const char *const *c = row->type == MW_OPT_ENUM ? row->choices : NULL; c && *c; c++)
        mw_str_printf(&s, "%s%s", c == row->choices ? " " : "|", *c);
    if (bounded(row)) {
        char lo[MW_F64_TEXT], hi[MW_F64_TEXT];

        mw_f64_text(lo, row->min);
        mw_f64_text(hi, row->max);
        mw_str_printf(&s, " in [%s, %s]", lo, hi);
    }
    if (row->unit) mw_str_printf(&s, " %s", row->unit);
    p = mw_str_take(&s);
    snprintf(text, size, "%s", p ? p : kind[row->type]);
    mw_free(p);
}

static mw_status refuse(const mw_opt *row, const char *text, mw_error *err)
{
    char allowed[512];

    mw_opt_describe(row, allowed, sizeof allowed);
    return mw_fail(err, MW_ERR_RANGE, "bad_option", "option '%s': '%.200s' is not %s", row->name,
                   text, allowed);
}

/* Next element of a comma-separated list into item[size]; 0 at the end, -1 when too long. */
static int next_item(const char **p, char *item, size_t size)
{
    size_t n;

    if (!**p) return 0;
    n = strcspn(*p, ",");
    if (n >= size) return -1;
    memcpy(item, *p, n);
    item[n] = 0;
    *p += n;
    if (**p == ',') (*p)++;
    return 1;
}

static mw_status set_list(const mw_opt *row, void *values, const char *text, mw_error *err)
{
    const int integers = row->type == MW_OPT_INTS;
    size_t n = 0, cap = 0;
    int64_t *ints = NULL;
    double *doubles = NULL;
    mw_status st = MW_OK;
    char item[64];
    int more;

    for (const char *p = text; (more = next_item(&p, item, sizeof item)) != 0; n++) {
        double x = 0;
        int64_t i = 0;
        int bad = more < 0 || n >= MW_OPT_LIST_MAX;

        if (!bad) bad = integers ? mw_i64_parse(item, &i) : mw_f64_parse(item, &x);
        if (bad || !in_bounds(row, integers ? (double)i : x)) {
            st = refuse(row, text, err);
            goto done;
        }
        if (integers ? mw_grow(&ints, &cap, n + 1, sizeof *ints)
                     : mw_grow(&doubles, &cap, n + 1, sizeof *doubles)) {
            st = mw_fail_nomem(err);
            goto done;
        }
        if (integers)
            ints[n] = i;
        else
            doubles[n] = x;
    }
    clear_field(row, values);
    if (integers)
        *FIELD(mw_ints, row, values) = (mw_ints){ ints, n };
    else
        *FIELD(mw_doubles, row, values) = (mw_doubles){ doubles, n };
    ints = NULL;
    doubles = NULL;
done:
    mw_free(ints);
    mw_free(doubles);
    return st;
}

static int parse_range(const char *text, mw_range *r)
{
    char lo[32];
    const char *dash = *text ? strchr(text + 1, '-') : NULL;
    size_t n;

    if (!dash) {
        if (mw_i64_parse(text, &r->lo)) return -1;
        r->hi = r->lo;
        return 0;
    }
    n = (size_t)(dash - text);
    if (n >= sizeof lo) return -1;
    memcpy(lo, text, n);
    lo[n] = 0;
    return mw_i64_parse(lo, &r->lo) || mw_i64_parse(dash + 1, &r->hi) || r->lo > r->hi ? -1 : 0;
}

static int parse_bool(const char *text, int *b)
{
    static const char *const word[2][3] = { { "no", "false", "0" }, { "yes", "true", "1" } };

    for (int v = 0; v < 2; v++)
        for (int i = 0; i < 3; i++)
            if (!strcmp(text, word[v][i])) {
                *b = v;
                return 0;
            }
    return -1;
}

static int parse_choice(const mw_opt *row, const char *text, int *choice)
{
    for (int i = 0; row->choices[i]; i++)
        if (same_name(row->choices[i], strlen(row->choices[i]), text)) {
            *choice = i;
            return 0;
        }
    return -1;
}

mw_status mw_opt_set(const mw_opt *row, void *values, const char *text, mw_error *err)
{
    mw_range range;
    uint64_t u;
    int64_t i;
    double x;
    int b;
    char *copy;

    switch (row->type) {
    case MW_OPT_BOOL:
        if (parse_bool(text, &b)) return refuse(row, text, err);
        *FIELD(int, row, values) = b;
        return MW_OK;
    case MW_OPT_ENUM:
        if (parse_choice(row, text, &b)) return refuse(row, text, err);
        *FIELD(int, row, values) = b;
        return MW_OK;
    case MW_OPT_INT:
        if (mw_i64_parse(text, &i) || !in_bounds(row, (double)i)) return refuse(row, text, err);
        *FIELD(int64_t, row, values) = i;
        return MW_OK;
    case MW_OPT_UINT:
        if (mw_u64_parse(text, &u) || !in_bounds(row, (double)u)) return refuse(row, text, err);
        *FIELD(uint64_t, row, values) = u;
        return MW_OK;
    case MW_OPT_DOUBLE:
        if (mw_f64_parse(text, &x) || !in_bounds(row, x)) return refuse(row, text, err);
        *FIELD(double, row, values) = x;
        return MW_OK;
    case MW_OPT_RANGE:
        if (parse_range(text, &range) || !in_bounds(row, (double)range.lo) ||
            !in_bounds(row, (double)range.hi))
            return refuse(row, text, err);
        *FIELD(mw_range, row, values) = range;
        return MW_OK;
    case MW_OPT_TEXT:
        copy = mw_strdup(text);
        if (!copy) return mw_fail_nomem(err);
        clear_field(row, values);
        *FIELD(char *, row, values) = copy;
        return MW_OK;
    case MW_OPT_INTS:
    case MW_OPT_DOUBLES:
        return set_list(row, values, text, err);
    case MW_OPT_TEXTS:
        break;
    }
    return mw_fail(err, MW_ERR_ARG, "bad_option", "option '%s' cannot be set from a text",
                   row->name);
}

char *mw_opt_get(const mw_opt *row, const void *values)
{
    mw_str s = { 0 };
    char number[MW_F64_TEXT];

    switch (row->type) {
    case MW_OPT_BOOL:
        mw_str_put(&s, *CONST_FIELD(int, row, values) ? "yes" : "no");
        break;
    case MW_OPT_ENUM:
        mw_str_put(&s, row->choices[*CONST_FIELD(int, row, values)]);
        break;
    case MW_OPT_INT:
        mw_str_printf(&s, "%lld", (long long)*CONST_FIELD(int64_t, row, values));
        break;
    case MW_OPT_UINT:
        mw_str_printf(&s, "%llu", (unsigned long long)*CONST_FIELD(uint64_t, row, values));
        break;
    case MW_OPT_DOUBLE:
        mw_f64_text(number, *CONST_FIELD(double, row, values));
        mw_str_put(&s, number);
        break;
    case MW_OPT_RANGE: {
        const mw_range *r = CONST_FIELD(mw_range, row, values);

        mw_str_printf(&s, "%lld-%lld", (long long)r->lo, (long long)r->hi);
        break;
    }
    case MW_OPT_TEXT: {
        const char *text = *(char *const *)(const void *)((const char *)values + row->offset);

        mw_str_put(&s, text ? text : "");
        break;
    }
    case MW_OPT_INTS: {
        const mw_ints *list = CONST_FIELD(mw_ints, row, values);

        for (size_t i = 0; i < list->n; i++)
            mw_str_printf(&s, "%s%lld", i ? "," : "", (long long)list->v[i]);
        break;
    }
    case MW_OPT_DOUBLES: {
        const mw_doubles *list = CONST_FIELD(mw_doubles, row, values);

        for (size_t i = 0; i < list->n; i++) {
            mw_f64_text(number, list->v[i]);
            mw_str_printf(&s, "%s%s", i ? "," : "", number);
        }
        break;
    }
    case MW_OPT_TEXTS:
        break;
    }
    return mw_str_take(&s);
}

void mw_text_free(char *text)
{
    mw_free(text);
}
