/* SPDX-License-Identifier: Apache-2.0
 *
 * What a scorer said of the damaged clip, under the other parts: score and relevance over time, as
 * the tables of `merwild score --format csv` have them.
 */
#ifndef MW_RUN_PREVIEW_SCORES_H
#define MW_RUN_PREVIEW_SCORES_H

#include "run/preview.h"

/* One line of a table; it holds until the next begins. */
typedef struct mw_preview_line {
    double t_s;
    float score, relevance; /* in [0, 1] */
} mw_preview_line;

/* The table of one modality; n is 0 without one. */
typedef struct mw_preview_curve {
    char *path;
    mw_preview_line *v; /* [n], t_s rising from line to line */
    size_t n, cap;
    double end_s; /* of the last line, which lasts as long as the one before it */
} mw_preview_curve;

typedef struct mw_preview_scores {
    mw_preview_curve curve[2]; /* by mw_modality */
} mw_preview_scores;

/* Read NAME.a.scores.csv or NAME.v.scores.csv, and the other of the two where it lies beside it.
 * MW_ERR_RANGE for another name, MW_ERR_IO, MW_ERR_FORMAT (bad_csv) naming the line for a table
 * that `merwild score` does not write: other columns, values that are no numbers or outside their
 * interval, times that do not rise or lie outside the clip. Clear in any case. */
mw_status mw_preview_scores_load(mw_preview_scores *s, const char *path, const mw_preview_doc *d,
                                 mw_error *err);
void mw_preview_scores_clear(mw_preview_scores *s);

/* A strip per table, with the stretches that the sidecar calls damaged, and how the mean score
 * differs in and outside of them. */
mw_status mw_preview_scores_draw(mw_sheet *s, const mw_preview_doc *d,
                                 const mw_preview_scores *scores, mw_error *err);

#endif
