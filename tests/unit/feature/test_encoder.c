/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "feature/encoder.h"
#include "feature/hog.h"
#include "feature/landmarks.h"

enum { N_PLAIN = 2 };

/* Those that need no file. */
static const struct {
    mw_encoder_kind kind;
    size_t columns;
    const char *first, *last;
} plain[N_PLAIN] = { { MW_ENCODER_HOG, MW_HOG_COLUMNS, "r0c0_o0", "sharpness" },
                     { MW_ENCODER_LANDMARKS, MW_LM_COLUMNS, "place_x", "box_mouth_y" } };

static mw_encoder *opened(mw_encoder_kind kind)
{
    const mw_encoder_config config = { .kind = kind, .batch = 4, .threads = 1 };
    mw_encoder *e;

    assert_ok(mw_encoder_open(&e, &config, NULL));
    return e;
}

static mw_frame picture(void)
{
    mw_frame f;

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 120, 90, NULL));
    for (int y = 0; y < 90; y++)
        for (int x = 0; x < 360; x++)
            f.plane[0][y * f.stride[0] + x] = (uint8_t)(x * 7 + y * y * 3);
    return f;
}

static mw_face face(void)
{
    mw_face f = { .x = 0.3, .y = 0.2, .w = 0.4, .h = 0.5, .score = 0.9, .has_keys = 1 };
    static const double key[MW_FACE_KEYS][2] = { { 0.42, 0.38 }, { 0.58, 0.4 },  { 0.5, 0.48 },
                                                 { 0.49, 0.58 }, { 0.33, 0.42 }, { 0.68, 0.43 } };

    memcpy(f.key, key, sizeof key);
    return f;
}

static void columns_have_names_of_their_own(void **state)
{
    (void)state;
    for (int i = 0; i < N_PLAIN; i++) {
        mw_encoder *e = opened(plain[i].kind);
        const char *const *names = mw_encoder_column_names(e);

        assert_int_equal(mw_encoder_columns(e), plain[i].columns);
        assert_string_equal(names[0], plain[i].first);
        assert_string_equal(names[plain[i].columns - 1], plain[i].last);
        for (size_t a = 0; a < plain[i].columns; a++)
            for (size_t b = 0; b < a; b++)
                assert_string_not_equal(names[a], names[b]);
        mw_encoder_close(&e);
        assert_null(e);
    }
    assert_string_equal(mw_encoder_name(MW_ENCODER_CLIP), "clip");
    assert_string_equal(mw_encoder_name(MW_ENCODER_HOG), "hog");
    assert_string_equal(mw_encoder_name(MW_ENCODER_LANDMARKS), "landmarks");
}

static void a_face_becomes_a_row_and_the_same_again(void **state)
{
    mw_frame f = picture();
    const mw_face a = face();

    (void)state;
    for (int i = 0; i < N_PLAIN; i++) {
        mw_encoder *e = opened(plain[i].kind);
        mw_encoder_worker *w;
        float row[2][MW_HOG_COLUMNS + 1];
        int none;

        for (int k = 0; k < 2; k++) {
            assert_ok(mw_encoder_worker_create(&w, e, NULL));
            row[k][plain[i].columns] = -7;
            assert_ok(mw_encoder_push(w, &f, &a, row[k], &none, NULL));
            assert_int_equal(none, 0);
            assert_ok(mw_encoder_flush(w, NULL));
            mw_encoder_worker_destroy(&w);
            assert_null(w);
            assert_true(row[k][plain[i].columns] == -7);
        }
        assert_memory_equal(row[0], row[1], plain[i].columns * sizeof(float));
        for (size_t c = 0; c < plain[i].columns; c++)
            assert_true(isfinite(row[0][c]));
        mw_encoder_close(&e);
    }
    mw_frame_clear(&f);
}

static void a_box_outside_the_frame_is_empty(void **state)
{
    static const double boxes[][4] = {
        { 1, 0.2, 0.4, 0.5 },        { -0.5, 0, 0.5, 0.5 },
        { 0.2, 1.5, 0.4, 0.5 },      { 0.2, 0.2, 0, 0.5 },
        { 0.2, 0.2, 0.4, -1 },       { NAN, 0.2, 0.4, 0.5 },
        { 0.2, 0.2, INFINITY, 0.5 }, { 0.2, 0.2, 1e308, 0.5 },
        { 0.501, 0.2, 0.002, 0.5 }, /* within one column of pixels */
    };
    mw_frame f = picture();

    (void)state;
    for (int i = 0; i < N_PLAIN; i++) {
        mw_encoder *e = opened(plain[i].kind);
        mw_encoder_worker *w;
        float row[MW_HOG_COLUMNS] = { -7 };
        int none;

        assert_ok(mw_encoder_worker_create(&w, e, NULL));
        for (size_t b = 0; b < sizeof boxes / sizeof *boxes; b++) {
            mw_face a = face();

            a.x = boxes[b][0], a.y = boxes[b][1], a.w = boxes[b][2], a.h = boxes[b][3];
            assert_ok(mw_encoder_push(w, &f, &a, row, &none, NULL));
            assert_int_equal(none, 1);
            assert_true(row[0] == -7);
        }
        mw_encoder_worker_destroy(&w);
        mw_encoder_close(&e);
    }
    mw_frame_clear(&f);
}

static void only_clip_takes_whole_frames(void **state)
{
    mw_frame f = picture();
    mw_error err;

    (void)state;
    for (int i = 0; i < N_PLAIN; i++) {
        mw_encoder *e = opened(plain[i].kind);
        mw_encoder_worker *w;
        float row[MW_HOG_COLUMNS];
        int none;

        assert_ok(mw_encoder_worker_create(&w, e, NULL));
        assert_fails(mw_encoder_push(w, &f, NULL, row, &none, &err), MW_ERR_RANGE);
        assert_string_equal(err.reason, "needs_face");
        mw_encoder_worker_destroy(&w);
        mw_encoder_close(&e);
    }
    mw_frame_clear(&f);
}

/* The face and the picture enlarged together by two: the same part is seen. */
static void hog_sees_the_same_face_at_any_size(void **state)
{
    mw_encoder *e = opened(MW_ENCODER_HOG);
    mw_encoder_worker *w;
    const mw_face a = face();
    float row[2][MW_HOG_COLUMNS];
    double dot = 0, square[2] = { 0 };

    (void)state;
    assert_ok(mw_encoder_worker_create(&w, e, NULL));
    for (int k = 0; k < 2; k++) {
        mw_frame f;
        int none;

        assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 240 << k, 180 << k, NULL));
        for (int y = 0; y < f.height; y++)
            for (int x = 0; x < f.width; x++) {
                const double u = (x + 0.5) / (1 << k), v = (y + 0.5) / (1 << k);
                const double grey = 128 + 50 * sin(u / 9) * cos(v / 7) + 40 * sin((u + 2 * v) / 13);

                memset(f.plane[0] + y * f.stride[0] + 3 * x, (int)grey, 3);
            }
        assert_ok(mw_encoder_push(w, &f, &a, row[k], &none, NULL));
        mw_frame_clear(&f);
    }
    for (int i = 0; i < MW_HOG_BRIGHTNESS; i++) {
        dot += row[0][i] * row[1][i];
        for (int k = 0; k < 2; k++)
            square[k] += row[k][i] * row[k][i];
    }
    assert_true(dot / sqrt(square[0] * square[1]) > 0.98);
    mw_encoder_worker_destroy(&w);
    mw_encoder_close(&e);
}

static void no_memory_is_no_leak(void **state)
{
    (void)state;
    for (int i = 0; i < N_PLAIN; i++)
        for (long n = 1, ended = 0; !ended; n++) {
            const mw_encoder_config config = { .kind = plain[i].kind, .batch = 4, .threads = 1 };
            const long live = mw_mem_live();
            mw_encoder *e = NULL;
            mw_encoder_worker *w = NULL;
            mw_status st;

            mw_mem_fail_at(n);
            st = mw_encoder_open(&e, &config, NULL);
            if (st == MW_OK) st = mw_encoder_worker_create(&w, e, NULL);
            ended = mw_mem_count() < n;
            mw_mem_fail_at(0);
            assert_int_equal(st, ended ? MW_OK : MW_ERR_NOMEM);
            mw_encoder_worker_destroy(&w);
            mw_encoder_close(&e);
            assert_int_equal(mw_mem_live(), live);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_names_of_their_own),
        cmocka_unit_test(a_face_becomes_a_row_and_the_same_again),
        cmocka_unit_test(a_box_outside_the_frame_is_empty),
        cmocka_unit_test(only_clip_takes_whole_frames),
        cmocka_unit_test(hog_sees_the_same_face_at_any_size),
        cmocka_unit_test(no_memory_is_no_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
