/* SPDX-License-Identifier: Apache-2.0
 *
 * A pixel font for ASCII.
 */
#ifndef MW_IMG_FONT_H
#define MW_IMG_FONT_H

#include <stdint.h>

#define MW_FONT_COLUMNS 5
#define MW_FONT_ROWS    9 /* 7 above the base line, 2 below */

/* Rows of a character, MW_FONT_ROWS bytes, top first; bit 4 is the left column. A box for all that
 * is not printable ASCII. Static. */
const uint8_t *mw_font_glyph(uint32_t code);

#endif
