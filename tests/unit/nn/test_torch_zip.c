/* SPDX-License-Identifier: Apache-2.0
 *
 * PyTorch archives: those of tests/golden/data (scripts/make-tiny-torch.py), and small ones built
 * here in every wrong way.
 */
#include "support/support.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/rng.h"
#include "nn/weights_file.h"
#include "support/torch_archive.h"

static mw_weights *open_golden(const char *name)
{
    char path[128];
    mw_error err;
    mw_weights *w;

    snprintf(path, sizeof path, "tests/golden/data/%s", name);
    if (mw_weights_open(&w, source_path(path), &err)) fail_msg("%s", err.message);
    return w;
}

static void holds(const mw_weights *w, const char *name, const size_t *shape, int n_dims,
                  const float *expected)
{
    float x[64];
    size_t n = 1;
    mw_error err;

    for (int k = 0; k < n_dims; k++)
        n *= shape[k];
    if (mw_weights_read(w, name, shape, n_dims, x, &err)) fail_msg("%s", err.message);
    for (size_t i = 0; i < n; i++)
        if (!(x[i] == expected[i]))
            fail_msg("%s[%zu] is %g, not %g", name, i, (double)x[i], (double)expected[i]);
}

#define HOLDS(w, name, shape, n_dims, ...)                                                         \
    holds(w, name, shape, n_dims, (const float[]){ __VA_ARGS__ })

static void state_dicts_hold_their_tensors(void **state)
{
    const size_t s46[] = { 4, 6 }, s64[] = { 6, 4 }, s23[] = { 2, 3 }, s21[] = { 2, 1 };
    const size_t s4[] = { 4 }, s3[] = { 3 }, s2[] = { 2 }, s1[] = { 1 }, s03[] = { 0, 3 };
    mw_weights *w = open_golden("tiny_state_dict.pt");
    float base[24], turned[24];

    (void)state;
    for (int i = 0; i < 24; i++) {
        base[i] = (float)i / 4;
        turned[i % 6 * 4 + i / 6] = base[i];
    }
    assert_string_equal(mw_weights_kind(w), "torch archive");
    assert_int_equal(mw_weights_count(w), 13);
    holds(w, "f32", s46, 2, base);
    holds(w, "view.transposed", s64, 2, turned);
    HOLDS(w, "view.inside", s23, 2, 2, 2.25f, 2.5f, 3.5f, 3.75f, 4);
    HOLDS(w, "f16", s4, 1, 1.5f, -2, 65504, 0x1p-24f);
    HOLDS(w, "bf16", s3, 1, 1.5f, -2, 0x1.c4p127f);
    HOLDS(w, "f64", s21, 2, 1 / 3.0f, (float)1e300);
    HOLDS(w, "scalar", NULL, 0, 4.625f);
    HOLDS(w, "empty", s03, 2, 0);
    HOLDS(w, "nested.parameter", s2, 1, 1, 2);
    HOLDS(w, "nested.7", s1, 1, 7);
    HOLDS(w, "nested.list.0", s1, 1, 8);
    assert_int_equal(mw_weights_find(w, "i64")->dtype, MW_DTYPE_I64);
    assert_int_equal(mw_weights_find(w, "flag")->dtype, MW_DTYPE_BOOL);
    mw_weights_close(&w);
    assert_int_equal(mw_mem_live(), 0);
}

static void modules_of_torchscript_give_attribute_paths(void **state)
{
    const size_t s23[] = { 2, 3 }, s22[] = { 2, 2 }, s2[] = { 2 };
    mw_weights *w = open_golden("tiny_torchscript.pt");

    (void)state;
    assert_string_equal(mw_weights_kind(w), "TorchScript archive");
    assert_int_equal(mw_weights_count(w), 5);
    HOLDS(w, "inner.0.weight", s23, 2, 0, 0.125f, 0.25f, 0.375f, 0.5f, 0.625f);
    HOLDS(w, "inner.0.bias", s2, 1, 0.5f, -0.5f);
    HOLDS(w, "inner.1.weight", s22, 2, 0.25f, 0.25f, 0.25f, 0.25f);
    assert_int_equal(mw_weights_find(w, "input_resolution")->n_dims, 0);
    mw_weights_close(&w);
}

/* The three forms of one network (the shared golden files) hold the same numbers. */
static void archives_and_safetensors_of_one_network_agree(void **state)
{
    static const char *const other[] = { "golden/numerics/clip_vit_tiny/torchscript.pt",
                                         "golden/numerics/clip_vit_tiny/state_dict.pt" };
    const char *first = "golden/numerics/clip_vit_tiny/openai_f16.safetensors";
    mw_weights *a, *b;
    mw_error err;

    (void)state;
    REQUIRE_SHARED(first);
    assert_ok(mw_weights_open(&a, shared_path(first), &err));
    assert_int_equal(mw_weights_count(a), 32);
    for (int k = 0; k < 2; k++) {
        if (mw_weights_open(&b, shared_path(other[k]), &err)) fail_msg("%s", err.message);
        assert_int_equal(mw_weights_count(b), 32);
        for (size_t i = 0; i < 32; i++) {
            const mw_tensor *t = mw_weights_at(a, i);
            float *x = malloc(t->n * sizeof *x), *y = malloc(t->n * sizeof *y);

            assert_ok(mw_tensor_read_f32(t, x, &err));
            if (mw_weights_read(b, t->name, t->shape, t->n_dims, y, &err))
                fail_msg("%s", err.message);
            assert_memory_equal(x, y, t->n * sizeof *x);
            free(x);
            free(y);
        }
        mw_weights_close(&b);
    }
    mw_weights_close(&a);
}

/* ---- archives built here ---- */

/* A pickle { 'a': tensor } over storage "0" of count FloatStorage elements. */
#define TEXT(length, s) "X" length "\0\0\0" s
#define STORAGE(type, key, count)                                                                  \
    "(" TEXT("\7", "storage") "ctorch\n" type "\n" TEXT("\1", key) TEXT("\3", "cpu") count "tQ"
#define CALL_TENSOR(storage, offset, shape, strides)                                               \
    "ctorch._utils\n_rebuild_tensor_v2\n(" storage offset shape strides "\x89}tR"
#define DICT(name, value) "\x80\2}" TEXT("\1", name) value "s."
#define TENSOR(storage, offset, shape, strides)                                                    \
    DICT("a", CALL_TENSOR(storage, offset, shape, strides))
#define GOOD TENSOR(STORAGE("FloatStorage", "0", "K\4"), "K\1", "K\3\x85", "K\1\x85")

static const float four[4] = { 1, 2, 3, 4 };

static mw_status parse_parts(const zip_part *part, size_t n_parts, int wide, mw_error *err,
                             float out[3])
{
    const size_t shape[] = { 3 };
    size_t n;
    unsigned char *bytes = zip_build(part, n_parts, wide, &n);
    mw_weights *w;
    mw_status st = mw_weights_parse(&w, bytes, n, "hostile.pt", err);

    if (st == MW_OK) {
        if (out) st = mw_weights_read(w, "a", shape, 1, out, err);
        mw_weights_close(&w);
    } else {
        assert_null(w);
    }
    free(bytes);
    assert_int_equal(mw_mem_live(), 0);
    return st;
}

/* An archive of this pickle and storage "0". */
static mw_status parse_pickle(const char *pickle, size_t n, mw_error *err, float out[3])
{
    const zip_part part[] = { { .name = "x/data.pkl", .data = pickle, .n = n },
                              { .name = "x/data/0", .data = four, .n = sizeof four } };

    return parse_parts(part, 2, 0, err, out);
}

static void check_refused(mw_status st, const mw_error *err, const char *reason, const char *text)
{
    if (st != MW_ERR_FORMAT) fail_msg("%s, expected '%s'", mw_status_name(st), text);
    if (strcmp(err->reason, reason) || !strstr(err->message, text) ||
        !strstr(err->message, "hostile.pt"))
        fail_msg("%s (%s), expected %s: %s", err->reason, err->message, reason, text);
}

static void refused(const char *pickle, size_t n, const char *reason, const char *text)
{
    mw_error err = { 0 };

    check_refused(parse_pickle(pickle, n, &err, NULL), &err, reason, text);
}

#define REFUSED(pickle, reason, text) refused(pickle, sizeof(pickle) - 1, reason, text)

static void a_plain_archive_is_read(void **state)
{
    mw_error err = { 0 };
    float x[3];

    (void)state;
    if (parse_pickle(GOOD, sizeof GOOD - 1, &err, x)) fail_msg("%s", err.message);
    assert_memory_equal(x, four + 1, sizeof x);
}

static void names_outside_the_list_are_refused_wherever_they_stand(void **state)
{
    (void)state;
    REFUSED("\x80\2cos\nsystem\n" TEXT("\2", "id") "\x85R.", "refused_opcode", "'os.system'");
    REFUSED("\x80\2cposix\nsystem\n.", "refused_opcode", "'posix.system'");
    REFUSED("\x80\2cbuiltins\neval\n)\x81.", "refused_opcode", "'builtins.eval'");
    /* in an argument that is never looked at */
    REFUSED("\x80\2ccollections\nOrderedDict\ncos\nsystem\n\x85R.", "refused_opcode", "os.system");
    REFUSED("\x80\2](cos\nsystem\nK\1e.", "refused_opcode", "os.system");
    REFUSED("\x80\2ctorch\nload\n)R.", "refused_opcode", "torch.load");
    REFUSED("\x80\2ctorch._utils\n_rebuild_tensor_v2x\n)R.", "refused_opcode", "_v2x");
    REFUSED("\x80\2c__torch__x\nA\n)\x81.", "refused_opcode", "__torch__x.A");
    REFUSED("\x80\2c\x1b[2J\nA\n.", "refused_opcode", "'?[2J.A'");
    REFUSED("\x80\4\x8c\2os\x8c\6system\x93)R.", "refused_opcode", "");
    REFUSED("\x80\2(ios\nsystem\n.", "refused_opcode", "0x69");
    REFUSED("\x80\2\x82\1.", "refused_opcode", "0x82");
    REFUSED("\x80\2K\1)R.", "bad_weights", "what is no function");
    REFUSED("\x80\2ctorch\nFloatStorage\n)R.", "bad_weights", "what is no function");
}

static void tensors_outside_their_storage_are_refused(void **state)
{
#define S STORAGE("FloatStorage", "0", "K\4")
    (void)state;
    REFUSED(TENSOR(S, "K\2", "K\3\x85", "K\1\x85"), "bad_weights", "tensor 'a': it reaches beyond");
    REFUSED(TENSOR(S, "K\4", "K\1\x85", "K\1\x85"), "bad_weights", "it reaches beyond");
    REFUSED(TENSOR(S, "K\0", "K\2\x85", "K\4\x85"), "bad_weights", "it reaches beyond");
    REFUSED(TENSOR(S, "K\0", "K\2K\2\x86", "K\2K\2\x86"), "bad_weights", "it reaches beyond");
    REFUSED(TENSOR(S, "K\0", "K\2\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x0f\x85"),
            "bad_weights", "it reaches beyond");
    REFUSED(TENSOR(S, "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x0f", "K\1\x85", "K\1\x85"),
            "bad_weights", "it reaches beyond");
    REFUSED(TENSOR(S, "J\xff\xff\xff\xff", "K\1\x85", "K\1\x85"), "bad_weights", "are no counts");
    REFUSED(TENSOR(S, "K\0", "K\2\x85", "J\xff\xff\xff\xff\x85"), "bad_weights", "are no counts");
    REFUSED(TENSOR(S, "K\0", "J\xff\xff\xff\xff\x85", "K\1\x85"), "bad_weights", "are no counts");
    REFUSED(TENSOR(S, "K\0", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85", "K\1\x85"),
            "bad_weights", "are no counts");
    REFUSED(TENSOR(S, "K\0", "K\2\x85", "K\1K\1\x86"), "bad_weights", "are no counts");
    REFUSED(TENSOR(S, "K\0", "K\2\x85", "N"), "bad_weights", "are no counts");
    /* a thousand million elements of one place */
    REFUSED(TENSOR(S, "K\0", "J\0\0\0\x40\x85", "K\0\x85"), "bad_weights", "more elements than");
    REFUSED(TENSOR(S, "K\0", "J\0\0\0\x40J\0\0\0\x40J\0\0\0\x40\x87", "K\0K\0K\0\x87"),
            "bad_weights", "too large");
    REFUSED(TENSOR(STORAGE("FloatStorage", "0", "K\5"), "K\0", "K\1\x85", "K\1\x85"), "bad_weights",
            "longer than its data");
    REFUSED(TENSOR(STORAGE("DoubleStorage", "0", "K\4"), "K\0", "K\1\x85", "K\1\x85"),
            "bad_weights", "longer than its data");
    REFUSED(TENSOR(STORAGE("FloatStorage", "0", "J\xff\xff\xff\xff"), "K\0", "K\1\x85", "K\1\x85"),
            "bad_weights", "not described");
    REFUSED(TENSOR(STORAGE("FloatStorage", "1", "K\4"), "K\0", "K\1\x85", "K\1\x85"), "bad_weights",
            "tensor 'a': the archive does not hold its data");
    REFUSED(TENSOR("K\1Q", "K\0", "K\1\x85", "K\1\x85"), "bad_weights", "not described");
    REFUSED(TENSOR("K\1", "K\0", "K\1\x85", "K\1\x85"), "bad_weights", "no storage");
    REFUSED(DICT("a", "ctorch._utils\n_rebuild_tensor_v2\n)R"), "bad_weights", "no storage");
    REFUSED(DICT("a", "ctorch._utils\n_rebuild_tensor_v2\nK\1R"), "bad_weights", "no storage");
    REFUSED(DICT("a", "ctorch._utils\n_rebuild_parameter\n)R"), "bad_weights", "without arguments");
    REFUSED("\x80\2" CALL_TENSOR(S, "K\0", "K\1\x85", "K\1\x85") ".", "bad_weights",
            "without a name");
    REFUSED(DICT("\x1b", CALL_TENSOR(S, "K\0", "K\1\x85", "K\1\x85")), "bad_weights", "control");
}

static void broken_pickles_are_refused(void **state)
{
    (void)state;
    REFUSED("", "truncated", "data end");
    REFUSED("\x80\2}", "truncated", "data end");
    REFUSED("\x80\2}K\1s.", "bad_pickle", "too short");
    REFUSED("\x80\2}(K\1u.", "bad_pickle", "entries");
    REFUSED("\x80\2](K\1K\1u.", "bad_pickle", "no dictionary");
    REFUSED("\x80\2K\1K\1K\1s.", "bad_pickle", "no dictionary");
    REFUSED("\x80\2u.", "bad_pickle", "no mark");
    REFUSED("\x80\2(K\1K\1u.", "bad_pickle", "nothing to set");
    REFUSED("\x80\2Q.", "bad_pickle", "too short");
    REFUSED("\x80\2)\x81.", "bad_pickle", "too short");
    REFUSED("\x80\2ccollections\nOrderedDict\n)R}b}b.", "bad_pickle", "state");
    /* a dictionary within itself */
    REFUSED("\x80\2}q\0" TEXT("\1", "a") "h\0s.", "bad_weights", "nested too deeply");
}

/* [x, x] of [x, x] of ...: thirty levels would be met 2^30 times. */
static void shared_values_are_met_a_bounded_number_of_times(void **state)
{
    mw_error err = { 0 };
    char pickle[512] = "\x80\2)";
    size_t n = 3;

    (void)state;
    for (int i = 0; i < 30; i++) {
        static const char level[] = "q\0h\0\x86";

        memcpy(pickle + n, level, sizeof level - 1);
        n += sizeof level - 1;
    }
    pickle[n++] = '.';
    check_refused(parse_pickle(pickle, n, &err, NULL), &err, "bad_weights", "too large");
}

static void zips_that_lie_are_refused(void **state)
{
    const zip_part good[] = { { .name = "x/data.pkl", .data = GOOD, .n = sizeof GOOD - 1 },
                              { .name = "x/data/0", .data = four, .n = sizeof four } };
    const struct {
        int i; /* which part */
        zip_part part;
        const char *text;
    } wrong[] = {
        { 1,
          { .name = "x/data/0", .data = four, .n = 16, .method = 8 },
          "'a': its data are compr" },
        { 0,
          { .name = "x/data.pkl", .data = GOOD, .n = 9, .method = 8 },
          "data.pkl is compressed" },
        { 0, { .name = "x/other.pkl", .data = GOOD, .n = 9 }, "without data.pkl" },
        { 0, { .name = "x/y/data.pkl", .data = GOOD, .n = 9 }, "without data.pkl" },
        { 1, { .name = "y/data.pkl", .data = GOOD, .n = 9 }, "two data.pkl" },
        { 1, { .name = "x/data.pkl", .data = GOOD, .n = 9 }, "two members of one name" },
        { 1, { .name = "x/data/0", .data = four, .n = 16, .local_shift = 1 }, "outside the file" },
        { 1, { .name = "x/data/0", .data = four, .n = 16, .local_shift = 1 << 30 }, "outside" },
        { 1, { .name = "x/data/0", .data = four, .n = 16, .local_shift = -(1 << 20) }, "outside" },
        { 1, { .name = "x/data/0", .data = four, .n = 16, .local_name = "x/data/1" }, "another" },
        { 1, { .name = "x/data/0", .data = four, .n = 16, .told = 1 << 20 }, "ends beyond" },
        { 1, { .name = "x/data/0", .data = four, .n = 8 }, "tensor 'a': its storage is longer" },
        { 1, { .name = "x/byteorder", .data = "big", .n = 3 }, "big-endian" },
    };

    (void)state;
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        zip_part part[2] = { good[0], good[1] };
        mw_error err = { 0 };

        part[wrong[k].i] = wrong[k].part;
        check_refused(parse_parts(part, 2, 0, &err, NULL), &err, "bad_weights", wrong[k].text);
        if (!wrong[k].part.local_shift && !wrong[k].part.told) continue;
        part[wrong[k].i].wide = 1;
        check_refused(parse_parts(part, 2, 1, &err, NULL), &err, "bad_weights", wrong[k].text);
    }
}

static void zip64_is_read(void **state)
{
    const zip_part part[] = {
        { .name = "x/data.pkl", .data = GOOD, .n = sizeof GOOD - 1, .wide = 1 },
        { .name = "x/data/0", .data = four, .n = sizeof four, .wide = 1 },
        { .name = "x/byteorder", .data = "little", .n = 6 },
    };
    mw_error err = { 0 };
    float x[3];

    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        if (parse_parts(part, 3, wide, &err, x)) fail_msg("%s", err.message);
        assert_memory_equal(x, four + 1, sizeof x);
    }
}

static void try_bytes(const char *bytes, size_t n)
{
    char *copy = malloc(n ? n : 1); /* exact, for the sanitizers */
    mw_error err = { 0 };
    mw_weights *w;

    memcpy(copy, bytes, n);
    if (mw_weights_parse(&w, copy, n, "broken.pt", &err)) {
        assert_null(w);
        assert_non_null(strstr(err.message, "broken.pt"));
    }
    for (size_t i = 0; w && i < mw_weights_count(w); i++) {
        const mw_tensor *t = mw_weights_at(w, i);
        float *x = malloc((t->n + 1) * sizeof *x);

        (void)mw_tensor_read_f32(t, x, &err);
        free(x);
    }
    mw_weights_close(&w);
    free(copy);
}

static void cut_and_damaged_archives_end_in_an_error_or_tensors(void **state)
{
    mw_rng r = mw_rng_from_key(5);
    mw_error err;
    char *bytes;
    size_t n;

    (void)state;
    assert_ok(mw_file_load(&bytes, &n, source_path("tests/golden/data/tiny_state_dict.pt"), 1 << 20,
                           &err));
    for (size_t k = 0; k < n; k++) {
        mw_weights *w;

        try_bytes(bytes, k);
        assert_fails(mw_weights_parse(&w, bytes, k, "cut", &err), MW_ERR_FORMAT);
    }
    for (int t = 0; t < 4000; t++) {
        char *copy = malloc(n);

        memcpy(copy, bytes, n);
        for (int k = 0; k < 1 + t % 4; k++)
            copy[mw_rng_below(&r, n)] = (char)mw_rng_u32(&r);
        try_bytes(copy, n);
        free(copy);
    }
    mw_free(bytes);
    assert_int_equal(mw_mem_live(), 0);
}

static void missing_memory_is_reported_wherever_it_runs_out(void **state)
{
    static const char *const files[] = { "tests/golden/data/tiny_state_dict.pt",
                                         "tests/golden/data/tiny_torchscript.pt" };

    (void)state;
    for (int f = 0; f < 2; f++) {
        mw_status st = MW_ERR_NOMEM;
        long k = 1;

        for (; st != MW_OK; k++) {
            mw_error err = { 0 };
            mw_weights *w;

            assert_true(k < 3000);
            mw_mem_fail_at(k);
            st = mw_weights_open(&w, source_path(files[f]), &err);
            mw_mem_fail_at(0);
            mw_weights_close(&w);
            assert_int_equal(mw_mem_live(), 0);
            if (st) assert_int_equal(st, MW_ERR_NOMEM);
        }
        assert_true(k > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_dicts_hold_their_tensors),
        cmocka_unit_test(modules_of_torchscript_give_attribute_paths),
        cmocka_unit_test(archives_and_safetensors_of_one_network_agree),
        cmocka_unit_test(a_plain_archive_is_read),
        cmocka_unit_test(names_outside_the_list_are_refused_wherever_they_stand),
        cmocka_unit_test(tensors_outside_their_storage_are_refused),
        cmocka_unit_test(broken_pickles_are_refused),
        cmocka_unit_test(shared_values_are_met_a_bounded_number_of_times),
        cmocka_unit_test(zips_that_lie_are_refused),
        cmocka_unit_test(zip64_is_read),
        cmocka_unit_test(cut_and_damaged_archives_end_in_an_error_or_tensors),
        cmocka_unit_test(missing_memory_is_reported_wherever_it_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
