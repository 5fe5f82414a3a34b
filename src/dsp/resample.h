/* SPDX-License-Identifier: Apache-2.0
 *
 * Sample rate conversion through libsoxr, quality "HQ" (20 bits, linear phase): what librosa calls.
 */
#ifndef MW_DSP_RESAMPLE_H
#define MW_DSP_RESAMPLE_H

#include <stddef.h>

#include "merwild/status.h"

/* Length after conversion as librosa fixes it: ceil(n * (out_hz / in_hz)). */
size_t mw_resample_length(size_t n, int in_hz, int out_hz);

/* x [n] at in_hz -> new array *y [*n_out] at out_hz (mw_free), padded with zeros or cut to
 * mw_resample_length. MW_ERR_RANGE for rates outside [1000, 768000]; MW_ERR_NOMEM. Numbers:
 * tolerance (equal on one libsoxr build, 2e-6 across builds and processors; its filters are
 * computed with libm). */
mw_status mw_resample(float **y, size_t *n_out, const float *x, size_t n, int in_hz, int out_hz,
                      mw_error *err);

#endif
