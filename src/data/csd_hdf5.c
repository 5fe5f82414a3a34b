/* SPDX-License-Identifier: Apache-2.0
 *
 * HDF5's serial C interface finds the objects in an image of the file; their numbers are taken from
 * the bytes of the file by csd_data.c, since H5Dread of 1.10 reads outside its buffers when a file
 * is broken (found by fuzzing, with compact and contiguous sets).
 */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <hdf5.h>

#include "base/error.h"
#include "base/mem.h"
#include "data/csd.h"
#include "data/csd_data.h"

#define MAX_NAME 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

typedef struct reader {
    mw_csd *csd;
    const void *bytes;
    size_t n_bytes;
    const char *name, *entry; /* of the file; of the video being read, "" outside */
    mw_status st;
    mw_error *err;
} reader;

int mw_csd_known(void)
{
    return 1;
}

static mw_status bad(reader *r, const char *what)
{
    return mw_fail(r->err, MW_ERR_FORMAT, "bad_csd", "'%s'%s%s%s: %s", r->name,
                   *r->entry ? ", entry '" : "", r->entry, *r->entry ? "'" : "", what);
}

/* An object below a group, through a hard link alone; negative when there is none of that type. */
static hid_t open_member(hid_t group, const char *name, H5I_type_t type)
{
    H5L_info_t info;
    hid_t id;

    if (H5Lexists(group, name, H5P_DEFAULT) <= 0 ||
        H5Lget_info(group, name, &info, H5P_DEFAULT) < 0 || info.type != H5L_TYPE_HARD)
        return -1;
    id = H5Oopen(group, name, H5P_DEFAULT);
    if (id >= 0 && H5Iget_type(id) != type) {
        H5Oclose(id);
        return -1;
    }
    return id;
}

static mw_status read_set(reader *r, hid_t id, double *out, const mw_csd_set *set)
{
    const mw_status st = mw_csd_set_read(out, set, id, r->bytes, r->n_bytes);

    if (st == MW_ERR_NOMEM) return mw_fail_nomem(r->err);
    return st == MW_OK ? MW_OK
                       : bad(r, "storage outside the file, or filters or chunks that are not read");
}

static mw_status read_rows(reader *r, hid_t features, hid_t intervals)
{
    mw_csd *c = r->csd;
    mw_csd_set f, i;
    mw_status st;

    if (mw_csd_set_shape(&f, features) || mw_csd_set_shape(&i, intervals))
        return bad(r, "features or intervals are no numbers of two dimensions, at most 1048576 "
                      "rows of 16 columns");
    if (i.columns != 2 || f.rows != i.rows) return bad(r, "not one interval per row of features");
    if (c->columns && f.columns != c->columns)
        return bad(r, "another number of columns than other entries");
    if (f.rows > MW_CSD_MAX_ROWS - c->rows) return bad(r, "more than 1048576 rows in all");
    c->columns = f.columns;
    if (mw_grow(&c->x, &c->x_cap, (c->rows + f.rows) * f.columns, sizeof *c->x) ||
        mw_grow(&c->interval, &c->interval_cap, (c->rows + f.rows) * 2, sizeof *c->interval))
        return mw_fail_nomem(r->err);
    st = read_set(r, features, c->x + c->rows * f.columns, &f);
    if (st == MW_OK) st = read_set(r, intervals, c->interval + c->rows * 2, &i);
    if (st != MW_OK) return st;
    c->entry[c->n - 1].n = f.rows;
    c->rows += f.rows;
    return MW_OK;
}

static mw_status read_entry(reader *r, hid_t data, const char *name)
{
    mw_csd *c = r->csd;
    const hid_t group = open_member(data, name, H5I_GROUP);
    const hid_t features = group < 0 ? -1 : open_member(group, "features", H5I_DATASET);
    const hid_t intervals = group < 0 ? -1 : open_member(group, "intervals", H5I_DATASET);
    mw_status st = MW_OK;

    r->entry = name;
    if (features < 0 || intervals < 0)
        st = bad(r, "it holds no features and intervals of its own");
    else if (c->n == MW_CSD_MAX_ENTRIES)
        st = bad(r, "more than 200000 entries");
    else if (mw_grow(&c->entry, &c->cap, c->n + 1, sizeof *c->entry))
        st = mw_fail_nomem(r->err);
    if (st == MW_OK) {
        c->entry[c->n] = (mw_csd_entry){ mw_strdup(name), c->rows, 0 };
        st = c->entry[c->n].name ? MW_OK : mw_fail_nomem(r->err);
    }
    if (st == MW_OK) {
        c->n++;
        st = read_rows(r, features, intervals);
    }
    if (features >= 0) H5Oclose(features);
    if (intervals >= 0) H5Oclose(intervals);
    if (group >= 0) H5Oclose(group);
    r->entry = "";
    return st;
}

/* One link of "data"; a positive value ends the walk. */
static herr_t on_entry(hid_t data, const char *name, const H5L_info_t *info, void *user)
{
    reader *r = user;

    (void)info;
    r->st = strlen(name) < MAX_NAME ? read_entry(r, data, name) : bad(r, "a name is too long");
    return r->st != MW_OK;
}

static herr_t on_root(hid_t file, const char *name, const H5L_info_t *info, void *user)
{
    reader *r = user;

    (void)file;
    (void)info;
    if (strlen(name) >= MAX_NAME) return 0;
    r->csd->root = mw_strdup(name);
    if (!r->csd->root) r->st = mw_fail_nomem(r->err);
    return 1;
}

/* As the SDK does, take the first group at the top, whatever it is called. */
static mw_status read_file(reader *r, hid_t file)
{
    hid_t root = -1, data = -1;
    mw_status st = MW_OK;

    if (H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, NULL, on_root, r) < 0)
        st = bad(r, "its top group cannot be read");
    if (st == MW_OK) st = r->st;
    if (st == MW_OK && r->csd->root) {
        root = open_member(file, r->csd->root, H5I_GROUP);
        data = root < 0 ? -1 : open_member(root, "data", H5I_GROUP);
    }
    if (st == MW_OK && data < 0) st = bad(r, "no group '<sequence>/data' in it");
    if (st == MW_OK && H5Literate(data, H5_INDEX_NAME, H5_ITER_INC, NULL, on_entry, r) < 0)
        st = bad(r, "its entries cannot be listed");
    if (st == MW_OK) st = r->st;
    if (data >= 0) H5Oclose(data);
    if (root >= 0) H5Oclose(root);
    return st;
}

/* The file in memory, never on disk. */
static hid_t open_image(const void *bytes, size_t n)
{
    const hid_t plist = H5Pcreate(H5P_FILE_ACCESS);
    hid_t file = -1;

    /* HDF5 takes a copy; the interface has no const */
    if (plist >= 0 && n && H5Pset_fapl_core(plist, (size_t)1 << 16, 0) >= 0 &&
        H5Pset_file_image(plist, (void *)(uintptr_t)bytes, n) >= 0)
        file = H5Fopen("merwild.csd", H5F_ACC_RDONLY, plist);
    if (plist >= 0) H5Pclose(plist);
    return file;
}

mw_status mw_csd_parse(mw_csd *out, const void *bytes, size_t n, const char *name, mw_error *err)
{
    mw_csd c = { .root = NULL };
    reader r = { &c, bytes, n, name, "", MW_OK, err };
    H5E_auto2_t print = NULL;
    void *print_to = NULL;
    hid_t file;
    mw_status st;

    *out = c;
    pthread_mutex_lock(&lock);
    H5Eget_auto2(H5E_DEFAULT, &print, &print_to);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    file = open_image(bytes, n);
    st = file < 0 ? bad(&r, "not an HDF5 file") : read_file(&r, file);
    if (file >= 0) H5Fclose(file);
    H5Eset_auto2(H5E_DEFAULT, print, print_to);
    pthread_mutex_unlock(&lock);
    if (st == MW_OK)
        *out = c;
    else
        mw_csd_clear(&c);
    return st;
}
