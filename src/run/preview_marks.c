/* SPDX-License-Identifier: Apache-2.0 */
#include "run/preview_marks.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "data/track.h"

#define MAX_TRACK_BYTES ((size_t)1 << 30)

static const mw_rgb face_colour = { 255, 255, 255 }, key_colour = { 240, 228, 66 },
                    occluder_colour = { 0, 158, 115 }, shadow = { 0, 0, 0 };

static const char *text_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

void mw_preview_marks_clear(mw_preview_marks *m)
{
    mw_free(m->bytes);
    *m = (mw_preview_marks){ 0 };
}

static const json_t *find_occlusion(const json_t *stages)
{
    for (size_t i = 0; i < json_array_size(stages); i++) {
        const json_t *stage = json_array_get(stages, i);
        const char *name = text_at(stage, "name");

        if (name && !strcmp(name, "video.occlusion")) return stage;
    }
    return NULL;
}

/* Path of the track, which lies beside the sidecar; NULL without one or without memory. */
static char *track_path(const mw_preview_doc *d)
{
    const char *rel = text_at(json_object_get(d->root, "track"), "path");
    const char *base = rel && mw_path_is_inside(rel) ? mw_path_base(rel) : NULL;
    const char *slash = strrchr(d->path, '/');

    if (!base || !*base) return NULL;
    return mw_format("%.*s%s", slash ? (int)(slash - d->path + 1) : 0, d->path, base);
}

static int shape_is(const mw_npz_array *a, size_t n, size_t columns)
{
    return !strcmp(a->descr, "<f4") && a->n_dims >= 2 && a->shape[0] == n && a->n == n * columns;
}

mw_status mw_preview_marks_load(mw_preview_marks *m, const mw_preview_doc *d, mw_error *err)
{
    const char *sha256 = text_at(json_object_get(d->root, "track"), "sha256");
    char *path = track_path(d), found[65];
    size_t n = 0;
    mw_error own;
    mw_status st;

    *m = (mw_preview_marks){ .n = (size_t)d->part[MW_VISUAL].n };
    m->occlusion = find_occlusion(json_object_get(d->root, "stages"));
    if (!path || !sha256) {
        mw_free(path);
        return MW_OK;
    }
    st = mw_file_load(&m->bytes, &n, path, MAX_TRACK_BYTES, &own);
    if (st == MW_ERR_NOMEM && err) *err = own;
    if (st == MW_OK) {
        mw_sha256_hex(found, m->bytes, n);
        if (!strcmp(found, sha256)) {
            m->has_faces = !mw_npz_find(&m->faces, m->bytes, n, "v_face", path, NULL) &&
                           shape_is(&m->faces, m->n, 4);
            m->has_keys = !mw_npz_find(&m->keys, m->bytes, n, "v_face_keys", path, NULL) &&
                          shape_is(&m->keys, m->n, 2 * MW_FACE_KEYS);
        }
    }
    mw_free(path);
    return st == MW_ERR_NOMEM ? st : MW_OK;
}

/* From the stored frame, x and y in [0, 1] of it, to the canvas, as mw_view_upright turns it. */
static void turn(double *x, double *y, const mw_video_info *info)
{
    const double u = *x, v = info->mirrored ? 1 - *y : *y;

    switch ((info->rotation_deg + 45) / 90 % 4) {
    case 1:
        *x = 1 - v, *y = u;
        break;
    case 2:
        *x = 1 - u, *y = 1 - v;
        break;
    case 3:
        *x = v, *y = 1 - u;
        break;
    default:
        *x = u, *y = v;
    }
}

static int to_canvas(double share, int origin, int side)
{
    return origin + (int)floor(fmin(fmax(share, -0.5), 1.5) * side + 0.5);
}

/* The part of box (relative, of the stored frame) that lies in r. */
static mw_rect box_on(const double box[4], mw_rect r, const mw_video_info *info)
{
    double x0 = box[0], y0 = box[1], x1 = box[0] + box[2], y1 = box[1] + box[3];
    int left, top, right, bottom;

    turn(&x0, &y0, info);
    turn(&x1, &y1, info);
    left = to_canvas(fmin(x0, x1), r.x, r.w);
    right = to_canvas(fmax(x0, x1), r.x, r.w);
    top = to_canvas(fmin(y0, y1), r.y, r.h);
    bottom = to_canvas(fmax(y0, y1), r.y, r.h);
    if (left < r.x) left = r.x;
    if (top < r.y) top = r.y;
    if (right > r.x + r.w) right = r.x + r.w;
    if (bottom > r.y + r.h) bottom = r.y + r.h;
    return (mw_rect){ left, top, right - left, bottom - top };
}

/* An outline with a dark line inside, to be seen on any picture. */
static void outline(mw_frame *canvas, mw_rect r, int thickness, mw_rgb colour)
{
    const mw_rect inner = { r.x + thickness, r.y + thickness, r.w - 2 * thickness,
                            r.h - 2 * thickness };

    if (r.w < 3 * thickness || r.h < 3 * thickness) return;
    mw_draw_outline(canvas, r, thickness, colour);
    mw_draw_outline(canvas, inner, thickness > 1 ? thickness / 2 : 1, shadow);
}

static void draw_face(const mw_preview_marks *m, mw_frame *canvas, mw_rect r,
                      const mw_video_info *info, size_t t, int thickness)
{
    double box[4];

    for (size_t k = 0; k < 4; k++)
        box[k] = mw_npz_number(&m->faces, 4 * t + k);
    if (!isfinite(box[0] + box[1] + box[2] + box[3])) return;
    outline(canvas, box_on(box, r, info), thickness, face_colour);
    for (size_t k = 0; m->has_keys && k < MW_FACE_KEYS; k++) {
        double x = mw_npz_number(&m->keys, 2 * (MW_FACE_KEYS * t + k)),
               y = mw_npz_number(&m->keys, 2 * (MW_FACE_KEYS * t + k) + 1);
        const int side = 3 * thickness;
        mw_rect dot = { 0, 0, side, side };

        if (!isfinite(x + y)) continue;
        turn(&x, &y, info);
        if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) continue;
        dot.x = to_canvas(x, r.x, r.w) - side / 2;
        dot.y = to_canvas(y, r.y, r.h) - side / 2;
        mw_draw_fill(canvas, dot, shadow);
        mw_draw_fill(canvas,
                     (mw_rect){ dot.x + thickness / 2, dot.y + thickness / 2,
                                side - 2 * (thickness / 2), side - 2 * (thickness / 2) },
                     key_colour);
    }
}

static int64_t number_at(const json_t *list, size_t i)
{
    const json_t *v = json_array_get(list, i);

    return json_is_integer(v) ? json_integer_value(v) : -1;
}

/* Index of the place of frame t in the lists of the decision; -1 when it is not damaged. */
static int64_t place_of(const mw_preview_marks *m, int64_t t)
{
    const json_t *drawn = json_object_get(m->occlusion, "drawn");
    const json_t *starts = json_object_get(drawn, "start_frames"),
                 *counts = json_object_get(drawn, "n_frames");
    const char *follow = text_at(json_object_get(m->occlusion, "params"), "follow");
    const int fixed = follow && !strcmp(follow, "fixed");
    int64_t before = 0;

    for (size_t i = 0; i < json_array_size(starts); i++) {
        const int64_t start = number_at(starts, i), n = number_at(counts, i);

        if (start < 0 || n < 1 || n > INT32_MAX) return -1;
        if (t >= start && t < start + n) return before + (fixed ? 0 : t - start);
        before += fixed ? 1 : n;
    }
    return -1;
}

static void draw_occluder(const mw_preview_marks *m, mw_frame *canvas, mw_rect r,
                          const mw_video_info *info, int64_t t, int thickness)
{
    const json_t *drawn = json_object_get(m->occlusion, "drawn");
    const int64_t i = place_of(m, t);
    const json_t *x, *y, *size;
    double box[4];

    if (i < 0) return;
    x = json_array_get(json_object_get(drawn, "x_px"), (size_t)i);
    y = json_array_get(json_object_get(drawn, "y_px"), (size_t)i);
    size = json_array_get(json_object_get(drawn, "size_px"), (size_t)i);
    if (!json_is_integer(x) || !json_is_integer(y) || json_integer_value(size) < 1) return;
    box[0] = (double)json_integer_value(x) / info->width;
    box[1] = (double)json_integer_value(y) / info->height;
    box[2] = (double)json_integer_value(size) / info->width;
    box[3] = (double)json_integer_value(size) / info->height;
    outline(canvas, box_on(box, r, info), thickness, occluder_colour);
}

void mw_preview_marks_draw(const mw_preview_marks *m, mw_frame *canvas, mw_rect r,
                           const mw_video_info *info, int64_t t, int side, int thickness)
{
    if (t < 0 || (uint64_t)t >= m->n) return;
    if (!side && m->has_faces) draw_face(m, canvas, r, info, (size_t)t, thickness);
    if (side && m->occlusion) draw_occluder(m, canvas, r, info, t, thickness);
}
