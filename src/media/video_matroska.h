/* SPDX-License-Identifier: Apache-2.0
 *
 * The structure of a Matroska or WebM file, down to its blocks.
 */
#ifndef MW_MEDIA_VIDEO_MATROSKA_H
#define MW_MEDIA_VIDEO_MATROSKA_H

#include <stdint.h>

#include "merwild/status.h"

/* Whether a file of size bytes, open as fd, is as long as its header and segment say, and whether
 * the elements of the segment fill each other without a hole and every block belongs to a track.
 * libavformat passes by what does not fit, up to the next cluster, and tells nobody: its frames
 * would be missing. Reads the heads of elements only.
 *
 * MW_ERR_FORMAT: truncated (an element reaches past the end of the file), decode_error (all else).
 */
mw_status mw_matroska_check(int fd, int64_t size, const char *path, mw_error *err);

#endif
