/* SPDX-License-Identifier: Apache-2.0
 *
 * A sidecar as the contact sheet needs it. It is somebody else's file: nothing is drawn from it
 * that was not checked here.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/preview.h"
#include "run/sidecar.h"

#define MAX_FRAMES   ((int64_t)1 << 40)
#define MAX_SEGMENTS 1000000

/* Segment times are rounded to the clock; this much past its end is no error. */
#define TIME_SLACK_S 1e-3

static mw_status broken(const mw_preview_doc *d, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_json", "'%s': %s", d->path, what);
}

static const char *text_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static mw_status read_head(mw_preview_doc *d, mw_error *err)
{
    const json_t *run = json_object_get(d->root, "run");
    const json_t *tool = json_object_get(d->root, "tool");
    const char *schema = text_at(d->root, "schema");

    if (!schema || strcmp(schema, "merwild.prov/1"))
        return broken(d, "not a sidecar of schema merwild.prov/1", err);
    d->id = text_at(d->root, "id");
    d->version = text_at(tool, "version");
    d->mode = text_at(tool, "mode");
    d->seed = text_at(run, "seed");
    d->command = text_at(run, "command");
    if (!d->id || !d->version || !d->mode || !d->seed || !d->command)
        return broken(d, "id, version, mode, seed or command is missing", err);
    d->end_s = json_number_value(json_object_get(json_object_get(d->root, "clock"), "end_s"));
    if (!(d->end_s > 0 && d->end_s <= MW_PREVIEW_MAX_S))
        return broken(d, "the clock's end is not a positive time", err);
    return MW_OK;
}

/* ---- media ---- */

/* The damaged file lies beside its sidecar, so of the recorded path the last part counts. */
static mw_status locate_output(mw_preview_doc *d, mw_preview_part *p, const char *rel,
                               mw_error *err)
{
    const char *base, *slash = strrchr(d->path, '/');
    char *folder;

    if (!rel || !mw_path_is_inside(rel))
        return broken(d, "an output whose path is missing or leaves its folder", err);
    base = mw_path_base(rel);
    if (!*base || !strcmp(base, ".")) return broken(d, "an output that is not a file", err);
    folder = slash ? mw_strndup(d->path, (size_t)(slash - d->path) + 1) : mw_strdup("");
    p->output = folder ? mw_path_join(folder, base) : NULL;
    mw_free(folder);
    return p->output ? MW_OK : mw_fail_nomem(err);
}

static int64_t integer_in(const json_t *object, const char *key, int64_t min, int64_t max)
{
    const json_t *v = json_object_get(object, key);
    const int64_t x = json_integer_value(v);

    return json_is_integer(v) && x >= min && x <= max ? x : -1;
}

static mw_status read_part(mw_preview_doc *d, mw_modality modality, mw_error *err)
{
    const char *const name = modality == MW_AUDIO ? "audio" : "video";
    const json_t *output = json_object_get(json_object_get(d->root, "output"), name);
    const json_t *source = json_object_get(json_object_get(d->root, "source"), name);
    const json_t *clock = json_object_get(json_object_get(d->root, "clock"), name);
    mw_preview_part *p = &d->part[modality];

    if (!output || json_is_null(output)) return MW_OK;
    p->source_sha256 = text_at(source, "sha256");
    p->output_sha256 = text_at(output, "sha256");
    if (!p->source_sha256 || !p->output_sha256)
        return broken(d, "no hash of source or output", err);
    if (modality == MW_AUDIO) {
        p->n = integer_in(clock, "samples", 1, MAX_FRAMES);
        p->rate_hz = (int)integer_in(clock, "rate_hz", 1000, 768000);
        p->start_s = json_number_value(json_object_get(clock, "start_s"));
        if (!(fabs(p->start_s) < MW_PREVIEW_MAX_S)) p->start_s = 0;
    } else {
        p->n = integer_in(clock, "frames", 1, MAX_FRAMES);
    }
    if (p->n < 0 || p->rate_hz < 0)
        return broken(d, "no usable number of frames or samples, or rate, in the clock", err);
    return locate_output(d, p, text_at(output, "path"), err);
}

/* ---- segments ---- */

/* Colours that readers with any kind of colour vision tell apart (Okabe and Ito's set, less the
 * yellow, which vanishes on white). The longest name that a type begins with decides. */
static const struct {
    const char *begin;
    mw_rgb colour;
} known_colours[] = {
    { "noise.speech", { 230, 159, 0 } }, { "noise.music", { 204, 121, 167 } },
    { "noise.", { 86, 180, 233 } },      { MW_PREVIEW_CLEAN, { 200, 200, 200 } },
    { "noise.babble", { 0, 158, 115 } }, { "pixelnoise.", { 213, 94, 0 } },
    { "blur.", { 0, 114, 178 } },        { "occlusion.", { 0, 158, 115 } },
};

static mw_rgb colour_of(const char *type, size_t index)
{
    static const mw_rgb others[] = {
        { 148, 103, 189 }, { 140, 86, 75 }, { 23, 150, 170 }, { 128, 128, 0 }
    };
    mw_rgb best = others[index % (sizeof others / sizeof *others)];
    size_t best_length = 0;

    for (size_t i = 0; i < sizeof known_colours / sizeof *known_colours; i++) {
        const size_t n = strlen(known_colours[i].begin);

        if (n > best_length && !strncmp(type, known_colours[i].begin, n)) {
            best = known_colours[i].colour;
            best_length = n;
        }
    }
    return best;
}

/* Index of a type, added when new; n_types when there are too many. */
static size_t type_index(mw_preview_doc *d, const char *name, mw_modality modality, int64_t stage)
{
    for (size_t i = 0; i < d->n_types; i++)
        if (d->types[i].modality == modality && !strcmp(d->types[i].name, name)) return i;
    if (d->n_types == MW_PREVIEW_MAX_TYPES) return d->n_types;
    d->types[d->n_types] = (mw_preview_type){
        .name = name, .modality = modality, .colour = colour_of(name, d->n_types), .stage = stage
    };
    return d->n_types++;
}

static mw_status read_times(mw_preview_doc *d, mw_preview_segment *s, const json_t *item,
                            int is_audio, mw_error *err)
{
    /* sound beside a picture may begin before the first frame, where the clock starts */
    const double first_s = is_audio ? fmin(d->part[MW_AUDIO].start_s, 0) : 0;
    const json_t *t0 = json_object_get(item, "t0"), *t1 = json_object_get(item, "t1");

    s->t0 = json_number_value(t0);
    s->t1 = json_number_value(t1);
    if (!json_is_number(t0) || !json_is_number(t1) || !(s->t0 >= first_s) || !(s->t1 >= s->t0) ||
        !(s->t1 <= d->end_s + TIME_SLACK_S))
        return broken(d, "a segment whose times are not within the clip", err);
    s->t0 = fmin(fmax(s->t0, 0), d->end_s);
    s->t1 = fmin(fmax(s->t1, 0), d->end_s);
    return MW_OK;
}

static mw_status read_segment(mw_preview_doc *d, const json_t *item, mw_error *err)
{
    const char *modality = text_at(item, "modality"), *type = text_at(item, "type");
    const int is_audio = modality && !strcmp(modality, "audio");
    mw_preview_part *p = &d->part[is_audio ? MW_AUDIO : MW_VISUAL];
    mw_preview_segment *s = &p->segments.v[p->segments.n];
    int64_t stage;
    mw_status st;

    if (!modality || (!is_audio && strcmp(modality, "video")) || !p->n || !type || !*type)
        return broken(d, "a segment without type, or of a medium that has no output", err);
    stage = integer_in(item, "stage", 0, MAX_SEGMENTS);
    s->i0 = integer_in(item, "i0", 0, p->n);
    s->i1 = integer_in(item, "i1", 0, p->n);
    if (stage < 0 || s->i0 < 0 || s->i1 <= s->i0)
        return broken(d, "a segment that is not within the clip", err);
    st = read_times(d, s, item, is_audio, err);
    if (st != MW_OK) return st;
    if (p->segments.n && (s->i0 < s[-1].i0 || s->t0 < s[-1].t0))
        return broken(d, "segments out of order", err);
    s->severity = json_object_get(item, "severity");
    s->type = type_index(d, type, is_audio ? MW_AUDIO : MW_VISUAL, stage);
    if (s->type == d->n_types) return broken(d, "too many types of damage", err);
    d->types[s->type].n++;
    d->types[s->type].covered += s->i1 - s->i0;
    p->segments.n++;
    return MW_OK;
}

static mw_status read_segments(mw_preview_doc *d, mw_error *err)
{
    const json_t *list = json_object_get(d->root, "segments");
    const size_t n = json_array_size(list);
    mw_status st = MW_OK;

    if (!json_is_array(list) || n > MAX_SEGMENTS)
        return broken(d, "no list of segments of allowed size", err);
    for (int m = 0; m < 2; m++) {
        d->part[m].segments.v = mw_calloc(n, sizeof *d->part[m].segments.v);
        if (!d->part[m].segments.v) return mw_fail_nomem(err);
    }
    for (size_t i = 0; st == MW_OK && i < n; i++)
        st = read_segment(d, json_array_get(list, i), err);
    return st;
}

mw_status mw_preview_doc_load(mw_preview_doc *d, const char *path, mw_error *err)
{
    mw_status st;

    *d = (mw_preview_doc){ .path = path };
    st = mw_json_load(&d->root, path, MW_SIDECAR_MAX_BYTES, err);
    if (st == MW_OK) st = read_head(d, err);
    if (st == MW_OK) st = read_part(d, MW_AUDIO, err);
    if (st == MW_OK) st = read_part(d, MW_VISUAL, err);
    if (st == MW_OK && !d->part[MW_AUDIO].n && !d->part[MW_VISUAL].n)
        st = broken(d, "it names no output", err);
    if (st == MW_OK) st = read_segments(d, err);
    return st;
}

void mw_preview_doc_clear(mw_preview_doc *d)
{
    for (int m = 0; m < 2; m++) {
        mw_free(d->part[m].output);
        mw_free(d->part[m].segments.v);
    }
    json_decref(d->root);
    *d = (mw_preview_doc){ 0 };
}

int mw_preview_value(const mw_preview_doc *d, int64_t stage, const char *where, const char *name,
                     double *x)
{
    const json_t *stages = json_object_get(d->root, "stages");
    const json_t *v =
        json_object_get(json_object_get(json_array_get(stages, (size_t)stage), where), name);

    *x = json_number_value(v);
    return json_is_number(v);
}
