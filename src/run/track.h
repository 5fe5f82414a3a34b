/* SPDX-License-Identifier: Apache-2.0
 *
 * The per-frame track "<output stem>.track.npz": what was done to each frame, and how badly.
 * docs/sidecar.md lists the arrays.
 */
#ifndef MW_RUN_TRACK_H
#define MW_RUN_TRACK_H

#include "corrupt/op.h"
#include "data/npz.h"
#include "data/track.h"

#define MW_TRACK_SUFFIX ".track.npz"
#define MW_TRACK_HOP_S  0.01

/* Number of audio frames (10 ms hop, 25 ms window from the frame's start, cut at the end) of n
 * samples. */
size_t mw_track_n_frames(int64_t n, int rate_hz);

/* power [mw_track_n_frames]: mean squares of the frames of x [n]. */
void mw_track_power(double *power, const float *x, int64_t n, int rate_hz);

/* What the sound of a track is made from. speech, noise [mw_track_n_frames]: frame powers, the
 * noise after gaps and before its gain; the gains include the handling of peaks. n samples at
 * rate_hz, the first of them at start_s of the clip's clock. */
typedef struct mw_track_audio_in {
    const mw_segments *segments;
    const double *speech, *noise;
    double speech_gain, noise_gain;
    int64_t n;
    int rate_hz;
    double start_s;
} mw_track_audio_in;

/* What a video track is made from. times_s, cov_face, cov_frame [n_frames]; faces: at most one face
 * per frame, without frames when faces were not looked for. */
typedef struct mw_track_video_in {
    const mw_segments *const *segments;
    size_t n_lists;
    const double *times_s;
    const float *cov_face, *cov_frame;
    size_t n_frames;
    const mw_track *faces;
    int width, height;
} mw_track_video_in;

/* The track of sound, picture or both (NULL: without). Audio arrays a_t, a_type, a_speech_db,
 * a_noise_db, a_snr_db, a_rel; video arrays v_t, v_type, v_cov_face, v_cov_frame, v_noise_var,
 * v_blur_sigma, v_rel, and v_face, v_face_score, v_face_keys where faces were looked for (keys:
 * where the track has them); types. */
mw_status mw_track_make(mw_npz *z, const mw_track_audio_in *audio, const mw_track_video_in *video,
                        mw_error *err);

#endif
