/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/landmarks.h"

#include <math.h>
#include <string.h>

#include "base/fmath.h"
#include "feature/encoder_class.h"

#define LIMIT 100.0 /* of every column; tracks from files may hold anything */

/* Eyes nearer to each other than this share of the box's width are a side view or nonsense: no
 * frame can be laid through them. */
#define NEAREST_EYES 0.02

enum { RIGHT_EYE, LEFT_EYE, NOSE, MOUTH, RIGHT_EAR, LEFT_EAR };

const char *const mw_landmark_names[MW_LM_COLUMNS] = {
    "place_x",       "place_y",     "place_log_size", "place_inside", "score",      "has_keys",
    "box_aspect",    "roll_cos",    "roll_sin",       "nose_x",       "nose_y",     "mouth_x",
    "mouth_y",       "right_ear_x", "right_ear_y",    "left_ear_x",   "left_ear_y", "yaw_ears",
    "yaw_eyes",      "pitch_nose",  "pitch_ears",     "ear_span",     "ear_tilt",   "nose_mouth",
    "box_eye_width", "box_eyes_x",  "box_eyes_y",     "box_mouth_x",  "box_mouth_y"
};

static double within(double at, double from, double to)
{
    return at < from ? from : at > to ? to : at;
}

static void put(float *row, mw_landmark_column c, double x)
{
    row[c] = isnan(x) ? 0 : (float)within(x, -LIMIT, LIMIT);
}

/* a / b, 0 where b is 0. */
static double ratio(double a, double b)
{
    return b > 0 || b < 0 ? a / b : 0;
}

/* log, with an end where a size is next to nothing. */
static double log_of(double x)
{
    return x > 1e-30 && x < 1e30 ? mw_log(x) : x > 1 ? LIMIT : -LIMIT;
}

/* Share of [at, at + size] within [0, 1]. */
static double share_inside(double at, double size)
{
    return (within(at + size, 0, 1) - within(at, 0, 1)) / size;
}

static void put_place(float *row, const mw_face *f, int width, int height)
{
    put(row, MW_LM_PLACE_X, f->x + f->w / 2);
    put(row, MW_LM_PLACE_Y, f->y + f->h / 2);
    put(row, MW_LM_PLACE_LOG_SIZE, 0.5 * log_of(f->w * f->h));
    put(row, MW_LM_PLACE_INSIDE, share_inside(f->x, f->w) * share_inside(f->y, f->h));
    put(row, MW_LM_SCORE, f->score);
    put(row, MW_LM_BOX_ASPECT, log_of(f->w * width / (f->h * height)));
}

static double distance(const double *a, const double *b)
{
    const double dx = a[0] - b[0], dy = a[1] - b[1];

    return sqrt(dx * dx + dy * dy);
}

/* From key points p in pixels to the frame between the eyes; 0 when there is none. turn: cosine
 * and sine of the eyes' line. */
static int to_face_frame(double q[MW_FACE_KEYS][2], double turn[2], double p[MW_FACE_KEYS][2],
                         double box_width)
{
    const double *r = p[RIGHT_EYE], *l = p[LEFT_EYE], eyes = distance(r, l);
    const double x = 0.5 * (r[0] + l[0]), y = 0.5 * (r[1] + l[1]);

    if (!(eyes > NEAREST_EYES * box_width) || !isfinite(eyes)) return 0;
    turn[0] = (l[0] - r[0]) / eyes;
    turn[1] = (l[1] - r[1]) / eyes;
    for (int k = 0; k < MW_FACE_KEYS; k++) {
        const double dx = (p[k][0] - x) / eyes, dy = (p[k][1] - y) / eyes;

        q[k][0] = dx * turn[0] + dy * turn[1];
        q[k][1] = dy * turn[0] - dx * turn[1];
    }
    return 1;
}

static void put_points(float *row, double q[MW_FACE_KEYS][2])
{
    static const int points[] = { NOSE, MOUTH, RIGHT_EAR, LEFT_EAR };

    for (int i = 0; i < 4; i++) {
        put(row, (mw_landmark_column)(MW_LM_NOSE_X + 2 * i), q[points[i]][0]);
        put(row, (mw_landmark_column)(MW_LM_NOSE_Y + 2 * i), q[points[i]][1]);
    }
}

static void put_ratios(float *row, double q[MW_FACE_KEYS][2])
{
    const double nose_right = distance(q[NOSE], q[RIGHT_EAR]);
    const double nose_left = distance(q[NOSE], q[LEFT_EAR]);
    const double right = distance(q[RIGHT_EYE], q[RIGHT_EAR]);
    const double left = distance(q[LEFT_EYE], q[LEFT_EAR]);
    const double span = distance(q[RIGHT_EAR], q[LEFT_EAR]);

    put(row, MW_LM_YAW_EARS, ratio(nose_right - nose_left, nose_right + nose_left));
    put(row, MW_LM_YAW_EYES, ratio(right - left, right + left));
    put(row, MW_LM_PITCH_NOSE, ratio(q[NOSE][1], q[MOUTH][1]));
    put(row, MW_LM_PITCH_EARS, 0.5 * (q[RIGHT_EAR][1] + q[LEFT_EAR][1]));
    put(row, MW_LM_EAR_SPAN, span);
    put(row, MW_LM_EAR_TILT, ratio(q[LEFT_EAR][1] - q[RIGHT_EAR][1], span));
    put(row, MW_LM_NOSE_MOUTH, distance(q[NOSE], q[MOUTH]));
}

/* Where the points lie in the box. */
static void put_in_box(float *row, const mw_face *f, double eyes_px, int width)
{
    put(row, MW_LM_BOX_EYE_WIDTH, eyes_px / (f->w * width));
    put(row, MW_LM_BOX_EYES_X, (0.5 * (f->key[RIGHT_EYE][0] + f->key[LEFT_EYE][0]) - f->x) / f->w);
    put(row, MW_LM_BOX_EYES_Y, (0.5 * (f->key[RIGHT_EYE][1] + f->key[LEFT_EYE][1]) - f->y) / f->h);
    put(row, MW_LM_BOX_MOUTH_X, (f->key[MOUTH][0] - f->x) / f->w);
    put(row, MW_LM_BOX_MOUTH_Y, (f->key[MOUTH][1] - f->y) / f->h);
}

void mw_landmarks(float row[MW_LM_COLUMNS], const mw_face *face, int width, int height)
{
    double p[MW_FACE_KEYS][2], q[MW_FACE_KEYS][2], turn[2];

    memset(row, 0, MW_LM_COLUMNS * sizeof *row);
    put_place(row, face, width, height);
    if (!face->has_keys) return;
    for (int k = 0; k < MW_FACE_KEYS; k++) {
        p[k][0] = face->key[k][0] * width;
        p[k][1] = face->key[k][1] * height;
    }
    if (!to_face_frame(q, turn, p, face->w * width)) return;
    row[MW_LM_HAS_KEYS] = 1;
    put(row, MW_LM_ROLL_COS, turn[0]);
    put(row, MW_LM_ROLL_SIN, turn[1]);
    put_points(row, q);
    put_ratios(row, q);
    put_in_box(row, face, distance(p[RIGHT_EYE], p[LEFT_EYE]), width);
}

/* ---- the encoder ---- */

static mw_status open_landmarks(mw_encoder *e, mw_error *err)
{
    (void)err;
    e->names = mw_landmark_names;
    e->n_columns = MW_LM_COLUMNS;
    return MW_OK;
}

static mw_status push_landmarks(void *state, const mw_frame *rgb, const mw_face *face,
                                const mw_crop *crop, float *row, mw_error *err)
{
    (void)state, (void)crop, (void)err;
    mw_landmarks(row, face, rgb->width, rgb->height);
    return MW_OK;
}

const mw_encoder_class mw_encoder_landmarks = { .name = "landmarks",
                                                .open = open_landmarks,
                                                .push = push_landmarks };
