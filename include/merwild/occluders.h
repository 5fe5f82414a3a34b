/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluder banks: pictures of hands, objects and textures with masks, to be laid before faces.
 */
#ifndef MERWILD_OCCLUDERS_H
#define MERWILD_OCCLUDERS_H

#include "merwild/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One occluder; the texts live during the call. kind: "hand", "object", "texture". mask NULL: the
 * whole picture. error NULL: usable; else why not (kind is then "" and mask NULL). */
typedef struct mw_occluder_note {
    const char *kind, *image, *mask;
    const mw_error *error;
} mw_occluder_note;

typedef void (*mw_occluder_hook)(void *user, const mw_occluder_note *note);

/* How many there are. */
typedef struct mw_occluder_counts {
    size_t n_hands, n_objects, n_textures, n_rejected;
} mw_occluder_counts;

/* Look through a bank and tell of every occluder, in order of kind folder and path. in: a folder
 * with image/ and mask/ below it, or with folders of pictures and masks side by side
 * (object_image_sr, object_mask_x4, 11k-hands_img, 11k-hands_masks, DTD ...); "": the shapes drawn
 * by merwild. Files are not opened. hook may be NULL.
 *
 * MW_ERR_IO when a folder cannot be read; MW_ERR_FORMAT (no_occluder) without a usable one. */
MW_API mw_status mw_occluders_list(const char *in, mw_occluder_hook hook, void *user,
                                   mw_occluder_counts *counts, mw_error *err);

/* Copy the usable occluders of a bank to out, in the layout and with the names that
 * MER-in-the-Wild reads: image/11k-hands_img, image/coco-object_img, image/dtd;
 * mask/11k-hands_masks, mask/coco-object_masks. Every picture is decoded and cut out first; what
 * fails, lacks a mask, or has one of another shape is told of and left out. Bytes are copied as
 * they are; JPEGs get the suffix that the reference looks for (objects .jpeg, others .jpg). in "":
 * the drawn shapes are written as PNG. Beside them: occluders.csv (kind, image, mask, sizes,
 * hashes, source), rejected.csv, README.txt with what to know of licences. Existing files are
 * replaced. Errors as above; MW_ERR_RANGE when out is in. */
MW_API mw_status mw_occluders_import(const char *in, const char *out, mw_occluder_hook hook,
                                     void *user, mw_occluder_counts *counts, mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
