/* SPDX-License-Identifier: Apache-2.0
 *
 * faces: a face track per video.
 */
#include "merwild/faces.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "data/pickle.h"
#include "run/face_pass.h"
#include "run/setup.h"
#include "run/sidecar.h"

#define COMMAND "faces"

/* Raised whenever boxes change for equal options. */
#define FACES_VERSION 1

enum { FORMAT_CSV, FORMAT_PKL };

static const char *const format_names[] = { "csv", "pkl", NULL };

typedef struct track_options {
    int format;
} track_options;

/* clang-format off */
static const mw_opt track_options_table[] = {
    { "format", MW_OPT_ENUM, offsetof(track_options, format), "csv", .choices = format_names, .reference = "pkl",
      .help = "csv (scores, key points, validity, facts), or pkl (boxes alone, as the reference's landmark files)" },
    { 0 },
};
/* clang-format on */

struct mw_faces_options {
    mw_run_options run;
    mw_face_options face;
    track_options track;
    int preset;
};

size_t mw_faces_options_groups(mw_faces_options *o, mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ mw_face_options_table, &o->face };
    groups[2] = (mw_opt_group){ track_options_table, &o->track };
    return 3;
}

MW_JOB_OPTIONS(faces, o->preset = preset)

typedef struct faces_job {
    const mw_faces_options *o;
    mw_face_pool pool;
    const char *root;
    char config_sha256[65];
} faces_job;

typedef struct clip_work {
    const faces_job *fj;
    const mw_clip *clip;
    char source_sha256[65];
    int64_t source_bytes;
    mw_track track;
    char *rel, *path, *sidecar;
} clip_work;

static void describe_track(mw_json *j, const void *user)
{
    const clip_work *w = user;
    int64_t n_state[3] = { 0 }, n_without = 0, n_several = 0;

    for (size_t i = 0; i < w->track.n_frames; i++) {
        size_t n;
        const mw_face *faces = mw_track_faces(&w->track, i, &n);

        n_without += n == 0;
        n_several += n > 1;
        if (n) n_state[faces[0].state]++;
    }
    mw_json_key(j, "faces");
    mw_json_open(j, '{');
    mw_json_put_i64(j, "version", FACES_VERSION);
    mw_json_put_text(j, "detector_sha256", mw_face_model_info[w->fj->o->face.model].sha256);
    mw_json_put_i64(j, "frames", (int64_t)w->track.n_frames);
    mw_json_put_i64(j, "frames_found", n_state[MW_FACE_FOUND]);
    mw_json_put_i64(j, "frames_interpolated", n_state[MW_FACE_INTERPOLATED]);
    mw_json_put_i64(j, "frames_held", n_state[MW_FACE_HELD]);
    mw_json_put_i64(j, "frames_without_face", n_without);
    mw_json_put_i64(j, "frames_with_several", n_several);
    mw_json_close(j, '}');
}

static mw_status write_sidecar(clip_work *w, const mw_media *output, mw_error *err)
{
    mw_faces_options *o = (mw_faces_options *)(uintptr_t)w->fj->o;
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_faces_options_groups(o, groups);
    mw_media source = { .path = w->clip->rel, .bytes = w->source_bytes };
    mw_sidecar s = { .id = w->clip->id,
                     .compat = o->preset,
                     .seed = o->run.seed,
                     .key = mw_clip_key_make(o->run.seed, w->clip->id),
                     .command = COMMAND,
                     .job_options = groups + 1,
                     .n_job_options = n - 1,
                     .source_video = &source,
                     .end_s = w->track.frame[w->track.n_frames - 1].time_s,
                     .features = output,
                     .n_features = 1,
                     .describe = describe_track,
                     .describe_user = w };
    mw_str text = { 0 };
    mw_status st;

    memcpy(source.sha256, w->source_sha256, sizeof source.sha256);
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

    mw_track_note(&w->track, "source_sha256", w->source_sha256);
    if (st == MW_OK)
        st = w->fj->o->track.format == FORMAT_PKL ? mw_pickle_from_track(&w->track, &bytes, err)
                                                  : mw_track_to_csv(&w->track, &bytes, err);
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

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *r)
{
    const faces_job *fj = user;
    clip_work w = { .fj = fj, .clip = clip };
    mw_status st = mw_sha256_file(w.source_sha256, &w.source_bytes, clip->path, &r->error);

    w.rel = mw_format("%s.%s", clip->stem, format_names[fj->o->track.format]);
    w.path = w.rel ? mw_path_join(fj->root, w.rel) : NULL;
    w.sidecar = mw_format("%s/%s" MW_SIDECAR_SUFFIX, fj->root, clip->stem);
    if (st == MW_OK && (!w.path || !w.sidecar)) st = mw_fail_nomem(&r->error);
    r->outcome = MW_SKIPPED;
    if (st == MW_OK && (fj->o->run.overwrite || fj->o->run.dry_run ||
                        !mw_sidecar_is_current(w.sidecar, fj->root, fj->config_sha256,
                                               w.source_sha256, NULL, NULL))) {
        r->outcome = MW_DONE;
        st = mw_face_pass(&w.track, clip->path, fj->pool.detectors[worker], &fj->o->face, job,
                          &r->error);
        if (st == MW_OK) r->media_s = w.track.frame[w.track.n_frames - 1].time_s;
        if (st == MW_OK && !fj->o->run.dry_run) st = write_outputs(&w, &r->error);
        r->n_outputs = st == MW_OK && !fj->o->run.dry_run;
    }
    if (st != MW_OK) r->outcome = MW_FAILED;
    mw_track_clear(&w.track);
    mw_free(w.rel);
    mw_free(w.path);
    mw_free(w.sidecar);
}

static mw_status set_up(faces_job *fj, mw_roots *roots, mw_error *err)
{
    mw_faces_options *o = (mw_faces_options *)(uintptr_t)fj->o;
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_faces_options_groups(o, groups);
    char extra[128];
    mw_status st;

    if (!*o->run.in)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'in': an input file or folder is needed");
    if (!*o->run.out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    st = mw_face_pool_open(&fj->pool, &o->face, mw_run_threads(&o->run), err);
    if (st != MW_OK) return st;
    snprintf(extra, sizeof extra, "faces %d %s", FACES_VERSION,
             mw_face_model_info[o->face.model].sha256);
    st = mw_config_sha256(fj->config_sha256, COMMAND, groups + 1, n - 1, 0, NULL, NULL, 0, extra,
                          err);
    if (st == MW_OK) st = mw_roots_add(roots, mw_strdup(o->run.out), err);
    if (st == MW_OK) fj->root = roots->path[0];
    return st;
}

mw_status mw_faces(const mw_faces_options *o, const mw_run_hooks *hooks, mw_summary *summary,
                   mw_error *err)
{
    faces_job fj = { .o = o };
    mw_job job = { .work = work_on_clip, .user = &fj };
    mw_roots roots = { 0 };
    mw_walk walk = { 0 };
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = set_up(&fj, &roots, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_roots_open(&roots, err);
    if (st == MW_OK)
        st = mw_job_setup(&job, &walk, &o->run, MW_WALK_VIDEO | MW_WALK_OUTPUTS, &roots, hooks,
                          summary, err);
    if (st == MW_OK) st = mw_job_run(&job, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_job_finish(&job, &o->run, &roots, err);
    mw_face_pool_close(&fj.pool);
    mw_job_clear(&job);
    mw_walk_clear(&walk);
    mw_roots_close(&roots);
    return st;
}
