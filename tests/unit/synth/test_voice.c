/* SPDX-License-Identifier: Apache-2.0
 *
 * Synthetic voices, measured from the signal.
 */
#include "support/support.h"

#include <math.h>

#include "base/hash.h"
#include "synth/internal.h"
#include "synth/synth.h"

typedef struct clip {
    mw_synth *s;
    float *x;
    size_t n;
    int rate_hz;
} clip;

static clip clip_make(const mw_synth_params *p)
{
    clip c = { .rate_hz = p->rate_hz };

    assert_ok(mw_synth_create(&c.s, p, NULL));
    c.n = mw_synth_n_samples(c.s);
    c.x = malloc(c.n * sizeof *c.x);
    assert_ok(mw_synth_voice(c.s, c.x, c.n, NULL));
    return c;
}

static clip clip_by(uint64_t seed, int64_t number, int64_t speaker, double label)
{
    mw_synth_params p;

    mw_synth_params_default(&p, seed, number, speaker, label);
    return clip_make(&p);
}

/* Speaker k says clip k. */
static clip clip_of(uint64_t seed, int64_t speaker, double label)
{
    return clip_by(seed, speaker, speaker, label);
}

static void clip_free(clip *c)
{
    free(c->x);
    mw_synth_destroy(&c->s);
}

static double rms(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum / (double)n);
}

/* Level of the spoken part, dB. */
static double spoken_db(const clip *c)
{
    double sum = 0, n = 0;

    for (size_t i = 0; i < c->n; i++) {
        if (mw_ctl_at(c->s, MW_CTL_SPOKEN, (double)i / c->rate_hz) < 0.5) continue;
        sum += (double)c->x[i] * (double)c->x[i];
        n++;
    }
    return 10 * log10(sum / n);
}

/* Normalised autocorrelation of 40 ms around sample i, at the lag of the highest peak between 60
 * and 500 Hz (the shortest lag within 95 % of it). */
static double pitch_at(const clip *c, size_t i, double *hz)
{
    const int n = c->rate_hz / 25, lo = c->rate_hz / 500, hi = c->rate_hz / 60;
    double r[2048], best = 0;
    const float *x = c->x + i - (size_t)n;

    for (int k = lo; k <= hi; k++) {
        double ab = 0, aa = 0, bb = 0;

        for (int j = 0; j < n; j++) {
            const double a = (double)x[j], b = (double)x[j + k];

            ab += a * b;
            aa += a * a;
            bb += b * b;
        }
        r[k] = ab / sqrt(aa * bb + 1e-20);
        if (r[k] > best) best = r[k];
    }
    *hz = 0;
    for (int k = lo + 1; k < hi; k++)
        if (r[k] > 0.95 * best && r[k] >= r[k - 1] && r[k] >= r[k + 1]) {
            *hz = (double)c->rate_hz / k;
            break;
        }
    return best;
}

/* Middles of vowels: share with a clear peak, median measured F0, and worst relative error. */
static void measure_pitch(const clip *c, double *share, double *median_hz, double *median_error)
{
    double hz[256], error[256];
    size_t n_seg, n = 0, n_vowels = 0;
    const mw_synth_segment *g = mw_synth_plan(c->s, &n_seg);

    for (size_t k = 0; k < n_seg && n < 256; k++) {
        const double mid_s = g[k].start_s + 0.5 * g[k].dur_s;
        double f;

        if (g[k].sound != MW_SOUND_VOWEL) continue;
        n_vowels++;
        if (pitch_at(c, (size_t)(mid_s * c->rate_hz), &f) < 0.6 || !(f > 0)) continue;
        hz[n] = f;
        error[n++] = fabs(f / mw_ctl_at(c->s, MW_CTL_F0, mid_s) - 1);
    }
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0; j--) {
            double swap;

            if (hz[j] < hz[j - 1]) swap = hz[j], hz[j] = hz[j - 1], hz[j - 1] = swap;
            if (error[j] < error[j - 1])
                swap = error[j], error[j] = error[j - 1], error[j - 1] = swap;
        }
    assert_true(n > 2);
    *share = (double)n / (double)n_vowels;
    *median_hz = hz[n / 2];
    *median_error = error[n / 2];
}

/* Peaks of the 10 ms level, smoothed over 70 ms, that stand 1 dB above the dips around them. */
static int count_syllables(const clip *c)
{
    const size_t step = (size_t)c->rate_hz / 100, n = c->n / step;
    double *e = malloc(n * sizeof *e), *y = malloc(n * sizeof *y), lo, hi;
    int count = 0, rising = 1;

    for (size_t i = 0; i < n; i++)
        e[i] = rms(c->x + i * step, step);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;

        for (int k = -3; k <= 3; k++) {
            const int64_t j = (int64_t)i + k;

            if (j >= 0 && j < (int64_t)n) sum += e[j] * (4 - abs(k));
        }
        y[i] = 20 * log10(sum / 16 + 1e-3);
    }
    lo = hi = y[0];
    for (size_t i = 0; i < n; i++) {
        if (y[i] > hi) hi = y[i];
        if (y[i] < lo) lo = y[i];
        if (rising && y[i] < hi - 1) {
            count++;
            rising = 0;
            lo = y[i];
        } else if (!rising && y[i] > lo + 1) {
            rising = 1;
            hi = y[i];
        }
    }
    free(e);
    free(y);
    return count;
}

static void one_second_is_the_stored_bytes(void **state)
{
    char hex[MW_SHA256_HEX + 1];
    mw_synth_params p;
    clip c;

    (void)state;
    mw_synth_params_default(&p, 1, 0, 0, 1.5);
    p.duration_s = 1.0;
    c = clip_make(&p);
    assert_int_equal(c.n, 16000);
    mw_sha256_hex(hex, c.x, c.n * sizeof *c.x);
    clip_free(&c);
    assert_string_equal(hex, "ed1bb14c259cd5270e79b484e2bfa99fb0867d2b0cefd69381e6c0195c43da64");
}

static void same_again_and_other_speakers_differ(void **state)
{
    clip same[2] = { clip_by(1, 0, 0, 0), clip_by(1, 0, 0, 0) };
    clip other[3] = { clip_by(1, 0, 1, 0), clip_by(1, 1, 0, 0), clip_by(2, 0, 0, 0) };
    const size_t bytes = same[0].n * sizeof(float);

    (void)state;
    assert_memory_equal(same[0].x, same[1].x, bytes);
    for (int i = 0; i < 3; i++) {
        assert_memory_not_equal(same[0].x, other[i].x, bytes);
        clip_free(&other[i]);
    }
    clip_free(&same[0]);
    clip_free(&same[1]);
}

static void level_is_the_promised_one_and_peaks_stay_below(void **state)
{
    (void)state;
    for (int speaker = 0; speaker < 12; speaker++) {
        for (int k = -1; k <= 1; k++) {
            clip c = clip_of(3, speaker, 3.0 * k);
            float peak = 0;

            for (size_t i = 0; i < c.n; i++)
                if (fabsf(c.x[i]) > peak) peak = fabsf(c.x[i]);
            assert_true(peak <= 0.9f);
            if (k == 0) assert_true(fabs(spoken_db(&c) + 23.0) < 2.5);
            clip_free(&c);
        }
    }
}

static void vowels_are_voiced_at_the_planned_pitch(void **state)
{
    (void)state;
    for (int speaker = 0; speaker < 8; speaker++) {
        clip c = clip_of(4, speaker, 0);
        double share, hz, error;

        measure_pitch(&c, &share, &hz, &error);
        print_message("# speaker %d: voiced %.2f, %.0f Hz, median error %.3f\n", speaker, share, hz,
                      error);
        assert_true(share > 0.8);
        assert_true(error < 0.03);
        clip_free(&c);
    }
}

static void the_label_raises_pitch_level_and_rate(void **state)
{
    int n_syllables[2] = { 0, 0 };

    (void)state;
    for (int speaker = 0; speaker < 8; speaker++) {
        double hz[2], db[2], share, error;

        for (int k = 0; k < 2; k++) {
            clip c = clip_of(6, speaker, k ? 3 : -3);

            measure_pitch(&c, &share, &hz[k], &error);
            db[k] = spoken_db(&c);
            n_syllables[k] += count_syllables(&c);
            clip_free(&c);
        }
        print_message("# speaker %d: %.0f -> %.0f Hz, %.1f -> %.1f dB\n", speaker, hz[0], hz[1],
                      db[0], db[1]);
        assert_true(hz[1] > 1.3 * hz[0]);
        assert_true(db[1] > db[0] + 5);
    }
    print_message("# peaks of the level: %d -> %d\n", n_syllables[0], n_syllables[1]);
    assert_true(n_syllables[1] > 1.15 * n_syllables[0]);
}

static void a_cue_stays_within_its_clause(void **state)
{
    mw_synth_params p;
    clip with, without;
    double inside[2], before[2];

    (void)state;
    mw_synth_params_default(&p, 1, 0, 0, 3.0);
    p.voice.on_s = 1.5;
    p.voice.off_s = 3.0;
    with = clip_make(&p);
    p.voice.strength = 0;
    without = clip_make(&p);
    before[0] = rms(without.x, 20000);
    before[1] = rms(with.x, 20000);
    inside[0] = rms(without.x + 28000, 16000);
    inside[1] = rms(with.x + 28000, 16000);
    assert_true(fabs(20 * log10(before[1] / before[0])) < 1);
    assert_true(20 * log10(inside[1] / inside[0]) > 2.5);
    clip_free(&with);
    clip_free(&without);
}

/* Correlation of mouth opening per frame with the voice's level in that frame. */
static void lips_move_with_the_voice(void **state)
{
    (void)state;
    for (int speaker = 0; speaker < 8; speaker++) {
        clip c = clip_of(7, speaker, 0.5);
        const int64_t n = mw_synth_n_frames(c.s);
        double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0, r;

        for (int64_t t = 0; t + 1 < n; t++) {
            mw_synth_geometry g;
            double a, b;

            assert_ok(mw_synth_geometry_at(c.s, t, &g, NULL));
            a = g.mouth_open_px / g.mouth_width_px;
            b = rms(c.x + (size_t)t * 640, 640);
            sx += a;
            sy += b;
            xx += a * a;
            yy += b * b;
            xy += a * b;
        }
        r = (xy - sx * sy / (double)(n - 1)) /
            sqrt((xx - sx * sx / (double)(n - 1)) * (yy - sy * sy / (double)(n - 1)));
        print_message("# speaker %d: %.3f\n", speaker, r);
        assert_true(r > 0.5);
        clip_free(&c);
    }
}

static void other_rates_and_lengths_work(void **state)
{
    static const int rate_hz[] = { 8000, 11025, 44100, 48000 };
    static const double length_s[] = { 0.2, 0.31, 3.3 };

    (void)state;
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 3; k++) {
            mw_synth_params p;
            clip c;

            mw_synth_params_default(&p, 1, 5, 5, -1);
            p.rate_hz = rate_hz[i];
            p.duration_s = length_s[k];
            c = clip_make(&p);
            for (size_t j = 0; j < c.n; j++)
                assert_true(fabsf(c.x[j]) <= 0.9f);
            assert_true(rms(c.x, c.n) > 0.01);
            clip_free(&c);
        }
    }
}

static void refuses_room_for_another_length(void **state)
{
    clip c = clip_of(1, 0, 0);
    mw_error err;

    (void)state;
    assert_int_equal(mw_synth_voice(c.s, c.x, c.n - 1, &err), MW_ERR_ARG);
    assert_non_null(strstr(err.message, "72000"));
    clip_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_second_is_the_stored_bytes),
        cmocka_unit_test(same_again_and_other_speakers_differ),
        cmocka_unit_test(level_is_the_promised_one_and_peaks_stay_below),
        cmocka_unit_test(vowels_are_voiced_at_the_planned_pitch),
        cmocka_unit_test(the_label_raises_pitch_level_and_rate),
        cmocka_unit_test(a_cue_stays_within_its_clause),
        cmocka_unit_test(lips_move_with_the_voice),
        cmocka_unit_test(other_rates_and_lengths_work),
        cmocka_unit_test(refuses_room_for_another_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
