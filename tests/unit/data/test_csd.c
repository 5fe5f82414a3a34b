/* SPDX-License-Identifier: Apache-2.0
 *
 * Computational sequences: files written here with HDF5, and files that reach for more than they
 * hold.
 */
#include "support/support.h"

#include <unistd.h>

#include <hdf5.h>

#include "base/fs.h"
#include "base/mem.h"
#include "data/csd.h"

static char *dir, *path;

/* A data set [rows][columns] of doubles i / 4; chunk 0: contiguous. */
static void put(hid_t group, const char *name, hsize_t rows, hsize_t columns, hsize_t chunk)
{
    const hsize_t dims[2] = { rows, columns }, chunks[2] = { chunk, columns };
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, dims, NULL);
    double x[64];
    hid_t set;

    for (int i = 0; i < 64; i++)
        x[i] = i / 4.0;
    if (chunk) H5Pset_chunk(plist, 2, chunks);
    if (chunk) H5Pset_deflate(plist, 9);
    set = H5Dcreate2(group, name, H5T_IEEE_F32BE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(set >= 0);
    if (rows * columns <= 64) H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x);
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(plist);
}

static hid_t make_group(hid_t at, const char *name)
{
    return H5Gcreate2(at, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

/* A good file, with one thing changed. */
static void make(const char *what)
{
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t root = make_group(file, strcmp(what, "long name") ? "All Labels" : "r");
    const hid_t data = make_group(root, strcmp(what, "no data") ? "data" : "date");
    const hid_t b = make_group(data, "b"), a = make_group(data, "a[2]");
    const hsize_t big[2] = { 1 << 20, 16 };
    const double seven[7] = { 1, 2, 3, 4, 5, 6, 7 };
    hid_t set;

    put(b, "intervals", 2, 2, 0);
    put(b, "features", 2, 7, 1);
    if (strcmp(what, "no intervals")) put(a, "intervals", strcmp(what, "rows") ? 1 : 3, 2, 0);
    if (!strcmp(what, "soft link")) {
        H5Lcreate_soft("/All Labels/data/b/features", a, "features", H5P_DEFAULT, H5P_DEFAULT);
    } else if (!strcmp(what, "external link")) {
        H5Lcreate_external("/etc/passwd", "/x", a, "features", H5P_DEFAULT, H5P_DEFAULT);
    } else if (!strcmp(what, "external data")) {
        const hsize_t dims[2] = { 1, 7 };
        const hid_t plist = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, dims, NULL);

        H5Pset_external(plist, "/etc/passwd", 0, 56);
        H5Dclose(H5Dcreate2(a, "features", H5T_IEEE_F64LE, space, H5P_DEFAULT, plist, H5P_DEFAULT));
        H5Sclose(space);
        H5Pclose(plist);
    } else if (!strcmp(what, "filter")) {
        const hsize_t dims[2] = { 1, 7 };
        const hid_t plist = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, dims, NULL);

        H5Pset_chunk(plist, 2, dims);
        H5Pset_nbit(plist);
        set = H5Dcreate2(a, "features", H5T_IEEE_F64LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
        H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, seven);
        H5Dclose(set);
        H5Sclose(space);
        H5Pclose(plist);
    } else if (!strcmp(what, "texts")) {
        const hsize_t dims[2] = { 1, 7 };
        const hid_t space = H5Screate_simple(2, dims, NULL);

        H5Dclose(H5Dcreate2(a, "features", H5T_C_S1, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        H5Sclose(space);
    } else if (!strcmp(what, "group")) {
        H5Gclose(make_group(a, "features"));
    } else if (!strcmp(what, "too many")) {
        const hid_t plist = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, big, NULL);

        H5Pset_chunk(plist, 2, (const hsize_t[]){ 1 << 20, 16 });
        H5Dclose(H5Dcreate2(a, "features", H5T_IEEE_F64LE, space, H5P_DEFAULT, plist, H5P_DEFAULT));
        H5Sclose(space);
        H5Pclose(plist);
    } else {
        put(a, "features", 1, strcmp(what, "columns") ? 7 : 1, 0);
    }
    H5Gclose(a);
    H5Gclose(b);
    H5Gclose(data);
    H5Gclose(root);
    H5Fclose(file);
}

static void sequences_are_read_in_order_of_name(void **state)
{
    mw_csd c;
    mw_error err;

    (void)state;
    make("");
    if (mw_csd_read(&c, path, &err) != MW_OK) fail_msg("%s", err.message);
    assert_string_equal(c.root, "All Labels");
    assert_int_equal(c.n, 2);
    assert_int_equal(c.columns, 7);
    assert_int_equal(c.rows, 3);
    assert_string_equal(c.entry[0].name, "a[2]");
    assert_true(c.entry[0].first == 0 && c.entry[0].n == 1);
    assert_string_equal(c.entry[1].name, "b");
    assert_true(c.entry[1].first == 1 && c.entry[1].n == 2);
    for (int i = 0; i < 14; i++)
        assert_true(c.x[7 + i] == i / 4.0);
    for (int i = 0; i < 4; i++)
        assert_true(c.interval[2 + i] == i / 4.0);
    mw_csd_clear(&c);
    assert_int_equal(mw_mem_live(), 1);
}

static void what_reaches_outside_or_does_not_fit_is_refused(void **state)
{
    static const char *const wrong[][2] = {
        { "no data", "no group" },
        { "no intervals", "entry 'a[2]': it holds no features and intervals" },
        { "soft link", "entry 'a[2]': it holds no features and intervals" },
        { "external link", "entry 'a[2]': it holds no features and intervals" },
        { "group", "entry 'a[2]': it holds no features and intervals" },
        { "external data", "entry 'a[2]': storage outside the file" },
        { "filter", "entry 'a[2]': storage outside the file" },
        { "texts", "entry 'a[2]': features or intervals are no numbers" },
        { "rows", "entry 'a[2]': not one interval per row" },
        { "columns", "entry 'b': another number of columns" },
        { "too many", "entry 'a[2]'" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        mw_csd c;
        mw_error err;

        make(wrong[i][0]);
        assert_fails(mw_csd_read(&c, path, &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "bad_csd");
        if (!strstr(err.message, wrong[i][1])) fail_msg("%s: %s", wrong[i][0], err.message);
        assert_non_null(strstr(err.message, path));
        assert_null(c.root);
        assert_int_equal(mw_mem_live(), 1);
    }
}

static void cut_files_are_refused(void **state)
{
    size_t n;
    char *bytes;
    mw_csd c;
    mw_error err;

    (void)state;
    make("");
    assert_ok(mw_file_load(&bytes, &n, path, 1 << 20, NULL));
    for (size_t i = 0; i < n; i += 97) {
        assert_fails(mw_csd_parse(&c, bytes, i, "f", &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "bad_csd");
        assert_null(c.root);
    }
    mw_free(bytes);
}

static void memory_running_out_is_told(void **state)
{
    (void)state;
    make("");
    for (long at = 1;; at++) {
        mw_csd c;
        mw_status st;

        mw_mem_fail_at(at);
        st = mw_csd_read(&c, path, NULL);
        mw_mem_fail_at(0);
        mw_csd_clear(&c);
        assert_int_equal(mw_mem_live(), 1);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(at < 100);
    }
}

static void samples_are_read(void **state)
{
    mw_csd c;

    (void)state;
    REQUIRE_SHARED("samples/formats/csd");
    assert_ok(mw_csd_read(&c, shared_path("samples/formats/csd/CMU_MOSEI_Labels.csd"), NULL));
    assert_string_equal(c.root, "All Labels");
    assert_true(c.n == 1 && c.rows == 3 && c.columns == 7);
    assert_true(c.interval[0] == 7.5 && c.x[7] == -3 && c.x[10] == 3);
    mw_csd_clear(&c);
}

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    path = mw_path_join(dir, "x.csd");
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mw_free(path);
    temp_dir_remove(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_are_read_in_order_of_name),
        cmocka_unit_test(what_reaches_outside_or_does_not_fit_is_refused),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(memory_running_out_is_told),
        cmocka_unit_test(samples_are_read),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
