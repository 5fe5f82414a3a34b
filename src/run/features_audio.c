/* SPDX-License-Identifier: Apache-2.0
 *
 * features audio: decode, describe every 10 ms, bring to a fixed number of rows, write. Options and
 * the job; features_clip.h does one clip.
 */
#include "merwild/features.h"

#include <stdio.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/features_clip.h"
#include "run/setup.h"
#include "run/sidecar.h"

static const char *const set_names[] = { "egemaps", "compare", "both", NULL }; /* MW_LLD_* less 1 */
static const char *const level_names[] = { "lld", "functionals", NULL };
static const char *const short_names[] = { "fail", "zeros", NULL };

struct mw_features_audio_options {
    mw_run_options run;
    mw_descriptor_options d;
    int preset;
};

#define O(field) offsetof(mw_descriptor_options, field)

/* clang-format off */
const mw_opt mw_descriptor_table[] = {
    { "sets", MW_OPT_ENUM, O(sets), "both", .choices = set_names, .help = "eGeMAPSv02 (25 columns), ComParE_2016 (65), or both (90)" },
    { "level", MW_OPT_ENUM, O(level), "lld", .choices = level_names,
      .help = "lld: a row every 10 ms; functionals: one row of the 88 eGeMAPSv02 summaries" },
    { "native", MW_OPT_BOOL, O(native), "no", .help = "keep the number of rows that the clip has" },
    { "length", MW_OPT_INT, O(length), "375", 1, 1e6, "rows", .help = "fixed number of rows (CMU-MOSI 375, CMU-MOSEI 500)" },
    { "resample-threshold", MW_OPT_INT, O(threshold), "700", 1, 1e6, "rows",
      .help = "longer clips keep their middle rows; all others are resampled" },
    { "format", MW_OPT_ENUM, O(format), "npy", .choices = mw_features_formats, .reference = "pkl",
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
    groups[1] = (mw_opt_group){ mw_descriptor_table, &o->d };
    return 2;
}

MW_JOB_OPTIONS(features_audio, o->preset = preset)

typedef struct features_job {
    const mw_features_audio_options *o;
    mw_poly **poly; /* per worker */
    int n_workers;
    const char *root;
    char config_sha256[65];
} features_job;

static mw_status work(mw_features_clip *w, mw_clip_result *r)
{
    const mw_run_options *run = w->run;
    const int write = !run->dry_run;
    mw_status st;

    r->outcome = MW_SKIPPED;
    if (write && !run->overwrite &&
        mw_sidecar_is_current(w->sidecar, w->root, w->config_sha256, w->source_sha256, NULL, NULL))
        return MW_OK;
    r->outcome = MW_DONE;
    st = mw_features_describe(w, write, &r->error);
    if (st == MW_OK && write) st = mw_features_write(w, &r->error);
    if (st != MW_OK) return st;
    r->n_outputs = (size_t)write;
    r->media_s = (double)w->about.n / w->about.rate_hz;
    return MW_OK;
}

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *r)
{
    const features_job *fj = user;
    mw_features_clip w = { .o = &fj->o->d,
                           .run = &fj->o->run,
                           .preset = fj->o->preset,
                           .config_sha256 = fj->config_sha256,
                           .root = fj->root,
                           .clip = clip,
                           .job = job,
                           .poly = fj->poly[worker] };
    mw_status st = mw_sha256_file(w.source_sha256, &w.source_bytes, clip->path, &r->error);

    w.rel = mw_format("%s.%s", clip->stem, mw_features_formats[fj->o->d.format]);
    w.path = w.rel ? mw_path_join(fj->root, w.rel) : NULL;
    w.sidecar = mw_format("%s/%s" MW_SIDECAR_SUFFIX, fj->root, clip->stem);
    if (st == MW_OK && (!w.path || !w.sidecar)) st = mw_fail_nomem(&r->error);
    if (st == MW_OK) st = work(&w, r);
    if (st != MW_OK) r->outcome = MW_FAILED;
    mw_features_clip_clear(&w);
}

/* ---- the job ---- */

static mw_status set_up(features_job *fj, mw_roots *roots, mw_error *err)
{
    mw_features_audio_options *o = (mw_features_audio_options *)(uintptr_t)fj->o;
    const mw_opt_group group = { mw_descriptor_table, &o->d };
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
    snprintf(version, sizeof version, "descriptors %d", MW_DESCRIPTOR_VERSION);
    st = mw_config_sha256(fj->config_sha256, MW_FEATURES_AUDIO, &group, 1, 0, NULL, NULL, 0,
                          version, err);
    if (st == MW_OK) st = mw_roots_add(roots, mw_strdup(o->run.out), err);
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
