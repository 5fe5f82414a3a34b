/* SPDX-License-Identifier: Apache-2.0 */
#include "data/labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "data/csv.h"

/* Far above any corpus; keeps the sum of all rows bounded. */
#define MAX_LABELS ((size_t)1 << 22)

const char *const mw_emotion_name[MW_N_EMOTIONS] = { "happy",    "sad",     "anger",
                                                     "surprise", "disgust", "fear" };

/* ---- rows ---- */

mw_label *mw_labels_add(mw_labels *l, mw_error *err)
{
    mw_label *row;

    if (l->n >= MAX_LABELS || mw_grow(&l->v, &l->cap, l->n + 1, sizeof *l->v)) {
        mw_fail_nomem(err);
        return NULL;
    }
    row = &l->v[l->n++];
    *row = (mw_label){ .y = NAN,
                       .y_text = NAN,
                       .y_audio = NAN,
                       .y_vision = NAN,
                       .label_class = -1,
                       .split = MW_NO_SPLIT };
    for (int e = 0; e < MW_N_EMOTIONS; e++)
        row->emotion[e] = NAN;
    return row;
}

static void clear_row(mw_label *row)
{
    mw_free(row->clip);
    mw_free(row->video_id);
    mw_free(row->clip_id);
    mw_free(row->group);
    mw_free(row->text);
}

void mw_labels_clear(mw_labels *l)
{
    for (size_t i = 0; i < l->n; i++)
        clear_row(&l->v[i]);
    mw_free(l->v);
    *l = (mw_labels){ 0 };
}

static int by_clip(const void *a, const void *b)
{
    const mw_label *x = a, *y = b;

    return strcmp(x->clip, y->clip);
}

mw_status mw_labels_sort(mw_labels *l, const char *name, mw_error *err)
{
    if (l->n) qsort(l->v, l->n, sizeof *l->v, by_clip);
    for (size_t i = 1; i < l->n; i++)
        if (!by_clip(&l->v[i - 1], &l->v[i]))
            return mw_fail(err, MW_ERR_FORMAT, "duplicate_clip", "'%s' holds clip '%s' twice", name,
                           l->v[i].clip);
    return MW_OK;
}

const mw_label *mw_labels_find(const mw_labels *l, const char *clip)
{
    size_t lo = 0, hi = l->n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        const int order = strcmp(clip, l->v[mid].clip);

        if (!order) return &l->v[mid];
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

const char *mw_split_name(mw_split s)
{
    static const char *const names[] = { "train", "valid", "test", "other" };

    return names[s >= MW_TRAIN && s < MW_NO_SPLIT ? s : MW_NO_SPLIT];
}

mw_split mw_split_by_name(const char *name)
{
    static const struct {
        const char *name;
        mw_split split;
    } known[] = { { "train", MW_TRAIN }, { "valid", MW_VALID },      { "val", MW_VALID },
                  { "dev", MW_VALID },   { "validation", MW_VALID }, { "test", MW_TEST } };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (mw_same_nocase(name, known[i].name)) return known[i].split;
    return MW_NO_SPLIT;
}

/* ---- writing ---- */

/* Class of the sign, as MMSA's annotations have it; -1 without a label. */
static int sign_class(double y)
{
    return isnan(y) ? -1 : y < 0 ? 0 : y > 0 ? 2 : 1;
}

/* Columns beside MMSA's, where any row needs them. */
typedef struct extra {
    int speaker, classes, emotions;
} extra;

static extra extra_columns(const mw_labels *l)
{
    extra x = { 0 };

    for (size_t i = 0; i < l->n; i++) {
        const mw_label *row = &l->v[i];

        x.speaker |= strcmp(row->group, *row->video_id ? row->video_id : row->clip) != 0;
        x.classes |= row->label_class >= 0 && row->label_class != sign_class(row->y);
        for (int e = 0; e < MW_N_EMOTIONS; e++)
            x.emotions |= !isnan(row->emotion[e]);
    }
    return x;
}

static void put_row(mw_str *s, const mw_label *row, extra x)
{
    static const char *const words[] = { "Negative", "Neutral", "Positive" };
    const int k = sign_class(row->y);

    mw_csv_put(s, row->video_id, ',');
    mw_csv_put(s, row->clip_id, ',');
    mw_csv_put(s, row->text ? row->text : "", ',');
    mw_csv_put_number(s, row->y, ',');
    mw_csv_put_number(s, row->y_text, ',');
    mw_csv_put_number(s, row->y_audio, ',');
    mw_csv_put_number(s, row->y_vision, ',');
    mw_str_printf(s, "%s,%s", k < 0 ? "" : words[k], mw_split_name(row->split));
    if (x.speaker) {
        mw_str_putc(s, ',');
        mw_csv_put(s, row->group, 0);
    }
    if (x.classes) mw_str_printf(s, ",%d", row->label_class);
    for (int e = 0; x.emotions && e < MW_N_EMOTIONS; e++) {
        mw_str_putc(s, ',');
        mw_csv_put_number(s, row->emotion[e], 0);
    }
    mw_str_putc(s, '\n');
}

mw_status mw_labels_write(const mw_labels *l, const char *path, mw_error *err)
{
    const extra x = extra_columns(l);
    mw_str s = { 0 };
    mw_status st;

    mw_str_put(&s, "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode");
    if (x.speaker) mw_str_put(&s, ",speaker_id");
    if (x.classes) mw_str_put(&s, ",label_class");
    for (int e = 0; x.emotions && e < MW_N_EMOTIONS; e++)
        mw_str_printf(&s, ",%s", mw_emotion_name[e]);
    mw_str_putc(&s, '\n');
    for (size_t i = 0; i < l->n; i++)
        put_row(&s, &l->v[i], x);
    st = mw_str_ok(&s, err);
    if (st == MW_OK) st = mw_file_store(path, s.data, s.n, err);
    mw_str_clear(&s);
    return st;
}
