/* SPDX-License-Identifier: Apache-2.0
 *
 * The corruption jobs: a tree of clips in, damaged clips with their ground truth out.
 */
#ifndef MERWILD_CORRUPT_H
#define MERWILD_CORRUPT_H

#include "merwild/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- simple ---- */

/* Mix noise into speech at a given signal-to-noise ratio, without gaps and without peak handling.
 *
 * x       [n] mono samples, nominally [-1, 1]; changed in place
 * noise   [n] same rate; read only; must not overlap x
 * n       samples, > 0
 * snr_db  dB in [-60, 60]: 10 log10(power of x / power of noise), over all n samples
 *
 * Returns MW_OK; MW_ERR_RANGE (snr_db), MW_ERR_SILENT (either root mean square is below 1e-7),
 * MW_ERR_ARG. On failure x is untouched. Threads: safe on distinct buffers. Numbers: fixed order.
 */
MW_API mw_status mw_mix_snr(float *x, const float *noise, size_t n, double snr_db, mw_error *err);

/* ---- jobs ---- */

typedef struct mw_corrupt_audio_options mw_corrupt_audio_options;

/* Options of "corrupt audio" with their defaults (preset != 0: those of --preset reference). NULL:
 * no memory. Free with mw_corrupt_audio_options_free. */
MW_API mw_corrupt_audio_options *mw_corrupt_audio_options_new(int preset, mw_error *err);
MW_API void mw_corrupt_audio_options_free(mw_corrupt_audio_options **o);

/* Its tables and structs, to set options by name: groups[0 .. n - 1], n <= MW_MAX_GROUPS, is
 * returned. */
#define MW_MAX_GROUPS 12
MW_API size_t mw_corrupt_audio_options_groups(mw_corrupt_audio_options *o,
                                              mw_opt_group groups[MW_MAX_GROUPS]);

/* Damage the sound of every clip below in: OUT_<snr>/<relative path>.wav (16 kHz mono 16-bit) with
 * .prov.json and .track.npz beside each, and manifest.jsonl, provenance.jsonl, outcomes.csv in each
 * folder.
 *
 * Fails before work starts: MW_ERR_RANGE (options), MW_ERR_IO (input or output folder),
 * MW_ERR_FORMAT (no usable noise). MW_ERR_INTERRUPTED after a stop. Failures of single clips are
 * counted in *summary (required) and do not fail the call. */
MW_API mw_status mw_corrupt_audio(const mw_corrupt_audio_options *o, const mw_run_hooks *hooks,
                                  mw_summary *summary, mw_error *err);

typedef struct mw_corrupt_video_options mw_corrupt_video_options;

MW_API mw_corrupt_video_options *mw_corrupt_video_options_new(int preset, mw_error *err);
MW_API void mw_corrupt_video_options_free(mw_corrupt_video_options **o);
MW_API size_t mw_corrupt_video_options_groups(mw_corrupt_video_options *o,
                                              mw_opt_group groups[MW_MAX_GROUPS]);

/* Damage the picture of every clip below in: OUT/<relative path>.<mp4|mkv|...> with ground truth
 * beside each as for sound. Everything else of a clip (time stamps, rotation, sound) is kept.
 * Errors as mw_corrupt_audio. */
MW_API mw_status mw_corrupt_video(const mw_corrupt_video_options *o, const mw_run_hooks *hooks,
                                  mw_summary *summary, mw_error *err);

typedef struct mw_corrupt_av_options mw_corrupt_av_options;

MW_API mw_corrupt_av_options *mw_corrupt_av_options_new(int preset, mw_error *err);
MW_API void mw_corrupt_av_options_free(mw_corrupt_av_options **o);
MW_API size_t mw_corrupt_av_options_groups(mw_corrupt_av_options *o,
                                           mw_opt_group groups[MW_MAX_GROUPS]);

/* Damage sound and picture of every clip below in, on one time base: OUT_<snr>/<relative
 * path>.<mp4|mkv|...>, its picture as mw_corrupt_video makes it, its sound the samples that
 * mw_corrupt_audio makes of the same decision (16 kHz, mono), stored without loss; ground truth of
 * both beside each. Clips without sound or picture fail (no_audio, no_video). Errors as
 * mw_corrupt_audio. */
MW_API mw_status mw_corrupt_av(const mw_corrupt_av_options *o, const mw_run_hooks *hooks,
                               mw_summary *summary, mw_error *err);

/* Where replay finds what a sidecar names: in, the input folder of its source; and the folders of
 * its assets, NULL or "" where there are none. */
typedef struct mw_replay_folders {
    const char *in, *noise_dir, *occlusion_img, *occlusion_mask;
} mw_replay_folders;

/* Make the output of a sidecar (.prov.json) again from its recorded decisions, without drawing, and
 * compare it with the recorded hash.
 *
 * out   folder to write to (not the one of the sidecar)
 * path  set to the written file, to be freed with mw_text_free; NULL on failure
 *
 * MW_ERR_MISMATCH when a source or asset has other contents than recorded (nothing is written), or
 * the bytes made differ (the file is kept for inspection). */
MW_API mw_status mw_replay(const char *sidecar, const mw_replay_folders *from, const char *out,
                           char **path, mw_error *err);

/* Compare every output below root, one output folder or several, with the hashes of its sidecar.
 * hooks, summary as in the jobs: a missing or different file is a failed clip. jobs: threads, 0:
 * one per processor. MW_ERR_IO when root cannot be read. */
MW_API mw_status mw_verify(const char *root, int64_t jobs, const mw_run_hooks *hooks,
                           mw_summary *summary, mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
