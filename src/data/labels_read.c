/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns are found by their names: two orders of MMSA's columns are in circulation, and manifests
 * name the same things in their own words. A column that is not listed here is passed over.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "data/csv.h"
#include "data/labels.h"

#define MAX_CLIP 1024

typedef enum column {
    C_ID,
    C_VIDEO,
    C_CLIP,
    C_SPEAKER,
    C_TEXT,
    C_Y,
    C_Y_TEXT,
    C_Y_AUDIO,
    C_Y_VISION,
    C_ANNOTATION,
    C_CLASS,
    C_SPLIT,
    C_EMOTION, /* and the five after it */
    N_COLUMNS = C_EMOTION + MW_N_EMOTIONS
} column;

static const struct {
    const char *name;
    column column;
} column_names[] = {
    { "id", C_ID },
    { "video_id", C_VIDEO },
    { "group", C_VIDEO },
    { "clip_id", C_CLIP },
    { "clip", C_CLIP },
    { "speaker_id", C_SPEAKER },
    { "speaker", C_SPEAKER },
    { "text", C_TEXT },
    { "label", C_Y },
    { "y", C_Y },
    { "label_T", C_Y_TEXT },
    { "label_A", C_Y_AUDIO },
    { "label_V", C_Y_VISION },
    { "annotation", C_ANNOTATION },
    { "label_class", C_CLASS },
    { "mode", C_SPLIT },
    { "split", C_SPLIT },
};

static column column_by_name(const char *name)
{
    const char *emotion = strncmp(name, "label_", 6) ? name : name + 6;

    for (size_t i = 0; i < sizeof column_names / sizeof *column_names; i++)
        if (!strcmp(name, column_names[i].name)) return column_names[i].column;
    for (int e = 0; e < MW_N_EMOTIONS; e++)
        if (!strcmp(emotion, mw_emotion_name[e])) return (column)(C_EMOTION + e);
    return N_COLUMNS;
}

/* A row while it is read: the texts that ids are made of. */
typedef struct draft {
    mw_label *row;
    char *id, *speaker;
    const char *name;
    size_t line;
} draft;

static mw_status bad(const draft *d, const char *key, const char *value, const char *what,
                     mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s' line %zu, column '%s': '%.60s' %s", d->name,
                   d->line, key, value, what);
}

static mw_status set_text(const draft *d, char **to, const char *key, const char *value,
                          mw_error *err)
{
    if (!mw_utf8_ok(value)) return bad(d, key, "...", "is not UTF-8", err);
    mw_free(*to);
    *to = mw_strdup(value);
    return *to ? MW_OK : mw_fail_nomem(err);
}

static mw_status set_number(const draft *d, double *to, const char *key, const char *value,
                            mw_error *err)
{
    *to = NAN;
    if (!*value || mw_same_nocase(value, "nan") || !mw_f64_parse(value, to)) return MW_OK;
    return bad(d, key, value, "is not a finite number", err);
}

static mw_status set_class(const draft *d, const char *key, const char *value, mw_error *err)
{
    int64_t k;

    if (!*value) return MW_OK;
    if (mw_i64_parse(value, &k) || k < -1 || k > 1 << 20)
        return bad(d, key, value, "is not a class in [-1, 1048576]", err);
    d->row->label_class = (int)k;
    return MW_OK;
}

static mw_status set_split(const draft *d, const char *key, const char *value, mw_error *err)
{
    d->row->split = mw_split_by_name(value);
    if (d->row->split != MW_NO_SPLIT || !*value || mw_same_nocase(value, "other")) return MW_OK;
    return bad(d, key, value, "is not one of train, valid, test, other", err);
}

/* MMSA's three words; other corpora write classes of their own there, which say nothing here. A
 * class column, which may stand on either side of it, counts more. */
static void set_annotation(mw_label *row, const char *value)
{
    static const char *const words[] = { "Negative", "Neutral", "Positive" };

    for (int k = 0; k < 3 && row->label_class < 0; k++)
        if (mw_same_nocase(value, words[k])) row->label_class = k;
}

static mw_status set_field(draft *d, const char *name, const char *value, mw_error *err)
{
    const column c = column_by_name(name);
    mw_label *row = d->row;

    switch (c) {
    case C_ID:
        return set_text(d, &d->id, name, value, err);
    case C_VIDEO:
        return set_text(d, &row->video_id, name, value, err);
    case C_CLIP:
        return set_text(d, &row->clip_id, name, value, err);
    case C_SPEAKER:
        return set_text(d, &d->speaker, name, value, err);
    case C_TEXT:
        return set_text(d, &row->text, name, value, err);
    case C_Y:
        return set_number(d, &row->y, name, value, err);
    case C_Y_TEXT:
        return set_number(d, &row->y_text, name, value, err);
    case C_Y_AUDIO:
        return set_number(d, &row->y_audio, name, value, err);
    case C_Y_VISION:
        return set_number(d, &row->y_vision, name, value, err);
    case C_ANNOTATION:
        set_annotation(row, value);
        return MW_OK;
    case C_CLASS:
        return set_class(d, name, value, err);
    case C_SPLIT:
        return set_split(d, name, value, err);
    case N_COLUMNS:
        return MW_OK;
    default:
        return set_number(d, &row->emotion[c - C_EMOTION], name, value, err);
    }
}

static int filled(const char *text)
{
    return text && *text;
}

/* A text that nobody gave. */
static int or_empty(char **text)
{
    if (!*text) *text = mw_strdup("");
    return *text ? 0 : -1;
}

/* Ids of a row that has neither: those of its id, which may name a folder. */
static int ids_from_id(draft *d)
{
    const char *base = mw_path_base(d->id);
    mw_label *row = d->row;

    mw_free(row->video_id);
    mw_free(row->clip_id);
    row->video_id = base > d->id ? mw_strndup(d->id, (size_t)(base - d->id) - 1) : mw_strdup("");
    row->clip_id = mw_strdup(base);
    return row->video_id && row->clip_id ? 0 : -1;
}

static int clip_is_safe(const char *clip)
{
    for (const char *p = clip; *p; p++)
        if ((unsigned char)*p < 32 || *p == 127) return 0;
    return strlen(clip) <= MAX_CLIP && mw_path_is_inside(clip);
}

/* What follows from the columns of a whole row. */
static mw_status finish_row(draft *d, mw_error *err)
{
    mw_label *row = d->row;
    int failed = 0;

    if (!filled(row->video_id) && !filled(row->clip_id) && filled(d->id)) failed = ids_from_id(d);
    failed |= or_empty(&row->video_id) | or_empty(&row->clip_id) | or_empty(&row->text);
    if (failed) return mw_fail_nomem(err);
    row->clip = mw_format("%s%s%s", row->video_id, *row->video_id && *row->clip_id ? "/" : "",
                          row->clip_id);
    if (!row->clip) return mw_fail_nomem(err);
    if (!clip_is_safe(row->clip))
        return bad(d, "video_id, clip_id", row->clip, "cannot be the path of a clip", err);
    row->group = filled(d->speaker)    ? mw_strdup(d->speaker)
                 : *row->video_id != 0 ? mw_strdup(row->video_id)
                                       : mw_strdup(row->clip);
    return row->group ? MW_OK : mw_fail_nomem(err);
}

static void clear_draft(draft *d)
{
    mw_free(d->id);
    mw_free(d->speaker);
}

/* ---- CSV ---- */

/* Columns of the header; names are the caller's to free. */
typedef struct header {
    char *name[MW_CSV_MAX_COLUMNS];
    size_t n;
} header;

static mw_status read_header(header *h, mw_csv *c, mw_error *err)
{
    int more, seen[N_COLUMNS + 1] = { 0 };
    mw_status st = mw_csv_next(c, &more, err);

    if (st != MW_OK) return st;
    for (; h->n < c->n; h->n++) {
        const char *name = mw_csv_field(c, h->n);
        const column k = column_by_name(name);

        if (k != N_COLUMNS && seen[k]++)
            return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                           "'%s' line %zu, column %zu: '%.60s' says what another column says",
                           c->name, c->line, h->n + 1, name);
        h->name[h->n] = mw_strdup(name);
        if (!h->name[h->n]) return mw_fail_nomem(err);
    }
    if (seen[C_ID] || seen[C_CLIP] || seen[C_VIDEO]) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                   "'%s' has no header that names columns video_id and clip_id, or id", c->name);
}

static mw_status read_row(mw_labels *out, const header *h, const mw_csv *c, mw_error *err)
{
    draft d = { .row = mw_labels_add(out, err), .name = c->name, .line = c->line };
    mw_status st = MW_OK;

    if (!d.row) return MW_ERR_NOMEM;
    if (c->n != h->n)
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s' line %zu has %zu columns; the header names %zu", c->name, c->line,
                       c->n, h->n);
    for (size_t i = 0; i < h->n && st == MW_OK; i++)
        st = set_field(&d, h->name[i], mw_csv_field(c, i), err);
    if (st == MW_OK) st = finish_row(&d, err);
    clear_draft(&d);
    return st;
}

static mw_status parse_csv(mw_labels *out, const char *text, size_t n, const char *name,
                           mw_error *err)
{
    header h = { .n = 0 };
    mw_csv c;
    int more = 1;
    mw_status st;

    mw_csv_begin(&c, text, n, name);
    st = read_header(&h, &c, err);
    while (st == MW_OK && more) {
        st = mw_csv_next(&c, &more, err);
        if (st == MW_OK && more) st = read_row(out, &h, &c, err);
    }
    for (size_t i = 0; i < h.n; i++)
        mw_free(h.name[i]);
    mw_csv_clear(&c);
    return st;
}

/* ---- JSON, one object a line ---- */

static mw_status set_json(draft *d, const char *key, const json_t *value, mw_error *err)
{
    char text[MW_F64_TEXT];

    if (json_is_string(value)) return set_field(d, key, json_string_value(value), err);
    if (!json_is_number(value)) return MW_OK;
    mw_f64_text(text, json_number_value(value));
    return set_field(d, key, text, err);
}

static mw_status read_object(mw_labels *out, const char *line, size_t n, size_t number,
                             const char *name, mw_error *err)
{
    draft d = { .row = mw_labels_add(out, err), .name = name, .line = number };
    json_t *object = NULL;
    const char *key;
    json_t *value;
    mw_status st = d.row ? MW_OK : MW_ERR_NOMEM;

    if (st == MW_OK) st = mw_json_parse(&object, line, n, name, err);
    if (st == MW_OK && !json_is_object(object))
        st = mw_fail(err, MW_ERR_FORMAT, "bad_json", "'%s' line %zu is not a JSON object", name,
                     number);
    if (st == MW_OK) {
        json_object_foreach(object, key, value) if (st == MW_OK) st = set_json(&d, key, value, err);
    } else if (st == MW_ERR_FORMAT) {
        mw_error_prefix(err, "line %zu", number);
    }
    if (st == MW_OK) st = finish_row(&d, err);
    clear_draft(&d);
    if (object) json_decref(object);
    return st;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static mw_status parse_lines(mw_labels *out, const char *text, size_t n, const char *name,
                             mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t at = 0, number = 1; at < n && st == MW_OK; number++) {
        const char *end = memchr(text + at, '\n', n - at);
        const size_t len = end ? (size_t)(end - text) - at : n - at;
        size_t blank = 0;

        while (blank < len && is_blank(text[at + blank]))
            blank++;
        if (blank < len) st = read_object(out, text + at, len, number, name, err);
        at += len + 1;
    }
    return st;
}

mw_status mw_labels_parse(mw_labels *out, const char *text, size_t n, const char *name,
                          mw_error *err)
{
    size_t at = 0;
    mw_labels l = { 0 };
    mw_status st;

    *out = l;
    while (at < n && is_blank(text[at]))
        at++;
    st = at < n && text[at] == '{' ? parse_lines(&l, text, n, name, err)
                                   : parse_csv(&l, text, n, name, err);
    if (st == MW_OK) st = mw_labels_sort(&l, name, err);
    if (st == MW_OK)
        *out = l;
    else
        mw_labels_clear(&l);
    return st;
}

mw_status mw_labels_read(mw_labels *out, const char *path, mw_error *err)
{
    char *text;
    size_t n;
    mw_status st = mw_file_load(&text, &n, path, MW_CSV_MAX_FILE, err);

    *out = (mw_labels){ 0 };
    if (st == MW_OK) st = mw_labels_parse(out, text, n, path, err);
    mw_free(text);
    return st;
}
