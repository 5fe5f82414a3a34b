/* SPDX-License-Identifier: Apache-2.0 */
#include "data/track.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/fs.h"

/* Columns: frame, time, face, validity, box of 4, score, key points. */
enum { N_NUMBERS = 5 + 2 * MW_FACE_KEYS, N_COLUMNS = 4 + N_NUMBERS };

/* A track of a day at 60 frames per second stays below this. */
#define MAX_CSV ((size_t)2 << 30)

const char *const mw_face_key_name[MW_FACE_KEYS] = { "right_eye", "left_eye",  "nose_tip",
                                                     "mouth",     "right_ear", "left_ear" };

static const char *const state_name[] = { "found", "interpolated", "held" };
static const char first_line[] = "# merwild track 1\n";

mw_status mw_track_add(mw_track *t, double time_s, const mw_face *face, size_t n, mw_error *err)
{
    if (mw_grow(&t->frame, &t->frame_cap, t->n_frames + 1, sizeof *t->frame) ||
        mw_grow(&t->face, &t->face_cap, t->n_faces + n, sizeof *t->face))
        return mw_fail_nomem(err);
    t->frame[t->n_frames++] = (mw_track_frame){ time_s, t->n_faces, n };
    if (n) memcpy(t->face + t->n_faces, face, n * sizeof *face);
    t->n_faces += n;
    return MW_OK;
}

void mw_track_note(mw_track *t, const char *key, const char *value)
{
    mw_str_printf(&t->meta, "%s=%s\n", key, value);
}

const char *mw_track_noted(const mw_track *t, const char *key, size_t *n)
{
    const size_t n_key = strlen(key);
    const char *p = t->meta.data;

    while (p && *p) {
        const char *end = strchr(p, '\n');

        if (!end) break;
        if (!strncmp(p, key, n_key) && p[n_key] == '=') {
            *n = (size_t)(end - p) - n_key - 1;
            return p + n_key + 1;
        }
        p = end + 1;
    }
    return NULL;
}

const mw_face *mw_track_faces(const mw_track *t, size_t frame, size_t *n)
{
    *n = t->frame[frame].n;
    return *n ? t->face + t->frame[frame].first : NULL;
}

void mw_track_clear(mw_track *t)
{
    mw_free(t->frame);
    mw_free(t->face);
    mw_str_clear(&t->meta);
    *t = (mw_track){ 0 };
}

/* ---- writing ---- */

static void put_number(mw_str *s, double x)
{
    char text[MW_F64_TEXT];

    mw_str_putc(s, ',');
    if (isnan(x)) return;
    mw_f64_text(text, x);
    mw_str_put(s, text);
}

static void put_face(mw_str *s, const mw_face *f)
{
    mw_str_put(s, state_name[f->state]);
    put_number(s, f->x);
    put_number(s, f->y);
    put_number(s, f->w);
    put_number(s, f->h);
    put_number(s, f->score);
    for (int k = 0; k < MW_FACE_KEYS; k++)
        for (int d = 0; d < 2; d++)
            put_number(s, f->has_keys ? f->key[k][d] : NAN);
    mw_str_putc(s, '\n');
}

static void put_head(mw_str *s, const mw_track *t)
{
    const char *p = t->meta.data;

    mw_str_put(s, first_line);
    while (p && *p) {
        const char *end = strchr(p, '\n');
        const size_t n = end ? (size_t)(end - p) : strlen(p);

        mw_str_put(s, "# ");
        mw_str_putn(s, p, n);
        mw_str_putc(s, '\n');
        p += n + (end != NULL);
    }
    mw_str_put(s, "frame,time_s,face,validity,xmin,ymin,width,height,score");
    for (int k = 0; k < MW_FACE_KEYS; k++)
        mw_str_printf(s, ",%s_x,%s_y", mw_face_key_name[k], mw_face_key_name[k]);
    mw_str_putc(s, '\n');
}

mw_status mw_track_to_csv(const mw_track *t, mw_str *out, mw_error *err)
{
    put_head(out, t);
    for (size_t i = 0; i < t->n_frames; i++) {
        const mw_track_frame *f = &t->frame[i];

        for (size_t k = 0; k < f->n || !k; k++) {
            mw_str_printf(out, "%zu", i);
            put_number(out, f->time_s);
            if (f->n) {
                mw_str_printf(out, ",%zu,", k);
                put_face(out, &t->face[f->first + k]);
            } else {
                mw_str_put(out, ",,none");
                for (int c = 0; c < N_NUMBERS; c++)
                    mw_str_putc(out, ',');
                mw_str_putc(out, '\n');
            }
        }
    }
    return mw_str_ok(out, err);
}

mw_status mw_track_write(const mw_track *t, const char *path, mw_error *err)
{
    mw_str text = { 0 };
    mw_status st = mw_track_to_csv(t, &text, err);

    if (st == MW_OK) st = mw_file_store(path, text.data, text.n, err);
    mw_str_clear(&text);
    return st;
}

/* ---- reading ---- */

/* field[i] points into row, which is cut at the commas. */
typedef struct csv_row {
    char text[1024];
    char *field[N_COLUMNS];
    size_t line;
} csv_row;

static int split(csv_row *r, const char *text, size_t n)
{
    int k = 1;

    if (n >= sizeof r->text || memchr(text, 0, n)) return -1;
    memcpy(r->text, text, n);
    r->text[n] = 0;
    if (n && r->text[n - 1] == '\r') r->text[n - 1] = 0;
    r->field[0] = r->text;
    for (char *p = r->text; *p; p++) {
        if (*p != ',') continue;
        if (k == N_COLUMNS) return -1;
        *p = 0;
        r->field[k++] = p + 1;
    }
    return k == N_COLUMNS ? 0 : -1;
}

static int optional_number(const char *text, double *x)
{
    *x = NAN;
    return *text ? mw_f64_parse(text, x) : 0;
}

static int parse_face(mw_face *f, char *const *field)
{
    double v[N_NUMBERS];
    int n_keys = 0, state = 0;

    while (state < 3 && strcmp(field[3], state_name[state]))
        state++;
    if (state == 3) return -1;
    for (int i = 0; i < N_NUMBERS; i++)
        if (optional_number(field[4 + i], &v[i])) return -1;
    for (int i = 0; i < 4; i++)
        if (isnan(v[i])) return -1;
    *f = (mw_face){ v[0], v[1], v[2], v[3], .score = v[4], .state = (mw_face_state)state };
    for (int k = 0; k < 2 * MW_FACE_KEYS; k++) {
        n_keys += !isnan(v[5 + k]);
        f->key[k / 2][k % 2] = isnan(v[5 + k]) ? 0 : v[5 + k];
    }
    f->has_keys = n_keys == 2 * MW_FACE_KEYS;
    return n_keys && !f->has_keys ? -1 : 0;
}

/* One more row: a new frame or a further face of the last one. */
static mw_status take_row(mw_track *t, csv_row *r, const char *name, mw_error *err)
{
    const int empty = !strcmp(r->field[3], "none");
    uint64_t frame, k = 0;
    double time_s;
    mw_face f = { 0 };
    int bad = mw_u64_parse(r->field[0], &frame) || mw_f64_parse(r->field[1], &time_s);

    if (!bad && empty)
        for (int i = 2; i < N_COLUMNS; i++)
            bad |= i != 3 && *r->field[i];
    else if (!bad)
        bad = mw_u64_parse(r->field[2], &k) || parse_face(&f, r->field);
    if (!bad && frame == t->n_frames && !k) return mw_track_add(t, time_s, &f, !empty, err);
    if (!bad && !empty && t->n_frames && frame == t->n_frames - 1 && k && k == t->frame[frame].n) {
        if (mw_grow(&t->face, &t->face_cap, t->n_faces + 1, sizeof *t->face))
            return mw_fail_nomem(err);
        t->face[t->n_faces++] = f;
        t->frame[frame].n++;
        return MW_OK;
    }
    return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                   "'%s' line %zu is not a row of a face track in its place", name, r->line);
}

static mw_status take_line(mw_track *t, csv_row *r, const char *p, size_t n, int *header,
                           const char *name, mw_error *err)
{
    if (n > 1 && p[0] == '#' && p[1] == ' ') {
        if (!*header && memchr(p, '=', n) && !memchr(p, 0, n)) {
            mw_str_putn(&t->meta, p + 2, n - 2);
            mw_str_putc(&t->meta, '\n');
        }
        return mw_str_ok(&t->meta, err);
    }
    if (split(r, p, n))
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s' line %zu does not have %d columns",
                       name, r->line, N_COLUMNS);
    if (*header) return take_row(t, r, name, err);
    if (strcmp(r->field[0], "frame") || strcmp(r->field[3], "validity"))
        return mw_fail(err, MW_ERR_FORMAT, "bad_csv",
                       "'%s' line %zu is not the header of a face track", name, r->line);
    *header = 1;
    return MW_OK;
}

mw_status mw_track_from_csv(mw_track *out, const char *text, size_t n, const char *name,
                            mw_error *err)
{
    csv_row r = { .line = 0 };
    mw_status st = MW_OK;
    mw_track t = { 0 };
    size_t at = 0;
    int header = 0;

    *out = (mw_track){ 0 };
    while (at < n && st == MW_OK) {
        const char *end = memchr(text + at, '\n', n - at);
        const size_t len = end ? (size_t)(end - text) - at : n - at;

        r.line++;
        if (len) st = take_line(&t, &r, text + at, len, &header, name, err);
        at += len + 1;
    }
    if (st == MW_OK && !header)
        st = mw_fail(err, MW_ERR_FORMAT, "bad_csv", "'%s' holds no face track", name);
    if (st == MW_OK)
        *out = t;
    else
        mw_track_clear(&t);
    return st;
}

mw_status mw_track_read(mw_track *out, const char *path, mw_error *err)
{
    char *text = NULL;
    size_t n;
    mw_status st = mw_file_load(&text, &n, path, MAX_CSV, err);

    *out = (mw_track){ 0 };
    if (st == MW_OK) st = mw_track_from_csv(out, text, n, path, err);
    mw_free(text);
    return st;
}
