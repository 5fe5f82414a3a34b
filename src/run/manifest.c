/* SPDX-License-Identifier: Apache-2.0 */
#include "run/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/sidecar.h"

static int ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), k = strlen(end);

    return n > k && !strcmp(text + n - k, end);
}

static mw_status list_folder(mw_sidecar_list *list, const char *root, const char *rel, int depth,
                             mw_error *err)
{
    char *path = mw_path_join(root, rel);
    DIR *dir = path && depth < 80 ? opendir(path) : NULL;
    mw_status st = MW_OK;
    struct dirent *entry;

    if (!dir) {
        st = path ? mw_fail_errno(err, errno, "cannot read folder '%s'", path) : mw_fail_nomem(err);
        mw_free(path);
        return st;
    }
    while (st == MW_OK && (entry = readdir(dir))) {
        char *child_rel, *child;
        struct stat info;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        child_rel = mw_path_join(rel, entry->d_name);
        child = child_rel ? mw_path_join(root, child_rel) : NULL;
        if (!child) {
            st = mw_fail_nomem(err);
        } else if (!lstat(child, &info) && S_ISDIR(info.st_mode)) {
            st = list_folder(list, root, child_rel, depth + 1, err);
        } else if (ends_with(entry->d_name, MW_SIDECAR_SUFFIX)) {
            if (mw_grow(&list->rel, &list->cap, list->n + 1, sizeof *list->rel)) {
                st = mw_fail_nomem(err);
            } else {
                list->rel[list->n++] = child_rel;
                child_rel = NULL;
            }
        }
        mw_free(child_rel);
        mw_free(child);
    }
    closedir(dir);
    mw_free(path);
    return st;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

mw_status mw_sidecar_list_make(mw_sidecar_list *list, const char *root, mw_error *err)
{
    mw_status st;

    *list = (mw_sidecar_list){ 0 };
    st = list_folder(list, root, "", 0, err);
    if (st == MW_OK && list->n) qsort(list->rel, list->n, sizeof *list->rel, by_text);
    if (st != MW_OK) mw_sidecar_list_clear(list);
    return st;
}

void mw_sidecar_list_clear(mw_sidecar_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        mw_free(list->rel[i]);
    mw_free(list->rel);
    *list = (mw_sidecar_list){ 0 };
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void put_media_row(mw_json *j, const json_t *output, const char *kind, const char *hash_key)
{
    const json_t *media = json_object_get(output, kind);

    if (!json_is_object(media)) return;
    mw_json_put_text(j, kind, text_of(media, "path"));
    mw_json_put_text(j, hash_key, text_of(media, "sha256"));
}

/* One row of docs/manifest.md: id, media with hashes, group (folder) and clip (name). */
static void put_row(mw_str *out, const json_t *doc, const char *rel)
{
    const char *base = mw_path_base(rel);
    const size_t n_group = base > rel ? (size_t)(base - rel) - 1 : 0,
                 n_clip = strlen(base) - strlen(MW_SIDECAR_SUFFIX);
    char *group = mw_strndup(rel, n_group), *clip = mw_strndup(base, n_clip);
    const json_t *output = json_object_get(doc, "output");
    mw_str pretty = { 0 };
    mw_json j = mw_json_begin(&pretty);

    mw_json_open(&j, '{');
    mw_json_put_text(&j, "id", text_of(doc, "id"));
    put_media_row(&j, output, "video", "video_sha256");
    put_media_row(&j, output, "audio", "audio_sha256");
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

/* A file written piece by piece that appears by rename. */
typedef struct list_file {
    char *path, *part;
    FILE *f;
} list_file;

static mw_status list_open(list_file *l, const char *root, const char *name, mw_error *err)
{
    l->path = mw_path_join(root, name);
    l->part = l->path ? mw_part_path(l->path) : NULL;
    if (!l->part) return mw_fail_nomem(err);
    l->f = fopen(l->part, "wbe");
    return l->f ? MW_OK : mw_fail_errno(err, errno, "cannot create '%s'", l->part);
}

/* Flush and rename when st is MW_OK, else remove; frees everything. */
static mw_status list_close(list_file *l, mw_status st, mw_error *err)
{
    if (l->f) {
        const int failed = ferror(l->f);

        if ((fclose(l->f) || failed) && st == MW_OK)
            st = mw_fail_errno(err, errno, "cannot write '%s'", l->path);
        if (st == MW_OK)
            st = mw_part_commit(l->part, l->path, err);
        else
            unlink(l->part);
    }
    mw_free(l->path);
    mw_free(l->part);
    *l = (list_file){ 0 };
    return st;
}

static mw_status put_sidecar(list_file *provenance, list_file *manifest, const char *root,
                             const char *rel, mw_error *err)
{
    char *path = mw_path_join(root, rel), *text = NULL;
    mw_str line = { 0 };
    json_t *doc = NULL;
    size_t n = 0;
    mw_status st =
        path ? mw_file_load(&text, &n, path, MW_SIDECAR_MAX_BYTES, err) : mw_fail_nomem(err);

    if (st != MW_OK) goto done;
    /* a broken sidecar is somebody else's edit: it is left out here, and verify reports it */
    if (mw_json_parse(&doc, text, n, path, NULL) != MW_OK) goto done;
    mw_json_compact(&line, text, n);
    mw_str_putc(&line, '\n');
    st = mw_str_ok(&line, err);
    if (st != MW_OK) goto done;
    fwrite(line.data, 1, line.n, provenance->f);
    mw_str_clear(&line);
    put_row(&line, doc, rel);
    st = mw_str_ok(&line, err);
    if (st == MW_OK) fwrite(line.data, 1, line.n, manifest->f);
done:
    if (doc) json_decref(doc);
    mw_str_clear(&line);
    mw_free(text);
    mw_free(path);
    return st;
}

mw_status mw_manifest_write(const char *root, mw_error *err)
{
    list_file provenance = { 0 }, manifest = { 0 };
    mw_sidecar_list list;
    mw_status st = mw_sidecar_list_make(&list, root, err);

    if (st != MW_OK) return st;
    st = list_open(&provenance, root, "provenance.jsonl", err);
    if (st == MW_OK) st = list_open(&manifest, root, "manifest.jsonl", err);
    for (size_t i = 0; st == MW_OK && i < list.n; i++)
        st = put_sidecar(&provenance, &manifest, root, list.rel[i], err);
    st = list_close(&provenance, st, err);
    st = list_close(&manifest, st, err);
    mw_sidecar_list_clear(&list);
    return st;
}

/* RFC 4180: quoted when needed, quotes doubled. */
static void put_csv(FILE *f, const char *text, char end)
{
    if (strpbrk(text, ",\"\r\n")) {
        fputc('"', f);
        for (; *text; text++) {
            if (*text == '"') fputc('"', f);
            fputc(*text, f);
        }
        fputc('"', f);
    } else {
        fputs(text, f);
    }
    fputc(end, f);
}

mw_status mw_outcomes_write(const char *root, const mw_job *job, mw_error *err)
{
    list_file l = { 0 };
    mw_status st = list_open(&l, root, "outcomes.csv", err);

    if (st != MW_OK) return list_close(&l, st, err);
    fputs("id,input,outcome,reason,message\n", l.f);
    for (size_t i = 0; i < job->n; i++) {
        const mw_clip_result *r = &job->results[i];
        const int failed = r->outcome == MW_FAILED;

        if (!r->ended) continue;
        put_csv(l.f, job->walk->clips[i].id, ',');
        put_csv(l.f, job->walk->clips[i].rel, ',');
        put_csv(l.f, failed ? "failed" : "ok", ',');
        put_csv(l.f, failed ? r->error.reason : "", ',');
        put_csv(l.f, failed ? r->error.message : "", '\n');
    }
    return list_close(&l, st, err);
}
