/* SPDX-License-Identifier: Apache-2.0
 *
 * What JPEG does to a picture: colour transform, 4:2:0, quantised DCT and back, with the integer
 * arithmetic of libjpeg-turbo's defaults (islow, fancy upsampling). No bits are coded.
 * Numbers: exact.
 */
#ifndef MW_IMG_JPEG_ROUNDTRIP_H
#define MW_IMG_JPEG_ROUNDTRIP_H

#include "img/lanczos.h"
#include "merwild/status.h"

/* pixels: 3 channels, changed in place; channel 0 is taken as B, 1 as G, 2 as R (the reference
 * hands an RGB picture to a coder that expects BGR); swap 1 takes channel 0 as R. quality in
 * [1, 100]. Allocates while it runs. MW_ERR_RANGE, MW_ERR_NOMEM. */
mw_status mw_jpeg_roundtrip(const mw_pixels *pixels, int quality, int swap, mw_error *err);

#endif
