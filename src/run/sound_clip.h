/* SPDX-License-Identifier: Apache-2.0
 *
 * The sound of one clip on its way through audio.additive: loaded once, noise drawn and prepared
 * once, mixed at any number of ratios. Shared by the jobs that damage sound.
 */
#ifndef MW_RUN_SOUND_CLIP_H
#define MW_RUN_SOUND_CLIP_H

#include "base/fs.h"
#include "corrupt/audio/additive.h"
#include "corrupt/op.h"
#include "data/audio.h"
#include "merwild/run.h"
#include "run/bank.h"
#include "run/job.h"
#include "run/sidecar.h"
#include "run/track.h"

#define MW_AUDIO_RATE_HZ 16000

typedef struct mw_sound_options {
    char *noise_dir;
    mw_doubles snr;
    int64_t channel;
    double max_s;
} mw_sound_options;

extern const mw_opt mw_sound_options_table[];

/* What a job's clips share; borrowed. */
typedef struct mw_sound_maker {
    const mw_sound_options *sound;
    const mw_additive_options *additive;
    mw_bank *bank;
} mw_sound_maker;

/* What a mixture was made with and what came of it. Zeroed at first; mw_sound_mixed_clear. */
typedef struct mw_sound_mixed {
    double snr_db;
    mw_additive_result result;
    mw_segments segments;
} mw_sound_mixed;

void mw_sound_mixed_clear(mw_sound_mixed *m);

/* Zeroed at first; mw_sound_clip_clear at last. mw_sound_clip_reset in between makes it ready for
 * another clip and keeps the arrays. */
typedef struct mw_sound_clip {
    const mw_sound_maker *maker;
    mw_clip_key key;
    const mw_kept *source; /* as of mw_clean_sound; borrowed */
    mw_audio clean;
    int loaded;
    float *mix;                            /* [clean.n]; NULL before mw_sound_clip_mix */
    double *speech_power, *noise_power;    /* per track frame */
    const mw_ints *gap_start, *gap_length; /* in place of the gaps drawn; NULL: as drawn */
    /* drawn and prepared noise */
    mw_additive_decision decision;
    float *noise; /* [clean.n] */
    void *state;  /* NULL: not prepared */
    mw_asset *assets;
    size_t n_assets;
    mw_sound_mixed mixed;                             /* of mix */
    size_t mix_cap, noise_cap, speech_cap, power_cap; /* elements */
} mw_sound_clip;

/* The clean sound of a clip at the working rate, as mw_sound_load_again. source: the bytes of the
 * file, where they were kept when it was hashed; NULL or empty: it is read. */
mw_status mw_clean_sound(mw_audio *out, const char *path, const mw_kept *source,
                         const mw_sound_options *o, mw_error *err);

/* The noise z [n] of a decision (new array, mw_free). */
mw_status mw_decided_noise(float **z, const mw_additive_options *o, const mw_additive_decision *d,
                           int64_t n, mw_bank *bank, mw_error *err);

/* Load the clean sound; MW_ERR_SILENT (silent_input), and whatever mw_sound_load says. */
mw_status mw_sound_clip_load(mw_sound_clip *s, const char *path, mw_error *err);

/* Draw and prepare noise for the clip (or for one condition of it): other draws follow while the
 * one made is silent or cannot be read. */
mw_status mw_sound_clip_draw(mw_sound_clip *s, const char *condition, mw_error *err);

/* Mix at a ratio: fills mix and mixed. */
mw_status mw_sound_clip_mix(mw_sound_clip *s, double snr_db, mw_error *err);

/* The same into 16-bit samples, q [clean.n], and *m. */
mw_status mw_sound_clip_mix16(mw_sound_clip *s, double snr_db, int16_t *q, mw_sound_mixed *m,
                              mw_error *err);

/* The clean sound into mix, for clips whose noise has nowhere to sound; mixed and the power of the
 * noise are none. */
mw_status mw_sound_clip_leave(mw_sound_clip *s, mw_error *err);

void mw_sound_clip_reset(mw_sound_clip *s, const mw_sound_maker *maker, mw_clip_key key);
void mw_sound_clip_clear(mw_sound_clip *s);

/* What the track and the sidecar say of a mixture that was made from the noise as it is drawn now;
 * they borrow from both. start_s: when the sound begins on the clip's clock. */
mw_track_audio_in mw_sound_clip_track(const mw_sound_clip *s, const mw_sound_mixed *m,
                                      double start_s);
mw_stage mw_sound_clip_stage(mw_sound_clip *s, const mw_sound_mixed *m);

/* No clip can succeed without a kind of noise that can be drawn: say so before work starts. */
mw_status mw_sound_maker_check(const mw_sound_maker *m, mw_error *err);

/* Notes on the noise files that were passed over. */
void mw_sound_maker_tell(const mw_sound_maker *m, mw_job *job);

/* OUT_<ratio> on the heap; text [MW_F64_TEXT] receives the ratio alone. NULL: no memory. */
char *mw_snr_folder(const char *out, double snr_db, char *text);

#endif
