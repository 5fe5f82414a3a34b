/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels of a corpus: label.csv in MMSA's columns, in any order, or our own manifest. One row per
 * clip.
 */
#ifndef MW_DATA_LABELS_H
#define MW_DATA_LABELS_H

#include <stddef.h>

#include "base/str.h"
#include "merwild/status.h"

typedef enum mw_split { MW_TRAIN, MW_VALID, MW_TEST, MW_NO_SPLIT } mw_split;

#define MW_N_EMOTIONS 6 /* happy, sad, anger, surprise, disgust, fear */
extern const char *const mw_emotion_name[MW_N_EMOTIONS];

/* clip: "<video_id>/<clip_id>", the path of its files below the corpus folder without suffix.
 * group: whom the bootstrap resamples: speaker_id where there is one, else video_id.
 * y: NaN when there is no label; emotion [6] NaN when unknown. label_class: -1 when none. */
typedef struct mw_label {
    char *clip, *video_id, *clip_id, *group, *text;
    double y, y_text, y_audio, y_vision;
    double emotion[MW_N_EMOTIONS];
    int label_class;
    mw_split split;
} mw_label;

typedef struct mw_labels {
    mw_label *v; /* in order of the file */
    size_t n, cap;
} mw_labels;

/* Append an empty row (NaN, no split); NULL: no memory. Texts are set with mw_strdup. */
mw_label *mw_labels_add(mw_labels *l, mw_error *err);
void mw_labels_clear(mw_labels *l);
/* The row of that clip, or NULL; labels must have been read or sorted by mw_labels_sort. */
const mw_label *mw_labels_find(const mw_labels *l, const char *clip);
/* In order of clip; MW_ERR_FORMAT "duplicate_clip". */
mw_status mw_labels_sort(mw_labels *l, const char *name, mw_error *err);

/* Read a CSV (BOM, LF or CRLF, RFC 4180 quotes): MMSA's label.csv, or the manifest of
 * docs/manifest.md. name stands in messages. MW_ERR_FORMAT "bad_csv" naming line and column. The
 * result is sorted. */
mw_status mw_labels_parse(mw_labels *out, const char *text, size_t n, const char *name,
                          mw_error *err);
mw_status mw_labels_read(mw_labels *out, const char *path, mw_error *err);
/* MMSA's columns, and speaker_id and the emotions where any row has them. */
mw_status mw_labels_write(const mw_labels *l, const char *path, mw_error *err);

const char *mw_split_name(mw_split s);
/* train, valid (val, dev, validation), test; MW_NO_SPLIT otherwise. */
mw_split mw_split_by_name(const char *name);

#endif
