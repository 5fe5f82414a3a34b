/* SPDX-License-Identifier: Apache-2.0 */
#include "run/bank_plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

const mw_harm_info mw_harm_info_of[MW_N_HARMS] = {
    [MW_HARM_NONE] = { "clean", "clean", 0, "" },
    [MW_HARM_BABBLE] = { "babble", "noise.babble", 'a', "snr_db" },
    [MW_HARM_MUSIC] = { "music", "noise.music", 'a', "snr_db" },
    [MW_HARM_ENVIRONMENT] = { "environment", "noise.environment", 'a', "snr_db" },
    [MW_HARM_WHITE] = { "white", "noise.white", 'a', "snr_db" },
    [MW_HARM_MUTE] = { "mute", "mute", 'a', "share" },
    [MW_HARM_HAND] = { "hand", "occlusion.hand", 'v', "coverage" },
    [MW_HARM_OBJECT] = { "object", "occlusion.object", 'v', "coverage" },
    [MW_HARM_TEXTURE] = { "texture", "occlusion.texture", 'v', "coverage" },
    [MW_HARM_NOISE] = { "noise", "pixelnoise.gaussian", 'v', "severity" },
    [MW_HARM_BLUR] = { "blur", "blur.gaussian", 'v', "severity" },
};

static const char *const plan_names[] = { "auto", "train", "valid", "test", "clean", NULL };
static const char *const grid_names[] = { "full", "small", "none", NULL };

#define O(field) offsetof(mw_bank_plan_options, field)

/* clang-format off */
const mw_opt mw_bank_plan_table[] = {
    { "plan", MW_OPT_ENUM, O(plan), "auto", .choices = plan_names,
      .help = "which variants a clip gets: auto: by its split in label.csv; or the same for all clips" },
    { "grid", MW_OPT_ENUM, O(grid), "full", .choices = grid_names, .help = "of test clips: all kinds and levels, two levels of each, or none" },
    { "mixes", MW_OPT_INT, O(mixes), "5", 0, 100, .help = "damaged variants of a training clip" },
    { "heldout", MW_OPT_TEXT, O(heldout), "music,hand", .help = "kinds of damage that training and validation never show" },
    { "p-audio", MW_OPT_DOUBLE, O(p_audio), "0.6", 0, 1, .help = "share of mixed variants whose sound is damaged" },
    { "p-video", MW_OPT_DOUBLE, O(p_video), "0.6", 0, 1, .help = "share of mixed variants whose picture is damaged" },
    { "mix-snr-min", MW_OPT_DOUBLE, O(snr_min), "-8", -60, 60, "dB", .help = "smallest ratio of mixed variants" },
    { "mix-snr-max", MW_OPT_DOUBLE, O(snr_max), "15", -60, 60, "dB", .help = "largest ratio of mixed variants" },
    { "mix-severity-min", MW_OPT_DOUBLE, O(severity_min), "0.2", 0, 1, .help = "smallest coverage, or severity, of mixed variants" },
    { "mix-severity-max", MW_OPT_DOUBLE, O(severity_max), "0.9", 0, 1, .help = "largest coverage, or severity, of mixed variants" },
    { "mix-shares", MW_OPT_DOUBLES, O(shares), "0.4,0.7,1", 0.01, 1, .help = "shares of the clip that mixed variants damage, in up to three stretches; one is drawn for each modality" },
    { 0 },
};
/* clang-format on */

#define MIXED_SEEN    "mixed-seen"
#define MIXED_HELDOUT "mixed-heldout"

/* Levels of the grids; the small grid takes the second and the last but one. */
#define N_LEVELS 5
static const double snr_levels[N_LEVELS] = { 15, 10, 5, 0, -5 };
static const double coverage_levels[N_LEVELS] = { 0.1, 0.3, 0.5, 0.7, 0.9 };
static const double severity_levels[N_LEVELS] = { 0.1, 0.3, 0.5, 0.7, 0.9 };
static const double mute_levels[] = { 0.2, 0.4, 0.6 };
#define N_MUTE_LEVELS (sizeof mute_levels / sizeof *mute_levels)

/* The pairs of the grid over both modalities: one that training shows, one that it does not. */
static const mw_harm pairs[][2] = { { MW_HARM_BABBLE, MW_HARM_OBJECT },
                                    { MW_HARM_MUSIC, MW_HARM_HAND } };

mw_status mw_bank_plan_make(mw_bank_plan *p, const mw_bank_plan_options *o, mw_error *err)
{
    const char *at = o->heldout;

    *p = (mw_bank_plan){ .o = o };
    while (*at) {
        const size_t n = strcspn(at, ",");
        int found = 0;

        for (int h = 1; h < MW_N_HARMS; h++)
            if (strlen(mw_harm_info_of[h].name) == n && !strncmp(mw_harm_info_of[h].name, at, n))
                p->heldout[h] = found = 1;
        if (!found)
            return mw_fail(err, MW_ERR_RANGE, "bad_option",
                           "option 'heldout': '%.*s' is not a kind of damage (babble, music, "
                           "environment, white, mute, hand, object, texture, noise, blur)",
                           (int)n, at);
        at += n + (at[n] == ',');
    }
    if (!o->shares.n)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'mix-shares': at least one");
    if (o->snr_max < o->snr_min || o->severity_max < o->severity_min)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'mix-snr-max', 'mix-severity-max': below the smallest");
    return MW_OK;
}

/* ---- drawing mixes ---- */

/* Kinds of a modality that are (in 1) or are not held out. */
static size_t list_harms(const mw_bank_plan *p, char letter, int heldout, mw_harm *out)
{
    size_t n = 0;

    for (int h = 1; h < MW_N_HARMS; h++)
        if (mw_harm_info_of[h].letter == letter && p->heldout[h] == heldout) out[n++] = (mw_harm)h;
    return n;
}

/* k stretches that together are a share of the clip, one at a random place in each of k equal
 * parts. */
static void place_stretches(mw_bank_spec *s, double share, int k, mw_rng *r)
{
    s->n_stretches = share < 1 ? k : 1;
    for (int i = 0; i < s->n_stretches; i++) {
        const double part = 1.0 / s->n_stretches, length = share * part;

        s->from[i] = i * part + mw_rng_unit(r) * (part - length);
        s->to[i] = s->from[i] + length;
    }
}

/* Every variant takes its draws in the same order, so that options change no more than they name.
 */
static void draw_mix(const mw_bank_plan *p, mw_bank_spec *s, char letter, int heldout,
                     const mw_clip_key *key)
{
    mw_harm harms[MW_N_HARMS];
    const size_t n = list_harms(p, letter, heldout, harms);
    char purpose[48];
    double u, severity;
    mw_rng r;

    snprintf(purpose, sizeof purpose, "%c/%s", letter, s->name);
    r = mw_rng_make(key, "bank", purpose);
    u = mw_rng_unit(&r);
    s->harm = n ? harms[mw_rng_below(&r, n)] : MW_HARM_NONE;
    s->level = mw_rng_uniform(&r, p->o->snr_min, p->o->snr_max);
    severity = mw_rng_uniform(&r, p->o->severity_min, p->o->severity_max);
    if (letter == 'v') s->level = severity;
    place_stretches(s, p->o->shares.v[mw_rng_below(&r, p->o->shares.n)],
                    1 + (int)mw_rng_below(&r, MW_PLAN_MAX_STRETCHES), &r);
    if (s->harm == MW_HARM_MUTE) {
        s->level = 0;
        for (int i = 0; i < s->n_stretches; i++)
            s->level += s->to[i] - s->from[i];
    }
    if (s->harm == MW_HARM_NONE || u >= (letter == 'a' ? p->o->p_audio : p->o->p_video))
        *s = (mw_bank_spec){ .harm = MW_HARM_NONE, .level = NAN };
}

/* ---- the grid ---- */

static void name_cell(char name[32], mw_harm h, double level)
{
    snprintf(name, 32, "%s_%g", mw_harm_info_of[h].name, level);
}

static const double *levels_of(mw_harm h, size_t *n)
{
    *n = h == MW_HARM_MUTE ? N_MUTE_LEVELS : N_LEVELS;
    return h == MW_HARM_MUTE                              ? mute_levels
           : mw_harm_info_of[h].letter == 'a'             ? snr_levels
           : !strcmp(mw_harm_info_of[h].axis, "coverage") ? coverage_levels
                                                          : severity_levels;
}

static int in_grid(const mw_bank_plan *p, size_t i, size_t n)
{
    if (p->o->grid == MW_GRID_NONE) return 0;
    return p->o->grid == MW_GRID_FULL || i == 1 || i + 2 == n;
}

static mw_bank_condition *add(mw_bank_condition *list, size_t *n, const char *block)
{
    mw_bank_condition *c = &list[(*n)++];

    *c = (mw_bank_condition){ .level = NAN };
    snprintf(c->block, sizeof c->block, "%s", block);
    return c;
}

static void add_grid(const mw_bank_plan *p, mw_bank_condition *list, size_t *n)
{
    for (int h = 1; h < MW_N_HARMS; h++) {
        const mw_harm_info *info = &mw_harm_info_of[h];
        size_t n_levels;
        const double *level = levels_of((mw_harm)h, &n_levels);

        for (size_t i = 0; i < n_levels; i++) {
            mw_bank_condition *c;

            if (!in_grid(p, i, n_levels)) continue;
            c = add(list, n, info->letter == 'a' ? "A" : "V");
            snprintf(c->id, sizeof c->id, "%s/%s/%g", c->block, info->name, level[i]);
            snprintf(c->type, sizeof c->type, "%s", info->type);
            snprintf(c->axis, sizeof c->axis, "%s", info->axis);
            c->level = level[i];
            c->heldout = p->heldout[h];
            name_cell(c->variant[info->letter == 'a' ? 0 : 1], (mw_harm)h, level[i]);
        }
    }
}

static void add_pairs(const mw_bank_plan *p, mw_bank_condition *list, size_t *n)
{
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        const mw_harm a = pairs[k][0], v = pairs[k][1];

        for (size_t i = 0; i < N_LEVELS * N_LEVELS; i++) {
            const double snr = snr_levels[i / N_LEVELS], coverage = coverage_levels[i % N_LEVELS];
            mw_bank_condition *c;

            if (!in_grid(p, i / N_LEVELS, N_LEVELS) || !in_grid(p, i % N_LEVELS, N_LEVELS))
                continue;
            c = add(list, n, "AV");
            snprintf(c->id, sizeof c->id, "AV/%s+%s/%g/%g", mw_harm_info_of[a].name,
                     mw_harm_info_of[v].name, snr, coverage);
            snprintf(c->type, sizeof c->type, "%s+%s", mw_harm_info_of[a].type,
                     mw_harm_info_of[v].type);
            name_cell(c->variant[0], a, snr);
            name_cell(c->variant[1], v, coverage);
            c->heldout = p->heldout[a] || p->heldout[v];
        }
    }
}

static void add_mixed(mw_bank_condition *list, size_t *n, const char *block, const char *variant)
{
    mw_bank_condition *c = add(list, n, block);

    snprintf(c->id, sizeof c->id, "%s", variant);
    snprintf(c->type, sizeof c->type, "mixed");
    snprintf(c->variant[0], sizeof c->variant[0], "%s", variant);
    snprintf(c->variant[1], sizeof c->variant[1], "%s", variant);
    c->heldout = !strcmp(variant, MIXED_HELDOUT);
}

mw_status mw_bank_plan_conditions(const mw_bank_plan *p, mw_bank_condition **out, size_t *n,
                                  mw_error *err)
{
    const size_t most =
        16 + (size_t)p->o->mixes + (size_t)MW_N_HARMS * N_LEVELS + 2 * (size_t)N_LEVELS * N_LEVELS;
    mw_bank_condition *list = mw_calloc(most, sizeof *list);

    *out = list;
    *n = 0;
    if (!list) return mw_fail_nomem(err);
    snprintf(add(list, n, "clean")->id, sizeof list->id, "clean");
    for (int64_t k = 0; k < p->o->mixes; k++) {
        char name[32];

        snprintf(name, sizeof name, "mix%lld", (long long)k);
        add_mixed(list, n, "train", name);
    }
    add_mixed(list, n, MIXED_SEEN, MIXED_SEEN);
    add_mixed(list, n, MIXED_HELDOUT, MIXED_HELDOUT);
    add_grid(p, list, n);
    add_pairs(p, list, n);
    return MW_OK;
}

/* ---- specs of a clip ---- */

static mw_bank_spec *next_spec(mw_bank_spec *specs, size_t *n, const char *name)
{
    mw_bank_spec *s = &specs[(*n)++];

    snprintf(s->name, sizeof s->name, "%s", name);
    return s;
}

static void mix_spec(const mw_bank_plan *p, mw_bank_spec *specs, size_t *n, const char *name,
                     char letter, int heldout, const mw_clip_key *key)
{
    mw_bank_spec *s = next_spec(specs, n, name);

    draw_mix(p, s, letter, heldout, key);
    snprintf(s->name, sizeof s->name, "%s", name);
}

static void grid_specs(const mw_bank_plan *p, mw_bank_spec *specs, size_t *n, char letter,
                       const mw_clip_key *key)
{
    for (int h = 1; h < MW_N_HARMS; h++) {
        size_t n_levels;
        const double *level = levels_of((mw_harm)h, &n_levels);

        for (size_t i = 0; mw_harm_info_of[h].letter == letter && i < n_levels; i++) {
            char name[32];
            mw_bank_spec *s;

            if (!in_grid(p, i, n_levels)) continue;
            name_cell(name, (mw_harm)h, level[i]);
            s = next_spec(specs, n, name);
            s->harm = (mw_harm)h;
            s->level = level[i];
            s->n_stretches = 1;
            s->to[0] = 1;
            if (h == MW_HARM_MUTE) {
                mw_rng r = mw_rng_make(key, "bank", name);

                place_stretches(s, level[i], 2, &r);
            }
        }
    }
}

static mw_split split_of(const mw_bank_plan *p, mw_split split)
{
    static const mw_split forced[] = { [MW_PLAN_TRAIN] = MW_TRAIN,
                                       [MW_PLAN_VALID] = MW_VALID,
                                       [MW_PLAN_TEST] = MW_TEST,
                                       [MW_PLAN_CLEAN] = MW_NO_SPLIT };

    return p->o->plan == MW_PLAN_AUTO ? split : forced[p->o->plan];
}

mw_status mw_bank_plan_specs(const mw_bank_plan *p, mw_split split, char letter,
                             const mw_clip_key *key, mw_bank_spec **specs, size_t *n, mw_error *err)
{
    const mw_split as = split_of(p, split);
    const size_t most = 4 + (size_t)p->o->mixes + (size_t)MW_N_HARMS * N_LEVELS;

    *n = 0;
    *specs = mw_calloc(most, sizeof **specs);
    if (!*specs) return mw_fail_nomem(err);
    for (int64_t k = 0; as == MW_TRAIN && k < p->o->mixes; k++) {
        char name[32];

        snprintf(name, sizeof name, "mix%lld", (long long)k);
        mix_spec(p, *specs, n, name, letter, 0, key);
    }
    if (as == MW_VALID || as == MW_TEST) mix_spec(p, *specs, n, MIXED_SEEN, letter, 0, key);
    if (as == MW_TEST) mix_spec(p, *specs, n, MIXED_HELDOUT, letter, 1, key);
    if (as == MW_TEST) grid_specs(p, *specs, n, letter, key);
    return MW_OK;
}
