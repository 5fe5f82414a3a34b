/* SPDX-License-Identifier: Apache-2.0
 *
 * Weight files: written and read back, and every way in which a file can lie.
 */
#include "support/support.h"

#include <math.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "nn/weights_file.h"

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
    /* what a parsed object points to lives as long as the test */
    if (st != MW_OK) free(bytes);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back_equal),
        cmocka_unit_test(a_tensor_must_be_there_in_shape_and_type),
    };

    (void)refused;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
