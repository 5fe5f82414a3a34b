/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of "corrupt audio" that replay shares.
 */
#ifndef MW_RUN_CORRUPT_AUDIO_H
#define MW_RUN_CORRUPT_AUDIO_H

#include "corrupt/audio/additive.h"
#include "corrupt/op.h"
#include "data/audio.h"
#include "merwild/corrupt.h"
#include "run/bank.h"

#define MW_AUDIO_RATE_HZ 16000

typedef struct mw_sound_options {
    char *noise_dir;
    mw_doubles snr;
    int64_t channel;
    double max_s;
} mw_sound_options;

struct mw_corrupt_audio_options {
    mw_run_options run;
    mw_sound_options sound;
    mw_additive_options additive;
    int preset;
};

extern const mw_opt mw_sound_options_table[];

/* The clean sound of a clip at the working rate. */
mw_status mw_clean_sound(mw_audio *out, const char *path, const mw_sound_options *o, mw_error *err);

/* The noise z [n] of a decision (new array, mw_free). */
mw_status mw_decided_noise(float **z, const mw_additive_options *o, const mw_additive_decision *d,
                           int64_t n, mw_bank *bank, mw_error *err);

#endif
