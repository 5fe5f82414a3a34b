/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "data/pickle.h"

static mw_status read_bytes(const char *bytes, size_t n, mw_track *t, mw_error *err)
{
    char *copy = malloc(n ? n : 1);
    mw_status st;

    memcpy(copy, bytes, n);
    st = mw_pickle_to_track(t, copy, n, 30, "test.pkl", err);
    free(copy);
    return st;
}

#define READ(literal, t, err) read_bytes(literal, sizeof(literal) - 1, t, err)

static mw_track sample_track(void)
{
    const mw_face a = { 0.1, -0.2, 0.3, 0.4, .score = 0.9 },
                  b = { 0.5, 0.6, 0.7, 0.8, .score = 0.8 };
    const mw_face both[] = { a, b };
    mw_track t = { 0 };

    assert_ok(mw_track_add(&t, 0, &a, 1, NULL));
    assert_ok(mw_track_add(&t, 1 / 30.0, NULL, 0, NULL));
    assert_ok(mw_track_add(&t, 2 / 30.0, both, 2, NULL));
    return t;
}

static void boxes_come_back_equal_and_zero_boxes_mean_no_face(void **state)
{
    mw_track t = sample_track(), back;
    mw_str bytes = { 0 };

    (void)state;
    assert_ok(mw_pickle_from_track(&t, &bytes, NULL));
    assert_ok(mw_pickle_to_track(&back, bytes.data, bytes.n, 30, "x", NULL));
    assert_int_equal(back.n_frames, 3);
    assert_int_equal(back.frame[0].n, 1);
    assert_int_equal(back.frame[1].n, 0);
    assert_int_equal(back.frame[2].n, 2);
    assert_true(back.frame[2].time_s == 2 / 30.0);
    for (size_t i = 0; i < 3; i++) {
        assert_true(back.face[i].x == t.face[i].x && back.face[i].y == t.face[i].y);
        assert_true(back.face[i].w == t.face[i].w && back.face[i].h == t.face[i].h);
        assert_true(isnan(back.face[i].score) && !back.face[i].has_keys);
    }
    mw_str_clear(&bytes);
    mw_track_clear(&t);
    mw_track_clear(&back);
}

static void frames_of_none_integers_and_tuples_are_read(void **state)
{
    mw_track t;

    (void)state;
    /* [None, [(0, True, 2.5, -1)], []] */
    assert_ok(READ("](N](" /* frame 1 */
                   "(I0\nI01\nF2.5\nI-1\nte"
                   "]e.",
                   &t, NULL));
    assert_int_equal(t.n_frames, 3);
    assert_int_equal(t.frame[0].n, 0);
    assert_int_equal(t.frame[1].n, 1);
    assert_true(t.face[0].x == 0 && t.face[0].y == 1 && t.face[0].w == 2.5 && t.face[0].h == -1);
    mw_track_clear(&t);
}

static void assert_refused(const char *bytes, size_t n, const char *reason)
{
    mw_error err = { 0 };
    mw_track t;

    assert_int_equal(read_bytes(bytes, n, &t, &err), MW_ERR_FORMAT);
    if (strcmp(err.reason, reason))
        fail_msg("reason %s (%s), expected %s", err.reason, err.message, reason);
    assert_non_null(strstr(err.message, "test.pkl"));
    assert_null(t.frame);
}

#define REFUSED(literal, reason) assert_refused(literal, sizeof(literal) - 1, reason)

static void anything_that_names_or_calls_an_object_is_refused(void **state)
{
    (void)state;
    REFUSED("cos\nsystem\n(S'true'\ntR.", "refused_opcode");
    REFUSED("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.", "refused_opcode");
    REFUSED("(ios\nsystem\n.", "refused_opcode");   /* INST */
    REFUSED("](oe.", "refused_opcode");             /* OBJ */
    REFUSED("]]\x81.", "refused_opcode");           /* NEWOBJ */
    REFUSED("]]b.", "refused_opcode");              /* BUILD */
    REFUSED("]Q.", "refused_opcode");               /* BINPERSID */
    REFUSED("\x80\x02\x82\x01.", "refused_opcode"); /* EXT1 */
    REFUSED("}.", "refused_opcode");                /* a dictionary is not needed */
}

static void broken_programs_are_refused(void **state)
{
    (void)state;
    REFUSED("", "truncated");
    REFUSED("]", "truncated");
    REFUSED("\x80\x04", "truncated");
    REFUSED("](G\x3f\xf0", "truncated");
    REFUSED(".", "bad_pickle");
    REFUSED("\x80\x09].", "bad_pickle");
    REFUSED("]].", "bad_pickle");
    REFUSED("e.", "bad_pickle");
    REFUSED("(e.", "bad_pickle");
    REFUSED(")(K\1e.", "bad_pickle"); /* append to a tuple */
    REFUSED("Na.", "bad_pickle");
    REFUSED("t.", "bad_pickle");
    REFUSED("\x87.", "bad_pickle");
    REFUSED("h\5.", "bad_pickle");
    REFUSED("]r\xff\xff\xff\x7f.", "bad_pickle"); /* a memo key far beyond the file */
    REFUSED("(.", "bad_pickle");
    REFUSED("Ixyz\n.", "bad_pickle");
    REFUSED("Fnan\n.", "bad_pickle");
    REFUSED("Finf\n.", "bad_pickle");
}

static void other_shapes_are_refused(void **state)
{
    (void)state;
    REFUSED("K\5.", "bad_pickle");
    REFUSED("](K\5e.", "bad_pickle");              /* a frame that is a number */
    REFUSED("](](K\1ee.", "bad_pickle");           /* a box that is a number */
    REFUSED("](](](K\1K\1K\1eee.", "bad_pickle");  /* three numbers */
    REFUSED("](](](K\1K\1K\1Neee.", "bad_pickle"); /* None in a box */
    REFUSED("](](](K\1K\1K\1G\x7f\xf8\0\0\0\0\0\0eee.", "bad_pickle"); /* NaN */
}

/* A list that holds itself must neither hang nor overflow the stack. */
static void rings_and_shared_lists_are_bounded(void **state)
{
    mw_track t;

    (void)state;
    REFUSED("]q\0(h\0e.", "bad_pickle");
    /* x = [[1, 1, 1, 1]]; [x, x, x] */
    assert_ok(READ("](](](K\1K\1K\1K\1ee\x94h\0h\0e.", &t, NULL));
    assert_int_equal(t.n_frames, 3);
    assert_int_equal(t.n_faces, 3);
    mw_track_clear(&t);
}

static void damaged_pickles_end_in_an_error_or_a_track(void **state)
{
    mw_track t = sample_track(), back;
    mw_rng r = mw_rng_from_key(5);
    mw_str bytes = { 0 };

    (void)state;
    assert_ok(mw_pickle_from_track(&t, &bytes, NULL));
    mw_track_clear(&t);
    for (size_t k = 0; k < bytes.n; k++)
        assert_int_equal(read_bytes(bytes.data, k, &back, NULL), MW_ERR_FORMAT);
    for (int k = 0; k < 20000; k++) {
        char copy[512];

        assert_true(bytes.n <= sizeof copy);
        memcpy(copy, bytes.data, bytes.n);
        for (int c = 0; c < 3; c++)
            copy[mw_rng_below(&r, bytes.n)] = (char)mw_rng_u32(&r);
        if (!read_bytes(copy, bytes.n, &back, NULL)) mw_track_clear(&back);
    }
    mw_str_clear(&bytes);
    assert_int_equal(mw_mem_live(), 0);
}

static void arrays_of_each_shape_come_back(void **state)
{
    static const size_t shape[][3] = { { 3, 1, 1 }, { 0, 90, 1 }, { 5, 70000, 1 }, { 2, 3, 300 } };
    static float data[5 * 70000];

    (void)state;
    for (int i = 0; i < 4; i++) {
        const int n_dims = i == 0 ? 1 : i == 3 ? 3 : 2;
        mw_str bytes = { 0 };
        mw_pickle_array a;
        size_t n = 1;

        for (int d = 0; d < n_dims; d++)
            n *= shape[i][d];
        for (size_t k = 0; k < n; k++)
            data[k] = (float)k * 0.25f;
        assert_ok(mw_pickle_from_array(data, 4, shape[i], n_dims, &bytes, NULL));
        assert_ok(mw_pickle_to_array(&a, bytes.data, bytes.n, "x", NULL));
        assert_int_equal(a.n_dims, n_dims);
        assert_int_equal(a.n, n);
        assert_memory_equal(a.data, data, n * 4);
        mw_str_clear(&bytes);
    }
}

static void calls_other_than_numpys_own_are_not_arrays(void **state)
{
    static const char call[] = "cos\nsystem\nX\4\0\0\0true\x85R.";
    mw_pickle_array a;
    mw_error err;

    (void)state;
    assert_int_equal(mw_pickle_to_array(&a, call, sizeof call - 1, "evil.pkl", &err),
                     MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_pickle");
    assert_null(a.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_come_back_equal_and_zero_boxes_mean_no_face),
        cmocka_unit_test(frames_of_none_integers_and_tuples_are_read),
        cmocka_unit_test(anything_that_names_or_calls_an_object_is_refused),
        cmocka_unit_test(broken_programs_are_refused),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(rings_and_shared_lists_are_bounded),
        cmocka_unit_test(damaged_pickles_end_in_an_error_or_a_track),
        cmocka_unit_test(arrays_of_each_shape_come_back),
        cmocka_unit_test(calls_other_than_numpys_own_are_not_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
