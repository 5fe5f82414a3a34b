/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "face/track_select.h"

static mw_face at(double x, double y, double side, double score)
{
    return (mw_face){ x, y, side, side, .score = score };
}

/* Frame 0: a small central face first, a large one at the left; 1: only the large one; 2: none;
 * 3: large one first. */
static mw_track two_people(void)
{
    const mw_face small = at(0.45, 0.45, 0.1, 0.9), large = at(0.0, 0.3, 0.3, 0.8);
    const mw_face a[] = { small, large }, b[] = { large, small };
    mw_track t = { 0 };

    assert_ok(mw_track_add(&t, 0, a, 2, NULL));
    assert_ok(mw_track_add(&t, 1, &large, 1, NULL));
    assert_ok(mw_track_add(&t, 2, NULL, 0, NULL));
    assert_ok(mw_track_add(&t, 3, b, 2, NULL));
    return t;
}

static void assert_widths(mw_face_policy policy, double w0, double w1, double w3)
{
    const double expected[] = { w0, w1, 0, w3 };
    mw_track t = two_people();
    const char *noted;
    size_t n;

    assert_ok(mw_track_select(&t, policy, 16 / 9.0, NULL));
    assert_int_equal(t.n_frames, 4);
    for (size_t i = 0; i < 4; i++) {
        const mw_face *f = mw_track_faces(&t, i, &n);

        assert_int_equal(n, expected[i] > 0);
        if (n) assert_true(f->w == expected[i]);
        assert_true(t.frame[i].time_s == (double)i);
    }
    noted = mw_track_noted(&t, "faces", &n);
    assert_memory_equal(noted, mw_face_policy_name[policy], n);
    mw_track_clear(&t);
}

static void each_policy_keeps_its_face_and_is_recorded(void **state)
{
    (void)state;
    assert_widths(MW_FACES_LARGEST, 0.3, 0.3, 0.3);
    assert_widths(MW_FACES_CENTRAL, 0.1, 0.3, 0.1);
    assert_widths(MW_FACES_FIRST, 0.1, 0.3, 0.3);
    assert_widths(MW_FACES_LONGEST_TRACK, 0.3, 0.3, 0.3);
    assert_widths(MW_FACES_SINGLE, 0, 0.3, 0);
}

static void the_longest_track_follows_one_moving_person(void **state)
{
    mw_track t = { 0 };

    (void)state;
    for (int i = 0; i < 20; i++) {
        const mw_face walker = at(0.02 * i, 0.1, 0.2, 0.6), guest = at(0.7, 0.5, 0.25, 0.9);
        const mw_face both[] = { guest, walker };

        /* the guest is there for eight frames, always first and larger */
        assert_ok(mw_track_add(&t, i, i < 8 ? both : &walker, i < 8 ? 2 : 1, NULL));
    }
    assert_ok(mw_track_select(&t, MW_FACES_LONGEST_TRACK, 1, NULL));
    assert_int_equal(t.n_faces, 20);
    for (int i = 0; i < 20; i++)
        assert_true(t.face[i].x == 0.02 * i);
    mw_track_clear(&t);
}

static void all_leaves_every_face(void **state)
{
    mw_track t = two_people();

    (void)state;
    assert_ok(mw_track_select(&t, MW_FACES_ALL, 1, NULL));
    assert_int_equal(t.n_faces, 5);
    mw_track_clear(&t);
}

/* none, face, none x 3, face, none x 2 */
static mw_track with_gaps(void)
{
    mw_track t = { 0 };

    for (int i = 0; i < 8; i++) {
        const mw_face f = at(i == 1 ? 0.0 : 0.4, 0.1, 0.2, 0.9);

        assert_ok(mw_track_add(&t, i, &f, i == 1 || i == 5, NULL));
    }
    return t;
}

static void gaps_are_interpolated_and_ends_held(void **state)
{
    static const double x[] = { 0, 0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.4 };
    mw_track t = with_gaps();
    size_t n_filled;

    (void)state;
    assert_ok(mw_track_fill(&t, -1, &n_filled, NULL));
    assert_int_equal(n_filled, 6);
    assert_int_equal(t.n_faces, 8);
    for (size_t i = 0; i < 8; i++) {
        size_t n;
        const mw_face *f = mw_track_faces(&t, i, &n);

        assert_int_equal(n, 1);
        assert_true(fabs(f->x - x[i]) < 1e-15);
        assert_int_equal(f->state, i == 1 || i == 5 ? MW_FACE_FOUND
                                   : i > 1 && i < 5 ? MW_FACE_INTERPOLATED
                                                    : MW_FACE_HELD);
        assert_true(isnan(f->score) == (f->state != MW_FACE_FOUND));
    }
    mw_track_clear(&t);
}

static void gaps_above_the_limit_stay_open(void **state)
{
    mw_track t = with_gaps();
    size_t n_filled;

    (void)state;
    assert_ok(mw_track_fill(&t, 2, &n_filled, NULL));
    assert_int_equal(n_filled, 3);
    assert_int_equal(t.frame[3].n, 0);
    assert_int_equal(mw_track_next_face(&t, 2), 5);
    assert_int_equal(t.frame[0].n, 1);
    assert_int_equal(t.frame[7].n, 1);
    mw_track_clear(&t);
}

static void a_clip_without_faces_stays_without(void **state)
{
    mw_track t = { 0 };
    size_t n_filled;

    (void)state;
    assert_ok(mw_track_select(&t, MW_FACES_LONGEST_TRACK, 1, NULL));
    for (int i = 0; i < 3; i++)
        assert_ok(mw_track_add(&t, i, NULL, 0, NULL));
    assert_ok(mw_track_select(&t, MW_FACES_LONGEST_TRACK, 1, NULL));
    assert_ok(mw_track_fill(&t, -1, &n_filled, NULL));
    assert_int_equal(n_filled, 0);
    assert_int_equal(mw_track_next_face(&t, 0), 3);
    mw_track_clear(&t);
}

static void a_face_only_at_the_end_is_held_back_to_the_start(void **state)
{
    const mw_face f = at(0.1, 0.1, 0.2, 0.9);
    mw_track t = { 0 };

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_ok(mw_track_add(&t, i, &f, i == 4, NULL));
    assert_int_equal(mw_track_next_face(&t, 0), 4);
    assert_ok(mw_track_fill(&t, 10, NULL, NULL));
    assert_int_equal(t.n_faces, 5);
    assert_int_equal(t.face[0].state, MW_FACE_HELD);
    mw_track_clear(&t);
}

static void gaps_of_several_faces_are_refused(void **state)
{
    mw_track t = two_people();
    mw_error err;

    (void)state;
    assert_int_equal(mw_track_fill(&t, -1, NULL, &err), MW_ERR_ARG);
    assert_string_equal(err.reason, "many_faces");
    assert_int_equal(t.n_faces, 5);
    mw_track_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_policy_keeps_its_face_and_is_recorded),
        cmocka_unit_test(the_longest_track_follows_one_moving_person),
        cmocka_unit_test(all_leaves_every_face),
        cmocka_unit_test(gaps_are_interpolated_and_ends_held),
        cmocka_unit_test(gaps_above_the_limit_stay_open),
        cmocka_unit_test(a_clip_without_faces_stays_without),
        cmocka_unit_test(a_face_only_at_the_end_is_held_back_to_the_start),
        cmocka_unit_test(gaps_of_several_faces_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
