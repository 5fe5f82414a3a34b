/* SPDX-License-Identifier: Apache-2.0 */
#include "merwild/models.h"

#include "base/mem.h"
#include "face/models.h"

static const char *given(const char *folder)
{
    return folder && *folder ? folder : NULL;
}

size_t mw_model_count(void)
{
    return MW_FACE_N_MODELS;
}

mw_model mw_model_get(size_t i)
{
    const mw_model_info *info = &mw_face_model_info[i < MW_FACE_N_MODELS ? i : 0];

    if (i >= MW_FACE_N_MODELS) return (mw_model){ NULL, NULL, NULL, NULL };
    return (mw_model){ info->name, info->file, info->sha256, info->what };
}

char *mw_model_path(size_t i, const char *folder)
{
    return i < MW_FACE_N_MODELS ? mw_face_model_path((mw_face_model)i, given(folder)) : NULL;
}

mw_status mw_model_verify(size_t i, const char *folder, mw_error *err)
{
    char *bytes = NULL;
    size_t n;
    mw_status st;

    if (i >= MW_FACE_N_MODELS) return MW_ERR_ARG;
    st = mw_face_model_load(&bytes, &n, (mw_face_model)i, given(folder), err);
    mw_free(bytes);
    return st;
}
