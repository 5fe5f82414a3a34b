/* SPDX-License-Identifier: Apache-2.0
 *
 * A trained control as the base of a network that has all of its parameters and more: the control's
 * stay as they are, and what is learned is what the control lacks.
 */
#ifndef MW_RUN_SCORE_BASE_H
#define MW_RUN_SCORE_BASE_H

#include "score/model.h"

/* Copy the parameters of the model in the folder path into m and freeze them. MW_ERR_MISMATCH
 * "other_features" (modalities, windows, columns or standardisation differ), "other_network" (m
 * lacks a parameter of the base, or has none beyond it); MW_ERR_IO "no_model". */
mw_status mw_base_take(mw_model *m, const char *path, mw_error *err);

#endif
