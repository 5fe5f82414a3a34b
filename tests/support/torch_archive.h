/* SPDX-License-Identifier: Apache-2.0
 *
 * Small zips as PyTorch writes them, and wrong ones.
 */
#ifndef MW_TESTS_TORCH_ARCHIVE_H
#define MW_TESTS_TORCH_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

/* method: 0 stored. local_shift: added to the offset that the directory tells; local_name: name in
 * the local header, NULL: name. told: size that the directory tells, 0: n. wide: offset and sizes
 * in a zip64 extra field. */
typedef struct zip_part {
    const char *name, *local_name;
    const void *data;
    size_t n;
    int method;
    int64_t local_shift;
    uint32_t told;
    int wide;
} zip_part;

/* wide_end: the directory's place in a zip64 end record. *n bytes, free with free. */
unsigned char *zip_build(const zip_part *part, size_t n_parts, int wide_end, size_t *n);

#endif
