/* SPDX-License-Identifier: Apache-2.0 */
#define MW_VL 16
#include "feature/lld/kernels.h"

#include "feature/lld/kernels_lanes.inc.h"

const lld_kernels lld_kernels_avx512 = KERNEL_TABLE;
