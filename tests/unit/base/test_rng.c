/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/rng.h"

/* Known answers published with Random123 (kat_vectors, philox4x32 10). */
static void philox_gives_the_published_blocks(void **state)
{
    static const struct {
        uint32_t ctr[4], key[2], out[4];
    } kat[] = {
        { { 0 }, { 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { ~0u, ~0u, ~0u, ~0u },
          { ~0u, ~0u },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof kat / sizeof *kat; i++) {
        uint32_t out[4];

        mw_philox4x32(out, kat[i].ctr, kat[i].key);
        assert_memory_equal(out, kat[i].out, sizeof out);
    }
}

/* hashlib.sha256(b"20250101\0synthAAAA01_1").hexdigest()[:32] */
static void clip_key_is_the_hash_of_seed_and_id(void **state)
{
    static const uint8_t expected[16] = { 0xa3, 0x39, 0x62, 0xbb, 0xb4, 0x9a, 0x52, 0x2d,
                                          0xdc, 0x9e, 0x62, 0x55, 0x7d, 0xbc, 0x95, 0x3b };
    const mw_clip_key key = mw_clip_key_make(20250101, "synthAAAA01_1");

    (void)state;
    assert_memory_equal(key.byte, expected, sizeof expected);
}

static void streams_differ_by_clip_operation_and_purpose(void **state)
{
    const mw_clip_key a = mw_clip_key_make(1, "a"), b = mw_clip_key_make(1, "b");
    const mw_clip_key c = mw_clip_key_make(2, "a");
    mw_rng r[] = { mw_rng_make(&a, "op", "x"), mw_rng_make(&a, "op", "y"),
                   mw_rng_make(&a, "o", "px"), mw_rng_make(&b, "op", "x"),
                   mw_rng_make(&c, "op", "x") };
    mw_rng again = mw_rng_make(&a, "op", "x");
    uint64_t v[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        v[i] = mw_rng_u64(&r[i]);
        for (size_t j = 0; j < i; j++)
            assert_true(v[i] != v[j]);
    }
    assert_true(v[0] == mw_rng_u64(&again));
}

/* Chi-square over 10 cells, 1e5 draws: 99.99 % point of 9 degrees of freedom is 33.7. */
static void integers_are_uniform_and_within_bounds(void **state)
{
    mw_rng r = mw_rng_from_key(7);
    double count[10] = { 0 }, chi = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        const int64_t v = mw_rng_int(&r, -4, 5);

        assert_in_range(v + 4, 0, 9);
        count[v + 4]++;
    }
    for (int i = 0; i < 10; i++)
        chi += (count[i] - 1e4) * (count[i] - 1e4) / 1e4;
    assert_true(chi < 33.7);
    assert_int_equal(mw_rng_int(&r, INT64_MAX, INT64_MAX), INT64_MAX);
    mw_rng_int(&r, INT64_MIN, INT64_MAX - 1);
}

static void unit_draws_have_the_moments_of_the_uniform(void **state)
{
    mw_rng r = mw_rng_from_key(8);
    double sum = 0, sum2 = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        const double u = mw_rng_unit(&r);

        assert_true(u >= 0 && u < 1);
        sum += u;
        sum2 += u * u;
    }
    assert_true(fabs(sum / 1e5 - 0.5) < 5e-3);
    assert_true(fabs(sum2 / 1e5 - 1.0 / 3) < 5e-3);
}

static void weights_of_zero_are_never_picked(void **state)
{
    const double weight[] = { 0, 3, 0, 1, 0 };
    mw_rng r = mw_rng_from_key(9);
    int count[5] = { 0 };

    (void)state;
    for (int i = 0; i < 40000; i++)
        count[mw_rng_pick(&r, weight, 5)]++;
    assert_int_equal(count[0] + count[2] + count[4], 0);
    assert_in_range(count[1], 29500, 30500);
}

static void samples_are_distinct(void **state)
{
    mw_rng r = mw_rng_from_key(10);
    int64_t out[8];

    (void)state;
    for (int t = 0; t < 200; t++) {
        mw_rng_sample(&r, 8, out, 8);
        for (int i = 0; i < 8; i++)
            for (int j = 0; j < i; j++)
                assert_true(out[i] != out[j] && out[i] >= 0 && out[i] < 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_blocks),
        cmocka_unit_test(clip_key_is_the_hash_of_seed_and_id),
        cmocka_unit_test(streams_differ_by_clip_operation_and_purpose),
        cmocka_unit_test(integers_are_uniform_and_within_bounds),
        cmocka_unit_test(unit_draws_have_the_moments_of_the_uniform),
        cmocka_unit_test(weights_of_zero_are_never_picked),
        cmocka_unit_test(samples_are_distinct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
