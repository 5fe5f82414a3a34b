/* SPDX-License-Identifier: Apache-2.0
 *
 * The picture of one clip as jobs use it: its options, made in one call, and what tracks and
 * sidecars say of it.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "media/video_demux.h"
#include "run/corrupt_video.h"

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
      .help = "damaged frames: segment (one stretch), segments:K (one in each of K parts, K in [2, 1000]), interval (single frames)" },
    { "noise-percent", MW_OPT_DOUBLE, O(fraction), "0.1", 0, 1, .aliases = "fraction",
      .help = "share of the frames that is damaged (a fraction, in spite of its name)" },
    { "reference-step", MW_OPT_BOOL, O(reference_step), "no", .reference = "yes",
      .help = "interval schedule: every int(1 / fraction)-th frame, as the reference does" },
    { "weight-gaussian", MW_OPT_DOUBLE, O(weight_noise), "1", 0, 1e6, .help = "weight of Gaussian noise" },
    { "weight-blur", MW_OPT_DOUBLE, O(weight_blur), "1", 0, 1e6, .help = "weight of blur" },
    { "codec", MW_OPT_ENUM, O(codec), "h264", .choices = codec_names, .reference = "mp4v",
      .help = "h264 (constant quantiser), ffv1 (lossless) or mp4v (MPEG-4 part 2 as the reference writes), of 8-bit 4:2:0 pictures" },
    { "effort", MW_OPT_ENUM, O(effort), "fast", .choices = effort_names, .help = "h264: fast, or a third smaller" },
    { "qp", MW_OPT_INT, O(qp), "16", 1, 40, .help = "h264: quantiser; 16 keeps untouched frames above 44 dB in Y, U, V, and without much grain above 42 dB in R, G, B" },
    { "drop-audio", MW_OPT_BOOL, O(drop_audio), "no", .reference = "yes", .help = "leave the sound out" },
    { "fps", MW_OPT_DOUBLES, O(fps), "", 1, 1000, "frames/s", .reference = "30",
      .help = "one constant frame rate to write; empty: keep all time stamps" },
    { 0 },
};
/* clang-format on */

const char *mw_picture_codec(const mw_picture_options *o)
{
    return codec_names[o->codec];
}

/* Count, plan, run. Some files decode to another number of frames than they hold packets: those are
 * planned and run again with the number found, so that the plan always refers to real frames. */
mw_status mw_visual_make(mw_visual_clip *c, const mw_visual_planner *p, const mw_clip_key *key,
                         const mw_clip *clip, int worker, const char *part,
                         const mw_picture_options *o, mw_job *job, mw_error *err)
{
    int64_t n_found, n;
    mw_status st = mw_video_count_frames(clip->path, &n, err);

    for (int again = 0; st == MW_OK && again < 2; again++) {
        mw_visual_plan_clear(c);
        st = mw_visual_plan(c, p, key, clip, worker, &n, job, err);
        if (st != MW_OK) break;
        st = mw_visual_clip_run(c, clip->path, part, o, n, &n_found, job, err);
        if (st != MW_ERR_MISMATCH || again) break;
        n = n_found;
        st = MW_OK;
    }
    return st;
}

mw_media mw_visual_media(const mw_visual_clip *c, const char *path, const char *codec)
{
    mw_media m = { .path = path,
                   .width = c->info.width,
                   .height = c->info.height,
                   .fps_num = c->info.fps_num > 0 ? c->info.fps_num : 1,
                   .fps_den = c->info.fps_num > 0 ? c->info.fps_den : 1,
                   .frames = (int64_t)c->n_frames };

    snprintf(m.codec, sizeof m.codec, "%s", codec);
    return m;
}

/* Where the face boxes came from, and an occlusion that found no face. */
void mw_visual_describe(mw_json *j, const void *user)
{
    const mw_visual_clip *c = user;

    if (c->faces.n_frames) {
        mw_json_key(j, "faces");
        mw_json_open(j, '{');
        mw_json_put_text(j, "path", c->faces_asset.path); /* null: detected here */
        mw_json_put_text(j, "sha256", c->faces_asset.path ? c->faces_asset.sha256 : NULL);
        mw_json_put_text(j, "detector_sha256", c->detector_sha256);
        mw_json_close(j, '}');
    }
    mw_json_key(j, "not_applied");
    mw_json_open(j, '[');
    if (c->no_face) mw_sidecar_not_applied(j, &mw_op_visual_occlusion, "no_face");
    for (size_t i = 0; i < 3 && c->too_short[i]; i++)
        mw_sidecar_not_applied(j, c->too_short[i], "no_stretch");
    if (c->no_span) mw_sidecar_not_applied(j, &mw_op_audio_additive, "no_span");
    mw_json_close(j, ']');
}

void mw_visual_stages(const mw_visual_clip *c, mw_stage *stages)
{
    for (size_t i = 0; i < c->n_stages; i++) {
        const mw_visual_stage *v = &c->stages[i];

        stages[i] = (mw_stage){ .op = v->op,
                                .options = v->options,
                                .decision = v->decision,
                                .result = &v->result,
                                .assets = v->assets,
                                .n_assets = v->n_assets,
                                .segments = &v->segments };
    }
}

mw_track_video_in mw_visual_track(const mw_visual_clip *c, const mw_segments **lists)
{
    for (size_t i = 0; i < c->n_stages; i++)
        lists[i] = &c->stages[i].segments;
    return (mw_track_video_in){ .segments = lists,
                                .n_lists = c->n_stages,
                                .times_s = c->times_s,
                                .cov_face = c->cov_face,
                                .cov_frame = c->cov_frame,
                                .n_frames = c->n_frames,
                                .faces = &c->faces,
                                .width = c->info.width,
                                .height = c->info.height };
}

int mw_visual_asset_is_same(const mw_picture_options *o, const char *path, const char *sha256)
{
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
