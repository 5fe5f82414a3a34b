/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "score/samples.h"

enum { ROWS = 7, COLUMNS = 2, WINDOW = 3 };

/* Two columns: 0, 1, 2 ... and 10 always. */
typedef struct clip {
    float x[ROWS * COLUMNS], rel[ROWS];
    uint8_t valid[ROWS];
    double t[ROWS];
    mw_bank_variant v;
    mw_bank_modality m;
} clip;

static clip *make(void)
{
    clip *c = mw_calloc(1, sizeof *c);

    for (int i = 0; i < ROWS; i++) {
        c->x[2 * i] = (float)i;
        c->x[2 * i + 1] = 10;
        c->rel[i] = 1;
        c->valid[i] = 1;
        c->t[i] = 0.1 * i;
    }
    c->v = (mw_bank_variant){ .name = "clean", .x = c->x, .valid = c->valid, .rel = c->rel };
    c->m = (mw_bank_modality){ .letter = 'a',
                               .rows = ROWS,
                               .columns = COLUMNS,
                               .t = c->t,
                               .variants = &c->v,
                               .n_variants = 1 };
    return c;
}

static void near(float a, double b)
{
    if (!(fabs((double)a - b) < 1e-5)) fail_msg("%g instead of %g", (double)a, b);
}

static mw_prep_modality plain(void)
{
    static float mean[COLUMNS] = { 0, 0 }, std[COLUMNS] = { 1, 1 };

    return (mw_prep_modality){
        .letter = 'a', .columns = COLUMNS, .window = WINDOW, .mean = mean, .std = std
    };
}

static void statistics_are_those_of_valid_rows_by_weight(void **state)
{
    clip *c = make();
    mw_prep_modality p = { .letter = 'a', .window = WINDOW };
    mw_prep_sums s = { 0 };

    (void)state;
    c->valid[6] = 0;
    c->x[0] = NAN; /* counts as 0, which it was */
    assert_ok(mw_prep_add(&s, &p, &c->m, &c->v, 1, NULL));
    c->x[2 * 5] = 11;
    assert_ok(mw_prep_add(&s, &p, &c->m, &c->v, 3, NULL));
    assert_int_equal(s.n_not_finite, 2);
    assert_ok(mw_prep_finish(&p, &s, NULL));
    /* (0 + 1 + 2 + 3 + 4 + 5 + 3 (0 + 1 + 2 + 3 + 4 + 11)) / 24 */
    near(p.mean[0], 78.0 / 24);
    near(p.std[0], sqrt((55.0 + 3 * 151.0) / 24 - 78.0 * 78.0 / 576));
    near(p.mean[1], 10);
    near(p.std[1], 1e-6);
    mw_free(p.mean);
    mw_free(p.std);
    mw_free(c);
}

static void refuses_other_columns_and_no_rows(void **state)
{
    clip *c = make();
    mw_prep_modality p = { .letter = 'a', .window = WINDOW }, q = plain();
    mw_prep_sums s = { 0 };
    mw_tokens t;
    mw_error err;

    (void)state;
    assert_fails(mw_prep_finish(&p, &s, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_rows");
    q.columns = 3;
    assert_fails(mw_tokens_make(&t, &q, &c->m, &c->v, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "columns_differ");
    mw_free(c);
}

static void windows_have_mean_deviation_and_centred_mean(void **state)
{
    clip *c = make();
    const mw_prep_modality p = plain();
    mw_tokens t;

    (void)state;
    c->valid[1] = 0;
    assert_ok(mw_tokens_make(&t, &p, &c->m, &c->v, NULL));
    assert_int_equal(t.n, 3);
    assert_int_equal(t.values, 6);
    /* rows 0 and 2; 3, 4, 5; 6. Values are held within 5. */
    near(t.x[0], 1);
    near(t.x[1], 5);
    near(t.x[2], sqrt(1 + 1e-6));
    near(t.x[6], 4);
    near(t.x[8], sqrt(2.0 / 3 + 1e-6));
    near(t.x[12], 5);
    near(t.x[4], 1 - 10.0 / 3);
    near(t.x[10], 4 - 10.0 / 3);
    near(t.x[16], 5 - 10.0 / 3);
    /* 25 times the middle of 0 .. 0.3 s, 0.3 .. 0.6 s and 0.6 .. 0.7 s */
    near(t.tau[0], 25 * 0.15);
    near(t.tau[2], 25 * 0.65);
    mw_tokens_clear(&t);
    mw_free(c);
}

static void a_window_without_valid_rows_is_masked(void **state)
{
    clip *c = make();
    const mw_prep_modality p = plain();
    mw_tokens t;

    (void)state;
    for (int i = 3; i < 6; i++)
        c->valid[i] = 0;
    assert_ok(mw_tokens_make(&t, &p, &c->m, &c->v, NULL));
    assert_int_equal(t.mask[0] + 2 * t.mask[1] + 4 * t.mask[2], 5);
    for (int k = 0; k < 6; k++)
        near(t.x[6 + k], 0);
    near(t.rel_weight[1], 0);
    mw_tokens_clear(&t);
    mw_free(c);
}

static void windows_near_an_edge_do_not_count(void **state)
{
    clip *c = make();
    mw_prep_modality p = plain();
    mw_tokens t;

    (void)state;
    p.window = 1;
    c->rel[5] = c->rel[6] = 0.2f;
    c->rel[0] = NAN;
    assert_ok(mw_tokens_make(&t, &p, &c->m, &c->v, NULL));
    assert_int_equal(t.values, 4); /* no deviation */
    near(t.rel[3], 1);
    near(t.rel[6], 0.2);
    for (int k = 0; k < ROWS; k++)
        near(t.rel_weight[k], k == 0 || k >= 4 ? 0 : 1);
    mw_tokens_clear(&t);
    mw_free(c);
}

static void rows_of_length_one(void **state)
{
    clip *c = make();
    mw_prep_modality p = plain();
    mw_tokens t;

    (void)state;
    p.window = 1;
    p.l2 = 1;
    assert_ok(mw_tokens_make(&t, &p, &c->m, &c->v, NULL));
    near(t.x[4 * 6], 6 / sqrt(136));
    near(t.x[4 * 6 + 1], 10 / sqrt(136));
    mw_tokens_clear(&t);
    mw_free(c);
}

static void a_batch_pads_masks_and_drops(void **state)
{
    clip *c = make();
    const mw_prep_modality p = plain();
    mw_net_config config;
    const int n_tokens[] = { 5, 2 };
    const float y = 1.5f, scores[3] = { 0.25f, 0.5f, 0.75f };
    const mw_tokens *tokens[2] = { NULL };
    const float *given[2] = { scores, NULL };
    mw_rng r = mw_rng_from_key(1);
    mw_tokens t;
    mw_batch b;

    (void)state;
    mw_net_config_default(&config);
    config.columns[0] = config.columns[1] = COLUMNS;
    config.window[0] = config.window[1] = WINDOW;
    assert_ok(mw_tokens_make(&t, &p, &c->m, &c->v, NULL));
    assert_ok(mw_batch_create(&b, &config, 2, n_tokens, NULL));
    tokens[0] = &t;
    mw_batch_begin(&b, 2, 1);
    mw_batch_put(&b, 1, tokens, given, &y);
    mw_batch_put(&b, 0, tokens, given, NULL);
    near(b.b.x[0][5 * 6], (double)t.x[0]);
    assert_int_equal(b.b.mask[0][5 + 2], 1);
    assert_int_equal(b.b.mask[0][5 + 3], 0);
    assert_int_equal(b.b.mask[1][2], 0);
    near(b.b.score[0][5 + 1], 0.5);
    near(b.b.y[1], 1.5);
    near(b.b.y_weight[0], 0);
    mw_batch_drop(&b, 1, 0, 1, &r); /* with scores: distrusted */
    assert_int_equal(b.b.mask[0][5], 1);
    near(b.b.score[0][5], 0);
    mw_batch_begin(&b, 2, 0);
    mw_batch_drop(&b, 0, 0, 1, &r); /* without: gone */
    assert_int_equal(b.b.mask[0][0], 0);
    near(b.b.x[0][0], 0);
    mw_batch_clear(&b);
    mw_tokens_clear(&t);
    mw_free(c);
}

/* The loss reads a number per clip for classes, n_out for labels (net.h). */
static void labels_lie_as_the_loss_reads_them(void **state)
{
    const mw_tokens *tokens[2] = { NULL };
    const float second[3] = { 2, 1, 0 };
    const int n_tokens[] = { 1, 1 };
    mw_net_config config;
    mw_batch b;

    (void)state;
    for (int classes = 0; classes < 2; classes++) {
        mw_net_config_default(&config);
        config.columns[0] = config.columns[1] = COLUMNS;
        config.task = classes ? MW_TASK_MULTICLASS : MW_TASK_MULTILABEL;
        config.n_out = 3;
        assert_ok(mw_batch_create(&b, &config, 2, n_tokens, NULL));
        mw_batch_begin(&b, 2, 0);
        mw_batch_put(&b, 0, tokens, NULL, (const float[]){ 1, 0, 1 });
        mw_batch_put(&b, 1, tokens, NULL, second);
        near(b.b.y[0], 1);
        near(b.b.y[classes ? 1 : 3], 2);
        mw_batch_clear(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_are_those_of_valid_rows_by_weight),
        cmocka_unit_test(refuses_other_columns_and_no_rows),
        cmocka_unit_test(windows_have_mean_deviation_and_centred_mean),
        cmocka_unit_test(a_window_without_valid_rows_is_masked),
        cmocka_unit_test(windows_near_an_edge_do_not_count),
        cmocka_unit_test(rows_of_length_one),
        cmocka_unit_test(a_batch_pads_masks_and_drops),
        cmocka_unit_test(labels_lie_as_the_loss_reads_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
