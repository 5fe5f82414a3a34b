/* SPDX-License-Identifier: Apache-2.0 */
#include "run/visual_pass.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "img/yuv.h"
#include "media/video_reader.h"

/* Rows there is room for at first: the encoder must let go of its rows each time room is made, so
 * the first step is a clip of usual length. */
#define FIRST_ROOM 512

struct mw_visual_pass {
    mw_visual_pass_config c;
    mw_matrix m; /* rows so far; room for cap */
    size_t cap;
    mw_track faces;
};

mw_status mw_visual_pass_create(mw_visual_pass **out, const mw_visual_pass_config *config,
                                mw_error *err)
{
    mw_visual_pass *p;

    *out = NULL;
    if (config->policy == MW_FACES_ALL || config->policy == MW_FACES_LONGEST_TRACK)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'face': '%s' is not decided frame by frame",
                       mw_face_policy_name[config->policy]);
    p = mw_calloc(1, sizeof *p);
    if (!p) return mw_fail_nomem(err);
    p->c = *config;
    *out = p;
    return MW_OK;
}

static void empty(mw_visual_pass *p)
{
    mw_matrix_clear(&p->m);
    mw_track_clear(&p->faces);
    p->cap = 0;
}

void mw_visual_pass_destroy(mw_visual_pass **p)
{
    if (!*p) return;
    empty(*p);
    mw_free(*p);
    *p = NULL;
}

/* Room for one more row. Rows move, so the encoder writes those that it owes first. */
static mw_status make_room(mw_visual_pass *p, mw_error *err)
{
    const size_t columns = mw_encoder_columns(p->c.encoder);
    const size_t want = p->cap ? 2 * p->cap : FIRST_ROOM;
    size_t x_cap = p->cap * columns, t_cap = p->cap, valid_cap = p->cap;
    mw_status st;

    if (p->m.rows < p->cap) return MW_OK;
    st = mw_encoder_flush(p->c.worker, err);
    if (st != MW_OK) return st;
    if (want > SIZE_MAX / sizeof *p->m.x / columns ||
        mw_grow(&p->m.x, &x_cap, want * columns, sizeof *p->m.x) ||
        mw_grow(&p->m.t, &t_cap, want, sizeof *p->m.t) ||
        mw_grow(&p->m.valid, &valid_cap, want, sizeof *p->m.valid))
        return mw_fail_nomem(err);
    p->m.columns = columns;
    p->cap = want;
    return MW_OK;
}

/* The face of this frame; NULL: none. */
static mw_status choose(const mw_visual_pass *p, const mw_frame *rgb, const mw_face *given,
                        size_t n, const mw_face **face, mw_error *err)
{
    const double aspect = (double)rgb->width / rgb->height;
    mw_status st = MW_OK;
    size_t i;

    *face = NULL;
    if (p->c.detector) st = mw_face_detect(p->c.detector, rgb, &given, &n, err);
    if (st != MW_OK || !n) return st;
    i = mw_face_choose(given, n, p->c.policy, aspect);
    if (i < n) *face = &given[i];
    return MW_OK;
}

mw_status mw_visual_pass_push(mw_visual_pass *p, const mw_frame *rgb, double time_s,
                              const mw_face *given, size_t n_given, mw_error *err)
{
    const mw_face *face = NULL;
    int none = 0;
    mw_status st = make_room(p, err);
    float *row;

    if (st == MW_OK && !p->c.whole_frames) st = choose(p, rgb, given, n_given, &face, err);
    if (st != MW_OK) return st;
    row = p->m.x + p->m.rows * p->m.columns;
    memset(row, 0, p->m.columns * sizeof *row);
    if (face || p->c.whole_frames)
        st = mw_encoder_push(p->c.worker, rgb, face, row, &none, err);
    else
        none = 1;
    if (st == MW_OK) st = mw_track_add(&p->faces, time_s, face, face && !none, err);
    if (st != MW_OK) return st;
    p->m.t[p->m.rows] = time_s;
    p->m.valid[p->m.rows] = (uint8_t)!none;
    p->m.rows++;
    return MW_OK;
}

mw_status mw_visual_pass_finish(mw_visual_pass *p, mw_matrix *out, mw_track *faces, mw_error *err)
{
    mw_status st = mw_encoder_flush(p->c.worker, err);

    *out = (mw_matrix){ NULL };
    if (faces) *faces = (mw_track){ NULL };
    if (st == MW_OK) {
        *out = p->m;
        out->columns = mw_encoder_columns(p->c.encoder);
        out->names = mw_encoder_column_names(p->c.encoder);
        p->m = (mw_matrix){ NULL };
        if (faces) {
            *faces = p->faces;
            p->faces = (mw_track){ NULL };
        }
    }
    empty(p);
    return st;
}

/* ---- files ---- */

static mw_status mismatch(const char *path, const mw_track *faces, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "faces_mismatch",
                   "the face track of '%s' has %zu frames, the clip another number", path,
                   faces->n_frames);
}

static mw_status push_frames(mw_visual_pass *p, mw_video_reader *r, mw_frame *rgb, const char *path,
                             const mw_track *faces, mw_job *stop, mw_error *err)
{
    const mw_video_info *info = mw_video_reader_info(r);
    const double tick = (double)info->time_base_num / info->time_base_den;
    int64_t first_pts = 0;

    for (size_t i = 0;; i++) {
        const mw_face *given = NULL;
        size_t n = 0;
        mw_frame f;
        mw_status st;
        int got;

        if (stop && mw_job_stopping(stop))
            return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        st = mw_video_reader_next(r, &f, &got, err);
        if (st != MW_OK) return st;
        if (!got && !i) return mw_fail(err, MW_ERR_FORMAT, "no_frames", "'%s' has no frame", path);
        if (faces && (got ? i >= faces->n_frames : i != faces->n_frames))
            return mismatch(path, faces, err);
        if (!got) return MW_OK;
        if (!i) first_pts = f.pts;
        if (faces) given = mw_track_faces(faces, i, &n);
        st = mw_img_yuv420_to_rgb(&f, rgb);
        if (st == MW_OK)
            st = mw_visual_pass_push(p, rgb, (double)(f.pts - first_pts) * tick, given, n, err);
        if (st != MW_OK) return st;
    }
}

mw_status mw_visual_pass_file(mw_visual_pass *p, const char *path, const mw_track *faces,
                              mw_job *stop, mw_error *err)
{
    mw_frame rgb = { .memory = NULL };
    mw_video_reader *r = NULL;
    mw_status st = mw_video_reader_open(&r, path, err);

    if (st == MW_OK) {
        const mw_video_info *info = mw_video_reader_info(r);

        st = mw_frame_alloc(&rgb, MW_PIX_RGB24, info->width, info->height, err);
    }
    if (st == MW_OK) st = push_frames(p, r, &rgb, path, faces, stop, err);
    mw_frame_clear(&rgb);
    mw_video_reader_close(&r);
    return st;
}
