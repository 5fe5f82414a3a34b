/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of synth/ share: the speaker's traits, the control tracks that drive both lips and
 * voice, and the state of the face at one moment.
 */
#ifndef MW_SYNTH_INTERNAL_H
#define MW_SYNTH_INTERNAL_H

#include "base/rng.h"
#include "synth/synth.h"

/* Control tracks have one value per 5 ms: value i belongs to time i / MW_CTL_HZ. */
#define MW_CTL_HZ 200

typedef enum mw_ctl {
    MW_CTL_F0,     /* Hz */
    MW_CTL_F1,     /* Hz, formants before the speaker's scale */
    MW_CTL_F2,     /* Hz */
    MW_CTL_F3,     /* Hz */
    MW_CTL_VOICE,  /* amplitude of voicing, [0, 1] */
    MW_CTL_BREATH, /* amplitude of aspiration, [0, 1] */
    MW_CTL_FRIC,   /* amplitude of frication, [0, 1] */
    MW_CTL_FRIC_HZ,
    MW_CTL_NASAL,  /* [0, 1] */
    MW_CTL_SPOKEN, /* 1 outside pauses */
    MW_CTL_OPEN,   /* mouth opening, [0, 1] */
    MW_CTL_WIDE,   /* -1 rounded .. 1 spread */
    MW_CTL_COUNT
} mw_ctl;

/* Slow motion: a sum of sines, so that any moment can be had without those before it. */
#define MW_N_SINES 3
typedef struct mw_wander {
    double amp[MW_N_SINES], rad_per_s[MW_N_SINES], phase[MW_N_SINES];
} mw_wander;

typedef enum mw_motion {
    MW_MOVE_X, /* face half widths */
    MW_MOVE_Y,
    MW_MOVE_ROLL,  /* rad */
    MW_MOVE_YAW,   /* sine of the angle */
    MW_MOVE_PITCH, /* sine of the angle */
    MW_MOVE_SCALE, /* relative */
    MW_MOVE_GAZE_X,
    MW_MOVE_GAZE_Y,
    MW_MOVE_BROW,
    MW_MOVE_COUNT
} mw_motion;

typedef struct mw_blob {
    double x, y, half_w, half_h; /* shares of the picture's height, from its centre */
    double soft;                 /* width of the edge, same unit */
    double rgb[3], amount;
} mw_blob;
#define MW_N_BLOBS 4

/* What is constant per speaker. Lengths are in face half widths (the unit of face coordinates: x
 * right, y down, origin between the eyes); colours are linear light in [0, 1]. */
typedef struct mw_speaker {
    /* voice */
    double f0_hz, formant_scale, rate, level_db, open_quotient, breath;
    /* head */
    double half_width, top, chin, jaw, square;
    double eye_x, eye_size, eye_open, brow_y, brow_thick, brow_arch;
    double nose_width, nose_y, mouth_y, mouth_width, lip, rest_smile, ear;
    double hairline, hair_part, hair_volume, hair_length, stubble;
    double skin[3], hair[3], iris[3], lips[3], cloth[3];
    /* place */
    double scale; /* face half width / shorter side of the picture */
    double wall_a[3], wall_b[3], light[3], ambient;
    mw_blob blob[MW_N_BLOBS];
} mw_speaker;

struct mw_synth {
    mw_synth_params p;
    mw_speaker who;
    mw_clip_key key;
    mw_synth_segment *seg;
    size_t n_seg, cap_seg;
    float *ctl[MW_CTL_COUNT]; /* [n_ctl] each; ctl[0] owns the block */
    size_t n_ctl;
    mw_wander move[MW_MOVE_COUNT];
    double *blink_s; /* starts, rising */
    size_t n_blinks, cap_blinks;
};

/* Everything about the face at one moment; lengths as in mw_speaker unless they say px. */
typedef struct mw_face_state {
    double cx_px, cy_px, scale_px, roll, cos_roll, sin_roll;
    double body_x_px, body_y_px;
    double yaw, pitch; /* shift of a point at depth 1, face units */
    double chin;
    double open, half_mouth, smile, corner_dy, lip;
    double brow_raise, brow_inner;
    double lid, lower_lid; /* middle of the upper lid above, of the lower below the eye's centre */
    double gaze_x, gaze_y; /* like the lids in eye half widths */
    double cheek;
} mw_face_state;

/* speaker.c */
mw_speaker mw_speaker_make(uint64_t seed, int64_t speaker);
double mw_normal(mw_rng *r); /* standard normal, Box and Muller */

/* plan.c */
mw_status mw_synth_plan_make(mw_synth *s, mw_error *err);
double mw_cue_at(const mw_synth_cue *c, double duration_s, double time_s); /* [0, strength] */
double mw_ctl_at(const mw_synth *s, mw_ctl which, double time_s);

/* pose.c */
mw_status mw_motion_make(mw_synth *s, mw_error *err);
void mw_face_state_at(const mw_synth *s, double time_s, mw_face_state *f);
/* Depth of the head's surface at (u, v), 0 at and beyond the outline; *out2 is the squared
 * position relative to the outline (1 on it). */
double mw_head_depth(const mw_speaker *w, double chin, double u, double v, double *out2);

/* MW_TILE neighbouring pixels of a row in linear light, with face coordinates per pixel. Fixed-size
 * arrays in one block: nothing can alias, so the loops vectorise. */
#define MW_TILE 64
typedef struct mw_face_tile {
    float r[MW_TILE], g[MW_TILE], b[MW_TILE];
    float u[MW_TILE], v[MW_TILE];  /* face coordinates before the turn is undone */
    float p[MW_TILE], q[MW_TILE];  /* and after */
    float f2[MW_TILE], z[MW_TILE]; /* squared place in the outline, depth */
    float x_px, y_px;              /* centre of the first pixel */
    float soft;                    /* width of an edge in face units */
    const mw_speaker *who;
    const mw_face_state *face;
} mw_face_tile;

/* face_layers.c, face_parts.c: paint what of a layer lies in this tile over what is there. locate
 * fills the coordinates, which all but wall and body need. */
void mw_face_paint_wall(mw_face_tile *tile, int width, int height);
void mw_face_locate(mw_face_tile *tile);
void mw_face_paint_back_hair(mw_face_tile *tile);
void mw_face_paint_body(mw_face_tile *tile);
void mw_face_paint_ears(mw_face_tile *tile);
void mw_face_paint_skin(mw_face_tile *tile);
void mw_face_paint_nose(mw_face_tile *tile);
void mw_face_paint_eyes(mw_face_tile *tile);
void mw_face_paint_mouth(mw_face_tile *tile);
void mw_face_paint_front_hair(mw_face_tile *tile);
void mw_face_paint_brows(mw_face_tile *tile);

static inline float mw_maxf(float a, float b)
{
    return a > b ? a : b;
}

static inline float mw_minf(float a, float b)
{
    return a < b ? a : b;
}

static inline float mw_sat(float x)
{
    const float a = x < 0.0f ? 0.0f : x;

    return a > 1.0f ? 1.0f : a;
}

/* 1 inside (d < 0), 0 outside, smooth over the width soft. */
static inline float mw_edge(float d, float soft)
{
    const float a = mw_sat(0.5f - d / soft);

    return a * a * (3.0f - 2.0f * a);
}

/* Round hill of height 1 that ends at the ellipse dx^2 + dy^2 = 1. */
static inline float mw_hill(float dx, float dy)
{
    const float a = 1.0f - dx * dx - dy * dy, c = a < 0.0f ? 0.0f : a;

    return c * c;
}

/* Distance of x to the nearest integer, with sign, [-0.5, 0.5]; |x| < 2^21. Adding 1.5 * 2^23
 * leaves no fraction bits; vectorises where floorf does not. */
static inline float mw_wave(float x)
{
    const float whole = (x + 0x1.8p23f) - 0x1.8p23f;

    return x - whole;
}

static inline float mw_lerp(float a, float b, float t)
{
    return a + (b - a) * t;
}

#endif
