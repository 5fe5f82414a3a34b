/* SPDX-License-Identifier: Apache-2.0
 *
 * Formants from the linear prediction (E4).
 */
#ifndef MW_FEATURE_LLD_FORMANTS_H
#define MW_FEATURE_LLD_FORMANTS_H

#include "feature/lld/kernels.h"

/* re20, im20 of MW_LANES frames -> raw[RAW_FORMANT ..]: F1 F2 F3, then their bandwidths, Hz; 0
 * where there is none. */
void lld_formants(const lld_tables *t, const lld_kernels *k, lld_scratch *s);

#endif
