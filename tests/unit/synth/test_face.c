/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawn faces: their bytes, what moves them, and the ground truth that goes with them.
 */
#include "support/support.h"

#include <math.h>

#include "base/hash.h"
#include "synth/synth.h"

static mw_synth *clip_by(uint64_t seed, int64_t clip, int64_t speaker, double label, int width,
                         int height)
{
    mw_synth_params p;
    mw_synth *s = NULL;

    mw_synth_params_default(&p, seed, clip, speaker, label);
    p.width = width;
    p.height = height;
    assert_ok(mw_synth_create(&s, &p, NULL));
    return s;
}

/* Speaker k says clip k. */
static mw_synth *clip_of(uint64_t seed, int64_t speaker, double label, int width, int height)
{
    return clip_by(seed, speaker, speaker, label, width, height);
}

static void picture_hash(char hex[MW_SHA256_HEX + 1], const mw_frame *f)
{
    uint8_t digest[MW_SHA256_BYTES];
    mw_sha256 h;

    mw_sha256_init(&h);
    for (int y = 0; y < f->height; y++)
        mw_sha256_update(&h, f->plane[0] + y * f->stride[0], 3 * (size_t)f->width);
    mw_sha256_final(&h, digest);
    mw_hex(hex, digest, sizeof digest);
}

static void draw_hash(char hex[MW_SHA256_HEX + 1], const mw_synth *s, int64_t t, int w, int h)
{
    mw_frame f;

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, w, h, NULL));
    assert_ok(mw_synth_face_frame(s, t, &f, NULL));
    assert_int_equal(f.pts, t);
    picture_hash(hex, &f);
    mw_frame_clear(&f);
}

static void small_frames_are_the_stored_bytes(void **state)
{
    char hex[MW_SHA256_HEX + 1];
    mw_synth *s = clip_of(1, 0, 1.5, 96, 72);

    (void)state;
    draw_hash(hex, s, 30, 96, 72);
    mw_synth_destroy(&s);
    assert_string_equal(hex, "2315c22fd43869030ba9e3fc49f0ad35198c48527810f2b9b7dd2a1da9d638aa");
}

static void a_frame_does_not_depend_on_those_before(void **state)
{
    char a[MW_SHA256_HEX + 1], b[MW_SHA256_HEX + 1], c[MW_SHA256_HEX + 1];
    mw_synth *s = clip_of(2, 3, 0.5, 96, 72), *again = clip_of(2, 3, 0.5, 96, 72);

    (void)state;
    draw_hash(c, s, 3, 96, 72);
    draw_hash(a, s, 50, 96, 72);
    draw_hash(b, again, 50, 96, 72);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    mw_synth_destroy(&s);
    mw_synth_destroy(&again);
}

static void speakers_clips_seeds_and_labels_differ(void **state)
{
    char hex[5][MW_SHA256_HEX + 1];
    mw_synth *s[5] = { clip_by(1, 0, 0, 0, 64, 64), clip_by(1, 0, 1, 0, 64, 64),
                       clip_by(1, 1, 0, 0, 64, 64), clip_by(2, 0, 0, 0, 64, 64),
                       clip_by(1, 0, 0, 2, 64, 64) };

    (void)state;
    for (int i = 0; i < 5; i++) {
        draw_hash(hex[i], s[i], 20, 64, 64);
        mw_synth_destroy(&s[i]);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(hex[i], hex[k]);
    }
}

/* Every byte of every pixel is written and none outside. */
static void odd_sizes_are_filled_and_not_overrun(void **state)
{
    static const int size[][2] = { { 64, 64 }, { 333, 251 }, { 65, 200 }, { 200, 65 } };

    (void)state;
    for (size_t k = 0; k < sizeof size / sizeof size[0]; k++) {
        const int w = size[k][0], h = size[k][1], stride = 3 * w + 7;
        const size_t n = (size_t)stride * (size_t)h;
        uint8_t *a = malloc(n + 64), *b = malloc(n + 64);
        mw_frame f = { .format = MW_PIX_RGB24, .width = w, .height = h, .stride = { stride } };
        mw_synth *s = clip_of(1, 4, -2, w, h);

        memset(a, 0x55, n + 64);
        memset(b, 0xaa, n + 64);
        f.plane[0] = a;
        assert_ok(mw_synth_face_frame(s, 9, &f, NULL));
        f.plane[0] = b;
        assert_ok(mw_synth_face_frame(s, 9, &f, NULL));
        for (size_t i = 0; i < n + 64; i++) {
            const int inside = i < n && i % (size_t)stride < 3 * (size_t)w;

            if ((a[i] == b[i]) != inside) fail_msg("%d x %d: byte %zu", w, h, i);
        }
        mw_synth_destroy(&s);
        free(a);
        free(b);
    }
}

static double brightness(const mw_frame *f, double x, double y)
{
    const uint8_t *p = f->plane[0] + (int)y * f->stride[0] + 3 * (int)x;

    return p[0] + p[1] + p[2];
}

/* Row of the darkest pixel of a column, within reach of y. */
static double darkest_row(const mw_frame *f, double x, double y, double reach)
{
    double best = 1e9, at = y;

    for (double k = y - reach; k <= y + reach; k += 1.0) {
        const double b = brightness(f, x, k);

        if (b < best) {
            best = b;
            at = k;
        }
    }
    return at;
}

/* A frame in a pause with level head: closed lips, no speech in the way. */
static int64_t closed_frame(const mw_synth *s)
{
    mw_synth_geometry g;

    for (int64_t t = 3; t < mw_synth_n_frames(s); t++) {
        assert_ok(mw_synth_geometry_at(s, t, &g, NULL));
        if (g.mouth_open_px < 0.5 && g.eye_open > 0.3) return t;
    }
    fail_msg("the mouth never closes");
    return 0;
}

/* How far the dark line between the lips rises from the middle to both sides, over mouth width. */
static double lift_in_picture(const mw_synth *s)
{
    const int64_t t = closed_frame(s);
    mw_synth_geometry g;
    mw_frame f;
    double x[2], y[2], side = 0, middle;

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 480, 360, NULL));
    assert_ok(mw_synth_face_frame(s, t, &f, NULL));
    assert_ok(mw_synth_geometry_at(s, t, &g, NULL));
    middle = darkest_row(&f, g.mouth[0], g.mouth[1], 0.06 * g.mouth_width_px);
    for (int i = 0; i < 2; i++) {
        const double *corner = i ? g.corner_right : g.corner_left;

        x[i] = g.mouth[0] + 0.85 * (corner[0] - g.mouth[0]);
        y[i] = g.mouth[1] + 0.72 * (corner[1] - g.mouth[1]);
        side += 0.5 * darkest_row(&f, x[i], y[i], 0.10 * g.mouth_width_px);
    }
    mw_frame_clear(&f);
    return (middle - side) / g.mouth_width_px;
}

static void the_label_lifts_the_mouth_corners(void **state)
{
    (void)state;
    for (int speaker = 0; speaker < 6; speaker++) {
        double truth[3], seen[3];

        for (int k = 0; k < 3; k++) {
            mw_synth *s = clip_of(9, speaker, 3.0 * (k - 1), 480, 360);
            mw_synth_geometry g;

            assert_ok(mw_synth_geometry_at(s, closed_frame(s), &g, NULL));
            truth[k] = g.corner_lift;
            seen[k] = lift_in_picture(s);
            mw_synth_destroy(&s);
        }
        print_message("# speaker %d: lift %.3f %.3f %.3f, in the picture %.3f %.3f %.3f\n", speaker,
                      truth[0], truth[1], truth[2], seen[0], seen[1], seen[2]);
        assert_true(truth[0] + 0.08 < truth[1] && truth[1] + 0.08 < truth[2]);
        assert_true(seen[0] + 0.04 < seen[1] && seen[1] + 0.04 < seen[2]);
    }
}

static void the_label_raises_brows_and_opens_eyes(void **state)
{
    (void)state;
    for (int speaker = 0; speaker < 6; speaker++) {
        double brow[2] = { 0, 0 }, eye[2] = { 0, 0 };

        for (int k = 0; k < 2; k++) {
            mw_synth *s = clip_of(9, speaker, k ? 3 : -3, 64, 64);

            for (int64_t t = 0; t < mw_synth_n_frames(s); t++) {
                mw_synth_geometry g;

                assert_ok(mw_synth_geometry_at(s, t, &g, NULL));
                brow[k] += g.brow_raise / 112;
                eye[k] += g.eye_open / 112;
            }
            mw_synth_destroy(&s);
        }
        assert_true(brow[1] > brow[0] + 0.05);
        assert_true(eye[1] > eye[0] + 0.02);
    }
}

static void a_cue_stays_within_its_stretch(void **state)
{
    mw_synth_params p;
    mw_synth *with = NULL, *without = NULL;
    int n_equal = 0, n_other = 0;

    (void)state;
    mw_synth_params_default(&p, 1, 0, 0, 3.0);
    p.width = p.height = 64;
    p.face.on_s = 1.0;
    p.face.off_s = 2.0;
    assert_ok(mw_synth_create(&with, &p, NULL));
    p.face.strength = 0.0;
    assert_ok(mw_synth_create(&without, &p, NULL));
    for (int64_t t = 0; t < mw_synth_n_frames(with); t++) {
        char a[MW_SHA256_HEX + 1], b[MW_SHA256_HEX + 1];
        const int in = t > 25 && t < 50;

        if (t % 5) continue;
        draw_hash(a, with, t, 64, 64);
        draw_hash(b, without, t, 64, 64);
        if (in) {
            assert_string_not_equal(a, b);
            n_other++;
        } else {
            assert_string_equal(a, b);
            n_equal++;
        }
    }
    assert_true(n_other >= 4 && n_equal > 10);
    mw_synth_destroy(&with);
    mw_synth_destroy(&without);
}

/* The pupils are the darkest spots near the eyes; the box holds all points and lies in the picture.
 */
static void ground_truth_lies_where_the_picture_shows_it(void **state)
{
    (void)state;
    for (int speaker = 0; speaker < 12; speaker++) {
        mw_synth *s = clip_of(5, speaker, 1, 480, 360);
        mw_synth_geometry g;
        mw_frame f;
        const int64_t t = closed_frame(s);
        double skin, pupil = 0;

        assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 480, 360, NULL));
        assert_ok(mw_synth_face_frame(s, t, &f, NULL));
        assert_ok(mw_synth_geometry_at(s, t, &g, NULL));
        assert_true(g.box_x0 > 0 && g.box_y0 > 0 && g.box_x1 < 480 && g.box_y1 < 360);
        assert_true(g.corner_left[0] > g.box_x0 && g.corner_right[0] < g.box_x1);
        assert_true(g.eye_left[0] < g.eye_right[0]);
        assert_true(g.brow_left[1] < g.eye_left[1] && g.eye_left[1] < g.nose_tip[1]);
        assert_true(g.nose_tip[1] < g.mouth[1] && g.mouth[1] < g.box_y1);
        skin = brightness(&f, 0.5 * (g.eye_left[0] + g.nose_tip[0]), g.nose_tip[1]);
        for (int i = 0; i < 2; i++) {
            const double *eye = i ? g.eye_right : g.eye_left;
            double dark = 1e9;

            for (int dx = -5; dx <= 5; dx++)
                for (int dy = -3; dy <= 3; dy++)
                    if (brightness(&f, eye[0] + dx, eye[1] + dy) < dark)
                        dark = brightness(&f, eye[0] + dx, eye[1] + dy);
            pupil += 0.5 * dark;
        }
        assert_true(pupil < 0.45 * skin);
        mw_frame_clear(&f);
        mw_synth_destroy(&s);
    }
}

static void eyes_blink(void **state)
{
    mw_synth *s = clip_of(1, 2, 0, 64, 64);
    double lo = 9, hi = 0;

    (void)state;
    for (int64_t t = 0; t < mw_synth_n_frames(s); t++) {
        mw_synth_geometry g;

        assert_ok(mw_synth_geometry_at(s, t, &g, NULL));
        if (g.eye_open < lo) lo = g.eye_open;
        if (g.eye_open > hi) hi = g.eye_open;
    }
    mw_synth_destroy(&s);
    assert_true(hi > 0.3 && lo < 0.5 * hi && lo >= 0);
}

static void refuses_frames_that_do_not_fit(void **state)
{
    mw_synth *s = clip_of(1, 0, 0, 64, 64);
    mw_synth_geometry g;
    mw_frame f;
    mw_error err;

    (void)state;
    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 64, 64, NULL));
    assert_int_equal(mw_synth_face_frame(s, -1, &f, &err), MW_ERR_ARG);
    assert_int_equal(mw_synth_face_frame(s, mw_synth_n_frames(s), &f, &err), MW_ERR_ARG);
    assert_non_null(strstr(err.message, "frame 113 of 113"));
    assert_int_equal(mw_synth_geometry_at(s, 113, &g, &err), MW_ERR_ARG);
    mw_frame_clear(&f);
    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 64, 65, NULL));
    assert_int_equal(mw_synth_face_frame(s, 0, &f, &err), MW_ERR_ARG);
    assert_non_null(strstr(err.message, "64 x 64"));
    mw_frame_clear(&f);
    assert_ok(mw_frame_alloc(&f, MW_PIX_YUV420P, 64, 64, NULL));
    assert_int_equal(mw_synth_face_frame(s, 0, &f, &err), MW_ERR_ARG);
    mw_frame_clear(&f);
    mw_synth_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_frames_are_the_stored_bytes),
        cmocka_unit_test(a_frame_does_not_depend_on_those_before),
        cmocka_unit_test(speakers_clips_seeds_and_labels_differ),
        cmocka_unit_test(odd_sizes_are_filled_and_not_overrun),
        cmocka_unit_test(the_label_lifts_the_mouth_corners),
        cmocka_unit_test(the_label_raises_brows_and_opens_eyes),
        cmocka_unit_test(a_cue_stays_within_its_stretch),
        cmocka_unit_test(ground_truth_lies_where_the_picture_shows_it),
        cmocka_unit_test(eyes_blink),
        cmocka_unit_test(refuses_frames_that_do_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
