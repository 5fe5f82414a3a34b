/* SPDX-License-Identifier: Apache-2.0
 *
 * corrupt video: plan the damaged stretches from the number of frames, then run the clip once.
 */
#include "run/corrupt_video.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "media/video_demux.h"
#include "media/video_writer.h"
#include "run/setup.h"
#include "run/track.h"

#define COMMAND "corrupt video"

/* Operations that a clip may meet; their options are part of the fingerprint. */
enum { OP_NOISE, OP_BLUR, OP_OCCLUSION, N_OPS };

size_t mw_corrupt_video_options_groups(mw_corrupt_video_options *o,
                                       mw_opt_group groups[MW_MAX_GROUPS])
{
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->run };
    groups[1] = (mw_opt_group){ mw_picture_options_table, &o->picture };
    groups[2] = (mw_opt_group){ mw_face_options_table, &o->face };
    groups[3] = (mw_opt_group){ mw_noise_options_table, &o->noise };
    groups[4] = (mw_opt_group){ mw_blur_options_table, &o->blur };
    groups[5] = (mw_opt_group){ mw_occlusion_options_table, &o->occlusion };
    return 6;
}

MW_JOB_OPTIONS(corrupt_video, o->preset = preset)

typedef struct video_job {
    const mw_corrupt_video_options *o;
    mw_visual_planner planner;
    const char *root;
    char config_sha256[65];
} video_job;

/* ---- one clip ---- */

typedef struct clip_work {
    const video_job *vj;
    mw_job *job;
    const mw_clip *clip;
    int worker;
    mw_clip_key key;
    char source_sha256[65];
    int64_t source_bytes;
    mw_visual_clip c;
    char *video_rel, *track_rel, *video, *part, *track, *sidecar;
} clip_work;

static mw_status name_outputs(clip_work *w, mw_error *err)
{
    const char *root = w->vj->root;

    w->video = mw_path_join(root, w->video_rel);
    w->part = w->video ? mw_part_path(w->video) : NULL;
    w->track_rel = mw_format("%s" MW_TRACK_SUFFIX, w->clip->stem);
    w->track = w->track_rel ? mw_path_join(root, w->track_rel) : NULL;
    return w->part && w->track ? MW_OK : mw_fail_nomem(err);
}

static void clear_work(clip_work *w)
{
    char *const texts[] = { w->video_rel, w->track_rel, w->video, w->part, w->track, w->sidecar };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mw_free(texts[i]);
    mw_visual_clip_clear(&w->c);
}

static mw_status write_track(clip_work *w, char sha256[65], mw_error *err)
{
    const mw_segments *lists[MW_MAX_VISUAL_STAGES];
    const mw_track_video_in in = mw_visual_track(&w->c, lists);
    mw_npz z = { 0 };
    mw_status st = mw_track_make(&z, NULL, &in, err);

    if (st == MW_OK) {
        mw_sha256_hex(sha256, z.bytes.data, z.bytes.n);
        st = mw_file_store(w->track, z.bytes.data, z.bytes.n, err);
    }
    mw_npz_clear(&z);
    return st;
}

static mw_status write_sidecar(clip_work *w, const mw_media *output, const char *track_sha256,
                               mw_error *err)
{
    mw_corrupt_video_options *o = (mw_corrupt_video_options *)(uintptr_t)w->vj->o;
    const mw_opt_group groups[2] = { { mw_picture_options_table, &o->picture },
                                     { mw_face_options_table, &o->face } };
    mw_media source = mw_visual_media(&w->c, w->clip->rel, w->c.info.codec);
    mw_stage stages[MW_MAX_VISUAL_STAGES];
    mw_sidecar s = { .id = w->clip->id,
                     .compat = o->preset,
                     .seed = o->run.seed,
                     .key = w->key,
                     .command = COMMAND,
                     .job_options = groups,
                     .n_job_options = 2,
                     .describe = mw_visual_describe,
                     .describe_user = &w->c,
                     .source_video = &source,
                     .output_video = output,
                     .end_s = w->c.times_s[w->c.n_frames],
                     .clock_video = output,
                     .frame_times_s = w->c.times_s,
                     .stages = stages,
                     .n_stages = w->c.n_stages,
                     .track_path = w->track_rel };
    mw_str text = { 0 };
    mw_status st;

    mw_visual_stages(&w->c, stages);
    source.bytes = w->source_bytes;
    memcpy(source.sha256, w->source_sha256, sizeof source.sha256);
    memcpy(s.config_sha256, w->vj->config_sha256, sizeof s.config_sha256);
    memcpy(s.track_sha256, track_sha256, sizeof s.track_sha256);
    mw_sidecar_write(&text, &s);
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_file_store(w->sidecar, text.data, text.n, err);
    mw_str_clear(&text);
    return st;
}

static mw_status make_outputs(clip_work *w, mw_error *err)
{
    char track_sha256[65];
    mw_media output;
    mw_status st = mw_visual_probe(&w->c.info, &w->video_rel, w->clip->path, w->clip->stem,
                                   &w->vj->o->picture, err);

    if (st == MW_OK) st = name_outputs(w, err);
    if (st == MW_OK) st = mw_make_parents(w->video, err);
    if (st == MW_OK)
        st = mw_visual_make(&w->c, &w->vj->planner, &w->key, w->clip, w->worker, w->part,
                            &w->vj->o->picture, w->job, err);
    if (st != MW_OK) return st;
    unlink(w->sidecar); /* an old sidecar must not describe new files, should the run end here */
    output = mw_visual_media(&w->c, w->video_rel, mw_picture_codec(&w->vj->o->picture));
    st = mw_sha256_file(output.sha256, &output.bytes, w->part, err);
    if (st != MW_OK)
        unlink(w->part);
    else
        st = mw_part_commit(w->part, w->video, err);
    if (st == MW_OK) st = write_track(w, track_sha256, err);
    if (st == MW_OK) st = write_sidecar(w, &output, track_sha256, err);
    if (st != MW_OK) {
        unlink(w->video);
        unlink(w->track);
    }
    return st;
}

static mw_status tell_drawn(clip_work *w, mw_error *err)
{
    mw_str json = { 0 };
    mw_json j = mw_json_begin(&json);
    int64_t n;
    mw_status st = mw_video_count_frames(w->clip->path, &n, err);

    if (st == MW_OK)
        st = mw_visual_probe(&w->c.info, &w->video_rel, w->clip->path, w->clip->stem,
                             &w->vj->o->picture, err);
    if (st == MW_OK)
        st = mw_visual_plan(&w->c, &w->vj->planner, &w->key, w->clip, w->worker, &n, w->job, err);
    if (st != MW_OK) return st;
    mw_json_open(&j, '{');
    mw_json_put_text(&j, "id", w->clip->id);
    mw_json_put_i64(&j, "frames", n);
    mw_json_key(&j, "stages");
    mw_json_open(&j, '[');
    for (size_t i = 0; i < w->c.n_stages; i++) {
        mw_json_open(&j, '{');
        mw_put_drawn(&j, w->c.stages[i].op, w->c.stages[i].decision);
        mw_json_close(&j, '}');
    }
    mw_json_close(&j, ']');
    mw_json_close(&j, '}');
    return mw_job_tell_drawn(w->job, w->clip->id, &json, err);
}

/* An mw_asset_check: an occluder or face track that was exchanged makes the outputs that used it
 * stale. */
static int asset_is_same(void *user, const char *path, const char *sha256)
{
    return mw_visual_asset_is_same(&((const clip_work *)user)->vj->o->picture, path, sha256);
}

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *r)
{
    const video_job *vj = user;
    clip_work w = { .vj = vj,
                    .job = job,
                    .clip = clip,
                    .worker = worker,
                    .key = mw_clip_key_make(vj->o->run.seed, clip->id) };
    mw_status st = mw_sha256_file(w.source_sha256, &w.source_bytes, clip->path, &r->error);

    r->outcome = MW_SKIPPED;
    w.sidecar = mw_format("%s/%s" MW_SIDECAR_SUFFIX, vj->root, clip->stem);
    if (st == MW_OK && !w.sidecar) st = mw_fail_nomem(&r->error);
    if (st == MW_OK && vj->o->run.dry_run) {
        r->outcome = MW_DONE;
        st = tell_drawn(&w, &r->error);
    } else if (st == MW_OK && (vj->o->run.overwrite ||
                               !mw_sidecar_is_current(w.sidecar, vj->root, vj->config_sha256,
                                                      w.source_sha256, asset_is_same, &w))) {
        r->outcome = MW_DONE;
        st = make_outputs(&w, &r->error);
        r->n_outputs = st == MW_OK;
        if (st == MW_OK) r->media_s = w.c.times_s[w.c.n_frames];
    }
    if (st != MW_OK) r->outcome = MW_FAILED;
    clear_work(&w);
}

/* ---- the job ---- */

static mw_status set_up(video_job *vj, mw_roots *roots, mw_error *err)
{
    mw_corrupt_video_options *o = (mw_corrupt_video_options *)(uintptr_t)vj->o;
    const mw_opt_group groups[2] = { { mw_picture_options_table, &o->picture },
                                     { mw_face_options_table, &o->face } };
    const mw_op *const ops[N_OPS] = { &mw_op_visual_noise, &mw_op_visual_blur,
                                      &mw_op_visual_occlusion };
    const void *const op_options[N_OPS] = { &o->noise, &o->blur, &o->occlusion };
    mw_status st;

    if (!*o->run.in)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'in': an input file or folder is needed");
    if (!*o->run.out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    st = mw_visual_planner_open(&vj->planner, o, mw_run_threads(&o->run), err);
    if (st != MW_OK) return st;
    st =
        mw_config_sha256(vj->config_sha256, COMMAND, groups, 2, o->run.seed, ops, op_options, N_OPS,
                         vj->planner.occluders ? vj->planner.occluders->listing_sha256 : "", err);
    if (st == MW_OK) st = mw_roots_add(roots, mw_strdup(o->run.out), err);
    if (st == MW_OK) vj->root = roots->path[0];
    return st;
}

static void tell_rejects(mw_job *job, const mw_occluder_bank *bank)
{
    for (size_t i = 0; bank && i < bank->n_rejects; i++)
        mw_job_tell(job, MW_EVENT_NOTE, NULL, bank->rejects[i].error.message);
}

mw_status mw_corrupt_video(const mw_corrupt_video_options *o, const mw_run_hooks *hooks,
                           mw_summary *summary, mw_error *err)
{
    video_job vj = { .o = o };
    mw_job job = { .work = work_on_clip, .user = &vj };
    mw_roots roots = { 0 };
    mw_walk walk = { 0 };
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = set_up(&vj, &roots, err);
    if (st == MW_OK)
        st = mw_job_setup(&job, &walk, &o->run, MW_WALK_VIDEO, &roots, hooks, summary, err);
    if (st == MW_OK && !o->run.dry_run) st = mw_roots_open(&roots, err);
    if (st == MW_OK) {
        tell_rejects(&job, vj.planner.occluders);
        st = mw_job_run(&job, err);
    }
    if (st == MW_OK && !o->run.dry_run) st = mw_job_finish(&job, &o->run, &roots, err);
    mw_job_clear(&job);
    mw_walk_clear(&walk);
    mw_roots_close(&roots);
    mw_visual_planner_close(&vj.planner);
    return st;
}
