/* SPDX-License-Identifier: Apache-2.0 */
#include "face/models.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/fs.h"

/* The same sums as data/models.sha256, which scripts/fetch-models checks. The full-range threshold
 * is the one that MediaPipe's own graph carries and that its Python results follow. */
const mw_model_info mw_face_model_info[MW_FACE_N_MODELS] = {
    { "short", "face_detection_short_range.tflite",
      "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
      "BlazeFace short range (MediaPipe model 0)", 0.5, 128 },
    { "full", "face_detection_full_range_sparse.tflite",
      "671dd2f9ed11a78436fc21cc42357a803dfc6f73e9fb86541be942d5716c2dce",
      "BlazeFace full range, sparse (MediaPipe model 1)", 0.6, 192 },
    { "full-dense", "face_detection_full_range.tflite",
      "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
      "BlazeFace full range, dense", 0.6, 192 },
};

int mw_face_model_by_name(const char *name)
{
    for (int i = 0; i < MW_FACE_N_MODELS; i++)
        if (!strcmp(name, mw_face_model_info[i].name)) return i;
    return -1;
}

static int is_folder(const char *path)
{
    struct stat info;

    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static const char *environment(const char *name)
{
    const char *v = getenv(name);

    return v && *v ? v : NULL;
}

char *mw_models_folder(const char *explicit_folder)
{
    const char *folder;

    if (explicit_folder && *explicit_folder) return mw_strdup(explicit_folder);
    folder = environment("MERWILD_MODELS");
    if (folder) return mw_strdup(folder);
    folder = environment("XDG_DATA_HOME");
    if (folder) return mw_format("%s/merwild/models", folder);
    folder = environment("HOME");
    return mw_format("%s/.local/share/merwild/models", folder ? folder : "");
}

char *mw_face_model_path(mw_face_model model, const char *explicit_path)
{
    const int is_file = explicit_path && !is_folder(explicit_path);
    char *folder = is_file ? NULL : mw_models_folder(explicit_path), *path;

    if (is_file) return mw_strdup(explicit_path);
    path = folder ? mw_format("%s/%s", folder, mw_face_model_info[model].file) : NULL;
    mw_free(folder);
    return path;
}

static mw_status check(const char *bytes, size_t n, mw_face_model model, const char *path,
                       mw_error *err)
{
    const mw_model_info *info = &mw_face_model_info[model];
    char hex[MW_SHA256_HEX + 1];

    mw_sha256_hex(hex, bytes, n);
    if (!strcmp(hex, info->sha256)) return MW_OK;
    return mw_fail(err, MW_ERR_MISMATCH, "wrong_model",
                   "'%s' is not the %s model: its SHA-256 is %s, expected %s; run "
                   "scripts/fetch-models to fetch it again",
                   path, info->name, hex, info->sha256);
}

mw_status mw_face_model_load(char **bytes, size_t *n, mw_face_model model,
                             const char *explicit_path, mw_error *err)
{
    char *path = mw_face_model_path(model, explicit_path);
    mw_status st;

    *bytes = NULL;
    if (!path) return mw_fail_nomem(err);
    st = mw_file_load(bytes, n, path, (size_t)16 << 20, err);
    if (st == MW_ERR_IO)
        st = mw_fail(
            err, MW_ERR_IO, "no_model",
            "cannot read the %s model at '%s': run scripts/fetch-models, or name its folder "
            "with --models or MERWILD_MODELS",
            mw_face_model_info[model].name, path);
    if (st == MW_OK) st = check(*bytes, *n, model, path, err);
    if (st != MW_OK) {
        mw_free(*bytes);
        *bytes = NULL;
    }
    mw_free(path);
    return st;
}
