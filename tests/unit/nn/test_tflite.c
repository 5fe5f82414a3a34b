/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader on tests/golden/data/tiny*.tflite (scripts/make-tiny-tflite.py), whole, cut and
 * damaged; and the engines against each other on the same networks.
 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/fs.h"
#include "nn/graph.h"

static char *load(const char *name, size_t *n)
{
    char path[128], *bytes;

    snprintf(path, sizeof path, "tests/golden/data/%s", name);
    assert_ok(mw_file_load(&bytes, n, source_path(path), 1 << 20, NULL));
    return bytes;
}

static mw_tflite *parse(const char *name)
{
    mw_tflite *m;
    mw_error err;
    size_t n;
    char *bytes = load(name, &n);

    if (mw_tflite_parse(&m, bytes, n, name, &err)) fail_msg("%s", err.message);
    mw_free(bytes);
    return m;
}

static void halves_widen_exactly(void **state)
{
    (void)state;
    assert_true(mw_half_to_float(0x3c00) == 1.0f);
    assert_true(mw_half_to_float(0xc000) == -2.0f);
    assert_true(mw_half_to_float(0x7bff) == 65504.0f);
    assert_true(mw_half_to_float(0x0400) == 0x1p-14f);
    assert_true(mw_half_to_float(0x0001) == 0x1p-24f);
    assert_true(mw_half_to_float(0x83ff) == -1023 * 0x1p-24f);
    assert_true(isinf(mw_half_to_float(0xfc00)) && mw_half_to_float(0xfc00) < 0);
    assert_true(isnan(mw_half_to_float(0x7e00)));
    assert_true(signbit(mw_half_to_float(0x8000)));
}

static void constants_are_widened_and_dense(void **state)
{
    mw_tflite *m = parse("tiny.tflite");
    size_t n_zero = 0, n_sparse = 0;

    (void)state;
    assert_int_equal(m->n_outputs, 2);
    assert_int_equal(m->tensor[m->input].n, 16 * 16 * 3);
    for (size_t i = 0; i < m->n_ops; i++) {
        const mw_tfl_op *op = &m->op[i];
        const mw_tfl_tensor *w;

        assert_true(op->code != MW_TFL_DEQUANTIZE && op->code != MW_TFL_DENSIFY);
        if (op->code != MW_TFL_CONV) continue;
        w = &m->tensor[op->in[1]];
        assert_non_null(w->f32);
        for (size_t k = 0; k < w->n; k++)
            n_zero += w->f32[k] == 0;
        n_sparse += n_zero > w->n / 3;
        n_zero = 0;
    }
    assert_int_equal(n_sparse, 1);
    mw_tflite_destroy(&m);
    assert_null(m);
}

/* Whatever a damaged file does, it ends in a model or in an error that names the file. */
static void try_bytes(const char *bytes, size_t n)
{
    /* An exact copy, so that a read beyond the end is seen by the sanitizers. */
    char *copy = malloc(n ? n : 1);
    mw_error err = { 0 };
    mw_tflite *m;
    mw_graph *g;

    memcpy(copy, bytes, n);
    if (mw_tflite_parse(&m, copy, n, "broken.tflite", &err)) {
        assert_null(m);
        assert_non_null(strstr(err.message, "broken.tflite"));
        assert_true(err.reason[0]);
    } else if (!mw_graph_compile(&g, &m, MW_GRAPH_PLAIN, 0, &err)) {
        mw_graph_destroy(&g);
    }
    free(copy);
}

static void every_truncation_is_an_error_or_a_model(void **state)
{
    size_t n;
    char *bytes = load("tiny.tflite", &n);

    (void)state;
    for (size_t k = 0; k < n; k++)
        try_bytes(bytes, k);
    mw_free(bytes);
    assert_int_equal(mw_mem_live(), 0);
}

static void damaged_bytes_never_escape_the_file(void **state)
{
    mw_rng r = mw_rng_from_key(11);
    size_t n;
    char *bytes = load("tiny.tflite", &n);

    (void)state;
    for (int t = 0; t < 6000; t++) {
        char *copy = malloc(n);
        const int n_changes = 1 + (int)mw_rng_below(&r, 4);

        memcpy(copy, bytes, n);
        for (int k = 0; k < n_changes; k++) {
            static const unsigned char extreme[] = { 0, 1, 0x7f, 0x80, 0xff };
            const size_t at = mw_rng_below(&r, n);

            copy[at] = (char)(mw_rng_below(&r, 2) ? mw_rng_u32(&r) : extreme[mw_rng_below(&r, 5)]);
        }
        try_bytes(copy, n);
        free(copy);
    }
    mw_free(bytes);
    assert_int_equal(mw_mem_live(), 0);
}

static void other_files_are_refused_by_reason(void **state)
{
    mw_error err;
    mw_tflite *m;

    (void)state;
    assert_int_equal(mw_tflite_parse(&m, "PNG, not TFLite", 15, "a.png", &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_model");
    assert_non_null(strstr(err.message, "a.png"));
    assert_int_equal(mw_tflite_parse(&m, "", 0, "empty", &err), MW_ERR_FORMAT);
    assert_int_equal(mw_tflite_parse(&m, "\4\0\0\0TFL3", 8, "cut", &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_offset");
}

static void missing_memory_is_reported_wherever_it_runs_out(void **state)
{
    size_t n;
    char *bytes = load("tiny.tflite", &n);
    const long before = mw_mem_live();
    mw_status st = MW_ERR_NOMEM;

    (void)state;
    for (int engine = MW_GRAPH_DNNL; engine <= MW_GRAPH_PLAIN; engine++) {
        for (long k = 1; k < 2000; k++) {
            mw_graph_run *r = NULL;
            mw_graph *g = NULL;
            mw_tflite *m;

            mw_mem_fail_at(k);
            st = mw_tflite_parse(&m, bytes, n, "tiny", NULL);
            if (!st) st = mw_graph_compile(&g, &m, (mw_graph_engine)engine, 0, NULL);
            if (!st) st = mw_graph_run_create(&r, g, NULL);
            mw_mem_fail_at(0);
            mw_graph_run_destroy(&r);
            mw_graph_destroy(&g);
            mw_tflite_destroy(&m);
            assert_int_equal(mw_mem_live(), before);
            if (!st) break;
            assert_int_equal(st, MW_ERR_NOMEM);
        }
        assert_int_equal(st, MW_OK);
    }
    mw_free(bytes);
}

/* Output 0 of a network on a fixed picture, [272][4]. */
static void run(const char *name, mw_graph_engine engine, float out[272 * 4])
{
    mw_rng r = mw_rng_from_key(3);
    mw_tflite *m = parse(name);
    uint8_t picture[16 * 16 * 3];
    mw_graph_run *run;
    mw_graph *g;

    for (size_t i = 0; i < sizeof picture; i++)
        picture[i] = (uint8_t)mw_rng_u32(&r);
    assert_ok(mw_graph_compile(&g, &m, engine, 0, NULL));
    assert_null(m);
    assert_ok(mw_graph_run_create(&run, g, NULL));
    /* Twice: a run may not depend on what the last one left behind. */
    for (int k = 0; k < 2; k++) {
        mw_graph_input(run, picture, 2.0f / 255, -1);
        assert_ok(mw_graph_execute(run, NULL));
        if (k) assert_memory_equal(out, mw_graph_output(run, 0), 272 * 4 * sizeof(float));
        memcpy(out, mw_graph_output(run, 0), 272 * 4 * sizeof(float));
    }
    assert_memory_equal(out, mw_graph_output(run, 1), 256 * 4 * sizeof(float));
    mw_graph_run_destroy(&run);
    mw_graph_destroy(&g);
}

/* Sums of at most a few hundred products of values below 10: 1e-5 of the largest. */
static void assert_close(const float *a, const float *b, size_t n)
{
    float top = 0;

    for (size_t i = 0; i < n; i++)
        top = fmaxf(top, fabsf(b[i]));
    assert_true(top > 0.1f);
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= 1e-5f * top))
            fail_msg("value %zu: %g, expected %g", i, (double)a[i], (double)b[i]);
}

static void engines_agree_on_every_operator(void **state)
{
    static float plain[272 * 4], other[272 * 4];

    (void)state;
    run("tiny.tflite", MW_GRAPH_PLAIN, plain);
    run("tiny.tflite", MW_GRAPH_DNNL, other);
    assert_close(other, plain, 272 * 4);
    run("tiny.tflite", MW_GRAPH_PLANAR, other);
    assert_close(other, plain, 272 * 4);
    run("tiny_prelu.tflite", MW_GRAPH_PLAIN, plain);
    run("tiny_prelu.tflite", MW_GRAPH_BEST, other);
    assert_close(other, plain, 272 * 4);
}

static void models_unknown_to_the_planar_engine_are_refused_by_it(void **state)
{
    mw_tflite *m = parse("tiny_prelu.tflite");
    mw_error err;
    mw_graph *g;

    (void)state;
    assert_int_equal(mw_graph_compile(&g, &m, MW_GRAPH_PLANAR, 0, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "unsupported");
    assert_null(g);
    assert_null(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_widen_exactly),
        cmocka_unit_test(constants_are_widened_and_dense),
        cmocka_unit_test(every_truncation_is_an_error_or_a_model),
        cmocka_unit_test(damaged_bytes_never_escape_the_file),
        cmocka_unit_test(other_files_are_refused_by_reason),
        cmocka_unit_test(missing_memory_is_reported_wherever_it_runs_out),
        cmocka_unit_test(engines_agree_on_every_operator),
        cmocka_unit_test(models_unknown_to_the_planar_engine_are_refused_by_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
