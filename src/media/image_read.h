/* SPDX-License-Identifier: Apache-2.0
 *
 * JPEG (libjpeg-turbo) and PNG (libspng) files as 8-bit RGB. The file is hostile: sizes are checked
 * before memory is taken.
 */
#ifndef MW_MEDIA_IMAGE_READ_H
#define MW_MEDIA_IMAGE_READ_H

#include "data/frame.h"

/* Read a picture into an MW_PIX_RGB24 frame (mw_frame_clear). Alpha is dropped, grey repeated,
 * palettes expanded, 16 bits cut to 8, as OpenCV's imread does in colour. upright: apply the EXIF
 * orientation of a JPEG.
 *
 * MW_ERR_IO; MW_ERR_FORMAT: unsupported (neither JPEG nor PNG, or a kind not read), truncated,
 * bad_image, too_large (sides above MW_FRAME_MAX_SIDE, more than 2^28 pixels, file above 256 MiB).
 * Numbers: exact against OpenCV with libjpeg-turbo. */
mw_status mw_image_read(mw_frame *out, const char *path, int upright, mw_error *err);

#endif
