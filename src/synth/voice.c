/* SPDX-License-Identifier: Apache-2.0
 *
 * The voice: a source (glottal flow pulses, breath) through a cascade of formant resonators, plus
 * frication through a resonator of its own; the arrangement and the resonator's formulas are those
 * of Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67 (1980). The flow pulse
 * is the cubic x^2 (1 - x) of Klatt and Klatt, JASA 87 (1990); its difference from sample to sample
 * is the mean of its derivative over the sample, which keeps aliasing down without oversampling.
 */
#include "synth/internal.h"

#include <math.h>

#include "base/error.h"
#include "base/fmath.h"

#define N_FORMANTS 7
#define LEVEL_DB   (-23.0)
#define ROOM       6e-4 /* peak of the room's white noise: about -69 dB after its filter */
#define KNEE       0.6  /* above, peaks are bent so that they stay below TOP */
#define TOP        0.9

typedef struct resonator {
    double a, b, c, y1, y2;
} resonator;

/* Unity gain at 0 Hz. */
static void tune(resonator *r, double hz, double width_hz, double rate_hz)
{
    const double radius = mw_exp(-MW_PI * width_hz / rate_hz);

    r->c = -radius * radius;
    r->b = 2.0 * radius * mw_cos(2.0 * MW_PI * hz / rate_hz);
    r->a = 1.0 - r->b - r->c;
}

static double resonate(resonator *r, double x)
{
    const double y = r->a * x + r->b * r->y1 + r->c * r->y2;

    r->y2 = r->y1;
    r->y1 = y;
    return y;
}

typedef struct voice_state {
    double rate_hz;
    mw_rng period_rng, noise_rng;
    /* source */
    double phase, flow, f0_hz, jitter, shimmer, quotient;
    double tilt, tilt_y;
    /* amplitudes, and their change per sample */
    double voice, breath, fric, d_voice, d_breath, d_fric;
    double white_1, white_2;
    resonator formant[N_FORMANTS], noise;
    int n_formants;
} voice_state;

static double white(voice_state *v)
{
    return (double)mw_rng_u32(&v->noise_rng) * 0x1p-31 - 1.0;
}

/* Flow of the cubic pulse at a phase in [0, 1): peak 1, closing slope -27/4 per open phase. */
static double flow_at(double phase, double quotient)
{
    const double x = phase / quotient;

    return x < 1.0 ? 6.75 * x * x * (1.0 - x) : 0.0;
}

/* Jitter of 0.8 % and shimmer of 4 %, drawn anew per period. */
static void next_period(voice_state *v)
{
    v->jitter = 1.0 + 0.008 * mw_normal(&v->period_rng);
    v->shimmer = 1.0 + 0.04 * mw_normal(&v->period_rng);
}

static double source_sample(voice_state *v)
{
    const double step = v->f0_hz * v->jitter / v->rate_hz;
    double flow, pulse, breath;

    v->phase += step;
    if (v->phase >= 1.0) {
        v->phase -= 1.0;
        next_period(v);
    }
    flow = flow_at(v->phase, v->quotient);
    pulse = (flow - v->flow) / step * (1.0 / 6.75) * v->shimmer;
    v->flow = flow;
    v->tilt_y += v->tilt * (pulse - v->tilt_y);
    breath = white(v) * (0.35 + 0.65 * flow);
    return v->voice * v->tilt_y + v->breath * breath;
}

static double fric_sample(voice_state *v)
{
    const double w = white(v), x = w - v->white_2;

    v->white_2 = v->white_1;
    v->white_1 = w;
    return resonate(&v->noise, x) * v->fric;
}

/* Aim the amplitudes at the tracks' values n samples from now. */
static void aim(voice_state *v, double voice, double breath, double fric, int n)
{
    v->d_voice = (voice - v->voice) / n;
    v->d_breath = (breath - v->breath) / n;
    v->d_fric = (fric - v->fric) / n;
}

static void tune_formants(voice_state *v, const mw_synth *s, double time_s, double smile)
{
    static const double width_hz[N_FORMANTS] = { 70, 90, 130, 220, 300, 400, 500 };
    const double scale = s->who.formant_scale, nasal = mw_ctl_at(s, MW_CTL_NASAL, time_s);
    double hz[N_FORMANTS];

    hz[0] = mw_ctl_at(s, MW_CTL_F1, time_s) * scale;
    hz[1] = mw_ctl_at(s, MW_CTL_F2, time_s) * scale * (1.0 + 0.04 * smile);
    hz[2] = mw_ctl_at(s, MW_CTL_F3, time_s) * scale * (1.0 + 0.03 * smile);
    hz[3] = 3500.0 * scale;
    for (int i = 4; i < N_FORMANTS; i++)
        hz[i] = hz[i - 1] + 1000.0 * scale;
    v->n_formants = 0;
    for (int i = 0; i < N_FORMANTS && hz[i] < 0.45 * v->rate_hz; i++) {
        tune(&v->formant[i], hz[i], width_hz[i] * (1.0 + 1.2 * nasal), v->rate_hz);
        v->n_formants = i + 1;
    }
}

/* Set everything that changes slowly, for n samples from sample i. */
static void set_block(voice_state *v, const mw_synth *s, size_t i, int n)
{
    const mw_synth_cue *c = &s->p.voice;
    const double time_s = ((double)i + 0.5 * n) / v->rate_hz,
                 end_s = (double)(i + (size_t)n) / v->rate_hz;
    const double e = mw_cue_at(c, s->p.duration_s, time_s);
    const double arousal = e * c->arousal, valence = e * c->valence;
    const double tilt_hz = 2600.0 * mw_exp(0.7 * arousal);
    const double breath = s->who.breath * mw_exp(-0.5 * arousal);
    const double voice = mw_ctl_at(s, MW_CTL_VOICE, end_s);
    double fric_hz = mw_ctl_at(s, MW_CTL_FRIC_HZ, time_s);

    v->f0_hz = mw_ctl_at(s, MW_CTL_F0, time_s);
    v->quotient = s->who.open_quotient - 0.06 * arousal;
    v->tilt = 1.0 - mw_exp(-2.0 * MW_PI * tilt_hz / v->rate_hz);
    aim(v, voice, 0.012 * breath * voice + 0.10 * mw_ctl_at(s, MW_CTL_BREATH, end_s),
        0.18 * mw_ctl_at(s, MW_CTL_FRIC, end_s), n);
    tune_formants(v, s, time_s, valence);
    if (fric_hz > 0.42 * v->rate_hz) fric_hz = 0.42 * v->rate_hz;
    tune(&v->noise, fric_hz, 300.0 + 0.22 * fric_hz, v->rate_hz);
    v->noise.a = 0.5 * (1.0 + v->noise.c); /* unity gain at fric_hz, with the zero at 0 Hz */
}

static double next_sample(voice_state *v)
{
    double y;

    v->voice += v->d_voice;
    v->breath += v->d_breath;
    v->fric += v->d_fric;
    y = source_sample(v);
    for (int k = 0; k < v->n_formants; k++)
        y = resonate(&v->formant[k], y);
    return y + fric_sample(v);
}

/* Gain that brings the spoken part to the speaker's level. */
static double level_gain(const mw_synth *s, const float *x, size_t n)
{
    double power = 0, weight = 0, want_db = LEVEL_DB + s->who.level_db;

    for (size_t i = 0; i < n; i++) {
        const double w = mw_ctl_at(s, MW_CTL_SPOKEN, (double)i / s->p.rate_hz);

        power += w * (double)x[i] * (double)x[i];
        weight += w;
    }
    if (!(power > 0)) return 0.0;
    return mw_exp(want_db * (0x1.26bb1bbb55516p+1 / 20.0)) / sqrt(power / weight);
}

static double bend(double x)
{
    const double a = fabs(x), d = (a - KNEE) / (TOP - KNEE);
    double y;

    if (a <= KNEE) return x;
    y = KNEE + (TOP - KNEE) * d / (1.0 + d);
    return x < 0 ? -y : y;
}

/* The cue's part of the level comes after the levelling, which would take it away. */
static void apply_level(const mw_synth *s, float *x, size_t n)
{
    const mw_synth_cue *c = &s->p.voice;
    const double gain = level_gain(s, x, n), cue_db = 4.2 * c->arousal + 0.8 * c->valence;
    mw_rng room_rng = mw_rng_make(&s->key, "synth", "room");
    double cue_gain = 1.0, room = 0;

    for (size_t i = 0; i < n; i++) {
        if (i % 32 == 0) {
            const double e = mw_cue_at(c, s->p.duration_s, (double)i / s->p.rate_hz);

            cue_gain = mw_exp(e * cue_db * (0x1.26bb1bbb55516p+1 / 20.0));
        }
        room += 0.5 * (((double)mw_rng_u32(&room_rng) * 0x1p-31 - 1.0) * ROOM - room);
        x[i] = (float)bend((double)x[i] * gain * cue_gain + room);
    }
}

mw_status mw_synth_voice(const mw_synth *s, float *x, size_t n, mw_error *err)
{
    const int block = s->p.rate_hz / 400;
    voice_state v = { .rate_hz = s->p.rate_hz };

    if (n != mw_synth_n_samples(s))
        return mw_fail(err, MW_ERR_ARG, "bad_synth",
                       "synth: room for %zu samples, the clip has %zu", n, mw_synth_n_samples(s));
    v.period_rng = mw_rng_make(&s->key, "synth", "periods");
    v.noise_rng = mw_rng_make(&s->key, "synth", "breath");
    next_period(&v);
    for (size_t i = 0; i < n; i++) {
        if (i % (size_t)block == 0) set_block(&v, s, i, block);
        x[i] = (float)next_sample(&v);
    }
    apply_level(s, x, n);
    return MW_OK;
}
