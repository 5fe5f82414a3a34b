/* SPDX-License-Identifier: Apache-2.0
 *
 * What a feature bank holds of a clip: which variants of sound and picture, drawn from the clip's
 * key, and which pairs of them are conditions. The mixes and grids of docs/scoring.md.
 */
#ifndef MW_RUN_BANK_PLAN_H
#define MW_RUN_BANK_PLAN_H

#include "base/rng.h"
#include "data/feature_bank.h"
#include "data/labels.h"
#include "merwild/options.h"

/* Kinds of damage. */
typedef enum mw_harm {
    MW_HARM_NONE,
    MW_HARM_BABBLE, /* sound */
    MW_HARM_MUSIC,
    MW_HARM_ENVIRONMENT,
    MW_HARM_WHITE,
    MW_HARM_MUTE,
    MW_HARM_HAND, /* picture */
    MW_HARM_OBJECT,
    MW_HARM_TEXTURE,
    MW_HARM_NOISE,
    MW_HARM_BLUR,
    MW_N_HARMS
} mw_harm;

/* name: on the command line and in names of variants; type: in truth and tables. */
typedef struct mw_harm_info {
    const char *name, *type;
    char letter; /* 'a', 'v' */
    const char *axis;
} mw_harm_info;

extern const mw_harm_info mw_harm_info_of[MW_N_HARMS];

#define MW_PLAN_MAX_STRETCHES 3

/* One variant. level: SNR in dB; for muting the share of the clip; area of the occluder over
 * that of the face box; or severity in [0, 1]. Stretches [from, to) are shares of the clip, in
 * order of time. */
typedef struct mw_bank_spec {
    char name[32];
    mw_harm harm;
    double level;
    int n_stretches;
    double from[MW_PLAN_MAX_STRETCHES], to[MW_PLAN_MAX_STRETCHES];
} mw_bank_spec;

enum { MW_GRID_FULL, MW_GRID_SMALL, MW_GRID_NONE };
enum { MW_PLAN_AUTO, MW_PLAN_TRAIN, MW_PLAN_VALID, MW_PLAN_TEST, MW_PLAN_CLEAN };

/* mixes: damaged variants of a training clip. heldout: names of harms that training and validation
 * never show, separated by commas. The intervals are those that mixes draw from, uniformly. */
typedef struct mw_bank_plan_options {
    int plan, grid;
    int64_t mixes;
    char *heldout;
    double p_audio, p_video;
    double snr_min, snr_max, severity_min, severity_max;
    mw_doubles shares; /* of the clip that a mixed variant damages; one is drawn */
} mw_bank_plan_options;

extern const mw_opt mw_bank_plan_table[];

typedef struct mw_bank_plan {
    const mw_bank_plan_options *o;
    int heldout[MW_N_HARMS];
} mw_bank_plan;

/* MW_ERR_RANGE "bad_option". */
mw_status mw_bank_plan_make(mw_bank_plan *p, const mw_bank_plan_options *o, mw_error *err);

/* All conditions of all splits; conditions are the caller's (mw_free). */
mw_status mw_bank_plan_conditions(const mw_bank_plan *p, mw_bank_condition **out, size_t *n,
                                  mw_error *err);

/* The variants of one modality (letter 'a' or 'v') for a clip of that split, without the clean one:
 * specs [*n], the caller's. The draws depend on key, letter and name of the variant alone. */
mw_status mw_bank_plan_specs(const mw_bank_plan *p, mw_split split, char letter,
                             const mw_clip_key *key, mw_bank_spec **specs, size_t *n,
                             mw_error *err);

#endif
