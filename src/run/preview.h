/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the contact sheet: what a sidecar says, the sheet that grows downwards, the picture
 * and the sound on it.
 */
#ifndef MW_RUN_PREVIEW_H
#define MW_RUN_PREVIEW_H

#include <jansson.h>

#include "base/str.h"
#include "img/draw.h"
#include "merwild/ops.h"
#include "merwild/preview.h"

/* ---- the sidecar, checked ---- */

#define MW_PREVIEW_MAX_TYPES 32
#define MW_PREVIEW_MAX_S     1e7         /* of a clip */
#define MW_PREVIEW_CLEAN     "noise.gap" /* a listed stretch without damage */

/* A kind of damage; texts are borrowed from the document. */
typedef struct mw_preview_type {
    const char *name;
    mw_modality modality;
    mw_rgb colour;
    size_t n;        /* stretches */
    int64_t covered; /* their frames or samples */
    int64_t stage;   /* of the first */
} mw_preview_type;

/* [i0, i1) of frames or samples, [t0, t1) seconds. */
typedef struct mw_preview_segment {
    int64_t i0, i1;
    double t0, t1;
    size_t type;      /* index into types */
    json_t *severity; /* object, or NULL; part of the document */
} mw_preview_segment;

typedef struct mw_preview_segments {
    mw_preview_segment *v; /* ordered by i0 */
    size_t n;
} mw_preview_segments;

/* One medium of the sidecar; n is 0 when the sidecar does not damage it. */
typedef struct mw_preview_part {
    int64_t n;      /* frames or samples on the clock */
    int rate_hz;    /* sound */
    double start_s; /* sound: when it begins; that of pictures is 0 */
    char *output;   /* path of the damaged file, owned */
    const char *source_sha256, *output_sha256;
    mw_preview_segments segments;
} mw_preview_part;

typedef struct mw_preview_doc {
    json_t *root;
    const char *path, *id, *version, *mode, *seed, *command;
    double end_s;            /* > 0 */
    mw_preview_part part[2]; /* by mw_modality */
    mw_preview_type types[MW_PREVIEW_MAX_TYPES];
    size_t n_types;
} mw_preview_doc;

/* Read and check a sidecar. Every number that the drawing depends on is inside its bounds
 * afterwards: 0 <= i0 < i1 <= n, 0 <= t0 <= t1 <= end_s; i0 and t0
 * do not fall from one segment to the next. MW_ERR_FORMAT (bad_json). Clear it in any
 * case. */
mw_status mw_preview_doc_load(mw_preview_doc *d, const char *path, mw_error *err);
void mw_preview_doc_clear(mw_preview_doc *d);

/* A measured value of a stage ("result" or "drawn"): 1 and *x, or 0 when it is not a number. */
int mw_preview_value(const mw_preview_doc *d, int64_t stage, const char *where, const char *name,
                     double *x);

/* ---- the sheet ---- */

/* Drawn from the top down; rows below y are white. unit: pixels per font pixel, which all distances
 * are multiples of. The clip's time runs from x0 to x1. */
typedef struct mw_sheet {
    mw_frame canvas;
    int unit, margin;
    int hair; /* thickness of thin lines */
    int x0, x1;
    int y;
    double end_s;
} mw_sheet;

extern const mw_rgb mw_ink, mw_grey, mw_pale, mw_faint, mw_white;

mw_status mw_sheet_open(mw_sheet *s, int width, double end_s, mw_error *err);
void mw_sheet_clear(mw_sheet *s);

/* Make sure that rows up to y + height are there. MW_ERR_RANGE when the sheet gets too high. */
mw_status mw_sheet_room(mw_sheet *s, int height, mw_error *err);

/* Column of a time, in [x0, x1]. */
int mw_sheet_x(const mw_sheet *s, double t);

/* Columns *x .. *x + width of a segment, width >= least, without those that an earlier segment of
 * its type covers; 0 when none are left. done [MW_PREVIEW_MAX_TYPES]: first column that each type
 * leaves free, 0 at first. So each pixel is painted once per type, however many segments there are.
 */
int mw_sheet_span(const mw_sheet *s, const mw_preview_segment *g, int least, int *done, int *x);

/* Heading of a part with a line above; a paragraph of small text; moves y below. */
mw_status mw_sheet_heading(mw_sheet *s, const char *text, mw_error *err);
mw_status mw_sheet_note(mw_sheet *s, const char *text, mw_error *err);

/* The square that stands for a type; empty for spans without damage. */
void mw_sheet_swatch(mw_sheet *s, int x, int y, const mw_preview_type *type);

/* Swatch, name, number and share of each type of a modality; moves y below. */
mw_status mw_sheet_legend(mw_sheet *s, const mw_preview_doc *d, mw_modality modality,
                          mw_error *err);

/* Stretches of a modality that are damaged: light over x0 .. x1 of a panel, full colour along its
 * upper edge. */
#define MW_SHEET_EDGE_U 3
void mw_sheet_shade(mw_sheet *s, const mw_preview_doc *d, mw_modality modality, int y, int height);

/* Left of a panel: its name, and what its upper and lower ends stand for. */
void mw_sheet_labels(mw_sheet *s, int y, int height, const char *name, const char *upper,
                     const char *lower);

/* Seconds along x0 .. x1 below y, with faint lines up to top. Moves y below, by
 * MW_SHEET_AXIS_U units. */
#define MW_SHEET_AXIS_U 17
mw_status mw_sheet_time_axis(mw_sheet *s, int top, mw_error *err);

/* A number as text whatever the locale, "-" when it is not finite: with n decimals, or with at most
 * n significant digits. */
void mw_sheet_fixed(mw_str *s, double x, int n);
void mw_sheet_digits(mw_str *s, double x, int n);

/* ---- the parts ---- */

mw_status mw_preview_picture(mw_sheet *s, const mw_preview_doc *d, const char *clip, int max_frames,
                             mw_error *err);
mw_status mw_preview_sound(mw_sheet *s, const mw_preview_doc *d, const char *clip, mw_error *err);

/* Mean power spectra of two sounds at once, for pictures.
 *
 * a, b [rows][columns], the lowest frequencies in the first row: power, arbitrary unit
 * x, y [n_x], [n_y] at rate_hz from start_s on, silence around them; columns span [0, end_s), rows
 * [0, rate / 2)
 *
 * Hann windows of 512 samples, up to 4 per column. MW_ERR_NOMEM. Numbers: fixed order (twiddle
 * factors from square roots). */
mw_status mw_preview_spectra(float *a, float *b, int columns, int rows, const float *x, size_t n_x,
                             const float *y, size_t n_y, int rate_hz, double start_s, double end_s,
                             mw_error *err);

/* Up to max of the n frames of a clip, ascending. In order of importance: the middle of each
 * segment, the clean frame before it, its first and last frame, the clean frame after it, the ends
 * of the clip, the quarters of the segments, frames spread over the clip. Where not all of a kind
 * fit, evenly chosen ones. Returns their number. */
size_t mw_preview_choose(int64_t *chosen, size_t max, const mw_preview_segments *segments,
                         int64_t n);

#endif
