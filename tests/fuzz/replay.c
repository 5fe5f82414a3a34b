/* SPDX-License-Identifier: Apache-2.0
 *
 * A main for fuzz targets without libFuzzer: each named file (or each file of a named folder)
 * whole, cut to every shorter length up to 4096, and with damaged bytes drawn from a fixed key.
 * --once as first argument: whole only, for targets that are slow.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int whole_only;

enum { N_DAMAGED = 1500, MAX_CUTS = 4096 };

/* An exact copy, so that the sanitizers see a read past the end. */
static void once(const char *bytes, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy) abort();
    memcpy(copy, bytes, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static int replay(const char *path)
{
    mw_rng r = mw_rng_from_key(1);
    mw_error err;
    char *bytes;
    size_t n;

    if (mw_file_load(&bytes, &n, path, 16 << 20, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    once(bytes, n);
    for (size_t k = 0; !whole_only && k < n && k < MAX_CUTS; k++)
        once(bytes, k);
    for (int t = 0; !whole_only && t < N_DAMAGED && n; t++) {
        char *copy = malloc(n);

        if (!copy) abort();
        memcpy(copy, bytes, n);
        for (int k = 0; k < 1 + t % 4; k++)
            copy[mw_rng_below(&r, n)] = (char)mw_rng_u32(&r);
        once(copy, n);
        free(copy);
    }
    mw_free(bytes);
    if (mw_mem_live()) {
        fprintf(stderr, "%s: %ld allocations left\n", path, mw_mem_live());
        return 1;
    }
    return 0;
}

static int replay_folder(const char *path)
{
    int failed = 0, n = 0;
    struct dirent *entry;
    DIR *dir = opendir(path);

    while (dir && (entry = readdir(dir))) {
        char file[4096];

        if (entry->d_name[0] == '.') continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        failed |= replay(file);
        n++;
    }
    if (dir) closedir(dir);
    printf("%s: %d files\n", path, n);
    return failed || !n;
}

int main(int argc, char **argv)
{
    int failed;

    whole_only = argc > 1 && !strcmp(argv[1], "--once");
    failed = argc < 2 + whole_only;
    for (int i = 1 + whole_only; i < argc; i++) {
        struct stat info;

        if (stat(argv[i], &info)) return 1;
        failed |= S_ISDIR(info.st_mode) ? replay_folder(argv[i]) : replay(argv[i]);
    }
    return failed;
}
