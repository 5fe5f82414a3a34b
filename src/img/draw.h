/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawing on RGB24 frames: rectangles, lines, shading, text, pictures scaled down. Coordinates are
 * pixels from the top left corner; what lies outside the frame is cut off. No allocation.
 * Numbers: exact. Threads: safe on distinct frames.
 */
#ifndef MW_IMG_DRAW_H
#define MW_IMG_DRAW_H

#include "data/frame.h"

typedef struct mw_rgb {
    uint8_t r, g, b;
} mw_rgb;

/* Covers [x, x + w) x [y, y + h); empty when a side is not positive. Sums of sides and coordinates
 * must fit an int. */
typedef struct mw_rect {
    int x, y, w, h;
} mw_rect;

void mw_draw_fill(mw_frame *f, mw_rect r, mw_rgb colour);

/* Each sample becomes (s (255 - alpha) + colour alpha) / 255, rounded; alpha in [0, 255]. */
void mw_draw_shade(mw_frame *f, mw_rect r, mw_rgb colour, int alpha);

/* A border of the given thickness inside r. */
void mw_draw_outline(mw_frame *f, mw_rect r, int thickness, mw_rgb colour);

/* From (x0, y0) to (x1, y1), both included, with a square pen of thickness pixels whose top left
 * pixel follows the line. Coordinates in [-2^20, 2^20]. */
void mw_draw_line(mw_frame *f, int x0, int y0, int x1, int y1, int thickness, mw_rgb colour);

/* ---- text ---- */

/* A character takes 6 x 10 pixels times scale, of which 5 x 7 above the base line are inked by
 * capitals. From scale 2 on diagonal strokes are smoothed. */
#define MW_TEXT_ADVANCE 6
#define MW_TEXT_HEIGHT  10

/* Width of UTF-8 text in pixels, one advance per character; a byte that belongs to none counts
 * as one. */
int mw_text_width(const char *text, int scale);

/* Text with its top left corner at (x, y). Characters outside ASCII show as a box. Text wider than
 * max_width (0: any) ends in "..". Returns the x behind it. */
int mw_draw_text(mw_frame *f, int x, int y, int scale, mw_rgb colour, int max_width,
                 const char *text);

/* ---- pictures ---- */

/* An RGB24 picture looked at from another side: the pixel at column x, row y is at
 * p + x step_x + y step_y. Borrowed. */
typedef struct mw_view {
    const uint8_t *p;
    ptrdiff_t step_x, step_y;
    int width, height;
} mw_view;

/* f flipped upside down when mirrored, then turned clockwise by rotation_deg (to the nearest
 * multiple of 90): what a player shows for mw_video_info's fields of these names. */
mw_view mw_view_upright(const mw_frame *f, int rotation_deg, int mirrored);

/* The view scaled to fill r: each pixel is the mean of the area it covers, rounded. */
void mw_draw_view(mw_frame *f, mw_rect r, const mw_view *view);

#endif
