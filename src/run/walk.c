/* SPDX-License-Identifier: Apache-2.0 */
#include "run/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define MAX_DEPTH 64

static const char *const sound_suffixes[] = { ".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus",
                                              ".aif", ".aiff", ".au",  ".w64", ".caf", ".m4a",
                                              ".aac", ".wma",  ".mka", NULL };
static const char *const video_suffixes[] = { ".mp4", ".m4v", ".mov",  ".mkv", ".webm",
                                              ".avi", ".mpg", ".mpeg", ".ts",  ".mts",
                                              ".flv", ".wmv", ".3gp",  ".ogv", NULL };

static int listed(const char *suffix, const char *const *list)
{
    for (; *list; list++)
        if (mw_same_nocase(suffix, *list)) return 1;
    return 0;
}

int mw_is_media(const char *path, int kinds)
{
    const char *suffix = mw_path_suffix(path);

    return (kinds & MW_WALK_SOUND && listed(suffix, sound_suffixes)) ||
           (kinds & MW_WALK_VIDEO && listed(suffix, video_suffixes));
}

static int plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '/' || c >= 128;
}

char *mw_clip_id(const char *stem)
{
    enum { LONGEST = 180, KEPT = 140 };
    mw_str s = { 0 };

    for (const char *p = stem; *p; p++) {
        if (plain((unsigned char)*p))
            mw_str_putc(&s, *p);
        else
            mw_str_printf(&s, "~%02X", (unsigned char)*p);
    }
    if (s.n > LONGEST) {
        char hex[MW_SHA256_HEX + 1];
        size_t n = KEPT;

        mw_sha256_hex(hex, stem, strlen(stem));
        while (n && ((unsigned char)s.data[n] & 0xc0) == 0x80)
            n--; /* not inside a character */
        s.n = n;
        mw_str_printf(&s, "~~%.32s", hex);
    }
    return mw_str_take(&s);
}

/* Identity of the folders not to be entered. */
typedef struct skip_list {
    dev_t dev[64];
    ino_t ino[64];
    size_t n;
} skip_list;

static void skip_add(skip_list *s, const char *path)
{
    struct stat info;

    if (s->n < 64 && !stat(path, &info)) {
        s->dev[s->n] = info.st_dev;
        s->ino[s->n++] = info.st_ino;
    }
}

static int skipped(const skip_list *s, const struct stat *info)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->dev[i] == info->st_dev && s->ino[i] == info->st_ino) return 1;
    return 0;
}

int mw_is_output(const char *path)
{
    char *marker = mw_path_join(path, MW_MARKER_NAME);
    struct stat info;
    const int marked = marker && !lstat(marker, &info);

    mw_free(marker);
    return marked;
}

/* Add a clip; takes nothing over. problem may be NULL. */
static mw_status add(mw_walk *w, const char *rel, const char *path, const mw_error *problem,
                     mw_error *err)
{
    mw_clip c = { 0 };
    const size_t n_stem = strlen(rel) - strlen(mw_path_suffix(rel));
    mw_error not_utf8;

    if (!problem && !mw_utf8_ok(rel)) {
        mw_fail(&not_utf8, MW_ERR_FORMAT, "bad_name", "the file name '%s' is not UTF-8", rel);
        problem = &not_utf8;
    }

    if (mw_grow(&w->clips, &w->cap, w->n + 1, sizeof *w->clips)) return mw_fail_nomem(err);
    c.rel = mw_strdup(rel);
    c.path = mw_strdup(path);
    c.stem = mw_strndup(rel, n_stem);
    c.id = c.stem ? mw_clip_id(c.stem) : NULL;
    if (problem) {
        c.error = mw_calloc(1, sizeof *c.error);
        if (c.error) *c.error = *problem;
    }
    w->clips[w->n++] = c;
    if (!c.rel || !c.path || !c.id || (problem && !c.error)) return mw_fail_nomem(err);
    return MW_OK;
}

static mw_status walk_folder(mw_walk *w, const char *path, const char *rel, int kinds,
                             const skip_list *skip, int depth, mw_error *err);

static mw_status visit(mw_walk *w, const char *path, const char *rel, int kinds,
                       const skip_list *skip, int depth, mw_error *err)
{
    struct stat info;
    mw_error problem;
    int is_clip;

    if (lstat(path, &info)) return MW_OK; /* gone in the meantime */
    if (S_ISDIR(info.st_mode))
        return skipped(skip, &info) || (!(kinds & MW_WALK_OUTPUTS) && mw_is_output(path))
                   ? MW_OK
                   : walk_folder(w, path, rel, kinds, skip, depth + 1, err);
    /* "._x.mp4" is what macOS leaves beside x.mp4 on foreign file systems: no media */
    is_clip = mw_is_media(rel, kinds) && strncmp(mw_path_base(rel), "._", 2);
    if (S_ISLNK(info.st_mode) && stat(path, &info)) {
        if (!is_clip) return MW_OK;
        mw_fail_errno(&problem, errno, "'%s' is a link that leads to no file", path);
        return add(w, rel, path, &problem, err);
    }
    if (!S_ISREG(info.st_mode)) return MW_OK;
    if (!is_clip) {
        w->n_other++;
        return MW_OK;
    }
    return add(w, rel, path, NULL, err);
}

static mw_status walk_folder(mw_walk *w, const char *path, const char *rel, int kinds,
                             const skip_list *skip, int depth, mw_error *err)
{
    mw_status st = MW_OK;
    struct dirent *entry;
    mw_error problem;
    DIR *dir;

    dir = depth > MAX_DEPTH ? NULL : opendir(path);
    if (!dir) {
        const int e = errno;

        if (!*rel) return mw_fail_errno(err, e, "cannot read input folder '%s'", path);
        if (depth > MAX_DEPTH)
            mw_fail(&problem, MW_ERR_IO, "unreadable_folder", "'%s' is nested too deeply", path);
        else
            mw_fail(&problem, MW_ERR_IO, "unreadable_folder", "cannot read folder '%s': %s", path,
                    strerror(e));
        return add(w, rel, path, &problem, err);
    }
    while (st == MW_OK && (entry = readdir(dir))) {
        char *child, *child_rel;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        child = mw_path_join(path, entry->d_name);
        child_rel = mw_path_join(rel, entry->d_name);
        if (!child || !child_rel)
            st = mw_fail_nomem(err);
        else
            st = visit(w, child, child_rel, kinds, skip, depth, err);
        mw_free(child);
        mw_free(child_rel);
    }
    closedir(dir);
    return st;
}

static int by_rel(const void *a, const void *b)
{
    return strcmp(((const mw_clip *)a)->rel, ((const mw_clip *)b)->rel);
}

static int by_stem(const void *a, const void *b)
{
    const mw_clip *const *p = a, *const *q = b;

    return strcmp((*p)->stem, (*q)->stem);
}

/* Two inputs that differ in their suffix alone would overwrite each other: neither is worked on. */
static mw_status mark_collisions(mw_walk *w, mw_error *err)
{
    mw_clip **sorted = mw_calloc(w->n, sizeof *sorted);
    mw_status st = MW_OK;

    if (!sorted) return mw_fail_nomem(err);
    for (size_t i = 0; i < w->n; i++)
        sorted[i] = &w->clips[i];
    qsort(sorted, w->n, sizeof *sorted, by_stem);
    for (size_t i = 0, j; i < w->n && st == MW_OK; i = j) {
        for (j = i + 1; j < w->n && !strcmp(sorted[i]->stem, sorted[j]->stem); j++)
            ;
        for (size_t k = i; j - i > 1 && k < j; k++) {
            if (sorted[k]->error) continue;
            sorted[k]->error = mw_calloc(1, sizeof *sorted[k]->error);
            if (!sorted[k]->error) {
                st = mw_fail_nomem(err);
                break;
            }
            mw_fail(sorted[k]->error, MW_ERR_FORMAT, "output_collision",
                    "'%s' and '%s' would both be written as '%s'", sorted[i]->rel,
                    sorted[i + 1]->rel, sorted[i]->stem);
        }
    }
    mw_free(sorted);
    return st;
}

mw_status mw_walk_run(mw_walk *w, const char *root, int kinds, const char *const *skip,
                      mw_error *err)
{
    skip_list list = { .n = 0 };
    struct stat info;
    mw_status st;

    *w = (mw_walk){ 0 };
    if (stat(root, &info)) return mw_fail_errno(err, errno, "cannot read input '%s'", root);
    if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode))
        return mw_fail(err, MW_ERR_IO, "not_a_file", "input '%s' is neither a file nor a folder",
                       root);
    for (; skip && *skip; skip++)
        skip_add(&list, *skip);
    if (S_ISDIR(info.st_mode))
        st = walk_folder(w, root, "", kinds, &list, 0, err);
    else
        st = add(w, mw_path_base(root), root, NULL, err);
    if (st == MW_OK && w->n) {
        qsort(w->clips, w->n, sizeof *w->clips, by_rel);
        st = mark_collisions(w, err);
    }
    if (st != MW_OK) mw_walk_clear(w);
    return st;
}

mw_status mw_walk_add(mw_walk *w, const char *root, const char *rel, mw_error *err)
{
    char *path = mw_path_join(root, rel);
    mw_status st = path ? add(w, rel, path, NULL, err) : mw_fail_nomem(err);

    mw_free(path);
    return st;
}

static void clear_clip(mw_clip *c)
{
    mw_free(c->rel);
    mw_free(c->path);
    mw_free(c->stem);
    mw_free(c->id);
    mw_free(c->error);
}

mw_status mw_walk_list(mw_walk *w, const char *root, const mw_texts *rel, mw_error *err)
{
    mw_status st = MW_OK;
    size_t n = 0;

    *w = (mw_walk){ 0 };
    for (size_t i = 0; st == MW_OK && i < rel->n; i++)
        st = mw_walk_add(w, root, rel->v[i], err);
    if (w->n) qsort(w->clips, w->n, sizeof *w->clips, by_rel);
    for (size_t i = 0; i < w->n; i++)
        if (n && !strcmp(w->clips[n - 1].rel, w->clips[i].rel))
            clear_clip(&w->clips[i]);
        else
            w->clips[n++] = w->clips[i];
    w->n = n;
    if (st != MW_OK) mw_walk_clear(w);
    return st;
}

void mw_walk_clear(mw_walk *w)
{
    for (size_t i = 0; i < w->n; i++)
        clear_clip(&w->clips[i]);
    mw_free(w->clips);
    *w = (mw_walk){ 0 };
}
