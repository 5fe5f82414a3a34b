/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of texts as RFC 4180 writes them: commas, quotes that may hold commas, doubled quotes and
 * line breaks, rows ended by LF or CRLF, a byte order mark before the first. The text is hostile:
 * counts and sizes are capped, and the quotes must be in order.
 */
#ifndef MW_DATA_CSV_H
#define MW_DATA_CSV_H

#include <stddef.h>

#include "base/str.h"

#define MW_CSV_MAX_FILE    ((size_t)512 << 20)
#define MW_CSV_MAX_COLUMNS 512
#define MW_CSV_MAX_FIELD   ((size_t)1 << 20)

/* Reading row by row; the text and name are borrowed. */
typedef struct mw_csv {
    const char *p, *end, *name;
    size_t line, next_line; /* on which the row begins, 1 for the first; the one after it */
    mw_str text;            /* fields of the row, each with its NUL */
    size_t at[MW_CSV_MAX_COLUMNS];
    size_t n; /* fields of the row */
} mw_csv;

void mw_csv_begin(mw_csv *c, const char *text, size_t n, const char *name);
/* The next row; *more is 0 after the last. Empty lines are passed over. MW_ERR_FORMAT "bad_csv"
 * naming line and column; MW_ERR_NOMEM. */
mw_status mw_csv_next(mw_csv *c, int *more, mw_error *err);
/* Field i of the row, "" where the row has none; valid until the next row. */
const char *mw_csv_field(const mw_csv *c, size_t i);
void mw_csv_clear(mw_csv *c);

/* Append a field, in quotes where it needs them, and then end (',' or '\n'; 0: nothing). */
void mw_csv_put(mw_str *s, const char *text, char end);
/* A number that reads back equal; NaN is an empty field. */
void mw_csv_put_number(mw_str *s, double x, char end);

#endif
