/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target once over every file of the folders named, in ordinary builds.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"

static int run_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir))) {
        char path[4096], *data;
        size_t size;

        if (*entry->d_name == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (mw_file_load(&data, &size, path, (size_t)1 << 24, NULL) != MW_OK) continue;
        /* a block of its very size, so that a sanitizer sees a read past the end */
        {
            uint8_t *exact = malloc(size ? size : 1);

            memcpy(exact, data, size);
            mw_free(data);
            LLVMFuzzerTestOneInput(exact, size);
            free(exact);
        }
        n++;
    }
    if (dir) closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    int n = 0;

    for (int i = 1; i < argc; i++)
        n += run_folder(argv[i]);
    printf("%d inputs\n", n);
    return n ? EXIT_SUCCESS : EXIT_FAILURE;
}
