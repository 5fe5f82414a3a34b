/* SPDX-License-Identifier: Apache-2.0 */
#include "media/partial.h"

#include <sys/stat.h>
#include <unistd.h>

void mw_partial_remove(const char *path)
{
    struct stat s;

    if (!lstat(path, &s) && S_ISREG(s.st_mode)) unlink(path);
}
