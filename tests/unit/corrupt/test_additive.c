/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "corrupt/audio/additive.h"
#include "dsp/mix.h"
#include "support/ops.h"
#include "support/sounds.h"

#define RATE 16000

static const mw_op *const op = &mw_op_audio_additive;

/* Default options with "name=value" settings, blank-separated; free with drop_options. */
static mw_additive_options *options_with(const char *settings)
{
    mw_additive_options *o = ops_options(op, 0);
    char copy[512];

    snprintf(copy, sizeof copy, "%s", settings);
    for (char *s = strtok(copy, " "); s; s = strtok(NULL, " ")) {
        char *value = strchr(s, '=');
        const mw_opt *row;

        *value++ = 0;
        row = mw_opt_find(op->info.options, s);
        if (!row) fail_msg("no option %s", s);
        assert_ok(mw_opt_set(row, o, value, NULL));
    }
    return o;
}

static void drop_options(mw_additive_options *o)
{
    ops_free(op->info.options, o);
}

static mw_status draw(const mw_additive_options *o, int64_t n, uint64_t seed,
                      mw_additive_decision *d, mw_error *err)
{
    const mw_draw_info info = {
        .n = n, .rate_hz = RATE, .files = ops_files, .n_files = ops_n_files
    };
    const mw_clip_key key = mw_clip_key_make(seed, "clip");

    memset(d, 0, sizeof *d);
    return op->draw(o, &info, &key, "", 0, d, err);
}

static void drop(mw_additive_decision *d)
{
    mw_opt_clear(op->info.drawn, d);
}

/* ---- gaps ---- */

static int64_t at_least(int64_t x, int64_t least)
{
    return x > least ? x : least;
}

/* The number of gaps is the first draw of its stream and capped only for the shortest clips, so
 * every number that explains what was drawn is tried: reference-behaviour 2.1 step 6, and A4 for
 * clips where the reference fails. */
static int fits_law(const mw_additive_decision *d, int64_t n, int64_t count)
{
    int64_t lo = 800, hi = at_least(n / count / 2, 801), kept = count, sum = 0;

    if (n - hi + 1 < count) {
        lo = at_least(n / 16, 1);
        hi = at_least(n / (2 * count), lo);
        if (kept > n - hi + 1) kept = n - hi + 1;
    }
    if ((int64_t)d->gap_start_samples.n > kept) return 0;
    for (size_t i = 0; i < d->gap_start_samples.n; i++) {
        const int64_t at = d->gap_start_samples.v[i], length = d->gap_length_samples.v[i];

        if (at < 0 || at > n - hi || length < lo || length > hi) return 0;
        for (size_t k = 0; k < i; k++)
            if (d->gap_start_samples.v[k] == at) return 0;
        sum += length;
    }
    /* fewer only where the gaps could have covered all */
    return (int64_t)d->gap_start_samples.n == kept || sum + hi >= n;
}

static void check_gaps(const mw_additive_options *o, int64_t n, uint64_t seed)
{
    mw_additive_decision d;
    int fits = 0;

    assert_ok(draw(o, n, seed, &d, NULL));
    assert_int_equal(d.gap_start_samples.n, d.gap_length_samples.n);
    for (int64_t count = 1; count <= 5 && !fits; count++)
        fits = fits_law(&d, n, count);
    if (!fits) fail_msg("%d samples, seed %d: gaps against the law", (int)n, (int)seed);
    drop(&d);
}

static void gaps_follow_the_reference_at_every_length(void **state)
{
    mw_additive_options *o = options_with("weight-white=1");

    (void)state;
    for (int64_t n = 1; n <= 2000; n++)
        for (uint64_t seed = 1; seed <= 5; seed++)
            check_gaps(o, n, seed);
    for (int64_t n = 2001; n < 3000000; n = n * 4 / 3)
        for (uint64_t seed = 1; seed <= 20; seed++)
            check_gaps(o, n, seed);
    drop_options(o);
}

static void no_gaps_when_none_are_asked_for(void **state)
{
    mw_additive_options *o = options_with("gaps=0");
    mw_additive_decision d;

    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        assert_ok(draw(o, 50000, seed, &d, NULL));
        assert_int_equal(d.gap_start_samples.n, 0);
        drop(&d);
    }
    drop_options(o);
}

/* Gaps have their own stream: what noise is chosen does not move them, nor another attempt. */
static void gaps_do_not_depend_on_the_choice_of_noise(void **state)
{
    mw_additive_options *a = options_with("weight-white=1"),
                        *b = options_with("noise-select=file weight-white=0");
    mw_additive_decision p, q;

    (void)state;
    assert_ok(draw(a, 50000, 3, &p, NULL));
    assert_ok(draw(b, 50000, 3, &q, NULL));
    assert_int_equal(p.gap_start_samples.n, q.gap_start_samples.n);
    assert_memory_equal(p.gap_start_samples.v, q.gap_start_samples.v,
                        p.gap_start_samples.n * sizeof(int64_t));
    drop(&p);
    drop(&q);
    drop_options(a);
    drop_options(b);
}

/* ---- choice of noise ---- */

static void offsets_stay_inside_the_recordings(void **state)
{
    static const char *const modes[] = {
        "noise-select=category", "noise-select=file", "noise-select=file crossfade=0",
        "weight-babble=1 weight-speech=0 weight-music=0 weight-noise=0"
    };

    (void)state;
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
        mw_additive_options *o = options_with(modes[m]);

        for (int64_t n = 1; n < 300000; n = n * 3 + 1)
            for (uint64_t seed = 1; seed <= 40; seed++) {
                mw_additive_decision d;

                assert_ok(draw(o, n, seed, &d, NULL));
                assert_int_equal(d.files.n, d.offset_samples.n);
                assert_true(d.files.n >= 1);
                if (d.kind == MW_NOISE_BABBLE) assert_in_range(d.files.n, 3, 7);
                for (size_t i = 0; i < d.files.n; i++) {
                    int64_t length = 0;

                    for (size_t k = 0; k < ops_n_files; k++)
                        if (!strcmp(ops_files[k].path, d.files.v[i])) {
                            length = ops_files[k].n;
                            if (d.kind != MW_NOISE_BABBLE)
                                assert_int_equal(ops_files[k].category, d.kind);
                            else
                                assert_int_equal(ops_files[k].category, MW_NOISE_SPEECH);
                        }
                    assert_true(length > 0);
                    assert_true(d.offset_samples.v[i] >= 0 && d.offset_samples.v[i] <= length);
                    if (length >= n) assert_true(d.offset_samples.v[i] + n <= length);
                }
                drop(&d);
            }
        drop_options(o);
    }
}

static void without_a_usable_kind_the_draw_fails(void **state)
{
    static const char *const modes[] = { "weight-speech=0 weight-music=0 weight-noise=0",
                                         "noise-select=file", "weight-babble=1",
                                         "noise-select=category" };
    const mw_draw_info none = { .n = 1000, .rate_hz = RATE };
    const mw_clip_key key = mw_clip_key_make(1, "clip");
    mw_additive_decision d;
    mw_error err;

    (void)state;
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
        mw_additive_options *o = options_with(modes[m]);

        assert_fails(op->draw(o, &none, &key, "", 0, &d, &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, "no_noise");
        drop_options(o);
    }
    {
        mw_additive_options *o = options_with("weight-pink=1");

        assert_ok(op->draw(o, &none, &key, "", 0, &d, NULL));
        assert_int_equal(d.kind, MW_NOISE_PINK);
        drop(&d);
        assert_fails(op->draw(o, &(mw_draw_info){ .rate_hz = RATE }, &key, "", 0, &d, NULL),
                     MW_ERR_ARG);
        drop_options(o);
    }
}

/* ---- level ---- */

typedef struct trial {
    float *x, *z, *y;
    int64_t n;
    mw_additive_decision d;
    mw_additive_result r;
} trial;

static trial begin(const mw_additive_options *o, int64_t n, uint64_t seed)
{
    trial t = { .n = n };

    t.x = calloc((size_t)n, sizeof *t.x);
    t.z = calloc((size_t)n, sizeof *t.z);
    t.y = calloc((size_t)n, sizeof *t.y);
    fill_speech(t.x, (size_t)n, RATE, seed);
    for (int64_t i = 0; i < n; i++) /* short clips would otherwise start in silence */
        t.x[i] += 0.001f * (float)(1 - 2 * (i % 2));
    assert_ok(draw(o, n, seed, &t.d, NULL));
    return t;
}

/* The way to 16-bit samples without the mixture in between. */
static void check_apply16(const trial *t, void *state, double snr_db)
{
    int16_t *q = calloc((size_t)t->n, sizeof *q), *want = calloc((size_t)t->n, sizeof *want);
    mw_additive_result r;

    assert_ok(op->audio->apply16(state, snr_db, q, &r, NULL));
    mw_pcm16(want, t->y, (size_t)t->n);
    assert_memory_equal(q, want, (size_t)t->n * sizeof *q);
    assert_memory_equal(&r, &t->r, sizeof r);
    free(q);
    free(want);
}

static mw_status finish(trial *t, const mw_additive_options *o, double snr_db, mw_error *err)
{
    void *state;
    mw_status st = mw_additive_noise(o, &t->d, RATE, ops_read, NULL, t->z, NULL, t->n, err);

    if (st == MW_OK) st = op->audio->open(&state, o, &t->d, t->x, t->z, t->n, RATE, err);
    if (st != MW_OK) return st;
    st = op->audio->apply(state, snr_db, t->y, &t->r, err);
    if (st == MW_OK) check_apply16(t, state, snr_db);
    op->audio->close(state);
    return st;
}

static void end(trial *t)
{
    drop(&t->d);
    free(t->x);
    free(t->z);
    free(t->y);
}

/* 10 log10 of clean over (y / scale - clean), over the samples where noise sounds. */
static double measured_db(const trial *t)
{
    char *gap = calloc((size_t)t->n, 1);
    double x = 0, z = 0;

    for (size_t k = 0; k < t->d.gap_start_samples.n; k++)
        for (int64_t i = 0; i < t->d.gap_length_samples.v[k]; i++)
            if (t->d.gap_start_samples.v[k] + i < t->n) gap[t->d.gap_start_samples.v[k] + i] = 1;
    for (int64_t i = 0; i < t->n; i++) {
        const double noise = t->y[i] / t->r.peak_scale - t->x[i];

        if (gap[i]) {
            if (t->r.peak_scale == 1) assert_true(t->y[i] == t->x[i]);
            continue;
        }
        x += (double)t->x[i] * t->x[i];
        z += noise * noise;
    }
    free(gap);
    return 10 * log10(x / z);
}

static void check_default_ratio(const mw_additive_options *o, int64_t n, double snr_db,
                                uint64_t seed)
{
    trial t = begin(o, n, seed);
    double got;

    assert_ok(finish(&t, o, snr_db, NULL));
    /* two root mean squares and the gain are rounded to float32: 8.7 x 3 x 6e-8 dB at most */
    if (fabs(t.r.snr_db_noisy - snr_db) > 1.6e-6)
        fail_msg("%d samples at %g dB: %.9f recorded", (int)n, snr_db, t.r.snr_db_noisy);
    got = measured_db(&t);
    if (fabs(got - snr_db) > 2e-4)
        fail_msg("%d samples at %g dB: %.9f in the output", (int)n, snr_db, got);
    assert_true(t.r.noisy_share > 0 && t.r.noisy_share <= 1);
    assert_true(t.r.snr_db_effective >= t.r.snr_db_measured - 12);
    end(&t);
}

static void the_ratio_asked_for_holds_where_noise_sounds(void **state)
{
    static const double snr[] = { -5, 0, 5, 10, 15 };
    mw_additive_options *o = options_with("weight-white=1 weight-speech=0");

    (void)state;
    for (size_t k = 0; k < 5; k++)
        for (uint64_t seed = 1; seed <= 10; seed++)
            check_default_ratio(o, 40000 + 1111 * (int64_t)seed, snr[k], seed);
    drop_options(o);
}

static void the_ratio_holds_for_the_shortest_clips(void **state)
{
    mw_additive_options *o =
        options_with("weight-white=1 weight-speech=0 weight-music=0 weight-noise=0");

    (void)state;
    for (int64_t n = 1; n <= 2000; n++)
        check_default_ratio(o, n, 5, (uint64_t)n);
    drop_options(o);
}

static void the_reference_order_scales_over_the_clip_before_gaps(void **state)
{
    mw_additive_options *o = options_with("gap-order=scale-first weight-white=1");

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        trial t = begin(o, 50000, seed);

        assert_ok(finish(&t, o, 5, NULL));
        assert_true(fabs(t.r.snr_db_measured - 5) < 1.6e-6);
        assert_true(t.r.snr_db_effective > 5); /* gaps take noise away */
        /* the share that is left, measured on the output */
        {
            double x = 0, z = 0;

            for (int64_t i = 0; i < t.n; i++) {
                const double noise = t.y[i] / t.r.peak_scale - t.x[i];

                x += (double)t.x[i] * t.x[i];
                z += noise * noise;
            }
            assert_true(fabs(10 * log10(x / z) - t.r.snr_db_effective) < 2e-4);
        }
        end(&t);
    }
    drop_options(o);
}

static void over_active_speech_the_level_is_that_of_p56(void **state)
{
    mw_additive_options *o = options_with("snr-over=active weight-white=1");
    trial t = begin(o, 96000, 2);

    (void)state;
    memset(t.x + 40000, 0, 40000 * sizeof *t.x); /* a pause that must not count */
    assert_ok(finish(&t, o, 10, NULL));
    assert_true(fabs(t.r.speech_active_db - t.r.noise_db - 10) < 1.6e-6);
    assert_true(t.r.speech_active_db > t.r.speech_db + 1.5);
    end(&t);
    drop_options(o);
}

static void loud_mixtures_are_scaled_as_a_whole_or_cut_off(void **state)
{
    mw_additive_options *scale = options_with("weight-white=1 peak=scale"),
                        *clip = options_with("weight-white=1 peak=clip");
    trial a = begin(scale, 30000, 1), b = begin(clip, 30000, 1);
    double largest = 0;
    int64_t above = 0;

    (void)state;
    assert_ok(finish(&a, scale, -20, NULL));
    assert_ok(finish(&b, clip, -20, NULL));
    assert_true(a.r.peak > 1 && a.r.peak == b.r.peak);
    assert_true(a.r.peak_scale == 1 / a.r.peak && a.r.clipped_share == 0);
    for (int64_t i = 0; i < a.n; i++) {
        largest = fmax(largest, fabs((double)a.y[i]));
        assert_true(a.y[i] == b.y[i] / (float)a.r.peak);
        above += fabsf(b.y[i]) > 1;
    }
    assert_true(largest == 1);
    assert_true(b.r.peak_scale == 1 && b.r.clipped_share == (double)above / 30000 && above > 0);
    end(&a);
    end(&b);
    drop_options(scale);
    drop_options(clip);
}

static void silence_on_either_side_is_an_error(void **state)
{
    mw_additive_options *o = options_with("weight-white=1");
    trial t = begin(o, 20000, 1);
    void *opened;
    mw_error err;

    (void)state;
    fill_noise(t.z, 20000, 0.1, 1);
    memset(t.x, 0, 20000 * sizeof *t.x);
    assert_fails(op->audio->open(&opened, o, &t.d, t.x, t.z, t.n, RATE, &err), MW_ERR_SILENT);
    assert_string_equal(err.reason, "silent_input");
    assert_null(opened);
    fill_noise(t.x, 20000, 9e-8, 1); /* below 1e-7 root mean square */
    assert_fails(op->audio->open(&opened, o, &t.d, t.x, t.z, t.n, RATE, &err), MW_ERR_SILENT);
    fill_noise(t.x, 20000, 0.1, 1);
    memset(t.z, 0, 20000 * sizeof *t.z);
    assert_fails(op->audio->open(&opened, o, &t.d, t.x, t.z, t.n, RATE, &err), MW_ERR_SILENT);
    assert_string_equal(err.reason, "silent_noise");
    /* sounding inside a gap alone */
    t.z[t.d.gap_start_samples.v[0]] = 0.5f;
    assert_fails(op->audio->open(&opened, o, &t.d, t.x, t.z, t.n, RATE, &err), MW_ERR_SILENT);
    assert_string_equal(err.reason, "silent_noise");
    assert_null(opened);
    end(&t);
    drop_options(o);
    assert_int_equal(mw_mem_live(), 0);
}

/* A decision of a sidecar may say anything its table allows. */
static void hostile_decisions_are_refused_or_harmless(void **state)
{
    mw_additive_options *o =
        options_with("weight-white=1 weight-speech=0 weight-music=0 weight-noise=0");
    trial t = begin(o, 20000, 1);
    void *opened;
    mw_error err;

    (void)state;
    fill_noise(t.z, 20000, 0.1, 1);
    t.d.gap_start_samples.n--;
    assert_fails(op->audio->open(&opened, o, &t.d, t.x, t.z, t.n, RATE, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_decision");
    t.d.gap_start_samples.n++;
    for (size_t i = 0; i < t.d.gap_start_samples.n; i++) {
        t.d.gap_start_samples.v[i] = i % 2 ? (int64_t)1 << 53 : 19999;
        t.d.gap_length_samples.v[i] = (int64_t)1 << 53;
    }
    assert_ok(finish(&t, o, 0, NULL));
    t.d.gap_start_samples.v[0] = 0; /* nothing left */
    assert_fails(finish(&t, o, 0, &err), MW_ERR_SILENT);
    t.d.kind = MW_NOISE_SPEECH; /* a kind that needs a file, without one */
    assert_fails(finish(&t, o, 0, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_decision");
    end(&t);
    drop_options(o);
}

/* ---- babble ---- */

static mw_status read_constant(void *user, const char *path, int64_t offset, double crossfade_s,
                               float *z, int64_t n, mw_error *err)
{
    (void)user;
    (void)offset;
    (void)crossfade_s;
    (void)err;
    for (int64_t i = 0; i < n; i++)
        z[i] = path[0] == '0' ? 0 : (float)(path[0] - '0') * (i % 2 ? 1 : -1);
    return MW_OK;
}

static void talkers_enter_babble_at_equal_levels(void **state)
{
    char names[] = "2\0005\0009\0000", *files[] = { names, names + 2, names + 4 };
    int64_t offsets[3] = { 0 };
    mw_additive_options *o = options_with("");
    mw_additive_decision d = { .kind = MW_NOISE_BABBLE,
                               .files = { files, 3 },
                               .offset_samples = { offsets, 3 } };
    float z[100], scratch[100];
    mw_error err;

    (void)state;
    assert_ok(mw_additive_noise(o, &d, RATE, read_constant, NULL, z, scratch, 100, NULL));
    for (int i = 0; i < 100; i++) /* each of root mean square 1 */
        assert_true(fabsf(z[i] - (i % 2 ? 3 : -3)) < 1e-6f);
    files[1] = names + 6;
    assert_fails(mw_additive_noise(o, &d, RATE, read_constant, NULL, z, scratch, 100, &err),
                 MW_ERR_SILENT);
    assert_string_equal(err.reason, "silent_noise");
    d.files.n = 2;
    assert_fails(mw_additive_noise(o, &d, RATE, read_constant, NULL, z, scratch, 100, &err),
                 MW_ERR_FORMAT);
    drop_options(o);
}

/* ---- segments ---- */

static void segments_cover_the_clip_and_match_the_silenced_noise(void **state)
{
    mw_additive_options *o = options_with("weight-white=1");

    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        trial t = begin(o, 16000 + 500 * (int64_t)seed, seed);
        mw_segments s = { 0 };
        int64_t at = 0;

        assert_ok(finish(&t, o, 0, NULL));
        assert_ok(op->audio->segments(o, &t.d, &t.r, t.n, &s, NULL));
        for (size_t i = 0; i < s.n; i++) {
            const int gap = !strcmp(s.v[i].type, "noise.gap");

            assert_int_equal(s.v[i].i0, at);
            at = s.v[i].i1;
            if (i) assert_true(gap != !strcmp(s.v[i - 1].type, "noise.gap"));
            if (!gap) assert_true(s.v[i].n_severities >= 3);
            for (int64_t k = s.v[i].i0; k < s.v[i].i1; k++)
                if (gap && t.z[k] != 0) fail_msg("sample %d of a gap sounds", (int)k);
        }
        assert_int_equal(at, t.n);
        mw_free(s.v);
        end(&t);
    }
    drop_options(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_follow_the_reference_at_every_length),
        cmocka_unit_test(no_gaps_when_none_are_asked_for),
        cmocka_unit_test(gaps_do_not_depend_on_the_choice_of_noise),
        cmocka_unit_test(offsets_stay_inside_the_recordings),
        cmocka_unit_test(without_a_usable_kind_the_draw_fails),
        cmocka_unit_test(the_ratio_asked_for_holds_where_noise_sounds),
        cmocka_unit_test(the_ratio_holds_for_the_shortest_clips),
        cmocka_unit_test(the_reference_order_scales_over_the_clip_before_gaps),
        cmocka_unit_test(over_active_speech_the_level_is_that_of_p56),
        cmocka_unit_test(loud_mixtures_are_scaled_as_a_whole_or_cut_off),
        cmocka_unit_test(silence_on_either_side_is_an_error),
        cmocka_unit_test(hostile_decisions_are_refused_or_harmless),
        cmocka_unit_test(talkers_enter_babble_at_equal_levels),
        cmocka_unit_test(segments_cover_the_clip_and_match_the_silenced_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
