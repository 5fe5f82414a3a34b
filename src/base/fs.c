/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* syncfs */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

char *mw_path_join(const char *dir, const char *name)
{
    const size_t n = strlen(dir);

    if (!n) return mw_strdup(name);
    return mw_format("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

const char *mw_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *mw_path_suffix(const char *path)
{
    const char *base = mw_path_base(path), *dot = strrchr(base, '.');

    return dot && dot != base ? dot : base + strlen(base);
}

int mw_path_is_inside(const char *rel)
{
    if (!*rel || *rel == '/') return 0;
    for (const char *p = rel; p; p = strchr(p, '/')) {
        p += *p == '/';
        if (!strncmp(p, "..", 2) && (!p[2] || p[2] == '/')) return 0;
    }
    return 1;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

int mw_same_nocase(const char *a, const char *b)
{
    while (*a && lower((unsigned char)*a) == lower((unsigned char)*b)) {
        a++;
        b++;
    }
    return lower((unsigned char)*a) == lower((unsigned char)*b);
}

mw_status mw_file_open(int *fd, int64_t *size, const char *path, mw_error *err)
{
    struct stat info;
    const int f = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *fd = -1;
    if (f < 0) return mw_fail_errno(err, errno, "cannot open '%s'", path);
    if (fstat(f, &info) || !S_ISREG(info.st_mode)) {
        close(f);
        return mw_fail(err, MW_ERR_IO, "not_a_file", "'%s' is not a regular file", path);
    }
    if (size) *size = info.st_size;
    *fd = f;
    return MW_OK;
}

/* Up to n bytes; fewer at the end of the file. */
static mw_status read_upto(int fd, char *to, size_t n, size_t *got, const char *path, mw_error *err)
{
    *got = 0;
    while (*got < n) {
        const ssize_t k = read(fd, to + *got, n - *got);

        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return mw_fail_errno(err, errno, "cannot read '%s'", path);
        if (!k) break;
        *got += (size_t)k;
    }
    return MW_OK;
}

mw_status mw_file_load(char **out, size_t *n, const char *path, size_t max_bytes, mw_error *err)
{
    mw_status st;
    char *data = NULL;
    int64_t size;
    int fd;

    *out = NULL;
    *n = 0;
    st = mw_file_open(&fd, &size, path, err);
    if (st != MW_OK) return st;
    if ((uint64_t)size > max_bytes)
        st = mw_fail(err, MW_ERR_FORMAT, "too_large", "'%s' has %lld bytes; at most %zu are read",
                     path, (long long)size, max_bytes);
    if (st == MW_OK) {
        data = mw_calloc((size_t)size + 1, 1);
        st = data ? read_upto(fd, data, (size_t)size, n, path, err) : mw_fail_nomem(err);
    }
    close(fd);
    if (st == MW_OK) {
        data[*n] = 0;
        *out = data;
    } else {
        mw_free(data);
        *n = 0;
    }
    return st;
}

mw_status mw_file_keep(mw_kept *keep, size_t max_bytes, const char *path, mw_error *err)
{
    mw_status st;
    int64_t size;
    int fd;

    keep->n = 0;
    st = mw_file_open(&fd, &size, path, err);
    if (st != MW_OK) return st;
    if ((uint64_t)size <= max_bytes) {
        /* one more byte shows the end */
        st = mw_grow(&keep->data, &keep->cap, (size_t)size + 1, 1)
                 ? mw_fail_nomem(err)
                 : read_upto(fd, keep->data, (size_t)size + 1, &keep->n, path, err);
        if (st != MW_OK || keep->n > (size_t)size) keep->n = 0;
    }
    close(fd);
    return st;
}

static mw_status make_dirs_upto(char *path, mw_error *err)
{
    /* The usual case, that all but the last exist, costs one call. */
    if (!mkdir(path, 0777) || errno == EEXIST) return MW_OK;
    if (errno == ENOENT) {
        char *slash = strrchr(path, '/');

        if (slash && slash != path) {
            mw_status st;

            *slash = 0;
            st = make_dirs_upto(path, err);
            *slash = '/';
            if (st != MW_OK) return st;
            if (!mkdir(path, 0777) || errno == EEXIST) return MW_OK;
        }
    }
    return mw_fail_errno(err, errno, "cannot create folder '%s'", path);
}

mw_status mw_make_dirs(const char *path, mw_error *err)
{
    char *copy = mw_strdup(path);
    struct stat info;
    mw_status st;

    if (!copy) return mw_fail_nomem(err);
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
        copy[n - 1] = 0;
    st = make_dirs_upto(copy, err);
    if (st == MW_OK && (stat(copy, &info) || !S_ISDIR(info.st_mode)))
        st = mw_fail(err, MW_ERR_IO, "io_error", "'%s' is in the way: not a folder", path);
    mw_free(copy);
    return st;
}

mw_status mw_make_parents(const char *path, mw_error *err)
{
    const char *slash = strrchr(path, '/');
    mw_status st;
    char *dir;

    if (!slash || slash == path) return MW_OK;
    dir = mw_strndup(path, (size_t)(slash - path));
    if (!dir) return mw_fail_nomem(err);
    st = mw_make_dirs(dir, err);
    mw_free(dir);
    return st;
}

char *mw_part_path(const char *path)
{
    return mw_format("%s" MW_PART_SUFFIX, path);
}

mw_status mw_part_create(int *fd, const char *part, mw_error *err)
{
    *fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (*fd < 0) return mw_fail_errno(err, errno, "cannot create '%s'", part);
    return MW_OK;
}

mw_status mw_part_commit(const char *part, const char *path, mw_error *err)
{
    if (!rename(part, path)) return MW_OK;
    mw_fail_errno(err, errno, "cannot rename to '%s'", path);
    unlink(part);
    return MW_ERR_IO;
}

mw_status mw_write_all(int fd, const void *bytes, size_t n, const char *path, mw_error *err)
{
    const char *data = bytes;

    while (n) {
        const ssize_t k = write(fd, data, n);

        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return mw_fail_errno(err, errno, "cannot write '%s'", path);
        data += k;
        n -= (size_t)k;
    }
    return MW_OK;
}

mw_status mw_file_store(const char *path, const void *data, size_t n, mw_error *err)
{
    char *part = mw_part_path(path);
    mw_status st;
    int fd;

    if (!part) return mw_fail_nomem(err);
    st = mw_part_create(&fd, part, err);
    if (st != MW_OK) goto done;
    st = mw_write_all(fd, data, n, path, err);
    if (close(fd) && st == MW_OK) st = mw_fail_errno(err, errno, "cannot write '%s'", path);
    if (st == MW_OK)
        st = mw_part_commit(part, path, err);
    else
        unlink(part);
done:
    mw_free(part);
    return st;
}

int64_t mw_file_size(const char *path)
{
    struct stat info;

    return stat(path, &info) || !S_ISREG(info.st_mode) ? -1 : (int64_t)info.st_size;
}

mw_status mw_sync_tree(const char *path, mw_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    mw_status st = MW_OK;

    if (fd < 0) return mw_fail_errno(err, errno, "cannot open '%s'", path);
    if (syncfs(fd)) st = mw_fail_errno(err, errno, "cannot flush '%s' to its device", path);
    close(fd);
    return st;
}

mw_status mw_dir_lock(int *fd, const char *path, mw_error *err)
{
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) return mw_fail_errno(err, errno, "cannot open folder '%s'", path);
    if (!flock(*fd, LOCK_EX | LOCK_NB)) return MW_OK;
    /* file systems without locks (some network mounts) are used without */
    if (errno != EWOULDBLOCK) return MW_OK;
    close(*fd);
    *fd = -1;
    return mw_fail(err, MW_ERR_IO, "busy", "another merwild is writing to '%s'", path);
}
