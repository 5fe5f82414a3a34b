/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of video.occlusion.
 */
#ifndef MW_CORRUPT_VISUAL_OCCLUSION_H
#define MW_CORRUPT_VISUAL_OCCLUSION_H

#include "merwild/options.h"

/* Kinds of occluders. */
enum { MW_OCCLUDER_HAND, MW_OCCLUDER_OBJECT, MW_OCCLUDER_TEXTURE, MW_N_OCCLUDER_KINDS };

enum { MW_FOLLOW_FIXED, MW_FOLLOW_TRACK };

typedef struct mw_occlusion_options {
    double weight[MW_N_OCCLUDER_KINDS];
    mw_doubles fractions; /* of the face box's area, one is drawn */
    int follow;           /* MW_FOLLOW_* */
    int from_clip;        /* fixed: the box of the clip's first face, not of the stretch's */
    int augment;
    int rounding; /* mw_noise_rounding */
} mw_occlusion_options;

extern const mw_opt mw_occlusion_options_table[];

#endif
