/* SPDX-License-Identifier: Apache-2.0
 *
 * Encoder "landmarks": the geometry of a face's box and six key points, from one frame. No pixel is
 * looked at. docs/features.md lists the columns.
 *
 * Three groups. Place: where the face is and how large; changes when the person moves. Turn: how
 * the head is turned within the picture. Shape: unchanged when the face is moved, enlarged and
 * (box_* and roll_* apart) turned within the picture; lengths are in distances between the eyes,
 * positions in the frame with its origin between the eyes, x from the right to the left eye of the
 * person, y down the face.
 */
#ifndef MW_FEATURE_LANDMARKS_H
#define MW_FEATURE_LANDMARKS_H

#include <stddef.h>

#include "data/track.h"

typedef enum mw_landmark_column {
    /* place */
    MW_LM_PLACE_X,        /* centre of the box over frame width */
    MW_LM_PLACE_Y,        /* over frame height */
    MW_LM_PLACE_LOG_SIZE, /* log of the square root of the share of the frame that the box covers */
    MW_LM_PLACE_INSIDE,   /* share of the box within the frame */
    MW_LM_SCORE,          /* detector's; 0 when unknown */
    MW_LM_HAS_KEYS, /* 1; 0: there are no key points, and all columns below box_aspect are 0 */
    /* shape of the box */
    MW_LM_BOX_ASPECT, /* log of width over height, pixels */
    /* turn: of the line from the right to the left eye */
    MW_LM_ROLL_COS,
    MW_LM_ROLL_SIN,
    /* shape */
    MW_LM_NOSE_X,
    MW_LM_NOSE_Y,
    MW_LM_MOUTH_X,
    MW_LM_MOUTH_Y,
    MW_LM_RIGHT_EAR_X,
    MW_LM_RIGHT_EAR_Y,
    MW_LM_LEFT_EAR_X,
    MW_LM_LEFT_EAR_Y,
    MW_LM_YAW_EARS,      /* (nose to right ear - nose to left ear) / their sum */
    MW_LM_YAW_EYES,      /* (right eye to right ear - left eye to left ear) / their sum */
    MW_LM_PITCH_NOSE,    /* height of the nose between eyes (0) and mouth (1) */
    MW_LM_PITCH_EARS,    /* mean height of the ears, below the eyes */
    MW_LM_EAR_SPAN,      /* between the ears */
    MW_LM_EAR_TILT,      /* sine of the angle between the line of the ears and that of the eyes */
    MW_LM_NOSE_MOUTH,    /* between nose and mouth */
    MW_LM_BOX_EYE_WIDTH, /* between the eyes, over the box's width */
    MW_LM_BOX_EYES_X,    /* middle between the eyes, over the box */
    MW_LM_BOX_EYES_Y,
    MW_LM_BOX_MOUTH_X, /* mouth, over the box */
    MW_LM_BOX_MOUTH_Y,
    MW_LM_COLUMNS
} mw_landmark_column;

extern const char *const mw_landmark_names[MW_LM_COLUMNS];

/* Columns of a face of positive size in a frame of width x height pixels. Every value is finite and
 * within -100 .. 100. Numbers: fixed order, the same bits everywhere. */
void mw_landmarks(float row[MW_LM_COLUMNS], const mw_face *face, int width, int height);

#endif
