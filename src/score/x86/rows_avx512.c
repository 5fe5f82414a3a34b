/* SPDX-License-Identifier: Apache-2.0 */
#define ROWS_NAME mw_rows_avx512
#include "score/rows_lanes.inc.h"
