/* SPDX-License-Identifier: Apache-2.0
 *
 * bank.json: which conditions a bank holds and what made it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "data/feature_bank.h"

#define SCHEMA         "merwild.bank/1"
#define MAX_BYTES      ((size_t)64 << 20)
#define MAX_CONDITIONS 4096
#define MAX_DEPTH      32 /* of what made it */

static const char *const letter_key[MW_MAX_MODALITIES] = { "a", "v", "t" };

/* ---- writing ---- */

/* Blocks that the clips of a split hold: clean all, seen damage also those that choose the epoch.
 */
static int in_split(const char *block, const char *split)
{
    const int special = !strcmp(block, "train") || !strcmp(block, "valid");

    if (!strcmp(block, "clean") || !strcmp(block, split)) return 1;
    if (!strcmp(split, "valid")) return !strcmp(block, "mixed-seen");
    return !special && !strcmp(split, "test");
}

static int first_of_block(const mw_bank_index *x, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!strcmp(x->conditions[k].block, x->conditions[i].block)) return 0;
    return 1;
}

static void put_splits(mw_json *j, const mw_bank_index *x)
{
    static const char *const splits[] = { "train", "valid", "test" };

    mw_json_key(j, "splits");
    mw_json_open(j, '{');
    for (int s = 0; s < 3; s++) {
        mw_json_key(j, splits[s]);
        mw_json_open(j, '[');
        for (size_t i = 0; i < x->n_conditions; i++)
            if (first_of_block(x, i) && in_split(x->conditions[i].block, splits[s]))
                mw_json_text(j, x->conditions[i].block);
        mw_json_close(j, ']');
    }
    mw_json_close(j, '}');
}

static void put_condition(mw_json *j, const mw_bank_condition *c, const char *modalities)
{
    mw_json_open(j, '{');
    mw_json_put_text(j, "id", c->id);
    mw_json_put_text(j, "block", c->block);
    mw_json_key(j, "variants");
    mw_json_open(j, '{');
    for (int m = 0; m < MW_MAX_MODALITIES; m++)
        if (strchr(modalities, *letter_key[m]))
            mw_json_put_text(j, letter_key[m], *c->variant[m] ? c->variant[m] : "clean");
    mw_json_close(j, '}');
    mw_json_put_text(j, "type", c->type);
    mw_json_put_text(j, "axis", c->axis);
    mw_json_put_f64(j, "level", c->level);
    mw_json_key(j, "heldout");
    mw_json_bool(j, c->heldout);
    mw_json_close(j, '}');
}

/* Any JSON value again, in our form; deeper than MAX_DEPTH becomes null. */
static void put_value(mw_json *j, const json_t *v, int depth)
{
    const char *key;
    json_t *item;
    size_t i;

    if (depth > MAX_DEPTH || json_is_null(v)) {
        mw_json_null(j);
    } else if (json_is_object(v)) {
        mw_json_open(j, '{');
        for (void *at = json_object_iter((json_t *)(uintptr_t)v); at;
             at = json_object_iter_next((json_t *)(uintptr_t)v, at)) {
            key = json_object_iter_key(at);
            mw_json_key(j, key);
            put_value(j, json_object_iter_value(at), depth + 1);
        }
        mw_json_close(j, '}');
    } else if (json_is_array(v)) {
        mw_json_open(j, '[');
        json_array_foreach(v, i, item) put_value(j, item, depth + 1);
        mw_json_close(j, ']');
    } else if (json_is_string(v)) {
        mw_json_text(j, json_string_value(v));
    } else if (json_is_integer(v)) {
        mw_json_i64(j, json_integer_value(v));
    } else if (json_is_real(v)) {
        mw_json_f64(j, json_real_value(v));
    } else {
        mw_json_bool(j, json_is_true(v));
    }
}

mw_status mw_bank_index_write(const char *path, const mw_bank_index *index, mw_error *err)
{
    json_t *about = NULL;
    mw_str s = { 0 };
    mw_json j = mw_json_begin(&s);
    mw_status st = MW_OK;

    if (index->about) st = mw_json_parse(&about, index->about, strlen(index->about), "about", err);
    if (st != MW_OK) goto done;
    mw_json_open(&j, '{');
    mw_json_put_text(&j, "schema", SCHEMA);
    mw_json_put_text(&j, "modalities", index->modalities);
    put_splits(&j, index);
    mw_json_key(&j, "conditions");
    mw_json_open(&j, '[');
    for (size_t i = 0; i < index->n_conditions; i++)
        put_condition(&j, &index->conditions[i], index->modalities);
    mw_json_close(&j, ']');
    mw_json_key(&j, "about");
    put_value(&j, about, 0);
    mw_json_close(&j, '}');
    mw_str_putc(&s, '\n');
    st = mw_str_ok(&s, err);
    if (st == MW_OK) st = mw_file_store(path, s.data, s.n, err);
done:
    if (about) json_decref(about);
    mw_str_clear(&s);
    return st;
}

/* ---- reading ---- */

static mw_status bad(mw_error *err, const char *path, const char *what)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_bank", "'%s': %s", path, what);
}

/* A text of an object that fits; a missing one is "". */
static int read_text(char *to, size_t size, const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    const char *text = v ? json_string_value(v) : "";

    if (!text || strlen(text) >= size) return -1;
    memcpy(to, text, strlen(text) + 1);
    return 0;
}

static mw_status read_condition(mw_bank_condition *c, const json_t *v, const char *path,
                                mw_error *err)
{
    const json_t *variants = json_object_get(v, "variants"), *level = json_object_get(v, "level");
    int failed = read_text(c->id, sizeof c->id, v, "id") || !*c->id ||
                 read_text(c->block, sizeof c->block, v, "block") ||
                 read_text(c->type, sizeof c->type, v, "type") ||
                 read_text(c->axis, sizeof c->axis, v, "axis");

    for (int m = 0; m < MW_MAX_MODALITIES && !failed; m++) {
        failed = read_text(c->variant[m], sizeof c->variant[m], variants, letter_key[m]);
        if (!strcmp(c->variant[m], "clean")) *c->variant[m] = 0;
    }
    if (failed || (level && !json_is_number(level) && !json_is_null(level)))
        return bad(err, path, "a condition without its texts, or with longer ones than are read");
    c->level = json_is_number(level) ? json_number_value(level) : NAN;
    c->heldout = json_is_true(json_object_get(v, "heldout"));
    return MW_OK;
}

static mw_status read_conditions(mw_bank_index *x, const json_t *list, const char *path,
                                 mw_error *err)
{
    const size_t n = json_array_size(list);

    if (!json_is_array(list) || n > MAX_CONDITIONS)
        return bad(err, path, "no list of at most 4096 conditions");
    x->conditions = mw_calloc(n, sizeof *x->conditions);
    if (!x->conditions) return mw_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const mw_status st = read_condition(&x->conditions[i], json_array_get(list, i), path, err);

        if (st != MW_OK) return st;
        for (size_t k = 0; k < i; k++)
            if (!strcmp(x->conditions[k].id, x->conditions[i].id))
                return mw_fail(err, MW_ERR_FORMAT, "bad_bank", "'%s' holds condition '%s' twice",
                               path, x->conditions[i].id);
        x->n_conditions++;
    }
    return MW_OK;
}

/* One to three of a, v, t, each once. */
static int modalities_are_known(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!strchr("avt", *p) || strchr(p + 1, *p)) return 0;
    return *text != 0;
}

static int append(const char *buffer, size_t n, void *user)
{
    mw_str_putn(user, buffer, n);
    return 0;
}

static mw_status read_index(mw_bank_index *x, const json_t *doc, const char *path, mw_error *err)
{
    const json_t *about = json_object_get(doc, "about");
    mw_str s = { 0 };
    mw_status st;

    if (read_text(x->modalities, sizeof x->modalities, doc, "modalities") ||
        !modalities_are_known(x->modalities))
        return bad(err, path, "modalities are not some of a, v, t");
    st = read_conditions(x, json_object_get(doc, "conditions"), path, err);
    if (st != MW_OK || !json_is_object(about)) return st;
    if (json_dump_callback(about, append, &s, JSON_COMPACT)) s.failed = 1;
    x->about = mw_str_take(&s);
    return x->about ? MW_OK : mw_fail_nomem(err);
}

mw_status mw_bank_index_read(mw_bank_index *out, const char *path, mw_error *err)
{
    mw_bank_index x = { .conditions = NULL };
    json_t *doc = NULL;
    const char *schema;
    mw_status st = mw_json_load(&doc, path, MAX_BYTES, err);

    *out = x;
    if (st != MW_OK) return st;
    schema = json_string_value(json_object_get(doc, "schema"));
    if (!schema || strcmp(schema, SCHEMA))
        st = bad(err, path, "not a feature bank of schema " SCHEMA);
    else
        st = read_index(&x, doc, path, err);
    json_decref(doc);
    if (st == MW_OK)
        *out = x;
    else
        mw_bank_index_clear(&x);
    return st;
}

void mw_bank_index_clear(mw_bank_index *index)
{
    mw_free(index->conditions);
    mw_free(index->about);
    *index = (mw_bank_index){ .conditions = NULL };
}
