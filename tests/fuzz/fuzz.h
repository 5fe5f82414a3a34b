/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fuzz targets share. Each is one file with LLVMFuzzerTestOneInput; libFuzzer drives it
 * (meson option fuzz), or replay.c over the files of tests/fuzz/corpus/<target>.
 */
#ifndef MW_TESTS_FUZZ_H
#define MW_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A folder of this process, removed at its end. */
const char *fuzz_dir(void);

/* fuzz_dir() "/" name; static buffers, valid until the eighth next call. */
const char *fuzz_path(const char *name);

/* A file of at most 1 MiB that a target starts from, read once: bytes of malloc, *n of them. */
char *fuzz_load(size_t *n, const char *path);

/* The bytes as a file of this name in fuzz_dir(); its path. */
const char *fuzz_file(const char *name, const void *data, size_t size);

/* Ends the process with a message that names the broken property. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) fuzz_broken(__FILE__, __LINE__, #condition);                             \
    } while (0)
void fuzz_broken(const char *file, int line, const char *condition);

#endif
