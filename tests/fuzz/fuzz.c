/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "support/support.h"

/* libsndfile 1.2 forgets what libvorbis holds when an Ogg file ends inside its headers; our own
 * memory is counted by mw_mem_live. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libvorbis\nleak:libsndfile\n";
}

static char *dir;

static void remove_dir(void)
{
    temp_dir_remove(dir);
    dir = NULL;
}

const char *fuzz_dir(void)
{
    if (!dir) {
        dir = temp_dir();
        atexit(remove_dir);
    }
    return dir;
}

const char *fuzz_path(const char *name)
{
    static char text[8][512];
    static int turn;

    turn = (turn + 1) % 8;
    snprintf(text[turn], sizeof text[turn], "%s/%s", fuzz_dir(), name);
    return text[turn];
}

char *fuzz_load(size_t *n, const char *path)
{
    char *bytes, *out;

    FUZZ_CHECK(mw_file_load(&bytes, n, path, 1 << 20, NULL) == MW_OK);
    out = malloc(*n);
    FUZZ_CHECK(out != NULL);
    memcpy(out, bytes, *n);
    mw_free(bytes);
    return out;
}

const char *fuzz_file(const char *name, const void *data, size_t size)
{
    const char *path = fuzz_path(name);
    FILE *f = fopen(path, "wb");

    FUZZ_CHECK(f);
    FUZZ_CHECK(fwrite(data, 1, size, f) == size);
    FUZZ_CHECK(!fclose(f));
    return path;
}

void fuzz_broken(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
    abort();
}
