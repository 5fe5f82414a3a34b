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

/* Where a CLIP image tower keeps what tells its sizes. A layer: its number between two texts. */
typedef struct naming {
    const char *what, *prefix, *projection, *patch, *position, *layer[2], *hidden;
    int columns_axis; /* of the projection */
} naming;

static const naming namings[] = {
    { "Hugging Face",
      "vision_model.",
      "visual_projection.weight",
      "vision_model.embeddings.patch_embedding.weight",
      "vision_model.embeddings.position_embedding.weight",
      { "vision_model.encoder.layers.", ".layer_norm1.weight" },
      "vision_model.encoder.layers.0.mlp.fc1.weight",
      0 },
    { "OpenAI",
      "visual.",
      "visual.proj",
      "visual.conv1.weight",
      "visual.positional_embedding",
      { "visual.transformer.resblocks.", ".ln_1.weight" },
      "visual.transformer.resblocks.0.mlp.c_fc.weight",
      1 },
};

static int count_layers(const mw_weights *w, const naming *by)
{
    int n = 0;

    for (; n < 1000; n++) {
        char name[96];

        snprintf(name, sizeof name, "%s%d%s", by->layer[0], n, by->layer[1]);
        if (!mw_weights_find(w, name)) break;
    }
    return n;
}

/* Elements of the tower's tensors; position_ids are numbers of places, no weights. */
static size_t count_parameters(const mw_weights *w, const naming *by)
{
    size_t sum = 0;

    for (size_t i = 0; i < mw_weights_count(w); i++) {
        const mw_tensor *t = mw_weights_at(w, i);

        if (t->dtype <= MW_DTYPE_F64 &&
            (!strncmp(t->name, by->prefix, strlen(by->prefix)) || !strcmp(t->name, by->projection)))
            sum += t->n;
    }
    return sum;
}

static int fits_int(const mw_tensor *t)
{
    for (int k = 0; k < t->n_dims; k++)
        if (!t->shape[k] || t->shape[k] > 1 << 20) return 0;
    return 1;
}

/* Whether w holds an image tower of these names; its sizes. */
static int image_tower(mw_vit_info *v, const mw_weights *w, const naming *by)
{
    const mw_tensor *patch = mw_weights_find(w, by->patch),
                    *hidden = mw_weights_find(w, by->hidden),
                    *place = mw_weights_find(w, by->position),
                    *out = mw_weights_find(w, by->projection);
    int grid = 1;

    if (!patch || !hidden || !place || !out || patch->n_dims != 4 || hidden->n_dims != 2 ||
        place->n_dims != 2 || out->n_dims != 2 || !fits_int(patch) || !fits_int(hidden) ||
        !fits_int(place) || !fits_int(out))
        return 0;
    *v = (mw_vit_info){ .patch = (int)patch->shape[3],
                        .width = (int)patch->shape[0],
                        .heads = (int)patch->shape[0] / 64,
                        .layers = count_layers(w, by),
                        .mlp = (int)hidden->shape[0],
                        .columns = (int)out->shape[by->columns_axis],
                        .tokens = (int)place->shape[0],
                        .n_parameters = count_parameters(w, by) };
    while (grid * grid + 1 < v->tokens)
        grid++;
    v->side = grid * v->patch;
    return grid * grid + 1 == v->tokens && patch->shape[1] == 3 &&
           patch->shape[2] == patch->shape[3];
}

static void describe_tower(mw_str *s, const mw_vit_info *v, const naming *by)
{
    mw_str_printf(s,
                  "contents    CLIP image tower, %s names\n"
                  "side        %d\npatch       %d\nwidth       %d\nlayers      %d\nheads       %d\n"
                  "mlp         %d\nembedding   %d\ntokens      %d\nparameters  %zu\n",
                  by->what, v->side, v->patch, v->width, v->layers, v->heads, v->mlp, v->columns,
                  v->tokens, v->n_parameters);
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
    for (size_t i = 0; i < sizeof namings / sizeof *namings; i++)
        if (image_tower(&v, w, &namings[i])) {
            describe_tower(s, &v, &namings[i]);
            return;
        }
    if (format && !strcmp(format, "merwild-scoring"))
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
