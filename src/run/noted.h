/* SPDX-License-Identifier: Apache-2.0
 *
 * Sidecars that this run has written, with their rows of manifest.jsonl: the lists at the end of a
 * job need not parse them again. What is not noted, or no longer what was noted, is parsed.
 */
#ifndef MW_RUN_NOTED_H
#define MW_RUN_NOTED_H

#include "base/hash.h"
#include "base/str.h"
#include "run/sidecar.h"

/* Rows are kept up to this many bytes. */
#define MW_NOTED_MAX_BYTES ((size_t)1 << 26)

typedef struct mw_noted {
    struct mw_noted_row *v;
    size_t n, cap, n_bytes;
    int sorted;
} mw_noted;

/* The parts of a sidecar that make a row; NULL: no such medium. */
typedef struct mw_row {
    const char *id, *video, *video_sha256, *audio, *audio_sha256;
} mw_row;

/* Append one row of docs/manifest.md and a newline: id, media with hashes, group (folder) and clip
 * (name) of rel, the sidecar's path below its root. */
void mw_row_put(mw_str *out, const mw_row *row, const char *rel);

/* Note that text [n] was written for c to root / rel; memory that is short, or used up, is no
 * error. */
void mw_noted_add(mw_noted *noted, const mw_sidecar *c, const char *root, const char *rel,
                  const char *text, size_t n);

/* The row of a sidecar whose text [n] has just been read from path, with its newline; NULL: not
 * noted. Valid until mw_noted_add. */
const char *mw_noted_find(mw_noted *noted, const char *path, const char *text, size_t n);

void mw_noted_clear(mw_noted *noted);

#endif
