/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/walk.h"

static char *dir;

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return mw_mem_live() ? -1 : 0;
}

static const char *in(const char *name)
{
    return path_in(dir, name);
}

static void touch(const char *name)
{
    assert_ok(mw_make_parents(in(name), NULL));
    assert_ok(mw_file_store(in(name), "x", 1, NULL));
}

static void clips_come_sorted_by_bytes_whatever_the_order_of_making(void **state)
{
    static const char *const made[] = { "b/2.mp4",  "b.mp4",   "a/z.wav",      "B.mp4", "a.mp4",
                                        "b/10.mp4", "a/Z.MP4", "\xc3\xa9.mkv", "-.mp4", " .mp4" };
    static const char *const sorted[] = {
        " .mp4",   "-.mp4", "B.mp4",    "a.mp4",   "a/Z.MP4",
        "a/z.wav", "b.mp4", "b/10.mp4", "b/2.mp4", "\xc3\xa9.mkv"
    };
    mw_walk w;

    (void)state;
    for (int backwards = 0; backwards < 2; backwards++) {
        for (int i = 0; i < 10; i++)
            touch(made[backwards ? 9 - i : i]);
        assert_ok(mw_walk_run(&w, dir, MW_WALK_SOUND | MW_WALK_VIDEO, NULL, NULL));
        assert_int_equal(w.n, 10);
        for (size_t i = 0; i < 10; i++) {
            assert_string_equal(w.clips[i].rel, sorted[i]);
            assert_string_equal(w.clips[i].path, in(sorted[i]));
            assert_null(w.clips[i].error);
        }
        mw_walk_clear(&w);
        temp_dir_remove(dir);
        dir = temp_dir();
    }
}

static void only_wanted_suffixes_count_and_others_are_counted(void **state)
{
    mw_walk w;

    (void)state;
    touch("a.wav");
    touch("b.mp4");
    touch("c.txt");
    touch("d");
    touch("e.mp4" MW_PART_SUFFIX);
    touch("._b.mp4"); /* macOS */
    touch(".hidden.mp4");
    touch("f.prov.json");
    assert_ok(mw_walk_run(&w, dir, MW_WALK_VIDEO, NULL, NULL));
    assert_int_equal(w.n, 2);
    assert_string_equal(w.clips[0].rel, ".hidden.mp4");
    assert_int_equal(w.n_other, 6);
    mw_walk_clear(&w);
    assert_ok(mw_walk_run(&w, dir, MW_WALK_SOUND, NULL, NULL));
    assert_int_equal(w.n, 1);
    mw_walk_clear(&w);
    assert_true(mw_is_media("x.WAV", MW_WALK_SOUND));
    assert_false(mw_is_media("x.wav", MW_WALK_VIDEO));
    assert_false(mw_is_media("wav", MW_WALK_SOUND));
    assert_false(mw_is_media(".wav", MW_WALK_SOUND));
}

static void a_single_file_is_a_tree_of_one(void **state)
{
    mw_walk w;

    (void)state;
    touch("d/x.anything");
    assert_ok(mw_walk_run(&w, in("d/x.anything"), MW_WALK_VIDEO, NULL, NULL));
    assert_int_equal(w.n, 1);
    assert_string_equal(w.clips[0].rel, "x.anything");
    assert_string_equal(w.clips[0].stem, "x");
    mw_walk_clear(&w);
    assert_fails(mw_walk_run(&w, in("none"), MW_WALK_VIDEO, NULL, NULL), MW_ERR_IO);
}

static void outputs_that_would_coincide_are_refused_both(void **state)
{
    mw_walk w;
    size_t n_bad = 0;

    (void)state;
    touch("a/x.mp4");
    touch("a/x.mkv");
    touch("a/x.avi");
    touch("a/x.y.mp4");
    touch("x.mp4");
    assert_ok(mw_walk_run(&w, dir, MW_WALK_VIDEO, NULL, NULL));
    assert_int_equal(w.n, 5);
    for (size_t i = 0; i < w.n; i++)
        if (w.clips[i].error) {
            n_bad++;
            assert_string_equal(w.clips[i].stem, "a/x");
            assert_string_equal(w.clips[i].error->reason, "output_collision");
        }
    assert_int_equal(n_bad, 3);
    mw_walk_clear(&w);
}

static void links_to_folders_are_not_followed_and_links_to_files_are(void **state)
{
    mw_walk w;

    (void)state;
    touch("real/x.mp4");
    assert_int_equal(symlink(in("real"), in("loop")), 0);
    assert_int_equal(symlink(dir, in("real/up")), 0);
    assert_int_equal(symlink(in("real/x.mp4"), in("y.mp4")), 0);
    assert_int_equal(symlink("nowhere", in("z.mp4")), 0);
    assert_int_equal(symlink("nowhere", in("notes.txt")), 0);
    assert_int_equal(mkfifo(in("pipe.mp4"), 0600), 0);
    assert_ok(mw_walk_run(&w, dir, MW_WALK_VIDEO, NULL, NULL));
    assert_int_equal(w.n, 3);
    assert_string_equal(w.clips[0].rel, "real/x.mp4");
    assert_null(w.clips[0].error);
    assert_string_equal(w.clips[1].rel, "y.mp4");
    assert_null(w.clips[1].error);
    assert_string_equal(w.clips[2].rel, "z.mp4");
    assert_non_null(w.clips[2].error);
    assert_string_equal(w.clips[2].error->reason, "not_found");
    mw_walk_clear(&w);
}

/* What a job wrote is passed by, unless the walk is for jobs that describe it. The root itself is
 * always walked. */
static void marked_folders_are_entered_only_when_asked_for(void **state)
{
    mw_walk w;

    (void)state;
    touch("x.wav");
    touch("done_5/x.wav");
    touch("done_5/" MW_MARKER_NAME);
    touch("deep/done/more/x.wav");
    touch("deep/done/" MW_MARKER_NAME);
    assert_ok(mw_walk_run(&w, dir, MW_WALK_SOUND, NULL, NULL));
    assert_int_equal(w.n, 1);
    mw_walk_clear(&w);
    assert_ok(mw_walk_run(&w, in("deep/done"), MW_WALK_SOUND, NULL, NULL));
    assert_int_equal(w.n, 1);
    mw_walk_clear(&w);
    assert_ok(mw_walk_run(&w, dir, MW_WALK_SOUND | MW_WALK_OUTPUTS, NULL, NULL));
    assert_int_equal(w.n, 3);
    assert_string_equal(w.clips[0].rel, "deep/done/more/x.wav");
    assert_string_equal(w.clips[1].rel, "done_5/x.wav");
    assert_string_equal(w.clips[2].rel, "x.wav");
    mw_walk_clear(&w);
    assert_ok(mw_walk_run(&w, dir, MW_WALK_OUTPUTS, NULL, NULL)); /* no kind of file */
    assert_int_equal(w.n, 0);
    mw_walk_clear(&w);
}

static void folders_to_skip_are_known_by_identity(void **state)
{
    const char *skip[3] = { NULL };
    mw_walk w;

    (void)state;
    touch("in/x.mp4");
    touch("in/out/x.mp4");
    assert_int_equal(symlink(in("in/out"), in("alias")), 0);
    skip[0] = in("not there");
    skip[1] = in("alias"); /* another name of in/out */
    assert_ok(mw_walk_run(&w, in("in"), MW_WALK_VIDEO, skip, NULL));
    assert_int_equal(w.n, 1);
    assert_string_equal(w.clips[0].rel, "x.mp4");
    mw_walk_clear(&w);
}

static void marked_outputs_are_passed_by_unless_they_are_the_input(void **state)
{
    mw_walk w;

    (void)state;
    touch("x.mp4");
    touch("old/y.mp4");
    touch("old/" MW_MARKER_NAME);
    assert_ok(mw_walk_run(&w, dir, MW_WALK_VIDEO, NULL, NULL));
    assert_int_equal(w.n, 1);
    mw_walk_clear(&w);
    assert_ok(mw_walk_run(&w, in("old"), MW_WALK_VIDEO, NULL, NULL));
    assert_int_equal(w.n, 1);
    assert_string_equal(w.clips[0].rel, "y.mp4");
    mw_walk_clear(&w);
}

static void names_that_are_no_utf8_carry_an_error(void **state)
{
    mw_walk w;

    (void)state;
    touch("good.mp4");
    touch("bad\xff.mp4");
    assert_ok(mw_walk_run(&w, dir, MW_WALK_VIDEO, NULL, NULL));
    assert_int_equal(w.n, 2);
    assert_string_equal(w.clips[0].error->reason, "bad_name");
    assert_null(w.clips[1].error);
    mw_walk_clear(&w);
}

static void a_folder_that_cannot_be_read_is_accounted_for(void **state)
{
    mw_walk w;
    char deep[1024] = "d";

    (void)state;
    touch("x.mp4");
    for (int i = 0; i < 70; i++)
        strcat(deep, "/d");
    strcat(deep, "/x.mp4");
    touch(deep);
    assert_ok(mw_walk_run(&w, dir, MW_WALK_VIDEO, NULL, NULL));
    assert_int_equal(w.n, 2);
    assert_string_equal(w.clips[0].error->reason, "unreadable_folder");
    assert_null(w.clips[1].error);
    mw_walk_clear(&w);
    if (!geteuid()) return; /* root reads everything */
    assert_int_equal(mkdir(in("locked"), 0), 0);
    assert_ok(mw_walk_run(&w, dir, MW_WALK_VIDEO, NULL, NULL));
    assert_int_equal(w.n, 3);
    assert_string_equal(w.clips[1].error->reason, "unreadable_folder");
    mw_walk_clear(&w);
}

/* Undo mw_clip_id for ids that were not shortened: it exists, so different stems differ. */
static void id_decode(char *out, const char *id)
{
    for (; *id; id++) {
        unsigned v = (unsigned char)*id;

        if (*id == '~') {
            assert_int_equal(sscanf(id + 1, "%2X", &v), 1);
            id += 2;
        }
        *out++ = (char)v;
    }
    *out = 0;
}

static void ids_are_safe_and_can_be_undone(void **state)
{
    static const char *const stems[] = {
        "a/b-c_9", "a b",  "a~20b", "~", "a.b", "a,b\"c\n\t", "\x7f", "\xc3\xa9/\xf0\x9f\x98\x80",
        "-x",      "a\\b", "%2F",   "."
    };
    char back[4096];

    (void)state;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        char *id = mw_clip_id(stems[i]);

        assert_true(mw_utf8_ok(id));
        assert_int_equal(strcspn(id, " .,\"\\\n\t\x7f%*?:|<>'"), strlen(id));
        id_decode(back, id);
        assert_string_equal(back, stems[i]);
        mw_free(id);
    }
}

static void every_byte_has_its_own_id(void **state)
{
    char *ids[255];

    (void)state;
    for (int b = 1; b < 256; b++) {
        const char stem[] = { 'x', (char)b, 0 };

        ids[b - 1] = mw_clip_id(stem);
        for (int k = 1; k < b; k++)
            assert_string_not_equal(ids[k - 1], ids[b - 1]);
    }
    for (int b = 1; b < 256; b++)
        mw_free(ids[b - 1]);
}

static void long_ids_are_shortened_and_still_differ(void **state)
{
    char stem[400];
    char *previous = NULL;

    (void)state;
    for (int n = 150; n < 390; n++) {
        char *a, *b;

        memset(stem, 'x', sizeof stem);
        stem[n] = 0;
        a = mw_clip_id(stem);
        stem[n - 1] = 'y';
        b = mw_clip_id(stem);
        assert_true(strlen(a) <= 180 && strlen(b) <= 180);
        assert_string_not_equal(a, b);
        if (previous) assert_string_not_equal(a, previous);
        mw_free(previous);
        mw_free(b);
        previous = a;
    }
    mw_free(previous);
    for (int shift = 0; shift < 4; shift++) { /* not cut inside a character */
        char *id;

        memset(stem, 'x', (size_t)shift);
        for (int i = 0; i < 90; i++)
            memcpy(stem + shift + 4 * i, "\xf0\x9f\x98\x80", 5);
        id = mw_clip_id(stem);
        assert_true(strlen(id) <= 180);
        assert_true(mw_utf8_ok(id));
        mw_free(id);
    }
}

static void a_list_of_files_is_sorted_and_each_once(void **state)
{
    char b[] = "b.x", a[] = "d/a.x", *v[] = { b, a, b };
    const mw_texts list = { v, 3 };
    mw_walk w;

    (void)state;
    assert_ok(mw_walk_list(&w, "/root", &list, NULL));
    assert_int_equal(w.n, 2);
    assert_string_equal(w.clips[0].path, "/root/b.x");
    assert_string_equal(w.clips[1].stem, "d/a");
    mw_walk_clear(&w);
}

static void memory_running_out_leaves_nothing(void **state)
{
    (void)state;
    touch("a/x.mp4");
    touch("a/x.mkv");
    touch("bad\xff.mp4");
    for (long at = 1;; at++) {
        mw_walk w;
        mw_status st;

        mw_mem_fail_at(at);
        st = mw_walk_run(&w, dir, MW_WALK_VIDEO, NULL, NULL);
        mw_mem_fail_at(0);
        mw_walk_clear(&w);
        assert_int_equal(mw_mem_live(), 0);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(at < 200);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(clips_come_sorted_by_bytes_whatever_the_order_of_making),
        T(only_wanted_suffixes_count_and_others_are_counted),
        T(a_single_file_is_a_tree_of_one),
        T(outputs_that_would_coincide_are_refused_both),
        T(links_to_folders_are_not_followed_and_links_to_files_are),
        T(marked_folders_are_entered_only_when_asked_for),
        T(folders_to_skip_are_known_by_identity),
        T(marked_outputs_are_passed_by_unless_they_are_the_input),
        T(names_that_are_no_utf8_carry_an_error),
        T(a_folder_that_cannot_be_read_is_accounted_for),
        T(ids_are_safe_and_can_be_undone),
        T(every_byte_has_its_own_id),
        T(long_ids_are_shortened_and_still_differ),
        T(a_list_of_files_is_sorted_and_each_once),
        T(memory_running_out_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
