/* SPDX-License-Identifier: Apache-2.0
 *
 * The large layers of the picture, back to front: wall, hair behind, neck and clothes, ears, skin,
 * hair in front. Each loop runs over a whole tile, branch-free, so that compilers vectorise it.
 */
#include "synth/internal.h"

#include <math.h>

/* Wall: a diagonal blend and out-of-focus furniture. y of the pixel's centre. */
void mw_face_paint_wall(mw_face_tile *tile, int width, int height)
{
    const mw_speaker *w = tile->who;
    const float inv = 1.0f / (float)height, ys = (tile->y_px - 0.5f * (float)height) * inv;
    float a[3], d[3];

    for (int c = 0; c < 3; c++) {
        a[c] = (float)w->wall_a[c];
        d[c] = (float)(w->wall_b[c] - w->wall_a[c]);
    }
    for (int i = 0; i < MW_TILE; i++) {
        const float xs = (tile->x_px + (float)i - 0.5f * (float)width) * inv;
        const float s = 0.5f + 0.45f * xs * (float)(w->light[0] < 0 ? 1 : -1) + 0.3f * ys;
        const float k = s * (1.0f - 0.25f * (xs * xs + ys * ys));

        tile->r[i] = a[0] + d[0] * k;
        tile->g[i] = a[1] + d[1] * k;
        tile->b[i] = a[2] + d[2] * k;
    }
    for (int k_blob = 0; k_blob < MW_N_BLOBS; k_blob++) {
        const mw_blob *b = &w->blob[k_blob];
        const float bx = (float)b->x, hw = (float)b->half_w, soft = (float)b->soft;
        const float cr = (float)b->rgb[0], cg = (float)b->rgb[1], cb = (float)b->rgb[2];
        const float amount =
            (float)b->amount * mw_edge(fabsf(ys - (float)b->y) - (float)b->half_h, soft);

        if (!(amount > 0.0f)) continue;
        for (int i = 0; i < MW_TILE; i++) {
            const float xs = (tile->x_px + (float)i - 0.5f * (float)width) * inv;
            const float k = amount * mw_edge(fabsf(xs - bx) - hw, soft);

            tile->r[i] = mw_lerp(tile->r[i], cr, k);
            tile->g[i] = mw_lerp(tile->g[i], cg, k);
            tile->b[i] = mw_lerp(tile->b[i], cb, k);
        }
    }
}

/* Face coordinates of the pixels near the head. */
void mw_face_locate(mw_face_tile *tile)
{
    const mw_face_state *f = tile->face;
    const mw_speaker *w = tile->who;
    const float inv = (float)(1.0 / f->scale_px), c = (float)f->cos_roll, s = (float)f->sin_roll;
    const float dy = (tile->y_px - (float)f->cy_px) * inv, cx = (float)f->cx_px;
    const float top = (float)(1.0 / w->top), chin = (float)(1.0 / f->chin);
    const float half = (float)w->half_width, jaw = (float)w->jaw, square = (float)w->square;
    const float yaw = (float)f->yaw, pitch = (float)f->pitch;

    for (int i = 0; i < MW_TILE; i++) {
        const float dx = (tile->x_px + (float)i - cx) * inv;
        const float u = dx * c + dy * s, v = dy * c - dx * s;
        const float ny = v < 0.0f ? v * top : v * chin, low = v < 0.0f ? 0.0f : ny;
        const float low2 = low < 1.3f ? low * low : 1.69f;
        const float nx = u / (half * (1.0f - jaw * low2));
        const float f2 = nx * nx + ny * ny - square * nx * nx * low2;
        const float in = f2 < 1.0f ? 1.0f - f2 : 0.0f, z = sqrtf(in);

        tile->u[i] = u;
        tile->v[i] = v;
        tile->f2[i] = f2;
        tile->z[i] = z;
        tile->p[i] = u - yaw * z;
        tile->q[i] = v - pitch * z;
    }
}

/* Hair behind the head: an oval cap, and for long hair two curtains down to its length. */
void mw_face_paint_back_hair(mw_face_tile *tile)
{
    const mw_speaker *w = tile->who;
    const float vol = (float)w->hair_volume, len = (float)w->hair_length;
    const float is_long = len > 0.0f ? 1.0f : 0.0f;
    const float rx = 1.0f / ((float)w->half_width + vol), ry = 1.0f / ((float)w->top + vol);
    const float soft = tile->soft * 2.5f + 0.02f, lx = (float)w->light[0];
    const float cr = (float)w->hair[0], cg = (float)w->hair[1], cb = (float)w->hair[2];

    for (int i = 0; i < MW_TILE; i++) {
        const float u = tile->u[i], v = tile->v[i], vy = v * ry, side = fabsf(u) * rx;
        const float cap = sqrtf(side * side + vy * vy) - 1.0f;
        const float down = mw_minf(v, 0.0f) * ry;
        const float tube = sqrtf(side * side + down * down) - 1.0f - 0.04f * v;
        const float curtain = mw_maxf(tube, v - len + 0.22f * u * u * u * u);
        const float crop = mw_maxf(cap, v - 0.25f); /* short hair ends behind the ears */
        const float d = mw_lerp(crop, curtain, is_long);
        const float k = mw_edge(d, soft);
        const float strand = mw_wave(u * 23.0f);
        const float shade = 0.44f + 0.18f * u * lx + 0.25f * strand * strand - 0.12f * mw_sat(v);

        tile->r[i] = mw_lerp(tile->r[i], cr * shade, k);
        tile->g[i] = mw_lerp(tile->g[i], cg * shade, k);
        tile->b[i] = mw_lerp(tile->b[i], cb * shade, k);
    }
}

/* Neck and shoulders, in coordinates that follow the head only a little. */
void mw_face_paint_body(mw_face_tile *tile)
{
    const mw_face_state *f = tile->face;
    const mw_speaker *w = tile->who;
    const float inv = (float)(1.0 / f->scale_px), lx = (float)w->light[0];
    const float v = (tile->y_px - (float)f->body_y_px) * inv, bx = (float)f->body_x_px;
    const float hx = (float)(f->cx_px - f->body_x_px) * inv;
    const float soft = tile->soft * 1.3f, chin = (float)w->chin;
    const float sr = (float)w->skin[0], sg = (float)w->skin[1], sb = (float)w->skin[2];
    const float cr = (float)w->cloth[0], cg = (float)w->cloth[1], cb = (float)w->cloth[2];
    const float amb = (float)w->ambient;
    /* shadow of the chin on the neck */
    const float under = mw_sat((v - chin) / 0.55f), cast = 0.38f + 0.62f * under;

    /* the neck widens towards the shoulders and ends under the cloth */
    const float low = mw_minf(mw_maxf(v - 1.35f, 0.0f), 0.55f), flare = 0.9f * low * low;
    const float bend = hx * mw_sat(2.0f - v); /* the neck's upper end goes with the head */

    if (v < 0.5f) return; /* no neck beside the face */
    for (int i = 0; i < MW_TILE; i++) {
        const float u = (tile->x_px + (float)i - bx) * inv, u2 = u * u;
        const float lean = u - bend;
        const float side = lean / (0.56f + flare);
        const float neck = fabsf(lean) - 0.56f - flare;
        const float round = sqrtf(mw_maxf(1.0f - side * side, 0.0f));
        const float lit = (amb + 0.55f * mw_sat(0.35f + 0.5f * side * lx + 0.5f * round)) * cast;
        const float top = 1.62f + 0.17f * u2 + 0.012f * u2 * u2 * u2;
        const float collar = sqrtf(u2 / 0.42f + (v - 1.45f) * (v - 1.45f) / 0.30f) - 1.0f;
        const float cloth_d = mw_maxf(top - v, -collar * 0.5f);
        const float k_neck = mw_edge(neck, soft);
        const float k_cloth = mw_edge(cloth_d, soft);
        const float rim = mw_sat(1.0f - fabsf(collar) * 7.0f);
        const float ripple = mw_wave(u2 * 0.45f + 0.8f * u);
        const float fold = 0.5f * ripple * ripple * mw_sat(v - 1.8f);
        const float shade = (0.62f + 0.22f * u * lx - 0.05f * u2 + fold) * (1.0f - 0.25f * rim);

        tile->r[i] = mw_lerp(tile->r[i], sr * (lit * 0.95f + 0.05f), k_neck);
        tile->g[i] = mw_lerp(tile->g[i], sg * lit, k_neck);
        tile->b[i] = mw_lerp(tile->b[i], sb * lit * 0.96f, k_neck);
        tile->r[i] = mw_lerp(tile->r[i], cr * shade, k_cloth);
        tile->g[i] = mw_lerp(tile->g[i], cg * shade, k_cloth);
        tile->b[i] = mw_lerp(tile->b[i], cb * shade, k_cloth);
    }
}

void mw_face_paint_ears(mw_face_tile *tile)
{
    const mw_speaker *w = tile->who;
    const mw_face_state *f = tile->face;
    const float size = (float)w->ear, rx = 1.0f / (0.13f * size), ry = 1.0f / (0.28f * size);
    const float at = (float)w->half_width * 0.985f, yaw = (float)f->yaw, lx = (float)w->light[0];
    const float y0 = 0.17f + 0.3f * (float)f->pitch, amb = (float)w->ambient;
    const float sr = (float)w->skin[0], sg = (float)w->skin[1], sb = (float)w->skin[2];

    if (w->hair_length > 0.6) return; /* under the hair */
    for (int i = 0; i < MW_TILE; i++) {
        const float u = tile->u[i], sign = u < 0.0f ? -1.0f : 1.0f;
        const float dx = (fabsf(u) - at + 0.25f * sign * yaw) * rx;
        const float dy = (tile->v[i] - y0) * ry;
        const float rr = sqrtf(dx * dx + dy * dy);
        const float k = mw_edge((rr - 1.0f) * 0.13f, tile->soft);
        const float inner = mw_hill((dx - 0.1f) * 1.5f, (dy + 0.1f) * 1.35f);
        const float lit = (amb + 0.28f + 0.25f * sign * lx) * (1.0f - 0.45f * inner);

        tile->r[i] = mw_lerp(tile->r[i], sr * lit, k);
        tile->g[i] = mw_lerp(tile->g[i], sg * lit * 0.88f, k);
        tile->b[i] = mw_lerp(tile->b[i], sb * lit * 0.86f, k);
    }
}

/* Relief that the ellipsoid lacks, as a factor on the light: sockets, cheek bones, temples, chin.
 */
static inline float relief(float p, float q, float chin, float lx, float cheek, float mouth_y)
{
    const float a = fabsf(p), lit_side = mw_sat(0.5f + 8.0f * p * lx);
    float m = 1.0f;

    m -= 0.30f * mw_hill((a - 0.37f) / 0.30f, (q + 0.05f) / 0.20f); /* socket */
    m -= 0.14f * mw_hill((a - 0.17f) / 0.14f, (q + 0.05f) / 0.22f); /* inner corner */
    m += 0.12f * mw_hill((a - 0.45f) / 0.32f, (q - 0.30f) / 0.16f); /* cheek bone */
    m += 0.10f * cheek * mw_hill((a - 0.52f) / 0.26f, (q - 0.38f) / 0.20f);
    m -= 0.12f * mw_hill((a - 0.86f) / 0.22f, (q + 0.15f) / 0.50f);  /* temple */
    m -= 0.12f * mw_hill((a - 0.62f) / 0.28f, (q - 0.78f) / 0.34f);  /* hollow cheek */
    m += 0.09f * mw_hill(p / 0.55f, (q + 0.52f) / 0.26f);            /* forehead */
    m += 0.12f * mw_hill(p / 0.24f, (q - chin + 0.22f) / 0.16f);     /* chin */
    m -= 0.24f * mw_hill(p / 0.26f, (q - mouth_y - 0.20f) / 0.085f); /* under the lip */
    m += 0.05f * lit_side;
    return m;
}

void mw_face_paint_skin(mw_face_tile *tile)
{
    const mw_speaker *w = tile->who;
    const mw_face_state *f = tile->face;
    const float lx = (float)w->light[0], ly = (float)w->light[1], lz = (float)w->light[2];
    const float sr = (float)w->skin[0], sg = (float)w->skin[1], sb = (float)w->skin[2];
    const float amb = (float)w->ambient, dif = 1.02f - amb, stubble = (float)w->stubble * 0.45f;
    const float top = (float)(1.0 / w->top), bottom = (float)(1.0 / f->chin);
    const float half = (float)(1.0 / w->half_width), chin = (float)f->chin;
    const float mouth_y = (float)w->mouth_y + 0.75f * (float)f->open, cheek = (float)f->cheek;

    for (int i = 0; i < MW_TILE; i++) {
        const float f2 = tile->f2[i], z = tile->z[i], p = tile->p[i], q = tile->q[i];
        const float nx = tile->u[i] * half,
                    ny = tile->v[i] < 0.0f ? tile->v[i] * top : tile->v[i] * bottom;
        const float k = mw_edge((sqrtf(f2) - 1.0f), tile->soft * 1.1f);
        const float nl = nx * lx + 0.75f * ny * ly + z * lz;
        const float m = relief(p, q, chin, lx, cheek, mouth_y);
        const float blush = mw_hill((fabsf(p) - 0.55f) / 0.34f, (q - 0.42f) / 0.30f);
        const float jaw = mw_hill(p / 1.05f, (q - 0.98f) / 0.52f) * stubble;
        const float gloss = 0.05f * mw_hill((p - 0.3f * lx) / 0.42f, (q + 0.50f) / 0.24f) +
                            0.04f * mw_hill((p - 0.45f * lx) / 0.6f, (q - 0.28f) / 0.16f);
        /* light creeps around the edge, red most: skin is translucent */
        const float lr = (amb + dif * mw_sat((nl + 0.30f) / 1.30f)) * m;
        const float lg = (amb + dif * mw_sat((nl + 0.22f) / 1.22f)) * m;
        const float lb = (amb + dif * mw_sat((nl + 0.19f) / 1.19f)) * m;

        tile->r[i] = mw_lerp(tile->r[i], sr * lr * (1.0f - 0.8f * jaw) + gloss, k);
        tile->g[i] =
            mw_lerp(tile->g[i], sg * lg * (1.0f - 0.14f * blush) * (1.0f - 0.72f * jaw) + gloss, k);
        tile->b[i] =
            mw_lerp(tile->b[i], sb * lb * (1.0f - 0.13f * blush) * (1.0f - 0.62f * jaw) + gloss, k);
    }
}

/* Hair over the forehead and temples, with strands and a band of gloss. */
void mw_face_paint_front_hair(mw_face_tile *tile)
{
    const mw_speaker *w = tile->who;
    const float vol = (float)w->hair_volume, line = (float)w->hairline, part = (float)w->hair_part;
    const float rx = 1.0f / ((float)w->half_width + vol), ry = 1.0f / ((float)w->top + vol);
    const float soft = tile->soft * 2.0f + 0.03f, lx = (float)w->light[0];
    const float cr = (float)w->hair[0], cg = (float)w->hair[1], cb = (float)w->hair[2];
    const float gloss = 0.6f + 0.4f * (cr + cg + cb), is_long = w->hair_length > 0.6 ? 1.0f : 0.0f;

    for (int i = 0; i < MW_TILE; i++) {
        const float u = tile->u[i], v = tile->v[i], p = tile->p[i], q = tile->q[i];
        const float sx = u * rx, sy = v * ry;
        const float cap = sqrtf(sx * sx + sy * sy) - 1.0f;
        const float a = p - part, a2 = a * a, p2 = p * p;
        const float fringe = line + 0.10f * a2 + 0.50f * p2 * p2 + 0.55f * p2 * p2 * p2 * p2;
        /* sideburns end at the ear; long hair covers the edge of the cheeks */
        const float stop = 0.12f + 1.2f * is_long;
        const float limit = fringe < stop ? fringe : stop;
        const float d = q - limit > cap ? q - limit : cap;
        const float k = mw_edge(d, soft);
        const float way = a * 17.0f / (1.5f + 0.6f * v) + 1.5f * v;
        const float fine = mw_wave(way), coarse = mw_wave(0.31f * way + 0.4f * v);
        const float strand = 2.6f * fine * fine + 2.0f * coarse * coarse;
        const float band = mw_hill((u - 0.4f * lx) / 0.9f, (v + 1.12f) / 0.22f);
        const float shade = 0.52f + 0.28f * u * lx - 0.30f * (v + 0.9f) * 0.5f +
                            0.20f * (strand - 0.4f) + 0.35f * band;
        const float s = shade < 0.2f ? 0.2f : shade;
        const float shine = 0.035f * band * gloss;

        tile->r[i] = mw_lerp(tile->r[i], cr * s + shine, k);
        tile->g[i] = mw_lerp(tile->g[i], cg * s + shine, k);
        tile->b[i] = mw_lerp(tile->b[i], cb * s + shine, k);
    }
}
