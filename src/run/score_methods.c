/* SPDX-License-Identifier: Apache-2.0 */
#include "run/score_methods.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"

#define MAX_RUNS_FILE ((size_t)64 << 20)

/* ---- methods ---- */

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"

int mw_is_method_name(const char *name)
{
    return *name && !name[strspn(name, NAME_CHARACTERS)];
}

void mw_methods_clear(mw_methods *m)
{
    for (size_t i = 0; i < m->n; i++) {
        for (size_t k = 0; k < m->v[i].n_seeds; k++)
            mw_model_destroy(&m->v[i].models[k]);
        mw_free(m->v[i].models);
        mw_free(m->v[i].seeds);
        mw_free(m->v[i].name);
    }
    mw_free(m->v);
    *m = (mw_methods){ NULL, 0 };
}

static int by_seed(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Seeds of the models below dir, rising. */
static mw_status find_seeds(mw_method *m, const char *dir, mw_error *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    size_t cap = 0;
    mw_status st = MW_OK;

    while (st == MW_OK && d && (e = readdir(d))) {
        char *config = mw_format("%s/%s/config.json", dir, e->d_name);
        int64_t seed;

        if (!config)
            st = mw_fail_nomem(err);
        else if (!strncmp(e->d_name, "seed_", 5) && !mw_i64_parse(e->d_name + 5, &seed) &&
                 mw_file_size(config) >= 0) {
            if (mw_grow(&m->seeds, &cap, m->n_seeds + 1, sizeof *m->seeds))
                st = mw_fail_nomem(err);
            else
                m->seeds[m->n_seeds++] = seed;
        }
        mw_free(config);
    }
    if (d) closedir(d);
    if (m->n_seeds) qsort(m->seeds, m->n_seeds, sizeof *m->seeds, by_seed);
    return st;
}

/* Lines of the method's record of starts. */
static mw_status count_starts(int64_t *n, const char *dir, mw_error *err)
{
    char *path = mw_path_join(dir, MW_RUNS_FILE), *text = NULL;
    size_t size = 0;
    mw_status st = path ? MW_OK : mw_fail_nomem(err);

    *n = -1;
    if (st == MW_OK && mw_file_size(path) >= 0) {
        st = mw_file_load(&text, &size, path, MAX_RUNS_FILE, err);
        *n = 0;
        for (size_t i = 0; st == MW_OK && i < size; i++)
            *n += text[i] == '\n';
    }
    mw_free(text);
    mw_free(path);
    return st;
}

static mw_status add_method(mw_methods *all, size_t *cap, const char *dir, const char *name,
                            int must, mw_error *err)
{
    char *folder = mw_path_join(dir, name);
    mw_method *m;
    mw_status st = MW_OK;

    if (!folder || mw_grow(&all->v, cap, all->n + 1, sizeof *all->v)) {
        mw_free(folder);
        return mw_fail_nomem(err);
    }
    m = &all->v[all->n];
    *m = (mw_method){ .name = mw_strdup(name) };
    all->n++;
    st = m->name ? find_seeds(m, folder, err) : mw_fail_nomem(err);
    if (st == MW_OK && !m->n_seeds) {
        if (must) {
            st =
                mw_fail(err, MW_ERR_IO, "no_model", "'%s' holds no trained model (seed_N)", folder);
        } else {
            mw_free(m->name);
            mw_free(m->seeds);
            all->n--;
        }
        mw_free(folder);
        return st;
    }
    if (st == MW_OK && !mw_is_method_name(name))
        st = mw_fail(err, MW_ERR_FORMAT, "bad_model",
                     "'%s': a method is named with letters, digits and . _ + - alone", folder);
    if (st == MW_OK) st = count_starts(&m->n_started, folder, err);
    m->models = mw_calloc(m->n_seeds, sizeof *m->models);
    if (st == MW_OK && !m->models) st = mw_fail_nomem(err);
    if (!m->models) m->n_seeds = 0;
    for (size_t k = 0; st == MW_OK && k < m->n_seeds; k++) {
        char *path = mw_format("%s/seed_%lld", folder, (long long)m->seeds[k]);

        st = path ? mw_model_load(&m->models[k], path, err) : mw_fail_nomem(err);
        mw_free(path);
    }
    mw_free(folder);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const mw_method *)a)->name, ((const mw_method *)b)->name);
}

static mw_status load_named(mw_methods *out, const char *dir, const char *names, mw_error *err)
{
    size_t cap = 0;
    mw_status st = MW_OK;

    while (st == MW_OK && *names) {
        const size_t n = strcspn(names, ",");
        char *name = mw_strndup(names, n);

        st = name ? add_method(out, &cap, dir, name, 1, err) : mw_fail_nomem(err);
        mw_free(name);
        names += n + (names[n] == ',');
    }
    return st;
}

static mw_status load_all(mw_methods *out, const char *dir, mw_error *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    size_t cap = 0;
    mw_status st = MW_OK;

    while (st == MW_OK && d && (e = readdir(d)))
        if (e->d_name[0] != '.') st = add_method(out, &cap, dir, e->d_name, 0, err);
    if (d) closedir(d);
    if (st == MW_OK && out->n) qsort(out->v, out->n, sizeof *out->v, by_name);
    return st;
}

mw_status mw_methods_load(mw_methods *out, const char *dir, const char *names, mw_error *err)
{
    mw_status st;

    *out = (mw_methods){ NULL, 0 };
    st = *names ? load_named(out, dir, names, err) : load_all(out, dir, err);
    if (st == MW_OK && !out->n)
        st = mw_fail(err, MW_ERR_IO, "no_model", "no folder below '%s' holds a trained model", dir);
    for (size_t i = 1; st == MW_OK && i < out->n; i++)
        if (out->v[i].n_seeds != out->v[0].n_seeds ||
            memcmp(out->v[i].seeds, out->v[0].seeds, out->v[0].n_seeds * sizeof(int64_t)) != 0)
            st = mw_fail(err, MW_ERR_MISMATCH, "other_seeds",
                         "methods '%s' and '%s' were trained with different seeds", out->v[0].name,
                         out->v[i].name);
    if (st != MW_OK) mw_methods_clear(out);
    return st;
}

static mw_status check_model(const mw_model *model, const char *method, const char *const *clips,
                             const char (*hashes)[33], size_t n, mw_error *err)
{
    const json_t *seen = json_object_get(model->about, "seen");
    const size_t n_seen = json_array_size(seen);

    for (size_t k = 0; k < n_seen; k++) {
        const char *hash = json_string_value(json_array_get(seen, k));

        for (size_t i = 0; hash && i < n; i++)
            if (!strcmp(hash, hashes[i]))
                return mw_fail(
                    err, MW_ERR_MISMATCH, "seen_in_training",
                    "clip '%s' is to be tested, but method '%s' was trained or chosen on "
                    "it",
                    clips[i], method);
    }
    return MW_OK;
}

mw_status mw_methods_check_unseen(const mw_methods *m, const char *const *clips, size_t n,
                                  mw_error *err)
{
    char(*hashes)[33] = mw_calloc(n, sizeof *hashes);
    mw_status st = hashes ? MW_OK : mw_fail_nomem(err);

    for (size_t i = 0; st == MW_OK && i < n; i++) {
        char hex[65];

        mw_sha256_hex(hex, clips[i], strlen(clips[i]));
        memcpy(hashes[i], hex, 32);
    }
    for (size_t i = 0; st == MW_OK && i < m->n; i++)
        for (size_t k = 0; st == MW_OK && k < m->v[i].n_seeds; k++)
            st = check_model(m->v[i].models[k], m->v[i].name, clips, (const char(*)[33])hashes, n,
                             err);
    mw_free(hashes);
    return st;
}

/* ---- conditions ---- */

#define N_SHARES 9 /* 0.1 ... 0.9 of the rows */

void mw_test_conditions_clear(mw_test_conditions *t)
{
    mw_free(t->v);
    *t = (mw_test_conditions){ NULL, 0, 0 };
}

static mw_bank_condition *add(mw_test_conditions *t, const char *block)
{
    mw_bank_condition *c = &t->v[t->n++];

    *c = (mw_bank_condition){ .level = NAN };
    snprintf(c->block, sizeof c->block, "%s", block);
    return c;
}

static void add_missing_rows(mw_test_conditions *t, const char *kind)
{
    for (int k = 1; k <= N_SHARES; k++) {
        mw_bank_condition *c = add(t, "missing");

        snprintf(c->id, sizeof c->id, "missing/%s/0.%d", kind, k);
        snprintf(c->type, sizeof c->type, "missing.%s", kind);
        snprintf(c->axis, sizeof c->axis, "share");
        c->level = k / 10.0;
    }
}

mw_status mw_test_conditions_make(mw_test_conditions *out, const mw_bank_index *index,
                                  mw_error *err)
{
    const size_t n_modalities = strlen(index->modalities);
    size_t n = index->n_conditions + MW_MAX_MODALITIES + 2 * N_SHARES + 1;

    *out = (mw_test_conditions){ NULL, 0, 0 };
    out->v = mw_calloc(n, sizeof *out->v);
    if (!out->v) return mw_fail_nomem(err);
    snprintf(add(out, "clean")->id, sizeof out->v->id, "clean");
    for (size_t i = 0; i < index->n_conditions; i++) {
        const mw_bank_condition *c = &index->conditions[i];

        if (strcmp(c->block, "train") && strcmp(c->block, "valid") && strcmp(c->block, "clean"))
            out->v[out->n++] = *c;
    }
    out->n_bank = out->n;
    for (size_t m = 0; n_modalities > 1 && m < n_modalities; m++) {
        mw_bank_condition *c = add(out, "missing");
        const char letter = index->modalities[m];
        const size_t at = letter == 'a' ? 0 : letter == 'v' ? 1 : 2;

        snprintf(c->id, sizeof c->id, "missing/%c", letter);
        snprintf(c->type, sizeof c->type, "missing.%c", letter);
        snprintf(c->variant[at], sizeof c->variant[at], "missing");
    }
    add_missing_rows(out, "rows");
    add_missing_rows(out, "stretch");
    return MW_OK;
}

/* Take a share of the rows away: single ones, or one stretch of them. */
static void drop_rows(uint8_t *valid, size_t n, double share, int stretch, mw_rng *r)
{
    const size_t gone = (size_t)(share * (double)n + 0.5);
    const size_t at = gone < n ? (size_t)mw_rng_below(r, n - gone + 1) : 0;

    for (size_t i = 0; i < n; i++) {
        const double u = mw_rng_unit(r);

        if (stretch ? i >= at && i < at + gone : u < share) valid[i] = 0;
    }
}

void mw_test_clip_clear(mw_test_clip *c)
{
    mw_free(c->in);
    mw_free(c->made);
    mw_free(c->valid);
    *c = (mw_test_clip){ NULL, NULL, NULL };
}

static size_t count_rows(const mw_bank_clip *clip)
{
    size_t n = 0;

    for (int k = 0; k < MW_MAX_MODALITIES; k++)
        n += clip->m[k].rows;
    return n;
}

/* The clean variants of a clip with rows taken away, as condition c says. */
static void make_missing_rows(mw_model_input *in, mw_bank_variant *made, uint8_t *valid,
                              const mw_bank_condition *c, const char *name)
{
    const mw_clip_key key = mw_clip_key_make(0, name);
    const int stretch = !strcmp(c->type, "missing.stretch");

    for (int k = 0; k < MW_MAX_MODALITIES; k++) {
        const mw_bank_modality *m = &in->clip->m[k];
        char purpose[2] = { m->letter, 0 };
        mw_rng r;

        if (!in->variant[k]) continue;
        r = mw_rng_make(&key, c->id, purpose);
        made[k] = *in->variant[k];
        made[k].valid = valid;
        memcpy(valid, in->variant[k]->valid, m->rows);
        drop_rows(valid, m->rows, c->level, stretch, &r);
        in->variant[k] = &made[k];
        valid += m->rows;
    }
}

mw_status mw_test_clip_make(mw_test_clip *out, const mw_test_conditions *t,
                            const mw_bank_clip *clip, const char *name, mw_error *err)
{
    const size_t rows = count_rows(clip), n_made = t->n - t->n_bank;
    mw_status st = MW_OK;

    *out = (mw_test_clip){ mw_calloc(t->n, sizeof *out->in),
                           mw_calloc(n_made * MW_MAX_MODALITIES, sizeof *out->made),
                           mw_calloc(n_made, rows) };
    if (!out->in || !out->made || !out->valid) st = mw_fail_nomem(err);
    for (size_t c = 0; st == MW_OK && c < t->n; c++) {
        const size_t k = c - t->n_bank;

        st = mw_feature_bank_input(&out->in[c], clip, &t->v[c], name, err);
        if (st == MW_OK && c >= t->n_bank && !strcmp(t->v[c].axis, "share"))
            make_missing_rows(&out->in[c], out->made + k * MW_MAX_MODALITIES, out->valid + k * rows,
                              &t->v[c], name);
    }
    if (st != MW_OK) mw_test_clip_clear(out);
    return st;
}
