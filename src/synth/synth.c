/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters: ranges, the recipe of a data set, and the life of a context.
 */
#include "synth/synth.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "synth/internal.h"

static double clip(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* Round halves away from zero, as annotators are taken to do. */
static double nearest(double x)
{
    return x < 0 ? -floor(0.5 - x) : floor(x + 0.5);
}

static mw_status want(double x, double lo, double hi, const char *name, mw_error *err)
{
    if (x >= lo && x <= hi) return MW_OK;
    return mw_fail(err, MW_ERR_RANGE, "bad_synth", "synth: %s is %g; it must be in [%g, %g]", name,
                   x, lo, hi);
}

typedef struct limit {
    double value, lo, hi;
    const char *name;
} limit;

static mw_status want_all(const limit *list, size_t n, mw_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const mw_status st = want(list[i].value, list[i].lo, list[i].hi, list[i].name, err);

        if (st != MW_OK) return st;
    }
    return MW_OK;
}
#define WANT_ALL(list, err) want_all(list, sizeof(list) / sizeof(list)[0], err)

static mw_status check_params(const mw_synth_params *p, mw_error *err)
{
    const double far = 2.0 * MW_SYNTH_MAX_S;
    const limit list[] = {
        { (double)p->clip, 0, 0x1p62, "clip" },
        { (double)p->speaker, 0, (double)(MW_SYNTH_N_SPEAKERS - 1), "speaker" },
        { p->label, -3, 3, "label" },
        { p->truth, -3, 3, "truth" },
        { p->voice.valence, -1, 1, "voice.valence" },
        { p->voice.arousal, -1, 1, "voice.arousal" },
        { p->voice.strength, 0, 2, "voice.strength" },
        { p->voice.on_s, 0, far, "voice.on_s" },
        { p->voice.off_s, p->voice.on_s, far, "voice.off_s" },
        { p->face.valence, -1, 1, "face.valence" },
        { p->face.arousal, -1, 1, "face.arousal" },
        { p->face.strength, 0, 2, "face.strength" },
        { p->face.on_s, 0, far, "face.on_s" },
        { p->face.off_s, p->face.on_s, far, "face.off_s" },
        { p->duration_s, MW_SYNTH_MIN_S, MW_SYNTH_MAX_S, "duration_s" },
        { p->width, MW_SYNTH_MIN_SIDE, MW_SYNTH_MAX_SIDE, "width" },
        { p->height, MW_SYNTH_MIN_SIDE, MW_SYNTH_MAX_SIDE, "height" },
        { p->fps, 1, 240, "fps" },
        { p->rate_hz, MW_SYNTH_MIN_RATE, MW_SYNTH_MAX_RATE, "rate_hz" },
        { p->nuisance, 0, 2, "nuisance" },
    };

    return WANT_ALL(list, err);
}

static mw_status check_recipe(const mw_synth_recipe *r, mw_error *err)
{
    const limit list[] = {
        { r->shared, -100, 100, "recipe.shared" },
        { r->own, -100, 100, "recipe.own" },
        { r->cue_noise, 0, 100, "recipe.cue_noise" },
        { r->label_shared, -100, 100, "recipe.label_shared" },
        { r->label_own, -100, 100, "recipe.label_own" },
        { r->annotators, 1, 100, "recipe.annotators" },
        { r->annotator_noise, 0, 100, "recipe.annotator_noise" },
        { r->conflict, 0, 1, "recipe.conflict" },
        { r->face_share_lo, 0.01, 1, "recipe.face_share_lo" },
        { r->face_share_hi, r->face_share_lo, 1, "recipe.face_share_hi" },
        { r->strength, 0, 2, "recipe.strength" },
        { r->clips_per_speaker, 1, 1e9, "recipe.clips_per_speaker" },
    };

    return WANT_ALL(list, err);
}

void mw_synth_recipe_default(mw_synth_recipe *r)
{
    *r = (mw_synth_recipe){ .shared = 1.2,
                            .own = 0.8,
                            .cue_noise = 0.5,
                            .label_shared = 1.2,
                            .label_own = 0.55,
                            .annotators = 5,
                            .annotator_noise = 0.6,
                            .face_share_lo = 0.3,
                            .face_share_hi = 0.5,
                            .strength = 1.0,
                            .clips_per_speaker = 6 };
}

void mw_synth_params_default(mw_synth_params *p, uint64_t seed, int64_t clip_index, int64_t speaker,
                             double label)
{
    const double y = clip(label, -3.0, 3.0), duration_s = 4.5;
    const mw_synth_cue cue = {
        .valence = y / 3.0, .arousal = 0.8 * y / 3.0, .strength = 1.0, .off_s = duration_s
    };

    *p = (mw_synth_params){ .seed = seed,
                            .clip = clip_index,
                            .speaker = speaker,
                            .label = y,
                            .truth = y,
                            .voice = cue,
                            .face = cue,
                            .duration_s = duration_s,
                            .width = 480,
                            .height = 360,
                            .fps = 25.0,
                            .rate_hz = 16000,
                            .nuisance = 1.0 };
}

int mw_synth_n_clauses(double duration_s)
{
    const int n = (int)(duration_s / 1.5 + 0.5);

    return n < 1 ? 1 : n;
}

static double annotate(mw_rng *r, const mw_synth_recipe *recipe, double truth)
{
    double sum = 0;

    for (int i = 0; i < recipe->annotators; i++)
        sum += clip(nearest(truth + recipe->annotator_noise * mw_normal(r)), -3.0, 3.0);
    return sum / recipe->annotators;
}

static mw_synth_cue cue_of(double e, double arousal_noise, double strength)
{
    return (mw_synth_cue){ .valence = e / 3.0,
                           .arousal = clip(0.8 * e / 3.0 + 0.2 * arousal_noise, -1.0, 1.0),
                           .strength = strength };
}

/* The voice's cue lies on one clause, the face's on a stretch. */
static void draw_stretches(mw_synth_params *p, mw_rng *r, const mw_synth_recipe *recipe)
{
    const int n = mw_synth_n_clauses(p->duration_s);
    const int k = (int)mw_rng_below(r, (uint64_t)n);
    const double share = mw_rng_uniform(r, recipe->face_share_lo, recipe->face_share_hi);

    p->voice.on_s = k * p->duration_s / n;
    p->voice.off_s = (k + 1) * p->duration_s / n;
    p->face.on_s = mw_rng_unit(r) * (1.0 - share) * p->duration_s;
    p->face.off_s = p->face.on_s + share * p->duration_s;
}

static void draw_latents(mw_synth_latents *l, double *truth, mw_rng *r,
                         const mw_synth_recipe *recipe)
{
    double n_voice, n_face;

    l->z0 = mw_normal(r);
    l->za = mw_normal(r);
    l->zv = mw_normal(r);
    n_voice = mw_normal(r);
    n_face = mw_normal(r);
    l->conflict = mw_rng_unit(r) < recipe->conflict;
    l->cue_voice = recipe->shared * l->z0 + recipe->own * l->za + recipe->cue_noise * n_voice;
    l->cue_face = recipe->shared * l->z0 + recipe->own * l->zv + recipe->cue_noise * n_face;
    l->cue_voice = clip(l->cue_voice, -3.0, 3.0);
    l->cue_face = clip(l->cue_face, -3.0, 3.0);
    *truth = recipe->label_shared * l->z0 + recipe->label_own * (l->za + l->zv);
    if (l->conflict) {
        l->cue_face = -l->cue_voice;
        *truth = l->cue_face;
    }
    *truth = clip(*truth, -3.0, 3.0);
}

mw_status mw_synth_draw(mw_synth_params *p, mw_synth_latents *latents, uint64_t seed, int64_t index,
                        const mw_synth_recipe *recipe, mw_error *err)
{
    mw_synth_latents l;
    mw_clip_key key;
    mw_rng r;
    char id[48];
    double noise_voice, noise_face;
    mw_status st = check_recipe(recipe, err);

    if (st == MW_OK) st = want((double)index, 0, 0x1p62, "index", err);
    if (st == MW_OK) st = want(p->duration_s, MW_SYNTH_MIN_S, MW_SYNTH_MAX_S, "duration_s", err);
    if (st != MW_OK) return st;
    snprintf(id, sizeof id, "synth/clip/%lld", (long long)index);
    key = mw_clip_key_make(seed, id);
    p->seed = seed;
    p->clip = index;
    p->speaker = index / recipe->clips_per_speaker;
    r = mw_rng_make(&key, "synth", "latents");
    draw_latents(&l, &p->truth, &r, recipe);
    noise_voice = mw_normal(&r);
    noise_face = mw_normal(&r);
    p->voice = cue_of(l.cue_voice, noise_voice, recipe->strength);
    p->face = cue_of(l.cue_face, noise_face, recipe->strength);
    r = mw_rng_make(&key, "synth", "annotators");
    p->label = annotate(&r, recipe, p->truth);
    r = mw_rng_make(&key, "synth", "stretches");
    draw_stretches(p, &r, recipe);
    if (latents) *latents = l;
    return check_params(p, err);
}

mw_synth_class mw_synth_classify(double valence, double arousal)
{
    if (fabs(valence) <= 0.15 && fabs(arousal) <= 0.15) return MW_SYNTH_NEUTRAL;
    if (valence >= 0) return arousal >= 0 ? MW_SYNTH_HAPPY : MW_SYNTH_CALM;
    return arousal >= 0 ? MW_SYNTH_ANGRY : MW_SYNTH_SAD;
}

const char *mw_synth_class_name(mw_synth_class c)
{
    static const char *const name[] = { "neutral", "happy", "calm", "sad", "angry" };

    return (unsigned)c < sizeof name / sizeof name[0] ? name[c] : "unknown";
}

mw_status mw_synth_create(mw_synth **out, const mw_synth_params *p, mw_error *err)
{
    mw_synth *s = NULL;
    char id[48];
    mw_status st = check_params(p, err);

    *out = NULL;
    if (st != MW_OK) return st;
    s = mw_calloc(1, sizeof *s);
    if (!s) return mw_fail_nomem(err);
    s->p = *p;
    snprintf(id, sizeof id, "synth/clip/%lld", (long long)p->clip);
    s->key = mw_clip_key_make(p->seed, id);
    s->who = mw_speaker_make(p->seed, p->speaker);
    st = mw_synth_plan_make(s, err);
    if (st == MW_OK) st = mw_motion_make(s, err);
    if (st != MW_OK) goto done;
    *out = s;
    s = NULL; /* now the caller's */
done:
    mw_synth_destroy(&s);
    return st;
}

void mw_synth_destroy(mw_synth **ps)
{
    mw_synth *s = *ps;

    if (!s) return;
    mw_free(s->seg);
    mw_free(s->ctl[0]);
    mw_free(s->blink_s);
    mw_free(s);
    *ps = NULL;
}

int64_t mw_synth_n_frames(const mw_synth *s)
{
    const int64_t n = (int64_t)(s->p.duration_s * s->p.fps + 0.5);

    return n < 1 ? 1 : n;
}

size_t mw_synth_n_samples(const mw_synth *s)
{
    return (size_t)(s->p.duration_s * s->p.rate_hz + 0.5);
}

const mw_synth_segment *mw_synth_plan(const mw_synth *s, size_t *n)
{
    *n = s->n_seg;
    return s->seg;
}
