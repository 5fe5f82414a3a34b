/* SPDX-License-Identifier: Apache-2.0
 *
 * The time plan: clauses of syllables of sounds, and the control tracks made from it. Lips and
 * voice read the same tracks. Targets are steps per sound, smoothed by a symmetric window per track
 * (lips slowly, loudness fast), which gives the anticipation that real speech has.
 *
 * Vowel targets: means for men in Peterson and Barney, "Control methods used in a study of the
 * vowels", JASA 24 (1952), table II. Consonant loci are round textbook values.
 */
#include "synth/internal.h"

#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/fmath.h"

typedef struct phone {
    mw_synth_sound sound;
    float f1, f2, f3;          /* Hz */
    float open, wide;          /* mouth */
    float voice, breath, fric; /* amplitudes */
    float fric_hz;
    float dur_s;
} phone;

/* clang-format off */
static const phone phones[] = {
    /*                     f1    f2    f3   open   wide  voice breath fric   hz     s */
    { MW_SOUND_PAUSE,     500, 1500, 2500, 0.00f, 0.0f, 0.00f, 0.00f, 0.00f, 3000, 0.100f },
    /* vowels: beet bit bet bat hot bought foot boot but bird */
    { MW_SOUND_VOWEL,     270, 2290, 3010, 0.38f, 0.9f, 0.85f, 0.00f, 0.00f, 3000, 0.120f },
    { MW_SOUND_VOWEL,     390, 1990, 2550, 0.48f, 0.5f, 0.90f, 0.00f, 0.00f, 3000, 0.100f },
    { MW_SOUND_VOWEL,     530, 1840, 2480, 0.68f, 0.4f, 1.00f, 0.00f, 0.00f, 3000, 0.115f },
    { MW_SOUND_VOWEL,     660, 1720, 2410, 0.90f, 0.4f, 1.00f, 0.00f, 0.00f, 3000, 0.135f },
    { MW_SOUND_VOWEL,     730, 1090, 2440, 1.00f, 0.0f, 1.00f, 0.00f, 0.00f, 3000, 0.135f },
    { MW_SOUND_VOWEL,     570,  840, 2410, 0.75f,-0.5f, 1.00f, 0.00f, 0.00f, 3000, 0.130f },
    { MW_SOUND_VOWEL,     440, 1020, 2240, 0.48f,-0.6f, 0.90f, 0.00f, 0.00f, 3000, 0.100f },
    { MW_SOUND_VOWEL,     300,  870, 2240, 0.36f,-1.0f, 0.85f, 0.00f, 0.00f, 3000, 0.120f },
    { MW_SOUND_VOWEL,     640, 1190, 2390, 0.70f, 0.0f, 1.00f, 0.00f, 0.00f, 3000, 0.105f },
    { MW_SOUND_VOWEL,     490, 1350, 1690, 0.50f,-0.3f, 0.90f, 0.00f, 0.00f, 3000, 0.125f },
    /* m n */
    { MW_SOUND_NASAL,     270,  950, 2200, 0.00f, 0.0f, 0.55f, 0.00f, 0.00f, 3000, 0.065f },
    { MW_SOUND_NASAL,     270, 1500, 2500, 0.15f, 0.1f, 0.55f, 0.00f, 0.00f, 3000, 0.060f },
    /* w y l r */
    { MW_SOUND_GLIDE,     300,  650, 2200, 0.15f,-1.0f, 0.60f, 0.00f, 0.00f, 3000, 0.065f },
    { MW_SOUND_GLIDE,     280, 2200, 3000, 0.25f, 0.7f, 0.60f, 0.00f, 0.00f, 3000, 0.060f },
    { MW_SOUND_GLIDE,     360, 1150, 2600, 0.32f, 0.1f, 0.60f, 0.00f, 0.00f, 3000, 0.060f },
    { MW_SOUND_GLIDE,     330, 1150, 1550, 0.25f,-0.4f, 0.60f, 0.00f, 0.00f, 3000, 0.060f },
    /* s sh f z h */
    { MW_SOUND_FRICATIVE, 320, 1700, 2600, 0.12f, 0.4f, 0.00f, 0.04f, 0.80f, 5800, 0.095f },
    { MW_SOUND_FRICATIVE, 320, 1900, 2500, 0.16f,-0.5f, 0.00f, 0.05f, 0.80f, 3100, 0.095f },
    { MW_SOUND_FRICATIVE, 340, 1100, 2300, 0.08f, 0.1f, 0.00f, 0.05f, 0.30f, 4200, 0.085f },
    { MW_SOUND_FRICATIVE, 280, 1700, 2600, 0.14f, 0.3f, 0.35f, 0.02f, 0.40f, 5400, 0.075f },
    { MW_SOUND_FRICATIVE, 500, 1500, 2500, 0.40f, 0.0f, 0.05f, 0.90f, 0.05f, 2500, 0.060f },
    /* closures b d g p t k; each is followed by the burst six lines below */
    { MW_SOUND_CLOSURE,   220,  900, 2200, 0.00f, 0.0f, 0.10f, 0.00f, 0.00f, 1200, 0.055f },
    { MW_SOUND_CLOSURE,   220, 1700, 2600, 0.14f, 0.2f, 0.10f, 0.00f, 0.00f, 4000, 0.050f },
    { MW_SOUND_CLOSURE,   220, 2000, 2400, 0.22f, 0.0f, 0.08f, 0.00f, 0.00f, 2000, 0.055f },
    { MW_SOUND_CLOSURE,   300,  900, 2200, 0.00f, 0.0f, 0.00f, 0.00f, 0.00f, 1200, 0.070f },
    { MW_SOUND_CLOSURE,   300, 1700, 2600, 0.14f, 0.2f, 0.00f, 0.00f, 0.00f, 4200, 0.065f },
    { MW_SOUND_CLOSURE,   300, 2000, 2400, 0.22f, 0.0f, 0.00f, 0.00f, 0.00f, 2000, 0.070f },
    { MW_SOUND_BURST,     300, 1000, 2300, 0.10f, 0.0f, 0.30f, 0.10f, 0.40f, 1200, 0.010f },
    { MW_SOUND_BURST,     300, 1700, 2600, 0.25f, 0.2f, 0.30f, 0.10f, 0.60f, 4000, 0.012f },
    { MW_SOUND_BURST,     300, 2000, 2400, 0.30f, 0.0f, 0.30f, 0.10f, 0.60f, 2000, 0.016f },
    { MW_SOUND_BURST,     350, 1000, 2300, 0.15f, 0.0f, 0.00f, 0.50f, 0.50f, 1200, 0.022f },
    { MW_SOUND_BURST,     350, 1700, 2600, 0.28f, 0.2f, 0.00f, 0.50f, 0.80f, 4200, 0.028f },
    { MW_SOUND_BURST,     350, 2000, 2400, 0.32f, 0.0f, 0.00f, 0.50f, 0.70f, 2000, 0.034f },
};
/* clang-format on */

enum { PAUSE = 0, VOWEL_0 = 1, N_VOWELS = 10, NASAL_0 = 11, N_NASALS = 2, GLIDE_0 = 13 };
enum { N_GLIDES = 4, FRICATIVE_0 = 17, N_FRICATIVES = 5, CLOSURE_0 = 22, N_CLOSURES = 6 };

#define RAMP_S       0.15
#define MAX_SYLLABLE 6 /* sounds: closure, burst, vowel, coda and room to spare */

static double clamp01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double smooth_step(double x)
{
    const double c = clamp01(x);

    return c * c * (3.0 - 2.0 * c);
}

double mw_cue_at(const mw_synth_cue *c, double duration_s, double time_s)
{
    double a = 1.0;

    if (time_s < c->on_s || time_s >= c->off_s) return 0.0;
    if (c->on_s > 0.0) a = smooth_step((time_s - c->on_s) / RAMP_S);
    if (c->off_s < duration_s) a *= smooth_step((c->off_s - time_s) / RAMP_S);
    return a * c->strength;
}

/* One syllable before it is placed in time. */
typedef struct syllable {
    int phone[MAX_SYLLABLE];
    double dur_s[MAX_SYLLABLE];
    int n;
    double amp, accent_st, total_s;
} syllable;

static void add_sound(syllable *y, int which, double stretch)
{
    y->phone[y->n] = which;
    y->dur_s[y->n] = phones[which].dur_s * stretch;
    y->total_s += y->dur_s[y->n];
    y->n++;
}

static int pick(mw_rng *r, int first, int n)
{
    return first + (int)mw_rng_below(r, (uint64_t)n);
}

/* Every syllable takes its draws in the same order whatever the cues, so that a cue changes how
 * something is said and not what. */
static syllable draw_syllable(mw_rng *r, double pace)
{
    static const double onset_weight[] = { 0.08, 0.42, 0.20, 0.15, 0.15 };
    static const double coda_weight[] = { 0.64, 0.18, 0.18 };
    const int stressed = mw_rng_unit(r) < 0.45;
    const size_t onset = mw_rng_pick(r, onset_weight, 5);
    const size_t coda = mw_rng_pick(r, coda_weight, 3);
    const int stop = pick(r, CLOSURE_0, N_CLOSURES);
    const double spread = mw_rng_uniform(r, 0.85, 1.15);
    syllable y = { .n = 0 };

    y.amp = (stressed ? 1.0 : 0.72) * mw_rng_uniform(r, 0.9, 1.0);
    y.accent_st = stressed ? mw_rng_uniform(r, 1.5, 4.0) : mw_rng_uniform(r, -0.8, 0.8);
    if (onset == 1) {
        add_sound(&y, stop, pace);
        add_sound(&y, stop + N_CLOSURES, 1.0); /* bursts do not stretch */
    } else if (onset == 2) {
        add_sound(&y, pick(r, FRICATIVE_0, N_FRICATIVES), pace);
    } else if (onset == 3) {
        add_sound(&y, pick(r, NASAL_0, N_NASALS), pace);
    } else if (onset == 4) {
        add_sound(&y, pick(r, GLIDE_0, N_GLIDES), pace);
    }
    add_sound(&y, pick(r, VOWEL_0, N_VOWELS), pace * spread * (stressed ? 1.3 : 0.9));
    if (coda == 1) add_sound(&y, pick(r, NASAL_0, N_NASALS), pace);
    if (coda == 2) add_sound(&y, pick(r, FRICATIVE_0, 4), 0.9 * pace);
    return y;
}

static int add_segment(mw_synth *s, const mw_synth_segment *g)
{
    if (g->dur_s <= 0) return 0;
    if (mw_grow(&s->seg, &s->cap_seg, s->n_seg + 1, sizeof *s->seg)) return -1;
    s->seg[s->n_seg++] = *g;
    return 0;
}

static int add_pause(mw_synth *s, double from_s, double to_s, int clause)
{
    const mw_synth_segment g = { .start_s = from_s,
                                 .dur_s = to_s - from_s,
                                 .sound = MW_SOUND_PAUSE,
                                 .phone = PAUSE,
                                 .syllable = -1,
                                 .clause = clause };

    return add_segment(s, &g);
}

static int add_syllable(mw_synth *s, const syllable *y, double *time_s, double squeeze, int clause,
                        int number)
{
    for (int i = 0; i < y->n; i++) {
        const mw_synth_segment g = { .start_s = *time_s,
                                     .dur_s = y->dur_s[i] * squeeze,
                                     .sound = phones[y->phone[i]].sound,
                                     .phone = y->phone[i],
                                     .syllable = number,
                                     .clause = clause,
                                     .amp = y->amp,
                                     .accent_st = y->accent_st };

        if (add_segment(s, &g)) return -1;
        *time_s += g.dur_s;
    }
    return 0;
}

/* Speed-up of speech at a moment: 1 neutral. */
static double rate_at(const mw_synth *s, double time_s)
{
    const mw_synth_cue *c = &s->p.voice;
    const double e = mw_cue_at(c, s->p.duration_s, time_s + RAMP_S);

    return s->who.rate * mw_exp(e * (0.24 * c->arousal + 0.06 * c->valence));
}

static int plan_clause(mw_synth *s, int clause, int n_clauses, int *number)
{
    const double slot_s = s->p.duration_s / n_clauses, from_s = clause * slot_s;
    const double to_s = clause + 1 == n_clauses ? s->p.duration_s : (clause + 1) * slot_s;
    const double tight = slot_s < 1.5 ? slot_s / 1.5 : 1.0;
    double time_s, end_s;
    int n = 0;
    char purpose[32];
    mw_rng r;

    snprintf(purpose, sizeof purpose, "clause/%d", clause);
    r = mw_rng_make(&s->key, "synth", purpose);
    time_s = from_s + tight * mw_rng_uniform(&r, 0.06, 0.14);
    end_s = to_s - tight * mw_rng_uniform(&r, 0.12, 0.25);
    if (add_pause(s, from_s, time_s, clause)) return -1;
    for (;;) {
        const syllable y = draw_syllable(&r, 1.0 / rate_at(s, time_s));
        const double left_s = end_s - time_s;
        const double squeeze = y.total_s > left_s ? left_s / y.total_s : 1.0;

        if (n > 0 && squeeze < 0.75) break;
        if (add_syllable(s, &y, &time_s, squeeze, clause, *number)) return -1;
        ++*number;
        n++;
    }
    return add_pause(s, time_s, to_s, clause);
}

/* Steps per sound, before smoothing. */
static void fill_steps(mw_synth *s)
{
    size_t g = 0;

    for (size_t i = 0; i < s->n_ctl; i++) {
        const double time_s = (double)i / MW_CTL_HZ;
        const phone *p;
        float amp;

        while (g + 1 < s->n_seg && time_s >= s->seg[g + 1].start_s)
            g++;
        p = &phones[s->seg[g].phone];
        amp = (float)s->seg[g].amp;
        s->ctl[MW_CTL_F1][i] = p->f1;
        s->ctl[MW_CTL_F2][i] = p->f2;
        s->ctl[MW_CTL_F3][i] = p->f3;
        s->ctl[MW_CTL_VOICE][i] = p->voice * amp;
        s->ctl[MW_CTL_BREATH][i] = p->breath * amp;
        s->ctl[MW_CTL_FRIC][i] = p->fric * amp;
        s->ctl[MW_CTL_FRIC_HZ][i] = p->fric_hz;
        s->ctl[MW_CTL_NASAL][i] = p->sound == MW_SOUND_NASAL;
        s->ctl[MW_CTL_SPOKEN][i] = p->sound != MW_SOUND_PAUSE;
        s->ctl[MW_CTL_OPEN][i] = p->open * (0.4f + 0.6f * amp);
        s->ctl[MW_CTL_WIDE][i] = p->wide;
    }
}

/* First and last moment of a clause's sounds. */
static void clause_span(const mw_synth *s, size_t first, double *from_s, double *to_s,
                        int *last_syllable)
{
    const int clause = s->seg[first].clause;

    *from_s = *to_s = s->seg[first].start_s;
    *last_syllable = -1;
    for (size_t g = first; g < s->n_seg && s->seg[g].clause == clause; g++) {
        if (s->seg[g].syllable < 0) {
            if (g == first) *from_s = s->seg[g].start_s + s->seg[g].dur_s;
            continue;
        }
        *to_s = s->seg[g].start_s + s->seg[g].dur_s;
        *last_syllable = s->seg[g].syllable;
    }
}

/* F0 in semitones above the speaker's: declination over the clause, an accent per syllable, a fall
 * (or, one clause in five, a rise) on the last one; cues move mean and range. */
static void fill_f0(mw_synth *s)
{
    const mw_synth_cue *c = &s->p.voice;
    mw_rng r = mw_rng_make(&s->key, "synth", "intonation");
    double from_s = 0, to_s = 1, end_st = 0;
    int clause = -1, last = -1;
    size_t g = 0;

    for (size_t i = 0; i < s->n_ctl; i++) {
        const double time_s = (double)i / MW_CTL_HZ;
        double st, e;

        while (g + 1 < s->n_seg && time_s >= s->seg[g + 1].start_s)
            g++;
        if (s->seg[g].clause != clause) {
            clause = s->seg[g].clause;
            clause_span(s, g, &from_s, &to_s, &last);
            end_st = mw_rng_unit(&r) < 0.2 ? 3.0 : -2.5;
        }
        st = 1.5 - 3.0 * clamp01((time_s - from_s) / (to_s > from_s ? to_s - from_s : 1.0));
        st += s->seg[g].accent_st;
        if (s->seg[g].syllable == last) st += end_st;
        e = mw_cue_at(c, s->p.duration_s, time_s);
        st *= mw_exp(e * (0.40 * c->arousal + 0.30 * c->valence));
        st += e * (3.6 * c->arousal + 1.4 * c->valence);
        s->ctl[MW_CTL_F0][i] = (float)st;
    }
}

/* Triangular window of 2 radius - 1 values, edges repeated. tmp [n_ctl]. */
static void smooth_track(float *x, float *tmp, size_t n, int radius)
{
    const int r = radius;

    for (size_t i = 0; i < n; i++) {
        float sum = 0, weights = 0;

        for (int k = 1 - r; k < r; k++) {
            const int64_t j = (int64_t)i + k;
            const size_t at = j < 0 ? 0 : j >= (int64_t)n ? n - 1 : (size_t)j;
            const float w = (float)(r - (k < 0 ? -k : k));

            sum += w * x[at];
            weights += w;
        }
        tmp[i] = sum / weights;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = tmp[i];
}

/* Semitones to Hz, within what the voice source can do. */
static void f0_to_hz(mw_synth *s)
{
    for (size_t i = 0; i < s->n_ctl; i++) {
        const double st = (double)s->ctl[MW_CTL_F0][i];
        double hz = s->who.f0_hz * mw_exp(st * (0x1.62e42fefa39efp-1 / 12.0));

        hz = hz < 50.0 ? 50.0 : hz > 600.0 ? 600.0 : hz;
        s->ctl[MW_CTL_F0][i] = (float)hz;
    }
}

static mw_status make_tracks(mw_synth *s, mw_error *err)
{
    /* radius of the window in control steps */
    static const int radius[MW_CTL_COUNT] = { 9, 5, 6, 6, 3, 3, 2, 2, 3, 2, 9, 12 };
    float *tmp;

    s->n_ctl = (size_t)(s->p.duration_s * MW_CTL_HZ) + 2;
    s->ctl[0] = mw_calloc(s->n_ctl * MW_CTL_COUNT, sizeof(float));
    tmp = mw_calloc(s->n_ctl, sizeof(float));
    if (!s->ctl[0] || !tmp) {
        mw_free(tmp);
        return mw_fail_nomem(err);
    }
    for (int k = 1; k < MW_CTL_COUNT; k++)
        s->ctl[k] = s->ctl[0] + (size_t)k * s->n_ctl;
    fill_steps(s);
    fill_f0(s);
    for (int k = 0; k < MW_CTL_COUNT; k++)
        smooth_track(s->ctl[k], tmp, s->n_ctl, radius[k]);
    f0_to_hz(s);
    mw_free(tmp);
    return MW_OK;
}

mw_status mw_synth_plan_make(mw_synth *s, mw_error *err)
{
    const int n = mw_synth_n_clauses(s->p.duration_s);
    int number = 0;

    for (int i = 0; i < n; i++)
        if (plan_clause(s, i, n, &number)) return mw_fail_nomem(err);
    return make_tracks(s, err);
}

double mw_ctl_at(const mw_synth *s, mw_ctl which, double time_s)
{
    const double at = time_s * MW_CTL_HZ;
    const size_t i = at <= 0 ? 0 : at >= (double)(s->n_ctl - 2) ? s->n_ctl - 2 : (size_t)at;
    const double a = (double)s->ctl[which][i], b = (double)s->ctl[which][i + 1];

    return a + (b - a) * clamp01(at - (double)i);
}
