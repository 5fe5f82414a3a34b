/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture of what was done to one clip: frames and waveforms before and after, with the damaged
 * stretches marked.
 */
#ifndef MERWILD_PREVIEW_H
#define MERWILD_PREVIEW_H

#include "merwild/options.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Table: mw_preview_options_table. */
typedef struct mw_preview_options {
    int64_t frames; /* largest number of frames shown, each clean and damaged */
    int64_t width;  /* of the sheet, pixels; text and margins grow with it */
    char *scores;   /* NULL or empty: none; a CLIP.a.scores.csv or CLIP.v.scores.csv */
} mw_preview_options;

MW_API extern const mw_opt mw_preview_options_table[];

/* Write the contact sheet of a damaged clip as PNG.
 *
 * clip     the clean clip that the sidecar was made from
 * sidecar  a .prov.json; the damaged file is looked for in its folder, under the recorded name
 * out_png  file to write, replacing it; ends in .png. Appears by rename; folders are made
 * options  NULL: the defaults
 *
 * The picture part shows the first, middle and last frame of each damaged stretch and their clean
 * neighbours, as far as there is room, on a time line coloured by the type of damage; the sound
 * part waveforms, spectrograms and signal-to-noise ratios. Rotated videos are shown upright. Scores
 * are what mw_score wrote as CSV about the damaged clip: a strip per modality, score and relevance
 * over time, the damaged stretches behind them; the table of the other modality is looked for
 * beside the one that is named.
 *
 * MW_ERR_MISMATCH when clip or damaged file have other contents than recorded; MW_ERR_FORMAT for a
 * sidecar (bad_json), table of scores (bad_csv) or media file that cannot be used; MW_ERR_RANGE
 * (options, name of the output or the table); MW_ERR_IO; MW_ERR_NOMEM. Nothing is written on
 * failure. Threads: safe. Numbers: bytes follow from the inputs and the versions of FFmpeg, soxr,
 * libspng and zlib.
 */
MW_API mw_status mw_preview(const char *clip, const char *sidecar, const char *out_png,
                            const mw_preview_options *options, mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
