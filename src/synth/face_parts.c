/* SPDX-License-Identifier: Apache-2.0
 *
 * Eyes, brows, nose and mouth: small boxes of the face with their own coordinates.
 */
#include "synth/internal.h"

#include <math.h>

/* Pixels of a tile that may hold p in [p0, p1] and q in [q0, q1], as [*from, *to); 0 when there
 * are none. Bounds from the pose, widened by what turning can shift. */
static int find_span(const mw_face_tile *tile, double p0, double p1, double q0, double q1,
                     int *from, int *to)
{
    const mw_face_state *f = tile->face;
    const double c = f->cos_roll, s = f->sin_roll, slack = 0.04;
    const double u0 = p0 - slack + (f->yaw < 0 ? f->yaw : 0);
    const double u1 = p1 + slack + (f->yaw > 0 ? f->yaw : 0);
    const double v0 = q0 - slack + (f->pitch < 0 ? f->pitch : 0);
    const double v1 = q1 + slack + (f->pitch > 0 ? f->pitch : 0);
    const double dy = ((double)tile->y_px - f->cy_px) / f->scale_px;
    const double xa = (u0 - dy * s) / c, xb = (u1 - dy * s) / c;
    const double va = dy * c - xa * s, vb = dy * c - xb * s;
    const double a = f->cx_px + f->scale_px * xa - (double)tile->x_px;
    const double b = f->cx_px + f->scale_px * xb - (double)tile->x_px + 1.0;

    if ((va < v0 && vb < v0) || (va > v1 && vb > v1)) return 0;
    *from = a < 0.0 ? 0 : a < MW_TILE ? (int)a : MW_TILE;
    *to = b > MW_TILE ? MW_TILE : b > 0.0 ? (int)b : 0;
    return *from < *to;
}

static inline void blend(mw_face_tile *tile, int x, float r, float g, float b, float k)
{
    tile->r[x] = mw_lerp(tile->r[x], r, k);
    tile->g[x] = mw_lerp(tile->g[x], g, k);
    tile->b[x] = mw_lerp(tile->b[x], b, k);
}

static inline void darken(mw_face_tile *tile, int x, float k)
{
    tile->r[x] *= 1.0f - 0.92f * k;
    tile->g[x] *= 1.0f - k;
    tile->b[x] *= 1.0f - k;
}

/* ex grows outwards, ey down; both in eye half widths. */
static inline void paint_eye_pixel(mw_face_tile *tile, int x, float ex, float ey, float soft)
{
    const mw_face_state *f = tile->face;
    const mw_speaker *w = tile->who;
    const float sign = tile->p[x] < 0.0f ? -1.0f : 1.0f;
    const float e2 = ex * ex, bow = e2 < 1.0f ? 1.0f - e2 : 0.0f;
    const float slant = -0.05f * ex; /* outer corner a little higher */
    const float upper = -(float)f->lid * bow * (1.0f - 0.12f * ex) + slant;
    const float lower = (float)f->lower_lid * bow * (1.0f + 0.15f * ex) + slant;
    const float d_in = upper - ey > ey - lower ? upper - ey : ey - lower;
    const float in = mw_edge(d_in + 0.02f, soft) * mw_edge(e2 - 0.98f, 0.12f);
    const float gx = ex - sign * (float)f->gaze_x + 0.03f, gy = ey - (float)f->gaze_y + 0.06f;
    const float rr = sqrtf(gx * gx + gy * gy);
    const float iris = mw_edge(rr - 0.43f, soft), pupil = mw_edge(rr - 0.19f, soft);
    const float ring = mw_sat(1.0f - fabsf(rr - 0.41f) * 9.0f);
    const float lx = w->light[0] < 0 ? -1.0f : 1.0f;
    const float hx = sign * gx - 0.13f * lx, hy = gy + 0.15f;
    const float spark = mw_edge(sqrtf(hx * hx + hy * hy) - 0.085f, soft);
    const float lid_shadow = mw_sat(1.0f - (ey - upper) * 3.2f);
    const float white = (0.78f - 0.28f * e2) * (1.0f - 0.55f * lid_shadow);
    const float glow = (0.75f + 0.9f * mw_hill(gx / 0.4f, (gy - 0.2f) / 0.35f)) *
                       (1.0f - 0.6f * lid_shadow) * (1.0f - 0.6f * ring);
    float r = white, g = white * 0.95f, b = white * 0.93f, lash, under, crease;

    r = mw_lerp(r, (float)w->iris[0] * glow, iris);
    g = mw_lerp(g, (float)w->iris[1] * glow, iris);
    b = mw_lerp(b, (float)w->iris[2] * glow, iris);
    r = mw_lerp(r, 0.006f, pupil);
    g = mw_lerp(g, 0.006f, pupil);
    b = mw_lerp(b, 0.007f, pupil);
    r = mw_lerp(r, 0.85f, spark);
    g = mw_lerp(g, 0.87f, spark);
    b = mw_lerp(b, 0.9f, spark);
    blend(tile, x, r, g, b, in);
    /* lashes, lower rim, fold of the upper lid */
    lash = mw_edge(fabsf(ey - upper + 0.02f) - 0.045f - 0.03f * ex * bow, soft + 0.05f) *
           mw_edge(e2 - 1.1f, 0.25f);
    under = mw_edge(fabsf(ey - lower - 0.02f) - 0.02f, soft + 0.08f) * mw_edge(e2 - 0.95f, 0.4f);
    crease = mw_edge(fabsf(ey - upper + 0.24f - 0.05f * e2) - 0.02f, soft + 0.10f) *
             mw_edge(e2 - 1.05f, 0.4f);
    darken(tile, x, 0.88f * lash);
    darken(tile, x, 0.32f * under);
    darken(tile, x, 0.36f * crease);
}

void mw_face_paint_eyes(mw_face_tile *tile)
{
    const mw_speaker *w = tile->who;
    const float inv = (float)(1.0 / w->eye_size), soft = tile->soft * inv * 1.1f;
    const float at = (float)w->eye_x;

    for (int side = -1; side <= 1; side += 2) {
        const double mid = side * w->eye_x, half = 1.35 * w->eye_size;
        int from, to;

        if (!find_span(tile, mid - half, mid + half, -half, half, &from, &to)) continue;
        for (int x = from; x < to; x++) {
            const float ex = ((float)side * tile->p[x] - at) * inv, ey = tile->q[x] * inv;

            if (ex > -1.3f && ex < 1.3f && ey > -1.1f && ey < 1.0f)
                paint_eye_pixel(tile, x, ex, ey, soft);
        }
    }
}

void mw_face_paint_brows(mw_face_tile *tile)
{
    const mw_speaker *w = tile->who;
    const mw_face_state *f = tile->face;
    const float at = (float)w->eye_x * 1.02f, inv = 1.0f / 0.30f;
    const float y0 = (float)(w->brow_y - f->brow_raise), inner = (float)f->brow_inner;
    const float arch = (float)w->brow_arch, thick = (float)w->brow_thick;
    const float cr = (float)w->hair[0] * 0.5f, cg = (float)w->hair[1] * 0.48f;
    const float cb = (float)w->hair[2] * 0.48f;

    for (int side = -1; side <= 1; side += 2) {
        const double mid = side * w->eye_x;
        int from, to;

        if (!find_span(tile, mid - 0.4, mid + 0.4, (double)y0 - 0.3, (double)y0 + 0.3, &from, &to))
            continue;
        for (int x = from; x < to; x++) {
            const float bx = ((float)side * tile->p[x] - at) * inv; /* -1 inner .. 1 outer */
            const float b2 = bx * bx, in = 0.5f * (1.0f - bx);
            const float mid_y =
                y0 - arch * (0.5f - 0.6f * (bx - 0.15f) * (bx - 0.15f)) - inner * in * in;
            const float round = mw_sat(1.0f - b2 * b2 * b2);
            const float half = thick * (0.5f + 0.8f * in) * sqrtf(round);
            const float d = fabsf(tile->q[x] - mid_y) - half;
            const float hairs = tile->p[x] * 31.0f + tile->q[x] * 13.0f;
            const float fine = mw_wave(hairs);
            const float k = mw_edge(d, tile->soft * 1.2f + 0.022f) * mw_edge(b2 - 0.92f, 0.3f);

            blend(tile, x, cr, cg, cb, k * (0.86f - 0.5f * fine * fine));
        }
    }
}

void mw_face_paint_nose(mw_face_tile *tile)
{
    const mw_speaker *w = tile->who;
    const float nw = (float)(1.0 / w->nose_width), ny = (float)w->nose_y;
    const float far = w->light[0] < 0 ? 1.0f : -1.0f; /* the side in shadow */
    int from, to;

    if (!find_span(tile, -0.5, 0.5, -0.2, 1.0, &from, &to)) return;
    for (int x = from; x < to; x++) {
        const float p = tile->p[x] * nw, q = tile->q[x], a = fabsf(p);
        const float along = (q + 0.05f) / (ny + 0.1f); /* 0 at the root, 1 near the tip */
        const float t = mw_sat(along);
        const float flank = mw_hill((p - far * (0.08f + 0.08f * t)) / 0.10f, (q - 0.26f) / 0.40f);
        const float near = mw_hill((p + far * (0.09f + 0.08f * t)) / 0.08f, (q - 0.28f) / 0.38f);
        const float ridge = mw_hill((p + 0.015f * far) / (0.055f + 0.04f * t), (q - 0.24f) / 0.36f);
        const float tip = mw_hill((p + 0.03f * far) / 0.10f, (q - ny + 0.03f) / 0.09f);
        const float wing = mw_hill((a - 0.185f) / 0.065f, (q - ny - 0.03f) / 0.085f);
        const float groove = mw_hill((a - 0.245f) / 0.045f, (q - ny - 0.01f) / 0.10f);
        const float base = mw_hill(p / 0.25f, (q - ny - 0.135f) / 0.075f);
        const float cast = mw_hill((p - 0.14f * far) / 0.22f, (q - ny - 0.13f) / 0.14f);
        const float philtrum = mw_hill(p / 0.05f, (q - ny - 0.22f) / 0.10f);
        const float hole_x = (a - 0.092f) / 0.055f, hole_y = (q - ny - 0.085f) / 0.034f;
        const float hole =
            mw_edge(sqrtf(hole_x * hole_x + hole_y * hole_y) - 1.0f, tile->soft * 22.0f * nw);
        const float light = 1.0f + 0.24f * ridge + 0.20f * tip + 0.06f * wing - 0.30f * flank -
                            0.10f * near - 0.30f * groove - 0.42f * base - 0.16f * cast -
                            0.10f * philtrum;
        const float shine = 0.035f * tip + 0.02f * ridge;

        tile->r[x] = tile->r[x] * (light + 0.03f * base) + shine;
        tile->g[x] = tile->g[x] * light + shine;
        tile->b[x] = tile->b[x] * light + shine;
        darken(tile, x, 0.80f * hole);
    }
}

/* mx in [-1, 1] across the mouth, my down from the middle of the closed lips, face units. */
static inline void paint_mouth_pixel(mw_face_tile *tile, int x, float mx, float my)
{
    const mw_face_state *f = tile->face;
    const mw_speaker *w = tile->who;
    const float m2 = mx * mx, bow = m2 < 1.0f ? 1.0f - m2 : 0.0f, soft = tile->soft;
    const float open = (float)f->open, lip = (float)f->lip, mid = (float)f->corner_dy * m2;
    const float dip = mw_hill(mx / 0.22f, 0.0f), taper = sqrtf(bow);
    const float u_in = mid - 0.25f * open * bow, l_in = mid + 0.75f * open * bow;
    const float u_out = u_in - 0.072f * lip * (0.45f * bow + 0.55f * taper) * (1.0f - 0.22f * dip);
    const float l_out = l_in + 0.100f * lip * (0.75f * bow + 0.25f * taper);
    const float wide_in = m2 - 1.0f;
    const float d_all = u_out - my > my - l_out ? u_out - my : my - l_out;
    const float d_in = u_in - my > my - l_in ? u_in - my : my - l_in;
    const float k_lips = mw_edge(d_all + 0.006f, soft * 1.3f) * mw_edge(wide_in, 0.1f);
    const float k_in = mw_edge(d_in, soft) * mw_sat(open * 60.0f) * mw_edge(wide_in + 0.05f, 0.1f);
    const float upper = my < 0.5f * (u_in + l_in) ? 1.0f : 0.0f;
    const float pos_l = (my - l_in) / (0.100f * lip); /* 0 inner edge .. 1 outer edge */
    const float gloss = (1.0f - upper) * mw_hill((pos_l - 0.42f) / 0.35f, mx / 0.6f);
    const float shade = (upper > 0.0f ? 0.56f : 0.74f + 0.20f * gloss) - 0.10f * m2;
    const float teeth_d = my - u_in - 0.065f - 0.02f * bow;
    const float teeth =
        mw_edge(teeth_d, soft * 1.2f) * mw_edge(m2 - 0.62f, 0.3f) * mw_sat((open - 0.045f) * 14.0f);
    const float gap = mw_wave(mx * 5.5f + 0.5f);
    const float ivory = (0.58f - 0.32f * m2) * (1.0f - 0.12f * mw_sat(1.0f - fabsf(gap) * 12.0f));
    const float tongue = mw_hill(mx / 0.62f, (my - l_in - 0.01f) / (0.10f + 0.2f * open));
    const float seam = mw_edge(fabsf(my - mid) - 0.010f, soft * 1.4f + 0.01f) *
                       mw_edge(m2 - 1.02f, 0.12f) * (1.0f - mw_sat(open * 18.0f));
    const float corner = mw_hill((fabsf(mx) - 1.02f) / 0.16f, (my - (float)f->corner_dy) / 0.06f);
    float r = 0.035f + 0.16f * tongue, g = 0.010f + 0.045f * tongue, b = 0.010f + 0.045f * tongue;

    r = mw_lerp(r, ivory, teeth);
    g = mw_lerp(g, ivory * 0.95f, teeth);
    b = mw_lerp(b, ivory * 0.86f, teeth);
    blend(tile, x, (float)w->lips[0] * shade, (float)w->lips[1] * shade, (float)w->lips[2] * shade,
          0.9f * k_lips);
    blend(tile, x, r, g, b, k_in);
    darken(tile, x, 0.72f * seam);
    darken(tile, x, 0.45f * corner);
}

/* Folds from the wings of the nose to the corners of the mouth; deeper with a smile. */
static inline void paint_fold_pixel(mw_face_tile *tile, int x, float half, float corner_y,
                                    float nose)
{
    const float a = fabsf(tile->p[x]), q = tile->q[x];
    const float t = mw_sat((q - nose) / (corner_y - nose)),
                at = 0.27f + (half + 0.02f - 0.27f) * t * t;
    const float d = (a - at - 0.05f * t * (1.0f - t)) / 0.06f;
    const float k = d * d < 1.0f ? (1.0f - d * d) * (1.0f - d * d) : 0.0f;
    const float ends = mw_hill(0.0f, (t - 0.5f) * 1.9f);

    darken(tile, x, (0.10f + 0.14f * (float)tile->face->cheek) * k * ends);
}

void mw_face_paint_mouth(mw_face_tile *tile)
{
    const mw_face_state *f = tile->face;
    const mw_speaker *w = tile->who;
    const float inv = (float)(1.0 / f->half_mouth), y0 = (float)w->mouth_y;
    const float half = (float)f->half_mouth, corner_y = y0 + (float)f->corner_dy;
    const float nose = (float)w->nose_y;
    int from, to;

    if (!find_span(tile, -0.65, 0.65, w->nose_y - 0.05, w->mouth_y + 0.45, &from, &to)) return;
    for (int x = from; x < to; x++) {
        const float mx = tile->p[x] * inv, my = tile->q[x] - y0;

        paint_fold_pixel(tile, x, half, corner_y, nose);
        if (mx > -1.25f && mx < 1.25f && my > -0.35f && my < 0.45f)
            paint_mouth_pixel(tile, x, mx, my);
    }
}
