/* SPDX-License-Identifier: Apache-2.0
 *
 * audio.additive: noise added to speech at a set signal-to-noise ratio, with gaps in the noise. The
 * registry entry is mw_op_audio_additive (corrupt/op.h); here is what the job needs beside it.
 */
#ifndef MW_CORRUPT_AUDIO_ADDITIVE_H
#define MW_CORRUPT_AUDIO_ADDITIVE_H

#include "merwild/options.h"

/* Noise kinds; the first three are also the categories of noise files. */
enum {
    MW_NOISE_SPEECH,
    MW_NOISE_MUSIC,
    MW_NOISE_NOISE,
    MW_NOISE_WHITE,
    MW_NOISE_PINK,
    MW_NOISE_BROWN,
    MW_NOISE_BABBLE,
    MW_N_NOISE_KINDS
};

enum { MW_SNR_OVER_CLIP, MW_SNR_OVER_ACTIVE };
enum { MW_GAPS_FIRST, MW_SCALE_FIRST };
enum { MW_PEAK_SCALE, MW_PEAK_CLIP };
enum { MW_SELECT_CATEGORY, MW_SELECT_FILE };
enum { MW_NOISE_PER_CLIP, MW_NOISE_PER_CONDITION };

typedef struct mw_additive_options {
    int snr_over;  /* MW_SNR_OVER_* */
    mw_range gaps; /* number of gaps drawn; 0-0: none */
    double gap_min_s;
    int gap_order; /* MW_GAPS_FIRST, MW_SCALE_FIRST */
    int peak;      /* MW_PEAK_* */
    int select;    /* MW_SELECT_* */
    int noise_per; /* MW_NOISE_PER_* */
    double weight[MW_N_NOISE_KINDS];
    mw_range talkers;
    double crossfade_s; /* at the seam of a looped recording */
} mw_additive_options;

typedef struct mw_additive_decision {
    double snr_db;          /* not drawn: the condition, set by the job */
    int kind;               /* MW_NOISE_* */
    mw_texts files;         /* one; babble: one per talker; generated noise: none */
    mw_ints offset_samples; /* where each is read from, at the working rate */
    uint64_t stream;        /* key of generated noise */
    mw_ints gap_start_samples, gap_length_samples;
} mw_additive_decision;

typedef struct mw_additive_result {
    double noise_gain;       /* factor on the noise as read */
    double peak;             /* max |sample| before peak handling */
    double peak_scale;       /* factor on speech and noise, 1 when none was needed */
    double clipped_share;    /* share of samples cut off under --peak clip */
    double speech_db;        /* clean, whole clip, dB re full-scale square */
    double speech_active_db; /* clean, active speech level (P.56); equal to speech_db when not asked
                                for */
    double noise_db;         /* where noise sounds, after the gain */
    double snr_db_measured;  /* whole clip, before gaps */
    double snr_db_effective; /* whole clip, after gaps */
    double snr_db_noisy;     /* where noise sounds: what the default sets */
    double noisy_share;      /* share of samples where noise sounds */
} mw_additive_result;

extern const mw_opt mw_additive_options_table[];

/* Reads z [n] of a recording from offset on, looped with the cross-fade when it is shorter. */
typedef mw_status (*mw_noise_reader)(void *user, const char *path, int64_t offset,
                                     double crossfade_s, float *z, int64_t n, mw_error *err);

/* The noise z [n] of a decision, before gaps and gain. scratch [n] is needed for babble only.
 * MW_ERR_SILENT (silent_noise) when a talker is silent; whatever the reader returns. */
mw_status mw_additive_noise(const mw_additive_options *options,
                            const mw_additive_decision *decision, int rate_hz,
                            mw_noise_reader reader, void *user, float *z, float *scratch, int64_t n,
                            mw_error *err);

#endif
