/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include "base/mem.h"
#include "corrupt/schedule.h"

typedef struct drawn {
    mw_ints start, count;
} drawn;

static drawn draw(const char *text, double fraction, int reference_step, int64_t n, uint64_t key)
{
    mw_rng r = mw_rng_from_key(key);
    mw_schedule s;
    drawn d;

    assert_ok(mw_schedule_parse(&s, text, NULL));
    s.fraction = fraction;
    s.reference_step = reference_step;
    assert_ok(mw_schedule_draw(&s, n, &r, &d.start, &d.count, NULL));
    assert_int_equal(d.start.n, d.count.n);
    return d;
}

static void drop(drawn *d)
{
    mw_free(d->start.v);
    mw_free(d->count.v);
}

static void texts_name_three_kinds(void **state)
{
    static const char *const bad[] = {
        "",           "Segment",       "segments",     "segments:",
        "segments:1", "segments:1001", "segments:2.5", "segments:-3",
        "interval ",  "segments:3x",   "segment:2",    "segments: 3"
    };
    mw_schedule s;
    mw_error err;

    (void)state;
    assert_ok(mw_schedule_parse(&s, "segment", NULL));
    assert_int_equal(s.kind, MW_SCHEDULE_SEGMENT);
    assert_int_equal(s.k, 1);
    assert_ok(mw_schedule_parse(&s, "segments:1000", NULL));
    assert_int_equal(s.kind, MW_SCHEDULE_SEGMENTS);
    assert_int_equal(s.k, 1000);
    assert_ok(mw_schedule_parse(&s, "interval", NULL));
    assert_int_equal(s.kind, MW_SCHEDULE_INTERVAL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (mw_schedule_parse(&s, bad[i], &err) != MW_ERR_RANGE) fail_msg("taken: '%s'", bad[i]);
        assert_string_equal(err.reason, "bad_option");
    }
}

/* reference-behaviour 3.3, freq 1: n = int(T p), start = randint(0, T - n). */
static void one_segment_follows_the_reference(void **state)
{
    static const double p[] = { 0, 0.001, 0.1, 0.29, 0.3, 0.5, 0.999, 1 };

    (void)state;
    for (int64_t t = 0; t <= 130; t++)
        for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
            const int64_t n = (int64_t)((double)t * p[k]);
            drawn d = draw("segment", p[k], 0, t, (uint64_t)t);

            assert_int_equal(d.start.n, n > 0);
            if (n) {
                assert_int_equal(d.count.v[0], n);
                assert_true(d.start.v[0] >= 0 && d.start.v[0] <= t - n);
            }
            drop(&d);
        }
    {
        drawn d = draw("segment", 0.29, 0, 100, 1); /* the truncated double product */

        assert_int_equal(d.count.v[0], 28);
        drop(&d);
    }
}

/* freq >= 2: L = T // freq, n = int(L p), start = randint(j L, (j + 1) L - n). */
static void several_segments_follow_the_reference(void **state)
{
    static const double p[] = { 0, 0.1, 0.29, 0.5, 1 };

    (void)state;
    for (int64_t k = 2; k <= 40; k += 3)
        for (int64_t t = 0; t <= 200; t += 7)
            for (size_t m = 0; m < sizeof p / sizeof *p; m++) {
                const int64_t part = t / k, n = (int64_t)((double)part * p[m]);
                char text[32];
                drawn d;

                snprintf(text, sizeof text, "segments:%lld", (long long)k);
                d = draw(text, p[m], 0, t, (uint64_t)(t * 100 + k));
                assert_int_equal(d.start.n, n ? k : 0);
                for (size_t j = 0; j < d.start.n; j++) {
                    assert_int_equal(d.count.v[j], n);
                    assert_true(d.start.v[j] >= (int64_t)j * part);
                    assert_true(d.start.v[j] + n <= (int64_t)(j + 1) * part);
                }
                drop(&d);
            }
}

/* freq 0: frames 0, k, 2 k ... below T with k = int(1 / p). */
static void the_reference_interval_steps_by_whole_frames(void **state)
{
    static const struct {
        double p;
        int64_t step;
    } cases[] = { { 0.1, 10 }, { 0.3, 3 }, { 0.6, 1 }, { 1, 1 }, { 0.29, 3 }, { 1e-300, 1000 } };

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (int64_t t = 0; t <= 60; t++) {
            drawn d = draw("interval", cases[k].p, 1, t, 1);

            assert_int_equal(d.start.n, (t + cases[k].step - 1) / cases[k].step);
            for (size_t i = 0; i < d.start.n; i++) {
                assert_int_equal(d.start.v[i], (int64_t)i * cases[k].step);
                assert_int_equal(d.count.v[i], 1);
            }
            drop(&d);
        }
}

/* round(T p) frames, each in the middle of one of as many equal parts. */
static void the_interval_spreads_the_rounded_share(void **state)
{
    (void)state;
    for (int64_t t = 0; t <= 300; t += 3)
        for (int percent = 0; percent <= 100; percent += 5) {
            const int64_t wanted = (int64_t)((double)t * percent / 100 + 0.5);
            drawn d = draw("interval", percent / 100.0, 0, t, 1);

            assert_true(llabs((int64_t)d.start.n - wanted) <= (t * percent % 100 == 50));
            for (size_t i = 0; i < d.start.n; i++) {
                assert_int_equal(d.count.v[i], 1);
                assert_true(d.start.v[i] >= 0 && d.start.v[i] < t);
                if (i) {
                    const int64_t gap = d.start.v[i] - d.start.v[i - 1],
                                  least = t / (int64_t)d.start.n;

                    assert_true(gap >= 1 && gap >= least && gap <= least + 1);
                }
            }
            drop(&d);
        }
}

static void intervals_draw_nothing(void **state)
{
    (void)state;
    for (int reference = 0; reference < 2; reference++) {
        drawn a = draw("interval", 0.3, reference, 50, 1),
              b = draw("interval", 0.3, reference, 50, 2);

        assert_int_equal(a.start.n, b.start.n);
        assert_memory_equal(a.start.v, b.start.v, a.start.n * sizeof *a.start.v);
        drop(&a);
        drop(&b);
    }
}

static void memory_running_out_is_told(void **state)
{
    mw_schedule s = { MW_SCHEDULE_SEGMENTS, 3, 0.5, 0 };
    mw_rng r = mw_rng_from_key(1);
    mw_ints a, b;

    (void)state;
    for (long at = 1; at <= 2; at++) {
        mw_mem_fail_at(at);
        assert_fails(mw_schedule_draw(&s, 100, &r, &a, &b, NULL), MW_ERR_NOMEM);
        mw_mem_fail_at(0);
        assert_true(!a.v && !b.v && !a.n && !b.n);
    }
    assert_int_equal(mw_mem_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_name_three_kinds),
        cmocka_unit_test(one_segment_follows_the_reference),
        cmocka_unit_test(several_segments_follow_the_reference),
        cmocka_unit_test(the_reference_interval_steps_by_whole_frames),
        cmocka_unit_test(the_interval_spreads_the_rounded_share),
        cmocka_unit_test(intervals_draw_nothing),
        cmocka_unit_test(memory_running_out_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
