/* SPDX-License-Identifier: Apache-2.0
 *
 * Removing what an unfinished write has left.
 */
#ifndef MW_MEDIA_PARTIAL_H
#define MW_MEDIA_PARTIAL_H

/* Remove path if it is a regular file; a device such as /dev/null stays. */
void mw_partial_remove(const char *path);

#endif
