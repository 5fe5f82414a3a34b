/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames -> rows -> the fixed number of rows -> files, of one clip.
 */
#include "run/features_visual_clip.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"

/* Names of columns go into the sidecar up to this many: those of clip and hog are mere numbers, and
 * there is a sidecar for every clip. */
#define LISTED_COLUMNS 100

mw_status mw_visual_features_prepare(mw_visual_features *w, mw_error *err)
{
    char both[2 * 65 + 1];
    mw_status st;

    if (!*w->o->faces_dir || w->o->embed == MW_EMBED_FRAMES) return MW_OK;
    /* times of the rows come from the clip, so the rate of a landmark pickle does not matter */
    st = mw_face_track_read(&w->given, &w->given_rel, w->given_sha256, w->o->faces_dir,
                            w->clip->stem, 30, err);
    if (st != MW_OK) return st;
    snprintf(both, sizeof both, "%s %s", w->config_sha256, w->given_sha256);
    mw_sha256_hex(w->config_sha256, both, strlen(both));
    return MW_OK;
}

/* What the container says, for the sidecar and the faces' distances. */
static mw_status probe(mw_visual_features *w, mw_error *err)
{
    mw_video_reader *r = NULL;
    mw_status st = mw_video_reader_open(&r, w->clip->path, err);

    if (st == MW_OK) w->info = *mw_video_reader_info(r);
    mw_video_reader_close(&r);
    return st;
}

/* Faces of all frames into w->given, where rows need them beforehand. */
static mw_status look_ahead(mw_visual_features *w, mw_error *err)
{
    const double aspect = (double)w->info.width / w->info.height;
    mw_face_options face = w->o->face;

    face.policy = (int)mw_visual_feature_policy(w->o);
    if (w->given_rel) return mw_face_finish(&w->given, &face, aspect, err);
    if (!w->detector || !mw_visual_feature_looks_ahead(w->o)) return MW_OK;
    return mw_face_pass(&w->given, w->clip->path, w->detector, &face, w->job, err);
}

static mw_status make_rows(mw_visual_features *w, mw_error *err)
{
    mw_status st = mw_visual_pass_file(
        w->pass, w->clip->path, w->given.n_frames || w->given_rel ? &w->given : NULL, w->job, err);

    /* an error leaves rows behind that the next clip must not find */
    if (st != MW_OK) {
        mw_matrix rest;

        if (mw_visual_pass_finish(w->pass, &rest, NULL, NULL) == MW_OK) mw_matrix_clear(&rest);
        return st;
    }
    return mw_visual_pass_finish(w->pass, &w->m, NULL, err);
}

/* All rows as they are. */
static void keep_rows(mw_visual_features *w)
{
    for (size_t i = 0; i < w->m.rows; i++)
        w->source[i] = (double)i;
    w->rule = MW_ALIGN_COPY;
}

static mw_status fix_length(mw_visual_features *w, mw_error *err)
{
    mw_matrix kept = w->m;
    double *frame = mw_calloc(kept.rows, sizeof *frame);
    mw_status st;

    w->m = (mw_matrix){ NULL };
    if (frame) {
        mw_align_compact(&kept, frame);
        st = mw_align_faces(&w->m, w->source, &w->rule, &kept, frame, (size_t)w->o->length,
                            (size_t)w->o->pad_below, w->poly, err);
    } else {
        st = mw_fail_nomem(err);
    }
    mw_matrix_clear(&kept);
    mw_free(frame);
    return st;
}

mw_status mw_visual_features_make(mw_visual_features *w, mw_error *err)
{
    mw_status st = probe(w, err);

    if (st == MW_OK) st = look_ahead(w, err);
    if (st == MW_OK) st = make_rows(w, err);
    if (st != MW_OK) return st;
    w->n_frames = w->m.rows;
    w->end_s = w->m.t[w->m.rows - 1];
    for (size_t i = 0; i < w->m.rows; i++)
        w->n_faces += w->m.valid[i];
    w->source = mw_calloc(w->o->native ? w->m.rows : (size_t)w->o->length, sizeof *w->source);
    if (!w->source) return mw_fail_nomem(err);
    if (!w->o->native) return fix_length(w, err);
    keep_rows(w);
    return MW_OK;
}

/* ---- files ---- */

static void put_columns(mw_json *j, const mw_visual_features *w)
{
    const char *const *names = mw_encoder_column_names(w->encoder);

    mw_json_key(j, "columns");
    mw_json_open(j, '[');
    for (size_t c = 0; c < mw_encoder_columns(w->encoder); c++)
        mw_json_text(j, names[c]);
    mw_json_close(j, ']');
}

/* The sidecar's own part: what made the rows, from how many frames, how the length was fixed. */
static void describe_features(mw_json *j, const void *user)
{
    const mw_visual_features *w = user;
    const int clip = w->o->encoder == MW_ENCODER_CLIP;

    mw_json_key(j, "features");
    mw_json_open(j, '{');
    mw_json_put_i64(j, "version", MW_FEATURES_VISUAL_VERSION);
    mw_json_put_text(j, "encoder", mw_encoder_name((mw_encoder_kind)w->o->encoder));
    mw_json_put_text(j, "weights_sha256", w->weights_sha256);
    mw_json_put_text(j, "precision", mw_visual_precisions[clip ? w->o->precision : MW_VIT_F32]);
    mw_json_put_text(j, "detector_sha256",
                     w->detector ? mw_face_model_info[w->o->face.model].sha256 : NULL);
    mw_json_put_text(j, "faces", w->given_rel); /* null: detected here, or whole frames */
    mw_json_put_text(j, "faces_sha256", w->given_rel ? w->given_sha256 : NULL);
    mw_json_put_i64(j, "rows", (int64_t)w->m.rows);
    mw_json_put_i64(j, "frames", (int64_t)w->n_frames);
    mw_json_put_i64(j, "frames_with_face",
                    w->o->embed == MW_EMBED_FRAMES ? 0 : (int64_t)w->n_faces);
    mw_json_put_text(j, "length_rule", mw_align_rule_name[w->rule]);
    mw_json_put_i64(j, "n_columns", (int64_t)mw_encoder_columns(w->encoder));
    if (mw_encoder_columns(w->encoder) <= LISTED_COLUMNS) put_columns(j, w);
    mw_json_close(j, '}');
}

static mw_status write_sidecar(mw_visual_features *w, const mw_media *output, mw_error *err)
{
    /* a group only reads its values here */
    const mw_opt_group group = { mw_visual_feature_table, (void *)(uintptr_t)w->o };
    mw_media source = { .path = w->clip->rel,
                        .bytes = w->source_bytes,
                        .width = w->info.width,
                        .height = w->info.height,
                        .fps_num = w->info.fps_num > 0 ? w->info.fps_num : 1,
                        .fps_den = w->info.fps_num > 0 ? w->info.fps_den : 1,
                        .frames = (int64_t)w->n_frames };
    mw_sidecar s = { .id = w->clip->id,
                     .compat = w->preset,
                     .seed = w->run->seed,
                     .key = mw_clip_key_make(w->run->seed, w->clip->id),
                     .command = MW_FEATURES_VISUAL,
                     .job_options = &group,
                     .n_job_options = 1,
                     .source_video = &source,
                     .end_s = w->end_s,
                     .clock_video = &source,
                     .features = output,
                     .n_features = 1,
                     .describe = describe_features,
                     .describe_user = w };

    memcpy(source.sha256, w->source_sha256, sizeof source.sha256);
    memcpy(source.codec, w->info.codec, sizeof source.codec);
    memcpy(s.config_sha256, w->config_sha256, sizeof s.config_sha256);
    return mw_features_store_sidecar(w->sidecar, &s, err);
}

mw_status mw_visual_features_write(mw_visual_features *w, mw_error *err)
{
    static const char *const truth[] = { "v_type",       "v_cov_face", "v_cov_frame", "v_noise_var",
                                         "v_blur_sigma", "v_rel",      "types",       NULL };
    const mw_features_out out = { .format = w->o->format,
                                  .m = &w->m,
                                  .source = w->source,
                                  .source_key = "v_src",
                                  .clip_path = w->clip->path,
                                  .truth = truth,
                                  .truth_at = w->source };
    mw_media output = { .path = w->rel };
    mw_status st = mw_features_store(&out, w->path, w->sidecar, &output, err);

    return st == MW_OK ? write_sidecar(w, &output, err) : st;
}

void mw_visual_features_clear(mw_visual_features *w)
{
    mw_track_clear(&w->given);
    mw_matrix_clear(&w->m);
    mw_free(w->given_rel);
    mw_free(w->source);
    mw_free(w->rel);
    mw_free(w->path);
    mw_free(w->sidecar);
}
