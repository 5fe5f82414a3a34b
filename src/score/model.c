/* SPDX-License-Identifier: Apache-2.0 */
#include "score/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "nn/weights.h"
#include "score/net_int.h"

#define SCHEMA "merwild.model/1"

void mw_model_destroy(mw_model **m)
{
    if (!*m) return;
    mw_model_destroy(&(*m)->scorer);
    mw_net_destroy(&(*m)->net);
    mw_prep_clear(&(*m)->prep);
    mw_opt_clear(mw_net_options_table, &(*m)->options);
    json_decref((*m)->about);
    mw_free(*m);
    *m = NULL;
}

mw_status mw_model_create(mw_model **out, mw_net_options *options, mw_prep *prep, mw_model *scorer,
                          uint64_t seed, mw_error *err)
{
    mw_model *m = mw_calloc(1, sizeof *m);
    mw_net_config c;
    mw_status st;

    *out = NULL;
    if (!m) {
        mw_opt_clear(mw_net_options_table, options);
        mw_prep_clear(prep);
        mw_model_destroy(&scorer);
        return mw_fail_nomem(err);
    }
    *m = (mw_model){ .options = *options, .prep = *prep, .scorer = scorer };
    *options = (mw_net_options){ 0 };
    *prep = (mw_prep){ 0 };
    st = mw_net_config_from(&c, &m->options, err);
    if (st == MW_OK) st = mw_net_create(&m->net, &c, seed, err);
    if (st != MW_OK) {
        mw_model_destroy(&m);
        return st;
    }
    *out = m;
    return MW_OK;
}

/* ---- folder ---- */

#define MAX_PREP (2 * MW_NET_MAX_MODALITIES)

static void prep_tensors(mw_tensor_out *t, char names[MAX_PREP][32], const mw_prep *p)
{
    for (int i = 0; i < 2 * p->n_modalities; i++) {
        const mw_prep_modality *m = &p->m[i / 2];

        snprintf(names[i], sizeof names[i], "prep.%c.%s", m->letter, i % 2 ? "std" : "mean");
        t[i] = (mw_tensor_out){ .name = names[i],
                                .data = i % 2 ? m->std : m->mean,
                                .shape = { (size_t)m->columns },
                                .n_dims = 1 };
    }
}

static mw_status save_config(const mw_model *m, const char *path,
                             void (*about)(mw_json *j, const void *user), const void *user,
                             mw_error *err)
{
    mw_str s = { 0 };
    mw_json j = mw_json_begin(&s);
    mw_status st;

    mw_json_open(&j, '{');
    mw_json_put_text(&j, "schema", SCHEMA);
    mw_json_put_text(&j, "version", mw_version());
    mw_json_key(&j, "net");
    mw_json_struct(&j, mw_net_options_table, &m->options, 0);
    mw_json_key(&j, "l2");
    mw_json_open(&j, '[');
    for (int i = 0; i < m->prep.n_modalities; i++)
        mw_json_bool(&j, m->prep.m[i].l2);
    mw_json_close(&j, ']');
    mw_json_key(&j, "has_scorer");
    mw_json_bool(&j, m->scorer != NULL);
    if (about) about(&j, user);
    mw_json_close(&j, '}');
    st = mw_str_ok(&s, err);
    if (st == MW_OK) st = mw_file_store(path, s.data, s.n, err);
    mw_str_clear(&s);
    return st;
}

mw_status mw_model_save(const mw_model *m, const char *dir,
                        void (*about)(mw_json *j, const void *user), const void *user,
                        mw_error *err)
{
    static const char *const notes[][2] = { { "format", "merwild-scoring" } };
    char *config = mw_path_join(dir, "config.json");
    char *weights = mw_path_join(dir, "model.safetensors");
    char *inner = mw_path_join(dir, "scorer");
    char names[MAX_PREP][32];
    mw_tensor_out prep[MAX_PREP];
    mw_status st = config && weights && inner ? mw_make_dirs(dir, err) : mw_fail_nomem(err);

    prep_tensors(prep, names, &m->prep);
    if (st == MW_OK) unlink(config); /* while the files change it is no model */
    if (st == MW_OK && m->scorer) st = mw_model_save(m->scorer, inner, NULL, NULL, err);
    if (st == MW_OK)
        st = mw_net_save(m->net, weights, prep, (size_t)(2 * m->prep.n_modalities), notes, 1, err);
    if (st == MW_OK) st = save_config(m, config, about, user, err);
    mw_free(inner);
    mw_free(weights);
    mw_free(config);
    return st;
}

static mw_status load_prep(mw_prep *p, const mw_net_config *c, const json_t *l2,
                           const mw_weights *w, mw_error *err)
{
    mw_status st = MW_OK;

    *p = (mw_prep){ .n_modalities = c->n_modalities };
    for (int i = 0; st == MW_OK && i < c->n_modalities; i++) {
        mw_prep_modality *m = &p->m[i];
        const size_t n = (size_t)c->columns[i];
        char name[32];

        *m = (mw_prep_modality){ .letter = c->modality[i],
                                 .columns = c->columns[i],
                                 .window = c->window[i],
                                 .l2 = json_is_true(json_array_get(l2, (size_t)i)) };
        m->mean = mw_calloc(n, sizeof(float));
        m->std = mw_calloc(n, sizeof(float));
        if (!m->mean || !m->std) st = mw_fail_nomem(err);
        snprintf(name, sizeof name, "prep.%c.mean", m->letter);
        if (st == MW_OK) st = mw_weights_read(w, name, &n, 1, m->mean, err);
        snprintf(name, sizeof name, "prep.%c.std", m->letter);
        if (st == MW_OK) st = mw_weights_read(w, name, &n, 1, m->std, err);
        for (size_t k = 0; st == MW_OK && k < n; k++)
            if (!isfinite(m->mean[k]) || !(m->std[k] > 0) || !isfinite(m->std[k]))
                st = mw_fail(err, MW_ERR_FORMAT, "bad_model",
                             "'%s': prep.%c is not finite, or not above 0, in column %zu",
                             mw_weights_path(w), m->letter, k);
    }
    return st;
}

/* Whatever is wrong inside a config.json is wrong with the model: these are no options of the
 * user's. */
static mw_status bad_config(const char *path, const mw_error *what, mw_error *err)
{
    if (what->code != MW_ERR_NOMEM)
        return mw_fail(err, MW_ERR_FORMAT, "bad_model", "'%s': %s", path, what->message);
    return mw_fail_nomem(err);
}

static mw_status parse_config(mw_model *m, mw_net_config *c, const char *text, size_t n,
                              const char *path, mw_error *err)
{
    mw_error what = { MW_OK, "", "" };
    const char *schema;
    mw_status st = mw_json_parse(&m->about, text, n, "config.json", &what);

    if (st != MW_OK) return bad_config(path, &what, err);
    schema = json_string_value(json_object_get(m->about, "schema"));
    if (!schema || strcmp(schema, SCHEMA))
        return mw_fail(err, MW_ERR_FORMAT, "bad_model", "'%s' is not a '" SCHEMA "' file", path);
    st = mw_json_read_struct(json_object_get(m->about, "net"), mw_net_options_table, &m->options, 0,
                             &what);
    if (st == MW_OK) st = mw_net_config_from(c, &m->options, &what);
    if (st == MW_OK) st = mw_net_check_config(c, &what);
    return st == MW_OK ? MW_OK : bad_config(path, &what, err);
}

static mw_status read_config(mw_model *m, mw_net_config *c, const char *path, mw_error *err)
{
    char *text = NULL;
    size_t n;
    mw_status st = mw_file_load(&text, &n, path, (size_t)16 << 20, err);

    if (st == MW_OK) st = parse_config(m, c, text, n, path, err);
    mw_free(text);
    return st;
}

/* Network and prep. Only safetensors: each of their tensors has bytes of its own, so that what is
 * allocated stays within a small multiple of the file. */
static mw_status read_weights(mw_model *m, const mw_net_config *c, const char *path, mw_error *err)
{
    mw_weights *w = NULL;
    mw_status st = mw_weights_open(&w, path, err);

    if (st == MW_OK && strcmp(mw_weights_kind(w), "safetensors"))
        st = mw_fail(err, MW_ERR_FORMAT, "bad_model", "'%s' is a %s, not safetensors", path,
                     mw_weights_kind(w));
    if (st == MW_OK) st = mw_net_open(&m->net, c, w, err);
    if (st == MW_OK) st = load_prep(&m->prep, c, json_object_get(m->about, "l2"), w, err);
    mw_weights_close(&w);
    return st;
}

static mw_status load(mw_model *m, const char *dir, int depth, mw_error *err);

/* Its scores are one per token of the model. */
static mw_status load_scorer(mw_model *m, const char *dir, const char *config, int depth,
                             mw_error *err)
{
    mw_status st;

    if (depth) return mw_fail(err, MW_ERR_FORMAT, "bad_model", "'%s': a scorer's scorer", config);
    m->scorer = mw_calloc(1, sizeof *m->scorer);
    st = m->scorer ? load(m->scorer, dir, depth + 1, err) : mw_fail_nomem(err);
    if (st == MW_OK &&
        !mw_net_same_tokens(mw_net_config_of(m->net), mw_net_config_of(m->scorer->net)))
        st = mw_fail(err, MW_ERR_FORMAT, "bad_model",
                     "'%s': the scorer reads other modalities, columns or windows", config);
    return st;
}

static mw_status load(mw_model *m, const char *dir, int depth, mw_error *err)
{
    char *config = mw_path_join(dir, "config.json");
    char *weights = mw_path_join(dir, "model.safetensors");
    char *inner = mw_path_join(dir, "scorer");
    mw_net_config c;
    mw_status st = config && weights && inner ? MW_OK : mw_fail_nomem(err);

    if (st == MW_OK && mw_file_size(config) < 0)
        st = mw_fail(err, MW_ERR_IO, "no_model",
                     "'%s' is not the folder of a trained model: it has no config.json", dir);
    if (st == MW_OK) st = read_config(m, &c, config, err);
    if (st == MW_OK) st = read_weights(m, &c, weights, err);
    if (st == MW_OK && json_is_true(json_object_get(m->about, "has_scorer")))
        st = load_scorer(m, inner, config, depth, err);
    if (st == MW_OK && c.kind == MW_NET_GIVEN && !m->scorer)
        st = mw_fail(err, MW_ERR_FORMAT, "no_scorer",
                     "'%s' was trained with the truth in the place of a scorer, and has no scores "
                     "of its own",
                     dir);
    mw_free(inner);
    mw_free(weights);
    mw_free(config);
    return st;
}

mw_status mw_model_load(mw_model **out, const char *dir, mw_error *err)
{
    mw_model *m = mw_calloc(1, sizeof *m);
    mw_status st = m ? load(m, dir, 0, err) : mw_fail_nomem(err);

    *out = NULL;
    if (st != MW_OK) {
        mw_model_destroy(&m);
        return st;
    }
    *out = m;
    return MW_OK;
}

/* ---- running ---- */

mw_status mw_model_tokens(mw_tokens out[MW_NET_MAX_MODALITIES], const mw_prep *p,
                          const mw_model_input *in, mw_error *err)
{
    mw_status st = MW_OK;

    memset(out, 0, MW_NET_MAX_MODALITIES * sizeof *out);
    for (int i = 0; st == MW_OK && i < p->n_modalities; i++)
        for (int k = 0; st == MW_OK && k < MW_MAX_MODALITIES; k++)
            if (in->clip->m[k].letter == p->m[i].letter && in->variant[k])
                st = mw_tokens_make(&out[i], &p->m[i], &in->clip->m[k], in->variant[k], err);
    for (int i = 0; st != MW_OK && i < p->n_modalities; i++)
        mw_tokens_clear(&out[i]);
    return st;
}

void mw_model_result_clear(mw_model_result *r)
{
    mw_free(r->y);
    for (int m = 0; m < MW_NET_MAX_MODALITIES; m++) {
        mw_free(r->uni[m]);
        mw_free(r->score[m]);
        mw_free(r->rel[m]);
        mw_free(r->pool[m]);
    }
    for (size_t i = 0; r->tokens && i < r->n * (size_t)r->n_modalities; i++)
        mw_tokens_clear(&r->tokens[i]);
    mw_free(r->tokens);
    mw_batch_clear(&r->batch);
    *r = (mw_model_result){ 0 };
}

static mw_status result_alloc(mw_model_result *r, const mw_net_config *c, mw_error *err)
{
    int failed = 0;

    r->y = mw_calloc(r->n, (size_t)c->n_out * sizeof(float));
    for (int m = 0; m < c->n_modalities; m++) {
        const size_t tokens = r->n * (size_t)r->n_tokens[m];

        r->uni[m] = mw_calloc(r->n, (size_t)c->n_out * sizeof(float));
        r->score[m] = mw_calloc(tokens, sizeof(float));
        r->rel[m] = mw_calloc(tokens, sizeof(float));
        r->pool[m] = mw_calloc(tokens, sizeof(float));
        failed |= !r->uni[m] || !r->score[m] || !r->rel[m] || !r->pool[m];
    }
    return failed || !r->y ? mw_fail_nomem(err)
                           : mw_batch_create(&r->batch, c, r->n, r->n_tokens, err);
}

static mw_net_output output_of(mw_model_result *r)
{
    mw_net_output o = { .y = r->y };

    for (int m = 0; m < r->n_modalities; m++) {
        o.uni[m] = r->uni[m];
        o.score[m] = r->score[m];
        o.rel[m] = r->rel[m];
        o.pool[m] = r->pool[m];
    }
    return o;
}

static mw_status make_tokens(mw_model_result *r, const mw_model *m, const mw_model_input *in,
                             mw_error *err)
{
    const size_t per = (size_t)r->n_modalities;
    mw_status st = MW_OK;

    r->tokens = mw_calloc(r->n * per, sizeof *r->tokens);
    if (!r->tokens) return mw_fail_nomem(err);
    for (size_t i = 0; st == MW_OK && i < r->n; i++) {
        mw_tokens t[MW_NET_MAX_MODALITIES];

        st = mw_model_tokens(t, &m->prep, &in[i], err);
        for (size_t k = 0; st == MW_OK && k < per; k++) {
            r->tokens[i * per + k] = t[k];
            if (t[k].n > r->n_tokens[k]) r->n_tokens[k] = t[k].n;
        }
    }
    for (size_t k = 0; k < per; k++) /* a network needs room for one token of each */
        if (!r->n_tokens[k]) r->n_tokens[k] = 1;
    return st;
}

static void fill_batch(mw_model_result *r, float **scores)
{
    const size_t per = (size_t)r->n_modalities;

    mw_batch_begin(&r->batch, r->n, scores != NULL);
    for (size_t i = 0; i < r->n; i++) {
        const mw_tokens *t[MW_NET_MAX_MODALITIES] = { NULL };

        for (size_t k = 0; k < per; k++)
            if (r->tokens[i * per + k].n) t[k] = &r->tokens[i * per + k];
        mw_batch_put(&r->batch, i, t, scores ? (const float *const *)(scores + i * per) : NULL,
                     NULL);
    }
}

mw_status mw_model_run(mw_model *m, const mw_model_input *in, size_t n, int n_threads,
                       mw_model_result *out, mw_error *err)
{
    const mw_net_config *c = mw_net_config_of(m->net);
    const size_t per = (size_t)c->n_modalities;
    float **scores = NULL;
    mw_net_output o;
    mw_status st;

    *out = (mw_model_result){ .n = n, .n_modalities = c->n_modalities, .n_out = c->n_out };
    st = make_tokens(out, m, in, err);
    if (st == MW_OK) st = result_alloc(out, c, err);
    if (st == MW_OK && m->scorer) {
        scores = mw_calloc(n * per, sizeof *scores);
        st =
            scores ? mw_model_scores(m->scorer, in, n, n_threads, scores, err) : mw_fail_nomem(err);
    }
    if (st == MW_OK) {
        fill_batch(out, scores);
        o = output_of(out);
        st = mw_net_predict(m->net, &out->batch.b, n_threads, &o, NULL, err);
    }
    for (size_t i = 0; scores && i < n * per; i++)
        mw_free(scores[i]);
    mw_free(scores);
    if (st != MW_OK) mw_model_result_clear(out);
    return st;
}

void mw_model_rest(mw_model *m)
{
    mw_net_rest(m->net);
    if (m->scorer) mw_net_rest(m->scorer->net);
}

mw_status mw_model_trust(mw_model *m, mw_model_result *r, int n_threads, mw_error *err)
{
    mw_net_output o = { .y = r->y };

    mw_batch_begin(&r->batch, r->n, 1);
    for (int k = 0; k < r->n_modalities; k++)
        for (size_t i = 0; i < r->n * (size_t)r->n_tokens[k]; i++)
            r->batch.score[k][i] = 1;
    return mw_net_predict(m->net, &r->batch.b, n_threads, &o, NULL, err);
}

mw_status mw_model_scores(mw_model *scorer, const mw_model_input *in, size_t n, int n_threads,
                          float **scores, mw_error *err)
{
    mw_model_result r;
    mw_status st = mw_model_run(scorer, in, n, n_threads, &r, err);
    size_t per;

    if (st != MW_OK) return st;
    per = (size_t)r.n_modalities;
    for (size_t i = 0; st == MW_OK && i < n; i++)
        for (size_t k = 0; st == MW_OK && k < per; k++) {
            const size_t tokens = (size_t)r.tokens[i * per + k].n;

            scores[i * per + k] = mw_calloc(tokens, sizeof(float));
            if (!scores[i * per + k])
                st = mw_fail_nomem(err);
            else if (tokens)
                memcpy(scores[i * per + k], r.rel[k] + i * (size_t)r.n_tokens[k],
                       tokens * sizeof(float));
        }
    mw_model_result_clear(&r);
    return st;
}
