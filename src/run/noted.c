/* SPDX-License-Identifier: Apache-2.0 */
#include "run/noted.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"

struct mw_noted_row {
    char *path, *row;
    uint8_t digest[MW_SHA256_BYTES]; /* of the sidecar's text */
};

static void put_media(mw_json *j, const char *key, const char *path, const char *hash_key,
                      const char *sha256)
{
    if (!path) return;
    mw_json_put_text(j, key, path);
    mw_json_put_text(j, hash_key, sha256);
}

void mw_row_put(mw_str *out, const mw_row *row, const char *rel)
{
    const char *base = mw_path_base(rel);
    const size_t n_group = base > rel ? (size_t)(base - rel) - 1 : 0,
                 n_clip = strlen(base) - strlen(MW_SIDECAR_SUFFIX);
    char *group = mw_strndup(rel, n_group), *clip = mw_strndup(base, n_clip);
    mw_str pretty = { 0 };
    mw_json j = mw_json_begin(&pretty);

    mw_json_open(&j, '{');
    mw_json_put_text(&j, "id", row->id);
    put_media(&j, "video", row->video, "video_sha256", row->video_sha256);
    put_media(&j, "audio", row->audio, "audio_sha256", row->audio_sha256);
    mw_json_put_text(&j, "group", group ? group : "");
    mw_json_put_text(&j, "clip", clip ? clip : "");
    mw_json_put_text(&j, "x_sidecar", rel);
    mw_json_close(&j, '}');
    out->failed |= pretty.failed || !group || !clip;
    mw_json_compact(out, pretty.data ? pretty.data : "", pretty.n);
    mw_str_putc(out, '\n');
    mw_str_clear(&pretty);
    mw_free(group);
    mw_free(clip);
}

static void digest_of(uint8_t digest[MW_SHA256_BYTES], const char *text, size_t n)
{
    mw_sha256 h;

    mw_sha256_init(&h);
    mw_sha256_update(&h, text, n);
    mw_sha256_final(&h, digest);
}

void mw_noted_add(mw_noted *noted, const mw_sidecar *c, const char *root, const char *rel,
                  const char *text, size_t n)
{
    const mw_media *video = c->output_video, *audio = c->output_audio;
    const mw_row row = { .id = c->id,
                         .video = video ? video->path : NULL,
                         .video_sha256 = video ? video->sha256 : NULL,
                         .audio = audio ? audio->path : NULL,
                         .audio_sha256 = audio ? audio->sha256 : NULL };
    struct mw_noted_row r = { 0 };
    mw_str line = { 0 };
    size_t n_bytes;

    if (mw_grow(&noted->v, &noted->cap, noted->n + 1, sizeof *noted->v)) return;
    mw_row_put(&line, &row, rel);
    n_bytes = sizeof r + strlen(root) + strlen(rel) + line.n;
    r.row = mw_str_take(&line);
    r.path = mw_path_join(root, rel);
    digest_of(r.digest, text, n);
    if (!r.row || !r.path || noted->n_bytes + n_bytes > MW_NOTED_MAX_BYTES) {
        mw_free(r.row);
        mw_free(r.path);
        return;
    }
    noted->n_bytes += n_bytes;
    noted->v[noted->n++] = r;
    noted->sorted = 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct mw_noted_row *)a)->path, ((const struct mw_noted_row *)b)->path);
}

const char *mw_noted_find(mw_noted *noted, const char *path, const char *text, size_t n)
{
    const struct mw_noted_row key = { .path = (char *)(uintptr_t)path };
    const struct mw_noted_row *r;
    uint8_t digest[MW_SHA256_BYTES];

    if (!noted->n) return NULL;
    if (!noted->sorted) qsort(noted->v, noted->n, sizeof *noted->v, by_path);
    noted->sorted = 1;
    r = bsearch(&key, noted->v, noted->n, sizeof *noted->v, by_path);
    if (!r) return NULL;
    digest_of(digest, text, n);
    return memcmp(digest, r->digest, sizeof digest) ? NULL : r->row;
}

void mw_noted_clear(mw_noted *noted)
{
    for (size_t i = 0; i < noted->n; i++) {
        mw_free(noted->v[i].path);
        mw_free(noted->v[i].row);
    }
    mw_free(noted->v);
    *noted = (mw_noted){ 0 };
}
