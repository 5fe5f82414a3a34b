/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of video.gaussian_blur.
 */
#ifndef MW_CORRUPT_VISUAL_BLUR_H
#define MW_CORRUPT_VISUAL_BLUR_H

#include "merwild/options.h"

typedef struct mw_blur_options {
    int64_t kernel_px; /* odd */
    double sigma_px;
} mw_blur_options;

extern const mw_opt mw_blur_options_table[];

#endif
