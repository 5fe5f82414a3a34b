/* SPDX-License-Identifier: Apache-2.0
 *
 * Small labelled audio-visual clips out of nothing: a drawn, lit, moving face and a source-filter
 * voice that share one time plan, so that lips and sound agree. For the demo, for tests and for the
 * built-in benchmark. What they show about people is nothing; what they show about a chain that
 * reads, damages, describes and scores clips is whether it works.
 *
 * All numbers are of the exact class: the same parameters give the same bytes on every machine and
 * with every compiler that follows IEEE arithmetic (base/fmath.h stands in for the C library).
 * Random choices come from streams keyed by (seed, clip or speaker, purpose); a change of the cues
 * leaves the choices as they are.
 *
 * Threads: a context does not change after mw_synth_create; any number may read it.
 */
#ifndef MW_SYNTH_SYNTH_H
#define MW_SYNTH_SYNTH_H

#include <stddef.h>
#include <stdint.h>

#include "data/frame.h"
#include "merwild/status.h"

/* Limits of the parameters. */
#define MW_SYNTH_MIN_SIDE   64
#define MW_SYNTH_MAX_SIDE   4096
#define MW_SYNTH_MAX_S      600.0
#define MW_SYNTH_MIN_S      0.2
#define MW_SYNTH_MIN_RATE   8000
#define MW_SYNTH_MAX_RATE   48000
#define MW_SYNTH_N_SPEAKERS ((int64_t)1 << 31)

/* What one modality expresses. Inside [on_s, off_s) the cue is present, with ramps of 0.15 s inside
 * both ends (none at an end that coincides with the clip's); outside it the speaker is neutral.
 *
 * valence   [-1, 1]: face: mouth corners, cheeks, inner brows; voice: F0 range, formants
 * arousal   [-1, 1]: face: eye opening, brow height; voice: F0, range, rate, level, tilt
 * strength  [0, 2] multiplies both; typical 1; 0 hides the cue
 */
typedef struct mw_synth_cue {
    double valence, arousal, strength;
    double on_s, off_s;
} mw_synth_cue;

typedef enum mw_synth_class {
    MW_SYNTH_NEUTRAL,
    MW_SYNTH_HAPPY,
    MW_SYNTH_CALM,
    MW_SYNTH_SAD,
    MW_SYNTH_ANGRY
} mw_synth_class;

/* One clip.
 *
 * seed, clip   key of the clip's random streams (words, motion, blinks); clip >= 0
 * speaker      [0, MW_SYNTH_N_SPEAKERS): with seed, the key of the speaker's traits
 * label        [-3, 3]: what annotators would write; not read by the generator, the cues are
 * truth        [-3, 3]: the label before annotators
 * duration_s   [MW_SYNTH_MIN_S, MW_SYNTH_MAX_S], typical 4.5
 * width, height pixels, [MW_SYNTH_MIN_SIDE, MW_SYNTH_MAX_SIDE], typical 480 x 360
 * fps          [1, 240], typical 25
 * rate_hz      [MW_SYNTH_MIN_RATE, MW_SYNTH_MAX_RATE], typical 16000
 * nuisance     [0, 2]: size of head motion; typical 1
 */
typedef struct mw_synth_params {
    uint64_t seed;
    int64_t clip, speaker;
    double label, truth;
    mw_synth_cue voice, face;
    double duration_s;
    int width, height;
    double fps;
    int rate_hz;
    double nuisance;
} mw_synth_params;

/* How a data set is drawn. z0, za, zv, n, n' are independent standard normals per clip:
 *   voice cue e_a = clip(shared z0 + own za + cue_noise n,  -3, 3)
 *   face cue  e_v = clip(shared z0 + own zv + cue_noise n', -3, 3)
 *   truth     y   = clip(label_shared z0 + label_own (za + zv), -3, 3)
 *   label     = mean over annotators of round(y + annotator_noise n''), clipped to [-3, 3]
 * With a probability of conflict the face says the opposite of the voice and is right:
 * e_v = -e_a, y = e_v. Valence is e / 3; arousal is 0.8 e / 3 + 0.2 noise. The voice cue lies on
 * one clause, the face cue on a stretch of face_share_lo to face_share_hi of the clip.
 */
typedef struct mw_synth_recipe {
    double shared, own, cue_noise;
    double label_shared, label_own;
    int annotators; /* [1, 100] */
    double annotator_noise;
    double conflict;                     /* [0, 1] */
    double face_share_lo, face_share_hi; /* (0, 1], lo <= hi */
    double strength;                     /* [0, 2] */
    int clips_per_speaker;               /* >= 1: clip i has speaker i / clips_per_speaker */
} mw_synth_recipe;

/* The latent values behind a drawn clip, for computing what is attainable. */
typedef struct mw_synth_latents {
    double z0, za, zv;
    double cue_voice, cue_face; /* [-3, 3] */
    int conflict;
} mw_synth_latents;

/* 1.2, 0.8, 0.5; 1.2, 0.55; 5 annotators of noise 0.6; no conflict; 0.3 to 0.5; 1; 6. */
void mw_synth_recipe_default(mw_synth_recipe *r);

/* A clip of the typical size and length whose two cues both follow the label for the whole clip:
 * valence label / 3, arousal 0.8 label / 3. label is clipped to [-3, 3]. For demos. */
void mw_synth_params_default(mw_synth_params *p, uint64_t seed, int64_t clip, int64_t speaker,
                             double label);

/* Clip number index (>= 0) of the data set (seed, recipe); size, duration and rates are the typical
 * ones unless *p carries others: duration_s, width, height, fps, rate_hz, nuisance are read from
 * *p, the rest is overwritten. latents may be NULL. MW_ERR_RANGE names the field. */
mw_status mw_synth_draw(mw_synth_params *p, mw_synth_latents *latents, uint64_t seed, int64_t index,
                        const mw_synth_recipe *recipe, mw_error *err);

/* Quadrant of (valence, arousal), neutral when both are within 0.15 of zero. */
mw_synth_class mw_synth_classify(double valence, double arousal);
const char *mw_synth_class_name(mw_synth_class c);

/* Parts into which the plan divides a clip, each with its pause; one per 1.5 s, at least one. */
int mw_synth_n_clauses(double duration_s);

typedef enum mw_synth_sound {
    MW_SOUND_PAUSE,
    MW_SOUND_VOWEL,
    MW_SOUND_NASAL,
    MW_SOUND_GLIDE,
    MW_SOUND_FRICATIVE,
    MW_SOUND_CLOSURE,
    MW_SOUND_BURST
} mw_synth_sound;

/* One sound of the time plan; the segments of a clip follow each other without gaps and cover it.
 * phone indexes the generator's table. syllable and clause count from 0; syllable is -1 in pauses.
 */
typedef struct mw_synth_segment {
    double start_s, dur_s;
    mw_synth_sound sound;
    int phone, syllable, clause;
    double amp;       /* loudness of the syllable, (0, 1] */
    double accent_st; /* semitones above the contour, before the range factor */
} mw_synth_segment;

/* Where things are in one frame: pixels, x right, y down, (0, 0) the outer corner of the first
 * pixel. left and right are the picture's. Points behind the outline of the turned head are still
 * given. */
typedef struct mw_synth_geometry {
    double box_x0, box_y0, box_x1, box_y1; /* visible skin: hairline to chin, cheek to cheek */
    double eye_left[2], eye_right[2], nose_tip[2], mouth[2];
    double ear_left[2], ear_right[2];       /* in front of the ear, at the cheek bone */
    double corner_left[2], corner_right[2]; /* of the mouth */
    double brow_left[2], brow_right[2];
    double mouth_open_px; /* between the lips */
    double mouth_width_px;
    double corner_lift; /* how far the corners lie above the middle of the closed lips / width */
    double brow_raise;  /* brow to eye distance / face width */
    double eye_open;    /* between the lids / eye width */
    double roll_rad;    /* clockwise in the picture */
} mw_synth_geometry;

typedef struct mw_synth mw_synth;

/* Plan a clip. On success *out is the caller's (mw_synth_destroy); on failure NULL. MW_ERR_RANGE
 * names the field and its interval (reason bad_synth), MW_ERR_NOMEM. */
mw_status mw_synth_create(mw_synth **out, const mw_synth_params *p, mw_error *err);
void mw_synth_destroy(mw_synth **s);

/* round(duration_s * fps) and round(duration_s * rate_hz), at least 1. Frame t shows t / fps. */
int64_t mw_synth_n_frames(const mw_synth *s);
size_t mw_synth_n_samples(const mw_synth *s);

/* The time plan, owned by s. */
const mw_synth_segment *mw_synth_plan(const mw_synth *s, size_t *n);

/* Draw frame t in [0, n_frames) into rgb, an allocated MW_PIX_RGB24 frame of the clip's size; pts
 * becomes t. Any order of t gives the same pictures. MW_ERR_ARG for another format, size or t. */
mw_status mw_synth_face_frame(const mw_synth *s, int64_t t, mw_frame *rgb, mw_error *err);

/* Ground truth of frame t; t in [0, n_frames), MW_ERR_ARG outside. */
mw_status mw_synth_geometry_at(const mw_synth *s, int64_t t, mw_synth_geometry *g, mw_error *err);

/* The whole voice: x [n] mono samples in [-0.9, 0.9], n = mw_synth_n_samples(s), else MW_ERR_ARG.
 * Outside pauses and cues the level is -23 dB below full scale (rms of a full-scale square wave is
 * 0 dB), +-2 dB by speaker. */
mw_status mw_synth_voice(const mw_synth *s, float *x, size_t n, mw_error *err);

#endif
