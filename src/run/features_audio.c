/* SPDX-License-Identifier: Apache-2.0
 *
 * features audio: decode, describe every 10 ms, bring to a fixed number of rows, write.
 */
#include "merwild/features.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/npz.h"
#include "data/npz_read.h"
#include "data/pickle.h"
#include "feature/align.h"
#include "feature/lld/lld.h"
#include "media/sound.h"
#include "run/setup.h"
#include "run/sidecar.h"
#include "run/track.h"

#define COMMAND "features audio"

/* Raised whenever rows change for equal options. */
#define DESCRIPTOR_VERSION 1

enum { FORMAT_NPY, FORMAT_PKL, FORMAT_NPZ, FORMAT_CSV };
enum { LEVEL_LLD, LEVEL_FUNCTIONALS };
enum { SHORT_FAIL, SHORT_ZEROS };

static const char *const set_names[] = { "egemaps", "compare", "both", NULL }; /* MW_LLD_* less 1 */
static const char *const level_names[] = { "lld", "functionals", NULL };
static const char *const format_names[] = { "npy", "pkl", "npz", "csv", NULL };
static const char *const short_names[] = { "fail", "zeros", NULL };
static const char *const rule_names[] = { "copy", "resample_poly", "centre_crop" };

typedef struct descriptor_options {
    int sets, level, native, format, too_short;
    int64_t length, threshold, channel, rate_hz;
    double max_s;
} descriptor_options;

struct mw_features_audio_options {
    mw_run_options run;
    descriptor_options d;
    int preset;
};

#define O(field) offsetof(descriptor_options, field)

/* clang-format off */
static const mw_opt descriptor_table[] = {
    { "sets", MW_OPT_ENUM, O(sets), "both", .choices = set_names, .help = "eGeMAPSv02 (25 columns), ComParE_2016 (65), or both (90)" },
    { "level", MW_OPT_ENUM, O(level), "lld", .choices = level_names,
      .help = "lld: a row every 10 ms; functionals: one row of the 88 eGeMAPSv02 summaries" },
    { "native", MW_OPT_BOOL, O(native), "no", .help = "keep the number of rows that the clip has" },
    { "length", MW_OPT_INT, O(length), "375", 1, 1e6, "rows", .help = "fixed number of rows (CMU-MOSI 375, CMU-MOSEI 500)" },
    { "resample-threshold", MW_OPT_INT, O(threshold), "700", 1, 1e6, "rows",
      .help = "longer clips keep their middle rows; all others are resampled" },
    { "format", MW_OPT_ENUM, O(format), "npy", .choices = format_names, .reference = "pkl",
      .help = "npy, pkl (loads in every Python 3), npz (with times, names, validity, truth), csv (as SMILExtract)" },
    { "channel", MW_OPT_INT, O(channel), "-1", -1, 63, .reference = "0", .help = "channel of the input to take; -1: mean of all" },
    { "rate-hz", MW_OPT_INT, O(rate_hz), "16000", 0, 48000, "Hz", .reference = "0",
      .help = "convert to this rate first, so that all clips are described alike; 0: each at its own (8000..48000)" },
    { "too-short", MW_OPT_ENUM, O(too_short), "fail", .choices = short_names, .help = "what a clip below 60 ms becomes" },
    { "max-seconds", MW_OPT_DOUBLE, O(max_s), "43200", 1, 86400, "s", .help = "refuse longer clips", .flags = MW_OPT_RUNTIME },
    { 0 },
};
/* clang-format on */

size_t mw_features_audio_options_groups(mw_features_audio_options *o,
                                        mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ descriptor_table, &o->d };
    return 2;
}

void mw_features_audio_options_free(mw_features_audio_options **o)
{
    if (!*o) return;
    mw_opt_clear(mw_run_options_table, &(*o)->run);
    mw_opt_clear(descriptor_table, &(*o)->d);
    mw_free(*o);
    *o = NULL;
}

mw_features_audio_options *mw_features_audio_options_new(int preset, mw_error *err)
{
    mw_features_audio_options *o = mw_calloc(1, sizeof *o);
    mw_status st;

    if (!o) {
        mw_fail_nomem(err);
        return NULL;
    }
    o->preset = preset;
    st = mw_opt_defaults(mw_run_options_table, &o->run, preset, err);
    if (st == MW_OK) st = mw_opt_defaults(descriptor_table, &o->d, preset, err);
    if (st != MW_OK) mw_features_audio_options_free(&o);
    return o;
}

typedef struct features_job {
    const mw_features_audio_options *o;
    mw_poly **poly; /* per worker */
    int n_workers;
    const char *root;
    char config_sha256[65];
} features_job;

/* A clip on its way. native: as described; fixed: what is written. */
typedef struct clip_work {
    const features_job *fj;
    const mw_clip *clip;
    char source_sha256[65];
    int64_t source_bytes;
    mw_audio sound;
    const char *names[MW_LLD_N_FUNCTIONALS > 90 ? MW_LLD_N_FUNCTIONALS : 90];
    mw_matrix native, fixed;
    mw_align_rule rule;
    double *source_rows; /* [fixed.rows] */
    char *rel, *path, *sidecar;
} clip_work;

/* ---- describing ---- */

static mw_status take_rows(clip_work *w, mw_lld *l, mw_error *err)
{
    const size_t rows = mw_lld_n_ready(l), columns = mw_lld_n_columns(l);
    mw_status st = mw_matrix_alloc(&w->native, rows, columns, err);

    if (st != MW_OK) return st;
    mw_lld_rows(l, w->native.x, rows);
    for (size_t i = 0; i < rows; i++)
        w->native.t[i] = mw_lld_row_time(l, i);
    for (size_t c = 0; c < columns; c++)
        w->names[c] = mw_lld_column_name(l, c);
    return MW_OK;
}

static mw_status take_functionals(clip_work *w, mw_lld *l, mw_error *err)
{
    double value[MW_LLD_N_FUNCTIONALS];
    mw_status st = mw_lld_functionals(l, value, err);

    if (st == MW_OK)
        st = mw_matrix_alloc(&w->native, mw_lld_n_ready(l) ? 1 : 0, MW_LLD_N_FUNCTIONALS, err);
    for (size_t c = 0; st == MW_OK && c < MW_LLD_N_FUNCTIONALS; c++) {
        if (w->native.rows) w->native.x[c] = (float)value[c];
        w->names[c] = mw_lld_functional_name(c);
    }
    return st;
}

static mw_status describe_sound(clip_work *w, mw_error *err)
{
    const descriptor_options *o = &w->fj->o->d;
    const int functionals = o->level == LEVEL_FUNCTIONALS;
    const mw_lld_opts opts = { .rate_hz = (unsigned)w->sound.rate_hz,
                               .sets = functionals ? MW_LLD_EGEMAPS : (unsigned)o->sets + 1,
                               .functionals = functionals };
    mw_lld *l = NULL;
    mw_status st = mw_lld_open(&l, &opts, err);

    if (st == MW_OK) st = mw_lld_feed(l, w->sound.x, w->sound.n, err);
    if (st == MW_OK) st = mw_lld_finish(l, err);
    if (st == MW_OK) st = functionals ? take_functionals(w, l, err) : take_rows(w, l, err);
    mw_lld_close(&l);
    w->native.names = w->names;
    if (st != MW_OK) mw_error_prefix(err, "'%s'", w->clip->path);
    return st;
}

static mw_status fill_short(clip_work *w, size_t rows, mw_error *err)
{
    const size_t columns = w->native.columns;
    mw_status st;

    if (w->fj->o->d.too_short == SHORT_FAIL)
        return mw_fail(err, MW_ERR_FORMAT, "too_short",
                       "'%s' has %zu samples at %d Hz: less than one frame of 60 ms", w->clip->path,
                       w->sound.n, w->sound.rate_hz);
    mw_matrix_clear(&w->native);
    st = mw_matrix_alloc(&w->native, rows, columns, err);
    if (st == MW_OK) memset(w->native.valid, 0, rows);
    w->native.names = w->names;
    return st;
}

static mw_status fix_length(clip_work *w, mw_poly *poly, mw_error *err)
{
    const descriptor_options *o = &w->fj->o->d;
    const int keep = o->native || o->level == LEVEL_FUNCTIONALS;
    mw_status st = MW_OK;
    size_t rows;

    if (!w->native.rows) st = fill_short(w, keep ? 1 : (size_t)o->length, err);
    if (st != MW_OK) return st;
    rows = keep ? w->native.rows : (size_t)o->length;
    w->source_rows = mw_calloc(rows, sizeof *w->source_rows);
    if (!w->source_rows) return mw_fail_nomem(err);
    return mw_align(&w->fixed, &w->rule, w->source_rows, &w->native, rows,
                    keep ? rows : (size_t)o->threshold, poly, err);
}

/* ---- writing ---- */

/* The arrays of "<clip>.track.npz" beside the input, read at the rows of the output. */
static void put_truth(mw_npz *z, const clip_work *w)
{
    static const char *const keys[] = { "a_type", "a_snr_db", "a_rel" };
    const size_t n = w->fixed.rows;
    char *path = mw_format("%.*s" MW_TRACK_SUFFIX,
                           (int)(strlen(w->clip->path) - strlen(mw_path_suffix(w->clip->path))),
                           w->clip->path);
    float *value = mw_calloc(n, sizeof *value);
    char *bytes = NULL;
    size_t n_bytes;

    if (!path || !value) {
        z->bytes.failed = 1;
    } else if (mw_file_load(&bytes, &n_bytes, path, (size_t)1 << 30, NULL) == MW_OK) {
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            mw_npz_array a;

            if (mw_npz_find(&a, bytes, n_bytes, keys[k], path, NULL) != MW_OK || !a.n) continue;
            for (size_t i = 0; i < n; i++) {
                const size_t at = (size_t)(w->source_rows[i] + 0.5);

                value[i] = (float)mw_npz_number(&a, at < a.n ? at : a.n - 1);
            }
            mw_npz_put(z, keys[k], "<f4", &n, 1, value, n * sizeof *value);
        }
    }
    mw_free(bytes);
    mw_free(value);
    mw_free(path);
}

static mw_status put_npz(mw_str *out, const clip_work *w, mw_error *err)
{
    const mw_matrix *m = &w->fixed;
    const size_t shape[2] = { m->rows, m->columns };
    mw_npz z = { 0 };
    mw_status st;

    mw_npz_put(&z, "x", "<f4", shape, 2, m->x, m->rows * m->columns * sizeof *m->x);
    mw_npz_put(&z, "t", "<f8", &m->rows, 1, m->t, m->rows * sizeof *m->t);
    mw_npz_put(&z, "valid", "|u1", &m->rows, 1, m->valid, m->rows);
    mw_npz_put(&z, "a_src", "<f8", &m->rows, 1, w->source_rows, m->rows * sizeof *w->source_rows);
    mw_npz_put_texts(&z, "names", m->names, m->columns);
    put_truth(&z, w);
    st = mw_npz_finish(&z, err);
    if (st == MW_OK) mw_str_putn(out, z.bytes.data, z.bytes.n);
    mw_npz_clear(&z);
    return st;
}

static mw_status encode(mw_str *out, const clip_work *w, mw_error *err)
{
    const mw_matrix *m = &w->fixed;
    const size_t shape[2] = { m->rows, m->columns };
    mw_status st = MW_OK;

    switch (w->fj->o->d.format) {
    case FORMAT_NPY:
        mw_npy_put(out, "<f4", shape, 2, m->x, m->rows * m->columns * sizeof *m->x);
        break;
    case FORMAT_PKL:
        st = mw_pickle_from_array(m->x, sizeof *m->x, shape, 2, out, err);
        break;
    case FORMAT_NPZ:
        st = put_npz(out, w, err);
        break;
    case FORMAT_CSV:
        mw_matrix_put_csv(out, m);
        break;
    }
    return st == MW_OK ? mw_str_ok(out, err) : st;
}

/* The sidecar's own part of features: shape, columns, clock, how the length was fixed. */
static void describe_features(mw_json *j, const void *user)
{
    const clip_work *w = user;
    const mw_matrix *m = &w->fixed;

    mw_json_key(j, "features");
    mw_json_open(j, '{');
    mw_json_put_i64(j, "version", DESCRIPTOR_VERSION);
    mw_json_put_i64(j, "rows", (int64_t)m->rows);
    mw_json_put_i64(j, "rows_native", (int64_t)w->native.rows);
    mw_json_put_text(j, "length_rule", rule_names[w->rule]);
    mw_json_put_f64(j, "step_s", w->native.rows > 1 ? w->native.t[1] - w->native.t[0] : 0.01);
    mw_json_put_i64(j, "rate_hz", w->sound.rate_hz);
    mw_json_put_i64(j, "channel", w->fj->o->d.channel);
    mw_json_key(j, "columns");
    mw_json_open(j, '[');
    for (size_t c = 0; c < m->columns; c++)
        mw_json_text(j, m->names[c]);
    mw_json_close(j, ']');
    mw_json_close(j, '}');
}

static mw_status write_sidecar(clip_work *w, const mw_media *output, mw_error *err)
{
    mw_features_audio_options *o = (mw_features_audio_options *)(uintptr_t)w->fj->o;
    const mw_opt_group group = { descriptor_table, &o->d };
    mw_media source = { .path = w->clip->rel,
                        .bytes = w->source_bytes,
                        .rate_hz = w->sound.source_rate_hz,
                        .channels = w->sound.source_channels,
                        .samples = w->sound.source_n };
    const mw_media clock = { .rate_hz = w->sound.rate_hz, .samples = (int64_t)w->sound.n };
    mw_sidecar s = { .id = w->clip->id,
                     .compat = o->preset,
                     .seed = o->run.seed,
                     .key = mw_clip_key_make(o->run.seed, w->clip->id),
                     .command = COMMAND,
                     .job_options = &group,
                     .n_job_options = 1,
                     .source_audio = &source,
                     .end_s = (double)w->sound.n / w->sound.rate_hz,
                     .clock_audio = &clock,
                     .features = output,
                     .n_features = 1,
                     .describe = describe_features,
                     .describe_user = w };
    mw_str text = { 0 };
    mw_status st;

    memcpy(source.sha256, w->source_sha256, sizeof source.sha256);
    memcpy(source.codec, w->sound.codec, sizeof source.codec);
    memcpy(s.config_sha256, w->fj->config_sha256, sizeof s.config_sha256);
    mw_sidecar_write(&text, &s);
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_file_store(w->sidecar, text.data, text.n, err);
    mw_str_clear(&text);
    return st;
}

static mw_status write_outputs(clip_work *w, mw_error *err)
{
    mw_media output = { .path = w->rel };
    mw_str bytes = { 0 };
    mw_status st = mw_make_parents(w->path, err);

    if (st == MW_OK) st = encode(&bytes, w, err);
    if (st == MW_OK) {
        unlink(
            w->sidecar); /* an old sidecar must not describe new files, should the run end here */
        output.bytes = (int64_t)bytes.n;
        mw_sha256_hex(output.sha256, bytes.data, bytes.n);
        st = mw_file_store(w->path, bytes.data, bytes.n, err);
    }
    if (st == MW_OK) st = write_sidecar(w, &output, err);
    mw_str_clear(&bytes);
    return st;
}

static mw_status make_features(clip_work *w, mw_poly *poly, mw_error *err)
{
    const descriptor_options *o = &w->fj->o->d;
    const mw_sound_want want = { .rate_hz = (int)o->rate_hz,
                                 .channel = (int)o->channel,
                                 .max_s = o->max_s };
    mw_status st = mw_sound_load(&w->sound, w->clip->path, &want, err);

    if (st == MW_OK) st = describe_sound(w, err);
    if (st == MW_OK) st = fix_length(w, poly, err);
    if (st == MW_OK && !w->fj->o->run.dry_run) st = write_outputs(w, err);
    return st;
}

static void clear_work(clip_work *w)
{
    mw_audio_clear(&w->sound);
    mw_matrix_clear(&w->native);
    mw_matrix_clear(&w->fixed);
    mw_free(w->source_rows);
    mw_free(w->rel);
    mw_free(w->path);
    mw_free(w->sidecar);
}

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *r)
{
    const features_job *fj = user;
    clip_work w = { .fj = fj, .clip = clip };
    mw_status st = mw_sha256_file(w.source_sha256, &w.source_bytes, clip->path, &r->error);

    (void)job;
    w.rel = mw_format("%s.%s", clip->stem, format_names[fj->o->d.format]);
    w.path = w.rel ? mw_path_join(fj->root, w.rel) : NULL;
    w.sidecar = mw_format("%s/%s" MW_SIDECAR_SUFFIX, fj->root, clip->stem);
    if (st == MW_OK && (!w.path || !w.sidecar)) st = mw_fail_nomem(&r->error);
    r->outcome = MW_SKIPPED;
    if (st == MW_OK && (fj->o->run.overwrite || fj->o->run.dry_run ||
                        !mw_sidecar_is_current(w.sidecar, fj->root, fj->config_sha256,
                                               w.source_sha256, NULL, NULL))) {
        r->outcome = MW_DONE;
        st = make_features(&w, fj->poly[worker], &r->error);
        r->n_outputs = st == MW_OK && !fj->o->run.dry_run;
        if (st == MW_OK) r->media_s = (double)w.sound.n / w.sound.rate_hz;
    }
    if (st != MW_OK) r->outcome = MW_FAILED;
    clear_work(&w);
}

/* ---- the job ---- */

static mw_status set_up(features_job *fj, mw_roots *roots, mw_error *err)
{
    mw_features_audio_options *o = (mw_features_audio_options *)(uintptr_t)fj->o;
    const mw_opt_group group = { descriptor_table, &o->d };
    char version[32];
    mw_status st;

    if (!*o->run.in)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'in': an input file or folder is needed");
    if (!*o->run.out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    if (o->d.rate_hz && o->d.rate_hz < 8000)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'rate-hz': %lld is not 0 or in [8000, 48000] Hz",
                       (long long)o->d.rate_hz);
    if (o->d.threshold < o->d.length)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'resample-threshold': %lld is below 'length' (%lld)",
                       (long long)o->d.threshold, (long long)o->d.length);
    snprintf(version, sizeof version, "descriptors %d", DESCRIPTOR_VERSION);
    mw_config_sha256(fj->config_sha256, COMMAND, &group, 1, 0, NULL, NULL, 0, version);
    st = mw_roots_add(roots, mw_strdup(o->run.out), err);
    if (st == MW_OK) fj->root = roots->path[0];
    fj->n_workers = mw_run_threads(&o->run);
    fj->poly = mw_calloc((size_t)fj->n_workers, sizeof(mw_poly *));
    if (st == MW_OK && !fj->poly) st = mw_fail_nomem(err);
    for (int i = 0; st == MW_OK && i < fj->n_workers; i++) {
        fj->poly[i] = mw_poly_create();
        if (!fj->poly[i]) st = mw_fail_nomem(err);
    }
    return st;
}

mw_status mw_features_audio(const mw_features_audio_options *o, const mw_run_hooks *hooks,
                            mw_summary *summary, mw_error *err)
{
    features_job fj = { .o = o };
    mw_job job = { .work = work_on_clip, .user = &fj };
    mw_roots roots = { 0 };
    mw_walk walk = { 0 };
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = set_up(&fj, &roots, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_roots_open(&roots, err);
    if (st == MW_OK)
        st = mw_job_setup(&job, &walk, &o->run, MW_WALK_SOUND | MW_WALK_VIDEO | MW_WALK_OUTPUTS,
                          &roots, hooks, summary, err);
    if (st == MW_OK) st = mw_job_run(&job, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_job_finish(&job, &o->run, &roots, err);
    for (int i = 0; fj.poly && i < fj.n_workers; i++)
        mw_poly_destroy(&fj.poly[i]);
    mw_free(fj.poly);
    mw_job_clear(&job);
    mw_walk_clear(&walk);
    mw_roots_close(&roots);
    return st;
}
