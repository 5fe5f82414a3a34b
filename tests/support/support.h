/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests share: cmocka, paths, npy files, temporary folders.
 */
#ifndef MW_TESTS_SUPPORT_H
#define MW_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "merwild/options.h"

/* A path below the source tree / below the shared folder; static buffers, valid until the fourth
 * next call. */
const char *source_path(const char *relative);
const char *shared_path(const char *relative);

/* skip() with a printed reason unless the shared folder holds this path. */
#define REQUIRE_SHARED(relative)                                                                   \
    do {                                                                                           \
        if (!have_shared(relative)) {                                                              \
            print_message("# skipped: optional data %s is absent\n", shared_path(relative));       \
            skip();                                                                                \
        }                                                                                          \
    } while (0)
int have_shared(const char *relative);

/* An .npy file of C order; fails the test when it cannot be read. kind: 'f' float, 'i' signed, 'u'
 * unsigned. */
typedef struct npy {
    size_t shape[8], n_dims, n; /* n = product of shape */
    char kind;
    size_t item_bytes;
    void *data;
} npy;
npy npy_load(const char *path);
void npy_free(npy *a);

/* A new empty folder, removed with everything in it by temp_dir_remove (which also frees the text).
 */
char *temp_dir(void);
void temp_dir_remove(char *path);

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        const mw_status st_ = (call);                                                              \
        if (st_ != MW_OK) fail_msg("%s: %s", #call, mw_status_name(st_));                          \
    } while (0)

/* The call fails with this status. */
#define assert_fails(call, status)                                                                 \
    do {                                                                                           \
        const mw_status st_ = (call);                                                              \
        if (st_ != (status))                                                                       \
            fail_msg("%s: %s instead of %s", #call, mw_status_name(st_), mw_status_name(status));  \
    } while (0)

/* "dir/name" in one of 64 static buffers, taken in turn. */
const char *path_in(const char *dir, const char *name);

/* Set an option of a job by name, as the command line does. MW_ERR_RANGE, also when no table has
 * it. */
mw_status set_option(const mw_opt_group *groups, size_t n, const char *name, const char *value,
                     mw_error *err);

/* A decimal comma for the process, from whichever such locale is installed, else made with
 * localedef below dir; 0 when there is no way. setlocale(LC_ALL, "C") ends it. */
int use_comma_locale(const char *dir);

/* Number of files below path whose name ends with suffix ("" counts all). */
int count_files(const char *path, const char *suffix);

#endif
