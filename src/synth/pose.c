/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the head is and what it does at a moment: slow motion, blinks, expression from the cue, jaw
 * and lips from the time plan; and the same as ground truth in pixels.
 */
#include "synth/internal.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/fmath.h"

/* Depth of the face relative to its half width: how far the surface moves under a turn. */
#define DEPTH 0.9

#define BLINK_S 0.24

/* largest sum of the sines, before nuisance; lowest and highest frequency, Hz */
static const struct {
    double amp, lo_hz, hi_hz;
} motion[MW_MOVE_COUNT] = {
    [MW_MOVE_X] = { 0.16, 0.08, 0.45 },    [MW_MOVE_Y] = { 0.08, 0.08, 0.5 },
    [MW_MOVE_ROLL] = { 0.09, 0.08, 0.4 },  [MW_MOVE_YAW] = { 0.16, 0.06, 0.4 },
    [MW_MOVE_PITCH] = { 0.10, 0.08, 0.5 }, [MW_MOVE_SCALE] = { 0.035, 0.05, 0.3 },
    [MW_MOVE_GAZE_X] = { 0.16, 0.1, 0.6 }, [MW_MOVE_GAZE_Y] = { 0.06, 0.1, 0.6 },
    [MW_MOVE_BROW] = { 0.012, 0.2, 0.8 },
};

static void draw_wander(mw_wander *w, mw_rng *r, int which)
{
    double rest = motion[which].amp;

    for (int k = 0; k < MW_N_SINES; k++) {
        const double share = k + 1 < MW_N_SINES ? mw_rng_uniform(r, 0.4, 0.7) : 1.0;

        w->amp[k] = rest * share;
        rest -= w->amp[k];
        w->rad_per_s[k] = 2.0 * MW_PI * mw_rng_uniform(r, motion[which].lo_hz, motion[which].hi_hz);
        w->phase[k] = 2.0 * MW_PI * mw_rng_unit(r);
    }
}

static double wander_at(const mw_wander *w, double time_s)
{
    double sum = 0;

    for (int k = 0; k < MW_N_SINES; k++)
        sum += w->amp[k] * mw_sin(w->rad_per_s[k] * time_s + w->phase[k]);
    return sum;
}

mw_status mw_motion_make(mw_synth *s, mw_error *err)
{
    mw_rng r = mw_rng_make(&s->key, "synth", "motion");
    double time_s;

    for (int i = 0; i < MW_MOVE_COUNT; i++)
        draw_wander(&s->move[i], &r, i);
    r = mw_rng_make(&s->key, "synth", "blinks");
    for (time_s = mw_rng_uniform(&r, 0.3, 3.0); time_s < s->p.duration_s;
         time_s += mw_rng_uniform(&r, 1.4, 5.0)) {
        if (mw_grow(&s->blink_s, &s->cap_blinks, s->n_blinks + 1, sizeof *s->blink_s))
            return mw_fail_nomem(err);
        s->blink_s[s->n_blinks++] = time_s;
    }
    return MW_OK;
}

/* 1 open, 0 shut: down in a third of the blink, up in the rest. */
static double blink_at(const mw_synth *s, double time_s)
{
    for (size_t i = 0; i < s->n_blinks && s->blink_s[i] <= time_s; i++) {
        const double x = (time_s - s->blink_s[i]) / BLINK_S;
        const double shut = x < 1.0 / 3.0 ? 3.0 * x : 1.5 * (1.0 - x);

        if (x < 1.0) return 1.0 - shut * shut * (3.0 - 2.0 * shut);
    }
    return 1.0;
}

static void set_pose(const mw_synth *s, double time_s, mw_face_state *f)
{
    const mw_synth_params *p = &s->p;
    const int side = p->width < p->height ? p->width : p->height;
    const double size_px = s->who.scale * side, n = p->nuisance;
    const double roll = n * wander_at(&s->move[MW_MOVE_ROLL], time_s);
    const double x = n * wander_at(&s->move[MW_MOVE_X], time_s);
    const double y = n * wander_at(&s->move[MW_MOVE_Y], time_s);

    f->scale_px = size_px * (1.0 + n * wander_at(&s->move[MW_MOVE_SCALE], time_s));
    f->cx_px = 0.5 * p->width + size_px * x;
    f->cy_px = 0.5 * p->height + size_px * (y - 0.22);
    f->body_x_px = 0.5 * p->width + size_px * 0.35 * x;
    f->body_y_px = 0.5 * p->height + size_px * (0.25 * y - 0.22);
    f->roll = roll;
    f->cos_roll = mw_cos(roll);
    f->sin_roll = mw_sin(roll);
    f->yaw = DEPTH * n * wander_at(&s->move[MW_MOVE_YAW], time_s);
    f->pitch = DEPTH * n * wander_at(&s->move[MW_MOVE_PITCH], time_s);
}

static void set_expression(const mw_synth *s, double time_s, mw_face_state *f)
{
    const mw_synth_cue *c = &s->p.face;
    const double e = mw_cue_at(c, s->p.duration_s, time_s);
    const double valence = e * c->valence, arousal = e * c->arousal;
    const double upper = 0.52 * s->who.eye_open * (1.0 + 0.28 * arousal);
    const double wide = mw_ctl_at(s, MW_CTL_WIDE, time_s);
    double smile = s->who.rest_smile + valence;

    f->open = 0.27 * mw_ctl_at(s, MW_CTL_OPEN, time_s);
    f->chin = s->who.chin + 0.45 * f->open;
    smile = smile < -1.6 ? -1.6 : smile > 1.6 ? 1.6 : smile;
    f->smile = smile;
    f->half_mouth = s->who.mouth_width * (1.0 + 0.13 * wide + 0.13 * smile);
    f->corner_dy = -0.115 * smile;
    f->lip = s->who.lip * (1.0 - 0.10 * smile - 0.12 * wide);
    f->brow_raise = 0.055 * arousal + 0.045 * valence + wander_at(&s->move[MW_MOVE_BROW], time_s);
    f->brow_inner = valence < 0 ? -valence * (0.02 - 0.07 * arousal) : 0.0;
    f->lower_lid = 0.30 - (valence > 0 ? 0.10 * valence : 0.0);
    f->lid = (upper + f->lower_lid) * blink_at(s, time_s) - f->lower_lid;
    f->gaze_x = wander_at(&s->move[MW_MOVE_GAZE_X], time_s);
    f->gaze_y = wander_at(&s->move[MW_MOVE_GAZE_Y], time_s);
    f->cheek = valence > 0 ? valence : 0.0;
}

void mw_face_state_at(const mw_synth *s, double time_s, mw_face_state *f)
{
    set_pose(s, time_s, f);
    set_expression(s, time_s, f);
}

double mw_head_depth(const mw_speaker *w, double chin, double u, double v, double *out2)
{
    const double y = v < 0 ? v / w->top : v / chin, low = v < 0 ? 0.0 : y;
    const double x = u / (w->half_width * (1.0 - w->jaw * low * low));
    const double f2 = x * x + y * y - (v < 0 ? 0.0 : w->square * x * x * y * y);

    *out2 = f2;
    return f2 < 1.0 ? sqrt(1.0 - f2) : 0.0;
}

/* Point (p, q) of the unturned face, raised by lift above the surface, in pixels: the inverse of
 * the renderer's p = u - yaw z(u, v), by fixed-point steps (a contraction: |yaw| < 0.3). */
static void place(const mw_synth *s, const mw_face_state *f, double p, double q, double lift,
                  double out[2])
{
    double u = p, v = q, f2;

    for (int i = 0; i < 12; i++) {
        const double z = mw_head_depth(&s->who, f->chin, u, v, &f2) + lift;

        u = p + f->yaw * z;
        v = q + f->pitch * z;
    }
    out[0] = f->cx_px + f->scale_px * (u * f->cos_roll - v * f->sin_roll);
    out[1] = f->cy_px + f->scale_px * (u * f->sin_roll + v * f->cos_roll);
}

/* Bounds of the outline between hairline and chin, walked in steps. */
static void bound_skin(const mw_synth *s, const mw_face_state *f, mw_synth_geometry *g)
{
    g->box_x0 = g->box_y0 = 1e9;
    g->box_x1 = g->box_y1 = -1e9;
    for (int i = 0; i <= 64; i++) {
        const double q = s->who.hairline + (f->chin - s->who.hairline) * i / 64.0;
        const double y = q < 0 ? q / s->who.top : q / f->chin, low = q < 0 ? 0.0 : y;
        const double square = q < 0 ? 0.0 : s->who.square * y * y;
        const double x = sqrt((1.0 - y * y) / (1.0 - square)) * s->who.half_width *
                         (1.0 - s->who.jaw * low * low);

        for (int side = -1; side <= 1; side += 2) {
            const double u = side * x;
            const double px = f->cx_px + f->scale_px * (u * f->cos_roll - q * f->sin_roll);
            const double py = f->cy_px + f->scale_px * (u * f->sin_roll + q * f->cos_roll);

            if (px < g->box_x0) g->box_x0 = px;
            if (px > g->box_x1) g->box_x1 = px;
            if (py < g->box_y0) g->box_y0 = py;
            if (py > g->box_y1) g->box_y1 = py;
        }
    }
}

mw_status mw_synth_geometry_at(const mw_synth *s, int64_t t, mw_synth_geometry *g, mw_error *err)
{
    const mw_speaker *w = &s->who;
    mw_face_state f;
    double corner_y;

    if (t < 0 || t >= mw_synth_n_frames(s))
        return mw_fail(err, MW_ERR_ARG, "bad_synth", "synth: frame %lld of %lld", (long long)t,
                       (long long)mw_synth_n_frames(s));
    mw_face_state_at(s, (double)t / s->p.fps, &f);
    corner_y = w->mouth_y + f.corner_dy;
    bound_skin(s, &f, g);
    place(s, &f, -w->eye_x, 0.0, 0.0, g->eye_left);
    place(s, &f, w->eye_x, 0.0, 0.0, g->eye_right);
    place(s, &f, 0.0, w->nose_y, 0.2, g->nose_tip);
    place(s, &f, 0.0, w->mouth_y + 0.25 * f.open, 0.0, g->mouth);
    place(s, &f, -0.97 * w->half_width, 0.1, 0.0, g->ear_left);
    place(s, &f, 0.97 * w->half_width, 0.1, 0.0, g->ear_right);
    place(s, &f, -f.half_mouth, corner_y, 0.0, g->corner_left);
    place(s, &f, f.half_mouth, corner_y, 0.0, g->corner_right);
    place(s, &f, -w->eye_x, w->brow_y - f.brow_raise, 0.0, g->brow_left);
    place(s, &f, w->eye_x, w->brow_y - f.brow_raise, 0.0, g->brow_right);
    g->mouth_open_px = f.open * f.scale_px;
    g->mouth_width_px = 2.0 * f.half_mouth * f.scale_px;
    g->corner_lift = -f.corner_dy / (2.0 * f.half_mouth);
    g->brow_raise = (f.brow_raise - w->brow_y) / (2.0 * w->half_width);
    g->eye_open = 0.5 * (f.lid + f.lower_lid);
    g->roll_rad = f.roll;
    return MW_OK;
}
