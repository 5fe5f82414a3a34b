/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L /* stpcpy */
#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static int reserve(mw_str *s, size_t more)
{
    if (!s->failed && more < s->cap - s->n) return 1; /* cap > n, or both are 0 */
    if (s->failed || more > MW_MEM_CAP || mw_grow(&s->data, &s->cap, s->n + more + 1, 1)) {
        s->failed = 1;
        return 0;
    }
    return 1;
}

void mw_str_putn(mw_str *s, const void *bytes, size_t n)
{
    if (!reserve(s, n)) return;
    memcpy(s->data + s->n, bytes, n);
    s->n += n;
    s->data[s->n] = 0;
}

void mw_str_put(mw_str *s, const char *text)
{
    mw_str_putn(s, text, strlen(text));
}

void mw_str_putc(mw_str *s, char c)
{
    if (!reserve(s, 1)) return;
    s->data[s->n++] = c;
    s->data[s->n] = 0;
}

MW_PRINTF(2, 0)
static void put_va(mw_str *s, const char *fmt, va_list ap)
{
    const size_t room = s->failed ? 0 : s->cap - s->n;
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(room ? s->data + s->n : NULL, room, fmt, again);
    va_end(again);
    if (n < 0) {
        s->failed = 1;
    } else if ((size_t)n < room) {
        s->n += (size_t)n;
    } else if (reserve(s, (size_t)n)) {
        vsnprintf(s->data + s->n, (size_t)n + 1, fmt, ap);
        s->n += (size_t)n;
    } else if (room) {
        s->data[s->n] = 0; /* without the part that fitted */
    }
}

void mw_str_printf(mw_str *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put_va(s, fmt, ap);
    va_end(ap);
}

mw_status mw_str_ok(const mw_str *s, mw_error *err)
{
    return s->failed ? mw_fail_nomem(err) : MW_OK;
}

char *mw_str_take(mw_str *s)
{
    char *p = NULL;

    if (!s->data) mw_str_put(s, "");
    if (!s->failed) {
        p = s->data;
        s->data = NULL;
    }
    mw_str_clear(s);
    return p;
}

void mw_str_clear(mw_str *s)
{
    mw_free(s->data);
    *s = (mw_str){ 0 };
}

char *mw_format(const char *fmt, ...)
{
    mw_str s = { 0 };
    va_list ap;

    va_start(ap, fmt);
    put_va(&s, fmt, ap);
    va_end(ap);
    return mw_str_take(&s);
}

/* The decimal point of the current locale; multi-byte points do not occur in practice. */
static char point(void)
{
    return *localeconv()->decimal_point;
}

/* Text of x with the fewest digits from lo to hi that same() finds to read back equal. */
static void number_text(char *text, double x, int lo, int hi,
                        int (*same)(const char *text, double x))
{
    if (isnan(x) || isinf(x)) {
        strcpy(text, isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
        return;
    }
    for (int digits = lo; digits <= hi; digits++) {
        snprintf(text, MW_F64_TEXT, "%.*g", digits, x);
        if (digits == hi || same(text, x)) break;
    }
    if (point() != '.') {
        char *p = strchr(text, point());

        if (p) *p = '.';
    }
}

static int same_f64(const char *text, double x)
{
    return strtod(text, NULL) == x;
}

static int same_f32(const char *text, double x)
{
    return strtof(text, NULL) == (float)x;
}

char *mw_u64_digits(char text[MW_U64_TEXT], uint64_t x)
{
    char *p = text + MW_U64_TEXT - 1;

    *p = 0;
    do
        *--p = (char)('0' + x % 10);
    while (x /= 10);
    return p;
}

/* Times and options mostly have few decimals: those of up to nine, in numbers of up to 15 digits,
 * need no search. The quotient of two integers that doubles hold exactly is rounded as the decimal
 * itself would be, and a decimal of up to 15 digits is what 15 digits of its double say. */
static int short_text(char *text, double x)
{
    const double most = 1e6, least = 1e-4, unit = 1e9, size = fabs(x);
    char digits[MW_U64_TEXT];
    uint64_t m, part;
    int n = 9;

    if (!(size < most && size >= least)) return 0;
    m = (uint64_t)(size * unit + 0.5);
    if ((double)m / unit != size) return 0;
    if (x < 0) *text++ = '-';
    text = stpcpy(text, mw_u64_digits(digits, m / 1000000000));
    part = m % 1000000000;
    if (!part) return 1;
    *text++ = '.';
    for (; part % 10 == 0; part /= 10)
        n--;
    text[n] = 0;
    for (; n; part /= 10)
        text[--n] = (char)('0' + part % 10);
    return 1;
}

void mw_f64_text(char *text, double x)
{
    if (short_text(text, x)) return;
    number_text(text, x, 15, 17, same_f64);
}

void mw_f32_text(char *text, float x)
{
    number_text(text, x, 6, 9, same_f32);
}

int mw_f64_parse(const char *text, double *x)
{
    char copy[64], *end, *p;
    const size_t n = strlen(text);

    if (!n || n >= sizeof copy || strspn(text, "+-.0123456789eE") != n) return -1;
    memcpy(copy, text, n + 1);
    p = strchr(copy, '.');
    if (p) *p = point();
    *x = strtod(copy, &end);
    return *end || !isfinite(*x) ? -1 : 0;
}

int mw_i64_parse(const char *text, int64_t *x)
{
    char *end;
    long long v;

    if (!*text || strspn(text, "+-0123456789") != strlen(text)) return -1;
    errno = 0;
    v = strtoll(text, &end, 10);
    if (errno || *end) return -1;
    *x = v;
    return 0;
}

int mw_u64_parse(const char *text, uint64_t *x)
{
    char *end;
    unsigned long long v;

    if (!*text || strspn(text, "0123456789") != strlen(text)) return -1;
    errno = 0;
    v = strtoull(text, &end, 10);
    if (errno || *end) return -1;
    *x = v;
    return 0;
}
