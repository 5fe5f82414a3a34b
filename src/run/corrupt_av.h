/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of "corrupt av", and what replay shares with it.
 */
#ifndef MW_RUN_CORRUPT_AV_H
#define MW_RUN_CORRUPT_AV_H

#include "media/av_mux.h"
#include "run/corrupt_video.h"
#include "run/sound_clip.h"

#define MW_AV_COMMAND "corrupt av"

typedef struct mw_av_options {
    char *overlap; /* "independent", "same", "disjoint", or a share in [0, 1] */
} mw_av_options;

struct mw_corrupt_av_options {
    struct mw_corrupt_video_options video; /* with the options of the run */
    mw_sound_options sound;
    mw_additive_options additive;
    mw_av_options av;
};

extern const mw_opt mw_av_options_table[];

/* Groups of a sidecar's run.options, in this order. */
enum { MW_AV_GROUP_PICTURE, MW_AV_GROUP_FACE, MW_AV_GROUP_SOUND, MW_AV_GROUP_AV, MW_AV_N_GROUPS };

/* First sample of a sound that begins at start_s, on the clock of the file written. */
int64_t mw_av_start_samples(double start_s);

/* x [n] (float, as mixed) as the sound of picture, in path. */
mw_status mw_av_join(const char *path, const char *picture, mw_video_container container,
                     const float *x, size_t n, double start_s, mw_error *err);

#endif
