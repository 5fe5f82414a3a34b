/* SPDX-License-Identifier: Apache-2.0
 *
 * FFV1 slices carry a checksum, but libavcodec's decoder fills a damaged slice from the frame
 * before and tells nobody; so the checksums are looked at here.
 */
#ifndef MW_MEDIA_FFV1_CHECK_H
#define MW_MEDIA_FFV1_CHECK_H

#include <stddef.h>
#include <stdint.h>

/* Whether a packet [n] of an FFV1 stream of version 3 is whole: slice sizes fill it exactly and, if
 * it has checksums, each fits. RFC 9043 section 4.9 (slice footer). */
int mw_ffv1_is_intact(const uint8_t *packet, size_t n);

#endif
