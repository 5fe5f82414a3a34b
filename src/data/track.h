/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_track: the faces of a clip over its frames, with certainty and origin of each. Every frame has
 * its place, also without a face. Written and read as CSV; numbers read back equal.
 */
#ifndef MW_DATA_TRACK_H
#define MW_DATA_TRACK_H

#include <stddef.h>

#include "base/str.h"
#include "merwild/status.h"

#define MW_FACE_KEYS 6

/* Right eye, left eye, nose tip, mouth centre, right ear, left ear; right and left of the person.
 */
extern const char *const mw_face_key_name[MW_FACE_KEYS];

typedef enum mw_face_state {
    MW_FACE_FOUND,        /* detected in this frame */
    MW_FACE_INTERPOLATED, /* between two frames that have it */
    MW_FACE_HELD          /* copied from the nearest frame, before the first or after the last */
} mw_face_state;

/* Box and key points relative to frame width and height, y downwards; may lie outside [0, 1].
 * score in [0, 1], NaN when unknown; key points are valid when has_keys is 1. */
typedef struct mw_face {
    double x, y, w, h;
    double score;
    double key[MW_FACE_KEYS][2];
    int has_keys;
    mw_face_state state;
} mw_face;

/* Faces first .. first + n - 1 of the track; n is 0 in a frame without a face. */
typedef struct mw_track_frame {
    double time_s;
    size_t first, n;
} mw_track_frame;

/* Zero-initialise; free with mw_track_clear. meta: what a reader of the file should know (source,
 * its hash, detector, thresholds), each a line "key=value". */
typedef struct mw_track {
    mw_track_frame *frame;
    size_t n_frames, frame_cap;
    mw_face *face;
    size_t n_faces, face_cap;
    mw_str meta;
} mw_track;

/* Append a frame with n faces (copied), best first. MW_ERR_NOMEM leaves the track as it was. */
mw_status mw_track_add(mw_track *t, double time_s, const mw_face *face, size_t n, mw_error *err);

/* Note a fact. Neither text holds a line break, the key no '='. Look one up again; NULL when it is
 * not there, else the start of a value of *n characters. */
void mw_track_note(mw_track *t, const char *key, const char *value);
const char *mw_track_noted(const mw_track *t, const char *key, size_t *n);

/* The faces of a frame and their number; NULL when there is none. */
const mw_face *mw_track_faces(const mw_track *t, size_t frame, size_t *n);
void mw_track_clear(mw_track *t);

/* CSV: lines "# key=value", a header, then one row per face and one with empty numbers per frame
 * without a face. */
mw_status mw_track_to_csv(const mw_track *t, mw_str *out, mw_error *err);

/* Read it back; name stands in messages. Frames must be numbered 0, 1, 2 ... and the faces of each
 * 0, 1, 2 ... MW_ERR_FORMAT "bad_csv" naming the line. */
mw_status mw_track_from_csv(mw_track *out, const char *text, size_t n, const char *name,
                            mw_error *err);

/* The same with files. Writing goes to a temporary name beside path and ends in a rename. */
mw_status mw_track_write(const mw_track *t, const char *path, mw_error *err);
mw_status mw_track_read(mw_track *out, const char *path, mw_error *err);

#endif
