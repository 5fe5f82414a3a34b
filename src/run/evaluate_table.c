/* SPDX-License-Identifier: Apache-2.0 */
#include "run/evaluate_table.h"

#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/csv.h"
#include "run/score_methods.h"

void mw_said_clear(mw_said_table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        mw_free(t->v[i].clip);
        mw_free(t->v[i].condition);
        mw_free(t->v[i].method);
    }
    mw_free(t->v);
    *t = (mw_said_table){ NULL, 0, 0 };
}

enum { C_CLIP, C_CONDITION, C_SEED, C_P, C_METHOD, N_COLUMNS };

static mw_status find_columns(size_t at[N_COLUMNS], const mw_csv *c, mw_error *err)
{
    static const char *const names[N_COLUMNS] = { "clip_id", "condition", "seed", "p", "method" };

    for (int k = 0; k < N_COLUMNS; k++) {
        at[k] = SIZE_MAX;
        for (size_t i = 0; i < c->n; i++) {
            if (strcmp(mw_csv_field(c, i), names[k])) continue;
            if (at[k] != SIZE_MAX)
                return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s' has two columns '%s'", c->name,
                               names[k]);
            at[k] = i;
        }
        if (at[k] == SIZE_MAX && k != C_METHOD && k != C_SEED && k != C_CONDITION)
            return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s' has no column '%s'", c->name,
                           names[k]);
    }
    return MW_OK;
}

static const char *field(const mw_csv *c, const size_t at[N_COLUMNS], int k, const char *otherwise)
{
    return at[k] == SIZE_MAX ? otherwise : mw_csv_field(c, at[k]);
}

static mw_status add_row(mw_said_table *t, const mw_csv *c, const size_t at[N_COLUMNS],
                         mw_error *err)
{
    mw_said *s;

    if (mw_grow(&t->v, &t->cap, t->n + 1, sizeof *t->v)) return mw_fail_nomem(err);
    s = &t->v[t->n++];
    *s = (mw_said){ .clip = mw_strdup(field(c, at, C_CLIP, "")),
                    .condition = mw_strdup(field(c, at, C_CONDITION, "clean")),
                    .method = mw_strdup(field(c, at, C_METHOD, "predictions")) };
    if (!s->clip || !s->condition || !s->method) return mw_fail_nomem(err);
    if (!mw_is_method_name(s->method))
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s', line %zu: a method is named with letters, digits and . _ + - alone",
                       c->name, c->line);
    if (mw_i64_parse(field(c, at, C_SEED, "1"), &s->seed))
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s', line %zu: seed '%s' is not a whole number", c->name, c->line,
                       field(c, at, C_SEED, "1"));
    if (mw_f64_parse(field(c, at, C_P, ""), &s->p))
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s', line %zu: p '%s' is not a finite number", c->name, c->line,
                       field(c, at, C_P, ""));
    return MW_OK;
}

mw_status mw_said_read(mw_said_table *t, const char *path, mw_error *err)
{
    size_t at[N_COLUMNS], n, n_columns;
    char *text = NULL;
    int more = 0;
    mw_csv c;
    mw_status st = mw_file_load(&text, &n, path, MW_CSV_MAX_FILE, err);

    if (st != MW_OK) return st;
    mw_csv_begin(&c, text, n, path);
    st = mw_csv_next(&c, &more, err);
    if (st == MW_OK && !more) st = mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s' is empty", path);
    if (st == MW_OK) st = find_columns(at, &c, err);
    n_columns = c.n;
    while (st == MW_OK) {
        st = mw_csv_next(&c, &more, err);
        if (st != MW_OK || !more) break;
        /* "1,5" for a number would be read as another one */
        st = c.n == n_columns ? add_row(t, &c, at, err)
                              : mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                                        "'%s', line %zu: %zu fields, not the %zu of the first line",
                                        path, c.line, c.n, n_columns);
    }
    mw_csv_clear(&c);
    mw_free(text);
    return st;
}
