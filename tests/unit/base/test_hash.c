/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"

/* FIPS 180-2, appendix B, and the empty text. */
static void sha256_gives_the_published_digests(void **state)
{
    static const struct {
        const char *text, *hex;
    } kat[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    char hex[MW_SHA256_HEX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof kat / sizeof *kat; i++) {
        mw_sha256_hex(hex, kat[i].text, strlen(kat[i].text));
        assert_string_equal(hex, kat[i].hex);
    }
}

static void a_million_letters_in_uneven_pieces(void **state)
{
    char letters[999], hex[MW_SHA256_HEX + 1];
    uint8_t digest[MW_SHA256_BYTES];
    size_t left = 1000000;
    mw_sha256 h;

    (void)state;
    memset(letters, 'a', sizeof letters);
    mw_sha256_init(&h);
    for (size_t k = 1; left; k = k * 7 % 997 + 1) {
        const size_t n = k < left ? k : left;

        mw_sha256_update(&h, letters, n);
        left -= n;
    }
    mw_sha256_final(&h, digest);
    mw_hex(hex, digest, sizeof digest);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void a_file_hashes_like_its_bytes(void **state)
{
    char *dir = temp_dir(), path[512], from_file[65], from_bytes[65];
    static unsigned char bytes[300001]; /* more than two blocks */
    int64_t n = -1;
    FILE *f;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 31 + i / 251);
    snprintf(path, sizeof path, "%s/x", dir);
    f = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, f), sizeof bytes);
    fclose(f);
    assert_ok(mw_sha256_file(from_file, &n, path, NULL));
    mw_sha256_hex(from_bytes, bytes, sizeof bytes);
    assert_string_equal(from_file, from_bytes);
    assert_int_equal(n, sizeof bytes);
    temp_dir_remove(dir);
}

/* Around the lengths where padding needs one block more or less, of equal and of unequal texts, not
 * aligned. */
static void two_texts_at_once_hash_like_each_alone(void **state)
{
    static const size_t lengths[] = { 0,   1,   55,  56,  63,   64,   65,    119,  120,
                                      127, 128, 129, 191, 1000, 4096, 65537, 99997 };
    const size_t n_lengths = sizeof lengths / sizeof *lengths;
    static unsigned char bytes[100000];
    char hex_a[65], hex_b[65], want_a[65], want_b[65];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 31 + i / 251);
    for (size_t i = 0; i < n_lengths; i++)
        for (size_t k = 0; k < n_lengths; k++) {
            const unsigned char *a = bytes + i % 3, *b = bytes + 1 + k % 2;

            mw_sha256_hex_pair(hex_a, a, lengths[i], hex_b, b, lengths[k]);
            mw_sha256_hex(want_a, a, lengths[i]);
            mw_sha256_hex(want_b, b, lengths[k]);
            assert_string_equal(hex_a, want_a);
            assert_string_equal(hex_b, want_b);
        }
}

/* The length of a text is a number of bits that does not fit 32. */
static void two_long_texts_at_once_hash_like_each_alone(void **state)
{
    const size_t n = ((size_t)1 << 29) + 100;
    char *bytes = mw_calloc(n + 1, 1), hex_a[65], hex_b[65], want[65];

    (void)state;
    if (!bytes) skip();
    bytes[n - 1] = 1;
    mw_sha256_hex_pair(hex_a, bytes, n, hex_b, bytes + 1, n);
    mw_sha256_hex(want, bytes, n);
    assert_string_equal(hex_a, want);
    mw_sha256_hex(want, bytes + 1, n);
    assert_string_equal(hex_b, want);
    mw_free(bytes);
}

static void a_missing_file_or_a_folder_is_an_error(void **state)
{
    char hex[65];
    mw_error err;

    (void)state;
    assert_fails(mw_sha256_file(hex, NULL, "/nowhere/at/all", &err), MW_ERR_IO);
    assert_string_equal(err.reason, "not_found");
    assert_non_null(strstr(err.message, "/nowhere/at/all"));
    assert_fails(mw_sha256_file(hex, NULL, "/", &err), MW_ERR_IO);
}

static void error_texts_are_cut_and_prefixed(void **state)
{
    char longer[3000];
    mw_error err;

    (void)state;
    memset(longer, 'y', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(mw_fail(&err, MW_ERR_IO, longer, "%s", longer), MW_ERR_IO);
    assert_int_equal(strlen(err.reason), sizeof err.reason - 1);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    mw_fail(&err, MW_ERR_FORMAT, "truncated", "inner");
    mw_error_prefix(&err, "clip %d", 3);
    assert_string_equal(err.message, "clip 3: inner");
    /* a message may quote the one before */
    mw_fail(&err, MW_ERR_IO, "io_error", "again: %s", err.message);
    assert_string_equal(err.message, "again: clip 3: inner");
    mw_fail_errno(&err, 28 /* ENOSPC */, "cannot write 'x'");
    assert_string_equal(err.reason, "no_space");
    assert_int_equal(mw_fail_errno(NULL, 12 /* ENOMEM */, "x"), MW_ERR_NOMEM);
    assert_int_equal(mw_fail(NULL, MW_ERR_RANGE, "r", "x"), MW_ERR_RANGE);
    mw_error_prefix(NULL, "x");
    for (int code = 0; code >= -8; code--)
        assert_string_not_equal(mw_status_name((mw_status)code), "UNKNOWN");
    assert_string_equal(mw_status_name((mw_status)-99), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(a_million_letters_in_uneven_pieces),
        cmocka_unit_test(a_file_hashes_like_its_bytes),
        cmocka_unit_test(two_texts_at_once_hash_like_each_alone),
        cmocka_unit_test(two_long_texts_at_once_hash_like_each_alone),
        cmocka_unit_test(a_missing_file_or_a_folder_is_an_error),
        cmocka_unit_test(error_texts_are_cut_and_prefixed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
