/* SPDX-License-Identifier: Apache-2.0
 *
 * Encoder clip over a made-up tower, which stands here for feature/vit: its embedding of a picture
 * is (x0, y0, x1, y1) of the crop. Batches, places of the rows, errors in between.
 */
#include "support/support.h"

#include "base/error.h"
#include "base/mem.h"
#include "feature/encoder_class.h"
#include "feature/vit/vit.h"
#include "run/visual_pass.h"

enum { SIDE = 2, COLUMNS = 4, PIXELS = 3 * SIDE * SIDE };

struct mw_vit_net {
    mw_vit_precision precision;
};

struct mw_vit {
    size_t max_batch;
    int n_threads;
};

static int n_nets, n_vits, n_runs, fail_run, last_threads;
static mw_vit_precision last_precision;
static size_t batch_of_run[16];

mw_status mw_vit_net_load(mw_vit_net **out, const char *path, mw_vit_precision precision,
                          mw_error *err)
{
    *out = NULL;
    if (strcmp(path, "weights")) return mw_fail(err, MW_ERR_FORMAT, "bad_weights", "'%s'", path);
    *out = mw_calloc(1, sizeof **out);
    if (!*out) return mw_fail_nomem(err);
    last_precision = precision;
    n_nets++;
    return MW_OK;
}

void mw_vit_net_destroy(mw_vit_net **net)
{
    n_nets -= *net != NULL;
    mw_free(*net);
    *net = NULL;
}

mw_vit_info mw_vit_net_info(const mw_vit_net *net)
{
    (void)net;
    return (mw_vit_info){ .side = SIDE, .columns = COLUMNS };
}

mw_status mw_vit_create(mw_vit **out, const mw_vit_net *net, size_t max_batch, int n_threads,
                        mw_error *err)
{
    (void)net;
    *out = mw_calloc(1, sizeof **out);
    if (!*out) return mw_fail_nomem(err);
    (*out)->max_batch = max_batch;
    last_threads = n_threads;
    n_vits++;
    return MW_OK;
}

void mw_vit_destroy(mw_vit **v)
{
    n_vits -= *v != NULL;
    mw_free(*v);
    *v = NULL;
}

mw_status mw_vit_pixels(float *out, int side, const mw_frame *rgb, int x0, int y0, int x1, int y1,
                        mw_error *err)
{
    assert_int_equal(side, SIDE);
    if (rgb->pts) return mw_fail_nomem(err);
    out[0] = (float)x0, out[1] = (float)y0, out[2] = (float)x1, out[PIXELS - 1] = (float)y1;
    return MW_OK;
}

mw_status mw_vit_run(mw_vit *v, const float *pixels, size_t n, float *out, mw_error *err)
{
    assert_true(n > 0 && n <= v->max_batch);
    if (fail_run) return mw_fail_nomem(err);
    batch_of_run[n_runs++] = n;
    for (size_t i = 0; i < n; i++) {
        memcpy(out + COLUMNS * i, pixels + PIXELS * i, 3 * sizeof *out);
        out[COLUMNS * i + 3] = pixels[PIXELS * i + PIXELS - 1];
    }
    return MW_OK;
}

/* ---- */

typedef struct fixture {
    mw_encoder e;
    void *worker;
    mw_frame f;
} fixture;

static fixture made(size_t batch)
{
    fixture x = { .e = { .type = &mw_encoder_clip } };

    x.e.config = (mw_encoder_config){ .weights = "weights", .batch = batch, .threads = 3 };
    n_runs = fail_run = 0;
    assert_ok(mw_encoder_clip.open(&x.e, NULL));
    assert_ok(mw_encoder_clip.create(&x.worker, &x.e, NULL));
    assert_ok(mw_frame_alloc(&x.f, MW_PIX_RGB24, 640, 360, NULL));
    return x;
}

static void clear(fixture *x)
{
    mw_encoder_clip.destroy(x->worker);
    mw_encoder_clip.close(&x->e);
    mw_free(x->e.name_memory);
    mw_frame_clear(&x->f);
    assert_int_equal(n_nets, 0);
    assert_int_equal(n_vits, 0);
}

static mw_status push(fixture *x, int k, float *row, mw_error *err)
{
    const mw_crop c = { k, 2 * k, 3 * k + 1, 4 * k + 1 };

    return mw_encoder_clip.push(x->worker, &x->f, NULL, &c, row, err);
}

static void is_row_of(const float *row, int k)
{
    assert_true(row[0] == k && row[1] == 2 * k && row[2] == 3 * k + 1 && row[3] == 4 * k + 1);
}

static void rows_are_written_in_batches_to_their_places(void **state)
{
    fixture x = made(3);
    float rows[8][COLUMNS];

    (void)state;
    memset(rows, 0xff, sizeof rows);
    for (int k = 0; k < 8; k++) {
        assert_ok(push(&x, k, rows[7 - k], NULL));
        assert_int_equal(n_runs, (k + 1) / 3);
    }
    for (int k = 0; k < 6; k++)
        is_row_of(rows[7 - k], k);
    assert_true(rows[0][0] != rows[0][0]); /* still owed */
    assert_ok(mw_encoder_clip.flush(x.worker, NULL));
    assert_ok(mw_encoder_clip.flush(x.worker, NULL));
    for (int k = 0; k < 8; k++)
        is_row_of(rows[7 - k], k);
    assert_int_equal(n_runs, 3);
    assert_true(batch_of_run[0] == 3 && batch_of_run[1] == 3 && batch_of_run[2] == 2);
    clear(&x);
}

static void a_batch_of_none_is_one(void **state)
{
    fixture x = made(0);
    float row[COLUMNS];

    (void)state;
    assert_ok(push(&x, 5, row, NULL));
    is_row_of(row, 5);
    clear(&x);
}

/* Rows that were owed when the tower failed belong to a clip that is given up. */
static void an_error_lets_go_of_the_rows(void **state)
{
    fixture x = made(4);
    float rows[3][COLUMNS];
    mw_error err;

    (void)state;
    memset(rows, 0xff, sizeof rows);
    assert_ok(push(&x, 1, rows[0], NULL));
    fail_run = 1;
    assert_fails(mw_encoder_clip.flush(x.worker, &err), MW_ERR_NOMEM);
    fail_run = 0;
    assert_ok(push(&x, 2, rows[1], NULL));
    x.f.pts = 1; /* this picture cannot be prepared */
    assert_fails(push(&x, 3, rows[2], &err), MW_ERR_NOMEM);
    assert_ok(mw_encoder_clip.flush(x.worker, NULL));
    is_row_of(rows[1], 2);
    assert_true(rows[0][0] != rows[0][0] && rows[2][0] != rows[2][0]);
    clear(&x);
}

static void settings_reach_the_tower(void **state)
{
    fixture x = made(4);
    mw_encoder int8 = { .type = &mw_encoder_clip,
                        .config = { .weights = "weights", .precision = MW_VIT_INT8, .batch = 1 } };

    (void)state;
    assert_int_equal(last_threads, 3);
    assert_int_equal(last_precision, MW_VIT_F32);
    assert_int_equal(x.e.n_columns, COLUMNS);
    assert_string_equal(x.e.names[0], "clip0");
    assert_string_equal(x.e.names[3], "clip3");
    assert_int_equal(mw_encoder_clip.whole_frames, 1);
    assert_ok(mw_encoder_clip.open(&int8, NULL));
    assert_int_equal(last_precision, MW_VIT_INT8);
    mw_encoder_clip.close(&int8);
    mw_free(int8.name_memory);
    clear(&x);
}

static void bad_weights_are_passed_on(void **state)
{
    mw_encoder e = { .type = &mw_encoder_clip, .config = { .weights = "else" } };
    mw_error err;

    (void)state;
    assert_fails(mw_encoder_clip.open(&e, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_weights");
    mw_encoder_clip.close(&e);
    e.config.weights = NULL;
    assert_fails(mw_encoder_clip.open(&e, &err), MW_ERR_ARG);
    mw_encoder_clip.close(&e);
}

/* Rows move when a pass makes room (after 512, 1024 ...); those that are owed must be written
 * before, and the last batch at the end. Each frame's given face begins at another column. */
static void a_pass_gets_every_row_however_many_there_are(void **state)
{
    enum { FRAMES = 1500, BATCH = 7 };
    fixture x = made(BATCH);
    mw_visual_pass_config c = { .encoder = &x.e, .policy = MW_FACES_FIRST };
    mw_visual_pass *p;
    mw_matrix m;

    (void)state;
    assert_ok(mw_encoder_worker_create(&c.worker, &x.e, NULL));
    assert_ok(mw_visual_pass_create(&p, &c, NULL));
    for (int i = 0; i < FRAMES; i++) {
        const mw_face f = { .x = (i % 600 + 0.5) / 640, .y = 0, .w = 0.05, .h = 0.5 };

        n_runs = 0;
        assert_ok(mw_visual_pass_push(p, &x.f, i, &f, i % 11 != 0, NULL));
    }
    assert_ok(mw_visual_pass_finish(p, &m, NULL, NULL));
    assert_int_equal(m.rows, FRAMES);
    for (int i = 0; i < FRAMES; i++) {
        assert_int_equal(m.valid[i], i % 11 != 0);
        assert_true(m.x[COLUMNS * i] == (i % 11 ? i % 600 : 0));
        assert_true(m.x[COLUMNS * i + 3] == (i % 11 ? 180 : 0));
    }
    mw_matrix_clear(&m);
    mw_visual_pass_destroy(&p);
    mw_encoder_worker_destroy(&c.worker);
    clear(&x);
}

static void no_memory_is_no_leak(void **state)
{
    (void)state;
    for (long n = 1, ended = 0; !ended; n++) {
        mw_encoder e = { .type = &mw_encoder_clip,
                         .config = { .weights = "weights", .batch = 4, .threads = 1 } };
        const long live = mw_mem_live();
        void *worker = NULL;
        mw_status st;

        mw_mem_fail_at(n);
        st = mw_encoder_clip.open(&e, NULL);
        if (st == MW_OK) st = mw_encoder_clip.create(&worker, &e, NULL);
        ended = mw_mem_count() < n;
        mw_mem_fail_at(0);
        assert_int_equal(st, ended ? MW_OK : MW_ERR_NOMEM);
        if (worker) mw_encoder_clip.destroy(worker);
        mw_encoder_clip.close(&e);
        mw_free(e.name_memory);
        assert_int_equal(mw_mem_live(), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_written_in_batches_to_their_places),
        cmocka_unit_test(a_batch_of_none_is_one),
        cmocka_unit_test(an_error_lets_go_of_the_rows),
        cmocka_unit_test(settings_reach_the_tower),
        cmocka_unit_test(bad_weights_are_passed_on),
        cmocka_unit_test(a_pass_gets_every_row_however_many_there_are),
        cmocka_unit_test(no_memory_is_no_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
