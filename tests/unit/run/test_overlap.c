/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include "base/mem.h"
#include "run/overlap.h"
#include "support/stats.h"

static mw_rng stream(uint64_t seed)
{
    const mw_clip_key key = mw_clip_key_make(seed, "clip");

    return mw_rng_make(&key, "av.overlap", "place");
}

static void assert_tidy(const mw_spans *s, int64_t n)
{
    int64_t at = -1;

    for (size_t i = 0; i < s->n; i++) {
        assert_true(s->v[i].i0 > at && s->v[i].i1 > s->v[i].i0 && s->v[i].i1 <= n);
        at = s->v[i].i1;
    }
}

static void spans_are_sorted_cut_and_joined(void **state)
{
    mw_span v[] = { { 50, 60 }, { -5, 3 },   { 20, 20 },   { 3, 7 }, { 30, 40 },
                    { 35, 38 }, { 95, 200 }, { 300, 310 }, { 9, 8 } };
    mw_spans s = { v, 9 };

    (void)state;
    mw_spans_tidy(&s, 0, 100);
    assert_int_equal(s.n, 4);
    assert_true(v[0].i0 == 0 && v[0].i1 == 7);
    assert_true(v[1].i0 == 30 && v[1].i1 == 40);
    assert_true(v[2].i0 == 50 && v[2].i1 == 60);
    assert_true(v[3].i0 == 95 && v[3].i1 == 100);
    assert_int_equal(mw_spans_length(&s), 7 + 10 + 10 + 5);
}

static void a_complement_is_what_is_left(void **state)
{
    mw_span v[] = { { 0, 7 }, { 30, 40 }, { 95, 100 } };
    const mw_spans s = { v, 3 }, none = { NULL, 0 };
    mw_spans rest, whole;

    (void)state;
    assert_ok(mw_spans_complement(&rest, &s, 100, NULL));
    assert_int_equal(rest.n, 2);
    assert_true(rest.v[0].i0 == 7 && rest.v[0].i1 == 30);
    assert_true(rest.v[1].i0 == 40 && rest.v[1].i1 == 95);
    assert_int_equal(mw_spans_common(&rest, &s), 0);
    assert_ok(mw_spans_complement(&whole, &none, 100, NULL));
    assert_true(whole.n == 1 && whole.v[0].i0 == 0 && whole.v[0].i1 == 100);
    assert_int_equal(mw_spans_common(&rest, &whole), 23 + 55);
    mw_spans_clear(&rest);
    mw_spans_clear(&whole);
    assert_ok(mw_spans_complement(&rest, &(mw_spans){ (mw_span[]){ { 0, 10 } }, 1 }, 10, NULL));
    assert_int_equal(rest.n, 0);
    mw_spans_clear(&rest);
}

/* Damaged spans of a clip of n samples, by a plain generator. */
static mw_spans some_damage(unsigned seed, int64_t n, size_t count)
{
    mw_spans s = { mw_calloc(count, sizeof *s.v), count };

    for (size_t i = 0; i < count; i++) {
        seed = seed * 1103515245u + 12345u;
        s.v[i].i0 = (int64_t)(seed >> 8) % n;
        seed = seed * 1103515245u + 12345u;
        s.v[i].i1 = s.v[i].i0 + 1 + (int64_t)(seed >> 8) % (n / (int64_t)(3 * count) + 1);
    }
    mw_spans_tidy(&s, 0, n);
    return s;
}

static void the_wanted_share_falls_on_the_damage(void **state)
{
    static const double shares[] = { 0, 0.1, 0.25, 0.5, 1 / 3.0, 0.999, 1 };
    static const int64_t lengths[] = { 3, 100, 16001, 5000000 };

    (void)state;
    for (unsigned k = 0; k < 7 * 4 * 20; k++) {
        const double share = shares[k % 7];
        const int64_t n = lengths[k / 7 % 4];
        mw_spans damage = some_damage(k + 1, n, 1 + k / 28 % 7), noise;
        const int64_t total = mw_spans_length(&damage);
        mw_rng rng = stream(k);

        assert_ok(mw_overlap_place(&noise, &damage, n, share, &rng, NULL));
        assert_tidy(&noise, n);
        assert_true(mw_spans_common(&noise, &damage) == (int64_t)(share * (double)total + 0.5));
        if (n - total >= total) assert_true(mw_spans_length(&noise) == total);
        mw_spans_clear(&damage);
        mw_spans_clear(&noise);
    }
}

static void the_whole_share_is_the_damage_itself(void **state)
{
    mw_spans damage = some_damage(5, 100000, 6), noise;
    mw_rng rng = stream(1);

    (void)state;
    assert_ok(mw_overlap_place(&noise, &damage, 100000, 1, &rng, NULL));
    assert_int_equal(noise.n, damage.n);
    assert_memory_equal(noise.v, damage.v, damage.n * sizeof *damage.v);
    mw_spans_clear(&damage);
    mw_spans_clear(&noise);
}

/* Damage of 80 in 100: 20 are left outside. */
static void noise_that_finds_no_room_outside_is_shortened(void **state)
{
    mw_span v[] = { { 0, 30 }, { 40, 90 } };
    const mw_spans damage = { v, 2 };
    mw_spans noise;
    mw_rng rng = stream(1);

    (void)state;
    assert_ok(mw_overlap_place(&noise, &damage, 100, 0, &rng, NULL));
    assert_int_equal(mw_spans_length(&noise), 20);
    assert_int_equal(mw_spans_common(&noise, &damage), 0);
    mw_spans_clear(&noise);
    assert_ok(mw_overlap_place(&noise, &damage, 100, 0.5, &rng, NULL));
    assert_int_equal(mw_spans_common(&noise, &damage), 40);
    assert_int_equal(mw_spans_length(&noise), 60);
    mw_spans_clear(&noise);
    /* all of it damaged: nowhere to go */
    assert_ok(
        mw_overlap_place(&noise, &(mw_spans){ (mw_span[]){ { 0, 100 } }, 1 }, 100, 0, &rng, NULL));
    assert_int_equal(noise.n, 0);
    mw_spans_clear(&noise);
}

static void without_damage_there_is_no_noise(void **state)
{
    const mw_spans none = { NULL, 0 };
    mw_spans noise;
    mw_rng rng = stream(1);

    (void)state;
    assert_ok(mw_overlap_place(&noise, &none, 100, 0.5, &rng, NULL));
    assert_int_equal(noise.n, 0);
    mw_spans_clear(&noise);
}

/* One damaged span of 1000 at 5000 in 20000: a piece of 500 begins uniformly in the 501 places
 * inside; one of 1000 outside uniformly in the 18001 places of the room. */
static void places_are_uniform(void **state)
{
    enum { N = 4000 };
    static double inside[N], outside[N];
    mw_span v[] = { { 5000, 6000 } };
    const mw_spans damage = { v, 1 };

    (void)state;
    for (int k = 0; k < N; k++) {
        mw_rng rng = stream((uint64_t)k);
        mw_spans noise;
        int64_t first = 0;

        assert_ok(mw_overlap_place(&noise, &damage, 20000, 0.5, &rng, NULL));
        for (size_t i = 0; i < noise.n; i++)
            if (noise.v[i].i1 > 5000 && noise.v[i].i0 < 6000)
                first = noise.v[i].i0 > 5000 ? noise.v[i].i0 : 5000;
        inside[k] = ((double)first - 5000 + 0.5) / 501;
        mw_spans_clear(&noise);
        assert_ok(mw_overlap_place(&noise, &damage, 20000, 0, &rng, NULL));
        first = noise.v[0].i0 < 5000 ? noise.v[0].i0 : noise.v[0].i0 - 1000;
        outside[k] = ((double)first + 0.5) / 18001;
        mw_spans_clear(&noise);
    }
    assert_uniform("places outside", outside, N);
    assert_uniform("places inside", inside, N);
}

static void memory_running_out_is_told(void **state)
{
    mw_span v[] = { { 5, 60 } };
    const mw_spans damage = { v, 1 };

    (void)state;
    for (long at = 1; at < 10; at++) {
        mw_spans noise;
        mw_rng rng = stream(1);
        mw_status st;

        mw_mem_fail_at(at);
        st = mw_overlap_place(&noise, &damage, 100, 0.5, &rng, NULL);
        mw_mem_fail_at(0);
        if (st == MW_OK) {
            mw_spans_clear(&noise);
            assert_true(at > 4);
            break;
        }
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_null(noise.v);
    }
    assert_int_equal(mw_mem_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_sorted_cut_and_joined),
        cmocka_unit_test(a_complement_is_what_is_left),
        cmocka_unit_test(the_wanted_share_falls_on_the_damage),
        cmocka_unit_test(the_whole_share_is_the_damage_itself),
        cmocka_unit_test(noise_that_finds_no_room_outside_is_shortened),
        cmocka_unit_test(without_damage_there_is_no_noise),
        cmocka_unit_test(places_are_uniform),
        cmocka_unit_test(memory_running_out_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
