/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluders drawn by us, so that a demo and tests need no download: hand-, object- and texture-like
 * shapes with their masks. Numbers: exact.
 */
#ifndef MW_CORRUPT_VISUAL_DRAWN_OCCLUDERS_H
#define MW_CORRUPT_VISUAL_DRAWN_OCCLUDERS_H

#include "img/patch.h"

size_t mw_drawn_occluder_count(void);

/* Name of the i-th, "drawn/hand-0" and the like: static text; its kind, MW_OCCLUDER_*. */
const char *mw_drawn_occluder_name(size_t i);
int mw_drawn_occluder_kind(size_t i);

/* Number of the shape of that name; -1 when there is none. */
int mw_drawn_occluder_find(const char *name);

/* Draw it, cut out to its outline (mw_patch_clear). MW_ERR_NOMEM. */
mw_status mw_drawn_occluder(mw_patch *out, size_t i, mw_error *err);

#endif
