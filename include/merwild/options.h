/* SPDX-License-Identifier: Apache-2.0
 *
 * Options tables: one row per field of a plain struct. The table yields defaults, range checks,
 * command-line reading, help, the reference page, the JSON of sidecars and a fuzz target, so that
 * nothing is said twice.
 *
 * Conventions: a struct described by a table is zeroed or filled by mw_opt_defaults before anything
 * else, and emptied with mw_opt_clear, which frees the texts and lists it owns. Threads: distinct
 * structs are independent.
 */
#ifndef MERWILD_OPTIONS_H
#define MERWILD_OPTIONS_H

#include "merwild/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lists owned by the struct that holds them. */
typedef struct mw_ints {
    int64_t *v;
    size_t n;
} mw_ints;

typedef struct mw_doubles {
    double *v;
    size_t n;
} mw_doubles;

typedef struct mw_texts {
    char **v;
    size_t n;
} mw_texts;

/* Closed interval of integers; 0-0 stands for none where the help says so. */
typedef struct mw_range {
    int64_t lo, hi;
} mw_range;

typedef enum mw_opt_type {
    MW_OPT_BOOL, /* int, 0 or 1; text "yes"/"no" ("true"/"false", "1"/"0") */
    MW_OPT_INT,  /* int64_t */
    MW_OPT_UINT, /* uint64_t; in JSON a decimal string, since readers may hold numbers as double */
    MW_OPT_DOUBLE,  /* double, finite */
    MW_OPT_ENUM,    /* int, index into choices */
    MW_OPT_TEXT,    /* char *, owned, never NULL after mw_opt_defaults */
    MW_OPT_RANGE,   /* mw_range; text "LO-HI" or "N" */
    MW_OPT_INTS,    /* mw_ints; text "1,2,3" */
    MW_OPT_DOUBLES, /* mw_doubles; text "-5,0,5" */
    MW_OPT_TEXTS    /* mw_texts; in JSON only: texts may hold commas */
} mw_opt_type;

/* Does not change results (threads, paths): kept out of fingerprints and sidecars. */
#define MW_OPT_RUNTIME 1u
/* Only for programs: not listed by --help. */
#define MW_OPT_HIDDEN 2u

typedef struct mw_opt {
    const char *name; /* with hyphens; NULL ends the table */
    mw_opt_type type;
    size_t offset;     /* offsetof the field */
    const char *value; /* default, as text */
    double min, max;   /* allowed closed interval of numbers and list elements; both 0: any */
    const char *unit;  /* "dB", "s"; NULL: none */
    const char *help;  /* one sentence without full stop */
    const char *const *choices; /* ENUM: names, NULL-terminated */
    const char *reference;      /* value under --preset reference; NULL: the default */
    const char *aliases;        /* other names, separated by blanks; NULL: none */
    unsigned flags;
} mw_opt;

/* A table and the struct it describes. */
typedef struct mw_opt_group {
    const mw_opt *table;
    void *values;
} mw_opt_group;

/* Largest number of elements of a list option. */
#define MW_OPT_LIST_MAX 1000000

/* Write every field's default (preset != 0: the value of --preset reference). values is
 * overwritten, not freed. MW_ERR_NOMEM; on failure values can be cleared. */
MW_API mw_status mw_opt_defaults(const mw_opt *table, void *values, int preset, mw_error *err);

/* Free what the struct owns and zero the fields. */
MW_API void mw_opt_clear(const mw_opt *table, void *values);

/* The row called name (hyphens and underscores are alike; aliases count), or NULL. */
MW_API const mw_opt *mw_opt_find(const mw_opt *table, const char *name);

/* Parse text into the field of row. MW_ERR_RANGE with a message naming option, value and allowed
 * interval; the field keeps its value on failure. */
MW_API mw_status mw_opt_set(const mw_opt *row, void *values, const char *text, mw_error *err);

/* The field as text that mw_opt_set reads back; on the heap, to be freed with mw_text_free; NULL:
 * no memory. */
MW_API char *mw_opt_get(const mw_opt *row, const void *values);

/* "a number in [-30, 60] dB" and the like, for messages and help; cut at size - 1 characters. */
MW_API void mw_opt_describe(const mw_opt *row, char *text, size_t size);

/* Free a text that the library returned; accepts NULL. */
MW_API void mw_text_free(char *text);

#ifdef __cplusplus
}
#endif
#endif
