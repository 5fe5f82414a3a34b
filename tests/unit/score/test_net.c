/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

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
    static const struct {
        mw_net_kind kind;
        size_t n;
    } known[] = { { MW_NET_SCORE, 464267 },         { MW_NET_NOSCORE, 307205 },
                  { MW_NET_NOSCORE_PLAIN, 191749 }, { MW_NET_NOSCORE_MULTI, 464263 },
                  { MW_NET_PRODUCT, 464333 },       { MW_NET_AVREL, 652421 },
                  { MW_NET_GIVEN, 307209 },         { MW_NET_RELIABILITY, 273026 } };
    mw_net_config c;

    (void)state;
    mw_net_config_default(&c);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        c.kind = known[i].kind;
        assert_int_equal(trained_values(&c), known[i].n);
    }
    for (int k = MW_NET_EARLY; k < MW_N_NET_KINDS; k++) {
        c.kind = (mw_net_kind)k;
        print_message("# %s: %zu values\n", mw_net_kind_name(c.kind), trained_values(&c));
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_number_of_parameters_of_the_specification),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
