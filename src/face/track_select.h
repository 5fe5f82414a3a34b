/* SPDX-License-Identifier: Apache-2.0
 *
 * From all faces of a clip to the one that is followed, and over the gaps in between.
 */
#ifndef MW_FACE_TRACK_SELECT_H
#define MW_FACE_TRACK_SELECT_H

#include "data/track.h"

typedef enum mw_face_policy {
    MW_FACES_LARGEST,       /* largest box in each frame */
    MW_FACES_CENTRAL,       /* box centre nearest to the frame's centre */
    MW_FACES_LONGEST_TRACK, /* the person seen in most frames, linked by box overlap */
    MW_FACES_FIRST,         /* the detector's first: best score */
    MW_FACES_ALL,           /* unchanged */
    MW_FACES_SINGLE         /* the reference: frames with two or more faces count as without */
} mw_face_policy;

#define MW_FACES_N_POLICIES 6

extern const char *const mw_face_policy_name[MW_FACES_N_POLICIES];

/* Policy of that name, -1 when there is none. */
int mw_face_policy_by_name(const char *name);

/* Which of the n faces of one frame is meant, n for none. aspect as below. The policy is one that
 * looks at single frames: largest, central, first or single. */
size_t mw_face_choose(const mw_face *face, size_t n, mw_face_policy policy, double aspect);

/* Keep at most one face per frame (all of them for MW_FACES_ALL). aspect: frame width / height, for
 * distances. Ties go to the earlier face. Frames keep their number and time; the policy is noted in
 * the track. Faces that interpolation put in count like found ones. */
mw_status mw_track_select(mw_track *t, mw_face_policy policy, double aspect, mw_error *err);

/* Fill frames without a face in a track of at most one face per frame: between two faces by linear
 * interpolation of box and key points, before the first and after the last by the nearest one.
 * limit: longest gap filled, frames; a longer one stays as it is; < 0 for no limit. The limit is
 * noted. n_filled may be NULL. */
mw_status mw_track_fill(mw_track *t, long limit, size_t *n_filled, mw_error *err);

/* First frame at or after from that has a face; t->n_frames when there is none. */
size_t mw_track_next_face(const mw_track *t, size_t from);

#endif
