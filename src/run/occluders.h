/* SPDX-License-Identifier: Apache-2.0
 *
 * The occluder bank: pictures with masks below an image and a mask folder in the layout of
 * MER-in-the-Wild, or shapes drawn by us.
 */
#ifndef MW_RUN_OCCLUDERS_H
#define MW_RUN_OCCLUDERS_H

#include "corrupt/op.h"

typedef struct mw_occluder_reject {
    char *path;
    mw_error error;
} mw_occluder_reject;

typedef struct mw_occluder_bank {
    char *image_dir, *mask_dir; /* "": the drawn shapes */
    mw_occluder *occluders;     /* sorted by image */
    size_t n, cap;
    mw_occluder_reject *rejects;
    size_t n_rejects, rejects_cap;
    char listing_sha256[65];
} mw_occluder_bank;

/* Look through the folders. Each folder directly below image_dir is a kind by its name: "hand" in
 * it hands, "object" objects, "dtd" or "texture" textures (whole pictures, masks not needed), in
 * any case of letters. Masks are found by stem below mask_dir (which may be the same folder), in
 * the folder named by the part before the first '_' with "_masks", "_mask", "_mask_x4" or
 * "_image_x4" (11k-hands_img: 11k-hands_masks; object_image_sr: object_mask_x4). What has no mask,
 * or lies in a folder of no kind, is set aside with the reason. Empty image_dir: the drawn shapes.
 * MW_ERR_IO when a folder cannot be read; MW_ERR_FORMAT (no_occluder) when nothing usable is there.
 */
mw_status mw_occluder_bank_open(mw_occluder_bank **out, const char *image_dir, const char *mask_dir,
                                mw_error *err);
void mw_occluder_bank_close(mw_occluder_bank **bank);

/* Read and cut out (mw_patch_clear). The masks' largest outline, the picture black outside of it.
 */
mw_status mw_occluder_load(mw_patch *out, const mw_occluder_bank *b, const mw_occluder *o,
                           mw_error *err);

/* A bank that holds nothing but knows its folders: for replay. */
mw_status mw_occluder_bank_bare(mw_occluder_bank **out, const char *image_dir, const char *mask_dir,
                                mw_error *err);

/* Path of an occluder's image or mask file (mw_free); NULL for a drawn shape or without memory. */
char *mw_occluder_file(const mw_occluder_bank *b, const mw_occluder *o, int mask);

#endif
