/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "feature/landmarks.h"

enum { WIDTH = 640, HEIGHT = 360 };

/* Right eye, left eye, nose, mouth, right ear, left ear, in pixels; frontal, eyes 60 apart. */
static const double points[MW_FACE_KEYS][2] = { { 270, 130 }, { 330, 130 }, { 300, 160 },
                                                { 303, 190 }, { 240, 142 }, { 366, 136 } };

/* The face turned by (cos, sin) about (300, 150), enlarged, and moved; all in pixels. */
static mw_face face(double c, double s, double scale, double dx, double dy)
{
    mw_face f = {
        .w = 150 * scale / WIDTH, .h = 150 * scale / HEIGHT, .score = 0.75, .has_keys = 1
    };

    f.x = (300 + dx) / WIDTH - f.w / 2;
    f.y = (150 + dy) / HEIGHT - f.h / 2;
    for (int k = 0; k < MW_FACE_KEYS; k++) {
        const double x = points[k][0] - 300, y = points[k][1] - 150;

        f.key[k][0] = (300 + dx + scale * (c * x - s * y)) / WIDTH;
        f.key[k][1] = (150 + dy + scale * (s * x + c * y)) / HEIGHT;
    }
    return f;
}

static void near(float got, double want, const char *name)
{
    if (!(fabs(got - want) < 1e-5)) fail_msg("%s is %.8g, not %.8g", name, (double)got, want);
}

static void columns_are_what_their_names_say(void **state)
{
    static const struct {
        mw_landmark_column c;
        double want;
    } cases[] = {
        { MW_LM_PLACE_X, 300.0 / 640 },
        { MW_LM_PLACE_Y, 150.0 / 360 },
        { MW_LM_PLACE_LOG_SIZE, -1.1631508098056809 }, /* 0.5 log(150 * 150 / (640 * 360)) */
        { MW_LM_PLACE_INSIDE, 1 },
        { MW_LM_SCORE, 0.75 },
        { MW_LM_HAS_KEYS, 1 },
        { MW_LM_BOX_ASPECT, 0 },
        { MW_LM_ROLL_COS, 1 },
        { MW_LM_ROLL_SIN, 0 },
        { MW_LM_NOSE_X, 0 },
        { MW_LM_NOSE_Y, 0.5 },
        { MW_LM_MOUTH_X, 0.05 },
        { MW_LM_MOUTH_Y, 1 },
        { MW_LM_RIGHT_EAR_X, -1 },
        { MW_LM_RIGHT_EAR_Y, 0.2 },
        { MW_LM_LEFT_EAR_X, 1.1 },
        { MW_LM_LEFT_EAR_Y, 0.1 },
        { MW_LM_YAW_EARS, -0.05709610 }, /* r = sqrt(1.09), l = sqrt(1.37): (r - l) / (r + l) */
        { MW_LM_YAW_EYES, -0.06083049 }, /* r = sqrt(0.29), l = sqrt(0.37) */
        { MW_LM_PITCH_NOSE, 0.5 },
        { MW_LM_PITCH_EARS, 0.15 },
        { MW_LM_EAR_SPAN, 2.1023796 },  /* sqrt(4.42) */
        { MW_LM_EAR_TILT, -0.0475651 }, /* -0.1 / sqrt(4.42) */
        { MW_LM_NOSE_MOUTH, 0.50249378 },
        { MW_LM_BOX_EYE_WIDTH, 0.4 },
        { MW_LM_BOX_EYES_X, 0.5 },
        { MW_LM_BOX_EYES_Y, 55.0 / 150 },
        { MW_LM_BOX_MOUTH_X, 78.0 / 150 },
        { MW_LM_BOX_MOUTH_Y, 115.0 / 150 },
    };
    const mw_face f = face(1, 0, 1, 0, 0);
    float row[MW_LM_COLUMNS];

    (void)state;
    assert_int_equal(sizeof cases / sizeof *cases, MW_LM_COLUMNS);
    mw_landmarks(row, &f, WIDTH, HEIGHT);
    for (size_t i = 0; i < MW_LM_COLUMNS; i++)
        near(row[cases[i].c], cases[i].want, mw_landmark_names[cases[i].c]);
}

static int is_place(size_t c)
{
    return c <= MW_LM_PLACE_INSIDE;
}

static void only_place_changes_when_the_face_moves_or_grows(void **state)
{
    const mw_face here = face(1, 0, 1, 0, 0), there = face(1, 0, 0.5, 200, 110);
    float a[MW_LM_COLUMNS], b[MW_LM_COLUMNS];

    (void)state;
    mw_landmarks(a, &here, WIDTH, HEIGHT);
    mw_landmarks(b, &there, WIDTH, HEIGHT);
    for (size_t c = 0; c < MW_LM_COLUMNS; c++)
        if (!is_place(c)) near(b[c], a[c], mw_landmark_names[c]);
    for (size_t c = 0; c < MW_LM_PLACE_INSIDE; c++)
        assert_true(fabsf(a[c] - b[c]) > 0.1f);
    near(b[MW_LM_PLACE_LOG_SIZE], a[MW_LM_PLACE_LOG_SIZE] - log(2), "place_log_size");
}

static void turning_changes_roll_and_the_places_in_the_box_alone(void **state)
{
    const mw_face upright = face(1, 0, 1, 0, 0), turned = face(0.8, 0.6, 1, 0, 0);
    float a[MW_LM_COLUMNS], b[MW_LM_COLUMNS];

    (void)state;
    mw_landmarks(a, &upright, WIDTH, HEIGHT);
    mw_landmarks(b, &turned, WIDTH, HEIGHT);
    near(b[MW_LM_ROLL_COS], 0.8, "roll_cos");
    near(b[MW_LM_ROLL_SIN], 0.6, "roll_sin");
    for (size_t c = MW_LM_NOSE_X; c <= MW_LM_BOX_EYE_WIDTH; c++)
        near(b[c], a[c], mw_landmark_names[c]);
    assert_true(fabsf(a[MW_LM_BOX_MOUTH_X] - b[MW_LM_BOX_MOUTH_X]) > 0.05f);
}

static void a_mirrored_face_turns_the_other_way(void **state)
{
    mw_face f = face(1, 0, 1, 0, 0), m = f;
    float a[MW_LM_COLUMNS], b[MW_LM_COLUMNS];
    static const int other[MW_FACE_KEYS] = { 1, 0, 2, 3, 5, 4 };

    (void)state;
    for (int k = 0; k < MW_FACE_KEYS; k++) {
        m.key[k][0] = 1 - f.key[other[k]][0];
        m.key[k][1] = f.key[other[k]][1];
    }
    m.x = 1 - f.x - f.w;
    mw_landmarks(a, &f, WIDTH, HEIGHT);
    mw_landmarks(b, &m, WIDTH, HEIGHT);
    near(b[MW_LM_YAW_EARS], -a[MW_LM_YAW_EARS], "yaw_ears");
    near(b[MW_LM_YAW_EYES], -a[MW_LM_YAW_EYES], "yaw_eyes");
    near(b[MW_LM_MOUTH_X], -a[MW_LM_MOUTH_X], "mouth_x");
    near(b[MW_LM_PITCH_NOSE], a[MW_LM_PITCH_NOSE], "pitch_nose");
}

static void without_key_points_only_the_box_is_described(void **state)
{
    mw_face none = face(1, 0, 1, 0, 0), together = none;
    float a[MW_LM_COLUMNS], b[MW_LM_COLUMNS];

    (void)state;
    none.has_keys = 0;
    none.score = NAN;
    memcpy(together.key[1], together.key[0], sizeof together.key[0]); /* the eyes are one point */
    mw_landmarks(a, &none, WIDTH, HEIGHT);
    mw_landmarks(b, &together, WIDTH, HEIGHT);
    near(a[MW_LM_PLACE_X], 300.0 / 640, "place_x");
    assert_true(a[MW_LM_SCORE] == 0 && b[MW_LM_SCORE] == 0.75f);
    for (size_t c = MW_LM_HAS_KEYS; c < MW_LM_COLUMNS; c++)
        if (c != MW_LM_BOX_ASPECT) assert_true(a[c] == 0 && b[c] == 0);
}

static void a_box_half_outside_is_half_inside(void **state)
{
    mw_face f = { .x = -0.1, .y = 0.9, .w = 0.2, .h = 0.4 };
    float row[MW_LM_COLUMNS];

    (void)state;
    mw_landmarks(row, &f, WIDTH, HEIGHT);
    near(row[MW_LM_PLACE_INSIDE], 0.5 * 0.25, "place_inside");
}

static void odd_numbers_stay_finite(void **state)
{
    static const double odd[] = { 0, 1e-320, 1e300, -1e300, INFINITY, -INFINITY, NAN };
    const size_t n = sizeof odd / sizeof *odd;
    float row[MW_LM_COLUMNS];

    (void)state;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            mw_face f = face(1, 0, 1, 0, 0);

            f.key[0][0] = odd[i];
            f.key[3][1] = odd[k];
            f.x = odd[k];
            f.w = odd[i] > 0 && isfinite(odd[i]) ? odd[i] : 0.1;
            f.score = odd[k];
            mw_landmarks(row, &f, WIDTH, HEIGHT);
            for (size_t c = 0; c < MW_LM_COLUMNS; c++)
                if (!(fabsf(row[c]) <= 100)) fail_msg("%s", mw_landmark_names[c]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_what_their_names_say),
        cmocka_unit_test(only_place_changes_when_the_face_moves_or_grows),
        cmocka_unit_test(turning_changes_roll_and_the_places_in_the_box_alone),
        cmocka_unit_test(a_mirrored_face_turns_the_other_way),
        cmocka_unit_test(without_key_points_only_the_box_is_described),
        cmocka_unit_test(a_box_half_outside_is_half_inside),
        cmocka_unit_test(odd_numbers_stay_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
