/* SPDX-License-Identifier: Apache-2.0
 *
 * Files looked at without being loaded: for those that may be larger than memory.
 */
#ifndef MW_BASE_MAP_H
#define MW_BASE_MAP_H

#include <stddef.h>

#include "merwild/status.h"

typedef struct mw_map {
    const void *bytes; /* [n], read only; never NULL after a success */
    size_t n;
} mw_map;

/* Map a regular file. MW_ERR_IO; MW_ERR_FORMAT "empty_file". A file that somebody cuts short while
 * it is mapped ends the program with SIGBUS when its missing part is read. Free with mw_map_close.
 */
mw_status mw_map_open(mw_map *m, const char *path, mw_error *err);
void mw_map_close(mw_map *m);

#endif
