/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON with a fixed key order and floats that read back equal: a writer of our own (jansson prints
 * 17 digits always), reading through jansson with caps. Structs described by an options table go
 * both ways.
 */
#ifndef MW_BASE_JSON_H
#define MW_BASE_JSON_H

#include <jansson.h>

#include "base/str.h"
#include "merwild/options.h"

/* Writes pretty text (one blank of indent per level) into s. Keys and values alternate inside
 * objects. */
typedef struct mw_json {
    mw_str *s;
    int depth;
    int fresh; /* nothing written yet at this level */
    int after_key;
    /* the last floats written with their texts: sidecars say the same few again and again */
    struct {
        double x;
        char text[MW_F64_TEXT]; /* "": none */
    } recent[4];
    unsigned n_recent;
} mw_json;

mw_json mw_json_begin(mw_str *s);
void mw_json_open(mw_json *j, char bracket);  /* '{' or '[' */
void mw_json_close(mw_json *j, char bracket); /* '}' or ']' */
void mw_json_key(mw_json *j, const char *key);
void mw_json_text(mw_json *j, const char *text); /* UTF-8; NULL writes null */
void mw_json_i64(mw_json *j, int64_t x);
void mw_json_u64_text(mw_json *j, uint64_t x); /* "123": a decimal string */
void mw_json_f64(mw_json *j, double x);        /* not finite: null */
void mw_json_bool(mw_json *j, int b);
void mw_json_null(mw_json *j);

/* Key and value in one. */
void mw_json_put_text(mw_json *j, const char *key, const char *text);
void mw_json_put_i64(mw_json *j, const char *key, int64_t x);
void mw_json_put_f64(mw_json *j, const char *key, double x);

/* An object with every field of the struct in table order, names with underscores; rows with any of
 * the flags in skip are left out. */
void mw_json_struct(mw_json *j, const mw_opt *table, const void *values, unsigned skip);

/* Fill a struct from such an object: every row must be there, of the right type, within its
 * interval; other keys are refused. values is overwritten; on failure it is cleared. MW_ERR_FORMAT,
 * MW_ERR_NOMEM. */
mw_status mw_json_read_struct(const json_t *object, const mw_opt *table, void *values,
                              unsigned skip, mw_error *err);

/* Append pretty JSON as one line: newlines and indent outside strings removed. */
void mw_json_compact(mw_str *out, const char *pretty, size_t n);

/* Parse a file of at most max_bytes; json_decref the result. The message names file, line and
 * column. */
mw_status mw_json_load(json_t **out, const char *path, size_t max_bytes, mw_error *err);
mw_status mw_json_parse(json_t **out, const char *text, size_t n, const char *name, mw_error *err);

/* Whether text is well-formed UTF-8 without NUL (what JSON can hold). */
int mw_utf8_ok(const char *text);

#endif
