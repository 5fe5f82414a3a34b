/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 through OpenSSL's libcrypto, which uses the processor's SHA instructions where there are
 * any.
 */
#ifndef MW_BASE_HASH_H
#define MW_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

#define MW_SHA256_BYTES 32
#define MW_SHA256_HEX   64

typedef struct mw_sha256 {
    uint64_t state[16]; /* holds a SHA256_CTX; hash.c asserts that it fits */
} mw_sha256;

void mw_sha256_init(mw_sha256 *h);
void mw_sha256_update(mw_sha256 *h, const void *data, size_t n);
void mw_sha256_final(mw_sha256 *h, uint8_t digest[MW_SHA256_BYTES]);

/* n bytes as lower-case hex and NUL; hex holds 2 n + 1 characters. */
void mw_hex(char *hex, const uint8_t *bytes, size_t n);

/* SHA-256 of n bytes as hex; hex holds MW_SHA256_HEX + 1 characters. */
void mw_sha256_hex(char *hex, const void *data, size_t n);

/* SHA-256 and size of a whole file, read in blocks. n_bytes may be NULL. */
mw_status mw_sha256_file(char *hex, int64_t *n_bytes, const char *path, mw_error *err);

/* Bytes of a file, and room for those of the next. Zeroed at first; free data with mw_free. */
typedef struct mw_kept {
    char *data; /* [cap] */
    size_t n, cap;
} mw_kept;

/* The same, and the bytes that were hashed stay in keep; of files above most bytes n is 0. */
mw_status mw_sha256_file_keep(char *hex, int64_t *n_bytes, mw_kept *keep, size_t most,
                              const char *path, mw_error *err);

#endif
