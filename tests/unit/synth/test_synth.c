/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters, recipe and plan of synthetic clips.
 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "synth/synth.h"

static mw_synth_params typical(void)
{
    mw_synth_params p;

    mw_synth_params_default(&p, 1, 0, 0, 0.0);
    return p;
}

static void refuse(const mw_synth_params *p, const char *field)
{
    mw_synth *s = (mw_synth *)1;
    mw_error err = { 0 };

    assert_int_equal(mw_synth_create(&s, p, &err), MW_ERR_RANGE);
    assert_null(s);
    assert_string_equal(err.reason, "bad_synth");
    if (!strstr(err.message, field)) fail_msg("\"%s\" does not name %s", err.message, field);
}

static void refuses_each_parameter_out_of_range_by_name(void **state)
{
    mw_synth_params p;

    (void)state;
#define REFUSE(field, value)                                                                       \
    do {                                                                                           \
        p = typical();                                                                             \
        p.field = value;                                                                           \
        refuse(&p, #field);                                                                        \
    } while (0)
    REFUSE(clip, -1);
    REFUSE(speaker, -1);
    REFUSE(speaker, MW_SYNTH_N_SPEAKERS);
    REFUSE(label, 3.1);
    REFUSE(label, (double)NAN);
    REFUSE(truth, -3.1);
    REFUSE(voice.valence, 1.01);
    REFUSE(voice.arousal, -1.01);
    REFUSE(voice.strength, 2.1);
    REFUSE(voice.on_s, -0.1);
    REFUSE(voice.off_s, -0.1);
    REFUSE(face.valence, (double)NAN);
    REFUSE(face.arousal, 2);
    REFUSE(face.strength, -0.1);
    REFUSE(face.on_s, (double)INFINITY);
    REFUSE(face.off_s, (double)NAN);
    REFUSE(duration_s, 0.1);
    REFUSE(duration_s, 601);
    REFUSE(duration_s, (double)NAN);
    REFUSE(width, 63);
    REFUSE(width, 4097);
    REFUSE(height, 0);
    REFUSE(fps, 0.5);
    REFUSE(fps, 241);
    REFUSE(rate_hz, 7999);
    REFUSE(rate_hz, 96000);
    REFUSE(nuisance, 2.5);
#undef REFUSE
}

static void refuses_a_recipe_out_of_range_by_name(void **state)
{
    mw_synth_params p = typical();
    mw_synth_recipe r;
    mw_error err;

    (void)state;
#define REFUSE(field, value)                                                                       \
    do {                                                                                           \
        mw_synth_recipe_default(&r);                                                               \
        r.field = value;                                                                           \
        assert_int_equal(mw_synth_draw(&p, NULL, 1, 0, &r, &err), MW_ERR_RANGE);                   \
        assert_non_null(strstr(err.message, #field));                                              \
    } while (0)
    REFUSE(annotators, 0);
    REFUSE(conflict, 1.5);
    REFUSE(cue_noise, (double)NAN);
    REFUSE(face_share_lo, 0);
    REFUSE(face_share_hi, 0.2);
    REFUSE(clips_per_speaker, 0);
#undef REFUSE
    mw_synth_recipe_default(&r);
    assert_int_equal(mw_synth_draw(&p, NULL, 1, -1, &r, &err), MW_ERR_RANGE);
    assert_non_null(strstr(err.message, "index"));
}

static void a_draw_depends_on_seed_and_index_only(void **state)
{
    mw_synth_params a = typical(), b = typical(), c = typical(), d = typical();
    mw_synth_recipe r;

    (void)state;
    mw_synth_recipe_default(&r);
    assert_ok(mw_synth_draw(&a, NULL, 5, 17, &r, NULL));
    assert_ok(mw_synth_draw(&c, NULL, 5, 18, &r, NULL));
    assert_ok(mw_synth_draw(&d, NULL, 6, 17, &r, NULL));
    assert_ok(mw_synth_draw(&b, NULL, 5, 17, &r, NULL));
    assert_true(a.truth == b.truth && a.label == b.label && a.speaker == b.speaker);
    assert_memory_equal(&a.voice, &b.voice, sizeof a.voice);
    assert_memory_equal(&a.face, &b.face, sizeof a.face);
    assert_int_equal(a.speaker, 2);
    assert_int_equal(c.speaker, 3);
    assert_true(a.truth != c.truth);
    assert_true(a.truth != d.truth);
}

static double correlation(const double *x, const double *y, int n)
{
    double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;

    for (int i = 0; i < n; i++) {
        sx += x[i];
        sy += y[i];
    }
    for (int i = 0; i < n; i++) {
        const double a = x[i] - sx / n, b = y[i] - sy / n;

        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    return xy / sqrt(xx * yy);
}

#define N_DRAWS 3000

/* Reference values of the recipe, from 300 clips of an independent program: standard deviation of
 * the label 1.40, mean distance from the constant 1.163, correlation 0.839 and 0.843 with one cue.
 */
static void labels_and_cues_have_the_statistics_of_the_recipe(void **state)
{
    static double label[N_DRAWS], voice[N_DRAWS], face[N_DRAWS];
    double mean = 0, var = 0, both = 0;
    mw_synth_recipe r;

    (void)state;
    mw_synth_recipe_default(&r);
    for (int i = 0; i < N_DRAWS; i++) {
        mw_synth_params p = typical();
        mw_synth_latents l;

        assert_ok(mw_synth_draw(&p, &l, 3, i, &r, NULL));
        label[i] = p.label;
        voice[i] = l.cue_voice;
        face[i] = l.cue_face;
        mean += p.label / N_DRAWS;
        assert_true(fabs(p.label * 5 - floor(p.label * 5 + 0.5)) < 1e-9);
        assert_true(fabs(p.voice.valence - l.cue_voice / 3) < 1e-12);
        assert_true(p.voice.on_s >= 0 && p.voice.off_s <= p.duration_s + 1e-9);
        assert_true(fabs(p.voice.off_s - p.voice.on_s - 1.5) < 1e-9);
        both = (p.face.off_s - p.face.on_s) / p.duration_s;
        assert_true(both > 0.299 && both < 0.501);
        assert_true(p.face.on_s >= 0 && p.face.off_s <= p.duration_s + 1e-9);
    }
    for (int i = 0; i < N_DRAWS; i++)
        var += (label[i] - mean) * (label[i] - mean) / N_DRAWS;
    print_message("# mean %.3f sd %.3f corr voice %.3f face %.3f\n", mean, sqrt(var),
                  correlation(voice, label, N_DRAWS), correlation(face, label, N_DRAWS));
    assert_true(fabs(mean) < 0.1);
    assert_true(fabs(sqrt(var) - 1.40) < 0.08);
    assert_true(fabs(correlation(voice, label, N_DRAWS) - 0.84) < 0.03);
    assert_true(fabs(correlation(face, label, N_DRAWS) - 0.84) < 0.03);
}

static void conflict_turns_the_face_against_the_voice(void **state)
{
    int n = 0;
    mw_synth_recipe r;

    (void)state;
    mw_synth_recipe_default(&r);
    r.conflict = 0.1;
    for (int i = 0; i < N_DRAWS; i++) {
        mw_synth_params p = typical();
        mw_synth_latents l;

        assert_ok(mw_synth_draw(&p, &l, 4, i, &r, NULL));
        if (!l.conflict) continue;
        n++;
        assert_true(l.cue_face == -l.cue_voice);
        assert_true(p.truth == l.cue_face);
    }
    assert_in_range(n, N_DRAWS / 10 - 60, N_DRAWS / 10 + 60);
}

static void segments_cover_the_clip_without_gaps(void **state)
{
    static const double length_s[] = { 0.2, 0.7, 1.0, 4.5, 31.3 };

    (void)state;
    for (size_t i = 0; i < sizeof length_s / sizeof length_s[0]; i++) {
        mw_synth_params p = typical();
        mw_synth *s = NULL;
        double end_s = 0;
        size_t n, n_vowels = 0;
        const mw_synth_segment *g;

        p.duration_s = length_s[i];
        p.clip = (int64_t)i;
        assert_ok(mw_synth_create(&s, &p, NULL));
        g = mw_synth_plan(s, &n);
        for (size_t k = 0; k < n; k++) {
            assert_true(fabs(g[k].start_s - end_s) < 1e-9);
            assert_true(g[k].dur_s > 0);
            assert_int_equal(g[k].syllable < 0, g[k].sound == MW_SOUND_PAUSE);
            n_vowels += g[k].sound == MW_SOUND_VOWEL;
            end_s = g[k].start_s + g[k].dur_s;
        }
        assert_true(fabs(end_s - p.duration_s) < 1e-9);
        assert_true((double)n_vowels > 1.5 * p.duration_s);
        mw_synth_destroy(&s);
        assert_null(s);
    }
}

static void classes_are_the_quadrants(void **state)
{
    (void)state;
    assert_string_equal(mw_synth_class_name(mw_synth_classify(0.1, -0.1)), "neutral");
    assert_string_equal(mw_synth_class_name(mw_synth_classify(0.5, 0.5)), "happy");
    assert_string_equal(mw_synth_class_name(mw_synth_classify(0.5, -0.5)), "calm");
    assert_string_equal(mw_synth_class_name(mw_synth_classify(-0.5, -0.5)), "sad");
    assert_string_equal(mw_synth_class_name(mw_synth_classify(-0.5, 0.5)), "angry");
}

static void running_out_of_memory_is_reported_and_leaks_nothing(void **state)
{
    const mw_synth_params p = typical();
    const long live = mw_mem_live();
    mw_status st = MW_ERR_NOMEM;
    long n;

    (void)state;
    for (n = 1; st != MW_OK; n++) {
        mw_synth *s = NULL;

        mw_mem_fail_at(n);
        st = mw_synth_create(&s, &p, NULL);
        mw_mem_fail_at(0);
        assert_true(st == MW_OK || st == MW_ERR_NOMEM);
        assert_int_equal(s != NULL, st == MW_OK);
        mw_synth_destroy(&s);
        assert_int_equal(mw_mem_live(), live);
    }
    assert_true(n > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_each_parameter_out_of_range_by_name),
        cmocka_unit_test(refuses_a_recipe_out_of_range_by_name),
        cmocka_unit_test(a_draw_depends_on_seed_and_index_only),
        cmocka_unit_test(labels_and_cues_have_the_statistics_of_the_recipe),
        cmocka_unit_test(conflict_turns_the_face_against_the_voice),
        cmocka_unit_test(segments_cover_the_clip_without_gaps),
        cmocka_unit_test(classes_are_the_quadrants),
        cmocka_unit_test(running_out_of_memory_is_reported_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
