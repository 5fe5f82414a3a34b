/* SPDX-License-Identifier: Apache-2.0 */
#include "run/occluders.h"

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
#include "corrupt/visual/drawn_occluders.h"
#include "corrupt/visual/occlusion.h"
#include "media/image_read.h"

#define MAX_DEPTH 16

static int is_picture(const char *path)
{
    const char *suffix = mw_path_suffix(path);

    return mw_same_nocase(suffix, ".jpg") || mw_same_nocase(suffix, ".jpeg") ||
           mw_same_nocase(suffix, ".png");
}

/* ---- lists of files ---- */

typedef struct name_list {
    char **v;
    size_t n, cap;
} name_list;

static void names_clear(name_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        mw_free(l->v[i]);
    mw_free(l->v);
    *l = (name_list){ 0 };
}

static mw_status names_add(name_list *l, const char *name, mw_error *err)
{
    if (mw_grow(&l->v, &l->cap, l->n + 1, sizeof *l->v)) return mw_fail_nomem(err);
    l->v[l->n] = mw_strdup(name);
    if (!l->v[l->n]) return mw_fail_nomem(err);
    l->n++;
    return MW_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Append what lies below root/rel to files, as paths relative to root; only folders when folders is
 * given. */
static mw_status list(name_list *files, name_list *folders, const char *root, const char *rel,
                      int depth, mw_error *err)
{
    char *path = mw_path_join(root, rel);
    DIR *dir = path ? opendir(path) : NULL;
    mw_status st = MW_OK;
    struct dirent *entry;

    if (!dir) {
        st = path ? mw_fail_errno(err, errno, "cannot read occluder folder '%s'", path)
                  : mw_fail_nomem(err);
        mw_free(path);
        return st;
    }
    while (st == MW_OK && (entry = readdir(dir))) {
        char *child_rel, *child;
        struct stat info;

        if (entry->d_name[0] == '.') continue;
        child_rel = mw_path_join(rel, entry->d_name);
        child = child_rel ? mw_path_join(root, child_rel) : NULL;
        if (!child) {
            st = mw_fail_nomem(err);
        } else if (!stat(child, &info)) {
            if (S_ISDIR(info.st_mode)) {
                if (folders)
                    st = names_add(folders, child_rel, err);
                else if (depth < MAX_DEPTH)
                    st = list(files, NULL, root, child_rel, depth + 1, err);
            } else if (!folders && S_ISREG(info.st_mode) && mw_utf8_ok(child_rel)) {
                st = names_add(files, child_rel, err);
            }
        }
        mw_free(child_rel);
        mw_free(child);
    }
    closedir(dir);
    mw_free(path);
    return st;
}

/* ---- pairing ---- */

/* Whether text holds word, whatever the case of ASCII letters; word is in lower case. */
static int holds(const char *text, const char *word)
{
    const size_t n = strlen(word);

    for (; *text; text++) {
        size_t k = 0;

        while (k < n && (text[k] >= 'A' && text[k] <= 'Z' ? text[k] + 32 : text[k]) == word[k])
            k++;
        if (k == n) return 1;
    }
    return 0;
}

static int kind_of(const char *folder)
{
    static const struct {
        const char *word;
        int kind;
    } words[] = { { "hand", MW_OCCLUDER_HAND },
                  { "object", MW_OCCLUDER_OBJECT },
                  { "dtd", MW_OCCLUDER_TEXTURE },
                  { "texture", MW_OCCLUDER_TEXTURE } };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (holds(folder, words[i].word)) return words[i].kind;
    return -1;
}

/* Endings of the names of mask folders, as published sets spell them. */
static const char *const mask_endings[] = { "_masks", "_mask", "_mask_x4", "_image_x4" };

/* A folder of masks that lies beside the folders of pictures. */
static int is_mask_folder(const char *folder)
{
    return holds(folder, "_mask") || holds(folder, "_image_x4");
}

static mw_status set_aside(mw_occluder_bank *b, const char *path, mw_error *err, const char *reason,
                           const char *why)
{
    mw_occluder_reject *r;

    if (mw_grow(&b->rejects, &b->rejects_cap, b->n_rejects + 1, sizeof *b->rejects))
        return mw_fail_nomem(err);
    r = &b->rejects[b->n_rejects];
    r->path = mw_strdup(path);
    if (!r->path) return mw_fail_nomem(err);
    mw_fail(&r->error, MW_ERR_FORMAT, reason, "occluder '%s': %s", path, why);
    b->n_rejects++;
    return MW_OK;
}

static mw_status add(mw_occluder_bank *b, const char *image, const char *mask, int kind,
                     mw_error *err)
{
    mw_occluder o = { .kind = kind };

    if (mw_grow(&b->occluders, &b->cap, b->n + 1, sizeof *b->occluders)) return mw_fail_nomem(err);
    o.image = mw_strdup(image);
    o.mask = mask ? mw_strdup(mask) : NULL;
    b->occluders[b->n++] = o;
    return o.image && (o.mask || !mask) ? MW_OK : mw_fail_nomem(err);
}

/* The mask of an image: below a folder of its prefix with one of the endings, same path inside, any
 * picture suffix. *mask NULL when there is none. */
static mw_status find_mask(char **mask, const char *mask_dir, const char *folder,
                           const char *inside, mw_error *err)
{
    static const char *const suffixes[] = { ".png", ".PNG", ".jpg", ".JPG", ".jpeg", ".JPEG" };
    const size_t n_prefix = strcspn(folder, "_"),
                 n_stem = strlen(inside) - strlen(mw_path_suffix(inside));

    *mask = NULL;
    for (size_t i = 0; i < sizeof mask_endings / sizeof *mask_endings; i++)
        for (size_t k = 0; k < sizeof suffixes / sizeof *suffixes; k++) {
            char *rel = mw_format("%.*s%s/%.*s%s", (int)n_prefix, folder, mask_endings[i],
                                  (int)n_stem, inside, suffixes[k]);
            char *path = rel ? mw_path_join(mask_dir, rel) : NULL;
            const int there = path && mw_file_size(path) >= 0;

            mw_free(path);
            if (!path) {
                mw_free(rel);
                return mw_fail_nomem(err);
            }
            if (there) {
                *mask = rel;
                return MW_OK;
            }
            mw_free(rel);
        }
    return MW_OK;
}

static mw_status add_folder(mw_occluder_bank *b, const char *folder, mw_error *err)
{
    const int kind = kind_of(folder);
    name_list files = { 0 };
    mw_status st = MW_OK;

    if (is_mask_folder(folder)) return MW_OK;
    if (kind < 0)
        return set_aside(b, folder, err, "unknown_kind",
                         "the folder's name holds none of hand, object, dtd, texture");
    st = list(&files, NULL, b->image_dir, folder, 0, err);
    for (size_t i = 0; st == MW_OK && i < files.n; i++) {
        char *mask = NULL;

        if (!is_picture(files.v[i])) continue;
        if (kind != MW_OCCLUDER_TEXTURE)
            st = find_mask(&mask, b->mask_dir, folder, files.v[i] + strlen(folder) + 1, err);
        if (st != MW_OK) break;
        if (kind == MW_OCCLUDER_TEXTURE || mask)
            st = add(b, files.v[i], mask, kind, err);
        else
            st = set_aside(b, files.v[i], err, "no_mask",
                           "there is no mask of that name in the mask folder");
        mw_free(mask);
    }
    names_clear(&files);
    return st;
}

static int by_image(const void *a, const void *b)
{
    return strcmp(((const mw_occluder *)a)->image, ((const mw_occluder *)b)->image);
}

static mw_status add_drawn(mw_occluder_bank *b, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < mw_drawn_occluder_count(); i++)
        st = add(b, mw_drawn_occluder_name(i), NULL, mw_drawn_occluder_kind(i), err);
    return st;
}

static mw_status hash_listing(mw_occluder_bank *b, mw_error *err)
{
    mw_str s = { 0 };
    mw_status st;

    for (size_t i = 0; i < b->n; i++)
        mw_str_printf(&s, "%s%c%s%c%d\n", b->occluders[i].image, 0,
                      b->occluders[i].mask ? b->occluders[i].mask : "", 0, b->occluders[i].kind);
    st = mw_str_ok(&s, err);
    if (st == MW_OK) mw_sha256_hex(b->listing_sha256, s.data ? s.data : "", s.n);
    mw_str_clear(&s);
    return st;
}

mw_status mw_occluder_bank_bare(mw_occluder_bank **out, const char *image_dir, const char *mask_dir,
                                mw_error *err)
{
    mw_occluder_bank *b = mw_calloc(1, sizeof *b);

    *out = NULL;
    if (!b) return mw_fail_nomem(err);
    b->image_dir = mw_strdup(image_dir);
    b->mask_dir = mw_strdup(mask_dir);
    if (!b->image_dir || !b->mask_dir) {
        mw_occluder_bank_close(&b);
        return mw_fail_nomem(err);
    }
    *out = b;
    return MW_OK;
}

mw_status mw_occluder_bank_open(mw_occluder_bank **out, const char *image_dir, const char *mask_dir,
                                mw_error *err)
{
    mw_occluder_bank *b = NULL;
    name_list folders = { 0 };
    mw_status st = mw_occluder_bank_bare(&b, image_dir, mask_dir, err);

    *out = NULL;
    if (st != MW_OK) return st;
    if (*image_dir)
        st = list(NULL, &folders, image_dir, "", 0, err);
    else
        st = add_drawn(b, err);
    if (folders.n) qsort(folders.v, folders.n, sizeof *folders.v, by_name);
    for (size_t i = 0; st == MW_OK && i < folders.n; i++)
        st = add_folder(b, folders.v[i], err);
    names_clear(&folders);
    if (st == MW_OK && !b->n)
        st = mw_fail(err, MW_ERR_FORMAT, "no_occluder",
                     "no usable occluder below '%s' (%zu set aside)", image_dir, b->n_rejects);
    if (st == MW_OK) {
        qsort(b->occluders, b->n, sizeof *b->occluders, by_image);
        st = hash_listing(b, err);
    }
    if (st != MW_OK) mw_occluder_bank_close(&b);
    *out = b;
    return st;
}

static void free_text(const char *text)
{
    mw_free((void *)(uintptr_t)text);
}

void mw_occluder_bank_close(mw_occluder_bank **bank)
{
    mw_occluder_bank *b = *bank;

    if (!b) return;
    for (size_t i = 0; i < b->n; i++) {
        free_text(b->occluders[i].image);
        free_text(b->occluders[i].mask);
    }
    for (size_t i = 0; i < b->n_rejects; i++)
        mw_free(b->rejects[i].path);
    mw_free(b->occluders);
    mw_free(b->rejects);
    mw_free(b->image_dir);
    mw_free(b->mask_dir);
    mw_free(b);
    *bank = NULL;
}

char *mw_occluder_file(const mw_occluder_bank *b, const mw_occluder *o, int mask)
{
    if (!*b->image_dir || mw_drawn_occluder_find(o->image) >= 0) return NULL;
    return mask ? o->mask ? mw_path_join(b->mask_dir, o->mask) : NULL
                : mw_path_join(b->image_dir, o->image);
}

static mw_pixels pixels_of(const mw_frame *f)
{
    return (mw_pixels){ f->plane[0], f->stride[0], f->width, f->height,
                        f->format == MW_PIX_RGB24 ? 3 : 1 };
}

/* Mask file to one grey channel, as OpenCV's BGR2GRAY makes it. */
static mw_status read_mask(mw_frame *out, const char *path, mw_error *err)
{
    mw_frame rgb;
    mw_status st = mw_image_read(&rgb, path, 1, err);

    *out = (mw_frame){ .memory = NULL };
    if (st != MW_OK) return st;
    st = mw_frame_alloc(out, MW_PIX_GRAY8, rgb.width, rgb.height, err);
    for (int y = 0; st == MW_OK && y < rgb.height; y++)
        mw_gray(out->plane[0] + y * out->stride[0], rgb.plane[0] + y * rgb.stride[0],
                (size_t)rgb.width, 0);
    mw_frame_clear(&rgb);
    return st;
}

mw_status mw_occluder_load(mw_patch *out, const mw_occluder_bank *b, const mw_occluder *o,
                           mw_error *err)
{
    const int drawn = mw_drawn_occluder_find(o->image);
    char *image = NULL, *mask = NULL;
    mw_frame rgb = { .memory = NULL }, grey = { .memory = NULL };
    mw_pixels p, m;
    mw_status st;

    *out = (mw_patch){ 0 };
    if (drawn >= 0) return mw_drawn_occluder(out, (size_t)drawn, err);
    if (!*b->image_dir)
        return mw_fail(err, MW_ERR_FORMAT, "no_occluder",
                       "occluder '%s' is not one of the drawn shapes; name its image folder",
                       o->image);
    image = mw_occluder_file(b, o, 0);
    mask = mw_occluder_file(b, o, 1);
    if (!image || (o->mask && !mask))
        st = mw_fail_nomem(err);
    else
        st = mw_image_read(&rgb, image, !o->mask,
                           err); /* textures upright, cut-outs as stored, as the reference reads */
    if (st == MW_OK && mask) st = read_mask(&grey, mask, err);
    if (st == MW_OK) {
        p = pixels_of(&rgb);
        m = pixels_of(&grey);
        st = mask ? mw_patch_cut_out(out, &p, &m, err) : mw_patch_whole(out, &p, err);
        if (st != MW_OK) mw_error_prefix(err, "occluder '%s'", o->image);
    }
    mw_frame_clear(&rgb);
    mw_frame_clear(&grey);
    mw_free(image);
    mw_free(mask);
    return st;
}
