/* SPDX-License-Identifier: Apache-2.0 */
#include "run/face_pass.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/pickle.h"
#include "img/yuv.h"
#include "media/video_reader.h"

static const char *const model_names[] = { "short", "full", "full-dense",
                                           NULL }; /* order of mw_face_model */
static const char *const policy_names[] = { "largest", "central", "longest-track", "first", "all",
                                            "single",  NULL }; /* order of mw_face_policy */

#define O(field) offsetof(mw_face_options, field)

/* clang-format off */
const mw_opt mw_face_options_table[] = {
    { "model", MW_OPT_ENUM, O(model), "full", .choices = model_names,
      .help = "MediaPipe's face detector: short (within 2 m), full (the reference's), full-dense" },
    { "threshold", MW_OPT_DOUBLE, O(threshold), "0", 0, 1, .help = "smallest score that counts; 0: the model's own" },
    { "face", MW_OPT_ENUM, O(policy), "largest", .choices = policy_names, .reference = "single", .aliases = "multi-face",
      .help = "which face of several is meant; single: frames with two or more count as without, as in the reference" },
    { "fill-limit", MW_OPT_INT, O(fill_limit), "15", -1, 1e9, "frames", .reference = "-1",
      .help = "longest gap between faces that is interpolated; -1: any, 0: none" },
    { "models", MW_OPT_TEXT, O(models), "", .help = "folder of the model files; otherwise $MERWILD_MODELS or the user's data folder",
      .flags = MW_OPT_RUNTIME },
    { 0 },
};
/* clang-format on */

mw_status mw_face_pool_open(mw_face_pool *p, const mw_face_options *o, int n, mw_error *err)
{
    mw_status st =
        mw_face_net_load(&p->net, (mw_face_model)o->model, *o->models ? o->models : NULL, err);

    if (st != MW_OK) return st;
    p->detectors = mw_calloc((size_t)n, sizeof(mw_face_detector *));
    if (!p->detectors) return mw_fail_nomem(err);
    p->n = n;
    for (int i = 0; st == MW_OK && i < n; i++)
        st = mw_face_detector_create(&p->detectors[i], p->net, o->threshold, err);
    return st;
}

void mw_face_pool_close(mw_face_pool *p)
{
    for (int i = 0; i < p->n; i++)
        mw_face_detector_destroy(&p->detectors[i]);
    mw_free(p->detectors);
    mw_face_net_destroy(&p->net);
    *p = (mw_face_pool){ NULL };
}

mw_status mw_face_track_read(mw_track *out, char **rel, char *sha256, const char *folder,
                             const char *stem, double fps, mw_error *err)
{
    static const char *const suffixes[] = { ".csv", ".pkl" };
    mw_status st = MW_OK;

    *out = (mw_track){ .n_frames = 0 };
    *rel = NULL;
    for (int i = 0; i < 2; i++) {
        char *name = mw_format("%s%s", stem, suffixes[i]);
        char *path = name ? mw_path_join(folder, name) : NULL;
        const int there = path && mw_file_size(path) >= 0;

        if (!path) st = mw_fail_nomem(err);
        if (there)
            st = i ? mw_pickle_read_track(out, path, fps, err) : mw_track_read(out, path, err);
        if (there && st == MW_OK) st = mw_sha256_file(sha256, NULL, path, err);
        mw_free(path);
        if (there && st == MW_OK) {
            *rel = name;
            return MW_OK;
        }
        mw_free(name);
        if (there) mw_track_clear(out);
        if (st != MW_OK) return st;
    }
    return mw_fail(err, MW_ERR_IO, "no_track", "no face track '%s.csv' or '.pkl' below '%s'", stem,
                   folder);
}

mw_status mw_face_finish(mw_track *t, const mw_face_options *o, double aspect, mw_error *err)
{
    mw_status st = mw_track_select(t, (mw_face_policy)o->policy, aspect, err);

    if (st == MW_OK && o->policy != MW_FACES_ALL && o->fill_limit)
        st = mw_track_fill(t, (long)o->fill_limit, NULL, err);
    return st;
}

static void note_facts(mw_track *t, const mw_face_detector *d, const mw_face_options *o)
{
    char text[MW_F64_TEXT];

    mw_track_note(t, "detector", mw_face_model_info[o->model].file);
    mw_track_note(t, "detector_sha256", mw_face_model_info[o->model].sha256);
    mw_f64_text(text, mw_face_detector_threshold(d));
    mw_track_note(t, "threshold", text);
}

static mw_status detect_all(mw_track *t, mw_video_reader *r, mw_face_detector *d, mw_job *stop,
                            mw_error *err)
{
    const mw_video_info *info = mw_video_reader_info(r);
    const double tick = (double)info->time_base_num / info->time_base_den;
    mw_frame rgb = { .memory = NULL };
    int64_t first_pts = 0;
    mw_status st = mw_frame_alloc(&rgb, MW_PIX_RGB24, info->width, info->height, err);

    while (st == MW_OK) {
        const mw_face *faces;
        mw_frame f;
        size_t n;
        int got;

        if (stop && mw_job_stopping(stop)) {
            st = mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
            break;
        }
        st = mw_video_reader_next(r, &f, &got, err);
        if (st != MW_OK || !got) break;
        if (!t->n_frames) first_pts = f.pts;
        st = mw_img_yuv420_to_rgb(&f, &rgb);
        if (st == MW_OK) st = mw_face_detect(d, &rgb, &faces, &n, err);
        if (st == MW_OK) st = mw_track_add(t, (double)(f.pts - first_pts) * tick, faces, n, err);
    }
    mw_frame_clear(&rgb);
    return st;
}

mw_status mw_face_pass(mw_track *out, const char *path, mw_face_detector *d,
                       const mw_face_options *o, mw_job *stop, mw_error *err)
{
    mw_video_reader *r = NULL;
    mw_status st = mw_video_reader_open(&r, path, err);
    double aspect;

    *out = (mw_track){ .n_frames = 0 };
    if (st != MW_OK) return st;
    aspect = (double)mw_video_reader_info(r)->width / mw_video_reader_info(r)->height;
    note_facts(out, d, o);
    st = detect_all(out, r, d, stop, err);
    mw_video_reader_close(&r);
    if (st == MW_OK && !out->n_frames)
        st = mw_fail(err, MW_ERR_FORMAT, "no_frames", "'%s' has no frame", path);
    if (st == MW_OK) st = mw_face_finish(out, o, aspect, err);
    if (st != MW_OK) mw_track_clear(out);
    return st;
}
