/* SPDX-License-Identifier: Apache-2.0
 *
 * The variants of one clip for a feature bank: damaged in memory with the registry's operations,
 * described, with the truth of every row. The clip's picture is decoded again for each variant, so
 * that memory does not depend on its length.
 */
#ifndef MW_RUN_BANK_MEDIA_H
#define MW_RUN_BANK_MEDIA_H

#include "feature/lld/lld.h"
#include "run/bank_plan.h"
#include "run/occluders.h"
#include "run/sound_clip.h"
#include "run/visual_pass.h"

/* What was done for a variant: an operation with options and decision of its own, to be written to
 * the sidecar; op NULL: muted, or nothing. */
typedef struct mw_bank_deed {
    const mw_op *op;
    void *options, *decision;
} mw_bank_deed;

/* One modality with all its variants; everything is owned (mw_bank_part_clear). */
typedef struct mw_bank_part {
    mw_bank_modality m;
    mw_bank_deed *deeds; /* [m.n_variants] */
    mw_bank_spec *specs; /* [m.n_variants - 1]: variants 1 ... */
    size_t n_specs;
} mw_bank_part;

void mw_bank_part_clear(mw_bank_part *p);

/* Sound: descriptors of both sets every 10 ms. noise: bank of recordings. MW_ERR_FORMAT no_audio
 * and what mw_sound_clip_load says; too_short. specs are taken over, also on failure. */
typedef struct mw_bank_sound {
    const mw_sound_options *sound;
    mw_bank *noise;
    mw_lld *lld; /* at MW_AUDIO_RATE_HZ */
    int64_t talkers_min, talkers_max;
} mw_bank_sound;

mw_status mw_bank_sound_make(mw_bank_part *out, const mw_bank_sound *s, const char *path,
                             const mw_clip_key *key, mw_bank_spec *specs, size_t n_specs,
                             mw_job *job, mw_error *err);

/* Picture: a row per frame. pass: detector and encoder of this worker. drop_undetected: frames
 * without a face are not valid, instead of rows of zeros with reliability 0. */
typedef struct mw_bank_picture {
    mw_occluder_bank *occluders;
    mw_visual_pass *pass;
    int drop_undetected;
} mw_bank_picture;

mw_status mw_bank_picture_make(mw_bank_part *out, const mw_bank_picture *s, const char *path,
                               const mw_clip_key *key, mw_bank_spec *specs, size_t n_specs,
                               mw_job *job, mw_error *err);

/* Reliability of a row: sound at this ratio over a share c of the row; picture with a hidden share
 * and severities of noise and blur, all in [0, 1]. */
double mw_reliability_of_snr(double snr_db);
double mw_sound_reliability(double c, double reliability_there);
double mw_picture_reliability(double hidden, double noise, double blur);

/* Severity 1 of Gaussian noise: standard deviation over full scale; of blur: standard deviation
 * over face height. */
#define MW_SEVERE_NOISE 0.5
#define MW_SEVERE_BLUR  0.12

#endif
