/* SPDX-License-Identifier: Apache-2.0
 *
 * Consistency of a parsed model: what the runners rely on without looking again.
 */
#ifndef MW_NN_TFLITE_CHECK_H
#define MW_NN_TFLITE_CHECK_H

#include "nn/tflite.h"

/* Leading padding and output size of a window of k samples over n, as TFLite defines SAME and
 * VALID. out is 0 when the window does not fit. */
void mw_tfl_window(int n, int k, int stride, int same, int *before, int *out);

/* Each tensor exists and is written once and before it is read; every operator is one that the
 * runners know, with shapes that fit its meaning: batch 1, height x width x channels; weights
 * constant; padding amounts constant and >= 0. MW_ERR_FORMAT "bad_model" or "unsupported". */
mw_status mw_tflite_check(const mw_tflite *m, const char *name, mw_error *err);

#endif
