/* SPDX-License-Identifier: Apache-2.0
 *
 * occluders: listing a bank, and writing a clean one. The names written are those of the tree that
 * MER-in-the-Wild ships, whose code finds pictures by suffix.
 */
#include "merwild/occluders.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "corrupt/visual/occlusion.h"
#include "media/image_png.h"
#include "media/image_read.h"
#include "run/occluders.h"

#define MAX_FILE ((size_t)256 << 20)

static const char *const kind_names[] = { "hand", "object", "texture" };

static const struct {
    const char *image, *mask, *jpeg;
} folders[] = { { "image/11k-hands_img", "mask/11k-hands_masks", ".jpg" },
                { "image/coco-object_img", "mask/coco-object_masks", ".jpeg" },
                { "image/dtd", NULL, ".jpg" } };

static const char readme[] =
    "Occluders for merwild (corrupt video --occlusion-img image --occlusion-mask mask) and for\n"
    "MER-in-the-Wild, written by 'merwild occluders import'. occluders.csv lists them with their\n"
    "hashes and where each came from, rejected.csv what was left out and why.\n"
    "\n"
    "The pictures stay under the terms of their sources, which were not looked up: 11k Hands is "
    "for\n"
    "academic use; COCO pictures have the licence that their authors chose on Flickr, the "
    "outlines\n"
    "CC BY 4.0; DTD is for research. Check before passing them on.\n";

static const char readme_drawn[] =
    "Occluders for merwild (corrupt video --occlusion-img image --occlusion-mask mask), drawn by\n"
    "merwild itself: Apache-2.0. They are written as PNG, which MER-in-the-Wild does not look "
    "for.\n";

static int is_folder(const char *path)
{
    struct stat info;

    return path && !stat(path, &info) && S_ISDIR(info.st_mode);
}

/* image/ and mask/ below in, or folders of both kinds side by side. */
static mw_status open_bank(mw_occluder_bank **bank, const char *in, mw_error *err)
{
    char *image = mw_path_join(in, "image"), *mask = mw_path_join(in, "mask");
    mw_status st;

    *bank = NULL;
    if (!image || !mask)
        st = mw_fail_nomem(err);
    else if (*in && is_folder(image) && is_folder(mask))
        st = mw_occluder_bank_open(bank, image, mask, err);
    else
        st = mw_occluder_bank_open(bank, in, in, err);
    mw_free(image);
    mw_free(mask);
    return st;
}

static void count(mw_occluder_counts *c, int kind)
{
    size_t *const of[] = { &c->n_hands, &c->n_objects, &c->n_textures };

    ++*of[kind];
}

static void tell(mw_occluder_hook hook, void *user, const char *kind, const char *image,
                 const char *mask, const mw_error *error)
{
    if (hook) hook(user, &(mw_occluder_note){ kind, image, mask, error });
}

mw_status mw_occluders_list(const char *in, mw_occluder_hook hook, void *user,
                            mw_occluder_counts *counts, mw_error *err)
{
    mw_occluder_bank *b;
    mw_status st = open_bank(&b, in, err);

    *counts = (mw_occluder_counts){ 0 };
    if (st != MW_OK) return st;
    for (size_t i = 0; i < b->n; i++) {
        const mw_occluder *o = &b->occluders[i];

        count(counts, o->kind);
        tell(hook, user, kind_names[o->kind], o->image, o->mask, NULL);
    }
    for (size_t i = 0; i < b->n_rejects; i++)
        tell(hook, user, "", b->rejects[i].path, NULL, &b->rejects[i].error);
    counts->n_rejected = b->n_rejects;
    mw_occluder_bank_close(&b);
    return MW_OK;
}

/* ---- import ---- */

typedef struct import {
    const mw_occluder_bank *bank;
    const char *out;
    mw_occluder_hook hook;
    void *user;
    mw_occluder_counts *counts;
    mw_str list, rejected; /* CSV */
} import;

/* A CSV cell: quoted when it holds what would end it. */
static void put_cell(mw_str *s, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        mw_str_put(s, text);
        return;
    }
    mw_str_putc(s, '"');
    for (; *text; text++) {
        if (*text == '"') mw_str_putc(s, '"');
        mw_str_putc(s, *text);
    }
    mw_str_putc(s, '"');
}

static void reject(import *im, const char *path, const mw_error *error)
{
    im->counts->n_rejected++;
    tell(im->hook, im->user, "", path, NULL, error);
    put_cell(&im->rejected, path);
    mw_str_putc(&im->rejected, ',');
    put_cell(&im->rejected, error->reason);
    mw_str_putc(&im->rejected, ',');
    put_cell(&im->rejected, error->message);
    mw_str_putc(&im->rejected, '\n');
}

static int is_jpeg(const char *path)
{
    const char *suffix = mw_path_suffix(path);

    return mw_same_nocase(suffix, ".jpg") || mw_same_nocase(suffix, ".jpeg");
}

/* Where a file goes below out: the kind's folder, the path that it had inside its own. */
static char *target(const char *folder, const char *rel, const char *suffix)
{
    const char *inside = strchr(rel, '/');

    inside = inside ? inside + 1 : rel;
    /* DTD keeps its pictures one folder further down */
    if (!strncmp(inside, "images/", 7)) inside += 7;
    return mw_format("%s/%.*s%s", folder, (int)(strlen(inside) - strlen(mw_path_suffix(inside))),
                     inside, suffix);
}

/* Picture and mask agree in shape: within 2 % of the sides' ratio. */
static mw_status check_shape(const mw_frame *image, const mw_frame *mask, const char *path,
                             mw_error *err)
{
    const double a = (double)image->width * mask->height, b = (double)image->height * mask->width;

    if (a <= 1.02 * b && b <= 1.02 * a) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "mask_mismatch",
                   "occluder '%s': the picture is %d x %d, its mask %d x %d", path, image->width,
                   image->height, mask->width, mask->height);
}

/* Decode both and cut out, as damaging will. */
static mw_status check_occluder(const import *im, const mw_occluder *o, const char *image,
                                const char *mask, int size[2], mw_error *err)
{
    mw_frame a = { .memory = NULL }, b = { .memory = NULL };
    mw_patch patch = { 0 };
    mw_status st = mw_image_read(&a, image, !o->mask, err);

    if (st == MW_OK && mask) st = mw_image_read(&b, mask, 1, err);
    if (st == MW_OK && mask) st = check_shape(&a, &b, o->image, err);
    if (st == MW_OK) {
        size[0] = a.width;
        size[1] = a.height;
        st = mw_occluder_load(&patch, im->bank, o, err);
    }
    mw_patch_clear(&patch);
    mw_frame_clear(&a);
    mw_frame_clear(&b);
    return st;
}

/* The bytes of from to out/rel. sha256: of them. output_collision when something was written there
 * already in this run. */
static mw_status copy_file(const import *im, const char *from, const char *rel, char sha256[65],
                           mw_error *err)
{
    char *path = mw_path_join(im->out, rel), *bytes = NULL;
    size_t n = 0;
    mw_status st = path ? mw_file_load(&bytes, &n, from, MAX_FILE, err) : mw_fail_nomem(err);

    if (st == MW_OK) st = mw_make_parents(path, err);
    if (st == MW_OK) {
        mw_sha256_hex(sha256, bytes, n);
        st = mw_file_store(path, bytes, n, err);
    }
    mw_free(bytes);
    mw_free(path);
    return st;
}

static void put_row(import *im, const mw_occluder *o, const char *image, const char *mask,
                    const int size[2], const char *image_sha256, const char *mask_sha256)
{
    const char *const cells[] = { kind_names[o->kind], image,       mask ? mask : "", NULL,
                                  image_sha256,        mask_sha256, o->image };

    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        if (i) mw_str_putc(&im->list, ',');
        if (cells[i])
            put_cell(&im->list, cells[i]);
        else
            mw_str_printf(&im->list, "%d,%d", size[0], size[1]);
    }
    mw_str_putc(&im->list, '\n');
}

/* Names given out so far, to find two pictures that would get one. */
typedef struct names {
    char **v;
    size_t n, cap;
} names;

static mw_status claim(names *taken, const char *name, const char *source, mw_error *err)
{
    for (size_t i = 0; i < taken->n; i++)
        if (!strcmp(taken->v[i], name))
            return mw_fail(err, MW_ERR_FORMAT, "output_collision",
                           "occluder '%s' would be written to '%s', which another one is", source,
                           name);
    if (mw_grow(&taken->v, &taken->cap, taken->n + 1, sizeof *taken->v)) return mw_fail_nomem(err);
    taken->v[taken->n] = mw_strdup(name);
    return taken->v[taken->n++] ? MW_OK : mw_fail_nomem(err);
}

static mw_status import_file(import *im, const mw_occluder *o, names *taken, mw_error *err)
{
    char *image = mw_occluder_file(im->bank, o, 0), *mask = mw_occluder_file(im->bank, o, 1);
    char *to = target(folders[o->kind].image, o->image,
                      is_jpeg(o->image) ? folders[o->kind].jpeg : ".png");
    char *mask_to =
        o->mask ? target(folders[o->kind].mask, o->mask, is_jpeg(o->mask) ? ".jpg" : ".png") : NULL;
    char sha256[2][65] = { "", "" };
    int size[2];
    mw_status st = MW_OK;

    if (!image || !to || (o->mask && (!mask || !mask_to))) st = mw_fail_nomem(err);
    if (st == MW_OK) st = check_occluder(im, o, image, mask, size, err);
    if (st == MW_OK) st = claim(taken, to, o->image, err);
    if (st == MW_OK) st = copy_file(im, image, to, sha256[0], err);
    if (st == MW_OK && mask) st = copy_file(im, mask, mask_to, sha256[1], err);
    if (st == MW_OK) {
        count(im->counts, o->kind);
        tell(im->hook, im->user, kind_names[o->kind], to, mask_to, NULL);
        put_row(im, o, to, mask_to, size, sha256[0], sha256[1]);
    }
    mw_free(image);
    mw_free(mask);
    mw_free(to);
    mw_free(mask_to);
    return st;
}

/* A patch's picture, or its mask as a grey picture, as a PNG at out/rel. */
static mw_status write_png(const import *im, const mw_patch *p, int mask, const char *rel,
                           char sha256[65], mw_error *err)
{
    char *path = mw_path_join(im->out, rel);
    mw_frame f = { .memory = NULL };
    mw_status st =
        path ? mw_frame_alloc(&f, MW_PIX_RGB24, p->width, p->height, err) : mw_fail_nomem(err);

    for (int y = 0; st == MW_OK && y < p->height; y++)
        for (int x = 0; x < p->width; x++)
            for (int c = 0; c < 3; c++) {
                const size_t at = (size_t)y * (size_t)p->width + (size_t)x;

                f.plane[0][y * f.stride[0] + 3 * x + c] =
                    mask ? p->mask[at] : p->rgb[3 * at + (size_t)c];
            }
    if (st == MW_OK) st = mw_make_parents(path, err);
    if (st == MW_OK) st = mw_png_write(path, &f, err);
    if (st == MW_OK) st = mw_sha256_file(sha256, NULL, path, err);
    mw_frame_clear(&f);
    mw_free(path);
    return st;
}

/* "drawn/hand-0": image/drawn-hands_img/hand-0.png, mask/drawn-hands_masks/hand-0.png. */
static mw_status import_drawn(import *im, const mw_occluder *o, mw_error *err)
{
    static const char *const image_folders[] = { "image/drawn-hands_img", "image/drawn-object_img",
                                                 "image/drawn-texture" };
    static const char *const mask_folders[] = { "mask/drawn-hands_masks", "mask/drawn-object_masks",
                                                NULL };
    char *to = target(image_folders[o->kind], o->image, ".png");
    char *mask_to = mask_folders[o->kind] ? target(mask_folders[o->kind], o->image, ".png") : NULL;
    char sha256[2][65] = { "", "" };
    mw_patch patch = { 0 };
    mw_status st = to && (mask_to || !mask_folders[o->kind])
                       ? mw_occluder_load(&patch, im->bank, o, err)
                       : mw_fail_nomem(err);

    if (st == MW_OK) st = write_png(im, &patch, 0, to, sha256[0], err);
    if (st == MW_OK && mask_to) st = write_png(im, &patch, 1, mask_to, sha256[1], err);
    if (st == MW_OK) {
        const int size[2] = { patch.width, patch.height };

        count(im->counts, o->kind);
        tell(im->hook, im->user, kind_names[o->kind], to, mask_to, NULL);
        put_row(im, o, to, mask_to, size, sha256[0], sha256[1]);
    }
    mw_patch_clear(&patch);
    mw_free(to);
    mw_free(mask_to);
    return st;
}

/* Failures of one occluder are told of; those of the disk or of memory end the import. */
static mw_status import_all(import *im, int drawn, mw_error *err)
{
    names taken = { NULL, 0, 0 };
    mw_status st = MW_OK;

    for (size_t i = 0; i < im->bank->n_rejects; i++)
        reject(im, im->bank->rejects[i].path, &im->bank->rejects[i].error);
    for (size_t i = 0; st == MW_OK && i < im->bank->n; i++) {
        const mw_occluder *o = &im->bank->occluders[i];
        mw_error own;

        st = drawn ? import_drawn(im, o, &own) : import_file(im, o, &taken, &own);
        if (st == MW_ERR_FORMAT) {
            reject(im, o->image, &own);
            st = MW_OK;
        } else if (st != MW_OK && err) {
            *err = own;
        }
    }
    for (size_t i = 0; i < taken.n; i++)
        mw_free(taken.v[i]);
    mw_free(taken.v);
    return st;
}

static mw_status store(const import *im, const char *name, const char *text, size_t n,
                       mw_error *err)
{
    char *path = mw_path_join(im->out, name);
    mw_status st = path ? mw_file_store(path, text, n, err) : mw_fail_nomem(err);

    mw_free(path);
    return st;
}

static mw_status write_lists(const import *im, int drawn, mw_error *err)
{
    const char *text = drawn ? readme_drawn : readme;
    mw_status st = mw_str_ok(&im->list, err);

    if (st == MW_OK) st = mw_str_ok(&im->rejected, err);
    if (st == MW_OK) st = store(im, "README.txt", text, strlen(text), err);
    if (st == MW_OK) st = store(im, "rejected.csv", im->rejected.data, im->rejected.n, err);
    /* the list comes last: where it is, the bank is complete */
    if (st == MW_OK) st = store(im, "occluders.csv", im->list.data, im->list.n, err);
    return st;
}

static mw_status check_folders(const char *in, const char *out, mw_error *err)
{
    char *a, *b;
    int same;

    if (!*out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    a = *in ? realpath(in, NULL) : NULL;
    b = realpath(out, NULL);
    same = a && b && !strcmp(a, b);
    free(a);
    free(b);
    return same ? mw_fail(err, MW_ERR_RANGE, "bad_option",
                          "option 'out': '%s' is the folder of the input", out)
                : MW_OK;
}

mw_status mw_occluders_import(const char *in, const char *out, mw_occluder_hook hook, void *user,
                              mw_occluder_counts *counts, mw_error *err)
{
import im = {.out = out, .hook = hook, .user = user, .counts = counts };
    mw_occluder_bank *bank = NULL;
    mw_status st = check_folders(in, out, err);

    *counts = (mw_occluder_counts){ 0 };
    if (st == MW_OK) st = open_bank(&bank, in, err);
    if (st == MW_OK) st = mw_make_dirs(out, err);
    if (st == MW_OK) {
        im.bank = bank;
        mw_str_put(&im.list, "kind,image,mask,width,height,image_sha256,mask_sha256,source\n");
        mw_str_put(&im.rejected, "path,reason,message\n");
        st = import_all(&im, !*in, err);
    }
    if (st == MW_OK && !(counts->n_hands + counts->n_objects + counts->n_textures))
        st = mw_fail(err, MW_ERR_FORMAT, "no_occluder", "no usable occluder below '%s'", in);
    if (st == MW_OK) st = write_lists(&im, !*in, err);
    mw_occluder_bank_close(&bank);
    mw_str_clear(&im.list);
    mw_str_clear(&im.rejected);
    return st;
}
