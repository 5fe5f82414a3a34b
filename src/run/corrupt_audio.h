/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of "corrupt audio".
 */
#ifndef MW_RUN_CORRUPT_AUDIO_H
#define MW_RUN_CORRUPT_AUDIO_H

#include "merwild/corrupt.h"
#include "run/sound_clip.h"

struct mw_corrupt_audio_options {
    mw_run_options run;
    mw_sound_options sound;
    mw_additive_options additive;
    int preset;
};

#endif
