/* SPDX-License-Identifier: Apache-2.0 */
#include "run/score_data.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"

/* ---- the bank ---- */

void mw_feature_bank_close(mw_feature_bank *b)
{
    mw_bank_index_clear(&b->index);
    mw_labels_clear(&b->labels);
    *b = (mw_feature_bank){ 0 };
}

static mw_status hash_both(char hex[65], const char *index, const char *labels, mw_error *err)
{
    char both[2 * MW_SHA256_HEX + 2];
    mw_status st = mw_sha256_file(both, NULL, index, err);

    if (st == MW_OK) st = mw_sha256_file(both + MW_SHA256_HEX, NULL, labels, err);
    if (st == MW_OK) mw_sha256_hex(hex, both, (size_t)2 * MW_SHA256_HEX);
    return st;
}

mw_status mw_feature_bank_open(mw_feature_bank *b, const char *dir, const char *labels,
                               mw_error *err)
{
    char *index = mw_path_join(dir, "bank.json");
    char *table = labels && *labels ? mw_strdup(labels) : mw_path_join(dir, "label.csv");
    mw_status st;

    *b = (mw_feature_bank){ .dir = dir };
    st = index && table ? mw_bank_index_read(&b->index, index, err) : mw_fail_nomem(err);
    if (st == MW_OK) st = mw_labels_read(&b->labels, table, err);
    if (st == MW_OK) st = hash_both(b->sha256, index, table, err);
    if (st == MW_OK && !b->labels.n)
        st = mw_fail(err, MW_ERR_FORMAT, "no_clips", "'%s' lists no clip", table);
    mw_free(table);
    mw_free(index);
    if (st != MW_OK) mw_feature_bank_close(b);
    return st;
}

mw_status mw_feature_bank_read(mw_bank_clip *out, const mw_feature_bank *b, const char *clip,
                               char *sha256, mw_error *err)
{
    char *path = mw_format("%s/%s" MW_BANK_SUFFIX, b->dir, clip), *bytes = NULL;
    size_t n;
    mw_status st =
        path ? mw_file_load(&bytes, &n, path, MW_BANK_MAX_FILE, err) : mw_fail_nomem(err);

    *out = (mw_bank_clip){ .memory = NULL };
    if (st == MW_OK) st = mw_bank_clip_parse(out, bytes, n, path, err);
    if (st == MW_OK && sha256) mw_sha256_hex(sha256, bytes, n);
    mw_free(bytes);
    mw_free(path);
    return st;
}

const mw_bank_modality *mw_feature_bank_modality_of(const mw_bank_clip *clip, char letter)
{
    for (int k = 0; k < MW_MAX_MODALITIES; k++)
        if (letter && clip->m[k].letter == letter) return &clip->m[k];
    return NULL;
}

mw_status mw_feature_bank_input(mw_model_input *out, const mw_bank_clip *clip,
                                const mw_bank_condition *condition, const char *name, mw_error *err)
{
    *out = (mw_model_input){ .clip = clip };
    for (int k = 0; k < MW_MAX_MODALITIES; k++) {
        const char *variant = *condition->variant[k] ? condition->variant[k] : "clean";

        if (!clip->m[k].letter) continue;
        if (!strcmp(variant, "missing")) continue;
        out->variant[k] = mw_bank_variant_find(&clip->m[k], variant);
        if (!out->variant[k])
            return mw_fail(
                err, MW_ERR_FORMAT, "bad_bank",
                "clip '%s' has no variant '%s' of modality %c, which condition '%s' needs", name,
                variant, clip->m[k].letter, condition->id);
    }
    return MW_OK;
}

static const mw_bank_condition clean_condition = { .id = "clean", .block = "clean", .level = NAN };

mw_status mw_feature_bank_conditions(const mw_bank_condition ***list, size_t *n,
                                     const mw_feature_bank *b, const char *block, size_t limit,
                                     mw_error *err)
{
    *n = 0;
    *list = mw_calloc(b->index.n_conditions + 1, sizeof **list);
    if (!*list) return mw_fail_nomem(err);
    (*list)[(*n)++] = &clean_condition;
    for (size_t i = 0; i < b->index.n_conditions && *n <= limit; i++)
        if (!strcmp(b->index.conditions[i].block, block)) (*list)[(*n)++] = &b->index.conditions[i];
    return MW_OK;
}

int mw_label_values(float *y, const mw_label *label, mw_net_task task, int n_out)
{
    const int first = task == MW_TASK_MULTILABEL ? 0 : 1;

    if (task == MW_TASK_RELIABILITY) return 0;
    if (task == MW_TASK_MULTICLASS) {
        if (label->label_class < 0 || label->label_class >= n_out) return 0;
        y[0] = (float)label->label_class;
        return 1;
    }
    if (task != MW_TASK_MULTILABEL) {
        if (!isfinite(label->y)) return 0;
        y[0] = (float)label->y;
    }
    if (task == MW_TASK_REGRESSION) return 1;
    for (int e = 0; e < MW_N_EMOTIONS && first + e < n_out; e++) {
        if (!isfinite(label->emotion[e])) return 0;
        y[first + e] = label->emotion[e] > 0 ? 1.0f : 0.0f;
    }
    return 1;
}

/* ---- one split ---- */

/* Next clip of the split from *i on; NULL at the end. */
static const mw_label *next_clip(const mw_split_request *r, size_t *i)
{
    while (*i < r->bank->labels.n) {
        const mw_label *l = &r->bank->labels.v[(*i)++];

        if (l->split == r->split) return l;
    }
    return NULL;
}

static mw_status ask_to_stop(const mw_split_request *r, mw_error *err)
{
    if (!r->stop || !r->stop(r->user)) return MW_OK;
    return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
}

static mw_status fit_clip(mw_prep_sums *sums, const mw_prep *p, const mw_split_request *r,
                          const double *weights, const mw_label *label, mw_error *err)
{
    mw_bank_clip clip;
    mw_status st = mw_feature_bank_read(&clip, r->bank, label->clip, NULL, err);

    if (st != MW_OK) return st;
    for (size_t c = 0; st == MW_OK && c < r->n_conditions; c++) {
        mw_model_input in;

        st = mw_feature_bank_input(&in, &clip, r->conditions[c], label->clip, err);
        for (int i = 0; st == MW_OK && i < p->n_modalities; i++) {
            const mw_bank_modality *m = mw_feature_bank_modality_of(&clip, p->m[i].letter);
            const mw_bank_variant *v = m ? in.variant[m - clip.m] : NULL;

            if (v) st = mw_prep_add(&sums[i], &p->m[i], m, v, weights[c], err);
        }
    }
    if (st != MW_OK) mw_error_prefix(err, "clip '%s'", label->clip);
    mw_bank_clip_clear(&clip);
    return st;
}

mw_status mw_score_fit(mw_prep *p, const mw_split_request *r, const double *weights,
                       int64_t *n_not_finite, mw_error *err)
{
    mw_prep_sums sums[MW_NET_MAX_MODALITIES] = { 0 };
    const mw_label *label;
    size_t at = 0, n = 0;
    mw_status st = MW_OK;

    *n_not_finite = 0;
    while (st == MW_OK && (label = next_clip(r, &at)) && (!r->limit || n++ < r->limit)) {
        st = ask_to_stop(r, err);
        if (st == MW_OK) st = fit_clip(sums, p, r, weights, label, err);
    }
    for (int i = 0; i < p->n_modalities; i++) {
        *n_not_finite += sums[i].n_not_finite;
        if (st == MW_OK) st = mw_prep_finish(&p->m[i], &sums[i], err);
        mw_prep_sums_clear(&sums[i]);
    }
    return st;
}

void mw_score_split_clear(mw_score_split *s)
{
    for (size_t i = 0; s->set.v && i < s->set.n; i++) {
        mw_sample *v = &s->set.v[i];

        mw_free(v->tokens);
        mw_free(v->y);
        mw_free(v->scores); /* one block behind the pointers */
    }
    for (size_t i = 0; s->tokens && i < s->n_tokens; i++)
        mw_tokens_clear(&s->tokens[i]);
    mw_free(s->tokens);
    mw_free(s->set.v);
    mw_free(s->labels);
    mw_free(s->conditions);
    *s = (mw_score_split){ 0 };
}

/* State of loading one clip. made [modalities * variants]: tokens of each variant, made once. */
typedef struct loading {
    mw_score_split *s;
    const mw_split_request *r;
    const mw_prep *p;
    mw_model *scorer;
    int truth, n_threads;
    mw_bank_clip clip;
    mw_model_input *inputs; /* [n_conditions] */
    mw_sample *sample;
} loading;

/* Tokens are addressed by number until all are there: the array moves while it grows. */
static mw_status tokens_of(const loading *l, size_t *number, int i, const mw_bank_modality *m,
                           const mw_bank_variant *v, size_t first, const mw_bank_variant **which,
                           mw_error *err)
{
    mw_score_split *s = l->s;
    mw_status st;

    for (size_t k = first; k < s->n_tokens; k++)
        if (which[k - first] == v) {
            *number = k;
            return MW_OK;
        }
    if (mw_grow(&s->tokens, &s->tokens_cap, s->n_tokens + 1, sizeof *s->tokens))
        return mw_fail_nomem(err);
    st = mw_tokens_make(&s->tokens[s->n_tokens], &l->p->m[i], m, v, err);
    if (st != MW_OK) return st;
    if (s->tokens[s->n_tokens].n > s->set.n_tokens[i])
        s->set.n_tokens[i] = s->tokens[s->n_tokens].n;
    which[s->n_tokens - first] = v;
    *number = s->n_tokens++;
    return MW_OK;
}

/* Numbers of the tokens, kept in the pointers until point_at_tokens. */
static mw_status number_tokens(loading *l, size_t **numbers, mw_error *err)
{
    const size_t per = (size_t)l->p->n_modalities, first = l->s->n_tokens;
    const mw_bank_variant **which =
        mw_calloc(MW_MAX_MODALITIES * MW_BANK_MAX_VARIANTS, sizeof *which);
    mw_status st = MW_OK;

    *numbers = mw_calloc(l->r->n_conditions * per, sizeof **numbers);
    if (!*numbers || !which) st = mw_fail_nomem(err);
    for (size_t c = 0; st == MW_OK && c < l->r->n_conditions; c++)
        for (size_t i = 0; st == MW_OK && i < per; i++) {
            const mw_bank_modality *m = mw_feature_bank_modality_of(&l->clip, l->p->m[i].letter);
            const mw_bank_variant *v = m ? l->inputs[c].variant[m - l->clip.m] : NULL;

            (*numbers)[c * per + i] = SIZE_MAX;
            if (v && m->rows)
                st = tokens_of(l, &(*numbers)[c * per + i], (int)i, m, v, first, which, err);
        }
    mw_free(which);
    return st;
}

/* One block: n pointers, then the values they point to; what scorer or truth say. */
static mw_status take_scores(loading *l, const size_t *numbers, mw_error *err)
{
    const size_t n = l->r->n_conditions * (size_t)l->p->n_modalities;
    float **given = mw_calloc(n, sizeof *given), *values;
    size_t total = 0;
    mw_status st = given ? MW_OK : mw_fail_nomem(err);

    if (st == MW_OK && l->scorer)
        st = mw_model_scores(l->scorer, l->inputs, l->r->n_conditions, l->n_threads, given, err);
    for (size_t k = 0; k < n; k++)
        if (numbers[k] != SIZE_MAX) total += (size_t)l->s->tokens[numbers[k]].n;
    if (st == MW_OK) {
        l->sample->scores = mw_calloc(1, n * sizeof(float *) + total * sizeof(float));
        if (!l->sample->scores) st = mw_fail_nomem(err);
    }
    values = st == MW_OK ? (float *)(void *)(l->sample->scores + n) : NULL;
    for (size_t k = 0; st == MW_OK && k < n; k++) {
        const mw_tokens *t = numbers[k] == SIZE_MAX ? NULL : &l->s->tokens[numbers[k]];

        if (!t) continue;
        l->sample->scores[k] = values;
        if (given[k]) memcpy(values, given[k], (size_t)t->n * sizeof(float));
        for (int i = 0; !given[k] && i < t->n; i++)
            values[i] = l->truth ? t->rel[i] : 1.0f;
        values += t->n;
    }
    for (size_t k = 0; given && k < n; k++)
        mw_free(given[k]);
    mw_free(given);
    return st;
}

/* Name and contents of the clip's file go into hash. */
static mw_status load_clip(loading *l, const mw_label *label, size_t **numbers, mw_sha256 *hash,
                           mw_error *err)
{
    char sha256[65];
    mw_status st = mw_feature_bank_read(&l->clip, l->r->bank, label->clip, sha256, err);

    *numbers = NULL;
    if (st != MW_OK) return st;
    mw_sha256_update(hash, label->clip, strlen(label->clip) + 1);
    mw_sha256_update(hash, sha256, MW_SHA256_HEX);
    for (size_t c = 0; st == MW_OK && c < l->r->n_conditions; c++)
        st = mw_feature_bank_input(&l->inputs[c], &l->clip, l->r->conditions[c], label->clip, err);
    if (st == MW_OK) st = number_tokens(l, numbers, err);
    if (st == MW_OK && (l->scorer || l->truth)) st = take_scores(l, *numbers, err);
    if (st == MW_OK) {
        l->sample->y = mw_calloc((size_t)l->r->n_out, sizeof(float));
        if (!l->sample->y) st = mw_fail_nomem(err);
    }
    if (st == MW_OK)
        l->sample->has_y = mw_label_values(l->sample->y, label, l->r->task, l->r->n_out);
    else
        mw_error_prefix(err, "clip '%s'", label->clip);
    mw_bank_clip_clear(&l->clip);
    return st;
}

static mw_status point_at_tokens(mw_score_split *s, size_t **numbers, size_t per_clip,
                                 mw_error *err)
{
    for (size_t i = 0; i < s->set.n; i++) {
        mw_sample *v = &s->set.v[i];

        v->tokens = mw_calloc(per_clip, sizeof *v->tokens);
        if (!v->tokens) return mw_fail_nomem(err);
        for (size_t k = 0; k < per_clip; k++)
            v->tokens[k] = numbers[i][k] == SIZE_MAX ? NULL : &s->tokens[numbers[i][k]];
    }
    return MW_OK;
}

static size_t count_clips(const mw_split_request *r)
{
    size_t at = 0, n = 0;

    while (next_clip(r, &at) && (!r->limit || n < r->limit))
        n++;
    return n;
}

mw_status mw_score_split_load(mw_score_split *out, const mw_split_request *r, const mw_prep *p,
                              mw_model *scorer, int truth, int n_threads, mw_error *err)
{
    const size_t n = count_clips(r);
    loading l = {
        .s = out, .r = r, .p = p, .scorer = scorer, .truth = truth, .n_threads = n_threads
    };
    size_t **numbers = mw_calloc(n, sizeof *numbers), at = 0;
    uint8_t digest[MW_SHA256_BYTES];
    mw_sha256 hash;
    mw_status st = MW_OK;

    mw_sha256_init(&hash);
    *out =
        (mw_score_split){ .conditions = r->conditions, .set = { .n_conditions = r->n_conditions } };
    out->set.v = mw_calloc(n, sizeof *out->set.v);
    out->labels = mw_calloc(n, sizeof *out->labels);
    l.inputs = mw_calloc(r->n_conditions, sizeof *l.inputs);
    if (!numbers || !out->set.v || !out->labels || !l.inputs) st = mw_fail_nomem(err);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        out->labels[i] = next_clip(r, &at);
        l.sample = &out->set.v[i];
        out->set.n = i + 1;
        st = ask_to_stop(r, err);
        if (st == MW_OK) st = load_clip(&l, out->labels[i], &numbers[i], &hash, err);
    }
    if (st == MW_OK)
        st = point_at_tokens(out, numbers, r->n_conditions * (size_t)p->n_modalities, err);
    for (int i = 0; i < p->n_modalities; i++)
        if (!out->set.n_tokens[i]) out->set.n_tokens[i] = 1;
    mw_sha256_final(&hash, digest);
    mw_hex(out->sha256, digest, sizeof digest);
    for (size_t i = 0; numbers && i < n; i++)
        mw_free(numbers[i]);
    mw_free(numbers);
    mw_free(l.inputs);
    if (st != MW_OK) mw_score_split_clear(out);
    return st;
}
