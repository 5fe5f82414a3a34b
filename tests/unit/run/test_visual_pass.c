/* SPDX-License-Identifier: Apache-2.0
 *
 * With faces that are given, so that no model file is needed.
 */
#include "support/support.h"

#include "base/mem.h"
#include "feature/landmarks.h"
#include "run/visual_pass.h"
#include "support/clips.h"

typedef struct fixture {
    mw_encoder *e;
    mw_encoder_worker *w;
    mw_visual_pass *p;
    mw_frame f;
} fixture;

static fixture made(mw_face_policy policy)
{
    const mw_encoder_config config = { .kind = MW_ENCODER_LANDMARKS };
    mw_visual_pass_config c = { .policy = policy };
    fixture x;

    assert_ok(mw_encoder_open(&x.e, &config, NULL));
    assert_ok(mw_encoder_worker_create(&x.w, x.e, NULL));
    c.encoder = x.e;
    c.worker = x.w;
    assert_ok(mw_visual_pass_create(&x.p, &c, NULL));
    assert_ok(mw_frame_alloc(&x.f, MW_PIX_RGB24, 64, 48, NULL));
    return x;
}

static void clear(fixture *x)
{
    mw_visual_pass_destroy(&x->p);
    mw_encoder_worker_destroy(&x->w);
    mw_encoder_close(&x->e);
    mw_frame_clear(&x->f);
}

static mw_face box(double x, double w)
{
    return (mw_face){ .x = x, .y = 0.25, .w = w, .h = 0.5, .score = 0.5 };
}

/* A face in two of three frames, and one outside; more frames than there is room for at first. */
static void every_frame_keeps_its_row(void **state)
{
    fixture x = made(MW_FACES_FIRST);
    mw_matrix m;
    mw_track t;

    (void)state;
    for (int i = 0; i < 1300; i++) {
        const mw_face f = box(i % 5 == 4 ? 2 : 0.001 * (i % 100), 0.25);

        assert_ok(mw_visual_pass_push(x.p, &x.f, 0.04 * i, &f, i % 3 != 0, NULL));
    }
    assert_ok(mw_visual_pass_finish(x.p, &m, &t, NULL));
    assert_int_equal(m.rows, 1300);
    assert_int_equal(m.columns, MW_LM_COLUMNS);
    assert_int_equal(t.n_frames, 1300);
    assert_ptr_equal(m.names, mw_encoder_column_names(x.e));
    for (size_t i = 0; i < m.rows; i++) {
        const int has = i % 3 != 0 && i % 5 != 4;
        const float *row = m.x + i * m.columns;
        size_t n;

        assert_int_equal(m.valid[i], has);
        assert_true(m.t[i] == 0.04 * (double)i && t.frame[i].time_s == m.t[i]);
        assert_true(row[0] == (has ? (float)(0.001 * (double)(i % 100) + 0.125) : 0));
        mw_track_faces(&t, i, &n);
        assert_int_equal(n, has);
    }
    mw_matrix_clear(&m);
    mw_track_clear(&t);
    clear(&x);
}

static void a_pass_takes_one_clip_after_another(void **state)
{
    fixture x = made(MW_FACES_FIRST);
    const mw_face f = box(0.5, 0.25);

    (void)state;
    for (int k = 0; k < 3; k++) {
        mw_matrix m;

        for (int i = 0; i < k; i++)
            assert_ok(mw_visual_pass_push(x.p, &x.f, i, &f, 1, NULL));
        assert_ok(mw_visual_pass_finish(x.p, &m, NULL, NULL));
        assert_int_equal(m.rows, k);
        assert_int_equal(m.columns, MW_LM_COLUMNS);
        mw_matrix_clear(&m);
    }
    clear(&x);
}

static void the_policy_chooses(void **state)
{
    static const struct {
        mw_face_policy policy;
        float centre; /* 0: none */
    } cases[] = { { MW_FACES_FIRST, 0.15f },
                  { MW_FACES_LARGEST, 0.8f },
                  { MW_FACES_CENTRAL, 0.55f },
                  { MW_FACES_SINGLE, 0 } };
    const mw_face faces[] = { box(0.1, 0.1), box(0.6, 0.4), box(0.5, 0.1) };

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        fixture x = made(cases[k].policy);
        mw_matrix m;

        assert_ok(mw_visual_pass_push(x.p, &x.f, 0, faces, 3, NULL));
        assert_ok(mw_visual_pass_finish(x.p, &m, NULL, NULL));
        assert_true(m.x[0] - cases[k].centre < 1e-6f && cases[k].centre - m.x[0] < 1e-6f);
        assert_int_equal(m.valid[0], cases[k].centre > 0);
        mw_matrix_clear(&m);
        clear(&x);
    }
}

static void policies_over_many_frames_are_refused(void **state)
{
    static const mw_face_policy policies[] = { MW_FACES_ALL, MW_FACES_LONGEST_TRACK };

    (void)state;
    for (int k = 0; k < 2; k++) {
        const mw_visual_pass_config c = { .policy = policies[k] };
        mw_visual_pass *p;
        mw_error err;

        assert_fails(mw_visual_pass_create(&p, &c, &err), MW_ERR_RANGE);
        assert_string_equal(err.reason, "bad_option");
        assert_null(p);
    }
}

static void a_film_meets_its_track(void **state)
{
    fixture x = made(MW_FACES_FIRST);
    char *dir = temp_dir();
    char path[512];
    const mw_face f = box(0.5, 0.25);
    mw_track t = { 0 };
    mw_matrix m;
    mw_error err;

    (void)state;
    snprintf(path, sizeof path, "%s/v.mp4", dir);
    make_video(path, &(clip_options){ .n_frames = 6, .fps_num = 25 });
    for (int i = 0; i < 5; i++)
        assert_ok(mw_track_add(&t, i, &f, i != 2, NULL));
    assert_fails(mw_visual_pass_file(x.p, path, &t, NULL, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "faces_mismatch");
    assert_ok(mw_visual_pass_finish(x.p, &m, NULL, NULL));
    mw_matrix_clear(&m);

    assert_ok(mw_track_add(&t, 5, &f, 1, NULL));
    assert_ok(mw_visual_pass_file(x.p, path, &t, NULL, NULL));
    assert_ok(mw_visual_pass_finish(x.p, &m, NULL, NULL));
    assert_int_equal(m.rows, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(m.valid[i], i != 2);
        assert_true(m.t[i] - i / 25.0 < 1e-9 && i / 25.0 - m.t[i] < 1e-9);
    }
    mw_matrix_clear(&m);

    assert_ok(mw_track_add(&t, 6, &f, 1, NULL));
    assert_fails(mw_visual_pass_file(x.p, path, &t, NULL, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "faces_mismatch");
    mw_track_clear(&t);
    clear(&x);
    temp_dir_remove(dir);
}

static void no_memory_is_no_leak(void **state)
{
    (void)state;
    for (long n = 1, ended = 0; !ended; n++) {
        fixture x = made(MW_FACES_FIRST);
        const long live = mw_mem_live();
        const mw_face f = box(0.5, 0.25);
        mw_matrix m = { 0 };
        mw_track t = { 0 };
        mw_status st = MW_OK;

        mw_mem_fail_at(n);
        for (int i = 0; st == MW_OK && i < 600; i++)
            st = mw_visual_pass_push(x.p, &x.f, i, &f, 1, NULL);
        if (st == MW_OK) st = mw_visual_pass_finish(x.p, &m, &t, NULL);
        ended = mw_mem_count() < n;
        mw_mem_fail_at(0);
        assert_int_equal(st, ended ? MW_OK : MW_ERR_NOMEM);
        mw_matrix_clear(&m);
        mw_track_clear(&t);
        mw_visual_pass_destroy(&x.p);
        assert_true(mw_mem_live() < live);
        clear(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_keeps_its_row),
        cmocka_unit_test(a_pass_takes_one_clip_after_another),
        cmocka_unit_test(the_policy_chooses),
        cmocka_unit_test(policies_over_many_frames_are_refused),
        cmocka_unit_test(a_film_meets_its_track),
        cmocka_unit_test(no_memory_is_no_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
