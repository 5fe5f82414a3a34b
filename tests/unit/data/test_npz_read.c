/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading of .npz: our own files, one of numpy, and files that were made to break it.
 */
#include "support/support.h"

#include "base/error.h"
#include "base/mem.h"
#include "data/npz.h"
#include "data/npz_read.h"

static const float floats[] = { 1, -2.5f, 3e9f, 0 };
static const double doubles[] = { 0.1, -1e300 };
static const unsigned char bytes[] = { 0, 1, 255 };

/* A file of three members; free data. */
static mw_str sample(void)
{
    const size_t two[2] = { 2, 2 }, n2 = 2, n3 = 3;
    mw_npz z = { 0 };
    mw_str s;

    mw_npz_put(&z, "x", "<f4", two, 2, floats, sizeof floats);
    mw_npz_put(&z, "t", "<f8", &n2, 1, doubles, sizeof doubles);
    mw_npz_put(&z, "valid", "|u1", &n3, 1, bytes, sizeof bytes);
    mw_npz_put_texts(&z, "names", (const char *const[]){ "one", "three" }, 2);
    assert_ok(mw_npz_finish(&z, NULL));
    s = z.bytes;
    z.bytes = (mw_str){ 0 };
    mw_npz_clear(&z);
    return s;
}

static void what_was_written_is_found(void **state)
{
    mw_str s = sample();
    mw_npz_array a;

    (void)state;
    assert_ok(mw_npz_find(&a, s.data, s.n, "x", "f", NULL));
    assert_string_equal(a.descr, "<f4");
    assert_int_equal(a.n_dims, 2);
    assert_int_equal(a.shape[0], 2);
    assert_int_equal(a.shape[1], 2);
    assert_int_equal(a.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(mw_npz_number(&a, i) == floats[i]);
    assert_ok(mw_npz_find(&a, s.data, s.n, "t", "f", NULL));
    assert_true(mw_npz_number(&a, 0) == 0.1 && mw_npz_number(&a, 1) == -1e300);
    assert_ok(mw_npz_find(&a, s.data, s.n, "valid", "f", NULL));
    assert_true(mw_npz_number(&a, 2) == 255);
    assert_ok(mw_npz_find(&a, s.data, s.n, "names", "f", NULL));
    assert_string_equal(a.descr, "<U5");
    assert_true(mw_npz_number(&a, 1) == 0); /* no number */
    mw_str_clear(&s);
}

static void names_are_compared_whole(void **state)
{
    mw_str s = sample();
    mw_npz_array a;
    mw_error err;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        const char *key = ((const char *[]){ "", "y", "xx", "vali", "valid.npy", "x.npy" })[i];

        assert_fails(mw_npz_find(&a, s.data, s.n, key, "f", &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "not_found");
    }
    mw_str_clear(&s);
}

/* Every cut of the file, and every byte of it changed in turn, at its exact size so that a
 * sanitiser sees each read past the end: found with all its elements inside, or refused. */
static void damaged_files_are_refused_or_read_inside(void **state)
{
    static const unsigned char other[] = { 0, 1, 0x7f, 0x80, 0xff, '(', '9' };
    mw_str s = sample();
    size_t n_refused = 0;

    (void)state;
    for (size_t cut = 0; cut < s.n; cut++) {
        char *part = malloc(cut ? cut : 1);
        mw_npz_array a;

        memcpy(part, s.data, cut);
        n_refused += mw_npz_find(&a, part, cut, "x", "f", NULL) != MW_OK;
        free(part);
    }
    assert_int_equal(n_refused, s.n); /* the directory is at the end */
    for (size_t i = 0; i < s.n; i++)
        for (size_t k = 0; k < sizeof other; k++) {
            char *copy = malloc(s.n);
            mw_npz_array a;

            memcpy(copy, s.data, s.n);
            copy[i] = (char)other[k];
            for (size_t key = 0; key < 3; key++)
                if (mw_npz_find(&a, copy, s.n, ((const char *[]){ "x", "t", "names" })[key], "f",
                                NULL) == MW_OK) {
                    volatile double sum = 0;

                    assert_true(a.data >= copy && a.data <= copy + s.n);
                    assert_true(a.n <= (size_t)(copy + s.n - a.data) / a.item_bytes);
                    for (size_t e = 0; e < a.n; e++)
                        sum += mw_npz_number(&a, e);
                    (void)sum;
                }
            free(copy);
        }
    mw_str_clear(&s);
}

/* One member "x" with this text as header, and n_data bytes of zeros. */
static mw_status find_with(const char *head, size_t n_data, mw_error *err)
{
    static const char zeros[64];
    const size_t n = strlen(head);
    mw_str member = { 0 }, file = { 0 };
    mw_npz_array a;
    mw_status st;
    uint32_t size;
    char local[30] = "PK\x03\x04", entry[46] = "PK\x01\x02", end[22] = "PK\x05\x06";

    mw_str_putn(&member, "\x93NUMPY\x01\x00", 8);
    mw_str_putc(&member, (char)(n & 255));
    mw_str_putc(&member, (char)(n >> 8));
    mw_str_putn(&member, head, n);
    mw_str_putn(&member, zeros, n_data);
    size = (uint32_t)member.n;
    local[26] = entry[28] = 5;
    memcpy(entry + 20, &size, 4);
    memcpy(entry + 24, &size, 4);
    end[10] = 1;
    mw_str_putn(&file, local, 30);
    mw_str_put(&file, "x.npy");
    mw_str_putn(&file, member.data, member.n);
    size = (uint32_t)file.n;
    memcpy(end + 16, &size, 4);
    mw_str_putn(&file, entry, 46);
    mw_str_put(&file, "x.npy");
    mw_str_putn(&file, end, 22);
    st = mw_npz_find(&a, file.data, file.n, "x", "f", err);
    mw_str_clear(&member);
    mw_str_clear(&file);
    return st;
}

static void hostile_headers_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99,), }", /* longer than the file */
        "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1), }",
        "{'descr': '<f0', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f-4', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<U18446744073709551615', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f44444444444444444444444', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    };
    mw_error err;

    (void)state;
    assert_ok(find_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n", 16, &err));
    assert_ok(find_with("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", 0, &err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (find_with(bad[i], 16, &err) == MW_OK) fail_msg("read: %s", bad[i]);
        assert_int_equal(err.code, MW_ERR_FORMAT);
        assert_string_equal(err.reason, "bad_npz");
    }
}

static void other_files_and_deflated_members_are_refused(void **state)
{
    mw_str s = sample();
    mw_npz_array a;
    mw_error err;
    char *entry = NULL;

    (void)state;
    assert_fails(mw_npz_find(&a, "", 0, "x", "f", &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_npz");
    assert_fails(mw_npz_find(&a, "no zip at all, whatever its name", 32, "x", "f", &err),
                 MW_ERR_FORMAT);
    for (size_t i = 0; i + 4 < s.n && !entry; i++)
        if (!memcmp(s.data + i, "PK\x01\x02", 4)) entry = s.data + i;
    assert_non_null(entry);
    entry[10] = 8; /* deflated */
    assert_fails(mw_npz_find(&a, s.data, s.n, "x", "f", &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_npz");
    assert_ok(mw_npz_find(&a, s.data, s.n, "t", "f", &err)); /* the others are fine */
    mw_str_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_found),
        cmocka_unit_test(names_are_compared_whole),
        cmocka_unit_test(damaged_files_are_refused_or_read_inside),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(other_files_and_deflated_members_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
