/* SPDX-License-Identifier: Apache-2.0 */
#include "data/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

static mw_status read_all(int fd, char *to, size_t n, const char *path, mw_error *err)
{
    size_t done = 0;

    while (done < n) {
        const ssize_t got = read(fd, to + done, n - done);

        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return mw_fail_errno(err, errno, "cannot read '%s'", path);
        if (!got)
            return mw_fail(err, MW_ERR_FORMAT, "truncated", "'%s' became shorter while it was read",
                           path);
        done += (size_t)got;
    }
    return MW_OK;
}

mw_status mw_blob_read(char **bytes, size_t *n, const char *path, size_t max, mw_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    mw_status st = MW_OK;
    char *to = NULL;
    struct stat info;

    *bytes = NULL;
    *n = 0;
    if (fd < 0) return mw_fail_errno(err, errno, "cannot open '%s'", path);
    if (fstat(fd, &info)) {
        st = mw_fail_errno(err, errno, "cannot look at '%s'", path);
    } else if (!S_ISREG(info.st_mode)) {
        st = mw_fail(err, MW_ERR_IO, "io_error", "'%s' is not a regular file", path);
    } else if (info.st_size < 0 || (size_t)info.st_size > max) {
        st = mw_fail(err, MW_ERR_FORMAT, "too_large", "'%s' has %lld bytes; at most %zu are read",
                     path, (long long)info.st_size, max);
    } else {
        to = mw_calloc((size_t)info.st_size + 1, 1);
        st = to ? read_all(fd, to, (size_t)info.st_size, path, err) : mw_fail_nomem(err);
    }
    close(fd);
    if (st != MW_OK) {
        mw_free(to);
        return st;
    }
    *bytes = to;
    *n = (size_t)info.st_size;
    return MW_OK;
}

static int write_all(int fd, const char *from, size_t n)
{
    while (n) {
        const ssize_t put = write(fd, from, n);

        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno;
        from += put;
        n -= (size_t)put;
    }
    return fsync(fd) ? errno : 0;
}

mw_status mw_blob_write(const char *path, const void *bytes, size_t n, mw_error *err)
{
    char *part = mw_format("%s.part.%ld", path, (long)getpid());
    mw_status st = MW_OK;
    int fd, bad;

    if (!part) return mw_fail_nomem(err);
    fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        st = mw_fail_errno(err, errno, "cannot create '%s'", part);
        mw_free(part);
        return st;
    }
    bad = write_all(fd, bytes, n);
    if (close(fd) && !bad) bad = errno;
    if (!bad && rename(part, path)) bad = errno;
    if (bad) {
        unlink(part);
        st = mw_fail_errno(err, bad, "cannot write '%s'", path);
    }
    mw_free(part);
    return st;
}
