/* SPDX-License-Identifier: Apache-2.0
 *
 * Speakers: one draw of every trait from the stream (seed, speaker). The body plan (one latent
 * "build" from 0 to 1) ties pitch, vocal tract length, jaw and hair together, the rest is free.
 */
#include "synth/internal.h"

#include <math.h>
#include <stdio.h>

#include "base/fmath.h"

/* sRGB 0..255, from light to dark; neighbours are mixed. */
static const double skin_tones[][3] = { { 244, 208, 184 }, { 232, 188, 160 }, { 220, 172, 138 },
                                        { 198, 146, 112 }, { 172, 120, 88 },  { 146, 98, 70 },
                                        { 118, 78, 56 } };
static const double hair_tones[][3] = { { 30, 24, 22 },  { 46, 34, 28 },   { 78, 52, 36 },
                                        { 112, 74, 46 }, { 168, 124, 76 }, { 202, 168, 116 },
                                        { 122, 52, 30 }, { 150, 146, 142 } };
static const double iris_tones[][3] = {
    { 66, 42, 26 }, { 92, 60, 34 }, { 98, 104, 62 }, { 84, 118, 142 }, { 104, 122, 128 }
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

double mw_normal(mw_rng *r)
{
    const double u = 1.0 - mw_rng_unit(r), v = mw_rng_unit(r);

    return sqrt(-2.0 * mw_log(u)) * mw_cos(2.0 * MW_PI * v);
}

/* The renderer works in light = (code / 255)^2, near enough to sRGB and exact to invert. */
static void linear(double out[3], const double srgb[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = srgb[i] / 255.0 * (srgb[i] / 255.0);
}

static void mix(double out[3], const double a[3], const double b[3], double share)
{
    for (int i = 0; i < 3; i++)
        out[i] = a[i] + (b[i] - a[i]) * share;
}

/* A colour of the given brightness and saturation: three cosine lobes around the hue circle. */
static void hue_colour(double out[3], double hue, double saturation, double value)
{
    double srgb[3];

    for (int i = 0; i < 3; i++)
        srgb[i] = 255.0 * value *
                  (1.0 - saturation * (0.5 - 0.5 * mw_cos(2.0 * MW_PI * (hue - i / 3.0))));
    linear(out, srgb);
}

/* A colour at random; the draws are statements of their own, for the order in which arguments are
 * evaluated is the compiler's choice. */
static void draw_colour(double out[3], mw_rng *r, double saturation_lo, double saturation_hi,
                        double value_lo, double value_hi)
{
    const double hue = mw_rng_unit(r);
    const double saturation = mw_rng_uniform(r, saturation_lo, saturation_hi);
    const double value = mw_rng_uniform(r, value_lo, value_hi);

    hue_colour(out, hue, saturation, value);
}

static void draw_voice(mw_speaker *w, mw_rng *r, double build)
{
    w->f0_hz = 205.0 * mw_exp(-0.58 * build + 0.07 * mw_normal(r));
    if (w->f0_hz < 80.0) w->f0_hz = 80.0;
    if (w->f0_hz > 270.0) w->f0_hz = 270.0;
    w->formant_scale = 1.17 - 0.17 * build + mw_rng_uniform(r, -0.03, 0.03);
    w->rate = mw_rng_uniform(r, 0.88, 1.14);
    w->level_db = mw_rng_uniform(r, -2.0, 2.0);
    w->open_quotient = mw_rng_uniform(r, 0.55, 0.70) - 0.05 * build;
    w->breath = mw_rng_uniform(r, 0.6, 1.6);
}

static void draw_head(mw_speaker *w, mw_rng *r, double build)
{
    w->half_width = mw_rng_uniform(r, 0.95, 1.04);
    w->top = mw_rng_uniform(r, 1.36, 1.48);
    w->chin = mw_rng_uniform(r, 1.30, 1.38) + 0.07 * build;
    w->jaw = mw_rng_uniform(r, 0.10, 0.20) - 0.06 * build;
    w->square = mw_rng_uniform(r, 0.05, 0.20) + 0.12 * build;
    w->eye_x = mw_rng_uniform(r, 0.405, 0.45);
    w->eye_size = mw_rng_uniform(r, 0.195, 0.225);
    w->eye_open = mw_rng_uniform(r, 0.88, 1.12);
    w->brow_y = mw_rng_uniform(r, -0.32, -0.27) + 0.03 * build;
    w->brow_thick = mw_rng_uniform(r, 0.026, 0.040) + 0.016 * build;
    w->brow_arch = mw_rng_uniform(r, 0.03, 0.09);
    w->nose_width = mw_rng_uniform(r, 0.88, 1.15) + 0.08 * build;
    w->nose_y = mw_rng_uniform(r, 0.47, 0.52);
    w->mouth_y = w->nose_y + mw_rng_uniform(r, 0.33, 0.38);
    w->mouth_width = mw_rng_uniform(r, 0.34, 0.40);
    w->lip = mw_rng_uniform(r, 0.85, 1.25) - 0.15 * build;
    w->rest_smile = mw_rng_uniform(r, -0.12, 0.12);
    w->ear = mw_rng_uniform(r, 0.85, 1.12);
}

static void draw_hair(mw_speaker *w, mw_rng *r, double build)
{
    const int is_long = mw_rng_unit(r) > 0.15 + 0.75 * build;

    w->hairline = mw_rng_uniform(r, -0.94, -0.78) - 0.04 * build;
    w->hair_part = mw_rng_uniform(r, -0.22, 0.22);
    w->hair_volume = mw_rng_uniform(r, 0.06, 0.13) + (is_long ? 0.05 : 0.0);
    w->hair_length = mw_rng_uniform(r, 1.0, 2.2);
    if (!is_long) w->hair_length = 0.0;
    w->stubble = build * mw_rng_uniform(r, 0.0, 0.5);
}

static void draw_colours(mw_speaker *w, mw_rng *r)
{
    const double tone = mw_rng_unit(r) * (COUNT(skin_tones) - 1);
    const size_t i = (size_t)tone;
    const size_t n_hair = tone > 2.5 ? 3 : COUNT(hair_tones);
    const size_t n_iris = tone > 2.5 ? 2 : COUNT(iris_tones);
    double srgb[3];
    double red[3];

    mix(srgb, skin_tones[i], skin_tones[i + 1], tone - (double)i);
    linear(w->skin, srgb);
    linear(w->hair, hair_tones[mw_rng_below(r, n_hair)]);
    linear(w->iris, iris_tones[mw_rng_below(r, n_iris)]);
    draw_colour(w->cloth, r, 0.1, 0.6, 0.25, 0.8);
    red[0] = w->skin[0] * 0.86;
    red[1] = w->skin[1] * 0.46;
    red[2] = w->skin[2] * 0.50;
    mix(w->lips, w->skin, red, mw_rng_uniform(r, 0.75, 1.1));
}

static void draw_place(mw_speaker *w, mw_rng *r)
{
    const double hue = mw_rng_unit(r), side = mw_rng_unit(r) < 0.5 ? -1.0 : 1.0;
    const double value = mw_rng_uniform(r, 0.45, 0.8), saturation = mw_rng_uniform(r, 0.05, 0.3);

    w->scale = mw_rng_uniform(r, 0.212, 0.235);
    hue_colour(w->wall_a, hue, saturation, value);
    hue_colour(w->wall_b, hue + 0.08, saturation, value * mw_rng_uniform(r, 0.55, 0.9));
    for (int i = 0; i < MW_N_BLOBS; i++) {
        mw_blob *b = &w->blob[i];

        b->x = (i % 2 ? 1.0 : -1.0) * mw_rng_uniform(r, 0.3, 0.75);
        b->y = mw_rng_uniform(r, -0.45, 0.4);
        b->half_w = mw_rng_uniform(r, 0.05, 0.2);
        b->half_h = mw_rng_uniform(r, 0.08, 0.4);
        b->soft = mw_rng_uniform(r, 0.03, 0.12);
        draw_colour(b->rgb, r, 0.3, 0.45, 0.2, 0.9);
        b->amount = mw_rng_uniform(r, 0.2, 0.6);
    }
    w->light[0] = side * mw_rng_uniform(r, 0.15, 0.55);
    w->light[1] = mw_rng_uniform(r, -0.55, -0.2);
    w->light[2] = sqrt(1.0 - w->light[0] * w->light[0] - w->light[1] * w->light[1]);
    w->ambient = mw_rng_uniform(r, 0.30, 0.42);
}

mw_speaker mw_speaker_make(uint64_t seed, int64_t speaker)
{
    mw_speaker w;
    mw_clip_key key;
    mw_rng r;
    char id[48];
    double build;

    snprintf(id, sizeof id, "synth/speaker/%lld", (long long)speaker);
    key = mw_clip_key_make(seed, id);
    r = mw_rng_make(&key, "synth", "build");
    build = mw_rng_unit(&r);
    build = build * build * (3.0 - 2.0 * build); /* away from the middle */
    r = mw_rng_make(&key, "synth", "voice");
    draw_voice(&w, &r, build);
    r = mw_rng_make(&key, "synth", "head");
    draw_head(&w, &r, build);
    r = mw_rng_make(&key, "synth", "hair");
    draw_hair(&w, &r, build);
    r = mw_rng_make(&key, "synth", "colours");
    draw_colours(&w, &r);
    r = mw_rng_make(&key, "synth", "place");
    draw_place(&w, &r);
    return w;
}
