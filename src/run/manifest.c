/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* d_type */
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
#include "run/walk.h"

#define BUFFER_BYTES       ((size_t)1 << 16) /* of a list that is being written */
#define MANIFEST_NAME      "manifest.jsonl"
#define MANIFEST_MAX_BYTES ((size_t)1 << 30)

static int ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), k = strlen(end);

    return n > k && !strcmp(text + n - k, end);
}

/* Most file systems say so in the listing itself. */
static int is_dir(const struct dirent *entry, const char *path)
{
    struct stat info;

    if (entry->d_type != DT_UNKNOWN) return entry->d_type == DT_DIR;
    return !lstat(path, &info) && S_ISDIR(info.st_mode);
}

static mw_status list_folder(mw_sidecar_list *list, const char *root, const char *rel, int all,
                             int depth, mw_error *err);

/* rel is taken over, also on failure. */
static mw_status add_sidecar(mw_sidecar_list *list, char *rel, mw_error *err)
{
    if (!rel || mw_grow(&list->rel, &list->cap, list->n + 1, sizeof *list->rel)) {
        mw_free(rel);
        return mw_fail_nomem(err);
    }
    list->rel[list->n++] = rel;
    return MW_OK;
}

/* The sidecars that the manifest of a folder names. What cannot be read is somebody else's file. */
static mw_status list_named(mw_sidecar_list *list, const char *path, const char *folder,
                            mw_error *err)
{
    char *text = NULL, *line, *end;
    size_t n;
    mw_status st = mw_file_load(&text, &n, path, MANIFEST_MAX_BYTES, NULL);

    if (st != MW_OK) return st == MW_ERR_NOMEM ? mw_fail_nomem(err) : MW_OK;
    for (line = text; st == MW_OK && *line; line = end) {
        json_t *row = NULL;
        const char *rel;

        end = line + strcspn(line, "\n");
        st = mw_json_parse(&row, line, (size_t)(end - line), path, NULL);
        rel = st == MW_OK ? json_string_value(json_object_get(row, "x_sidecar")) : NULL;
        st = st == MW_ERR_NOMEM ? mw_fail_nomem(err) : MW_OK;
        if (rel && mw_path_is_inside(rel)) st = add_sidecar(list, mw_path_join(folder, rel), err);
        json_decref(row);
        end += *end == '\n';
    }
    mw_free(text);
    return st;
}

/* A child of the folder rel. */
static mw_status list_child(mw_sidecar_list *list, const char *root, const char *rel,
                            const struct dirent *entry, int all, int depth, mw_error *err)
{
    const int is_sidecar = ends_with(entry->d_name, MW_SIDECAR_SUFFIX);
    const int is_manifest = all && !strcmp(entry->d_name, MANIFEST_NAME);
    char *child_rel, *child;
    mw_status st = MW_OK;

    if (entry->d_type == DT_REG && !is_sidecar && !is_manifest) return MW_OK;
    child_rel = mw_path_join(rel, entry->d_name);
    child = child_rel ? mw_path_join(root, child_rel) : NULL;
    if (!child) {
        st = mw_fail_nomem(err);
    } else if (is_dir(entry, child)) {
        if (all || !mw_is_output(child))
            st = list_folder(list, root, child_rel, all, depth + 1, err);
    } else if (is_sidecar) {
        st = add_sidecar(list, child_rel, err);
        child_rel = NULL;
    } else if (is_manifest) {
        st = list_named(list, child, rel, err);
    }
    mw_free(child_rel);
    mw_free(child);
    return st;
}

static mw_status list_folder(mw_sidecar_list *list, const char *root, const char *rel, int all,
                             int depth, mw_error *err)
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
    while (st == MW_OK && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            st = list_child(list, root, rel, entry, all, depth, err);
    closedir(dir);
    mw_free(path);
    return st;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once. */
static void sort_list(mw_sidecar_list *list)
{
    size_t n = 0;

    if (list->n) qsort(list->rel, list->n, sizeof *list->rel, by_text);
    for (size_t i = 0; i < list->n; i++)
        if (n && !strcmp(list->rel[n - 1], list->rel[i]))
            mw_free(list->rel[i]);
        else
            list->rel[n++] = list->rel[i];
    list->n = n;
}

mw_status mw_sidecar_list_make(mw_sidecar_list *list, const char *root, int all, mw_error *err)
{
    mw_status st;

    *list = (mw_sidecar_list){ 0 };
    st = list_folder(list, root, "", all, 0, err);
    if (st == MW_OK)
        sort_list(list);
    else
        mw_sidecar_list_clear(list);
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

static void read_media(const json_t *output, const char *kind, const char **path,
                       const char **sha256)
{
    const json_t *media = json_object_get(output, kind);

    if (!json_is_object(media)) return;
    *path = text_of(media, "path");
    *sha256 = text_of(media, "sha256");
}

static void put_parsed_row(mw_str *out, const json_t *doc, const char *rel)
{
    const json_t *output = json_object_get(doc, "output");
    mw_row row = { .id = text_of(doc, "id") };

    read_media(output, "video", &row.video, &row.video_sha256);
    read_media(output, "audio", &row.audio, &row.audio_sha256);
    mw_row_put(out, &row, rel);
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
    if (!l->f) return mw_fail_errno(err, errno, "cannot create '%s'", l->part);
    setvbuf(l->f, NULL, _IOFBF, BUFFER_BYTES);
    return MW_OK;
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
                             const char *rel, mw_noted *noted, mw_error *err)
{
    char *path = mw_path_join(root, rel), *text = NULL;
    mw_str line = { 0 }, row = { 0 };
    const char *known;
    json_t *doc = NULL;
    size_t n = 0;
    mw_status st =
        path ? mw_file_load(&text, &n, path, MW_SIDECAR_MAX_BYTES, err) : mw_fail_nomem(err);

    if (st != MW_OK) goto done;
    known = noted ? mw_noted_find(noted, path, text, n) : NULL;
    if (known) {
        mw_str_put(&row, known);
    } else {
        /* a broken sidecar is somebody else's edit: it is left out here, and verify reports it */
        if (mw_json_parse(&doc, text, n, path, NULL) != MW_OK) goto done;
        put_parsed_row(&row, doc, rel);
    }
    mw_json_compact(&line, text, n);
    mw_str_putc(&line, '\n');
    st = mw_str_ok(&line, err);
    if (st == MW_OK) st = mw_str_ok(&row, err);
    if (st != MW_OK) goto done;
    fwrite(line.data, 1, line.n, provenance->f);
    fwrite(row.data, 1, row.n, manifest->f);
done:
    if (doc) json_decref(doc);
    mw_str_clear(&line);
    mw_str_clear(&row);
    mw_free(text);
    mw_free(path);
    return st;
}

mw_status mw_manifest_write(const char *root, mw_noted *noted, mw_error *err)
{
    list_file provenance = { 0 }, manifest = { 0 };
    mw_sidecar_list list;
    mw_status st = mw_sidecar_list_make(&list, root, 0, err);

    if (st != MW_OK) return st;
    st = list_open(&provenance, root, "provenance.jsonl", err);
    if (st == MW_OK) st = list_open(&manifest, root, MANIFEST_NAME, err);
    for (size_t i = 0; st == MW_OK && i < list.n; i++)
        st = put_sidecar(&provenance, &manifest, root, list.rel[i], noted, err);
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
