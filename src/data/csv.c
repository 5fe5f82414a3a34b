/* SPDX-License-Identifier: Apache-2.0 */
#include "data/csv.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

void mw_csv_begin(mw_csv *c, const char *text, size_t n, const char *name)
{
    c->p = text;
    c->end = text + n;
    c->name = name;
    c->line = 0;
    c->next_line = 1;
    c->text = (mw_str){ 0 };
    c->n = 0;
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) c->p += 3;
}

static mw_status bad(const mw_csv *c, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s' line %zu, column %zu: %s", c->name,
                   c->next_line, c->n + 1, what);
}

/* Inside quotes, behind the first: up to and with the closing one. */
static mw_status quoted(mw_csv *c, mw_error *err)
{
    for (;;) {
        const size_t left = (size_t)(c->end - c->p);
        const char *stop = left ? memchr(c->p, '"', left) : NULL;

        if (!stop) return bad(c, "the quotes are not closed", err);
        for (const char *p = c->p; (p = memchr(p, '\n', (size_t)(stop - p))); p++)
            c->next_line++;
        mw_str_putn(&c->text, c->p, (size_t)(stop - c->p));
        c->p = stop + 1;
        if (c->p == c->end || *c->p != '"') return MW_OK;
        mw_str_putc(&c->text, '"');
        c->p++;
    }
}

static int ends_field(const mw_csv *c)
{
    return c->p == c->end || *c->p == ',' || *c->p == '\n' || *c->p == '\r';
}

static mw_status plain(mw_csv *c, mw_error *err)
{
    const char *start = c->p;

    while (!ends_field(c) && *c->p != '"')
        c->p++;
    if (!ends_field(c)) return bad(c, "quotes inside a field without quotes around it", err);
    mw_str_putn(&c->text, start, (size_t)(c->p - start));
    return MW_OK;
}

static mw_status field(mw_csv *c, mw_error *err)
{
    const size_t from = c->text.n;
    mw_status st;

    if (c->n == MW_CSV_MAX_COLUMNS) return bad(c, "too many columns", err);
    if (c->p < c->end && *c->p == '"') {
        c->p++;
        st = quoted(c, err);
    } else {
        st = plain(c, err);
    }
    if (st != MW_OK) return st;
    if (!ends_field(c)) return bad(c, "text behind the closing quotes", err);
    if (c->text.n - from > MW_CSV_MAX_FIELD) return bad(c, "a text above 1 MiB", err);
    if (c->text.n > from && memchr(c->text.data + from, 0, c->text.n - from))
        return bad(c, "a byte 0", err);
    mw_str_putc(&c->text, 0);
    c->at[c->n++] = from;
    return mw_str_ok(&c->text, err);
}

/* The end of the row, when the reader stands on one: LF, CRLF or the end of the text. */
static int take_end(mw_csv *c)
{
    const char *p = c->p;

    if (p < c->end && *p == '\r' && p + 1 < c->end) p++;
    if (p < c->end && *p == '\n') {
        c->p = p + 1;
        c->next_line++;
        return 1;
    }
    return p == c->end;
}

mw_status mw_csv_next(mw_csv *c, int *more, mw_error *err)
{
    *more = 0;
    c->n = 0;
    c->text.n = 0;
    while (c->p < c->end && take_end(c)) {
    }
    c->line = c->next_line;
    if (c->p == c->end) return MW_OK;
    for (;;) {
        const mw_status st = field(c, err);

        if (st != MW_OK) return st;
        if (take_end(c)) break;
        if (*c->p != ',') return bad(c, "a carriage return inside a row", err);
        c->p++;
    }
    *more = 1;
    return MW_OK;
}

const char *mw_csv_field(const mw_csv *c, size_t i)
{
    return i < c->n ? c->text.data + c->at[i] : "";
}

void mw_csv_clear(mw_csv *c)
{
    mw_str_clear(&c->text);
    c->n = 0;
}

void mw_csv_put(mw_str *s, const char *text, char end)
{
    if (strpbrk(text, ",\"\r\n")) {
        mw_str_putc(s, '"');
        for (; *text; text++) {
            if (*text == '"') mw_str_putc(s, '"');
            mw_str_putc(s, *text);
        }
        mw_str_putc(s, '"');
    } else {
        mw_str_put(s, text);
    }
    if (end) mw_str_putc(s, end);
}

void mw_csv_put_number(mw_str *s, double x, char end)
{
    char text[MW_F64_TEXT];

    if (!isnan(x)) {
        mw_f64_text(text, x);
        mw_str_put(s, text);
    }
    if (end) mw_str_putc(s, end);
}
