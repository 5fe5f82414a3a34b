/* SPDX-License-Identifier: Apache-2.0
 *
 * A growing byte string, and float texts that read back equal.
 */
#ifndef MW_BASE_STR_H
#define MW_BASE_STR_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

/* Zero-initialise; free with mw_str_clear. Appending after memory ran out does nothing; ask
 * mw_str_ok once at the end. data is NUL-terminated whenever it is not NULL. */
typedef struct mw_str {
    char *data;
    size_t n, cap;
    int failed;
} mw_str;

void mw_str_put(mw_str *s, const char *text);
void mw_str_putn(mw_str *s, const void *bytes, size_t n);
void mw_str_putc(mw_str *s, char c);
void mw_str_printf(mw_str *s, const char *fmt, ...) MW_PRINTF(2, 3);
mw_status mw_str_ok(const mw_str *s, mw_error *err);
/* The text, now the caller's (mw_free); NULL when memory ran out. s is empty afterwards. */
char *mw_str_take(mw_str *s);
void mw_str_clear(mw_str *s);

/* The decimal digits of x, at the end of text. */
#define MW_U64_TEXT 21
char *mw_u64_digits(char text[MW_U64_TEXT], uint64_t x);

/* Shortest of %.15g, %.16g, %.17g that reads back equal, with '.' whatever the locale; "inf",
 * "-inf", "nan". text holds MW_F64_TEXT bytes. */
#define MW_F64_TEXT 32
void mw_f64_text(char *text, double x);
/* Shortest of %.6g ... %.9g that reads back as the same float32. */
void mw_f32_text(char *text, float x);

/* Parse a whole text as a number with '.' whatever the locale; -1 unless all of it is one. "inf"
 * and "nan" are refused. */
int mw_f64_parse(const char *text, double *x);
int mw_i64_parse(const char *text, int64_t *x);
int mw_u64_parse(const char *text, uint64_t *x);

/* Formatted text on the heap (mw_free); NULL when memory ran out. */
char *mw_format(const char *fmt, ...) MW_PRINTF(1, 2);

#endif
