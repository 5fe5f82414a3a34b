/* SPDX-License-Identifier: Apache-2.0
 *
 * What networks promise: numbers of parameters, independence of padding, batch mates and threads,
 * missing modalities, learning. Built in float and in double.
 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "score/net_int.h"
#include "support/score_batch.h"

static size_t trained_values(const mw_net_config *c)
{
    mw_net *net;
    size_t n = 0;

    assert_ok(mw_net_create(&net, c, 1, NULL));
    for (size_t i = 0; i < mw_net_n_params(net); i++)
        if (!strstr(mw_net_param_at(net, i)->name, "running_")) n += mw_net_param_at(net, i)->n;
    mw_net_destroy(&net);
    return n;
}

static void has_the_number_of_parameters_of_the_specification(void **state)
{
    static const size_t known[MW_N_NET_KINDS] = {
        [MW_NET_SCORE] = 464267,         [MW_NET_NOSCORE] = 307205,
        [MW_NET_NOSCORE_PLAIN] = 191749, [MW_NET_NOSCORE_MULTI] = 464263,
        [MW_NET_PRODUCT] = 464333,       [MW_NET_AVREL] = 652421,
        [MW_NET_GIVEN] = 307209,         [MW_NET_RELIABILITY] = 273026,
        [MW_NET_EARLY] = 310977,         [MW_NET_LATE] = 374278,
        [MW_NET_MULT] = 374017,          [MW_NET_LMF] = 231949,
    };
    mw_net_config c;

    (void)state;
    mw_net_config_default(&c);
    for (int k = 0; k < MW_N_NET_KINDS; k++) {
        c.kind = (mw_net_kind)k;
        assert_int_equal(trained_values(&c), known[k]);
        assert_int_equal(mw_net_kind_by_name(mw_net_kind_name(c.kind)), k);
    }
    assert_int_equal(mw_net_kind_by_name("nothing"), -1);
    c.kind = MW_NET_SCORE;
    c.cross = 0;
    assert_int_equal(trained_values(&c), 426891);
    c.cross = 1;
    c.n_modalities = 3;
    c.modality[2] = 't';
    c.columns[2] = 768;
    c.window[2] = 1;
    assert_int_equal(trained_values(&c), 703310);
    mw_net_config_default(&c);
    c.kind = MW_NET_NOSCORE;
    c.n_modalities = 1;
    assert_int_equal(trained_values(&c), 146691);
}

static void refuses_configurations_out_of_range(void **state)
{
    mw_net_config good, c;
    mw_net *net = NULL;
    mw_error err;

    (void)state;
    mw_net_config_default(&good);
#define REFUSED(change, word)                                                                      \
    do {                                                                                           \
        c = good;                                                                                  \
        change;                                                                                    \
        assert_fails(mw_net_create(&net, &c, 1, &err), MW_ERR_RANGE);                              \
        assert_null(net);                                                                          \
        assert_non_null(strstr(err.message, word));                                                \
    } while (0)
    REFUSED(c.kind = MW_N_NET_KINDS, "kind");
    REFUSED(c.n_modalities = 0, "n_modalities");
    REFUSED(c.n_modalities = 4, "n_modalities");
    REFUSED(c.modality[0] = 'x', "modality");
    REFUSED(c.modality[1] = 'a', "modality");
    REFUSED(c.modality[1] = 0, "modality");
    REFUSED(c.columns[1] = 0, "columns");
    REFUSED(c.window[0] = 0, "window");
    REFUSED(c.n_out = 0, "n_out");
    REFUSED(c.width = 66, "heads");
    REFUSED(c.width = 9; c.heads = 1, "even");
    REFUSED(c.kernel = 4, "kernel");
    REFUSED(c.layers = 0, "layers");
    REFUSED(c.dropout = NAN, "dropout");
    REFUSED(c.dropout = 1, "dropout");
    REFUSED(c.use = 16, "use");
    REFUSED(c.use = MW_USE_EMPHASIS | MW_USE_REPLACE, "replace");
    REFUSED(c.coefficient = INFINITY, "coefficient");
    REFUSED(c.lambda_rel = -1, "lambda_rel");
    REFUSED(c.task = MW_TASK_RELIABILITY, "reliability");
    REFUSED(c.task = MW_TASK_MULTICLASS, "n_out");
#undef REFUSED
}

/* ---- independence ---- */

typedef struct results {
    float y[64], uni[3][64], score[3][512], rel[3][512], pool[3][512];
    mw_net_loss loss;
} results;

static results predict(mw_net *net, const mw_net_batch *b, int threads)
{
    results r;
    mw_net_output out = { .y = r.y };

    memset(&r, 0, sizeof r);
    for (int m = 0; m < 3; m++) {
        out.uni[m] = r.uni[m];
        out.score[m] = r.score[m];
        out.rel[m] = r.rel[m];
        out.pool[m] = r.pool[m];
    }
    assert_ok(mw_net_predict(net, b, threads, &out, &r.loss, NULL));
    return r;
}

static mw_net *stirred(const mw_net_config *c)
{
    mw_rng r = mw_rng_from_key(8);
    mw_net *net;

    assert_ok(mw_net_create(&net, c, 2, NULL));
    for (size_t i = 0; i < mw_net_n_params(net); i++) {
        mw_net_param *p = mw_net_param_at(net, i);

        for (size_t j = 0; j < p->n && !strstr(p->name, "running_"); j++)
            p->v[j] += (mw_real)mw_rng_uniform(&r, -0.3, 0.3);
    }
    return net;
}

/* Values of all gradients one after another. */
static mw_real *gradient(mw_net *net, const mw_net_batch *b, int threads, size_t *n)
{
    mw_real *all, *at;

    assert_ok(mw_net_gradient(net, b, 3, threads, NULL, NULL));
    *n = 0;
    for (size_t i = 0; i < mw_net_n_params(net); i++)
        *n += mw_net_param_at(net, i)->n;
    at = all = calloc(*n, sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i < mw_net_n_params(net); i++) {
        memcpy(at, mw_net_param_at(net, i)->g, mw_net_param_at(net, i)->n * sizeof *at);
        at += mw_net_param_at(net, i)->n;
    }
    return all;
}

static const int tokens[] = { 11, 9, 6 };

/* Rows of from [n][wide] begin with those of part [n][narrow], and are 0 behind them. */
static void assert_rows(const float *wide_rows, const float *rows, size_t n, int wide, int narrow)
{
    for (size_t i = 0; i < n; i++) {
        assert_memory_equal(wide_rows + i * (size_t)wide, rows + i * (size_t)narrow,
                            (size_t)narrow * sizeof *rows);
        for (int k = narrow; k < wide; k++)
            assert_true(wide_rows[i * (size_t)wide + (size_t)k] == 0);
    }
}

/* Bits, not merely small differences: masked tokens are never read. */
static void padding_changes_no_bit(void **state)
{
    (void)state;
    for (int k = 0; k < MW_N_NET_KINDS; k++) {
        const mw_net_config c = score_config_small((mw_net_kind)k, "avt");
        score_batch s = score_batch_make(&c, 6, tokens, 4, k == MW_NET_GIVEN);
        mw_net *net = stirred(&c);
        const results plain = predict(net, &s.b, 1);
        size_t n;
        mw_real *g = gradient(net, &s.b, 1, &n);

        for (int extra = 1; extra <= 17; extra += 4) {
            score_batch wide = score_batch_part(&c, &s, 0, 6, extra);
            mw_net *again = stirred(&c);
            const results r = predict(again, &wide.b, 1);
            mw_real *gw = gradient(again, &wide.b, 1, &n);

            assert_memory_equal(r.y, plain.y, sizeof r.y);
            assert_true(r.loss.total == plain.loss.total);
            for (int m = 0; m < 3; m++) {
                assert_rows(r.score[m], plain.score[m], 6, tokens[m] + extra, tokens[m]);
                assert_rows(r.pool[m], plain.pool[m], 6, tokens[m] + extra, tokens[m]);
            }
            for (size_t i = 0; i < n; i++)
                assert_true(g[i] == gw[i]);
            free(gw);
            mw_net_destroy(&again);
            score_batch_free(&wide);
        }
        free(g);
        mw_net_destroy(&net);
        score_batch_free(&s);
    }
}

static void batch_mates_change_no_bit_of_a_result(void **state)
{
    (void)state;
    for (int k = 0; k < MW_N_NET_KINDS; k++) {
        const mw_net_config c = score_config_small((mw_net_kind)k, "av");
        score_batch s = score_batch_make(&c, 32, tokens, 4, k == MW_NET_GIVEN);
        mw_net *net = stirred(&c);
        const results all = predict(net, &s.b, 2);

        for (size_t i = 0; i < 32; i += 5) {
            score_batch one = score_batch_part(&c, &s, i, 1, 0);
            const results r = predict(net, &one.b, 1);

            assert_memory_equal(r.y, all.y + i, sizeof(float));
            for (int m = 0; m < 2; m++) {
                const size_t at = i * (size_t)tokens[m];

                assert_memory_equal(r.uni[m], all.uni[m] + i, sizeof(float));
                assert_memory_equal(r.score[m], all.score[m] + at, (size_t)tokens[m] * 4);
                assert_memory_equal(r.rel[m], all.rel[m] + at, (size_t)tokens[m] * 4);
                assert_memory_equal(r.pool[m], all.pool[m] + at, (size_t)tokens[m] * 4);
            }
            score_batch_free(&one);
        }
        mw_net_destroy(&net);
        score_batch_free(&s);
    }
}

static void threads_change_no_bit(void **state)
{
    const mw_net_kind kinds[] = { MW_NET_SCORE, MW_NET_AVREL, MW_NET_LATE };

    (void)state;
    for (int k = 0; k < 3; k++) {
        mw_net_config c = score_config_small(kinds[k], "av");
        score_batch s;
        mw_real *g[3];
        size_t n = 0;

        c.dropout = 0.3;
        /* more than a round of slices, and a remainder */
        s = score_batch_make(&c, 8 * 17 + 3, (const int[]){ 4, 3 }, 4, 0);
        for (int threads = 1; threads <= 3; threads++) {
            mw_net *net = stirred(&c);

            for (int step = 0; step < 3; step++) {
                free(step ? g[threads - 1] : NULL);
                g[threads - 1] = gradient(net, &s.b, threads, &n);
                mw_net_adamw(net, 1e-2, 0.01, 10, 1);
            }
            mw_net_destroy(&net);
        }
        assert_memory_equal(g[0], g[1], n * sizeof *g[0]);
        assert_memory_equal(g[0], g[2], n * sizeof *g[0]);
        for (int i = 0; i < 3; i++)
            free(g[i]);
        score_batch_free(&s);
    }
}

static void masks_of_dropout_follow_seed_and_step(void **state)
{
    mw_net_config c = score_config_small(MW_NET_SCORE, "av");
    score_batch s = score_batch_make(&c, 4, tokens, 4, 0);
    mw_net_loss loss[4];
    mw_net *net, *other;

    (void)state;
    c.dropout = 0.5;
    assert_ok(mw_net_create(&net, &c, 2, NULL));
    assert_ok(mw_net_create(&other, &c, 3, NULL));
    mw_net_copy(other, net);
    assert_ok(mw_net_gradient(net, &s.b, 1, 1, &loss[0], NULL));
    assert_ok(mw_net_gradient(net, &s.b, 1, 1, &loss[1], NULL));
    assert_ok(mw_net_gradient(net, &s.b, 2, 1, &loss[2], NULL));
    assert_ok(mw_net_gradient(other, &s.b, 1, 1, &loss[3], NULL));
    assert_true(loss[0].total == loss[1].total);
    assert_true(loss[0].total != loss[2].total);
    assert_true(loss[0].total != loss[3].total);
    mw_net_destroy(&net);
    mw_net_destroy(&other);
    score_batch_free(&s);
}

static void common_parameters_start_equal_in_all_kinds(void **state)
{
    const mw_net_config a = score_config_small(MW_NET_SCORE, "av");
    const mw_net_config b = score_config_small(MW_NET_NOSCORE, "av");
    mw_net *one, *two;
    size_t equal = 0;

    (void)state;
    assert_ok(mw_net_create(&one, &a, 7, NULL));
    assert_ok(mw_net_create(&two, &b, 7, NULL));
    for (size_t i = 0; i < mw_net_n_params(two); i++) {
        const mw_net_param *p = mw_net_param_at(two, i);

        for (size_t j = 0; j < mw_net_n_params(one); j++) {
            const mw_net_param *q = mw_net_param_at(one, j);

            if (strcmp(p->name, q->name)) continue;
            assert_memory_equal(p->v, q->v, p->n * sizeof *p->v);
            equal++;
        }
    }
    assert_int_equal(equal, mw_net_n_params(two));
    mw_net_destroy(&one);
    mw_net_destroy(&two);
}

/* ---- what a score does ---- */

static void coefficients_of_zero_make_the_network_without_score(void **state)
{
    const mw_net_config a = score_config_small(MW_NET_SCORE, "av");
    const mw_net_config b = score_config_small(MW_NET_NOSCORE, "av");
    score_batch s = score_batch_make(&a, 4, tokens, 4, 0);
    mw_net *one, *two;
    results r, q;

    (void)state;
    assert_ok(mw_net_create(&one, &a, 7, NULL));
    assert_ok(mw_net_create(&two, &b, 7, NULL));
    r = predict(one, &s.b, 1);
    q = predict(two, &s.b, 1);
    for (int i = 0; i < 4; i++)
        assert_true(fabsf(r.y[i] - q.y[i]) < 1e-6f);
    /* every score starts at sigmoid(1) where a token is valid */
    for (int k = 0; k < 4 * tokens[0]; k++)
        assert_true(fabs(r.score[0][k] - (s.mask[0][k] ? 0.7310586 : 0)) < 1e-6);
    mw_net_destroy(&one);
    mw_net_destroy(&two);
    score_batch_free(&s);
}

/* A batch's score stands in for the own one; the own reliability goes on being reported. */
static void given_scores_take_the_place_of_the_own(void **state)
{
    mw_net_config c = score_config_small(MW_NET_SCORE, "av");
    score_batch s = score_batch_make(&c, 4, tokens, 4, 1);
    const float *given[] = { s.b.score[0], s.b.score[1] };
    results with, without, own;
    mw_net *net;

    (void)state;
    net = stirred(&c);
    with = predict(net, &s.b, 1);
    s.b.score[0] = s.b.score[1] = NULL;
    without = predict(net, &s.b, 1);
    assert_memory_equal(with.rel, without.rel, sizeof with.rel);
    assert_true(with.y[0] != without.y[0]);
    for (int k = 0; k < 4 * tokens[0]; k++)
        assert_true(with.score[0][k] == (s.mask[0][k] ? given[0][k] : 0));
    /* the own scores, given: the same result */
    s.b.score[0] = without.score[0];
    s.b.score[1] = without.score[1];
    own = predict(net, &s.b, 1);
    for (int i = 0; i < 4; i++)
        assert_true(fabsf(own.y[i] - without.y[i]) < 1e-6f);
    mw_net_destroy(&net);
    score_batch_free(&s);
}

static void a_network_of_given_scores_needs_them(void **state)
{
    const mw_net_config c = score_config_small(MW_NET_GIVEN, "av");
    score_batch s = score_batch_make(&c, 2, tokens, 4, 0);
    mw_net *net = stirred(&c);

    (void)state;
    assert_fails(mw_net_predict(net, &s.b, 1, NULL, NULL, NULL), MW_ERR_ARG);
    mw_net_destroy(&net);
    score_batch_free(&s);
}

/* ---- missing tokens ---- */

static void pooling_shares_sum_to_one(void **state)
{
    (void)state;
    for (int k = 0; k < MW_N_NET_KINDS; k++) {
        const mw_net_config c = score_config_small((mw_net_kind)k, "avt");
        score_batch s = score_batch_make(&c, 6, tokens, 4, k == MW_NET_GIVEN);
        mw_net *net = stirred(&c);
        const results r = predict(net, &s.b, 1);

        for (int m = 0; m < 3; m++) {
            for (int i = 0; i < 6; i++) {
                double sum = 0;
                int valid = 0;

                for (int j = 0; j < tokens[m]; j++) {
                    sum += r.pool[m][i * tokens[m] + j];
                    valid |= s.mask[m][i * tokens[m] + j];
                    assert_true(s.mask[m][i * tokens[m] + j] || r.pool[m][i * tokens[m] + j] == 0);
                }
                assert_true(fabs(sum - valid) < 1e-5);
            }
        }
        mw_net_destroy(&net);
        score_batch_free(&s);
    }
}

/* Nothing valid at all: finite results that do not depend on x, and no gradient to the stems. */
static void clips_without_any_token(void **state)
{
    (void)state;
    for (int k = 0; k < MW_N_NET_KINDS; k++) {
        const mw_net_config c = score_config_small((mw_net_kind)k, "avt");
        score_batch s = score_batch_make(&c, 2, tokens, 4, k == MW_NET_GIVEN);
        mw_net *net = stirred(&c);
        results r;
        size_t n;
        mw_real *g;

        for (int m = 0; m < 3; m++)
            memset(s.mask[m], 0, 2 * (size_t)tokens[m]);
        r = predict(net, &s.b, 1);
        if (c.task == MW_TASK_REGRESSION) {
            assert_true(isfinite(r.y[0]) && r.y[0] == r.y[1]);
        }
        for (int i = 0; i < 2 * tokens[0]; i++)
            assert_true(r.score[0][i] == 0 && r.pool[0][i] == 0);
        g = gradient(net, &s.b, 1, &n);
        for (size_t i = 0; i < n; i++)
            assert_true(isfinite((double)g[i]));
        for (size_t i = 0; i < mw_net_n_params(net); i++) {
            const mw_net_param *p = mw_net_param_at(net, i);

            for (size_t j = 0; j < p->n && !strncmp(p->name, "stem.", 5); j++)
                assert_true(p->g[j] == 0);
        }
        free(g);
        mw_net_destroy(&net);
        score_batch_free(&s);
    }
}

/* ---- learning ---- */

static double error_of(mw_net *net, const mw_net_batch *b)
{
    const results r = predict(net, b, 1);
    double sum = 0;

    for (size_t i = 0; i < b->n; i++)
        sum += fabs((double)r.y[i] - (double)b->y[i]);
    return sum / (double)b->n;
}

static void train(mw_net *net, const mw_net_batch *b, int steps)
{
    for (int step = 0; step < steps; step++) {
        assert_ok(mw_net_gradient(net, b, (uint64_t)step, 1, NULL, NULL));
        mw_net_adamw(net, 1e-2 * (1 - step / (double)steps), 0, 10, 1);
    }
}

/* Without moments, and with the powers of the betas gone, a step is 0.1 / sqrt(0.001) times the
 * rate, whatever the gradient. */
static void a_late_step_is_as_long_as_an_early_one(void **state)
{
    const uint64_t steps[] = { 7000, 13000, 20000, 28000, 700000, 1000000 };
    const mw_net_config c = score_config_small(MW_NET_NOSCORE, "v");

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        mw_net *net;
        mw_net_param *p;
        double before;

        assert_ok(mw_net_create(&net, &c, 1, NULL));
        p = mw_net_param_at(net, 0);
        p->g[0] = 1;
        before = (double)p->v[0];
        net->n_steps = steps[i];
        mw_net_adamw(net, 1e-3, 0, 10, 0);
        assert_true(fabs((before - (double)p->v[0]) * 1e3 - sqrt(10)) < 0.1);
        mw_net_destroy(&net);
    }
}

static void learns_eight_clips_by_heart(void **state)
{
    const mw_net_kind kinds[] = { MW_NET_SCORE, MW_NET_NOSCORE, MW_NET_AVREL, MW_NET_EARLY,
                                  MW_NET_LATE,  MW_NET_MULT,    MW_NET_LMF };

    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        mw_net_config c = score_config_small(kinds[k], "av");
        score_batch s = score_batch_make(&c, 8, tokens, 4, 0);
        mw_net *net;
        double e;

        for (int i = 0; i < 8; i++)
            s.y_weight[i] = 1;
        memset(s.mask[1] + tokens[1], 1, (size_t)tokens[1]); /* all clips have both */
        c.lambda_rel = c.lambda_uni = 0;
        assert_ok(mw_net_create(&net, &c, 2, NULL));
        if (kinds[k] == MW_NET_AVREL) {
            /* results are read with running statistics; those follow at a tenth per step */
            train(net, &s.b, 500);
        } else {
            train(net, &s.b, 300);
        }
        e = error_of(net, &s.b);
        if (!(e < 0.05)) fail_msg("%s: mean absolute error %g", mw_net_kind_name(kinds[k]), e);
        mw_net_destroy(&net);
        score_batch_free(&s);
    }
}

/* Labels that have nothing to do with the clips are not foretold for others: no leak. */
static void foretells_nothing_from_shuffled_labels(void **state)
{
    const mw_net_config c = score_config_small(MW_NET_SCORE, "av");
    score_batch a = score_batch_make(&c, 32, tokens, 4, 0),
                b = score_batch_make(&c, 64, tokens, 5, 0);
    double sum = 0, error;
    mw_net *net;

    (void)state;
    for (size_t i = 0; i < 64; i++)
        sum += fabs((double)b.y[i]);
    assert_ok(mw_net_create(&net, &c, 2, NULL));
    train(net, &a.b, 60);
    error = error_of(net, &b.b);
    /* skill against the constant 0, the middle of labels that are uniform in [-3, 3] */
    assert_true(1 - error / (sum / 64) < 0.15);
    mw_net_destroy(&net);
    score_batch_free(&a);
    score_batch_free(&b);
}

static void frozen_parameters_and_fixed_coefficients_stay(void **state)
{
    mw_net_config c = score_config_small(MW_NET_SCORE, "av");
    score_batch s = score_batch_make(&c, 8, tokens, 4, 0);
    mw_net *net;
    mw_net_param *p;

    (void)state;
    c.coefficient = 1;
    c.coefficient_fixed = 1;
    assert_ok(mw_net_create(&net, &c, 2, NULL));
    p = mw_net_param_at(net, 0);
    p->trained = 0;
    mw_real first = p->v[0], other = mw_net_param_at(net, 1)->v[0];
    train(net, &s.b, 3);
    assert_true(p->v[0] == first);
    assert_true(mw_net_param_at(net, 1)->v[0] != other);
    for (size_t i = 0; i < mw_net_n_params(net); i++)
        if (mw_net_param_at(net, i)->coefficient) assert_true(mw_net_param_at(net, i)->v[0] == 1);
    mw_net_destroy(&net);
    score_batch_free(&s);
}

/* ---- memory ---- */

static void runs_out_of_memory_cleanly(void **state)
{
    mw_net_config c = score_config_small(MW_NET_SCORE, "av");
    score_batch s = score_batch_make(&c, 9, (const int[]){ 3, 2 }, 4, 0);
    const double weights[] = { 1 };
    const long before = mw_mem_live();
    long n;

    (void)state;
    c.positive_weights = weights;
    for (n = 1;; n++) {
        mw_net *net = NULL;
        mw_status st;

        mw_mem_fail_at(n);
        st = mw_net_create(&net, &c, 1, NULL);
        if (st == MW_OK) st = mw_net_gradient(net, &s.b, 0, 1, NULL, NULL);
        if (st == MW_OK) st = mw_net_predict(net, &s.b, 1, NULL, NULL, NULL);
        mw_mem_fail_at(0);
        assert_true(st == MW_OK || st == MW_ERR_NOMEM);
        /* what failed halfway works when there is memory again */
        if (net) assert_ok(mw_net_gradient(net, &s.b, 0, 1, NULL, NULL));
        mw_net_destroy(&net);
        assert_int_equal(mw_mem_live(), before);
        if (st == MW_OK) break;
    }
    assert_true(n > 20);
    score_batch_free(&s);
}

/* A shape seen before takes no memory but that of the pool's list of workers. */
static void known_shapes_take_no_memory(void **state)
{
    const mw_net_config c = score_config_small(MW_NET_SCORE, "av");
    score_batch s = score_batch_make(&c, 11, tokens, 4, 0);
    mw_net *net = stirred(&c);

    (void)state;
    assert_ok(mw_net_gradient(net, &s.b, 0, 1, NULL, NULL));
    mw_mem_fail_at(2);
    assert_ok(mw_net_gradient(net, &s.b, 1, 1, NULL, NULL));
    mw_mem_fail_at(0);
    mw_net_destroy(&net);
    score_batch_free(&s);
}

static void a_network_at_rest_keeps_its_values_alone(void **state)
{
    const mw_net_config c = score_config_small(MW_NET_SCORE, "av");
    score_batch s = score_batch_make(&c, 11, tokens, 4, 0);
    mw_net *net = stirred(&c);
    const long live = mw_mem_live();
    const results before = predict(net, &s.b, 2);
    results after;

    (void)state;
    assert_ok(mw_net_gradient(net, &s.b, 0, 2, NULL, NULL));
    assert_true(mw_mem_live() > live);
    mw_net_rest(net);
    assert_int_equal(mw_mem_live(), live);
    after = predict(net, &s.b, 1);
    assert_memory_equal(&after, &before, sizeof after);
    mw_net_destroy(&net);
    score_batch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_number_of_parameters_of_the_specification),
        cmocka_unit_test(refuses_configurations_out_of_range),
        cmocka_unit_test(padding_changes_no_bit),
        cmocka_unit_test(batch_mates_change_no_bit_of_a_result),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(masks_of_dropout_follow_seed_and_step),
        cmocka_unit_test(common_parameters_start_equal_in_all_kinds),
        cmocka_unit_test(coefficients_of_zero_make_the_network_without_score),
        cmocka_unit_test(given_scores_take_the_place_of_the_own),
        cmocka_unit_test(a_network_of_given_scores_needs_them),
        cmocka_unit_test(pooling_shares_sum_to_one),
        cmocka_unit_test(clips_without_any_token),
        cmocka_unit_test(a_late_step_is_as_long_as_an_early_one),
        cmocka_unit_test(learns_eight_clips_by_heart),
        cmocka_unit_test(foretells_nothing_from_shuffled_labels),
        cmocka_unit_test(frozen_parameters_and_fixed_coefficients_stay),
        cmocka_unit_test(runs_out_of_memory_cleanly),
        cmocka_unit_test(known_shapes_take_no_memory),
        cmocka_unit_test(a_network_at_rest_keeps_its_values_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
