/* SPDX-License-Identifier: Apache-2.0
 *
 * The occluder's augmentation chain, as albumentations 1.3.0 carries it out in the reference:
 * anisotropic blur, JPEG round trip, affine map with fitted output, brightness and contrast.
 * Parameters are plain data that go into the record; applying them is a pure function.
 * Numbers: exact against OpenCV 4.6 with FMA, given the parameters.
 */
#ifndef MW_IMG_AUGMENT_H
#define MW_IMG_AUGMENT_H

#include "base/rng.h"
#include "img/patch.h"

#define MW_BLUR_MAX 7

/* size      3, 5 or 7; 0 for no blur
 * sigma_x/y standard deviations, pixels; angle in radians; beta: shape of the falloff (1 Gaussian)
 * noise     [size * size] factors, rows from the top */
typedef struct mw_aug_blur {
    int size;
    double sigma_x, sigma_y, angle, beta;
    double noise[MW_BLUR_MAX * MW_BLUR_MAX];
} mw_aug_blur;

/* Angles in degrees, scales as factors; on 0 leaves the patch as it is. */
typedef struct mw_aug_affine {
    int on;
    double shear_x, shear_y, scale_x, scale_y, rotate;
} mw_aug_affine;

/* contrast factor and brightness in shares of full scale; on 0 for none. */
typedef struct mw_aug_tone {
    int on;
    double contrast, brightness;
} mw_aug_tone;

/* jpeg_quality 0 for none. */
typedef struct mw_augment {
    mw_aug_blur blur;
    int jpeg_quality;
    mw_aug_affine affine;
    mw_aug_tone tone;
} mw_augment;

/* The reference's distributions: blur p 0.5 (size 3, 5, 7; sigmas 0.2 .. 1; angle +-90 degrees;
 * beta 0.5 .. 1 or 1 .. 8; noise 0.9 .. 1.1), JPEG p 0.5 (quality 70 .. 100), affine p 0.7 (shear
 * +-8, scale 0.8 .. 1.2, rotation +-15 degrees), tone p 0.5 (both +-0.1). */
mw_augment mw_augment_draw(mw_rng *r);

/* Replaces picture and mask (blur, JPEG and tone change the picture only). MW_ERR_NOMEM,
 * MW_ERR_RANGE; on failure the patch is unchanged or cleared. */
mw_status mw_augment_apply(mw_patch *p, const mw_augment *a, mw_error *err);

/* The single steps. */
mw_status mw_aug_blur_apply(mw_patch *p, const mw_aug_blur *b, mw_error *err);
mw_status mw_aug_affine_apply(mw_patch *p, const mw_aug_affine *a, mw_error *err);
void mw_aug_tone_apply(mw_patch *p, const mw_aug_tone *t);

#endif
