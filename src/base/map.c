/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static mw_status map_fd(mw_map *m, int fd, const char *path, mw_error *err)
{
    struct stat info;
    void *p;

    if (fstat(fd, &info) || !S_ISREG(info.st_mode))
        return mw_fail(err, MW_ERR_IO, "io_error", "'%s' is not a regular file", path);
    if (!info.st_size) return mw_fail(err, MW_ERR_FORMAT, "empty_file", "'%s' has no bytes", path);
    p = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) return mw_fail_errno(err, errno, "cannot map '%s'", path);
    *m = (mw_map){ p, (size_t)info.st_size };
    return MW_OK;
}

mw_status mw_map_open(mw_map *m, const char *path, mw_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* no waiting for pipes */
    mw_status st;

    *m = (mw_map){ NULL, 0 };
    if (fd < 0) return mw_fail_errno(err, errno, "cannot open '%s'", path);
    st = map_fd(m, fd, path, err);
    close(fd);
    return st;
}

void mw_map_close(mw_map *m)
{
    if (m->bytes) munmap((void *)(uintptr_t)m->bytes, m->n);
    *m = (mw_map){ NULL, 0 };
}
