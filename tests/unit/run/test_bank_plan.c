/* SPDX-License-Identifier: Apache-2.0
 *
 * What variants a clip of a bank gets, and the reliability that its rows are said to have.
 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "run/bank_media.h"
#include "run/bank_plan.h"

#define N_CLIPS 400

typedef struct fixture {
    mw_bank_plan_options o;
    mw_bank_plan plan;
} fixture;

static void open_with(fixture *f, const char *heldout, int grid)
{
    assert_ok(mw_opt_defaults(mw_bank_plan_table, &f->o, 0, NULL));
    assert_ok(mw_opt_set(mw_opt_find(mw_bank_plan_table, "heldout"), &f->o, heldout, NULL));
    f->o.grid = grid;
    assert_ok(mw_bank_plan_make(&f->plan, &f->o, NULL));
}

static void close_fixture(fixture *f)
{
    mw_opt_clear(mw_bank_plan_table, &f->o);
}

static mw_clip_key key_of(int clip)
{
    char id[16];

    snprintf(id, sizeof id, "clip%d", clip);
    return mw_clip_key_make(1, id);
}

static mw_bank_spec *specs_of(const fixture *f, mw_split split, char letter, int clip, size_t *n)
{
    const mw_clip_key key = key_of(clip);
    mw_bank_spec *specs;

    assert_ok(mw_bank_plan_specs(&f->plan, split, letter, &key, &specs, n, NULL));
    return specs;
}

/* ---- what is drawn ---- */

static void training_and_validation_never_show_what_is_held_out(void **state)
{
    static const char *const heldout[] = { "music,hand", "babble,white,noise", "mute,object,blur" };

    (void)state;
    for (int h = 0; h < 3; h++) {
        fixture f;
        int seen[MW_N_HARMS] = { 0 };

        open_with(&f, heldout[h], MW_GRID_FULL);
        for (int clip = 0; clip < N_CLIPS; clip++)
            for (int s = 0; s < 4; s++) {
                size_t n;
                mw_bank_spec *specs =
                    specs_of(&f, s & 1 ? MW_TRAIN : MW_VALID, s & 2 ? 'a' : 'v', clip, &n);

                for (size_t i = 0; i < n; i++) {
                    assert_false(f.plan.heldout[specs[i].harm]);
                    seen[specs[i].harm]++;
                }
                mw_free(specs);
            }
        for (int k = 0; k < MW_N_HARMS; k++)
            assert_int_equal(seen[k] == 0, f.plan.heldout[k]); /* all others are shown */
        close_fixture(&f);
    }
}

static void the_heldout_mix_shows_nothing_else(void **state)
{
    fixture f;
    int n_damaged = 0;

    (void)state;
    open_with(&f, "music,hand", MW_GRID_NONE);
    for (int clip = 0; clip < N_CLIPS; clip++)
        for (int m = 0; m < 2; m++) {
            size_t n;
            mw_bank_spec *specs = specs_of(&f, MW_TEST, m ? 'a' : 'v', clip, &n);

            assert_int_equal(n, 2);
            assert_string_equal(specs[0].name, "mixed-seen");
            assert_string_equal(specs[1].name, "mixed-heldout");
            assert_false(f.plan.heldout[specs[0].harm]);
            assert_true(specs[1].harm == MW_HARM_NONE || f.plan.heldout[specs[1].harm]);
            n_damaged += specs[1].harm != MW_HARM_NONE;
            mw_free(specs);
        }
    assert_true(n_damaged > N_CLIPS && n_damaged < 1.4 * N_CLIPS); /* 0.6 of both */
    close_fixture(&f);
}

/* Counts of training mixes of one modality. */
typedef struct tally {
    double n, damaged, harm[MW_N_HARMS], level_min, level_max, level_sum, share[3], stretches[4];
} tally;

static void count_spec(tally *t, const mw_bank_spec *s)
{
    double share = 0, at = 0;

    t->n++;
    if (s->harm == MW_HARM_NONE) {
        assert_true(isnan(s->level));
        assert_int_equal(s->n_stretches, 0);
        return;
    }
    t->damaged++;
    t->harm[s->harm]++;
    for (int k = 0; k < s->n_stretches; k++) {
        assert_true(s->from[k] >= at - 1e-12 && s->to[k] > s->from[k] && s->to[k] <= 1 + 1e-12);
        at = s->to[k];
        share += s->to[k] - s->from[k];
    }
    t->share[fabs(share - 0.4) < 1e-9 ? 0 : fabs(share - 0.7) < 1e-9 ? 1 : 2]++;
    assert_true(fabs(share - 0.4) < 1e-9 || fabs(share - 0.7) < 1e-9 || fabs(share - 1) < 1e-9);
    t->stretches[s->n_stretches]++;
    if (s->harm == MW_HARM_MUTE) {
        assert_true(fabs(s->level - share) < 1e-9);
        return;
    }
    t->level_min = fmin(t->level_min, s->level);
    t->level_max = fmax(t->level_max, s->level);
    t->level_sum += s->level;
}

static tally tally_of(const fixture *f, char letter)
{
    tally t = { .level_min = INFINITY, .level_max = -INFINITY };

    for (int clip = 0; clip < N_CLIPS; clip++) {
        size_t n;
        mw_bank_spec *specs = specs_of(f, MW_TRAIN, letter, clip, &n);

        assert_int_equal(n, 5);
        for (size_t i = 0; i < n; i++)
            count_spec(&t, &specs[i]);
        mw_free(specs);
    }
    return t;
}

/* 2000 draws: the bounds are five standard deviations away. */
static void mixes_are_spread_as_documented(void **state)
{
    fixture f;

    (void)state;
    open_with(&f, "music,hand", MW_GRID_FULL);
    for (int m = 0; m < 2; m++) {
        const tally t = tally_of(&f, m ? 'v' : 'a');
        const double lo = m ? 0.2 : -8, hi = m ? 0.9 : 15;
        const double levelled = t.damaged - t.harm[MW_HARM_MUTE];

        assert_true(fabs(t.damaged / t.n - 0.6) < 0.055);
        for (int h = 1; h < MW_N_HARMS; h++)
            if (mw_harm_info_of[h].letter == (m ? 'v' : 'a') && !f.plan.heldout[h])
                assert_true(fabs(t.harm[h] / t.damaged - 0.25) < 0.065);
        for (int k = 0; k < 3; k++)
            assert_true(fabs(t.share[k] / t.damaged - 1.0 / 3) < 0.07);
        /* a share of 1 is one stretch: 1/3 + 2/9, 2/9, 2/9 */
        assert_true(fabs(t.stretches[1] / t.damaged - 5.0 / 9) < 0.075);
        assert_true(fabs(t.stretches[3] / t.damaged - 2.0 / 9) < 0.065);
        assert_true(t.level_min >= lo && t.level_min < lo + 0.02 * (hi - lo));
        assert_true(t.level_max <= hi && t.level_max > hi - 0.02 * (hi - lo));
        assert_true(fabs(t.level_sum / levelled - 0.5 * (lo + hi)) < 0.05 * (hi - lo));
    }
    close_fixture(&f);
}

static void the_same_key_draws_the_same_whatever_the_other_options(void **state)
{
    fixture f, other;
    size_t n, n_other, n_differ = 0;

    (void)state;
    open_with(&f, "music,hand", MW_GRID_FULL);
    open_with(&other, "music,hand", MW_GRID_SMALL);
    other.o.mixes = 3;
    for (int clip = 0; clip < 20; clip++) {
        mw_bank_spec *a = specs_of(&f, MW_TRAIN, 'a', clip, &n);
        mw_bank_spec *b = specs_of(&other, MW_TRAIN, 'a', clip, &n_other);

        assert_int_equal(n_other, 3);
        assert_memory_equal(a, b, n_other * sizeof *a);
        mw_free(b);
        b = specs_of(&f, MW_TRAIN, 'a', clip + 20, &n_other);
        n_differ += a[0].harm != b[0].harm || a[0].level != b[0].level;
        mw_free(b);
        mw_free(a);
    }
    assert_true(n_differ > 12); /* both clean: 0.16 */
    close_fixture(&f);
    close_fixture(&other);
}

/* ---- conditions ---- */

static int has_variant(const fixture *f, mw_split split, char letter, const char *name)
{
    size_t n;
    mw_bank_spec *specs = specs_of(f, split, letter, 1, &n);
    int found = !*name;

    for (size_t i = 0; i < n; i++)
        found |= !strcmp(specs[i].name, name);
    mw_free(specs);
    return found;
}

static void conditions_name_variants_that_exist(void **state)
{
    static const size_t want[] = { [MW_GRID_FULL] = 1 + 5 + 2 + 23 + 25 + 50,
                                   [MW_GRID_SMALL] = 1 + 5 + 2 + 9 + 10 + 8,
                                   [MW_GRID_NONE] = 1 + 5 + 2 };

    (void)state;
    for (int grid = MW_GRID_FULL; grid <= MW_GRID_NONE; grid++) {
        mw_bank_condition *list;
        fixture f;
        size_t n;

        open_with(&f, "music,hand", grid);
        assert_ok(mw_bank_plan_conditions(&f.plan, &list, &n, NULL));
        assert_int_equal(n, want[grid]);
        for (size_t i = 0; i < n; i++) {
            const mw_split split = strcmp(list[i].block, "train") ? MW_TEST : MW_TRAIN;

            assert_true(has_variant(&f, split, 'a', list[i].variant[0]));
            assert_true(has_variant(&f, split, 'v', list[i].variant[1]));
            assert_string_equal(list[i].variant[2], "");
            for (size_t k = 0; k < i; k++)
                assert_string_not_equal(list[i].id, list[k].id);
            assert_int_equal(list[i].heldout, strstr(list[i].id, "music") ||
                                                  strstr(list[i].id, "hand") ||
                                                  strstr(list[i].id, "heldout"));
        }
        assert_true(has_variant(&f, MW_VALID, 'a', "mixed-seen"));
        mw_free(list);
        close_fixture(&f);
    }
}

static void cells_are_whole_clips_at_their_level(void **state)
{
    fixture f;
    size_t n;
    mw_bank_spec *specs;
    int found = 0;

    (void)state;
    open_with(&f, "music,hand", MW_GRID_FULL);
    specs = specs_of(&f, MW_TEST, 'a', 3, &n);
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(specs[i].name, "babble_-5")) {
            found++;
            assert_true(specs[i].level == -5 && specs[i].n_stretches == 1);
            assert_true(specs[i].from[0] == 0 && specs[i].to[0] == 1);
        }
        if (!strcmp(specs[i].name, "mute_0.4")) {
            found++;
            assert_int_equal(specs[i].n_stretches, 2);
            assert_true(fabs(specs[i].to[0] - specs[i].from[0] - 0.2) < 1e-12);
        }
    }
    assert_int_equal(found, 2);
    mw_free(specs);
    close_fixture(&f);
}

static void a_forced_plan_overrides_the_split(void **state)
{
    fixture f;
    size_t n;

    (void)state;
    open_with(&f, "", MW_GRID_FULL);
    f.o.plan = MW_PLAN_CLEAN;
    mw_free(specs_of(&f, MW_TEST, 'a', 1, &n));
    assert_int_equal(n, 0);
    f.o.plan = MW_PLAN_VALID;
    mw_free(specs_of(&f, MW_TRAIN, 'v', 1, &n));
    assert_int_equal(n, 1);
    close_fixture(&f);
}

static void refuses_kinds_it_does_not_know_and_empty_intervals(void **state)
{
    fixture f;
    mw_error err = { 0 };

    (void)state;
    open_with(&f, "", MW_GRID_FULL);
    assert_ok(mw_opt_set(mw_opt_find(mw_bank_plan_table, "heldout"), &f.o, "music,shout", NULL));
    assert_int_equal(mw_bank_plan_make(&f.plan, &f.o, &err), MW_ERR_RANGE);
    assert_non_null(strstr(err.message, "'shout'"));
    assert_ok(mw_opt_set(mw_opt_find(mw_bank_plan_table, "heldout"), &f.o, "", NULL));
    f.o.snr_max = -20;
    assert_int_equal(mw_bank_plan_make(&f.plan, &f.o, &err), MW_ERR_RANGE);
    close_fixture(&f);
}

/* ---- truth ---- */

static void near(double x, double want)
{
    assert_true(fabs(x - want) < 1e-12);
}

static void reliability_of_sound_is_worked_out_by_hand(void **state)
{
    (void)state;
    near(mw_reliability_of_snr(-5), 0);
    near(mw_reliability_of_snr(-30), 0);
    near(mw_reliability_of_snr(0), 0.25);
    near(mw_reliability_of_snr(5), 0.5);
    near(mw_reliability_of_snr(15), 1);
    near(mw_reliability_of_snr(40), 1);
    near(mw_sound_reliability(0, 0), 1);
    near(mw_sound_reliability(1, 0.25), 0.25);
    near(mw_sound_reliability(0.5, 0.25), 0.625);
    near(mw_sound_reliability(1, 0), 0);
}

static void reliability_of_pictures_is_worked_out_by_hand(void **state)
{
    (void)state;
    near(mw_picture_reliability(0, 0, 0), 1);
    near(mw_picture_reliability(0.3, 0, 0), 0.7);
    near(mw_picture_reliability(0.5, 0.5, 0.5), 0.125);
    near(mw_picture_reliability(0.2, 0.1, 0), 0.72);
    near(mw_picture_reliability(1.2, 0, 0), 0);
    near(mw_picture_reliability(0, 3, 0), 0);
    near(mw_picture_reliability(0, 0, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_and_validation_never_show_what_is_held_out),
        cmocka_unit_test(the_heldout_mix_shows_nothing_else),
        cmocka_unit_test(mixes_are_spread_as_documented),
        cmocka_unit_test(the_same_key_draws_the_same_whatever_the_other_options),
        cmocka_unit_test(conditions_name_variants_that_exist),
        cmocka_unit_test(cells_are_whole_clips_at_their_level),
        cmocka_unit_test(a_forced_plan_overrides_the_split),
        cmocka_unit_test(refuses_kinds_it_does_not_know_and_empty_intervals),
        cmocka_unit_test(reliability_of_sound_is_worked_out_by_hand),
        cmocka_unit_test(reliability_of_pictures_is_worked_out_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
