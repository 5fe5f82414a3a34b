/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

/* ---- writing ---- */

mw_json mw_json_begin(mw_str *s)
{
    return (mw_json){ .s = s, .fresh = 1 };
}

static void newline(mw_json *j)
{
    static const char blanks[] = "\n                ";

    mw_str_putn(j->s, blanks, 1 + (size_t)(j->depth < 16 ? j->depth : 16));
}

static void before_value(mw_json *j)
{
    if (j->after_key) {
        j->after_key = 0;
        return;
    }
    if (!j->fresh) mw_str_putc(j->s, ',');
    if (j->depth) newline(j);
    j->fresh = 0;
}

void mw_json_open(mw_json *j, char bracket)
{
    before_value(j);
    mw_str_putc(j->s, bracket);
    j->depth++;
    j->fresh = 1;
}

void mw_json_close(mw_json *j, char bracket)
{
    j->depth--;
    if (!j->fresh) newline(j);
    mw_str_putc(j->s, bracket);
    j->fresh = 0;
}

static int is_special(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

static void quoted(mw_str *s, const char *text)
{
    mw_str_putc(s, '"');
    for (const char *p = text; *p; p++) {
        const char *plain = p;

        while (!is_special((unsigned char)*p))
            p++;
        mw_str_putn(s, plain, (size_t)(p - plain));
        if (!*p) break;
        if (*p == '"' || *p == '\\') {
            mw_str_putc(s, '\\');
            mw_str_putc(s, *p);
        } else {
            mw_str_printf(s, "\\u%04x", (unsigned char)*p);
        }
    }
    mw_str_putc(s, '"');
}

void mw_json_key(mw_json *j, const char *key)
{
    before_value(j);
    quoted(j->s, key);
    mw_str_put(j->s, ": ");
    j->after_key = 1;
}

void mw_json_text(mw_json *j, const char *text)
{
    before_value(j);
    if (text)
        quoted(j->s, text);
    else
        mw_str_put(j->s, "null");
}

void mw_json_i64(mw_json *j, int64_t x)
{
    char text[MW_U64_TEXT];

    before_value(j);
    if (x < 0) mw_str_putc(j->s, '-');
    mw_str_put(j->s, mw_u64_digits(text, x < 0 ? 0 - (uint64_t)x : (uint64_t)x));
}

void mw_json_u64_text(mw_json *j, uint64_t x)
{
    before_value(j);
    mw_str_printf(j->s, "\"%llu\"", (unsigned long long)x);
}

/* Bits are compared, so that 0 and -0 stay apart. */
static const char *float_text(mw_json *j, double x)
{
    const unsigned n = sizeof j->recent / sizeof *j->recent, next = j->n_recent % n;

    for (unsigned i = 0; i < n; i++)
        if (*j->recent[i].text && !memcmp(&j->recent[i].x, &x, sizeof x)) return j->recent[i].text;
    j->n_recent++;
    j->recent[next].x = x;
    mw_f64_text(j->recent[next].text, x);
    return j->recent[next].text;
}

void mw_json_f64(mw_json *j, double x)
{
    const char *text;

    if (!isfinite(x)) {
        mw_json_null(j);
        return;
    }
    before_value(j);
    text = float_text(j, x);
    mw_str_put(j->s, text);
    /* "5" would read back as an integer */
    if (!strpbrk(text, ".e")) mw_str_put(j->s, ".0");
}

void mw_json_bool(mw_json *j, int b)
{
    before_value(j);
    mw_str_put(j->s, b ? "true" : "false");
}

void mw_json_null(mw_json *j)
{
    before_value(j);
    mw_str_put(j->s, "null");
}

void mw_json_put_text(mw_json *j, const char *key, const char *text)
{
    mw_json_key(j, key);
    mw_json_text(j, text);
}

void mw_json_put_i64(mw_json *j, const char *key, int64_t x)
{
    mw_json_key(j, key);
    mw_json_i64(j, x);
}

void mw_json_put_f64(mw_json *j, const char *key, double x)
{
    mw_json_key(j, key);
    mw_json_f64(j, x);
}

/* Option names carry hyphens, JSON keys underscores. */
static void json_name(char *out, size_t size, const char *name)
{
    size_t n = 0;

    for (; name[n] && n + 1 < size; n++)
        out[n] = (char)(name[n] == '-' ? '_' : name[n]);
    out[n] = 0;
}

static void write_field(mw_json *j, const mw_opt *row, const char *at)
{
    const void *field = at;

    switch (row->type) {
    case MW_OPT_BOOL:
        mw_json_bool(j, *(const int *)field);
        break;
    case MW_OPT_ENUM:
        mw_json_text(j, row->choices[*(const int *)field]);
        break;
    case MW_OPT_INT:
        mw_json_i64(j, *(const int64_t *)field);
        break;
    case MW_OPT_UINT:
        mw_json_u64_text(j, *(const uint64_t *)field);
        break;
    case MW_OPT_DOUBLE:
        mw_json_f64(j, *(const double *)field);
        break;
    case MW_OPT_TEXT:
        mw_json_text(j, *(char *const *)field);
        break;
    case MW_OPT_RANGE:
        mw_json_open(j, '[');
        mw_json_i64(j, ((const mw_range *)field)->lo);
        mw_json_i64(j, ((const mw_range *)field)->hi);
        mw_json_close(j, ']');
        break;
    case MW_OPT_INTS:
        mw_json_open(j, '[');
        for (size_t i = 0; i < ((const mw_ints *)field)->n; i++)
            mw_json_i64(j, ((const mw_ints *)field)->v[i]);
        mw_json_close(j, ']');
        break;
    case MW_OPT_DOUBLES:
        mw_json_open(j, '[');
        for (size_t i = 0; i < ((const mw_doubles *)field)->n; i++)
            mw_json_f64(j, ((const mw_doubles *)field)->v[i]);
        mw_json_close(j, ']');
        break;
    case MW_OPT_TEXTS:
        mw_json_open(j, '[');
        for (size_t i = 0; i < ((const mw_texts *)field)->n; i++)
            mw_json_text(j, ((const mw_texts *)field)->v[i]);
        mw_json_close(j, ']');
        break;
    }
}

void mw_json_struct(mw_json *j, const mw_opt *table, const void *values, unsigned skip)
{
    mw_json_open(j, '{');
    for (const mw_opt *row = table; row->name; row++) {
        char name[64];

        if (row->flags & skip) continue;
        json_name(name, sizeof name, row->name);
        mw_json_key(j, name);
        write_field(j, row, (const char *)values + row->offset);
    }
    mw_json_close(j, '}');
}

void mw_json_compact(mw_str *out, const char *pretty, size_t n)
{
    size_t kept = 0; /* everything before it is written or dropped */
    int in_string = 0;

    for (size_t i = 0; i < n; i++) {
        const char c = pretty[i];

        if (c == '\n') {
            mw_str_putn(out, pretty + kept, i - kept);
            while (i + 1 < n && pretty[i + 1] == ' ')
                i++;
            kept = i + 1;
        } else if (in_string && c == '\\' && i + 1 < n) {
            i++;
        } else if (c == '"') {
            in_string = !in_string;
        }
    }
    mw_str_putn(out, pretty + kept, n - kept);
}

/* ---- reading ---- */

static mw_status wrong(const mw_opt *row, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_json", "field '%s': %s", row->name, what);
}

static int in_bounds(const mw_opt *row, double x)
{
    return (row->min == 0 && row->max == 0) || (x >= row->min && x <= row->max);
}

static mw_status read_number(const json_t *v, const mw_opt *row, double *x, mw_error *err)
{
    if (!json_is_number(v)) return wrong(row, "not a number", err);
    *x = json_number_value(v);
    return in_bounds(row, *x) ? MW_OK : wrong(row, "outside its interval", err);
}

static mw_status read_integer(const json_t *v, const mw_opt *row, int64_t *x, mw_error *err)
{
    if (!json_is_integer(v)) return wrong(row, "not an integer", err);
    *x = json_integer_value(v);
    return in_bounds(row, (double)*x) ? MW_OK : wrong(row, "outside its interval", err);
}

static mw_status read_list(const json_t *v, const mw_opt *row, void *field, mw_error *err)
{
    const size_t n = json_array_size(v);
    mw_status st = MW_OK;

    if (!json_is_array(v) || n > MW_OPT_LIST_MAX)
        return wrong(row, "not a list of allowed size", err);
    if (row->type == MW_OPT_INTS) {
        mw_ints *list = field;

        list->v = mw_calloc(n, sizeof *list->v);
        if (!list->v) return mw_fail_nomem(err);
        for (list->n = 0; st == MW_OK && list->n < n; list->n++)
            st = read_integer(json_array_get(v, list->n), row, &list->v[list->n], err);
    } else if (row->type == MW_OPT_DOUBLES) {
        mw_doubles *list = field;

        list->v = mw_calloc(n, sizeof *list->v);
        if (!list->v) return mw_fail_nomem(err);
        for (list->n = 0; st == MW_OK && list->n < n; list->n++)
            st = read_number(json_array_get(v, list->n), row, &list->v[list->n], err);
    } else {
        mw_texts *list = field;

        list->v = mw_calloc(n, sizeof *list->v);
        if (!list->v) return mw_fail_nomem(err);
        for (list->n = 0; list->n < n; list->n++) {
            const char *text = json_string_value(json_array_get(v, list->n));

            if (!text) return wrong(row, "not a list of texts", err);
            list->v[list->n] = mw_strdup(text);
            if (!list->v[list->n]) return mw_fail_nomem(err);
        }
    }
    return st;
}

static mw_status read_range(const json_t *v, const mw_opt *row, mw_range *r, mw_error *err)
{
    mw_status st;

    if (json_array_size(v) != 2) return wrong(row, "not a pair of integers", err);
    st = read_integer(json_array_get(v, 0), row, &r->lo, err);
    if (st == MW_OK) st = read_integer(json_array_get(v, 1), row, &r->hi, err);
    if (st == MW_OK && r->lo > r->hi) st = wrong(row, "lower end above upper end", err);
    return st;
}

static mw_status read_field(const json_t *v, const mw_opt *row, void *field, mw_error *err)
{
    switch (row->type) {
    case MW_OPT_BOOL:
        if (!json_is_boolean(v)) return wrong(row, "not true or false", err);
        *(int *)field = json_is_true(v);
        return MW_OK;
    case MW_OPT_ENUM:
        for (int i = 0; json_is_string(v) && row->choices[i]; i++)
            if (!strcmp(row->choices[i], json_string_value(v))) {
                *(int *)field = i;
                return MW_OK;
            }
        return wrong(row, "not one of its choices", err);
    case MW_OPT_INT:
        return read_integer(v, row, field, err);
    case MW_OPT_UINT:
        if (!json_is_string(v) || mw_u64_parse(json_string_value(v), field) ||
            !in_bounds(row, (double)*(uint64_t *)field))
            return wrong(row, "not a decimal text within its interval", err);
        return MW_OK;
    case MW_OPT_DOUBLE:
        return read_number(v, row, field, err);
    case MW_OPT_TEXT: {
        char *copy;

        if (!json_is_string(v)) return wrong(row, "not a text", err);
        copy = mw_strdup(json_string_value(v));
        if (!copy) return mw_fail_nomem(err);
        *(char **)field = copy;
        return MW_OK;
    }
    case MW_OPT_RANGE:
        return read_range(v, row, field, err);
    case MW_OPT_INTS:
    case MW_OPT_DOUBLES:
    case MW_OPT_TEXTS:
        return read_list(v, row, field, err);
    }
    return MW_ERR_ARG;
}

mw_status mw_json_read_struct(const json_t *object, const mw_opt *table, void *values,
                              unsigned skip, mw_error *err)
{
    mw_status st = mw_opt_defaults(table, values, 0, err);
    size_t n_known = 0;

    /* texts and lists start empty, since their readers do not free; rows left out get their
     * defaults below */
    mw_opt_clear(table, values);
    if (st == MW_OK && !json_is_object(object))
        st = mw_fail(err, MW_ERR_FORMAT, "bad_json", "not an object");
    for (const mw_opt *row = table; st == MW_OK && row->name; row++) {
        char name[64];
        const json_t *v;

        if (row->flags & skip) {
            if (row->type != MW_OPT_TEXTS) st = mw_opt_set(row, values, row->value, err);
            continue;
        }
        json_name(name, sizeof name, row->name);
        v = json_object_get(object, name);
        st = v ? read_field(v, row, (char *)values + row->offset, err) : wrong(row, "missing", err);
        n_known++;
    }
    if (st == MW_OK && json_object_size(object) != n_known)
        st = mw_fail(err, MW_ERR_FORMAT, "bad_json", "unknown fields beside the %zu known ones",
                     n_known);
    if (st != MW_OK) mw_opt_clear(table, values);
    return st;
}

mw_status mw_json_parse(json_t **out, const char *text, size_t n, const char *name, mw_error *err)
{
    json_error_t e;

    *out = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
    if (*out) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_json", "'%s', line %d, column %d: %s", name, e.line,
                   e.column, e.text);
}

mw_status mw_json_load(json_t **out, const char *path, size_t max_bytes, mw_error *err)
{
    char *text;
    size_t n;
    mw_status st = mw_file_load(&text, &n, path, max_bytes, err);

    *out = NULL;
    if (st != MW_OK) return st;
    st = mw_json_parse(out, text, n, path, err);
    mw_free(text);
    return st;
}

int mw_utf8_ok(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    while (*p) {
        const int more = *p < 0x80                 ? 0
                         : *p >= 0xc2 && *p < 0xe0 ? 1
                         : (*p & 0xf0) == 0xe0     ? 2
                         : *p >= 0xf0 && *p < 0xf5 ? 3
                                                   : -1;

        if (more < 0) return 0;
        if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
            (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
            return 0;
        for (int i = 1; i <= more; i++)
            if ((p[i] & 0xc0) != 0x80) return 0;
        p += more + 1;
    }
    return 1;
}
