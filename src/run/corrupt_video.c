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

static const char *const mode_names[] = { "noise", "occlusion", "random", "both",
                                          NULL };                    /* MW_MODE_* */
static const char *const no_face_names[] = { "fail", "keep", NULL }; /* MW_NO_FACE_* */
static const char *const codec_names[] = { "h264", "ffv1", "mp4v",
                                           NULL };                   /* order of mw_video_codec */
static const char *const effort_names[] = { "fast", "small", NULL }; /* order of mw_video_effort */

#define O(field) offsetof(mw_picture_options, field)

/* clang-format off */
const mw_opt mw_picture_options_table[] = {
    { "mode", MW_OPT_ENUM, O(mode), "noise", .choices = mode_names, .reference = "random",
      .help = "noise: Gaussian noise or blur, drawn per stretch; occlusion; random: one of the two, drawn per clip; both" },
    { "occlusion-img", MW_OPT_TEXT, O(image_dir), "", .help = "folder of occluder pictures, a folder per kind; empty: drawn shapes",
      .flags = MW_OPT_RUNTIME },
    { "occlusion-mask", MW_OPT_TEXT, O(mask_dir), "", .help = "folder of their masks", .flags = MW_OPT_RUNTIME },
    { "faces", MW_OPT_TEXT, O(faces_dir), "", .aliases = "MOSI-landmark-dir", .flags = MW_OPT_RUNTIME,
      .help = "folder of face tracks (merwild faces, or landmark pickles of the reference); empty: detect" },
    { "if-no-face", MW_OPT_ENUM, O(no_face), "fail", .choices = no_face_names, .reference = "keep",
      .help = "a clip to be occluded that shows no face: fail it, or keep it as it is and say so in the sidecar" },
    { "schedule", MW_OPT_TEXT, O(schedule), "segment",
      .help = "damaged frames: segment (one stretch), segments:K (one in each of K parts), interval (single frames)" },
    { "noise-percent", MW_OPT_DOUBLE, O(fraction), "0.1", 0, 1, .aliases = "fraction",
      .help = "share of the frames that is damaged (a fraction, in spite of its name)" },
    { "reference-step", MW_OPT_BOOL, O(reference_step), "no", .reference = "yes",
      .help = "interval schedule: every int(1 / fraction)-th frame, as the reference does" },
    { "weight-gaussian", MW_OPT_DOUBLE, O(weight_noise), "1", 0, 1e6, .help = "weight of Gaussian noise" },
    { "weight-blur", MW_OPT_DOUBLE, O(weight_blur), "1", 0, 1e6, .help = "weight of blur" },
    { "codec", MW_OPT_ENUM, O(codec), "h264", .choices = codec_names, .reference = "mp4v",
      .help = "h264 (constant quantiser), ffv1 (lossless) or mp4v (MPEG-4 part 2 as the reference writes)" },
    { "effort", MW_OPT_ENUM, O(effort), "fast", .choices = effort_names, .help = "h264: fast, or a third smaller" },
    { "qp", MW_OPT_INT, O(qp), "18", 1, 40, .help = "h264: quantiser; 18 keeps untouched frames above 44 dB" },
    { "drop-audio", MW_OPT_BOOL, O(drop_audio), "no", .reference = "yes", .help = "leave the sound out" },
    { "fps", MW_OPT_DOUBLES, O(fps), "", 1, 1000, "frames/s", .reference = "30",
      .help = "constant frame rate to write; empty: keep all time stamps" },
    { 0 },
};
/* clang-format on */

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

void mw_corrupt_video_options_free(mw_corrupt_video_options **o)
{
    mw_opt_group groups[MW_MAX_GROUPS];
    size_t n;

    if (!*o) return;
    n = mw_corrupt_video_options_groups(*o, groups);
    for (size_t i = 0; i < n; i++)
        mw_opt_clear(groups[i].table, groups[i].values);
    mw_free(*o);
    *o = NULL;
}

mw_corrupt_video_options *mw_corrupt_video_options_new(int preset, mw_error *err)
{
    mw_corrupt_video_options *o = mw_calloc(1, sizeof *o);
    mw_opt_group groups[MW_MAX_GROUPS];
    mw_status st = MW_OK;
    size_t n;

    if (!o) {
        mw_fail_nomem(err);
        return NULL;
    }
    o->preset = preset;
    n = mw_corrupt_video_options_groups(o, groups);
    for (size_t i = 0; st == MW_OK && i < n; i++)
        st = mw_opt_defaults(groups[i].table, groups[i].values, preset, err);
    if (st != MW_OK) mw_corrupt_video_options_free(&o);
    return o;
}

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

/* Count, plan, run. Some files decode to another number of frames than they hold packets: those are
 * planned and run again with the number found, so that the plan always refers to real frames. */
static mw_status run_clip(clip_work *w, mw_error *err)
{
    int64_t n_found, n;
    mw_status st = mw_video_count_frames(w->clip->path, &n, err);

    for (int again = 0; st == MW_OK && again < 2; again++) {
        mw_visual_plan_clear(&w->c);
        st = mw_visual_plan(&w->c, &w->vj->planner, &w->key, w->clip, w->worker, &n, w->job, err);
        if (st != MW_OK) break;
        st = mw_visual_clip_run(&w->c, w->clip->path, w->part, &w->vj->o->picture, n, &n_found,
                                w->job, err);
        if (st != MW_ERR_MISMATCH || again) break;
        n = n_found;
        st = MW_OK;
    }
    return st;
}

static mw_status write_track(clip_work *w, char sha256[65], mw_error *err)
{
    const mw_segments *lists[MW_MAX_VISUAL_STAGES];
    mw_npz z = { 0 };
    mw_status st;

    for (size_t i = 0; i < w->c.n_stages; i++)
        lists[i] = &w->c.stages[i].segments;
    st = mw_track_video(&z,
                        &(mw_track_video_in){ .segments = lists,
                                              .n_lists = w->c.n_stages,
                                              .times_s = w->c.times_s,
                                              .cov_face = w->c.cov_face,
                                              .cov_frame = w->c.cov_frame,
                                              .n_frames = w->c.n_frames,
                                              .faces = &w->c.faces,
                                              .width = w->c.info.width,
                                              .height = w->c.info.height },
                        err);
    if (st == MW_OK) {
        mw_sha256_hex(sha256, z.bytes.data, z.bytes.n);
        st = mw_file_store(w->track, z.bytes.data, z.bytes.n, err);
    }
    mw_npz_clear(&z);
    return st;
}

static mw_media media_of(const clip_work *w, const char *path, const char *codec)
{
    mw_media m = { .path = path,
                   .width = w->c.info.width,
                   .height = w->c.info.height,
                   .fps_num = w->c.info.fps_num > 0 ? w->c.info.fps_num : 1,
                   .fps_den = w->c.info.fps_num > 0 ? w->c.info.fps_den : 1,
                   .frames = (int64_t)w->c.n_frames };

    snprintf(m.codec, sizeof m.codec, "%s", codec);
    return m;
}

/* Where the face boxes came from, and an occlusion that found no face. */
static void describe_faces(mw_json *j, const void *user)
{
    const mw_visual_clip *c = &((const clip_work *)user)->c;

    if (c->faces.n_frames) {
        mw_json_key(j, "faces");
        mw_json_open(j, '{');
        mw_json_put_text(j, "path", c->faces_asset.path); /* null: detected here */
        mw_json_put_text(j, "sha256", c->faces_asset.path ? c->faces_asset.sha256 : NULL);
        mw_json_put_text(
            j, "detector_sha256",
            c->faces_asset.path
                ? NULL
                : mw_face_model_info[((const clip_work *)user)->vj->o->face.model].sha256);
        mw_json_close(j, '}');
    }
    mw_json_key(j, "not_applied");
    mw_json_open(j, '[');
    if (c->no_face) {
        mw_json_open(j, '{');
        mw_json_put_text(j, "name", mw_op_visual_occlusion.info.name);
        mw_json_put_text(j, "reason", "no_face");
        mw_json_close(j, '}');
    }
    mw_json_close(j, ']');
}

static mw_status write_sidecar(clip_work *w, const mw_media *output, const char *track_sha256,
                               mw_error *err)
{
    mw_corrupt_video_options *o = (mw_corrupt_video_options *)(uintptr_t)w->vj->o;
    const mw_opt_group groups[2] = { { mw_picture_options_table, &o->picture },
                                     { mw_face_options_table, &o->face } };
    mw_media source = media_of(w, w->clip->rel, w->c.info.codec);
    mw_stage stages[MW_MAX_VISUAL_STAGES];
    mw_sidecar s = { .id = w->clip->id,
                     .compat = o->preset,
                     .seed = o->run.seed,
                     .key = w->key,
                     .command = COMMAND,
                     .job_options = groups,
                     .n_job_options = 2,
                     .describe = describe_faces,
                     .describe_user = w,
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

    for (size_t i = 0; i < w->c.n_stages; i++) {
        const mw_visual_stage *v = &w->c.stages[i];

        stages[i] = (mw_stage){ .op = v->op,
                                .options = v->options,
                                .decision = v->decision,
                                .result = &v->result,
                                .assets = v->assets,
                                .n_assets = v->n_assets,
                                .segments = &v->segments };
    }
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
    if (st == MW_OK) st = run_clip(w, err);
    if (st != MW_OK) return st;
    unlink(w->sidecar); /* an old sidecar must not describe new files, should the run end here */
    output = media_of(w, w->video_rel, codec_names[w->vj->o->picture.codec]);
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
    mw_str pretty = { 0 }, line = { 0 };
    mw_json j = mw_json_begin(&pretty);
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
        mw_json_put_text(&j, "name", w->c.stages[i].op->info.name);
        mw_json_key(&j, "drawn");
        mw_json_struct(&j, w->c.stages[i].op->info.drawn, w->c.stages[i].decision, 0);
        mw_json_close(&j, '}');
    }
    mw_json_close(&j, ']');
    mw_json_close(&j, '}');
    mw_json_compact(&line, pretty.data ? pretty.data : "", pretty.n);
    line.failed |= pretty.failed;
    st = mw_str_ok(&line, err);
    if (st == MW_OK) mw_job_tell(w->job, MW_EVENT_DRAWN, w->clip->id, line.data);
    mw_str_clear(&pretty);
    mw_str_clear(&line);
    return st;
}

/* An mw_asset_check: an occluder or face track that was exchanged makes the outputs that used it
 * stale. */
static int asset_is_same(void *user, const char *path, const char *sha256)
{
    const mw_picture_options *o = &((const clip_work *)user)->vj->o->picture;
    const char *const folders[] = { o->image_dir, o->mask_dir, o->faces_dir };
    int same = 0;

    for (size_t i = 0; i < sizeof folders / sizeof *folders && !same; i++) {
        char *file = *folders[i] ? mw_path_join(folders[i], path) : NULL;
        char found[65];

        same = file && mw_sha256_file(found, NULL, file, NULL) == MW_OK && !strcmp(found, sha256);
        mw_free(file);
    }
    return same;
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
