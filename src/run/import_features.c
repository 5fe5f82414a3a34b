/* SPDX-License-Identifier: Apache-2.0
 *
 * import features: trees of matrices become a bank; one tree per modality and condition.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "merwild/import.h"
#include "run/import_bank.h"
#include "run/import_matrix.h"

#define MAX_CONDITIONS (MW_BANK_MAX_VARIANTS - 1)

static const char letters[] = "avt";

#define O(field) offsetof(mw_import_features_options, field)

/* clang-format off */
const mw_opt mw_import_features_table[] = {
    { "audio", MW_OPT_TEXT, O(audio), "", .help = "folder of clean acoustic matrices" },
    { "visual", MW_OPT_TEXT, O(visual), "", .help = "folder of clean visual matrices" },
    { "text", MW_OPT_TEXT, O(text), "", .help = "folder of text matrices" },
    { "labels", MW_OPT_TEXT, O(labels), "", .help = "table of labels (label.csv, or a manifest): which clips there are" },
    { "out", MW_OPT_TEXT, O(out), "", .help = "bank to write" },
    { "condition", MW_OPT_TEXT, O(conditions), "",
      .help = "NAME=AUDIO_DIR,VISUAL_DIR, or NAME@LEVEL=...: matrices of damaged clips, either folder may be empty; may be given again" },
    { "jobs", MW_OPT_INT, O(jobs), "0", 0, 1024, .help = "worker threads; 0: one per processor" },
    { 0 },
};
/* clang-format on */

typedef struct features_job {
    const mw_import_features_options *o;
    mw_import_bank bank;
    const char *clean[MW_MAX_MODALITIES]; /* folders; "" where there is none */
    char *text;                           /* behind dir */
    mw_bank_condition *condition;         /* [n], the clean one first */
    const char *(*dir)[MW_MAX_MODALITIES];
    size_t n;
    size_t columns[MW_MAX_MODALITIES]; /* of the first clip that has them */
} features_job;

/* ---- options ---- */

static mw_status bad_condition(const char *line, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'condition': '%s' %s", line, what);
}

/* "NAME[@LEVEL]=AUDIO,VISUAL", which is cut at its marks. */
static mw_status read_condition(features_job *j, char *line, mw_error *err)
{
    mw_bank_condition *c = &j->condition[j->n];
    char *equals = strchr(line, '='), *comma = equals ? strchr(equals, ',') : NULL, *at;

    if (!comma || strchr(comma + 1, ','))
        return bad_condition(line, "is not of the form NAME=AUDIO_DIR,VISUAL_DIR", err);
    *equals = *comma = 0;
    at = strrchr(line, '@');
    *c = (mw_bank_condition){ .level = NAN };
    if (at && mw_f64_parse(at + 1, &c->level))
        return bad_condition(line, "has a level that is not a number", err);
    snprintf(c->id, sizeof c->id, "%s", line);
    if (at) *at = 0;
    if (!*line || strlen(line) >= sizeof c->type || strlen(c->id) >= sizeof c->variant[0] ||
        !strcmp(c->id, "clean"))
        return bad_condition(line, "is no name of 1 to 31 bytes other than clean", err);
    snprintf(c->type, sizeof c->type, "%s", line);
    snprintf(c->axis, sizeof c->axis, "%s", at ? "level" : "");
    j->dir[j->n][0] = equals + 1;
    j->dir[j->n][1] = comma + 1;
    j->dir[j->n][2] = "";
    for (int m = 0; m < 2; m++)
        if (*j->dir[j->n][m]) snprintf(c->variant[m], sizeof c->variant[m], "%s", c->id);
    if (!equals[1] && !comma[1]) return bad_condition(line, "names no folder", err);
    snprintf(c->block, sizeof c->block, "%s%s", equals[1] ? "A" : "", comma[1] ? "V" : "");
    for (size_t k = 0; k < j->n; k++)
        if (!strcmp(j->condition[k].id, c->id)) return bad_condition(line, "is there twice", err);
    j->n++;
    return MW_OK;
}

static mw_status read_conditions(features_job *j, mw_error *err)
{
    mw_status st = MW_OK;

    j->text = mw_strdup(j->o->conditions);
    j->condition = mw_calloc(MAX_CONDITIONS + 1, sizeof *j->condition);
    j->dir = mw_calloc(MAX_CONDITIONS + 1, sizeof *j->dir);
    if (!j->text || !j->condition || !j->dir) return mw_fail_nomem(err);
    j->condition[j->n++] =
        (mw_bank_condition){ .id = "clean", .block = "clean", .type = "clean", .level = NAN };
    for (char *line = j->text; st == MW_OK && line && *line;) {
        char *end = strchr(line, '\n');

        if (end) *end = 0;
        if (j->n > MAX_CONDITIONS) return bad_condition(line, "is one too many (255)", err);
        if (*line) st = read_condition(j, line, err);
        line = end ? end + 1 : NULL;
    }
    return st;
}

/* ---- one clip ---- */

/* Matrices of one modality of one clip, in order of conditions that change it. */
typedef struct loaded {
    mw_import_matrix *v;
    mw_bank_variant *variant;
    size_t n;
} loaded;

static mw_status fits(const features_job *j, int m, const loaded *l, const char *clip,
                      mw_error *err)
{
    const mw_matrix *x = &l->v[l->n].m, *first = &l->v[0].m;

    if (x->columns == j->columns[m] && x->rows == first->rows) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_features",
                   "clip '%s', modality '%c', '%s': %zu rows of %zu columns; the clean matrix has "
                   "%zu rows, other clips %zu columns",
                   clip, letters[m], l->n ? "damaged" : "clean", x->rows, x->columns, first->rows,
                   j->columns[m]);
}

/* Clean, then every condition that has a folder for this modality. A clip may lack a modality
 * wholly. */
static mw_status load(loaded *l, const features_job *j, int m, const char *clip, mw_error *err)
{
    mw_status st = MW_OK;

    *l = (loaded){ .v = mw_calloc(j->n, sizeof *l->v),
                   .variant = mw_calloc(j->n, sizeof *l->variant) };
    if (!l->v || !l->variant) return mw_fail_nomem(err);
    for (size_t k = 0; k < j->n && st == MW_OK; k++) {
        const mw_bank_condition *c = &j->condition[k];
        const char *dir = k ? j->dir[k][m] : j->clean[m];
        mw_import_matrix *x = &l->v[l->n];

        if (!*dir) continue;
        st = mw_import_matrix_load(x, dir, clip, letters[m], !k, err);
        if (st != MW_OK) break;
        st = fits(j, m, l, clip, err);
        l->variant[l->n++] =
            (mw_bank_variant){ c->id, c->type, c->level, x->m.x, x->m.valid, x->rel };
    }
    return st;
}

static void clear(loaded *l)
{
    for (size_t k = 0; k < l->n; k++)
        mw_import_matrix_clear(&l->v[k]);
    mw_free(l->v);
    mw_free(l->variant);
}

/* Whether the clip has this modality at all: a clean matrix. */
static mw_status has_clean(int *found, const features_job *j, int m, const char *clip,
                           mw_error *err)
{
    static const char *const suffix[] = { ".npz", ".npy", ".pkl" };

    *found = 0;
    for (int k = 0; k < 3 && *j->clean[m] && !*found; k++) {
        char *path = mw_format("%s/%s%s", j->clean[m], clip, suffix[k]);

        if (!path) return mw_fail_nomem(err);
        *found = mw_file_size(path) >= 0;
        mw_free(path);
    }
    return MW_OK;
}

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *r)
{
    const features_job *j = user;
    loaded l[MW_MAX_MODALITIES] = { 0 };
    mw_bank_clip arrays = { .memory = NULL };
    mw_status st = MW_OK;
    int n = 0;

    (void)job;
    (void)worker;
    for (int m = 0; m < MW_MAX_MODALITIES && st == MW_OK; m++) {
        const mw_matrix *x;
        int found;

        st = has_clean(&found, j, m, clip->rel, &r->error);
        if (st != MW_OK || !found) continue;
        st = load(&l[m], j, m, clip->rel, &r->error);
        if (st != MW_OK) break;
        x = &l[m].v[0].m;
        arrays.m[m] = (mw_bank_modality){ letters[m], x->rows,      x->columns, x->t,
                                          x->names,   l[m].variant, l[m].n };
        n++;
    }
    if (st == MW_OK && !n)
        st = mw_fail(&r->error, MW_ERR_FORMAT, "no_features",
                     "clip '%s' has no clean matrix in any of the folders", clip->rel);
    r->outcome = MW_FAILED;
    if (st == MW_OK) mw_import_write(&j->bank, clip, &arrays, r);
    for (int m = 0; m < MW_MAX_MODALITIES; m++)
        clear(&l[m]);
}

/* ---- the job ---- */

/* Columns of each modality: those of the first clip, in order of the table, that can be read. */
static mw_status find_columns(features_job *j, mw_error *err)
{
    mw_status st = MW_OK;

    for (int m = 0; m < MW_MAX_MODALITIES; m++)
        for (size_t i = 0; i < j->bank.walk.n && !j->columns[m]; i++) {
            const char *clip = j->bank.walk.clips[i].rel;
            mw_import_matrix x = { .rel = NULL };
            int found;

            st = has_clean(&found, j, m, clip, err);
            if (st == MW_OK && found)
                st = mw_import_matrix_load(&x, j->clean[m], clip, letters[m], 1, err);
            j->columns[m] = x.m.columns;
            mw_import_matrix_clear(&x);
            if (st == MW_ERR_NOMEM)
                return st; /* other failures are told when the clip's turn comes */
        }
    return MW_OK;
}

static mw_status list_clips(features_job *j, mw_error *err)
{
    mw_labels all = { 0 };
    mw_status st = mw_labels_read(&all, j->o->labels, err);

    if (st != MW_OK) return st;
    if (!all.n) st = mw_fail(err, MW_ERR_IO, "no_clips", "'%s' names no clip", j->o->labels);
    /* one after the other: a clip of the walk belongs to the last label */
    for (size_t i = 0; st == MW_OK && i < all.n; i++) {
        mw_label *row = mw_labels_add(&j->bank.labels, err);

        if (!row) {
            st = MW_ERR_NOMEM;
            break;
        }
        *row = all.v[i];
        all.v[i] = (mw_label){ .clip = NULL };
        st = mw_import_add(&j->bank, NULL, err);
    }
    mw_labels_clear(&all);
    return st;
}

static mw_status check_options(features_job *j, mw_error *err)
{
    const mw_import_features_options *o = j->o;

    j->clean[0] = o->audio;
    j->clean[1] = o->visual;
    j->clean[2] = o->text;
    if (!*o->audio && !*o->visual && !*o->text)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'audio', 'visual', 'text': a folder of matrices is needed");
    if (!*o->labels)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'labels': a table of labels is needed");
    return read_conditions(j, err);
}

static mw_status finish(features_job *j, mw_error *err)
{
    static const char about[] = "{\"importer\": \"features\"}";
    char text[sizeof about];
    mw_bank_index index = { .conditions = j->condition, .n_conditions = j->n, .about = text };
    size_t n = 0;

    memcpy(text, about, sizeof about);
    for (int m = 0; m < MW_MAX_MODALITIES; m++)
        if (j->columns[m]) index.modalities[n++] = letters[m];
    return mw_import_finish(&j->bank, &index, err);
}

mw_status mw_import_features(const mw_import_features_options *o, const mw_run_hooks *hooks,
                             mw_summary *summary, mw_error *err)
{
    const mw_run_options run = { .jobs = o->jobs };
    features_job j = { .o = o };
    mw_status st;

    *summary = (mw_summary){ 0 };
    j.bank.out = o->out;
    j.bank.job = (mw_job){ .work = work_on_clip, .user = &j };
    st = check_options(&j, err);
    if (st == MW_OK) st = list_clips(&j, err);
    if (st == MW_OK) st = mw_import_open(&j.bank, o->out, err);
    if (st == MW_OK) {
        mw_job_init(&j.bank.job, &j.bank.walk, &run, hooks, summary);
        st = find_columns(&j, err);
    }
    if (st == MW_OK) st = mw_job_run(&j.bank.job, err);
    if (st == MW_OK) st = finish(&j, err);
    mw_import_close(&j.bank);
    mw_free(j.condition);
    mw_free(j.dir);
    mw_free(j.text);
    return st;
}
