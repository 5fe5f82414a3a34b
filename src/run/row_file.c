/* SPDX-License-Identifier: Apache-2.0
 *
 * The header of .npy tells the number of rows: room for it is left at the start and filled at the
 * end.
 */
#include "run/row_file.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "data/matrix.h"
#include "data/npz.h"

#define BUFFER_BYTES ((size_t)1 << 16)

struct mw_row_file {
    const char *path;
    char *part; /* NULL when there is none to remove */
    int fd, csv;
    size_t columns, rows;
    mw_str buffer; /* not yet written */
};

static mw_status flush(mw_row_file *f, mw_error *err)
{
    mw_status st = mw_str_ok(&f->buffer, err);

    if (st == MW_OK && f->buffer.n)
        st = mw_write_all(f->fd, f->buffer.data, f->buffer.n, f->path, err);
    f->buffer.n = 0;
    return st;
}

static void put_head(mw_row_file *f)
{
    const size_t shape[2] = { f->rows, f->columns };

    mw_npy_put_head(&f->buffer, "<f4", shape, 2);
}

mw_status mw_row_file_open(mw_row_file **out, const char *path, int csv, const char *const *names,
                           size_t columns, mw_error *err)
{
    mw_row_file *f = mw_calloc(1, sizeof *f);
    mw_status st;

    *out = NULL;
    if (!f) return mw_fail_nomem(err);
    *f = (mw_row_file){ .path = path, .fd = -1, .csv = csv, .columns = columns };
    f->part = mw_part_path(path);
    st = f->part ? mw_part_create(&f->fd, f->part, err) : mw_fail_nomem(err);
    if (st != MW_OK) {
        mw_free(f->part);
        mw_free(f);
        return st;
    }
    if (csv)
        mw_matrix_put_csv_head(&f->buffer, names, columns);
    else
        put_head(f);
    *out = f;
    return MW_OK;
}

mw_status mw_row_file_put(mw_row_file *f, const float *x, const double *t, size_t n, mw_error *err)
{
    mw_status st = MW_OK;

    f->rows += n;
    if (f->csv) {
        mw_matrix_put_csv_rows(&f->buffer, x, t, n, f->columns);
        return f->buffer.n < BUFFER_BYTES ? mw_str_ok(&f->buffer, err) : flush(f, err);
    }
    if (f->buffer.n + n * f->columns * sizeof *x > BUFFER_BYTES) st = flush(f, err);
    if (st == MW_OK && n * f->columns * sizeof *x > BUFFER_BYTES)
        return mw_write_all(f->fd, x, n * f->columns * sizeof *x, f->path, err);
    mw_str_putn(&f->buffer, x, n * f->columns * sizeof *x);
    return st == MW_OK ? mw_str_ok(&f->buffer, err) : st;
}

mw_status mw_row_file_finish(mw_row_file *f, char *sha256, int64_t *bytes, mw_error *err)
{
    mw_status st = flush(f, err);

    if (st == MW_OK && !f->csv) {
        put_head(f);
        if (f->buffer.n != MW_NPY_HEAD) /* it would run into the rows */
            st = mw_fail(err, MW_ERR_RANGE, "too_long", "'%s' has too many rows", f->path);
        else if (lseek(f->fd, 0, SEEK_SET) < 0)
            st = mw_fail_errno(err, errno, "cannot write '%s'", f->path);
        if (st == MW_OK) st = flush(f, err);
    }
    if (close(f->fd) && st == MW_OK) st = mw_fail_errno(err, errno, "cannot write '%s'", f->path);
    f->fd = -1;
    return st == MW_OK ? mw_sha256_file(sha256, bytes, f->part, err) : st;
}

mw_status mw_row_file_commit(mw_row_file *f, mw_error *err)
{
    const mw_status st = mw_part_commit(f->part, f->path, err);

    mw_free(f->part);
    f->part = NULL;
    return st;
}

void mw_row_file_close(mw_row_file **p)
{
    mw_row_file *f = *p;

    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    if (f->part) unlink(f->part);
    mw_free(f->part);
    mw_str_clear(&f->buffer);
    mw_free(f);
    *p = NULL;
}
