/* SPDX-License-Identifier: Apache-2.0 */
#define MW_VL 16
#include "dsp/resample_poly.h"

#include "dsp/lanes.h"
#include "dsp/resample_poly_lanes.inc.h"

const mw_poly_kernels mw_poly_kernels_avx512 = POLY_KERNELS;
