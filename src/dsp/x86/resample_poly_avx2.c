/* SPDX-License-Identifier: Apache-2.0 */
#define MW_VL 8
#include "dsp/resample_poly.h"

#include "dsp/lanes.h"
#include "dsp/resample_poly_lanes.inc.h"

const mw_poly_kernels mw_poly_kernels_avx2 = POLY_KERNELS;
