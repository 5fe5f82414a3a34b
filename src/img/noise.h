/* SPDX-License-Identifier: Apache-2.0
 *
 * Gaussian noise on RGB pictures: each sample of each channel by itself.
 */
#ifndef MW_IMG_NOISE_H
#define MW_IMG_NOISE_H

#include <stdint.h>

#include "data/frame.h"

/* How the noisy value becomes an integer again. */
typedef enum mw_noise_rounding {
    MW_NOISE_NEAREST, /* no bias */
    MW_NOISE_TRUNCATE /* as the reference: half a level darker */
} mw_noise_rounding;

/* Add noise to an RGB24 picture in place:
 *
 *     x = v * (1/255),  y = min(max(x + sigma z, 0), 1),  v' = trunc(255 y + (nearest ? 0.5 : 0))
 *
 * in f64, in this order. z are the deviates of mw_normal_fill for (stream; 0, row, t low word, t
 * high word): one per sample, in the order column, channel; so a picture's noise depends on stream
 * and t alone. "truncate" with sigma = sqrt(var) is scikit-image's random_noise(mode="gaussian",
 * var) * 255 cast to uint8, with other deviates; with sigma = 0 it still lowers 24 of the 256
 * levels by one, as there, and "nearest" changes nothing.
 *
 * t       number of the frame within its stream, >= 0
 * stream  64-bit key of a stream that serves nothing else
 * sigma   standard deviation in units of full scale, finite, >= 0
 *
 * MW_ERR_ARG for another format or sigma, f then untouched. Padding is neither read nor written.
 * Threads: safe on distinct pictures. Numbers: exact.
 * Source: scikit-image 0.19 util.random_noise; tests/golden/data/gaussian_noise. */
mw_status mw_img_noise_rgb(mw_frame *f, int64_t t, uint64_t stream, double sigma,
                           mw_noise_rounding rounding);

#endif
