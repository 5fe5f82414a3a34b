/* SPDX-License-Identifier: Apache-2.0
 *
 * No descriptor is closed twice: in a program of several threads the second call closes what
 * another thread has just opened. This program's close() stands before that of the C library, also
 * for the libraries below.
 */
#define _GNU_SOURCE /* syscall */
#include "media/sound.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/support.h"

static int n_closed, n_bad;

int close(int fd)
{
    const int result = (int)syscall(SYS_close, fd);

    n_closed++;
    n_bad += result < 0 && errno == EBADF;
    return result;
}

static void write_file(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void load(const char *data, size_t n, const char *reason)
{
    const mw_sound_want want = { .rate_hz = 16000, .channel = -1, .max_s = 100 };
    char *dir = temp_dir(), path[4200];
    float x[16];
    mw_audio a;
    mw_error err = { 0 };

    snprintf(path, sizeof path, "%s/a.wav", dir);
    write_file(path, data, n);
    n_closed = n_bad = 0;
    assert_true(mw_sound_load(&a, path, &want, &err) != MW_OK);
    assert_string_equal(err.reason, reason);
    assert_true(mw_sound_probe(&a, path, &err) != MW_OK);
    assert_true(mw_sound_window(x, 16, path, 0, 16000, &err) != MW_OK);
    assert_true(n_closed >= 3);
    assert_int_equal(n_bad, 0);
    temp_dir_remove(dir);
}

static void closes_once_what_is_no_sound(void **state)
{
    static const char text[] = "no sound at all, whatever its name says";

    (void)state;
    load(text, sizeof text, "unsupported");
}

static void closes_once_a_cut_header(void **state)
{
    static const char head[] = "RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e";

    (void)state;
    load(head, sizeof head - 1, "truncated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closes_once_what_is_no_sound),
        cmocka_unit_test(closes_once_a_cut_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
