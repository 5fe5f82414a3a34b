/* SPDX-License-Identifier: Apache-2.0
 *
 * import csd, import labels: tables of labels.
 *
 * Which clip a row of a label sequence means is not in the file. MOSI: row i is segment i + 1.
 * MOSEI: rows are not in order of time and segments have gaps, so rows are found again in the
 * transcripts by their times; without transcripts they are numbered from 0 in order of their end,
 * which agrees with the segments only where a video has no gaps.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "data/csd.h"
#include "data/csv.h"
#include "data/labels.h"
#include "merwild/import.h"

#define MAX_TRANSCRIPT ((size_t)16 << 20)
#define MAX_VIDEO_ROWS 10000 /* far above any; rows are compared with one another */
#define MAX_SHIFT_S    0.05  /* of both ends of a segment together */
#define REJECTS_SUFFIX ".rejects.csv"

enum { NUMBER_AUTO, NUMBER_ROWS, NUMBER_TIME };

static const char *const numbering_names[] = { "auto", "rows", "time", NULL };

#define O(field) offsetof(mw_import_csd_options, field)

/* clang-format off */
const mw_opt mw_import_csd_table[] = {
    { "in", MW_OPT_TEXT, O(in), "", .help = "sequence of labels (.csd)" },
    { "out", MW_OPT_TEXT, O(out), "", .help = "label.csv to write" },
    { "folds", MW_OPT_TEXT, O(folds), "", .help = "CSV with columns video_id and split; empty: no splits" },
    { "transcripts", MW_OPT_TEXT, O(transcripts), "", .help = "folder of MOSEI's <video>.txt, whose lines number the segments" },
    { "numbering", MW_OPT_ENUM, O(numbering), "auto", .choices = numbering_names,
      .help = "rows: clips count from 1 in order of rows (MOSI); time: from 0 in order of time (MOSEI); auto: by the number of columns" },
    { 0 },
};
/* clang-format on */

typedef struct importer {
    const mw_import_csd_options *o;
    const mw_run_hooks *hooks;
    mw_import_report *report;
    mw_csd csd;
    mw_labels folds, labels;
    mw_str rejects;
    char *used; /* [folds.n] a video of the folds was met */
} importer;

static void tell(const mw_run_hooks *hooks, const char *message)
{
    const mw_event e = { .kind = MW_EVENT_NOTE, .reason = "", .message = message };

    if (hooks && hooks->event) hooks->event(hooks->user, &e);
}

/* One row that is left out, with the reason. */
static void reject(importer *im, const char *video, size_t row, const double *interval,
                   const char *why)
{
    im->report->n_rejected++;
    mw_csv_put(&im->rejects, video, ',');
    mw_str_printf(&im->rejects, "%zu,", row);
    mw_csv_put_number(&im->rejects, interval[0], ',');
    mw_csv_put_number(&im->rejects, interval[1], ',');
    mw_csv_put(&im->rejects, why, '\n');
}

/* ---- transcripts ---- */

/* A segment "video___k___start___end___text". */
typedef struct segment {
    char k[32];
    double start, end;
} segment;

/* The field from *p to the next "___", cut off; NULL when there is none. */
static char *next_field(char **p)
{
    char *field = *p, *end = strstr(field, "___");

    if (!end) return NULL;
    *end = 0;
    *p = end + 3;
    return field;
}

static int parse_segment(segment *s, char *line)
{
    char *p = line, *k, *start, *end;

    if (!next_field(&p) || !(k = next_field(&p)) || !(start = next_field(&p)) ||
        !(end = next_field(&p)))
        return -1;
    if (!*k || strlen(k) >= sizeof s->k || strspn(k, "0123456789") != strlen(k)) return -1;
    strcpy(s->k, k);
    return mw_f64_parse(start, &s->start) || mw_f64_parse(end, &s->end) ? -1 : 0;
}

/* Segments of a video, to be freed; *n is 0 where it has no transcript. */
static mw_status read_segments(segment **out, size_t *n, const char *folder, const char *video,
                               mw_error *err)
{
    char *path = mw_format("%s/%s.txt", folder, video), *text = NULL;
    size_t n_text = 0, cap = 0;
    mw_error unread = { 0 };
    mw_status st =
        path ? mw_file_load(&text, &n_text, path, MAX_TRANSCRIPT, &unread) : mw_fail_nomem(&unread);

    *out = NULL;
    *n = 0;
    for (char *line = text; st == MW_OK && line && *line;) {
        char *end = strchr(line, '\n');

        if (end) *end = 0;
        if (mw_grow(out, &cap, *n + 1, sizeof **out)) {
            st = mw_fail_nomem(&unread);
            break;
        }
        *n += !parse_segment(*out + *n, line);
        line = end ? end + 1 : NULL;
    }
    mw_free(text);
    mw_free(path);
    if (st != MW_ERR_NOMEM) return MW_OK; /* no transcript: every row of the video is rejected */
    return mw_fail_nomem(err);
}

/* The segment whose ends are nearest, within MAX_SHIFT_S; NULL: none. */
static const segment *nearest(const segment *s, size_t n, const double *interval)
{
    const segment *best = NULL;
    double least = MAX_SHIFT_S;

    for (size_t i = 0; i < n; i++) {
        const double shift = fabs(s[i].start - interval[0]) + fabs(s[i].end - interval[1]);

        if (shift > least) continue;
        least = shift;
        best = &s[i];
    }
    return best;
}

/* ---- rows ---- */

/* Rank of a row among those of its video, in order of end, start and place. */
static size_t rank_in_time(const double *interval, size_t n, size_t row)
{
    const double *x = interval + 2 * row;
    size_t rank = 0;

    for (size_t i = 0; i < n; i++) {
        const double *y = interval + 2 * i;

        rank += y[1] < x[1] || (y[1] == x[1] && (y[0] < x[0] || (y[0] == x[0] && i < row)));
    }
    return rank;
}

static mw_status add_label(importer *im, const char *video, const char *clip, mw_split split,
                           const double *x, mw_error *err)
{
    mw_label *row = mw_labels_add(&im->labels, err);

    if (!row) return MW_ERR_NOMEM;
    row->video_id = mw_strdup(video);
    row->clip_id = mw_strdup(clip);
    row->group = mw_strdup(video);
    row->text = mw_strdup("");
    row->clip = mw_format("%s/%s", video, clip);
    if (!row->video_id || !row->clip_id || !row->group || !row->text || !row->clip)
        return mw_fail_nomem(err);
    row->split = split;
    row->y = x[0];
    for (int e = 0; e < MW_N_EMOTIONS && im->csd.columns > MW_N_EMOTIONS; e++)
        row->emotion[e] = x[1 + e];
    im->report->n_written++;
    if (split < MW_NO_SPLIT) im->report->n_split[split]++;
    return MW_OK;
}

static int all_finite(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return 0;
    return 1;
}

/* Name of the clip of a row; NULL: why says what is missing. aligned is the number in the entry's
 * name, or -1. */
static const char *clip_of(char text[32], const importer *im, const mw_csd_entry *e, size_t row,
                           long aligned, const segment *s, size_t n_segments, const char **why)
{
    const double *interval = im->csd.interval + 2 * e->first;
    const int by_time =
        im->o->numbering == NUMBER_TIME || (im->o->numbering == NUMBER_AUTO && im->csd.columns > 1);
    const segment *found;

    *why = "";
    if (*im->o->transcripts) {
        found = nearest(s, n_segments, interval + 2 * row);
        *why = n_segments ? "no segment of the transcript has these times"
                          : "the video has no transcript";
        return found ? strcpy(text, found->k) : NULL;
    }
    if (aligned >= 0)
        snprintf(text, 32, "%ld", aligned + !by_time);
    else
        snprintf(text, 32, "%zu", by_time ? rank_in_time(interval, e->n, row) : row + 1);
    if (aligned < 0 || e->n == 1) return text;
    *why = "an aligned entry with several rows";
    return NULL;
}

/* Split "video[3]" into its parts. */
static long strip_number(char *video)
{
    char *bracket = strchr(video, '['), *end;
    long k = -1;

    if (!bracket) return -1;
    if (bracket[1] >= '0' && bracket[1] <= '9') {
        k = strtol(bracket + 1, &end, 10);
        if (strcmp(end, "]") || k > 1 << 24) k = -1;
    }
    *bracket = 0;
    return k;
}

/* Split of a video; counts one that is met for the first time. */
static mw_split fold_of(importer *im, const char *video, int first)
{
    const mw_label *fold = mw_labels_find(&im->folds, video);

    im->report->n_videos += (size_t)first;
    if (fold) im->used[fold - im->folds.v] = 1;
    im->report->n_no_fold += (size_t)(first && !fold);
    return fold ? fold->split : MW_NO_SPLIT;
}

static int names_a_folder(const char *video)
{
    for (const char *p = video; *p; p++)
        if ((unsigned char)*p < 32 || *p == '/' || *p == 127) return 0;
    return mw_path_is_inside(video) && strlen(video) < 256;
}

static mw_status add_entry(importer *im, const mw_csd_entry *e, const char *before, mw_error *err)
{
    const mw_csd *c = &im->csd;
    const double *x = c->x + e->first * c->columns, *interval = c->interval + 2 * e->first;
    char *video = mw_strdup(e->name), text[32];
    segment *segments = NULL;
    size_t n_segments = 0;
    mw_status st = video ? MW_OK : mw_fail_nomem(err);
    const long aligned = video ? strip_number(video) : -1;
    const int safe = video && names_a_folder(video);
    const int first = video && (!before || strncmp(before, video, strlen(video)) ||
                                (before[strlen(video)] && before[strlen(video)] != '['));
    const mw_split split = video ? fold_of(im, video, first) : MW_NO_SPLIT;

    if (st == MW_OK && safe && *im->o->transcripts)
        st = read_segments(&segments, &n_segments, im->o->transcripts, video, err);
    for (size_t i = 0; i < e->n && st == MW_OK; i++, x += c->columns) {
        const char *why, *clip;

        im->report->n_rows++;
        clip = clip_of(text, im, e, i, aligned, segments, n_segments, &why);
        if (!safe)
            reject(im, video, i, interval + 2 * i, "the name cannot be that of a folder");
        else if (!all_finite(x, c->columns))
            reject(im, video, i, interval + 2 * i, "a label is not finite");
        else if (!clip)
            reject(im, video, i, interval + 2 * i, why);
        else
            st = add_label(im, video, clip, split, x, err);
    }
    mw_free(segments);
    mw_free(video);
    return st;
}

/* Two rows that found the same segment: which is meant is not known, the first one stays. */
static mw_status drop_twins(importer *im, mw_error *err)
{
    mw_labels *l = &im->labels;
    mw_error twin = { 0 };
    size_t n = 0;

    if (mw_labels_sort(l, im->o->in, &twin) == MW_OK) return MW_OK;
    for (size_t i = 0; i < l->n; i++) {
        const double none[2] = { NAN, NAN };
        mw_label row = l->v[i];

        if (!n || strcmp(l->v[n - 1].clip, row.clip)) {
            l->v[i] = l->v[n];
            l->v[n++] = row;
            continue;
        }
        reject(im, row.video_id, 0, none, "another row is the same clip");
        im->report->n_written--;
        if (row.split < MW_NO_SPLIT) im->report->n_split[row.split]--;
    }
    while (l->n > n) { /* free those left out, which are behind the others now */
        mw_labels last = { .v = mw_calloc(1, sizeof *last.v), .n = 1 };

        if (!last.v) return mw_fail_nomem(err);
        last.v[0] = l->v[--l->n];
        mw_labels_clear(&last);
    }
    return MW_OK;
}

/* ---- what is written and told ---- */

static mw_status write_rejects(importer *im, mw_error *err)
{
    char *path = mw_format("%s" REJECTS_SUFFIX, im->o->out);
    mw_str s = { 0 };
    mw_status st = path ? MW_OK : mw_fail_nomem(err);

    mw_str_put(&s, "video_id,row,start,end,reason\n");
    if (im->rejects.n) mw_str_putn(&s, im->rejects.data, im->rejects.n);
    s.failed |= im->rejects.failed;
    if (st == MW_OK) st = mw_str_ok(&s, err);
    if (st == MW_OK) st = mw_file_store(path, s.data, s.n, err);
    mw_str_clear(&s);
    mw_free(path);
    return st;
}

static mw_status report(importer *im, mw_error *err)
{
    const mw_import_report *r = im->report;
    mw_str s = { 0 };
    mw_status st;

    for (size_t i = 0; i < im->folds.n; i++)
        im->report->n_fold_only += !im->used[i];
    mw_str_printf(&s,
                  "'%s': %zu rows of %zu videos; %zu written, %zu rejected; %zu videos in no fold, "
                  "%zu of the folds without a row",
                  im->csd.root, r->n_rows, r->n_videos, r->n_written, r->n_rejected, r->n_no_fold,
                  r->n_fold_only);
    st = mw_str_ok(&s, err);
    if (st == MW_OK) tell(im->hooks, s.data);
    if (im->csd.columns > 1 && !*im->o->transcripts && im->o->numbering == NUMBER_AUTO)
        tell(im->hooks, "without transcripts clips are numbered in order of time, which differs "
                        "from the numbers of the segments where a video has gaps");
    mw_str_clear(&s);
    return st;
}

static mw_status read_inputs(importer *im, mw_error *err)
{
    const mw_import_csd_options *o = im->o;
    mw_status st;

    if (!*o->in || !*o->out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'in', 'out': a .csd file and the table to write are needed");
    st = mw_csd_read(&im->csd, o->in, err);
    if (st == MW_OK && im->csd.columns != 1 && im->csd.columns != 1 + MW_N_EMOTIONS)
        st = mw_fail(err, MW_ERR_FORMAT, "bad_csd",
                     "'%s' has %zu columns; labels have 1 (sentiment) or 7 (and six emotions)",
                     o->in, im->csd.columns);
    for (size_t i = 0; st == MW_OK && i < im->csd.n; i++)
        if (im->csd.entry[i].n > MAX_VIDEO_ROWS)
            st = mw_fail(err, MW_ERR_FORMAT, "bad_csd",
                         "'%s', entry '%s': %zu rows; a video of labels has at most %d", o->in,
                         im->csd.entry[i].name, im->csd.entry[i].n, MAX_VIDEO_ROWS);
    if (st == MW_OK && *o->folds) st = mw_labels_read(&im->folds, o->folds, err);
    if (st != MW_OK) return st;
    im->used = mw_calloc(im->folds.n, 1);
    return im->used ? MW_OK : mw_fail_nomem(err);
}

mw_status mw_import_csd(const mw_import_csd_options *o, const mw_run_hooks *hooks,
                        mw_import_report *out, mw_error *err)
{
    importer im = { .o = o, .hooks = hooks, .report = out };
    mw_status st;

    *out = (mw_import_report){ 0 };
    st = read_inputs(&im, err);
    for (size_t i = 0; i < im.csd.n && st == MW_OK; i++)
        st = add_entry(&im, &im.csd.entry[i], i ? im.csd.entry[i - 1].name : NULL, err);
    if (st == MW_OK) st = drop_twins(&im, err);
    if (st == MW_OK) st = mw_make_parents(o->out, err);
    if (st == MW_OK) st = write_rejects(&im, err);
    if (st == MW_OK) st = mw_labels_write(&im.labels, o->out, err);
    if (st == MW_OK) st = report(&im, err);
    mw_free(im.used);
    mw_str_clear(&im.rejects);
    mw_labels_clear(&im.labels);
    mw_labels_clear(&im.folds);
    mw_csd_clear(&im.csd);
    return st;
}

mw_status mw_import_labels(const char *in, const char *out, mw_import_report *r, mw_error *err)
{
    mw_labels l = { 0 };
    mw_status st;

    *r = (mw_import_report){ 0 };
    st = mw_labels_read(&l, in, err);
    for (size_t i = 0; st == MW_OK && i < l.n; i++)
        if (l.v[i].split < MW_NO_SPLIT) r->n_split[l.v[i].split]++;
    r->n_rows = l.n;
    if (st == MW_OK && *out) {
        st = mw_make_parents(out, err);
        if (st == MW_OK) st = mw_labels_write(&l, out, err);
        r->n_written = st == MW_OK ? l.n : 0;
    }
    mw_labels_clear(&l);
    return st;
}
