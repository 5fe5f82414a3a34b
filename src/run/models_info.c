/* SPDX-License-Identifier: Apache-2.0
 *
 * What a model file is, in words. Contents are recognised by the names and shapes of tensors, or by
 * the whole file's SHA-256; nothing is computed with them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "face/models.h"
#include "feature/vit/vit.h"
#include "merwild/models.h"
#include "nn/weights.h"

static void describe_tower(mw_str *s, const mw_vit_info *v, const mw_weights *w)
{
    const int hugging_face = mw_weights_find(w, "visual_projection.weight") != NULL;

    mw_str_printf(s,
                  "contents    CLIP image tower, %s names\n"
                  "side        %d\npatch       %d\nwidth       %d\nlayers      %d\nheads       %d\n"
                  "mlp         %d\nembedding   %d\ntokens      %d\nparameters  %zu\n",
                  hugging_face ? "Hugging Face" : "OpenAI", v->side, v->patch, v->width, v->layers,
                  v->heads, v->mlp, v->columns, v->tokens, v->n_parameters);
}

static void describe_types(mw_str *s, const mw_weights *w)
{
    size_t count[MW_DTYPE_OTHER + 1] = { 0 }, n = mw_weights_count(w);
    const char *between = " (";

    for (size_t i = 0; i < n; i++)
        count[mw_weights_at(w, i)->dtype]++;
    mw_str_printf(s, "tensors     %zu", n);
    for (int t = 0; t <= MW_DTYPE_OTHER; t++) {
        if (!count[t]) continue;
        mw_str_printf(s, "%s%zu %s", between, count[t], mw_dtype_name((mw_dtype)t));
        between = ", ";
    }
    mw_str_put(s, n ? ")\n" : "\n");
}

static void describe_weights(mw_str *s, const mw_weights *w)
{
    const char *format = mw_weights_note(w, "format");
    mw_vit_info v;

    mw_str_printf(s, "kind        %s\n", mw_weights_kind(w));
    describe_types(s, w);
    if (mw_vit_probe(&v, mw_weights_path(w), NULL) == MW_OK)
        describe_tower(s, &v, w);
    else if (format && !strcmp(format, "merwild-scoring"))
        mw_str_put(s, "contents    scoring network of merwild train\n");
    else
        mw_str_printf(s, "contents    unknown, %zu tensors\n", mw_weights_count(w));
}

/* The first 8 bytes of a TFLite file: an offset, and its identifier. */
static int is_tflite(const char *path)
{
    char head[8] = "";
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const int is = fd >= 0 && read(fd, head, 8) == 8 && !memcmp(head + 4, "TFL3", 4);

    if (fd >= 0) close(fd);
    return is;
}

static void describe_tflite(mw_str *s, const char *sha256)
{
    mw_str_put(s, "kind        TFLite\n");
    for (int i = 0; i < MW_FACE_N_MODELS; i++)
        if (!strcmp(sha256, mw_face_model_info[i].sha256)) {
            mw_str_printf(s, "contents    face detector '%s': %s\n", mw_face_model_info[i].name,
                          mw_face_model_info[i].what);
            return;
        }
    mw_str_put(s, "contents    unknown: none of the listed detectors\n");
}

mw_status mw_model_describe(char **text, const char *path, mw_error *err)
{
    char sha256[MW_SHA256_HEX + 1];
    mw_weights *w = NULL;
    mw_str s = { 0 };
    int64_t n_bytes;
    mw_status st;

    *text = NULL;
    if (!path) return mw_fail(err, MW_ERR_ARG, "bad_argument", "no file to describe");
    st = is_tflite(path) ? MW_OK : mw_weights_open(&w, path, err);
    if (st == MW_OK) st = mw_sha256_file(sha256, &n_bytes, path, err);
    if (st != MW_OK) goto done;
    mw_str_printf(&s, "file        %s\n", path);
    if (w)
        describe_weights(&s, w);
    else
        describe_tflite(&s, sha256);
    mw_str_printf(&s, "bytes       %lld\nsha256      %s\n", (long long)n_bytes, sha256);
    st = mw_str_ok(&s, err);
    if (st == MW_OK) *text = mw_str_take(&s);
done:
    mw_str_clear(&s);
    mw_weights_close(&w);
    return st;
}
