/* SPDX-License-Identifier: Apache-2.0
 *
 * Weight files: written and read back, and every way in which a file can lie.
 */
#include "support/support.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "nn/weights_file.h"
#include "support/random_vit.h"

static unsigned char *kept;

/* A file of this header (padded to 8 bytes) and n_data bytes counting up from 0. */
static mw_status parse_header(mw_weights **w, const char *header, size_t n_data, mw_error *err)
{
    const size_t n_head = (strlen(header) + 7) / 8 * 8, n = 8 + n_head + n_data;
    unsigned char *bytes = malloc(n);
    mw_status st;

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)n_head >> 8 * i);
    memset(bytes + 8, ' ', n_head);
    memcpy(bytes + 8, header, strlen(header));
    for (size_t i = 0; i < n_data; i++)
        bytes[8 + n_head + i] = (unsigned char)i;
    st = mw_weights_parse(w, bytes, n, "hostile.safetensors", err);
    free(kept); /* what the last object pointed to */
    kept = bytes;
    return st;
}

/* Refused as bad_weights, naming the file and holding text. */
static void refused(const char *header, size_t n_data, const char *text)
{
    mw_error err = { 0 };
    mw_weights *w;

    assert_fails(parse_header(&w, header, n_data, &err), MW_ERR_FORMAT);
    assert_null(w);
    assert_string_equal(err.reason, "bad_weights");
    if (!strstr(err.message, text)) fail_msg("'%s' is not in: %s", text, err.message);
    if (!strstr(err.message, "hostile.safetensors")) fail_msg("no file in: %s", err.message);
}

static void what_is_written_reads_back_equal(void **state)
{
    static const float a[6] = { 1, -2.5f, 0, -0.0f, 1e-42f, 3e38f }, b[1] = { 7 };
    const mw_tensor_out out[] = { { "b.scalar", b, { 0 }, 0 },
                                  { "a \"quoted\"", a, { 2, 3 }, 2 },
                                  { "empty", a, { 0, 5 }, 2 } };
    const char *const notes[][2] = { { "format", "merwild-test" }, { "seed", "1" } };
    char *dir = temp_dir(), *path = mw_path_join(dir, "x.safetensors");
    mw_weights *w;
    float back[6];
    mw_error err;

    (void)state;
    if (mw_safetensors_write(path, out, 3, notes, 2, &err)) fail_msg("%s", err.message);
    assert_int_equal(count_files(dir, ""), 1);
    if (mw_weights_open(&w, path, &err)) fail_msg("%s", err.message);
    assert_string_equal(mw_weights_kind(w), "safetensors");
    assert_string_equal(mw_weights_path(w), path);
    assert_int_equal(mw_weights_count(w), 3);
    assert_string_equal(mw_weights_at(w, 0)->name, "a \"quoted\"");
    assert_null(mw_weights_at(w, 3));
    assert_null(mw_weights_find(w, "b"));
    assert_ok(mw_weights_read(w, "a \"quoted\"", out[1].shape, 2, back, &err));
    assert_memory_equal(back, a, sizeof a);
    assert_ok(mw_weights_read(w, "b.scalar", NULL, 0, back, &err));
    assert_true(back[0] == 7);
    assert_int_equal(mw_weights_find(w, "empty")->n, 0);
    assert_ok(mw_weights_read(w, "empty", out[2].shape, 2, back, &err));
    assert_string_equal(mw_weights_note(w, "seed"), "1");
    assert_null(mw_weights_note(w, "other"));
    mw_weights_close(&w);
    assert_null(w);
    mw_free(path);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

static void a_tensor_must_be_there_in_shape_and_type(void **state)
{
    static const size_t shape[2] = { 2, 2 }, other[2] = { 4, 1 };
    mw_error err = { 0 };
    mw_weights *w;
    float x[4];

    (void)state;
    assert_ok(parse_header(&w,
                           "{\"i\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
                           "\"f\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[16,32]}}",
                           32, &err));
    assert_fails(mw_weights_read(w, "g", shape, 2, x, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_tensor");
    assert_non_null(strstr(err.message, "'g'"));
    assert_fails(mw_weights_read(w, "f", other, 2, x, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_shape");
    assert_non_null(strstr(err.message, "'f' has the shape [2, 2], not [4, 1]"));
    assert_fails(mw_weights_read(w, "f", shape, 1, x, &err), MW_ERR_FORMAT);
    assert_fails(mw_weights_read(w, "i", shape, 2, x, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_dtype");
    assert_non_null(strstr(err.message, "hostile.safetensors"));
    assert_non_null(strstr(err.message, "'i' is of type I32"));
    assert_ok(mw_weights_read(w, "f", shape, 2, x, &err));
    mw_weights_close(&w);
}

#define ENTRY(name, dtype, shape, begin, end)                                                      \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end   \
    "]}"

static void types_widen_to_float32(void **state)
{
    /* data count up: 00 01 02 .. */
    static const size_t one[] = { 1 }, two[] = { 2 };
    mw_error err;
    mw_weights *w;
    double d;
    float x[2];

    (void)state;
    assert_ok(parse_header(
        &w,
        "{" ENTRY("d", "F64", "[1]", "0", "8") "," ENTRY("f", "F32", "[1]", "8", "12") "," ENTRY(
            "h", "F16", "[2]", "12",
            "16") "," ENTRY("b", "BF16", "[2]", "16",
                            "20") "," ENTRY("e", "F8_E5M2", "[3]", "20",
                                            "23") "," ENTRY("n", "NEW_TYPE", "[]", "23", "26") "}",
        26, &err));
    assert_ok(mw_weights_read(w, "d", one, 1, x, &err));
    memcpy(&d, "\0\1\2\3\4\5\6\7", 8);
    assert_true(x[0] == (float)d);
    assert_ok(mw_weights_read(w, "f", one, 1, x, &err));
    assert_memory_equal(x, "\x8\x9\xa\xb", 4);
    assert_ok(mw_weights_read(w, "h", two, 1, x, &err));
    /* 0x0d0c: exponent 3, fraction 0x10c */
    assert_true(x[0] == (1 + 0x10c / 1024.0f) * 0x1p-12f);
    assert_ok(mw_weights_read(w, "b", two, 1, x, &err));
    assert_memory_equal(x, "\0\0\x10\x11\0\0\x12\x13", 8);
    assert_int_equal(mw_weights_find(w, "e")->dtype, MW_DTYPE_OTHER);
    assert_int_equal(mw_weights_find(w, "n")->dtype, MW_DTYPE_OTHER);
    assert_fails(mw_weights_read(w, "n", NULL, 0, x, &err), MW_ERR_FORMAT);
    mw_weights_close(&w);
}

static void offsets_that_lie_are_refused(void **state)
{
    (void)state;
    refused("{" ENTRY("a", "F32", "[2]", "0", "8") "," ENTRY("b", "F32", "[2]", "4", "12") "}", 12,
            "tensor 'b': it overlaps");
    refused("{" ENTRY("a", "F32", "[2]", "0", "8") "," ENTRY("b", "F32", "[2]", "0", "8") "}", 8,
            "overlaps");
    refused("{" ENTRY("a", "F32", "[1]", "0", "4") "," ENTRY("b", "F32", "[1]", "8", "12") "}", 12,
            "tensor 'b': there is a hole");
    refused("{" ENTRY("a", "F32", "[1]", "4", "8") "}", 8, "there is a hole");
    refused("{" ENTRY("a", "F32", "[1]", "0", "4") "}", 8, "data behind the last tensor");
    refused("{}", 8, "data behind");
    refused("{" ENTRY("a", "F32", "[1]", "8", "4") "}", 8, "tensor 'a': it ends before it begins");
    refused("{" ENTRY("a", "F32", "[1]", "-4", "0") "}", 8, "tensor 'a': an offset is negative");
    refused("{" ENTRY("a", "F32", "[4]", "0", "16") "}", 8, "tensor 'a': it ends beyond the end");
    refused("{" ENTRY("a", "F32", "[1]", "9223372036854775803", "9223372036854775807") "}", 8,
            "beyond the end");
    refused("{" ENTRY("a", "F32", "[1]", "0", "99999999999999999999") "}", 8, "header, line 1");
    refused("{" ENTRY("a", "F32", "[1]", "0", "4.0") "}", 4, "not two integers");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4, "not two");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":4}}", 4, "not two");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "not two");
}

static void shapes_that_lie_are_refused(void **state)
{
    (void)state;
    refused("{" ENTRY("a", "F32", "[3]", "0", "8") "}", 8, "tensor 'a': its size differs");
    refused("{" ENTRY("a", "F16", "[2]", "0", "8") "}", 8, "its size differs");
    refused("{" ENTRY("a", "F32", "[4294967296,4294967296]", "0", "0") "}", 0, "too large");
    refused("{" ENTRY("a", "F32", "[4294967296,1073741824,4]", "0", "0") "}", 0, "too large");
    refused("{" ENTRY("a", "F32", "[-1]", "0", "4") "}", 4, "no count");
    refused("{" ENTRY("a", "F32", "[1.0]", "0", "4") "}", 4, "no count");
    refused("{" ENTRY("a", "F32", "\"1\"", "0", "4") "}", 4, "no list");
    refused("{" ENTRY("a", "F32", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, "8 dimensions");
    refused("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "tensor 'a': it has no dtype");
    refused("{\"a\":7}", 0, "no dtype");
}

static void headers_that_are_none_are_refused(void **state)
{
    static const unsigned char huge[16] = { 0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, '{' };
    static const unsigned char vast[16] = { 0, 0, 0, 0, 0, 0, 0, 0x80, '{' };
    static const unsigned char cut[16] = { 9, 0, 0, 0, 0, 0, 0, 0, '{', '}' };
    mw_error err = { 0 };
    mw_weights *w;

    (void)state;
    refused("[]", 0, "neither safetensors nor");
    refused("{\"a\":", 0, "header, line 1");
    refused("{} x", 0, "header, line 1");
    refused("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F16\"}}", 0, "duplicate");
    refused("{" ENTRY("a", "F32", "[1]", "0", "4") "," ENTRY("a", "F32", "[1]", "4", "8") "}", 8,
            "duplicate");
    refused("{" ENTRY("", "F32", "[1]", "0", "4") "}", 4, "without a name");
    refused("{" ENTRY("a\\u001b[2J", "F32", "[1]", "0", "4") "}", 4, "control characters");
    refused("{" ENTRY("a\\u0000b", "F32", "[1]", "0", "4") "}", 4, "header, line 1");
    refused("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ holds");
    refused("{\"__metadata__\":[]}", 0, "__metadata__ is no");
    assert_fails(mw_weights_parse(&w, huge, sizeof huge, "huge", &err), MW_ERR_FORMAT);
    assert_fails(mw_weights_parse(&w, vast, sizeof vast, "vast", &err), MW_ERR_FORMAT);
    assert_fails(mw_weights_parse(&w, cut, sizeof cut, "cut", &err), MW_ERR_FORMAT);
    assert_non_null(strstr(err.message, "ends inside its header"));
    assert_fails(mw_weights_parse(&w, "", 0, "none", &err), MW_ERR_FORMAT);
    assert_fails(mw_weights_parse(&w, "\x80\2\x8a\nl\xfc", 6, "old.pt", &err), MW_ERR_FORMAT);
    assert_non_null(strstr(err.message, "before PyTorch 1.6"));
}

/* Three million empty lists would take the parser a quarter of a gigabyte. */
static void a_header_of_very_many_values_is_refused(void **state)
{
    const size_t n = (size_t)3 << 20;
    char *header = malloc(3 * n + 8);

    (void)state;
    strcpy(header, "{\"a\":[");
    for (size_t i = 0; i < n; i++)
        memcpy(header + 6 + 3 * i, "[],", 3);
    strcpy(header + 5 + 3 * n, "]}");
    refused(header, 0, "too many values");
    free(header);
}

static void every_truncation_is_refused(void **state)
{
    char *dir = temp_dir(), *path = mw_path_join(dir, "x"), *bytes;
    const float x[3] = { 1, 2, 3 };
    const mw_tensor_out out = { "abc", x, { 3 }, 1 };
    size_t n;

    (void)state;
    assert_ok(mw_safetensors_write(path, &out, 1, NULL, 0, NULL));
    assert_ok(mw_file_load(&bytes, &n, path, 1 << 20, NULL));
    for (size_t k = 0; k < n; k++) {
        char *copy = malloc(k ? k : 1);
        mw_error err = { 0 };
        mw_weights *w;

        memcpy(copy, bytes, k);
        assert_fails(mw_weights_parse(&w, copy, k, "cut.safetensors", &err), MW_ERR_FORMAT);
        assert_non_null(strstr(err.message, "cut.safetensors"));
        free(copy);
    }
    mw_free(bytes);
    mw_free(path);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

static void what_cannot_be_opened_is_told_apart(void **state)
{
    char *dir = temp_dir(), *path = mw_path_join(dir, "none");
    mw_error err = { 0 };
    mw_weights *w;

    (void)state;
    assert_fails(mw_weights_open(&w, path, &err), MW_ERR_IO);
    assert_string_equal(err.reason, "not_found");
    assert_fails(mw_weights_open(&w, dir, &err), MW_ERR_IO);
    assert_ok(mw_file_store(path, "", 0, NULL));
    assert_fails(mw_weights_open(&w, path, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_weights");
    assert_non_null(strstr(err.message, path));
    mw_free(path);
    temp_dir_remove(dir);
}

static void names_that_cannot_be_written_leave_no_file(void **state)
{
    const float x = 1;
    const mw_tensor_out out[] = { { "", &x, { 1 }, 1 },
                                  { "__metadata__", &x, { 1 }, 1 },
                                  { "\xff", &x, { 1 }, 1 },
                                  { "a", &x, { SIZE_MAX / 8, 16 }, 2 } };
    char *dir = temp_dir(), *path = mw_path_join(dir, "x");
    mw_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_fails(mw_safetensors_write(path, &out[i], 1, NULL, 0, &err), MW_ERR_ARG);
    assert_int_equal(count_files(dir, ""), 0);
    mw_free(path);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

/* scripts/make-random-clip and tests/support/random_vit.c agree: the sum is the script's. */
static void random_weights_are_those_of_the_script(void **state)
{
    char *dir = temp_dir(), *path = mw_path_join(dir, "tiny"), hex[MW_SHA256_HEX + 1];

    (void)state;
    random_vit_write(path, &random_vit_tiny, 1);
    assert_ok(mw_sha256_file(hex, NULL, path, NULL));
    assert_string_equal(hex, "bb8fbc8b47414dfadd400f80c119fdb6d42fb1d09281445d00d9def2d2ae31b1");
    random_vit_write(path, &random_vit_tiny, 0x123456789);
    assert_ok(mw_sha256_file(hex, NULL, path, NULL));
    assert_string_equal(hex, "30a04bb0b87015a5dc3a6f405774b56b412b6f133a47bb23c6230d6b2c8862d2");
    mw_free(path);
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back_equal),
        cmocka_unit_test(a_tensor_must_be_there_in_shape_and_type),
        cmocka_unit_test(types_widen_to_float32),
        cmocka_unit_test(offsets_that_lie_are_refused),
        cmocka_unit_test(shapes_that_lie_are_refused),
        cmocka_unit_test(headers_that_are_none_are_refused),
        cmocka_unit_test(a_header_of_very_many_values_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(what_cannot_be_opened_is_told_apart),
        cmocka_unit_test(names_that_cannot_be_written_leave_no_file),
        cmocka_unit_test(random_weights_are_those_of_the_script),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(kept);
    return failed;
}
