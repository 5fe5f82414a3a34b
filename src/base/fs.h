/* SPDX-License-Identifier: Apache-2.0
 *
 * Files: whole reads with a cap, and outputs that appear by rename.
 */
#ifndef MW_BASE_FS_H
#define MW_BASE_FS_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

/* Suffix of unfinished files: "<final name>.merwild-part". It is the same in every run, so a run
 * after a crash overwrites what the crash left; walks over media trees pass such names by. */
#define MW_PART_SUFFIX ".merwild-part"

/* dir "/" name on the heap; name alone when dir is empty. NULL: no memory. */
char *mw_path_join(const char *dir, const char *name);

/* Part after the last '/', and the text from its last '.' on ("" when there is none or the name
 * starts with it). */
const char *mw_path_base(const char *path);
const char *mw_path_suffix(const char *path);

/* Whether a relative path stays inside the folder it is joined to: not empty, not absolute, no
 * "..". */
int mw_path_is_inside(const char *rel);

/* Whether two ASCII texts are equal but for letter case. */
int mw_same_nocase(const char *a, const char *b);

/* Open a regular file for reading, without waiting for pipes; close the descriptor. size may be
 * NULL. MW_ERR_IO (not_a_file and what the system says). */
mw_status mw_file_open(int *fd, int64_t *size, const char *path, mw_error *err);

/* The whole file, followed by a NUL; free with mw_free. MW_ERR_FORMAT (too_large) above max_bytes.
 */
mw_status mw_file_load(char **out, size_t *n, const char *path, size_t max_bytes, mw_error *err);

/* Bytes of a file, and room for those of the next. Zeroed at first; free data with mw_free. */
typedef struct mw_kept {
    char *data; /* [n], room for cap */
    size_t n, cap;
} mw_kept;

/* The whole file. Of one above max_bytes, or that grows meanwhile, n is 0. */
mw_status mw_file_keep(mw_kept *keep, size_t max_bytes, const char *path, mw_error *err);

/* Create a folder and those above it; existing ones are fine. */
mw_status mw_make_dirs(const char *path, mw_error *err);
/* Create the folders above a file. */
mw_status mw_make_parents(const char *path, mw_error *err);

/* Name of the unfinished file for a final path, on the heap. NULL: no memory. */
char *mw_part_path(const char *path);

/* Create, or empty, a part file for writing; the caller closes *fd. */
mw_status mw_part_create(int *fd, const char *part, mw_error *err);

/* Write all n bytes; path stands in the message. */
mw_status mw_write_all(int fd, const void *bytes, size_t n, const char *path, mw_error *err);

/* Give a finished part file its final name. On failure the part file is removed. */
mw_status mw_part_commit(const char *part, const char *path, mw_error *err);

/* Write n bytes so that path either keeps its old contents or has all of the new. Parents must
 * exist. */
mw_status mw_file_store(const char *path, const void *data, size_t n, mw_error *err);

/* Size in bytes, or -1 when path is not a regular file. */
int64_t mw_file_size(const char *path);

/* Flush the file system that holds path to its device. */
mw_status mw_sync_tree(const char *path, mw_error *err);

/* Take the exclusive lock of a folder, without a file of its own; *fd is closed to release it.
 * MW_ERR_IO (busy) when another process holds it. */
mw_status mw_dir_lock(int *fd, const char *path, mw_error *err);

#endif
