/* SPDX-License-Identifier: Apache-2.0
 *
 * Small labelled clips out of nothing: a drawn face and a source-filter voice that follow a label.
 * For demos, tests and the built-in benchmark; they say nothing about people.
 */
#ifndef MERWILD_SYNTH_H
#define MERWILD_SYNTH_H

#include "merwild/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Table: mw_synth_options_table. */
typedef struct mw_synth_options {
    char *out; /* output folder */
    uint64_t seed;
    int64_t jobs; /* worker threads; 0: one per processor */
    int size;     /* 0 free, 1 tiny, 2 standard; for each field of what it says, 0: the size's */
    int64_t n;    /* clips: 2, 120, 900 */
    int64_t clips_per_speaker; /* 1, 6, 6 */
    int recipe;        /* 0 demo: both cues follow the label; 1 benchmark: both cues are needed */
    double duration_s; /* 4.5, 3, 3 */
    int64_t width, height; /* even; 480 x 360, 192 x 144, 192 x 144 */
    int64_t fps, rate_hz;
    int noise; /* also a folder of sounds to disturb the clips with */
} mw_synth_options;

MW_API extern const mw_opt mw_synth_options_table[];

/* Write OUT/Raw/<video_id>/<clip_id>.mp4 (H.264, AAC), OUT/wav/<video_id>/<clip_id>.wav (mono, 16
 * bit) and OUT/label.csv in MMSA's columns (video_id, clip_id, text, label, label_T, label_A,
 * label_V, annotation, mode). Speakers never cross the splits. The benchmark recipe adds
 * OUT/synth.csv, what the labels were made from; noise adds OUT/noise/{speech,music,environment}
 * (voices of speakers that no clip has, and generated sounds). The sound and every picture before
 * encoding are the same on every machine (exact); the MP4 depends on the versions of FFmpeg and
 * x264. MW_ERR_RANGE, MW_ERR_IO, MW_ERR_INTERRUPTED; failures of single clips are counted. */
MW_API mw_status mw_synth_run(const mw_synth_options *o, const mw_run_hooks *hooks,
                              mw_summary *summary, mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
