/* SPDX-License-Identifier: Apache-2.0
 *
 * The clips below an input folder, in an order that depends on names alone.
 */
#ifndef MW_RUN_WALK_H
#define MW_RUN_WALK_H

#include <stddef.h>

#include "merwild/options.h"

/* Kinds of files, and whether folders that hold the marker of an earlier output are entered: what a
 * job damages must not be damaged again by accident, but is what a job that describes is for. */
enum { MW_WALK_SOUND = 1, MW_WALK_VIDEO = 2, MW_WALK_OUTPUTS = 4 };

/* A file of this name marks a folder as merwild's output. */
#define MW_MARKER_NAME ".merwild-output"

/* Whether an earlier job wrote the folder. */
int mw_is_output(const char *path);

/* One clip, or something that kept the walk from finding clips (error.code != MW_OK).
 * rel: path below the root, '/' between parts; id: rel without suffix, with every byte that is not
 * a letter, digit,
 * '-', '_' or '/' or is part of a multi-byte character kept or written "~XX" (mw_clip_id). */
typedef struct mw_clip {
    char *rel, *path, *stem, *id;
    mw_error *error; /* NULL for a clip to be worked on */
} mw_clip;

typedef struct mw_walk {
    mw_clip *clips;
    size_t n, cap;
    size_t n_other; /* regular files of other suffixes */
} mw_walk;

/* Walk root (a folder, or one file) for suffixes of the wanted kinds, sorted bytewise by rel. Links
 * to folders are not followed; a link by a clip's name to no file is a clip with an error. Folders
 * given in skip (NULL-terminated list of existing folders, compared by device and inode) are left
 * out, and so are, without MW_WALK_OUTPUTS, folders below root that hold the marker of an earlier
 * output: outputs may lie inside the input. Clips whose outputs would coincide (equal stems) and
 * names that are not UTF-8 carry an error. MW_ERR_IO when root cannot be read, or is neither file
 * nor folder. Free with mw_walk_clear. */
mw_status mw_walk_run(mw_walk *w, const char *root, int kinds, const char *const *skip,
                      mw_error *err);
void mw_walk_clear(mw_walk *w);

/* A walk of just these files below root, sorted, each once. */
mw_status mw_walk_list(mw_walk *w, const char *root, const mw_texts *rel, mw_error *err);

/* Clip id of a relative path without suffix: safe as file name, tar key and JSON text, and
 * different for different stems. Bytes that are ASCII letters, digits, '-', '_', '/' or above 127
 * stay, all others become "~XX" (hex); above 180 bytes the end is replaced by a hash. On the heap;
 * NULL: no memory. */
char *mw_clip_id(const char *stem);

/* Append the clip rel below root, unsorted. */
mw_status mw_walk_add(mw_walk *w, const char *root, const char *rel, mw_error *err);

/* Whether the suffix of path is one of the kinds. */
int mw_is_media(const char *path, int kinds);

#endif
