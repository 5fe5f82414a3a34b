/* SPDX-License-Identifier: Apache-2.0
 *
 * The feature jobs: a tree of clips in, one matrix per clip out.
 */
#ifndef MERWILD_FEATURES_H
#define MERWILD_FEATURES_H

#include "merwild/corrupt.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mw_features_audio_options mw_features_audio_options;

/* Options of "features audio"; as for the corruption jobs (corrupt.h). */
MW_API mw_features_audio_options *mw_features_audio_options_new(int preset, mw_error *err);
MW_API void mw_features_audio_options_free(mw_features_audio_options **o);
MW_API size_t mw_features_audio_options_groups(mw_features_audio_options *o,
                                               mw_opt_group groups[MW_MAX_GROUPS]);

/* Acoustic descriptors of every clip below in: OUT/<relative path>.<npy|pkl|npz|csv> with a
 * .prov.json beside each (column names, row step, source rate, how the length was fixed).
 * eGeMAPSv02 (25 columns) and ComParE_2016 (65), every 10 ms, as openSMILE 3 computes them. Errors
 * as mw_corrupt_audio; a clip shorter than 60 ms fails with reason too_short unless asked
 * otherwise. */
MW_API mw_status mw_features_audio(const mw_features_audio_options *o, const mw_run_hooks *hooks,
                                   mw_summary *summary, mw_error *err);

typedef struct mw_features_visual_options mw_features_visual_options;

/* Options of "features visual". */
MW_API mw_features_visual_options *mw_features_visual_options_new(int preset, mw_error *err);
MW_API void mw_features_visual_options_free(mw_features_visual_options **o);
MW_API size_t mw_features_visual_options_groups(mw_features_visual_options *o,
                                                mw_opt_group groups[MW_MAX_GROUPS]);

/* The face of every frame of every video below in, as numbers: OUT/<relative
 * path>.<npy|pkl|npz|csv> with a .prov.json beside each (encoder, hashes of weights and detector,
 * frames with a face, how the length was fixed). Encoders: clip (the embedding of CLIP ViT-B/32),
 * hog, landmarks. 500 rows of the frames that show a face, or a row for every frame. MW_ERR_IO
 * no_weights, no_model before work starts; other errors as mw_corrupt_audio. A clip without any
 * face is done, not failed: zeros, none of them valid. */
MW_API mw_status mw_features_visual(const mw_features_visual_options *o, const mw_run_hooks *hooks,
                                    mw_summary *summary, mw_error *err);

typedef struct mw_features_bank_options mw_features_bank_options;

/* Options of "features bank"; as for the corruption jobs (corrupt.h). */
MW_API mw_features_bank_options *mw_features_bank_options_new(int preset, mw_error *err);
MW_API void mw_features_bank_options_free(mw_features_bank_options **o);
MW_API size_t mw_features_bank_options_groups(mw_features_bank_options *o,
                                              mw_opt_group groups[MW_MAX_GROUPS]);

/* A feature bank of every video below in: OUT/<relative path>.bank.npz, sound and picture clean and
 * damaged in the ways of its split, with the reliability of every row; bank.json, label.csv, and a
 * .prov.json beside each (docs/feature-bank.md). The damage is done in memory by the operations of
 * the corruption jobs. Errors as mw_corrupt_audio and mw_faces; MW_ERR_IO (no_labels). */
MW_API mw_status mw_features_bank(const mw_features_bank_options *o, const mw_run_hooks *hooks,
                                  mw_summary *summary, mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
