/* SPDX-License-Identifier: Apache-2.0
 *
 * Feature banks: what was written is read, numpy's dialect of it too, and nothing that does not fit
 * together.
 */
#include "support/support.h"

#include <math.h>
#include <time.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "data/feature_bank.h"
#include "data/npz.h"
#include "data/npz_read.h"

enum { ROWS = 5, COLUMNS = 3 };

static float features[2][ROWS * COLUMNS], rel[2][ROWS];
static uint8_t valid[2][ROWS];
static double t[ROWS];
static const char *const names[COLUMNS] = { "F0", "\xc3\xa9t\xc3\xa9", "\xf0\x9f\x98\x80" };

/* A clip of sound with two variants and of text with one. */
static mw_bank_clip sample(mw_bank_variant variants[3])
{
    mw_bank_clip clip = { .memory = NULL };

    for (int k = 0; k < 2; k++)
        for (int r = 0; r < ROWS; r++) {
            t[r] = 0.1 * r;
            rel[k][r] = k ? 0.25f * (float)r : 1;
            valid[k][r] = (uint8_t)(r != 2 || !k);
            for (int c = 0; c < COLUMNS; c++)
                features[k][r * COLUMNS + c] = (float)(100 * k + 10 * r + c);
        }
    rel[1][3] = NAN;
    features[1][0] = -INFINITY;
    variants[0] = (mw_bank_variant){ "clean", "clean", NAN, features[0], valid[0], rel[0] };
    variants[1] =
        (mw_bank_variant){ "speech_-5", "noise.speech", -5, features[1], valid[1], rel[1] };
    variants[2] = variants[0];
    clip.m[0] = (mw_bank_modality){ 'a', ROWS, COLUMNS, t, names, variants, 2 };
    clip.m[2] = (mw_bank_modality){ 't', 1, ROWS * COLUMNS, t, NULL, variants + 2, 1 };
    return clip;
}

static void what_is_written_is_read(void **state)
{
    char *dir = temp_dir(), *path = mw_path_join(dir, "c" MW_BANK_SUFFIX), hex[65], again[65];
    mw_bank_variant variants[3];
    const mw_bank_clip clip = sample(variants);
    const mw_bank_variant *v;
    mw_bank_clip got;
    int64_t bytes, n;

    (void)state;
    assert_ok(mw_bank_clip_write(path, &clip, hex, &bytes, NULL));
    assert_ok(mw_sha256_file(again, &n, path, NULL));
    assert_string_equal(hex, again);
    assert_int_equal(bytes, n);
    assert_ok(mw_bank_clip_read(&got, path, NULL));
    assert_int_equal(got.m[0].letter, 'a');
    assert_int_equal(got.m[1].letter, 0);
    assert_int_equal(got.m[2].letter, 't');
    assert_int_equal(got.m[0].rows, ROWS);
    assert_int_equal(got.m[0].columns, COLUMNS);
    assert_int_equal(got.m[2].columns, ROWS * COLUMNS);
    assert_memory_equal(got.m[0].t, t, sizeof t);
    assert_null(got.m[2].names);
    for (int c = 0; c < COLUMNS; c++)
        assert_string_equal(got.m[0].names[c], names[c]);
    assert_int_equal(got.m[0].n_variants, 2);
    v = mw_bank_variant_find(&got.m[0], "speech_-5");
    assert_non_null(v);
    assert_string_equal(v->type, "noise.speech");
    assert_true(v->level == -5);
    assert_memory_equal(v->x, features[1], sizeof features[1]);
    assert_memory_equal(v->valid, valid[1], sizeof valid[1]);
    assert_memory_equal(v->rel, rel[1], sizeof rel[1]);
    assert_true(isnan(got.m[0].variants[0].level));
    assert_memory_equal(got.m[0].variants[0].x, features[0], sizeof features[0]);
    assert_null(mw_bank_variant_find(&got.m[0], "speech"));
    assert_null(mw_bank_variant_find(&got.m[1], "clean"));
    mw_bank_clip_clear(&got);
    mw_free(path);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

/* An array of a file under construction. */
static void put(mw_npz *z, const char *key, const char *descr, size_t rows, size_t columns)
{
    static const double zeros[64];
    const size_t shape[2] = { rows, columns };

    mw_npz_put(z, key, descr, shape, columns ? 2 : 1, zeros,
               rows * (columns ? columns : 1) * (size_t)(descr[2] - '0'));
}

static void put_texts(mw_npz *z, const char *key, const char *first, size_t n)
{
    mw_npz_put_texts(z, key, (const char *const[]){ first, "y" }, n);
}

/* A small bank with one thing wrong in it. */
static void shapes_and_types_must_agree(void **state)
{
    static const char *const wrong[] = {
        "",          "v.t",        "v.t shape",     "v.names", "v.0.x",
        "v.0.valid", "v.0.rel",    "v.types",       "v.1.x",   "v.1.rel",
        "v.levels",  "v.variants", "v.1.x missing", "clean",   "v.0.x shape"
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *w = wrong[i];
        mw_bank_clip clip;
        mw_error err = { 0 };
        mw_npz z = { 0 };
        mw_status st;

#define IS(text) (!strcmp(w, text))
        put(&z, "v.t", IS("v.t") ? "<f4" : "<f8", IS("v.t shape") ? 3 : 4, 0);
        put_texts(&z, "v.names", "n", IS("v.names") ? 1 : 2);
        if (IS("v.variants"))
            put(&z, "v.variants", "<f8", 2, 0);
        else
            put_texts(&z, "v.variants", IS("clean") ? "x" : "clean", 2);
        put_texts(&z, "v.types", "clean", IS("v.types") ? 1 : 2);
        put(&z, "v.levels", "<f8", IS("v.levels") ? 1 : 2, 0);
        put(&z, "v.0.x", IS("v.0.x") ? "<f8" : "<f4", 4, IS("v.0.x shape") ? 0 : 2);
        put(&z, "v.0.valid", IS("v.0.valid") ? "<f4" : "|u1", 4, 0);
        put(&z, "v.0.rel", "<f4", IS("v.0.rel") ? 5 : 4, 0);
        if (!IS("v.1.x missing")) put(&z, "v.1.x", "<f4", 4, IS("v.1.x") ? 1 : 2);
        put(&z, "v.1.valid", "|u1", 4, 0);
        put(&z, "v.1.rel", "<f4", 4, IS("v.1.rel") ? 1 : 0);
#undef IS
        assert_ok(mw_npz_finish(&z, NULL));
        st = mw_bank_clip_parse(&clip, z.bytes.data, z.bytes.n, "file", &err);
        if (!*w) {
            assert_ok(st);
            assert_int_equal(clip.m[1].n_variants, 2);
        } else {
            char key[32];

            assert_int_equal(st, MW_ERR_FORMAT);
            assert_string_equal(err.reason, "bad_bank");
            snprintf(key, sizeof key, "'%.*s'", (int)strcspn(w, " "), w);
            if (strcmp(w, "clean") && !strstr(err.message, key)) fail_msg("%s: %s", w, err.message);
            assert_non_null(strstr(err.message, "'file'"));
        }
        mw_bank_clip_clear(&clip);
        mw_npz_clear(&z);
        assert_int_equal(mw_mem_live(), 0);
    }
}

/* Every cut, and every byte changed in turn, of a file at its exact size: refused with the reason,
 * or read. */
static void damaged_files_are_refused_or_read(void **state)
{
    static const unsigned char other[] = { 0, 0x7f, 0xff, '9' };
    mw_bank_variant variants[3];
    mw_bank_clip clip = sample(variants);
    char *dir = temp_dir(), *path = mw_path_join(dir, "c" MW_BANK_SUFFIX), *bytes;
    size_t n, n_read = 0, n_refused = 0;
    mw_error err;

    (void)state;
    clip.m[2].letter = 0;
    assert_ok(mw_bank_clip_write(path, &clip, NULL, NULL, NULL));
    assert_ok(mw_file_load(&bytes, &n, path, 1 << 20, NULL));
    for (size_t i = 0; i < 2 * n; i++) {
        const size_t len = i < n ? i : n;
        char *copy = malloc(len ? len : 1);
        mw_bank_clip got;

        memcpy(copy, bytes, len);
        if (i >= n) copy[i - n] = (char)other[i % sizeof other];
        if (mw_bank_clip_parse(&got, copy, len, "file", &err) == MW_OK) {
            n_read++;
        } else {
            n_refused++;
            assert_string_equal(err.reason, "bad_bank");
            assert_null(got.memory);
        }
        mw_bank_clip_clear(&got);
        free(copy);
    }
    assert_true(n_refused > n / 2 && n_read > 100);
    mw_free(bytes);
    mw_free(path);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

/* Many variants over the same bytes would fill memory from a small file. */
static void members_over_each_other_are_refused(void **state)
{
    const size_t shape[2] = { 4096, 16 }, two_hundred = 200;
    float *big = mw_calloc(shape[0] * shape[1], sizeof *big);
    const char *texts[200];
    mw_bank_clip clip;
    mw_error err;
    mw_npz z = { 0 };
    char *entry;

    (void)state;
    texts[0] = "clean";
    for (int i = 1; i < 200; i++)
        texts[i] = "v";
    mw_npz_put(&z, "v.t", "<f8", shape, 1, big, shape[0] * 8);
    mw_npz_put_texts(&z, "v.variants", texts, 200);
    mw_npz_put_texts(&z, "v.types", texts, 200);
    mw_npz_put(&z, "v.levels", "<f8", &two_hundred, 1, big, 200 * 8);
    mw_npz_put(&z, "v.000.x", "<f4", shape, 2, big, shape[0] * shape[1] * 4);
    mw_npz_put(&z, "v.000.r", "<f4", shape, 1, big, shape[0] * 4);
    mw_npz_put(&z, "v.000.v", "|u1", shape, 1, big, shape[0]);
    /* the three entries again and again under the names of 200 variants */
    entry = malloc(z.directory.n);
    {
        const size_t n_entry = 46 + 11, n = z.directory.n - 3 * n_entry;

        memcpy(entry, z.directory.data + n, 3 * n_entry);
        for (int k = 0; k < 200; k++)
            for (int i = 0; i < 3; i++) {
                char name[32];
                const int len = snprintf(name, sizeof name, "v.%d.%s.npy", k,
                                         (const char *const[]){ "x", "rel", "valid" }[i]);

                entry[(size_t)i * n_entry + 28] = (char)len;
                mw_str_putn(&z.directory, entry + (size_t)i * n_entry, 46);
                mw_str_putn(&z.directory, name, (size_t)len);
                z.n_members++;
            }
    }
    assert_ok(mw_npz_finish(&z, NULL));
    assert_fails(mw_bank_clip_parse(&clip, z.bytes.data, z.bytes.n, "file", &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_bank");
    assert_non_null(strstr(err.message, "more arrays than the file can hold"));
    free(entry);
    mw_npz_clear(&z);
    mw_free(big);
    assert_int_equal(mw_mem_live(), 0);
}

static void what_cannot_be_read_back_is_not_written(void **state)
{
    char *dir = temp_dir(), *path = mw_path_join(dir, "c");
    mw_bank_variant variants[3];
    mw_bank_clip clip = sample(variants);
    mw_error err;

    (void)state;
    variants[0].name = "dirty";
    assert_fails(mw_bank_clip_write(path, &clip, NULL, NULL, &err), MW_ERR_ARG);
    variants[0].name = "clean";
    clip.m[0].n_variants = 0;
    assert_fails(mw_bank_clip_write(path, &clip, NULL, NULL, &err), MW_ERR_ARG);
    clip.m[0].n_variants = 1;
    clip.m[0].columns = 0;
    assert_fails(mw_bank_clip_write(path, &clip, NULL, NULL, &err), MW_ERR_ARG);
    assert_int_equal(count_files(dir, ""), 0);
    mw_free(path);
    temp_dir_remove(dir);
}

static void an_index_reads_back_equal(void **state)
{
    char *dir = temp_dir(), *path = mw_path_join(dir, "bank.json"), *text;
    char about[] = "{\"encoder\": \"clip\", \"n\": [1, 2.5, true, null, {}]}";
    mw_bank_condition c[4] = { { .id = "clean", .block = "clean", .level = NAN },
                               { .id = "A/speech/-5",
                                 .block = "A",
                                 .variant = { "speech_-5" },
                                 .type = "noise.speech",
                                 .axis = "snr_db",
                                 .level = -5,
                                 .heldout = 1 },
                               { .id = "t1", .block = "train", .level = NAN },
                               { .id = "v1", .block = "valid", .level = NAN } };
    mw_bank_index x = { .conditions = c, .n_conditions = 4, .modalities = "av", .about = about },
                  got;
    size_t n;

    (void)state;
    assert_ok(mw_bank_index_write(path, &x, NULL));
    assert_ok(mw_bank_index_read(&got, path, NULL));
    assert_string_equal(got.modalities, "av");
    assert_string_equal(got.about, "{\"encoder\":\"clip\",\"n\":[1,2.5,true,null,{}]}");
    assert_int_equal(got.n_conditions, 4);
    assert_string_equal(got.conditions[1].id, "A/speech/-5");
    assert_string_equal(got.conditions[1].block, "A");
    assert_string_equal(got.conditions[1].variant[0], "speech_-5");
    assert_string_equal(got.conditions[1].variant[1], "");
    assert_string_equal(got.conditions[1].type, "noise.speech");
    assert_string_equal(got.conditions[1].axis, "snr_db");
    assert_true(got.conditions[1].level == -5 && got.conditions[1].heldout == 1);
    assert_true(isnan(got.conditions[0].level) && !got.conditions[0].heldout);
    mw_bank_index_clear(&got);
    assert_ok(mw_file_load(&text, &n, path, 1 << 20, NULL));
    assert_non_null(strstr(text, "\"schema\": \"merwild.bank/1\""));
    mw_free(text);
    mw_free(path);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

static void a_broken_index_is_refused(void **state)
{
    static const char *const texts[] = {
        "[]",
        "{\"schema\": \"merwild.bank/2\", \"modalities\": \"a\", \"conditions\": []}",
        "{\"schema\": \"merwild.bank/1\", \"modalities\": \"\", \"conditions\": []}",
        "{\"schema\": \"merwild.bank/1\", \"modalities\": \"aa\", \"conditions\": []}",
        "{\"schema\": \"merwild.bank/1\", \"modalities\": \"ax\", \"conditions\": []}",
        "{\"schema\": \"merwild.bank/1\", \"modalities\": \"a\"}",
        "{\"schema\": \"merwild.bank/1\", \"modalities\": \"a\", \"conditions\": [3]}",
        "{\"schema\": \"merwild.bank/1\", \"modalities\": \"a\", \"conditions\": [{\"id\": 3}]}",
        "{\"schema\": \"merwild.bank/1\", \"modalities\": \"a\", \"conditions\": [{\"id\": \"x\"}, "
        "{\"id\": \"x\"}]}",
        "{\"schema\": \"merwild.bank/1\", \"modalities\": \"a\", \"conditions\": [{\"id\": \"x\", "
        "\"block\": \"123456789012345678901234\"}]}",
        "{\"schema\": \"merwild.bank/1\", \"modalities\": \"a\", \"conditions\": [{\"id\": \"x\", "
        "\"level\": \"high\"}]}",
    };
    char *dir = temp_dir(), *path = mw_path_join(dir, "bank.json");

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mw_bank_index x;
        mw_error err;

        assert_ok(mw_file_store(path, texts[i], strlen(texts[i]), NULL));
        assert_fails(mw_bank_index_read(&x, path, &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "bad_bank");
        assert_non_null(strstr(err.message, path));
        assert_null(x.conditions);
    }
    mw_free(path);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

static void memory_running_out_is_told(void **state)
{
    char *dir = temp_dir(), *path = mw_path_join(dir, "c"), *index = mw_path_join(dir, "i");
    const long live = mw_mem_live();
    mw_bank_variant variants[3];
    const mw_bank_clip clip = sample(variants);
    mw_bank_condition c = { .id = "clean", .block = "clean", .level = NAN };
    char about[] = "{\"a\": 1}";

    (void)state;
    for (long at = 1;; at++) {
        const mw_bank_index x = { &c, 1, "a", about };
        mw_bank_clip got = { .memory = NULL };
        mw_bank_index again = { .conditions = NULL };
        mw_status st;

        mw_mem_fail_at(at);
        st = mw_bank_clip_write(path, &clip, NULL, NULL, NULL);
        if (st == MW_OK) st = mw_bank_clip_read(&got, path, NULL);
        if (st == MW_OK) st = mw_bank_index_write(index, &x, NULL);
        if (st == MW_OK) st = mw_bank_index_read(&again, index, NULL);
        mw_mem_fail_at(0);
        mw_bank_clip_clear(&got);
        mw_bank_index_clear(&again);
        assert_int_equal(mw_mem_live(), live);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(at < 400);
    }
    mw_free(index);
    mw_free(path);
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(shapes_and_types_must_agree),
        cmocka_unit_test(damaged_files_are_refused_or_read),
        cmocka_unit_test(members_over_each_other_are_refused),
        cmocka_unit_test(what_cannot_be_read_back_is_not_written),
        cmocka_unit_test(an_index_reads_back_equal),
        cmocka_unit_test(a_broken_index_is_refused),
        cmocka_unit_test(memory_running_out_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
