/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of whole networks. In the double build they are compared with central differences; in
 * float, along a few directions only and with the tolerance that float allows.
 */
#include "support/support.h"

#include <math.h>

#include "support/score_batch.h"

#ifdef MW_REAL_DOUBLE
static const double step = 1e-5, allowed = 1e-5, least = 1e-7;
#else
static const double step = 4e-3, allowed = 2e-2, least = 2e-3;
#endif

/* Away from where everything is symmetric: scores differ, coefficients are not 0. */
static void stir(mw_net *net, uint64_t seed)
{
    mw_rng r = mw_rng_from_key(seed);

    for (size_t i = 0; i < mw_net_n_params(net); i++) {
        mw_net_param *p = mw_net_param_at(net, i);
        const int statistic = strstr(p->name, "running_") != NULL;

        for (size_t j = 0; j < p->n && !statistic; j++)
            p->v[j] += (mw_real)mw_rng_uniform(&r, -0.3, 0.3);
    }
}

/* The loss with dropout off. Batch statistics count in training only: there, with the gradient. */
static double loss_of(mw_net *net, const mw_net_batch *b)
{
    mw_net_loss loss;

    if (mw_net_config_of(net)->kind == MW_NET_AVREL)
        assert_ok(mw_net_gradient(net, b, 0, 1, &loss, NULL));
    else
        assert_ok(mw_net_predict(net, b, 1, NULL, &loss, NULL));
    return loss.total;
}

static void check_values(mw_net *net, const mw_net_batch *b, size_t n_checks)
{
    mw_rng r = mw_rng_from_key(77);

    for (size_t c = 0; c < n_checks; c++) {
        const size_t i = mw_rng_below(&r, mw_net_n_params(net));
        mw_net_param *p = mw_net_param_at(net, i);
        const size_t j = mw_rng_below(&r, p->n);
        const mw_real v = p->v[j];
        const double h = step * fmax(1, fabs((double)v));
        double analytic, numeric, up, down;

        if (strstr(p->name, "running_")) continue;
        if (!c || mw_net_config_of(net)->kind == MW_NET_AVREL)
            assert_ok(mw_net_gradient(net, b, 0, 1, NULL, NULL));
        analytic = (double)p->g[j];
        p->v[j] = v + (mw_real)h;
        up = loss_of(net, b);
        p->v[j] = v - (mw_real)h;
        down = loss_of(net, b);
        p->v[j] = v;
        numeric = (up - down) / (2 * h);
        if (fabs(numeric - analytic) > least + allowed * fabs(analytic))
            fail_msg("%s %s[%zu]: %g, by differences %g",
                     mw_net_kind_name(mw_net_config_of(net)->kind), p->name, j, analytic, numeric);
    }
}

/* Along a random direction through all parameters. */
static void check_direction(mw_net *net, const mw_net_batch *b, uint64_t seed)
{
    double analytic = 0, norm = 0, values[2], numeric;

    assert_ok(mw_net_gradient(net, b, 0, 1, NULL, NULL));
    for (int pass = 0; pass < 2; pass++) {
        mw_rng r = mw_rng_from_key(seed);

        for (size_t i = 0; i < mw_net_n_params(net); i++) {
            mw_net_param *p = mw_net_param_at(net, i);

            for (size_t j = 0; j < p->n && !strstr(p->name, "running_"); j++) {
                const double u = mw_rng_uniform(&r, -1, 1);

                if (pass)
                    analytic += u / norm * (double)p->g[j];
                else
                    norm += u * u;
            }
        }
        if (!pass) norm = sqrt(norm);
    }
    for (int side = 0; side < 2; side++) {
        for (int back = 0; back < 2; back++) {
            mw_rng r = mw_rng_from_key(seed);

            for (size_t i = 0; i < mw_net_n_params(net); i++) {
                mw_net_param *p = mw_net_param_at(net, i);

                for (size_t j = 0; j < p->n && !strstr(p->name, "running_"); j++)
                    p->v[j] +=
                        (mw_real)((side ^ back ? -1 : 1) * step * mw_rng_uniform(&r, -1, 1) / norm);
            }
            if (!back) values[side] = loss_of(net, b);
        }
    }
    numeric = (values[0] - values[1]) / (2 * step);
    if (fabs(numeric - analytic) > least + allowed * fabs(analytic))
        fail_msg("%s: slope %g, by differences %g", mw_net_kind_name(mw_net_config_of(net)->kind),
                 analytic, numeric);
}

static void check_network(const mw_net_config *c, int given, size_t n_values)
{
    const int tokens[] = { 7, 5, 4 };
    score_batch s = score_batch_make(c, 5, tokens, 11, given || c->kind == MW_NET_GIVEN);
    mw_net *net;

    assert_ok(mw_net_create(&net, c, 5, NULL));
    stir(net, 3);
    check_values(net, &s.b, n_values);
    for (uint64_t d = 0; d < 3; d++)
        check_direction(net, &s.b, 100 + d);
    mw_net_destroy(&net);
    score_batch_free(&s);
}

#ifdef MW_REAL_DOUBLE
enum { CHECKS = 200 };
#else
enum { CHECKS = 0 };
#endif

static void every_kind_has_the_gradient_of_its_loss(void **state)
{
    (void)state;
    for (int k = 0; k < MW_N_NET_KINDS; k++) {
        const mw_net_config c = score_config_small((mw_net_kind)k, "av");

        check_network(&c, 0, CHECKS);
    }
}

static void one_and_three_modalities(void **state)
{
    (void)state;
    for (int k = 0; k < MW_N_NET_KINDS; k++) {
        mw_net_config c = score_config_small((mw_net_kind)k, "avt");

        check_network(&c, 0, CHECKS / 2);
        c = score_config_small((mw_net_kind)k, "v");
        check_network(&c, 0, CHECKS / 4);
    }
}

static void every_use_of_the_score(void **state)
{
    (void)state;
    for (unsigned use = 0; use < 16; use++) {
        mw_net_config c = score_config_small(use & 1 ? MW_NET_SCORE : MW_NET_PRODUCT, "av");
        const unsigned both = MW_USE_EMPHASIS | MW_USE_REPLACE;

        if ((use & both) == both) continue;
        c.use = use;
        c.coefficient = 0.5;
        c.cross = use != MW_USE_POOL;
        check_network(&c, 0, CHECKS / 4);
    }
}

static void scores_given_to_networks_with_their_own(void **state)
{
    const mw_net_kind kinds[] = { MW_NET_SCORE, MW_NET_AVREL, MW_NET_PRODUCT };

    (void)state;
    for (int k = 0; k < 3; k++) {
        mw_net_config c = score_config_small(kinds[k], "av");

        check_network(&c, 1, CHECKS / 2);
    }
}

static void every_task(void **state)
{
    const double weights[] = { 1, 3, 0.5 };

    (void)state;
    for (int task = 0; task < MW_TASK_RELIABILITY; task++) {
        mw_net_config c = score_config_small(MW_NET_SCORE, "av");

        c.task = (mw_net_task)task;
        c.n_out = 3;
        c.positive_weights = weights;
        c.huber_delta = 0.8;
        check_network(&c, 0, CHECKS / 4);
        c.kind = MW_NET_LATE;
        c.huber_delta = 0;
        check_network(&c, 0, CHECKS / 4);
        c.kind = MW_NET_LMF;
        check_network(&c, 0, CHECKS / 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_the_gradient_of_its_loss),
        cmocka_unit_test(one_and_three_modalities),
        cmocka_unit_test(every_use_of_the_score),
        cmocka_unit_test(scores_given_to_networks_with_their_own),
        cmocka_unit_test(every_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
