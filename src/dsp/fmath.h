/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions are in base/, because img/ needs them too; kept for the includes of this folder's
 * users.
 */
#ifndef MW_DSP_FMATH_H
#define MW_DSP_FMATH_H

#include "base/fmath.h"

#endif
