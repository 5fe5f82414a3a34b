/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rng.h"
#include "data/track.h"

static mw_track sample(void)
{
    mw_face f = { 0.1, -0.25, 1 / 3.0, 1e-9, .score = 0.921738684177, .has_keys = 1 };
    mw_face two[2];
    mw_track t = { 0 };

    for (int k = 0; k < MW_FACE_KEYS; k++) {
        f.key[k][0] = k / 7.0;
        f.key[k][1] = -k * 1e300;
    }
    mw_track_note(&t, "source", "a=b, c.mp4");
    mw_track_note(&t, "detector", "full");
    assert_ok(mw_track_add(&t, 0, NULL, 0, NULL));
    two[0] = two[1] = f;
    two[1].has_keys = 0;
    two[1].score = NAN;
    two[1].state = MW_FACE_INTERPOLATED;
    assert_ok(mw_track_add(&t, 1 / 30.0, two, 2, NULL));
    two[0].state = MW_FACE_HELD;
    assert_ok(mw_track_add(&t, 2 / 30.0, two, 1, NULL));
    return t;
}

static void assert_same_face(const mw_face *a, const mw_face *b)
{
    assert_true(a->x == b->x && a->y == b->y && a->w == b->w && a->h == b->h);
    assert_true(a->score == b->score || (isnan(a->score) && isnan(b->score)));
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->has_keys, b->has_keys);
    for (int k = 0; a->has_keys && k < MW_FACE_KEYS; k++)
        assert_true(a->key[k][0] == b->key[k][0] && a->key[k][1] == b->key[k][1]);
}

static void tracks_read_back_equal(void **state)
{
    char *dir = temp_dir(), path[128];
    mw_track t = sample(), back;
    const char *source;
    size_t n;

    (void)state;
    snprintf(path, sizeof path, "%s/t.csv", dir);
    assert_ok(mw_track_write(&t, path, NULL));
    assert_ok(mw_track_read(&back, path, NULL));
    assert_int_equal(back.n_frames, t.n_frames);
    assert_int_equal(back.n_faces, t.n_faces);
    for (size_t i = 0; i < t.n_frames; i++) {
        assert_true(back.frame[i].time_s == t.frame[i].time_s);
        assert_int_equal(back.frame[i].n, t.frame[i].n);
        assert_int_equal(back.frame[i].first, t.frame[i].first);
    }
    for (size_t i = 0; i < t.n_faces; i++)
        assert_same_face(&back.face[i], &t.face[i]);
    source = mw_track_noted(&back, "source", &n);
    assert_int_equal(n, strlen("a=b, c.mp4"));
    assert_memory_equal(source, "a=b, c.mp4", n);
    assert_null(mw_track_noted(&back, "sour", &n));
    mw_track_clear(&t);
    mw_track_clear(&back);
    temp_dir_remove(dir);
}

static void nothing_is_left_when_writing_fails(void **state)
{
    mw_track t = sample();
    mw_error err;

    (void)state;
    assert_int_equal(mw_track_write(&t, "/nowhere/at/all/t.csv", &err), MW_ERR_IO);
    assert_string_equal(err.reason, "not_found");
    assert_non_null(strstr(err.message, "/nowhere/at/all/t.csv"));
    mw_track_clear(&t);
}

#define HEAD    "frame,time_s,face,validity,xmin,ymin,width,height,score,a,b,c,d,e,f,g,h,i,j,k,l\n"
#define NO_KEYS ",,,,,,,,,,,,"
#define NO_FACE ",,,,,,,,,,,,,,,,,"

static void assert_bad(const char *text, const char *line)
{
    mw_error err = { 0 };
    mw_track t;

    if (mw_track_from_csv(&t, text, strlen(text), "bad.csv", &err) != MW_ERR_FORMAT)
        fail_msg("accepted: %s", text);
    assert_string_equal(err.reason, "bad_csv");
    assert_non_null(strstr(err.message, "bad.csv"));
    if (!strstr(err.message, line)) fail_msg("%s does not name %s", err.message, line);
    assert_null(t.frame);
}

static void rows_out_of_place_are_refused_with_their_line(void **state)
{
    (void)state;
    assert_bad("", "no face track");
    assert_bad("# merwild track 1\n", "no face track");
    assert_bad("x,y\n", "line 1");
    assert_bad(HEAD "1,0,,none" NO_FACE "\n", "line 2");                       /* starts at 1 */
    assert_bad(HEAD "0,0,,none" NO_FACE "\n2,0,,none" NO_FACE "\n", "line 3"); /* a gap */
    assert_bad(HEAD "0,0,1,found,0,0,1,1,1" NO_KEYS "\n", "line 2");           /* face 1 first */
    assert_bad(HEAD "0,0,0,found,0,0,1,,1" NO_KEYS "\n", "line 2");            /* no height */
    assert_bad(HEAD "0,0,0,found,0,0,1,1,1" NO_KEYS "\n0,0,2,found,0,0,1,1,1" NO_KEYS "\n",
               "line 3"); /* face 1 is missing */
    assert_bad(HEAD "0,0,0,found,0,0,1,nan,1" NO_KEYS "\n", "line 2");
    assert_bad(HEAD "0,0,0,seen,0,0,1,1,1" NO_KEYS "\n", "line 2");
    assert_bad(HEAD "0,0,0,found,0,0,1,1,1,0.5,,,,,,,,,,,\n", "line 2"); /* half the key points */
    assert_bad(HEAD "0,0,,none,1,,,,,,,,,,,,,,,,\n", "line 2");
    assert_bad(HEAD "0,0,,none\n", "line 2");
    assert_bad(HEAD "0,x,,none" NO_FACE "\n", "line 2");
}

static void line_ends_of_both_kinds_are_read(void **state)
{
    static const char text[] = HEAD "0,0,,none" NO_FACE "\r\n1,0.5,0,found,0,0,1,1," NO_KEYS;
    mw_track t;

    (void)state;
    assert_ok(mw_track_from_csv(&t, text, sizeof text - 1, "x", NULL));
    assert_int_equal(t.n_frames, 2);
    assert_int_equal(t.n_faces, 1);
    mw_track_clear(&t);
}

static void damaged_tracks_end_in_an_error_or_a_track(void **state)
{
    mw_rng r = mw_rng_from_key(2);
    mw_track t = sample(), back;
    mw_str text = { 0 };

    (void)state;
    assert_ok(mw_track_to_csv(&t, &text, NULL));
    mw_track_clear(&t);
    for (int k = 0; k < 5000; k++) {
        char *copy = malloc(text.n);
        const size_t n = text.n - mw_rng_below(&r, 3) * mw_rng_below(&r, text.n / 3);

        memcpy(copy, text.data, text.n);
        for (int c = 0; c < 2; c++)
            copy[mw_rng_below(&r, text.n)] = "0,\n#-9\0en"[mw_rng_below(&r, 9)];
        if (!mw_track_from_csv(&back, copy, n, "x", NULL)) mw_track_clear(&back);
        free(copy);
    }
    mw_str_clear(&text);
    assert_int_equal(mw_mem_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tracks_read_back_equal),
        cmocka_unit_test(nothing_is_left_when_writing_fails),
        cmocka_unit_test(rows_out_of_place_are_refused_with_their_line),
        cmocka_unit_test(line_ends_of_both_kinds_are_read),
        cmocka_unit_test(damaged_tracks_end_in_an_error_or_a_track),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
