/* SPDX-License-Identifier: Apache-2.0 */
#include "run/evaluate_table.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/csv.h"

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

enum { C_CLIP, C_CONDITION, C_SEED, C_P, C_METHOD, C_LABEL, N_COLUMNS = C_LABEL + MW_N_EMOTIONS };

static const char *const names[N_COLUMNS] = { "clip_id", "condition", "seed", "p",  "method", "p0",
                                              "p1",      "p2",        "p3",   "p4", "p5" };

/* Column of value k of a prediction. */
static int column_of(const mw_evaluate_task *t, size_t k)
{
    if (t->task == MW_TASK_MULTILABEL) return C_LABEL + (int)k;
    return k ? C_LABEL + (int)k - 1 : C_P;
}

const char *mw_said_column(const mw_evaluate_task *t, size_t k)
{
    return names[column_of(t, k)];
}

static int is_wanted(const mw_evaluate_task *t, int column)
{
    if (column < C_P || column == C_METHOD) return 1;
    for (size_t k = 0; k < t->n_values; k++)
        if (column_of(t, k) == column) return 1;
    return 0;
}

static mw_status find_columns(size_t at[N_COLUMNS], const mw_csv *c, const mw_evaluate_task *t,
                              mw_error *err)
{
    for (int k = 0; k < N_COLUMNS; k++) {
        at[k] = SIZE_MAX;
        if (!is_wanted(t, k)) continue;
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

/* Value k of a row: a number, the number of a class, or a probability. */
static mw_status read_value(double *p, const mw_csv *c, const size_t at[N_COLUMNS],
                            const mw_evaluate_task *task, size_t k, mw_error *err)
{
    const int column = column_of(task, k);
    const char *text = field(c, at, column, "");

    if (mw_f64_parse(text, p))
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s', line %zu: %s '%s' is not a finite number", c->name, c->line,
                       names[column], text);
    if (column != C_P && (*p < 0 || *p > 1))
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s', line %zu: %s '%s' is not a probability", c->name, c->line,
                       names[column], text);
    if (task->task == MW_TASK_MULTICLASS && (*p < 0 || *p > task->n_out - 1 || floor(*p) < *p))
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s', line %zu: p '%s' is not a class in [0, %d]", c->name, c->line, text,
                       task->n_out - 1);
    return MW_OK;
}

static mw_status add_row(mw_said_table *t, const mw_csv *c, const size_t at[N_COLUMNS],
                         const mw_evaluate_task *task, mw_error *err)
{
    mw_status st = MW_OK;
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
    for (size_t k = 0; st == MW_OK && k < task->n_values; k++)
        st = read_value(&s->p[k], c, at, task, k, err);
    return st;
}

mw_status mw_said_read(mw_said_table *t, const char *path, const mw_evaluate_task *task,
                       mw_error *err)
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
    if (st == MW_OK) st = find_columns(at, &c, task, err);
    n_columns = c.n;
    while (st == MW_OK) {
        st = mw_csv_next(&c, &more, err);
        if (st != MW_OK || !more) break;
        /* "1,5" for a number would be read as another one */
        st = c.n == n_columns ? add_row(t, &c, at, task, err)
                              : mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                                        "'%s', line %zu: %zu fields, not the %zu of the first line",
                                        path, c.line, c.n, n_columns);
    }
    mw_csv_clear(&c);
    mw_free(text);
    return st;
}
