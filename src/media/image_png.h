/* SPDX-License-Identifier: Apache-2.0
 *
 * RGB pictures as PNG, through libspng. Numbers: exact. Bytes follow from the picture and the
 * versions of libspng and zlib: fixed compression level and filters, no date, no text.
 */
#ifndef MW_MEDIA_IMAGE_PNG_H
#define MW_MEDIA_IMAGE_PNG_H

#include "data/frame.h"

/* Encode an MW_PIX_RGB24 frame. *png [*n] is the caller's, mw_free. MW_ERR_ARG for other formats,
 * MW_ERR_NOMEM. */
mw_status mw_png_encode(uint8_t **png, size_t *n, const mw_frame *f, mw_error *err);

/* Encode and write, replacing path. A file that could not be written whole is removed. */
mw_status mw_png_write(const char *path, const mw_frame *f, mw_error *err);

#endif
