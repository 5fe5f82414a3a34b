/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_demux_check_whole: does a file hold all the bytes that its outermost boxes announce?
 * libavformat reads a cut file up to the cut and then reports an ordinary end. Layouts: ISO/IEC
 * 14496-12 section 4.2 (boxes), Microsoft RIFF.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "media/video_demux.h"
#include "media/video_matroska.h"

/* Boxes or chunks looked at before the walk gives up; fragmented files have two per fragment. */
#define MAX_BOXES 1000000

typedef struct file {
    int fd;
    int64_t size;
    const char *path;
    mw_error *err;
} file;

static uint64_t be(const uint8_t *p, int n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Bytes read at offset, at most n; short at the end of the file. */
static size_t peek(const file *f, int64_t offset, uint8_t *p, size_t n)
{
    const ssize_t got = pread(f->fd, p, n, offset);

    return got < 0 ? 0 : (size_t)got;
}

static mw_status cut(const file *f, const char *what, int64_t missing)
{
    return mw_fail(f->err, MW_ERR_FORMAT, "truncated",
                   "%s is cut off: %lld bytes of its %s are missing", f->path, (long long)missing,
                   what);
}

static int is_box(const uint8_t *type, const char *names)
{
    for (; *names; names += 4)
        if (!memcmp(type, names, 4)) return 1;
    return 0;
}

/* Unknown boxes end the walk: some cameras append data of their own that is no box. */
static mw_status walk_mp4(const file *f)
{
    int has_index = 0;
    int64_t at = 0;

    for (int i = 0; i < MAX_BOXES && at < f->size; i++) {
        uint8_t head[16];
        const size_t got = peek(f, at, head, sizeof head);
        uint64_t size;

        if (got < 8 ||
            !is_box(head + 4, "ftypmoovmdatmoofmfrafreeskipwideuuidudtasidxstypmetapnotemsg"))
            break;
        size = be(head, 4);
        if (size == 0) size = (uint64_t)(f->size - at);
        if (size == 1) size = got == 16 ? be(head + 8, 8) : 16;
        if (size < 8) break;
        if (is_box(head + 4, "moovmdatmoof") && size > (uint64_t)(f->size - at))
            return cut(f, "media data", (int64_t)(size - (uint64_t)(f->size - at)));
        has_index |= is_box(head + 4, "moov");
        if (size > (uint64_t)(f->size - at)) break;
        at += (int64_t)size;
    }
    if (has_index) return MW_OK;
    return mw_fail(f->err, MW_ERR_FORMAT, "truncated",
                   "%s has no index (moov box): it is cut off, or its recording was never finished",
                   f->path);
}

/* One RIFF chunk per gigabyte; a size of 0 is left by recorders that could not seek back. */
static mw_status walk_avi(const file *f)
{
    int64_t at = 0;

    for (int i = 0; i < MAX_BOXES && at < f->size; i++) {
        uint8_t head[8];
        int64_t size;

        if (peek(f, at, head, 8) < 8 || memcmp(head, "RIFF", 4)) break;
        size = le32(head + 4);
        if (!size) break;
        if (size > f->size - at - 8) return cut(f, "media data", size - (f->size - at - 8));
        at += 8 + size + (size & 1);
    }
    return MW_OK;
}

mw_status mw_demux_check_whole(const char *path, mw_error *err)
{
    file f = { .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), .path = path, .err = err };
    mw_status st = MW_OK;
    uint8_t head[12] = { 0 };
    struct stat s;

    if (f.fd < 0) return mw_fail_errno(err, errno, "cannot read %s", path);
    if (fstat(f.fd, &s)) {
        st = mw_fail_errno(err, errno, "cannot read %s", path);
        goto done;
    }
    f.size = s.st_size;
    peek(&f, 0, head, sizeof head);
    if (is_box(head + 4, "ftypmoovmdatwidepnot"))
        st = walk_mp4(&f);
    else if (be(head, 4) == 0x1A45DFA3)
        st = mw_matroska_check(f.fd, f.size, path, err);
    else if (!memcmp(head, "RIFF", 4) && !memcmp(head + 8, "AVI ", 4))
        st = walk_avi(&f);
done:
    close(f.fd);
    return st;
}
