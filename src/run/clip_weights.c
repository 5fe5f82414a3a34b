/* SPDX-License-Identifier: Apache-2.0 */
#include "run/clip_weights.h"

#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "face/models.h"

static const char *const names[] = { "clip-vit-base-patch32.safetensors", "model.safetensors",
                                     "ViT-B-32.pt" };

static int is_folder(const char *path)
{
    struct stat info;

    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static mw_status missing(const char *place, mw_error *err)
{
    return mw_fail(
        err, MW_ERR_IO, "no_weights",
        "no weights of CLIP at '%s'. Encoder clip needs either model.safetensors of "
        "openai/clip-vit-base-patch32 (from huggingface.co; save it there as %s) or OpenAI's "
        "ViT-B-32.pt (its address is in clip/clip.py of github.com/openai/CLIP; SHA-256 "
        "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af); or name the file with "
        "--weights. The encoders hog and landmarks (--encoder) need no download",
        place, names[0]);
}

/* *path stays NULL when there is none. */
static mw_status look_in(char **path, const char *folder, mw_error *err)
{
    for (size_t i = 0; i < sizeof names / sizeof *names && !*path; i++) {
        *path = mw_path_join(folder, names[i]);
        if (!*path) return mw_fail_nomem(err);
        if (mw_file_size(*path) >= 0) return MW_OK;
        mw_free(*path);
        *path = NULL;
    }
    return missing(folder, err);
}

mw_status mw_clip_weights_find(char **path, char *sha256, const char *given, const char *models,
                               mw_error *err)
{
    const int is_file = *given && !is_folder(given);
    char *folder = is_file ? NULL : mw_models_folder(*given ? given : models);
    mw_status st = MW_OK;

    *path = NULL;
    if (is_file && mw_file_size(given) < 0) return missing(given, err);
    if (is_file) *path = mw_strdup(given);
    if (is_file ? !*path : !folder) st = mw_fail_nomem(err);
    if (st == MW_OK && !is_file) st = look_in(path, folder, err);
    mw_free(folder);
    if (st == MW_OK) st = mw_sha256_file(sha256, NULL, *path, err);
    if (st != MW_OK) {
        mw_free(*path);
        *path = NULL;
    }
    return st;
}
