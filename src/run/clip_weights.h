/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the weights of CLIP are. They are the user's own file: nothing is fetched.
 */
#ifndef MW_RUN_CLIP_WEIGHTS_H
#define MW_RUN_CLIP_WEIGHTS_H

#include "merwild/status.h"

/* The file of weights: given, when it is a file; else clip-vit-base-patch32.safetensors,
 * model.safetensors or ViT-B-32.pt, the first that there is in the folder given, or, when given is
 * "", in the folder of model files (mw_models_folder with models). *path is the caller's (mw_free),
 * sha256 [65] that of the file. MW_ERR_IO "no_weights", saying which files there are, where they
 * come from and where they go. */
mw_status mw_clip_weights_find(char **path, char *sha256, const char *given, const char *models,
                               mw_error *err);

#endif
