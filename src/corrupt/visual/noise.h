/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of video.gaussian_noise.
 */
#ifndef MW_CORRUPT_VISUAL_NOISE_H
#define MW_CORRUPT_VISUAL_NOISE_H

#include "merwild/options.h"

typedef struct mw_noise_options {
    double var_min, var_max; /* squared standard deviation, full scale = 1 */
    int rounding;            /* mw_noise_rounding */
} mw_noise_options;

extern const mw_opt mw_noise_options_table[];

#endif
