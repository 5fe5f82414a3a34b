/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures and clips for tests, read without the library's own reader.
 */
#ifndef MW_TESTS_MEDIA_H
#define MW_TESTS_MEDIA_H

#include "data/frame.h"

/* An 8-bit RGB(A) or gray PNG as RGB24; fails the test when it cannot be read. */
mw_frame png_load(const char *path);

typedef struct clip clip;

/* First video stream of a file; fails the test when it cannot be opened. clip_next gives the next
 * frame as RGB24, converted like OpenCV's VideoCapture (BT.601, limited range, chroma repeated); it
 * belongs to the clip. NULL at the end. */
clip *clip_open(const char *path);
const mw_frame *clip_next(clip *c);
void clip_close(clip *c);

#endif
