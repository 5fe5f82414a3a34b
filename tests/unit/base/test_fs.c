/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

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

/* dir "/" name; static buffers in turn. */
static const char *in(const char *name)
{
    return path_in(dir, name);
}

static void assert_holds(const char *path, const char *text)
{
    char *got;
    size_t n;

    assert_ok(mw_file_load(&got, &n, path, 1 << 20, NULL));
    assert_string_equal(got, text);
    assert_int_equal(n, strlen(text));
    mw_free(got);
}

static void paths_are_joined_and_taken_apart(void **state)
{
    static const struct {
        const char *dir, *name, *whole;
    } join[] = { { "", "a", "a" }, { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "/", "b", "/b" } };
    static const struct {
        const char *path, *base, *suffix;
    } part[] = { { "a/b.mp4", "b.mp4", ".mp4" },
                 { "b", "b", "" },
                 { "a.d/b", "b", "" },
                 { ".hidden", ".hidden", "" },
                 { "a/.x.y", ".x.y", ".y" },
                 { "a.", "a.", "." },
                 { "a/", "", "" } };

    (void)state;
    for (size_t i = 0; i < sizeof join / sizeof *join; i++) {
        char *p = mw_path_join(join[i].dir, join[i].name);

        assert_string_equal(p, join[i].whole);
        mw_free(p);
    }
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        assert_string_equal(mw_path_base(part[i].path), part[i].base);
        assert_string_equal(mw_path_suffix(part[i].path), part[i].suffix);
    }
    assert_true(mw_same_nocase(".MP4", ".mp4"));
    assert_false(mw_same_nocase(".mp4", ".mp"));
    assert_false(mw_same_nocase(".mp", ".mp4"));
    assert_false(mw_same_nocase("@", "`")); /* letters alone change case */
}

static void only_paths_inside_are_inside(void **state)
{
    static const char *const inside[] = { "a",     "a/b", "a..b",    "..a",  "a..", ".",
                                          "a/./b", "...", "a/.../b", "a//b", " ",   "-" };
    static const char *const outside[] = { "",     "/",       "/a",     "..",
                                           "../a", "a/..",    "a/../b", "a/b/../../..",
                                           "./..", "a//../b", ".//.." };

    (void)state;
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        if (!mw_path_is_inside(inside[i])) fail_msg("'%s' is inside", inside[i]);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (mw_path_is_inside(outside[i])) fail_msg("'%s' is outside", outside[i]);
}

static void parents_are_made_as_needed(void **state)
{
    struct stat info;
    mw_error err;

    (void)state;
    assert_ok(mw_make_parents(in("a/b/c/file"), NULL));
    assert_int_equal(stat(in("a/b/c"), &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    assert_int_not_equal(stat(in("a/b/c/file"), &info), 0);
    assert_ok(mw_make_parents(in("a/b/c/file"), NULL));
    assert_ok(mw_make_parents("file", NULL));
    assert_ok(mw_make_parents("/file", NULL));
    assert_ok(mw_make_dirs(in("d//e///"), NULL));
    assert_ok(mw_file_store(in("plain"), "x", 1, NULL));
    assert_fails(mw_make_dirs(in("plain"), &err), MW_ERR_IO);
    assert_fails(mw_make_dirs(in("plain/below"), &err), MW_ERR_IO);
    assert_non_null(strstr(err.message, "plain/below"));
}

static void a_stored_file_is_whole_and_leaves_no_part(void **state)
{
    (void)state;
    assert_ok(mw_file_store(in("x"), "first", 5, NULL));
    assert_holds(in("x"), "first");
    assert_ok(mw_file_store(in("x"), "", 0, NULL));
    assert_holds(in("x"), "");
    assert_ok(mw_file_store(in("x"), "second", 6, NULL));
    assert_holds(in("x"), "second");
    assert_int_equal(count_files(dir, ""), 1);
}

/* What a crash left must neither survive nor be appended to. */
static void an_old_part_file_is_overwritten(void **state)
{
    FILE *f = fopen(in("x" MW_PART_SUFFIX), "w");

    (void)state;
    fputs("left by a crash, and longer than what comes", f);
    fclose(f);
    assert_ok(mw_file_store(in("x"), "new", 3, NULL));
    assert_holds(in("x"), "new");
    assert_int_equal(count_files(dir, ""), 1);
}

/* Somebody else's link of the part's name must not redirect the bytes. */
static void a_link_in_the_place_of_the_part_is_not_followed(void **state)
{
    mw_error err;

    (void)state;
    assert_ok(mw_file_store(in("target"), "untouched", 9, NULL));
    assert_int_equal(symlink(in("target"), in("x" MW_PART_SUFFIX)), 0);
    assert_fails(mw_file_store(in("x"), "new", 3, &err), MW_ERR_IO);
    assert_holds(in("target"), "untouched");
}

static void a_failed_rename_removes_the_part_and_keeps_the_old(void **state)
{
    mw_error err;

    (void)state;
    assert_ok(mw_make_dirs(in("x/full"), NULL));
    assert_fails(mw_file_store(in("x"), "new", 3, &err), MW_ERR_IO); /* x is a folder */
    assert_int_equal(count_files(dir, ""), 0);
    assert_fails(mw_file_store(in("missing/x"), "new", 3, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "not_found");
}

/* A file size limit stands for a full disk. */
static void a_full_disk_keeps_the_old_file_and_leaves_no_part(void **state)
{
    static char big[1 << 16];
    struct rlimit old, small = { .rlim_cur = 1000 };
    mw_status st;
    mw_error err;

    (void)state;
    memset(big, 'x', sizeof big);
    assert_ok(mw_file_store(in("x"), "old", 3, NULL));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    st = mw_file_store(in("x"), big, sizeof big, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(st, MW_ERR_IO);
    assert_string_equal(err.reason, "no_space");
    assert_holds(in("x"), "old");
    assert_int_equal(count_files(dir, ""), 1);
}

/* Readers see one of the two contents at any time, never a mixture or nothing. */
static void a_reader_never_sees_half_a_file(void **state)
{
    enum { BYTES = 200000, ROUNDS = 60 };
    char *a = malloc(BYTES), *b = malloc(BYTES);
    int status;
    pid_t child;

    (void)state;
    memset(a, 'a', BYTES);
    memset(b, 'b', BYTES);
    assert_ok(mw_file_store(in("x"), a, BYTES, NULL));
    child = fork();
    if (!child) {
        for (int i = 0; i < ROUNDS; i++)
            if (mw_file_store(in("x"), i % 2 ? a : b, BYTES, NULL) != MW_OK) _exit(1);
        _exit(0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        char *got;
        size_t n;

        assert_ok(mw_file_load(&got, &n, in("x"), 1 << 20, NULL));
        assert_int_equal(n, BYTES);
        assert_true(!memcmp(got, a, BYTES) || !memcmp(got, b, BYTES));
        mw_free(got);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
    free(a);
    free(b);
}

static void loading_is_capped_and_names_the_file(void **state)
{
    char *data = (char *)1;
    mw_error err;
    size_t n;

    (void)state;
    assert_ok(mw_file_store(in("x"), "12345", 5, NULL));
    assert_ok(mw_file_load(&data, &n, in("x"), 5, NULL));
    mw_free(data);
    assert_fails(mw_file_load(&data, &n, in("x"), 4, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "too_large");
    assert_null(data);
    assert_fails(mw_file_load(&data, &n, in("none"), 4, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "not_found");
    assert_fails(mw_file_load(&data, &n, dir, 4, &err), MW_ERR_IO);
    assert_int_equal(mw_file_size(in("x")), 5);
    assert_int_equal(mw_file_size(dir), -1);
    assert_int_equal(mw_file_size(in("none")), -1);
}

static void bytes_are_kept_up_to_a_size(void **state)
{
    static const char *const texts[] = { "12345", "", "1", "123456", "12" };
    mw_kept keep = { 0 };
    mw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const size_t n = strlen(texts[i]);

        assert_ok(mw_file_store(in("x"), texts[i], n, NULL));
        assert_ok(mw_file_keep(&keep, 5, in("x"), NULL));
        assert_int_equal(keep.n, n <= 5 ? n : 0);
        assert_memory_equal(keep.data, texts[i], keep.n);
    }
    assert_fails(mw_file_keep(&keep, 5, in("none"), &err), MW_ERR_IO);
    assert_string_equal(err.reason, "not_found");
    assert_int_equal(keep.n, 0);
    assert_fails(mw_file_keep(&keep, 5, dir, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "not_a_file");
    mw_free(keep.data);
}

static void a_folder_is_locked_by_one_at_a_time(void **state)
{
    int a, b;
    mw_error err;

    (void)state;
    assert_ok(mw_dir_lock(&a, dir, NULL));
    assert_fails(mw_dir_lock(&b, dir, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "busy");
    assert_int_equal(b, -1);
    assert_int_equal(count_files(dir, ""), 0);
    close(a);
    assert_ok(mw_dir_lock(&b, dir, NULL));
    close(b);
    assert_fails(mw_dir_lock(&b, in("none"), &err), MW_ERR_IO);
}

/* The lock goes with its holder, however that ends. */
static void a_killed_holder_frees_the_lock(void **state)
{
    int fds[2], lock, status;
    pid_t child;
    char c;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    child = fork();
    if (!child) {
        if (mw_dir_lock(&lock, dir, NULL) == MW_OK && write(fds[1], "x", 1) == 1) pause();
        _exit(1);
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &c, 1), 1);
    assert_fails(mw_dir_lock(&lock, dir, NULL), MW_ERR_IO);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_ok(mw_dir_lock(&lock, dir, NULL));
    close(lock);
    close(fds[0]);
}

static void flushing_needs_a_path_that_exists(void **state)
{
    (void)state;
    assert_fails(mw_sync_tree(in("none"), NULL), MW_ERR_IO);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(paths_are_joined_and_taken_apart),
        T(only_paths_inside_are_inside),
        T(parents_are_made_as_needed),
        T(a_stored_file_is_whole_and_leaves_no_part),
        T(an_old_part_file_is_overwritten),
        T(a_link_in_the_place_of_the_part_is_not_followed),
        T(a_failed_rename_removes_the_part_and_keeps_the_old),
        T(a_full_disk_keeps_the_old_file_and_leaves_no_part),
        T(a_reader_never_sees_half_a_file),
        T(loading_is_capped_and_names_the_file),
        T(bytes_are_kept_up_to_a_size),
        T(a_folder_is_locked_by_one_at_a_time),
        T(a_killed_holder_frees_the_lock),
        T(flushing_needs_a_path_that_exists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
