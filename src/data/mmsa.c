/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout is that of MMSA's README and data loader, and of Multimodal-Transformer's
 * src/dataset.py. Keys that are not used (text_bert beyond its mask, classification_labels, config)
 * are not looked at.
 */
#include "data/mmsa.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

#define MAX_CLIPS   ((size_t)1 << 22)
#define MAX_ROWS    ((size_t)1 << 20)
#define MAX_COLUMNS ((size_t)1 << 20)
#define MAX_TEXT    ((size_t)64 << 10)
#define MAX_ID      1024

static const char *const feature_key[MW_MMSA_MODALITIES] = { "audio", "vision", "text" };
static const char *const length_key[MW_MMSA_MODALITIES] = { "audio_lengths", "vision_lengths",
                                                            "text_lengths" };
static const char *const label_key[MW_MMSA_MODALITIES] = { "regression_labels_A",
                                                           "regression_labels_V",
                                                           "regression_labels_T" };

static mw_status bad(const char *name, const char *split, const char *key, const char *what,
                     mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_pickle", "'%s', '%s' of '%s': %s", name, key, split,
                   what);
}

/* The split being read. */
typedef struct reader {
    const mw_pickle *p;
    uint32_t dict;
    const char *name, *split;
    size_t n;
} reader;

/* A column of one element per clip; *v stays empty where there is none. */
static mw_status column(mw_pickle_view *v, const reader *r, const char *key, mw_error *err)
{
    const int64_t node = mw_pickle_lookup(r->p, r->dict, key);
    mw_status st;

    if (node < 0 || r->p->node[node].kind == MW_PICKLE_NONE) return MW_OK;
    st = mw_pickle_view_of(v, r->p, (uint32_t)node, key, r->name, err);
    if (st != MW_OK) return st;
    if (!v->n_dims || v->shape[0] != r->n)
        return bad(r->name, r->split, key, "not as many elements as clips", err);
    return MW_OK;
}

/* An array [n][rows][columns] of numbers. */
static mw_status cube(mw_pickle_view *v, const reader *r, const char *key, mw_error *err)
{
    const mw_status st = column(v, r, key, err);

    if (st != MW_OK || !v->kind) return st;
    if (v->n_dims != 3 || !v->data || v->kind == 'S' || v->kind == 'U')
        return bad(r->name, r->split, key, "not an array of numbers of three dimensions", err);
    if (r->n && (!v->shape[2] || v->shape[1] > MAX_ROWS || v->shape[2] > MAX_COLUMNS))
        return bad(r->name, r->split, key, "no columns, or more rows or columns than are read",
                   err);
    return MW_OK;
}

/* A column of texts that may be missing; MulT's labels are not called that. */
static mw_status optional_columns(mw_mmsa_split *s, const reader *r, int is_mult, mw_error *err)
{
    mw_status st = column(&s->y, r, is_mult ? "labels" : "regression_labels", err);

    if (st == MW_OK && s->y.kind && s->y.n != r->n)
        st = bad(r->name, r->split, is_mult ? "labels" : "regression_labels",
                 "not one number per clip", err);
    if (st == MW_OK && !is_mult) st = column(&s->raw_text, r, "raw_text", err);
    if (st == MW_OK && !is_mult) st = column(&s->annotation, r, "annotations", err);
    for (int m = 0; m < MW_MMSA_MODALITIES && st == MW_OK; m++) {
        st = column(&s->y_of[m], r, label_key[m], err);
        if (st == MW_OK) st = column(&s->length[m], r, length_key[m], err);
        if (st == MW_OK) st = cube(&s->feature[m], r, feature_key[m], err);
    }
    if (st == MW_OK) st = cube(&s->bert, r, "text_bert", err);
    if (st == MW_OK && s->bert.kind && r->n &&
        (s->bert.shape[1] < 2 || s->bert.shape[2] != s->feature[2].shape[1]))
        mw_pickle_view_clear(&s->bert); /* tokens of another text than the features */
    return st;
}

static mw_status read_split(mw_mmsa_split *s, reader *r, int is_mult, mw_error *err)
{
    const int64_t id = mw_pickle_lookup(r->p, r->dict, "id");
    mw_status st;

    if (r->p->node[r->dict].kind != MW_PICKLE_DICT || id < 0)
        return bad(r->name, r->split, "id", "there is no such key", err);
    st = mw_pickle_view_of(&s->id, r->p, (uint32_t)id, "id", r->name, err);
    if (st != MW_OK) return st;
    if (!s->id.n_dims || s->id.n_dims > 2 || s->id.shape[0] > MAX_CLIPS ||
        (s->id.n_dims == 2 && s->id.shape[0] && s->id.shape[1] < 1))
        return bad(r->name, r->split, "id", "not a list of ids, or more than 4194304", err);
    r->n = s->n = s->id.shape[0];
    return optional_columns(s, r, is_mult, err);
}

/* Every split has the same columns, and there is something to have. */
static mw_status check_columns(const mw_mmsa *m, const char *name, mw_error *err)
{
    int any = 0;

    for (int k = 0; k < MW_MMSA_MODALITIES; k++) {
        size_t columns = 0;

        for (int s = 0; s < 3; s++) {
            const mw_pickle_view *v = &m->split[s].feature[k];

            if (!v->kind || !m->split[s].n) continue;
            if (columns && v->shape[2] != columns)
                return mw_fail(err, MW_ERR_FORMAT, "bad_pickle",
                               "'%s': '%s' has %zu columns in one split and %zu in another", name,
                               feature_key[k], columns, v->shape[2]);
            columns = v->shape[2];
            any = 1;
        }
    }
    if (any) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_pickle",
                   "'%s' holds no clip with audio, vision or text", name);
}

mw_status mw_mmsa_open(mw_mmsa *out, const void *bytes, size_t n, const char *name, mw_error *err)
{
    static const char *const names[3][4] = { { "train" },
                                             { "valid", "val", "dev", "validation" },
                                             { "test" } };
    mw_mmsa m = { .is_mult = 0 };
    mw_status st = mw_pickle_parse(&m.tree, bytes, n, 1, name, err);
    int n_splits = 0;

    *out = (mw_mmsa){ .is_mult = 0 };
    if (st != MW_OK) return st;
    *out = m; /* views point to the tree of the result */
    for (int s = 0; s < 3 && st == MW_OK; s++)
        for (int k = 0; k < 4 && names[s][k] && st == MW_OK; k++) {
            const int64_t node = mw_pickle_lookup(&out->tree, out->tree.root, names[s][k]);
            reader r = { &out->tree, (uint32_t)node, name, names[s][k], 0 };

            if (node < 0) continue;
            out->is_mult |= mw_pickle_lookup(&out->tree, r.dict, "labels") >= 0 &&
                            mw_pickle_lookup(&out->tree, r.dict, "regression_labels") < 0;
            st = read_split(&out->split[s], &r, out->is_mult, err);
            n_splits++;
            break;
        }
    if (st == MW_OK && !n_splits)
        st = mw_fail(err, MW_ERR_FORMAT, "bad_pickle",
                     "'%s' is not a dictionary with one of the keys train, valid, test", name);
    if (st == MW_OK) st = check_columns(out, name, err);
    if (st != MW_OK) mw_mmsa_close(out);
    return st;
}

void mw_mmsa_close(mw_mmsa *m)
{
    for (int k = 0; k < 3; k++) {
        mw_mmsa_split *s = &m->split[k];

        mw_pickle_view_clear(&s->id);
        mw_pickle_view_clear(&s->raw_text);
        mw_pickle_view_clear(&s->y);
        mw_pickle_view_clear(&s->annotation);
        mw_pickle_view_clear(&s->bert);
        for (int i = 0; i < MW_MMSA_MODALITIES; i++) {
            mw_pickle_view_clear(&s->y_of[i]);
            mw_pickle_view_clear(&s->feature[i]);
            mw_pickle_view_clear(&s->length[i]);
        }
    }
    mw_pickle_clear(&m->tree);
    *m = (mw_mmsa){ .is_mult = 0 };
}

/* ---- labels ---- */

/* Video and clip of MMSA's "video$_$clip", of the SDK's "video[3]", or, as segments are named
 * elsewhere, "video_3". */
static mw_status split_id(char *id, const char **video, const char **clip)
{
    char *mark = strstr(id, "$_$"), *end;

    *video = id;
    if (mark) {
        *clip = mark + 3;
    } else if ((mark = strrchr(id, '[')) && (end = strchr(mark, ']')) && !end[1]) {
        *clip = mark + 1;
        *end = 0;
    } else {
        mark = strrchr(id, '_');
        if (!mark || !mark[1] || strspn(mark + 1, "0123456789") != strlen(mark + 1)) {
            *video = "";
            *clip = id;
            return MW_OK;
        }
        *clip = mark + 1;
    }
    *mark = 0;
    return **video && **clip ? MW_OK : MW_ERR_FORMAT;
}

/* MulT: video, start and end of the segment. */
static mw_status read_id(const mw_mmsa_split *s, size_t i, char id[MAX_ID], const char **video,
                         const char **clip)
{
    char start[64], end[64];
    size_t n;

    if (mw_pickle_view_text(&s->id, i, 0, id, MAX_ID / 2)) return MW_ERR_FORMAT;
    if (s->id.n_dims < 2 || s->id.shape[1] < 3) return split_id(id, video, clip);
    if (mw_pickle_view_text(&s->id, i, 1, start, sizeof start) ||
        mw_pickle_view_text(&s->id, i, 2, end, sizeof end))
        return MW_ERR_FORMAT;
    n = strlen(id) + 1;
    snprintf(id + n, MAX_ID - n, "%s-%s", start, end);
    *video = id;
    *clip = id + n;
    return *id && *start ? MW_OK : MW_ERR_FORMAT;
}

static int names_a_file(const char *clip)
{
    for (const char *p = clip; *p; p++)
        if ((unsigned char)*p < 32 || *p == 127) return 0;
    return mw_path_is_inside(clip);
}

static double number_of(const mw_pickle_view *v, size_t i)
{
    double x;

    return v->kind && !mw_pickle_view_number(v, i, 0, &x) && isfinite(x) ? x : NAN;
}

static mw_status read_text(const mw_mmsa_split *s, size_t i, mw_label *row, int *no_text,
                           mw_error *err)
{
    char *text = mw_calloc(MAX_TEXT, 1);

    if (!text) return mw_fail_nomem(err);
    *no_text = s->raw_text.kind && mw_pickle_view_text(&s->raw_text, i, 0, text, MAX_TEXT);
    row->text = mw_strdup(*no_text ? "" : text);
    mw_free(text);
    return row->text ? MW_OK : mw_fail_nomem(err);
}

/* Negative, Neutral, Positive: 0, 1, 2. */
static int class_of(const mw_mmsa_split *s, size_t i)
{
    static const char *const words[] = { "Negative", "Neutral", "Positive" };
    char text[32];

    if (s->annotation.kind && !mw_pickle_view_text(&s->annotation, i, 0, text, sizeof text))
        for (int k = 0; k < 3; k++)
            if (mw_same_nocase(text, words[k])) return k;
    return -1;
}

mw_status mw_mmsa_label(const mw_mmsa *m, mw_split split, size_t i, mw_label *row, int *no_text,
                        mw_error *err)
{
    const mw_mmsa_split *s = &m->split[split];
    const char *video = "", *clip = "";
    char id[MAX_ID] = "";
    mw_status st = read_id(s, i, id, &video, &clip);

    row->video_id = mw_strdup(video);
    row->clip_id = mw_strdup(clip);
    row->group = mw_strdup(*video ? video : clip);
    row->clip = mw_format("%s%s%s", video, *video ? "/" : "", clip);
    if (!row->video_id || !row->clip_id || !row->group || !row->clip) return mw_fail_nomem(err);
    if (st != MW_OK || !names_a_file(row->clip))
        return mw_fail(err, MW_ERR_FORMAT, "bad_name",
                       "clip %zu of '%s': its id is not a text that can name a file", i,
                       mw_split_name(split));
    row->split = split;
    row->y = number_of(&s->y, i);
    row->y_audio = number_of(&s->y_of[0], i);
    row->y_vision = number_of(&s->y_of[1], i);
    row->y_text = number_of(&s->y_of[2], i);
    row->label_class = class_of(s, i);
    return read_text(s, i, row, no_text, err);
}

/* ---- features ---- */

/* Rows of a clip that are kept; *told says whether the file tells. */
static size_t rows_of(const mw_mmsa_split *s, size_t i, int modality, int *told)
{
    const size_t n = s->feature[modality].shape[1];
    double x;

    *told = s->length[modality].kind && !mw_pickle_view_number(&s->length[modality], i, 0, &x);
    if (!*told || !(x < (double)n)) return n;
    return x > 0 ? (size_t)x : 0;
}

/* Zero what is not finite; whether anything is not 0. */
static int clean_row(float *x, size_t n, size_t *n_replaced)
{
    int any = 0;

    for (size_t c = 0; c < n; c++) {
        if (!isfinite(x[c])) {
            x[c] = 0;
            ++*n_replaced;
        }
        any |= x[c] != 0;
    }
    return any;
}

/* The mask of the tokens, where there is one. */
static mw_status mask_text(mw_matrix *out, const mw_mmsa_split *s, size_t i, mw_error *err)
{
    float *mask = mw_calloc(out->rows, sizeof *mask);

    if (!mask) return mw_fail_nomem(err);
    mw_pickle_view_row(&s->bert, i, 1, mask);
    for (size_t t = 0; t < out->rows; t++)
        out->valid[t] = mask[t] > 0;
    mw_free(mask);
    return MW_OK;
}

mw_status mw_mmsa_matrix(mw_matrix *out, const mw_mmsa *m, mw_split split, size_t i, int modality,
                         size_t *n_replaced, mw_error *err)
{
    const mw_mmsa_split *s = &m->split[split];
    const mw_pickle_view *v = &s->feature[modality];
    int told;
    const size_t n = rows_of(s, i, modality, &told);
    mw_status st = mw_matrix_alloc(out, n ? n : 1, v->shape[2], err);

    *n_replaced = 0;
    if (st != MW_OK) return st;
    for (size_t t = 0; t < n; t++) {
        float *x = out->x + t * out->columns;

        mw_pickle_view_row(v, i, t, x);
        out->t[t] = (double)t;
        out->valid[t] = (uint8_t)(clean_row(x, out->columns, n_replaced) || told);
    }
    if (!n) out->valid[0] = 0;
    if (modality == 2 && s->bert.kind && !told && n) st = mask_text(out, s, i, err);
    if (st != MW_OK) mw_matrix_clear(out);
    return st;
}
