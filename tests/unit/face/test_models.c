/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include "base/mem.h"
#include "base/fs.h"
#include "face/detector.h"

static void assert_path(const char *explicit_path, const char *expected)
{
    char *path = mw_face_model_path(MW_FACE_FULL, explicit_path);

    assert_string_equal(path, expected);
    mw_free(path);
}

static void models_are_looked_for_in_the_stated_order(void **state)
{
    char *dir = temp_dir(), text[256];

    (void)state;
    setenv("HOME", "/h", 1);
    unsetenv("XDG_DATA_HOME");
    unsetenv("MERWILD_MODELS");
    assert_path(NULL, "/h/.local/share/merwild/models/face_detection_full_range_sparse.tflite");
    setenv("XDG_DATA_HOME", "/x", 1);
    assert_path(NULL, "/x/merwild/models/face_detection_full_range_sparse.tflite");
    setenv("MERWILD_MODELS", "/m", 1);
    assert_path(NULL, "/m/face_detection_full_range_sparse.tflite");
    assert_path("/some/file.tflite", "/some/file.tflite");
    snprintf(text, sizeof text, "%s/face_detection_full_range_sparse.tflite", dir);
    assert_path(dir, text);
    temp_dir_remove(dir);
}

static void a_missing_model_says_what_to_run(void **state)
{
    mw_face_net *net;
    mw_error err;

    (void)state;
    assert_int_equal(mw_face_net_load(&net, MW_FACE_SHORT, "/nowhere/m.tflite", &err), MW_ERR_IO);
    assert_string_equal(err.reason, "no_model");
    assert_non_null(strstr(err.message, "/nowhere/m.tflite"));
    assert_non_null(strstr(err.message, "scripts/fetch-models"));
    assert_null(net);
}

static void a_wrong_model_is_refused_with_both_sums(void **state)
{
    char path[512];
    mw_face_net *net;
    mw_error err;

    (void)state;
    snprintf(path, sizeof path, "%s", source_path("tests/golden/data/tiny.tflite"));
    assert_int_equal(mw_face_net_load(&net, MW_FACE_FULL, path, &err), MW_ERR_MISMATCH);
    assert_string_equal(err.reason, "wrong_model");
    assert_non_null(strstr(err.message, mw_face_model_info[MW_FACE_FULL].sha256));
    assert_null(net);
}

static void sums_equal_the_list_that_the_fetch_script_checks(void **state)
{
    size_t n;
    char *list;

    (void)state;
    assert_ok(mw_file_load(&list, &n, source_path("data/models.sha256"), 4096, NULL));
    for (int i = 0; i < MW_FACE_N_MODELS; i++) {
        char line[256];

        snprintf(line, sizeof line, "%s  %s\n", mw_face_model_info[i].sha256,
                 mw_face_model_info[i].file);
        assert_non_null(strstr(list, line));
        assert_int_equal(mw_face_model_by_name(mw_face_model_info[i].name), i);
    }
    assert_int_equal(mw_face_model_by_name("medium"), -1);
    mw_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_looked_for_in_the_stated_order),
        cmocka_unit_test(a_missing_model_says_what_to_run),
        cmocka_unit_test(a_wrong_model_is_refused_with_both_sums),
        cmocka_unit_test(sums_equal_the_list_that_the_fetch_script_checks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
