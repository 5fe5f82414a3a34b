/* SPDX-License-Identifier: Apache-2.0
 *
 * The picture: tile by tile of one row, layer over layer in linear light, then square-rooted to
 * codes. Every layer is a closed formula of the position, so that any size and pose can be drawn
 * and edges are soft by construction.
 */
#include "synth/internal.h"

#include <math.h>

#include "base/error.h"

static void encode(float *x)
{
    for (int i = 0; i < MW_TILE; i++)
        x[i] = sqrtf(mw_sat(x[i])) * 255.0f + 0.5f;
}

static void store(mw_face_tile *tile, uint8_t *out, int n)
{
    encode(tile->r);
    encode(tile->g);
    encode(tile->b);
    for (int i = 0; i < n; i++) {
        out[3 * i] = (uint8_t)tile->r[i];
        out[3 * i + 1] = (uint8_t)tile->g[i];
        out[3 * i + 2] = (uint8_t)tile->b[i];
    }
}

/* Whether anything of the head with its hair can lie in this tile. */
static int near_head(const mw_face_tile *tile)
{
    const mw_face_state *f = tile->face;
    const double length = tile->who->hair_length, inv = 1.0 / f->scale_px;
    const double x = ((double)tile->x_px - f->cx_px) * inv, step = MW_TILE * inv;
    const double y = ((double)tile->y_px - f->cy_px) * inv;

    return y > -2.0 && y < (length > 1.4 ? length + 0.5 : 1.9) && x < 2.0 && x + step > -2.0;
}

static void paint(mw_face_tile *tile, int width, int height)
{
    const int has_head = near_head(tile);

    mw_face_paint_wall(tile, width, height);
    if (has_head) {
        mw_face_locate(tile);
        mw_face_paint_back_hair(tile);
    }
    mw_face_paint_body(tile);
    if (!has_head) return;
    mw_face_paint_ears(tile);
    mw_face_paint_skin(tile);
    mw_face_paint_nose(tile);
    mw_face_paint_eyes(tile);
    mw_face_paint_mouth(tile);
    mw_face_paint_front_hair(tile);
    mw_face_paint_brows(tile);
}

mw_status mw_synth_face_frame(const mw_synth *s, int64_t t, mw_frame *rgb, mw_error *err)
{
    const int w = s->p.width, h = s->p.height;
    mw_face_state face;
    mw_face_tile tile = { .who = &s->who, .face = &face };

    if (t < 0 || t >= mw_synth_n_frames(s))
        return mw_fail(err, MW_ERR_ARG, "bad_synth", "synth: frame %lld of %lld", (long long)t,
                       (long long)mw_synth_n_frames(s));
    if (!rgb->plane[0] || rgb->format != MW_PIX_RGB24 || rgb->width != w || rgb->height != h)
        return mw_fail(err, MW_ERR_ARG, "bad_synth", "synth: the frame must be RGB of %d x %d", w,
                       h);
    mw_face_state_at(s, (double)t / s->p.fps, &face);
    tile.soft = (float)(1.5 / face.scale_px) + 0.008f;
    for (int y = 0; y < h; y++) {
        uint8_t *out = rgb->plane[0] + y * rgb->stride[0];

        tile.y_px = (float)y + 0.5f;
        for (int x = 0; x < w; x += MW_TILE) {
            tile.x_px = (float)x + 0.5f;
            paint(&tile, w, h);
            store(&tile, out + 3 * (size_t)x, w - x < MW_TILE ? w - x : MW_TILE);
        }
    }
    rgb->pts = t;
    return MW_OK;
}
