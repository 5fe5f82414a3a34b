/* SPDX-License-Identifier: Apache-2.0
 *
 * Members of a zip in memory, found through its central directory.
 */
#ifndef MW_TESTS_NPZ_H
#define MW_TESTS_NPZ_H

#include <stddef.h>

/* The data of an array [*n bytes], behind its .npy header, which must begin with this descr and
 * shape text, for instance "'<f8'" and "(5,)"; NULL for either: any. Fails the test when the member
 * is missing. The result stays until the 16th next call. */
const void *npz_array(const void *zip, size_t n_zip, const char *name, const char *descr,
                      const char *shape, size_t *n);

#endif
