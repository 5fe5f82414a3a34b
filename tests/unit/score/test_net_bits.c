/* SPDX-License-Identifier: Apache-2.0
 *
 * Four steps of training of every kind end in recorded bits: at every CPU level (meson.build runs
 * this once per level), with GCC and Clang. A change of these numbers is a change of results.
 */
#include "support/support.h"

#include "support/score_batch.h"

static const uint64_t known[MW_N_NET_KINDS] = {
    [MW_NET_SCORE] = UINT64_C(0xf55897a12aacc524),
    [MW_NET_GIVEN] = UINT64_C(0xdc216b86b54e656a),
    [MW_NET_PRODUCT] = UINT64_C(0xcae49ce004206dab),
    [MW_NET_NOSCORE] = UINT64_C(0x2f3149825fddb2d1),
    [MW_NET_NOSCORE_PLAIN] = UINT64_C(0xb3e03013edc1a61a),
    [MW_NET_NOSCORE_MULTI] = UINT64_C(0x46889c0990caffce),
    [MW_NET_RELIABILITY] = UINT64_C(0x5eaf328ce934b37e),
    [MW_NET_AVREL] = UINT64_C(0xcdcc6482cdb0bfb9),
    [MW_NET_EARLY] = UINT64_C(0x1813b060d9190b3a),
    [MW_NET_LATE] = UINT64_C(0x48a49fb2db24d637),
    [MW_NET_MULT] = UINT64_C(0x10e1bb72ed0bf79e),
    [MW_NET_LMF] = UINT64_C(0x1a5191dcfca7ee94),
};

/* FNV-1a, 64 bits, over the parameters. */
static uint64_t trained_bits(mw_net_kind kind)
{
    uint64_t h = UINT64_C(14695981039346656037);
    mw_net_config c;
    score_batch s;
    mw_net *net;

    mw_net_config_default(&c);
    c.kind = kind;
    c.columns[0] = 5;
    c.columns[1] = 11;
    c.width = 20;
    c.hidden = 24;
    c.kernel = 5;
    s = score_batch_make(&c, 10, (const int[]){ 19, 23 }, 3, kind == MW_NET_GIVEN);
    assert_ok(mw_net_create(&net, &c, 1, NULL));
    for (uint64_t step = 0; step < 4; step++) {
        assert_ok(mw_net_gradient(net, &s.b, step, 2, NULL, NULL));
        mw_net_adamw(net, 1e-3, 0.01, 10, 1);
    }
    for (size_t i = 0; i < mw_net_n_params(net); i++) {
        const mw_net_param *p = mw_net_param_at(net, i);

        for (size_t j = 0; j < p->n; j++) {
            uint32_t bits;

            memcpy(&bits, &p->v[j], sizeof bits);
            for (int k = 0; k < 4; k++)
                h = (h ^ (bits >> (8 * k) & 0xff)) * UINT64_C(1099511628211);
        }
    }
    mw_net_destroy(&net);
    score_batch_free(&s);
    return h;
}

static void training_ends_in_recorded_bits(void **state)
{
    (void)state;
    for (int k = 0; k < MW_N_NET_KINDS; k++) {
        const uint64_t h = trained_bits((mw_net_kind)k);

        if (h != known[k])
            fail_msg("%s: 0x%016llx", mw_net_kind_name((mw_net_kind)k), (unsigned long long)h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(training_ends_in_recorded_bits) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
