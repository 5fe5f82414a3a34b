/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include "base/mem.h"
#include "data/npz.h"

/* numpy.save(numpy.array([1, 2.5, -3], '<f4')) of numpy 1.26 and 2.4. */
static void an_array_has_the_bytes_that_numpy_writes(void **state)
{
    static const char expected[] =
        "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
        "                                                            \n"
        "\x00\x00\x80\x3f\x00\x00\x20\x40\x00\x00\x40\xc0";
    static const float x[] = { 1, 2.5f, -3 };
    const size_t n = 3;
    mw_str s = { 0 };

    (void)state;
    mw_npy_put(&s, "<f4", &n, 1, x, sizeof x);
    assert_int_equal(s.n, 140);
    assert_int_equal(sizeof expected - 1, 140);
    assert_memory_equal(s.data, expected, 140);
    mw_str_clear(&s);
}

/* numpy.save of the same shapes: total size and header text. */
static void shapes_are_written_as_tuples(void **state)
{
    static const struct {
        const char *descr;
        size_t shape[3], n_dims, bytes;
        const char *text;
    } cases[] = {
        { "<f8", { 2, 3 }, 2, 48, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }" },
        { "|u1", { 0 }, 1, 0, "{'descr': '|u1', 'fortran_order': False, 'shape': (0,), }" },
        { "<f4",
          { 2, 1, 2 },
          3,
          16,
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 2), }" },
        { "<f4",
          { 1000000000, 1000000000, 1000000000 },
          3,
          0, /* the header alone */
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000000, 1000000000), "
          "}" },
        { "<f8", { 0 }, 0, 8, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }" },
    };
    static const char zeros[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_str s = { 0 };
        size_t n_head;

        mw_npy_put(&s, cases[i].descr, cases[i].shape, cases[i].n_dims, zeros, cases[i].bytes);
        n_head = (unsigned char)s.data[8] | (size_t)(unsigned char)s.data[9] << 8;
        assert_int_equal((10 + n_head) % 64, 0);
        assert_int_equal(s.n, 10 + n_head + cases[i].bytes);
        assert_memory_equal(s.data + 10, cases[i].text, strlen(cases[i].text));
        assert_int_equal(s.data[9 + n_head], '\n');
        for (size_t k = 10 + strlen(cases[i].text); k < 9 + n_head; k++)
            assert_int_equal(s.data[k], ' ');
        mw_str_clear(&s);
    }
}

static uint32_t le(const char *p, int n)
{
    uint32_t v = 0;

    for (int i = n - 1; i >= 0; i--)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

/* CRC-32 of the zip format, bit by bit. */
static uint32_t crc32_of(const char *p, size_t n)
{
    uint32_t c = ~0u;

    for (size_t i = 0; i < n; i++) {
        c ^= (unsigned char)p[i];
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
    }
    return ~c;
}

/* A member found through the central directory, its entry checked against its local header. */
typedef struct member {
    const char *data;
    size_t n;
} member;

static member find(const mw_str *zip, const char *name)
{
    const char *end = zip->data + zip->n - 22, *entry;
    member found = { 0 };
    unsigned n_entries;

    assert_true(zip->n >= 22);
    assert_memory_equal(end, "PK\x05\x06", 4);
    n_entries = le(end + 10, 2);
    assert_int_equal(le(end + 8, 2), n_entries);
    entry = zip->data + le(end + 16, 4);
    assert_ptr_equal(entry + le(end + 12, 4), end);
    for (unsigned i = 0; i < n_entries; i++) {
        const size_t n_name = le(entry + 28, 2), size = le(entry + 24, 4);
        const char *local = zip->data + le(entry + 42, 4), *data = local + 30 + n_name;

        assert_memory_equal(entry, "PK\x01\x02", 4);
        assert_memory_equal(local, "PK\x03\x04", 4);
        assert_memory_equal(entry + 6, local + 4, 26); /* version needed ... extra length */
        assert_int_equal(le(entry + 10, 2), 0);        /* stored */
        assert_int_equal(le(entry + 20, 4), size);
        assert_memory_equal(entry + 46, local + 30, n_name);
        assert_int_equal(le(entry + 16, 4), crc32_of(data, size));
        if (n_name == strlen(name) && !memcmp(entry + 46, name, n_name))
            found = (member){ data, size };
        entry += 46 + n_name + le(entry + 30, 2) + le(entry + 32, 2);
    }
    assert_ptr_equal(entry, end);
    if (!found.data) fail_msg("no member %s", name);
    return found;
}

static void a_zip_holds_its_members_whole(void **state)
{
    static const char *const texts[] = { "a", "clean", "xy" };
    static double big[5000];
    const size_t shape[] = { 50, 100 }, three = 3;
    const float x[] = { 1, 2.5f, -3 };
    mw_str alone = { 0 };
    mw_npz z = { 0 };
    member m;

    (void)state;
    for (size_t i = 0; i < 5000; i++)
        big[i] = (double)i / 7;
    mw_npz_put(&z, "x", "<f4", &three, 1, x, sizeof x);
    mw_npz_put(&z, "a_long_name", "<f8", shape, 2, big, sizeof big);
    mw_npz_put_texts(&z, "types", texts, 3);
    assert_ok(mw_npz_finish(&z, NULL));

    mw_npy_put(&alone, "<f4", &three, 1, x, sizeof x);
    m = find(&z.bytes, "x.npy");
    assert_int_equal(m.n, alone.n);
    assert_memory_equal(m.data, alone.data, m.n);
    m = find(&z.bytes, "a_long_name.npy");
    assert_memory_equal(m.data + m.n - sizeof big, big, sizeof big);
    /* numpy.save(numpy.array(['a', 'clean', 'xy'])): 188 bytes, UTF-32 padded with NUL */
    m = find(&z.bytes, "types.npy");
    assert_int_equal(m.n, 188);
    assert_memory_equal(m.data + 10, "{'descr': '<U5', 'fortran_order': False, 'shape': (3,), }",
                        57);
    assert_memory_equal(m.data + 128,
                        "a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                        "c\0\0\0l\0\0\0e\0\0\0a\0\0\0n\0\0\0"
                        "x\0\0\0y\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                        60);
    mw_str_clear(&alone);
    mw_npz_clear(&z);
}

static void an_empty_zip_is_a_zip(void **state)
{
    mw_npz z = { 0 };

    (void)state;
    assert_ok(mw_npz_finish(&z, NULL));
    assert_int_equal(z.bytes.n, 22);
    mw_npz_clear(&z);
}

static void memory_running_out_is_told_at_the_end(void **state)
{
    static const char *const texts[] = { "clean" };
    const double x[200] = { 0 };
    const size_t n = 200;

    (void)state;
    for (long at = 1;; at++) {
        mw_npz z = { 0 };
        mw_status st;

        mw_mem_fail_at(at);
        mw_npz_put(&z, "x", "<f8", &n, 1, x, sizeof x);
        mw_npz_put_texts(&z, "types", texts, 1);
        st = mw_npz_finish(&z, NULL);
        mw_mem_fail_at(0);
        mw_npz_clear(&z);
        assert_int_equal(mw_mem_live(), 0);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(at < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_has_the_bytes_that_numpy_writes),
        cmocka_unit_test(shapes_are_written_as_tuples),
        cmocka_unit_test(a_zip_holds_its_members_whole),
        cmocka_unit_test(an_empty_zip_is_a_zip),
        cmocka_unit_test(memory_running_out_is_told_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
