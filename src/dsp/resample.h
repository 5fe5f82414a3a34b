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

/* The same conversion in pieces: however the input is divided, the samples are those of mw_resample
 * (of one build of libsoxr, to the bit).
 *
 *     mw_resampler_open -> mw_resampler_run with x until all is used, with NULL until nothing comes
 */
typedef struct mw_resampler mw_resampler;

/* *out is NULL on failure; errors as mw_resample. */
mw_status mw_resampler_open(mw_resampler **out, int in_hz, int out_hz, mw_error *err);
void mw_resampler_close(mw_resampler **r);

/* Take *n_used of x [n], give *n_made samples to y [room], room > 0. x NULL (n and *n_used do not
 * matter): the input has ended; *n_made is 0 when all has been given. MW_ERR_NOMEM. */
mw_status mw_resampler_run(mw_resampler *r, const float *x, size_t n, size_t *n_used, float *y,
                           size_t room, size_t *n_made, mw_error *err);

#endif
