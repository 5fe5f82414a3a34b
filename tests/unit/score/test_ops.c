/* SPDX-License-Identifier: Apache-2.0
 *
 * Every operation of the tape against central differences, in the double build only: a random
 * linear functional of the result is differentiated with respect to every input.
 */
#include "support/support.h"

#include <math.h>

#include "score/tape.h"
#include "support/score_batch.h"

enum { MAX_LEAVES = 8, COORDINATES = 50 };

typedef struct bench {
    mw_tape t;
    mw_net_config c;
    score_batch batch;
    mw_slice slice;
    mw_node *leaf[MAX_LEAVES];
    int n_leaves;
    mw_rng r;
} bench;

/* Shapes of batches: mixed lengths; everything valid; one valid token per clip and modality; one
 * token in all. */
typedef enum shape { MIXED, FULL, SPARSE, SINGLE, N_SHAPES } shape;

static bench *bench_new(shape how)
{
    static const int tokens[N_SHAPES][3] = { { 5, 4, 3 }, { 5, 4, 3 }, { 5, 4, 3 }, { 1, 1, 1 } };
    bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    b->c = score_config_small(MW_NET_SCORE, "avt");
    b->batch = score_batch_make(&b->c, 3, tokens[how], 21 + (uint64_t)how, 1);
    for (int m = 0; m < 3; m++) {
        for (int i = 0; i < 3 * tokens[how][m]; i++) {
            if (how == FULL) b->batch.mask[m][i] = 1;
            if (how == SPARSE) b->batch.mask[m][i] = i % tokens[how][m] == m;
        }
    }
    b->slice = (mw_slice){ .batch = &b->batch.b,
                           .n = 3,
                           .training = 1,
                           .seed = 3,
                           .step = 4,
                           .label_share = 0.4,
                           .rel_share = { 0.1, 0.2, 0.3 } };
    mw_tape_init(&b->t, &b->c, 3);
    b->r = mw_rng_from_key(1000 + (uint64_t)how);
    return b;
}

static size_t tokens_of(const bench *b, int m)
{
    return (size_t)b->batch.b.n_tokens[m];
}

/* A random input away from 0, where some operations have a corner. */
static mw_node *leaf(bench *b, size_t rows, size_t cols)
{
    mw_node *x = mw_tape_node(&b->t, rows, cols);

    for (size_t i = 0; i < rows * cols; i++) {
        const double v = mw_rng_uniform(&b->r, 0.05, 1.5);

        x->v[i] = (mw_real)(mw_rng_below(&b->r, 2) ? v : -v);
    }
    b->leaf[b->n_leaves++] = x;
    return x;
}

static mw_node *leaf_of(bench *b, int m, size_t cols)
{
    return leaf(b, 3 * tokens_of(b, m), cols);
}

/* Values in (0, 1), as scores are. */
static mw_node *score_leaf(bench *b, int m)
{
    mw_node *x = leaf_of(b, m, 1);

    for (size_t i = 0; i < x->rows; i++)
        x->v[i] = (mw_real)mw_rng_uniform(&b->r, 0.1, 0.9);
    return x;
}

static void probe_forward(mw_tape *t, mw_op *op)
{
    const mw_node *x = op->in[0];
    double sum = 0;

    (void)t;
    for (size_t i = 0; i < x->rows * x->cols; i++)
        sum += (double)(op->saved[i] * x->v[i]);
    op->value = sum;
}

static void probe_backward(mw_tape *t, mw_op *op)
{
    mw_rows()->axpy(mw_node_gradient(op->in[0]), 1, op->saved, op->in[0]->rows * op->in[0]->cols);
    (void)t;
}

/* What the graph ends in: a functional, or losses times their weights. */
static double value_of(bench *b)
{
    double sum = 0;

    mw_tape_forward(&b->t, &b->slice);
    for (size_t i = 0; i < b->t.n_ops; i++)
        if (b->t.ops[i].forward == probe_forward) sum += b->t.ops[i].value;
    return sum + b->slice.loss.task + 2 * b->slice.loss.uni + 3 * b->slice.loss.rel;
}

/* out NULL: the graph ends in losses. Frees b. */
static void check(bench *b, const char *what, mw_node *out)
{
    if (out) {
        mw_op *op = mw_tape_op(&b->t, 0, 0);

        op->forward = probe_forward;
        op->backward = probe_backward;
        op->in[0] = out;
        op->saved = mw_tape_alloc(&b->t, out->rows * out->cols, sizeof(mw_real));
        for (size_t i = 0; i < out->rows * out->cols; i++)
            op->saved[i] = (mw_real)mw_rng_uniform(&b->r, -1, 1);
    }
    assert_true(mw_tape_ok(&b->t));
    value_of(b);
    mw_tape_backward(&b->t);
    for (int k = 0; k < b->n_leaves; k++)
        if (!b->leaf[k]->seen) mw_node_gradient(b->leaf[k]);
    for (int n = 0; n < COORDINATES; n++) {
        mw_node *x = b->leaf[mw_rng_below(&b->r, (uint64_t)b->n_leaves)];
        const size_t i = mw_rng_below(&b->r, x->rows * x->cols);
        const mw_real v = x->v[i];
        const double h = 1e-5 * fmax(1, fabs((double)v)), analytic = (double)x->g[i];
        double up, down, numeric;

        x->v[i] = v + (mw_real)h;
        up = value_of(b);
        x->v[i] = v - (mw_real)h;
        down = value_of(b);
        x->v[i] = v;
        numeric = (up - down) / (2 * h);
        if (fabs(numeric - analytic) > 1e-6 + 1e-5 * fabs(analytic))
            fail_msg("%s: %g, by differences %g", what, analytic, numeric);
    }
    mw_tape_clear(&b->t);
    score_batch_free(&b->batch);
    free(b);
}

#define EACH_SHAPE(how) for (shape how = MIXED; how < N_SHAPES; how++)

static void linear_maps_and_convolutions(void **state)
{
    (void)state;
    EACH_SHAPE(how)
    {
        bench *b = bench_new(how);
        mw_node *x = leaf_of(b, 0, 5), *w = leaf(b, 3, 5), *bias = leaf(b, 1, 3);

        check(b, "linear", mw_op_linear(&b->t, x, w, bias));
        for (int taps = 1; taps <= 7; taps += 2) {
            b = bench_new(how);
            x = leaf_of(b, 0, 3);
            w = leaf(b, (size_t)taps * 3, 4);
            bias = leaf(b, 1, 4);
            check(b, "conv", mw_op_conv(&b->t, x, w, bias, taps));
        }
    }
}

static void normalisations(void **state)
{
    (void)state;
    EACH_SHAPE(how)
    {
        for (int k = 0; k < 6; k++) {
            const size_t cols = k < 3 ? 5 : 18;
            bench *b = bench_new(how);
            mw_node *x = leaf_of(b, 1, cols), *w = leaf(b, 1, cols), *bias = leaf(b, 1, cols);

            check(b, "norm", mw_op_norm(&b->t, x, w, bias, k % 3 == 1, k % 3 ? 1 : -1));
        }
        for (int k = 0; k < 4; k++) {
            bench *b = bench_new(how);
            mw_node *x = leaf_of(b, 1, 4), *p[4];

            b->slice.training = k < 2;
            p[0] = leaf(b, 1, 4);
            p[1] = leaf(b, 1, 4);
            for (int i = 2; i < 4; i++) {
                p[i] = mw_tape_node(&b->t, 1, 4);
                for (int j = 0; j < 4; j++)
                    p[i]->v[j] = (mw_real)(0.3 + 0.2 * j);
            }
            check(b, "batch norm",
                  mw_op_batch_norm(&b->t, x, p, k % 2 ? MW_SQUASH_SIGMOID : MW_SQUASH_RELU, 1));
        }
    }
}

static void operations_on_elements(void **state)
{
    (void)state;
    EACH_SHAPE(how)
    {
        bench *b = bench_new(how);
        mw_node *x, *y, *both[2];

        check(b, "relu", mw_op_relu(&b->t, leaf_of(b, 0, 5)));
        b = bench_new(how);
        check(b, "gelu", mw_op_gelu(&b->t, leaf_of(b, 0, 7)));
        b = bench_new(how);
        check(b, "scale", mw_op_scale(&b->t, leaf_of(b, 0, 5), 0.5));
        b = bench_new(how);
        x = leaf_of(b, 0, 5);
        y = leaf_of(b, 0, 5);
        check(b, "add", mw_op_add(&b->t, mw_op_add(&b->t, x, y), x));
        b = bench_new(how);
        x = leaf_of(b, 0, 5);
        y = leaf_of(b, 0, 5);
        check(b, "times", mw_op_times(&b->t, x, y));
        b = bench_new(how);
        both[0] = leaf_of(b, 0, 3);
        both[1] = leaf_of(b, 0, 2);
        check(b, "beside", mw_op_beside(&b->t, both, 2));
        b = bench_new(how);
        check(b, "dropout", mw_op_dropout(&b->t, leaf_of(b, 0, 5), 0.4));
        b = bench_new(how);
        check(b, "score", mw_op_score(&b->t, leaf_of(b, 0, 1), 0));
    }
}

static void sequences(void **state)
{
    const int all[] = { 0, 1, 2 }, some[] = { 2, 0 };

    (void)state;
    EACH_SHAPE(how)
    {
        bench *b = bench_new(how);
        mw_sequence *seq;
        mw_node *x[3], *s[3];

        for (int m = 0; m < 3; m++)
            x[m] = leaf_of(b, m, 4);
        check(b, "gather", mw_op_gather(&b->t, x, all, 3, leaf(b, 3, 4), &seq));
        b = bench_new(how);
        x[0] = leaf_of(b, 2, 4);
        x[1] = leaf_of(b, 0, 4);
        check(b, "gather some", mw_op_gather(&b->t, x, some, 2, NULL, &seq));
        b = bench_new(how);
        for (int m = 0; m < 3; m++)
            x[m] = leaf_of(b, m, 4);
        for (int m = 0; m < 3; m++)
            s[m] = score_leaf(b, m);
        mw_op_gather(&b->t, x, all, 3, NULL, &seq);
        check(b, "logarithms", mw_op_gather_log(&b->t, s, seq));
        b = bench_new(how);
        for (int m = 0; m < 3; m++)
            x[m] = leaf_of(b, m, 4);
        x[0] = mw_op_align(&b->t, x, 3, &seq);
        check(b, "align", mw_op_position(&b->t, x[0], seq));
        b = bench_new(how);
        x[0] = leaf_of(b, 2, 4);
        mw_op_gather(&b->t, x, some, 1, NULL, &seq);
        check(b, "where", mw_op_where(&b->t, leaf_of(b, 0, 3), seq));
    }
}

static mw_node *gathered(bench *b, const int *modality, int n, size_t d, mw_sequence **seq)
{
    mw_node *x[3];

    for (int i = 0; i < n; i++)
        x[i] = leaf_of(b, modality[i], d);
    return mw_op_gather(&b->t, x, modality, n, NULL, seq);
}

static void attention(void **state)
{
    const int first[] = { 0 }, others[] = { 1, 2 };

    (void)state;
    EACH_SHAPE(how)
    {
        for (int scored = 0; scored < 2; scored++) {
            bench *b = bench_new(how);
            mw_attention a = { .heads = 2, .index = 1 };

            a.q = gathered(b, first, 1, 6, &a.queries);
            a.k = gathered(b, others, 2, 6, &a.keys);
            a.v = leaf(b, a.k->rows, 6);
            if (scored) {
                mw_node *s[] = { score_leaf(b, 1), score_leaf(b, 2) };

                a.logs = mw_op_gather_log(&b->t, s, a.keys);
                a.beta = leaf(b, 1, 3);
            }
            check(b, "attention", mw_op_attention(&b->t, &a));
            b = bench_new(how);
            a = (mw_attention){ .heads = 1, .q = leaf_of(b, 0, 4) };
            a.k = gathered(b, others, 2, 4, &a.keys);
            a.v = leaf(b, a.k->rows, 4);
            check(b, "attention of all rows", mw_op_attention(&b->t, &a));
        }
    }
}

static void pooling(void **state)
{
    const int two[] = { 0, 2 };

    (void)state;
    EACH_SHAPE(how)
    {
        for (int scored = 0; scored < 2; scored++) {
            bench *b = bench_new(how);
            mw_sequence *seq;
            mw_real *weights;
            mw_node *in[5] = { NULL };

            in[0] = gathered(b, two, 2, 5, &seq);
            in[1] = leaf(b, 1, 5);
            in[2] = leaf(b, 1, 1);
            if (scored) {
                mw_node *s[] = { score_leaf(b, 0), score_leaf(b, 2) };

                in[3] = mw_op_gather_log(&b->t, s, seq);
                in[4] = leaf(b, 1, 1);
            }
            check(b, "pool", mw_op_pool(&b->t, in, seq, 1, &weights));
            b = bench_new(how);
            in[0] = gathered(b, two, 2, 5, &seq);
            check(b, "mean", mw_op_mean(&b->t, in[0], seq, scored ? 1 : -1));
        }
    }
}

static void uses_of_the_score(void **state)
{
    (void)state;
    EACH_SHAPE(how)
    {
        bench *b = bench_new(how);
        mw_node *h = leaf_of(b, 1, 4), *s = score_leaf(b, 1);

        check(b, "emphasis", mw_op_emphasis(&b->t, h, s, leaf(b, 1, 1)));
        b = bench_new(how);
        h = leaf_of(b, 1, 4);
        s = leaf_of(b, 1, 4);
        check(b, "emphasis per channel", mw_op_emphasis(&b->t, h, s, NULL));
        b = bench_new(how);
        h = leaf_of(b, 1, 4);
        s = leaf_of(b, 1, 4);
        check(b, "emphasis per channel", mw_op_emphasis(&b->t, h, s, leaf(b, 1, 1)));
        b = bench_new(how);
        h = leaf_of(b, 1, 4);
        s = score_leaf(b, 1);
        check(b, "replace", mw_op_replace(&b->t, h, s, leaf(b, 3, 4), 1));
        for (int given = 0; given < 2; given++) {
            b = bench_new(how);
            if (!given) b->batch.b.score[1] = NULL;
            check(b, "given", mw_op_given(&b->t, score_leaf(b, 1), tokens_of(b, 1), 1));
        }
    }
}

static void weighted_sums_and_products(void **state)
{
    (void)state;
    EACH_SHAPE(how)
    {
        bench *b = bench_new(how);
        mw_node *y[3], *f[3], *w;

        for (int m = 0; m < 3; m++)
            y[m] = leaf(b, 3, 2);
        check(b, "late", mw_op_late(&b->t, y, leaf(b, 1, 3), 3));
        b = bench_new(how);
        for (int m = 0; m < 3; m++)
            y[m] = leaf(b, 3, 4);
        for (int m = 0; m < 3; m++)
            f[m] = leaf(b, 2, 5 * 3);
        w = leaf(b, 1, 2);
        check(b, "low rank", mw_op_low_rank(&b->t, y, f, 3, w, leaf(b, 1, 3)));
    }
}

static void losses(void **state)
{
    static const double weights[] = { 1, 2, 0.5 };

    (void)state;
    EACH_SHAPE(how)
    {
        for (int task = 0; task < MW_TASK_RELIABILITY; task++) {
            for (int huber = 0; huber < 2; huber++) {
                bench *b = bench_new(how);

                b->c.task = (mw_net_task)task;
                b->c.n_out = 3;
                b->c.positive_weights = weights;
                b->c.huber_delta = huber ? 0.7 : 0;
                score_batch_free(&b->batch);
                b->batch = score_batch_make(&b->c, 3, (const int[]){ 5, 4, 3 }, 9, 0);
                mw_op_task_loss(&b->t, leaf(b, 3, 3), -1, 1);
                mw_op_task_loss(&b->t, leaf(b, 3, 3), 2, 2);
                check(b, "loss", NULL);
            }
        }
        for (int m = 0; m < 3; m++) {
            bench *b = bench_new(how);

            mw_op_rel_loss(&b->t, leaf_of(b, m, 1), m, 3);
            check(b, "reliability", NULL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_maps_and_convolutions),
        cmocka_unit_test(normalisations),
        cmocka_unit_test(operations_on_elements),
        cmocka_unit_test(sequences),
        cmocka_unit_test(attention),
        cmocka_unit_test(pooling),
        cmocka_unit_test(uses_of_the_score),
        cmocka_unit_test(weighted_sums_and_products),
        cmocka_unit_test(losses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
